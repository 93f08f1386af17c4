//! The configuration of a client.

use core::fmt;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use countersign::dpop_mode::Mode;
use serde_json::Value;

use super::client::{Inner, NativeClient};
use super::driver::{Handle, Plan};
use super::error::Error;
use super::http::Http;
use super::loopback::RedirectUri;
use super::platform::Json;
use super::secret::ClientSecret;
use crate::platform::FLOW_LIFETIME_MILLIS;

/// The IP address rather than the name, and any port (RFC 8252, 7.3).
const REDIRECT_URI: &str = "http://127.0.0.1/";
/// How long a login waits for the user.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(300);
/// The engine forgets a login after this time.
const LONGEST_LOGIN: Duration = Duration::from_millis(FLOW_LIFETIME_MILLIS as u64);
/// The time limit of discovery and token requests.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Builds a [`NativeClient`]. The defaults suit a public client that is registered as native.
#[must_use]
pub struct NativeClientBuilder {
    issuer: String,
    client_id: String,
    scopes: Vec<String>,
    mode: Mode,
    metadata: Option<Value>,
    secret: Option<ClientSecret>,
    redirect_uri: String,
    authorization_parameters: Vec<(String, String)>,
    token_parameters: Vec<(String, String)>,
    login_timeout: Duration,
    timeout: Duration,
    http: Option<reqwest::ClientBuilder>,
    allows_plain_http: bool,
    asks_dns: bool,
}

impl NativeClient {
    /// Begins the configuration of a client. `issuer`: the authorization server, an https URL, or
    /// http on this machine. `client_id`: the id that the client is registered with.
    pub fn builder(issuer: &str, client_id: &str) -> NativeClientBuilder {
        NativeClientBuilder::new(issuer, client_id)
    }
}

