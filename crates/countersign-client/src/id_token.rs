//! The claims of an id_token: OpenID Connect Core 3.1.3.7 (login) and 12.2 (refresh).
//!
//! The signature is not verified: the token came straight from the token endpoint over TLS.

use countersign::jose::base64url;
use countersign::sibling::cut;

use crate::error::{Cause, ClientError, same};
use crate::platform::{Document, Platform};
use crate::text::Text;

/// How far clocks may differ after the offset is known: `Date` counts whole seconds.
const LEEWAY_SECONDS: i64 = 10;

/// Parses the payload of a JWT. Not verified.
pub(crate) fn payload<P: Platform>(platform: &P, jwt: &str) -> Option<P::Document> {
    let (_header, rest) = cut(jwt, b'.')?;
    let (payload, signature) = cut(rest, b'.')?;
    if cut(signature, b'.').is_some() {
        return None;
    }
    platform.parse(&base64url::decode(payload)?)
}

/// Makes the checks in the order of the specification. Returns the subject.
///
/// `nonce` is required at login; at a refresh it may be missing but not differ. `subject`: the
/// session's subject, at a refresh. `now`: by the server's clock, in seconds since the epoch.
pub(crate) fn check<D: Document>(
    claims: &D,
    issuer: &str,
    client_id: &str,
    nonce: &str,
    subject: Option<&Text>,
    now: i64,
) -> Result<Text, ClientError> {
    same(Cause::IdTokenIssuer, issuer, &claims.text("iss"))?;
    let audience = claims.texts("aud");
    if !audience.iter().any(|member| *member == client_id) {
        let mut details = alloc::vec![client_id];
        for member in &audience {
            details.push(member);
        }
        return Err(ClientError::new(Cause::IdTokenAudience, &details));
    }
    let authorized = claims.text("azp");
    if !authorized.is_empty() || audience.len() > 1 {
        same(Cause::IdTokenAuthorizedParty, client_id, &authorized)?;
    }
    let expiry = claims.number("exp");
    if expiry.is_nan() || expiry as i64 <= now - LEEWAY_SECONDS {
        return Err(Cause::IdTokenExpired.into());
    }
    if claims.number("iat").is_nan() {
        return Err(Cause::IdTokenIssuedAt.into());
    }
    let received = claims.text("nonce");
    if !received.is_empty() || subject.is_none() {
        same(Cause::IdTokenNonce, nonce, &received)?;
    }
    let received = claims.text("sub");
    if received.is_empty() || subject.is_some() {
        // No session has an empty subject.
        same(
            Cause::IdTokenSubject,
            subject.map_or("?", |subject| subject),
            &received,
        )?;
    }
    Ok(received)
}
