//! The suite for replay stores (RFC 9449, 11.1): the store of this crate passes, and stores with
//! one fault each don't.
#![cfg(feature = "replay-conformance")]
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods)] // One of the faulty stores sleeps, so that its race is lost for certain.

use core::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    thread,
};

use countersign::{
    UnixSeconds,
    replay::{
        InProcessReplayStore, ReplayCapacity, ReplayEntry, ReplayError, ReplayStore,
        conformance::{self, Check, Fixture},
    },
};

const START: UnixSeconds = UnixSeconds(1_767_225_600);

/// These stores wait for nothing but another task's turn.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

struct InProcess(ReplayCapacity, Option<usize>);

impl Fixture for InProcess {
    type Store = Arc<InProcessReplayStore>;

    fn open(&self, handles: usize) -> Vec<Self::Store> {
        let store = Arc::new(InProcessReplayStore::new(self.0, &[7; 32]));
        vec![store; handles]
    }

    fn capacity(&self) -> Option<usize> {
        self.1
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }

    fn now(&self) -> UnixSeconds {
        START
    }

    fn wait_until(&self, _moment: UnixSeconds) {}
}

#[test]
fn v15_the_store_in_this_process_keeps_the_contract() {
    for (capacity, promised) in [
        (ReplayCapacity::Entries(40), Some(40)),
        // Of many parts, which fill unevenly.
        (ReplayCapacity::Entries(70_000), Some(70_000)),
        (ReplayCapacity::Bytes(100_000), None),
        (ReplayCapacity::default(), None),
    ] {
        let fixture = InProcess(capacity, promised);
        assert_eq!(conformance::check(&fixture), Ok(()), "{capacity:?}");
    }
}

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// As this project's manual once described a shared store: insert if absent, expire at the
    /// entry's end.
    GoneAsItsLastSecondBegins,
    /// A time to live of its own, without the leeway.
    LivesForSixtySeconds,
    /// A time to live, reckoned by the clock of the server that inserts:
    /// `SET key 1 NX EX <until + 1 - now>`.
    CountsByTheServersClock,
    /// What has ended is forgotten, and a server's word taken for the time.
    BelievesEveryClock,
    /// What each server knows, it knows alone.
    NotShared,
    /// Two operations, with another task's turn between them.
    LooksUpThenWaits,
    /// Two operations, each under a lock of its own.
    LooksUpThenInserts,
    EvictsTheOldest,
    HasNoBound,
    NeverForgets,
    RemembersWhatItRefused,
    OverwritesTheEnd,
    AcceptsAll,
    RefusesAll,
    SaysUnavailableForSeen,
    KeyedByJtiAlone,
    IgnoresCase,
    IgnoresBlanksAtTheEnd,
    EndsAtANullByte,
    CutsJtiAtSixtyFourBytes,
    RefusesLongJti,
    EndsIn32Bits,
}

use Fault as F;

