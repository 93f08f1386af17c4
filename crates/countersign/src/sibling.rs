//! Items for the sibling crates of this project only. They may change in any release.

#[cfg(feature = "json")]
pub use crate::text::Quoted;
pub use crate::text::{cut, push_ascii, push_decimal, push_json_string, with_causes};
#[cfg(feature = "verify")]
pub use crate::{
    proof::expected::ExpectedParts,
    sink::{Decide, Explain, Missing, Sink},
};
