//! Simultaneous uses: by one task that waits for all, and by many threads.

use alloc::{boxed::Box, format, string::ToString, vec::Vec};
use core::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};
use std::{sync::Barrier, thread};

use super::{Fixture, Inserted, Outcome, ReplayEntry, ReplayError, insert};
use crate::{UnixSeconds, digest::Thumbprint, replay::ReplayStore};

const USES: usize = 8;
/// The number of rounds, each with another proof, since a race is lost only now and then.
const ROUNDS: usize = 50;

pub(super) fn simultaneous<F: Fixture>(fixture: &F) -> Outcome {
    let key = Thumbprint::from_digest([0x5a; 32]);
    let until = |start: UnixSeconds| start.plus(fixture.life_seconds().max(2));
    // A small store is opened anew before it is full.
    let rounds = fixture.capacity().unwrap_or(ROUNDS).clamp(1, ROUNDS);
    let mut stores = fixture.open(USES);
    for round in 0..ROUNDS {
        if round % rounds == 0 {
            stores = fixture.open(USES);
        }
        let start = fixture.now();
        let jti = round.to_string();
        let entry = ReplayEntry::new(&key, &jti, until(start));
        let (outcomes, how) = match round % 2 {
            0 => (in_one_task(fixture, &stores, &entry, start), "by one task"),
            _ => (on_threads(fixture, &stores, &entry, start), "on threads"),
        };
        let count = |outcome: Inserted| outcomes.iter().filter(|one| **one == outcome).count();
        let (accepted, seen) = (count(Ok(())), count(Err(ReplayError::Seen)));
        if (accepted, seen) != (1, USES - 1) {
            return Err(format!(
                "of {USES} simultaneous uses {how}, {accepted} were accepted and {seen} refused as Seen"
            ));
        }
    }
    Ok(())
}

/// Polls each future until it waits, then the next one.
fn in_one_task<F: Fixture>(
    fixture: &F,
    stores: &[F::Store],
    entry: &ReplayEntry<'_>,
    now: UnixSeconds,
) -> Vec<Inserted> {
    type Use<'a> = Pin<Box<dyn Future<Output = Inserted> + Send + 'a>>;
    let mut uses: Vec<Use<'_>> = stores
        .iter()
        .map(|store| Box::pin(store.insert(entry, now)) as Use<'_>)
        .collect();
    let mut outcomes = Vec::with_capacity(uses.len());
    fixture.block_on(poll_fn(|context| {
        uses.retain_mut(|one| match one.as_mut().poll(context) {
            Poll::Ready(outcome) => {
                outcomes.push(outcome);
                false
            }
            Poll::Pending => true,
        });
        match uses.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }));
    outcomes
}

fn on_threads<F: Fixture>(
    fixture: &F,
    stores: &[F::Store],
    entry: &ReplayEntry<'_>,
    now: UnixSeconds,
) -> Vec<Inserted> {
    let start = Barrier::new(stores.len());
    thread::scope(|scope| {
        let uses: Vec<_> = stores
            .iter()
            .map(|store| {
                scope.spawn(|| {
                    start.wait();
                    insert(fixture, store, entry, now)
                })
            })
            .collect();
        let outcome = |one: thread::ScopedJoinHandle<'_, Inserted>| match one.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        uses.into_iter().map(outcome).collect()
    })
}
