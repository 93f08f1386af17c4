//! A client's registration (RFC 7591 names most of its members), and its checks.

use serde::Deserialize;
use url::Url;

use super::ConfigError;

/// A public client (RFC 6749, 2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClientConfig {
    /// `client_id`.
    pub id: String,
    /// The name that the login page shows; the id by default.
    #[serde(default)]
    pub name: Option<String>,
    /// The URIs that responses may go to. They are compared character by character.
    pub redirect_uris: Vec<String>,
    /// The URIs that a logout may lead to; the redirect URIs by default.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// The APIs that the client's access tokens are for (`aud`); `http://localhost:9442` by
    /// default.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Scopes in addition to `openid`, `profile`, `email` and `offline_access`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether the client's token requests need a proof (RFC 9449, 5.2).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// Whether the client's authorization requests must be pushed first (RFC 9126, 6).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// Whether the client is a native app. A redirect URI with a loopback IP address then matches
    /// with any port (RFC 8252, 7.3).
    #[serde(default)]
    pub native: bool,
}

const DEFAULT_AUDIENCE: &str = "http://localhost:9442";

impl ClientConfig {
    /// Creates a client with these redirect URIs and defaults for the rest.
    pub fn new<U: Into<String>>(id: &str, redirect_uris: impl IntoIterator<Item = U>) -> Self {
        Self {
            id: id.into(),
            redirect_uris: redirect_uris.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn complete(&mut self) -> Result<(), ConfigError> {
        let id = self.id.clone();
        if id.is_empty() || !id.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(ConfigError::ClientId { value: id });
        }
        if self.redirect_uris.is_empty() {
            return Err(ConfigError::NoRedirectUri { client: id });
        }
        if self.post_logout_redirect_uris.is_empty() {
            self.post_logout_redirect_uris
                .clone_from(&self.redirect_uris);
        }
        for uri in self
            .redirect_uris
            .iter()
            .chain(&self.post_logout_redirect_uris)
        {
            self.check_redirect_uri(uri)?;
        }
        if self.audiences.is_empty() {
            self.audiences.push(DEFAULT_AUDIENCE.into());
        }
        for value in &self.audiences {
            // RFC 8707, 2: an absolute URI without fragment.
            if Url::parse(value).is_err() || value.contains('#') {
                return Err(ConfigError::Audience {
                    client: id,
                    value: value.clone(),
                });
            }
        }
        for value in &self.scopes {
            // RFC 6749, 3.3.
            let is_scope = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if value.is_empty() || !value.bytes().all(is_scope) {
                return Err(ConfigError::Scope {
                    client: id,
                    value: value.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_redirect_uri(&self, uri: &str) -> Result<(), ConfigError> {
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
        let is_usable = Url::parse(uri).is_ok_and(|url| {
            // `javascript:` and the like would run in the server's origin. Schemes of apps have a
            // dot (RFC 8252, 7.1).
            let is_private_use = self.native && url.scheme().contains('.');
            is_web(&url) || is_private_use
        });
        let is_plain = uri.bytes().all(|byte| byte.is_ascii_graphic()) && !uri.contains('#');
        if is_usable && is_plain {
            return Ok(());
        }
        Err(ConfigError::RedirectUri {
            client: self.id.clone(),
            value: uri.to_owned(),
        })
    }

    /// Tells whether a response may go there (RFC 6749, 3.1.2.3; RFC 9700, 2.1).
    pub(crate) fn has_redirect_uri(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| {
            registered == uri || (self.native && differ_in_loopback_port_only(registered, uri))
        })
    }

    /// Returns those of the requested scopes that the client may have.
    pub(crate) fn filter_scopes(&self, requested: &str) -> Vec<String> {
        let known = |scope: &&str| {
            STANDARD_SCOPES.contains(scope) || self.scopes.iter().any(|known| known == scope)
        };
        let mut scopes: Vec<String> = Vec::new();
        for scope in requested.split(' ').filter(known) {
            if !scopes.iter().any(|earlier| earlier == scope) {
                scopes.push(scope.into());
            }
        }
        scopes
    }
}

/// The scopes that every client may ask for.
pub(crate) const STANDARD_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Compares redirect URIs of native apps, which choose the loopback port when they start (RFC 8252,
/// 7.3). Only the two literal addresses count (8.3), unlike `is_loopback` of the protocol crate,
/// which also takes `localhost` and the rest of 127.0.0.0/8: that rule says where plain http is
/// safe, this one which URI a native app may register without its port.
fn differ_in_loopback_port_only(registered: &str, uri: &str) -> bool {
    let without_port = |uri: &str| {
        let mut url = Url::parse(uri).ok()?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
        if url.scheme() != "http" || !is_loopback || uri.contains('#') {
            return None;
        }
        // A URI that the parser repairs is no exact match.
        let written = url.as_str() == uri || url.as_str().strip_suffix('/') == Some(uri);
        url.set_port(None).ok()?;
        written.then_some(url)
    };
    matches!((without_port(registered), without_port(uri)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_client_may_choose_its_loopback_port() {
        let mut client = ClientConfig::new("cli", ["http://127.0.0.1/callback", "com.example:/cb"]);
        client.native = true;
        for uri in [
            "http://127.0.0.1/callback",
            "http://127.0.0.1:50123/callback",
            "com.example:/cb",
        ] {
            assert!(client.has_redirect_uri(uri), "{uri}");
        }
        for uri in [
            "http://localhost:50123/callback",
            "http://127.0.0.1:50123/callback2",
            "http://127.0.0.1:50123/x/../callback",
            "http://user@127.0.0.1:50123/callback",
            "https://127.0.0.1:50123/callback",
            "com.example:/cb2",
        ] {
            assert!(!client.has_redirect_uri(uri), "{uri}");
        }
        client.native = false;
        assert!(!client.has_redirect_uri("http://127.0.0.1:50123/callback"));
    }

    #[test]
    fn a_redirect_uri_is_compared_character_by_character() {
        let client = ClientConfig::new("demo", ["http://localhost:9440/"]);
        assert!(client.has_redirect_uri("http://localhost:9440/"));
        for uri in [
            "http://localhost:9440",
            "http://LOCALHOST:9440/",
            "http://localhost:9440/?a=b",
            "http://localhost:9441/",
        ] {
            assert!(!client.has_redirect_uri(uri), "{uri}");
        }
    }

    #[test]
    fn scopes_are_filtered_and_kept_in_order() {
        let mut client = ClientConfig::new("demo", ["http://localhost:9440/"]);
        client.scopes.push("notes".into());
        assert_eq!(
            client.filter_scopes("notes admin openid  notes"),
            ["notes", "openid"]
        );
    }
}
