//! Keeps a moment that a faulty clock shows once from deciding anything: it would end every token,
//! and make the replay store forget.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use countersign::UnixSeconds;

use super::Clock;

/// A larger jump ahead of the monotonic clock needs to hold. Time servers correct by less; what
/// exceeds it is a machine that slept, a clock that somebody set, or a fault.
const LARGEST_JUMP: i64 = 3600; // seconds
/// How long it needs to hold.
pub(crate) const HOLDS_FOR: Duration = Duration::from_secs(5);
/// Two readings of clocks that go alike differ by less: each is of whole seconds, and a thread may
/// be stopped between.
const ALIKE: i64 = 60; // seconds
/// Smaller differences from what is believed are not written down: most requests only read.
const WORTH_WRITING: u64 = 2; // seconds

/// The server's clock, as far as it can be believed.
pub(crate) struct ClockGuard {
    clock: Arc<dyn Clock>,
    /// The clock's lead over the monotonic one that is believed, in seconds.
    lead: AtomicI64,
    is_in_doubt: AtomicBool,
    doubt: Mutex<Option<Doubt>>,
}

/// A jump ahead that has not held for long enough yet.
#[derive(Debug)]
pub(crate) struct ClockJump {
    pub(crate) seconds_ahead: i64,
}

/// A jump that has yet to hold.
struct Doubt {
    lead: i64,
    /// By the monotonic clock.
    since: Duration,
}

impl ClockGuard {
    /// Believes what the clock shows now.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let lead = clock
            .monotonic()
            .map_or(0, |monotonic| lead(clock.now(), monotonic));
        Self {
            clock,
            lead: AtomicI64::new(lead),
            is_in_doubt: AtomicBool::new(false),
            doubt: Mutex::new(None),
        }
    }

    /// Reads the clock; an error while its time is in doubt.
    pub(crate) fn now(&self) -> Result<UnixSeconds, ClockJump> {
        let now = self.clock.now();
        let Some(monotonic) = self.clock.monotonic() else {
            return Ok(now);
        };
        let lead = lead(now, monotonic);
        let believed = self.lead.load(Ordering::Relaxed);
        let jump = lead.saturating_sub(believed);
        if jump > LARGEST_JUMP {
            self.doubt(now, lead, jump, monotonic)?;
            return Ok(now);
        }
        if self.is_in_doubt.load(Ordering::Relaxed) {
            self.forget_doubt();
        }
        if jump.unsigned_abs() > WORTH_WRITING {
            self.lead.store(lead, Ordering::Relaxed);
        }
        Ok(now)
    }

    /// `Ok`: the jump has held for long enough.
    #[cold]
    fn doubt(
        &self,
        now: UnixSeconds,
        lead: i64,
        jump: i64,
        monotonic: Duration,
    ) -> Result<(), ClockJump> {
        let mut doubt = self.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = Err(ClockJump {
            seconds_ahead: jump,
        });
        match &*doubt {
            Some(old) if old.lead.abs_diff(lead) <= ALIKE.unsigned_abs() => {
                if monotonic.saturating_sub(old.since) < HOLDS_FOR {
                    return refused;
                }
                tracing::warn!(
                    now = now.0,
                    seconds_ahead = jump,
                    "the clock's jump ahead has held for {HOLDS_FOR:?} and is believed"
                );
                self.lead.store(lead, Ordering::Relaxed);
                *doubt = None;
                self.is_in_doubt.store(false, Ordering::Relaxed);
                Ok(())
            }
            _ => {
                tracing::error!(
                    now = now.0,
                    seconds_ahead = jump,
                    "the clock has jumped ahead; requests are answered 503 until it has held for \
                     {HOLDS_FOR:?}"
                );
                *doubt = Some(Doubt {
                    lead,
                    since: monotonic,
                });
                self.is_in_doubt.store(true, Ordering::Relaxed);
                refused
            }
        }
    }

    /// Forgets the jump: the clock is back, so it has not held.
    #[cold]
    fn forget_doubt(&self) {
        let mut doubt = self.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        *doubt = None;
        self.is_in_doubt.store(false, Ordering::Relaxed);
    }
}

fn lead(now: UnixSeconds, monotonic: Duration) -> i64 {
    let elapsed = i64::try_from(monotonic.as_secs()).unwrap_or(i64::MAX);
    now.0.saturating_sub(elapsed)
}
