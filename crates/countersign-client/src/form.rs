//! `application/x-www-form-urlencoded`, the part of it that OAuth sends, and the two or three text helpers that would
//! otherwise pull `core::str`'s pattern machinery into the WebAssembly.

use alloc::string::String;

use countersign::text::push_decimal;

use crate::text::Text;

/// A name and its value.
pub type Parameter = (Text, Text);

/// Parameters, encoded; each begins with `&`.
pub(crate) struct Form(String);

impl Form {
    /// Begins with parameters that are encoded already.
    pub(crate) fn new(encoded: &str) -> Self {
        Self(String::from(encoded))
    }

    #[inline(never)] // called often
    pub(crate) fn add(&mut self, name: &str, value: &Text) {
        #[cfg(feature = "reqwest")]
        self.make_room(2 + 3 * (name.len() + value.len()));
        self.0.push('&');
        percent_encode(&mut self.0, name);
        self.0.push('=');
        percent_encode(&mut self.0, value);
    }

    /// Grows without leaving a copy behind, as tokens and codes are among the values.
    #[cfg(feature = "reqwest")]
    fn make_room(&mut self, further: usize) {
        let needed = self.0.len() + further;
        if self.0.capacity() < needed {
            let mut larger = String::with_capacity(needed.max(2 * self.0.len()));
            larger.push_str(&self.0);
            zeroize::Zeroize::zeroize(&mut self.0);
            self.0 = larger;
        }
    }

    /// Adds those whose name is not there yet.
    pub(crate) fn extend(&mut self, extra: &[Parameter]) {
        for (name, value) in extra {
            let length = self.0.len();
            self.add(name, value);
            let (before, added) = self.0.as_bytes().split_at(length);
            let name_length = added
                .iter()
                .position(|&byte| byte == b'=')
                .map_or(0, |at| at + 1);
            if holds(before, &added[..name_length]) {
                self.0.truncate(length);
            }
        }
    }

    /// The body of a request.
    pub(crate) fn as_str(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// `endpoint` with these parameters added to whatever query it has.
    pub(crate) fn at(&self, endpoint: &str) -> String {
        let mut url = String::from(endpoint);
        let mut query = &*self.0;
        if !holds(endpoint.as_bytes(), b"?") {
            url.push('?');
            query = self.as_str();
        }
        url.push_str(query);
        url
    }
}

#[cfg(feature = "reqwest")]
impl Drop for Form {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// Everything but RFC 3986's unreserved characters.
fn percent_encode(out: &mut String, text: &str) {
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(hex(byte >> 4));
            out.push(hex(byte & 15));
        }
    }
}

fn hex(digit: u8) -> char {
    char::from(if digit < 10 {
        b'0' + digit
    } else {
        b'A' - 10 + digit
    })
}

/// Does the text hold this part, as it is?
pub(crate) fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The value of a parameter.
pub(crate) fn value<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Text> {
    parameters
        .iter()
        .find(|(candidate, _)| *candidate == name)
        .map(|(_, value)| value)
}

/// A status as text.
pub(crate) fn status_text(status: u16) -> String {
    let mut text = String::new();
    push_decimal(&mut text, i64::from(status));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_everything_but_unreserved_characters() {
        let mut form = Form::new("&a=b");
        form.add("a b", &"é/?&=+~-._".into());
        assert_eq!(form.as_str(), "a=b&a%20b=%C3%A9%2F%3F%26%3D%2B~-._");
    }

    #[test]
    fn own_parameters_cannot_be_overridden() {
        let mut form = Form::new("&b=c");
        form.add("state", &"s".into());
        let extra = ["state", "b", "prompt", "tate"].map(|name| (name.into(), "x".into()));
        form.extend(&extra);
        assert_eq!(form.as_str(), "b=c&state=s&prompt=x&tate=x");
    }

    #[test]
    fn a_query_is_added_to_a_query() {
        let form = Form::new("&c=d");
        assert_eq!(form.at("https://a/b"), "https://a/b?c=d");
        assert_eq!(form.at("https://a/b?x"), "https://a/b?x&c=d");
    }

    #[test]
    fn status_is_three_digits() {
        assert_eq!(status_text(503), "503");
    }
}
