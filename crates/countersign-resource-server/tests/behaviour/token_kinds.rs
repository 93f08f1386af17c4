//! Which of the JWTs that an issuer signs are taken for access tokens, and by which policy.

use std::time::Duration;

use countersign::UnixSeconds;
use countersign_resource_server::{
    AccessTokenPolicy, Algorithm, DpopRequirement, Issuer, PresentationError,
    ResourceServerBuilder, StaticKeys, TokenError, TokenTypes, VerifierPolicy,
};
use serde_json::{Value, json};

use crate::world::{AUDIENCE, Answer, ISSUER, Key, START, World};

const DAY: i64 = 24 * 3600;

fn optional(policy: AccessTokenPolicy) -> World {
    World::with_issuer(
        |issuer| issuer.with_policy(policy),
        |builder| builder.with_dpop(DpopRequirement::Optional),
    )
}

fn lenient() -> World {
    optional(AccessTokenPolicy::lenient())
}

fn signed(world: &World, typ: &Value, claims: &Value) -> String {
    let header = match typ {
        Value::Null => json!({ "alg": "ES256", "kid": "1" }),
        typ => json!({ "typ": typ, "alg": "ES256", "kid": "1" }),
    };
    world.issuer.jwt(&header, claims)
}

async fn bearer(world: &World, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    world.get(&[("authorization", &authorization)]).await
}

/// The claims of a good token that is bound to no key.
fn unbound(world: &World) -> Value {
    let mut claims = world.claims();
    claims.as_object_mut().unwrap().remove("cnf");
    claims
}

