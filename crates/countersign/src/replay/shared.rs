//! The form of an entry in a store that several servers share, whatever language they are written
//! in. `conformance/shared-replay.json` has examples.

use super::{ReplayEntry, ReplayError};

/// Begins every key, so that a store can serve other programs too.
pub const KEY_PREFIX: &[u8; 5] = b"dpop:";
/// 128 bits of SHA-256: second-preimage resistance is what matters, so no secret is needed.
const FINGERPRINT_BYTES: usize = 16;
/// The length of a key.
pub const KEY_BYTES: usize = KEY_PREFIX.len() + FINGERPRINT_BYTES;

/// What a shared store is told of one entry, to store it if it is new, in one step (`SET key 1 NX
/// PXAT milliseconds` in Redis).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedEntry {
    /// The key: [`KEY_PREFIX`], then the first 16 bytes of the entry's
    /// [fingerprint](ReplayEntry::fingerprint). Bytes, not text.
    pub key: [u8; KEY_BYTES],
    /// The moment from which the store may forget it, in milliseconds since 1970.
    pub expires_at_millis: i64,
}

impl SharedEntry {
    /// Creates the form of `entry` for servers whose clocks are up to `skew_seconds` apart.
    #[must_use]
    pub fn new(entry: &ReplayEntry<'_>, skew_seconds: u16) -> Self {
        let mut key = [0; KEY_BYTES];
        key[..KEY_PREFIX.len()].copy_from_slice(KEY_PREFIX);
        key[KEY_PREFIX.len()..].copy_from_slice(&entry.fingerprint()[..FINGERPRINT_BYTES]);
        // The whole last second is one in which the proof could be accepted.
        let ends = entry.until().plus(1).plus(i64::from(skew_seconds));
        Self {
            key,
            expires_at_millis: ends.0.saturating_mul(1000),
        }
    }

    /// Decides by what the store answered: whether the key was new to it, and its own time right
    /// afterwards, in milliseconds since 1970. A store whose clock has passed the entry's end has
    /// answered that the key was new, and has forgotten it at once.
    ///
    /// # Errors
    /// [`Seen`](ReplayError::Seen) and [`Stale`](ReplayError::Stale).
    pub fn outcome(&self, was_new: bool, store_now_millis: i64) -> Result<(), ReplayError> {
        match was_new {
            false => Err(ReplayError::Seen),
            true if store_now_millis >= self.expires_at_millis => Err(ReplayError::Stale),
            true => Ok(()),
        }
    }
}
