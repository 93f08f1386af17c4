use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    future::{Future, ready},
    sync::atomic::{AtomicI64, Ordering},
};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;

use super::{
    ReplayEntry, ReplayError, ReplayStore,
    table::{Fingerprint, Outcome, Table},
};
use crate::UnixSeconds;

/// A replay store in this process's memory: for one replica, and until it restarts.
///
/// Bounded, and it never forgets a live entry: when it is full it refuses. 25 bytes an entry at full capacity (20 for
/// a 128-bit fingerprint and its end, in a hash table that is filled to four fifths), allocated when made.
///
/// A restart forgets: a proof seen just before is accepted once more, within its window. Server nonces, or a store
/// outside the process, close that.
pub struct InProcessReplayStore {
    key: hmac::Key,
    /// The newest moment of any call: entries that end at or before it may be forgotten.
    newest: AtomicI64,
    /// Each entry belongs to one by its fingerprint. A power of two.
    shards: Box<[Mutex<Table>]>,
}

/// Below this many entries a shard, more locks bring nothing and an uneven spread would show.
const ENTRIES_PER_SHARD: usize = 32 * 1024;
const MOST_SHARDS: usize = 256;

impl InProcessReplayStore {
    /// Room for `capacity` live entries (with more than 65,536, up to 3 % more, since the parts fill unevenly). `key`:
    /// 32 random bytes, drawn anew at each start, so that nobody can choose where entries fall.
    ///
    /// Needed is (requests per second) x (seconds a proof can be accepted, 65 by default).
    #[must_use]
    pub fn new(capacity: usize, key: &[u8; 32]) -> Self {
        let wanted = (capacity / ENTRIES_PER_SHARD).clamp(1, MOST_SHARDS);
        let shards = 1 << wanted.ilog2();
        let mut each = capacity.div_ceil(shards);
        if shards > 1 {
            // Five standard deviations of an even spread: that a part is full before the whole is as good as never.
            each += 5 * each.isqrt();
        }
        let tables: Vec<_> = (0..shards).map(|_| Mutex::new(Table::new(each))).collect();
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
            newest: AtomicI64::new(i64::MIN),
            shards: tables.into_boxed_slice(),
        }
    }

    /// [`ReplayStore::insert`], which for this store never waits.
    ///
    /// # Errors
    /// [`Seen`](ReplayError::Seen), [`Full`](ReplayError::Full) or [`Stale`](ReplayError::Stale).
    pub fn insert_now(&self, entry: &ReplayEntry, now: UnixSeconds) -> Result<(), ReplayError> {
        // Loaded first: within one second nobody writes, and the cache line stays shared.
        if self.newest.load(Ordering::Relaxed) < now.0 {
            self.newest.fetch_max(now.0, Ordering::Relaxed);
        }
        let fingerprint = self.shorten(entry);
        let shard = &self.shards[fingerprint[3] as usize & (self.shards.len() - 1)];
        let mut table = shard.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: whoever forgot entries of this shard had written the moment by which he did so.
        let newest = UnixSeconds(self.newest.load(Ordering::Relaxed));
        if entry.until() <= newest {
            return Err(ReplayError::Stale);
        }
        match table.insert(fingerprint, entry.until(), newest) {
            Outcome::Inserted => Ok(()),
            Outcome::Seen => Err(ReplayError::Seen),
            Outcome::Full => Err(ReplayError::Full),
        }
    }

    /// How many bytes the entries' table has, for capacity planning.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let bytes = |shard: &Mutex<Table>| {
            shard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .allocated_bytes()
        };
        self.shards.iter().map(bytes).sum()
    }

    /// 128 bits under this store's key: a collision can be neither computed nor waited for.
    fn shorten(&self, entry: &ReplayEntry) -> Fingerprint {
        let tag = hmac::sign(&self.key, entry.fingerprint());
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(tag.as_ref().chunks_exact(4)) {
            *word = bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        words
    }
}

impl ReplayStore for InProcessReplayStore {
    fn insert(
        &self,
        entry: &ReplayEntry,
        now: UnixSeconds,
    ) -> impl Future<Output = Result<(), ReplayError>> + Send {
        ready(self.insert_now(entry, now))
    }
}

impl fmt::Debug for InProcessReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessReplayStore")
            .field("shards", &self.shards.len())
            .finish_non_exhaustive()
    }
}
