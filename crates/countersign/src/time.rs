/// A moment, as whole seconds since 1970-01-01T00:00:00Z (a JWT's `NumericDate` without its
/// fraction).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a number of seconds")]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// Returns the moment `seconds` later (earlier if negative). Stops at the ends of the range
    /// instead of wrapping.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Returns the seconds from `earlier` to `self`; negative if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A JWT's `NumericDate` (RFC 7519, section 2), which may have a fraction: the whole seconds on
/// both sides of it, none before 1970.
///
/// It has no last year: an access token whose end is too far ahead is refused for that. Proofs take
/// dates up to [`LATEST`](Self::LATEST).
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumericDate {
    floor: UnixSeconds,
    ceiling: UnixSeconds,
}

#[cfg(feature = "json")]
impl NumericDate {
    /// The end of the year 9999. What is later counts milliseconds or nothing at all.
    pub const LATEST: UnixSeconds = UnixSeconds(253_402_300_800);

    /// Above this, a number that is no integer has lost its seconds.
    const MAX_FRACTIONAL: f64 = 9_007_199_254_740_992.0; // 2^53

    /// Reads a claim's value. `None`: it is not a number, is negative, or is too large to be told
    /// from its neighbours.
    #[must_use]
    pub fn read(value: &serde_json::Value) -> Option<Self> {
        let number = value.as_number()?;
        let (floor, ceiling) = match number.as_i64() {
            Some(seconds) => (seconds, seconds),
            None => {
                let seconds = number.as_f64()?;
                if seconds >= Self::MAX_FRACTIONAL {
                    return None;
                }
                (seconds.floor() as i64, seconds.ceil() as i64)
            }
        };
        (floor >= 0).then_some(Self {
            floor: UnixSeconds(floor),
            ceiling: UnixSeconds(ceiling),
        })
    }

    /// The last whole second that is not after it.
    #[must_use]
    pub const fn floor(self) -> UnixSeconds {
        self.floor
    }

    /// The first whole second that is not before it. To a clock of whole seconds, this is the end
    /// of what is valid until this moment, and the start of what is valid from it.
    #[must_use]
    pub const fn ceiling(self) -> UnixSeconds {
        self.ceiling
    }
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_numeric_date_lies_between_whole_seconds() {
        for (value, floor, ceiling) in [
            (json!(0), 0, 0),
            (json!(1_767_225_600), 1_767_225_600, 1_767_225_600),
            (json!(1.5), 1, 2),
            (json!(2.0), 2, 2),
            (json!(1e9), 1_000_000_000, 1_000_000_000),
            (json!(9e15), 9_000_000_000_000_000, 9_000_000_000_000_000),
            (json!(i64::MAX), i64::MAX, i64::MAX),
        ] {
            let date = NumericDate::read(&value).expect("a date");
            assert_eq!(
                (date.floor().0, date.ceiling().0),
                (floor, ceiling),
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_no_number_of_seconds_since_1970_is_no_numeric_date() {
        for value in [
            json!(-1),
            json!(-0.5),
            json!(-1e300),
            json!(u64::MAX),
            json!(9_007_199_254_740_992.0),
            json!(1e300),
            json!("1767225600"),
            json!(null),
            json!(true),
            json!([1]),
        ] {
            assert_eq!(NumericDate::read(&value), None, "{value}");
        }
    }
}
