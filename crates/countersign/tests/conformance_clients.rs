//! What conformance/clients.json says of clients, of nonces as texts, and of a resource's metadata.
//! (Its retries are the engine's, which the npm package's tests hold to them.)
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // tests read files

use countersign::{
    access_token::Scheme,
    dpop_mode::{Mode, ModeError, accept, decide},
    nonce::{Nonce, NonceJar, Role},
    resource_metadata::ResourceMetadata,
};
use serde_json::{Value, json};

fn document() -> Value {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../conformance/clients.json"
    );
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Runs `answer` over the cases of one list, which must be there.
fn hold(list: &str, answer: impl Fn(&Value, &Value) -> Value) {
    let document = document();
    let cases = document[list].as_array().unwrap();
    assert!(cases.len() > 5, "{list}");
    for case in cases {
        assert_eq!(answer(&document, case), case["expect"], "{case}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn mode(case: &Value) -> Mode {
    match text(&case["mode"]) {
        "off" => Mode::Off,
        "auto" => Mode::Auto,
        _ => Mode::Enforced,
    }
}

fn outcome(decision: Result<Scheme, ModeError>) -> Value {
    json!(match decision {
        Ok(Scheme::Dpop) => "dpop",
        Ok(Scheme::Bearer) => "bearer",
        Err(ModeError::Unsupported) => "unsupported",
        Err(ModeError::NotBound) => "not_bound",
        Err(ModeError::UnknownTokenType) => "unknown_token_type",
        Err(other) => panic!("{other:?} is in no case"),
    })
}

fn accepted(is_accepted: bool) -> Value {
    json!(if is_accepted { "accepted" } else { "refused" })
}

#[test]
fn t7_metadata_decides_about_proofs() {
    hold("support", |document, case| {
        let offered: Vec<&str> = case["offered"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect();
        outcome(decide(mode(case), text(&document["algorithm"]), &offered))
    });
}

#[test]
fn t3_the_token_type_decides_about_the_token() {
    hold("tokenTypes", |_, case| {
        let asked = match text(&case["asked"]) {
            "dpop" => Scheme::Dpop,
            _ => Scheme::Bearer,
        };
        outcome(accept(mode(case), asked, text(&case["token_type"])))
    });
}

#[test]
fn n6_a_nonce_is_nqchar() {
    hold("nonces", |_, case| {
        accepted(Nonce::parse(text(&case["nonce"])).is_some())
    });
}

#[test]
fn p7_n3_n4_the_newest_nonce_of_each_server_is_used() {
    let server = |value: &Value| match text(&value["server"]) {
        "as" => Role::AuthorizationServer,
        _ => Role::ResourceServer,
    };
    hold("nonceUse", |_, case| {
        let mut jar = NonceJar::new(16);
        for response in case["responses"].as_array().unwrap() {
            if let Some(nonce) = response["nonce"].as_str().and_then(Nonce::parse) {
                jar.remember(server(response), text(&response["origin"]), nonce);
            }
        }
        let next = &case["next"];
        json!(
            jar.newest(server(next), text(&next["origin"]))
                .map(Nonce::as_str)
        )
    });
}

#[test]
fn r7_metadata_is_the_resources_own_and_of_its_types() {
    hold("resourceMetadata", |document, case| {
        let bytes = text(&case["document"]).as_bytes();
        let parsed = ResourceMetadata::parse(bytes, text(&document["resource"]));
        if let Ok(metadata) = &parsed {
            let algorithms: Vec<&str> = metadata.dpop_algorithms().collect();
            let dpop =
                json!({ "algorithms": algorithms, "isRequired": metadata.requires_bound_tokens() });
            assert_eq!(dpop, case["dpop"], "{case}");
        }
        accepted(parsed.is_ok())
    });
}
