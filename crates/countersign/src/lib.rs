//! DPoP (RFC 9449) as values and functions: proofs, their verification, nonces, challenges.
//!
//! ```
//! # #[cfg(all(feature = "sign", feature = "verify"))] {
//! # use countersign::{UnixSeconds, crypto::*, proof::*, signing::SigningKey, target::TargetUri};
//! # let fill = |bytes: &mut [u8]| { bytes.fill(7); Ok::<(), core::convert::Infallible>(()) };
//! # let (token, now) = ("the access token", UnixSeconds(1_767_225_600));
//! # let uri = TargetUri::parse("https://api.example.com/notes?page=2").expect("a URI");
//! // A client signs one proof for each request, with the key that its token is bound to.
//! let key = SigningKey::generate(Algorithm::Es256, fill).expect("a key"); // getrandom::fill
//! let (jti, hash) = ("-BwC3ESc6acc2lTc", ath(token).to_base64url());
//! let claims = ProofClaims { jti, htm: "GET", htu: uri.htu(), iat: now, ath: Some(&hash), nonce: None };
//! let proof = key.prove(&claims).expect("random bytes"); // the value of the header DPoP
//! // A server checks it against the request, its token, and the token's `cnf.jkt`.
//! let field = DpopField::parse(&[proof.as_bytes()]).expect("one proof at most");
//! let bound = BoundToken::new(ath(token), thumbprint(key.public()));
//! let expected = Expected::new("GET", &uri, Some(bound), NonceCheck::NotRequired);
//! let verified = Verifier::default().verify(field, &expected, now).expect("a good proof");
//! # assert_eq!(verified.jti(), "-BwC3ESc6acc2lTc");
//! # let late = Verifier::default().verify(field, &expected, now.plus(61)).unwrap_err();
//! # assert_eq!((late.name(), late.code()), ("IatTooOld", "invalid_dpop_proof"));
//! # }
//! ```
//!
//! Last, the server inserts the verified proof's `replay_entry` into a replay store, so that no
//! proof is accepted twice.
//!
//! This crate does no I/O, reads no clock and draws no random numbers: bytes, time and keys are
//! parameters, so the same code runs in a browser, a server, a gateway and a simulated world. The
//! private key may live in a key store: building a proof needs only its public half, and a
//! signature.
//!
//! Rooms, from the ground up:
//! - [`jose`], [`digest`], [`jwk`], [`target`], [`loopback`], [`header`] and `crypto`: the values
//!   of the protocol;
//! - [`proof`]: proofs, built and checked (section 4.3); `signing`: keys that sign natively;
//! - [`access_token`], [`nonce`], `replay`: the other parts of a request;
//! - [`challenge`], `resource_metadata`, [`dpop_mode`], `authorization_server`: what servers and clients
//!   tell each other.
//!
//! Without features (`default-features = false`), it has what a client in a browser needs: `no_std`
//! with `alloc`, without any dependency, and small in WebAssembly. The feature `verify` adds what
//! only a verifier needs.
//!
//! What DPoP does *not* do: a proof covers the method, the URI without its query, and the token. It
//! doesn't cover the query, the body or any other header (RFC 9449, 11.7).
//!
//! # Features
//! | feature | adds | default |
//! |---|---|---|
//! | `verify` | checking proofs, issuing nonces, the replay store, what an authorization server decides; brings `json` | yes |
//! | `aws-lc-rs` | signatures by aws-lc-rs, the fastest measured; if both back ends are enabled, it does the work | yes |
//! | `fips` | the FIPS 140-3 module of aws-lc, which needs CMake, Go and a C compiler to build and is in part under the OpenSSL licence; brings `aws-lc-rs` | |
//! | `rust-crypto` | signatures by crates in pure Rust, which compile for `wasm32-unknown-unknown` (`default-features = false, features = ["rust-crypto", "verify"]`) | |
//! | `rust-digests` | digests alone in pure Rust, for a program whose platform checks signatures (`crypto::CheckSignatures`); brought by `rust-crypto` | |
//! | `json` | strict JSON, JWS and public keys from JSON | |
//! | `sign` | keys that sign proofs natively, by either back end (module `signing`), without `verify` | |
//! | `replay-conformance` | tests for a replay store of your own (module `replay::conformance`); brings `verify` | |
//!
//! Needs Rust 1.95. A later minor version may need a newer one; a patch never does.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(any(test, feature = "verify"))]
extern crate std;

#[cfg(all(
    any(feature = "sign", feature = "verify"),
    not(any(feature = "aws-lc-rs", feature = "rust-digests"))
))]
compile_error!(
    "the features `sign` and `verify` need a back end: enable `aws-lc-rs` or `rust-crypto`"
);

pub mod access_token;
#[cfg(feature = "verify")]
pub mod authorization_server;
pub mod challenge;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-digests"))]
#[cfg_attr(
    not(feature = "verify"),
    allow(
        dead_code,
        reason = "only the verifier asks what a key costs, and for HMAC"
    )
)]
pub mod crypto;
pub mod digest;
pub mod dpop_mode;
pub mod header;
pub mod jose;
pub mod jwk;
pub mod loopback;
pub mod manual;
pub mod nonce;
pub mod proof;
#[cfg(feature = "verify")]
pub mod replay;
#[cfg(feature = "verify")]
pub mod resource_metadata;
#[doc(hidden)]
pub mod sibling;
#[cfg(feature = "sign")]
pub mod signing;
#[cfg(feature = "verify")]
mod sink;
pub mod target;
mod text;
mod time;

#[cfg(feature = "json")]
pub use time::NumericDate;
pub use time::UnixSeconds;

/// The README's code compiles, and where it can, runs.
#[cfg(all(doctest, feature = "sign", feature = "verify"))]
#[doc = include_str!("../README.md")]
mod readme {}
