//! The authorization endpoint (RFC 6749, 3.1; RFC 9207; OpenID Connect Core, 3.1.2): a response at once where the session
//! answers, else the login page.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use countersign::UnixSeconds;
use http::{HeaderMap, header::SET_COOKIE};
use url::form_urlencoded;

use crate::{
    authorization_request::{AuthorizationError, AuthorizationRequest, Refusal, ReturnTo},
    forms,
    grants::Authorization,
    keys::TokenType,
    oauth_error::plain,
    pages,
    params::Params,
    prompt::Prompt,
    router::{Server, Shared},
    secret::{NoRandomness, Purpose},
    sessions::Session,
};

/// It comes back in the login form, and `state` in the redirect's URL. An `id_token_hint` has about a kilobyte.
pub(crate) const MAX_REQUEST_BYTES: usize = 8 * 1024;

pub(crate) const REQUEST_TOO_LONG: &str =
    "The request's parameters have more than 8192 bytes; send less.";

pub(crate) async fn by_query(
    State(server): Shared,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    authorize(&server, &headers, query.unwrap_or_default())
}

pub(crate) async fn by_form(State(server): Shared, headers: HeaderMap, body: Bytes) -> Response {
    authorize(
        &server,
        &headers,
        String::from_utf8_lossy(&body).into_owned(),
    )
}

fn authorize(server: &Arc<Server>, headers: &HeaderMap, mut encoded: String) -> Response {
    if encoded.len() > MAX_REQUEST_BYTES {
        return pages::error(REQUEST_TOO_LONG);
    }
    let now = server.now();
    let pushed = server.pushed.take(&Params::parse(encoded.as_bytes()), now);
    let was_pushed = pushed.is_some();
    match pushed {
        // What was sent beside the reference is not looked at (RFC 9101, 6.3).
        Some(Ok(parameters)) => encoded = parameters,
        Some(Err(refusal)) => return refused(server, refusal),
        None => {}
    }
    let request = match read(server, &encoded) {
        Ok(request) => request,
        Err(refusal) => return refused(server, refusal),
    };
    let is_push_required = server.config.require_pushed_authorization_requests
        || request.client.require_pushed_authorization_requests;
    if is_push_required && !was_pushed {
        let error = AuthorizationError::new(
            "invalid_request",
            "push the request first; the metadata has pushed_authorization_request_endpoint",
        );
        return redirect_error(server, &request.return_to, &error);
    }
    let session = server
        .cookies
        .session_id(headers)
        .and_then(|id| server.sessions.find(&id, now))
        .filter(|session| answers(server, session, &request, now));
    match (session, request.prompt) {
        (Some(session), Prompt::None | Prompt::WhenNeeded) => grant(server, request, &session, now),
        (None, Prompt::None) => {
            let error = AuthorizationError::new(
                "login_required",
                "nobody is logged in, or somebody else; ask without prompt=none",
            );
            redirect_error(server, &request.return_to, &error)
        }
        (_, Prompt::Always) | (None, Prompt::WhenNeeded) => {
            login_page(server, headers, &request, &encoded)
        }
    }
}

/// Of the parameters as they came, in a query or in the login form.
pub(crate) fn read<'a>(
    server: &'a Server,
    encoded: &str,
) -> Result<AuthorizationRequest<'a>, Refusal> {
    let params = Params::parse(encoded.as_bytes());
    AuthorizationRequest::read(&server.config, server.proofs.is_on(), &params)
}

pub(crate) fn refused(server: &Server, refusal: Refusal) -> Response {
    match refusal {
        Refusal::Shown(why) => {
            tracing::info!(reason = why, "authorization request refused");
            pages::error(&why)
        }
        Refusal::Sent(return_to, error) => redirect_error(server, &return_to, &error),
    }
}

/// Whether this session is one that the request would take.
fn answers(
    server: &Server,
    session: &Session,
    request: &AuthorizationRequest<'_>,
    now: UnixSeconds,
) -> bool {
    let is_fresh = request
        .max_age_seconds
        // 0 asks for a new login (OpenID Connect Core, 3.1.2.1), also within the same second.
        .is_none_or(|max_age| max_age > 0 && now.since(session.auth_time) <= max_age);
    // A hint of an earlier start of the server can't be checked, and excludes nobody.
    let hinted = request
        .id_token_hint
        .as_ref()
        .and_then(|hint| server.key.open(TokenType::IdToken, hint));
    let is_hinted = hinted
        .as_ref()
        .and_then(|claims| claims.get("sub")?.as_str())
        .is_none_or(|sub| sub == session.sub);
    is_fresh && is_hinted
}

fn login_page(
    server: &Server,
    headers: &HeaderMap,
    request: &AuthorizationRequest<'_>,
    encoded: &str,
) -> Response {
    let Ok((csrf, set_cookie)) = forms::protect(server, headers, Purpose::LoginForm, encoded)
    else {
        return pages::no_randomness();
    };
    let client = request.client.name.as_deref().unwrap_or(&request.client.id);
    let action = server.urls.url(crate::urls::LOGIN);
    let users = &server.config.users;
    let mut response = pages::login(client, users, &action, encoded, &csrf);
    if let Some(cookie) = set_cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The user is known and agrees: the code.
pub(crate) fn grant(
    server: &Server,
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
    server: &Server,
    return_to: &ReturnTo,
    error: &AuthorizationError,
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

/// The redirect URI with the response's parameters, `state` and `iss` (RFC 9207, 2). As registered, not as a parser would
/// write it.
fn redirect(server: &Server, return_to: &ReturnTo, params: &[(&str, &str)]) -> Response {
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
