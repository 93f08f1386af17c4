//! The keys of an authorization server, read over HTTP when they are first needed, and again when
//! they grow old or none of them verifies a token. From the first use on, a task keeps them fresh.
//!
//! One fetch runs at a time, on a task of its own, and everyone who needs its outcome waits for it:
//! neither a burst nor a client that gives up makes a second one. A fetch that fails is tried again
//! shortly afterwards; until then the keys at hand are used, up to their greatest age.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use countersign::{UnixSeconds, sibling::with_causes};
use tokio::{runtime::Handle, sync::watch, task::AbortHandle};

use super::{
    Generation, Newer,
    discovery::{self, KeySource},
    error::{DiscoveryError, RETRY_AFTER_FAILURE, UNKNOWN_KEY_INTERVAL},
    fetch::DynFetch,
    set::KeySet,
};
use crate::clock::Clock;

/// The longest that discovery and JWKS may take together, and that a request waits.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A fetch that has not even timed out after this is stuck with the runtime that it runs on, as in
/// a program whose threads each have a runtime and run it only while they wait. The next request
/// starts its own fetch.
const LOST_AFTER: Duration = Duration::from_secs(6);
/// An issuer that did not answer in time is unlikely to answer now: for this many seconds, requests
/// that have keys do not wait for it.
const HANGS_FOR: i64 = 60;
/// The most fetches at once on behalf of unknown keys, because anyone can name a key that does not
/// exist, or sign with one. One more is earned each [`UNKNOWN_KEY_INTERVAL`].
const UNKNOWN_KEY_BURST: u32 = 5;

/// How old keys may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyAges {
    /// Older keys are refreshed while requests still use them, so that a key withdrawn by the
    /// issuer stops working here although no token asks for another one. Above twice this age,
    /// requests wait.
    pub(crate) refresh: Duration,
    /// Older keys are not used: a server that has not reached its issuer for a day no longer knows
    /// which keys have been withdrawn.
    pub(crate) max: Duration,
}

impl Default for KeyAges {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(600),
            max: Duration::from_secs(24 * 3600),
        }
    }
}

impl KeyAges {
    fn refresh_seconds(self) -> i64 {
        whole_seconds(self.refresh)
    }

    fn max_seconds(self) -> i64 {
        whole_seconds(self.max)
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) struct KeyReader {
    source: KeySource,
    ages: KeyAges,
    fetch: Arc<dyn DynFetch>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    ages: KeyAges,
    keys: Option<Arc<Generation>>,
    fetched_at: UnixSeconds,
    failure: Option<(UnixSeconds, Arc<DiscoveryError>)>,
    budget: Budget,
    flight: Option<Flight>,
    /// The task that keeps the keys fresh, once it has started.
    keeper: Option<AbortHandle>,
}

/// A fetch, for those who wait for it.
#[derive(Clone)]
struct Flight {
    began: tokio::time::Instant,
    done: watch::Receiver<bool>,
}

impl KeyReader {
    pub(crate) fn new(
        source: KeySource,
        ages: KeyAges,
        fetch: Arc<dyn DynFetch>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let state = State {
            ages,
            keys: None,
            fetched_at: UnixSeconds(0),
            failure: None,
            budget: Budget::full(),
            flight: None,
            keeper: None,
        };
        Self {
            source,
            ages,
            fetch,
            clock,
            state: Mutex::new(state),
        }
    }

    /// The generation of keys that are younger than their refresh age.
    pub(crate) fn fresh(&self, now: UnixSeconds) -> Option<u64> {
        let state = self.lock();
        let keys = state.keys.as_ref()?;
        (state.age(now) < self.ages.refresh_seconds()).then_some(keys.number)
    }

