//! The resource server: a judge of requests, the memory of used proofs, and the responses.

use std::{fmt, sync::Arc};

use countersign::{
    UnixSeconds,
    nonce::IssueNonce,
    proof::CheckOutcome,
    resource_metadata::ResourceMetadata,
    sibling::{Decide, Explain},
    target::TargetUri,
};
use http::{HeaderValue, Response, request::Parts};

use crate::{
    replay::UsedProofs,
    request::{Accepted, Authenticated, Check, Demands, Judge, Targets, check_encoding},
    response::{Challenges, Rejection},
};

/// Decides about requests by their access token and proof. Cheap to clone; clones share keys,
/// caches and the replay store.
#[derive(Clone)]
pub struct ResourceServer {
    shared: Arc<Shared>,
    nonces: Option<Arc<dyn IssueNonce>>,
    scope: Option<Arc<str>>,
}

pub(crate) struct Shared {
    pub(crate) targets: Targets,
    pub(crate) judge: Judge,
    pub(crate) used_proofs: UsedProofs,
    pub(crate) challenges: Arc<Challenges>,
    pub(crate) metadata: Option<ResourceMetadata>,
}

impl ResourceServer {
    pub(crate) fn new(shared: Shared, nonces: Option<Arc<dyn IssueNonce>>) -> Self {
        Self {
            shared: Arc::new(shared),
            nonces,
            scope: None,
        }
    }

    /// Makes the same server, where every proof must carry a nonce of `issuer`.
    #[must_use]
    pub fn requiring_nonces(&self, issuer: Arc<impl IssueNonce + 'static>) -> Self {
        Self {
            nonces: Some(issuer),
            ..self.clone()
        }
    }

    /// Makes the same server, where every token must have `scope`.
    #[must_use]
    pub fn requiring_scope(&self, scope: &str) -> Self {
        Self {
            scope: Some(scope.into()),
            ..self.clone()
        }
    }

    /// Authenticates a request: its token (signature, issuer, audience, time), its proof (RFC 9449,
    /// section 4.3), that both belong together, that the proof is new, and the scope.
    ///
    /// A proof counts as used only when everything else is in order.
    ///
    /// Keys that are read from the issuer are fetched on the tokio runtime that this is called in,
    /// with its time enabled.
    ///
    /// # Errors
    /// A [`Rejection`] with the first reason found;
    /// [`rejection_response`](Self::rejection_response) makes it a response.
    pub async fn authenticate(&self, parts: &Parts) -> Result<Authenticated, Rejection> {
        self.decide(parts, || self.shared.targets.of(parts)).await
    }

    /// Authenticates a request as [`authenticate`](Self::authenticate) does, for a caller that
    /// knows which URI the client called: the [`PublicUrl`](crate::PublicUrl) and the request's own
    /// target are not looked at. Never take `uri` from headers that a client can write, and parse
    /// it as it was sent: one that [encodes needlessly](TargetUri::check_encoding) is refused.
    /// Dot segments are already resolved here; refuse them earlier.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn authenticate_at(
        &self,
        parts: &Parts,
        uri: &TargetUri,
    ) -> Result<Authenticated, Rejection> {
        self.decide(parts, || check_encoding(uri).map(|()| uri.clone()))
            .await
    }

    /// Explains how a request for `uri` fares, for showing it to a person: every check, also those
    /// after the first that fails, as far as they can be made. Only
    /// [`authenticate_at`](Self::authenticate_at) is for a decision.
    ///
    /// The first that fails is the error of `authenticate_at`, but for a signature that
    /// `authenticate_at` has no need to look at: of a proof by another key than the token's. The
    /// replay store is not asked.
    pub async fn explain_at(
        &self,
        parts: &Parts,
        uri: &TargetUri,
    ) -> Vec<CheckOutcome<Check, Rejection>> {
        let mut sink = Explain::new();
        let target = || check_encoding(uri).map(|()| uri.clone());
        let judge = &self.shared.judge;
        let Ok(_) = judge.run(&mut sink, parts, &self.demands(), target).await;
        sink.into_outcomes()
    }

    async fn decide(
        &self,
        parts: &Parts,
        target: impl FnOnce() -> Result<TargetUri, Rejection>,
    ) -> Result<Authenticated, Rejection> {
        let judge = &self.shared.judge;
        let Ok(accepted) = judge
            .run(&mut Decide, parts, &self.demands(), target)
            .await?;
        let Accepted {
            token,
            scheme,
            proof,
            now,
        } = accepted;
        let mut authenticated =
            Authenticated::new(Arc::clone(&self.shared.challenges), token, scheme);
        if let Some(proof) = proof {
            // Last: a refused request must not use up its proof.
            self.shared.used_proofs.insert(&proof, now).await?;
            if proof.renews_nonce() {
                authenticated.set_next_nonce(self.fresh_nonce(now));
            }
        }
        Ok(authenticated)
    }

    fn demands(&self) -> Demands<'_> {
        Demands {
            nonces: self.nonces.as_deref(),
            scope: self.scope.as_deref(),
        }
    }

    /// Makes the response for a refused request: status, challenges (RFC 9449, section 7.1; RFC
    /// 6750, section 3), `DPoP-Nonce` where one is wanted, `Cache-Control: no-store`. It says the
    /// RFC's error code and no more.
    #[must_use]
    pub fn rejection_response(&self, rejection: &Rejection) -> Response<()> {
        let challenges = &self.shared.challenges;
        match self.shared.judge.now() {
            Ok(now) => challenges.response(rejection, self.fresh_nonce(now)),
            // A nonce of a moment in doubt is no answer to a client that is asked for one.
            Err(unavailable) if rejection.wants_nonce() => challenges.response(&unavailable, None),
            Err(_) => challenges.response(rejection, None),
        }
    }

    /// Gives what this API says of itself, where
    /// [`ResourceServerBuilder::with_metadata`](crate::ResourceServerBuilder::with_metadata) was
    /// called: [`to_json`](ResourceMetadata::to_json) is the document, as `application/json`, and
    /// [`well_known_path`](ResourceMetadata::well_known_path) its path on the API's host. It is
    /// public: serve it outside of the layer, and inside of CORS.
    #[must_use]
    pub fn metadata(&self) -> Option<&ResourceMetadata> {
        self.shared.metadata.as_ref()
    }

    /// Counts the requests that were refused since this server was built because the replay store
    /// called their proofs stale ([`Unavailable::Stale`](crate::Unavailable::Stale)): the clock has
    /// stepped back, or those of replicas are apart. More than zero wants a look at the clocks.
    /// Clones share the count.
    #[must_use]
    pub fn stale_rejections(&self) -> u64 {
        self.shared.used_proofs.stale_count()
    }

    fn fresh_nonce(&self, now: UnixSeconds) -> Option<HeaderValue> {
        let nonce = self.nonces.as_ref()?.issue(now);
        HeaderValue::from_str(&nonce).ok()
    }
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judge = &self.shared.judge;
        formatter
            .debug_struct("ResourceServer")
            .field("tokens", &judge.tokens)
            .field("requirement", &judge.requirement)
            .field("targets", &self.shared.targets)
            .field("cache", &judge.cache)
            .field("requires_nonces", &self.nonces.is_some())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
