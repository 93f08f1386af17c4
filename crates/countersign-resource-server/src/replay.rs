//! Any replay store behind one type. The contract's future has no name, so it is boxed; the store in this process, which
//! never waits, is asked without.

use std::{future::Future, pin::Pin};

use countersign::{
    UnixSeconds,
    replay::{InProcessReplayStore, ReplayEntry, ReplayError, ReplayStore},
};

type InsertFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send + 'a>>;

pub(crate) trait DynReplayStore: Send + Sync {
    fn insert<'a>(&'a self, entry: &'a ReplayEntry<'a>, now: UnixSeconds) -> InsertFuture<'a>;
}

impl<S: ReplayStore> DynReplayStore for S {
    fn insert<'a>(&'a self, entry: &'a ReplayEntry<'a>, now: UnixSeconds) -> InsertFuture<'a> {
        Box::pin(ReplayStore::insert(self, entry, now))
    }
}

pub(crate) enum Replay {
    InProcess(InProcessReplayStore),
    Other(Box<dyn DynReplayStore>),
}

impl Replay {
    pub(crate) fn new(store: impl ReplayStore + 'static) -> Self {
        Self::Other(Box::new(store))
    }

    pub(crate) async fn insert(
        &self,
        entry: &ReplayEntry<'_>,
        now: UnixSeconds,
    ) -> Result<(), ReplayError> {
        match self {
            Self::InProcess(store) => store.insert_now(entry, now),
            Self::Other(store) => store.insert(entry, now).await,
        }
    }
}
