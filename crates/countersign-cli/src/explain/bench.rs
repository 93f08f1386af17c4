//! A resource server at the time that the input gives.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use countersign::{UnixSeconds, sibling::with_causes, target::TargetUri};
use countersign_resource_server::{
    AccessTokenPolicy, Authenticated, Check, CheckNonce, CheckOutcome, DpopRequirement,
    InProcessReplayStore, IssueNonce, Issuer, NonceStatus, ProofError, Rejection, ResourceServer,
    StaticKeys, VerifierPolicy,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, request::Parts};
use tokio::runtime::{self, Runtime};

use super::case::{Policy, Request};
use crate::machine::random_secret;

/// How many proofs can be live at once. Memory is taken as they come.
const REMEMBERED_PROOFS: usize = 4_000_000;

/// Decides on requests one after the other. All share one replay store.
pub(super) struct Bench {
    runtime: Runtime,
    now: Arc<AtomicI64>,
    replay: Arc<InProcessReplayStore>,
    /// The server of the last policy. The next line mostly has the same policy.
    server: Option<(Policy, ResourceServer)>,
}

/// A request that an HTTP server would pass on.
pub(super) struct Received {
    parts: Parts,
    pub(super) uri: TargetUri,
}

/// The only nonce of a server.
struct Fixed(String);

impl Bench {
    pub(super) fn new() -> Result<Self, String> {
        let secret = random_secret()?;
        Ok(Self {
            runtime: runtime::Builder::new_current_thread()
                .build()
                .map_err(|error| error.to_string())?,
            now: Arc::new(AtomicI64::new(0)),
            replay: Arc::new(InProcessReplayStore::new(REMEMBERED_PROOFS, &secret)),
            server: None,
        })
    }

    /// Decides as a resource server with this policy does at `now`. The outer error means that no
    /// server can have this policy.
    pub(super) fn judge(
        &mut self,
        policy: &Policy,
        request: &Received,
        now: UnixSeconds,
    ) -> Result<Result<Authenticated, Rejection>, String> {
        self.now.store(now.0, Ordering::Relaxed);
        let server = match self.server.take() {
            Some((of, server)) if of == *policy => server,
            _ => self.build(policy)?,
        };
        let judged = self.runtime.block_on(async {
            let judged = server.authenticate_at(&request.parts, &request.uri);
            match judged.await {
                Err(Rejection::Proof(error @ ProofError::KeyMismatch { .. })) => {
                    let first = first_reason(&server, request).await;
                    Err(first.unwrap_or(Rejection::Proof(error)))
                }
                judged => judged,
            }
        });
        self.server = Some((policy.clone(), server));
        Ok(judged)
    }

    /// Makes every check of the request, even if others fail.
    pub(super) fn explain(
        &mut self,
        policy: &Policy,
        request: &Received,
        now: UnixSeconds,
    ) -> Result<Vec<CheckOutcome<Check, Rejection>>, String> {
        self.now.store(now.0, Ordering::Relaxed);
        let server = self.build(policy)?;
        let explained = server.explain_at(&request.parts, &request.uri);
        Ok(self.runtime.block_on(explained))
    }

    fn build(&self, policy: &Policy) -> Result<ResourceServer, String> {
        let now = Arc::clone(&self.now);
        let keys = StaticKeys::as_they_are(&policy.jwks);
        let issuer = Issuer::from_keys(&policy.issuer, &policy.audience, keys).with_policy(
            match policy.lenient_tokens {
                true => AccessTokenPolicy::lenient().with_max_time_left(Duration::MAX),
                false => AccessTokenPolicy::default(),
            },
        );
        // The URL is never used: each request names its own.
        let mut builder = ResourceServer::builder("https://localhost", issuer)
            .with_dpop(match policy.requires_dpop {
                true => DpopRequirement::Required,
                false => DpopRequirement::Optional,
            })
            .with_replay_store(Arc::clone(&self.replay))
            .with_clock(move || UnixSeconds(now.load(Ordering::Relaxed)));
        let mut proofs = VerifierPolicy::default();
        if let Some(algorithms) = &policy.algorithms {
            proofs = proofs.with_algorithms(algorithms);
        }
        if policy.takes_costly_rsa_keys {
            proofs = proofs.with_costly_rsa_keys();
        }
        builder = builder.with_proof_policy(proofs);
        if let Some(nonce) = &policy.nonce {
            builder = builder.with_nonces(Fixed(nonce.clone()));
        }
        builder.build().map_err(|error| with_causes(&error))
    }
}

/// Returns why a proof by another key than the token's is refused, in the RFC's order. A server
/// doesn't verify the signature of such a proof. Here it is worth the work, since the user asks for
/// it.
async fn first_reason(server: &ResourceServer, request: &Received) -> Option<Rejection> {
    let explained = server.explain_at(&request.parts, &request.uri).await;
    explained.into_iter().find_map(|one| one.outcome?.err())
}

impl Received {
    /// Reads the request as an HTTP server does. The error says why a server would refuse it.
    pub(super) fn of(request: &Request) -> Result<Self, String> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| "the method is not an HTTP token")?;
        let uri = TargetUri::parse(&request.url)
            .map_err(|error| format!("the URL is not one that a request can be for: {error}"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| "a header's name is not an HTTP token")?;
            let value = value.trim_matches([' ', '\t']);
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                format!("the value of the header `{name}` holds a control character")
            })?;
            headers
                .try_append(name, value)
                .map_err(|_| "there are too many headers")?;
        }
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = method;
        parts.headers = headers;
        Ok(Self { parts, uri })
    }
}

impl CheckNonce for Fixed {
    fn check(&self, nonce: &str, _now: UnixSeconds) -> NonceStatus {
        match nonce == self.0 {
            true => NonceStatus::Fresh,
            false => NonceStatus::NotOurs,
        }
    }
}

impl IssueNonce for Fixed {
    fn issue(&self, _now: UnixSeconds) -> String {
        self.0.clone()
    }
}
