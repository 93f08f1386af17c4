//! Puts the engine's functions in an order in which the packer finds what they have in common:
//! functions that are like each other become neighbours. That is worth 150 bytes of 14,000.
//!
//! The order is all that is decided here. It is told to binaryen by names, which it sorts by.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context as _, Result, bail};

/// So many bytes at a time are compared: gzip's shortest repetition.
const GRAM: usize = 3;

/// Gives each function of a module a name, so that their alphabetical order is the one that
/// compresses well.
pub(crate) fn name_by_likeness(module: &[u8]) -> Result<Vec<u8>> {
    let functions = Functions::read(module)?;
    let mut names = Vec::new();
    write_number(&mut names, functions.bodies.len());
    let mut places = vec![0; functions.bodies.len()];
    for (place, index) in order(&functions.bodies, &functions.types)
        .into_iter()
        .enumerate()
    {
        places[index] = place;
    }
    for (index, place) in places.into_iter().enumerate() {
        write_number(&mut names, functions.imported + index);
        write_bytes(&mut names, format!("{place:05}").as_bytes());
    }
    // A custom section `name`, of which subsection 1 has the names of functions.
    let mut section = Vec::new();
    write_bytes(&mut section, b"name");
    section.push(1);
    write_bytes(&mut section, &names);
    let mut named = module.to_vec();
    named.push(0);
    write_bytes(&mut named, &section);
    Ok(named)
}

/// Begins with the smallest; the next is always the one that has most in common with the one before,
/// for its size; one of the same type counts twice.
fn order(bodies: &[&[u8]], types: &[usize]) -> Vec<usize> {
    let grams: Vec<HashSet<&[u8]>> = bodies
        .iter()
        .map(|body| body.windows(GRAM).collect())
        .collect();
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let mut ordered: Vec<usize> = Vec::new();
    while !left.is_empty() {
        let likeness = |&index: &usize| {
            let size = grams[index].len() as u128 + 1;
            let shared = match ordered.last() {
                Some(&last) => grams[index].intersection(&grams[last]).count() as u128,
                None => 1,
            };
            let is_same = ordered
                .last()
                .is_some_and(|&last| types.get(last) == types.get(index));
            // To the power of two thirds: the small ones would come first without.
            (shared.pow(3) << 64) / size.pow(2) * (1 + u128::from(is_same))
        };
        let scores: Vec<_> = left.iter().map(likeness).collect();
        let best = scores.iter().max().copied().unwrap_or_default();
        let at = scores.iter().position(|&score| score == best);
        ordered.push(left.remove(at.unwrap_or_default()));
    }
    ordered
}

/// How many bytes a function's size has in a padded module.
pub(crate) const SIZE_LENGTH: usize = 3;

/// Gives the size of each function three bytes, so that the packer can leave them out and its other
/// side knows where they belong.
pub(crate) fn pad_sizes(module: &[u8]) -> Result<Vec<u8>> {
    let functions = Functions::read(module)?;
    let mut code = Vec::new();
    write_number(&mut code, functions.bodies.len());
    for body in functions.bodies {
        let size = body.len();
        if size >> (7 * SIZE_LENGTH) > 0 {
            bail!("a function of the engine is too large");
        }
        code.extend([
            size as u8 | 0x80,
            (size >> 7) as u8 | 0x80,
            (size >> 14) as u8,
        ]);
        code.extend_from_slice(body);
    }
    let mut padded = module[..functions.section.start].to_vec();
    padded.push(10);
    write_bytes(&mut padded, &code);
    padded.extend_from_slice(&module[functions.section.end..]);
    Ok(padded)
}

/// What a module says of its functions.
pub(crate) struct Functions<'a> {
    /// They come before the others.
    imported: usize,
    /// Their code, without its size.
    pub(crate) bodies: Vec<&'a [u8]>,
    /// Numbers of their types.
    types: Vec<usize>,
    /// Where the section of the code is.
    section: Range<usize>,
}

impl<'a> Functions<'a> {
    /// Where the first function begins, with its size, in a module whose sizes are padded.
    pub(crate) fn start(&self, module: &[u8]) -> usize {
        let sizes = self.bodies.len() * SIZE_LENGTH;
        let code: usize = self.bodies.iter().map(|body| body.len()).sum();
        self.section.end.min(module.len()) - code - sizes
    }

