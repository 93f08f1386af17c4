//! The authorization endpoint (RFC 6749, 3.1; RFC 9207; OpenID Connect Core, 3.1.2): responds at
//! once if there is a session that will do, else shows the login page.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use countersign::UnixSeconds;
use http::{HeaderMap, header::SET_COOKIE};

use crate::{
    authorization_request::{
        AuthorizationRequest, ErrorResponse, MAX_REQUEST_BYTES, REQUEST_TOO_LONG,
    },
    authorization_response::{grant, redirect_error, refuse},
    forms,
    keys::TokenType,
    pages,
    params::Params,
    prompt::Prompt,
    secret::Purpose,
    sessions::Session,
    state::{ServerState, Shared},
    urls,
};

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

fn authorize(server: &Arc<ServerState>, headers: &HeaderMap, mut encoded: String) -> Response {
    if encoded.len() > MAX_REQUEST_BYTES {
        return pages::error(REQUEST_TOO_LONG);
    }
    let now = server.now();
    let pushed = server.pushed.take(&Params::parse(encoded.as_bytes()), now);
    let was_pushed = pushed.is_some();
    match pushed {
        // Parameters beside the reference are ignored (RFC 9101, 6.3).
        Some(Ok(parameters)) => encoded = parameters,
        Some(Err(error)) => return refuse(server, error),
        None => {}
    }
    let request = match server.read_authorization_request(&encoded) {
        Ok(request) => request,
        Err(error) => return refuse(server, error),
    };
    let is_push_required = server.config.require_pushed_authorization_requests
        || request.client.require_pushed_authorization_requests;
    if is_push_required && !was_pushed {
        let error = ErrorResponse::new(
            "invalid_request",
            "push the request first, to the metadata's pushed_authorization_request_endpoint",
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
            let error = ErrorResponse::new(
                "login_required",
                "nobody is logged in, or another user is; ask without prompt=none",
            );
            redirect_error(server, &request.return_to, &error)
        }
        (_, Prompt::Always) | (None, Prompt::WhenNeeded) => {
            login_page(server, headers, &request, &encoded)
        }
    }
}

/// Tells whether the request accepts this session.
fn answers(
    server: &ServerState,
    session: &Session,
    request: &AuthorizationRequest<'_>,
    now: UnixSeconds,
) -> bool {
    let is_fresh = request
        .max_age_seconds
        // 0 asks for a new login (OpenID Connect Core, 3.1.2.1), also within the same second.
        .is_none_or(|max_age| max_age > 0 && now.since(session.auth_time) <= max_age);
    // A hint from before the server's last start can't be checked, so it excludes nobody.
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
    server: &ServerState,
    headers: &HeaderMap,
    request: &AuthorizationRequest<'_>,
    encoded: &str,
) -> Response {
    let Ok((csrf, set_cookie)) = forms::protect(server, headers, Purpose::LoginForm, encoded)
    else {
        return pages::no_randomness();
    };
    let client = request.client.name.as_deref().unwrap_or(&request.client.id);
    let action = server.urls.url(urls::LOGIN);
    let users = &server.config.users;
    let mut response = pages::login(client, users, &action, encoded, &csrf);
    if let Some(cookie) = set_cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
