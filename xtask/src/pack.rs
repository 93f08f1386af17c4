//! Packs the engine for the npm package. `packages/countersign/src/engine/unpack.ts` unpacks it: the
//! other side, with the same model. There is how it works.
//!
//! Unlike gzip, the model knows what an instruction of WebAssembly is, and is kept for this one
//! file: 14,000 bytes instead of the 19,800 of Zopfli, for a decoder of 850 and about 50 ms
//! at the start. Its numbers were found by trying.

use anyhow::{Context as _, Result, ensure};

use crate::order::{Functions, SIZE_LENGTH};

/// How many contexts the model learns from.
const CONTEXTS: usize = 7;
/// How many guesses it keeps for all of them.
const SLOTS: usize = 1 << 23;
/// As if it were an instruction: the local variables of a function, with which its code begins.
const LOCALS: u8 = 1;
const BR_TABLE: u8 = 14;
/// In the place of the last two, once it is known how many operands follow.
const COUNTED: u8 = 15;
const F64_CONST: u8 = 68;
/// The first byte of `memory.copy` and of others.
const PREFIX: u8 = 252;

/// Packs a module whose functions' sizes are padded: three numbers of 24 bits, then the arithmetic
/// code.
pub(crate) fn pack(module: &[u8]) -> Result<Vec<u8>> {
    let functions = Functions::read(module)?;
    let start = functions.start(module);
    let mut model = Model::new(start, functions.bodies.len());
    let mut packed = Vec::new();
    for number in [module.len(), start, functions.bodies.len()] {
        let number = u32::try_from(number).context("the engine is too large")?;
        ensure!(number < 1 << 24, "the engine is too large");
        packed.extend_from_slice(&number.to_be_bytes()[1..]);
    }
    let mut coder = Coder::new();
    let mut unpacked = vec![0; module.len()];
    let mut i = 0;
    while i < module.len() {
        i = model.enter(&mut unpacked, i);
        let Some(&byte) = module.get(i) else { break };
        let mut place = model.place(&unpacked, i);
        for shift in (0..8).rev() {
            let bit = byte >> shift & 1;
            let guess = model.guess(&mut place);
            coder.encode(bit, guess.probability);
            model.learn(&place, &guess, bit);
            place.advance(bit);
        }
        unpacked[i] = byte;
        model.advance(byte);
        i += 1;
    }
    ensure!(
        unpacked == module,
        "the packer does not read the engine as WebAssembly: has it new instructions?"
    );
    packed.extend(coder.finish());
    Ok(packed)
}

/// Tells how probable it is that the next bit is set.
struct Model {
    /// From -2048 (never set) to 2047 (always set), times 16, and in the last four bits how often
    /// each has been corrected.
    guesses: Vec<i16>,
    /// How far each context is trusted, by instruction and number of operands that are missing.
    weights: Vec<[i16; CONTEXTS]>,
    /// The same by the bits of this byte.
    others: Vec<[i16; CONTEXTS]>,
    /// Where the first function begins, and how many are left.
    start: usize,
    functions: usize,
    is_code: bool,
    /// Where the function begins whose code this is, and how many blocks are open in it.
    begin: usize,
    depth: isize,
    /// Of the last instructions, the newest first; before and after the code, the last bytes.
    opcodes: [u8; 5],
    /// Operands that are missing, each a LEB128.
    missing: usize,
}

/// What stands before a bit.
struct Place {
    contexts: [u32; CONTEXTS],
    weights: usize,
    /// The byte's first four bits after a 1, once they are known, and the next ones after a 1.
    high: u32,
    low: u32,
}

impl Place {
    fn others(&self) -> usize {
        (16 * self.high + self.low) as usize
    }

    fn advance(&mut self, bit: u8) {
        self.low = 2 * self.low + u32::from(bit);
        if self.low > 15 && self.high == 0 {
            self.high = self.low;
            self.low = 1;
        }
    }
}

struct Guess {
    probability: f64,
    slots: [usize; CONTEXTS],
    inputs: [f64; CONTEXTS],
}

impl Model {
    fn new(start: usize, functions: usize) -> Self {
        Self {
            guesses: vec![0; SLOTS],
            weights: vec![[0; CONTEXTS]; 1280],
            others: vec![[0; CONTEXTS]; 512],
            start,
            functions,
            is_code: false,
            begin: 0,
            depth: 0,
            opcodes: [0; 5],
            missing: 0,
        }
    }

