//! What the pages of single items have no room for. No code.

/// The requirements of RFC 9449: where each is met, and which tests hold it.
#[doc = include_str!("checklist.md")]
pub mod checklist {}

/// For whoever runs a server that checks proofs: the settings that decide what a proof is worth.
#[cfg(feature = "verify")]
#[doc = include_str!("deployment.md")]
pub mod deployment {}
