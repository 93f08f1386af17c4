use alloc::{boxed::Box, vec::Vec};

use super::table::Fingerprint;

/// Lists of fingerprints that grow at the end and are dropped whole. They are chains of chunks; a dropped list's chunks
/// are used again. Memory comes a page at a time, and nothing that is there is ever moved.
pub(super) struct Chunks {
    pages: Vec<Box<Page>>,
    /// Of each chunk, the one after it in its list or among the unused ones.
    next: Vec<u32>,
    unused: u32,
}

type Chunk = [Fingerprint; FINGERPRINTS];
type Page = [Chunk; CHUNKS];

const FINGERPRINTS: usize = 16;
const CHUNKS: usize = 16;
const NONE: u32 = u32::MAX;

/// All chunks of a list but the last are full.
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
        }
    }

    pub(super) fn push(&mut self, list: &mut List, fingerprint: Fingerprint) {
        let at = list.len() % FINGERPRINTS;
        if at == 0 {
            self.lengthen(list);
        }
        list.length += 1;
        let chunk = list.last as usize;
        self.pages[chunk / CHUNKS][chunk % CHUNKS][at] = fingerprint;
    }

    /// The same effort for a list of any length.
    pub(super) fn drop_list(&mut self, list: List) {
        if list.length > 0 {
            self.next[list.last as usize] = self.unused;
            self.unused = list.first;
        }
    }

    pub(super) fn iter(&self, list: &List) -> impl Iterator<Item = Fingerprint> {
        let mut left = list.len();
        let mut chunk = list.first as usize;
        core::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let here = &self.pages[chunk / CHUNKS][chunk % CHUNKS][..left.min(FINGERPRINTS)];
            left -= here.len();
            chunk = self.next[chunk] as usize;
            Some(here)
        })
        .flatten()
        .copied()
    }

    pub(super) const fn allocated_bytes(&self) -> usize {
        self.pages.len() * size_of::<Page>()
            + self.pages.capacity() * size_of::<Box<Page>>()
            + self.next.capacity() * size_of::<u32>()
    }

    fn lengthen(&mut self, list: &mut List) {
        if self.unused == NONE {
            self.allocate();
        }
        let chunk = self.unused;
        self.unused = self.next[chunk as usize];
        match list.last {
            NONE => list.first = chunk,
            last => self.next[last as usize] = chunk,
        }
        list.last = chunk;
    }

    fn allocate(&mut self) {
        // 2^32 chunks would be a terabyte.
        self.unused = self.next.len() as u32;
        self.pages.push(Box::new([[[0; 2]; FINGERPRINTS]; CHUNKS]));
        self.next.extend((self.unused + 1..).take(CHUNKS - 1));
        self.next.push(NONE);
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
                    chunks.push(list, [name as u64 + round, i as u64]);
                }
            }
            for (name, list) in lists.iter_mut().enumerate() {
                let there: Vec<_> = chunks.iter(list).collect();
                let expected = (0..name * 40).map(|i| [name as u64 + round, i as u64]);
                assert_eq!(there, expected.collect::<Vec<_>>());
                chunks.drop_list(core::mem::replace(list, List::EMPTY));
            }
        }
        assert_eq!(chunks.pages.len(), 1);
    }
}
