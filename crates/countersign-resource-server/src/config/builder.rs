//! Configuration. Every value is checked in [`ResourceServerBuilder::build`], so that a server that
//! starts is one that can work.

use std::{sync::Arc, time::Duration};

use countersign::{
    nonce::IssueNonce,
    proof::{Verifier, VerifierPolicy},
    replay::{InProcessReplayStore, ReplayCapacity, ReplayStore},
    resource_metadata::ResourceMetadata,
};

use crate::{
    AccessTokenPolicy, BuildError, ResourceServer,
    clock::{Clock, ClockGuard, SystemClock},
    keys::{self, Fetch, KeyAges, KeySet, KeySource, Keys, RemoteKeys},
    replay::Replay,
    request::PublicUrl,
    server::{Shared, StaleProofs},
    token::{TokenCache, TokenPolicy},
};

/// Whether tokens that are bound to no key are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DpopRequirement {
    /// Only bound tokens, with their proofs.
    #[default]
    Required,
    /// Unbound tokens too, as `Bearer`: whoever holds such a token can use it. They must be of the
    /// type `at+jwt` unless [`access_tokens`](ResourceServerBuilder::access_tokens) says otherwise.
    /// Bound tokens always need their proofs.
    Optional,
}

/// Collects the configuration of a [`ResourceServer`]; made by [`ResourceServer::builder`].
#[must_use]
pub struct ResourceServerBuilder {
    issuer: String,
    audience: String,
    public_url: Option<String>,
    path_prefixes: Vec<(String, String)>,
    dpop: DpopRequirement,
    nonces: Option<Arc<dyn IssueNonce>>,
    static_keys: Option<StaticKeys>,
    jwks_uri: Option<JwksUri>,
    key_ages: KeyAges,
    fetch: Option<Box<dyn Fetch>>,
    replay: Option<Replay>,
    clock: Arc<dyn Clock>,
    policy: VerifierPolicy,
    access_tokens: AccessTokenPolicy,
    cached_tokens: usize,
    metadata: Option<ResourceMetadata>,
    asks_dns: bool,
}

struct JwksUri {
    url: String,
    may_be_plain_http: bool,
}

struct StaticKeys {
    jwks: String,
    may_be_empty: bool,
}

/// Live tokens whose signature is checked once; more are checked again with each request.
const CACHED_TOKENS: usize = 10_000;

impl ResourceServerBuilder {
    pub(crate) fn new(issuer: String, audience: String) -> Self {
        Self {
            issuer,
            audience,
            public_url: None,
            path_prefixes: Vec::new(),
            dpop: DpopRequirement::default(),
            nonces: None,
            static_keys: None,
            jwks_uri: None,
            key_ages: KeyAges::default(),
            fetch: None,
            replay: None,
            clock: Arc::new(SystemClock),
            policy: VerifierPolicy::default(),
            access_tokens: AccessTokenPolicy::default(),
            cached_tokens: CACHED_TOKENS,
            metadata: None,
            asks_dns: false,
        }
    }

    /// The API's address as its clients see it: scheme, host, and the path that stands outside before
    /// the paths of this server. Needed: it is what proofs are compared with (`htu`), since the `Host`
    /// header is the client's to choose.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Paths that begin with `inside` here begin with `outside` for clients (after the path of
    /// [`public_url`](Self::public_url)). May be called several times; the longest prefix wins. For a
    /// proxy that rewrites paths; a router's own nesting needs nothing.
    ///
    /// The path is taken as it was sent: `/~ann` is no prefix of `/%7Eann/x`. A path here whose URL outside would
    /// lead to another path here is refused ([`Rejection::Target`](crate::Rejection::Target)); where one keeps
    /// its path while those around it are mapped, say so by `path_prefix("/health", "/health")`.
    pub fn path_prefix(mut self, inside: impl Into<String>, outside: impl Into<String>) -> Self {
        self.path_prefixes.push((inside.into(), outside.into()));
        self
    }

    /// Whether unbound tokens are accepted as Bearer. Default: [`DpopRequirement::Required`].
    pub fn dpop(mut self, requirement: DpopRequirement) -> Self {
        self.dpop = requirement;
        self
    }

    /// Every proof must carry a nonce of `issuer` (RFC 9449, section 9), so that none can be made ahead
    /// of time. Costs a client one more request now and then. Default: none. See also
    /// [`ResourceServer::requiring_nonces`].
    pub fn nonces(mut self, issuer: impl IssueNonce + 'static) -> Self {
        self.nonces = Some(Arc::new(issuer));
        self
    }

