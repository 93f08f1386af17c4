//! What every request has that a client sends itself, not through the browser: a form (RFC 6749,
//! 3.2) and the client's name. All clients are public: they name themselves and prove nothing
//! (3.2.1).

use http::{
    HeaderMap,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

use crate::{
    config::{ClientConfig, Config},
    oauth_error::OAuthError,
    params::Params,
};

/// Reads the form's parameters.
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type.unwrap_or_default().split(';').next();
    let is_form = media_type.is_some_and(|name| {
        name.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    if is_form {
        return Ok(Params::parse(body));
    }
    let description = "send the parameters as application/x-www-form-urlencoded";
    Err(OAuthError::invalid_request(description))
}

/// Finds the client that sent these parameters.
pub(crate) fn client<'a>(
    config: &'a Config,
    headers: &HeaderMap,
    params: &Params,
) -> Result<&'a ClientConfig, OAuthError> {
    if headers.contains_key(AUTHORIZATION) || params.get("client_secret").is_some() {
        return Err(OAuthError::invalid_client_authentication(
            "clients are public here; send client_id and no secret",
        ));
    }
    let id = required(params, "client_id")?;
    config.client(id).ok_or_else(|| {
        OAuthError::invalid_client(format!(
            "there is no client `{id}`; register it at the server"
        ))
    })
}

/// Returns a parameter that must be present.
pub(crate) fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, OAuthError> {
    params
        .get(name)
        .ok_or_else(|| OAuthError::invalid_request(format!("`{name}` is missing")))
}
