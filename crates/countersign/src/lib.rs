//! DPoP (RFC 9449) as values and functions: proofs, their verification, nonces, challenges.
//!
//! This crate does no I/O, reads no clock and draws no random numbers: bytes, time and keys come in as parameters,
//! so the same code runs in a browser, a server, a gateway and a simulated world.
//!
//! A client builds a proof for each request, a server checks it:
//!
//! ```
//! # #[cfg(feature = "aws-lc-rs")] {
//! use aws_lc_rs::{rand::SystemRandom, signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair}};
//! use countersign::{UnixSeconds, jwk::PublicJwk, proof::*, server::{crypto::*, verify::*}, target::TargetUri};
//!
//! // The client's key is wherever the client keeps it; this crate needs its public half, and signatures.
//! let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("random bytes");
//! let point = key.public_key().as_ref();
//! let (x, y) = (point[1..33].try_into().expect("32 bytes"), point[33..].try_into().expect("32 bytes"));
//! let public = PublicJwk::P256 { x, y };
//! let (token, now) = ("the access token", UnixSeconds(1_767_225_600));
//! let uri = TargetUri::parse("https://api.example.com/notes?page=2").expect("a URI");
//!
//! let ath_text = ath(token).to_base64url();
//! let proof = UnsignedProof::new(&ProofHeader::new(&public), &ProofClaims {
//!     jti: "-BwC3ESc6acc2lTc", htm: "GET", htu: uri.htu(), iat: now, ath: Some(&ath_text), nonce: None,
//! });
//! let signature = key.sign(&SystemRandom::new(), proof.signing_input()).expect("random bytes");
//! let header = proof.attach(signature.as_ref()); // DPoP: ...
//!
//! // The server has the request, and the token's hash and `cnf.jkt`.
//! let bound = BoundToken { ath: ath(token), thumbprint: thumbprint(&public) };
//! let expected = Expected { method: "GET", uri: &uri, token: Some(bound), nonce: NonceCheck::NotRequired };
//! let verified = Verifier::default().verify(&[header.as_bytes()], &expected, now).expect("a good proof");
//! assert_eq!(verified.jti(), "-BwC3ESc6acc2lTc"); // then: the replay store, with verified.replay_entry()
//! let late = Verifier::default().verify(&[header.as_bytes()], &expected, now.plus(61)).unwrap_err();
//! assert_eq!((late.name(), late.code()), ("IatTooOld", "invalid_dpop_proof"));
//! # }
//! ```
//!
//! Two halves:
//! - the modules of this level are what a client and a server both need. They are `no_std` with `alloc`, depend on
//!   nothing, and are written to be small in WebAssembly (`default-features = false`);
//! - [`server`] (feature `verify`, on by default) is what only a verifier needs: strict parsing, the checks of
//!   section 4.3, server nonces and the replay store.
//!
//! Features:
//! - `aws-lc-rs` (default): signatures by aws-lc-rs, the fastest measured. Where both back ends are on, it does the work;
//! - `fips`: `aws-lc-rs` with the FIPS 140-3 module of aws-lc, which needs CMake, Go and a C compiler to build and is in part under
//!   the OpenSSL licence;
//! - `rust-crypto`: the same by crates that are Rust alone, which compile for `wasm32-unknown-unknown`
//!   (`default-features = false, features = ["rust-crypto"]`);
//! - `sign`: keys that sign proofs natively, by either back end (module `signing`);
//! - `replay-conformance`: tests for a replay store of your own (module `server::replay::conformance`).
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
pub mod manual;
pub mod nonce;
pub mod proof;
#[cfg(all(
    feature = "verify",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
pub mod server;
#[cfg(all(feature = "sign", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub mod signing;
pub mod support;
pub mod target;
pub mod text;
mod time;

pub use time::UnixSeconds;
