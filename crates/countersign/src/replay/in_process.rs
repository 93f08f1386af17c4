use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    future::{Future, ready},
    hash::Hasher,
    sync::atomic::{AtomicI64, Ordering},
};
use std::sync::{Mutex, PoisonError};

use siphasher::sip128::{Hash128, Hasher128, SipHasher24};

use super::{
    ReplayEntry, ReplayError, ReplayStore,
    chunks::Fingerprint,
    table::{MOST_BYTES_AN_ENTRY, MOST_BYTES_BESIDE, MOST_ENTRIES, Outcome, Table},
};
use crate::{UnixSeconds, crypto::sha256};

/// A replay store in the memory of this process, for one replica and until it restarts.
///
/// It is bounded and never forgets a live entry: when it is full, it refuses. A live entry takes 25
/// to 28 bytes, of which 16 are its fingerprint: 128 bits of SipHash-2-4 over key and `jti`, under
/// a key that nobody else has. Memory is allocated as entries come and kept for the next busy hour;
/// dropping entries that have ended costs nothing.
///
/// A restart forgets: a proof that was used just before is accepted once more, within its window.
/// Nonces, or a store outside the process, close that gap.
pub struct InProcessReplayStore {
    key: SipHasher24,
    /// The newest moment of any call: entries that end at or before it may be forgotten.
    newest: AtomicI64,
    /// The parts of the store, a power of two. An entry's fingerprint tells to which it belongs.
    shards: Box<[Shard]>,
}

/// Locks of two shards never share a cache line, nor the pair of them that is fetched together.
#[repr(align(128))]
struct Shard(Mutex<Table>);

/// The number of entries that may live at a time.
///
/// A server needs (requests per second) x (seconds for which a proof can be accepted, 65 by
/// default). The default is 8 million: more proofs than one core can verify in that time, whatever
/// their algorithm, so that no single client can fill it on a small machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayCapacity {
    /// This many entries; above 32,768, up to 4 % more, since the parts of the store fill unevenly.
    Entries(usize),
    /// The number of entries guaranteed to fit into this many bytes: 29 for each, and 24 KiB for
    /// each of up to 64 parts, without which there is room for none. This holds for entries that
    /// end within 75 seconds, as with both presets of a policy; each further second may take 300
    /// bytes in each part. Above 50 million entries there are more parts.
    Bytes(usize),
}

impl Default for ReplayCapacity {
    fn default() -> Self {
        Self::Entries(8_000_000)
    }
}

impl From<usize> for ReplayCapacity {
    fn from(entries: usize) -> Self {
        Self::Entries(entries)
    }
}

/// With fewer entries per shard, more locks gain nothing, and an uneven spread would show.
const ENTRIES_PER_SHARD: usize = 16 * 1024;
/// Two threads meet at a shard for a hundred nanoseconds of the fifty thousand that a request
/// takes; the working data of more shards would not stay in a core's cache. There are more only if
/// each would have more than [`MOST_ENTRIES`].
const ENOUGH_SHARDS: usize = 64;
/// 800 million entries take 23 GB. There is no larger store.
const MOST_SHARDS: usize = 1024;

impl InProcessReplayStore {
    /// Creates a store with room for `capacity` live entries; a plain number is
    /// [`ReplayCapacity::Entries`]. `key`: 32 random bytes, drawn anew at each start, so that
    /// nobody can choose where entries fall.
    #[must_use]
    pub fn new(capacity: impl Into<ReplayCapacity>, key: &[u8; 32]) -> Self {
        let capacity = match capacity.into() {
            ReplayCapacity::Entries(entries) => entries,
            ReplayCapacity::Bytes(bytes) => entries_in(bytes),
        };
        let shards = shards_for(capacity);
        let mut each = capacity.div_ceil(shards);
        if shards > 1 {
            // Five standard deviations of an even spread: a part is practically never full before
            // the whole.
            each += 5 * each.isqrt();
        }
        let tables: Vec<_> = (0..shards)
            .map(|_| Shard(Mutex::new(Table::new(each))))
            .collect();
        let mut half = [0; 16];
        half.copy_from_slice(&sha256(key)[..16]);
        Self {
            key: SipHasher24::new_with_key(&half),
            newest: AtomicI64::new(i64::MIN),
            shards: tables.into_boxed_slice(),
        }
    }