    /// Keys that may be used now.
    pub(crate) async fn current(self: &Arc<Self>) -> Result<Arc<Generation>, Arc<DiscoveryError>> {
        let now = self.clock.now();
        let flight = {
            let mut state = self.lock();
            let usable = state.usable(now);
            let (age, refresh) = (state.age(now), self.ages.refresh_seconds());
            if let Some(keys) = &usable
                && age < refresh
            {
                return Ok(Arc::clone(keys));
            }
            let flight = self.join_or_start(&mut state, now);
            match (usable, flight) {
                (Some(keys), _) if age < refresh.saturating_mul(2) || state.hangs(now) => {
                    return Ok(keys);
                }
                (Some(keys), None) => return Ok(keys),
                (_, Some(flight)) => flight,
                (None, None) => return Err(state.unavailable()),
            }
        };
        flight.landed().await;
        let state = self.lock();
        // The fetched keys, or the old ones if the fetch failed.
        state.usable(now).ok_or_else(|| state.unavailable())
    }

    /// Other keys than those of generation `seen`, which did not hold the key of a token.
    pub(crate) async fn newer(self: &Arc<Self>, seen: u64) -> Result<Newer, Arc<DiscoveryError>> {
        let now = self.clock.now();
        let flight = {
            let mut state = self.lock();
            if let Some(keys) = state.other_than(seen) {
                return Ok(Newer::Keys(keys));
            }
            if !state.in_flight() && !state.failed_lately(now) && !state.budget.take(now) {
                return Ok(Newer::NotNow);
            }
            self.join_or_start(&mut state, now)
                .ok_or_else(|| state.unavailable())?
        };
        flight.landed().await;
        let state = self.lock();
        match state.other_than(seen) {
            Some(keys) => Ok(Newer::Keys(keys)),
            None if state.failure.is_some() => Err(state.unavailable()),
            None => Ok(Newer::None),
        }
    }

    /// Joins the fetch under way or starts one. `None`: the last one failed too recently, or there
    /// is no runtime here.
    fn join_or_start(self: &Arc<Self>, state: &mut State, now: UnixSeconds) -> Option<Flight> {
        if state.in_flight() {
            return state.flight.clone();
        }
        if state.failed_lately(now) {
            return None;
        }
        let runtime = Handle::try_current().ok()?;
        let (done, receiver) = watch::channel(false);
        let this = Arc::clone(self);
        runtime.spawn(async move {
            let fetched = discovery::keys(&this.source, this.fetch.as_ref());
            let outcome = tokio::time::timeout(TIMEOUT, fetched)
                .await
                .unwrap_or(Err(DiscoveryError::TimedOut { after: TIMEOUT }));
            this.settle(outcome);
            done.send_replace(true);
        });
        let flight = Flight {
            began: tokio::time::Instant::now(),
            done: receiver,
        };
        state.flight = Some(flight.clone());
        // Started here and not when the server is built, because there may be no runtime yet;
        // started again if the runtime has ended.
        if state.keeper.as_ref().is_none_or(AbortHandle::is_finished) {
            let keeper = runtime.spawn(keep_fresh(Arc::downgrade(self)));
            state.keeper = Some(keeper.abort_handle());
        }
        Some(flight)
    }

    /// Fetches if it is time, and says after how long to look again.
    fn tend(self: &Arc<Self>) -> Duration {
        let now = self.clock.now();
        let mut state = self.lock();
        let left = self.ages.refresh_seconds() - state.age(now);
        if state.keys.is_some() && left > 0 {
            return Duration::from_secs(left.unsigned_abs());
        }
        self.join_or_start(&mut state, now);
        // Longer than a fetch and the pause after a failed one.
        TIMEOUT * 2
    }

