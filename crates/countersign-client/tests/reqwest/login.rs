//! The loopback redirect, and who comes to it.

use std::time::{Duration, Instant};

use countersign_client::Cause;
use countersign_client::reqwest::{Error, NativeClient, TokenUse};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::world::{World, answer, log_in, parameters, refused, visit};

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
    assert_eq!(tokens.token_use, TokenUse::Dpop);
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
    let refused = refused(tokens);
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
    assert_eq!(refused(tokens).cause, Cause::ResponseIssuerMismatch);
    assert!(world.token_requests().is_empty(), "the code goes nowhere");
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
async fn a_port_that_is_taken_is_named() {
    let world = World::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect_uri = format!("http://127.0.0.1:{}/", taken.local_addr().unwrap().port());
    let client = world.builder().redirect_uri(&redirect_uri).build().unwrap();
    let error = client.begin_login().await.unwrap_err();
    assert!(matches!(error, Error::Listener { .. }));
    assert!(error.to_string().contains(&redirect_uri), "{error}");
}

#[tokio::test]
async fn a_redirect_uri_is_on_this_machine() {
    for redirect_uri in [
        "https://127.0.0.1/",
        "http://192.168.0.1/",
        "http://127.0.0.1.example/",
        "http://app.example/",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#a",
        "http://ann@127.0.0.1/",
        "app:/callback",
        "",
    ] {
        let built = NativeClient::builder("https://as.example", "cli")
            .redirect_uri(redirect_uri)
            .build();
        assert!(
            matches!(built, Err(Error::RedirectUriInvalid { .. })),
            "{redirect_uri}"
        );
    }
    for redirect_uri in ["http://localhost/a/b", "http://[::1]/", "http://127.0.0.1"] {
        let client = NativeClient::builder("https://as.example", "cli").redirect_uri(redirect_uri);
        assert!(client.build().is_ok(), "{redirect_uri}");
    }
}

#[tokio::test]
async fn localhost_is_listened_at_by_name() {
    let world = World::new().await;
    let uri = format!("http://localhost:{}/", world.by_name.port());
    let client = world.builder().redirect_uri(&uri).build().unwrap();
    drop(world.by_name);
    let pending = client.begin_login().await.unwrap();
    let back = answer(pending.url(), "alice").await;
    assert!(back.starts_with(&uri), "{back}");
    let finished = tokio::spawn(pending.finish());
    // Browsers choose either.
    for address in ["127.0.0.1", "[::1]"] {
        let elsewhere = back
            .replace("state=", "other=")
            .replace("localhost", address);
        assert_eq!(visit(&elsewhere).await.0, StatusCode::BAD_REQUEST);
    }
    visit(&back).await;
    assert!(finished.await.unwrap().is_ok());
}

/// Whoever has the other address of the name would get the response where the browser chooses that.
#[tokio::test]
async fn both_addresses_of_localhost_are_ours_or_none() {
    let world = World::new().await;
    let port = world.by_name.port();
    let uri = format!("http://localhost:{port}/");
    let client = world.builder().redirect_uri(&uri).build().unwrap();
    drop(world.by_name);
    for theirs in ["127.0.0.1", "[::1]"] {
        let _theirs = TcpListener::bind(format!("{theirs}:{port}")).await.unwrap();
        let outcome = client.begin_login().await;
        assert!(matches!(outcome, Err(Error::Listener { .. })), "{theirs}");
    }
    assert!(client.begin_login().await.is_ok());
}

/// Servers compare redirect URIs character by character (RFC 6749, 3.1.2.3).
#[tokio::test]
async fn a_redirect_uri_is_sent_as_it_is_registered() {
    let world = World::new().await;
    for (registered, sent) in [
        ("http://127.0.0.1", ""),
        ("http://localhost", ""),
        ("http://127.0.0.1/", "/"),
        ("http://[::1]/a/b", "/a/b"),
        ("http://127.0.0.1/a/", "/a/"),
    ] {
        let client = world.builder().redirect_uri(registered).build().unwrap();
        let pending = client.begin_login().await.unwrap();
        let asked = parameters(pending.url())["redirect_uri"].clone();
        let port = Url::parse(&asked).unwrap().port().unwrap();
        assert!(asked.ends_with(&format!(":{port}{sent}")), "{asked}");
        // A browser asks for `/` where there is no path.
        let (state, finished) = (
            parameters(pending.url())["state"].clone(),
            tokio::spawn(pending.finish()),
        );
        let response = format!("{asked}?error=e&state={state}");
        assert_eq!(visit(&response).await.0, StatusCode::OK);
        assert_eq!(
            refused(finished.await.unwrap()).cause,
            Cause::ResponseIssuerMismatch
        );
    }
}

#[tokio::test]
async fn a_request_may_come_in_pieces_and_not_without_end() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let redirect_uri = Url::parse(&parameters(pending.url())["redirect_uri"]).unwrap();
    let address = ("127.0.0.1", redirect_uri.port().unwrap());
    let waiting = tokio::spawn(pending.finish());
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.set_nodelay(true).unwrap();
    for piece in ["GET /x HTTP/1.1\r", "\n\r", "\n"] {
        slow.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");

    let mut endless = TcpStream::connect(address).await.unwrap();
    let flood = [b'a'; 40 * 1024];
    let _ = endless.write_all(&flood).await;
    let mut rest = Vec::new();
    let _ = endless.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn further_parameters_go_where_they_belong() {
    let world = World::new().await;
    let client = world
        .builder()
        .authorization_parameter("login_hint", "alice")
        .authorization_parameter("state", "mine")
        .token_parameter("purpose", "test")
        .resource(&world.api)
        .build()
        .unwrap();
    let pending = client.begin_login().await.unwrap();
    let asked = parameters(pending.url());
    assert_eq!(asked["login_hint"], "alice");
    assert_ne!(asked["state"], "mine");
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
        // Its clients are public, so this server refuses; what matters is what it was sent.
        let refused = refused(log_in(&client.unwrap()).await);
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
    assert_eq!(client.log_out().await.unwrap(), None);
    let before = log_in(&client).await.unwrap();
    let url = client.log_out().await.unwrap().unwrap();
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
    let refused = refused(client.unwrap().begin_login().await);
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
    let refused = refused(client.unwrap().begin_login().await);
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
    assert_eq!(log_in(&client).await.unwrap().token_use, TokenUse::Dpop);
    let discovery = world.idp.to("/.well-known/openid-configuration");
    assert!(discovery.is_empty());
    let built = world.builder().metadata("a string".into()).build();
    assert!(matches!(built, Err(Error::MetadataInvalid)));
}
