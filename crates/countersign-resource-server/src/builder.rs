//! Configuration. [`ResourceServerBuilder::build`] checks every value, so that a server that starts
//! is one that can work.

use std::sync::Arc;

use countersign::{
    access_token::DpopRequirement,
    crypto::CheckSignatures,
    nonce::IssueNonce,
    proof::{Verifier, VerifierPolicy},
    replay::{InProcessReplayStore, ReplayCapacity, ReplayStore},
    resource_metadata::ResourceMetadata,
};

use crate::{
    AccessTokenPolicy, ResourceServer,
    clock::{Clock, ClockGuard},
    config::{BuildError, Issuer, IssuerKeys, PublicUrl},
    replay::UsedProofs,
    request::{Judge, Targets},
    response::Challenges,
    server::Shared,
    signatures::Signatures,
    token::{TokenCache, TokenPolicy},
};

/// Collects the configuration of a [`ResourceServer`]; [`ResourceServer::builder`] makes one.
#[must_use]
pub struct ResourceServerBuilder {
    public_url: PublicUrl,
    path_prefixes: Vec<(String, String)>,
    issuer: Issuer,
    dpop: DpopRequirement,
    nonces: Option<Arc<dyn IssueNonce>>,
    used_proofs: Option<UsedProofs>,
    clock: Option<Arc<dyn Clock>>,
    proof_policy: VerifierPolicy,
    signatures: Signatures,
    cached_tokens: usize,
    metadata: Option<ResourceMetadata>,
}

/// Live tokens whose signature is checked once; more are checked again with each request.
const CACHED_TOKENS: usize = 10_000;

impl ResourceServer {
    /// Starts the configuration of a resource server that clients call at `public_url`, for the
    /// access tokens of `issuer`.
    pub fn builder(public_url: impl Into<PublicUrl>, issuer: Issuer) -> ResourceServerBuilder {
        ResourceServerBuilder {
            public_url: public_url.into(),
            path_prefixes: Vec::new(),
            issuer,
            dpop: DpopRequirement::default(),
            nonces: None,
            used_proofs: None,
            clock: None,
            proof_policy: VerifierPolicy::default(),
            signatures: Signatures::BackEnd,
            cached_tokens: CACHED_TOKENS,
            metadata: None,
        }
    }
}

impl ResourceServerBuilder {
    /// Maps paths that begin with `inside` here to paths that begin with `outside` for clients
    /// (after the path of the [`PublicUrl`]). May be called several times; the longest prefix wins.
    /// For a proxy that rewrites paths; a router's own nesting needs nothing.
    ///
    /// The path is taken as it was sent: `/~ann` is no prefix of `/%7Eann/x`. A path here whose URL
    /// outside would lead to another path here is refused
    /// ([`Rejection::Target`](crate::Rejection::Target)). Where one path keeps its name while those
    /// around it are mapped, say so: `with_path_prefix("/health", "/health")`.
    pub fn with_path_prefix(
        mut self,
        inside: impl Into<String>,
        outside: impl Into<String>,
    ) -> Self {
        self.path_prefixes.push((inside.into(), outside.into()));
        self
    }

    /// Sets whether unbound tokens are accepted as Bearer. Default: [`DpopRequirement::Required`].
    pub fn with_dpop(mut self, requirement: DpopRequirement) -> Self {
        self.dpop = requirement;
        self
    }

    /// Requires a nonce of `issuer` in every proof (RFC 9449, section 9), so that nobody can make a
    /// proof ahead of time. Costs a client one more request now and then. Default: none. See also
    /// [`ResourceServer::requiring_nonces`].
    pub fn with_nonces(mut self, issuer: impl IssueNonce + 'static) -> Self {
        self.nonces = Some(Arc::new(issuer));
        self
    }

    /// Sets where used proofs are remembered. Default: in this process, up to 8 million at a time
    /// ([`ReplayCapacity`]), which is right for one process; several that serve the same API need a
    /// store that they share.
    pub fn with_replay_store(mut self, store: impl ReplayStore + 'static) -> Self {
        self.used_proofs = Some(UsedProofs::in_store(store));
        self
    }

