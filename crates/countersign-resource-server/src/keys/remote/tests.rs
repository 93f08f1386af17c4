use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

mod fresh;

use tokio::sync::Notify;

use super::*;
use crate::keys::{Fetch, FetchError, Tokio};

const ISSUER: &str = "https://issuer.example.com";
const START: i64 = 1_767_225_600;

/// What the issuer does when asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Issuer {
    Serves(&'static str),
    IsDown,
    Hangs,
    WaitsToServe(&'static str),
}

/// Only `kid` differs between these.
const FIRST: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const SECOND: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

struct World {
    issuer: Mutex<Issuer>,
    asked: Mutex<Vec<String>>,
    go: Notify,
    now: AtomicI64,
}

struct Port(Arc<World>);

impl Fetch for Port {
    async fn get(&self, url: &str, _limit: usize) -> Result<Vec<u8>, FetchError> {
        self.0.asked.lock().expect("lock").push(url.to_owned());
        let issuer = *self.0.issuer.lock().expect("lock");
        let jwks = match issuer {
            Issuer::IsDown => return Err(FetchError::Transport("refused".to_owned())),
            Issuer::Hangs => std::future::pending().await,
            Issuer::Serves(jwks) => jwks,
            Issuer::WaitsToServe(jwks) => {
                if url.ends_with("configuration") {
                    self.0.go.notified().await;
                }
                jwks
            }
        };
        match url.ends_with("configuration") {
            true => Ok(format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{ISSUER}/jwks"}}"#).into()),
            false => Ok(jwks.into()),
        }
    }
}

fn world(issuer: Issuer) -> (Arc<World>, Arc<KeyReader>) {
    let world = Arc::new(World {
        issuer: Mutex::new(issuer),
        asked: Mutex::default(),
        go: Notify::new(),
        now: AtomicI64::new(START),
    });
    let clock = Arc::clone(&world);
    let keys = KeyReader::new(
        KeySource {
            issuer: ISSUER.to_owned(),
            jwks_uri: None,
        },
        KeyAges::default(),
        Arc::new(Port(Arc::clone(&world))),
        Arc::new(Tokio),
        Arc::new(move || UnixSeconds(clock.now.load(Ordering::Relaxed))),
    );
    (world, Arc::new(keys))
}

/// Of the default [`KeyAges`].
const REFRESH: i64 = 600;
const MAX: i64 = 24 * 3600;

impl Newer {
    #[track_caller]
    fn number(self) -> u64 {
        match self {
            Self::Keys(keys) => keys.number,
            other => panic!("{other:?} are no keys"),
        }
    }
}

impl World {
    fn set(&self, issuer: Issuer) {
        *self.issuer.lock().expect("lock") = issuer;
    }

    fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Fetches so far; each reads two documents.
    fn fetches(&self) -> usize {
        let asked = self.asked.lock().expect("lock");
        asked
            .iter()
            .filter(|url| url.ends_with("configuration"))
            .count()
    }
}

/// Tasks beside this one come as far as they can.
async fn others_run() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

fn transport() -> DiscoveryError {
    DiscoveryError::Fetch {
        url: format!("{ISSUER}/.well-known/openid-configuration"),
        source: FetchError::Transport("refused".to_owned()),
    }
}

#[tokio::test]
async fn keys_are_read_when_first_needed_and_once_for_a_burst() {
    let (world, keys) = world(Issuer::WaitsToServe(FIRST));
    assert_eq!(world.fetches(), 0);
    let burst: Vec<_> = (0..50)
        .map(|_| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.current().await })
        })
        .collect();
    tokio::task::yield_now().await;
    world.go.notify_one();
    for one in burst {
        let found = one.await.expect("task").expect("keys");
        assert_eq!((found.number, found.set.len()), (0, 1));
    }
    assert_eq!(
        *world.asked.lock().expect("lock"),
        [
            format!("{ISSUER}/.well-known/openid-configuration"),
            format!("{ISSUER}/jwks"),
        ]
    );
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_end_the_fetch() {
    let (world, keys) = world(Issuer::WaitsToServe(FIRST));
    let impatient = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.current().await }
    });
    tokio::task::yield_now().await;
    impatient.abort();
    assert!(impatient.await.expect_err("aborted").is_cancelled());
    world.go.notify_one();
    assert!(keys.current().await.is_ok());
    assert_eq!(world.fetches(), 1);
}

