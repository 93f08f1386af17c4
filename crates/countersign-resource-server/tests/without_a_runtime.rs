//! The decision without a runtime, network, clock or random source: keys, time and replay store are
//! given, and each future is ready when it is first polled. By whichever back end is built.
#![allow(clippy::unwrap_used)]

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use countersign::{
    crypto::{ath, thumbprint},
    jose::base64url,
    proof::ProofClaims,
    signing::SigningKey,
    target::TargetUri,
};
use countersign_resource_server::{
    Algorithm, Check, InProcessReplayStore, Issuer, ProofCheck, ProofError, Rejection,
    ResourceServer, ResourceServerBuilder, StaticKeys, UnixSeconds,
};
use http::{
    Request,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
    request::Parts,
};

const ISSUER: &str = "https://login.example.com";
const API: &str = "https://api.example.com";
const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

struct World {
    issuer: SigningKey,
    client: SigningKey,
}

impl World {
    fn new() -> Self {
        let key = |secret| SigningKey::from_secret(Algorithm::Es256, &[secret; 32]).unwrap();
        Self {
            issuer: key(1),
            client: key(2),
        }
    }

    fn builder(&self) -> ResourceServerBuilder {
        let jwks = format!(r#"{{"keys":[{}]}}"#, self.issuer.public().to_json());
        let issuer = Issuer::from_keys(ISSUER, API, StaticKeys::new(jwks));
        ResourceServer::builder(API, issuer).with_clock(|| NOW)
    }

    fn server(&self) -> ResourceServer {
        let store = InProcessReplayStore::new(10, &[3; 32]);
        self.builder().with_replay_store(store).build().unwrap()
    }

    /// `GET /notes` with a proof for this method.
    fn request(&self, method: &str) -> Parts {
        let jkt = thumbprint(self.client.public()).to_base64url();
        let claims = format!(
            r#"{{"iss":"{ISSUER}","aud":"{API}","sub":"ann","exp":{},"cnf":{{"jkt":"{jkt}"}}}}"#,
            NOW.0 + 300
        );
        let parts = [r#"{"typ":"at+jwt","alg":"ES256"}"#, &claims];
        let input = parts
            .map(|part| base64url::encode(part.as_bytes()))
            .join(".");
        let signature = self.issuer.sign(input.as_bytes()).unwrap();
        let token = format!("{input}.{}", base64url::encode(&signature));
        let proof = self.client.prove(&ProofClaims {
            jti: "-BwC3ESc6acc2lTc",
            htm: method,
            htu: "https://api.example.com/notes",
            iat: NOW,
            ath: Some(&ath(&token).to_base64url()),
            nonce: None,
        });
        let request = Request::get("/notes")
            .header(AUTHORIZATION, format!("DPoP {token}"))
            .header("DPoP", proof.unwrap());
        request.body(()).unwrap().into_parts().0
    }
}

fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn a_request_is_decided_when_it_is_first_polled() {
    let world = World::new();
    let server = world.server();
    let request = world.request("GET");
    let caller = now_or_never(server.authenticate(&request)).unwrap();
    assert_eq!(caller.subject(), Some("ann"));
    let replayed = now_or_never(server.authenticate(&request)).unwrap_err();
    assert_eq!(replayed, Rejection::Replayed);
    let response = server.rejection_response(&replayed);
    assert_eq!(response.status(), 401);
    let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains(r#"error="invalid_dpop_proof""#));
}

#[test]
fn a_refused_request_is_explained() {
    let world = World::new();
    let server = world.server();
    let uri = TargetUri::parse("https://api.example.com/notes").unwrap();
    let outcomes = now_or_never(server.explain_at(&world.request("POST"), &uri));
    assert!(outcomes.len() > 20, "{outcomes:?}");
    let failed = outcomes.iter().filter(|one| one.outcome != Some(Ok(())));
    let failed: Vec<_> = failed.map(|one| (one.check, one.outcome.clone())).collect();
    let mismatch = ProofError::HtmMismatch {
        expected: "GET".to_owned(),
        received: "POST".to_owned(),
    };
    let failure = Some(Err(Rejection::Proof(mismatch)));
    assert_eq!(failed, [(Check::Proof(ProofCheck::Method), failure)]);
}

/// The back end in Rust alone draws no random bytes.
#[cfg(not(feature = "aws-lc-rs"))]
#[test]
fn without_random_bytes_the_replay_store_is_given() {
    let built = World::new().builder().build();
    assert_eq!(
        built.err(),
        Some(countersign_resource_server::BuildError::Random)
    );
}
