use alloc::string::String;

use serde_json::{Map, Value};

use super::error::ProofError;
use crate::NumericDate;

/// A proof's claims, of the right types (4.3, 3) and still untrusted.
pub(crate) struct Claims<'a> {
    pub(crate) htm: &'a str,
    pub(crate) htu: &'a str,
    pub(crate) iat: NumericDate,
    /// Of any type: checked in its turn (4.3, 12).
    pub(crate) ath: Option<&'a Value>,
    /// Of any type: what a wrong one means depends on whether a nonce is required.
    pub(crate) nonce: Option<&'a Value>,
    pub(crate) exp: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
}

impl<'a> Claims<'a> {
    pub(crate) fn read(
        claims: &'a Map<String, Value>,
        max_jti_bytes: usize,
    ) -> Result<Self, ProofError> {
        let jti = required(text(claims, "jti")?, "jti")?;
        if jti.len() > max_jti_bytes {
            return Err(ProofError::JtiTooLong {
                limit: max_jti_bytes,
                received: jti.len(),
            });
        }
        Ok(Self {
            htm: required(text(claims, "htm")?, "htm")?,
            htu: required(text(claims, "htu")?, "htu")?,
            iat: required(date(claims, "iat")?, "iat")?,
            ath: claims.get("ath"),
            nonce: claims.get("nonce"),
            exp: date(claims, "exp")?,
            nbf: date(claims, "nbf")?,
        })
    }

    /// Returns `ath`, if it is of its type.
    pub(crate) fn token_hash(&self) -> Result<Option<&'a str>, ProofError> {
        self.ath.map(|ath| text_of("ath", ath)).transpose()
    }

    /// Checks that a nonce that nobody asked for is absent or of the right type.
    pub(crate) fn unrequired_nonce(&self) -> Result<(), ProofError> {
        self.nonce
            .map_or(Ok(()), |nonce| text_of("nonce", nonce).map(|_| ()))
    }
}

fn required<T>(claim: Option<T>, name: &'static str) -> Result<T, ProofError> {
    claim.ok_or(ProofError::ClaimMissing { name })
}

fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, ProofError> {
    claims
        .get(name)
        .map(|value| text_of(name, value))
        .transpose()
}

fn text_of<'a>(name: &'static str, value: &'a Value) -> Result<&'a str, ProofError> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or(ProofError::ClaimType {
            name,
            expected: "a string that is not empty",
        })
}

fn date(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<NumericDate>, ProofError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match NumericDate::read(value) {
            Some(date) if date.ceiling() <= NumericDate::LATEST => Ok(Some(date)),
            _ => Err(ProofError::ClaimType {
                name,
                expected: "a number of seconds since 1970, as a JSON number",
            }),
        },
    }
}
