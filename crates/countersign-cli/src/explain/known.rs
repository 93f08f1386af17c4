//! What is known of the server: by flags, or else from the request itself.

use countersign::{UnixSeconds, crypto::Algorithm, jose::jws::CompactJws};
use serde_json::Value;

use super::{
    case::Policy,
    input::{Captured, Moment},
};
use crate::machine;

/// The server as the flags describe it.
pub(super) struct Known {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) jwks: Option<String>,
    pub(super) now: Option<i64>,
    pub(super) nonce: Option<String>,
    pub(super) requires_dpop: bool,
    pub(super) lenient_tokens: bool,
    /// Empty: the default algorithms.
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) takes_costly_rsa_keys: bool,
    /// The URL that the server believes it was called by.
    pub(super) url: Option<String>,
}

impl Known {
    /// Returns a policy from the flags, and from the token for what the flags leave open.
    pub(super) fn policy(&self, token: Option<&CompactJws<'_>>) -> Policy {
        let claim = |name: &str| token.and_then(|token| first_text(token.claims().get(name)));
        let or = |flag: &Option<String>, claim: Option<String>, otherwise: &str| {
            let value = flag.clone().or(claim);
            value.unwrap_or_else(|| otherwise.to_owned())
        };
        Policy {
            issuer: or(&self.issuer, claim("iss"), ""),
            audience: or(&self.audience, claim("aud"), "-"),
            jwks: or(&self.jwks, None, r#"{"keys":[]}"#),
            requires_dpop: self.requires_dpop,
            lenient_tokens: self.lenient_tokens,
            nonce: self.nonce.clone(),
            algorithms: (!self.algorithms.is_empty()).then(|| self.algorithms.clone()),
            takes_costly_rsa_keys: self.takes_costly_rsa_keys,
        }
    }

    /// Returns when the request was received: as the flags, the input or this machine say.
    pub(super) fn moment(&self, captured: &Captured) -> Moment {
        let given = self.now.map(|now| Moment {
            now: UnixSeconds(now),
            source: "--now",
        });
        given.or(captured.at).unwrap_or_else(|| Moment {
            now: machine::now(),
            source: "this machine's clock",
        })
    }
}

fn first_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Array(several) => several.first()?.as_str().map(str::to_owned),
        _ => None,
    }
}
