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

use super::{
    Generation, Newer,
    discovery::{self, KeySource},
    error::{DiscoveryError, RETRY_AFTER_FAILURE, UNKNOWN_KEY_INTERVAL},
    fetch::DynFetch,
    flight::{Flight, before},
    runtime::{Keeper, Runtime},
    set::KeySet,
};
use crate::clock::Clock;
use countersign::{UnixSeconds, sibling::with_causes};

/// The longest that discovery and JWKS may take together, and that a request waits.
const TIMEOUT: Duration = Duration::from_secs(5);
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
    runtime: Arc<dyn Runtime>,
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
    keeper: Option<Box<dyn Keeper>>,
}

impl KeyReader {
    pub(crate) fn new(
        source: KeySource,
        ages: KeyAges,
        fetch: Arc<dyn DynFetch>,
        runtime: Arc<dyn Runtime>,
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
            runtime,
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
                (None, None) => return Err(state.unavailable(&*self.runtime)),
            }
        };
        flight.landed(&*self.runtime).await;
        let state = self.lock();
        // The fetched keys, or the old ones if the fetch failed.
        state
            .usable(now)
            .ok_or_else(|| state.unavailable(&*self.runtime))
    }

    /// Other keys than those of generation `seen`, which did not hold the key of a token.
    pub(crate) async fn newer(self: &Arc<Self>, seen: u64) -> Result<Newer, Arc<DiscoveryError>> {
        let now = self.clock.now();
        let flight = {
            let mut state = self.lock();
            if let Some(keys) = state.other_than(seen) {
                return Ok(Newer::Keys(keys));
            }
            if !state.in_flight(&*self.runtime)
                && !state.failed_lately(now)
                && !state.budget.take(now)
            {
                return Ok(Newer::NotNow);
            }
            self.join_or_start(&mut state, now)
                .ok_or_else(|| state.unavailable(&*self.runtime))?
        };
        flight.landed(&*self.runtime).await;
        let state = self.lock();
        match state.other_than(seen) {
            Some(keys) => Ok(Newer::Keys(keys)),
            None if state.failure.is_some() => Err(state.unavailable(&*self.runtime)),
            None => Ok(Newer::None),
        }
    }

    /// Joins the fetch under way or starts one. `None`: the last one failed too recently, or there
    /// is no runtime here.
    fn join_or_start(self: &Arc<Self>, state: &mut State, now: UnixSeconds) -> Option<Flight> {
        if state.in_flight(&*self.runtime) {
            return state.flight.clone();
        }
        if state.failed_lately(now) {
            return None;
        }
        if !self.runtime.is_here() {
            return None;
        }
        let (flight, pilot) = Flight::begin(&*self.runtime);
        let this = Arc::clone(self);
        self.runtime.spawn(Box::pin(async move {
            let fetched = discovery::keys(&this.source, this.fetch.as_ref());
            let outcome = before(fetched, &*this.runtime, TIMEOUT)
                .await
                .unwrap_or(Err(DiscoveryError::TimedOut { after: TIMEOUT }));
            this.settle(outcome);
            drop(pilot);
        }));
        state.flight = Some(flight.clone());
        // Started here and not when the server is built, because there may be no runtime yet;
        // started again if the runtime has ended.
        if state
            .keeper
            .as_ref()
            .is_none_or(|keeper| keeper.is_finished())
        {
            let runtime = Arc::clone(&self.runtime);
            let task = keep_fresh(Arc::downgrade(self), runtime);
            state.keeper = self.runtime.keep(Box::pin(task));
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
async fn keep_fresh(keys: Weak<KeyReader>, runtime: Arc<dyn Runtime>) {
    while let Some(pause) = keys.upgrade().map(|keys| keys.tend()) {
        runtime.sleep(pause).await;
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

    fn in_flight(&self, runtime: &dyn Runtime) -> bool {
        let flight = self.flight.as_ref();
        flight.is_some_and(|flight| flight.is_under_way(runtime))
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

    fn unavailable(&self, runtime: &dyn Runtime) -> Arc<DiscoveryError> {
        if !runtime.is_here() {
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

#[cfg(all(test, feature = "discovery"))]
mod tests;
