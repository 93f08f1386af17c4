//! `WWW-Authenticate` (RFC 9110, 11.6.1; RFC 9449, 7.1; RFC 6750, 3): what a resource server asks for, built and read.
//!
//! [`parse`] takes the header's field values as they came: several challenges in one field, or several fields. A
//! challenge that breaks the grammar, or repeats a parameter, is left out together with what follows it in its field:
//! where one ends and the next begins can no longer be told.
//!
//! ```
//! use countersign::challenge::{self, Challenge};
//!
//! let header = Challenge::dpop().with("error", "use_dpop_nonce").with("algs", "ES256 EdDSA").to_header();
//! assert_eq!(header, r#"DPoP error="use_dpop_nonce", algs="ES256 EdDSA""#);
//!
//! let challenges = challenge::parse(&[&header, r#"Bearer realm="api""#]);
//! assert_eq!(challenges[0].get("error"), Some("use_dpop_nonce"));
//! assert!(challenges[1].is("bearer"));
//! assert!(challenge::parse(&[r#"DPoP error="use_dpop_nonce"#]).is_empty()); // the quote is not closed
//! ```

use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// The scheme of RFC 9449.
pub const DPOP: &str = "DPoP";

/// The scheme of RFC 6750.
pub const BEARER: &str = "Bearer";

/// The parameter that leads to a resource's metadata (RFC 9728, 5.1).
pub const RESOURCE_METADATA: &str = "resource_metadata";

/// One challenge: a scheme with its parameters, or with a `token68`, or alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// As it was written; compare with [`is`](Self::is).
    pub scheme: String,
    /// What some other schemes (`Negotiate`) have in the place of parameters. Neither DPoP nor Bearer does.
    pub token68: Option<String>,
    /// Name and value, in order, without quotes and escapes. Names are compared by [`get`](Self::get).
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// A challenge without parameters. `scheme` must be an HTTP token.
    #[must_use]
    pub fn new(scheme: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            token68: None,
            params: Vec::new(),
        }
    }

    /// `DPoP`, without parameters so far.
    #[must_use]
    pub fn dpop() -> Self {
        Self::new(DPOP)
    }

    /// `Bearer`, without parameters so far.
    #[must_use]
    pub fn bearer() -> Self {
        Self::new(BEARER)
    }

    /// With one more parameter. `name` must be an HTTP token.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With `error` and `error_description` (RFC 9449, 7.1; RFC 6750, 3). A character that a description can't have (RFC
    /// 6749, 5.2) is replaced: quotation marks by `'`, a backslash by `/`, anything else that is not printable ASCII by `?`.
    #[must_use]
    pub fn with_error(self, code: &str, description: &str) -> Self {
        let mut plain = String::with_capacity(description.len());
        plain.extend(description.chars().map(|c| match c {
            '"' | '\u{201c}' | '\u{201d}' => '\'',
            '\\' => '/',
            ' '..='~' => c,
            _ => '?',
        }));
        self.with("error", code).with("error_description", &plain)
    }

    /// Whether this is the scheme's challenge (case-insensitive).
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The parameter's value (names are case-insensitive).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// The header's value: the `token68`, or else every parameter as a quoted string. A character that can't stand in a header (control, not
    /// ASCII) becomes `?`, so that no text can start a new header line.
    #[must_use]
    pub fn to_header(&self) -> String {
        let mut out = self.scheme.clone();
        if let Some(token) = &self.token68 {
            out.push(' ');
            out.push_str(token);
            return out;
        }
        let mut separator = " ";
        for (name, value) in &self.params {
            out.push_str(separator);
            separator = ", ";
            out.push_str(name);
            out.push_str("=\"");
            for c in value.chars() {
                if c == '"' || c == '\\' {
                    out.push('\\');
                }
                out.push(if (' '..='~').contains(&c) { c } else { '?' });
            }
            out.push('"');
        }
        out
    }
}

/// One field value that holds all of these, for a server that can set a header once only. Several fields say the same,
/// and more clients read them.
#[must_use]
pub fn to_one_field(challenges: &[Challenge]) -> String {
    let mut out = String::new();
    for challenge in challenges {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&challenge.to_header());
    }
    out
}

/// The challenges of all field values of `WWW-Authenticate`, in order.
#[must_use]
pub fn parse(fields: &[&str]) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for field in fields {
        let mut cursor = Cursor { text: field, at: 0 };
        while let Some(challenge) = cursor.challenge() {
            challenges.push(challenge);
        }
    }
    challenges
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The next challenge; `None` at the end of the field and at what is no challenge.
    fn challenge(&mut self) -> Option<Challenge> {
        self.skip(is_separator);
        let mut challenge = Challenge::new(self.token()?);
        let is_alone = self.peek() != Some(b' ');
        self.skip(|b| b == b' ');
        if is_alone || self.peek() == Some(b'\t') {
            // Nothing but the list's next comma may follow.
            return self.ends_element().then_some(challenge);
        }
        if let Some(token) = self.token68() {
            challenge.token68 = Some(token.to_owned());
            return Some(challenge);
        }
        loop {
            self.skip(is_blank);
            let is_next_element = !challenge.params.is_empty() || self.peek() == Some(b',');
            self.skip(is_separator);
            let start = self.at;
            let Some(name) = self.token() else {
                // The end, or something that is neither a parameter nor a scheme.
                return self.peek().is_none().then_some(challenge);
            };
            self.skip(is_blank);
            if self.peek() != Some(b'=') {
                // Another scheme begins here, unless it should have been a parameter.
                self.at = start;
                return is_next_element.then_some(challenge);
            }
            self.at += 1;
            self.skip(is_blank);
            let value = self.value()?;
            if challenge.get(name).is_some() {
                return None;
            }
            challenge.params.push((name.to_owned(), value));
            if !self.ends_element() {
                return None;
            }
        }
    }

    /// Whether an element of a list ends here, perhaps after blanks.
    fn ends_element(&mut self) -> bool {
        self.skip(is_blank);
        matches!(self.peek(), None | Some(b','))
    }

    /// A `token68`, where one stands alone up to the next comma.
    fn token68(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.skip(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        });
        let is_empty = self.at == start;
        self.skip(|b| b == b'=');
        let token = self.text.get(start..self.at);
        if !is_empty && self.ends_element() {
            return token;
        }
        self.at = start;
        None
    }

    fn value(&mut self) -> Option<String> {
        if self.peek() != Some(b'"') {
            return self.token().map(ToOwned::to_owned);
        }
        self.at += 1;
        let mut value = String::new();
        loop {
            let start = self.at;
            self.skip(|b| b != b'"' && b != b'\\' && (b >= b' ' || b == b'\t') && b != 0x7f);
            value.push_str(self.text.get(start..self.at)?);
            let end = self.peek()?;
            self.at += 1;
            match end {
                b'"' => return Some(value),
                b'\\' => {
                    let escaped = self.text.get(self.at..)?.chars().next()?;
                    if (escaped < ' ' && escaped != '\t') || escaped == '\u{7f}' {
                        return None;
                    }
                    value.push(escaped);
                    self.at += escaped.len_utf8();
                }
                _ => return None,
            }
        }
    }

    fn token(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.skip(is_token_character);
        self.text
            .get(start..self.at)
            .filter(|token| !token.is_empty())
    }

    fn skip(&mut self, matches: fn(u8) -> bool) {
        while self.peek().is_some_and(matches) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

const fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

const fn is_separator(b: u8) -> bool {
    is_blank(b) || b == b','
}

/// `tchar` of RFC 9110, 5.6.2.
pub(crate) const fn is_token_character(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests;
