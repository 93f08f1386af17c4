use alloc::{boxed::Box, vec::Vec};

/// 128 bits of hash, which nobody can choose.
pub(super) type Fingerprint = [u64; 2];

/// Lists of fingerprints that grow at the end and are dropped as a whole. They are chains of
/// chunks; the chunks of a dropped list are used again. Memory is allocated by pages, and nothing
/// is ever moved, so a [`Position`] leads to its fingerprint as long as the list lives.
pub(super) struct Chunks {
    pages: Vec<Box<Page>>,
    /// The successor of each chunk, in its list or among the unused ones.
    next: Vec<u32>,
    unused: u32,
    /// Counts how often a fingerprint is looked at. Shards are locked, so no two calls count at the
    /// same time.
    #[cfg(test)]
    looks: core::cell::Cell<usize>,
}

/// The place of a fingerprint, in 20 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) chunk: u16,
    /// Below [`FINGERPRINTS`].
    pub(super) at: u8,
}

type Chunk = [Fingerprint; FINGERPRINTS];
type Page = [Chunk; CHUNKS];

pub(super) const FINGERPRINTS: usize = 16;
const CHUNKS: usize = 16;
/// The number of chunks that a [`Position`] can tell apart.
pub(super) const MOST_CHUNKS: usize = 1 << 16;
const NONE: u32 = u32::MAX;

/// A list of chunks, all full but the last.
#[derive(Clone, Copy)]
pub(super) struct List {
    first: u32,
    last: u32,
    length: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
        length: 0,
    };

    pub(super) const fn len(&self) -> usize {
        self.length as usize
    }
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self {
            pages: Vec::new(),
            next: Vec::new(),
            unused: NONE,
            #[cfg(test)]
            looks: core::cell::Cell::new(0),
        }
    }

    /// Adds a fingerprint to a list. `None`: all chunks are in use.
    pub(super) fn push(&mut self, list: &mut List, fingerprint: Fingerprint) -> Option<Position> {
        let at = list.len() % FINGERPRINTS;
        if at == 0 {
            self.lengthen(list)?;
        }
        list.length += 1;
        let chunk = list.last as usize;
        self.pages[chunk / CHUNKS][chunk % CHUNKS][at] = fingerprint;
        Some(position(chunk, at))
    }

    pub(super) fn get(&self, Position { chunk, at }: Position) -> Fingerprint {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        let chunk = usize::from(chunk);
        self.pages[chunk / CHUNKS][chunk % CHUNKS][usize::from(at)]
    }

    #[cfg(test)]
    pub(super) const fn looks(&self) -> usize {
        self.looks.get()
    }

    /// Drops a list, with the same effort for any length.
    pub(super) fn drop_list(&mut self, list: List) {
        if list.length > 0 {
            self.next[list.last as usize] = self.unused;
            self.unused = list.first;
        }
    }

    pub(super) fn iter(&self, list: &List) -> impl Iterator<Item = (Fingerprint, Position)> {
        let mut left = list.len();
        let mut next = list.first as usize;
        core::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let chunk = next;
            let here = &self.pages[chunk / CHUNKS][chunk % CHUNKS][..left.min(FINGERPRINTS)];
            left -= here.len();
            next = self.next[chunk] as usize;
            let all = here.iter().enumerate();
            Some(all.map(move |(at, one)| (*one, position(chunk, at))))
        })
        .flatten()
    }

    pub(super) const fn allocated_bytes(&self) -> usize {
        self.pages.len() * size_of::<Page>()
            + self.pages.capacity() * size_of::<Box<Page>>()
            + self.next.capacity() * size_of::<u32>()
    }

    fn lengthen(&mut self, list: &mut List) -> Option<()> {
        if self.unused == NONE {
            self.allocate()?;
        }
        let chunk = self.unused;
        self.unused = self.next[chunk as usize];
        match list.last {
            NONE => list.first = chunk,
            last => self.next[last as usize] = chunk,
        }
        list.last = chunk;
        Some(())
    }

    fn allocate(&mut self) -> Option<()> {
        if self.next.len() + CHUNKS > MOST_CHUNKS {
            return None;
        }
        self.unused = self.next.len() as u32;
        self.pages.push(Box::new([[[0; 2]; FINGERPRINTS]; CHUNKS]));
        self.next.extend((self.unused + 1..).take(CHUNKS - 1));
        self.next.push(NONE);
        Some(())
    }
}

/// Converts without loss: there are at most [`MOST_CHUNKS`] chunks of [`FINGERPRINTS`].
const fn position(chunk: usize, at: usize) -> Position {
    Position {
        chunk: chunk as u16,
        at: at as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_what_is_theirs_and_room_is_used_again() {
        let mut chunks = Chunks::new();
        let mut lists = [List::EMPTY; 3];
        for round in 0..50 {
            for (name, list) in lists.iter_mut().enumerate() {
                for i in 0..name * 40 {
                    let fingerprint = [name as u64 + round, i as u64];
                    let position = chunks.push(list, fingerprint).unwrap();
                    assert_eq!(chunks.get(position), fingerprint);
                }
            }
            for (name, list) in lists.iter_mut().enumerate() {
                for (one, position) in chunks.iter(list) {
                    assert_eq!(chunks.get(position), one);
                }
                let there: Vec<_> = chunks.iter(list).map(|(one, _)| one).collect();
                let expected = (0..name * 40).map(|i| [name as u64 + round, i as u64]);
                assert_eq!(there, expected.collect::<Vec<_>>());
                chunks.drop_list(core::mem::replace(list, List::EMPTY));
            }
        }
        assert_eq!(chunks.pages.len(), 1);
    }

    #[test]
    fn every_chunk_has_a_position_and_there_are_no_others() {
        let mut chunks = Chunks::new();
        let mut list = List::EMPTY;
        let all = MOST_CHUNKS * FINGERPRINTS;
        for i in 0..all {
            let position = chunks.push(&mut list, [0, i as u64]).unwrap();
            assert_eq!(chunks.get(position), [0, i as u64]);
        }
        assert_eq!(chunks.push(&mut list, [1, 1]), None);
        assert_eq!(list.len(), all);
        chunks.drop_list(list);
        assert!(chunks.push(&mut List::EMPTY.clone(), [1, 1]).is_some());
    }
}
