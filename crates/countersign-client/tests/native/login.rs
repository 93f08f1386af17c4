//! The loopback redirect, and the requests that reach it.

use std::time::{Duration, Instant};

use countersign_client::Cause;
use countersign_client::native::{Error, NativeClient, Scheme};
use reqwest::StatusCode;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::world::{World, answer, engine_error, log_in, parameters, visit};

#[tokio::test]
async fn a_login_comes_back_to_a_free_port_of_this_machine() {
    let world = World::new().await;
    let client = world.builder().scopes(["profile"]).build().unwrap();
    assert!(client.tokens().await.unwrap().is_none());

    let pending = client.begin_login().await.unwrap();
    let asked = parameters(pending.url());
    let redirect_uri = Url::parse(&asked["redirect_uri"]).unwrap();
    assert_eq!(redirect_uri.host_str(), Some("127.0.0.1"));
    assert!(redirect_uri.port().unwrap() > 1023);
    assert_eq!(asked["scope"], "openid profile");
    assert_eq!(asked["code_challenge_method"], "S256");
    let back = answer(pending.url(), "alice").await;
    let (tokens, (status, page)) = tokio::join!(pending.finish(), visit(&back));
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("You may close this window"), "{page}");

    let tokens = tokens.unwrap();
    assert_eq!(tokens.scheme, Scheme::Dpop);
    assert_eq!(tokens.claims["sub"], "alice");
    assert_eq!(tokens.thumbprint.as_ref(), Some(&asked["dpop_jkt"]));
    assert!(tokens.has_refresh_token);
    let again = client.tokens().await.unwrap().unwrap();
    assert_eq!(again.access_token, tokens.access_token);

    // The listener is gone.
    let port = redirect_uri.port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn login_hands_the_url_to_the_program() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let tokens = client.login(|url| {
        let url = url.to_owned();
        tokio::spawn(async move { visit(&answer(&url, "bob").await).await });
    });
    assert_eq!(tokens.await.unwrap().claims["sub"], "bob");
}

#[tokio::test]
async fn only_the_response_of_this_login_ends_it() {
    let world = World::new().await;
    let client = world
        .builder()
        .redirect_uri("http://127.0.0.1/callback")
        .build()
        .unwrap();
    let pending = client.begin_login().await.unwrap();
    let back = answer(pending.url(), "alice").await;
    let redirect_uri = parameters(pending.url())["redirect_uri"].clone();
    assert!(redirect_uri.ends_with("/callback"), "{redirect_uri}");
    let root = Url::parse(&redirect_uri).unwrap().join("/").unwrap();
    let state = parameters(&back)["state"].clone();

    let finished = tokio::spawn(pending.finish());
    // Browsers open connections in advance, and ask for icons.
    let _idle = TcpStream::connect(("127.0.0.1", root.port().unwrap()))
        .await
        .unwrap();
    for (url, status) in [
        (
            root.join("/favicon.ico").unwrap().into(),
            StatusCode::NOT_FOUND,
        ),
        (root.to_string(), StatusCode::NOT_FOUND),
        (
            format!("{root}?code=c&state={state}"),
            StatusCode::NOT_FOUND,
        ),
        (redirect_uri.clone(), StatusCode::BAD_REQUEST),
        (
            format!("{redirect_uri}?code=c&state=another"),
            StatusCode::BAD_REQUEST,
        ),
        (
            format!("{redirect_uri}?error=access_denied&state="),
            StatusCode::BAD_REQUEST,
        ),
    ] {
        assert_eq!(visit(&url).await.0, status, "{url}");
    }
    let form = reqwest::Client::new()
        .post(&redirect_uri)
        .body(format!("state={state}"));
    assert_eq!(form.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert!(!finished.is_finished());

    assert_eq!(visit(&back).await.0, StatusCode::OK);
    assert_eq!(finished.await.unwrap().unwrap().claims["sub"], "alice");
}

#[tokio::test]
async fn logins_at_the_same_time_do_not_meet() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let (one, other) = (
        client.begin_login().await.unwrap(),
        client.begin_login().await.unwrap(),
    );
    let (first, second) = (
        answer(one.url(), "alice").await,
        answer(other.url(), "bob").await,
    );
    let (tokens, _) = tokio::join!(other.finish(), visit(&second));
    assert_eq!(tokens.unwrap().claims["sub"], "bob");
    let (tokens, _) = tokio::join!(one.finish(), visit(&first));
    assert_eq!(tokens.unwrap().claims["sub"], "alice");
}

