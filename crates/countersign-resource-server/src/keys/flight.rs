//! A fetch under way, for those who wait for it.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use super::runtime::Runtime;

/// A fetch that has not even timed out after this is stuck with the runtime that it runs on, as in
/// a program whose threads each have a runtime and run it only while they wait. The next request
/// starts its own fetch.
const LOST_AFTER: Duration = Duration::from_secs(6);

#[derive(Clone)]
pub(super) struct Flight {
    /// By the runtime's clock.
    began: Duration,
    waiting: Arc<Mutex<Waiting>>,
}

enum Waiting {
    UnderWay(Vec<Waker>),
    Over,
}

/// Belongs to the task that fetches. When it is dropped, the flight is over: after the fetch, or
/// without it where the task ends with its runtime.
pub(super) struct Pilot(Flight);

impl Flight {
    pub(super) fn begin(runtime: &dyn Runtime) -> (Self, Pilot) {
        let flight = Self {
            began: runtime.monotonic(),
            waiting: Arc::new(Mutex::new(Waiting::UnderWay(Vec::new()))),
        };
        (flight.clone(), Pilot(flight))
    }

    /// Waits until the fetch has ended, or its task has with its runtime, or it is lost.
    pub(super) async fn landed(self, runtime: &dyn Runtime) {
        let over = poll_fn(|context| match &mut *self.waiting() {
            Waiting::Over => Poll::Ready(()),
            Waiting::UnderWay(wakers) => {
                if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                    wakers.push(context.waker().clone());
                }
                Poll::Pending
            }
        });
        if !runtime.is_here() {
            // It runs on a runtime elsewhere; without one here, there is no timer for a lost fetch.
            return over.await;
        }
        let left = (self.began + LOST_AFTER).saturating_sub(runtime.monotonic());
        let _ended_either_way = before(over, runtime, left).await;
    }

    pub(super) fn is_under_way(&self, runtime: &dyn Runtime) -> bool {
        let elapsed = runtime.monotonic().saturating_sub(self.began);
        matches!(*self.waiting(), Waiting::UnderWay(_)) && elapsed < LOST_AFTER
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        let waiting = std::mem::replace(&mut *self.0.waiting(), Waiting::Over);
        if let Waiting::UnderWay(wakers) = waiting {
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

/// Returns the outcome of `work`. `None`: it takes longer than `limit`.
pub(super) async fn before<T>(
    work: impl Future<Output = T>,
    runtime: &dyn Runtime,
    limit: Duration,
) -> Option<T> {
    let mut work = pin!(work);
    let mut timer = runtime.sleep(limit);
    poll_fn(|context| {
        if let Poll::Ready(outcome) = work.as_mut().poll(context) {
            return Poll::Ready(Some(outcome));
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}
