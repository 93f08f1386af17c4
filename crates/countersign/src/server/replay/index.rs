use alloc::vec::Vec;

use super::table::Fingerprint;

/// Says fast that a fingerprint is not there: four bytes for each live one, of which it holds 16 bits and the end. Where
/// these agree, which for another fingerprint happens once in some thousand insertions, the bucket is asked.
///
/// A hash table over cache lines, with linear probing. Slots whose end has passed are free without anybody coming by, so
/// no free slot ends a search; a line knows for how long entries of its own lie in later lines, and how far.
///
/// Ends are kept to 16 bits, so it has to be made anew before the clock has gone on by [`LASTS`] seconds.
pub(super) struct Index {
    lines: Vec<Line>,
}

/// Fifteen slots, then what lies in later lines. Each word is 16 bits (a tag, or a number of lines; 0: nothing) over the
/// low half of the second until which that holds.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u32; SLOTS + 1]);

const SLOTS: usize = 15;
const NOTHING: Line = Line([0; SLOTS + 1]);

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

    /// Where to put it; `None`: it is there, as `is_there` says of an end. Needs a free slot.
    pub(super) fn place(
        &self,
        fingerprint: Fingerprint,
        now: u32,
        is_there: impl Fn(u32) -> bool,
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
                let word = self.lines[line].0[candidates.trailing_zeros() as usize];
                if is_there(until(word, now)) {
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

    pub(super) fn put(&mut self, fingerprint: Fingerprint, end: u32, now: u32, place: &Place) {
        let end = end.min(now + AHEAD);
        self.lines[place.line].0[place.slot] = word(tag(fingerprint), end);
        if place.distance > 0 {
            let home = self.home(fingerprint);
            let before = self.lines[home].in_later_lines(now);
            let (reach, until) = match high(before) {
                0 => (place.distance, end),
                reach => (reach.max(place.distance), until(before, now).max(end)),
            };
            self.lines[home].0[SLOTS] = word(reach, until);
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
            let word = self.0[slot];
            free |= u32::from(!holds(word, now)) << slot;
            same |= u32::from(high(word) == tag) << slot;
        }
        (free, same)
    }

    const fn in_later_lines(&self, now: u32) -> u32 {
        let word = self.0[SLOTS];
        if holds(word, now) { word } else { 0 }
    }
}

/// Never 0.
const fn tag([_, other]: Fingerprint) -> u16 {
    let tag = (other >> 48) as u16;
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
