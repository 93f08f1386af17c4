//! `WWW-Authenticate` challenges, built and parsed (RFC 9110, 11.6.1; RFC 9449, 7.1; RFC 6750, 3).
//!
//! [`parse`] accepts several challenges in one field, or in several fields. If a challenge breaks
//! the grammar or repeats a parameter, it is left out with the rest of its field, since nobody can
//! tell where the next one begins.
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
//! assert!(challenge::parse(&[r#"DPoP error="use_dpop_nonce"#]).is_empty()); // an open quote
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
    /// The scheme as it was written; compare it by [`is`](Self::is).
    pub scheme: String,
    /// The data that some other schemes (`Negotiate`) have instead of parameters. DPoP and Bearer
    /// have none.
    pub token68: Option<String>,
    /// Names and values, in order, without quotes and escapes; look one up by [`get`](Self::get).
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// Creates a challenge without parameters. `scheme` must be an HTTP token.
    #[must_use]
    pub fn new(scheme: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            token68: None,
            params: Vec::new(),
        }
    }

    /// Creates a `DPoP` challenge without parameters.
    #[must_use]
    pub fn dpop() -> Self {
        Self::new(DPOP)
    }

    /// Creates a `Bearer` challenge without parameters.
    #[must_use]
    pub fn bearer() -> Self {
        Self::new(BEARER)
    }

    /// Adds a parameter. `name` must be an HTTP token.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `error` and `error_description` (RFC 9449, 7.1; RFC 6750, 3). Characters that a
    /// description can't have (RFC 6749, 5.2) are replaced: quotation marks by `'`, backslashes by
    /// `/`, and whatever else is not printable ASCII by `?`.
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

    /// Tells whether the challenge has this scheme (case-insensitive).
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Returns a parameter's value (names are case-insensitive).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// Returns the header's value, with the `token68` or with every parameter as a quoted string.
    /// Characters that a header can't have (control, not ASCII) become `?`, so that no text can
    /// start a new header line.
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

/// Joins challenges in one field value, for a server that can set a header only once. Several
/// fields mean the same, and more clients read them.
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

/// Parses all field values of `WWW-Authenticate` and returns their challenges, in order.
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
    /// Reads the next challenge. `None`: the field ends here, or something else follows.
    fn challenge(&mut self) -> Option<Challenge> {
        self.skip(is_separator);
        let mut challenge = Challenge::new(self.token()?);
        let is_alone = self.peek() != Some(b' ');
        self.skip(|b| b == b' ');
        if is_alone || self.peek() == Some(b'\t') {
            // Only the list's next comma may follow.
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
                // The end, or neither a parameter nor a scheme.
                return self.peek().is_none().then_some(challenge);
            };
            self.skip(is_blank);
            if self.peek() != Some(b'=') {
                // Another scheme begins here, unless a parameter was due.
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

    /// Tells whether a list's element ends here, perhaps after blanks.
    fn ends_element(&mut self) -> bool {
        self.skip(is_blank);
        matches!(self.peek(), None | Some(b','))
    }

    /// Reads a `token68`, if one stands alone up to the next comma.
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
