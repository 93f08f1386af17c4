//! Token and proof together: what each check refuses, and what thieves get.

use countersign::{UnixSeconds, crypto::ath, proof::ProofError};
use countersign_resource_server::{DpopRequirement, Rejection};
use serde_json::{Value, json};

use crate::world::{START, URL, World, send};

#[tokio::test]
async fn r3_a_valid_token_with_a_valid_proof_is_served() {
    let world = World::new();
    world.prove(&world.token()).await.assert_accepted();
}

#[tokio::test]
async fn r3_a_stolen_token_without_a_proof_is_refused() {
    let world = World::new();
    let authorization = format!("DPoP {}", world.token());
    let answer = world.get(&[("authorization", &authorization)]).await;
    answer.assert_invalid_proof();
    assert_eq!(
        answer.rejection,
        Some(Rejection::Proof(ProofError::HeaderMissing))
    );
}

#[tokio::test]
async fn v14_a_stolen_token_with_the_thiefs_own_key_is_refused() {
    let world = World::new();
    let token = world.token();
    let thief = World::new();
    let answer = world.call(&token, &thief.proof(&token)).await;
    answer.assert_invalid_proof();
    let Some(Rejection::Proof(ProofError::KeyMismatch { expected, received })) = answer.rejection
    else {
        panic!("{:?}", answer.rejection);
    };
    assert_eq!(expected.to_base64url(), world.client.jkt());
    assert_eq!(received.to_base64url(), thief.client.jkt());
}

#[tokio::test]
async fn v15_a_stolen_token_with_the_stolen_proof_is_refused() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof(&token);
    world.call(&token, &proof).await.assert_accepted();
    let answer = world.call(&token, &proof).await;
    answer.assert_invalid_proof();
    assert_eq!(answer.rejection, Some(Rejection::Replayed));
}

#[tokio::test]
async fn v13_a_stolen_proof_does_not_fit_another_token_of_the_same_key() {
    let world = World::new();
    let (one, other) = (
        world.token(),
        world.token_with(|claims| claims["sub"] = "bob".into()),
    );
    let answer = world.call(&other, &world.proof(&one)).await;
    answer.assert_invalid_proof();
    assert_eq!(
        answer.rejection,
        Some(Rejection::Proof(ProofError::AthMismatch {
            expected: ath(&other),
            received: ath(&one).to_base64url(),
        }))
    );
    let without = world.proof_with(&one, |_, claims| {
        claims.as_object_mut().unwrap().remove("ath");
    });
    let answer = world.call(&one, &without).await;
    answer.assert_invalid_proof();
    assert_eq!(
        answer.rejection,
        Some(Rejection::Proof(ProofError::AthMissing))
    );
}

#[tokio::test]
async fn v1_two_proofs_are_refused() {
    let world = World::new();
    let token = world.token();
    let authorization = format!("DPoP {token}");
    let (one, two) = (world.proof(&token), world.proof(&token));
    let headers = [
        ("authorization", &*authorization),
        ("dpop", &one),
        ("dpop", &two),
    ];
    let answer = world.get(&headers).await;
    answer.assert_invalid_proof();
    let repeated = ProofError::HeaderRepeated { received: 2 };
    assert_eq!(answer.rejection, Some(Rejection::Proof(repeated)));

    let answer = world.call(&token, &format!("{one}, {two}")).await;
    answer.assert_invalid_proof();
    assert_eq!(
        answer.rejection,
        Some(Rejection::Proof(ProofError::HeaderList))
    );
}

#[tokio::test]
async fn the_first_step_that_fails_gives_the_reason() {
    let world = World::with(|builder| builder.with_dpop(DpopRequirement::Optional));
    let token = world.token();
    let expired = world.token_with(|claims| claims["exp"] = json!(START - 60));
    let (bound, late) = (format!("DPoP {token}"), format!("DPoP {expired}"));
    let unbound = world.unbound_token();
    let (bearer, under_dpop) = (format!("Bearer {unbound}"), format!("DPoP {unbound}"));
    let (one, two) = (world.proof(&token), world.proof(&token));
    let list = format!("{one}, {two}");
    let authorization = |value| ("authorization", value);
    let proof = |value| ("dpop", value);
    for (headers, status, name) in [
        (vec![proof(&*one), proof(&*two)], 401, "CredentialsMissing"),
        (
            vec![authorization(&*bound), authorization(&bearer), proof(&list)],
            400,
            "CredentialsRepeated",
        ),
        // The number of proofs before the token, whatever its form; that there is one, after both.
        (
            vec![authorization(&*late), proof(&*one), proof(&*two)],
            401,
            "HeaderRepeated",
        ),
        (
            vec![authorization(&*late), proof(&*list)],
            401,
            "HeaderList",
        ),
        (
            vec![authorization(&*bearer), proof(&*one), proof(&*two)],
            401,
            "HeaderRepeated",
        ),
        (vec![authorization(&*late)], 401, "TokenExpired"),
        (
            vec![authorization(&*under_dpop)],
            401,
            "TokenUnboundUnderDpop",
        ),
        (
            vec![authorization(&*under_dpop), proof("x")],
            401,
            "TokenUnboundUnderDpop",
        ),
        (vec![authorization(&*bound), proof("")], 401, "Malformed"),
        (vec![authorization(&*bound)], 401, "HeaderMissing"),
    ] {
        let answer = world.get(&headers).await;
        assert_eq!((answer.status.as_u16(), answer.name()), (status, name));
    }
}

