//! Pushed authorization requests (RFC 9126; RFC 9449, 10.1): what is pushed, what the browser
//! visits instead, and errors.
#![allow(clippy::unwrap_used)]

mod world;

use std::collections::HashMap;

use countersign_client::{Cause, ClientConfig, ClientError, Engine, Mode, Visit};
use serde_json::{Value, json};
use world::*;

const PUSH: &str = "https://as.example/par";
const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:a b";

fn requiring() -> Value {
    let mut metadata = metadata();
    metadata["require_pushed_authorization_requests"] = json!(true);
    metadata["pushed_authorization_request_endpoint"] = json!(PUSH);
    metadata
}

fn pushed() -> Answer {
    Answer {
        status: 201,
        ..ok(json!({ "request_uri": REQUEST_URI, "expires_in": 60 }))
    }
}

/// A server that requires pushed requests. `script` answers them; they are numbered from 1.
fn world(
    mut script: impl FnMut(usize, &Sent) -> Option<Answer> + 'static,
) -> (World, Engine<World>) {
    let (world, engine) = World::new();
    let mut count = 0;
    world.script(move |sent, world| match &*sent.url {
        PUSH => {
            count += 1;
            script(count, sent)
        }
        url if url.ends_with("configuration") => Some(ok(requiring())),
        _ => Some(world.standard(sent)),
    });
    (world, engine)
}

fn visit(
    world: &World,
    engine: &Engine<World>,
    client: &TestClient,
    silent: bool,
) -> Result<HashMap<String, String>, ClientError> {
    let visit = if silent {
        Visit::Iframe
    } else {
        Visit::Interactive
    };
    let request = world.run(engine.prepare(client, &"https://app.example/".into(), visit))?;
    let url = request.to_url(&pairs(&[("ui_locales", "de fr")]))?;
    let pushed = world.run(engine.push(client, &url, request.is_bound(), &[]))?;
    let visited = pushed.unwrap_or(url);
    let (endpoint, query) = visited.split_once('?').unwrap();
    assert_eq!(endpoint, "https://as.example/authorize");
    Ok(parameters(query))
}

fn pushes(world: &World) -> Vec<Sent> {
    let sent = world.sent().into_iter();
    sent.filter(|sent| sent.url == PUSH).collect()
}

#[test]
fn c3_a_required_push_carries_the_whole_request_and_proves_the_key() {
    for silent in [false, true] {
        let (world, engine) = world(|_, _| Some(pushed()));
        let client = create(&engine, config(Mode::Auto));
        let visited = visit(&world, &engine, &client, silent).unwrap();
        let expected = pairs(&[
            ("tenant", "1"),
            ("client_id", "app"),
            ("request_uri", REQUEST_URI),
        ]);
        let expected: HashMap<_, _> = expected
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        assert_eq!(visited, expected, "nothing else is in the URL");

        let [sent] = &pushes(&world)[..] else {
            panic!("one request")
        };
        assert_eq!(sent.method, "POST");
        assert_eq!(sent.form["client_id"], "app");
        assert_eq!(sent.form["response_type"], "code");
        assert_eq!(sent.form["redirect_uri"], "https://app.example/");
        assert_eq!(sent.form["scope"], "openid profile");
        assert_eq!(sent.form["code_challenge_method"], "S256");
        assert_eq!(sent.form["ui_locales"], "de fr");
        assert_eq!(sent.form["dpop_jkt"], thumbprint(1));
        assert_eq!(sent.form.contains_key("prompt"), silent);
        let proof = sent.proof.as_ref().unwrap();
        assert_eq!(signer(proof), 1);
        assert_eq!(proof.claims["htm"], "POST");
        assert_eq!(proof.claims["htu"], PUSH);
        assert_eq!(proof.claims.get("ath"), None);

        *world.0.oidc_nonce.borrow_mut() = sent.form["nonce"].clone();
        respond(&world, &engine, &client, &sent.form["state"]).unwrap();
        let redemption = &world.token_requests()[0];
        assert_eq!(signer(redemption.proof.as_ref().unwrap()), 1);
    }
}

