//! What the pages of single items have no room for. No code.

/// The requirements of RFC 9449: where each is met, and which tests hold it.
#[doc = include_str!("manual/checklist.md")]
pub mod checklist {}