#[tokio::test]
async fn rr1_an_unknown_key_makes_the_issuer_be_asked_again() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    assert_eq!(keys.current().await.expect("keys").number, 0);
    world.set(Issuer::Serves(SECOND));
    let newer = keys.newer(0).await.expect("the issuer is up");
    assert_eq!(newer.number(), 1);
    assert_eq!(keys.current().await.expect("keys").number, 1);
    // Who asks for something newer than the old ones gets it without another fetch.
    assert_eq!(keys.newer(0).await.expect("up").number(), 1);
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn rr1_unknown_keys_cost_the_issuer_a_bounded_number_of_requests() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    let burst = async |answers: usize| {
        for number in 0..100 {
            let newer = keys.newer(0).await.expect("the issuer is up");
            match number < answers {
                true => assert!(matches!(newer, Newer::None), "{number}: {newer:?}"),
                false => assert!(matches!(newer, Newer::NotNow), "{number}: {newer:?}"),
            }
        }
    };
    burst(UNKNOWN_KEY_BURST as usize).await;
    assert_eq!(world.fetches(), 1 + UNKNOWN_KEY_BURST as usize);
    world.advance(UNKNOWN_KEY_INTERVAL);
    burst(1).await;
    assert_eq!(world.fetches(), 2 + UNKNOWN_KEY_BURST as usize);
    // The keys are the same ones: nothing verified with them has to be verified anew.
    assert_eq!(keys.current().await.expect("keys").number, 0);
}

#[tokio::test]
async fn an_unknown_key_while_the_issuer_is_down_is_not_called_unknown() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    world.set(Issuer::IsDown);
    assert_eq!(*keys.newer(0).await.expect_err("down"), transport());
    assert_eq!(*keys.newer(0).await.expect_err("still down"), transport());
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn rr2_a_failed_fetch_is_tried_again_shortly() {
    let (world, keys) = world(Issuer::IsDown);
    for _ in 0..20 {
        assert_eq!(*keys.current().await.expect_err("down"), transport());
    }
    assert_eq!(world.fetches(), 1);
    world.set(Issuer::Serves(FIRST));
    world.advance(RETRY_AFTER_FAILURE - 1);
    assert_eq!(*keys.current().await.expect_err("too early"), transport());
    world.advance(1);
    assert!(keys.current().await.is_ok());
    assert_eq!(world.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn rr2_an_issuer_that_hangs_keeps_nobody_longer_than_the_timeout() {
    let (world, keys) = world(Issuer::Hangs);
    let began = tokio::time::Instant::now();
    let error = keys.current().await.expect_err("no answer");
    assert_eq!(*error, DiscoveryError::TimedOut { after: TIMEOUT });
    assert_eq!(began.elapsed(), TIMEOUT);
    world.set(Issuer::Serves(FIRST));
    world.advance(RETRY_AFTER_FAILURE);
    assert!(keys.current().await.is_ok());
}

#[tokio::test]
async fn old_keys_are_refreshed_beside_the_requests() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    world.set(Issuer::WaitsToServe(SECOND));
    world.advance(REFRESH - 1);
    keys.current().await.expect("keys");
    assert_eq!(world.fetches(), 1);
    world.advance(1);
    assert_eq!(keys.current().await.expect("the old keys").number, 0);
    world.go.notify_one();
    others_run().await;
    assert_eq!(keys.current().await.expect("keys").number, 1);
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn stale_keys_serve_while_the_issuer_is_down_but_not_for_ever() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    world.set(Issuer::IsDown);
    for _ in 0..10 {
        world.advance(MAX / 10 - 1);
        assert_eq!(keys.current().await.expect("stale keys").number, 0);
        others_run().await;
    }
    world.advance(10);
    assert_eq!(*keys.current().await.expect_err("too old"), transport());
}

#[tokio::test]
async fn a_clock_that_steps_back_does_not_stop_refreshing() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    world.advance(-7200);
    assert_eq!(keys.current().await.expect("keys").number, 0);
    others_run().await;
    assert_eq!(world.fetches(), 2);
}
