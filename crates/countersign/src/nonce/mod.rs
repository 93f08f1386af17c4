//! Nonces (RFC 9449, sections 8 and 9): a server issues them, and the client puts the newest into
//! every later proof for that server.
//!
//! A client keeps them in a [`NonceJar`]. A server issues and checks them by a `NonceIssuer`
//! (feature `verify`).

#[cfg(feature = "verify")]
mod issuer;
mod jar;

#[cfg(feature = "verify")]
pub use self::issuer::{CheckNonce, IssueNonce, NonceIssuer, NonceStatus};
pub use self::jar::{Nonce, NonceJar, Role};
