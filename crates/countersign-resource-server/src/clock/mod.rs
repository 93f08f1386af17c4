//! Where the time comes from. Everything in this crate that needs the time asks a [`Clock`]; only
//! [`SystemClock`] asks the machine.

mod guard;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod system;

use std::time::Duration;

use countersign::UnixSeconds;

pub(crate) use guard::{ClockGuard, ClockJump, HOLDS_FOR};
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use system::SystemClock;

/// Tells the time to the checks of tokens, proofs and nonces.
///
/// With a clock that runs behind, the server accepts tokens and proofs that have expired; with one
/// that runs ahead, it refuses valid ones. Keep servers synchronised.
///
/// A single reading far ahead would make a replay store forget what it has to remember, and refuse
/// every later proof. So if the clock also has a [`monotonic`](Self::monotonic) side, a jump of
/// more than an hour ahead of that is believed only if it still holds five seconds later; until
/// then requests are answered 503.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> UnixSeconds;

    /// The time since some fixed moment, by a clock that cannot be set. `None` (the default, and
    /// the answer of a closure): there is no such clock, and every jump of [`now`](Self::now) is
    /// believed at once.
    fn monotonic(&self) -> Option<Duration> {
        None
    }
}

impl<F> Clock for F
where
    F: Fn() -> UnixSeconds + Send + Sync + 'static,
{
    fn now(&self) -> UnixSeconds {
        self()
    }
}
