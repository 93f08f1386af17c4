//! Strings on the boundary: UTF-8, with `0xFF` at the end of each field.
//!
//! `message.ts` writes and reads the same format.

use alloc::vec::Vec;

use countersign_client::Text;

/// The end of a field. No UTF-8 text contains this byte.
pub const END: u8 = 0xff;

/// Creates a message from these fields.
#[must_use]
pub fn encode(fields: &[&str]) -> Vec<u8> {
    let mut message = Vec::with_capacity(fields.iter().map(|field| field.len() + 1).sum());
    for field in fields {
        message.extend_from_slice(field.as_bytes());
        message.push(END);
    }
    message
}

/// The fields of a message, in order. Bytes after the last end are dropped.
pub struct Fields(Vec<u8>, usize);

impl Fields {
    /// Reads a message from its first field on.
    ///
    /// # Safety
    /// Every field that will be read as text must be UTF-8. Checking it here would cost 350 bytes.
    #[must_use]
    pub unsafe fn new(message: Vec<u8>) -> Self {
        Self(message, 0)
    }

    /// Returns the whole message.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Returns the fields that are left. (`collect` would be larger.)
    #[must_use]
    pub fn rest(&mut self) -> Vec<Text> {
        let mut rest = Vec::new();
        for field in self {
            rest.push(field);
        }
        rest
    }

    /// Returns as many of the next bytes as a text, or all that are left. They are ASCII.
    pub fn split(&mut self, length: usize) -> Text {
        let rest = self.0.get(self.1..).unwrap_or_default();
        let length = length.min(rest.len());
        self.1 += length;
        // SAFETY: the caller of `new` has promised UTF-8, of which ASCII can be cut anywhere.
        unsafe { core::str::from_utf8_unchecked(&rest[..length]) }.into()
    }

    /// Returns the next field, or an empty one if there is none.
    pub fn text(&mut self) -> Text {
        self.next().unwrap_or_else(|| "".into())
    }
}

impl Iterator for Fields {
    type Item = Text;

    fn next(&mut self) -> Option<Text> {
        let rest = self.0.get(self.1..)?;
        let length = rest.iter().position(|&byte| byte == END)?;
        self.1 += length + 1;
        // SAFETY: the caller of `new` has promised that fields are UTF-8.
        Some(unsafe { core::str::from_utf8_unchecked(rest.get(..length)?) }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(message: &[u8]) -> Vec<String> {
        // SAFETY: the tests' fields are UTF-8.
        unsafe { Fields::new(message.to_vec()) }
            .map(|field| String::from(&*field))
            .collect()
    }

    #[test]
    fn fields_come_back_as_they_went() {
        let fields = ["", "a", "é\u{10ffff}\0\u{fffd}", ""];
        assert_eq!(decode(&encode(&fields)), fields);
        assert_eq!(decode(&encode(&[])), Vec::<String>::new());
    }

    #[test]
    fn an_unended_field_is_dropped() {
        assert_eq!(decode(b"a\xffb"), ["a"]);
    }

    #[test]
    fn reading_past_the_end_is_empty() {
        // SAFETY: UTF-8.
        let mut fields = unsafe { Fields::new(encode(&["a"])) };
        assert_eq!((fields.text(), fields.text()), ("a".into(), "".into()));
    }
}
