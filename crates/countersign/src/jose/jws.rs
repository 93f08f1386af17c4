//! A strict reader of signed JWTs in compact form (RFC 7515, section 7.1; RFC 7519), for proofs and
//! access tokens.
//!
//! It reads and does not judge: the caller checks `typ`, `alg` and the claims, and must trust
//! nothing of them before [`crypto::verify`](crate::crypto::verify) has passed.

use alloc::{string::String, vec::Vec};
use core::fmt;

use memchr::memchr_iter;
use serde_json::{Map, Value};

use super::{
    base64url,
    json::{JsonError, parse_object},
};

/// A JWS in compact form whose payload is a JSON object. Its signature has not been checked.
/// `Debug` shows the header only, since the other parts would give the token away.
#[derive(Clone)]
pub struct CompactJws<'a> {
    signing_input: &'a [u8],
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signature: Vec<u8>,
}

/// A part of a JWS in compact form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a signed JWT has three parts (RFC 7515, 3.1)"
)]
pub enum Part {
    /// The first part.
    Header,
    /// The second part, with the claims.
    Payload,
    /// The third part.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why a text is not accepted as a JWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// It is longer than the caller's limit, and was refused before any work.
    #[error("it has {received} bytes, and at most {limit} are accepted; send a shorter one")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
        /// Its length, in bytes.
        received: usize,
    },
    /// It does not have the form `header.payload.signature`.
    #[error("it has {received} parts; a signed JWT has 3, separated by dots")]
    PartCount {
        /// How many parts there are.
        received: usize,
    },
    /// One of its parts is not strict base64url.
    #[error("its {part} is not base64url; encode it without padding, blanks or stray bits")]
    Base64 {
        /// The part.
        part: Part,
    },
    /// One of its parts is not a strict JSON object.
    #[error("its {part} is not a strict JSON object: {reason}")]
    Json {
        /// The part.
        part: Part,
        /// What is wrong with it.
        reason: JsonError,
    },
    /// The header has no `alg`, or one that is not a string.
    #[error("its header has no `alg`; name the signature algorithm there")]
    AlgorithmMissing,
    /// The header names extensions that must be understood (RFC 7515, 4.1.11); none are supported.
    #[error("its header has `crit`, and no extension is supported; sign without it")]
    CriticalExtension,
}

impl<'a> CompactJws<'a> {
    /// Reads `text`, of at most `limit` bytes.
    ///
    /// # Errors
    /// One [`JwsError`] for each rule of the syntax.
    pub fn parse(text: &'a [u8], limit: usize) -> Result<Self, JwsError> {
        if text.len() > limit {
            return Err(JwsError::TooLong {
                limit,
                received: text.len(),
            });
        }
        let mut dots = memchr_iter(b'.', text);
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(JwsError::PartCount {
                received: memchr_iter(b'.', text).count() + 1,
            });
        };
        let (signing_input, signature) = (&text[..second], &text[second + 1..]);
        let (header, payload) = (&text[..first], &text[first + 1..second]);

        let header = object(header, Part::Header)?;
        if header.contains_key("crit") {
            return Err(JwsError::CriticalExtension);
        }
        if !header.get("alg").is_some_and(Value::is_string) {
            return Err(JwsError::AlgorithmMissing);
        }
        let claims = object(payload, Part::Payload)?;
        let signature = bytes(signature, Part::Signature)?;
        Ok(Self {
            signing_input,
            header,
            claims,
            signature,
        })
    }

    /// Returns `typ`, if it is a string.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ")?.as_str()
    }

    /// Returns `alg`.
    #[must_use]
    pub fn alg(&self) -> &str {
        self.header
            .get("alg")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Returns `kid`, if it is a string.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid")?.as_str()
    }

    /// Returns the whole header.
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// Returns the claims, as the sender wrote them.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns the claims and drops the rest.
    #[must_use]
    pub fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    /// Returns the bytes that were signed: the first two parts with the dot between them.
    #[must_use]
    pub const fn signing_input(&self) -> &'a [u8] {
        self.signing_input
    }

    /// Returns the signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Debug for CompactJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactJws")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

fn object(text: &[u8], part: Part) -> Result<Map<String, Value>, JwsError> {
    parse_object(&bytes(text, part)?).map_err(|reason| JwsError::Json { part, reason })
}

