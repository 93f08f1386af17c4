//! Tests an implementation of [`ReplayStore`] against its contract (RFC 9449, 11.1). Feature
//! `replay-conformance`.
//!
//! Write a [`Fixture`] for the store and run [`check`] in its tests. Each [`Check`] looks for one
//! way in which a used proof would be accepted again, or an honest one refused:
//!
//! ```
//! use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
//! use std::sync::Arc;
//! use countersign::{UnixSeconds, replay::{InProcessReplayStore, conformance::{Fixture, self}}};
//!
//! struct InProcess;
//!
//! impl Fixture for InProcess {
//!     type Store = Arc<InProcessReplayStore>;
//!
//!     fn open(&self, handles: usize) -> Vec<Self::Store> {
//!         let store = Arc::new(InProcessReplayStore::new(100, &[7; 32]));
//!         vec![store; handles]
//!     }
//!
//!     fn capacity(&self) -> Option<usize> {
//!         Some(100)
//!     }
//!
//!     // A store with I/O has its runtime here: `self.runtime.block_on(future)`.
//!     fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
//!         match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
//!             Poll::Ready(value) => value,
//!             Poll::Pending => unreachable!("this store never waits"),
//!         }
//!     }
//!
//!     // Any time will do, since this store has no clock of its own. One that has sleeps in `wait_until`.
//!     fn now(&self) -> UnixSeconds {
//!         UnixSeconds(1_767_225_600)
//!     }
//!
//!     fn wait_until(&self, _moment: UnixSeconds) {}
//! }
//!
//! conformance::check(&InProcess).unwrap();
//! ```
//!
//! No test of a working store can show that nothing is lost when it restarts, fails over to a
//! replica that was behind, or runs out of memory. Then it has to answer
//! [`Stale`](ReplayError::Stale) or [`Unavailable`](ReplayError::Unavailable) for every proof whose
//! earlier use may be lost.

mod checks;
mod race;

use alloc::{string::String, vec::Vec};
use core::{fmt, future::Future};

use super::{ReplayEntry, ReplayError, ReplayStore};
use crate::UnixSeconds;

/// What the suite needs from the store under test.
pub trait Fixture: Sync {
    /// A handle to the store, as one server has it.
    type Store: ReplayStore;

    /// Opens a new, empty store and returns this many handles to it, each as another server would
    /// have it: with its own connection and cache.
    fn open(&self, handles: usize) -> Vec<Self::Store>;

    /// Returns the number of live entries that an opened store has room for, if it has a bound of
    /// its own; choose a small one, of 32 or more. `None`: the room is bounded elsewhere, and that
    /// bound is not checked.
    fn capacity(&self) -> Option<usize>;

    /// Runs the future to its end on this thread. Several threads call this at a time.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Returns the time for the first insertion of a check: that of the store's own clock, if it
    /// has one.
    fn now(&self) -> UnixSeconds;

    /// Waits until this second has come by the store's own clock, and returns before half of it has
    /// passed. A store without a clock has nothing to do.
    fn wait_until(&self, moment: UnixSeconds);

    /// Returns how long entries of the suite live, in seconds; at least two. The default is that of
    /// proofs: 60, and 5 of leeway. A fixture that really sleeps may choose less, but then misses a
    /// store that forgets too early by a time of its own.
    fn life_seconds(&self) -> i64 {
        65
    }
}

/// A property that a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// A proof is accepted once, and then refused with [`Seen`](ReplayError::Seen).
    Once,
    /// A proof that one server has accepted is accepted by no other.
    Shared,
    /// Of simultaneous uses, exactly one is accepted.
    Simultaneous,
    /// An entry is remembered until its end, including that second, even if the clock of the server
    /// that inserts it is ahead.
    WholeLife,
    /// A refused use doesn't change how long the first one is remembered.
    RefusalChangesNothing,
    /// An entry that may have been forgotten is refused, even if it comes from a server whose clock
    /// is behind.
    Stale,
    /// An entry that ends in a year, or never, is remembered.
    FarEnd,
    /// A full store refuses with [`Full`](ReplayError::Full) and forgets nothing.
    Full,
    /// When entries have ended, there is room again, also for entries that were refused before.
    RoomAgain,
    /// Each (key, `jti`) is an entry of its own.
    Distinct,
    /// A `jti` has 1 to 256 bytes, of any characters.
    Lengths,
}

