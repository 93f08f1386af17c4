//! Stateless nonces of a server (RFC 9449, sections 8 and 9), recognised by a keyed hash over the
//! time of issue.
//!
//! Nothing is stored, so replicas that share the key share the nonces, and a restart forgets none.
//! All nonces of one second are equal: a nonce proves that the proof was made after the server had
//! sent it (11.2), not that it is used once (which is the replay store's task). Time and key are
//! parameters.
//!
//! ```
//! use core::time::Duration;
//! use countersign::{UnixSeconds, nonce::{CheckNonce, NonceIssuer, NonceStatus}};
//!
//! let issuer = NonceIssuer::new(&[7; 32], Duration::from_secs(300)); // the key: 32 random bytes
//! let nonce = issuer.issue(UnixSeconds(1_000_000));
//! assert_eq!(issuer.check(&nonce, UnixSeconds(1_000_010)), NonceStatus::Fresh);
//! assert_eq!(issuer.check(&nonce, UnixSeconds(1_000_200)), NonceStatus::AcceptAndRenew);
//! assert_eq!(issuer.check(&nonce, UnixSeconds(1_000_301)), NonceStatus::Expired);
//! assert_eq!(issuer.check("made-up", UnixSeconds(1_000_010)), NonceStatus::NotOurs);
//! ```

use alloc::{string::String, vec::Vec};
use core::{fmt, time::Duration};

use crate::{UnixSeconds, crypto::HmacKey, digest::equal_in_constant_time, jose::base64url};

/// A server's judgement of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonceStatus {
    /// It is ours and in the first half of its life.
    Fresh,
    /// It is ours and in the second half of its life: accept it, and send a new one with the
    /// response (8.2).
    AcceptAndRenew,
    /// It is ours and too old, or from the future (the clock was set back): answer `use_dpop_nonce`
    /// with a new one.
    Expired,
    /// It is not ours, or by a key that is no longer accepted: answer `use_dpop_nonce` with a new
    /// one.
    NotOurs,
}

/// Judges the nonces of proofs. Implement it for a server that has its nonces from elsewhere than a
/// [`NonceIssuer`].
///
/// If an implementation accepts nonces that were never issued, attackers who had the key for a
/// moment can use proofs that they made in advance (11.2).
pub trait CheckNonce: Send + Sync {
    /// Judges `nonce` at the moment `now`.
    fn check(&self, nonce: &str, now: UnixSeconds) -> NonceStatus;

    /// Returns the last moment, inclusive, at which `nonce`, which was just accepted, will be
    /// accepted. `None`: unknown. Policies that go by [the nonce's
    /// time](crate::proof::ProofClock::Nonce) need it; a moment that is too early lets a replay
    /// pass.
    fn accepted_until(&self, nonce: &str) -> Option<UnixSeconds> {
        let _ = nonce;
        None
    }
}

/// Issues nonces that it later recognises. Implement it for a server that has its nonces from
/// elsewhere than a [`NonceIssuer`].
pub trait IssueNonce: CheckNonce {
    /// Issues a nonce to send with a response at `now`: `1*NQCHAR` (8.1), unpredictable until it is
    /// sent.
    fn issue(&self, now: UnixSeconds) -> String;
}

/// Issues and recognises nonces by a key.
#[derive(Clone)]
pub struct NonceIssuer {
    /// The first key issues; nonces of all keys are accepted.
    keys: Vec<HmacKey>,
    lifetime_seconds: i64,
}

/// 64 bits of time and 128 of hash make exactly 32 characters.
const TIME_BYTES: usize = 8;
const TAG_BYTES: usize = 16;

/// Separates nonces from other uses of the same key.
const PURPOSE: &[u8] = b"countersign DPoP-Nonce 1";

/// How far another replica's clock may run ahead of ours.
const REPLICA_LEEWAY_SECONDS: i64 = 5;

