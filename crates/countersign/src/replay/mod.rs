//! Remembering proofs, so that each is accepted once (RFC 9449, 11.1): the contract of a store, and a store in memory.
//!
//! The store is asked last. An entry names the key and the `jti` (clients that never heard of each other share no
//! `jti` space), whatever the target; it lives until the proof's last acceptable moment.
//!
//! ```
//! use countersign::{UnixSeconds, digest::Thumbprint, replay::*};
//!
//! let store = InProcessReplayStore::new(100_000, &[7; 32]); // the key: 32 random bytes
//! let client = Thumbprint::from_digest([1; 32]);
//! let entry = ReplayEntry::new(&client, "-BwC3ESc6acc2lTc", UnixSeconds(1_000_065));
//! assert_eq!(store.insert_now(&entry, UnixSeconds(1_000_000)), Ok(()));
//! assert_eq!(store.insert_now(&entry, UnixSeconds(1_000_001)), Err(ReplayError::Seen));
//! ```

mod buckets;
mod chunks;
#[cfg(feature = "replay-conformance")]
pub mod conformance;
mod in_process;
mod index;
mod table;

use alloc::{sync::Arc, vec::Vec};
use core::future::Future;

pub use in_process::{InProcessReplayStore, ReplayCapacity};

use crate::{UnixSeconds, crypto::sha256, digest::Thumbprint};

/// What a store remembers of one verified proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayEntry<'a> {
    thumbprint: Thumbprint,
    jti: &'a str,
    until: UnixSeconds,
}

impl<'a> ReplayEntry<'a> {
    /// Of the key and `jti` of a proof that can be accepted up to `until`, inclusive. Usually made by
    /// [`VerifiedProof::replay_entry`](crate::proof::VerifiedProof::replay_entry).
    #[must_use]
    pub const fn new(key: &Thumbprint, jti: &'a str, until: UnixSeconds) -> Self {
        Self {
            thumbprint: *key,
            jti,
            until,
        }
    }

    /// The key that signed.
    #[must_use]
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// The proof's `jti`, of at most 256 bytes by default.
    #[must_use]
    pub const fn jti(&self) -> &'a str {
        self.jti
    }

    /// SHA-256 of key and `jti`, for a store outside the process: of one length, and the same on every replica.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        // The thumbprint has a fixed length, so no two pairs give the same bytes.
        let mut both = Vec::with_capacity(32 + self.jti.len());
        both.extend_from_slice(self.thumbprint.as_bytes());
        both.extend_from_slice(self.jti.as_bytes());
        sha256(&both)
    }

    /// The last moment, inclusive, at which the proof could be accepted.
    #[must_use]
    pub const fn until(&self) -> UnixSeconds {
        self.until
    }
}

/// Why a proof may not be accepted although it verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// This key has used this `jti` before: `invalid_dpop_proof`.
    #[error("the proof was used before; sign each request anew, retries too")]
    Seen,
    /// No room, and every entry is live: 503 with `Retry-After`, not the client's error.
    #[error("the replay store is full of live entries; give it more capacity")]
    Full,
    /// The store can't be asked: 503 with `Retry-After`, not the client's error.
    #[error("the replay store can't be reached")]
    Unavailable,
    /// The entry's end lies at or before the newest moment that the store has seen, so an earlier use may already have
    /// been forgotten: the server's clock stepped back, or two replicas' clocks are apart.
    #[error("the proof ends before the replay store's clock; check the server's clock")]
    Stale,
}

/// Remembers proofs.
///
/// # Contract
/// [`insert`](Self::insert) answers `Ok` at most once for entries with the same fingerprint while one of them is live,
/// also when two calls come at the same moment, at whichever replica. What an attacker gains where that is broken:
/// - *A live entry forgotten* (evicted for room, lost with a restart, not shared between replicas, looked up and stored
///   in two steps): whoever saw a request, in a log or at a proxy, sends it again and is served. So a store that has no
///   room refuses with [`Full`](ReplayError::Full), and one that can't tell refuses with
///   [`Stale`](ReplayError::Stale) or [`Unavailable`](ReplayError::Unavailable).
/// - *An entry found that was never inserted* (two entries that the store takes for one): an honest request is refused.
///   Who knows the proofs of a client, or guesses its next `jti`, locks it out by inserting something that the store takes
///   for them: second-preimage resistance is what matters. Two colliding entries of one's own lock nobody out, so 128 bits
///   of SHA-256 are enough; a hash that is not cryptographic needs a secret key.
/// - *Insertion before the other checks*: an attacker who can't sign burns the proofs of someone who can, or fills the
///   store. Insert only the entry of a [`VerifiedProof`](crate::proof::VerifiedProof), when all else has passed.
/// - *Room that one client can fill*: it signs as fast as the server verifies, and everybody gets 503. The bound is
///   (requests per second that you serve) x (seconds an entry lives); limit rates before it.
///
/// The feature `replay-conformance` tests an implementation against this (module `conformance`).
pub trait ReplayStore: Send + Sync {
    /// Remembers the entry, unless it is there.
    ///
    /// # Errors
    /// [`ReplayError`]: do not serve the request.
    fn insert(
        &self,
        entry: &ReplayEntry<'_>,
        now: UnixSeconds,
    ) -> impl Future<Output = Result<(), ReplayError>> + Send;
}

impl<S: ReplayStore> ReplayStore for Arc<S> {
    fn insert(
        &self,
        entry: &ReplayEntry<'_>,
        now: UnixSeconds,
    ) -> impl Future<Output = Result<(), ReplayError>> + Send {
        S::insert(self, entry, now)
    }
}