impl Check {
    /// All checks.
    pub const ALL: [Self; 11] = [
        Self::Once,
        Self::Shared,
        Self::Simultaneous,
        Self::WholeLife,
        Self::RefusalChangesNothing,
        Self::Stale,
        Self::FarEnd,
        Self::Full,
        Self::RoomAgain,
        Self::Distinct,
        Self::Lengths,
    ];

    /// Makes this check, with its own stores.
    ///
    /// # Errors
    /// [`Violation`]: the store doesn't have this property.
    ///
    /// # Panics
    /// If the store panics, or if [`Fixture::open`] returns fewer handles than it was asked for.
    pub fn run<F: Fixture>(self, fixture: &F) -> Result<(), Violation> {
        let outcome = match self {
            Self::Once => checks::once(fixture),
            Self::Shared => checks::shared(fixture),
            Self::Simultaneous => race::simultaneous(fixture),
            Self::WholeLife => checks::whole_life(fixture),
            Self::RefusalChangesNothing => checks::refusal_changes_nothing(fixture),
            Self::Stale => checks::stale(fixture),
            Self::FarEnd => checks::far_end(fixture),
            Self::Full => checks::full(fixture),
            Self::RoomAgain => checks::room_again(fixture),
            Self::Distinct => checks::distinct(fixture),
            Self::Lengths => checks::lengths(fixture),
        };
        outcome.map_err(|found| Violation { check: self, found })
    }

    const fn promise(self) -> &'static str {
        match self {
            Self::Once => "a proof is accepted once",
            Self::Shared => "what one server has accepted, no other accepts",
            Self::Simultaneous => "of simultaneous uses, one is accepted",
            Self::WholeLife => "an entry is remembered until its end, that second included",
            Self::RefusalChangesNothing => {
                "a use that is refused doesn't change how long the first one is remembered"
            }
            Self::Stale => "what may have been forgotten is refused (ReplayError::Stale)",
            Self::FarEnd => "an entry that ends in a year or never is remembered",
            Self::Full => "a full store refuses and forgets nothing",
            Self::RoomAgain => "when entries have ended there is room again",
            Self::Distinct => "each (key, jti) is an entry of its own",
            Self::Lengths => "a jti has 1 to 256 bytes, of any characters",
        }
    }
}

/// What a store did against the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    check: Check,
    found: String,
}

impl Violation {
    /// Returns the property that the store lacks.
    #[must_use]
    pub const fn check(&self) -> Check {
        self.check
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (promise, found) = (self.check.promise(), &self.found);
        write!(f, "the contract says that {promise}: {found}")
    }
}

impl core::error::Error for Violation {}

/// Makes all checks.
///
/// # Errors
/// The first property that the store lacks. [`Check::run`] tests one property.
///
/// # Panics
/// As [`Check::run`].
pub fn check<F: Fixture>(fixture: &F) -> Result<(), Violation> {
    Check::ALL.into_iter().try_for_each(|one| one.run(fixture))
}

/// The outcome of an insertion.
type Inserted = Result<(), ReplayError>;

/// A check's outcome, or what was found instead.
type Outcome = Result<(), String>;

/// One insertion, by one handle.
fn insert<F: Fixture>(
    fixture: &F,
    store: &F::Store,
    entry: &ReplayEntry<'_>,
    now: UnixSeconds,
) -> Inserted {
    fixture.block_on(store.insert(entry, now))
}
