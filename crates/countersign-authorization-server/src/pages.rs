//! The pages that people see: the login page and short notices. They have no script, and no other
//! site may frame them. Redirects carry no such rule, since a hidden iframe follows them.

use axum::response::{IntoResponse, Response};
use countersign::jose::base64url;
use http::{
    HeaderName, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use std::fmt::Write as _;

use crate::config::UserConfig;

const STYLE: &str = include_str!("pages.css");

/// Creates the login page, with one button for each user. The form sends `request` and `csrf` back
/// to `action`.
pub(crate) fn login(
    client: &str,
    users: &[UserConfig],
    action: &str,
    request: &str,
    csrf: &str,
) -> Response {
    let mut body = format!(
        "<h1>Log in</h1><p>to <strong>{}</strong></p>{}",
        escape(client),
        form_start(action, request, csrf)
    );
    for user in users {
        let name = user.name();
        let initial: String = name.chars().take(1).collect();
        let detail = user.email.as_deref().unwrap_or(&user.sub);
        // `write!` to a String can't fail.
        let _ = write!(
            body,
            "<button class=\"user\" name=\"user\" value=\"{}\"><span class=\"initial\" aria-hidden=\"true\">{}</span><span><b>{}</b><small>{}</small></span></button>",
            escape(&user.sub),
            escape(&initial),
            escape(name),
            escape(detail)
        );
    }
    body.push_str("<button class=\"cancel\" name=\"cancel\" value=\"1\">Cancel</button></form>");
    page(StatusCode::OK, "Log in", &body)
}

/// Creates the page that asks whether to log out, since no token of the user came with the request.
pub(crate) fn ask_for_logout(action: &str, request: &str, csrf: &str) -> Response {
    let body = format!(
        "<h1>Log out?</h1>{}<button class=\"main\">Log out</button></form>",
        form_start(action, request, csrf)
    );
    page(StatusCode::OK, "Log out", &body)
}

pub(crate) fn logged_out() -> Response {
    let body = "<h1>Logged out</h1><p>You can close this page.</p>";
    page(StatusCode::OK, "Logged out", body)
}

/// Creates the page for a request that can't be answered and has no place to be sent back to.
pub(crate) fn error(why: &str) -> Response {
    notice(
        StatusCode::BAD_REQUEST,
        "This request can't be answered",
        why,
    )
}

pub(crate) fn forbidden(why: &str) -> Response {
    notice(StatusCode::FORBIDDEN, "This form is not accepted", why)
}

pub(crate) fn no_randomness() -> Response {
    let why = "The system gives no random values; check the server's machine.";
    notice(StatusCode::INTERNAL_SERVER_ERROR, "The server failed", why)
}

/// Redirects with 303, so that the browser follows with a GET (RFC 9700, 4.12).
pub(crate) fn redirect(uri: &str) -> Response {
    (
        StatusCode::SEE_OTHER,
        [
            (LOCATION, uri),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
        ],
    )
        .into_response()
}

fn notice(status: StatusCode, title: &str, why: &str) -> Response {
    let body = format!("<h1>{}</h1><p>{}</p>", escape(title), escape(why));
    page(status, title, &body)
}

fn form_start(action: &str, request: &str, csrf: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"request\" value=\"{}\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">",
        escape(action),
        escape(request),
        escape(csrf)
    )
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{} - countersign</title><style>{STYLE}</style></head><body><main>{body}</main><footer>Development server: no passwords, never for production.</footer></body></html>",
        escape(title)
    );
    let headers: [(HeaderName, String); 5] = [
        (CONTENT_TYPE, "text/html; charset=utf-8".into()),
        (CACHE_CONTROL, "no-store".into()),
        (CONTENT_SECURITY_POLICY, policy()),
        // With `no-referrer`, browsers send `Origin: null` with the page's own form.
        (REFERRER_POLICY, "same-origin".into()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
    ];
    (status, headers, html).into_response()
}

/// Returns the content security policy. It has no `form-action`, since browsers apply it to the
/// redirect after the form too.
fn policy() -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    let hash = base64(digest(&SHA256, STYLE.as_bytes()).as_ref());
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Encodes a 32-byte hash for a policy, which accepts base64url's characters with padding.
fn base64(hash: &[u8]) -> String {
    base64url::encode(hash) + "="
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            escape("<a href=\"x\">&'"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"
        );
    }
}
