//! `Authorization`: exactly the values with one of our schemes and one `token68` are accepted.
#![no_main]

use countersign::access_token::{Credentials, CredentialsError, Scheme};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let fields: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if fields.len() > 1 {
        let received = fields.len();
        let expected = CredentialsError::Repeated { received };
        assert_eq!(Credentials::parse(&fields), Err(expected));
    }
    for field in fields {
        let read = Credentials::parse(&[field]);
        assert_eq!(read.is_ok(), model(field).is_some(), "{field:?}");
        let Ok(read) = read else {
            continue;
        };
        assert_eq!(Some((read.scheme, read.token)), model(field));
        assert!(
            !format!("{read:?}").contains(read.token)
                || "Credentials { scheme: .. Dpop Bearer }".contains(read.token)
        );
    }
});

/// A second implementation of `auth-scheme 1*SP token68` (RFC 9110, 11.4), written differently from
/// the crate's.
fn model(field: &[u8]) -> Option<(Scheme, &str)> {
    let (scheme, rest) = core::str::from_utf8(field).ok()?.split_once(' ')?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "dpop" => Scheme::Dpop,
        "bearer" => Scheme::Bearer,
        _ => return None,
    };
    let token = rest.trim_start_matches(' ');
    let text = token.trim_end_matches('=');
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
    (!text.is_empty() && text.chars().all(is_allowed)).then_some((scheme, token))
}
