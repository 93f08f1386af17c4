//! `WWW-Authenticate` (RFC 9110, 11.6.1; RFC 9449, 7.1; RFC 6750, 3): what a resource server asks for, built and read.
//!
//! [`parse`] takes the header's field values as they came: several challenges in one field, or several fields. A
//! challenge that breaks the grammar, or repeats a parameter, is left out together with what follows it in its field.
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

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// As it was written; compare with [`is`](Self::is).
    pub scheme: String,
    /// Name and value, in order, without quotes and escapes. Names are compared by [`get`](Self::get).
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// A challenge without parameters. `scheme` must be an HTTP token.
    #[must_use]
    pub fn new(scheme: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
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

    /// The header's value: every parameter as a quoted string. A character that can't stand in a header (control, not
    /// ASCII) becomes `?`, so that no text can start a new header line.
    #[must_use]
    pub fn to_header(&self) -> String {
        let mut out = self.scheme.clone();
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
        let scheme = self.token()?;
        if !matches!(self.peek(), None | Some(b' ' | b'\t' | b',')) {
            return None;
        }
        let mut challenge = Challenge::new(scheme);
        self.skip(is_blank);
        if self.token68() {
            return Some(challenge);
        }
        loop {
            self.skip(is_separator);
            let start = self.at;
            let Some(name) = self.token() else {
                // The end, or something that is neither a parameter nor a scheme.
                return self.peek().is_none().then_some(challenge);
            };
            self.skip(is_blank);
            if self.peek() != Some(b'=') {
                // Another scheme begins here.
                self.at = start;
                return Some(challenge);
            }
            self.at += 1;
            self.skip(is_blank);
            let value = self.value()?;
            if challenge.get(name).is_some() {
                return None;
            }
            challenge.params.push((name.to_owned(), value));
            self.skip(is_blank);
            if !matches!(self.peek(), None | Some(b',')) {
                return None;
            }
        }
    }

    /// Skips a `token68` that stands alone up to the next comma: no scheme of ours has one.
    fn token68(&mut self) -> bool {
        let start = self.at;
        self.skip(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        });
        let is_empty = self.at == start;
        self.skip(|b| b == b'=');
        self.skip(is_blank);
        let stands_alone = !is_empty && matches!(self.peek(), None | Some(b','));
        if !stands_alone {
            self.at = start;
        }
        stands_alone
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn challenge(scheme: &str, params: &[(&str, &str)]) -> Challenge {
        params
            .iter()
            .fold(Challenge::new(scheme), |challenge, (name, value)| {
                challenge.with(name, value)
            })
    }

    #[test]
    fn r5_the_rfcs_own_challenges_are_read() {
        // RFC 9449, figures 16, 17 and 19.
        assert_eq!(
            parse(&[r#"DPoP algs="ES256 PS256""#]),
            [challenge("DPoP", &[("algs", "ES256 PS256")])]
        );
        assert_eq!(
            parse(&[
                r#"Bearer error="invalid_token", error_description="Invalid token", DPoP algs="ES256 PS256""#
            ]),
            [
                challenge(
                    "Bearer",
                    &[
                        ("error", "invalid_token"),
                        ("error_description", "Invalid token")
                    ]
                ),
                challenge("DPoP", &[("algs", "ES256 PS256")]),
            ]
        );
        assert_eq!(
            parse(&[r#"DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof""#])[0]
                .get("ERROR"),
            Some("use_dpop_nonce")
        );
    }

    #[test]
    fn r5_challenges_come_in_one_field_or_in_many() {
        let expected = [
            challenge("Basic", &[("realm", "a, b=\"c\" \\")]),
            challenge("Negotiate", &[]),
            challenge("dpop", &[("error", "use_dpop_nonce")]),
        ];
        let basic = r#"Basic realm="a, b=\"c\" \\""#;
        let one = [basic, "Negotiate", "dpop error=use_dpop_nonce"].join(", ");
        assert_eq!(parse(&[&one]), expected);
        assert_eq!(
            parse(&[basic, "Negotiate", "dpop error = use_dpop_nonce ,"]),
            expected
        );
        assert_eq!(
            parse(&[
                ", ,",
                "",
                basic,
                "Negotiate dGVzdA==, dpop ,error=use_dpop_nonce"
            ]),
            expected
        );
    }

    #[test]
    fn r5_what_breaks_the_grammar_is_left_out() {
        for field in [
            r#"DPoP error="a"#,
            r#"DPoP error="a\"#,
            r#"DPoP a="1", error="#,
            r#"DPoP error="a" b"#,
            "DPoP error=\"a\nb\"",
            r#"DPoP error="a", error="b""#,
            "=",
            "DPoP=x",
            r#"DPoP "a""#,
            r#"DPoP a="1", "b""#,
        ] {
            assert_eq!(parse(&[field]), [], "{field:?}");
        }
        assert_eq!(parse(&[r#"Basic, DPoP a="1"#]), [challenge("Basic", &[])]);
    }

    #[test]
    fn r5_a_built_challenge_cannot_break_out_of_its_header() {
        let header = challenge(
            "DPoP",
            &[("error_description", "a\r\nSet-Cookie: x=\"1\" \\ é")],
        )
        .to_header();
        assert_eq!(
            header,
            r#"DPoP error_description="a??Set-Cookie: x=\"1\" \\ ?""#
        );
    }

    proptest! {
        #[test]
        fn what_is_built_is_read(values in prop::collection::vec("[ -~]{0,12}", 0..4)) {
            let mut built = Challenge::dpop();
            for (i, value) in values.iter().enumerate() {
                built = built.with(&std::format!("p{i}"), value);
            }
            let header = built.to_header();
            prop_assert_eq!(parse(&[&header]), [built.clone()]);
            let twice = std::format!("{header}, {header}");
            prop_assert_eq!(parse(&[&twice]), [built.clone(), built]);
        }

        #[test]
        fn parse_never_panics(field in r#"([a-zA-Z="\\, /é\n]{0,6}|DPoP ){0,8}"#, any: String) {
            let _ = parse(&[&field, &any]);
        }
    }
}
