use alloc::{collections::BTreeMap, vec::Vec};

use crate::UnixSeconds;

/// 128 bits that nobody can choose.
pub(super) type Fingerprint = [u32; 4];

/// One part of the store: a hash table whose entries end by the second.
///
/// All entries that end in one second are one bucket: their number. When the second has passed, the bucket is dropped
/// by that number alone; its slots are left as they are, and an insertion that comes by takes one. One fingerprint has
/// one place whatever its bucket, so the same `jti` with another `iat` is found.
///
/// A slot is found by linear probing over groups of slots. Since slots lose their entries without anybody coming by,
/// no slot that is free ends a search; each group knows how far from it those lie that belong to it.
pub(super) struct Table {
    groups: Vec<Group>,
    capacity: usize,
    live: usize,
    /// Of each second in which live entries end: how many.
    buckets: BTreeMap<u32, usize>,
    /// Buckets before this second are dropped.
    now: u32,
}

/// Two cache lines: the fingerprints of six entries; their ends in seconds since 1970, inclusive; how many groups
/// further on the last live entry may lie whose home is here. Plain numbers, so that the allocator's zeroed pages serve.
/// A slot whose end has passed is free; one that was never used ended in 1970.
type Group = [u32; 32];

const SLOTS: usize = 6;
const ENDS: usize = 24;
const REACH: usize = 30;
const NEW: Group = [0; 32];

/// A table is made larger when three quarters of its slots are live, by a quarter: so six tenths are live at least, and
/// a live entry takes at most [`MOST_BYTES_AN_ENTRY`]. Fuller, searches are long.
const fn most_live(groups: usize) -> usize {
    groups * SLOTS * 3 / 4
}

const fn groups_for(live: usize) -> usize {
    (live * 4).div_ceil(SLOTS * 3)
}

/// 128 bytes for six slots, of which six tenths are live.
pub(super) const MOST_BYTES_AN_ENTRY: usize = 36;

/// So small tables are all of one size.
const FEWEST_GROUPS: usize = 8;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Inserted,
    Seen,
    Full,
}

/// Where an entry is put, and how far from its home the farthest is then.
struct Place {
    group: usize,
    slot: usize,
    reach: u32,
}

impl Table {
    /// Takes memory as entries come.
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            groups: Vec::new(),
            capacity,
            live: 0,
            buckets: BTreeMap::new(),
            now: 0,
        }
    }

    /// `until` must not be earlier than `now`, nor `now` than in an earlier call.
    pub(super) fn insert(
        &mut self,
        fingerprint: Fingerprint,
        until: UnixSeconds,
        now: UnixSeconds,
    ) -> Outcome {
        self.drop_buckets_before(moment(now));
        let until = moment(until).max(self.now);
        let Some(mut place) = self.place(fingerprint) else {
            return Outcome::Seen;
        };
        if self.live >= self.capacity {
            return Outcome::Full;
        }
        if self.live >= most_live(self.groups.len()) {
            self.grow();
            match self.place(fingerprint) {
                Some(larger) => place = larger,
                None => return Outcome::Seen,
            }
        }
        self.put(fingerprint, until, &place);
        self.live += 1;
        *self.buckets.entry(until).or_default() += 1;
        Outcome::Inserted
    }

    pub(super) const fn allocated_bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Group>()
    }

    fn drop_buckets_before(&mut self, now: u32) {
        if now <= self.now {
            return;
        }
        self.now = now;
        while let Some(first) = self.buckets.first_entry()
            && *first.key() < now
        {
            self.live -= first.remove();
        }
    }

    /// Where it belongs; `None`: it is there, and lives.
    fn place(&self, fingerprint: Fingerprint) -> Option<Place> {
        let mut place = Place {
            group: usize::MAX,
            slot: 0,
            reach: 0,
        };
        let home = self.home(fingerprint);
        let Some(first) = self.groups.get(home) else {
            return Some(place);
        };
        let reach = first[REACH];
        let mut at = home;
        let mut distance = 0;
        // A free slot may lie beyond the reach. There is one: fewer are live than there are slots.
        while distance <= reach || place.group == usize::MAX {
            let group = &self.groups[at];
            for slot in 0..SLOTS {
                if group[ENDS + slot] < self.now {
                    if place.group == usize::MAX {
                        (place.group, place.slot) = (at, slot);
                        place.reach = place.reach.max(distance);
                    }
                    continue;
                }
                let other = fingerprint_at(group, slot);
                if other == fingerprint {
                    return None;
                }
                if distance > 0 && self.home(other) == home {
                    place.reach = place.reach.max(distance);
                }
            }
            distance += 1;
            at = self.after(at);
        }
        Some(place)
    }

    fn put(&mut self, fingerprint: Fingerprint, until: u32, place: &Place) {
        let home = self.home(fingerprint);
        self.groups[home][REACH] = place.reach;
        let group = &mut self.groups[place.group];
        group[place.slot * 4..][..4].copy_from_slice(&fingerprint);
        group[ENDS + place.slot] = until;
    }

    /// By a quarter, at most to what the capacity needs. Entries come over in the order of their homes, so this reads
    /// and writes straight on.
    fn grow(&mut self) {
        let wanted = groups_for(self.live + self.live / 4 + 1).max(FEWEST_GROUPS);
        let groups = wanted.min(groups_for(self.capacity));
        let old = core::mem::replace(&mut self.groups, alloc::vec![NEW; groups]);
        for group in &old {
            for slot in 0..SLOTS {
                let until = group[ENDS + slot];
                if until < self.now {
                    continue;
                }
                let fingerprint = fingerprint_at(group, slot);
                if let Some(place) = self.place(fingerprint) {
                    self.put(fingerprint, until, &place);
                }
            }
        }
    }

    const fn after(&self, at: usize) -> usize {
        if at + 1 < self.groups.len() {
            at + 1
        } else {
            0
        }
    }

    /// Spreads evenly over any number of groups without a division.
    const fn home(&self, fingerprint: Fingerprint) -> usize {
        let high = (fingerprint[0] as u64) << 32 | fingerprint[1] as u64;
        ((high as u128 * self.groups.len() as u128) >> 64) as usize
    }
}