    /// Enters the function that begins at `i`, if one does, and writes the size of the one that
    /// ends there. Returns where its code begins.
    fn enter(&mut self, bytes: &mut [u8], i: usize) -> usize {
        if i != self.start && self.depth >= 0 {
            return i;
        }
        if self.begin > 0 {
            let size = i - self.begin;
            let padded = [
                size as u8 | 128,
                (size >> 7) as u8 | 128,
                (size >> 14) as u8,
            ];
            bytes[self.begin - SIZE_LENGTH..self.begin].copy_from_slice(&padded);
        }
        self.depth = 0;
        self.is_code = self.functions > 0;
        if !self.is_code {
            return i;
        }
        self.functions -= 1;
        self.push(LOCALS);
        self.missing = 1;
        self.begin = i + SIZE_LENGTH;
        self.begin
    }

    fn place(&self, bytes: &[u8], i: usize) -> Place {
        let [first, second, third, fourth, fifth] = self.opcodes.map(u32::from);
        let [last, before, third_last] =
            [1, 2, 3].map(|back| i.checked_sub(back).map_or(0, |at| u32::from(bytes[at])));
        let state = match self.is_code {
            true => self.missing.min(3),
            false => 4,
        };
        let place = hash(0, state as u32);
        let near = hash(place, last >> 5);
        let one = hash(place, first);
        let two = hash(one, second);
        let three = hash(two, third);
        let four = hash(three, fourth);
        Place {
            contexts: [
                near,
                hash(hash(near, before >> 5), first >> 4),
                hash(one, last),
                hash(two, before),
                hash(three, third_last),
                hash(four, last),
                hash(hash(four, fifth), last >> 5),
            ],
            weights: state * 256 + first as usize,
            high: 0,
            low: 1,
        }
    }

    fn guess(&self, place: &mut Place) -> Guess {
        let (mut slots, mut inputs, mut sum) = ([0; CONTEXTS], [0.0; CONTEXTS], 0.0);
        let others = place.others();
        for (k, context) in place.contexts.iter_mut().enumerate() {
            if place.low == 1 {
                *context = hash(*context, place.high) & (SLOTS - 16) as u32;
            }
            slots[k] = (*context | place.low) as usize;
            let guess = f64::from(self.guesses[slots[k]]);
            inputs[k] = guess / (6.3e8 - guess * guess / 2.0);
            let trust = [&self.weights[place.weights], &self.others[others]]
                .map(|weights| f64::from(weights[k]));
            sum += inputs[k] * (trust[0] + trust[1] + 1750.0);
        }
        let size = if sum < 0.0 { -sum } else { sum };
        let bent = size * (size + 1.15);
        let sure = bent * (bent + 3.0);
        let probability = 0.5 + ((if sum < 0.0 { -0.5 } else { 0.5 }) * sure) / (sure + 4.0);
        Guess {
            probability,
            slots,
            inputs,
        }
    }

    /// Numbers are cut off here, not rounded.
    fn learn(&mut self, place: &Place, guess: &Guess, bit: u8) {
        let bit = f64::from(bit);
        let error = (bit - guess.probability) * 9e5;
        for (k, &slot) in guess.slots.iter().enumerate() {
            for weights in [
                &mut self.weights[place.weights],
                &mut self.others[place.others()],
            ] {
                weights[k] = (f64::from(weights[k]) + error * guess.inputs[k]) as i64 as i16;
            }
            let old = self.guesses[slot];
            let times = old & 15;
            let change =
                (bit * 65535.0 - 32768.0 - f64::from(old)) / (f64::from(times) * 7.9 + 18.7);
            let new = i32::from(old) + ((change as i32) << 4) + i32::from(times < 15);
            self.guesses[slot] = new as i16;
        }
    }

    fn advance(&mut self, byte: u8) {
        if self.missing == 0 {
            self.push(byte);
            if self.is_code {
                self.missing = operands(byte);
                self.depth += match byte {
                    2..=4 => 1,
                    11 => -1,
                    _ => 0,
                };
            }
        } else if byte < 128 || self.opcodes[0] == F64_CONST {
            self.missing -= 1;
            let factor = match self.opcodes[0] {
                LOCALS => 2,
                BR_TABLE => 1,
                _ => 0,
            };
            if factor > 0 {
                self.missing += factor * usize::from(byte);
                self.opcodes[0] = COUNTED;
            }
        }
    }

    fn push(&mut self, opcode: u8) {
        self.opcodes.rotate_right(1);
        self.opcodes[0] = opcode;
    }
}

/// A context and one thing more.
fn hash(context: u32, more: u32) -> u32 {
    (u64::from(context + more) * 96_280_213) as u32 >> 8
}

/// How many operands an instruction has, each a LEB128; of some, the first one tells how many follow.
fn operands(opcode: u8) -> usize {
    match opcode {
        F64_CONST => 8,
        BR_TABLE | 17 | 40..=62 => 2,
        2..=4 | 12 | 13 | 16 | 32..=36 | 63..=66 | PREFIX => 1,
        _ => 0,
    }
}