#[tokio::test]
async fn a_user_who_cancels_is_told_so_by_both() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let back = answer(pending.url(), "").await;
    let (tokens, (status, page)) = tokio::join!(pending.finish(), visit(&back));
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("refused"), "{page}");
    let refused = engine_error(tokens);
    assert_eq!(refused.cause, Cause::AuthorizationError);
    assert_eq!(refused.details[0], "access_denied");
    assert!(refused.to_string().contains("access_denied"), "{refused}");
}

#[tokio::test]
async fn a_response_of_another_issuer_is_refused() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let back = Url::parse(&answer(pending.url(), "alice").await).unwrap();
    let mut forged = back.clone();
    forged
        .query_pairs_mut()
        .clear()
        .extend_pairs(back.query_pairs().map(|(name, value)| match &*name {
            "iss" => (name, "https://evil.example".into()),
            _ => (name, value),
        }));
    let (tokens, _) = tokio::join!(pending.finish(), visit(forged.as_str()));
    assert_eq!(engine_error(tokens).cause, Cause::ResponseIssuerMismatch);
    assert!(world.token_requests().is_empty(), "the code goes nowhere");
}

#[tokio::test]
async fn a_response_that_repeats_a_parameter_is_refused() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let back = answer(pending.url(), "alice").await + "&code=other";
    let (tokens, _) = tokio::join!(pending.finish(), visit(&back));
    let refused = engine_error(tokens);
    assert_eq!(refused.cause, Cause::ResponseInvalid);
    assert_eq!(
        refused.to_string(),
        "the authorization response holds \"code\" twice (RFC 6749, 3.1); log in again"
    );
    assert!(world.token_requests().is_empty(), "the code goes nowhere");
}

#[tokio::test]
async fn parameters_that_bind_a_login_are_not_the_programs() {
    let world = World::new().await;
    let builder = || world.builder();
    for client in [
        builder().authorization_parameter("dpop_jkt", "mine"),
        builder().token_parameter("code_verifier", "mine"),
    ] {
        let client = client.build().unwrap();
        let outcome = match client.begin_login().await {
            Err(error) => Err(error),
            Ok(pending) => {
                let back = answer(pending.url(), "alice").await;
                tokio::join!(pending.finish(), visit(&back)).0
            }
        };
        let refused = engine_error(outcome);
        assert_eq!(refused.cause, Cause::ParameterReserved);
        let [name] = &refused.details[..] else {
            panic!("one name");
        };
        assert!(
            refused.to_string().starts_with(&format!("\"{name}\" is")),
            "{refused}"
        );
        assert!(world.token_requests().is_empty());
    }
}

#[tokio::test]
async fn a_browser_that_does_not_come_back_is_not_waited_for() {
    let world = World::new().await;
    let limit = Duration::from_millis(300);
    let client = world.builder().login_timeout(limit).build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let port = Url::parse(&parameters(pending.url())["redirect_uri"])
        .unwrap()
        .port()
        .unwrap();
    let begun = Instant::now();
    let outcome = pending.finish().await;
    assert!(matches!(outcome, Err(Error::LoginTimedOut { limit: waited }) if waited == limit));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_login_that_is_given_up_frees_its_port() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let redirect_uri = parameters(pending.url())["redirect_uri"].clone();
    drop(pending);
    let client = world.builder().redirect_uri(&redirect_uri).build().unwrap();
    assert!(log_in(&client).await.is_ok(), "the same port again");
}

