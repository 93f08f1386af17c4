//! Nonces on both sides. A client accepts `1*NQCHAR` and sends back the newest nonce; a server
//! accepts only what it issued, for the nonce's lifetime. The first byte selects what the rest is:
//! a nonce, or when one was issued and which of its characters were changed.
#![no_main]

use core::time::Duration;

use countersign::{
    UnixSeconds,
    jose::base64url,
    nonce::{CheckNonce as _, Nonce, NonceIssuer, NonceJar, NonceStatus, Role},
};
use libfuzzer_sys::fuzz_target;

const NOW: UnixSeconds = UnixSeconds(1_767_225_600);
const LIFETIME: i64 = 300; // seconds
const ORIGIN: &str = "https://api.example.com";

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    let issuer = NonceIssuer::new(&[7; 32], Duration::from_secs(LIFETIME as u64));
    if choice % 2 == 0 {
        let Ok(text) = core::str::from_utf8(rest) else {
            return;
        };
        remember(text);
        check(&issuer, text);
        return;
    }
    let Some((age, changes)) = rest.split_first_chunk() else {
        return;
    };
    let age = i64::from(i16::from_be_bytes(*age));
    let mut nonce = issuer.issue(NOW.plus(-age)).into_bytes();
    let original = nonce.clone();
    for (byte, change) in nonce.iter_mut().zip(changes) {
        *byte ^= change;
    }
    let Ok(nonce) = core::str::from_utf8(&nonce) else {
        return;
    };
    remember(nonce);
    match nonce.as_bytes() == original {
        true => assert_eq!(issuer.check(nonce, NOW), expected(age), "{nonce} {age}"),
        false => check(&issuer, nonce),
    }
});

/// Checks the status of any text. The fuzzer can know a nonce of ours because the code above issued
/// it, and can make one nonce of another by what their comparison tells it.
fn check(issuer: &NonceIssuer, text: &str) {
    let status = issuer.check(text, NOW);
    if status != NonceStatus::NotOurs {
        let time = base64url::decode(text).expect("a nonce of ours");
        let (time, _) = time.split_first_chunk().expect("its time");
        let time = UnixSeconds(i64::from_be_bytes(*time));
        assert_eq!(issuer.issue(time), text);
        assert_eq!(status, expected(NOW.0 - time.0), "{text}");
    }
}

/// Returns the status of one of our nonces that is `age` seconds old.
fn expected(age: i64) -> NonceStatus {
    match age {
        -5..=150 => NonceStatus::Fresh,
        151..=LIFETIME => NonceStatus::AcceptAndRenew,
        _ => NonceStatus::Expired,
    }
}

fn remember(text: &str) {
    let is_nqchar = |c: char| ('!'..='~').contains(&c) && c != '"' && c != '\\';
    let is_nonce = !text.is_empty() && text.chars().all(is_nqchar);
    let nonce = Nonce::parse(text);
    assert_eq!(nonce.is_some(), is_nonce, "{text:?}");
    if let Some(nonce) = nonce {
        let mut jar = NonceJar::new(2);
        jar.remember(Role::ResourceServer, ORIGIN, nonce);
        let newest = jar.newest(Role::ResourceServer, ORIGIN);
        assert_eq!(newest.map(Nonce::as_str), Some(text));
        assert!(jar.newest(Role::AuthorizationServer, ORIGIN).is_none());
    }
}
