//! For every request of conformance/, the first failure of a proof's explanation is the decision.
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // tests read files

mod common;

use common::{Draft, NOW, Signer, TOKEN, field, uri};
use countersign::{
    UnixSeconds,
    access_token::{Credentials, bound_key},
    crypto::{self, Algorithm, SignatureError},
    jose::jws::CompactJws,
    nonce::{CheckNonce, NonceStatus},
    proof::{
        BoundToken, DpopField, Expected, NonceCheck, ProofCheck, ProofError, Verifier,
        VerifierPolicy,
    },
    target::TargetUri,
};
use serde_json::Value;

fn read(name: &str) -> Value {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/");
    let text = std::fs::read_to_string(format!("{directory}{name}")).unwrap();
    serde_json::from_str(&text).unwrap()
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

/// The values of all fields of a request that have this name, as an HTTP server hands them on.
fn fields<'a>(request: &'a Value, name: &str) -> Vec<&'a [u8]> {
    let headers = request["headers"].as_array().unwrap().iter();
    let of_name = headers.filter(|field| field[0].as_str().unwrap().eq_ignore_ascii_case(name));
    let value = |field: &'a Value| field[1].as_str().unwrap().trim().as_bytes();
    of_name.map(value).collect()
}

fn policy(case: &Value) -> VerifierPolicy {
    let mut policy = VerifierPolicy::default();
    if let Some(names) = case["algorithms"].as_array() {
        let named = |name: &Value| Algorithm::from_name(name.as_str().unwrap()).unwrap();
        policy = policy.with_algorithms(&names.iter().map(named).collect::<Vec<_>>());
    }
    match case["costlyRsaKeys"] == true {
        true => policy.with_costly_rsa_keys(),
        false => policy,
    }
}

/// The decision, and the first failure of the explanation. Checks run in the order of
/// [`ProofCheck::ALL`]; where no check of an explanation has failed, all have been made.
fn both(
    verifier: &Verifier,
    field: Option<DpopField<'_>>,
    expected: &Expected<'_>,
    now: UnixSeconds,
) -> [Option<ProofError>; 2] {
    let decision = verifier.verify(field, expected, now).err();
    let explained = verifier.explain(field, expected, now);
    let checks = explained.iter().map(|one| one.check);
    let applies = |check: &ProofCheck| expected.token.is_some() || *check != ProofCheck::Binding;
    assert!(checks.eq(ProofCheck::ALL.into_iter().filter(applies)));
    let is_complete = explained.iter().all(|one| one.outcome.is_some());
    let first = explained.into_iter().find_map(|one| one.outcome?.err());
    assert!(is_complete || first.is_some());
    [decision, first]
}

