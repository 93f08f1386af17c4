//! The port to what runs beside the requests: a task for a fetch, and timers.

use std::{future::Future, pin::Pin, time::Duration};

/// A task that runs beside the requests.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the fetches of an issuer's keys, and the timers that bound them.
///
/// A runtime that runs no task, or whose timers never end, leaves requests without an answer when
/// the issuer does not answer.
pub trait Runtime: Send + Sync + 'static {
    /// Whether tasks can be started here and now.
    fn is_here(&self) -> bool {
        true
    }

    /// Starts a task.
    fn spawn(&self, task: Task);

    /// Starts the task that keeps the keys fresh while no requests come, for the whole life of a
    /// server. `None` (the default): no task lives that long here. Then the first request after a
    /// long silence waits for the keys of now.
    fn keep(&self, task: Task) -> Option<Box<dyn Keeper>> {
        drop(task);
        None
    }

    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> Task;

    /// The time since some fixed moment, by a clock that cannot be set.
    fn monotonic(&self) -> Duration;
}

/// The task that keeps the keys fresh.
pub trait Keeper: Send + Sync {
    /// Whether it has ended, with its runtime for example.
    fn is_finished(&self) -> bool;
    /// Ends it.
    fn abort(&self);
}
