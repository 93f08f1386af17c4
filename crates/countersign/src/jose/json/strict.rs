//! The visitor that builds a [`Value`] strictly.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, map::Entry};

use super::MAX_DEPTH;
use crate::text::Quoted;

/// Builds a [`Value`], and refuses what `Value`'s own deserialisation would accept.
#[derive(Clone, Copy)]
pub(super) struct Strict {
    depth_left: usize,
}

impl Strict {
    pub(super) const fn new() -> Self {
        Self {
            depth_left: MAX_DEPTH,
        }
    }

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
        let mut key = members.next_key_seed(KeySeed)?;
        if let Some(Key::Number) = key {
            return members.next_value_seed(NumberSeed);
        }
        let inner = self.nested()?;
        let mut object = Map::new();
        while let Some(Key::Member(name)) = key {
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
            key = members.next_key_seed(KeySeed)?;
        }
        Ok(Value::Object(object))
    }
}

/// What precedes a value in a map.
enum Key {
    Member(String),
    /// Not a name: the "map" is a number's text. With its feature `arbitrary_precision`, which any
    /// crate of the build may enable for all, serde_json hands a number to a visitor as a map with
    /// one member.
    Number,
}

/// Distinguishes a member's name from the mark of a number. Both are strings, and an attacker can
/// name a member like the mark; but serde_json deserialises only a name as an option.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer
            .deserialize_string(NameVisitor)
            .map(Key::Member)
    }

    fn visit_str<E: Error>(self, _mark: &str) -> Result<Key, E> {
        Ok(Key::Number)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        Ok(name.to_string())
    }

    fn visit_string<E: Error>(self, name: String) -> Result<String, E> {
        Ok(name)
    }
}

/// Reads a number from its text.
struct NumberSeed;

impl<'de> DeserializeSeed<'de> for NumberSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NumberSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        number(text).ok_or_else(|| E::custom("number out of range"))
    }
}

/// Parses a number's text as serde_json does without that feature: an integer if it fits into 64
/// bits, else a float. `None`: it is too large for a float.
pub(super) fn number(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    match text.parse::<i64>() {
        Ok(number) if number != 0 => Some(number.into()),
        _ => Number::from_f64(text.parse().ok()?).map(Value::Number),
    }
}
