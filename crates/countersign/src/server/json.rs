//! JSON objects, strictly (RFC 8259): UTF-8, no duplicate member at any depth, bounded depth.
//!
//! Two parsers that take different ones of two equal members disagree on what was signed, so RFC 7515 (section 4) and
//! RFC 7519 (section 4) let a strict reader refuse them; this one does, in nested objects too.
//!
//! ```
//! use countersign::server::json::parse_object;
//!
//! assert_eq!(parse_object(br#"{"iat":1}"#)?["iat"], 1);
//! assert!(parse_object(br#"{"iat":1,"\u0069at":2}"#).is_err()); // the same name twice
//! # Ok::<(), countersign::server::json::JsonError>(())
//! ```

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, map::Entry};

use super::quoted::Quoted;

/// How deep objects and arrays may be nested, the outermost object included. Tokens of real issuers stay below 5.
pub const MAX_DEPTH: usize = 16;

/// Why a text is not a strict JSON object, in words for a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JsonError {
    reason: String,
}

/// The object that `bytes` stands for.
///
/// # Errors
/// Not UTF-8, not exactly one JSON object, a duplicate member, deeper than [`MAX_DEPTH`], or a number out of range.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    // Before parsing: strings that serde_json skips would not be checked.
    let text = core::str::from_utf8(bytes).map_err(|error| JsonError {
        reason: error.to_string(),
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict {
        depth_left: MAX_DEPTH,
    }
    .deserialize(&mut deserializer);
    match value.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(JsonError {
            reason: "it is not an object".to_string(),
        }),
        Err(error) => Err(JsonError {
            reason: error.to_string(),
        }),
    }
}

/// Builds a [`Value`], refusing what `Value`'s own deserialisation takes.
#[derive(Clone, Copy)]
struct Strict {
    depth_left: usize,
}

impl Strict {
    fn nested<E: Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left }),
            None => Err(E::custom(format!("nested more than {MAX_DEPTH} deep"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.nested()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.nested()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            match object.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(members.next_value_seed(inner)?);
                }
                Entry::Occupied(there) => {
                    return Err(A::Error::custom(format!(
                        "the member {} is there twice",
                        Quoted(there.key())
                    )));
                }
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn v3_duplicate_members_are_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[[{"a":null,"a":null}]]}"#,
        ] {
            let error = parse_object(text.as_bytes()).expect_err(text);
            assert!(
                error
                    .to_string()
                    .starts_with("the member \"a\" is there twice"),
                "{error}"
            );
        }
        assert!(parse_object(br#"{"a":{"a":{"a":1}},"A":2}"#).is_ok());
    }

    #[test]
    fn v2_only_one_utf8_object_is_taken() {
        for text in [
            &b""[..],
            b"null",
            b"[]",
            b"\"a\"",
            b"{",
            b"{}x",
            b"{} {}",
            b"{\"a\":1,}",
            b"{'a':1}",
            b"{\"a\":01}",
            b"{\"a\":1e999}",
            b"{\"a\":NaN}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\n\"}",
            b"\xef\xbb\xbf{}",
        ] {
            assert!(
                parse_object(text).is_err(),
                "{:?}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn v2_depth_is_bounded() {
        let nested = |depth: usize| {
            format!(
                "{{\"a\":{}1{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        assert!(parse_object(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse_object(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(parse_object("{\"a\":".repeat(100_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn parse_never_panics(text in r#"[{}\[\]",:\\u0-9ae.+-]{0,24}"#, bytes: Vec<u8>) {
            let _ = parse_object(text.as_bytes());
            let _ = parse_object(&bytes);
        }

        #[test]
        fn it_agrees_with_serde_json_where_it_accepts(text in r#"\{("[ab]":(1|"x"|\{"a":2\}|\[3\])){0,1}(,"[cd]":-1.5)?\}"#) {
            if let Ok(object) = parse_object(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(Value::Object(object)));
            }
        }
    }
}