fn bytes(text: &[u8], part: Part) -> Result<Vec<u8>, JwsError> {
    base64url::decode_bytes(text).ok_or(JwsError::Base64 { part })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;

    const LIMIT: usize = 8192;

    fn jws(header: &str, payload: &str) -> String {
        let encode = |text: &str| base64url::encode(text.as_bytes());
        format!("{}.{}.AAAA", encode(header), encode(payload))
    }

    fn error(text: &str) -> JwsError {
        CompactJws::parse(text.as_bytes(), LIMIT).expect_err(text)
    }

    #[test]
    fn its_parts_are_read() {
        let text = jws(
            r#"{"alg":"ES256","typ":"at+jwt","kid":"1"}"#,
            r#"{"sub":"ann"}"#,
        );
        let jws = CompactJws::parse(text.as_bytes(), LIMIT).expect("a JWS");
        assert_eq!(
            (jws.alg(), jws.typ(), jws.kid()),
            ("ES256", Some("at+jwt"), Some("1"))
        );
        assert_eq!(jws.claims()["sub"], "ann");
        assert_eq!(jws.signature(), [0; 3]);
        assert_eq!([jws.signing_input(), b".AAAA"].concat(), text.as_bytes());
    }

    #[test]
    fn v2_size_is_limited_before_any_work() {
        let text = jws(r#"{"alg":"ES256"}"#, "{}");
        let bytes = text.as_bytes();
        assert!(CompactJws::parse(bytes, bytes.len()).is_ok());
        assert_eq!(
            CompactJws::parse(bytes, bytes.len() - 1).err(),
            Some(JwsError::TooLong {
                limit: bytes.len() - 1,
                received: bytes.len()
            })
        );
    }

    #[test]
    fn v2_there_are_three_parts_of_strict_base64url() {
        let good = jws(r#"{"alg":"ES256"}"#, "{}");
        for (text, received) in [("", 1), ("a.b", 2), ("a.b.c.d", 4), ("a.b.c.d.e", 5)] {
            assert_eq!(error(text), JwsError::PartCount { received });
        }
        assert_eq!(
            error(&format!("{good}=")),
            JwsError::Base64 {
                part: Part::Signature
            }
        );
        assert_eq!(
            error(&format!("{good} ")),
            JwsError::Base64 {
                part: Part::Signature
            }
        );
        assert_eq!(
            error(&format!(" {good}")),
            JwsError::Base64 { part: Part::Header }
        );
        assert_eq!(
            error(&good.replace('.', "=.")),
            JwsError::Base64 { part: Part::Header }
        );
    }

    #[test]
    fn v3_duplicate_members_are_refused_in_header_and_payload() {
        let twice = jws(r#"{"alg":"none","alg":"ES256"}"#, "{}");
        assert!(matches!(
            error(&twice),
            JwsError::Json {
                part: Part::Header,
                ..
            }
        ));
        let twice = jws(r#"{"alg":"ES256"}"#, r#"{"iat":1,"iat":2}"#);
        assert!(matches!(
            error(&twice),
            JwsError::Json {
                part: Part::Payload,
                ..
            }
        ));
    }

    #[test]
    fn v5_crit_is_refused_whatever_it_lists() {
        for crit in [r#"["exp"]"#, "[]", "null", r#"["b64"]"#] {
            let text = jws(
                &format!(r#"{{"alg":"ES256","b64":false,"crit":{crit}}}"#),
                "{}",
            );
            assert_eq!(error(&text), JwsError::CriticalExtension);
        }
    }

    #[test]
    fn debug_output_holds_the_header_only() {
        let text = jws(r#"{"alg":"ES256"}"#, r#"{"sub":"ann"}"#);
        let read = CompactJws::parse(text.as_bytes(), LIMIT).unwrap();
        let header = r#"header: {"alg": String("ES256")}"#;
        assert_eq!(
            format!("{read:?}"),
            format!("CompactJws {{ {header}, .. }}")
        );
    }

    #[test]
    fn v5_alg_is_a_string() {
        for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["ES256"]}"#] {
            assert_eq!(error(&jws(header, "{}")), JwsError::AlgorithmMissing);
        }
    }

    proptest! {
        #[test]
        fn parse_never_panics(text in "[A-Za-z0-9_.=-]{0,40}", bytes: Vec<u8>, header: String, payload: String) {
            let _ = CompactJws::parse(text.as_bytes(), LIMIT);
            let _ = CompactJws::parse(&bytes, LIMIT);
            let _ = CompactJws::parse(jws(&header, &payload).as_bytes(), LIMIT);
        }
    }
}
