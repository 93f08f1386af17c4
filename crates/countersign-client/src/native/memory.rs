//! Looks for secrets that were dropped in all writable memory of this process.

use std::boxed::Box;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use countersign::{crypto::Algorithm, jose::base64url, signing::SigningKey};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::http::Http;
use super::platform::Native;
use super::secret::ClientSecret;
use crate::form::Form;
use crate::platform::{Document as _, Platform as _};
use crate::text::Text;

/// The test itself never holds the secrets in the clear: each byte is masked by this one.
const MASK: u8 = 0x80;
const LENGTH: usize = 300;

/// Returns letters and digits, different ones for each `number`.
fn masked(number: u8) -> [u8; LENGTH] {
    let mut state = u32::from(number) + 1;
    core::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"abcdefghijklmnopqrstuvwxyz012345"[(state >> 27) as usize] | MASK
    })
}

fn secret(masked: &[u8]) -> Zeroizing<String> {
    let mut text = String::with_capacity(masked.len());
    masked
        .iter()
        .for_each(|byte| text.push(char::from(byte & !MASK)));
    Zeroizing::new(text)
}

/// Tells whether this part of a secret is anywhere in memory.
fn is_in_memory(part: &[u8]) -> bool {
    let memory = File::open("/proc/self/mem").expect("our own memory");
    let maps = fs::read_to_string("/proc/self/maps").expect("its map");
    let mut buffer = Zeroizing::new(std::vec![0; 8 * 1024]);
    let untouched = std::vec![0; buffer.len()];
    maps.lines()
        .filter(|line| line.contains(" rw"))
        .any(|line| {
            let range = line.split(' ').next().and_then(|range| {
                let (start, end) = range.split_once('-')?;
                let number = |text| u64::from_str_radix(text, 16).ok();
                Some(number(start)?..number(end)?)
            });
            let range = range.expect("a range of addresses");
            // Each piece begins before the end of the previous one.
            let step = buffer.len() - part.len();
            range.step_by(step).any(|at| {
                let read = memory.read_at(&mut buffer, at).unwrap_or_default();
                // Most memory is untouched, and this comparison is quick even without optimisation.
                if buffer[..read] == untouched[..read] {
                    return false;
                }
                buffer[..read].windows(part.len()).any(|window| {
                    window[0] == part[0] & !MASK
                        && window[1] == part[1] & !MASK
                        && window
                            .iter()
                            .zip(part)
                            .all(|(byte, hidden)| *byte == hidden & !MASK)
                })
            })
        })
}

type Keep = fn(&str) -> Box<dyn FnOnce()>;

/// Each takes a secret and returns a function that drops it.
const KEEPERS: [(&str, Keep); 5] = [
    ("a token, or PKCE's verifier", |secret| {
        let (text, other) = (Text::from(secret), Text::from(secret));
        let both = (text.clone(), text, other);
        Box::new(move || drop(both))
    }),
    ("a client's secret in the header", |secret| {
        let secret = ClientSecret::new_basic("id", secret);
        Box::new(move || drop(secret))
    }),
    ("a client's secret in the body", |secret| {
        let secret = ClientSecret::new_post(secret);
        Box::new(move || drop(secret))
    }),
    ("a token request", |secret| {
        let mut form = Form::new("&grant_type=refresh_token");
        form.add("refresh_token", &secret.into());
        form.add("another", &"parameter that makes it grow".into());
        Box::new(move || drop(form))
    }),
    ("a token response", |secret| {
        let mut json = Zeroizing::new(String::with_capacity(3 * LENGTH));
        for part in [
            r#"{"access_token":""#,
            secret,
            r#"","more":[{"refresh_token":""#,
            secret,
            r#""}]}"#,
        ] {
            json.push_str(part);
        }
        let http = Http::new(None, false).expect("a client");
        let document = Native::new(http, Duration::from_secs(1), None).parse(json.as_bytes());
        let document = document.expect("an object");
        assert_eq!(document.text("access_token"), secret);
        Box::new(move || drop(document))
    }),
];

#[test]
fn secrets_are_gone_from_memory_when_they_are_dropped() {
    for (number, (what, keep)) in KEEPERS.into_iter().enumerate() {
        let masked = masked(number as u8);
        let keeper = {
            let secret = secret(&masked);
            keep(&secret)
        };
        // The last third, because an allocator may overwrite the beginning.
        let part = &masked[LENGTH / 3 * 2..];
        assert!(is_in_memory(part), "{what} is found while it is held");
        keeper();
        assert!(!is_in_memory(part), "{what} is left behind");
    }
}

/// The library keeps a number in words, in which the bytes are reversed.
#[test]
fn a_private_key_is_gone_from_memory_when_it_is_dropped() {
    for (number, algorithm) in [Algorithm::Es256, Algorithm::EdDsa].into_iter().enumerate() {
        let masked = &masked(100 + number as u8)[..32];
        let reversed: Vec<u8> = masked.iter().rev().copied().collect();
        // The second halves, because an allocator may overwrite the first.
        let find = || is_in_memory(&masked[16..]) || is_in_memory(&reversed[16..]);
        let (key, from_jwk) = {
            let secret = secret(masked);
            let key = SigningKey::from_secret(algorithm, secret.as_bytes()).expect("a key");
            let mut jwk: Map<String, Value> =
                serde_json::from_str(&key.public().to_json()).expect("an object");
            let d = base64url::encode(secret.as_bytes());
            jwk.insert("d".into(), d.into());
            let from_jwk = SigningKey::from_jwk(&jwk).expect("the same key");
            (key, from_jwk)
        };
        assert!(key.sign(b"message").is_ok() && from_jwk.sign(b"message").is_ok());
        assert!(find(), "{algorithm:?} is found while it is held");
        drop((key, from_jwk));
        assert!(!find(), "{algorithm:?} is left behind");
    }
}
