//! The authorization request, its response, and what is kept between them.
#![allow(clippy::unwrap_used)]

mod world;

use countersign::jose::base64url;
use countersign_client::{Cause, ClientConfig, Mode, Visit};
use serde_json::json;
use world::*;

fn details(error: &countersign_client::ClientError) -> Vec<&str> {
    error.details.iter().map(|detail| &**detail).collect()
}

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
fn discovery_alone_makes_no_key_and_no_request_of_its_own() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Enforced));
    for _ in 0..2 {
        let metadata = world.run(engine.discover(&client)).unwrap();
        let endpoint = metadata.authorization_endpoint();
        assert_eq!(*endpoint, "https://as.example/authorize?tenant=1");
    }
    assert_eq!(world.0.keys.get(), 0);
    request(&world, &engine, &client, true).unwrap();
    assert_eq!(world.sent().len(), 1, "once");
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
fn a_redirect_is_kept_with_its_key_and_taken_once() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let query = request(&world, &engine, &client, false).unwrap();
    assert_eq!(query.get("prompt"), None);
    assert_eq!(world.0.kept.borrow().len(), 1);

    // The page is loaded again.
    let reloaded = countersign_client::Engine::new(world.clone());
    let client = create(&reloaded, config(Mode::Auto));
    respond(&world, &reloaded, &client, &query["state"]).unwrap();
    let [sent] = &world.token_requests()[..] else {
        panic!("one request")
    };
    assert_eq!(signer(sent.proof.as_ref().unwrap()), 1);
    assert_eq!(world.0.keys.get(), 1);
    assert!(world.0.kept.borrow().is_empty());
    let error = respond(&world, &reloaded, &client, &query["state"]).unwrap_err();
    assert_eq!(
        (error.cause, details(&error)),
        (Cause::FlowUnknown, vec![query["state"].as_str()])
    );
}

#[test]
fn a_key_that_cannot_be_kept_is_made_after_the_redirect() {
    let (world, engine) = World::new();
    world.0.storage_refuses.set(1);
    let client = create(&engine, config(Mode::Enforced));
    let query = request(&world, &engine, &client, false).unwrap();
    assert_eq!(query.get("dpop_jkt"), None);
    let reloaded = countersign_client::Engine::new(world.clone());
    let client = create(&reloaded, config(Mode::Enforced));
    respond(&world, &reloaded, &client, &query["state"]).unwrap();
    assert_eq!(signer(world.token_requests()[0].proof.as_ref().unwrap()), 2);
    assert!(client.tokens().unwrap().is_bound);

    world.0.storage_refuses.set(2);
    assert_eq!(
        request(&world, &reloaded, &client, false)
            .unwrap_err()
            .cause,
        Cause::StorageRefused
    );
}

#[test]
fn silent_flows_stay_in_memory_and_die_after_an_hour() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let (early, late) = (
        request(&world, &engine, &client, true).unwrap(),
        request(&world, &engine, &client, true).unwrap(),
    );
    assert!(world.0.kept.borrow().is_empty());
    world.pass(countersign_client::FLOW_LIFETIME_MILLIS - 1_000);
    assert_eq!(
        respond(&world, &engine, &client, &early["state"]).map_err(|error| error.cause),
        Err(Cause::IdTokenNonce)
    );
    world.pass(2_000);
    assert_eq!(
        respond(&world, &engine, &client, &late["state"]).map_err(|error| error.cause),
        Err(Cause::FlowUnknown)
    );
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

#[test]
fn discovery_is_checked_before_anything_is_sent() {
    let with = |name: &'static str, value: serde_json::Value| {
        let mut document = metadata();
        document[name] = value;
        document
    };
    let url = "https://as.example/.well-known/openid-configuration";
    let cases = [
        (
            with("issuer", json!("https://as.example/")),
            Cause::IssuerMismatch,
            vec![ISSUER, "https://as.example/"],
        ),
        (
            with("issuer", json!([ISSUER])),
            Cause::IssuerMismatch,
            vec![ISSUER, ""],
        ),
        (
            with("token_endpoint", json!(null)),
            Cause::DiscoveryInvalid,
            vec![url, "token_endpoint"],
        ),
        (
            with("token_endpoint", json!("http://as.example/token")),
            Cause::EndpointInsecure,
            vec!["token_endpoint", "http://as.example/token"],
        ),
        (
            with(
                "authorization_endpoint",
                json!("http://localhost.evil.example/"),
            ),
            Cause::EndpointInsecure,
            vec!["authorization_endpoint", "http://localhost.evil.example/"],
        ),
        (
            with("end_session_endpoint", json!("javascript:alert(1)")),
            Cause::EndpointInsecure,
            vec!["end_session_endpoint", "javascript:alert(1)"],
        ),
        (json!([]), Cause::DiscoveryInvalid, vec![url, ""]),
    ];
    for (document, cause, expected) in cases {
        let (world, engine) = World::new();
        world.script(move |_, _| Some(ok(document.clone())));
        let client = create(&engine, config(Mode::Auto));
        let error = request(&world, &engine, &client, true).unwrap_err();
        assert_eq!((error.cause, details(&error)), (cause, expected));
        assert_eq!(world.sent().len(), 1);
    }
}

