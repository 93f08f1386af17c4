//! The keys that access tokens are signed with: given, or read from the issuer.

#[cfg(feature = "remote-keys")]
mod discovery;
mod error;
#[cfg(feature = "remote-keys")]
mod fetch;
#[cfg(feature = "remote-keys")]
mod flight;
#[cfg(feature = "remote-keys")]
mod remote;
#[cfg(feature = "https")]
mod reqwest;
#[cfg(feature = "https")]
mod resolver;
#[cfg(feature = "remote-keys")]
mod runtime;
mod set;
#[cfg(feature = "discovery")]
mod tokio;
#[cfg_attr(not(feature = "remote-keys"), allow(dead_code))]
mod url;

use std::sync::Arc;

use countersign::UnixSeconds;

#[cfg(feature = "remote-keys")]
pub use self::fetch::Fetch;
#[cfg(feature = "https")]
pub(crate) use self::reqwest::HttpFetch;
#[cfg(feature = "remote-keys")]
pub use self::runtime::{Keeper, Runtime, Task};
#[cfg(feature = "discovery")]
pub(crate) use self::tokio::Tokio;
#[cfg(feature = "https")]
pub(crate) use self::url::leads_to_loopback;
#[cfg(feature = "remote-keys")]
pub(crate) use self::{
    discovery::KeySource,
    fetch::DynFetch,
    remote::{KeyAges, KeyReader},
    url::{check_https, check_issuer, check_plain},
};
pub use self::{
    error::{DiscoveryError, FetchError},
    url::UrlProblem,
};
pub(crate) use self::{
    error::{RETRY_AFTER_FAILURE, UNKNOWN_KEY_INTERVAL},
    set::KeySet,
};

/// The keys as one fetch found them.
#[derive(Debug)]
pub(crate) struct Generation {
    /// Grows whenever the keys change; a token verified under another number is verified again.
    pub(crate) number: u64,
    pub(crate) set: KeySet,
}

/// The answer to a request for other keys.
#[derive(Debug)]
#[cfg_attr(not(feature = "remote-keys"), expect(dead_code))] // given keys are never newer
pub(crate) enum Newer {
    /// Other keys.
    Keys(Arc<Generation>),
    /// There are no others.
    None,
    /// Unknown: it is too early to ask the issuer again.
    NotNow,
}

/// Where keys come from.
pub(crate) enum Keys {
    Static(Arc<Generation>),
    #[cfg(feature = "remote-keys")]
    Remote(Arc<KeyReader>),
}

impl Keys {
    pub(crate) fn of(set: KeySet) -> Self {
        Self::Static(Arc::new(Generation { number: 0, set }))
    }

    /// The generation of the keys, if they are fresh enough to be used without fetching.
    #[cfg_attr(not(feature = "remote-keys"), expect(unused_variables))]
    pub(crate) fn fresh(&self, now: UnixSeconds) -> Option<u64> {
        match self {
            Self::Static(keys) => Some(keys.number),
            #[cfg(feature = "remote-keys")]
            Self::Remote(keys) => keys.fresh(now),
        }
    }

    /// Keys that may be used now.
    pub(crate) async fn current(&self) -> Result<Arc<Generation>, Arc<DiscoveryError>> {
        match self {
            Self::Static(keys) => Ok(Arc::clone(keys)),
            #[cfg(feature = "remote-keys")]
            Self::Remote(keys) => keys.current().await,
        }
    }

    /// Other keys than those of generation `seen`.
    #[cfg_attr(not(feature = "remote-keys"), expect(unused_variables))]
    pub(crate) async fn newer(&self, seen: u64) -> Result<Newer, Arc<DiscoveryError>> {
        match self {
            Self::Static(_) => Ok(Newer::None),
            #[cfg(feature = "remote-keys")]
            Self::Remote(keys) => keys.newer(seen).await,
        }
    }
}
