//! DPoP (RFC 9449) as values and functions: proofs, their verification, nonces, challenges.
//!
//! This crate does no I/O, reads no clock and draws no random numbers: bytes, time and keys come in as parameters,
//! so the same code runs in a browser, a server, a gateway and a simulated world.
//!
//! Two halves:
//! - the modules of this level are what a client and a server both need. They are `no_std` with `alloc`, depend on
//!   nothing, and are written to be small in WebAssembly (`default-features = false`);
//! - [`server`] (feature `verify`, on by default) is what only a verifier needs: strict parsing, the checks of
//!   section 4.3, server nonces and the replay store.
//!
//! What DPoP does *not* do: a proof covers the method, the URI without its query, and the token. It doesn't cover the
//! query, the body or any other header (RFC 9449, 11.7).
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "verify"))]
extern crate std;

#[cfg(all(
    feature = "verify",
    not(any(feature = "aws-lc-rs", feature = "rust-crypto"))
))]
compile_error!("the feature `verify` needs a back end: enable `aws-lc-rs` or `rust-crypto`");

pub mod base64url;
pub mod challenge;
pub mod confirmation;
mod digest;
pub mod jwk;
pub mod nonce;
pub mod proof;
#[cfg(all(
    feature = "verify",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
pub mod server;
pub mod support;
pub mod target;
pub mod text;
mod time;

pub use time::UnixSeconds;