/// Each with the checks that find it: all of those, and no others.
const FAULTS: [(Fault, &[Check]); 23] = [
    (F::None, &[]),
    (F::GoneAsItsLastSecondBegins, &[Check::WholeLife]),
    (F::LivesForSixtySeconds, &[Check::WholeLife]),
    (F::CountsByTheServersClock, &[Check::WholeLife]),
    (F::BelievesEveryClock, &[Check::Stale]),
    (
        F::NotShared,
        &[Check::Shared, Check::Simultaneous, Check::WholeLife],
    ),
    (F::LooksUpThenWaits, &[Check::Simultaneous]),
    (F::LooksUpThenInserts, &[Check::Simultaneous]),
    (F::EvictsTheOldest, &[Check::Full, Check::RoomAgain]),
    (F::HasNoBound, &[Check::Full, Check::RoomAgain]),
    (F::NeverForgets, &[Check::RoomAgain]),
    (F::RemembersWhatItRefused, &[Check::RoomAgain]),
    (F::OverwritesTheEnd, &[Check::RefusalChangesNothing]),
    (
        F::AcceptsAll,
        &[
            Check::Once,
            Check::Shared,
            Check::Simultaneous,
            Check::WholeLife,
            Check::RefusalChangesNothing,
            Check::Stale,
            Check::FarEnd,
            Check::Full,
            Check::RoomAgain,
            Check::Distinct,
            Check::Lengths,
        ],
    ),
    (
        F::RefusesAll,
        &[
            Check::Once,
            Check::Shared,
            Check::Simultaneous,
            Check::WholeLife,
            Check::RefusalChangesNothing,
            Check::Stale,
            Check::Full,
            Check::RoomAgain,
            Check::Distinct,
            Check::Lengths,
        ],
    ),
    (
        F::SaysUnavailableForSeen,
        &[
            Check::Once,
            Check::Shared,
            Check::Simultaneous,
            Check::WholeLife,
            Check::RefusalChangesNothing,
            Check::Full,
            Check::Distinct,
            Check::Lengths,
        ],
    ),
    (F::KeyedByJtiAlone, &[Check::Distinct]),
    (F::IgnoresCase, &[Check::Distinct]),
    (F::IgnoresBlanksAtTheEnd, &[Check::Distinct]),
    (F::EndsAtANullByte, &[Check::Distinct]),
    (F::CutsJtiAtSixtyFourBytes, &[Check::Distinct]),
    (F::RefusesLongJti, &[Check::Distinct, Check::Lengths]),
    (F::EndsIn32Bits, &[Check::FarEnd]),
];

const CAPACITY: usize = 40;

/// The table that servers share, with a clock of its own, and perhaps with a fault.
struct Table {
    fault: Fault,
    clock: Arc<AtomicI64>,
    rows: Mutex<Vec<Row>>,
}

#[derive(Clone)]
struct Row {
    name: String,
    end: i64,
    since: i64,
}

impl Table {
    fn name(&self, entry: &ReplayEntry<'_>) -> String {
        let mut key = entry.thumbprint().to_base64url();
        let mut jti = entry.jti().to_owned();
        match self.fault {
            F::KeyedByJtiAlone => key.clear(),
            F::IgnoresCase => jti = jti.to_ascii_lowercase(),
            F::IgnoresBlanksAtTheEnd => jti.truncate(jti.trim_end().len()),
            F::EndsAtANullByte => jti.truncate(jti.find('\0').unwrap_or(jti.len())),
            F::CutsJtiAtSixtyFourBytes => jti = jti.chars().take(64).collect(),
            _ => {}
        }
        format!("{key} {jti}")
    }

    fn is_live(&self, row: &Row, now: i64) -> bool {
        match self.fault {
            F::NeverForgets => true,
            F::GoneAsItsLastSecondBegins => now < row.end,
            F::LivesForSixtySeconds => now <= row.end.min(row.since + 60),
            F::EndsIn32Bits => now <= row.end & 0xffff_ffff,
            _ => now <= row.end,
        }
    }

    fn is_there(&self, name: &str) -> bool {
        let now = self.clock.load(Relaxed);
        let rows = self.rows.lock().unwrap();
        rows.iter()
            .any(|row| row.name == name && self.is_live(row, now))
    }

