//! The checks of one request, in their order: one sequence. The sink makes it decide or explain.

use std::sync::Arc;

use countersign::{
    UnixSeconds,
    access_token::{Credentials, DpopRequirement, Presentation, Scheme},
    crypto::sha256,
    digest::{Ath, Thumbprint},
    nonce::IssueNonce,
    proof::{DpopField, NonceCheck, VerifiedProof, Verifier},
    sibling::{ExpectedParts, Sink},
    target::TargetUri,
};
use http::{header::AUTHORIZATION, request::Parts};

use super::{check::Check, fields::Fields};
use crate::{
    clock::ClockGuard,
    headers::DPOP,
    keys::{Keys, Newer},
    response::{Rejection, Unavailable},
    signatures::Signatures,
    token::{AccessToken, TokenCache, TokenCheck, TokenError, TokenPolicy, UnverifiedToken},
};

/// The configuration that requests are checked against.
pub(crate) struct Judge {
    pub(crate) tokens: TokenPolicy,
    pub(crate) requirement: DpopRequirement,
    pub(crate) keys: Keys,
    pub(crate) cache: TokenCache,
    pub(crate) verifier: Verifier,
    pub(crate) signatures: Signatures,
    pub(crate) clock: ClockGuard,
}

/// What one route demands.
pub(crate) struct Demands<'a> {
    pub(crate) nonces: Option<&'a dyn IssueNonce>,
    pub(crate) scope: Option<&'a str>,
}

/// A request that passed every check except replay.
pub(crate) struct Accepted {
    pub(crate) token: Arc<AccessToken>,
    pub(crate) scheme: Scheme,
    pub(crate) proof: Option<VerifiedProof>,
    pub(crate) now: UnixSeconds,
}

/// What is known of a token after its checks. `M`: what an explanation may lack.
struct Checked<M> {
    token: Result<Arc<AccessToken>, M>,
    bound_key: Result<Option<Thumbprint>, M>,
    is_typed: Result<bool, M>,
    /// Read anew where the issuer's keys may have taken seconds to come.
    now: Result<UnixSeconds, M>,
}

impl Judge {
    /// Every check of a request, in this order: the `Authorization` fields, the number of proofs,
    /// the token, how it is presented, the target, the proof, the scope. `target` gives the URI
    /// that the client called; it is asked for only where a proof is looked at.
    ///
    /// # Errors
    /// The sink's errors; with `Decide`, the first failed check.
    pub(crate) async fn run<S: Sink<Check, Rejection>>(
        &self,
        sink: &mut S,
        parts: &Parts,
        demands: &Demands<'_>,
        target: impl FnOnce() -> Result<TargetUri, Rejection>,
    ) -> Result<Result<Accepted, S::Missing>, S::Stop> {
        let fields = Fields::of(parts, AUTHORIZATION);
        let credentials = Credentials::parse(&fields).map_err(Rejection::Credentials);
        let credentials = sink.find(Check::Credentials, Ok(credentials))?;
        let fields = Fields::of(parts, DPOP);
        let field = DpopField::parse(&fields).map_err(Rejection::Proof);
        let field = sink.find(Check::ProofCount, Ok(field))?;
        let Credentials { scheme, token, .. } = match credentials {
            Ok(credentials) => credentials,
            Err(missing) => return Ok(Err(missing)),
        };

        let hash = sha256(token.as_bytes());
        let Checked {
            token,
            bound_key,
            is_typed,
            now,
        } = self.token(sink, token, hash).await?;
        let presentation = bound_key.and_then(|key| Ok(self.presentation(scheme, key, is_typed?)));
        let presentation = presentation.map(|result| result.map_err(Rejection::Token));
        let presentation = sink.find(Check::Presentation, presentation)?;
        let now = match now {
            Ok(now) => now,
            Err(missing) => return Ok(Err(missing)),
        };
        let proven_key = match presentation {
            Ok(Presentation::Dpop { key }) => Some(Ok(key)),
            Ok(Presentation::Bearer) => None,
            Err(missing) => (scheme == Scheme::Dpop).then_some(Err(missing)),
        };
        let proof = match proven_key {
            None => None,
            Some(key) => {
                let uri = sink.find(Check::Target, Ok(target()))?;
                let expected = ExpectedParts {
                    method: parts.method.as_str(),
                    uri: uri.as_ref().map_err(|missing| *missing),
                    token: Some((Ath::from_digest(hash), key)),
                    nonce: match demands.nonces {
                        Some(issuer) => NonceCheck::Required(issuer),
                        None => NonceCheck::NotRequired,
                    },
                };
                let mut inner = S::inner();
                let signatures = &self.signatures;
                let proof = self
                    .verifier
                    .run(&mut inner, field, &expected, now, signatures);
                let proof = proof.await;
                Some(sink.absorb(inner, proof, Check::Proof, Rejection::Proof)?)
            }
        };
        if let Some(scope) = demands.scope {
            let token = token.as_ref().map_err(|missing| *missing);
            sink.check(Check::Scope, token.map(|token| check_scope(token, scope)))?;
        }
        let accepted = || {
            sink.passed()?;
            Ok(Accepted {
                token: token?,
                scheme,
                proof: proof.transpose()?,
                now,
            })
        };
        Ok(accepted())
    }

    /// The present moment, while it is not in doubt.
    pub(crate) fn now(&self) -> Result<UnixSeconds, Rejection> {
        let now = self.clock.now().map_err(Unavailable::from);
        Ok(now?)
    }

