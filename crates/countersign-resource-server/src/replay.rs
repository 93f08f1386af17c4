//! The last check of a request: its proof is new. Every replay store is behind one type. The
//! trait's future has no name, so it is boxed; the store in this process never waits, and needs no
//! box.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use countersign::{
    UnixSeconds,
    proof::VerifiedProof,
    replay::{InProcessReplayStore, ReplayEntry, ReplayError, ReplayStore},
};

use crate::response::{Rejection, Unavailable};

type InsertFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send + 'a>>;

trait DynReplayStore: Send + Sync {
    fn insert<'a>(&'a self, entry: &'a ReplayEntry<'a>, now: UnixSeconds) -> InsertFuture<'a>;
}

impl<S: ReplayStore> DynReplayStore for S {
    fn insert<'a>(&'a self, entry: &'a ReplayEntry<'a>, now: UnixSeconds) -> InsertFuture<'a> {
        Box::pin(ReplayStore::insert(self, entry, now))
    }
}

enum Store {
    InProcess(InProcessReplayStore),
    Other(Box<dyn DynReplayStore>),
}

/// The used proofs, and how many of them the store has called stale.
pub(crate) struct UsedProofs {
    store: Store,
    stale: AtomicU64,
    /// When the log has last named stale proofs; 1970 is long ago.
    logged_at: AtomicI64,
}

impl UsedProofs {
    pub(crate) fn in_process(store: InProcessReplayStore) -> Self {
        Self::of(Store::InProcess(store))
    }

    pub(crate) fn in_store(store: impl ReplayStore + 'static) -> Self {
        Self::of(Store::Other(Box::new(store)))
    }

    fn of(store: Store) -> Self {
        Self {
            store,
            stale: AtomicU64::new(0),
            logged_at: AtomicI64::new(0),
        }
    }

    /// Remembers a proof, which must be new.
    pub(crate) async fn insert(
        &self,
        proof: &VerifiedProof,
        now: UnixSeconds,
    ) -> Result<(), Rejection> {
        let entry = proof.replay_entry();
        let inserted = match &self.store {
            Store::InProcess(store) => store.insert_now(&entry, now),
            Store::Other(store) => store.insert(&entry, now).await,
        };
        inserted.map_err(|error| match error {
            ReplayError::Seen => Rejection::Replayed,
            ReplayError::Stale => self.stale(now),
            ReplayError::Full => Rejection::Unavailable(Unavailable::ReplayStoreFull),
            // Also any error that may be added: without the store's answer nothing is accepted.
            _ => Rejection::Unavailable(Unavailable::ReplayStore),
        })
    }

    /// How many proofs the store has called stale.
    pub(crate) fn stale_count(&self) -> u64 {
        self.stale.load(Ordering::Relaxed)
    }

    /// Counts a proof that the replay store calls stale, and logs it as an error.
    #[cold]
    fn stale(&self, now: UnixSeconds) -> Rejection {
        let count = self.stale.fetch_add(1, Ordering::Relaxed) + 1;
        // One line a second at most: meanwhile every request may be one.
        if self.logged_at.swap(now.0, Ordering::Relaxed) != now.0 {
            tracing::error!(
                now = now.0,
                count,
                "the replay store has seen a later moment than this server's clock shows: check \
                 the clocks of this server and of its replicas; until they agree, requests are \
                 answered 503"
            );
        }
        Rejection::Unavailable(Unavailable::Stale)
    }
}
