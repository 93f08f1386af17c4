//! The values that cross the boundary as numbers: questions to the host, modes, ways to the
//! authorization server, and whether to renew tokens. Causes cross by their place in
//! [`Cause`](countersign_client::Cause), from 1 on.
//!
//! `cargo xtask package` writes the other side from these
//! (`packages/countersign/src/engine/numbers.ts`).

use countersign_client::{Mode, Renewal, Visit};

/// A question to the host that takes time. Its number is its place here.
#[derive(Clone, Copy, Debug)]
pub enum Question {
    /// Fields: method, URL, form, proof. Answer: status, `Date`, the body's document; field:
    /// `DPoP-Nonce`.
    Send,
    /// Answer: the key; fields: x, y.
    Generate,
    /// Message: the bytes; number: the key. Answer: the signature's bytes.
    Sign,
    /// Message: the bytes. Answer: the digest's bytes.
    Digest,
    /// Number: milliseconds.
    Sleep,
    /// Fields: name, the record's; number: the key, or 0.
    Keep,
    /// Message: the name. Answer: the key, or 0; fields: x, y (empty without a key), the record's.
    Take,
}

impl Question {
    /// All questions, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Send,
        Self::Generate,
        Self::Sign,
        Self::Digest,
        Self::Sleep,
        Self::Keep,
        Self::Take,
    ];
}

/// The modes in the order of their numbers.
pub const MODES: [Mode; 3] = [Mode::Off, Mode::Auto, Mode::Enforced];

/// The ways to the authorization server in the order of their numbers.
pub const VISITS: [Visit; 3] = [Visit::Interactive, Visit::Silent, Visit::Iframe];

/// Whether to renew tokens, in the order of their numbers.
pub const RENEWALS: [Renewal; 3] = [Renewal::NotDue, Renewal::Due, Renewal::Overdue];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_questions_number_is_its_place() {
        for (place, question) in Question::ALL.into_iter().enumerate() {
            assert_eq!(question as usize, place);
        }
        assert_eq!(Question::Take as usize + 1, Question::ALL.len());
    }

    #[test]
    fn a_renewals_number_is_its_place() {
        for (place, renewal) in RENEWALS.into_iter().enumerate() {
            assert_eq!(renewal as usize, place);
        }
    }
}
