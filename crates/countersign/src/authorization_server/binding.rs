use alloc::{borrow::ToOwned, string::String};
use core::fmt;

use serde_json::{Map, Value, json};

use crate::{
    access_token::{CNF, JKT},
    digest::Thumbprint,
    proof::VerifiedProof,
};

/// The authorization request's parameter that binds the code to a key (section 10).
pub const DPOP_JKT: &str = "dpop_jkt";

/// What the server knows about a client, as far as proofs are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientPolicy {
    /// It has no credentials, so its refresh tokens are bound to its key (5). Other clients' are
    /// bound to their credentials.
    pub is_public: bool,
    /// It gets no token without a proof, by `dpop_bound_access_tokens` of its registration (5.2) or
    /// by the server's own rule.
    pub requires_bound_tokens: bool,
}

impl ClientPolicy {
    /// Describes a client without credentials that may get unbound tokens.
    #[must_use]
    pub const fn public() -> Self {
        Self {
            is_public: true,
            requires_bound_tokens: false,
        }
    }

    /// Describes a client that authenticates itself and may get unbound tokens.
    #[must_use]
    pub const fn confidential() -> Self {
        Self {
            is_public: false,
            requires_bound_tokens: false,
        }
    }

    /// Sets whether the client gets bound tokens only.
    #[must_use]
    pub const fn with_bound_tokens_required(self, required: bool) -> Self {
        Self {
            requires_bound_tokens: required,
            ..self
        }
    }
}

/// The grant of a token request, with the key that it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// An authorization code.
    Code {
        /// `dpop_jkt` of its authorization request (10), or the key of a pushed request
        /// ([`pushed_key`](super::pushed_key)).
        dpop_jkt: Option<Thumbprint>,
    },
    /// A refresh token.
    RefreshToken {
        /// The [`Binding::refresh_token`] with which it was issued.
        key: Option<Thumbprint>,
    },
    /// A grant that is bound to no key: client credentials, a device code, an assertion.
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

    /// Decides which keys the tokens are bound to, for a grant that is otherwise valid from a
    /// client that has authenticated as far as it can.
    ///
    /// # Errors
    /// The grant is bound to another key than the proof's, or a required proof is missing: issue no
    /// token. The server decides whether that uses up a code; a request with the right key should
    /// still find it.
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

    /// Returns the access token's key. `None`: it is a bearer token.
    #[must_use]
    pub const fn access_token(&self) -> Option<Thumbprint> {
        self.access_token
    }

    /// Returns the key that the refresh token must be used with. Store it with the token, for
    /// [`Grant::RefreshToken`].
    #[must_use]
    pub const fn refresh_token(&self) -> Option<Thumbprint> {
        self.refresh_token
    }

    /// Returns `token_type` for the token response (5): `DPoP` or `Bearer`.
    #[must_use]
    pub const fn token_type(&self) -> &'static str {
        match self.access_token {
            Some(_) => "DPoP",
            None => "Bearer",
        }
    }

    /// Adds `cnf` to the claims of a JWT access token (6.1). Does nothing for a bearer token.
    pub fn add_to_claims(&self, claims: &mut Map<String, Value>) {
        if let Some(key) = &self.access_token {
            claims.insert(CNF.to_owned(), json!({ JKT: key.to_base64url() }));
        }
    }

    /// Adds `cnf` and `token_type` to the introspection response of an active token (6.2).
    pub fn add_to_introspection(&self, response: &mut Map<String, Value>) {
        self.add_to_claims(response);
        response.insert("token_type".to_owned(), self.token_type().into());
    }
}

/// What was bound to a key, as a [`BindingError`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// An authorization code.
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

/// Reads the `dpop_jkt` parameter of an authorization request, pushed or not (10).
///
/// # Errors
/// [`BindingError::JktMalformed`].
pub fn dpop_jkt(parameter: Option<&str>) -> Result<Option<Thumbprint>, BindingError> {
    let parse = |text| Thumbprint::parse(text).ok_or(BindingError::JktMalformed);
    parameter.map(parse).transpose()
}

/// Why a request is refused for its key, although its proof is valid or absent. The answer has
/// status 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// The client gets bound tokens only and sent no proof (5.2).
    #[error(
        "the client is registered with dpop_bound_access_tokens; send a proof in the DPoP header"
    )]
    ProofRequired,
    /// The grant is bound to a key, and the request has no proof (5, 10).
    #[error("the {what} is bound to a key; send a proof by it in the DPoP header")]
    ProofMissing {
        /// What is bound.
        what: Bound,
    },
    /// The grant is bound to another key (5, 10).
    #[error("the {what} is bound to the key {}, and the proof is by {}; sign with the first", .expected.to_base64url(), .received.to_base64url())]
    KeyMismatch {
        /// What is bound.
        what: Bound,
        /// The key that it is bound to.
        expected: Thumbprint,
        /// The proof's.
        received: Thumbprint,
    },
    /// `dpop_jkt` is not a thumbprint (10).
    #[error("`dpop_jkt` is not a SHA-256 thumbprint in base64url")]
    JktMalformed,
    /// `dpop_jkt` and proof of a pushed authorization request name different keys (10.1).
    #[error("`dpop_jkt` is {}, and the proof is by {}; use one key for both", .expected.to_base64url(), .received.to_base64url())]
    JktMismatch {
        /// `dpop_jkt`.
        expected: Thumbprint,
        /// The proof's.
        received: Thumbprint,
    },
}

impl BindingError {
    /// Returns the error code for the client (5, 10; RFC 6749, 4.1.2.1).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::JktMalformed => "invalid_request",
            _ => "invalid_dpop_proof",
        }
    }

    /// Returns the variant's name, for logs and metrics.
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
