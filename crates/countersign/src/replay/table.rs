//! The table of the store in memory. It is worth its lines: with a million to two million live
//! entries, a standard `HashMap` beside a queue of ends took 53 to 77 bytes an entry and 1.2 to 2.2
//! million insertions a second, where this table takes 25 to 28 bytes and 4.8 million, hashing
//! included. Both were measured beside other builds on the same cores; on idle cores this table
//! takes 8 million.

use super::{
    buckets::Buckets,
    chunks::{FINGERPRINTS, Fingerprint, MOST_CHUNKS},
    index::{Index, LASTS},
};
use crate::UnixSeconds;

/// A part of the store: entries in buckets by their ends, so that dropping them costs nothing, and
/// one index over all buckets, so that a fingerprint is found whatever its end without searching a
/// bucket.
pub(super) struct Table {
    buckets: Buckets,
    index: Index,
    index_made: u32,
    capacity: usize,
}

/// The bytes per entry of a table that is nearly full: 16 for the fingerprint, 6.4 to 10.7 for the
/// index, which grows by a quarter and is filled to three quarters, and the links between chunks.
pub(super) const MOST_BYTES_AN_ENTRY: usize = 28;

/// The number of entries that surely fit, if they end in fewer than 12,000 different seconds.
/// Otherwise a table may be full earlier.
pub(super) const MOST_ENTRIES: usize = (MOST_CHUNKS - 12_000) * FINGERPRINTS;

/// The other bytes of a table whose entries end within 75 seconds: the buckets' heads, a partly
/// filled last chunk in each, and a partly filled page.
pub(super) const MOST_BYTES_BESIDE: usize = 24 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Inserted,
    Seen,
    Full,
}

impl Table {
    /// Creates an empty table, which takes memory as entries come.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            buckets: Buckets::new(),
            index: Index::new(),
            index_made: 0,
            capacity,
        }
    }

    /// Inserts a fingerprint. `until` must not be earlier than `now`, nor `now` earlier than in a
    /// previous call.
    pub(super) fn insert(
        &mut self,
        fingerprint: Fingerprint,
        until: UnixSeconds,
        now: UnixSeconds,
    ) -> Outcome {
        let now = moment(now).max(self.buckets.now());
        if now > self.buckets.now() {
            self.advance(now);
        }
        let end = moment(until).max(now);
        if self.index.room() == 0 {
            self.make_index(FEWEST);
        }
        let is_there = |position| self.buckets.get(position) == fingerprint;
        let Some(mut place) = self.index.place(fingerprint, now, is_there) else {
            return Outcome::Seen;
        };
        let live = self.buckets.live();
        if live >= self.capacity {
            return Outcome::Full;
        }
        if live >= self.index.room() {
            self.make_index(live + live / 4 + 1);
            match self.index.place(fingerprint, now, |_| false) {
                Some(other) => place = other,
                None => return Outcome::Seen,
            }
        }
        let Some(position) = self.buckets.push(fingerprint, end) else {
            return Outcome::Full;
        };
        self.index.put(fingerprint, position, end, now, &place);
        Outcome::Inserted
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.buckets.allocated_bytes() + self.index.allocated_bytes()
    }

    #[cold]
    fn advance(&mut self, now: u32) {
        self.buckets.advance(now);
        if now - self.index_made >= LASTS {
            self.make_index(self.index.room());
        }
    }

    /// Rebuilds the index over the live entries, with room for `room`.
    #[cold]
    fn make_index(&mut self, room: usize) {
        let now = self.buckets.now();
        let room = room.min(self.capacity).max(FEWEST);
        self.index = Index::new(); // Frees its memory before the new one takes some.
        let mut index = Index::with_room(room);
        for (fingerprint, position, end) in self.buckets.iter() {
            if let Some(place) = index.place(fingerprint, now, |_| false) {
                index.put(fingerprint, position, end, now, &place);
            }
        }
        self.index = index;
        self.index_made = now;
    }
}

/// Smaller tables have an index of this size too.
const FEWEST: usize = 100;

/// Converts to seconds since 1970. Moments outside of the range (before 1970, after 2106) stop at
/// its ends, where an entry lives too long and never too short.
fn moment(time: UnixSeconds) -> u32 {
    u32::try_from(time.0.max(0)).unwrap_or(LATEST).min(LATEST)
}

