//! The claims of an id_token: OpenID Connect Core 3.1.3.7 (login) and 12.2 (refresh).
//!
//! Not the signature: the token came straight from the token endpoint over TLS.

use alloc::string::String;

use countersign::base64url;

use crate::error::{Cause, ClientError};
use crate::platform::{Document, Platform};

/// Clocks may differ by this much after the offset is known: `Date` counts whole seconds.
const LEEWAY_SECONDS: i64 = 10;

/// What the id_token has to say.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// Must be there at login; at a refresh it may be missing, never another one.
    pub(crate) nonce: &'a str,
    /// At a refresh: whose session it is.
    pub(crate) subject: Option<&'a str>,
    /// By the server's clock, seconds since the epoch.
    pub(crate) now: i64,
}

/// The payload of a JWT, unverified.
pub(crate) fn payload<P: Platform>(platform: &P, jwt: &str) -> Option<P::Document> {
    let mut parts = jwt.as_bytes().split(|&byte| byte == b'.');
    let payload = parts.nth(1)?;
    if parts.count() != 1 {
        return None;
    }
    platform.parse(&base64url::decode(core::str::from_utf8(payload).ok()?)?)
}

/// The checks in the order of the specification. Returns the subject.
pub(crate) fn check<D: Document>(
    claims: &D,
    expected: &Expected<'_>,
) -> Result<String, ClientError> {
    let issuer = claims.text("iss").unwrap_or_default();
    if issuer != expected.issuer {
        return Err(ClientError::new(
            Cause::IdTokenIssuer,
            &[expected.issuer, &issuer],
        ));
    }
    let audience = claims.texts("aud").unwrap_or_default();
    if !audience.iter().any(|member| member == expected.client_id) {
        return Err(ClientError::new(
            Cause::IdTokenAudience,
            &[expected.client_id, &audience.join(" ")],
        ));
    }
    let authorized = claims.text("azp");
    if authorized
        .as_deref()
        .map_or(audience.len() > 1, |party| party != expected.client_id)
    {
        let received = authorized.unwrap_or_default();
        return Err(ClientError::new(
            Cause::IdTokenAuthorizedParty,
            &[expected.client_id, &received],
        ));
    }
    if claims
        .number("exp")
        .is_none_or(|expiry| expiry as i64 <= expected.now - LEEWAY_SECONDS)
    {
        return Err(Cause::IdTokenExpired.into());
    }
    if claims.number("iat").is_none() {
        return Err(Cause::IdTokenIssuedAt.into());
    }
    let nonce = claims.text("nonce");
    if nonce
        .as_deref()
        .map_or(expected.subject.is_none(), |nonce| nonce != expected.nonce)
    {
        return Err(Cause::IdTokenNonce.into());
    }
    let subject = claims.text("sub").unwrap_or_default();
    if subject.is_empty() || expected.subject.is_some_and(|known| known != subject) {
        return Err(ClientError::new(
            Cause::IdTokenSubject,
            &[expected.subject.unwrap_or_default(), &subject],
        ));
    }
    Ok(subject)
}
