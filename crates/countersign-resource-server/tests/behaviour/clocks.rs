//! A clock that jumps: what is believed, and what a moment's fault must not do.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign::UnixSeconds;
use countersign_resource_server::{
    Clock, InProcessReplayStore, NonceIssuer, Rejection, ReplayEntry, ReplayError, ReplayStore,
    Unavailable,
};
use serde_json::json;

use crate::world::{Answer, Log, START, World};

const YEAR: i64 = 365 * 24 * 3600;

/// A machine's two clocks.
#[derive(Clone, Default)]
struct Machine(Arc<(AtomicI64, AtomicU64)>);

impl Machine {
    /// Time passes, for both.
    fn passes(&self, seconds: u64) {
        self.jumps(seconds.cast_signed());
        self.0.1.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Somebody sets the clock, or the machine sleeps.
    fn jumps(&self, seconds: i64) {
        self.0.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Machine {
    fn now(&self) -> UnixSeconds {
        UnixSeconds(START).plus(self.0.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.0.1.load(Ordering::Relaxed)))
    }
}

/// Remembers what it is told of the time.
#[derive(Clone)]
struct Store(Arc<(InProcessReplayStore, Mutex<Vec<i64>>)>);

impl ReplayStore for Store {
    async fn insert(&self, entry: &ReplayEntry<'_>, now: UnixSeconds) -> Result<(), ReplayError> {
        self.0.1.lock().unwrap().push(now.0);
        self.0.0.insert_now(entry, now)
    }
}

fn world() -> (Machine, World) {
    let machine = Machine::default();
    let clock = machine.clone();
    (machine, World::with(|builder| builder.with_clock(clock)))
}

/// A call by a client whose own clock, and whose issuer's, shows the world's time.
async fn call(world: &World) -> Answer {
    world.prove(&world.token()).await
}

#[track_caller]
fn assert_in_doubt(answer: &Answer, seconds_ahead: i64) {
    let cause = Unavailable::Clock { seconds_ahead };
    assert_eq!(answer.rejection, Some(Rejection::Unavailable(cause)));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.challenges().is_empty());
}

#[tokio::test]
async fn v15_one_look_at_a_wrong_clock_ends_nothing() {
    let (machine, world) = world();
    let log = Log::default();
    let logging = log.as_default();
    call(&world).await.assert_accepted();
    machine.jumps(YEAR);
    assert_in_doubt(&call(&world).await, YEAR);
    // Without a token, nothing depends on the time.
    assert_eq!(world.get(&[]).await.status, 401);
    machine.jumps(-YEAR);
    call(&world).await.assert_accepted();
    drop(logging);
    let errors = log.lines_with("ERROR");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].contains("the clock has jumped ahead"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn v15_a_replay_store_is_never_told_of_a_moment_in_doubt() {
    let machine = Machine::default();
    let store = InProcessReplayStore::new(100, &[7; 32]);
    let store = Store(Arc::new((store, Mutex::default())));
    let (clock, told) = (machine.clone(), store.clone());
    let world = World::with(|builder| builder.with_clock(clock).with_replay_store(store));
    let token = world.token_with(|claims| claims["exp"] = json!(START + 3600 * 10));
    let proof = world.proof(&token);
    world.call(&token, &proof).await.assert_accepted();
    // Its token and proof would be good at that moment, too.
    machine.jumps(2 * 3600);
    let ahead = world.proof_with(&token, |_, claims| claims["iat"] = json!(START + 2 * 3600));
    assert_in_doubt(&world.call(&token, &ahead).await, 2 * 3600);
    machine.jumps(-2 * 3600);
    let replayed = world.call(&token, &proof).await;
    assert_eq!(replayed.rejection, Some(Rejection::Replayed));
    assert_eq!(*told.0.1.lock().unwrap(), [START, START]);
}

#[tokio::test]
async fn a_machine_that_slept_serves_again_after_five_seconds() {
    let (machine, mut world) = world();
    call(&world).await.assert_accepted();
    machine.jumps(8 * 3600);
    world.advance(8 * 3600);
    for _ in 0..5 {
        assert_in_doubt(&call(&world).await, 8 * 3600);
        machine.passes(1);
        world.advance(1);
    }
    call(&world).await.assert_accepted();
    // And goes on so, also where it sleeps again.
    machine.passes(3600);
    world.advance(3600);
    call(&world).await.assert_accepted();
    machine.jumps(3601);
    world.advance(3601);
    assert_in_doubt(&call(&world).await, 3601);
    world.client = crate::world::Key::p256();
    machine.passes(5);
    world.advance(5);
    call(&world).await.assert_accepted();
}

#[tokio::test]
async fn only_a_jump_that_holds_is_believed() {
    let (machine, world) = world();
    call(&world).await.assert_accepted();
    // Two faults with a good moment between are not one that held, nor is a clock that goes on
    // jumping.
    machine.jumps(YEAR);
    assert_in_doubt(&call(&world).await, YEAR);
    machine.jumps(-YEAR);
    machine.passes(3);
    world.advance(3);
    call(&world).await.assert_accepted();
    machine.jumps(YEAR);
    machine.passes(3);
    assert_in_doubt(&call(&world).await, YEAR);
    machine.jumps(YEAR);
    machine.passes(5);
    assert_in_doubt(&call(&world).await, 2 * YEAR);
    machine.passes(4);
    assert_in_doubt(&call(&world).await, 2 * YEAR);
}

#[tokio::test]
async fn a_clock_that_is_corrected_by_an_hour_or_set_back_is_believed() {
    let (machine, world) = world();
    let jump = |seconds: i64| {
        machine.jumps(seconds);
        world.advance(seconds);
    };
    for seconds in [3600, 1, 3599] {
        jump(seconds);
        call(&world).await.assert_accepted();
    }
    // What the store may have forgotten stays so: it says it, not the clock.
    jump(-7200);
    assert_eq!(call(&world).await.name(), "Stale");
    jump(3600);
    assert_eq!(call(&world).await.name(), "Stale");
    jump(3600);
    call(&world).await.assert_accepted();
}

#[tokio::test]
async fn v15_a_proof_that_the_store_may_have_forgotten_is_the_servers_trouble() {
    let world = World::new();
    let log = Log::default();
    let logging = log.as_default();
    call(&world).await.assert_accepted();
    assert_eq!(world.server.stale_rejections(), 0);
    world.advance(-600);
    for _ in 0..3 {
        let answer = call(&world).await;
        assert_eq!(
            answer.rejection,
            Some(Rejection::Unavailable(Unavailable::Stale))
        );
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("10"));
        assert!(answer.challenges().is_empty());
    }
    assert_eq!(world.server.clone().stale_rejections(), 3);
    drop(logging);
    // One line a second.
    let errors = log.lines_with("ERROR");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("check the clocks"), "{errors:?}");
    world.advance(600);
    call(&world).await.assert_accepted();
}