const fn fingerprint_at(group: &Group, slot: usize) -> Fingerprint {
    let at = slot * 4;
    [group[at], group[at + 1], group[at + 2], group[at + 3]]
}

/// In a slot's unit. What lies outside (before 1970, after 2106) stops at the ends, where an entry lives too long and
/// never too short. Never 0: that is a slot's end that was never used.
fn moment(time: UnixSeconds) -> u32 {
    u32::try_from(time.0.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

    /// The upper half decides the home: small numbers there share one, large ones lie near the table's end.
    fn fingerprint(name: u32, home: u32) -> Fingerprint {
        [home, 0, name, 0]
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
        let high = u64::from(name).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        [(high >> 32) as u32, high as u32, name, 0]
    }

    #[test]
    fn a_live_entry_takes_no_more_than_promised_however_many_there_are() {
        let capacity = 60_000;
        let mut table = Table::new(capacity);
        for name in 0..capacity as u32 {
            assert_eq!(
                table.insert(spread(name), NOW.plus(9), NOW),
                Outcome::Inserted
            );
            if table.live > 1_000 {
                assert!(table.allocated_bytes() <= table.live * MOST_BYTES_AN_ENTRY);
            }
        }
        assert!(table.allocated_bytes() <= capacity * 29);
    }

    #[test]
    fn slots_of_dropped_buckets_are_used_again_and_searches_stay_short() {
        let live = 4_000;
        let mut table = Table::new(live);
        for name in 0..40 * live as u32 {
            // Eight buckets, of which one ends as the next begins.
            let now = NOW.plus(i64::from(name) / 500);
            assert_eq!(
                table.insert(spread(name), now.plus(7), now),
                Outcome::Inserted
            );
        }
        assert_eq!(table.groups.len(), groups_for(live));
        let reach: u32 = table.groups.iter().map(|group| group[REACH]).sum();
        assert!((reach as usize) < 2 * table.groups.len(), "{reach}");
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

    proptest! {
        /// Against a model that is a map and a clock: no answer differs, also where the table grows, homes are crowded and
        /// the same fingerprint comes again with another end.
        #[test]
        fn v15_the_table_answers_as_a_map_with_a_clock_does(
            capacity in 1..160_usize,
            steps in prop::collection::vec((0..300_u32, 0..6_u32, 1..8_i64, 0..40_i64), 1..600),
        ) {
            let mut table = Table::new(capacity);
            let mut model: HashMap<Fingerprint, UnixSeconds> = HashMap::new();
            let mut now = NOW;
            for (name, home, life, pause) in steps {
                // Mostly the clock stands still.
                now = now.plus((pause - 36).max(0));
                let fingerprint = match home {
                    // Two crowded homes at the start, two at the end, where runs wrap around; the others as they fall.
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
                prop_assert_eq!(table.live, model.len());
            }
        }
    }
}