    /// Inserts an entry as [`ReplayStore::insert`] does, which never waits for this store.
    ///
    /// # Errors
    /// [`Seen`](ReplayError::Seen), [`Full`](ReplayError::Full) or [`Stale`](ReplayError::Stale).
    pub fn insert_now(&self, entry: &ReplayEntry<'_>, now: UnixSeconds) -> Result<(), ReplayError> {
        // Loaded first: within one second nobody writes, and the cache line stays shared.
        if self.newest.load(Ordering::Relaxed) < now.0 {
            self.newest.fetch_max(now.0, Ordering::Relaxed);
        }
        let fingerprint = self.fingerprint(entry);
        let shard = &self.shards[fingerprint[1] as usize & (self.shards.len() - 1)];
        let mut table = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: a thread that dropped entries of this shard had stored its moment before.
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

    /// Returns the number of bytes that the entries' tables take now. They keep what the busiest
    /// window so far needed.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        let bytes = |shard: &Shard| {
            let table = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            table.allocated_bytes()
        };
        self.shards.iter().map(bytes).sum()
    }

    /// Computes 128 bits under this store's key: a collision can be neither computed nor waited
    /// for.
    fn fingerprint(&self, entry: &ReplayEntry<'_>) -> Fingerprint {
        let mut hasher = self.key;
        hasher.write(entry.thumbprint().as_bytes());
        hasher.write(entry.jti().as_bytes());
        let Hash128 { h1, h2 } = hasher.finish128();
        [h1, h2]
    }
}

fn shards_for(entries: usize) -> usize {
    let wanted = (entries / ENTRIES_PER_SHARD).clamp(1, ENOUGH_SHARDS);
    // Includes what is added to each for an uneven spread.
    let needed = entries.div_ceil(MOST_ENTRIES - 5 * MOST_ENTRIES.isqrt());
    (1 << wanted.ilog2()).max(needed.min(MOST_SHARDS).next_power_of_two())
}

fn entries_in(bytes: usize) -> usize {
    // Up to 4 % more in an uneven spread.
    let each = MOST_BYTES_AN_ENTRY + 1;
    let shards = shards_for(bytes / each);
    bytes.saturating_sub(shards * MOST_BYTES_BESIDE) / each
}

impl ReplayStore for InProcessReplayStore {
    fn insert(
        &self,
        entry: &ReplayEntry<'_>,
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

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;
    use crate::digest::Thumbprint;

    #[test]
    fn every_byte_of_key_and_jti_and_of_the_store_s_secret_counts() {
        let jti = "a".repeat(31);
        let fingerprint = |secret: &[u8; 32], thumbprint: [u8; 32], jti: &str| {
            let store = InProcessReplayStore::new(10, secret);
            let thumbprint = Thumbprint::from_digest(thumbprint);
            store.fingerprint(&ReplayEntry::new(&thumbprint, jti, UnixSeconds(1)))
        };
        let one = fingerprint(&[7; 32], [1; 32], &jti);
        assert_eq!(fingerprint(&[7; 32], [1; 32], &jti), one);
        for at in 0..32 {
            let mut other = [1; 32];
            other[at] ^= 1;
            assert_ne!(fingerprint(&[7; 32], other, &jti), one);
            let mut secret = [7; 32];
            secret[at] ^= 1;
            assert_ne!(fingerprint(&secret, [1; 32], &jti), one);
        }
        for at in 0..31 {
            let other: String = (0..31).map(|i| if i == at { 'b' } else { 'a' }).collect();
            assert_ne!(fingerprint(&[7; 32], [1; 32], &other), one);
            assert_ne!(fingerprint(&[7; 32], [1; 32], &jti[..at]), one);
        }
    }
}
