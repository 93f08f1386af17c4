//! The keys that access tokens are signed with: given, or read from the issuer.

mod discovery;
mod fetch;
mod remote;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "reqwest")]
mod resolver;
mod set;
mod url;

use std::sync::Arc;

use countersign::UnixSeconds;

pub use discovery::DiscoveryError;
pub(crate) use discovery::KeySource;
pub use fetch::{Fetch, FetchError, FetchFuture};
pub(crate) use remote::{
    Generation, KeyAges, Newer, RETRY_AFTER_FAILURE, RemoteKeys, UNKNOWN_KEY_INTERVAL,
};
#[cfg(feature = "reqwest")]
pub(crate) use reqwest::HttpFetch;
pub(crate) use set::KeySet;
pub use url::UrlProblem;
#[cfg(feature = "reqwest")]
pub(crate) use url::leads_to_loopback;
pub(crate) use url::{check_https, check_issuer, check_plain};

/// Where keys come from.
pub(crate) enum Keys {
    Static(Arc<Generation>),
    Remote(Arc<RemoteKeys>),
}

impl Keys {
    pub(crate) fn of(set: KeySet) -> Self {
        Self::Static(Arc::new(Generation { number: 0, set }))
    }

    /// The generation of the keys that may be used without a thought of fetching.
    pub(crate) fn fresh(&self, now: UnixSeconds) -> Option<u64> {
        match self {
            Self::Static(keys) => Some(keys.number),
            Self::Remote(keys) => keys.fresh(now),
        }
    }

    /// Keys that may be used now.
    pub(crate) async fn current(&self) -> Result<Arc<Generation>, Arc<DiscoveryError>> {
        match self {
            Self::Static(keys) => Ok(Arc::clone(keys)),
            Self::Remote(keys) => keys.current().await,
        }
    }

    /// Other keys than those of generation `seen`.
    pub(crate) async fn newer(&self, seen: u64) -> Result<Newer, Arc<DiscoveryError>> {
        match self {
            Self::Static(_) => Ok(Newer::None),
            Self::Remote(keys) => keys.newer(seen).await,
        }
    }
}
