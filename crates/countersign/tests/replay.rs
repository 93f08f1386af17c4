//! Each proof is accepted once: RFC 9449, 11.1 (V15 and S1 of the checklist).
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

mod common;

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::sync::Arc;

use common::{Draft, NOW, Signer, verify, verify_by};
use countersign::{
    UnixSeconds,
    digest::Thumbprint,
    proof::VerifierPolicy,
    replay::{InProcessReplayStore, ReplayCapacity, ReplayEntry, ReplayError, ReplayStore},
};
use proptest::prelude::*;

fn store(capacity: usize) -> InProcessReplayStore {
    InProcessReplayStore::new(capacity, &[7; 32])
}

fn entry(key: u8, jti: &str, until: UnixSeconds) -> ReplayEntry<'_> {
    ReplayEntry::new(&Thumbprint::from_digest([key; 32]), jti, until)
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("this store never waits"),
    }
}

#[test]
fn v15_a_proof_is_accepted_once() {
    let signer = Signer::p256();
    let store = store(100);
    let insert =
        |draft: Draft| store.insert_now(&verify(&draft.sign(&signer)).unwrap().replay_entry(), NOW);
    assert_eq!(insert(Draft::new(&signer)), Ok(()));
    assert_eq!(insert(Draft::new(&signer)), Err(ReplayError::Seen));
    // Also where everything but key and `jti` differs.
    let other = Draft::new(&signer)
        .claim("htu", "https://api.example.com/a/../notes")
        .claim("iat", NOW.0 - 30);
    assert_eq!(insert(other), Err(ReplayError::Seen));
    assert_eq!(insert(Draft::new(&signer).claim("jti", "another")), Ok(()));
}

#[test]
fn s1_keys_share_no_jti_space() {
    let store = store(100);
    let until = NOW.plus(65);
    assert_eq!(store.insert_now(&entry(1, "1", until), NOW), Ok(()));
    assert_eq!(store.insert_now(&entry(2, "1", until), NOW), Ok(()));
    assert_eq!(
        store.insert_now(&entry(2, "1", until), NOW),
        Err(ReplayError::Seen)
    );
}

#[test]
fn v15_verifying_burns_nothing() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer).sign(&signer);
    let once = verify(&proof).unwrap();
    let again = verify(&proof).unwrap();
    assert_eq!(again.replay_entry(), once.replay_entry());
    assert_eq!(store(1).insert_now(&once.replay_entry(), NOW), Ok(()));
}

#[test]
fn v15_an_entry_lives_until_its_proof_could_no_longer_be_accepted() {
    let signer = Signer::p256();
    for (iat, leeway) in [
        (NOW.0 - 60, 5),
        (NOW.0, 5),
        (NOW.0 + 5, 5),
        (NOW.0, 0),
        (NOW.0 - 60, 0),
    ] {
        let policy = VerifierPolicy::default().with_leeway(Duration::from_secs(leeway));
        let proof = Draft::new(&signer).claim("iat", iat).sign(&signer);
        let store = store(2);
        let first = verify_by(policy.clone(), &proof, NOW).unwrap();
        let first = first.replay_entry();
        assert_eq!(
            first.until(),
            UnixSeconds(iat + 60 + leeway.max(1).cast_signed())
        );
        assert_eq!(store.insert_now(&first, NOW), Ok(()));
        for later in NOW.0..=iat + 70 {
            let later = UnixSeconds(later);
            // Pushes everything out of the store that may go.
            let _ = store.insert_now(&entry(1, &later.0.to_string(), later.plus(1)), later);
            if let Ok(verified) = verify_by(policy.clone(), &proof, later) {
                assert_eq!(
                    store.insert_now(&verified.replay_entry(), later),
                    Err(ReplayError::Seen),
                    "{iat} {later:?}"
                );
            }
        }
    }
}

#[test]
fn v15_a_full_store_refuses_and_forgets_nothing() {
    let store = store(3);
    let until = NOW.plus(65);
    for jti in ["1", "2", "3"] {
        assert_eq!(store.insert_now(&entry(1, jti, until), NOW), Ok(()));
    }
    for jti in ["4", "5", "6"] {
        assert_eq!(
            store.insert_now(&entry(1, jti, until), NOW),
            Err(ReplayError::Full)
        );
    }
    for jti in ["1", "2", "3"] {
        assert_eq!(
            store.insert_now(&entry(1, jti, until), NOW),
            Err(ReplayError::Seen)
        );
    }
    let later = until.plus(1);
    assert_eq!(
        store.insert_now(&entry(1, "4", later.plus(65)), later),
        Ok(())
    );
}