#[test]
fn c3_n5_a_nonce_challenge_to_a_push_is_answered_once() {
    let (world, engine) = world(|count, _| {
        Some(match count {
            1 => error(400, "use_dpop_nonce").nonce("n1"),
            2 => pushed().nonce("n2"),
            _ => error(400, "use_dpop_nonce").nonce(if count == 3 { "n3" } else { "n4" }),
        })
    });
    let client = create(&engine, config(Mode::Auto));
    visit(&world, &engine, &client, true).unwrap();
    let [first, second] = &pushes(&world)[..] else {
        panic!("two requests")
    };
    let proofs = [first, second].map(|sent| sent.proof.clone().unwrap());
    assert_eq!(proofs.each_ref().map(Proof::nonce), [None, Some("n1")]);
    assert_ne!(proofs[0].claims["jti"], proofs[1].claims["jti"]);
    assert_eq!(first.form, second.form);

    // It is the same server's nonce as at the token endpoint (N4).
    *world.0.oidc_nonce.borrow_mut() = second.form["nonce"].clone();
    respond(&world, &engine, &client, &second.form["state"]).unwrap();
    let redemption = world.token_requests().remove(0);
    assert_eq!(redemption.proof.unwrap().nonce(), Some("n2"));

    let refusal = visit(&world, &engine, &client, true).unwrap_err();
    assert_eq!(
        refused(&refusal),
        (Cause::PushRefused, vec!["use_dpop_nonce", "", "400"])
    );
    assert_eq!(pushes(&world).len(), 4);
}

#[test]
fn rc6_a_push_refused_for_its_time_is_sent_again_by_the_servers_clock() {
    let (world, engine) = world(|count, _| {
        Some(match count {
            1 => error(400, "invalid_dpop_proof").date(0),
            _ => pushed(),
        })
    });
    world.0.local_error.set(-600_000);
    let client = create(&engine, config(Mode::Auto));
    visit(&world, &engine, &client, true).unwrap();
    let times: Vec<_> = pushes(&world)
        .iter()
        .map(|sent| sent.proof.as_ref().unwrap().iat())
        .collect();
    assert_eq!(times, [START - 600, START]);
}

#[test]
fn what_an_app_adds_to_the_url_is_pushed() {
    let (world, engine) = world(|_, _| Some(pushed()));
    let client = create(&engine, config(Mode::Auto));
    let redirect_uri = "https://app.example/".into();
    let request = world.run(engine.prepare(&client, &redirect_uri, Visit::Iframe));
    let url = request.unwrap().to_url(&[]).unwrap();
    assert!(pushes(&world).is_empty());
    let url = url.replace("/authorize?", "/register?") + "&login_hint=alice%40example.com";
    let error = world
        .run(engine.push(&client, &url, true, &["dpop_jkt".into()]))
        .unwrap_err();
    assert_eq!(
        refused(&error),
        (Cause::ParameterReserved, vec!["dpop_jkt"])
    );
    assert!(pushes(&world).is_empty());
    let visited = world
        .run(engine.push(&client, &url, true, &["login_hint".into()]))
        .unwrap()
        .unwrap();
    assert_eq!(pushes(&world)[0].form["login_hint"], "alice@example.com");
    let (page, query) = visited.split_once('?').unwrap();
    assert_eq!(page, "https://as.example/register", "the app's choice");
    assert_eq!(parameters(query)["tenant"], "1");
}

#[test]
fn a_fragment_is_no_part_of_what_is_pushed() {
    let (world, engine) = world(|_, _| Some(pushed()));
    let client = create(&engine, config(Mode::Auto));
    let redirect_uri = "https://app.example/".into();
    let request = world.run(engine.prepare(&client, &redirect_uri, Visit::Iframe));
    let url = request.unwrap().to_url(&[]).unwrap();
    let smuggled = format!("{url}#&request=evil&client_id=evil&redirect_uri=https://evil.example/");
    for url in [&url, &smuggled] {
        world.run(engine.push(&client, url, true, &[])).unwrap();
    }
    let pushes = pushes(&world);
    assert_eq!(pushes[0].form, pushes[1].form);
}

