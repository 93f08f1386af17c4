//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).
//!
//! A hint that this server signed ends the session at once. Without one, a page asks first, since
//! any site could send a browser here. If there is no session, there is nothing to ask: after a
//! restart of the server, a client with an old hint gets its user back.

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    forms,
    keys::{TokenType, unverified_claims},
    pages,
    params::Params,
    secret::Purpose,
    state::{ServerState, Shared},
    urls,
};

pub(crate) async fn by_query(
    State(server): Shared,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    log_out(&server, &headers, &query.unwrap_or_default())
}

/// Handles a client's POST, or the answer from the page that asked.
pub(crate) async fn by_form(State(server): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let Some(encoded) = form.get("request") else {
        return log_out(&server, &headers, &String::from_utf8_lossy(&body));
    };
    if !forms::is_ours(
        &server,
        &headers,
        Purpose::LogoutForm,
        encoded,
        form.get("csrf"),
    ) {
        return pages::forbidden(
            "This form was not made for this browser, or was sent from elsewhere, or the server has been restarted since.",
        );
    }
    match Request::read(&server, encoded) {
        Ok(request) => end_session(&server, &headers, &request),
        Err(why) => pages::error(&why),
    }
}

fn log_out(server: &ServerState, headers: &HeaderMap, encoded: &str) -> Response {
    let request = match Request::read(server, encoded) {
        Ok(request) => request,
        Err(why) => return pages::error(&why),
    };
    let now = server.now();
    let session = server
        .cookies
        .session_id(headers)
        .and_then(|id| server.sessions.find(&id, now));
    // Another user's hint does not mean that this user agrees.
    let is_agreed = session
        .as_ref()
        .is_none_or(|session| request.hinted_sub.as_ref() == Some(&session.sub));
    if is_agreed {
        return end_session(server, headers, &request);
    }
    let Ok((csrf, set_cookie)) = forms::protect(server, headers, Purpose::LogoutForm, encoded)
    else {
        return pages::no_randomness();
    };
    let action = server.urls.url(urls::LOGOUT);
    let mut response = pages::ask_for_logout(&action, encoded, &csrf);
    if let Some(cookie) = set_cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A logout request whose redirect, if it has one, is registered.
struct Request {
    /// The `sub` of a hint that this server signed. The hint may have expired.
    hinted_sub: Option<String>,
    redirect: Option<String>,
}

impl Request {
    fn read(server: &ServerState, encoded: &str) -> Result<Self, String> {
        let params = Params::parse(encoded.as_bytes());
        if let Some(name) = params.repeated() {
            return Err(format!("The parameter {name} came twice; send it once."));
        }
        let hint = params.get("id_token_hint");
        let hinted = hint.and_then(|hint| server.key.open(TokenType::IdToken, hint));
        let hinted_sub = hinted.as_ref().and_then(|claims| text(claims, "sub"));
        // An unsigned hint only helps to find the client; its registration decides where the
        // redirect may go.
        let named = hinted.or_else(|| hint.and_then(unverified_claims));
        let audience = named.as_ref().and_then(|claims| text(claims, "aud"));
        let client_id = params.get("client_id").map(ToOwned::to_owned);
        let client_id = match (client_id, audience) {
            (Some(id), Some(audience)) if id != audience => {
                return Err(format!(
                    "The id_token_hint was issued to \u{201c}{audience}\u{201d}, not to \u{201c}{id}\u{201d}."
                ));
            }
            (id, audience) => id.or(audience),
        };
        let redirect = params
            .get("post_logout_redirect_uri")
            .map(|uri| redirect(server, client_id.as_deref(), uri, params.get("state")))
            .transpose()?;
        Ok(Self {
            hinted_sub,
            redirect,
        })
    }
}

fn redirect(
    server: &ServerState,
    client_id: Option<&str>,
    uri: &str,
    state: Option<&str>,
) -> Result<String, String> {
    let id = client_id
        .ok_or("A post_logout_redirect_uri needs an id_token_hint or a client_id with it.")?;
    let client = server
        .config
        .client(id)
        .ok_or_else(|| format!("There is no client \u{201c}{id}\u{201d}."))?;
    if !client
        .post_logout_redirect_uris
        .iter()
        .any(|known| known == uri)
    {
        return Err(format!(
            "The client \u{201c}{id}\u{201d} has no post-logout redirect URI {uri}. Registered: {}. They are compared character by character.",
            client.post_logout_redirect_uris.join(", ")
        ));
    }
    let Some(state) = state else {
        return Ok(uri.to_owned());
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", state);
    let separator = if uri.contains('?') { '&' } else { '?' };
    Ok(format!("{uri}{separator}{}", query.finish()))
}

fn end_session(server: &ServerState, headers: &HeaderMap, request: &Request) -> Response {
    let id = server.cookies.session_id(headers);
    let ended = id.and_then(|id| server.sessions.end(&id, server.now()));
    if let Some(session) = ended {
        server.grants.revoke_session(&session.root);
        tracing::info!(sub = session.sub, "logged out");
    }
    let mut response = match &request.redirect {
        Some(uri) => pages::redirect(uri),
        None => pages::logged_out(),
    };
    if let Ok(cookie) = HeaderValue::try_from(server.cookies.clear_session()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    Some(claims.get(name)?.as_str()?.to_owned())
}
