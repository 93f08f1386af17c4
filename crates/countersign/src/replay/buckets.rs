use alloc::{boxed::Box, collections::BTreeMap};

use super::chunks::{Chunks, Fingerprint, List, Position};

/// The live entries of a part of the store: their fingerprints, in one bucket for each second in
/// which some end. When that second has passed, the bucket is dropped as a whole.
pub(super) struct Buckets {
    now: u32,
    live: usize,
    /// The buckets of the next `NEAR` seconds, that of second `s` at `s % NEAR`.
    near: Box<[List; NEAR as usize]>,
    /// The buckets of seconds that were further away when their first entry came.
    far: BTreeMap<u32, List>,
    chunks: Chunks,
}

/// A number of seconds, longer than a proof lives by default.
const NEAR: u32 = 128;

impl Buckets {
    pub(super) fn new() -> Self {
        Self {
            now: 0,
            live: 0,
            near: Box::new([List::EMPTY; NEAR as usize]),
            far: BTreeMap::new(),
            chunks: Chunks::new(),
        }
    }

    pub(super) const fn now(&self) -> u32 {
        self.now
    }

    pub(super) const fn live(&self) -> usize {
        self.live
    }

    /// Drops the buckets of the seconds before `now`, which must not go back.
    pub(super) fn advance(&mut self, now: u32) {
        for second in self.now..now.min(self.now + NEAR) {
            let bucket = &mut self.near[(second % NEAR) as usize];
            let bucket = core::mem::replace(bucket, List::EMPTY);
            self.live -= bucket.len();
            self.chunks.drop_list(bucket);
        }
        self.now = now;
        while let Some(first) = self.far.first_entry()
            && *first.key() < now
        {
            let bucket = first.remove();
            self.live -= bucket.len();
            self.chunks.drop_list(bucket);
        }
    }

    /// Adds a fingerprint, whose `end` must not be earlier than now. `None`: there is no room for
    /// more fingerprints, or for more seconds.
    pub(super) fn push(&mut self, fingerprint: Fingerprint, end: u32) -> Option<Position> {
        let bucket = match end - self.now {
            0..NEAR => &mut self.near[(end % NEAR) as usize],
            _ => self.far.entry(end).or_insert(List::EMPTY),
        };
        let position = self.chunks.push(bucket, fingerprint)?;
        self.live += 1;
        Some(position)
    }

    /// Returns the fingerprint of a live entry.
    pub(super) fn get(&self, position: Position) -> Fingerprint {
        self.chunks.get(position)
    }

    #[cfg(test)]
    pub(super) const fn looks(&self) -> usize {
        self.chunks.looks()
    }

    /// Iterates over all fingerprints, with the seconds in which they end.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Fingerprint, Position, u32)> {
        let near = (self.now..self.now + NEAR).map(|end| (end, &self.near[(end % NEAR) as usize]));
        near.chain(self.far.iter().map(|(end, bucket)| (*end, bucket)))
            .flat_map(|(end, bucket)| {
                let all = self.chunks.iter(bucket);
                all.map(move |(one, position)| (one, position, end))
            })
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        size_of_val(&*self.near)
            + self.far.len() * size_of::<(u32, List)>()
            + self.chunks.allocated_bytes()
    }
}
