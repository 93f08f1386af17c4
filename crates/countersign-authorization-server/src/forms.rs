//! Ties the forms of the server's pages to the browser that got them. A form that another site
//! makes a browser send has no tag of this browser's cookie. A page on another port of the same
//! host is same-site and can set that cookie, but can't choose the `Origin` that its requests
//! carry.

use countersign::jose::base64url;
use http::{HeaderMap, HeaderValue, header::ORIGIN};

use crate::{
    secret::{NoRandomness, Purpose, random},
    state::ServerState,
};

/// Returns the tag for a form that holds `content`, and the cookie to set if the browser has none
/// yet.
pub(crate) fn protect(
    server: &ServerState,
    headers: &HeaderMap,
    purpose: Purpose,
    content: &str,
) -> Result<(String, Option<HeaderValue>), NoRandomness> {
    let (key, set_cookie) = match server.cookies.form_key(headers) {
        Some(key) => (key.to_owned(), None),
        None => {
            let key = base64url::encode(&random::<16>()?);
            let cookie = server.cookies.set_form_key(&key);
            (key, HeaderValue::try_from(cookie).ok())
        }
    };
    let tag = server
        .secret
        .tag(purpose, &[key.as_bytes(), content.as_bytes()]);
    Ok((base64url::encode(&tag), set_cookie))
}

/// Tells whether this browser got the form from us, and our page sent it back.
pub(crate) fn is_ours(
    server: &ServerState,
    headers: &HeaderMap,
    purpose: Purpose,
    content: &str,
    tag: Option<&str>,
) -> bool {
    // Our pages never send `null`: their Referrer-Policy is `same-origin`.
    let origin = server.urls.origin.as_bytes();
    let mut origins = headers.get_all(ORIGIN).iter();
    if origins.any(|sent| sent.as_bytes() != origin) {
        return false;
    }
    let tag = tag.and_then(base64url::decode);
    match (server.cookies.form_key(headers), tag) {
        (Some(key), Some(tag)) => {
            let parts = [key.as_bytes(), content.as_bytes()];
            server.secret.vouches(purpose, &parts, &tag)
        }
        _ => false,
    }
}
