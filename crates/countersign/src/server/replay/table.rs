use alloc::vec::Vec;

use crate::UnixSeconds;

/// 128 bits that nobody can choose.
pub(super) type Fingerprint = [u32; 4];

/// One part of the store: a hash table with linear probing, made once at its full size, so that no insertion waits for
/// a move to a larger one.
///
/// Entries that have ended are taken out together, and only when there is no room: the cost is one pass over the table
/// for as many insertions as it then has room for, and at most one pass for each second of the clock.
pub(super) struct Table {
    slots: Vec<Slot>,
    capacity: usize,
    entries: usize,
    purged_at: UnixSeconds,
}

/// Twenty bytes: a fingerprint, and its end in seconds since 1970, inclusive; 0: nothing is here. Plain numbers, so that
/// the allocator's zeroed pages serve, and room that was never used costs no memory.
type Slot = [u32; 5];

const EMPTY: Slot = [0; 5];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Inserted,
    Seen,
    Full,
}

impl Table {
    pub(super) fn new(capacity: usize) -> Self {
        // Filled to four fifths at most: about five probes for what is not there.
        let slots = capacity + capacity / 4 + 1;
        Self {
            slots: alloc::vec![EMPTY; slots],
            capacity,
            entries: 0,
            purged_at: UnixSeconds(i64::MIN),
        }
    }

    /// `until` must be later than `now`.
    pub(super) fn insert(
        &mut self,
        fingerprint: Fingerprint,
        until: UnixSeconds,
        now: UnixSeconds,
    ) -> Outcome {
        let until = moment(until).max(1);
        let mut at = match self.find(fingerprint) {
            Ok(at) => return self.renew(at, until, now),
            Err(empty) => empty,
        };
        if self.entries >= self.capacity {
            if self.purged_at >= now {
                return Outcome::Full;
            }
            self.purge(now);
            if self.entries >= self.capacity {
                return Outcome::Full;
            }
            let (Ok(empty) | Err(empty)) = self.find(fingerprint);
            at = empty;
        }
        let [a, b, c, d] = fingerprint;
        self.slots[at] = [a, b, c, d, until];
        self.entries += 1;
        Outcome::Inserted
    }

    pub(super) const fn allocated_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }

    /// The same fingerprint is here: a replay if it lives, else its own successor.
    fn renew(&mut self, at: usize, until: u32, now: UnixSeconds) -> Outcome {
        let slot = &mut self.slots[at];
        if slot[4] >= moment(now) {
            return Outcome::Seen;
        }
        slot[4] = until;
        Outcome::Inserted
    }

    /// Where it is, or the empty slot where it belongs. There always is one: slots outnumber the capacity.
    fn find(&self, fingerprint: Fingerprint) -> Result<usize, usize> {
        let mut at = self.home(fingerprint);
        loop {
            let slot = &self.slots[at];
            if slot[4] == 0 {
                return Err(at);
            }
            if slot[..4] == fingerprint {
                return Ok(at);
            }
            at = self.after(at);
        }
    }

    /// Takes out every entry that ended before `now`.
    fn purge(&mut self, now: UnixSeconds) {
        self.purged_at = now;
        let now = moment(now);
        let mut at = 0;
        while at < self.slots.len() {
            let [.., until] = self.slots[at];
            if until != 0 && until < now {
                // What moves here is looked at next.
                self.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Empties a slot and moves later ones of its run up, so that no search ends too early.
    fn remove(&mut self, at: usize) {
        self.entries -= 1;
        let mut hole = at;
        let mut next = self.after(hole);
        while self.slots[next][4] != 0 {
            let [a, b, c, d, _] = self.slots[next];
            let home = self.home([a, b, c, d]);
            // Its search begins at or before the hole: it may stand there.
            if self.distance(home, next) >= self.distance(hole, next) {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = self.after(next);
        }
        self.slots[hole] = EMPTY;
    }

    const fn after(&self, at: usize) -> usize {
        if at + 1 < self.slots.len() { at + 1 } else { 0 }
    }

    /// Steps from `from` on to `to`.
    const fn distance(&self, from: usize, to: usize) -> usize {
        if to >= from {
            to - from
        } else {
            to + self.slots.len() - from
        }
    }

    /// Spreads evenly over any number of slots without a division.
    const fn home(&self, fingerprint: Fingerprint) -> usize {
        let high = (fingerprint[0] as u64) << 32 | fingerprint[1] as u64;
        ((high as u128 * self.slots.len() as u128) >> 64) as usize
    }
}

/// In a slot's unit. What lies outside (before 1970, after 2106) stops at the ends, where an entry lives too long and
/// never too short.
fn moment(time: UnixSeconds) -> u32 {
    u32::try_from(time.0.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

    /// The upper half decides the home slot: small numbers there share one, large ones lie near the table's end.
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

    #[test]
    fn an_entry_takes_less_than_forty_bytes() {
        assert!(Table::new(100_000).allocated_bytes() <= 100_000 * 25 + 40);
    }

    #[test]
    fn moments_out_of_range_live_too_long_and_never_too_short() {
        let mut table = Table::new(2);
        let far = UnixSeconds(i64::MAX);
        assert_eq!(
            table.insert(fingerprint(1, 0), far, UnixSeconds(i64::MIN)),
            Outcome::Inserted
        );
        assert_eq!(
            table.insert(fingerprint(1, 0), far, far.plus(-1)),
            Outcome::Seen
        );
        assert_eq!(
            table.insert(fingerprint(2, 0), UnixSeconds(-5), UnixSeconds(-9)),
            Outcome::Inserted
        );
        assert_eq!(
            table.insert(fingerprint(2, 0), UnixSeconds(-4), UnixSeconds(-5)),
            Outcome::Seen
        );
    }

    proptest! {
        /// Against a model that forgets nothing: an answer differs in nothing while an entry lives.
        #[test]
        fn v15_no_live_entry_is_forgotten(
            capacity in 1..12_usize,
            steps in prop::collection::vec((0..24_u32, 0..4_u32, 1..8_i64, 0..3_i64), 1..200),
        ) {
            let mut table = Table::new(capacity);
            let mut model: HashMap<Fingerprint, UnixSeconds> = HashMap::new();
            let mut now = NOW;
            for (name, home, life, pause) in steps {
                now = now.plus(pause);
                // Two crowded homes at the start, two at the end, where runs wrap around.
                let fingerprint = fingerprint(name, [0, 1 << 28, u32::MAX - (1 << 28), u32::MAX][home as usize]);
                model.retain(|_, until| *until >= now);
                let expected = if model.contains_key(&fingerprint) {
                    Outcome::Seen
                } else if model.len() == capacity {
                    Outcome::Full
                } else {
                    Outcome::Inserted
                };
                let until = now.plus(life);
                let outcome = table.insert(fingerprint, until, now);
                if outcome == Outcome::Full && expected == Outcome::Inserted {
                    // Entries leave together, once a second: refusing a little longer is allowed, forgetting is not.
                    prop_assert_eq!(table.purged_at, now);
                    continue;
                }
                prop_assert_eq!(&outcome, &expected);
                if outcome == Outcome::Inserted {
                    model.insert(fingerprint, until);
                }
            }
        }
    }
}
