//! The `Authorization` header of a protected resource request (RFC 9449, 7.1; RFC 9110, 11.6.2;
//! RFC 6750, 2.1).
//!
//! ```
//! use countersign::access_token::{Credentials, CredentialsError, Scheme};
//!
//! let credentials = Credentials::parse(&[b"dpop Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"])?;
//! assert_eq!(credentials.scheme, Scheme::Dpop);
//! assert_eq!(Credentials::parse(&[b"DPoP a", b"Bearer b"]), Err(CredentialsError::Repeated { received: 2 }));
//! # Ok::<(), CredentialsError>(())
//! ```

use core::fmt;

use super::Scheme;

/// An access token as it was presented. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials<'a> {
    /// How it was presented.
    pub scheme: Scheme,
    /// The token (`token68`).
    pub token: &'a str,
}

/// Why a request has no usable access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// There is no `Authorization` header: challenge without an error code (RFC 6750, 3.1).
    #[error("the request has no Authorization header; send `Authorization: DPoP <token>`")]
    Missing,
    /// There is more than one.
    #[error("the request has {received} Authorization headers; send exactly one")]
    Repeated {
        /// How many there are.
        received: usize,
    },
    /// It has another scheme than `DPoP` or `Bearer`: challenge without an error code.
    #[error("the request's Authorization has another scheme; send `Authorization: DPoP <token>`")]
    UnknownScheme,
    /// The scheme is not followed by exactly one token.
    #[error(
        "the request's Authorization does not hold one token; send `Authorization: DPoP <token>`"
    )]
    Malformed,
}

impl<'a> Credentials<'a> {
    /// Reads the values of all `Authorization` header fields of a request.
    ///
    /// # Errors
    /// One [`CredentialsError`] for each rule.
    pub fn parse(headers: &[&'a [u8]]) -> Result<Self, CredentialsError> {
        let header = match headers {
            [] => return Err(CredentialsError::Missing),
            [header] => header,
            _ => {
                return Err(CredentialsError::Repeated {
                    received: headers.len(),
                });
            }
        };
        let end = header
            .iter()
            .position(|b| *b == b' ')
            .unwrap_or(header.len());
        let (scheme, rest) = header.split_at(end);
        let scheme = if scheme.eq_ignore_ascii_case(b"DPoP") {
            Scheme::Dpop
        } else if scheme.eq_ignore_ascii_case(b"Bearer") {
            Scheme::Bearer
        } else {
            return Err(CredentialsError::UnknownScheme);
        };
        let blanks = rest.iter().take_while(|b| **b == b' ').count();
        let token = &rest[blanks..];
        if !is_token68(token) {
            return Err(CredentialsError::Malformed);
        }
        let token = core::str::from_utf8(token).map_err(|_| CredentialsError::Malformed)?;
        Ok(Self { scheme, token })
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_token68(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|b| **b == b'=').count();
    let text = &token[..token.len() - padding];
    // Goes on to the end and without branches, so that many bytes are compared at once: tokens are
    // long.
    let all = text.iter().fold(true, |all, &b| {
        let is_letter = (b | 0x20).wrapping_sub(b'a') < 26;
        let is_other = (b.wrapping_sub(b'-') < 13) | (b == b'_') | (b == b'~') | (b == b'+');
        all & (is_letter | is_other)
    });
    all && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r2_the_scheme_is_compared_without_case() {
        for (header, scheme) in [
            ("DPoP a.b", Scheme::Dpop),
            ("dpop a.b", Scheme::Dpop),
            ("DPOP   a.b", Scheme::Dpop),
            ("bEARER a.b", Scheme::Bearer),
        ] {
            let credentials = Credentials::parse(&[header.as_bytes()]);
            assert_eq!(
                credentials,
                Ok(Credentials {
                    scheme,
                    token: "a.b"
                }),
                "{header}"
            );
        }
    }

    #[test]
    fn r2_there_is_exactly_one_authorization() {
        assert_eq!(Credentials::parse(&[]), Err(CredentialsError::Missing));
        assert_eq!(
            Credentials::parse(&[b"DPoP a", b"DPoP a"]),
            Err(CredentialsError::Repeated { received: 2 })
        );
        for list in ["DPoP a, DPoP b", "DPoP a,Bearer b", "DPoP a b"] {
            assert_eq!(
                Credentials::parse(&[list.as_bytes()]),
                Err(CredentialsError::Malformed),
                "{list}"
            );
        }
    }

    #[test]
    fn r2_what_is_no_token_is_refused() {
        for header in [
            "DPoP",
            "DPoP ",
            "DPoP =",
            "DPoP a=b",
            "DPoP \"a\"",
            "DPoP a\u{e9}",
            "Bearer a ",
        ] {
            assert_eq!(
                Credentials::parse(&[header.as_bytes()]),
                Err(CredentialsError::Malformed),
                "{header}"
            );
        }
        for header in ["", "Basic YTpi", "DPoPx a", "DPoP\ta", " DPoP a"] {
            assert_eq!(
                Credentials::parse(&[header.as_bytes()]),
                Err(CredentialsError::UnknownScheme),
                "{header}"
            );
        }
        assert!(Credentials::parse(&[b"DPoP a+/~-._=="]).is_ok());
    }

    #[test]
    fn debug_output_holds_no_token() {
        let credentials = Credentials::parse(&[b"DPoP secret"]);
        assert!(!std::format!("{credentials:?}").contains("secret"));
    }
}