    fn clock<S: Sink<Check, Rejection>>(
        &self,
        sink: &mut S,
    ) -> Result<Result<UnixSeconds, S::Missing>, S::Stop> {
        match self.now() {
            Ok(now) => Ok(Ok(now)),
            Err(in_doubt) => sink.find(Check::Clock, Ok(Err(in_doubt))),
        }
    }

    /// The token's checks. To decide, those of a token of the cache are not repeated, but for what
    /// may have ended since: the token's time, and its key's standing with the issuer.
    async fn token<S: Sink<Check, Rejection>>(
        &self,
        sink: &mut S,
        text: &str,
        hash: [u8; 32],
    ) -> Result<Checked<S::Missing>, S::Stop> {
        let now = match self.clock(sink)? {
            Ok(now) => now,
            Err(missing) => return Ok(Checked::nothing(missing)),
        };
        if S::DECIDES
            && let Some(cached) = self.cache.get(&hash)
        {
            let time = cached.token.check_time(&self.tokens, now);
            if time.is_err() {
                self.cache.remove(&hash);
            }
            let time = time.map_err(Rejection::Token);
            sink.check(Check::Token(TokenCheck::Time), Ok(time))?;
            if self.keys.fresh(now) == Some(cached.generation) {
                return Ok(Checked::of(cached.token, Ok(now)));
            }
            let keys = self.keys.current().await.map_err(unavailable);
            let keys = sink.find(Check::Token(TokenCheck::Signature), Ok(keys))?;
            if keys.is_ok_and(|keys| keys.number == cached.generation) {
                return Ok(Checked::of(cached.token, self.clock(sink)?));
            }
        }
        let mut inner = S::inner();
        let unverified = UnverifiedToken::read(&mut inner, text, &self.tokens, now);
        let unverified = sink.absorb(inner, unverified, Check::Token, Rejection::Token)?;
        let (bound_key, is_typed) = (unverified.bound_key(), unverified.is_typed());
        let has_passed = sink.passed();
        let generation = self.verify(&unverified, has_passed.is_ok()).await;
        let generation = sink.find(Check::Token(TokenCheck::Signature), generation)?;
        let token = || {
            sink.passed()?;
            let (token, generation) = (Arc::new(unverified.verified()?), generation?);
            if S::DECIDES {
                self.cache.insert(hash, generation, Arc::clone(&token));
            }
            Ok(token)
        };
        Ok(Checked {
            token: token(),
            bound_key,
            is_typed,
            now: self.clock(sink)?,
        })
    }

    /// Verifies a token's signature, and gives the generation of the keys that it is by.
    /// `is_worth_it`: where it is by none of those at hand, the issuer may be asked for newer ones.
    async fn verify<M: Copy>(
        &self,
        token: &UnverifiedToken<'_, M>,
        is_worth_it: bool,
    ) -> Result<Result<u64, Rejection>, M> {
        let names_its_key = token.names_its_key()?;
        let keys = match self.keys.current().await {
            Ok(keys) => keys,
            Err(cause) => return Ok(Err(unavailable(cause))),
        };
        let verified = token.verify(&keys.set, &self.signatures).await?;
        // Either may be for the issuer's new key: one with a new name, or without, or in the place
        // of another.
        let may_be_newer = matches!(
            verified,
            Err(TokenError::UnknownKey { .. } | TokenError::Signature)
        );
        if !may_be_newer || !is_worth_it {
            return Ok(verified.map(|()| keys.number).map_err(Rejection::Token));
        }
        let is_its_key_known = names_its_key && verified == Err(TokenError::Signature);
        let not_now = Rejection::Unavailable(Unavailable::UnknownKey);
        Ok(match self.keys.newer(keys.number).await {
            Ok(Newer::Keys(newer)) => match token
                .verify_by_newer(&newer.set, &keys.set, &self.signatures)
                .await?
            {
                Some(verified) => verified.map(|()| newer.number).map_err(Rejection::Token),
                None => Err(not_now),
            },
            // Others have spent what the issuer may be asked; that is no fault of this token's.
            // If a key with this `kid` exists, the signature is forged.
            Ok(Newer::NotNow) if !is_its_key_known => Err(not_now),
            Ok(Newer::NotNow | Newer::None) => {
                verified.map(|()| keys.number).map_err(Rejection::Token)
            }
            Err(cause) => Err(unavailable(cause)),
        })
    }

    /// Whether a token that is bound in this way may be presented in this one.
    fn presentation(
        &self,
        scheme: Scheme,
        bound_key: Option<Thumbprint>,
        is_typed: bool,
    ) -> Result<Presentation, TokenError> {
        let presentation = Presentation::of(scheme, bound_key, self.requirement)?;
        match presentation {
            Presentation::Bearer if !is_typed => self.tokens.check_untyped_bearer()?,
            _ => {}
        }
        Ok(presentation)
    }
}

impl<M: Copy> Checked<M> {
    fn of(token: Arc<AccessToken>, now: Result<UnixSeconds, M>) -> Self {
        Self {
            bound_key: Ok(token.bound_key()),
            is_typed: Ok(token.is_typed()),
            token: Ok(token),
            now,
        }
    }

    fn nothing(missing: M) -> Self {
        Self {
            token: Err(missing),
            bound_key: Err(missing),
            is_typed: Err(missing),
            now: Err(missing),
        }
    }
}

pub(super) fn check_scope(token: &AccessToken, required: &str) -> Result<(), Rejection> {
    match token.has_scope(required) {
        true => Ok(()),
        false => Err(Rejection::Scope {
            required: required.to_owned(),
        }),
    }
}

fn unavailable(cause: impl Into<Unavailable>) -> Rejection {
    Rejection::Unavailable(cause.into())
}
