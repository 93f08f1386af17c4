//! What the server is told to be: read from TOML, completed with defaults, checked once at the start.

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

pub use crate::config_error::ConfigError;

/// How the server treats DPoP: as it should, or as other servers do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DpopMode {
    /// Tokens are bound to the key of the proof that asked for them.
    #[default]
    On,
    /// The metadata names no algorithm, proofs are ignored, tokens are Bearer.
    Off,
    /// The metadata lists algorithms and proofs are checked, but tokens are Bearer.
    AdvertisedOnly,
    /// As `On`, and every proof needs a nonce of this server; each token response brings a new one.
    Nonce,
}

/// The server's configuration. All members have defaults; unknown ones are errors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The port to listen on, on both loopback addresses; 9441 by default, 0 for any free one. Read by the command
    /// line, not by the router.
    pub port: Option<u16>,
    /// The issuer: the URL under which clients reach the server, where that is not `http://localhost:PORT`.
    pub issuer: Option<String>,
    /// How the server treats DPoP.
    pub dpop: DpopMode,
    /// How far the server's clock runs ahead, in seconds; negative: behind.
    pub clock_offset_seconds: i64,
    /// How long an access token is valid, in seconds; 300 by default.
    pub access_token_lifetime_seconds: u32,
    /// Whether refresh tokens are issued.
    pub refresh_tokens: bool,
    /// How long a refresh token is valid after it was issued, in seconds; 8 hours by default.
    pub refresh_token_lifetime_seconds: u32,
    /// How long a login lasts, in seconds; 8 hours by default.
    pub session_lifetime_seconds: u32,
    /// How long a nonce is accepted, in seconds; 15 by default, so that rotation can be seen.
    pub nonce_lifetime_seconds: u32,
    /// Origins beside those of the redirect URIs whose pages may call the endpoints.
    pub allowed_origins: Vec<String>,
    /// Where there is none: one client `demo`, at `http://localhost:9440/`.
    pub clients: Vec<ClientConfig>,
    /// Where there is none: `alice` and `bob`.
    pub users: Vec<UserConfig>,
}

/// A public client (RFC 6749, 2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClientConfig {
    /// `client_id`.
    pub id: String,
    /// What the login page calls it; the id by default.
    #[serde(default)]
    pub name: Option<String>,
    /// Where responses may go. Compared character by character.
    pub redirect_uris: Vec<String>,
    /// Where a logout may lead; the redirect URIs by default.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// The APIs that its access tokens are for (`aud`); `http://localhost:9442` by default.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Scopes beside `openid`, `profile`, `email` and `offline_access`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Its token requests need a proof (RFC 9449, 5.2).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// A native app: a redirect URI with a loopback IP address matches with any port (RFC 8252, 7.3).
    #[serde(default)]
    pub native: bool,
}

/// A user of the login page. There are no passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UserConfig {
    /// `sub`, and what the login form sends.
    pub sub: String,
    /// Full name; `sub` by default.
    #[serde(default)]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// The port, where nothing else is said.
pub const DEFAULT_PORT: u16 = 9441;

const DEFAULT_AUDIENCE: &str = "http://localhost:9442";
const EIGHT_HOURS: u32 = 8 * 60 * 60;

impl Default for Config {
    fn default() -> Self {
        Self {
            port: None,
            issuer: None,
            dpop: DpopMode::On,
            clock_offset_seconds: 0,
            access_token_lifetime_seconds: 300,
            refresh_tokens: true,
            refresh_token_lifetime_seconds: EIGHT_HOURS,
            session_lifetime_seconds: EIGHT_HOURS,
            nonce_lifetime_seconds: 15,
            allowed_origins: Vec::new(),
            clients: Vec::new(),
            users: Vec::new(),
        }
    }
}

