//! `application/x-www-form-urlencoded`, the part of it that OAuth sends, and the two or three text helpers that would
//! otherwise pull `core::str`'s pattern machinery into the WebAssembly.

use alloc::string::String;

use countersign::text::push_decimal;

/// A name and its value.
pub type Parameter = (String, String);

/// Encodes `own` (empty values are left out) and then those of `extra` whose name is not one of ours.
pub(crate) fn encode(own: &[(&str, &str)], extra: &[Parameter]) -> String {
    let mut form = String::new();
    for &(name, value) in own {
        if !value.is_empty() {
            push(&mut form, name, value);
        }
    }
    for (name, value) in extra {
        if !own.iter().any(|&(taken, _)| taken == name) {
            push(&mut form, name, value);
        }
    }
    form
}

/// `endpoint` with a query added to whatever query it has.
pub(crate) fn with_query(endpoint: &str, query: &str) -> String {
    let mut url = String::from(endpoint);
    url.push(if holds(endpoint.as_bytes(), b"?") {
        '&'
    } else {
        '?'
    });
    url.push_str(query);
    url
}

fn push(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    percent_encode(form, name);
    form.push('=');
    percent_encode(form, value);
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

pub(crate) fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The value of a parameter.
pub(crate) fn value<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(candidate, _)| candidate == name)
        .map(|(_, value)| value.as_str())
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
        assert_eq!(
            encode(&[("a b", "é/?&=+~-._")], &[]),
            "a%20b=%C3%A9%2F%3F%26%3D%2B~-._"
        );
    }

    #[test]
    fn own_parameters_cannot_be_overridden() {
        let extra = [
            ("state".into(), "mine".into()),
            ("prompt".into(), "consent".into()),
            ("off".into(), "on".into()),
        ];
        assert_eq!(
            encode(&[("state", "s"), ("off", "")], &extra),
            "state=s&prompt=consent"
        );
    }

    #[test]
    fn a_query_is_added_to_a_query() {
        assert_eq!(with_query("https://a/b", "c=d"), "https://a/b?c=d");
        assert_eq!(with_query("https://a/b?x", "c=d"), "https://a/b?x&c=d");
    }

    #[test]
    fn status_is_three_digits() {
        assert_eq!(status_text(503), "503");
    }
}
