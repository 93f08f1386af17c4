//! The server's configuration: read from TOML, completed with defaults, checked once at the start.

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

mod client;
mod error;

pub use client::ClientConfig;
pub(crate) use client::STANDARD_SCOPES;
pub use error::ConfigError;

/// How the server treats DPoP: correctly, or as other servers do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DpopMode {
    /// Tokens are bound to the key of the proof in the token request.
    #[default]
    On,
    /// The metadata names no algorithm, proofs are ignored, tokens are Bearer.
    Off,
    /// The metadata lists algorithms and proofs are checked, but tokens are Bearer.
    AdvertisedOnly,
    /// As `On`, but every proof needs a nonce of this server. Each token response brings a new one.
    Nonce,
}

/// The `typ` of access tokens. Resource servers differ in what they accept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum AccessTokenTyp {
    /// `at+jwt` (RFC 9068, 2.1).
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    /// `JWT`, which Keycloak, Auth0 and others write, and which Spring Security expects by default.
    #[serde(rename = "JWT")]
    Jwt,
}

/// The server's configuration. All members have defaults; unknown ones are errors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The port to listen on, on both loopback addresses: 9441 by default, 0 for any free one. The
    /// command line reads it; the router does not.
    pub port: Option<u16>,
    /// The issuer: the URL under which clients reach the server, where that is not
    /// `http://localhost:PORT`.
    pub issuer: Option<String>,
    /// How the server treats DPoP.
    pub dpop: DpopMode,
    /// Whether every authorization request must be pushed first (RFC 9126, 5).
    pub require_pushed_authorization_requests: bool,
    /// How far the server's clock is ahead, in seconds; negative: behind.
    pub clock_offset_seconds: i64,
    /// The `typ` of access tokens; `at+jwt` by default.
    pub access_token_typ: AccessTokenTyp,
    /// How long an access token is valid, in seconds; 300 by default.
    pub access_token_lifetime_seconds: u32,
    /// Whether refresh tokens are issued.
    pub refresh_tokens: bool,
    /// How long a refresh token is valid once issued, in seconds; 8 hours by default.
    pub refresh_token_lifetime_seconds: u32,
    /// How long a login lasts, in seconds; 8 hours by default.
    pub session_lifetime_seconds: u32,
    /// How long a nonce is accepted, in seconds; 15 by default, so that developers see rotation.
    pub nonce_lifetime_seconds: u32,
    /// Origins whose pages may call the endpoints, in addition to those of the redirect URIs.
    pub allowed_origins: Vec<String>,
    /// The clients. If there are none: one client `demo`, at `http://localhost:9440/`.
    pub clients: Vec<ClientConfig>,
    /// The users. If there are none: `alice` and `bob`.
    pub users: Vec<UserConfig>,
}

/// A user of the login page. There are no passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UserConfig {
    /// The `sub` claim, which the login form sends too.
    pub sub: String,
    /// The full name; `sub` by default.
    #[serde(default)]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// The port that the server listens on by default.
pub const DEFAULT_PORT: u16 = 9441;

const EIGHT_HOURS: u32 = 8 * 60 * 60;

impl Default for Config {
    fn default() -> Self {
        Self {
            port: None,
            issuer: None,
            dpop: DpopMode::On,
            require_pushed_authorization_requests: false,
            clock_offset_seconds: 0,
            access_token_typ: AccessTokenTyp::AtJwt,
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
    /// Reads a configuration in TOML.
    ///
    /// # Errors
    /// [`ConfigError::Toml`] if the text is not TOML, or a member is unknown, missing or of another
    /// type.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            ConfigError::Toml {
                line: before.unwrap_or_default().matches('\n').count() + 1,
                reason: error.message().replace('\n', "; "),
            }
        })
    }

    /// Adds an API that the access tokens of one client are for, or of all clients that exist now.
    ///
    /// # Errors
    /// [`ConfigError::UnknownClient`] if there is no such client.
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

    /// Adds the client `demo` if there are no clients. The server does this by itself when it
    /// starts.
    pub fn add_default_client(&mut self) {
        if self.clients.is_empty() {
            let demo = ClientConfig::new("demo", ["http://localhost:9440/"]);
            self.clients.push(demo);
        }
    }

    /// Fills in every default and checks every value.
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

    /// Returns the origins whose pages may call the endpoints: the allowed ones and those of the
    /// redirect URIs.
    pub(crate) fn origins(&self) -> Result<Vec<String>, ConfigError> {
        let mut origins: Vec<String> = Vec::new();
        for value in &self.allowed_origins {
            let is_origin = Url::parse(value).is_ok_and(|url| {
                url.origin().is_tuple() && url.origin().ascii_serialization() == *value
            });
            if !is_origin {
                return Err(ConfigError::Origin {
                    value: value.clone(),
                });
            }
            origins.push(value.clone());
        }
        let redirect_uris = self.clients.iter().flat_map(|client| &client.redirect_uris);
        for url in redirect_uris.filter_map(|uri| Url::parse(uri).ok()) {
            let origin = url.origin();
            if origin.is_tuple() {
                origins.push(origin.ascii_serialization());
            }
        }
        origins.sort_unstable();
        origins.dedup();
        Ok(origins)
    }

    pub(crate) fn client(&self, id: &str) -> Option<&ClientConfig> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn user(&self, sub: &str) -> Option<&UserConfig> {
        self.users.iter().find(|user| user.sub == sub)
    }
}

impl UserConfig {
    /// Creates a user with a name and an e-mail address.
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

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    names.find(|name| !seen.insert(*name)).map(Into::into)
}