impl Config {
    /// Reads TOML.
    ///
    /// # Errors
    /// [`ConfigError::Toml`]: it is no TOML, a member is unknown, missing or of another type.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::Toml(error.to_string()))
    }

    /// An API for one client's access tokens, or for those of all clients there are now.
    ///
    /// # Errors
    /// [`ConfigError::UnknownClient`].
    pub fn add_audience(
        &mut self,
        client: Option<&str>,
        audience: &str,
    ) -> Result<(), ConfigError> {
        self.add_default_client();
        let mut is_known = client.is_none();
        for known in &mut self.clients {
            if client.is_none_or(|id| id == known.id) {
                is_known = true;
                known.audiences.push(audience.to_owned());
            }
        }
        if is_known {
            return Ok(());
        }
        let known: Vec<_> = self.clients.iter().map(|client| &*client.id).collect();
        Err(ConfigError::UnknownClient {
            id: client.unwrap_or_default().to_owned(),
            audience: audience.to_owned(),
            known: known.join(", "),
        })
    }

    fn add_default_client(&mut self) {
        if self.clients.is_empty() {
            let demo = ClientConfig::new("demo", ["http://localhost:9440/"]);
            self.clients.push(demo);
        }
    }

    /// With every default filled in, and every value checked.
    pub(crate) fn complete(mut self) -> Result<Self, ConfigError> {
        self.add_default_client();
        if self.users.is_empty() {
            self.users.push(UserConfig::new(
                "alice",
                "Alice Archer",
                "alice@example.com",
            ));
            self.users
                .push(UserConfig::new("bob", "Bob Baker", "bob@example.com"));
        }
        for client in &mut self.clients {
            client.complete()?;
        }
        if let Some(id) = repeated(self.clients.iter().map(|client| &*client.id)) {
            return Err(ConfigError::ClientRepeated { id });
        }
        for user in &self.users {
            if user.sub.is_empty() || user.sub.len() > 255 || !user.sub.is_ascii() {
                return Err(ConfigError::UserSub {
                    value: user.sub.clone(),
                });
            }
        }
        if let Some(sub) = repeated(self.users.iter().map(|user| &*user.sub)) {
            return Err(ConfigError::UserRepeated { sub });
        }
        for (name, seconds) in [
            (
                "access_token_lifetime_seconds",
                self.access_token_lifetime_seconds,
            ),
            (
                "refresh_token_lifetime_seconds",
                self.refresh_token_lifetime_seconds,
            ),
            ("session_lifetime_seconds", self.session_lifetime_seconds),
            ("nonce_lifetime_seconds", self.nonce_lifetime_seconds),
        ] {
            if seconds == 0 {
                return Err(ConfigError::NoTime { name });
            }
        }
        Ok(self)
    }

    pub(crate) fn client(&self, id: &str) -> Option<&ClientConfig> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn user(&self, sub: &str) -> Option<&UserConfig> {
        self.users.iter().find(|user| user.sub == sub)
    }
}

impl UserConfig {
    /// A user with a name and an e-mail address.
    #[must_use]
    pub fn new(sub: &str, name: &str, email: &str) -> Self {
        Self {
            sub: sub.into(),
            name: Some(name.into()),
            email: Some(email.into()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.sub)
    }
}

impl ClientConfig {
    /// A client with these redirect URIs, and defaults for the rest.
    pub fn new<U: Into<String>>(id: &str, redirect_uris: impl IntoIterator<Item = U>) -> Self {
        Self {
            id: id.into(),
            redirect_uris: redirect_uris.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    fn complete(&mut self) -> Result<(), ConfigError> {
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
            // `javascript:` and its like would run in the server's origin; RFC 8252, 7.1 has names with a dot.
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

    /// Whether a response may go there (RFC 6749, 3.1.2.3; RFC 9700, 2.1).
    pub(crate) fn has_redirect_uri(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| {
            registered == uri || (self.native && differ_in_loopback_port_only(registered, uri))
        })
    }

    /// Those of the requested scopes that it may have.
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

/// Every client may ask for these.
pub(crate) const STANDARD_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// RFC 8252, 7.3: the port of a loopback redirect is chosen when the app starts. IP addresses only (8.3).
fn differ_in_loopback_port_only(registered: &str, uri: &str) -> bool {
    let without_port = |uri: &str| {
        let mut url = Url::parse(uri).ok()?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
        if url.scheme() != "http" || !is_loopback || uri.contains('#') {
            return None;
        }
        // What the parser repairs is no exact match.
        let written = url.as_str() == uri || url.as_str().strip_suffix('/') == Some(uri);
        url.set_port(None).ok()?;
        written.then_some(url)
    };
    matches!((without_port(registered), without_port(uri)), (Some(a), Some(b)) if a == b)
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    names.find(|name| !seen.insert(*name)).map(Into::into)
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
