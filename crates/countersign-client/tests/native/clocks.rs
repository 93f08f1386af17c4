//! Servers whose clocks differ from this machine's.

use std::time::{Duration, SystemTime};

use axum::extract::Request;
use axum::http::header::DATE;
use axum::middleware::{Next, from_fn};
use countersign_resource_server::{Clock, SystemClock};
use reqwest::StatusCode;

use crate::world::{World, options};

/// Both servers' clocks are this many seconds ahead; this machine's is right, or the other way
/// round.
async fn world(ahead: i64) -> World {
    let idp = format!("clock_offset_seconds = {ahead}");
    World::around(&idp, move |issuer, port| {
        let options = options(issuer, port, &[]);
        let server = example_api::resource_server(&options, port)
            .with_clock(move || SystemClock.now().plus(ahead))
            .build()
            .unwrap();
        let router = example_api::router(&options, server).unwrap();
        router.layer(from_fn(move |request: Request, next: Next| async move {
            let mut response = next.run(request).await;
            let distance = Duration::from_secs(ahead.unsigned_abs());
            let now = if ahead < 0 {
                SystemTime::now() - distance
            } else {
                SystemTime::now() + distance
            };
            let date = httpdate::fmt_http_date(now).parse().unwrap();
            response.headers_mut().insert(DATE, date);
            response
        }))
    })
    .await
}

#[tokio::test]
async fn rc6_a_clock_that_is_ten_minutes_off_is_no_obstacle() {
    for ahead in [600, -600] {
        let world = world(ahead).await;
        let client = world.logged_in().await;
        let me = client.http().get(world.url("/api/me"));
        assert_eq!(client.send(me).await.unwrap().status(), StatusCode::OK);
        assert_eq!(world.token_requests().len(), 1, "discovery told the time");
        assert_eq!(world.calls.to("/api/me").len(), 1);
        // By the local clock.
        let tokens = client.tokens().await.unwrap().unwrap();
        let left = tokens.expires.duration_since(SystemTime::now()).unwrap();
        assert!((290..=302).contains(&left.as_secs()), "{left:?}");
        assert!(client.renew().await.is_ok());
    }
}