#[tokio::test]
async fn further_parameters_go_where_they_belong() {
    let world = World::new().await;
    let client = world
        .builder()
        .authorization_parameter("login_hint", "alice")
        .token_parameter("purpose", "test")
        .resource(&world.api)
        .build()
        .unwrap();
    let pending = client.begin_login().await.unwrap();
    let asked = parameters(pending.url());
    assert_eq!(asked["login_hint"], "alice");
    assert_eq!(asked["resource"], world.api);
    let back = answer(pending.url(), "alice").await;
    let (tokens, _) = tokio::join!(pending.finish(), visit(&back));
    tokens.unwrap();
    let [request] = &world.token_requests()[..] else {
        panic!("one token request");
    };
    assert_eq!(request.form("purpose").as_deref(), Some("test"));
    assert_eq!(request.form("resource"), Some(world.api));
}

#[tokio::test]
async fn a_secret_goes_with_token_requests_and_nowhere_else() {
    let world = World::new().await;
    let basic = world.builder().client_secret_basic("s3cret").build();
    let post = world.builder().client_secret_post("s3cret").build();
    for client in [basic, post] {
        // Its clients are public, so this server refuses. Only the request that it received
        // matters.
        let refused = engine_error(log_in(&client.unwrap()).await);
        assert_eq!(refused.cause, Cause::TokenRefused);
        assert_eq!(refused.details[0], "invalid_client");
    }
    let [basic, post] = &world.token_requests()[..] else {
        panic!("two token requests");
    };
    // cli:s3cret
    let expected = "Basic Y2xpOnMzY3JldA==";
    assert_eq!(basic.authorization.as_deref(), Some(expected));
    assert_eq!(basic.form("client_secret"), None);
    assert_eq!(post.authorization, None);
    assert_eq!(post.form("client_secret").as_deref(), Some("s3cret"));
    for discovery in world.idp.to("/.well-known/openid-configuration") {
        assert_eq!(discovery.authorization, None);
    }
}

#[tokio::test]
async fn after_a_logout_there_is_nothing_left() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    assert_eq!(client.logout().await.unwrap(), None);
    let before = log_in(&client).await.unwrap();
    let url = client.logout().await.unwrap().unwrap();
    assert!(
        url.starts_with(&format!("{}/logout?", world.issuer)),
        "{url}"
    );
    let told = parameters(&url);
    assert_eq!(told.get("id_token_hint"), before.id_token.as_ref());
    assert!(!told.contains_key("post_logout_redirect_uri"));
    assert_eq!(visit(&url).await.0, StatusCode::OK);

    assert!(client.tokens().await.unwrap().is_none());
    let outcome = client.send(client.http().get(world.url("/api/me"))).await;
    assert!(matches!(outcome, Err(Error::NotLoggedIn)));
    let after = log_in(&client).await.unwrap();
    assert_ne!(after.thumbprint, before.thumbprint, "the key is gone, too");
}

#[tokio::test]
async fn a_server_that_is_down_is_said_to_be_down() {
    let client = NativeClient::builder("http://localhost:1", "cli").build();
    let refused = engine_error(client.unwrap().begin_login().await);
    assert_eq!(refused.cause, Cause::DiscoveryUnreachable);
    assert!(refused.to_string().contains("refused"), "{refused}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_one_that_cannot_be_reached() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let client = NativeClient::builder(&issuer, "cli")
        .timeout(Duration::from_millis(200))
        .build();
    let refused = engine_error(client.unwrap().begin_login().await);
    assert_eq!(refused.cause, Cause::DiscoveryUnreachable);
    assert!(refused.to_string().contains("timed out"), "{refused}");
}

#[tokio::test]
async fn metadata_can_be_given_instead_of_discovered() {
    let world = World::new().await;
    let client = world
        .builder()
        .metadata(serde_json::json!({
            "authorization_endpoint": format!("{}/authorize", world.issuer),
            "token_endpoint": format!("{}/token", world.issuer),
            "dpop_signing_alg_values_supported": ["ES256"],
        }))
        .build()
        .unwrap();
    assert_eq!(log_in(&client).await.unwrap().scheme, Scheme::Dpop);
    let discovery = world.idp.to("/.well-known/openid-configuration");
    assert!(discovery.is_empty());
    let built = world.builder().metadata("a string".into()).build();
    assert!(matches!(built, Err(Error::MetadataInvalid)));
}
