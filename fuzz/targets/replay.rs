//! The replay store against a model: no live entry is accepted twice or forgotten, no entry is
//! found that was never inserted, and the store is full exactly when it holds as many live entries
//! as its capacity. Each insertion is four bytes: how the clock moves, the key, the `jti`, and how
//! long the entry lives.
#![no_main]

use std::collections::HashMap;

use countersign::{
    UnixSeconds,
    digest::Thumbprint,
    replay::{InProcessReplayStore, ReplayEntry, ReplayError},
};
use libfuzzer_sys::fuzz_target;

const START: i64 = 1_767_225_600;

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, steps)) = bytes.split_first() else {
        return;
    };
    let capacity = usize::from(size) + 1;
    let store = InProcessReplayStore::new(capacity, &[7; 32]);
    let mut live: HashMap<(u8, u8), i64> = HashMap::new();
    let (mut clock, mut newest) = (START, i64::MIN);
    for step in steps.chunks_exact(4) {
        // The clock moves up to half an hour ahead, and sometimes a few seconds back.
        clock += match step[0] {
            moved @ 0..=3 => -i64::from(moved),
            moved @ 4..=250 => i64::from(moved % 8),
            moved => i64::from(moved - 245) * 180,
        };
        newest = newest.max(clock);
        let (key, jti) = (step[1] % 4, step[2]);
        let until = clock + i64::from(step[3]) - 5;
        let text = format!("jti-{jti}");
        let entry = ReplayEntry::new(
            &Thumbprint::from_digest([key; 32]),
            &text,
            UnixSeconds(until),
        );
        // The end is inclusive: a proof can still be accepted at that moment.
        live.retain(|_, until| *until >= newest);
        let expected = if until <= newest {
            Err(ReplayError::Stale)
        } else if live.contains_key(&(key, jti)) {
            Err(ReplayError::Seen)
        } else if live.len() >= capacity {
            Err(ReplayError::Full)
        } else {
            live.insert((key, jti), until);
            Ok(())
        };
        let answered = store.insert_now(&entry, UnixSeconds(clock));
        assert_eq!(answered, expected, "{entry:?} at {clock}");
    }
});
