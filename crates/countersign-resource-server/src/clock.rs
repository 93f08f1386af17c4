//! Where the time comes from. Everything in this crate that needs the time asks a [`Clock`]; only
//! [`SystemClock`] asks the machine.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign::UnixSeconds;

/// The present moment, as the checks of tokens, proofs and nonces see it.
///
/// A clock that runs behind accepts tokens and proofs that have expired, one that runs ahead refuses
/// good ones: keep servers synchronised.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> UnixSeconds;
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
}

impl<F> Clock for F
where
    F: Fn() -> UnixSeconds + Send + Sync + 'static,
{
    fn now(&self) -> UnixSeconds {
        self()
    }
}