#[test]
fn unreachable_discovery_is_an_error_in_every_mode() {
    for mode in [Mode::Off, Mode::Auto, Mode::Enforced] {
        let (world, engine) = World::new();
        let client = create(&engine, config(mode));
        let url = "https://as.example/.well-known/openid-configuration";
        world.script(|_, _| None);
        let error = request(&world, &engine, &client, true).unwrap_err();
        assert_eq!(
            (error.cause, details(&error)),
            (Cause::DiscoveryUnreachable, vec![url, ""])
        );
        world.script(|_, _| Some(error_503()));
        let error = request(&world, &engine, &client, true).unwrap_err();
        assert_eq!(
            (error.cause, details(&error)),
            (Cause::DiscoveryUnreachable, vec![url, "503"])
        );
    }
}

fn error_503() -> Answer {
    error(503, "down")
}

#[test]
fn an_insecure_issuer_is_refused_and_loopback_is_not() {
    for (issuer, is_refused) in [
        ("http://as.example", true),
        ("https://user@as.example", true),
        ("as.example", true),
        ("http://localhost:9441", false),
        ("http://127.0.0.1:9441", false),
        ("http://[::1]:9441", false),
        ("http://127.0.0.2", false),
        ("http://auth.app.localhost:9441/realms/a", false),
        ("http://auth.app.localhost.", false),
        ("http://localhost.example.com", true),
        ("http://127.0.0.1.example.com:9441", true),
        ("http://notlocalhost", true),
        ("http://localhost:80@as.example", true),
    ] {
        let (world, engine) = World::new();
        world.script(|_, _| None);
        let client = create(
            &engine,
            ClientConfig {
                issuer: issuer.into(),
                ..config(Mode::Auto)
            },
        );
        let error = request(&world, &engine, &client, true).unwrap_err();
        let expected = if is_refused {
            Cause::IssuerInvalid
        } else {
            Cause::DiscoveryUnreachable
        };
        assert_eq!(error.cause, expected, "{issuer}");
    }
}

#[test]
fn metadata_overrides_the_document_or_replaces_discovery() {
    let (world, engine) = World::new();
    let overrides = json!({ "dpop_signing_alg_values_supported": [] });
    let client = create(
        &engine,
        ClientConfig {
            metadata: Some(Json(overrides)),
            ..config(Mode::Auto)
        },
    );
    assert_eq!(
        request(&world, &engine, &client, true)
            .unwrap()
            .get("dpop_jkt"),
        None
    );

    let (world, engine) = World::new();
    let client = create(
        &engine,
        ClientConfig {
            metadata: Some(Json(metadata())),
            ..config(Mode::Auto)
        },
    );
    request(&world, &engine, &client, true).unwrap();
    assert!(world.sent().is_empty());
}

#[test]
fn the_same_issuer_and_client_id_give_the_same_client() {
    let (_, engine) = World::new();
    let first = engine.create(config(Mode::Auto));
    assert_eq!(engine.create(config(Mode::Auto)), first);
    assert_ne!(
        engine.create(ClientConfig {
            client_id: "other".into(),
            ..config(Mode::Auto)
        }),
        first
    );
    assert!(engine.client(2).is_none());
}

#[test]
fn logout_gives_the_end_session_url_and_forgets() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let token = log_in(&world, &engine, &client).unwrap();
    let id_token = client.tokens().unwrap().id_token.clone();
    let url = engine
        .logout(&client, &"https://app.example/bye".into())
        .unwrap();
    let (endpoint, query) = url.split_once('?').unwrap();
    let query = parameters(query);
    assert_eq!(endpoint, "https://as.example/logout");
    assert_eq!(query["id_token_hint"], *id_token);
    assert_eq!(query["client_id"], "app");
    assert_eq!(query["post_logout_redirect_uri"], "https://app.example/bye");
    assert!(client.tokens().is_none());
    assert!(engine.bound_token(&token).is_none());
    assert_eq!(
        world.run(engine.renew(&client, &[])).unwrap_err().cause,
        Cause::NoRefreshToken
    );
}

#[test]
fn a_logout_may_name_no_place_to_return_to() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    let url = engine.logout(&client, &"".into()).unwrap();
    assert!(!url.contains("post_logout_redirect_uri"), "{url}");
}

#[test]
fn of_silent_logins_that_were_never_answered_the_last_sixteen_are_remembered() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let requests: Vec<_> = (0..17)
        .map(|_| request(&world, &engine, &client, true).unwrap())
        .collect();
    let state = |index: usize| &*requests[index]["state"];
    assert_eq!(
        respond(&world, &engine, &client, state(0))
            .unwrap_err()
            .cause,
        Cause::FlowUnknown
    );
    *world.0.oidc_nonce.borrow_mut() = requests[1]["nonce"].clone();
    respond(&world, &engine, &client, state(1)).unwrap();
}