#[tokio::test]
async fn v6_a_proof_that_its_key_did_not_sign_is_refused() {
    let world = World::new();
    let token = world.token();
    // The owner's public key in the header, the thief's signature below it.
    let thief = World::new();
    let proof = thief.proof_with(&token, |header, _| {
        header["jwk"] = serde_json::from_str::<Value>(&world.client.jwk.to_json()).unwrap();
    });
    let answer = world.call(&token, &proof).await;
    answer.assert_invalid_proof();
    assert_eq!(answer.name(), "Signature");
}

#[tokio::test]
async fn v8_a_proof_for_another_method_is_refused() {
    let world = World::new();
    let token = world.token();
    for htm in ["POST", "get"] {
        let proof = world.proof_with(&token, |_, claims| claims["htm"] = htm.into());
        let answer = world.call(&token, &proof).await;
        answer.assert_invalid_proof();
        assert_eq!(
            answer.rejection,
            Some(Rejection::Proof(ProofError::HtmMismatch {
                expected: "GET".to_owned(),
                received: htm.to_owned(),
            }))
        );
    }
}

#[tokio::test]
async fn v9_a_proof_for_another_url_is_refused() {
    let world = World::new();
    let token = world.token();
    for htu in [
        "https://api.example.com/admin",
        "https://evil.example/notes",
        "http://api.example.com/notes",
        "https://api.example.com:8443/notes",
        "https://api.example.com/Notes",
    ] {
        let proof = world.proof_with(&token, |_, claims| claims["htu"] = htu.into());
        let answer = world.call(&token, &proof).await;
        answer.assert_invalid_proof();
        assert_eq!(
            answer.rejection,
            Some(Rejection::Proof(ProofError::HtuMismatch {
                expected: URL.to_owned(),
                received: htu.to_owned(),
            }))
        );
    }
}

#[tokio::test]
async fn v10_rr3_equivalent_urls_are_accepted() {
    let world = World::new();
    let token = world.token();
    for htu in [
        "https://api.example.com/notes?page=2#top",
        "HTTPS://API.example.com:443/notes",
        "https://api.example.com/%6Eotes",
        "https://api.example.com/a/../notes",
    ] {
        let proof = world.proof_with(&token, |_, claims| claims["htu"] = htu.into());
        world.call(&token, &proof).await.assert_accepted();
    }
}

#[tokio::test]
async fn v9_the_host_header_does_not_choose_the_url() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof_with(&token, |_, claims| {
        claims["htu"] = "https://evil.example/notes".into();
    });
    let authorization = format!("DPoP {token}");
    let headers = [
        ("authorization", &*authorization),
        ("dpop", &proof),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ];
    assert_eq!(world.get(&headers).await.name(), "HtuMismatch");
    let target = "https://evil.example/notes";
    let answer = send(&world.api(), "GET", target, &headers[..2]).await;
    assert_eq!(answer.name(), "HtuMismatch");
}

#[tokio::test]
async fn a_request_target_that_is_no_path_is_refused() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof_with(&token, |_, claims| claims["htm"] = "OPTIONS".into());
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    let api = axum::Router::new()
        .fallback(|| async { "reached" })
        .layer(world.server.layer());
    let answer = send(&api, "OPTIONS", "*", &headers).await;
    answer.assert_refused(
        400,
        "invalid_request",
        "The request target must be the path of a URL, without dot segments or needless percent-encoding",
    );
    let path = "*".to_owned();
    assert_eq!(answer.rejection, Some(Rejection::Target { path }));
}

#[tokio::test]
async fn v12_a_proof_is_good_for_its_time_only() {
    let world = World::new();
    let token = world.token();
    for (age, name) in [
        (-6, Some("IatInFuture")),
        (-5, None),
        (60, None),
        (61, Some("IatTooOld")),
    ] {
        let proof = world.proof_with(&token, |_, claims| claims["iat"] = json!(START - age));
        let answer = world.call(&token, &proof).await;
        match name {
            None => answer.assert_accepted(),
            Some(name) => {
                answer.assert_invalid_proof();
                assert_eq!(answer.name(), name);
            }
        }
    }
    let proof = world.proof(&token);
    world.advance(61);
    assert_eq!(
        world.call(&token, &proof).await.rejection,
        Some(Rejection::Proof(ProofError::IatTooOld {
            iat: UnixSeconds(START),
            now: UnixSeconds(START + 61),
            max_age: 60,
        }))
    );
}

#[tokio::test]
async fn s5_an_access_token_is_no_proof() {
    let world = World::new();
    let token = world.token();
    let answer = world.call(&token, &token).await;
    answer.assert_invalid_proof();
    assert_eq!(answer.name(), "ClaimMissing");
}

#[tokio::test]
async fn the_reason_is_never_sent_to_the_client() {
    let world = World::new();
    let token = world.token();
    let wrong_url = world.proof_with(&token, |_, claims| claims["htu"] = "https://x/".into());
    let wrong_method = world.proof_with(&token, |_, claims| claims["htm"] = "PUT".into());
    let (one, two) = (
        world.call(&token, &wrong_url).await,
        world.call(&token, &wrong_method).await,
    );
    assert_ne!(one.name(), two.name());
    assert_eq!(one.headers, two.headers);
    assert_eq!(one.body, two.body);
}
