//! The authorization server's side (RFC 9449, 5, 6 and 10): proofs of token requests and of pushed authorization requests,
//! and which key the tokens are bound to.
//!
//! The order at a token endpoint: the proof ([`ProofEndpoint::check`]), the client's authentication, which no proof stands
//! for (11.11), the grant, the [`Binding`] of its tokens, and the [`replay`](super::replay) store last, so that a refused
//! request burns nothing.
//!
//! ```
//! use countersign::{UnixSeconds, server::{authorization::*, verify::*}, target::TargetUri};
//!
//! // RFC 9449, figure 2: a token request of a public client, for a code that its authorization request bound to a key.
//! let proof = b"eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
//! let jkt = Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
//! let client = ClientPolicy { is_public: true, requires_bound_tokens: true };
//!
//! let verifier = Verifier::default();
//! let uri = TargetUri::parse("https://server.example.com/token").expect("a URI");
//! let endpoint = ProofEndpoint { verifier: &verifier, uri: &uri, nonce: NonceCheck::NotRequired };
//! let proof = endpoint.check(&[proof], UnixSeconds(1_562_262_620)).expect("a proof");
//! let code = Grant::Code { dpop_jkt: dpop_jkt(jkt)? };
//! let binding = Binding::of(code, client, proof.as_ref())?;
//! assert_eq!(binding.token_type(), "DPoP");
//!
//! let stolen = Binding::of(code, client, None).unwrap_err();
//! assert_eq!((stolen.name(), stolen.code()), ("ProofMissing", "invalid_dpop_proof"));
//! # Ok::<(), BindingError>(())
//! ```

use alloc::{borrow::ToOwned, string::String};
use core::fmt;

use serde_json::{Map, Value, json};

use super::verify::{Expected, NonceCheck, ProofError, VerifiedProof, Verifier};
use crate::{
    UnixSeconds,
    confirmation::{CNF, JKT},
    jwk::Thumbprint,
    target::TargetUri,
};

/// An endpoint that is sent proofs without access tokens: the token endpoint (5), or that of pushed authorization requests
/// (10.1).
#[derive(Clone, Copy)]
pub struct ProofEndpoint<'a> {
    /// By what policy.
    pub verifier: &'a Verifier,
    /// The endpoint's URI as clients see it.
    pub uri: &'a TargetUri,
    /// Whether proofs need a nonce (8).
    pub nonce: NonceCheck<'a>,
}

impl ProofEndpoint<'_> {
    /// Checks the proof of a request, which is a POST. `dpop_headers` are the values of all its `DPoP` header fields.
    /// `None`: it has none, which is no error yet ([`Binding::of`], [`pushed_key`]).
    ///
    /// # Errors
    /// The first check of section 4.3 that fails. The answer has status 400, its [code](ProofError::code), and where that
    /// is `use_dpop_nonce`, a `DPoP-Nonce` and `Cache-Control: no-store`.
    pub fn check(
        &self,
        dpop_headers: &[&[u8]],
        now: UnixSeconds,
    ) -> Result<Option<VerifiedProof>, ProofError> {
        if dpop_headers.is_empty() {
            return Ok(None);
        }
        let expected = Expected {
            method: "POST",
            uri: self.uri,
            token: None,
            nonce: self.nonce,
        };
        self.verifier.verify(dpop_headers, &expected, now).map(Some)
    }
}

/// What the server knows of a client, as far as it matters for proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientPolicy {
    /// It has no credentials: its refresh tokens are bound to its key (5). Those of others are bound to their credentials.
    pub is_public: bool,
    /// `dpop_bound_access_tokens` of its registration (5.2), or the server's own rule: without a proof it gets no token.
    pub requires_bound_tokens: bool,
}

/// What a token request brings, and the key that it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// A code.
    Code {
        /// `dpop_jkt` of its authorization request (10), or the key of the pushed one ([`pushed_key`]).
        dpop_jkt: Option<Thumbprint>,
    },
    /// A refresh token.
    RefreshToken {
        /// What [`Binding::refresh_token`] was when it was issued.
        key: Option<Thumbprint>,
    },
    /// Something that is bound to no key: client credentials, a device code, an assertion.
    Unbound,
}

/// The keys that the tokens of one token response are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Binding {
    access_token: Option<Thumbprint>,
    refresh_token: Option<Thumbprint>,
}

impl Binding {
    /// Bearer tokens, as a server without DPoP issues them.
    pub const BEARER: Self = Self {
        access_token: None,
        refresh_token: None,
    };

