//! A server's configuration as the host gives it: JSON, with unknown members refused.

use std::{sync::Arc, time::Duration};

use countersign::{
    access_token::DpopRequirement,
    crypto::Algorithm,
    jose::base64url,
    nonce::NonceIssuer,
    proof::{ProofClock, VerifierPolicy},
    replay::{InProcessReplayStore, ReplayCapacity},
    resource_metadata::ResourceMetadata,
    sibling::with_causes,
};
use countersign_resource_server::{
    AccessTokenPolicy, Issuer, IssuerKeys, RemoteKeys, ResourceServer, StaticKeys, TokenTypes,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::host::{Host, HostNonces, Ports, SharedStore};

/// The configuration. Times are in seconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    /// None: every request comes with the URI that its client called.
    public_url: Option<String>,
    #[serde(default)]
    path_prefixes: Vec<(String, String)>,
    issuer: String,
    audience: String,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    dangerous_plain_http_jwks_uri: Option<String>,
    refresh_age: Option<u64>,
    max_age: Option<u64>,
    #[serde(default)]
    dpop: Dpop,
    #[serde(default)]
    fapi2: bool,
    #[serde(default)]
    access_tokens: AccessTokens,
    #[serde(default)]
    proofs: Proofs,
    nonces: Option<Nonces>,
    cached_tokens: Option<usize>,
    metadata: Option<Metadata>,
    replay: Replay,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Dpop {
    #[default]
    Required,
    Optional,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessTokens {
    types: Option<Types>,
    algorithms: Option<Vec<String>>,
    max_time_left: Option<u64>,
}

#[derive(Deserialize)]
enum Types {
    #[serde(rename = "at+jwt")]
    AtJwt,
    #[serde(rename = "at+jwt unless bound")]
    AtJwtUnlessBound,
    #[serde(rename = "lenient")]
    Lenient,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Proofs {
    algorithms: Option<Vec<String>>,
    max_age: Option<u64>,
    leeway: Option<u64>,
    clock: Option<Clock>,
    #[serde(default)]
    costly_rsa_keys: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Clock {
    Iat,
    Nonce,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Nonces {
    Stateless(Stateless),
    /// The program issues and checks them.
    Host {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stateless {
    /// Base64url of 32 bytes each; the first issues.
    keys: Vec<String>,
    lifetime: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    resource: String,
    #[serde(default)]
    members: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Replay {
    #[serde(rename_all = "camelCase")]
    InProcess {
        capacity: Option<usize>,
        /// Base64url of 32 random bytes.
        secret: String,
    },
    #[serde(rename_all = "camelCase")]
    Shared { skew_seconds: u16 },
}

/// Why a configuration is refused: a sentence that says what to do.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        Self(with_causes(error))
    }
}

/// A server, and whether it was told where clients call it.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The server.
    pub server: ResourceServer,
    /// Whether requests may come with a path alone.
    pub knows_its_url: bool,
}

/// Stands where there is no public URL; requests with a path alone are refused then.
const NOWHERE: &str = "https://nowhere.invalid";

/// Builds the server that `json` describes.
///
/// # Errors
/// The configuration is not JSON, has members of other names or types, or values that can't be
/// used.
pub fn build<H: Host>(json: &[u8], ports: &Ports<H>) -> Result<Configured, ConfigError> {
    let config: Config = serde_json::from_slice(json)
        .map_err(|error| ConfigError(format!("the configuration can't be read: {error}")))?;
    let knows_its_url = config.public_url.is_some();
    let url = config.public_url.unwrap_or_else(|| NOWHERE.to_owned());
    let keys: IssuerKeys = match (
        config.jwks,
        config.jwks_uri,
        config.dangerous_plain_http_jwks_uri,
    ) {
        (Some(jwks), None, None) => StaticKeys::new(jwks.to_string()).into(),
        (None, uri, plain) if uri.is_none() || plain.is_none() => {
            let mut keys = RemoteKeys::on(ports.clone(), ports.clone());
            if let Some(uri) = uri {
                keys = keys.with_jwks_uri(uri);
            }
            if let Some(uri) = plain {
                keys = keys.with_dangerous_plain_http_jwks_uri(uri);
            }
            if let Some(age) = config.refresh_age {
                keys = keys.with_refresh_age(Duration::from_secs(age));
            }
            if let Some(age) = config.max_age {
                keys = keys.with_max_age(Duration::from_secs(age));
            }
            keys.into()
        }
        _ => {
            return Err(ConfigError(
                "give one of `jwks`, `jwksUri` and `dangerousPlainHttpJwksUri`, or none of them \
                 to read the issuer's metadata"
                    .to_owned(),
            ));
        }
    };
    let mut issuer = Issuer::from_keys(config.issuer, config.audience, keys);
    let mut proofs = VerifierPolicy::default();
    if config.fapi2 {
        issuer = issuer.with_policy(AccessTokenPolicy::fapi2());
        proofs = VerifierPolicy::fapi2();
    }
    issuer.policy = config.access_tokens.apply(issuer.policy)?;
    let mut builder = ResourceServer::builder(url, issuer)
        .with_proof_policy(config.proofs.apply(proofs)?)
        .with_clock(ports.clone())
        .with_signatures(ports.clone())
        .with_dpop(match config.dpop {
            Dpop::Required => DpopRequirement::Required,
            Dpop::Optional => DpopRequirement::Optional,
        });
    for (inside, outside) in config.path_prefixes {
        builder = builder.with_path_prefix(inside, outside);
    }
    if let Some(count) = config.cached_tokens {
        builder = builder.with_cached_tokens(count);
    }
    builder = match config.nonces {
        None => builder,
        Some(Nonces::Stateless(nonces)) => builder.with_nonces(nonces.issuer()?),
        Some(Nonces::Host {}) => builder.with_nonces(HostNonces(ports.clone())),
    };
    if let Some(Metadata { resource, members }) = config.metadata {
        let mut metadata =
            ResourceMetadata::new(&resource).map_err(|error| ConfigError::of(&error))?;
        for (name, value) in members {
            metadata = metadata.with(&name, value);
        }
        builder = builder.with_metadata(metadata);
    }
    builder = match config.replay {
        Replay::InProcess { capacity, secret } => {
            let capacity = capacity.map_or_else(ReplayCapacity::default, ReplayCapacity::Entries);
            let secret = key(&secret, "replay.secret")?;
            builder.with_replay_store(Arc::new(InProcessReplayStore::new(capacity, &secret)))
        }
        Replay::Shared { skew_seconds } => builder.with_replay_store(SharedStore {
            ports: ports.clone(),
            skew_seconds,
        }),
    };
    let server = builder.build().map_err(|error| ConfigError::of(&error))?;
    Ok(Configured {
        server,
        knows_its_url,
    })
}

impl AccessTokens {
    fn apply(self, mut policy: AccessTokenPolicy) -> Result<AccessTokenPolicy, ConfigError> {
        if let Some(types) = self.types {
            policy = policy.with_types(match types {
                Types::AtJwt => TokenTypes::AtJwt,
                Types::AtJwtUnlessBound => TokenTypes::AtJwtUnlessBound,
                Types::Lenient => TokenTypes::Lenient,
            });
        }
        if let Some(names) = self.algorithms {
            policy = policy.with_algorithms(&algorithms(&names)?);
        }
        if let Some(seconds) = self.max_time_left {
            policy = policy.with_max_time_left(Duration::from_secs(seconds));
        }
        Ok(policy)
    }
}

impl Proofs {
    fn apply(self, mut policy: VerifierPolicy) -> Result<VerifierPolicy, ConfigError> {
        if let Some(names) = self.algorithms {
            policy = policy.with_algorithms(&algorithms(&names)?);
        }
        if let Some(seconds) = self.max_age {
            policy = policy.with_max_age(Duration::from_secs(seconds));
        }
        if let Some(seconds) = self.leeway {
            policy = policy.with_leeway(Duration::from_secs(seconds));
        }
        if let Some(clock) = self.clock {
            policy = policy.with_clock(match clock {
                Clock::Iat => ProofClock::Iat,
                Clock::Nonce => ProofClock::Nonce,
            });
        }
        if self.costly_rsa_keys {
            policy = policy.with_costly_rsa_keys();
        }
        Ok(policy)
    }
}

impl Stateless {
    fn issuer(&self) -> Result<NonceIssuer, ConfigError> {
        let Some((first, others)) = self.keys.split_first() else {
            return Err(ConfigError(
                "`nonces.keys` is empty: give one key of 32 random bytes, as base64url".to_owned(),
            ));
        };
        let first = key(first, "nonces.keys")?;
        let mut issuer = NonceIssuer::new(&first, Duration::from_secs(self.lifetime));
        for other in others {
            issuer = issuer.accepting_also(&key(other, "nonces.keys")?);
        }
        Ok(issuer)
    }
}

fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, ConfigError> {
    let read = |name: &String| {
        Algorithm::from_name(name).ok_or_else(|| {
            ConfigError(format!(
                "`{name}` is no algorithm of signatures by a key pair"
            ))
        })
    };
    names.iter().map(read).collect()
}

fn key(text: &str, member: &str) -> Result<[u8; 32], ConfigError> {
    base64url::decode(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| ConfigError(format!("`{member}` must be 32 random bytes, as base64url")))
}
