//! What an attacker wrote neither forges a line of the log nor fills it.

use serde_json::{Value, json};

use crate::world::{Answer, World};

const FORGED: &str = "x`\r\nINFO \u{1b}[2Jadmin logged in \u{202e}";

async fn with_header(world: &World, change: impl FnOnce(&mut Value)) -> Answer {
    let mut header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "1" });
    change(&mut header);
    world
        .prove(&world.issuer.jwt(&header, &world.claims()))
        .await
}

#[track_caller]
fn assert_one_short_line(answer: &Answer, name: &str) {
    assert_eq!(answer.name(), name);
    let said = answer.rejection.as_ref().unwrap();
    let said = said.reason();
    assert!(said.len() < 500, "{} bytes", said.len());
    let is_plain = |c: char| !c.is_control() && c != '\u{202e}';
    assert!(said.chars().all(is_plain), "{said:?}");
    assert!(said.contains('x'), "{said}");
}

#[tokio::test]
async fn what_an_unverified_token_says_is_quoted_and_shortened() {
    let world = World::new();
    for hostile in [FORGED.to_owned(), "x".repeat(5000)] {
        let given = || Value::from(hostile.as_str());
        for (member, name) in [
            ("typ", "TokenType"),
            ("alg", "TokenAlgorithm"),
            ("kid", "TokenUnknownKey"),
        ] {
            let answer = with_header(&world, |header| header[member] = given()).await;
            assert_one_short_line(&answer, name);
        }
        let many = json!({ "typ": [given(), given()] });
        let answer = with_header(&world, |header| header["typ"] = many).await;
        assert_one_short_line(&answer, "TokenType");
        for (claim, value, name) in [
            ("iss", given(), "TokenIssuer"),
            ("aud", given(), "TokenAudience"),
            ("aud", json!([given(), given()]), "TokenAudience"),
        ] {
            let token = world.token_with(|claims| claims[claim] = value);
            assert_one_short_line(&world.prove(&token).await, name);
        }
    }
}

#[tokio::test]
async fn so_is_what_a_proofs_json_and_key_say() {
    let world = World::new();
    let token = world.token();
    for hostile in [FORGED.to_owned(), "x".repeat(2000)] {
        let proof = world.proof_with(&token, |header, _| {
            header["jwk"]["kty"] = hostile.as_str().into();
        });
        assert_one_short_line(&world.call(&token, &proof).await, "Key");

        let name = Value::from(hostile.as_str());
        let object = format!("{{{name}:1,{name}:2}}");
        let part = countersign::jose::base64url::encode(object.as_bytes());
        let answer = world.call(&token, &format!("{part}.e30.AAAA")).await;
        assert_one_short_line(&answer, "Malformed");
    }
}