impl NonceIssuer {
    /// Creates an issuer from its `key`: 32 random bytes, secret, shared by the replicas of one
    /// server and nobody else. Nonces are accepted for `lifetime`, in whole seconds and at least
    /// one.
    #[must_use]
    pub fn new(key: &[u8; 32], lifetime: Duration) -> Self {
        Self {
            keys: [HmacKey::new(key)].to_vec(),
            lifetime_seconds: i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX).max(1),
        }
    }

    /// Accepts nonces of another `key` too, and issues none by it. To change the key of a server
    /// with replicas without ever refusing a good nonce, take three steps, each on all replicas
    /// before the next:
    /// 1. accept the next key also: `new(&current, lifetime).accepting_also(&next)`;
    /// 2. issue by the next key: `new(&next, lifetime).accepting_also(&current)`;
    /// 3. after a lifetime, drop the former one: `new(&next, lifetime)`.
    ///
    /// Drop a key at once if somebody else may know it: that costs each client one challenge.
    #[must_use]
    pub fn accepting_also(mut self, key: &[u8; 32]) -> Self {
        self.keys.push(HmacKey::new(key));
        self
    }

    /// Returns the nonce of this second: 32 characters, all NQCHAR, unpredictable without the key.
    #[must_use]
    pub fn issue(&self, now: UnixSeconds) -> String {
        let mut bytes = Vec::with_capacity(TIME_BYTES + TAG_BYTES);
        let time = now.0.to_be_bytes();
        bytes.extend_from_slice(&time);
        if let Some(key) = self.keys.first() {
            bytes.extend_from_slice(&tag(key, &time));
        }
        base64url::encode(&bytes)
    }
}

impl CheckNonce for NonceIssuer {
    fn check(&self, nonce: &str, now: UnixSeconds) -> NonceStatus {
        let Some(bytes) = base64url::decode(nonce) else {
            return NonceStatus::NotOurs;
        };
        let Some((time, received)) = bytes.split_first_chunk::<TIME_BYTES>() else {
            return NonceStatus::NotOurs;
        };
        let is_ours = |key| equal_in_constant_time(&tag(key, time), received);
        if !self.keys.iter().any(is_ours) {
            return NonceStatus::NotOurs;
        }
        let age = now.since(UnixSeconds(i64::from_be_bytes(*time)));
        if age > self.lifetime_seconds || age < -REPLICA_LEEWAY_SECONDS {
            NonceStatus::Expired
        } else if age > self.lifetime_seconds / 2 {
            NonceStatus::AcceptAndRenew
        } else {
            NonceStatus::Fresh
        }
    }

    fn accepted_until(&self, nonce: &str) -> Option<UnixSeconds> {
        let bytes = base64url::decode(nonce)?;
        let (time, _) = bytes.split_first_chunk::<TIME_BYTES>()?;
        Some(UnixSeconds(i64::from_be_bytes(*time)).plus(self.lifetime_seconds))
    }
}

impl IssueNonce for NonceIssuer {
    fn issue(&self, now: UnixSeconds) -> String {
        Self::issue(self, now)
    }
}

impl fmt::Debug for NonceIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceIssuer")
            .field("keys", &self.keys.len())
            .field("lifetime_seconds", &self.lifetime_seconds)
            .finish()
    }
}