/// A day before 32 bits end, so that sums with small numbers don't overflow.
const LATEST: u32 = u32::MAX - 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

    /// The first half decides where the index has it: small numbers share one line, large ones lie
    /// near its end. The upper bits of the other are all that the index holds: here the same for
    /// all.
    fn fingerprint(name: u32, home: u32) -> Fingerprint {
        [u64::from(home) << 32, u64::from(name)]
    }

    #[test]
    fn v15_a_full_table_refuses_and_forgets_nothing() {
        let mut table = Table::new(3);
        for name in 0..3 {
            assert_eq!(
                table.insert(fingerprint(name, 0), NOW.plus(9), NOW),
                Outcome::Inserted
            );
        }
        assert_eq!(
            table.insert(fingerprint(3, 0), NOW.plus(9), NOW),
            Outcome::Full
        );
        for name in 0..3 {
            assert_eq!(
                table.insert(fingerprint(name, 0), NOW.plus(20), NOW.plus(9)),
                Outcome::Seen
            );
        }
        // All have ended: room for three others.
        for name in 3..6 {
            assert_eq!(
                table.insert(fingerprint(name, 0), NOW.plus(20), NOW.plus(10)),
                Outcome::Inserted
            );
        }
        assert_eq!(
            table.insert(fingerprint(0, 0), NOW.plus(20), NOW.plus(10)),
            Outcome::Full
        );
    }

    #[test]
    fn an_entry_that_ended_may_come_again() {
        let mut table = Table::new(1);
        let one = fingerprint(1, 7);
        assert_eq!(table.insert(one, NOW.plus(5), NOW), Outcome::Inserted);
        assert_eq!(table.insert(one, NOW.plus(50), NOW.plus(5)), Outcome::Seen);
        assert_eq!(
            table.insert(one, NOW.plus(50), NOW.plus(6)),
            Outcome::Inserted
        );
        assert_eq!(table.insert(one, NOW.plus(60), NOW.plus(50)), Outcome::Seen);
    }

    #[test]
    fn a_table_without_room_is_always_full() {
        let mut table = Table::new(0);
        assert_eq!(
            table.insert(fingerprint(1, 0), NOW.plus(5), NOW),
            Outcome::Full
        );
    }

    /// Spread as the store's fingerprints are.
    fn spread(name: u32) -> Fingerprint {
        let spread = u64::from(name).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        [spread, spread.rotate_left(32) ^ u64::from(name)]
    }

    #[test]
    fn a_live_entry_takes_no_more_than_promised_however_many_there_are() {
        let capacity = 60_000;
        let mut table = Table::new(capacity);
        for name in 0..capacity as u32 {
            let until = NOW.plus(1 + i64::from(name % 65));
            assert_eq!(table.insert(spread(name), until, NOW), Outcome::Inserted);
            let live = name as usize + 1;
            let most = MOST_BYTES_BESIDE + live * MOST_BYTES_AN_ENTRY;
            assert!(table.allocated_bytes() <= most, "{live}");
        }
    }

    /// Bits that happen to agree are looked at too.
    #[test]
    fn v15_a_replay_is_found_without_a_search_of_what_ends_in_the_same_second() {
        let count = 4_000;
        let mut table = Table::new(count as usize);
        // In one second that is near, and in one that is far.
        for life in [65, 300_000] {
            let until = table_now(&table).plus(life);
            let first = table.buckets.live() as u32;
            for name in first..first + count / 2 {
                let now = table_now(&table);
                assert_eq!(table.insert(spread(name), until, now), Outcome::Inserted);
            }
        }
        // Also by an index that was made anew.
        for pause in [0, 60, 20_000] {
            let now = table_now(&table).plus(pause);
            for name in (0..count).filter(|name| pause < 65 || *name >= count / 2) {
                let before = table.buckets.looks();
                assert_eq!(table.insert(spread(name), now.plus(5), now), Outcome::Seen);
                let looks = table.buckets.looks() - before;
                assert!((1..=3).contains(&looks), "{name}: {looks}");
            }
        }
    }

    fn table_now(table: &Table) -> UnixSeconds {
        NOW.max(UnixSeconds(table.buckets.now().into()))
    }

    #[test]
    fn room_of_dropped_buckets_is_used_again() {
        let live = 4_000;
        let mut table = Table::new(live);
        let mut bytes = 0;
        // Past the moment at which the index is made anew.
        for name in 0..60 * live as u32 {
            // Eight buckets, of which one ends as the next begins; now and then an hour of silence.
            let second = i64::from(name) / 500;
            let now = NOW.plus(second + second / 40 * 3_600);
            assert_eq!(
                table.insert(spread(name), now.plus(7), now),
                Outcome::Inserted
            );
            assert_eq!(table.insert(spread(name), now.plus(7), now), Outcome::Seen);
            if name as usize == 2 * live {
                bytes = table.allocated_bytes();
            }
        }
        assert_eq!(table.allocated_bytes(), bytes);
    }

    #[test]
    fn v15_an_entry_is_remembered_for_days_where_a_policy_says_so() {
        let mut table = Table::new(10);
        let until = NOW.plus(300_000);
        assert_eq!(table.insert(spread(1), until, NOW), Outcome::Inserted);
        for later in (0..=300_000).step_by(1_000) {
            let now = NOW.plus(later);
            assert_eq!(table.insert(spread(1), now.plus(5), now), Outcome::Seen);
            let other = spread(2 + later as u32);
            assert_eq!(table.insert(other, now.plus(5), now), Outcome::Inserted);
        }
        let now = until.plus(1);
        assert_eq!(table.insert(spread(1), now, now), Outcome::Inserted);
    }

    #[test]
    fn moments_out_of_range_live_too_long_and_never_too_short() {
        let mut table = Table::new(2);
        assert_eq!(
            table.insert(fingerprint(2, 0), UnixSeconds(-5), UnixSeconds(-9)),
            Outcome::Inserted
        );
        assert_eq!(
            table.insert(fingerprint(2, 0), UnixSeconds(-4), UnixSeconds(-5)),
            Outcome::Seen
        );
        let far = UnixSeconds(i64::MAX);
        assert_eq!(
            table.insert(fingerprint(1, 0), far, UnixSeconds(9)),
            Outcome::Inserted
        );
        assert_eq!(
            table.insert(fingerprint(1, 0), far, far.plus(-1)),
            Outcome::Seen
        );
    }

    /// In seconds: mostly few, some beyond what is near, some beyond what the index can say.
    fn life() -> impl Strategy<Value = i64> {
        prop_oneof![8 => 1..8_i64, 1 => 100..200_i64, 1 => 30_000..40_000_i64]
    }

    proptest! {
        /// Against a model that is a map and a clock: no answer differs, also where the table
        /// grows, homes are crowded and the same fingerprint comes again with another end.
        #[test]
        fn v15_the_table_answers_as_a_map_with_a_clock_does(
            capacity in 1..160_usize,
            steps in prop::collection::vec((0..300_u32, 0..6_u32, life(), 0..40_i64), 1..600),
        ) {
            let mut table = Table::new(capacity);
            let mut model: HashMap<Fingerprint, UnixSeconds> = HashMap::new();
            let mut now = NOW;
            for (name, home, life, pause) in steps {
                // Mostly the clock stands still.
                now = now.plus(match pause {
                    39 => 20_000,
                    _ => (pause - 36).max(0),
                });
                let fingerprint = match home {
                    // Two crowded homes at the start, two at the end, where runs wrap around; the
                    // others as they fall.
                    0..4 => fingerprint(name, [0, 1 << 26, u32::MAX - (1 << 26), u32::MAX][home as usize]),
                    _ => spread(name),
                };
                model.retain(|_, until| *until >= now);
                let expected = if model.contains_key(&fingerprint) {
                    Outcome::Seen
                } else if model.len() == capacity {
                    Outcome::Full
                } else {
                    Outcome::Inserted
                };
                let until = now.plus(life);
                prop_assert_eq!(&table.insert(fingerprint, until, now), &expected);
                if expected == Outcome::Inserted {
                    model.insert(fingerprint, until);
                }
                prop_assert_eq!(table.buckets.live(), model.len());
            }
        }
    }
}
