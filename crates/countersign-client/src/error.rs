//! What can go wrong for a caller: a cause and the values that a person needs, without a sentence.
//!
//! The adapters make sentences from the [`catalogue`] (in the browser, TypeScript that is generated
//! from it does), because formatting takes many bytes in WebAssembly.

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

/// An error of the engine. It is one word wide, because every step of the engine passes it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientError(Rc<Failure>);

/// The content of a [`ClientError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The cause.
    pub cause: Cause,
    /// The values involved, in the order that the cause documents. Never a secret.
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
        // `collect` would add three functions to the WebAssembly.
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

/// Checks that two values are the same. The error tells both.
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
