//! Where the browser comes back to: addresses, ports, and the requests that may come there.

use std::time::Duration;

use countersign_client::Cause;
use countersign_client::native::{Error, NativeClient};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::world::{World, answer, engine_error, parameters, visit};

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
    // Browsers choose either address.
    for address in ["127.0.0.1", "[::1]"] {
        let elsewhere = back
            .replace("state=", "other=")
            .replace("localhost", address);
        assert_eq!(visit(&elsewhere).await.0, StatusCode::BAD_REQUEST);
    }
    visit(&back).await;
    assert!(finished.await.unwrap().is_ok());
}

/// A program that has the other address of the name would get the response if the browser chose
/// that address.
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
        // A browser requests `/` if there is no path.
        let (state, finished) = (
            parameters(pending.url())["state"].clone(),
            tokio::spawn(pending.finish()),
        );
        let response = format!("{asked}?error=e&state={state}");
        assert_eq!(visit(&response).await.0, StatusCode::OK);
        assert_eq!(
            engine_error(finished.await.unwrap()).cause,
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
async fn what_is_no_http_gets_no_answer() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let redirect_uri = Url::parse(&parameters(pending.url())["redirect_uri"]).unwrap();
    let address = ("127.0.0.1", redirect_uri.port().unwrap());
    let waiting = tokio::spawn(pending.finish());
    for text in [
        "nonsense\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"", "{text:?}");
    }
    assert!(!waiting.is_finished());
    waiting.abort();
}

/// Any program of this machine, and any page in its browsers, can open connections.
#[tokio::test]
async fn idle_connections_do_not_keep_the_response_out() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let back = answer(pending.url(), "alice").await;
    let port = Url::parse(&back).unwrap().port().unwrap();
    let finished = tokio::spawn(pending.finish());
    let mut idle = Vec::new();
    for number in 0..100 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        }
        idle.push(stream);
    }
    let page = tokio::time::timeout(Duration::from_secs(20), visit(&back)).await;
    let (status, _) = page.expect("the listener answers while others are silent");
    assert_eq!(status, StatusCode::OK);
    assert!(finished.await.unwrap().is_ok());
}

/// The first of many connections sends its request late: it was dropped, and no other was.
#[tokio::test]
async fn the_oldest_idle_connection_makes_room() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let redirect_uri = Url::parse(&parameters(pending.url())["redirect_uri"]).unwrap();
    let address = ("127.0.0.1", redirect_uri.port().unwrap());
    let waiting = tokio::spawn(pending.finish());
    let mut idle = Vec::new();
    for _ in 0..33 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /x HTTP/1.1\r\n").await.unwrap();
        idle.push(stream);
    }
    let mut oldest = Vec::new();
    let _ = idle.remove(0).read_to_end(&mut oldest).await;
    assert_eq!(oldest, b"");
    for mut stream in idle {
        stream.write_all(b"\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
    assert!(!waiting.is_finished());
    waiting.abort();
}
