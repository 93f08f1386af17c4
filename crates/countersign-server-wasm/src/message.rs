//! Messages on the boundary: fields of bytes, each after its length as four bytes, the lowest
//! first. A header's value may have any bytes, so no byte could end a field.

/// Creates a message from these fields.
#[must_use]
pub fn encode(fields: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::with_capacity(fields.iter().map(|field| 4 + field.len()).sum());
    for field in fields {
        // Linear memory has 32 bits, so that no field is longer.
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        message.extend_from_slice(&length.to_le_bytes());
        message.extend_from_slice(field);
    }
    message
}

/// The fields of a message, in order. What is cut short is left out.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Reads a message from its first field on.
    #[must_use]
    pub const fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// Returns the next field as text. `None`: there is none, or it is not UTF-8.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.next()?).ok()
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_as_they_went() {
        let fields: [&[u8]; 4] = [b"", b"a\xff\0", &[7; 300], b""];
        assert!(Fields::new(&encode(&fields)).eq(fields));
        assert_eq!(Fields::new(&encode(&[])).next(), None);
    }

    #[test]
    fn what_is_cut_short_is_left_out() {
        let message = encode(&[b"one", b"two"]);
        for end in 0..message.len() {
            let whole = Fields::new(&message[..end]).count();
            assert_eq!(whole, end / 7, "{end}");
        }
        assert_eq!(Fields::new(&[0xff; 5]).next(), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_none() {
        assert_eq!(Fields::new(&encode(&[b"\xff"])).text(), None);
        assert_eq!(Fields::new(&encode(&["é".as_bytes()])).text(), Some("é"));
    }
}
