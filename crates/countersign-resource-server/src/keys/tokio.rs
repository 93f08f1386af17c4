//! The tokio runtime that a request is authenticated in.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, task::AbortHandle};

use super::runtime::{Keeper, Runtime, Task};

/// Whichever tokio runtime is the current one, with its time enabled.
pub(crate) struct Tokio;

impl Runtime for Tokio {
    fn is_here(&self) -> bool {
        Handle::try_current().is_ok()
    }

    fn spawn(&self, task: Task) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(task);
        }
    }

    fn keep(&self, task: Task) -> Option<Box<dyn Keeper>> {
        let runtime = Handle::try_current().ok()?;
        Some(Box::new(Spawned(runtime.spawn(task).abort_handle())))
    }

    fn sleep(&self, duration: Duration) -> Task {
        Box::pin(tokio::time::sleep(duration))
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        let start = *START;
        let now = tokio::time::Instant::now().into_std();
        now.saturating_duration_since(start)
    }
}

/// A type of our own, because an implementation for tokio's would be part of the public API.
struct Spawned(AbortHandle);

impl Keeper for Spawned {
    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    fn abort(&self) {
        self.0.abort();
    }
}
