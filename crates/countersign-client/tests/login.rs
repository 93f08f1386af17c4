//! The authorization request, its response, and what is kept between them.
#![allow(clippy::unwrap_used)]

mod world;

use countersign::jose::base64url;
use countersign_client::{Cause, ClientConfig, Mode, Visit};
use serde_json::json;
use world::*;

#[test]
fn c1_the_request_carries_pkce_a_nonce_and_the_thumbprint() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let query = request(&world, &engine, &client, true).unwrap();
    assert_eq!(query["tenant"], "1");
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "app");
    assert_eq!(query["redirect_uri"], "https://app.example/");
    assert_eq!(query["scope"], "openid profile");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["prompt"], "none");
    assert_eq!(query["dpop_jkt"], thumbprint(1));
    assert_eq!(query["nonce"].len(), 32);
    assert!(query["state"].starts_with("cs.") && query["state"].len() == 35);
    assert_eq!(query.len(), 11);
}

#[test]
fn t1_the_code_is_redeemed_with_a_proof_by_the_same_key() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Enforced));
    let query = request(&world, &engine, &client, true).unwrap();
    respond(&world, &engine, &client, &query["state"]).unwrap();
    let [sent] = &world.token_requests()[..] else {
        panic!("one request")
    };
    let verifier = countersign::crypto::sha256(sent.form["code_verifier"].as_bytes());
    assert_eq!(base64url::encode(&verifier), query["code_challenge"]);
    assert_eq!(sent.form["grant_type"], "authorization_code");
    assert_eq!(sent.form["code"], "c0de");
    assert_eq!(sent.form["redirect_uri"], "https://app.example/");
    assert_eq!(sent.form["client_id"], "app");
    assert_eq!(sent.form.len(), 5);
    let proof = sent.proof.as_ref().unwrap();
    assert_eq!(proof.header["typ"], "dpop+jwt");
    assert_eq!(proof.header["alg"], "ES256");
    assert_eq!(signer(proof), 1);
    assert_eq!(proof.claims["htm"], "POST");
    assert_eq!(proof.claims["htu"], TOKEN);
    assert_eq!(proof.iat(), START);
    assert_eq!(proof.claims["jti"].as_str().unwrap().len(), 22);
    assert_eq!(proof.claims.get("ath"), None);
    let tokens = client.tokens().unwrap();
    assert_eq!(*tokens.access_token, *"at2");
    assert!(tokens.is_bound);
    assert_eq!(tokens.expires.0 / 1000, START + 300);
}

#[test]
fn extra_parameters_are_added_and_cannot_replace_ours() {
    for (name, is_refused) in [
        ("scope", false),
        ("state", true),
        ("dpop_jkt", true),
        ("code_challenge", true),
        ("request", true),
        ("request_uri", true),
        ("response_mode", true),
        ("Redirect_Uri", true),
    ] {
        let (world, engine) = World::new();
        let client = create(&engine, config(Mode::Auto));
        let extra = pairs(&[(name, "evil")]);
        let redirect_uri = "https://app.example/".into();
        let request = world.run(engine.prepare(&client, &redirect_uri, Visit::Interactive));
        let url = request.unwrap().to_url(&extra);
        if is_refused {
            let error = url.unwrap_err();
            assert_eq!(refused(&error), (Cause::ParameterReserved, vec![name]));
        } else {
            let query = parameters(url.unwrap().split_once('?').unwrap().1);
            assert_eq!(query["scope"], "openid profile");
        }
    }

    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let extra = pairs(&[("ui_locales", "de fr"), ("prompt", "consent")]);
    let redirect_uri = "https://app.example/".into();
    let request = world.run(engine.prepare(&client, &redirect_uri, Visit::Interactive));
    let request = request.unwrap();
    let url = request.to_url(&extra).unwrap();
    let query = parameters(url.split_once('?').unwrap().1);
    assert_eq!(query["state"], request.state());
    assert_eq!(query["dpop_jkt"], thumbprint(1));
    assert_eq!(query["ui_locales"], "de fr");
    assert_eq!(query["prompt"], "consent");
}

#[test]
fn an_authorization_request_that_lost_what_binds_it_is_not_sent() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let query = request(&world, &engine, &client, true).unwrap();
    let push = |changed: &[&str]| {
        let changed: Vec<_> = changed.iter().map(|&name| name.into()).collect();
        let url = "https://as.example/register?changed";
        world.run(engine.push(&client, url, true, &changed))
    };
    for name in query.keys().map(String::as_str) {
        let outcome = push(&["kc_idp_hint", name]);
        if matches!(name, "scope" | "prompt" | "tenant") {
            assert!(outcome.is_ok(), "{name}");
        } else {
            let error = outcome.unwrap_err();
            assert_eq!(refused(&error), (Cause::ParameterReserved, vec![name]));
        }
    }
    for name in ["request", "request_uri", "response_mode"] {
        let error = push(&[name]).unwrap_err();
        assert_eq!(refused(&error), (Cause::ParameterReserved, vec![name]));
    }
    let pushed = push(&["kc_idp_hint", "scope"]).unwrap();
    assert_eq!(pushed, None, "it is visited as it is");
}

