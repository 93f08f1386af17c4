//! The cases of conformance/ that are of this crate: URIs and challenges. (Those of requests are countersign-cli's.)
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // tests read files

use countersign::{challenge, target::TargetUri};
use serde_json::Value;

fn read(name: &str) -> Value {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/");
    let text = std::fs::read_to_string(format!("{directory}{name}")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What a class of URIs is about, and its members.
fn classes(document: &Value, name: &str) -> Vec<(String, Vec<String>)> {
    let classes = document[name].as_array().unwrap().iter();
    let texts = |value: &Value| {
        let all = value.as_array().unwrap().iter();
        all.map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    classes
        .map(|class| {
            (
                class["says"].as_str().unwrap().to_owned(),
                texts(&class["uris"]),
            )
        })
        .collect()
}

#[test]
fn v10_uris_that_are_equivalent_have_one_htu() {
    for (says, uris) in classes(&read("uris.json"), "equal") {
        let first = TargetUri::parse(&uris[0]).unwrap();
        for uri in uris {
            let target = TargetUri::parse(&uri);
            assert_eq!(target.as_ref(), Ok(&first), "{says}: {uri}");
            // Normalising is done once.
            assert_eq!(TargetUri::parse(first.htu()), target, "{says}: {uri}");
        }
    }
}

#[test]
fn v9_uris_that_differ_stay_different() {
    for (says, uris) in classes(&read("uris.json"), "different") {
        for (index, one) in uris.iter().enumerate() {
            for other in &uris[index + 1..] {
                let (a, b) = (
                    TargetUri::parse(one).unwrap(),
                    TargetUri::parse(other).unwrap(),
                );
                assert_ne!(a, b, "{says}: {one} {other}");
            }
        }
    }
}

#[test]
fn v9_what_is_no_target_uri_is_refused() {
    for (says, uris) in classes(&read("uris.json"), "refused") {
        for uri in uris {
            assert!(TargetUri::parse(&uri).is_err(), "{says}: {uri:?}");
        }
    }
}

#[test]
fn r5_challenges_are_read_as_written() {
    let document = read("challenges.json");
    let cases = document["cases"].as_array().unwrap();
    assert!(cases.len() >= 30);
    for case in cases {
        let fields: Vec<&str> = case["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field.as_str().unwrap())
            .collect();
        let parsed = challenge::parse(&fields);
        let expected = case["challenges"].as_array().unwrap();
        assert_eq!(parsed.len(), expected.len(), "{case}: {parsed:?}");
        for (one, expected) in parsed.iter().zip(expected) {
            assert_eq!(one.scheme, expected["scheme"], "{case}");
            let params = expected["params"].as_object().unwrap();
            assert_eq!(one.params.len(), params.len(), "{case}");
            for (name, value) in params {
                assert_eq!(one.get(name), value.as_str(), "{case}");
            }
        }
        let mut dpop = parsed.iter().filter(|one| one.is(challenge::DPOP));
        let wants_nonce = dpop.any(|one| one.get("error") == Some("use_dpop_nonce"));
        assert_eq!(wants_nonce, case["wantsNonce"], "{case}");
    }
}
