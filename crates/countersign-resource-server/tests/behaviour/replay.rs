//! Each proof once, and what happens when the store cannot say.

use std::sync::{Arc, Mutex};

use countersign::{
    UnixSeconds,
    digest::Thumbprint,
    replay::{
        InProcessReplayStore, ReplayEntry, ReplayError, ReplayStore,
        conformance::{self, Fixture},
    },
};
use countersign_resource_server::{Issuer, Rejection, ResourceServer, StaticKeys, Unavailable};
use serde_json::json;
use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot},
};

use crate::world::{AUDIENCE, ISSUER, World, api, send};

/// Answers what a test sets, and counts.
#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<(Option<ReplayError>, usize)>>);

impl Scripted {
    fn answer(&self, error: Option<ReplayError>) {
        self.0.lock().unwrap().0 = error;
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl ReplayStore for Scripted {
    async fn insert(&self, _entry: &ReplayEntry<'_>, _now: UnixSeconds) -> Result<(), ReplayError> {
        let mut inner = self.0.lock().unwrap();
        inner.1 += 1;
        inner.0.map_or(Ok(()), Err)
    }
}

#[tokio::test]
async fn v15_a_jti_is_used_once_whatever_the_target() {
    let world = World::new();
    let token = world.token();
    let proof = |htm: &str, jti: &str| {
        world.proof_with(&token, |_, claims| {
            claims["htm"] = htm.into();
            claims["jti"] = jti.into();
        })
    };
    world
        .call(&token, &proof("GET", "one"))
        .await
        .assert_accepted();
    let authorization = format!("DPoP {token}");
    let again = proof("PUT", "one");
    let headers = [("authorization", &*authorization), ("dpop", &again)];
    let answer = send(&world.api(), "PUT", "/notes", &headers).await;
    answer.assert_invalid_proof();
    assert_eq!(answer.rejection, Some(Rejection::Replayed));
    world
        .call(&token, &proof("GET", "two"))
        .await
        .assert_accepted();
}

#[tokio::test]
async fn s1_two_keys_share_no_jti() {
    let mut world = World::new();
    let jti = |world: &World, token: &str| {
        world.proof_with(token, |_, claims| claims["jti"] = "the same".into())
    };
    let token = world.token();
    world
        .call(&token, &jti(&world, &token))
        .await
        .assert_accepted();
    world.client = crate::world::Key::p256();
    let token = world.token();
    world
        .call(&token, &jti(&world, &token))
        .await
        .assert_accepted();
}

#[tokio::test]
async fn v15_a_replay_is_refused_as_long_as_the_proof_could_be_accepted() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof_with(&token, |_, claims| {
        claims["iat"] = json!(world.now().0 + 5);
    });
    world.call(&token, &proof).await.assert_accepted();
    world.advance(65);
    let answer = world.call(&token, &proof).await;
    assert_eq!(answer.rejection, Some(Rejection::Replayed));
    world.advance(1);
    assert_eq!(world.call(&token, &proof).await.name(), "IatTooOld");
}

#[tokio::test]
async fn v15_a_refused_request_uses_nothing_up() {
    let store = Scripted::default();
    let world = World::with(|builder| builder.with_replay_store(store.clone()));
    let token = world.token();
    let wrong = world.proof_with(&token, |_, claims| claims["htm"] = "PUT".into());
    assert_eq!(world.call(&token, &wrong).await.status, 401);
    let expired = world.token_with(|claims| claims["exp"] = json!(world.now().0 - 5));
    assert_eq!(world.prove(&expired).await.status, 401);
    let api = api(&world.server.requiring_scope("admin"));
    let authorization = format!("DPoP {token}");
    let proof = world.proof(&token);
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    assert_eq!(send(&api, "GET", "/notes", &headers).await.status, 403);
    assert_eq!(store.asked(), 0);
    world.call(&token, &proof).await.assert_accepted();
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn v15_without_the_stores_word_nothing_is_accepted() {
    let store = Scripted::default();
    let world = World::with(|builder| builder.with_replay_store(store.clone()));
    let token = world.token();
    for (error, cause, seconds) in [
        (ReplayError::Full, Unavailable::ReplayStoreFull, "10"),
        (ReplayError::Unavailable, Unavailable::ReplayStore, "2"),
        // The server's clock is wrong, not the client's proof.
        (ReplayError::Stale, Unavailable::Stale, "10"),
    ] {
        store.answer(Some(error));
        let answer = world.prove(&token).await;
        assert_eq!(answer.rejection, Some(Rejection::Unavailable(cause)));
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some(seconds));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.challenges().is_empty());
        assert_eq!(answer.body, "");
    }
    store.answer(Some(ReplayError::Seen));
    let answer = world.prove(&token).await;
    answer.assert_invalid_proof();
    assert_eq!(answer.rejection, Some(Rejection::Replayed));
    store.answer(None);
    world.prove(&token).await.assert_accepted();
}

