//! What only a verifier needs: strict parsing, signatures, the checks of RFC 9449 section 4.3, server nonces and the
//! replay store. Feature `verify`.
//!
//! The order at a resource server: [`credentials`] out of `Authorization`, the access token's signature and claims
//! ([`jws`], [`crypto`]), the proof ([`verify`]), and last, when everything else has passed, the [`replay`] store.
//! Every parser here reads what an attacker wrote: sizes are limited before any work is done, and a value that breaks
//! its grammar is refused, never repaired.

pub mod authorization;
mod checks;
pub mod confirmation;
pub mod credentials;
pub mod crypto;
mod examine;
pub mod issuer;
pub mod json;
pub mod jwk;
pub mod jws;
mod policy;
mod proof_claims;
mod proof_error;
pub mod quoted;
pub mod replay;
pub mod resource_metadata;
pub mod verify;