#[test]
fn a_key_that_cannot_be_kept_is_not_proven() {
    let (world, engine) = world(|_, _| Some(pushed()));
    world.0.storage_refuses.set(1);
    let client = create(&engine, config(Mode::Enforced));
    visit(&world, &engine, &client, false).unwrap();
    let sent = pushes(&world).remove(0);
    assert!(sent.proof.is_none());
    assert_eq!(sent.form.get("dpop_jkt"), None);
}

#[test]
fn without_dpop_a_push_has_neither_thumbprint_nor_proof() {
    let (world, engine) = world(|_, _| Some(pushed()));
    let client = create(&engine, config(Mode::Off));
    visit(&world, &engine, &client, true).unwrap();
    let sent = pushes(&world).remove(0);
    assert!(sent.proof.is_none());
    assert_eq!(sent.form.get("dpop_jkt"), None);
}

#[test]
fn a_server_that_does_not_require_it_is_pushed_nothing_unless_the_app_says_so() {
    let metadata = || {
        let mut metadata = metadata();
        metadata["pushed_authorization_request_endpoint"] = json!(PUSH);
        metadata
    };
    for is_asked in [false, true] {
        let (world, engine) = World::new();
        world.script(move |sent, _| {
            Some(if sent.url == PUSH {
                pushed()
            } else {
                ok(metadata())
            })
        });
        let overrides = json!({ "require_pushed_authorization_requests": is_asked });
        let client = create(
            &engine,
            ClientConfig {
                metadata: Some(Json(overrides)),
                ..config(Mode::Auto)
            },
        );
        let visited = visit(&world, &engine, &client, true).unwrap();
        assert_eq!(visited.contains_key("request_uri"), is_asked);
        assert_eq!(visited.contains_key("code_challenge"), !is_asked);
        assert_eq!(pushes(&world).len(), usize::from(is_asked));
    }
}

#[test]
fn each_failure_of_a_push_has_a_name() {
    type Case = (fn() -> Option<Answer>, (Cause, Vec<&'static str>));
    let cases: [Case; 4] = [
        (|| None, (Cause::PushUnreachable, vec![PUSH])),
        (
            || Some(error(400, "invalid_scope")),
            (Cause::PushRefused, vec!["invalid_scope", "", "400"]),
        ),
        (
            || Some(ok(json!([]))),
            (Cause::PushResponseInvalid, vec![""]),
        ),
        (
            || Some(ok(json!({ "expires_in": 60 }))),
            (Cause::PushResponseInvalid, vec!["request_uri"]),
        ),
    ];
    for (answer, expected) in cases {
        let (world, engine) = world(move |_, _| answer());
        let client = create(&engine, config(Mode::Auto));
        let failure = visit(&world, &engine, &client, true).unwrap_err();
        assert_eq!(refused(&failure), expected);
        assert_eq!(pushes(&world).len(), 1);
    }
}

#[test]
fn nothing_is_pushed_to_nowhere_or_over_plain_http() {
    let url = "https://as.example/.well-known/openid-configuration";
    let name = "pushed_authorization_request_endpoint";
    for (endpoint, expected) in [
        (json!(null), (Cause::DiscoveryInvalid, vec![url, name])),
        (
            json!("http://as.example/par"),
            (Cause::EndpointInsecure, vec![name, "http://as.example/par"]),
        ),
    ] {
        let (world, engine) = World::new();
        world.script(move |_, _| {
            let mut metadata = requiring();
            metadata[name] = endpoint.clone();
            Some(ok(metadata))
        });
        let client = create(&engine, config(Mode::Auto));
        let failure = visit(&world, &engine, &client, true).unwrap_err();
        assert_eq!(refused(&failure), expected);
        assert_eq!(world.sent().len(), 1);
    }
}
