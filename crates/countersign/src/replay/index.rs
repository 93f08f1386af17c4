use alloc::vec::Vec;

use super::chunks::{FINGERPRINTS, Fingerprint, Position};

/// Says where a fingerprint is: six bytes for each live one, of which it holds 12 bits, the end and the position. Where the
/// bits agree, which for another fingerprint happens once in some hundred insertions, that position is looked at, and no
/// other: a replay costs no more than a new proof, however many end in the same second.
///
/// A hash table over cache lines, with linear probing. Slots whose end has passed are free without anybody coming by, so
/// no free slot ends a search; a line knows for how long entries of its own lie in later lines, and how far.
///
/// Ends are kept to 16 bits, so it has to be made anew before the clock has gone on by [`LASTS`] seconds.
pub(super) struct Index {
    lines: Vec<Line>,
}

/// Ten slots and what lies in later lines. Each word is 16 bits (a tag over a place in a chunk, or a number of lines; 0:
/// nothing) over the low half of the second until which that holds.
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

/// Half the range of a 16-bit clock lies ahead of now. An entry with a later end is found up to there, and by then the
/// index has been made anew.
const AHEAD: u32 = 0x7fff;
pub(super) const LASTS: u32 = 0x4000;

/// A free slot.
pub(super) struct Place {
    line: usize,
    slot: usize,
    /// In lines from where it belongs.
    distance: u16,
}

impl Index {
    /// Has room for nothing.
    pub(super) const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Empty, with room for so many.
    pub(super) fn with_room(room: usize) -> Self {
        let lines = (room * 4).div_ceil(SLOTS * 3);
        Self {
            lines: alloc::vec![NOTHING; lines],
        }
    }

    /// Three quarters of its slots: fuller, searches are long.
    pub(super) const fn room(&self) -> usize {
        self.lines.len() * SLOTS * 3 / 4
    }

    /// Where to put it; `None`: it is there, as `is_there` says of a position. Needs a free slot.
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

    /// Spreads evenly over any number of lines without a division.
    const fn home(&self, [spread, _]: Fingerprint) -> usize {
        ((spread as u128 * self.lines.len() as u128) >> 64) as usize
    }
}

impl Line {
    /// Which slots are free, and which have the tag, as bits. Without branches: nobody could predict them.
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

/// Bits of a place in a chunk.
const PLACE_BITS: u32 = FINGERPRINTS.ilog2();

/// 12 bits; never 0.
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

/// The next second from now on with this low half.
const fn until(word: u32, now: u32) -> u32 {
    now + (word as u16).wrapping_sub(now as u16) as u32
}
