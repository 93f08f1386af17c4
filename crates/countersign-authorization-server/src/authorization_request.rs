//! Reads and checks the authorization request (RFC 6749, 4.1.1; RFC 7636, 4.3; RFC 8707; RFC 9449,
//! 10; OpenID Connect Core, 3.1.2.1). Nothing is sent anywhere until the redirect URI is known to
//! be the client's.

use countersign::{authorization_server, digest::Thumbprint, jose::base64url};

use crate::{
    config::{ClientConfig, Config},
    params::Params,
    prompt::Prompt,
    resource_indicators::narrowed_audiences,
};

/// The login form carries the request, and the redirect's URL carries `state`. An `id_token_hint`
/// takes about a kilobyte.
pub(crate) const MAX_REQUEST_BYTES: usize = 8 * 1024;

pub(crate) const REQUEST_TOO_LONG: &str =
    "The request's parameters have more than 8192 bytes; send less.";

/// The server keeps a nonce as long as the login and writes it into each id_token. A hash or a UUID
/// is far shorter.
const MAX_NONCE_BYTES: usize = 512;

/// Where the response goes, and how.
#[derive(Clone)]
pub(crate) struct ReturnTo {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) in_fragment: bool,
}

/// A request that can be granted. It has no `Debug`, since a hint is somebody's token.
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) client: &'a ClientConfig,
    pub(crate) return_to: ReturnTo,
    pub(crate) scopes: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) code_challenge: String,
    pub(crate) dpop_jkt: Option<Thumbprint>,
    pub(crate) nonce: Option<String>,
    pub(crate) prompt: Prompt,
    pub(crate) max_age_seconds: Option<i64>,
    pub(crate) id_token_hint: Option<String>,
}

/// Why a request is not granted.
pub(crate) enum AuthorizationError {
    /// Shown to the person at the browser, since there is no place to send it to.
    Shown(String),
    /// Sent to the client.
    Sent(ReturnTo, ErrorResponse),
}

/// The error response that the client gets (RFC 6749, 4.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorResponse {
    pub(crate) code: &'static str,
    pub(crate) description: String,
}

impl ErrorResponse {
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }
}

impl<'a> AuthorizationRequest<'a> {
    /// Reads and checks the parameters.
    pub(crate) fn read(
        config: &'a Config,
        reads_jkt: bool,
        params: &Params,
    ) -> Result<Self, AuthorizationError> {
        let client = client(config, params).map_err(AuthorizationError::Shown)?;
        let redirect_uri = redirect_uri(client, params).map_err(AuthorizationError::Shown)?;
        let return_to = ReturnTo {
            redirect_uri,
            state: params.get("state").map(Into::into),
            in_fragment: params.get("response_mode") == Some("fragment"),
        };
        Self::read_rest(client, reads_jkt, params, return_to.clone())
            .map_err(|error| AuthorizationError::Sent(return_to, error))
    }

    fn read_rest(
        client: &'a ClientConfig,
        reads_jkt: bool,
        params: &Params,
        return_to: ReturnTo,
    ) -> Result<Self, ErrorResponse> {
        let invalid = |description: String| ErrorResponse::new("invalid_request", description);
        if let Some(name) = params.repeated() {
            return Err(invalid(format!("`{name}` came twice; send it once")));
        }
        for (name, code) in [
            ("request", "request_not_supported"),
            ("request_uri", "request_uri_not_supported"),
            ("registration", "registration_not_supported"),
        ] {
            if params.get(name).is_some() {
                let description = format!("`{name}` is not supported; send plain parameters");
                return Err(ErrorResponse::new(code, description));
            }
        }
        match params.get("response_type") {
            Some("code") => {}
            None => return Err(invalid("`response_type` is missing; send `code`".into())),
            Some(other) => {
                let description = format!("response_type `{other}` is not supported; send `code`");
                return Err(ErrorResponse::new("unsupported_response_type", description));
            }
        }
        if let Some(mode) = params.get("response_mode")
            && !matches!(mode, "query" | "fragment")
        {
            return Err(invalid(format!(
                "response_mode `{mode}` is not supported; send `query` or `fragment`"
            )));
        }
        let code_challenge = code_challenge(params).map_err(invalid)?;
        let dpop_jkt = params.get("dpop_jkt").filter(|_| reads_jkt);
        let dpop_jkt = authorization_server::dpop_jkt(dpop_jkt)
            .map_err(|error| ErrorResponse::new(error.code(), error.to_string()))?;
        let nonce = params.get("nonce");
        if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE_BYTES) {
            let description = format!("`nonce` has more than {MAX_NONCE_BYTES} bytes; send a hash");
            return Err(invalid(description));
        }
        let prompt = Prompt::parse(params.get("prompt")).map_err(invalid)?;
        let max_age_seconds = params
            .get("max_age")
            .map(|age| {
                let seconds = age.parse().ok().filter(|seconds| *seconds >= 0);
                seconds.ok_or_else(|| invalid("`max_age` is not a number of seconds".into()))
            })
            .transpose()?;
        let scopes = client.filter_scopes(params.get("scope").unwrap_or_default());
        if scopes.is_empty() {
            return Err(ErrorResponse::new(
                "invalid_scope",
                "`scope` has no scope that this client may have; send `openid`",
            ));
        }
        let audiences = narrowed_audiences(params, &client.audiences)
            .map_err(|error| ErrorResponse::new(error.code, error.description))?;
        Ok(Self {
            client,
            return_to,
            scopes,
            audiences,
            code_challenge,
            dpop_jkt,
            nonce: nonce.map(Into::into),
            prompt,
            max_age_seconds,
            id_token_hint: params.get("id_token_hint").map(Into::into),
        })
    }
}

fn client<'a>(config: &'a Config, params: &Params) -> Result<&'a ClientConfig, String> {
    let id = only(params, "client_id")?;
    config.client(id).ok_or_else(|| {
        let known: Vec<_> = config.clients.iter().map(|client| &*client.id).collect();
        format!(
            "There is no client \u{201c}{id}\u{201d}. Registered: {}.",
            known.join(", ")
        )
    })
}

fn redirect_uri(client: &ClientConfig, params: &Params) -> Result<String, String> {
    let uri = only(params, "redirect_uri")?;
    if client.has_redirect_uri(uri) {
        return Ok(uri.to_owned());
    }
    Err(format!(
        "The client \u{201c}{}\u{201d} has no redirect URI {uri}. Registered: {}. They are compared character by character.",
        client.id,
        client.redirect_uris.join(", ")
    ))
}

fn only<'a>(params: &'a Params, name: &str) -> Result<&'a str, String> {
    if params.is_repeated(name) {
        return Err(format!("The parameter {name} came twice; send it once."));
    }
    params
        .get(name)
        .ok_or_else(|| format!("The parameter {name} is missing."))
}

/// Checks the PKCE parameters (RFC 7636, 4.3), which every client must send (RFC 9700, 2.1.1).
fn code_challenge(params: &Params) -> Result<String, String> {
    let challenge = params
        .get("code_challenge")
        .ok_or("`code_challenge` is missing; PKCE is required")?;
    if params.get("code_challenge_method") != Some("S256") {
        return Err("`code_challenge_method` must be `S256`".into());
    }
    match base64url::decode(challenge) {
        Some(hash) if hash.len() == 32 => Ok(challenge.to_owned()),
        _ => Err("`code_challenge` is not a SHA-256 hash in base64url".into()),
    }
}
