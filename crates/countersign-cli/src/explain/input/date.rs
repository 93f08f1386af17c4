//! Dates of headers and of HAR files.

use std::time::UNIX_EPOCH;

use countersign::UnixSeconds;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Reads an HTTP date (RFC 9110, 5.6.7).
pub(super) fn http_date(text: &str) -> Option<UnixSeconds> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    i64::try_from(seconds).ok().map(UnixSeconds)
}

/// Reads a date of RFC 3339 without its fraction: `2026-01-01T00:00:00.000+01:00`.
pub(super) fn rfc3339(text: &str) -> Option<UnixSeconds> {
    // The parser takes a blank for the `T` too, which HAR files don't have.
    let date = OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .filter(|_| !text.contains(' '))?;
    Some(UnixSeconds(date.unix_timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-01T00:00:00.123Z", 1_767_225_600),
            ("2026-01-01T01:30:00+01:30", 1_767_225_600),
            ("2025-12-31T19:00:00.5-05:00", 1_767_225_600),
            ("2024-02-29T12:00:00Z", 1_709_208_000),
            ("2000-03-01T00:00:00Z", 951_868_800),
        ] {
            assert_eq!(rfc3339(text), Some(UnixSeconds(seconds)), "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
        let text = "Thu, 01 Jan 2026 00:00:00 GMT";
        assert_eq!(http_date(text), Some(UnixSeconds(1_767_225_600)));
    }
}
