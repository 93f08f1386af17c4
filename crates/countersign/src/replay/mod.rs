//! Remembering proofs, so that each is accepted once (RFC 9449, 11.1): the contract of a store, and
//! a store in memory.
//!
//! Ask the store last. An entry names the key and the `jti` (independent clients share no `jti`
//! space), whatever the target, and lives until the proof can no longer be accepted.
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
mod shared;
mod table;

use alloc::{sync::Arc, vec::Vec};
use core::future::Future;

pub use in_process::{InProcessReplayStore, ReplayCapacity};
pub use shared::{KEY_BYTES, KEY_PREFIX, SharedEntry};

use crate::{UnixSeconds, crypto::sha256, digest::Thumbprint};

/// What a store remembers of one verified proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayEntry<'a> {
    thumbprint: Thumbprint,
    jti: &'a str,
    until: UnixSeconds,
}

impl<'a> ReplayEntry<'a> {
    /// Creates an entry from the key and `jti` of a proof that can be accepted up to `until`,
    /// inclusive. Usually
    /// [`VerifiedProof::replay_entry`](crate::proof::VerifiedProof::replay_entry) creates it.
    #[must_use]
    pub const fn new(key: &Thumbprint, jti: &'a str, until: UnixSeconds) -> Self {
        Self {
            thumbprint: *key,
            jti,
            until,
        }
    }

    /// Returns the thumbprint of the key that signed.
    #[must_use]
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// Returns the proof's `jti`, of at most 256 bytes by default.
    #[must_use]
    pub const fn jti(&self) -> &'a str {
        self.jti
    }

    /// Returns the SHA-256 of key and `jti`, for a store outside the process: it has a fixed
    /// length, and is the same on every replica. [`SharedEntry`] is the form in which the servers
    /// of this project share entries.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        // The thumbprint has a fixed length, so no two pairs give the same bytes.
        let mut both = Vec::with_capacity(32 + self.jti.len());
        both.extend_from_slice(self.thumbprint.as_bytes());
        both.extend_from_slice(self.jti.as_bytes());
        sha256(&both)
    }

    /// Returns the last moment, inclusive, at which the proof could be accepted.
    #[must_use]
    pub const fn until(&self) -> UnixSeconds {
        self.until
    }
}

/// Why a proof must not be accepted although it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The key has used this `jti` before: `invalid_dpop_proof`.
    #[error("the proof was used before; sign each request anew, retries too")]
    Seen,
    /// The store is full of live entries: 503 with `Retry-After`, not the client's error.
    #[error("the replay store is full of live entries; give it more capacity")]
    Full,
    /// The store can't be reached: 503 with `Retry-After`, not the client's error.
    #[error("the replay store can't be reached")]
    Unavailable,
    /// The entry ends at or before the newest moment that the store has seen, so it may have
    /// forgotten an earlier use: the server's clock was set back, or two replicas' clocks are
    /// apart.
    #[error("the proof ends before the replay store's clock; check the server's clock")]
    Stale,
}

/// Remembers proofs.
///
/// # Contract
/// [`insert`](Self::insert) answers `Ok` at most once for entries with the same fingerprint while
/// one of them is live, also when two calls come at the same moment, on any replica. What attackers
/// gain if that is broken:
/// - *A live entry forgotten* (evicted for room, lost with a restart, not shared between replicas,
///   looked up and stored in two steps): they can send a request again that they have seen in a log
///   or at a proxy. So a store without room refuses with [`Full`](ReplayError::Full), and one that
///   can't tell refuses with [`Stale`](ReplayError::Stale) or
///   [`Unavailable`](ReplayError::Unavailable).
/// - *An entry found that was never inserted* (two entries that the store takes for one): honest
///   requests are refused. Attackers who know a client's proofs, or guess its next `jti`, can lock
///   it out by inserting something that the store takes for them, so second-preimage resistance is
///   what matters. Attackers gain nothing from two of their own entries that collide, so 128 bits
///   of SHA-256 are enough; a hash that is not cryptographic needs a secret key.
/// - *Insertion before the other checks*: attackers who can't sign can use up others' proofs, or
///   fill the store. Insert only the entry of a [`VerifiedProof`](crate::proof::VerifiedProof),
///   after all other checks have passed.
/// - *Room that one client can fill*: it can sign as fast as the server verifies, and then
///   everybody gets 503. The room needed is (requests per second that you serve) x (seconds an
///   entry lives); limit rates before that.
///
/// The feature `replay-conformance` tests an implementation against this (module `conformance`).
pub trait ReplayStore: Send + Sync {
    /// Remembers the entry, unless it is already there.
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
