//! The endpoint of the login page's form, in which a person chooses a user or cancels.

use axum::{body::Bytes, extract::State, response::Response};
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};

use crate::{
    authorization_request::ErrorResponse,
    authorization_response::{grant, redirect_error, refuse},
    forms, pages,
    params::Params,
    secret::Purpose,
    state::Shared,
};

pub(crate) async fn log_in(State(server): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let encoded = form.get("request").unwrap_or_default();
    let csrf = form.get("csrf");
    if !forms::is_ours(&server, &headers, Purpose::LoginForm, encoded, csrf) {
        return pages::forbidden(
            "This form was not made for this browser, or was sent from elsewhere, or the server has been restarted since. Go back to the app and log in from there.",
        );
    }
    let request = match server.read_authorization_request(encoded) {
        Ok(request) => request,
        Err(error) => return refuse(&server, error),
    };
    let Some(user) = form.get("user") else {
        let error = ErrorResponse::new("access_denied", "the user cancelled the login");
        return redirect_error(&server, &request.return_to, &error);
    };
    let Some(user) = server.config.user(user) else {
        return pages::error(&format!("There is no user \u{201c}{user}\u{201d}."));
    };
    let now = server.now();
    let lifetime = server.config.session_lifetime_seconds.into();
    let earlier = server.cookies.session_id(&headers);
    let Ok(session) = server.sessions.start(&user.sub, earlier, lifetime, now) else {
        return pages::no_randomness();
    };
    tracing::info!(sub = user.sub, client = request.client.id, "logged in");
    let mut response = grant(&server, request, &session, now);
    if let Ok(cookie) = HeaderValue::try_from(server.cookies.set_session(&session.id)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
