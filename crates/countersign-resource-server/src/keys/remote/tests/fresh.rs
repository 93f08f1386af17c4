//! How old keys become, with and without requests.

use std::time::Duration;

use tokio::runtime::Handle;

use super::*;

#[tokio::test]
async fn rr2_after_hours_of_silence_a_request_waits_for_the_keys_of_now() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    world.set(Issuer::WaitsToServe(SECOND));
    // Up to twice the age the old ones serve, beside the fetch.
    world.advance(2 * REFRESH - 1);
    assert_eq!(keys.current().await.expect("the old keys").number, 0);
    world.advance(1);
    let waiting = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.current().await }
    });
    others_run().await;
    assert!(!waiting.is_finished());
    world.go.notify_one();
    let found = waiting.await.expect("task").expect("keys");
    assert_eq!(found.number, 1);
    assert_eq!(world.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn rr2_an_issuer_that_hangs_keeps_one_request_from_old_keys_and_not_each() {
    let (world, keys) = world(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    world.set(Issuer::Hangs);
    world.advance(2 * REFRESH);
    let began = tokio::time::Instant::now();
    assert_eq!(keys.current().await.expect("the old keys").number, 0);
    assert_eq!(began.elapsed(), TIMEOUT);
    for _ in 0..10 {
        world.advance(RETRY_AFTER_FAILURE);
        assert_eq!(keys.current().await.expect("the old keys").number, 0);
    }
    assert_eq!(began.elapsed(), TIMEOUT, "nobody waited again");
    world.advance(HANGS_FOR);
    keys.current().await.expect("the old keys");
    assert_eq!(began.elapsed(), 2 * TIMEOUT);
}

/// Keys whose clock is the runtime's.
fn living(issuer: Issuer) -> (Arc<World>, Arc<KeyReader>) {
    let (world, _) = world(issuer);
    let began = tokio::time::Instant::now();
    let keys = KeyReader::new(
        KeySource {
            issuer: ISSUER.to_owned(),
            jwks_uri: None,
        },
        KeyAges::default(),
        Arc::new(Port(Arc::clone(&world))),
        Arc::new(Tokio),
        Arc::new(move || {
            let elapsed = i64::try_from(began.elapsed().as_secs()).expect("a short test");
            UnixSeconds(START + elapsed)
        }),
    );
    (world, Arc::new(keys))
}

#[tokio::test(start_paused = true)]
async fn rr2_keys_are_kept_fresh_while_nobody_asks() {
    let (world, keys) = living(Issuer::Serves(FIRST));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(world.fetches(), 0, "nothing before the first use");
    keys.current().await.expect("keys");
    tokio::time::sleep(Duration::from_secs(8 * 3600 + 5)).await;
    assert_eq!(world.fetches(), 1 + 8 * 6);
    // So the key that was withdrawn at night is gone with the first request of the morning.
    world.set(Issuer::Serves(SECOND));
    tokio::time::sleep(Duration::from_secs(600)).await;
    world.set(Issuer::Hangs);
    assert_eq!(keys.current().await.expect("keys").number, 1);
}

#[tokio::test(start_paused = true)]
async fn rr2_the_task_that_keeps_keys_fresh_goes_on_through_an_outage() {
    let (world, keys) = living(Issuer::Serves(FIRST));
    keys.current().await.expect("keys");
    world.set(Issuer::IsDown);
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    world.set(Issuer::Serves(SECOND));
    tokio::time::sleep(2 * TIMEOUT).await;
    world.set(Issuer::Hangs);
    assert_eq!(keys.current().await.expect("keys").number, 1);
}

#[tokio::test(start_paused = true)]
async fn the_task_that_keeps_keys_fresh_ends_with_them() {
    let (world, keys) = living(Issuer::Serves(FIRST));
    let tasks = || {
        let runtime = Handle::current();
        runtime.metrics().num_alive_tasks()
    };
    keys.current().await.expect("keys");
    others_run().await;
    assert_eq!(tasks(), 1);
    // Between two of its looks.
    tokio::time::sleep(Duration::from_secs(3700)).await;
    let fetches = world.fetches();
    drop(keys);
    others_run().await;
    assert_eq!(tasks(), 0);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(world.fetches(), fetches);
}

#[test]
fn keys_serve_in_another_runtime_than_the_first() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build()
    };
    let (world, keys) = world(Issuer::Serves(FIRST));
    let first = runtime().expect("a runtime");
    first.block_on(keys.current()).expect("keys");
    drop(first);
    world.set(Issuer::Serves(SECOND));
    world.advance(2 * REFRESH);
    let second = runtime().expect("a runtime");
    let found = second.block_on(async {
        let found = keys.current().await.expect("keys");
        others_run().await;
        let tasks = Handle::current().metrics();
        assert_eq!(tasks.num_alive_tasks(), 1, "the keeper is there again");
        found
    });
    assert_eq!(found.number, 1);
}

/// A program without an asynchronous server has a runtime in each thread, which runs while that
/// thread waits for something.
#[test]
fn rr2_a_fetch_that_stands_still_with_its_runtime_keeps_nobody_waiting() {
    let runtime = |is_paused| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(is_paused).build();
        runtime.expect("a runtime")
    };
    let (world, keys) = world(Issuer::Serves(FIRST));
    let (still, running) = (runtime(false), runtime(true));
    still.block_on(keys.current()).expect("keys");
    // Begins a fetch beside the request, and then nothing runs there any more.
    world.advance(REFRESH);
    world.set(Issuer::Serves(SECOND));
    assert_eq!(still.block_on(keys.current()).expect("keys").number, 0);
    world.advance(REFRESH);
    let current = async {
        let waited = tokio::time::timeout(10 * TIMEOUT, keys.current()).await;
        waited.expect("nobody waits so long").expect("keys").number
    };
    // Perhaps the fetch is still under way; if not, the next request makes its own.
    assert_eq!(running.block_on(current), 0);
    let current = async { keys.current().await.expect("keys").number };
    assert_eq!(running.block_on(current), 1);
}