fn tag(key: &HmacKey, time: &[u8; TIME_BYTES]) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&key.sign(&[PURPOSE, time])[..TAG_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nonce::Nonce;
    use NonceStatus::{AcceptAndRenew, Expired, Fresh, NotOurs};

    const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

    fn issuer() -> NonceIssuer {
        NonceIssuer::new(&[1; 32], Duration::from_secs(100))
    }

    #[test]
    fn n6_issued_nonces_are_nqchar_and_differ_by_time_and_key() {
        let nonce = issuer().issue(NOW);
        assert_eq!(nonce.len(), 32);
        assert!(Nonce::parse(&nonce).is_some());
        assert_ne!(nonce, issuer().issue(NOW.plus(1)));
        assert_ne!(
            nonce,
            NonceIssuer::new(&[2; 32], Duration::from_secs(100)).issue(NOW)
        );
    }

    #[test]
    fn n6_a_nonce_is_bounded_in_time() {
        let nonce = issuer().issue(NOW);
        for (age, status) in [
            (-6, Expired),
            (-5, Fresh),
            (0, Fresh),
            (50, Fresh),
            (51, AcceptAndRenew),
            (100, AcceptAndRenew),
            (101, Expired),
            (i64::MAX, Expired),
        ] {
            assert_eq!(issuer().check(&nonce, NOW.plus(age)), status, "{age}");
        }
    }

    #[test]
    fn n8_what_was_not_issued_is_not_ours() {
        let nonce = issuer().issue(NOW);
        let mut later = base64url::decode(&nonce).expect("base64url");
        later[7] ^= 1;
        let mut longer = base64url::decode(&nonce).expect("base64url");
        longer.push(0);
        let other = NonceIssuer::new(&[2; 32], Duration::from_secs(100)).issue(NOW);
        for text in [
            "",
            "a",
            &other,
            &nonce[..31],
            &base64url::encode(&later),
            &base64url::encode(&longer),
            &base64url::encode(&longer[..8]),
        ] {
            assert_eq!(issuer().check(text, NOW), NotOurs, "{text}");
        }
    }

    #[test]
    fn nonces_of_a_former_key_stay_good_when_it_is_accepted() {
        let former = issuer().issue(NOW);
        let changed = NonceIssuer::new(&[3; 32], Duration::from_secs(100));
        assert_eq!(changed.check(&former, NOW), NotOurs);
        assert_eq!(
            changed.clone().accepting_also(&[1; 32]).check(&former, NOW),
            Fresh
        );
        assert_eq!(
            changed.clone().accepting_also(&[1; 32]).issue(NOW),
            changed.issue(NOW)
        );
    }

    #[test]
    fn v16_replicas_share_nonces_while_their_keys_change_one_after_the_other() {
        let lifetime = Duration::from_secs(100);
        let steps = [
            issuer(),
            issuer().accepting_also(&[3; 32]),
            NonceIssuer::new(&[3; 32], lifetime).accepting_also(&[1; 32]),
            NonceIssuer::new(&[3; 32], lifetime),
        ];
        // One replica has taken the step and the other has not.
        for pair in steps.windows(2) {
            for (one, other) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
                assert_eq!(other.check(&one.issue(NOW), NOW), Fresh, "{pair:?}");
            }
        }
        // Nothing that the last step forgets was still good.
        let former = steps[1].issue(NOW.plus(-101));
        assert_eq!(steps[2].check(&former, NOW), Expired);
        assert_eq!(steps[3].check(&former, NOW), NotOurs);
    }

    #[test]
    fn n6_a_clock_that_goes_back_costs_one_challenge() {
        let nonce = issuer().issue(NOW);
        let back = NOW.plus(-3600);
        assert_eq!(issuer().check(&nonce, back), Expired);
        assert_eq!(issuer().check(&issuer().issue(back), back), Fresh);
        // The extremes of a clock cause no panic.
        for now in [UnixSeconds(i64::MIN), UnixSeconds(i64::MAX)] {
            assert_eq!(issuer().check(&nonce, now), Expired);
            assert_eq!(issuer().check(&issuer().issue(now), now), Fresh);
        }
    }

    #[test]
    fn v16_replicas_whose_clocks_differ_a_little_accept_each_others_nonces() {
        let (ahead, behind) = (issuer(), issuer());
        assert_eq!(behind.check(&ahead.issue(NOW.plus(5)), NOW), Fresh);
        assert_eq!(ahead.check(&behind.issue(NOW), NOW.plus(5)), Fresh);
    }

    #[test]
    fn debug_output_holds_no_key() {
        let text = std::format!(
            "{:?}",
            NonceIssuer::new(&[0x5a; 32], Duration::from_secs(9))
        );
        assert_eq!(text, "NonceIssuer { keys: 1, lifetime_seconds: 9 }");
    }
}
