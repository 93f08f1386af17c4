//! The only place that asks the machine for the time.

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use countersign::UnixSeconds;

use super::Clock;

/// The machine's clock. Not on wasm32-unknown-unknown, where there is no machine to ask.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs)] // a value to write as it is; it has no settings
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
