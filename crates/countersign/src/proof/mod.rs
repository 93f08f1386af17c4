//! Proofs (RFC 9449, section 4): a client builds one for each request, a server checks it.
//!
//! A client creates an [`UnsignedProof`] from its [`ProofHeader`] and the request's
//! [`ProofClaims`], and attaches the signature. A server reads the request's `DpopField` and asks a
//! `Verifier` (feature `verify`), which makes the checks of section 4.3 and returns a
//! `VerifiedProof`.
//!
//! A proof covers the method, the URI without its query, and the token; not the query, the body or
//! any other header (11.7).

mod build;
#[cfg(feature = "verify")]
mod claims;
#[cfg(feature = "verify")]
mod error;
#[cfg(feature = "verify")]
pub(crate) mod expected;
#[cfg(feature = "verify")]
mod field;
#[cfg(feature = "verify")]
mod policy;
#[cfg(feature = "verify")]
mod untrusted;
#[cfg(feature = "verify")]
mod verify;

pub use self::build::{ProofClaims, ProofHeader, UnsignedProof};
#[cfg(feature = "verify")]
pub use self::{
    error::ProofError,
    expected::{BoundToken, Expected, NonceCheck},
    field::DpopField,
    policy::{ProofClock, VerifierPolicy},
    untrusted::UntrustedProof,
    verify::{ProofCheck, VerifiedProof, Verifier},
};
#[cfg(feature = "verify")]
pub use crate::sink::CheckOutcome;
