//! A public key as JSON: a parsed key is the same after writing and parsing it again, with the same
//! thumbprint and no private member. No key makes the signature check panic or accept a forged
//! signature.
#![no_main]

use countersign::{
    crypto::{Algorithm, thumbprint, verify},
    jose::json::parse_object,
    jwk::{PRIVATE_MEMBERS, PublicJwk},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(members) = parse_object(bytes) else {
        return;
    };
    let Ok(key) = PublicJwk::from_json(&members) else {
        return;
    };
    assert!(
        PRIVATE_MEMBERS
            .iter()
            .all(|name| !members.contains_key(*name))
    );
    let written = parse_object(key.to_json().as_bytes()).expect("what is written is JSON");
    let read = PublicJwk::from_json(&written).expect("and a key");
    assert_eq!(read, key);
    assert_eq!(thumbprint(&read), thumbprint(&key));
    for algorithm in Algorithm::ALL {
        for signature in [&[0; 64][..], &[1; 64], &[0; 256], &[]] {
            assert!(verify(algorithm, &key, b"message", signature).is_err());
        }
    }
});
