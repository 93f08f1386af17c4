use alloc::vec::Vec;

use super::chunks::{FINGERPRINTS, Fingerprint, Position};

/// Finds fingerprints by six bytes for each live one: 12 of its bits, its end and its position.
/// Only positions with equal bits are looked at, and another fingerprint has those once in some
/// hundred insertions: so a replay costs no more than a new proof, however many end in the same
/// second.
///
/// It is a hash table over cache lines with linear probing. A slot becomes free by itself when its
/// end has passed, so a free slot does not end a search; instead, each line knows how far away
/// entries of its own lie, and until when.
///
/// Ends are kept as 16 bits, so the index must be rebuilt before the clock has advanced by
/// [`LASTS`] seconds.
pub(super) struct Index {
    lines: Vec<Line>,
}

/// Ten slots, and how far entries of this line lie away. The upper half of each word is a tag over
/// a place in a chunk, or a number of lines (0: nothing); its lower half is that of the second
/// until which this holds.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line {
    words: [u32; SLOTS],
    later: u32,
    chunks: [u16; SLOTS],
}

const SLOTS: usize = 10;
const NOTHING: Line = Line {
    words: [0; SLOTS],
    later: 0,
    chunks: [0; SLOTS],
};
const _: () = assert!(size_of::<Line>() == 64);

/// Half of the range of a 16-bit clock, which lies ahead of now. An entry with a later end is found
/// until then, and by then the index has been rebuilt.
const AHEAD: u32 = 0x7fff;
pub(super) const LASTS: u32 = 0x4000;

/// A free slot.
pub(super) struct Place {
    line: usize,
    slot: usize,
    /// The distance from the line where it belongs, in lines.
    distance: u16,
}

impl Index {
    /// Creates an index without room.
    pub(super) const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Creates an empty index with room for this many fingerprints.
    pub(super) fn with_room(room: usize) -> Self {
        let lines = (room * 4).div_ceil(SLOTS * 3);
        Self {
            lines: alloc::vec![NOTHING; lines],
        }
    }

    /// Returns the number of entries to hold at most: three quarters of the slots, since in a
    /// fuller table searches are long.
    pub(super) const fn room(&self) -> usize {
        self.lines.len() * SLOTS * 3 / 4
    }

    /// Finds a place for a fingerprint. `None`: it is there already, as `is_there` says of a
    /// position. Needs a free slot.
    pub(super) fn place(
        &self,
        fingerprint: Fingerprint,
        now: u32,
        is_there: impl Fn(Position) -> bool,
    ) -> Option<Place> {
        let mut line = self.home(fingerprint);
        let reach = high(self.lines[line].in_later_lines(now));
        let tag = tag(fingerprint);
        let mut place = None;
        let mut distance = 0;
        loop {
            let (free, same) = self.lines[line].scan(tag, now);
            let mut candidates = same & !free;
            while candidates != 0 {
                let slot = candidates.trailing_zeros() as usize;
                if is_there(self.lines[line].position(slot)) {
                    return None;
                }
                candidates &= candidates - 1;
            }
            if free != 0 && place.is_none() {
                place = Some(Place {
                    line,
                    slot: free.trailing_zeros() as usize,
                    distance,
                });
            }
            if distance >= reach && place.is_some() {
                return place;
            }
            distance += 1;
            line = if line + 1 < self.lines.len() {
                line + 1
            } else {
                0
            };
        }
    }

    pub(super) fn put(
        &mut self,
        fingerprint: Fingerprint,
        position: Position,
        end: u32,
        now: u32,
        place: &Place,
    ) {
        let end = end.min(now + AHEAD);
        let line = &mut self.lines[place.line];
        line.words[place.slot] = word(tag(fingerprint) << PLACE_BITS | u16::from(position.at), end);
        line.chunks[place.slot] = position.chunk;
        if place.distance > 0 {
            let home = self.home(fingerprint);
            let before = self.lines[home].in_later_lines(now);
            let (reach, until) = match high(before) {
                0 => (place.distance, end),
                reach => (reach.max(place.distance), until(before, now).max(end)),
            };
            self.lines[home].later = word(reach, until);
        }
    }

    pub(super) const fn allocated_bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
    }

    /// Spreads fingerprints evenly over any number of lines, without a division.
    const fn home(&self, [spread, _]: Fingerprint) -> usize {
        ((spread as u128 * self.lines.len() as u128) >> 64) as usize
    }
}

impl Line {
    /// Returns as bits which slots are free and which have the tag, without branches, which would
    /// be unpredictable.
    fn scan(&self, tag: u16, now: u32) -> (u32, u32) {
        let (mut free, mut same) = (0, 0);
        for slot in 0..SLOTS {
            let word = self.words[slot];
            free |= u32::from(!holds(word, now)) << slot;
            same |= u32::from(high(word) >> PLACE_BITS == tag) << slot;
        }
        (free, same)
    }

    const fn in_later_lines(&self, now: u32) -> u32 {
        let word = self.later;
        if holds(word, now) { word } else { 0 }
    }

    const fn position(&self, slot: usize) -> Position {
        Position {
            chunk: self.chunks[slot],
            at: (high(self.words[slot]) & ((1 << PLACE_BITS) - 1)) as u8,
        }
    }
}

/// The number of bits of a place in a chunk.
const PLACE_BITS: u32 = FINGERPRINTS.ilog2();

/// Returns a tag of 12 bits, never 0.
const fn tag([_, other]: Fingerprint) -> u16 {
    let tag = (other >> (48 + PLACE_BITS)) as u16;
    if tag == 0 { 1 } else { tag }
}

const fn word(high: u16, until: u32) -> u32 {
    (high as u32) << 16 | until & 0xffff
}

const fn high(word: u32) -> u16 {
    (word >> 16) as u16
}

const fn holds(word: u32, now: u32) -> bool {
    (high(word) != 0) & (until(word, now) - now <= AHEAD)
}

/// Returns the next second from now on with this lower half.
const fn until(word: u32, now: u32) -> u32 {
    now + (word as u16).wrapping_sub(now as u16) as u32
}
