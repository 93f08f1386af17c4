//! A manual: what the pages of single items have no room for.

/// The requirements of RFC 9449: the code that meets each, and the tests that hold it.
#[doc = include_str!("checklist.md")]
pub mod checklist {}

/// Deployment of a server that checks proofs: the settings that decide what a proof is worth.
#[cfg(feature = "verify")]
#[doc = include_str!("deployment.md")]
pub mod deployment {}
