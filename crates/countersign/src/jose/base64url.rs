//! Base64url without padding (RFC 7515, section 2; RFC 4648, section 5), strictly.
//!
//! [`decode`] accepts exactly the text that [`encode`] produces: no padding, no whitespace, no
//! character of another alphabet, no stray bits at the end. So each value has one spelling, and
//! comparing spellings compares values.
//!
//! ```
//! use countersign::jose::base64url;
//!
//! assert_eq!(base64url::encode(&[0xfb, 0xff]), "-_8");
//! assert_eq!(base64url::decode("-_8"), Some(vec![0xfb, 0xff]));
//! assert_eq!(base64url::decode("-_8="), None); // padding
//! assert_eq!(base64url::decode("-_9"), None); // stray bits: a second spelling of the same bytes
//! ```

use alloc::{string::String, vec, vec::Vec};

use crate::text::push_ascii;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Marks a byte outside of the alphabet, as any value does that has one of the two upper bits set.
const INVALID: u8 = 0xff;

const VALUES: [u8; 256] = {
    let mut values = [INVALID; 256];
    let mut i = 0;
    while i < 64 {
        values[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    values
};

/// Encodes `bytes` as base64url text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(encoded_length(bytes.len()));
    encode_into(&mut out, bytes);
    out
}

/// Appends the base64url text of `bytes` to `out`.
pub fn encode_into(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..=chunk.len() as u32 {
            push_ascii(out, ALPHABET[(group >> (18 - 6 * i) & 63) as usize]);
        }
    }
}

/// Returns the number of characters that [`encode`] makes of `bytes` bytes.
#[must_use]
pub const fn encoded_length(bytes: usize) -> usize {
    bytes / 3 * 4 + (bytes % 3 * 4).div_ceil(3)
}

/// Decodes `text`. `None`: it is not exactly what [`encode`] makes of any bytes.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    decode_bytes(text.as_bytes())
}

/// Decodes text that may not be UTF-8, as [`decode`] does.
#[must_use]
pub fn decode_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let (quads, rest) = text.as_chunks::<4>();
    // One character holds six bits, which is no byte; two hold one byte and four bits, three two
    // bytes and two bits.
    let mut out = vec![0; quads.len() * 3 + rest.len().saturating_sub(1)];
    let (triples, last) = out.as_chunks_mut::<3>();
    let mut invalid = 0;
    for (quad, triple) in quads.iter().zip(triples) {
        let [_, bytes @ ..] = group(quad, &mut invalid).to_be_bytes();
        *triple = bytes;
    }
    if !rest.is_empty() {
        let mut bits = group(rest, &mut invalid) << (32 - 6 * rest.len());
        for byte in &mut *last {
            *byte = (bits >> 24) as u8;
            bits <<= 8;
        }
        if last.is_empty() || bits != 0 {
            return None;
        }
    }
    (invalid & !63 == 0).then_some(out)
}

/// Joins the values of up to four characters, six bits each. Sets bits of `invalid` that no value
/// has, if one of them is of another alphabet.
fn group(characters: &[u8], invalid: &mut u8) -> u32 {
    characters.iter().fold(0, |group, &character| {
        let value = VALUES[usize::from(character)];
        *invalid |= value;
        group << 6 | u32::from(value & 63)
    })
}

/// Decodes exactly `N` bytes of strict base64url.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    (*decode(text)?).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc4648_vectors() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(encoded_length(bytes.len()), text.len());
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn v2_base64url_has_one_spelling() {
        for text in [
            "Zg==", "Zg=", "Z", "Zm9vY", "Zm 9v", "Zm9v\n", "Zh", "Zm9", "+/+/", "Zm9é", "Zm.9",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn decode_reverses_encode(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_length(bytes.len()));
            prop_assert_eq!(decode(&text), Some(bytes));
        }

        #[test]
        fn what_decodes_is_what_encode_makes(text in "[A-Za-z0-9_=+/-]{0,12}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn decode_never_panics(text: Vec<u8>) {
            let _ = decode_bytes(&text);
        }
    }
}
