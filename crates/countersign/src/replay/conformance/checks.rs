//! The checks that need one thread.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Fixture, Inserted, Outcome, ReplayEntry, ReplayError, insert};
use crate::{UnixSeconds, digest::Thumbprint};

const KEY: Thumbprint = Thumbprint::from_digest([0x5a; 32]);
const JTI: &str = "-BwC3ESc6acc2lTc";

/// A store with one handle, and the time.
struct World<'a, F: Fixture> {
    fixture: &'a F,
    stores: Vec<F::Store>,
    start: UnixSeconds,
}

impl<'a, F: Fixture> World<'a, F> {
    fn new(fixture: &'a F) -> Self {
        Self::with_handles(fixture, 1)
    }

    fn with_handles(fixture: &'a F, handles: usize) -> Self {
        let stores = fixture.open(handles);
        assert!(stores.len() >= handles, "the fixture opens too few handles");
        Self {
            fixture,
            stores,
            start: fixture.now(),
        }
    }

    /// The end of an entry that is made at the start.
    fn end(&self) -> UnixSeconds {
        self.start.plus(self.fixture.life_seconds().max(2))
    }

    /// At the start, by the first handle.
    fn insert(&self, entry: &ReplayEntry<'_>) -> Inserted {
        self.insert_at(entry, self.start)
    }

    fn insert_at(&self, entry: &ReplayEntry<'_>, now: UnixSeconds) -> Inserted {
        self.insert_by(0, entry, now)
    }

    fn insert_by(&self, handle: usize, entry: &ReplayEntry<'_>, now: UnixSeconds) -> Inserted {
        insert(self.fixture, &self.stores[handle], entry, now)
    }
}

fn entry(jti: &str, until: UnixSeconds) -> ReplayEntry<'_> {
    ReplayEntry::new(&KEY, jti, until)
}

/// Asserts that the store accepts the entry.
fn taken(outcome: Inserted, which: &str) -> Outcome {
    outcome.map_err(|error| format!("{which} was refused with {error:?}"))
}

/// Asserts that the store knows the entry.
fn seen(outcome: Inserted, which: &str) -> Outcome {
    match outcome {
        Err(ReplayError::Seen) => Ok(()),
        Ok(()) => Err(format!("{which} was accepted")),
        Err(other) => Err(format!(
            "{which} was refused with {other:?} and not as Seen"
        )),
    }
}

/// Asserts that the store refuses the entry, for whatever reason.
fn refused(outcome: Inserted, which: &str) -> Outcome {
    match outcome {
        Ok(()) => Err(format!("{which} was accepted")),
        Err(_) => Ok(()),
    }
}

pub(super) fn once<F: Fixture>(fixture: &F) -> Outcome {
    let world = World::new(fixture);
    let first = entry(JTI, world.end());
    taken(world.insert(&first), "a new proof")?;
    seen(world.insert(&first), "the same proof")?;
    seen(world.insert(&first), "the same proof for the third time")?;
    let longer = entry(JTI, world.end().plus(9));
    seen(world.insert(&longer), "a later proof with its key and jti")
}

pub(super) fn shared<F: Fixture>(fixture: &F) -> Outcome {
    let world = World::with_handles(fixture, 3);
    for (first, jti) in ["a", "b", "c"].into_iter().enumerate() {
        let proof = entry(jti, world.end());
        taken(world.insert_by(first, &proof, world.start), "a new proof")?;
        for handle in 0..3 {
            let which = format!("by handle {handle}, the proof that handle {first} has accepted");
            seen(world.insert_by(handle, &proof, world.start), &which)?;
        }
    }
    Ok(())
}