    /// Sets where the time comes from. Default: [`SystemClock`](crate::SystemClock). See [`Clock`]
    /// for what happens when it jumps.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Applies what the FAPI 2.0 Security Profile asks of proofs ([`VerifierPolicy::fapi2`]) and of
    /// the issuer's access tokens ([`AccessTokenPolicy::fapi2`]), in place of the policies set
    /// before.
    pub fn with_fapi2(mut self) -> Self {
        self.issuer.policy = AccessTokenPolicy::fapi2();
        self.with_proof_policy(VerifierPolicy::fapi2())
    }

    /// Sets what proofs must be like: algorithms, age, leeway, sizes.
    pub fn with_proof_policy(mut self, policy: VerifierPolicy) -> Self {
        self.proof_policy = policy;
        self
    }

    /// Sets who checks signatures, those of tokens and of proofs. Default: the back end that the
    /// crate was built with; with the feature `rust-digests` alone there is none, and every
    /// signature is refused.
    pub fn with_signatures(mut self, signatures: impl CheckSignatures + 'static) -> Self {
        self.signatures = Signatures::Platform(Box::new(signatures));
        self
    }

    /// Sets how many validated tokens are kept until they expire. Default: 10,000.
    pub fn with_cached_tokens(mut self, count: usize) -> Self {
        self.cached_tokens = count;
        self
    }

    /// Publishes what the API says of itself (RFC 9728): challenges name the document's URL, and
    /// `ResourceServer::metadata_routes` (feature `axum`) or a route of yours serves it. Its
    /// resource is the API's identifier as clients know it, for most the public URL. The members
    /// that this configuration decides, issuer and DPoP, are filled in; all others are yours.
    /// Default: none.
    pub fn with_metadata(mut self, metadata: ResourceMetadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Builds the resource server. Reads nothing over the network yet: the issuer may be down.
    ///
    /// # Errors
    /// A [`BuildError`] for the first value that cannot be used.
    pub fn build(self) -> Result<ResourceServer, BuildError> {
        let Issuer {
            name,
            audience,
            keys,
            policy,
        } = self.issuer;
        let clock = self.clock.map_or_else(machines_clock, Ok)?;
        let keys = match keys {
            IssuerKeys::Static(keys) => keys.checked()?,
            #[cfg(feature = "remote-keys")]
            IssuerKeys::Remote(keys) => keys.checked(&name, Arc::clone(&clock))?,
        };
        if audience.is_empty() {
            return Err(BuildError::Audience);
        }
        if policy.algorithms.is_empty() {
            return Err(BuildError::NoTokenAlgorithm);
        }
        let targets = Targets::new(&self.public_url, &self.path_prefixes)?;
        let used_proofs = match self.used_proofs {
            Some(given) => given,
            None => {
                let secret = random_secret()?;
                let capacity = ReplayCapacity::default();
                UsedProofs::in_process(InProcessReplayStore::new(capacity, &secret))
            }
        };
        let is_required = self.dpop == DpopRequirement::Required;
        let metadata = self.metadata.map(|metadata| {
            metadata
                .with_authorization_servers(&[&name])
                .with_dpop(&self.proof_policy, is_required)
        });
        let shared = Shared {
            challenges: Arc::new(Challenges {
                algorithms: self.proof_policy.algs(),
                takes_bearer: !is_required,
                metadata_url: metadata.as_ref().map(ResourceMetadata::well_known_url),
            }),
            metadata,
            targets,
            judge: Judge {
                tokens: TokenPolicy {
                    issuer: name,
                    audience,
                    access_tokens: policy,
                },
                requirement: self.dpop,
                keys,
                cache: TokenCache::new(self.cached_tokens),
                verifier: Verifier::new(self.proof_policy),
                signatures: self.signatures,
                clock: ClockGuard::new(clock),
            },
            used_proofs,
        };
        Ok(ResourceServer::new(shared, self.nonces))
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn machines_clock() -> Result<Arc<dyn Clock>, BuildError> {
    Ok(Arc::new(crate::clock::SystemClock))
}

/// There is no operating system to ask; the standard library would panic.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn machines_clock() -> Result<Arc<dyn Clock>, BuildError> {
    Err(BuildError::ClockMissing)
}

#[cfg(feature = "aws-lc-rs")]
fn random_secret() -> Result<[u8; 32], BuildError> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| BuildError::Random)?;
    Ok(secret)
}

/// The crates of `rust-crypto` draw no random bytes.
#[cfg(not(feature = "aws-lc-rs"))]
fn random_secret() -> Result<[u8; 32], BuildError> {
    Err(BuildError::Random)
}
