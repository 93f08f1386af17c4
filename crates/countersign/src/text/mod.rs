//! Text: byte-wise helpers, an error with its causes, and text from outside in a log line
//! ([`Quoted`], feature `json`).
//!
//! `core::str`'s pattern machinery costs more than a kilobyte in WebAssembly; these cost little.

mod causes;
#[cfg(feature = "json")]
mod quoted;

use alloc::{string::String, vec::Vec};

pub use self::causes::with_causes;
#[cfg(feature = "json")]
pub use self::quoted::Quoted;

/// Splits `text` at the first `byte` (ASCII), which belongs to neither half. `None`: it doesn't
/// occur.
#[must_use]
pub fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| b == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Appends one ASCII character. `String::push` would add the code that encodes all others.
pub fn push_ascii(out: &mut String, character: u8) {
    out.push(char::from(character & 0x7f));
}

/// Appends `text` as a JSON string with its quotes (RFC 8259, section 7), in UTF-8.
pub fn push_json_string(out: &mut Vec<u8>, text: &str) {
    push(out, b'"');
    for byte in text.bytes() {
        let mut last = byte;
        if byte < b' ' {
            out.extend_from_slice(b"\\u00");
            push(out, b'0' + (byte >> 4));
            last = hex_digit(byte & 15);
        } else if byte == b'"' || byte == b'\\' {
            push(out, b'\\');
        }
        push(out, last);
    }
    push(out, b'"');
}

#[inline(never)] // smaller
fn push(out: &mut Vec<u8>, byte: u8) {
    out.push(byte);
}

/// Appends `number` in decimal.
pub fn push_decimal(out: &mut String, number: i64) {
    if number < 0 {
        push_ascii(out, b'-');
    }
    let magnitude = number.unsigned_abs();
    let mut divisor = 1;
    while magnitude / divisor > 9 {
        divisor *= 10;
    }
    while divisor > 0 {
        push_ascii(out, b'0' + (magnitude / divisor % 10) as u8);
        divisor /= 10;
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' - 10 + nibble
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_splits_at_the_first_occurrence() {
        assert_eq!(cut("a=b=c", b'='), Some(("a", "b=c")));
        assert_eq!(cut("=", b'='), Some(("", "")));
        assert_eq!(cut("ü=ß", b'='), Some(("ü", "ß")));
        assert_eq!(cut("abc", b'='), None);
    }

    #[test]
    fn json_strings_are_escaped() {
        let mut out = Vec::new();
        push_json_string(&mut out, "a\"b\\c\n\u{1f}\u{0}é/");
        let expected = "\"a\\\"b\\\\c\\u000a\\u001f\\u0000é/\"";
        assert_eq!(out, expected.as_bytes());
    }

    #[test]
    fn decimals_cover_the_whole_range() {
        for number in [0, 7, 10, 99, 1_767_225_600, -1, i64::MAX, i64::MIN] {
            let mut out = String::new();
            push_decimal(&mut out, number);
            assert_eq!(out, std::format!("{number}"));
        }
    }
}
