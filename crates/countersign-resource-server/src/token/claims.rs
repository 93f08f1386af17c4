//! What the claims of an access token say.

use countersign::{NumericDate, UnixSeconds};
use serde_json::{Map, Value};

use super::{error::TokenError, policy::AccessTokenPolicy};

/// The tolerance for an issuer whose clock is a little ahead or behind.
const LEEWAY: i64 = 5; // seconds

/// Claims that only other JWTs of an issuer have: ID tokens (OpenID Connect Core, 2 and 3.3.2.11;
/// FAPI 1.0), logout and security event tokens (RFC 8417), JARM responses.
const OF_OTHER_JWTS: [&str; 6] = ["nonce", "at_hash", "c_hash", "s_hash", "events", "code"];
/// Keycloak's tokens say in a claim `typ` what they are; its access tokens are `Bearer` and `DPoP`.
const OTHER_TYPES: [&str; 6] = [
    "ID",
    "Refresh",
    "Offline",
    "Logout",
    "InitialAccessToken",
    "RegistrationAccessToken",
];

/// The claims that decisions use, in types.
pub(super) struct Facts {
    pub(super) expires_at: UnixSeconds,
    pub(super) not_before: Option<UnixSeconds>,
    pub(super) scope: Option<String>,
}

impl Facts {
    pub(super) fn of(claims: &Map<String, Value>) -> Result<Self, TokenError> {
        for claim in ["sub", "client_id", "azp"] {
            if claims.get(claim).is_some_and(|value| !value.is_string()) {
                return Err(TokenError::Claim { claim });
            }
        }
        // No decision uses it; if present, it must be a number (RFC 7519, 4.1.6).
        moment(claims, "iat")?;
        Ok(Self {
            expires_at: moment(claims, "exp")?.ok_or(TokenError::Claim { claim: "exp" })?,
            not_before: moment(claims, "nbf")?,
            scope: scope(claims)?,
        })
    }

    pub(super) fn check_time(
        &self,
        policy: &AccessTokenPolicy,
        now: UnixSeconds,
    ) -> Result<(), TokenError> {
        let at = self.expires_at;
        if now >= at.plus(LEEWAY) {
            return Err(TokenError::Expired { at, now });
        }
        let limit_seconds = policy.max_seconds_left();
        if at.since(now) > limit_seconds.saturating_add(LEEWAY) {
            return Err(TokenError::ExpiresTooLate {
                at,
                now,
                limit_seconds,
            });
        }
        match self.not_before {
            Some(at) if now.plus(LEEWAY) < at => Err(TokenError::NotYetValid { at, now }),
            _ => Ok(()),
        }
    }
}

/// Refuses a token whose claims say that it is not an access token. Used for tokens whose header
/// does not say what they are.
pub(super) fn check_kind(claims: &Map<String, Value>) -> Result<(), TokenError> {
    if let Some(claim) = OF_OTHER_JWTS
        .into_iter()
        .find(|claim| claims.contains_key(*claim))
    {
        return Err(TokenError::OtherJwt { claim });
    }
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
    let is_other_type = |typ: &str| OTHER_TYPES.iter().any(|one| typ.eq_ignore_ascii_case(one));
    if claims.contains_key("typ") && text("typ").is_none_or(is_other_type) {
        return Err(TokenError::OtherJwt { claim: "typ" });
    }
    // An access token is issued for a user or a client.
    match ["sub", "client_id", "azp"]
        .into_iter()
        .any(|claim| text(claim).is_some_and(|name| !name.is_empty()))
    {
        true => Ok(()),
        false => Err(TokenError::Nobody),
    }
}

pub(super) fn check_issuer(claims: &Map<String, Value>, expected: &str) -> Result<(), TokenError> {
    match claims.get("iss") {
        Some(Value::String(issuer)) if issuer == expected => Ok(()),
        Some(Value::String(issuer)) => Err(TokenError::Issuer {
            expected: expected.to_owned(),
            received: issuer.clone(),
        }),
        _ => Err(TokenError::Claim { claim: "iss" }),
    }
}

/// Checks `aud`: a string, or an array of strings (RFC 7519, section 4.1.3).
pub(super) fn check_audience(
    claims: &Map<String, Value>,
    expected: &str,
) -> Result<(), TokenError> {
    let malformed = TokenError::Claim { claim: "aud" };
    let received = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(malformed)?,
        _ => return Err(malformed),
    };
    match received.iter().any(|one| one == expected) {
        true => Ok(()),
        false => Err(TokenError::Audience {
            expected: expected.to_owned(),
            received,
        }),
    }
}

/// A [`NumericDate`], rounded up.
fn moment(
    claims: &Map<String, Value>,
    claim: &'static str,
) -> Result<Option<UnixSeconds>, TokenError> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    match NumericDate::read(value) {
        Some(date) => Ok(Some(date.ceiling())),
        None => Err(TokenError::Claim { claim }),
    }
}

/// Reads `scope`, or else `scp`, which is a string or an array.
fn scope(claims: &Map<String, Value>) -> Result<Option<String>, TokenError> {
    if let Some(scope) = claims.get("scope") {
        let text = scope.as_str().ok_or(TokenError::Claim { claim: "scope" })?;
        return Ok(Some(text.to_owned()));
    }
    match claims.get("scp") {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(list)) => {
            let names: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
            let names = names.ok_or(TokenError::Claim { claim: "scp" })?;
            Ok(Some(names.join(" ")))
        }
        Some(_) => Err(TokenError::Claim { claim: "scp" }),
    }
}
