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
    jose::jws::CompactJws, sibling::Sink,
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
use crate::{keys::KeySet, signatures::Signatures};

/// Tokens travel in a header, which servers limit to 8 or 16 kilobytes.
const MAX_TOKEN: usize = 16 * 1024; // bytes

/// A check of an access token, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenCheck {
    /// It is a well-formed signed JWT.
    Syntax,
    /// `typ` is that of an access token.
    Type,
    /// `alg` is one that tokens may have.
    Algorithm,
    /// `iss` is the issuer.
    Issuer,
    /// `aud` names this API.
    Audience,
    /// The other claims have their types, and `exp` is present.
    Claims,
    /// `cnf`, if present, names a key.
    Confirmation,
    /// If `typ` doesn't say that it is an access token, no claim says that it is another JWT.
    Kind,
    /// The time is between `nbf` and `exp`, and `exp` is not too far ahead.
    Time,
    /// It is signed by one of the issuer's keys.
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

/// The issuer of tokens, their audience, and what they must be like.
#[derive(Debug)]
pub(crate) struct TokenPolicy {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) access_tokens: AccessTokenPolicy,
}

/// A token that has been read, and whose claims have been checked. Its signature is not yet
/// verified. `M` stands for what an explanation may lack.
pub(crate) struct UnverifiedToken<'a, M> {
    jws: Result<CompactJws<'a>, M>,
    algorithm: Result<Algorithm, M>,
    facts: Result<Facts, M>,
    bound_key: Result<Option<Thumbprint>, M>,
}

impl<'a, M: Copy> UnverifiedToken<'a, M> {
    /// Makes every check but that of the signature. A token of another issuer or an expired one is
    /// refused here, before the issuer is asked for keys.
    ///
    /// # Errors
    /// Those of the sink.
    pub(crate) fn read<S: Sink<TokenCheck, TokenError, Missing = M>>(
        sink: &mut S,
        text: &'a str,
        policy: &TokenPolicy,
        now: UnixSeconds,
    ) -> Result<Self, S::Stop> {
        let rules = &policy.access_tokens;
        let parsed = CompactJws::parse(text.as_bytes(), MAX_TOKEN).map_err(TokenError::Malformed);
        let parsed = sink.find(TokenCheck::Syntax, Ok(parsed))?;
        let jws = as_ref(&parsed);
        let claims = jws.map(CompactJws::claims);
        sink.check(TokenCheck::Type, jws.map(|jws| check_type(jws, rules)))?;
        let algorithm = jws.map(|jws| check_algorithm(jws, rules));
        let algorithm = sink.find(TokenCheck::Algorithm, algorithm)?;
        let issuer = claims.map(|claims| check_issuer(claims, &policy.issuer));
        sink.check(TokenCheck::Issuer, issuer)?;
        let audience = claims.map(|claims| check_audience(claims, &policy.audience));
        sink.check(TokenCheck::Audience, audience)?;
        let facts = sink.find(TokenCheck::Claims, claims.map(Facts::of))?;
        let bound_key = claims.map(|claims| bound_key(claims).map_err(TokenError::Confirmation));
        let bound_key = sink.find(TokenCheck::Confirmation, bound_key)?;
        sink.check(TokenCheck::Kind, jws.map(check_kind_unless_typed))?;
        let time = as_ref(&facts).map(|facts| facts.check_time(rules, now));
        sink.check(TokenCheck::Time, time)?;
        Ok(Self {
            jws: parsed,
            algorithm,
            facts,
            bound_key,
        })
    }

    /// The key that it says it is bound to.
    pub(crate) fn bound_key(&self) -> Result<Option<Thumbprint>, M> {
        self.bound_key
    }

    /// Whether its header says that it is an access token.
    pub(crate) fn is_typed(&self) -> Result<bool, M> {
        as_ref(&self.jws).map(is_typed)
    }

    /// Whether its header names the key that it is signed by.
    pub(crate) fn names_its_key(&self) -> Result<bool, M> {
        as_ref(&self.jws).map(|jws| jws.kid().is_some())
    }

    /// Verifies that one of `keys` signed it.
    pub(crate) async fn verify(
        &self,
        keys: &KeySet,
        signatures: &Signatures,
    ) -> Result<Result<(), TokenError>, M> {
        let jws = as_ref(&self.jws)?;
        Ok(check_signature(jws, self.algorithm?, keys, signatures).await)
    }

    /// Verifies as [`verify`](Self::verify) does, after `older` keys have been tried. `None`: the
    /// request has cost as much as one may.
    pub(crate) async fn verify_by_newer(
        &self,
        keys: &KeySet,
        older: &KeySet,
        signatures: &Signatures,
    ) -> Result<Option<Result<(), TokenError>>, M> {
        let jws = as_ref(&self.jws)?;
        Ok(check_newer_signature(jws, self.algorithm?, keys, older, signatures).await)
    }

    /// Gives the token. Only for a caller that has seen every check pass, that of the signature
    /// too.
    pub(crate) fn verified(self) -> Result<AccessToken, M> {
        let jws = self.jws?;
        Ok(AccessToken {
            is_typed: is_typed(&jws),
            facts: self.facts?,
            bound_key: self.bound_key?,
            claims: jws.into_claims(),
        })
    }
}

fn as_ref<T, M: Copy>(found: &Result<T, M>) -> Result<&T, M> {
    found.as_ref().map_err(|missing| *missing)
}

fn is_typed(jws: &CompactJws<'_>) -> bool {
    jws.typ().is_some_and(is_at_jwt)
}

/// Checks that `typ` is that of an access token: a proof or another JWT must not pass for one (RFC
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
    match is_typed(jws) {
        true => Ok(()),
        false => check_kind(jws.claims()),
    }
}

/// A validated token of the issuer, for this API. Only [`UnverifiedToken::verified`] makes one.
pub(crate) struct AccessToken {
    claims: Map<String, Value>,
    facts: Facts,
    bound_key: Option<Thumbprint>,
    is_typed: bool,
}

impl AccessToken {
    /// Checks the time again: it has passed since the signature was checked.
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

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        let granted = self.scope();
        granted.is_some_and(|granted| granted.split(' ').any(|one| one == scope))
    }

    pub(crate) fn thumbprint(&self) -> Option<&Thumbprint> {
        self.bound_key.as_ref()
    }

    pub(crate) fn bound_key(&self) -> Option<Thumbprint> {
        self.bound_key
    }

    pub(crate) fn is_typed(&self) -> bool {
        self.is_typed
    }
}

impl TokenPolicy {
    /// Checks that a token may be presented as Bearer although its header does not say that it is
    /// an access token. For an API that accepts unbound tokens at all.
    pub(crate) fn check_untyped_bearer(&self) -> Result<(), TokenError> {
        match self.access_tokens.wants_type_of_unbound() {
            true => Err(TokenError::UnboundType),
            false => Ok(()),
        }
    }
}