pub(super) fn whole_life<F: Fixture>(fixture: &F) -> Outcome {
    let world = World::with_handles(fixture, 2);
    let end = world.end();
    // Inserted by a server whose clock is right, and by one whose clock is ahead: the entry's life
    // must not depend on that.
    let ahead = (fixture.life_seconds() / 2).clamp(1, 5);
    let proofs = [
        (JTI, 0, "a new proof", "its use"),
        (
            "ahead",
            ahead,
            "a new proof, by a server whose clock is ahead,",
            "its use by a server whose clock is ahead",
        ),
    ];
    for (jti, ahead, which, _) in proofs {
        let now = world.start.plus(ahead);
        taken(world.insert_at(&entry(jti, end), now), which)?;
    }
    for age in 1..=end.since(world.start) {
        let now = world.start.plus(age);
        fixture.wait_until(now);
        for (jti, _, _, used) in proofs {
            let which = |what| {
                let left = end.since(now);
                format!("{what}, {age} s after {used} and {left} s before its end,")
            };
            // A store may call an entry stale in its last second, but not before.
            let by_other = world.insert_by(1, &entry(jti, end), now);
            refused(by_other, &which("the same proof"))?;
            let longer = entry(jti, end.plus(fixture.life_seconds()));
            let again = world.insert_at(&longer, now);
            seen(again, &which("a later proof with the same key and jti"))?;
        }
    }
    Ok(())
}

pub(super) fn refusal_changes_nothing<F: Fixture>(fixture: &F) -> Outcome {
    let world = World::new(fixture);
    let end = world.end();
    taken(world.insert(&entry(JTI, end)), "a new proof")?;
    let shorter = entry(JTI, world.start.plus(1));
    refused(world.insert(&shorter), "an earlier proof with its jti")?;
    let later = world.start.plus(2);
    fixture.wait_until(later);
    let which = "a later proof with its jti, when one that was refused has ended,";
    seen(world.insert_at(&entry(JTI, end.plus(9)), later), which)
}

pub(super) fn stale<F: Fixture>(fixture: &F) -> Outcome {
    let world = World::with_handles(fixture, 2);
    let ended = entry("ended", world.start.plus(-1));
    let which = "a proof that ended before it came";
    refused(world.insert(&ended), which)?;
    refused(world.insert(&ended), which)?;

    let first = entry(JTI, world.start.plus(2));
    taken(world.insert(&first), "a new proof")?;
    let later = world.start.plus(3);
    fixture.wait_until(later);
    // Tells the time to a store without a clock of its own.
    let other = entry("another", later.plus(fixture.life_seconds()));
    taken(world.insert_at(&other, later), "a new proof")?;
    let which = "the proof that ended a second ago, by a server whose clock is two seconds behind,";
    refused(world.insert_by(1, &first, later.plus(-2)), which)
}

pub(super) fn far_end<F: Fixture>(fixture: &F) -> Outcome {
    let world = World::new(fixture);
    const DAY: i64 = 24 * 60 * 60;
    let ends = [
        world.start.plus(DAY),
        world.start.plus(400 * DAY),
        // In 2106 and in 2038, where 32 bits end; and one second on.
        UnixSeconds(1 << 32),
        UnixSeconds((1 << 32) + 1),
        UnixSeconds(1 << 31),
        UnixSeconds(i64::MAX / 1000),
        UnixSeconds(i64::MAX),
    ];
    for (name, end) in ends.into_iter().enumerate() {
        let jti = name.to_string();
        let which = format!("the second use of a proof that ends at {}", end.0);
        // A store may refuse what it can't remember.
        let _ = world.insert(&entry(&jti, end));
        refused(world.insert(&entry(&jti, end)), &which)?;
    }
    Ok(())
}

/// Fills a store, and returns the number of entries that it accepted.
fn fill<F: Fixture>(world: &World<'_, F>, capacity: usize) -> Result<usize, String> {
    for number in 0..=2 * capacity {
        let jti = format!("number {number}");
        match world.insert(&entry(&jti, world.end())) {
            Ok(()) => {}
            Err(ReplayError::Full) if number >= capacity => return Ok(number),
            Err(error) => {
                return Err(format!(
                    "with room for {capacity}, it refused a new proof with {error:?} when it had {number}"
                ));
            }
        }
    }
    Err(format!(
        "with room for {capacity}, it accepted twice as many at one time"
    ))
}

