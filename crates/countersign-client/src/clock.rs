//! The difference between each server's clock and the local one, learned from `Date`.
//!
//! A `Date` is never ahead of its server's clock but may lag behind it: it has whole seconds, takes
//! the way back, and may come out of a cache. So a later one is always believed, an earlier one
//! only if the response was certainly fresh.
//!
//! An attacker who moves the clock ahead gets proofs that are good later, when the page is closed.
//! So only the authorization server or the app's own origin can change the offset by much. Scripts
//! of the page may influence what an API seems to answer, so that changes little.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::platform::UnixMillis;
use crate::text::Text;

/// Smaller differences come from the way back and from the rounding of `Date`.
const TOLERANCE_MILLIS: i64 = 2_000;

/// The smallest jump of the local clock against the monotonic one that counts. Smaller ones may be
/// the drift of some days.
const JUMP_MILLIS: i64 = 10_000;

/// How far an API's clock may be from the one that is vouched for. Synchronised servers differ by
/// less, and a proof is good for longer anyway.
const LEEWAY_MILLIS: i64 = 60_000;

/// How many origins are remembered. The API that was met first is then forgotten, and learned anew
/// from its next response; who vouches for time is configured, and stays.
const CAPACITY: usize = 64;

struct Known {
    origin: Text,
    /// The server's clock minus the local one, in milliseconds.
    offset: i64,
    /// The part of it that was vouched for. `None`: the authorization server's offset is taken.
    anchor: Option<i64>,
}

/// Where a time comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The authorization server, or the app's own origin.
    Vouched,
    /// Any other server, or a script that pretends to be one.
    Anybody,
}

/// The clocks of all servers, and the local one's own jumps.
pub(crate) struct Clocks {
    /// Oldest first.
    #[allow(clippy::vec_box)] // in WebAssembly, `remove` is one function for all such lists
    known: Vec<Box<Known>>,
    /// The local clock minus the monotonic one when they were last compared; zero before that.
    base: i64,
    /// How far the local clock has moved ahead of the monotonic one: it was set, or the machine has
    /// slept, which some monotonic clocks do not count.
    ahead: i64,
    /// Whether nobody could be asked about that, as right after a sleep: then the offsets may be
    /// wrong until somebody vouches for one.
    is_doubted: bool,
}

impl Clocks {
    pub(crate) const fn new() -> Self {
        Self {
            known: Vec::new(),
            base: 0,
            ahead: 0,
            is_doubted: false,
        }
    }

    /// Returns the offset of an origin. If nothing is known of it, that is the offset of the
    /// authorization server that it trusts.
    pub(crate) fn offset(&self, origin: &str, authorization_server: &str) -> i64 {
        self.get(origin)
            .or_else(|| self.get(authorization_server))
            .map_or(0, |known| known.offset)
    }

    /// Tells whether this origin's clock is known.
    pub(crate) fn is_known(&self, origin: &str) -> bool {
        !self.is_doubted && self.get(origin).is_some()
    }

    /// Nobody could be asked whether the local clock was set.
    pub(crate) const fn doubt(&mut self) {
        self.is_doubted = true;
    }

    fn get(&self, origin: &str) -> Option<&Known> {
        self.known
            .iter()
            .find(|known| known.origin == origin)
            .map(|known| &**known)
    }

    /// Learns from one response.
    pub(crate) fn learn(
        &mut self,
        origin: &str,
        authorization_server: &str,
        local: UnixMillis,
        date: UnixMillis,
        is_fresh: bool,
        source: Source,
    ) {
        let believed = self.offset(origin, authorization_server);
        let mut offset = date.0 - local.0;
        if offset <= believed && !(is_fresh && offset < believed - TOLERANCE_MILLIS) {
            if !is_fresh {
                return;
            }
            offset = believed;
        }
        let mut anchor = self.get(origin).and_then(|known| known.anchor);
        if source == Source::Vouched {
            self.is_doubted = false;
            anchor = Some(offset);
        } else {
            let vouched = anchor.unwrap_or_else(|| self.offset(authorization_server, ""));
            if (offset - vouched).abs() > LEEWAY_MILLIS {
                return;
            }
        }
        match self.known.iter_mut().find(|known| known.origin == origin) {
            Some(known) => {
                known.offset = offset;
                known.anchor = anchor;
            }
            None => {
                let oldest = self.known.iter().position(|known| known.anchor.is_none());
                if let Some(oldest) = oldest.filter(|_| self.known.len() >= CAPACITY) {
                    self.known.remove(oldest);
                }
                self.known.push(Box::new(Known {
                    origin: origin.into(),
                    offset,
                    anchor,
                }));
            }
        }
    }

