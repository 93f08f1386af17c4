//! Validated tokens by the SHA-256 of their text. A hit saves the signature check and the parsing;
//! the caller checks on each hit what changes with time.

use std::{fmt, sync::Arc};

use quick_cache::sync::Cache;

use super::AccessToken;

#[derive(Clone)]
pub(crate) struct CachedToken {
    pub(crate) token: Arc<AccessToken>,
    /// The generation of the keys that verified it. If another one is current, its key may be gone.
    pub(crate) generation: u64,
}

pub(crate) struct TokenCache {
    cache: Cache<[u8; 32], CachedToken>,
}

impl TokenCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            cache: Cache::new(capacity),
        }
    }

    pub(crate) fn get(&self, hash: &[u8; 32]) -> Option<CachedToken> {
        self.cache.get(hash)
    }

    pub(crate) fn insert(&self, hash: [u8; 32], generation: u64, token: Arc<AccessToken>) {
        self.cache.insert(hash, CachedToken { token, generation });
    }

    pub(crate) fn remove(&self, hash: &[u8; 32]) {
        self.cache.remove(hash);
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenCache")
            .field("tokens", &self.cache.len())
            .finish_non_exhaustive()
    }
}