    /// Of a token request with a grant that is otherwise good, from a client that has authenticated as far as it can.
    ///
    /// # Errors
    /// A [`BindingError`]: the grant is of another key than the proof, or there is no proof where one must be. No token is
    /// issued. Whether a code is used up by that is the server's to decide; a request with the right key should find it
    /// still there.
    pub fn of(
        grant: Grant,
        client: ClientPolicy,
        proof: Option<&VerifiedProof>,
    ) -> Result<Self, BindingError> {
        let received = proof.map(VerifiedProof::thumbprint);
        let bound = match grant {
            Grant::Code { dpop_jkt } => dpop_jkt.map(|key| (Bound::Code, key)),
            Grant::RefreshToken { key } => key.map(|key| (Bound::RefreshToken, key)),
            Grant::Unbound => None,
        };
        match (received, bound) {
            (None, Some((what, _))) => Err(BindingError::ProofMissing { what }),
            (Some(received), Some((what, expected))) if received != expected => {
                Err(BindingError::KeyMismatch {
                    what,
                    expected,
                    received,
                })
            }
            (None, None) if client.requires_bound_tokens => Err(BindingError::ProofRequired),
            _ => Ok(Self {
                access_token: received,
                refresh_token: received.filter(|_| client.is_public),
            }),
        }
    }

    /// The access token's key; `None`: it is a bearer token.
    #[must_use]
    pub const fn access_token(&self) -> Option<Thumbprint> {
        self.access_token
    }

    /// The key without which the refresh token must not be taken: keep it with the token, for [`Grant::RefreshToken`].
    #[must_use]
    pub const fn refresh_token(&self) -> Option<Thumbprint> {
        self.refresh_token
    }

    /// `token_type` of the token response (5): `DPoP` or `Bearer`.
    #[must_use]
    pub const fn token_type(&self) -> &'static str {
        match self.access_token {
            Some(_) => "DPoP",
            None => "Bearer",
        }
    }

    /// Puts `cnf` into the claims of a JWT access token (6.1). Nothing for a bearer token.
    pub fn add_to_claims(&self, claims: &mut Map<String, Value>) {
        if let Some(key) = &self.access_token {
            claims.insert(CNF.to_owned(), json!({ JKT: key.to_base64url() }));
        }
    }

    /// Puts `cnf` and `token_type` into the introspection response of an active token (6.2).
    pub fn add_to_introspection(&self, response: &mut Map<String, Value>) {
        self.add_to_claims(response);
        response.insert("token_type".to_owned(), self.token_type().into());
    }
}

/// What was bound to a key, for the words of a [`BindingError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// A code.
    Code,
    /// A refresh token.
    RefreshToken,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "code",
            Self::RefreshToken => "refresh token",
        })
    }
}

/// The `dpop_jkt` parameter of an authorization request, pushed or not (10).
///
/// # Errors
/// [`BindingError::JktMalformed`].
pub fn dpop_jkt(parameter: Option<&str>) -> Result<Option<Thumbprint>, BindingError> {
    let parse = |text| Thumbprint::parse(text).ok_or(BindingError::JktMalformed);
    parameter.map(parse).transpose()
}

/// The key that a pushed authorization request binds its code to: of its `dpop_jkt`, of its proof, or of both, which then
/// agree (10.1). Keep it with the request, for [`Grant::Code`].
///
/// # Errors
/// [`BindingError::JktMismatch`].
pub fn pushed_key(
    dpop_jkt: Option<Thumbprint>,
    proof: Option<&VerifiedProof>,
) -> Result<Option<Thumbprint>, BindingError> {
    let proven = proof.map(VerifiedProof::thumbprint);
    match (dpop_jkt, proven) {
        (Some(expected), Some(received)) if expected != received => {
            Err(BindingError::JktMismatch { expected, received })
        }
        _ => Ok(dpop_jkt.or(proven)),
    }
}

/// Why a request with a good proof, or without one, is refused for its key. The answer has status 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// The client gets bound tokens only, and sent no proof (5.2).
    #[error(
        "the client is registered with dpop_bound_access_tokens; send a proof in the DPoP header"
    )]
    ProofRequired,
    /// The grant is bound to a key, and the request has no proof (5, 10).
    #[error("the {what} is bound to a key; send a proof of it in the DPoP header")]
    ProofMissing {
        /// What is bound.
        what: Bound,
    },
    /// The grant is bound to another key (5, 10).
    #[error("the {what} is bound to the key {}, the proof is of {}; sign with the first", .expected.to_base64url(), .received.to_base64url())]
    KeyMismatch {
        /// What is bound.
        what: Bound,
        /// The key that it is bound to.
        expected: Thumbprint,
        /// The proof's.
        received: Thumbprint,
    },
    /// `dpop_jkt` is no thumbprint (10).
    #[error("`dpop_jkt` is not a SHA-256 thumbprint in base64url")]
    JktMalformed,
    /// `dpop_jkt` and proof of a pushed authorization request are of two keys (10.1).
    #[error("dpop_jkt is {}, the proof is of {}; send those of one key", .expected.to_base64url(), .received.to_base64url())]
    JktMismatch {
        /// `dpop_jkt`.
        expected: Thumbprint,
        /// The proof's.
        received: Thumbprint,
    },
}

impl BindingError {
    /// The error code that a client gets (5, 10; RFC 6749, 4.1.2.1).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::JktMalformed => "invalid_request",
            _ => "invalid_dpop_proof",
        }
    }

    /// The variant's name, for logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ProofRequired => "ProofRequired",
            Self::ProofMissing { .. } => "ProofMissing",
            Self::KeyMismatch { .. } => "KeyMismatch",
            Self::JktMalformed => "JktMalformed",
            Self::JktMismatch { .. } => "JktMismatch",
        }
    }
}