    pub(crate) fn read(module: &'a [u8]) -> Result<Self> {
        let mut functions = Functions {
            imported: 0,
            bodies: Vec::new(),
            types: Vec::new(),
            section: 0..0,
        };
        let mut rest = module
            .strip_prefix(b"\0asm\x01\0\0\0")
            .context("this is no WebAssembly")?;
        while let Some((&id, after)) = rest.split_first() {
            let start = module.len() - rest.len();
            rest = after;
            let mut section = read_bytes(&mut rest)?;
            match id {
                2 => {
                    for _ in 0..read_number(&mut section)? {
                        read_bytes(&mut section)?;
                        read_bytes(&mut section)?;
                        if read_byte(&mut section)? != 0 {
                            bail!("the engine imports something that is no function");
                        }
                        read_number(&mut section)?;
                        functions.imported += 1;
                    }
                }
                3 => {
                    for _ in 0..read_number(&mut section)? {
                        functions.types.push(read_number(&mut section)?);
                    }
                }
                10 => {
                    functions.section = start..module.len() - rest.len();
                    for _ in 0..read_number(&mut section)? {
                        functions.bodies.push(read_bytes(&mut section)?);
                    }
                }
                _ => {}
            }
        }
        Ok(functions)
    }
}

fn read_byte(from: &mut &[u8]) -> Result<u8> {
    let (&byte, rest) = from.split_first().context("the module ends too early")?;
    *from = rest;
    Ok(byte)
}

fn read_bytes<'a>(from: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = read_number(from)?;
    let parts = from.split_at_checked(length);
    let (bytes, rest) = parts.context("the module ends too early")?;
    *from = rest;
    Ok(bytes)
}

/// LEB128.
fn read_number(from: &mut &[u8]) -> Result<usize> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let byte = read_byte(from)?;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    bail!("a number of the module is too long")
}

fn write_number(to: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn write_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    write_number(to, bytes.len());
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_are_like_each_other_become_neighbours() {
        let bodies: [&[u8]; 5] = [
            b"abcdefgh",
            b"0123456789",
            b"the largest of all: abcdefgh",
            b"123456",
            b"abcdefg",
        ];
        assert_eq!(order(&bodies, &[0; 5]), [3, 1, 0, 4, 2]);
        let bodies: [&[u8]; 3] = [b"abcdefgh", b"abcdefgx", b"abcdefgy"];
        assert_eq!(order(&bodies, &[0; 3]), [0, 1, 2]);
        assert_eq!(order(&bodies, &[0, 1, 0]), [0, 2, 1]);
    }

    #[test]
    fn names_are_those_of_the_places() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        // One import, a function of type 0; two bodies.
        module.extend([2, 7, 1, 1, b'm', 1, b'f', 0, 0]);
        module.extend([10, 8, 2, 2, 0, 0x0b, 3, 0, 1, 0x0b]);
        let named = name_by_likeness(&module).expect("a module");
        let (start, section) = named.split_at(module.len());
        assert_eq!(start, module);
        let expected = b"\0\x16\x04name\x01\x0f\x02\x01\x0500000\x02\x0500001";
        assert_eq!(section, expected);
        assert!(name_by_likeness(b"\0asm").is_err());
        assert!(name_by_likeness(&module[..module.len() - 1]).is_err());
    }

    #[test]
    fn sizes_are_padded_and_nothing_else_changes() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend([3, 3, 2, 0, 0]);
        let before = module.len();
        module.extend([10, 8, 2, 2, 0, 0x0b, 3, 0, 1, 0x0b, 11, 1, 0]);
        let padded = pad_sizes(&module).expect("a module");
        assert_eq!(padded[..before], module[..before]);
        let code = [10, 12, 2, 0x82, 0x80, 0, 0, 0x0b, 0x83, 0x80, 0, 0, 1, 0x0b];
        assert_eq!(padded[before..], [&code[..], &[11, 1, 0]].concat());
        let functions = Functions::read(&padded).expect("a module");
        assert_eq!(functions.start(&padded), before + 3);
    }

    #[test]
    fn numbers_are_leb128() {
        for number in [0, 127, 128, 16_383, 16_384, 0xffff_ffff] {
            let mut bytes = Vec::new();
            write_number(&mut bytes, number);
            assert_eq!(read_number(&mut &*bytes).expect("a number"), number);
        }
    }
}