fn refused(answer: &Answer, error: &TokenError) {
    assert_eq!(
        answer.rejection,
        Some(countersign_resource_server::Rejection::Token(error.clone()))
    );
    assert_eq!(answer.status, 401);
    let challenges = answer.challenges();
    assert!(
        challenges
            .iter()
            .all(|one| one.contains(r#"error="invalid_token""#))
    );
}

#[tokio::test]
async fn s5_an_unbound_token_says_in_its_header_that_it_is_an_access_token() {
    let world = World::with(|builder| builder.with_dpop(DpopRequirement::Optional));
    let claims = unbound(&world);
    for typ in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/AT+jwt",
    ] {
        let token = signed(&world, &typ.into(), &claims);
        bearer(&world, &token).await.assert_accepted();
    }
    for typ in [json!("JWT"), json!(null)] {
        let token = signed(&world, &typ, &claims);
        // The second time, its signature is in the cache.
        for _ in 0..2 {
            refused(&bearer(&world, &token).await, &TokenError::UnboundType);
        }
    }
    for typ in [
        json!("dpop+jwt"),
        json!("application/jwt"),
        json!("token-introspection+jwt"),
    ] {
        let received = typ.as_str().unwrap().to_owned();
        let token = signed(&world, &typ, &claims);
        refused(
            &bearer(&world, &token).await,
            &TokenError::Type { received },
        );
    }
    // Where unbound tokens are not taken at all, that is the reason.
    let world = World::new();
    let token = signed(&world, &json!("JWT"), &unbound(&world));
    refused(
        &bearer(&world, &token).await,
        &PresentationError::Unbound.into(),
    );
}

#[tokio::test]
async fn s5_the_lenient_policy_takes_unbound_tokens_without_a_type() {
    let world = lenient();
    for typ in [json!("at+jwt"), json!("JWT"), json!("jwt"), json!(null)] {
        let token = signed(&world, &typ, &unbound(&world));
        bearer(&world, &token).await.assert_accepted();
        let token = signed(&world, &typ, &world.claims());
        world.prove(&token).await.assert_accepted();
    }
    let token = signed(&world, &json!("dpop+jwt"), &unbound(&world));
    assert_eq!(bearer(&world, &token).await.name(), "TokenType");
}

#[tokio::test]
async fn s5_the_strict_policy_wants_the_type_of_bound_tokens_too() {
    let world = optional(AccessTokenPolicy::default().with_types(TokenTypes::AtJwt));
    let token = signed(&world, &json!("at+jwt"), &world.claims());
    world.prove(&token).await.assert_accepted();
    let token = signed(&world, &json!("JWT"), &world.claims());
    let received = "JWT".to_owned();
    refused(&world.prove(&token).await, &TokenError::Type { received });
    let token = signed(&world, &json!(null), &world.claims());
    refused(&world.prove(&token).await, &TokenError::TypeMissing);
}

/// What an ID token, a logout token, a JARM response and Keycloak's refresh tokens have, and no
/// access token.
fn marks() -> Vec<(&'static str, Value)> {
    let mut marks = vec![
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("nonce", json!(null)),
        ("at_hash", json!("MTIzNDU2Nzg5MDEyMzQ1Ng")),
        ("c_hash", json!("LDktKdoQak3Pk0cnXxCltA")),
        ("s_hash", json!("LDktKdoQak3Pk0cnXxCltA")),
        (
            "events",
            json!({ "http://schemas.openid.net/event/backchannel-logout": {} }),
        ),
        ("code", json!("SplxlOBeZQQYbYS6WxSbIA")),
    ];
    for typ in ["ID", "Refresh", "refresh", "Offline", "Logout"] {
        marks.push(("typ", json!(typ)));
    }
    // What is no name can't be told from another kind's.
    for typ in [json!(["Refresh"]), json!(null), json!(1)] {
        marks.push(("typ", typ));
    }
    marks
}

#[tokio::test]
async fn s5_another_jwt_of_the_issuer_is_no_access_token_in_the_lenient_policy() {
    let world = lenient();
    for (claim, value) in marks() {
        for typ in [json!("JWT"), json!(null)] {
            let mut claims = unbound(&world);
            claims[claim] = value.clone();
            let token = signed(&world, &typ, &claims);
            refused(
                &bearer(&world, &token).await,
                &TokenError::OtherJwt { claim },
            );
        }
        // Whose header says what it is, may hold what it likes.
        let mut claims = unbound(&world);
        claims[claim] = value;
        let token = signed(&world, &json!("at+jwt"), &claims);
        bearer(&world, &token).await.assert_accepted();
    }
    // Keycloak's access tokens say what they are, too.
    for typ in ["Bearer", "DPoP"] {
        let mut claims = unbound(&world);
        claims["typ"] = typ.into();
        let token = signed(&world, &json!("JWT"), &claims);
        bearer(&world, &token).await.assert_accepted();
    }
}

#[tokio::test]
async fn s5_nor_is_it_bound_to_a_key_by_any_policy() {
    for policy in [AccessTokenPolicy::default(), AccessTokenPolicy::lenient()] {
        let world = World::with_policy(policy);
        for (claim, value) in marks() {
            let mut claims = world.claims();
            claims[claim] = value;
            let token = signed(&world, &json!("JWT"), &claims);
            world
                .prove(&token)
                .await
                .assert_invalid_token(&TokenError::OtherJwt { claim });
        }
    }
}

#[tokio::test]
async fn s5_an_access_token_without_a_type_speaks_for_somebody() {
    let world = lenient();
    let nobody = |world: &World| {
        let mut claims = unbound(world);
        for claim in ["sub", "client_id"] {
            claims.as_object_mut().unwrap().remove(claim);
        }
        claims
    };
    let token = signed(&world, &json!("JWT"), &nobody(&world));
    refused(&bearer(&world, &token).await, &TokenError::Nobody);
    let mut empty = nobody(&world);
    empty["sub"] = "".into();
    let token = signed(&world, &json!("JWT"), &empty);
    refused(&bearer(&world, &token).await, &TokenError::Nobody);
    for claim in ["sub", "client_id", "azp"] {
        let mut claims = nobody(&world);
        claims[claim] = "ann".into();
        let token = signed(&world, &json!("JWT"), &claims);
        assert_eq!(bearer(&world, &token).await.status, 200, "{claim}");
    }
}

#[tokio::test]
async fn no_exp_is_believed_beyond_a_day() {
    let world = World::new();
    let until = |exp: i64| world.token_with(|claims| claims["exp"] = json!(exp));
    let too_late = |exp: i64, limit_seconds: i64| TokenError::ExpiresTooLate {
        at: UnixSeconds(exp),
        now: world.now(),
        limit_seconds,
    };
    // With the leeway that an issuer's clock has.
    world.prove(&until(START + DAY + 5)).await.assert_accepted();
    for exp in [START + DAY + 6, START + 30 * DAY, i64::MAX] {
        world
            .prove(&until(exp))
            .await
            .assert_invalid_token(&too_late(exp, DAY));
    }
    let hour = AccessTokenPolicy::default().with_max_time_left(Duration::from_secs(3600));
    let strict = World::with_policy(hour);
    let token = strict.token_with(|claims| claims["exp"] = json!(START + 3606));
    strict
        .prove(&token)
        .await
        .assert_invalid_token(&too_late(START + 3606, 3600));
    // A clock that steps back finds it in the cache.
    strict.advance(1);
    strict.prove(&token).await.assert_accepted();
    strict.advance(-1);
    assert_eq!(strict.prove(&token).await.name(), "TokenExpiresTooLate");
}

/// What becomes of a token signed by this algorithm, with a proof by ES256.
async fn signed_with(
    alg: &str,
    key: Key,
    policy: AccessTokenPolicy,
    configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
) -> Answer {
    let keys = StaticKeys::new(key.jwks("1"));
    let issuer = Issuer::from_keys(ISSUER, AUDIENCE, keys).with_policy(policy);
    let world = World::signed_by(key, issuer, configure);
    let header = json!({ "typ": "at+jwt", "alg": alg, "kid": "1" });
    world
        .prove(&world.issuer.jwt(&header, &world.claims()))
        .await
}

#[tokio::test]
async fn s6_the_algorithms_of_tokens_are_a_setting_of_their_own() {
    let rs256 = || AccessTokenPolicy::default().with_algorithms(&[Algorithm::Rs256]);
    let es256 = |builder: ResourceServerBuilder| {
        builder.with_proof_policy(VerifierPolicy::default().with_algorithms(&[Algorithm::Es256]))
    };
    let answer = signed_with("RS256", Key::rsa(), rs256(), es256).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for (alg, key) in [("PS256", Key::rsa()), ("ES256", Key::p256())] {
        let answer = signed_with(alg, key, rs256(), es256).await;
        assert_eq!(answer.name(), "TokenAlgorithm");
    }
}

#[tokio::test]
async fn s6_fapi2_sets_the_algorithms_of_tokens_and_of_proofs() {
    let fapi2 = ResourceServerBuilder::with_fapi2;
    let default = AccessTokenPolicy::default;
    for (alg, key) in [
        ("PS256", Key::rsa()),
        ("ES256", Key::p256()),
        ("EdDSA", Key::ed25519()),
    ] {
        assert_eq!(
            signed_with(alg, key, default(), fapi2).await.status,
            200,
            "{alg}"
        );
    }
    for (alg, key) in [("RS256", Key::rsa()), ("ES384", Key::p384())] {
        let answer = signed_with(alg, key, default(), fapi2).await;
        assert_eq!(answer.name(), "TokenAlgorithm", "{alg}");
    }
    let mut world = World::with(fapi2);
    world.client = Key::p384();
    let token = world.token();
    let proof = world.proof_with(&token, |header, _| header["alg"] = "ES384".into());
    assert_eq!(
        world.call(&token, &proof).await.name(),
        "AlgorithmNotAccepted"
    );
}

#[tokio::test]
async fn what_a_caller_is_prints_no_claim() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof(&token);
    let request = http::Request::get("/notes")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof)
        .body(())
        .unwrap();
    let (parts, ()) = request.into_parts();
    let caller = world.server.authenticate(&parts).await.unwrap();
    assert_eq!(format!("{caller:?}"), "Authenticated { scheme: Dpop, .. }");
    let refused = caller.require_scope("admin").unwrap_err();
    assert!(!format!("{refused:?}").contains("ann"), "{refused:?}");
}