#[test]
fn extra_token_parameters_cannot_replace_ours() {
    for name in [
        "grant_type",
        "code",
        "code_verifier",
        "client_id",
        "redirect_uri",
    ] {
        let (world, engine) = World::new();
        let client = create(&engine, config(Mode::Auto));
        let state = request(&world, &engine, &client, true).unwrap()["state"].clone();
        let response = pairs(&[("code", "c0de"), ("state", &state), ("iss", ISSUER)]);
        let extra = pairs(&[("audience", "x"), (name, "evil")]);
        let error = world.run(engine.redeem(&client, &response, &extra));
        let error = error.unwrap_err();
        assert_eq!(refused(&error), (Cause::ParameterReserved, vec![name]));
        assert!(world.token_requests().is_empty());
    }
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    let error = world.run(engine.renew(&client, &pairs(&[("refresh_token", "evil")])));
    assert_eq!(
        refused(&error.unwrap_err()),
        (Cause::ParameterReserved, vec!["refresh_token"])
    );
    assert_eq!(world.token_requests().len(), 1);
    assert!(world.run(engine.renew(&client, &[])).is_ok());
}

/// RFC 6749, 3.1: each parameter of a response occurs once.
#[test]
fn a_response_with_a_repeated_parameter_is_refused_and_its_code_not_sent() {
    for name in ["state", "code", "iss", "error", "session_state"] {
        let (world, engine) = World::new();
        let client = create(&engine, config(Mode::Auto));
        let state = request(&world, &engine, &client, true).unwrap()["state"].clone();
        let valid = [("code", "c0de"), ("state", &*state), ("iss", ISSUER)];
        let response = [&valid[..], &[(name, "evil"), (name, "evil")]].concat();
        let error = world
            .run(engine.redeem(&client, &pairs(&response), &[]))
            .unwrap_err();
        assert_eq!(refused(&error), (Cause::ResponseInvalid, vec![name]));
        assert!(world.token_requests().is_empty());
        let error = world
            .run(engine.redeem(&client, &pairs(&valid), &[]))
            .unwrap_err();
        assert_eq!(error.cause, Cause::FlowUnknown, "it was taken");
    }
}

#[test]
fn off_sends_neither_thumbprint_nor_proof() {
    let (world, engine) = World::new();
    world.script(|sent, world| {
        Some(if sent.url == TOKEN {
            ok(world.tokens("Bearer"))
        } else {
            world.standard(sent)
        })
    });
    let client = create(&engine, config(Mode::Off));
    let query = request(&world, &engine, &client, true).unwrap();
    respond(&world, &engine, &client, &query["state"]).unwrap();
    assert_eq!(query.get("dpop_jkt"), None);
    assert!(world.token_requests()[0].proof.is_none());
    assert!(!client.tokens().unwrap().is_bound);
    assert_eq!(world.0.keys.get(), 0);
    assert!(engine.bound_token("at2").is_none());
}

#[test]
fn t7_enforced_sends_no_authorization_request_where_es256_is_not_listed() {
    for listed in [json!(null), json!([]), json!(["RS256"])] {
        let (world, engine) = World::new();
        world.script(move |_, _| {
            let mut metadata = metadata();
            metadata["dpop_signing_alg_values_supported"] = listed.clone();
            Some(ok(metadata))
        });
        let client = create(&engine, config(Mode::Enforced));
        let error = request(&world, &engine, &client, true).unwrap_err();
        assert_eq!(
            (error.cause, details(&error)),
            (Cause::DpopUnsupported, vec![ISSUER])
        );
        assert_eq!(world.0.keys.get(), 0);
        let auto = create(
            &engine,
            ClientConfig {
                client_id: "other".into(),
                ..config(Mode::Auto)
            },
        );
        assert_eq!(
            request(&world, &engine, &auto, true)
                .unwrap()
                .get("dpop_jkt"),
            None
        );
    }
}

#[test]
fn a_response_is_for_the_client_that_asked() {
    for silent in [true, false] {
        let (world, engine) = World::new();
        let client = create(&engine, config(Mode::Auto));
        let other = create(
            &engine,
            ClientConfig {
                client_id: "other".into(),
                ..config(Mode::Auto)
            },
        );
        let query = request(&world, &engine, &client, silent).unwrap();
        let error = respond(&world, &engine, &other, &query["state"]).unwrap_err();
        assert_eq!(error.cause, Cause::FlowUnknown);
        assert!(world.token_requests().is_empty());
    }
}

#[test]
fn rfc9207_iss_of_the_response_is_required_and_compared() {
    for (parameters, received) in [
        (vec![], ""),
        (
            vec![("iss", "https://evil.example")],
            "https://evil.example",
        ),
    ] {
        let (world, engine) = World::new();
        let client = create(&engine, config(Mode::Auto));
        let query = request(&world, &engine, &client, true).unwrap();
        let mut response = vec![("code", "c0de"), ("state", query["state"].as_str())];
        response.extend(parameters);
        let error = world
            .run(engine.redeem(&client, &pairs(&response), &[]))
            .unwrap_err();
        assert_eq!(
            (error.cause, details(&error)),
            (Cause::ResponseIssuerMismatch, vec![ISSUER, received])
        );
        assert!(world.token_requests().is_empty());
    }
}

#[test]
fn errors_of_the_authorization_endpoint_are_told() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let state = request(&world, &engine, &client, true)
        .unwrap()
        .remove("state")
        .unwrap();
    let response = pairs(&[
        ("error", "login_required"),
        ("state", &state),
        ("iss", ISSUER),
    ]);
    let error = world
        .run(engine.redeem(&client, &response, &[]))
        .unwrap_err();
    assert_eq!(
        (error.cause, details(&error)),
        (Cause::AuthorizationError, vec!["login_required", ""])
    );
    for empty in [&[][..], &[("code", "")]] {
        let state = request(&world, &engine, &client, true).unwrap()["state"].clone();
        let response = [&[("state", &*state), ("iss", ISSUER)][..], empty].concat();
        let error = world
            .run(engine.redeem(&client, &pairs(&response), &[]))
            .unwrap_err();
        assert_eq!(refused(&error), (Cause::ResponseInvalid, vec![""]));
    }
}
