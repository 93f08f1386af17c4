//! The `Authorization` header, and what a client without usable credentials is told.

use countersign_resource_server::{CredentialsError, DpopRequirement, Rejection};
use http::StatusCode;

use crate::world::{ALGS, World, send};

const MALFORMED: &str = "The request must present one well-formed access token";

#[tokio::test]
async fn r5_without_credentials_the_challenge_has_no_error() {
    let world = World::new();
    for headers in [&[][..], &[("authorization", "Basic YTpi")]] {
        let answer = world.get(headers).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.challenges(), [format!(r#"DPoP algs="{ALGS}""#)]);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let reason = match headers {
            [] => CredentialsError::Missing,
            _ => CredentialsError::UnknownScheme,
        };
        assert_eq!(answer.rejection, Some(Rejection::Credentials(reason)));
    }
}

#[tokio::test]
async fn r5_where_bearer_is_accepted_its_challenge_stands_beside() {
    let world = World::with(|builder| builder.with_dpop(DpopRequirement::Optional));
    let dpop = format!(r#"DPoP algs="{ALGS}""#);
    let answer = world.get(&[]).await;
    assert_eq!(answer.challenges(), [&*dpop, "Bearer"]);

    let error = r#"error="invalid_token", error_description="The access token is not valid for this request""#;
    let answer = world.get(&[("authorization", "Bearer a.b.c")]).await;
    assert_eq!(
        answer.challenges(),
        [format!("{dpop}, {error}"), format!("Bearer {error}")]
    );

    // A proof's fault says nothing about Bearer.
    let answer = world.call(&world.token(), "x").await;
    assert_eq!(answer.challenges()[1], "Bearer");
}

#[tokio::test]
async fn r2_the_scheme_is_compared_without_case() {
    let world = World::new();
    let token = world.token();
    for scheme in ["DPoP", "dpop", "DPOP"] {
        let proof = world.proof(&token);
        let authorization = format!("{scheme} {token}");
        let answer = world
            .get(&[("authorization", &authorization), ("dpop", &proof)])
            .await;
        answer.assert_accepted();
    }
}

#[tokio::test]
async fn r2_two_authorization_headers_are_refused() {
    let world = World::new();
    let token = world.token();
    let authorization = format!("DPoP {token}");
    let answer = world
        .get(&[
            ("authorization", &authorization),
            ("authorization", &authorization),
            ("dpop", &world.proof(&token)),
        ])
        .await;
    answer.assert_refused(400, "invalid_request", MALFORMED);
    let reason = CredentialsError::Repeated { received: 2 };
    assert_eq!(answer.rejection, Some(Rejection::Credentials(reason)));
}

#[tokio::test]
async fn r2_a_header_with_two_tokens_is_refused() {
    let world = World::new();
    let answer = world
        .get(&[("authorization", "DPoP a.b.c, DPoP a.b.c")])
        .await;
    answer.assert_refused(
        401,
        "invalid_token",
        "The access token is not valid for this request",
    );
    let reason = CredentialsError::Malformed;
    assert_eq!(answer.rejection, Some(Rejection::Credentials(reason)));
}

#[tokio::test]
async fn r6_a_token_in_the_query_is_not_looked_for() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof(&token);
    let target = format!("/notes?access_token={token}");
    let answer = send(&world.api(), "GET", &target, &[("dpop", &proof)]).await;
    assert_eq!(answer.name(), "CredentialsMissing");
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn options_is_authenticated_like_any_other_method() {
    let world = World::new();
    let preflight = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "GET"),
    ];
    let answer = send(&world.api(), "OPTIONS", "/notes", &preflight).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.name(), "CredentialsMissing");

    let token = world.token();
    let proof = world.proof_with(&token, |_, claims| claims["htm"] = "OPTIONS".into());
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    send(&world.api(), "OPTIONS", "/notes", &headers)
        .await
        .assert_accepted();
}
