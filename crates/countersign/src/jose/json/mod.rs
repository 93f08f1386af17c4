//! JSON objects, strictly (RFC 8259): UTF-8, no duplicate member at any depth, bounded depth.
//!
//! Of two members with the same name, one parser takes the first and another the last, and they
//! disagree on what was signed. RFC 7515 and RFC 7519 (section 4 of each) let a strict reader
//! refuse such objects; this one does, in nested objects too.
//!
//! ```
//! use countersign::jose::json::parse_object;
//!
//! assert_eq!(parse_object(br#"{"iat":1}"#)?["iat"], 1);
//! assert!(parse_object(br#"{"iat":1,"\u0069at":2}"#).is_err()); // the same name twice
//! # Ok::<(), countersign::jose::json::JsonError>(())
//! ```

mod strict;

use alloc::string::{String, ToString};

use serde_core::de::DeserializeSeed;
use serde_json::{Map, Value};

use self::strict::Strict;

/// How deep objects and arrays may be nested, including the outermost object. Tokens of real
/// issuers stay below 5.
pub const MAX_DEPTH: usize = 16;

/// Why a text is not a strict JSON object, in words for a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JsonError {
    reason: String,
}

/// Parses `bytes` as one JSON object.
///
/// # Errors
/// It is not UTF-8 or not exactly one JSON object, has a duplicate member, is nested deeper than
/// [`MAX_DEPTH`], or has a number out of range.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    // Checked before parsing, since serde_json does not check strings that it skips.
    let text = core::str::from_utf8(bytes).map_err(|error| JsonError {
        reason: error.to_string(),
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict::new().deserialize(&mut deserializer);
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

#[cfg(test)]
mod tests {
    use super::{strict::number, *};
    use proptest::prelude::*;
    use std::{format, vec::Vec};

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
        assert!(parse_object(nested(MAX_DEPTH).replace('1', "1.5").as_bytes()).is_ok());
        assert!(parse_object(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        let empty = nested(MAX_DEPTH).replace('1', "{}");
        assert!(parse_object(empty.as_bytes()).is_err());
        assert!(parse_object("{\"a\":".repeat(100_000).as_bytes()).is_err());
    }

    /// Holds in a build with serde_json's `arbitrary_precision` too (`cargo xtask test --only
    /// arbitrary-precision`).
    #[test]
    fn numbers_are_numbers_whatever_features_serde_json_has() {
        let of = |text: &str| {
            let object = parse_object(format!("{{\"n\":{text}}}").as_bytes());
            object.map(|object| object["n"].clone())
        };
        for (text, whole, float) in [
            ("0", Some(0), 0.0),
            ("1767225600", Some(1_767_225_600), 1_767_225_600.0),
            ("-1", Some(-1), -1.0),
            ("1.5", None, 1.5),
            ("1e3", None, 1000.0),
            ("-0", None, 0.0),
            ("9223372036854775808", None, 9_223_372_036_854_775_808.0),
            ("-9223372036854775809", None, -9_223_372_036_854_775_808.0),
            ("100000000000000000000", None, 1e20),
        ] {
            let number = of(text).expect(text);
            assert!(number.is_number(), "{text}: {number:?}");
            assert_eq!(
                (number.as_i64(), number.as_f64()),
                (whole, Some(float)),
                "{text}"
            );
        }
        for text in [
            "1e999", "-1e999", "01", "1.", ".5", "+1", "--1", "0x1", "NaN", "Infinity",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_object(b"{\"a\":[1,{\"b\":2.5}],\"c\":-3}")
                .ok()
                .map(Value::from),
            Some(serde_json::json!({ "a": [1, { "b": 2.5 }], "c": -3 }))
        );
    }

    #[test]
    fn what_serde_json_calls_a_number_inside_is_a_member_as_any() {
        for name in [
            "$serde_json::private::Number",
            "\\u0024serde_json::private::Number",
        ] {
            let text = format!("{{\"exp\":{{\"{name}\":\"1767225600\"}}}}");
            let object = parse_object(text.as_bytes()).expect(&text);
            assert!(object["exp"].is_object(), "{object:?}");
            let text = format!("{{\"{name}\":1,\"{name}\":1}}");
            assert!(parse_object(text.as_bytes()).is_err(), "{text}");
        }
        let text = "{\"$serde_json::private::RawValue\":\"{}\"}";
        let object = parse_object(text.as_bytes()).expect(text);
        assert_eq!(object["$serde_json::private::RawValue"], "{}");
    }

    /// Converts numbers to what they are without `arbitrary_precision`, which keeps them as they
    /// are written.
    fn plain(value: &Value) -> Value {
        match value {
            Value::Number(written) => number(&written.to_string()).expect("in range"),
            Value::Array(array) => array.iter().map(plain).collect(),
            Value::Object(object) => {
                let members = object.iter();
                members
                    .map(|(name, value)| (name.clone(), plain(value)))
                    .collect()
            }
            other => other.clone(),
        }
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
                let theirs = serde_json::from_str::<Value>(&text).expect("as we do");
                prop_assert_eq!(plain(&theirs), Value::Object(object));
            }
        }
    }
}