/// An arithmetic code: a probable bit costs little.
struct Coder {
    /// Where the code is, below `1 << 32`; what comes above is in `bytes`.
    low: u64,
    range: u64,
    bytes: Vec<u8>,
}

/// The first bytes are always 0, and not written: the range begins with 1.
const LEADING_ZEROS: usize = 4;

impl Coder {
    fn new() -> Self {
        Self {
            low: 0,
            range: 1,
            bytes: Vec::new(),
        }
    }

    fn encode(&mut self, bit: u8, probability: f64) {
        self.widen();
        let bound = (self.range as f64 * probability) as u64;
        if bit == 1 {
            self.range = bound;
        } else {
            self.add(bound);
            self.range -= bound;
        }
    }

    fn add(&mut self, more: u64) {
        self.low += more;
        if self.low >> 32 > 0 {
            self.low &= u64::from(u32::MAX);
            for byte in self.bytes.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte > 0 {
                    break;
                }
            }
        }
    }

    fn widen(&mut self) {
        while self.range < 1 << 22 {
            self.range <<= 8;
            self.bytes.push((self.low >> 24) as u8);
            self.low = self.low << 8 & u64::from(u32::MAX);
        }
    }

    /// The decoder reads zeros after the end, so two bytes that lie in the range are enough.
    fn finish(mut self) -> Vec<u8> {
        self.widen();
        self.add(self.range - 1);
        self.bytes
            .extend_from_slice(&(self.low as u32).to_be_bytes()[..2]);
        self.bytes.split_off(LEADING_ZEROS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::pad_sizes;

    /// A module with this data, and functions with this code.
    fn module(functions: &[&[u8]], data: &[u8]) -> Vec<u8> {
        fn sized(bytes: &[u8]) -> Vec<u8> {
            let mut length = bytes.len();
            let mut sized = Vec::new();
            while length > 127 {
                sized.push(length as u8 | 128);
                length >>= 7;
            }
            sized.push(length as u8);
            [&sized, bytes].concat()
        }
        let bodies = functions.iter().flat_map(|code| sized(code));
        let code: Vec<u8> = std::iter::once(functions.len() as u8)
            .chain(bodies)
            .collect();
        let parts = [
            b"\0asm\x01\0\0\0",
            &[10][..],
            &sized(&code),
            &[11],
            &sized(data),
        ];
        pad_sizes(&parts.concat()).expect("a module")
    }

    fn packed(functions: &[&[u8]], data: &[u8]) -> usize {
        pack(&module(functions, data)).expect("a module").len()
    }

    #[test]
    fn what_instructions_tell_of_each_other_costs_almost_nothing() {
        // local.get 0 or 0x20, i32.const 0x41, i32.add: an operand is not taken for an opcode.
        let code = (0..2000u32).flat_map(|n| [0x20, (n % 2 * 0x20) as u8, 0x41, 0x41, 0x6a]);
        let code: Vec<u8> = [0].into_iter().chain(code).chain([11]).collect();
        let size = packed(&[&code], b"");
        assert!(size < 400, "{size}");
    }

    #[test]
    fn the_size_of_a_function_costs_nothing() {
        let (short, long): (&[u8], &[u8]) = (&[0, 1, 11], &[0, 1, 1, 1, 1, 11]);
        let same = packed(&[short; 100], b"0");
        assert!(same < 80, "{same}");
        // Nested blocks, and operands that tell how many follow, and those that are no instruction.
        let code: &[u8] = &[
            2, 1, 127, 1, 126, 2, 64, 14, 2, 11, 11, 11, 11, 68, 11, 11, 11, 11, 11, 11, 11, 255,
            252, 10, 0, 0, 252, 11, 0, 252, 2, 26, 66, 139, 11, 17, 11, 11, 63, 11, 11,
        ];
        packed(&[long, code, short], b"0");
    }

    #[test]
    fn a_module_that_is_read_otherwise_is_refused() {
        // An instruction of later versions (ref.null) has an operand that looks like `end`.
        let code: &[u8] = &[0, 0xd0, 11, 26, 11];
        let error = pack(&module(&[code], b"0")).expect_err("read otherwise");
        assert!(error.to_string().contains("new instructions"), "{error}");
        assert!(pack(b"no module").is_err());
    }

    #[test]
    fn noise_grows_by_less_than_a_tenth() {
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(5000)
        .collect();
        let size = packed(&[&[0, 11]], &noise);
        assert!(size < 5500, "{size}");
    }
}
