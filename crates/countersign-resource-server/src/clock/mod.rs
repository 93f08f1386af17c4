//! Where the time comes from. Everything in this crate that needs the time asks a [`Clock`]; only
//! [`SystemClock`] asks the machine.

mod guard;

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use countersign::UnixSeconds;

pub(crate) use guard::{ClockGuard, HOLDS_FOR};

/// The present moment, as the checks of tokens, proofs and nonces see it.
///
/// A clock that runs behind accepts tokens and proofs that have expired, one that runs ahead refuses
/// good ones: keep servers synchronised.
///
/// A moment far ahead that is seen once would make a replay store forget what it has to remember,
/// and refuse every later proof. So where the clock also has a [`monotonic`](Self::monotonic) side,
/// a jump ahead of that by more than an hour is believed only when it still holds five seconds
/// later; until then requests are answered 503.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> UnixSeconds;

    /// The time since some fixed moment, by a clock that nobody sets. `None`, which is the default,
    /// and a closure's answer: there is none, and every jump of [`now`](Self::now) is believed at
    /// once.
    fn monotonic(&self) -> Option<Duration> {
        None
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixSeconds {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixSeconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Option<Duration> {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Some(START.elapsed())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_both_clocks() {
        let before = SystemClock.monotonic().expect("a monotonic clock");
        assert!(SystemClock.now().0 > 1_700_000_000);
        assert!(SystemClock.monotonic().expect("a monotonic clock") >= before);
        assert_eq!((|| UnixSeconds(7)).monotonic(), None);
    }
}