    /// Compares the local clock with the monotonic one. If the local clock moved back, it was
    /// certainly set. If it moved ahead, the engine has to ask: see
    /// [`take_ahead`](Self::take_ahead).
    pub(crate) fn notice(&mut self, local: UnixMillis, monotonic: i64) {
        let base = local.0 - monotonic;
        let jump = base - core::mem::replace(&mut self.base, base);
        if jump.abs() < JUMP_MILLIS || jump == base {
            return;
        }
        self.ahead += jump;
        if self.ahead < 0 {
            self.shift(-self.ahead);
            self.ahead = 0;
        }
    }

    /// Returns how far the local clock has moved ahead, if that may need a correction; zero
    /// otherwise. The machine may only have slept, so the caller asks for the time and passes it to
    /// [`settle`](Self::settle).
    pub(crate) fn take_ahead(&mut self) -> i64 {
        let ahead = core::mem::take(&mut self.ahead);
        if self.known.is_empty() { 0 } else { ahead }
    }

    /// Decides whether the clock was set or the machine has slept, whichever is likelier. `offset`:
    /// the local clock's offset according to the app's own origin.
    pub(crate) fn settle(&mut self, ahead: i64, offset: i64, authorization_server: &str) {
        let error = offset - self.offset(authorization_server, "");
        if (error + ahead).abs() < error.abs() {
            self.shift(-ahead);
        }
    }

    /// Corrects all offsets: the local clock was set, the servers' clocks were not.
    fn shift(&mut self, by: i64) {
        for known in &mut self.known {
            known.offset += by;
            known.anchor = known.anchor.map(|anchor| anchor + by);
        }
    }
}