#[test]
fn the_first_failure_of_an_explanation_is_the_decision_for_every_conformance_request() {
    let document = read("requests.json");
    let (mut refused, mut differences) = (0, Vec::new());
    for case in document["cases"].as_array().unwrap() {
        for step in case["steps"].as_array().unwrap() {
            let (request, policy_of_case) = (
                &step["request"],
                &document["policies"][step["policy"].as_str().unwrap()],
            );
            let Ok(uri) = TargetUri::parse(request["url"].as_str().unwrap()) else {
                continue; // no HTTP server hands such a request on
            };
            let authorization = fields(request, "authorization");
            // Whatever the token is worth: this is about the proof.
            let token = Credentials::parse(&authorization)
                .ok()
                .and_then(|credentials| {
                    let jws = CompactJws::parse(credentials.token.as_bytes(), usize::MAX).ok()?;
                    Some(BoundToken::new(
                        crypto::ath(credentials.token),
                        bound_key(jws.claims()).ok()??,
                    ))
                });
            let nonce = policy_of_case["nonce"].as_str();
            let nonce = nonce.map(|nonce| Fixed(nonce.to_owned()));
            let verifier = Verifier::new(policy(policy_of_case));
            let now = UnixSeconds(step["now"].as_i64().unwrap());
            let proofs = fields(request, "dpop");
            let [decision, explanation] = match DpopField::parse(&proofs) {
                Err(error) => [Some(error.clone()), Some(error)],
                Ok(field) => {
                    let expected = Expected::new(
                        request["method"].as_str().unwrap(),
                        &uri,
                        token,
                        match &nonce {
                            Some(nonce) => NonceCheck::Required(nonce),
                            None => NonceCheck::NotRequired,
                        },
                    );
                    both(&verifier, field, &expected, now)
                }
            };
            if decision != explanation {
                differences.push((case["name"].as_str().unwrap(), decision));
            }
            // Where the proof is what the case is about, it is refused for the case's reason.
            let (error, check) = (&step["expect"]["error"], &step["expect"]["check"]);
            let is_of_proof = error == "invalid_dpop_proof" || error == "use_dpop_nonce";
            if token.is_some() && is_of_proof && check != "Replayed" {
                let name = explanation.map(|error| error.name());
                assert_eq!(name, check.as_str(), "{}", case["name"]);
                refused += 1;
            }
        }
    }
    assert!(refused >= 100, "{refused}");
    // Of a foreign key a decision leaves out the verification, which can't change it: so of a proof
    // that is wrong in these two ways, it names the second.
    assert!(
        matches!(
            &*differences,
            [(
                "v6-foreign-key-forged",
                Some(ProofError::KeyMismatch { .. })
            )]
        ),
        "{differences:?}"
    );
}

#[test]
fn the_first_failure_of_an_explanation_is_the_decision_for_every_token_request() {
    for case in read("token-requests.json")["cases"].as_array().unwrap() {
        let uri = TargetUri::parse(case["endpoint"].as_str().unwrap()).unwrap();
        let nonce = case["nonce"].as_str().map(|nonce| Fixed(nonce.to_owned()));
        let proofs = case["dpop"].as_array().unwrap().iter();
        let proofs: Vec<&[u8]> = proofs.map(|one| one.as_str().unwrap().as_bytes()).collect();
        let expected = Expected::new(
            "POST",
            &uri,
            None,
            match &nonce {
                Some(nonce) => NonceCheck::Required(nonce),
                None => NonceCheck::NotRequired,
            },
        );
        let now = UnixSeconds(case["now"].as_i64().unwrap());
        if let Ok(field) = DpopField::parse(&proofs) {
            let [decision, explanation] = both(&Verifier::default(), field, &expected, now);
            assert_eq!(decision, explanation, "{}", case["name"]);
        }
    }
}

/// The one difference, in full.
#[test]
fn v6_v14_of_a_foreign_key_only_an_explanation_verifies_the_signature() {
    let (ours, thief, other) = (Signer::p256(), Signer::p256(), Signer::p256());
    let uri = uri();
    let expected = Expected::new(
        "GET",
        &uri,
        Some(BoundToken::new(crypto::ath(TOKEN), ours.thumbprint())),
        NonceCheck::NotRequired,
    );
    let verifier = Verifier::default();
    let draft = Draft::new(&thief).claim("ath", crypto::ath(TOKEN).to_base64url());
    let mismatch = ProofError::KeyMismatch {
        expected: ours.thumbprint(),
        received: thief.thumbprint(),
    };
    let invalid = ProofError::Signature(SignatureError::Invalid);

    let forged = draft.sign(&other);
    let forged = field(&forged);
    assert_eq!(
        both(&verifier, forged, &expected, NOW),
        [Some(mismatch.clone()), Some(invalid.clone())]
    );
    let failures = verifier.explain(forged, &expected, NOW);
    let failures = failures.into_iter().filter_map(|one| one.outcome?.err());
    assert!(failures.eq([invalid, mismatch.clone()]));

    // By the foreign key itself, only the key is wrong.
    let copied = draft.sign(&thief);
    assert_eq!(
        both(&verifier, field(&copied), &expected, NOW),
        [Some(mismatch.clone()), Some(mismatch)]
    );
}
