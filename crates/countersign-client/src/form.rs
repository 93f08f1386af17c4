//! `application/x-www-form-urlencoded`, as far as OAuth uses it, and a few text helpers that keep
//! `core::str`'s pattern machinery out of the WebAssembly.

use alloc::string::String;
use core::ptr;

use countersign::sibling::{push_ascii, push_decimal};

use crate::error::{Cause, ClientError};
use crate::text::Text;

/// A name and its value.
pub type Parameter = (Text, Text);

/// Parameters of authorization and token requests that only the engine decides, whether a request
/// has them or not: who asks, where the response goes, and what it is bound to. A
/// `request` object (RFC 9101) could bring all of them again. `code` also stands for
/// `code_challenge` and every other name that continues with `_`; the other names work alike.
static RESERVED: [&str; 10] = [
    "client_id",
    "redirect_uri",
    "response",
    "state",
    "nonce",
    "code",
    "dpop_jkt",
    "request",
    "grant_type",
    "refresh_token",
];

/// Returns an error for a reserved name. Some servers ignore case, so this does too.
///
/// # Errors
/// [`Cause::ParameterReserved`].
#[inline(never)] // smaller
pub(crate) fn check_reserved(name: &str) -> Result<(), ClientError> {
    for reserved in &RESERVED {
        let parts = name.as_bytes().split_at_checked(reserved.len());
        if let Some((begin, rest)) = parts
            && begin.eq_ignore_ascii_case(reserved.as_bytes())
            && matches!(rest.first(), None | Some(b'_'))
        {
            return Err(ClientError::new(Cause::ParameterReserved, &[name]));
        }
    }
    Ok(())
}

/// Returns the first name that occurs twice (RFC 6749, 3.1, forbids it).
pub(crate) fn repeated(parameters: &[Parameter]) -> Option<&Text> {
    let is_later = |(name, own): &&Parameter| {
        value(parameters, name).is_some_and(|first| !ptr::eq(first, own))
    };
    parameters.iter().find(is_later).map(|(name, _)| name)
}

/// Encoded parameters; each begins with `&`.
pub(crate) struct Form(String);

impl Form {
    /// Creates a form that begins with parameters which are encoded already.
    pub(crate) fn new(encoded: &str) -> Self {
        Self(String::from(encoded))
    }

    #[inline(never)] // called often
    pub(crate) fn add(&mut self, name: &str, value: &Text) {
        #[cfg(feature = "native")]
        self.make_room(2 + 3 * (name.len() + value.len()));
        push_ascii(&mut self.0, b'&');
        percent_encode(&mut self.0, name);
        push_ascii(&mut self.0, b'=');
        percent_encode(&mut self.0, value);
    }

    /// Grows without leaving a copy behind, because tokens and codes are among the values.
    #[cfg(feature = "native")]
    fn make_room(&mut self, further: usize) {
        let needed = self.0.len() + further;
        if self.0.capacity() < needed {
            let mut larger = String::with_capacity(needed.max(2 * self.0.len()));
            larger.push_str(&self.0);
            zeroize::Zeroize::zeroize(&mut self.0);
            self.0 = larger;
        }
    }

    /// Adds the application's parameters. The first one of each name counts, and names that are
    /// already there are left out.
    ///
    /// # Errors
    /// [`Cause::ParameterReserved`].
    #[inline(never)] // called often
    pub(crate) fn extend(&mut self, extra: &[Parameter]) -> Result<(), ClientError> {
        for (name, value) in extra {
            check_reserved(name)?;
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
        Ok(())
    }

    /// Returns the body of a request.
    pub(crate) fn as_str(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// Appends these parameters to `endpoint`, which may have a query.
    pub(crate) fn at(&self, endpoint: &str) -> String {
        let mut url = String::from(endpoint);
        let mut query = &*self.0;
        if !holds(endpoint.as_bytes(), b"?") {
            push_ascii(&mut url, b'?');
            query = self.as_str();
        }
        url.push_str(query);
        url
    }
}

#[cfg(feature = "native")]
impl Drop for Form {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// Encodes everything but RFC 3986's unreserved characters.
fn percent_encode(out: &mut String, text: &str) {
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            push_ascii(out, byte);
        } else {
            push_ascii(out, b'%');
            push_ascii(out, hex(byte >> 4));
            push_ascii(out, hex(byte & 15));
        }
    }
}

fn hex(digit: u8) -> u8 {
    if digit < 10 {
        b'0' + digit
    } else {
        b'A' - 10 + digit
    }
}

/// Tells whether the text contains this part.
pub(crate) fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Returns the value of a parameter.
pub(crate) fn value<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Text> {
    parameters
        .iter()
        .find(|(candidate, _)| *candidate == name)
        .map(|(_, value)| value)
}

/// Formats a status.
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

    fn parameters(pairs: &[(&str, &str)]) -> Vec<Parameter> {
        let pairs = pairs.iter();
        pairs
            .map(|&(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn a_parameter_that_is_there_is_not_added_again() {
        let mut form = Form::new("&b=c");
        form.add("scope", &"s".into());
        let extra =
            ["scope", "b", "prompt", "cope", "prompt"].map(|name| (name.into(), "x".into()));
        assert_eq!(form.extend(&extra), Ok(()));
        assert_eq!(form.as_str(), "b=c&scope=s&prompt=x&cope=x");
    }

    #[test]
    fn a_reserved_parameter_is_named() {
        for name in [
            "client_id",
            "redirect_uri",
            "response_type",
            "response_mode",
            "state",
            "nonce",
            "code",
            "code_challenge",
            "code_challenge_method",
            "code_verifier",
            "dpop_jkt",
            "request",
            "request_uri",
            "grant_type",
            "refresh_token",
            "State",
            "CODE_CHALLENGE",
        ] {
            let expected = ClientError::new(Cause::ParameterReserved, &[name]);
            assert_eq!(check_reserved(name), Err(expected.clone()));
            let mut form = Form::new("");
            let error = form.extend(&parameters(&[("prompt", "x"), (name, "x")]));
            assert_eq!(error, Err(expected));
        }
    }

    #[test]
    fn other_parameters_are_the_applications() {
        for name in [
            "",
            "scope",
            "prompt",
            "login_hint",
            "audience",
            "resource",
            "claims",
            "acr_values",
            "max_age",
            "id_token_hint",
            "kc_idp_hint",
            "kc_action",
            "ui_locales",
            "client_secret",
            "requested_token_use",
            "registration",
            "cod",
            "states",
        ] {
            assert_eq!(check_reserved(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_comes_twice_is_found() {
        let pairs = parameters(&[("a", "1"), ("b", "1"), ("c", "2"), ("b", "1")]);
        assert!(repeated(&pairs).is_some_and(|name| *name == "b"));
        assert!(repeated(&pairs[..3]).is_none());
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