    /// The issuer's keys as a JSON Web Key Set, instead of reading them over HTTP. They stay until
    /// the process ends: the issuer's rotations are yours to follow. Where more than 3 keys fit a
    /// token's `alg`, it needs a `kid`.
    ///
    /// The issuer is then a name, and need not be a URL.
    pub fn static_keys(mut self, jwks: impl Into<String>) -> Self {
        self.static_keys = Some(StaticKeys {
            jwks: jwks.into(),
            may_be_empty: false,
        });
        self
    }

    /// As [`static_keys`](Self::static_keys), where a set without one usable key is taken too, with which every token is
    /// refused. For a tool that says what happens; for a server it is a mistake in the configuration.
    pub fn static_keys_as_they_are(mut self, jwks: impl Into<String>) -> Self {
        self.static_keys = Some(StaticKeys {
            jwks: jwks.into(),
            may_be_empty: true,
        });
        self
    }

    /// Where the issuer's keys are, instead of where its metadata says: an https URL. The metadata
    /// is not read then.
    pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(JwksUri {
            url: url.into(),
            may_be_plain_http: false,
        });
        self
    }

    /// As [`jwks_uri`](Self::jwks_uri), where plain http is taken too: whoever is on the path, or
    /// on this machine listens at that port, can put keys of their own there, and is then the
    /// issuer for this API. For a sidecar, or a network that is trusted.
    pub fn dangerous_plain_http_jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(JwksUri {
            url: url.into(),
            may_be_plain_http: true,
        });
        self
    }

    /// How old the issuer's keys become before they are read again, in whole seconds: 10 minutes by
    /// default. A key that the issuer has withdrawn works here for that long. A task reads them
    /// from the first request on; where it could not run, a request that finds keys of twice this
    /// age waits for new ones, up to 5 seconds, and the old ones serve only if the issuer can't be
    /// read.
    pub fn key_refresh_age(mut self, age: Duration) -> Self {
        self.key_ages.refresh = age;
        self
    }

    /// How old keys may be that serve while the issuer can't be read, in whole seconds: 24 hours by
    /// default. Older ones serve nobody (503).
    pub fn key_max_age(mut self, age: Duration) -> Self {
        self.key_ages.max = age;
        self
    }

    /// How the issuer's documents are read. Default: over HTTP, with the feature `reqwest`.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.fetch = Some(Box::new(fetch));
        self
    }

    /// Where used proofs are remembered. Default: in this process, up to 8 million at a time ([`ReplayCapacity`]),
    /// which is right for one process; where several serve the same API, they need a store that they share.
    pub fn replay_store(mut self, store: impl ReplayStore + 'static) -> Self {
        self.replay = Some(Replay::new(store));
        self
    }

    /// Where the time comes from. Default: [`SystemClock`]. See [`Clock`] for what happens when it
    /// jumps.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What the FAPI 2.0 Security Profile asks for of proofs ([`VerifierPolicy::fapi2`]) and of
    /// access tokens ([`AccessTokenPolicy::fapi2`]). A [`policy`](Self::policy) or
    /// [`access_tokens`](Self::access_tokens) that is set afterwards replaces its part.
    pub fn fapi2(self) -> Self {
        self.policy(VerifierPolicy::fapi2())
            .access_tokens(AccessTokenPolicy::fapi2())
    }

    /// What access tokens must be like: algorithms, types, how far ahead their end may lie.
    pub fn access_tokens(mut self, policy: AccessTokenPolicy) -> Self {
        self.access_tokens = policy;
        self
    }

    /// What proofs must be like: algorithms, age, leeway, sizes.
    pub fn policy(mut self, policy: VerifierPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How many validated tokens are kept until they expire. Default: 10,000.
    pub fn cached_tokens(mut self, count: usize) -> Self {
        self.cached_tokens = count;
        self
    }

    /// Publishes what the API says of itself (RFC 9728): challenges name the document's URL, and
    /// [`ResourceServer::metadata_routes`] or a route of yours serves it. Its resource is the API's identifier
    /// as clients know it, for most the public URL. The members that this configuration decides, issuer and
    /// DPoP, are filled in; all others are yours. Default: none.
    pub fn metadata(mut self, metadata: ResourceMetadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Asks DNS for `localhost` and the names under it too, where the network is safe by itself and leads them elsewhere
    /// (the aliases of a Docker network). Keys may come from these names by plain http: who answers for them in DNS
    /// decides which tokens are accepted. Without it they are this machine's, and nobody is asked.
    pub fn dangerous_localhost_dns(mut self) -> Self {
        self.asks_dns = true;
        self
    }

    /// The resource server. Reads nothing over the network yet: the issuer may be down.
    ///
    /// # Errors
    /// A [`BuildError`] for the first value that cannot be used.
    pub fn build(self) -> Result<ResourceServer, BuildError> {
        if self.static_keys.is_none()
            && let Err(problem) = keys::check_issuer(&self.issuer)
        {
            return Err(BuildError::Issuer {
                value: self.issuer,
                problem,
            });
        }
        if self.audience.is_empty() {
            return Err(BuildError::Audience);
        }
        if self.access_tokens.algorithms.is_empty() {
            return Err(BuildError::NoTokenAlgorithm);
        }
        let KeyAges { refresh, max } = self.key_ages;
        if refresh < Duration::from_secs(1) || max < refresh {
            return Err(BuildError::KeyAges { refresh, max });
        }
        let public_url = self.public_url.ok_or(BuildError::PublicUrlMissing)?;
        let public_url = PublicUrl::new(&public_url, &self.path_prefixes)?;
        let jwks_uri = self.jwks_uri.map(JwksUri::checked).transpose()?;
        let keys = match (self.static_keys, self.fetch) {
            (Some(_), fetch) if fetch.is_some() || jwks_uri.is_some() => {
                return Err(BuildError::TwoKeySources);
            }
            (Some(keys), _) => {
                let set = KeySet::parse(keys.jwks.as_bytes())
                    .filter(|set| keys.may_be_empty || !set.is_empty());
                Keys::of(set.ok_or(BuildError::StaticKeys)?)
            }
            (None, fetch) => {
                let fetch = match fetch {
                    Some(fetch) => fetch,
                    None => http_fetch(jwks_uri.as_deref().unwrap_or(&self.issuer), self.asks_dns)?,
                };
                let clock = Arc::clone(&self.clock);
                let source = KeySource {
                    issuer: self.issuer.clone(),
                    jwks_uri,
                };
                let remote = RemoteKeys::new(source, self.key_ages, fetch, clock);
                Keys::Remote(Arc::new(remote))
            }
        };
        let replay = match self.replay {
            Some(replay) => replay,
            None => {
                let secret = random_secret()?;
                let capacity = ReplayCapacity::default();
                Replay::InProcess(InProcessReplayStore::new(capacity, &secret))
            }
        };
        let is_required = self.dpop == DpopRequirement::Required;
        let metadata = self.metadata.map(|metadata| {
            let metadata = metadata
                .with_authorization_servers(&[&self.issuer])
                .with_dpop(&self.policy, is_required);
            (metadata.well_known_url(), metadata)
        });
        let shared = Shared {
            metadata,
            tokens: TokenPolicy {
                issuer: self.issuer,
                audience: self.audience,
                access_tokens: self.access_tokens,
            },
            requirement: self.dpop,
            public_url,
            keys,
            cache: TokenCache::new(self.cached_tokens),
            algorithms: self.policy.algs(),
            verifier: Verifier::new(self.policy),
            replay,
            stale: StaleProofs::default(),
            clock: ClockGuard::new(self.clock),
        };
        Ok(ResourceServer::new(shared, self.nonces))
    }
}

impl JwksUri {
    fn checked(self) -> Result<String, BuildError> {
        let checked = match self.may_be_plain_http {
            true => keys::check_plain(&self.url),
            false => keys::check_https(&self.url),
        };
        match checked {
            Ok(()) => Ok(self.url),
            Err(problem) => Err(BuildError::JwksUri {
                value: self.url,
                problem,
            }),
        }
    }
}

/// 32 random bytes: the secret of a [`NonceIssuer`](crate::NonceIssuer) or an [`InProcessReplayStore`].
///
/// # Errors
/// [`BuildError::Random`] when the operating system gives none.
pub fn random_secret() -> Result<[u8; 32], BuildError> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| BuildError::Random)?;
    Ok(secret)
}

#[cfg(feature = "reqwest")]
fn http_fetch(url: &str, asks_dns: bool) -> Result<Box<dyn Fetch>, BuildError> {
    match keys::HttpFetch::new(keys::leads_to_loopback(url), asks_dns) {
        Ok(fetch) => Ok(Box::new(fetch)),
        Err(error) => Err(BuildError::Https {
            cause: error.to_string(),
        }),
    }
}

#[cfg(not(feature = "reqwest"))]
fn http_fetch(_url: &str, _asks_dns: bool) -> Result<Box<dyn Fetch>, BuildError> {
    Err(BuildError::NoFetch)
}