#[test]
fn v15_a_clock_that_stepped_back_refuses_what_may_have_been_forgotten() {
    let store = store(10);
    let until = NOW.plus(65);
    assert_eq!(store.insert_now(&entry(1, "1", until), NOW), Ok(()));
    assert_eq!(
        store.insert_now(&entry(1, "2", NOW.plus(200)), NOW.plus(100)),
        Ok(())
    );
    assert_eq!(
        store.insert_now(&entry(1, "1", until), NOW),
        Err(ReplayError::Stale)
    );
    assert_eq!(
        store.insert_now(&entry(1, "3", NOW.plus(100)), NOW),
        Err(ReplayError::Stale)
    );
    assert_eq!(store.insert_now(&entry(1, "3", NOW.plus(101)), NOW), Ok(()));
}

#[test]
fn v15_of_simultaneous_uses_one_is_accepted() {
    let store = Arc::new(store(1_000_000));
    let accepted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let store = Arc::clone(&store);
                scope.spawn(move || {
                    let insert =
                        |i: i32| ready(store.insert(&entry(1, &i.to_string(), NOW.plus(65)), NOW));
                    (0..5_000).filter(|i| insert(*i) == Ok(())).count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(accepted, 5_000);
}

#[test]
fn v15_a_store_of_many_parts_has_the_room_it_promises() {
    let capacity = 300_000;
    let store = store(capacity);
    let until = |i: usize| NOW.plus(1 + (i % 65) as i64);
    assert!(store.allocated_bytes() < 100_000);
    for i in 0..capacity {
        assert_eq!(
            store.insert_now(&entry(1, &i.to_string(), until(i)), NOW),
            Ok(()),
            "{i}"
        );
    }
    let refused = (0..capacity).find(|i| {
        store.insert_now(&entry(2, &i.to_string(), until(*i)), NOW) == Err(ReplayError::Full)
    });
    assert!(
        refused.is_some_and(|more| more < capacity / 20),
        "{refused:?}"
    );
    assert!(store.allocated_bytes() < capacity * 28);
    for i in 0..capacity {
        assert_eq!(
            store.insert_now(&entry(1, &i.to_string(), until(i)), NOW),
            Err(ReplayError::Seen),
            "{i}"
        );
    }
}

#[test]
fn v15_a_store_of_so_many_bytes_takes_no_more() {
    // In seconds; beyond 75, so many bytes more in the only part.
    for (bytes, window, more) in [
        (100_000, 75, 0),
        (5_000_000, 75, 0),
        (100_000, 600, 525 * 300),
    ] {
        let store = InProcessReplayStore::new(ReplayCapacity::Bytes(bytes), &[7; 32]);
        let full = (0..bytes).find(|i| {
            let until = NOW.plus(1 + (i % window) as i64);
            store.insert_now(&entry(1, &i.to_string(), until), NOW) == Err(ReplayError::Full)
        });
        assert!(full.is_some_and(|entries| entries >= bytes / 40));
        let allocated = store.allocated_bytes();
        assert!(allocated <= bytes + more, "{bytes} {window}: {allocated}");
        assert!(more == 0 || allocated > bytes, "no more is taken");
    }
}

proptest! {
    /// Whatever the order of keys, lives and clocks: `Ok` is never said twice for one that still
    /// lives by the newest clock, nor twice for one and the same proof.
    #[test]
    fn v15_ok_is_said_once_in_a_life(
        capacity in 1..6_usize,
        steps in prop::collection::vec((0..8_u8, -3..9_i64, -2..4_i64), 1..120),
    ) {
        let store = store(capacity);
        let (mut now, mut newest) = (NOW, NOW);
        let mut lives = std::collections::HashMap::new();
        for (name, life, step) in steps {
            now = now.plus(step);
            newest = newest.max(now);
            let until = now.plus(life);
            if store.insert_now(&entry(name, "1", until), now) == Ok(()) {
                if let Some(earlier) = lives.insert(name, until) {
                    prop_assert!(earlier < newest && earlier != until, "accepted again at {now:?}, {newest:?}; lives until {earlier:?}");
                }
                prop_assert!(lives.values().filter(|until| **until >= newest).count() <= capacity);
            }
        }
    }
}
