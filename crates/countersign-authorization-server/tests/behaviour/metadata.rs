use serde_json::json;

use crate::world::*;

#[tokio::test]
async fn t6_the_metadata_lists_what_the_server_does() {
    let world = World::new();
    let reply = world.send(get("/.well-known/openid-configuration")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(
        reply.json(),
        json!({
            "issuer": "http://localhost:9441",
            "authorization_endpoint": "http://localhost:9441/authorize",
            "token_endpoint": "http://localhost:9441/token",
            "pushed_authorization_request_endpoint": "http://localhost:9441/par",
            "require_pushed_authorization_requests": false,
            "userinfo_endpoint": "http://localhost:9441/userinfo",
            "end_session_endpoint": "http://localhost:9441/logout",
            "jwks_uri": "http://localhost:9441/jwks",
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "claims_supported": [
                "iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "at_hash",
                "name", "preferred_username", "email", "email_verified"
            ],
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "authorization_response_iss_parameter_supported": true,
            "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "PS256", "RS256"],
        })
    );
    let other = world
        .send(get("/.well-known/oauth-authorization-server"))
        .await;
    assert_eq!(other.json(), reply.json());
}

#[tokio::test]
async fn the_key_is_named_by_its_thumbprint_and_new_at_each_start() {
    let mut kids = Vec::new();
    for _ in 0..2 {
        let jwks = World::new().send(get("/jwks")).await.json();
        let key = jwks["keys"][0].as_object().expect("a key").clone();
        assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(1));
        let mut members: Vec<_> = key.keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(
            (&key["kty"], &key["crv"], &key["use"], &key["alg"]),
            (
                &json!("EC"),
                &json!("P-256"),
                &json!("sig"),
                &json!("ES256")
            )
        );
        let public = countersign::jwk::PublicJwk::from_json(&key).expect("a public key");
        let thumbprint = countersign::crypto::thumbprint(&public);
        assert_eq!(key["kid"], thumbprint.to_base64url());
        kids.push(key["kid"].clone());
    }
    assert_ne!(kids[0], kids[1]);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_endpoints_below_it() {
    let world = World::with(r#"issuer = "https://id.example.com/realms/one""#);
    for path in [
        "/realms/one/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/realms/one",
    ] {
        let metadata = world.send(get(path)).await.json();
        assert_eq!(metadata["issuer"], "https://id.example.com/realms/one");
        assert_eq!(
            metadata["token_endpoint"],
            "https://id.example.com/realms/one/token"
        );
    }
    assert_eq!(world.send(get("/realms/one/jwks")).await.status, 200);
    assert_eq!(world.send(get("/jwks")).await.status, 404);
}

#[tokio::test]
async fn every_response_shows_the_servers_clock() {
    let world = World::new();
    assert_eq!(
        world.send(get("/jwks")).await.header("date"),
        Some(START_DATE)
    );
    assert_eq!(
        world.send(get("/token")).await.header("date"),
        Some(START_DATE)
    );
    let ahead = World::with("clock_offset_seconds = 600");
    let date = "Thu, 01 Jan 2026 00:10:00 GMT";
    assert_eq!(ahead.send(get("/jwks")).await.header("date"), Some(date));
    let behind = World::with("clock_offset_seconds = -600");
    let date = "Wed, 31 Dec 2025 23:50:00 GMT";
    assert_eq!(behind.send(get("/jwks")).await.header("date"), Some(date));
}
