//! The authorization response (RFC 6749, 4.1.2; RFC 9207): a redirect to the client with a code or
//! an error.

use axum::response::Response;
use countersign::UnixSeconds;
use url::form_urlencoded;

use crate::{
    authorization_request::{AuthorizationError, AuthorizationRequest, ErrorResponse, ReturnTo},
    grants::Authorization,
    oauth_error::plain,
    pages,
    secret::NoRandomness,
    sessions::Session,
    state::ServerState,
};

/// Shows the error to the person, or sends it to the client.
pub(crate) fn refuse(server: &ServerState, error: AuthorizationError) -> Response {
    match error {
        AuthorizationError::Shown(why) => {
            tracing::info!(reason = why, "authorization request refused");
            pages::error(&why)
        }
        AuthorizationError::Sent(return_to, error) => redirect_error(server, &return_to, &error),
    }
}

/// Grants the request of a known user who agrees: redirects with a code.
pub(crate) fn grant(
    server: &ServerState,
    request: AuthorizationRequest<'_>,
    session: &Session,
    now: UnixSeconds,
) -> Response {
    let return_to = request.return_to;
    let code = server.grants.issue_code(
        Authorization {
            client_id: request.client.id.clone(),
            redirect_uri: return_to.redirect_uri.clone(),
            code_challenge: request.code_challenge,
            dpop_jkt: request.dpop_jkt,
            nonce: request.nonce,
            scopes: request.scopes,
            audiences: request.audiences,
            sub: session.sub.clone(),
            auth_time: session.auth_time,
            session: session.root,
        },
        now,
    );
    match code {
        Ok(code) => redirect(server, &return_to, &[("code", &code)]),
        Err(NoRandomness) => pages::no_randomness(),
    }
}

pub(crate) fn redirect_error(
    server: &ServerState,
    return_to: &ReturnTo,
    error: &ErrorResponse,
) -> Response {
    tracing::info!(
        error = error.code,
        reason = error.description,
        "authorization request refused"
    );
    let description = plain(&error.description);
    let params = [("error", error.code), ("error_description", &description)];
    redirect(server, return_to, &params)
}

/// Returns the redirect URI with the response's parameters, `state` and `iss` (RFC 9207, 2). The
/// URI stays as it was registered; no parser rewrites it.
fn redirect(server: &ServerState, return_to: &ReturnTo, params: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(params);
    if let Some(state) = &return_to.state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", &server.urls.issuer);
    let uri = &return_to.redirect_uri;
    let separator = match (return_to.in_fragment, uri.contains('?')) {
        (true, _) => '#',
        (false, true) => '&',
        (false, false) => '?',
    };
    pages::redirect(&format!("{uri}{separator}{}", query.finish()))
}
