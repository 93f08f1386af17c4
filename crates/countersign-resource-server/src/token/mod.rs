//! Access tokens as JWTs (RFC 9068, and the ways in which common authorization servers differ from
//! it): what the claims say, then whether the issuer signed that.
//!
//! A token that is bound to something other than a key's thumbprint (RFC 7800 has other members,
//! and later ones may come) is neither bound as we can check it nor unbound: it is refused.

mod cache;
mod claims;
mod error;
mod policy;
mod signature;

use countersign::{
    UnixSeconds, access_token::bound_key, crypto::Algorithm, digest::Thumbprint,
    jose::jws::CompactJws,
};
use serde_json::{Map, Value};

pub(crate) use self::cache::TokenCache;
use self::{
    claims::{Facts, check_audience, check_issuer, check_kind},
    policy::is_at_jwt,
    signature::{check_algorithm, check_newer_signature, check_signature},
};
pub use self::{
    error::TokenError,
    policy::{AccessTokenPolicy, TokenTypes},
};
use crate::keys::KeySet;

/// Tokens travel in a header, which servers bound at 8 or 16 kilobytes.
const MAX_TOKEN: usize = 16 * 1024; // bytes

/// A check of an access token, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenCheck {
    /// A well-formed signed JWT.
    Syntax,
    /// `typ` is that of an access token.
    Type,
    /// `alg` is one that tokens may have.
    Algorithm,
    /// `iss` is the issuer.
    Issuer,
    /// `aud` names this API.
    Audience,
    /// The other claims are of their types, and `exp` is there.
    Claims,
    /// `cnf`, where it is there, names a key.
    Confirmation,
    /// Where `typ` doesn't say that it is an access token, no claim says that it is another JWT.
    Kind,
    /// Between `nbf` and `exp`, and `exp` is not too far ahead.
    Time,
    /// By one of the issuer's keys.
    Signature,
}

impl TokenCheck {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Syntax,
        Self::Type,
        Self::Algorithm,
        Self::Issuer,
        Self::Audience,
        Self::Claims,
        Self::Confirmation,
        Self::Kind,
        Self::Time,
        Self::Signature,
    ];
}

/// Whose tokens, for whom, and what they must be like.
#[derive(Debug)]
pub(crate) struct TokenPolicy {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) access_tokens: AccessTokenPolicy,
}

/// How a token may be presented, as it says itself.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// The key that it is bound to.
    pub(crate) confirmation: Option<Thumbprint>,
    /// Whether its header says that it is an access token.
    pub(crate) is_typed: bool,
}

impl Form {
    /// Of a token that may fail its checks. `None`: that can't be told.
    pub(crate) fn claimed_by(token: &str) -> Option<Self> {
        let jws = CompactJws::parse(token.as_bytes(), MAX_TOKEN).ok()?;
        Some(Self {
            confirmation: bound_key(jws.claims()).ok()?,
            is_typed: jws.typ().is_some_and(is_at_jwt),
        })
    }
}

/// A token that claims to be of our issuer, for us and valid now. Its signature is not yet
/// verified.
pub(crate) struct UnverifiedToken<'a> {
    jws: CompactJws<'a>,
    algorithm: Algorithm,
    facts: Facts,
}

impl<'a> UnverifiedToken<'a> {
    /// Everything that can be refused without a key is refused here, so that tokens of other
    /// issuers and expired ones never make us ask for keys.
    pub(crate) fn parse(
        text: &'a str,
        policy: &TokenPolicy,
        now: UnixSeconds,
    ) -> Result<Self, TokenError> {
        let rules = &policy.access_tokens;
        let jws = CompactJws::parse(text.as_bytes(), MAX_TOKEN).map_err(TokenError::Malformed)?;
        check_type(&jws, rules)?;
        let algorithm = check_algorithm(&jws, rules)?;
        let claims = jws.claims();
        check_issuer(claims, &policy.issuer)?;
        check_audience(claims, &policy.audience)?;
        let facts = Facts::of(claims)?;
        check_kind_unless_typed(&jws)?;
        facts.check_time(rules, now)?;
        Ok(Self {
            jws,
            algorithm,
            facts,
        })
    }

    /// The token, where one of `keys` has signed it.
    pub(crate) fn verify(&self, keys: &KeySet) -> Result<AccessToken, TokenError> {
        check_signature(&self.jws, self.algorithm, keys)?;
        Ok(self.verified())
    }

    /// As [`verify`](Self::verify), where `older` keys have been tried. `None`: the request has
    /// cost as much as one may.
    pub(crate) fn verify_by_newer(
        &self,
        keys: &KeySet,
        older: &KeySet,
    ) -> Option<Result<AccessToken, TokenError>> {
        let checked = check_newer_signature(&self.jws, self.algorithm, keys, older)?;
        Some(checked.map(|()| self.verified()))
    }

