//! The authorization server's side (RFC 9449, 5, 6 and 10): proofs of token requests and of pushed
//! authorization requests, and which key the tokens are bound to.
//!
//! A token endpoint checks in this order: the proof ([`ProofEndpoint::check`]), the client's
//! authentication, which a proof cannot replace (11.11), the grant, the [`Binding`] of its tokens,
//! and last the [`replay`](crate::replay) store, so that a refused request uses up no proof.
//!
//! ```
//! use countersign::{UnixSeconds, authorization_server::*, proof::*, target::TargetUri};
//!
//! // RFC 9449, figure 2: a token request of a public client, for a code that is bound to a key.
//! let proof = b"eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
//! let jkt = Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
//! let client = ClientPolicy::public().with_bound_tokens_required(true);
//!
//! let verifier = Verifier::default();
//! let uri = TargetUri::parse("https://server.example.com/token").expect("a URI");
//! let endpoint = ProofEndpoint::new(&verifier, &uri, NonceCheck::NotRequired);
//! let field = DpopField::parse(&[proof]).expect("one proof at most"); // all `DPoP` fields
//! let proof = endpoint.check(field, UnixSeconds(1_562_262_620)).expect("a proof");
//! let code = Grant::Code { dpop_jkt: dpop_jkt(jkt)? };
//! let binding = Binding::of(code, client, proof.as_ref())?;
//! assert_eq!(binding.token_type(), "DPoP");
//!
//! let stolen = Binding::of(code, client, None).unwrap_err();
//! assert_eq!((stolen.name(), stolen.code()), ("ProofMissing", "invalid_dpop_proof"));
//! # Ok::<(), BindingError>(())
//! ```

mod binding;
mod endpoint;
mod pushed;

pub use self::{
    binding::{Binding, BindingError, Bound, ClientPolicy, DPOP_JKT, Grant, dpop_jkt},
    endpoint::ProofEndpoint,
    pushed::pushed_key,
};