    fn settle(&self, outcome: Result<KeySet, DiscoveryError>) {
        let now = self.clock.now();
        let mut state = self.lock();
        match outcome {
            Ok(set) => {
                let number = match &state.keys {
                    Some(keys) if keys.set == set => keys.number,
                    Some(keys) => keys.number + 1,
                    None => 0,
                };
                tracing::debug!(
                    issuer = self.source.issuer,
                    keys = set.len(),
                    "read the issuer's keys"
                );
                state.keys = Some(Arc::new(Generation { number, set }));
                state.fetched_at = now;
                state.failure = None;
            }
            Err(error) => {
                tracing::warn!(
                    issuer = self.source.issuer,
                    error = with_causes(&error),
                    "cannot read the issuer's keys"
                );
                state.failure = Some((now, Arc::new(error)));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and no half-written state could be seen if it did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyReader {
    fn drop(&mut self) {
        if let Some(keeper) = self.lock().keeper.take() {
            keeper.abort();
        }
    }
}

/// Keeps the keys fresh as long as the server exists, with or without requests: after a quiet
/// night, the first request must not be checked with withdrawn keys. Holds the keys only while it
/// looks at them.
async fn keep_fresh(keys: Weak<KeyReader>) {
    while let Some(pause) = keys.upgrade().map(|keys| keys.tend()) {
        tokio::time::sleep(pause).await;
    }
}

impl Flight {
    /// Waits until the fetch has ended, or its task has with its runtime, or it is lost.
    async fn landed(mut self) {
        let done = self.done.wait_for(|done| *done);
        if Handle::try_current().is_err() {
            // It runs on a runtime elsewhere; without one here, there is no timer for a lost fetch.
            let _ended_either_way = done.await;
            return;
        }
        let _ended_either_way = tokio::time::timeout_at(self.began + LOST_AFTER, done).await;
    }

    fn is_under_way(&self) -> bool {
        self.done.has_changed().is_ok() && !*self.done.borrow() && self.began.elapsed() < LOST_AFTER
    }
}

impl State {
    fn usable(&self, now: UnixSeconds) -> Option<Arc<Generation>> {
        self.keys
            .as_ref()
            .filter(|_| self.age(now) < self.ages.max_seconds())
            .map(Arc::clone)
    }

    /// The age of the keys in seconds. After the clock has stepped back, they count as old.
    fn age(&self, now: UnixSeconds) -> i64 {
        match now.0.saturating_sub(self.fetched_at.0) {
            age if age < 0 => self.ages.refresh_seconds(),
            age => age,
        }
    }

    fn other_than(&self, seen: u64) -> Option<Arc<Generation>> {
        self.keys
            .as_ref()
            .filter(|keys| keys.number != seen)
            .map(Arc::clone)
    }

    fn in_flight(&self) -> bool {
        self.flight.as_ref().is_some_and(Flight::is_under_way)
    }

    fn failed_lately(&self, now: UnixSeconds) -> bool {
        self.failure.as_ref().is_some_and(|(at, _)| {
            (at.0..at.0.saturating_add(RETRY_AFTER_FAILURE)).contains(&now.0)
        })
    }

    /// Whether the issuer did not answer in time when it was last asked.
    fn hangs(&self, now: UnixSeconds) -> bool {
        self.failure.as_ref().is_some_and(|(at, error)| {
            matches!(**error, DiscoveryError::TimedOut { .. })
                && (at.0..at.0.saturating_add(HANGS_FOR)).contains(&now.0)
        })
    }

    fn unavailable(&self) -> Arc<DiscoveryError> {
        if Handle::try_current().is_err() {
            return Arc::new(DiscoveryError::NoRuntime);
        }
        match &self.failure {
            Some((_, error)) => Arc::clone(error),
            None => Arc::new(DiscoveryError::Interrupted),
        }
    }
}

/// The budget of fetches on behalf of unknown keys.
struct Budget {
    left: u32,
    since: UnixSeconds,
}

impl Budget {
    fn full() -> Self {
        Self {
            left: UNKNOWN_KEY_BURST,
            since: UnixSeconds(0),
        }
    }

    fn take(&mut self, now: UnixSeconds) -> bool {
        let earned = now.0.saturating_sub(self.since.0) / UNKNOWN_KEY_INTERVAL;
        if earned != 0 {
            let earned = u32::try_from(earned).unwrap_or(0);
            self.left = self.left.saturating_add(earned).min(UNKNOWN_KEY_BURST);
            self.since = now;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests;