#[tokio::test]
async fn rr4_other_proofs_push_no_proof_out() {
    let store = InProcessReplayStore::new(8, &[7; 32]);
    let world = World::with(|builder| builder.with_replay_store(store));
    let token = world.token();
    let stolen = world.proof(&token);
    world.call(&token, &stolen).await.assert_accepted();
    let mut refused = 0;
    for _ in 0..40 {
        let answer = world.prove(&token).await;
        if answer.rejection == Some(Rejection::Unavailable(Unavailable::ReplayStoreFull)) {
            refused += 1;
        }
    }
    assert!(refused > 0, "the store never filled");
    assert_eq!(
        world.call(&token, &stolen).await.rejection,
        Some(Rejection::Replayed)
    );
    // Room comes back as the entries end.
    world.advance(66);
    world.prove(&token).await.assert_accepted();
}

#[tokio::test]
async fn v15_of_a_burst_of_the_same_proof_one_is_accepted() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof(&token);
    let api = world.api();
    let burst: Vec<_> = (0..20)
        .map(|_| {
            let (api, token, proof) = (api.clone(), token.clone(), proof.clone());
            tokio::spawn(async move {
                let authorization = format!("DPoP {token}");
                let headers = [("authorization", &*authorization), ("dpop", &proof)];
                send(&api, "GET", "/notes", &headers).await.status
            })
        })
        .collect();
    let mut accepted = 0;
    for one in burst {
        accepted += usize::from(one.await.unwrap() == 200);
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn v16_replicas_that_share_a_store_accept_a_proof_once() {
    let shared = Arc::new(InProcessReplayStore::new(8, &[7; 32]));
    let world = World::with(|builder| builder.with_replay_store(Arc::clone(&shared)));
    let now = world.now();
    let replica = |store| {
        let keys = StaticKeys::new(world.issuer.jwks("1"));
        let issuer = Issuer::from_keys(ISSUER, AUDIENCE, keys);
        let replica = ResourceServer::builder(AUDIENCE, issuer)
            .with_clock(move || now)
            .with_replay_store(store);
        api(&replica.build().unwrap())
    };
    let token = world.token();
    let proof = world.proof(&token);
    world.call(&token, &proof).await.assert_accepted();
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    let answer = send(&replica(shared), "GET", "/notes", &headers).await;
    assert_eq!(answer.rejection, Some(Rejection::Replayed));
    // Which is why they need one: a store of its own does not know.
    let alone = Arc::new(InProcessReplayStore::new(8, &[7; 32]));
    send(&replica(alone), "GET", "/notes", &headers)
        .await
        .assert_accepted();
}

/// Behind a channel, as one behind a connection is: each insertion waits for its answer.
#[derive(Clone)]
struct Remote(mpsc::Sender<Insertion>);

struct Insertion {
    key: Thumbprint,
    jti: String,
    until: UnixSeconds,
    now: UnixSeconds,
    answer: oneshot::Sender<Result<(), ReplayError>>,
}

impl ReplayStore for Remote {
    async fn insert(&self, entry: &ReplayEntry<'_>, now: UnixSeconds) -> Result<(), ReplayError> {
        let (answer, answered) = oneshot::channel();
        let insertion = Insertion {
            key: *entry.thumbprint(),
            jti: entry.jti().to_owned(),
            until: entry.until(),
            now,
            answer,
        };
        let sent = self.0.send(insertion).await;
        sent.map_err(|_| ReplayError::Unavailable)?;
        answered.await.unwrap_or(Err(ReplayError::Unavailable))
    }
}

struct OnTokio(Runtime);

impl Fixture for OnTokio {
    type Store = Remote;

    fn open(&self, handles: usize) -> Vec<Remote> {
        let (sender, mut insertions) = mpsc::channel::<Insertion>(8);
        let store = InProcessReplayStore::new(40, &[7; 32]);
        self.0.spawn(async move {
            while let Some(one) = insertions.recv().await {
                let entry = ReplayEntry::new(&one.key, &one.jti, one.until);
                let _ = one.answer.send(store.insert_now(&entry, one.now));
            }
        });
        vec![Remote(sender); handles]
    }

    fn capacity(&self) -> Option<usize> {
        Some(40)
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn now(&self) -> UnixSeconds {
        UnixSeconds(1_767_225_600)
    }

    fn wait_until(&self, _moment: UnixSeconds) {}
}

#[test]
fn v16_the_suite_for_replay_stores_runs_on_any_runtime() {
    let fixture = OnTokio(Runtime::new().unwrap());
    assert_eq!(conformance::check(&fixture), Ok(()));
}
