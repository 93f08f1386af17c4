//! The cases of conformance/ that are of this crate: URIs and challenges. (Those of requests are
//! countersign-cli's.)
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // tests read files

use countersign::{
    UnixSeconds,
    authorization_server::{Binding, ClientPolicy, Grant, ProofEndpoint, dpop_jkt, pushed_key},
    challenge,
    digest::Thumbprint,
    nonce::{CheckNonce, NonceStatus},
    proof::{DpopField, NonceCheck, Verifier},
    target::TargetUri,
};
use serde_json::{Value, json};

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

/// The only nonce of a server.
struct Fixed(String);

impl CheckNonce for Fixed {
    fn check(&self, nonce: &str, _now: UnixSeconds) -> NonceStatus {
        match nonce == self.0 {
            true => NonceStatus::Fresh,
            false => NonceStatus::NotOurs,
        }
    }
}

/// What an authorization server answers, in the words of the cases: the endpoint's parameters, the
/// proof, the grant.
fn answer(case: &Value) -> Value {
    let refused = |name: &str, code: &str| json!({ "outcome": "refused", "status": 400, "error": code, "check": name });
    let thumbprint = |value: &Value| dpop_jkt(value.as_str());
    let jkt = |key: Option<Thumbprint>| key.map(|key| key.to_base64url());
    let uri = TargetUri::parse(case["endpoint"].as_str().unwrap()).unwrap();
    let nonce = case["nonce"].as_str().map(|nonce| Fixed(nonce.to_owned()));
    let verifier = Verifier::default();
    let endpoint = ProofEndpoint::new(
        &verifier,
        &uri,
        match &nonce {
            Some(nonce) => NonceCheck::Required(nonce),
            None => NonceCheck::NotRequired,
        },
    );
    let (grant, client) = (&case["grant"], &case["client"]);
    let parameter = match client {
        Value::Null => &case["dpop_jkt"],
        _ => &grant["dpop_jkt"],
    };
    let parameter = match thumbprint(parameter) {
        Ok(key) => key,
        Err(error) => return refused(error.name(), error.code()),
    };
    let headers: Vec<&[u8]> = case["dpop"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap().as_bytes())
        .collect();
    let now = UnixSeconds(case["now"].as_i64().unwrap());
    let field = DpopField::parse(&headers);
    let proof = match field.and_then(|field| endpoint.check(field, now)) {
        Ok(proof) => proof,
        Err(error) => return refused(error.name(), error.code()),
    };
    if client.is_null() {
        return match pushed_key(parameter, proof.as_ref()) {
            Ok(key) => json!({ "outcome": "pushed", "jkt": jkt(key) }),
            Err(error) => refused(error.name(), error.code()),
        };
    }
    let grant = match grant["type"].as_str().unwrap() {
        "code" => Grant::Code {
            dpop_jkt: parameter,
        },
        "refresh_token" => Grant::RefreshToken {
            key: thumbprint(&grant["key"]).unwrap(),
        },
        _ => Grant::Unbound,
    };
    let policy = match client["isPublic"].as_bool().unwrap() {
        true => ClientPolicy::public(),
        false => ClientPolicy::confidential(),
    };
    let requires_bound_tokens = client["requiresBoundTokens"].as_bool().unwrap();
    let policy = policy.with_bound_tokens_required(requires_bound_tokens);
    match Binding::of(grant, policy, proof.as_ref()) {
        Ok(binding) => {
            json!({ "outcome": "issued", "tokenType": binding.token_type(), "jkt": jkt(binding.access_token()) })
        }
        Err(error) => refused(error.name(), error.code()),
    }
}

#[test]
fn t2_token_requests_and_pushed_requests_are_answered_as_written() {
    let document = read("token-requests.json");
    let cases = document["cases"].as_array().unwrap();
    for case in cases {
        assert_eq!(
            answer(case),
            case["expect"],
            "{}: {}",
            case["name"],
            case["says"]
        );
    }
    for row in ["T2", "T4", "T6", "C1", "C2", "C3", "N1"] {
        let of_row = cases.iter().filter(|case| case["row"] == row);
        let (bad, good): (Vec<_>, Vec<_>) =
            of_row.partition(|case| case["expect"]["outcome"] == "refused");
        assert!(!good.is_empty() && bad.len() >= 3, "{row}");
    }
}
