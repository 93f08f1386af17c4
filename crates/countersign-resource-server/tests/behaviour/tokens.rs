//! Which access tokens are accepted.

use countersign::{UnixSeconds, jose::jws::JwsError};
use countersign_resource_server::{DpopRequirement, PresentationError, TokenError};
use serde_json::{Value, json};

use crate::world::{AUDIENCE, Answer, ISSUER, Key, START, World, with_part};

async fn bearer(world: &World, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    world.get(&[("authorization", &authorization)]).await
}

fn claim(name: &'static str) -> TokenError {
    TokenError::Claim { claim: name }
}

#[tokio::test]
async fn every_accepted_algorithm_verifies() {
    let kinds = [
        ("ES256", Key::p256()),
        ("ES384", Key::p384()),
        ("EdDSA", Key::ed25519()),
        ("RS256", Key::rsa()),
        ("PS256", Key::rsa()),
    ];
    for (alg, key) in kinds {
        let jwks = key.jwks("k");
        let world = World::trusting(&jwks);
        let header = json!({ "alg": alg, "kid": "k" });
        world
            .prove(&key.jwt(&header, &world.claims()))
            .await
            .assert_accepted();
    }
}

#[tokio::test]
async fn ed25519_keys_and_tokens_go_by_either_name() {
    let key = Key::ed25519();
    for of_key in ["Ed25519", "EdDSA"] {
        let entry = key.entry(&json!({ "kid": "k", "alg": of_key }));
        let jwks = json!({ "keys": [entry] }).to_string();
        let world = World::trusting(&jwks);
        for alg in ["Ed25519", "EdDSA"] {
            let header = json!({ "alg": alg, "kid": "k" });
            world
                .prove(&key.jwt(&header, &world.claims()))
                .await
                .assert_accepted();
        }
    }
}

#[tokio::test]
async fn s6_an_algorithm_that_is_not_listed_is_refused() {
    let world = World::new();
    for alg in ["none", "HS256", "RS512", "ES512", "es256", ""] {
        let header = json!({ "typ": "at+jwt", "alg": alg, "kid": "1" });
        let answer = world
            .prove(&world.issuer.jwt(&header, &world.claims()))
            .await;
        answer.assert_invalid_token(&TokenError::Algorithm {
            received: alg.to_owned(),
        });
    }
}

#[tokio::test]
async fn a_key_is_used_with_its_own_algorithm_only() {
    let key = Key::rsa();
    let entry = key.entry(&json!({ "kid": "1", "alg": "PS256", "use": "sig" }));
    let jwks = json!({ "keys": [entry] }).to_string();
    let world = World::trusting(&jwks);
    let with = |alg: &str| key.jwt(&json!({ "alg": alg, "kid": "1" }), &world.claims());
    world.prove(&with("PS256")).await.assert_accepted();
    let unknown = TokenError::UnknownKey {
        kid: Some("1".to_owned()),
    };
    world
        .prove(&with("RS256"))
        .await
        .assert_invalid_token(&unknown);
}

#[tokio::test]
async fn s5_only_the_types_of_access_tokens_are_accepted() {
    let world = World::new();
    let with = |typ: Value| {
        let header = json!({ "typ": typ, "alg": "ES256", "kid": "1" });
        world.issuer.jwt(&header, &world.claims())
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt"] {
        world.prove(&with(typ.into())).await.assert_accepted();
    }
    let none = json!({ "alg": "ES256", "kid": "1" });
    let none = world.issuer.jwt(&none, &world.claims());
    world.prove(&none).await.assert_accepted();
    for typ in [
        json!("dpop+jwt"),
        json!("logout+jwt"),
        json!("at"),
        json!(1),
    ] {
        let received = typ.as_str().map_or(typ.to_string(), str::to_owned);
        let answer = world.prove(&with(typ)).await;
        answer.assert_invalid_token(&TokenError::Type { received });
    }
}

#[tokio::test]
async fn what_the_issuer_did_not_sign_is_refused() {
    let world = World::new();
    let token = world.token();
    let mut claims = world.claims();
    claims["sub"] = "eve".into();
    let changed = with_part(&token, 1, &claims);
    world
        .prove(&changed)
        .await
        .assert_invalid_token(&TokenError::Signature);

    let forged = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "1" });
    let forged = Key::p256().jwt(&forged, &world.claims());
    world
        .prove(&forged)
        .await
        .assert_invalid_token(&TokenError::Signature);
}

