//! The source of time. Everything in this crate that needs the time asks a [`Clock`]; only
//! [`Clock::system`] asks the machine.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use countersign::UnixSeconds;

/// A source of the current time. Tests give one that they move by hand.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixSeconds + Send + Sync>);

impl Clock {
    /// Creates a clock that shows the machine's time.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            UnixSeconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        })
    }

    /// Creates a clock that shows what `now` returns.
    pub fn new(now: impl Fn() -> UnixSeconds + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns this clock set `seconds` ahead (behind, if negative).
    pub(crate) fn ahead_by(self, seconds: i64) -> Self {
        Self::new(move || self.now().plus(seconds))
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Writes the moment for the `Date` header (RFC 9110, 5.6.7), limited to the years that the format
/// has.
pub(crate) fn http_date(now: UnixSeconds) -> String {
    const LAST_SECOND_OF_9999: i64 = 253_402_300_799;
    let seconds = now.0.clamp(0, LAST_SECOND_OF_9999).unsigned_abs();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}
