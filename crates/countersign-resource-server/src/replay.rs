//! Any replay store behind one type: the contract's future has no name, so it is boxed.

use std::{future::Future, pin::Pin};

use countersign::{
    UnixSeconds,
    server::replay::{ReplayEntry, ReplayError, ReplayStore},
};

type InsertFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send + 'a>>;

trait DynReplayStore: Send + Sync {
    fn insert<'a>(&'a self, entry: &'a ReplayEntry<'a>, now: UnixSeconds) -> InsertFuture<'a>;
}

impl<S: ReplayStore> DynReplayStore for S {
    fn insert<'a>(&'a self, entry: &'a ReplayEntry<'a>, now: UnixSeconds) -> InsertFuture<'a> {
        Box::pin(ReplayStore::insert(self, entry, now))
    }
}

pub(crate) struct Replay(Box<dyn DynReplayStore>);

impl Replay {
    pub(crate) fn new(store: impl ReplayStore + 'static) -> Self {
        Self(Box::new(store))
    }

    pub(crate) async fn insert(
        &self,
        entry: &ReplayEntry<'_>,
        now: UnixSeconds,
    ) -> Result<(), ReplayError> {
        self.0.insert(entry, now).await
    }
}
