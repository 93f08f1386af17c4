//! The requests of `conformance/requests.json`, through the tower layer; and the explanation of
//! each, compared with the decision.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use countersign::{UnixSeconds, challenge, target::TargetUri};
use countersign_resource_server::{
    AccessTokenPolicy, Algorithm, CheckNonce, DpopRequirement, InProcessReplayStore, IssueNonce,
    Issuer, NonceStatus, Rejection, ResourceServer, StaticKeys, Unavailable, VerifierPolicy,
};
use http::{Request, StatusCode, header::WWW_AUTHENTICATE, request::Parts};
use serde_json::Value;
use tower::ServiceExt;

use crate::world::api_for_every_path;

/// A proof with two faults, another key than the token's and a forged signature. A decision checks
/// the key first, and skips the costly signature check. The client gets the same code for either.
const FORGED_BY_A_FOREIGN_KEY: &str = "v6-foreign-key-forged";

/// One step of a case, with the policy that it names.
struct Step {
    case: String,
    now: UnixSeconds,
    policy: Value,
    request: Value,
    expect: Value,
}

/// The cases, each with its steps.
fn cases() -> Vec<Vec<Step>> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../conformance/requests.json"
    );
    let text = std::fs::read_to_string(file).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let steps = |case: &Value| {
        let step = |step: &Value| Step {
            case: case["name"].as_str().unwrap().to_owned(),
            now: UnixSeconds(step["now"].as_f64().unwrap() as i64),
            policy: document["policies"][step["policy"].as_str().unwrap()].clone(),
            request: step["request"].clone(),
            expect: step["expect"].clone(),
        };
        let steps = case["steps"].as_array().unwrap();
        steps.iter().map(step).collect()
    };
    let cases = document["cases"].as_array().unwrap();
    cases.iter().map(steps).collect()
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

impl IssueNonce for Fixed {
    fn issue(&self, _now: UnixSeconds) -> String {
        self.0.clone()
    }
}

/// What the steps of a case share.
struct Case {
    now: Arc<AtomicI64>,
    replay: Arc<InProcessReplayStore>,
}

impl Case {
    fn new() -> Self {
        Self {
            now: Arc::new(AtomicI64::new(0)),
            replay: Arc::new(InProcessReplayStore::new(100, &[7; 32])),
        }
    }

    /// The server that a step's policy describes, whose clients call it at `base`.
    fn server(&self, step: &Step, base: &str) -> ResourceServer {
        self.now.store(step.now.0, Ordering::Relaxed);
        let now = Arc::clone(&self.now);
        let text = |name: &str| step.policy[name].as_str().unwrap();
        let keys = StaticKeys::as_they_are(step.policy["jwks"].to_string());
        // What a policy doesn't mention is accepted in a token.
        let tokens = AccessTokenPolicy::lenient().with_max_time_left(Duration::MAX);
        let issuer = Issuer::from_keys(text("issuer"), text("audience"), keys).with_policy(tokens);
        let mut proofs = VerifierPolicy::default();
        if let Some(names) = step.policy["algorithms"].as_array() {
            let names = names.iter().map(|name| name.as_str().unwrap());
            let algorithms: Option<Vec<_>> = names.map(Algorithm::from_name).collect();
            proofs = proofs.with_algorithms(&algorithms.unwrap());
        }
        if step.policy["costlyRsaKeys"] == true {
            proofs = proofs.with_costly_rsa_keys();
        }
        let mut builder = ResourceServer::builder(base, issuer)
            .with_dpop(match text("dpop") {
                "required" => DpopRequirement::Required,
                _ => DpopRequirement::Optional,
            })
            .with_proof_policy(proofs)
            .with_replay_store(Arc::clone(&self.replay))
            .with_clock(move || UnixSeconds(now.load(Ordering::Relaxed)));
        if let Some(nonce) = step.policy["nonce"].as_str() {
            builder = builder.with_nonces(Fixed(nonce.to_owned()));
        }
        builder.build().unwrap()
    }
}

