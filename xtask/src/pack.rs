//! Packs the engine for the npm package. `packages/countersign/src/engine/unpack.ts` unpacks it: the
//! other side, with the same model. There is how it works.
//!
//! Unlike gzip, the model knows what an instruction of WebAssembly is, and is kept for this one
//! file: 16,000 bytes instead of the 19,800 of Zopfli, for a decoder of 500 and about 20 ms at
//! the start. Its numbers were found by trying.

use anyhow::{Context as _, Result, ensure};

/// How many contexts the model learns from.
const CONTEXTS: usize = 3;
/// How many guesses it keeps for each.
const SLOTS: usize = 1 << 18;

/// Packs `bytes`: their number as 24 bits, then the arithmetic code.
pub(crate) fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(bytes.len()).context("the engine is too large")?;
    ensure!(length < 1 << 24, "the engine is too large");
    let mut model = Model::new();
    let mut coder = Coder::new();
    for &byte in bytes {
        let contexts = model.contexts();
        for shift in (0..8).rev() {
            let bit = byte >> shift & 1;
            // The byte's bits so far, after a 1.
            let prefix = (0x100 | usize::from(byte)) >> (shift + 1);
            let guess = model.guess(contexts, prefix);
            coder.encode(bit, guess.probability);
            model.learn(&guess, bit);
        }
        model.advance(byte);
    }
    let mut packed = length.to_be_bytes()[1..].to_vec();
    packed.extend(coder.finish());
    Ok(packed)
}

/// Tells how probable it is that the next bit is set.
struct Model {
    /// From -1 (never set) to 1 (always set).
    guesses: Vec<f32>,
    /// How often each guess has been corrected.
    counts: Vec<u8>,
    /// How far a context is trusted, for each number of operands that are missing.
    weights: [[f32; CONTEXTS]; 3],
    /// Operands of the last instruction that are missing.
    missing: usize,
    /// Of the last instructions, the newest first.
    opcodes: [u8; 4],
    /// The last two bytes, the newest first.
    last: [u8; 2],
}

struct Guess {
    probability: f64,
    slots: [usize; CONTEXTS],
    inputs: [f64; CONTEXTS],
}

impl Model {
    fn new() -> Self {
        Self {
            guesses: vec![0.0; CONTEXTS * SLOTS],
            counts: vec![0; CONTEXTS * SLOTS],
            weights: [[0.0; CONTEXTS]; 3],
            missing: 0,
            opcodes: [0; 4],
            last: [0; 2],
        }
    }

    fn contexts(&self) -> [usize; CONTEXTS] {
        let [first, second, third, fourth] = self.opcodes.map(usize::from);
        let [last, before] = self.last.map(usize::from);
        let place = hash(self.missing << 8, first);
        let pair = hash(place, second);
        [
            hash(pair, before),
            hash(place, last),
            hash(hash(pair, third), fourth),
        ]
    }

    fn guess(&self, contexts: [usize; CONTEXTS], prefix: usize) -> Guess {
        let (mut slots, mut inputs, mut sum) = ([0; CONTEXTS], [0.0; CONTEXTS], 0.0);
        for (k, context) in contexts.into_iter().enumerate() {
            slots[k] = k * SLOTS + hash(context, prefix);
            let guess = f64::from(self.guesses[slots[k]]);
            inputs[k] = guess / (1.1 - guess * guess);
            sum += inputs[k] * (f64::from(self.weights[self.missing][k]) + 0.3);
        }
        let size = if sum < 0.0 { -sum } else { sum };
        let probability = 0.5 + (sum * (size + 0.5)) / (2.0 * sum * sum + size + 1.0);
        Guess {
            probability,
            slots,
            inputs,
        }
    }

    fn learn(&mut self, guess: &Guess, bit: u8) {
        let bit = f64::from(bit);
        for (k, &slot) in guess.slots.iter().enumerate() {
            let weight = &mut self.weights[self.missing][k];
            let change = (bit - guess.probability) * 0.0026 * guess.inputs[k];
            *weight = (f64::from(*weight) + change) as f32;
            let (old, count) = (f64::from(self.guesses[slot]), &mut self.counts[slot]);
            let change = (2.0 * bit - 1.0 - old) / (f64::from(*count) + 1.3);
            self.guesses[slot] = (old + change) as f32;
            *count += u8::from(*count < 8);
        }
    }

    fn advance(&mut self, byte: u8) {
        self.last = [byte, self.last[0]];
        if self.missing > 0 {
            self.missing -= usize::from(byte < 128);
        } else {
            let [first, second, third, _] = self.opcodes;
            self.opcodes = [byte, first, second, third];
            self.missing = operands(byte);
        }
    }
}

/// A context and one thing more, as the number of a slot.
fn hash(context: usize, more: usize) -> usize {
    ((context + more) * 6763) & (SLOTS - 1)
}

/// How many operands an instruction has, each a LEB128. Approximate: the model only guesses.
fn operands(opcode: u8) -> usize {
    match opcode {
        17 | 40..=62 => 2,
        2..=4 | 12..=14 | 16 | 32..=39 | 65 | 66 => 1,
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
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.bytes.push((self.low >> 24) as u8);
            self.low = self.low << 8 & u64::from(u32::MAX);
        }
    }

    /// The decoder reads zeros after the end, so one byte that lies in the range is enough.
    fn finish(mut self) -> Vec<u8> {
        self.widen();
        self.add(self.range - 1);
        self.bytes.push((self.low >> 24) as u8);
        self.bytes.split_off(LEADING_ZEROS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_instructions_tell_of_each_other_costs_almost_nothing() {
        // local.get 0 or 0x20, i32.const 0x41, i32.add: an operand is not taken for an opcode.
        let code: Vec<u8> = (0..2000u32)
            .flat_map(|n| [0x20, (n % 2 * 0x20) as u8, 0x41, 0x41, 0x6a])
            .collect();
        let packed = pack(&code).expect("short enough");
        assert_eq!(packed[..3], [0, 0x27, 0x10]);
        assert!(packed.len() < 400, "{}", packed.len());
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
        let packed = pack(&noise).expect("short enough");
        assert!(packed.len() < 5500, "{}", packed.len());
        assert_eq!(pack(&[]).expect("short enough")[..3], [0; 3]);
    }
}