    /// In one operation, but for the faults.
    fn insert(&self, entry: &ReplayEntry<'_>, servers_now: UnixSeconds) -> Result<(), ReplayError> {
        let (name, end) = (self.name(entry), entry.until().0);
        let now = self.clock.load(Relaxed);
        let believed = match self.fault {
            F::BelievesEveryClock => servers_now.0,
            _ => now,
        };
        match self.fault {
            F::AcceptsAll => return Ok(()),
            F::RefusesAll => return Err(ReplayError::Unavailable),
            F::RefusesLongJti if entry.jti().len() > 255 => return Err(ReplayError::Unavailable),
            _ if end < believed => return Err(ReplayError::Stale),
            _ => {}
        }
        let mut rows = self.rows.lock().unwrap();
        rows.retain(|row| self.is_live(row, now));
        if let Some(row) = rows.iter_mut().find(|row| row.name == name) {
            return match self.fault {
                F::LooksUpThenInserts | F::LooksUpThenWaits => Ok(()),
                F::SaysUnavailableForSeen => Err(ReplayError::Unavailable),
                F::OverwritesTheEnd => {
                    row.end = end;
                    Err(ReplayError::Seen)
                }
                _ => Err(ReplayError::Seen),
            };
        }
        let is_full = rows.len() >= CAPACITY;
        match self.fault {
            F::EvictsTheOldest if is_full => drop(rows.remove(0)),
            F::HasNoBound | F::RemembersWhatItRefused => {}
            _ if is_full => return Err(ReplayError::Full),
            _ => {}
        }
        let since = now;
        let end = match self.fault {
            F::CountsByTheServersClock => now.saturating_add(end.saturating_sub(servers_now.0)),
            _ => end,
        };
        rows.push(Row { name, end, since });
        match self.fault {
            F::RemembersWhatItRefused if is_full => Err(ReplayError::Full),
            _ => Ok(()),
        }
    }
}

/// One server's.
struct Handle(Arc<Table>);

impl ReplayStore for Handle {
    async fn insert(&self, entry: &ReplayEntry<'_>, now: UnixSeconds) -> Result<(), ReplayError> {
        let Self(table) = self;
        match table.fault {
            F::LooksUpThenInserts | F::LooksUpThenWaits if table.is_there(&table.name(entry)) => {
                return Err(ReplayError::Seen);
            }
            F::LooksUpThenInserts => thread::sleep(Duration::from_millis(1)),
            F::LooksUpThenWaits => {
                let mut has_waited = false;
                poll_fn(|_| match core::mem::replace(&mut has_waited, true) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                })
                .await;
            }
            _ => {}
        }
        table.insert(entry, now)
    }
}

struct Faulty {
    fault: Fault,
    clock: Arc<AtomicI64>,
}

impl Fixture for Faulty {
    type Store = Handle;

    fn open(&self, handles: usize) -> Vec<Handle> {
        let table = || {
            Arc::new(Table {
                fault: self.fault,
                clock: Arc::clone(&self.clock),
                rows: Mutex::default(),
            })
        };
        let shared = table();
        let of_one = |_| match self.fault {
            F::NotShared => Handle(table()),
            _ => Handle(Arc::clone(&shared)),
        };
        (0..handles).map(of_one).collect()
    }

    fn capacity(&self) -> Option<usize> {
        Some(CAPACITY)
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }

    fn now(&self) -> UnixSeconds {
        UnixSeconds(self.clock.load(Relaxed))
    }

    fn wait_until(&self, moment: UnixSeconds) {
        self.clock.store(moment.0, Relaxed);
    }
}

#[test]
fn v15_each_fault_of_a_store_is_found_by_the_checks_that_are_for_it() {
    for (fault, expected) in FAULTS {
        let clock = Arc::new(AtomicI64::new(START.0));
        let fixture = Faulty { fault, clock };
        let lacks = |check: &Check| check.run(&fixture).is_err();
        let found: Vec<_> = Check::ALL.into_iter().filter(lacks).collect();
        assert_eq!(found, expected, "{fault:?}");
    }
    for check in Check::ALL {
        let alone = FAULTS.iter().filter(|(fault, found)| {
            !matches!(fault, F::AcceptsAll | F::RefusesAll) && found.contains(&check)
        });
        assert!(alone.count() > 0, "{check:?} can't fail by itself");
    }
}

#[test]
fn v15_the_store_that_the_manual_once_described_is_told_what_it_does() {
    let clock = Arc::new(AtomicI64::new(START.0));
    let fault = F::GoneAsItsLastSecondBegins;
    let violation = conformance::check(&Faulty { fault, clock }).unwrap_err();
    assert_eq!(violation.check(), Check::WholeLife);
    assert_eq!(
        violation.to_string(),
        "the contract says that an entry is remembered until its end, that second included: the same proof, 65 s after \
         its use and 0 s before its end, was accepted"
    );
}
