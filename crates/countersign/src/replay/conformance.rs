//! Holds an implementation of [`ReplayStore`] against its contract (RFC 9449, 11.1). Feature `replay-conformance`.
//!
//! Write a [`Fixture`] for the store and let its tests run [`check`]. Each [`Check`] looks for one way in which a used proof
//! would be accepted again, or an honest one refused:
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
//!     // This store has no clock but the `now` of each call, so any time will do. One that has, sleeps in `wait_until`.
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
//! What no test of a working store can show: that nothing is lost when it restarts, fails over to a replica that was
//! behind, or comes under pressure for memory. It then has to answer [`Stale`](ReplayError::Stale) or
//! [`Unavailable`](ReplayError::Unavailable) for every proof that an earlier use of may be lost.

mod checks;
mod race;

use alloc::{string::String, vec::Vec};
use core::{fmt, future::Future};

use super::{ReplayEntry, ReplayError, ReplayStore};
use crate::UnixSeconds;

/// What the suite needs of the store under test.
pub trait Fixture: Sync {
    /// The store, as one server has it.
    type Store: ReplayStore;

    /// Opens a new store, which is empty, and gives this many handles to it, each as another server would have it: with
    /// a connection and a cache of its own.
    fn open(&self, handles: usize) -> Vec<Self::Store>;

    /// The number of live entries that an opened store has room for, where it has a bound of its own; then choose a small
    /// one, of 32 or more. `None` where the room is bounded elsewhere: what happens there is not checked.
    fn capacity(&self) -> Option<usize>;

    /// Runs the future to its end on this thread. Called by several threads at a time.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// The time, which the first insertion of a check is given. Where the store has a clock of its own, that clock's.
    fn now(&self) -> UnixSeconds;

    /// Returns when this second has come, and not more than half of it has passed, by the store's own clock. Nothing to
    /// do for a store that has none.
    fn wait_until(&self, moment: UnixSeconds);

    /// How long entries of the suite live, in seconds; two at least. The default is what proofs have by default: 60 and 5
    /// of leeway. A fixture that really sleeps chooses less, and then can't find a store that forgets after a time of its
    /// own.
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
    /// What one server has accepted, no other accepts.
    Shared,
    /// Of simultaneous uses, one is accepted.
    Simultaneous,
    /// An entry is remembered until its end, that second included, also where the clock of the server that inserts it is
    /// ahead.
    WholeLife,
    /// A use that is refused doesn't change how long the first one is remembered.
    RefusalChangesNothing,
    /// What may have been forgotten is refused, also when it comes from a server whose clock is behind.
    Stale,
    /// An entry that ends in a year or never is remembered.
    FarEnd,
    /// A full store refuses with [`Full`](ReplayError::Full) and forgets nothing.
    Full,
    /// When entries have ended there is room again, also for what was refused before.
    RoomAgain,
    /// Each (key, `jti`) is an entry of its own.
    Distinct,
    /// A `jti` has 1 to 256 bytes, of any characters.
    Lengths,
}

impl Check {
    /// All of them.
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

    /// Makes this check, with stores of its own.
    ///
    /// # Errors
    /// [`Violation`]: the store doesn't have this property.
    ///
    /// # Panics
    /// Where the store does, and where [`Fixture::open`] gives fewer handles than it was asked for.
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
    /// The property that the store lacks.
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
/// The first property that the store lacks. [`Check::run`] tells of each.
///
/// # Panics
/// As [`Check::run`].
pub fn check<F: Fixture>(fixture: &F) -> Result<(), Violation> {
    Check::ALL.into_iter().try_for_each(|one| one.run(fixture))
}

/// What an insertion gave.
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