    /// Whether its header names the key that it is signed by.
    pub(crate) fn names_its_key(&self) -> bool {
        self.jws.kid().is_some()
    }

    fn verified(&self) -> AccessToken {
        AccessToken {
            claims: self.jws.claims().clone(),
            facts: self.facts.clone(),
            is_typed: self.jws.typ().is_some_and(is_at_jwt),
        }
    }
}

/// How each check of a token went, for showing it to a person: `None` where it could not be made.
pub(crate) fn examine(
    text: &str,
    policy: &TokenPolicy,
    keys: &KeySet,
    now: UnixSeconds,
) -> Vec<(TokenCheck, Option<Result<(), TokenError>>)> {
    let checks = |made: [Option<Result<(), TokenError>>; 10]| TokenCheck::ALL.into_iter().zip(made);
    let jws = match CompactJws::parse(text.as_bytes(), MAX_TOKEN) {
        Ok(jws) => jws,
        Err(error) => {
            let mut made = [const { None }; 10];
            made[0] = Some(Err(TokenError::Malformed(error)));
            return checks(made).collect();
        }
    };
    let rules = &policy.access_tokens;
    let claims = jws.claims();
    let algorithm = check_algorithm(&jws, rules);
    let facts = Facts::of(claims);
    let (claim, confirmation) = match &facts {
        Ok(_) => (Ok(()), Some(Ok(()))),
        Err(TokenError::Confirmation(error)) => {
            (Ok(()), Some(Err(TokenError::Confirmation(*error))))
        }
        Err(error) => (Err(error.clone()), None),
    };
    let facts = facts.as_ref().ok();
    let algorithm_known = algorithm.as_ref().ok().copied();
    checks([
        Some(Ok(())),
        Some(check_type(&jws, rules)),
        Some(algorithm.map(|_| ())),
        Some(check_issuer(claims, &policy.issuer)),
        Some(check_audience(claims, &policy.audience)),
        Some(claim),
        confirmation,
        Some(check_kind_unless_typed(&jws)),
        facts.map(|facts| facts.check_time(rules, now)),
        algorithm_known.map(|algorithm| check_signature(&jws, algorithm, keys)),
    ])
    .collect()
}

/// Nothing but an access token's: a proof or an ID token's relative must not pass for one (RFC
/// 9449, section 11.5; RFC 8725, section 3.11).
fn check_type(jws: &CompactJws<'_>, policy: &AccessTokenPolicy) -> Result<(), TokenError> {
    let typ = jws.header().get("typ");
    match (policy.takes(typ), typ) {
        (true, _) => Ok(()),
        (false, None) => Err(TokenError::TypeMissing),
        (false, Some(typ)) => Err(TokenError::Type {
            received: typ.as_str().map_or_else(|| typ.to_string(), str::to_owned),
        }),
    }
}

fn check_kind_unless_typed(jws: &CompactJws<'_>) -> Result<(), TokenError> {
    match jws.typ().is_some_and(is_at_jwt) {
        true => Ok(()),
        false => check_kind(jws.claims()),
    }
}

/// A token of our issuer, for us. Only [`UnverifiedToken::verify`] makes one.
pub(crate) struct AccessToken {
    claims: Map<String, Value>,
    facts: Facts,
    is_typed: bool,
}

impl AccessToken {
    /// What was true when the signature was checked may have ended.
    pub(crate) fn check_time(
        &self,
        policy: &TokenPolicy,
        now: UnixSeconds,
    ) -> Result<(), TokenError> {
        self.facts.check_time(&policy.access_tokens, now)
    }

    pub(crate) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    pub(crate) fn scope(&self) -> Option<&str> {
        self.facts.scope.as_deref()
    }

    pub(crate) fn expires_at(&self) -> UnixSeconds {
        self.facts.expires_at
    }

    pub(crate) fn confirmation(&self) -> Option<&Thumbprint> {
        self.facts.confirmation.as_ref()
    }

    pub(crate) fn form(&self) -> Form {
        Form {
            confirmation: self.facts.confirmation,
            is_typed: self.is_typed,
        }
    }
}

impl TokenPolicy {
    /// Whether an unbound token may be presented as Bearer, where this API takes unbound tokens at
    /// all.
    pub(crate) fn check_unbound(&self, form: Form) -> Result<(), TokenError> {
        match self.access_tokens.wants_type_of_unbound() && !form.is_typed {
            true => Err(TokenError::UnboundType),
            false => Ok(()),
        }
    }
}