#[tokio::test]
async fn without_a_kid_each_fitting_key_is_tried() {
    let others = [Key::p256(), Key::rsa(), Key::ed25519()];
    let issuer = Key::p256();
    let mut entries: Vec<_> = others.iter().map(|key| key.entry(&json!({}))).collect();
    entries.push(issuer.entry(&json!({ "kid": "other" })));
    let jwks = json!({ "keys": entries }).to_string();
    let world = World::trusting(&jwks);
    let token = issuer.jwt(&json!({ "alg": "ES256" }), &world.claims());
    world.prove(&token).await.assert_accepted();
    let token = Key::p384().jwt(&json!({ "alg": "ES384" }), &world.claims());
    world
        .prove(&token)
        .await
        .assert_invalid_token(&TokenError::UnknownKey { kid: None });
}

#[tokio::test]
async fn a_kid_names_the_only_key_that_counts() {
    let world = World::new();
    let header = json!({ "alg": "ES256", "kid": "2" });
    let answer = world
        .prove(&world.issuer.jwt(&header, &world.claims()))
        .await;
    answer.assert_invalid_token(&TokenError::UnknownKey {
        kid: Some("2".to_owned()),
    });
}

#[tokio::test]
async fn keys_for_encryption_verify_nothing() {
    let issuer = Key::p256();
    for members in [
        json!({ "kid": "1", "use": "enc" }),
        json!({ "kid": "1", "key_ops": ["deriveKey"] }),
    ] {
        let spare = Key::ed25519().entry(&json!({ "kid": "2" }));
        let jwks = json!({ "keys": [issuer.entry(&members), spare] }).to_string();
        let world = World::trusting(&jwks);
        let header = json!({ "alg": "ES256", "kid": "1" });
        let answer = world.prove(&issuer.jwt(&header, &world.claims())).await;
        answer.assert_invalid_token(&TokenError::UnknownKey {
            kid: Some("1".to_owned()),
        });
    }
}

#[tokio::test]
async fn the_issuer_is_compared_exactly() {
    let world = World::new();
    for other in ["https://issuer.example.com/", "https://evil.example", ""] {
        let answer = world
            .prove(&world.token_with(|claims| claims["iss"] = other.into()))
            .await;
        answer.assert_invalid_token(&TokenError::Issuer {
            expected: ISSUER.to_owned(),
            received: other.to_owned(),
        });
    }
    for malformed in [json!(null), json!([ISSUER])] {
        let answer = world
            .prove(&world.token_with(|claims| claims["iss"] = malformed))
            .await;
        answer.assert_invalid_token(&claim("iss"));
    }
}

#[tokio::test]
async fn the_audience_is_ours_or_a_list_that_has_ours() {
    let world = World::new();
    for good in [json!(AUDIENCE), json!([AUDIENCE]), json!(["b", AUDIENCE])] {
        world
            .prove(&world.token_with(|claims| claims["aud"] = good))
            .await
            .assert_accepted();
    }
    for (other, received) in [
        (json!("https://other"), vec!["https://other".to_owned()]),
        (json!([]), vec![]),
        (
            json!(["a", "https://api.example.com/"]),
            vec!["a".to_owned(), "https://api.example.com/".to_owned()],
        ),
    ] {
        let answer = world
            .prove(&world.token_with(|claims| claims["aud"] = other))
            .await;
        answer.assert_invalid_token(&TokenError::Audience {
            expected: AUDIENCE.to_owned(),
            received,
        });
    }
    for malformed in [json!(null), json!(1), json!([AUDIENCE, 1])] {
        let answer = world
            .prove(&world.token_with(|claims| claims["aud"] = malformed))
            .await;
        answer.assert_invalid_token(&claim("aud"));
    }
}

#[tokio::test]
async fn a_token_ends_five_seconds_after_its_exp_also_in_the_cache() {
    let world = World::new();
    let token = world.token_with(|claims| claims["exp"] = json!(START + 10));
    world.prove(&token).await.assert_accepted();
    world.advance(14);
    world.prove(&token).await.assert_accepted();
    world.advance(1);
    let expired = TokenError::Expired {
        at: UnixSeconds(START + 10),
        now: UnixSeconds(START + 15),
    };
    // The second time, the cache has dropped it.
    for _ in 0..2 {
        world.prove(&token).await.assert_invalid_token(&expired);
    }
}

#[tokio::test]
async fn a_token_begins_at_its_nbf_less_five_seconds() {
    let world = World::new();
    let token = world.token_with(|claims| claims["nbf"] = json!(START + 6));
    let early = TokenError::NotYetValid {
        at: UnixSeconds(START + 6),
        now: UnixSeconds(START),
    };
    world.prove(&token).await.assert_invalid_token(&early);
    world.advance(1);
    world.prove(&token).await.assert_accepted();
    // A clock that steps back finds it in the cache, and too early again.
    world.advance(-1);
    world.prove(&token).await.assert_invalid_token(&early);
}