impl NativeClientBuilder {
    fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            scopes: Vec::new(),
            mode: Mode::Auto,
            metadata: None,
            secret: None,
            redirect_uri: REDIRECT_URI.into(),
            authorization_parameters: Vec::new(),
            token_parameters: Vec::new(),
            login_timeout: LOGIN_TIMEOUT,
            timeout: TIMEOUT,
            http: None,
            allows_plain_http: false,
            asks_dns: false,
        }
    }

    /// Adds scopes to `openid`, which every login of a user has.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes = scopes.into_iter().map(Into::into);
        self.scopes.extend(scopes.filter(|scope| scope != "openid"));
        self
    }

    /// Sets whether tokens are bound. Default: [`Mode::Auto`], which binds them if the server can.
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets members that take precedence over the discovery document's, as a JSON object. With both
    /// `authorization_endpoint` and `token_endpoint` there is no discovery.
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Sets a confidential client's secret, for the `Authorization` header of its token requests
    /// (`client_secret_basic`; RFC 6749, 2.3.1). A program that others can read cannot keep a
    /// secret: it is a public client.
    pub fn client_secret_basic(mut self, secret: &str) -> Self {
        self.secret = Some(ClientSecret::new_basic(&self.client_id, secret));
        self
    }

    /// Sets a confidential client's secret, for the body of its token requests
    /// (`client_secret_post`), if the server does not accept the header.
    pub fn client_secret_post(mut self, secret: &str) -> Self {
        self.secret = Some(ClientSecret::new_post(secret));
        self
    }

    /// Sets where the browser comes back to, as registered. Default: `http://127.0.0.1/`. Without a
    /// port any free one is used, which servers allow for native clients (RFC 8252, 7.3). The host
    /// may also be `[::1]`, or `localhost` if the server insists (8.3 advises against it).
    pub fn redirect_uri(mut self, redirect_uri: &str) -> Self {
        self.redirect_uri = redirect_uri.into();
        self
    }

    /// Adds a parameter to authorization requests, like `prompt` or `login_hint`. The first of two
    /// with one name counts, and `scope` cannot be replaced. A parameter that only the client
    /// decides (`state`, `code_challenge`, ...) makes the login fail with
    /// [`Cause::ParameterReserved`](crate::Cause::ParameterReserved).
    pub fn authorization_parameter(mut self, name: &str, value: &str) -> Self {
        self.authorization_parameters
            .push((name.into(), value.into()));
        self
    }

    /// Adds a parameter to token requests, under the same rule.
    pub fn token_parameter(mut self, name: &str, value: &str) -> Self {
        self.token_parameters.push((name.into(), value.into()));
        self
    }

    /// Names the API that tokens are for by its absolute URI (RFC 8707), in authorization and token
    /// requests.
    pub fn resource(self, uri: &str) -> Self {
        self.authorization_parameter("resource", uri)
            .token_parameter("resource", uri)
    }

    /// Names the API that tokens are for by the parameter `audience`, which some servers want, in
    /// authorization and token requests.
    pub fn audience(self, audience: &str) -> Self {
        self.authorization_parameter("audience", audience)
            .token_parameter("audience", audience)
    }

    /// Sets how long a login waits for the browser: five minutes by default, an hour at most.
    pub fn login_timeout(mut self, limit: Duration) -> Self {
        self.login_timeout = limit.min(LONGEST_LOGIN);
        self
    }

    /// Sets how long discovery and token requests may take, each: ten seconds by default. API calls
    /// have the limits of [`http`](Self::http) and of each request.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the HTTP client, for proxies, certificates and limits of your own. It follows no
    /// redirects by itself: [`NativeClient::send`] does, since each needs a proof. Default: three
    /// seconds to connect, and the environment's proxies, except for this machine. Names are
    /// resolved by a [`LoopbackResolver`](super::LoopbackResolver), whatever resolver this client
    /// has, and plain http to this machine never uses this client, since a proxy would see tokens
    /// in the clear: unless you call [`dangerous_localhost_dns`](Self::dangerous_localhost_dns).
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.http = Some(http);
        self
    }

    /// Lets [`NativeClient::send`] call APIs of other machines by plain http, for networks that are
    /// safe by themselves (a tunnel, a sidecar). Otherwise an attacker in between reads the token,
    /// and may use it: at once with its proof if it is bound (RFC 9449, 2), until it expires if it
    /// is not. The authorization server is reached by https in any case.
    pub const fn dangerous_plain_http(mut self) -> Self {
        self.allows_plain_http = true;
        self
    }

    /// Asks DNS for `localhost` and the names under it too, by the system's resolver or by that of
    /// [`http`](Self::http). This is for networks that are safe by themselves and lead these names
    /// elsewhere (the aliases of a Docker network). These names may be reached by plain http, so an
    /// attacker who answers for them in DNS reads codes, tokens and secrets.
    pub const fn dangerous_localhost_dns(mut self) -> Self {
        self.asks_dns = true;
        self
    }

    /// Starts the client, with a thread of its own for the engine. It sends no request yet.
    ///
    /// # Errors
    /// [`Error::RedirectUriInvalid`], [`Error::MetadataInvalid`], [`Error::Request`] if the HTTP
    /// client cannot be built, [`Error::SetUp`].
    pub fn build(self) -> Result<NativeClient, Error> {
        let redirect_uri = RedirectUri::parse(&self.redirect_uri)?;
        let metadata = match self.metadata {
            Some(Value::Object(members)) => Some(Json(members)),
            Some(_) => return Err(Error::MetadataInvalid),
            None => None,
        };
        let http = Http::new(self.http, self.asks_dns)?;
        let engine = Handle::start(Plan {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            scopes: self.scopes,
            mode: self.mode,
            metadata,
            authorization_parameters: self.authorization_parameters,
            token_parameters: self.token_parameters,
            http: http.clone(),
            timeout: self.timeout,
            secret: self.secret,
        });
        Ok(NativeClient::new(Inner {
            engine: engine.map_err(Error::SetUp)?,
            http,
            allows_plain_http: self.allows_plain_http,
            redirect_uri,
            login_timeout: self.login_timeout,
            issuer: self.issuer,
            client_id: self.client_id,
        }))
    }
}

impl fmt::Debug for NativeClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NativeClientBuilder")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