/// A step's request as an HTTP server hands it on: the address that was called, and the request for
/// a path of it. `None`: HTTP can't carry it.
fn received(step: &Step) -> Option<(String, Request<Body>)> {
    let url = step.request["url"].as_str().unwrap();
    let normalised = TargetUri::parse(url).ok()?;
    // Clients resolve dot segments before they send; the layer refuses those that come all the
    // same.
    let is_dotted = |segment: &str| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    };
    let url = match url.split(['/', '?']).any(is_dotted) {
        true => normalised.htu(),
        false => url.split('#').next().unwrap(),
    };
    let authority_at = url.find("://").unwrap() + 3;
    let path_at = url[authority_at..].find(['/', '?']);
    let (base, target) = url.split_at(path_at.map_or(url.len(), |at| authority_at + at));
    let target = match target.starts_with('/') {
        true => target.to_owned(),
        false => format!("/{target}"),
    };
    let method = step.request["method"].as_str().unwrap();
    let mut request = Request::builder().method(method).uri(target);
    for field in step.request["headers"].as_array().unwrap() {
        let (name, value) = (field[0].as_str().unwrap(), field[1].as_str().unwrap());
        request = request.header(name, value.trim_matches([' ', '\t']).as_bytes());
    }
    Some((base.to_owned(), request.body(Body::empty()).ok()?))
}

/// The error code of the `DPoP` challenge, and whether there is one.
fn challenge_error(headers: &http::HeaderMap) -> Option<Option<String>> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    let values: Vec<&str> = values.map(|value| value.to_str().unwrap()).collect();
    let challenges = challenge::parse(&values);
    let dpop = challenges.iter().find(|one| one.is("DPoP"))?;
    Some(dpop.get("error").map(str::to_owned))
}

/// The cases whose request HTTP can't carry are refused before any layer; the others by it.
#[tokio::test]
async fn conformance_requests_are_answered_as_written_through_the_layer() {
    let (mut answered, mut carried) = (0, 0);
    for steps in cases() {
        let case = Case::new();
        for step in &steps {
            answered += 1;
            let Some((base, request)) = received(step) else {
                assert_eq!(step.expect["status"], 400, "{}", step.case);
                continue;
            };
            carried += 1;
            let api: Router = api_for_every_path(&case.server(step, &base));
            let response = api.oneshot(request).await.unwrap();
            let rejection = response.extensions().get::<Rejection>();
            let name = rejection.map(|rejection| rejection.name());
            let expected = match &*step.case {
                FORGED_BY_A_FOREIGN_KEY => Some("KeyMismatch"),
                _ => step.expect["check"].as_str(),
            };
            assert_eq!(name, expected, "{}", step.case);
            assert_eq!(step.expect["status"], response.status().as_u16());
            let error = challenge_error(response.headers());
            let expected = step.expect["error"].as_str().map(str::to_owned);
            match response.status() {
                // A challenge is for requests that the client has to make otherwise.
                StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {
                    assert_eq!((error, expected), (None, None), "{}", step.case);
                }
                _ => assert_eq!(error, Some(expected), "{}", step.case),
            }
        }
    }
    assert!(answered >= 600 && carried >= 580, "{answered} {carried}");
}

fn parts(step: &Step) -> Option<(TargetUri, Parts)> {
    let (_, request) = received(step)?;
    let uri = TargetUri::parse(step.request["url"].as_str().unwrap()).unwrap();
    Some((uri, request.into_parts().0))
}

#[tokio::test]
async fn the_explanations_first_failure_is_the_decision() {
    let mut seen_by_the_store = 0;
    for steps in cases() {
        let case = Case::new();
        for step in &steps {
            let Some((uri, parts)) = parts(step) else {
                continue;
            };
            let server = case.server(step, "https://api.example.com");
            let explained = server.explain_at(&parts, &uri).await;
            let first = explained.into_iter().find_map(|one| one.outcome?.err());
            match server.authenticate_at(&parts, &uri).await.err() {
                // The replay store is not asked by an explanation.
                Some(Rejection::Replayed | Rejection::Unavailable(Unavailable::Stale)) => {
                    assert_eq!(first, None, "{}", step.case);
                    seen_by_the_store += 1;
                }
                decision if step.case == FORGED_BY_A_FOREIGN_KEY => {
                    assert_eq!(decision.map(|one| one.name()), Some("KeyMismatch"));
                    assert_eq!(first.map(|one| one.name()), Some("Signature"));
                }
                decision => assert_eq!(first, decision, "{}", step.case),
            }
        }
    }
    assert!(seen_by_the_store > 10, "{seen_by_the_store}");
}
