//! Tokens that expire.

use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use countersign_client::Cause;
use countersign_client::native::NativeClient;
use reqwest::StatusCode;

use crate::world::{World, engine_error};

async fn me(client: &NativeClient, world: &World) -> StatusCode {
    let me = client.http().get(world.url("/api/me"));
    client.send(me).await.unwrap().status()
}

#[tokio::test]
async fn a_renewal_keeps_the_key() {
    let world = World::new().await;
    let client = world.logged_in().await;
    let before = client.tokens().await.unwrap().unwrap();
    let after = client.renew().await.unwrap();
    assert_ne!(after.access_token, before.access_token);
    assert_eq!(after.thumbprint, before.thumbprint);
    assert_eq!(me(&client, &world).await, StatusCode::OK);
    let sent = world.calls.to("/api/me").pop().unwrap();
    let expected = format!("DPoP {}", after.access_token);
    assert_eq!(sent.authorization, Some(expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rc9_many_calls_near_the_end_renew_once() {
    let world = World::with("access_token_lifetime_seconds = 2", &[]).await;
    let client = world.logged_in().await;
    assert_eq!(me(&client, &world).await, StatusCode::OK);
    assert_eq!(world.token_requests().len(), 1, "not yet");
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (client, url) = (client.clone(), world.url("/api/me"));
            tokio::spawn(async move { client.send(client.http().get(url)).await.unwrap().status() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), StatusCode::OK);
    }
    let requests = world.token_requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[1].form("grant_type").as_deref(),
        Some("refresh_token")
    );
}

#[tokio::test]
async fn a_renewal_that_fails_is_no_failure_while_the_token_lives() {
    let world = World::with("access_token_lifetime_seconds = 6", &[]).await;
    let client = world.logged_in().await;
    // It is in its last quarter.
    tokio::time::sleep(Duration::from_millis(4_700)).await;
    world.idp.is_down.store(true, Ordering::Relaxed);
    assert_eq!(me(&client, &world).await, StatusCode::OK);
    assert_eq!(me(&client, &world).await, StatusCode::OK);
    assert_eq!(
        world.token_requests().len(),
        2,
        "one attempt, not one a call"
    );
    let refused = engine_error(client.renew().await);
    assert_eq!(refused.cause, Cause::TokenRefused);
    assert_eq!(refused.details[2], "503");
}

#[tokio::test]
async fn without_a_refresh_token_the_session_ends_with_the_token() {
    let world = World::with(
        "refresh_tokens = false\naccess_token_lifetime_seconds = 1",
        &[],
    )
    .await;
    let client = world.logged_in().await;
    assert_eq!(me(&client, &world).await, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let outcome = client.send(client.http().get(world.url("/api/me"))).await;
    let refused = engine_error(outcome);
    assert_eq!(refused.cause, Cause::NoRefreshToken);
    assert!(refused.to_string().contains("log in again"), "{refused}");
    assert_eq!(world.calls.to("/api/me").len(), 1);
}

#[tokio::test]
async fn a_renewal_runs_to_its_end_without_its_asker() {
    let world = World::new().await;
    let client = world.logged_in().await;
    let before = client.tokens().await.unwrap().unwrap();
    // It is begun, and dropped before the server has answered: the server runs in this thread.
    let mut renewal = Box::pin(client.renew());
    let is_pending = poll_fn(|context| Poll::Ready(renewal.as_mut().poll(context).is_pending()));
    assert!(is_pending.await);
    drop(renewal);
    for _ in 0..100 {
        let now = client.tokens().await.unwrap().unwrap();
        if now.access_token != before.access_token {
            // The rotated refresh token is not lost.
            assert!(client.renew().await.is_ok());
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the renewal was lost");
}
