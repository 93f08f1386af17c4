//! How far each server's clock is from the local one, learned from `Date`.
//!
//! A `Date` is never ahead of its server's clock but may lag it: whole seconds, the way back, a response out of a
//! cache. So a later one is always believed, an earlier one only from a response that was certainly fresh.

use alloc::vec::Vec;

use crate::platform::UnixMillis;
use crate::text::Text;

/// Smaller differences are the way back and the rounding of `Date`.
const TOLERANCE_MILLIS: i64 = 2_000;

/// Server's clock minus the local one in milliseconds, by origin.
pub(crate) struct Clocks(Vec<(Text, i64)>);

impl Clocks {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The offset of an origin; where nothing is known of it, that of the authorization server that it trusts.
    pub(crate) fn offset(&self, origin: &str, authorization_server: &str) -> i64 {
        self.get(origin)
            .or_else(|| self.get(authorization_server))
            .unwrap_or(0)
    }

    /// Has this origin shown its clock?
    pub(crate) fn is_known(&self, origin: &str) -> bool {
        self.get(origin).is_some()
    }

    fn get(&self, origin: &str) -> Option<i64> {
        let entry = self.0.iter().find(|(known, _)| *known == origin);
        entry.map(|&(_, offset)| offset)
    }

    /// Learns from one response.
    pub(crate) fn learn(
        &mut self,
        origin: &str,
        authorization_server: &str,
        local: UnixMillis,
        date: UnixMillis,
        is_fresh: bool,
    ) {
        let believed = self.offset(origin, authorization_server);
        let mut offset = date.0 - local.0;
        if offset <= believed && !(is_fresh && offset < believed - TOLERANCE_MILLIS) {
            if !is_fresh {
                return;
            }
            offset = believed;
        }
        match self.0.iter_mut().find(|(known, _)| *known == origin) {
            Some(entry) => entry.1 = offset,
            None => self.0.push((origin.into(), offset)),
        }
    }
}

/// Would a proof made now carry a time that differs from the one that was refused?
pub(crate) fn has_moved(now: i64, used: i64) -> bool {
    (now - used).abs() >= TOLERANCE_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(clocks: &mut Clocks, date: i64, is_fresh: bool) -> i64 {
        let (local, date) = (UnixMillis(1_000_000), UnixMillis(1_000_000 + date));
        clocks.learn("https://a", "https://as", local, date, is_fresh);
        clocks.offset("https://a", "https://as")
    }

    #[test]
    fn rc6_a_cached_date_never_turns_the_clock_back() {
        let mut clocks = Clocks::new();
        assert_eq!(learn(&mut clocks, -3_600_000, false), 0);
        assert_eq!(learn(&mut clocks, 600_000, false), 600_000);
        assert_eq!(learn(&mut clocks, -600_000, true), -600_000);
    }

    #[test]
    fn the_way_back_and_whole_seconds_are_no_offset() {
        let mut clocks = Clocks::new();
        assert_eq!(learn(&mut clocks, -1_900, true), 0);
        assert!(clocks.is_known("https://a"));
    }

    #[test]
    fn an_unknown_origin_has_the_clock_of_its_authorization_server() {
        let mut clocks = Clocks::new();
        clocks.learn("https://as", "", UnixMillis(0), UnixMillis(5_000), true);
        assert_eq!(clocks.offset("https://api", "https://as"), 5_000);
        assert!(!clocks.is_known("https://api"));
    }
}