#[tokio::test]
async fn n2_no_nonce_is_made_of_a_moment_in_doubt() {
    let machine = Machine::default();
    let clock = machine.clone();
    let nonces = NonceIssuer::new(&[7; 32], Duration::from_secs(300));
    let world = World::with(|builder| builder.with_clock(clock).with_nonces(nonces));
    let token = world.token();
    let challenged = world.call(&token, &world.proof(&token)).await;
    let rejection = challenged.rejection.clone().unwrap();
    assert_eq!(rejection.code(), Some("use_dpop_nonce"));
    assert!(challenged.header("dpop-nonce").is_some());
    machine.jumps(YEAR);
    let response = world.server.rejection_response(&rejection);
    assert_eq!(response.status(), 503);
    assert!(response.headers().get("dpop-nonce").is_none());
}

#[tokio::test]
async fn a_clock_at_the_end_of_what_it_can_show_is_no_panic() {
    for end in [i64::MIN, i64::MAX] {
        let (machine, world) = world();
        machine
            .0
            .0
            .store(end.saturating_sub(START), Ordering::Relaxed);
        let answer = call(&world).await;
        assert_ne!(answer.rejection, None);
        machine.0.0.store(0, Ordering::Relaxed);
        machine.passes(5);
        // A fault of the one kind made the way back a jump ahead, which has to hold.
        call(&world).await;
        machine.passes(5);
        call(&world).await.assert_accepted();
    }
}
