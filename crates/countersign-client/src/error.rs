//! What can go wrong for a caller: a cause and the values that a person needs, no sentences.
//!
//! Sentences are made of the [`catalogue`] by the adapters (in the browser by TypeScript, which is written from it),
//! because formatting is dear in WebAssembly.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ops::Deref;

use crate::text::Text;

pub mod catalogue;
#[allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "hidden, for `cargo xtask package` alone"
)]
pub mod sentence;

pub use catalogue::Cause;

/// A refusal or failure, ready to be told. One word wide: every step of the engine hands it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientError(Rc<Failure>);

/// What a [`ClientError`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// The values in play, in the order that the cause documents. Never a secret.
    pub details: Vec<Text>,
}

impl Deref for ClientError {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl ClientError {
    pub(crate) fn new(cause: Cause, details: &[&str]) -> Self {
        // `collect` would be three functions more in WebAssembly.
        let mut texts = Vec::new();
        for &detail in details {
            texts.push(Text::from(detail));
        }
        Self(Rc::new(Failure {
            cause,
            details: texts,
        }))
    }
}

/// Two values that have to be the same. `Err` tells both.
#[inline(never)] // called often
pub(crate) fn same(cause: Cause, expected: &str, received: &str) -> Result<(), ClientError> {
    if expected == received {
        return Ok(());
    }
    Err(ClientError::new(cause, &[expected, received]))
}

impl From<Cause> for ClientError {
    fn from(cause: Cause) -> Self {
        Self::new(cause, &[])
    }
}