pub(super) fn full<F: Fixture>(fixture: &F) -> Outcome {
    let Some(capacity) = fixture.capacity() else {
        return Ok(());
    };
    let world = World::new(fixture);
    let count = fill(&world, capacity)?;
    for number in 0..count {
        let which = format!("of {count} proofs in a full store, number {number}");
        let jti = format!("number {number}");
        seen(world.insert(&entry(&jti, world.end())), &which)?;
    }
    Ok(())
}

pub(super) fn room_again<F: Fixture>(fixture: &F) -> Outcome {
    let Some(capacity) = fixture.capacity() else {
        return Ok(());
    };
    let world = World::new(fixture);
    fill(&world, capacity)?;
    let life = fixture.life_seconds().max(2);
    let late = entry("late", world.start.plus(4 * life));
    // A store of several parts may have room for it.
    let had_room = world.insert(&late).is_ok();
    // A store may keep entries longer than it has to, but not for ever.
    let later = world.start.plus(2 * life);
    fixture.wait_until(later);
    let end = later.plus(life);
    let again = world.insert_at(&late, later);
    match had_room {
        true => seen(again, "a proof that had found room")?,
        false => taken(
            again,
            "when all had ended, the proof that had found no room",
        )?,
    }
    for number in 1..capacity {
        let jti = format!("later {number}");
        let which = format!("when all had ended, new proof {number} of {capacity}");
        taken(world.insert_at(&entry(&jti, end), later), &which)?;
    }
    Ok(())
}

pub(super) fn distinct<F: Fixture>(fixture: &F) -> Outcome {
    let world = World::new(fixture);
    let long = |last: &str| format!("{}{last}", "x".repeat(255));
    let (long_a, long_b) = (long("a"), long("b"));
    let long_first = format!("a{}", &long_b[..255]);
    let jtis = [
        // Case, blanks at the end, a null byte, forms of Unicode: what a database may take for
        // equal.
        "a",
        "A",
        "a ",
        " a",
        "a\0",
        "a\0b",
        "\u{e9}",
        "e\u{301}",
        "1",
        "01",
        "1.0",
        "%61",
        "null",
        // Cut off at some length.
        &long_a,
        &long_b,
        &long_first,
    ];
    let with_bit = |byte: usize, bit: u8| {
        let mut digest = *KEY.as_bytes();
        digest[byte] ^= bit;
        Thumbprint::from_digest(digest)
    };
    // Their base64url differs by case alone.
    let (upper, lower) = ([0; 32], *b"\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa6\x9a\x69\xa0");
    let keys = [
        KEY,
        with_bit(0, 0x80),
        with_bit(31, 1),
        Thumbprint::from_digest(upper),
        Thumbprint::from_digest(lower),
        Thumbprint::from_digest([0xff; 32]),
    ];
    let pairs = jtis.iter().map(|jti| (&KEY, *jti));
    let pairs = pairs.chain(keys[1..].iter().map(|key| (key, "a")));
    let pairs: Vec<_> = pairs.collect();
    for (key, jti) in &pairs {
        let which = format!(
            "the first proof with jti {jti:?} of key {}",
            key.to_base64url()
        );
        let proof = ReplayEntry::new(key, jti, world.end());
        taken(world.insert(&proof), &which)?;
    }
    for (key, jti) in &pairs {
        let which = format!(
            "the second proof with jti {jti:?} of key {}",
            key.to_base64url()
        );
        let proof = ReplayEntry::new(key, jti, world.end());
        seen(world.insert(&proof), &which)?;
    }
    Ok(())
}

pub(super) fn lengths<F: Fixture>(fixture: &F) -> Outcome {
    for jti in [
        "x".to_string(),
        "x".repeat(255),
        "x".repeat(256),
        "\u{1f511}".repeat(64), // four bytes each
        "\0".to_string(),
        "'; --\r\n\t\"\\".to_string(),
    ] {
        let world = World::new(fixture);
        let which = format!("a proof with a jti of {} bytes, {jti:.20?},", jti.len());
        let proof = entry(&jti, world.end());
        taken(world.insert(&proof), &which)?;
        seen(world.insert(&proof), &format!("again, {which}"))?;
    }
    Ok(())
}
