//! Tests of each endpoint, and of the journal.

use serde_json::json;

use crate::{
    idp::AUDIENCE,
    world::{Call, World, api_with},
};

#[tokio::test]
async fn notes_are_created_read_changed_and_deleted() {
    let world = World::new().await;
    let created = world
        .send(
            world
                .request("POST", "/api/notes")
                .json(&json!({ "text": "milk" })),
        )
        .await;
    assert_eq!(created.status, 201);
    assert_eq!(created.json(), json!({ "id": 1, "text": "milk" }));

    let listed = world.send(world.request("GET", "/api/notes")).await;
    assert_eq!(listed.json(), json!([{ "id": 1, "text": "milk" }]));

    let changed = world
        .send(
            world
                .request("PUT", "/api/notes/1")
                .json(&json!({ "text": "bread" })),
        )
        .await;
    assert_eq!(changed.json(), json!({ "id": 1, "text": "bread" }));

    let deleted = world.send(world.request("DELETE", "/api/notes/1")).await;
    assert_eq!(deleted.status, 204);
    let again = world.send(world.request("DELETE", "/api/notes/1")).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn files_come_as_a_form_or_as_the_body() {
    let world = World::new().await;
    let form = "--x\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n\
                Content-Type: image/png\r\n\r\n12345\r\n--x\r\n\
                Content-Disposition: form-data; name=\"title\"\r\n\r\nhi\r\n--x--\r\n";
    let answer = world
        .send(
            world
                .request("POST", "/api/files")
                .body("multipart/form-data; boundary=x", form),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({ "files": [
            { "field": "picture", "name": "a.png", "contentType": "image/png", "size": 5 },
            { "field": "title", "name": null, "contentType": null, "size": 2 },
        ] })
    );

    let raw = vec![7; 3 * 1024 * 1024];
    let answer = world
        .send(
            world
                .request("POST", "/api/files")
                .body("application/octet-stream", raw),
        )
        .await;
    assert_eq!(
        answer.json(),
        json!({ "files": [{
            "field": null,
            "name": null,
            "contentType": "application/octet-stream",
            "size": 3 * 1024 * 1024,
        }] })
    );
}

#[tokio::test]
async fn redirects_stay_within_the_origin() {
    let world = World::new().await;
    let answer = world
        .send(world.request("GET", "/api/redirect").header("x", "y"))
        .await;
    assert_eq!(answer.status, 400);
    for (to, status, location) in [
        ("/api/me", 302, Some("/api/me")),
        ("https://evil.example/", 400, None),
        ("//evil.example/", 400, None),
        ("/%5Cevil.example/", 400, None),
        ("/%09/evil.example/", 400, None),
        ("", 400, None),
    ] {
        let path = format!("/api/redirect?to={to}");
        let url = format!("{AUDIENCE}/api/redirect");
        let proof = world.client.proof("GET", &url, Some(&world.token), None);
        let call = Call::new("GET", &path).dpop(&world.token, &proof);
        let answer = world.send(call).await;
        assert_eq!(answer.status, status, "{to}");
        assert_eq!(answer.header("location"), location, "{to}");
    }
}

#[tokio::test]
async fn n2_one_endpoint_always_asks_for_nonces() {
    let world = World::new().await;
    for method in ["GET", "POST"] {
        let answer = world.send(world.request(method, "/api/with-nonce")).await;
        assert_eq!(answer.status, 401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.contains(r#"error="use_dpop_nonce""#),
            "{challenge}"
        );
        let nonce = answer.header("dpop-nonce").unwrap();
        let url = format!("{AUDIENCE}/api/with-nonce");
        let proof = world
            .client
            .proof(method, &url, Some(&world.token), Some(nonce));
        let call = Call::new(method, "/api/with-nonce").dpop(&world.token, &proof);
        assert_eq!(world.send(call).await.status, 200);
    }
    assert_eq!(
        world.send(world.request("GET", "/api/me")).await.status,
        200
    );
}

#[tokio::test]
async fn n2_with_the_flag_every_endpoint_asks() {
    let world = World::with("", &["--nonces"]).await;
    let answer = world.send(world.request("GET", "/api/me")).await;
    assert_eq!(answer.status, 401);
    let nonce = answer.header("dpop-nonce").unwrap();
    let url = format!("{AUDIENCE}/api/me");
    let proof = world
        .client
        .proof("GET", &url, Some(&world.token), Some(nonce));
    let call = Call::new("GET", "/api/me").dpop(&world.token, &proof);
    assert_eq!(world.send(call).await.status, 200);
}

#[tokio::test]
async fn unbound_tokens_are_accepted_as_bearer_only_with_the_flag() {
    for (flag, status) in [("required", 401), ("optional", 200)] {
        let world = World::with("dpop = \"off\"", &["--dpop", flag]).await;
        let answer = world
            .send(Call::new("GET", "/api/me").bearer(&world.token))
            .await;
        assert_eq!(answer.status, status);
        if status == 200 {
            let me = answer.json();
            assert_eq!(
                (&me["scheme"], &me["jkt"]),
                (&json!("Bearer"), &json!(null))
            );
        }
    }
}

#[tokio::test]
async fn s5_unbound_tokens_of_the_type_jwt_are_accepted_only_with_another_flag() {
    let idp = "dpop = \"off\"\naccess_token_typ = \"JWT\"";
    for (access_tokens, status) in [("default", 401), ("lenient", 200)] {
        let flags = ["--dpop", "optional", "--access-tokens", access_tokens];
        let world = World::with(idp, &flags).await;
        let answer = world
            .send(Call::new("GET", "/api/me").bearer(&world.token))
            .await;
        assert_eq!(answer.status, status, "{access_tokens}");
    }
}

#[tokio::test]
async fn the_journal_tells_each_request_and_its_reason() {
    let page = "http://localhost:9440";
    let world = World::with("", &["--allow-origin", page]).await;
    let preflight = Call::new("OPTIONS", "/api/me")
        .header("origin", page)
        .header("access-control-request-method", "GET");
    assert_eq!(world.send(preflight).await.status, 200);
    world.send(world.request("GET", "/api/me?q=1")).await;
    let refused = world
        .send(Call::new("POST", "/api/notes").header("origin", page))
        .await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), Some(page));

    let journal = world.journal(0).await;
    // The query is not part of `htu`: a proof that includes it is equivalent.
    let [accepted, refused] = &journal[..] else {
        panic!("{journal:?}");
    };
    let shown = |entry: &serde_json::Value| {
        json!([
            entry["id"],
            entry["method"],
            entry["url"],
            entry["outcome"],
            entry["status"],
            entry["reason"],
            entry["detail"],
        ])
    };
    assert_eq!(
        shown(accepted),
        json!([1, "GET", "/api/me?q=1", "accepted", 200, null, null])
    );
    assert_eq!(accepted["authorization"], format!("DPoP {}", world.token));
    assert_eq!(accepted["dpop"].as_str().unwrap().split('.').count(), 3);
    assert!(accepted["at"].as_u64().unwrap() > 1_600_000_000_000);
    assert_eq!(
        shown(refused),
        json!([
            2,
            "POST",
            "/api/notes",
            "refused",
            401,
            "CredentialsMissing",
            "the request has no Authorization header; send `Authorization: DPoP <token>`"
        ])
    );
    assert_eq!(
        (&refused["authorization"], &refused["dpop"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(world.journal(1).await.len(), 1);
    assert_eq!(world.journal(2).await.len(), 0);
}

#[tokio::test]
async fn unknown_paths_are_protected_whatever_the_flags() {
    let mut world = World::new().await;
    for flags in [
        &[][..],
        &["--allow-origin", "http://localhost:9440"],
        &["--dpop", "optional"],
    ] {
        for journal in [true, false] {
            world.api = api_with(&world.idp.issuer, flags, journal);
            for path in ["/", "/api/unknown", "/api/me/more"] {
                let stranger = world.send(Call::new("GET", path)).await;
                assert_eq!(stranger.status, 401, "{path} {flags:?}");
                assert_eq!(stranger.header("dpop-nonce"), None);
                let known = world.send(world.request("GET", path)).await;
                assert_eq!(known.status, 404, "{path} {flags:?}");
            }
        }
    }
}

#[tokio::test]
async fn n2_with_the_flag_unknown_paths_ask_for_nonces_too() {
    let world = World::with("", &["--nonces"]).await;
    let answer = world.send(world.request("GET", "/api/unknown")).await;
    assert_eq!(answer.status, 401);
    let nonce = answer.header("dpop-nonce").unwrap();
    let url = format!("{AUDIENCE}/api/unknown");
    let proof = world
        .client
        .proof("GET", &url, Some(&world.token), Some(nonce));
    let call = Call::new("GET", "/api/unknown").dpop(&world.token, &proof);
    assert_eq!(world.send(call).await.status, 404);
}

#[tokio::test]
async fn there_is_no_journal_unless_it_is_asked_for() {
    let world = World::new().await;
    let api = api_with(&world.idp.issuer, &[], false);
    // Without `--journal` it is like any other path: no one without a token can see which paths
    // exist.
    let answer = Call::new("GET", "/journal").send(&api).await;
    assert_eq!(answer.status, 401);
}