/// Tells whether a proof made now would carry another time than the one that was refused.
pub(crate) fn has_moved(now: i64, used: i64) -> bool {
    (now - used).abs() >= TOLERANCE_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn learn(clocks: &mut Clocks, date: i64, is_fresh: bool, source: Source) -> i64 {
        let (local, date) = (UnixMillis(1_000_000), UnixMillis(1_000_000 + date));
        clocks.learn("https://a", "https://as", local, date, is_fresh, source);
        clocks.offset("https://a", "https://as")
    }

    #[test]
    fn rc6_a_cached_date_never_turns_the_clock_back() {
        let mut clocks = Clocks::new();
        let mut learn = |date, is_fresh| learn(&mut clocks, date, is_fresh, Source::Vouched);
        assert_eq!(learn(-HOUR, false), 0);
        assert_eq!(learn(600_000, false), 600_000);
        assert_eq!(learn(-600_000, true), -600_000);
    }

    #[test]
    fn the_way_back_and_whole_seconds_are_no_offset() {
        let mut clocks = Clocks::new();
        assert_eq!(learn(&mut clocks, -1_900, true, Source::Vouched), 0);
        assert!(clocks.is_known("https://a"));
    }

    #[test]
    fn an_unknown_origin_has_the_clock_of_its_authorization_server() {
        let mut clocks = Clocks::new();
        let (local, date) = (UnixMillis(0), UnixMillis(5_000));
        clocks.learn("https://as", "", local, date, true, Source::Vouched);
        assert_eq!(clocks.offset("https://api", "https://as"), 5_000);
        assert!(!clocks.is_known("https://api"));
    }

    #[test]
    fn s4_what_anybody_says_changes_little_however_often_it_is_said() {
        let mut clocks = Clocks::new();
        let mut learn = |date, source| learn(&mut clocks, date, true, source);
        assert_eq!(learn(LEEWAY_MILLIS + 1, Source::Anybody), 0);
        assert_eq!(learn(LEEWAY_MILLIS, Source::Anybody), LEEWAY_MILLIS);
        assert_eq!(learn(2 * LEEWAY_MILLIS, Source::Anybody), LEEWAY_MILLIS);
        assert_eq!(learn(-LEEWAY_MILLIS, Source::Anybody), -LEEWAY_MILLIS);
        assert_eq!(learn(HOUR, Source::Vouched), HOUR);
        let near = HOUR - LEEWAY_MILLIS;
        assert_eq!(learn(near - 1, Source::Anybody), HOUR);
        assert_eq!(learn(near, Source::Anybody), near);
        assert_eq!(learn(near - LEEWAY_MILLIS, Source::Anybody), near);
    }

    #[test]
    fn a_local_clock_that_is_set_back_leaves_the_servers_where_they_are() {
        let mut clocks = Clocks::new();
        learn(&mut clocks, 5_000, true, Source::Vouched);
        clocks.notice(UnixMillis(1_000_000), 0);
        clocks.notice(UnixMillis(1_000_000 - HOUR + 1_000), 1_000);
        assert_eq!(clocks.offset("https://a", ""), 5_000 + HOUR);
        assert_eq!(clocks.take_ahead(), 0);
        // It is not corrected twice.
        clocks.notice(UnixMillis(1_000_000 - HOUR + 2_000), 2_000);
        assert_eq!(clocks.offset("https://a", ""), 5_000 + HOUR);
        // The offset that was vouched for has moved along.
        let far = learn(&mut clocks, 5_000, true, Source::Anybody);
        assert_eq!(far, 5_000 + HOUR);
    }

    #[test]
    fn ahead_it_was_set_or_the_machine_has_slept() {
        for (told, expected) in [(0, 0), (-HOUR, -HOUR)] {
            let mut clocks = Clocks::new();
            learn(&mut clocks, 0, true, Source::Vouched);
            clocks.notice(UnixMillis(1_000_000), 0);
            clocks.notice(UnixMillis(1_000_000 + HOUR), 0);
            assert_eq!(clocks.offset("https://a", ""), 0);
            let ahead = clocks.take_ahead();
            assert_eq!((ahead, clocks.take_ahead()), (HOUR, 0));
            clocks.settle(ahead, told, "https://a");
            assert_eq!(clocks.offset("https://a", ""), expected);
        }
    }

    #[test]
    fn an_unanswered_question_leaves_doubt_until_somebody_vouches() {
        let mut clocks = Clocks::new();
        learn(&mut clocks, 0, true, Source::Vouched);
        clocks.doubt();
        assert!(!clocks.is_known("https://a"));
        learn(&mut clocks, 0, true, Source::Anybody);
        assert!(!clocks.is_known("https://a"));
        learn(&mut clocks, -HOUR, true, Source::Vouched);
        assert!(clocks.is_known("https://a"));
        assert_eq!(clocks.offset("https://a", ""), -HOUR);
    }

    #[test]
    fn a_bounded_number_of_apis_is_remembered_and_who_vouches_for_ever() {
        let mut clocks = Clocks::new();
        let (local, date) = (UnixMillis(0), UnixMillis(5_000));
        let hear = |clocks: &mut Clocks, origin: &str, source| {
            clocks.learn(origin, "https://as", local, date, true, source);
        };
        hear(&mut clocks, "https://as", Source::Vouched);
        hear(&mut clocks, "https://first", Source::Anybody);
        for number in 0..1_000 {
            hear(
                &mut clocks,
                &alloc::format!("https://{number}"),
                Source::Anybody,
            );
            hear(&mut clocks, "https://first", Source::Anybody);
        }
        assert_eq!(clocks.known.len(), CAPACITY);
        for (origin, is_known) in [("as", true), ("first", true), ("999", true), ("0", false)] {
            assert_eq!(
                clocks.is_known(&alloc::format!("https://{origin}")),
                is_known,
                "{origin}"
            );
        }
    }

    #[test]
    fn there_and_back_again_is_no_jump() {
        let mut clocks = Clocks::new();
        learn(&mut clocks, 0, true, Source::Vouched);
        clocks.notice(UnixMillis(1_000_000), 0);
        clocks.notice(UnixMillis(1_000_000 + HOUR), 0);
        clocks.notice(UnixMillis(1_000_000), 0);
        assert_eq!(clocks.offset("https://a", ""), 0);
        assert_eq!(clocks.take_ahead(), 0);
    }
}
