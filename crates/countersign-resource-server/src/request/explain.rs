//! Every check of a request, for showing them to a person.

use countersign::{
    access_token::{Credentials, Scheme},
    crypto::sha256,
    digest::Ath,
    proof::{BoundToken, CheckOutcome, DpopField, ProofCheck, ProofError},
    target::TargetUri,
};
use http::{header::AUTHORIZATION, request::Parts};

use crate::{
    Rejection, ResourceServer, Thumbprint,
    headers::DPOP,
    server::{encoded_target, fields, unavailable},
    token::{self, Form, TokenCheck},
};

/// A check of a request, in the order in which they decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// One `Authorization` field, with a scheme that is known and one token.
    Credentials,
    /// Not more than one `DPoP` field, and no list in it.
    ProofCount,
    /// One of the token's.
    Token(TokenCheck),
    /// A bound token under DPoP, an unbound one as Bearer.
    Form,
    /// One of the proof's.
    Proof(ProofCheck),
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Examined {
    /// Which one.
    pub check: Check,
    /// `None`: it could not be made, since it needs what another one found wanting.
    pub outcome: Option<Result<(), Rejection>>,
}

impl ResourceServer {
    /// Every check of a request for `uri`, also those after the first that fails, as far as they can be made. The first
    /// that fails is what [`authenticate_at`](Self::authenticate_at) refuses the request for, which alone is for a
    /// decision; the replay store and the scope are not asked.
    ///
    /// # Errors
    /// [`Rejection::Unavailable`] when the issuer's keys can't be had, or the time is in doubt.
    pub async fn examine_at(
        &self,
        parts: &Parts,
        uri: &TargetUri,
    ) -> Result<Vec<Examined>, Rejection> {
        let shared = self.shared();
        let mut list = Vec::new();
        let mut note = |check, outcome| list.push(Examined { check, outcome });
        let authorization = fields(parts, AUTHORIZATION);
        let credentials = Credentials::parse(&authorization);
        let outcome = credentials.map(|_| ()).map_err(Rejection::Credentials);
        note(Check::Credentials, Some(outcome));
        let proofs = fields(parts, DPOP);
        let field = DpopField::parse(&proofs);
        let count = field.clone().map(|_| ()).map_err(Rejection::Proof);
        note(Check::ProofCount, Some(count));
        let Ok(credentials) = credentials else {
            return Ok(list);
        };

        let keys = shared.keys.current().await.map_err(unavailable)?;
        let now = shared.now()?;
        for (check, outcome) in token::examine(credentials.token, &shared.tokens, &keys.set, now) {
            let outcome = outcome.map(|result| result.map_err(Rejection::Token));
            note(Check::Token(check), outcome);
        }
        // Read again: a token that fails its checks still says whose it claims to be.
        let claimed = Form::claimed_by(credentials.token);
        let form = claimed.map(|form| shared.check_form(credentials.scheme, form));
        note(
            Check::Form,
            form.map(|result| result.map_err(Rejection::Token)),
        );
        if credentials.scheme == Scheme::Dpop {
            let thumbprint = claimed.and_then(|form| form.confirmation);
            let token = BoundToken::new(
                Ath::from_digest(sha256(credentials.token.as_bytes())),
                thumbprint.unwrap_or(Thumbprint::from_digest([0; 32])),
            );
            let expected = self.expected(parts, uri, token);
            // Of several proofs, none can be looked at.
            let explained = field
                .map(|field| shared.verifier.explain(field, &expected, now))
                .unwrap_or_default();
            for CheckOutcome { check, outcome, .. } in explained {
                let has_no_key = check == ProofCheck::Binding && thumbprint.is_none();
                let outcome = outcome.filter(|_| !has_no_key);
                let rejection = |error| match error {
                    ProofError::RequestUri { .. } => encoded_target(uri),
                    error => Rejection::Proof(error),
                };
                let outcome = outcome.map(|result| result.map_err(rejection));
                note(Check::Proof(check), outcome);
            }
        }
        Ok(list)
    }
}
