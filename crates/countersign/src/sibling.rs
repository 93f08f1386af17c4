//! What is public for the crates of this project only. It may change in any release.

#[cfg(feature = "verify")]
pub use crate::{
    proof::expected::ExpectedParts,
    sink::{Decide, Explain, Missing, Sink, Within},
};