#[tokio::test]
async fn fractions_of_a_second_count() {
    let world = World::new();
    for (name, value, accepted) in [
        ("exp", json!(START as f64 - 4.5), true),
        ("exp", json!(START as f64 - 5.0), false),
        ("exp", json!(START as f64 - 5.5), false),
        ("nbf", json!(START as f64 + 5.0), true),
        ("nbf", json!(START as f64 + 5.1), false),
    ] {
        let token = world.token_with(|claims| claims[name] = value.clone());
        let answer = world.prove(&token).await;
        assert_eq!(answer.status == 200, accepted, "{name} {value}");
    }
}

#[tokio::test]
async fn claims_of_another_json_type_are_refused() {
    let world = World::new();
    for (name, value) in [
        ("exp", json!(null)),
        ("exp", json!("1")),
        ("exp", json!(1e300)),
        ("nbf", json!("1")),
        ("iat", json!("1")),
        ("iat", json!(null)),
        ("sub", json!(1)),
        ("client_id", json!({})),
        ("azp", json!([])),
        ("scope", json!(["a"])),
    ] {
        let answer = world
            .prove(&world.token_with(|claims| claims[name] = value))
            .await;
        answer.assert_invalid_token(&claim(name));
    }
    let without = world.token_with(|claims| {
        claims.as_object_mut().unwrap().remove("exp");
    });
    world
        .prove(&without)
        .await
        .assert_invalid_token(&claim("exp"));
}

#[tokio::test]
async fn s9_a_confirmation_that_we_cannot_check_is_no_confirmation_and_no_lack_of_one() {
    let world = World::with(|builder| builder.with_dpop(DpopRequirement::Optional));
    for cnf in [
        json!({}),
        json!(null),
        json!("x"),
        json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
        json!({ "jkt": "short" }),
        json!({ "jkt": null }),
        json!({ "jkt": [world.client.jkt()] }),
        json!({ "jkt#S512": world.client.jkt() }),
    ] {
        let token = world.token_with(|claims| claims["cnf"] = cnf.clone());
        let as_dpop = world.prove(&token).await;
        let authorization = format!("Bearer {token}");
        let as_bearer = world.get(&[("authorization", &authorization)]).await;
        for answer in [as_dpop, as_bearer] {
            assert_eq!(answer.name(), "TokenConfirmation", "{cnf}");
            assert_eq!(answer.status, 401);
        }
    }
}

#[tokio::test]
async fn what_is_no_jwt_is_refused() {
    let world = World::new();
    for (text, reason) in [
        ("opaque", JwsError::PartCount { received: 1 }),
        ("a.b.c.d.e", JwsError::PartCount { received: 5 }),
    ] {
        let answer = world.prove(text).await;
        answer.assert_invalid_token(&TokenError::Malformed(reason));
    }
    let long = "a".repeat(16 * 1024 + 1);
    let reason = JwsError::TooLong {
        limit: 16 * 1024,
        received: long.len(),
    };
    let answer = world.prove(&long).await;
    answer.assert_invalid_token(&TokenError::Malformed(reason));
}

#[tokio::test]
async fn r4_a_bound_token_as_bearer_is_refused_in_both_modes() {
    for requirement in [DpopRequirement::Required, DpopRequirement::Optional] {
        let world = World::with(|builder| builder.with_dpop(requirement));
        let token = world.token();
        let authorization = format!("Bearer {token}");
        let alone = world.get(&[("authorization", &authorization)]).await;
        let proof = world.proof(&token);
        let with_proof = world
            .get(&[("authorization", &authorization), ("dpop", &proof)])
            .await;
        for answer in [alone, with_proof] {
            assert_eq!(answer.name(), "TokenBoundAsBearer");
            assert_eq!(answer.status, 401);
            assert!(answer.challenges()[0].contains(r#"error="invalid_token""#));
        }
    }
}

#[tokio::test]
async fn r4_an_unbound_token_under_dpop_is_refused_in_both_modes() {
    for requirement in [DpopRequirement::Required, DpopRequirement::Optional] {
        let world = World::with(|builder| builder.with_dpop(requirement));
        let answer = world.prove(&world.unbound_token()).await;
        assert_eq!(answer.name(), "TokenUnboundUnderDpop");
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn an_unbound_token_is_accepted_as_bearer_only_where_that_is_chosen() {
    let world = World::new();
    let answer = bearer(&world, &world.unbound_token()).await;
    answer.assert_invalid_token(&PresentationError::Unbound.into());

    let world = World::with(|builder| builder.with_dpop(DpopRequirement::Optional));
    bearer(&world, &world.unbound_token())
        .await
        .assert_accepted();
}
