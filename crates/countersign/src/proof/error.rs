use alloc::string::String;

use crate::{
    UnixSeconds,
    crypto::SignatureError,
    digest::{Ath, Thumbprint},
    jose::jws::JwsError,
    jwk::JwkError,
    target::TargetUriError,
    text::Quoted,
};

/// Why a proof is refused, in the order of the checks.
///
/// `Display` is for logs and for the developer of the client. It quotes text from outside,
/// shortened and with control characters escaped. Clients get the [`code`](Self::code).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The request has no `DPoP` header.
    #[error("the request has no DPoP header; send one proof with each request")]
    HeaderMissing,
    /// The request has more than one `DPoP` header field.
    #[error("the request has {received} DPoP headers; send exactly one")]
    HeaderRepeated {
        /// How many there are.
        received: usize,
    },
    /// One `DPoP` header field holds a list.
    #[error("the DPoP header holds a list; send exactly one proof")]
    HeaderList,
    /// The header's value is not one well-formed signed JWT.
    #[error("the proof is malformed: {0}")]
    Malformed(JwsError),
    /// A required claim is missing.
    #[error("the proof has no `{name}`; it is required in every proof")]
    ClaimMissing {
        /// The claim.
        name: &'static str,
    },
    /// A claim is of the wrong JSON type, empty, or out of range.
    #[error("the proof's `{name}` must be {expected}")]
    ClaimType {
        /// The claim.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `jti` is longer than the replay store should have to remember.
    #[error(
        "the proof's `jti` has {received} bytes, and at most {limit} are accepted; a UUID is enough"
    )]
    JtiTooLong {
        /// The limit, in bytes.
        limit: usize,
        /// Its length, in bytes.
        received: usize,
    },
    /// The header's `typ` is not `dpop+jwt`, so it is another kind of JWT.
    #[error("the proof's `typ` is {}; it must be \"dpop+jwt\"", Quoted(.received.as_deref().unwrap_or("missing")))]
    TypeMismatch {
        /// `None`: missing, or not a string.
        received: Option<String>,
    },
    /// `alg` is unknown, symmetric, `none`, or not allowed by the policy.
    #[error("the proof's `alg` {} is not accepted; use one of: {accepted}", Quoted(.received))]
    AlgorithmNotAccepted {
        /// The policy's algorithms, separated by blanks.
        accepted: String,
        /// The header's `alg`.
        received: String,
    },
    /// The header's `jwk` is not a public key that is supported.
    #[error("the proof's `jwk` is not usable: {0}")]
    Key(JwkError),
    /// The header has no `jwk` object.
    #[error("the proof's header has no `jwk` object; put the public key there")]
    KeyMissing,
    /// The signature doesn't verify, or the key is weak or doesn't fit `alg`.
    #[error("the proof's signature is not accepted: {0}")]
    Signature(SignatureError),
    /// The proof is for another method.
    #[error("the proof's `htm` is {} and the request's method is {expected}; sign for the method that is sent", Quoted(.received))]
    HtmMismatch {
        /// The request's method.
        expected: String,
        /// The proof's.
        received: String,
    },
    /// The request's own URI is needlessly encoded, so that a proof for one resource could pass for
    /// another.
    #[error("the request's URI can't be compared with a proof's `htu`: {error}")]
    RequestUri {
        /// What is wrong with it.
        error: TargetUriError,
    },
    /// The proof's `htu` is not a URI.
    #[error("the proof's `htu` {} is not a target URI: {error}", Quoted(.received))]
    HtuMalformed {
        /// The proof's.
        received: String,
        /// What is wrong with it.
        error: TargetUriError,
    },
    /// The proof is for another URI.
    #[error(
        "the proof's `htu` is {} and the request is for {expected}; sign for the URI that is sent, or set the server's public URL",
        Quoted(.received)
    )]
    HtuMismatch {
        /// The request's URI, normalised.
        expected: String,
        /// The proof's.
        received: String,
    },
    /// The server requires a nonce, and the proof has none.
    #[error(
        "the proof has no `nonce`; sign again with the one in the DPoP-Nonce header of this response"
    )]
    NonceMissing,
    /// The proof's nonce was not issued by this server.
    #[error("the proof's `nonce` {} is not ours; sign again with the one in the DPoP-Nonce header of this response", Quoted(.received))]
    NonceMismatch {
        /// The proof's.
        received: String,
    },
    /// The proof's nonce was issued by this server and is too old.
    #[error(
        "the proof's `nonce` has expired; sign again with the one in the DPoP-Nonce header of this response"
    )]
    NonceExpired,
    /// `iat` lies too far back.
    #[error("the proof was made at {iat}, {age} s before the server's {now}, and at most {max_age} s are accepted; check the client's clock, and sign each request anew", iat = .iat.0, now = .now.0, age = .now.since(*.iat))]
    IatTooOld {
        /// The proof's.
        iat: UnixSeconds,
        /// The server's clock.
        now: UnixSeconds,
        /// The policy's, in seconds.
        max_age: i64,
    },
    /// `iat` lies too far ahead.
    #[error("the proof was made at {iat}, {ahead} s after the server's {now}, and at most {leeway} s are accepted; check the client's clock", iat = .iat.0, now = .now.0, ahead = .iat.since(*.now))]
    IatInFuture {
        /// The proof's.
        iat: UnixSeconds,
        /// The server's clock.
        now: UnixSeconds,
        /// The policy's, in seconds.
        leeway: i64,
    },
    /// The proof's own `exp` has passed.
    #[error("the proof expired at {exp} and the server's clock is at {now}; sign each request anew", exp = .exp.0, now = .now.0)]
    Expired {
        /// The proof's.
        exp: UnixSeconds,
        /// The server's clock.
        now: UnixSeconds,
    },
    /// The proof's own `nbf` has not come.
    #[error("the proof is valid from {nbf} and the server's clock is at {now}; check the client's clock", nbf = .nbf.0, now = .now.0)]
    NotYetValid {
        /// The proof's.
        nbf: UnixSeconds,
        /// The server's clock.
        now: UnixSeconds,
    },
    /// The proof came with an access token and has no `ath`.
    #[error("the proof has no `ath`; with an access token it must hold the token's SHA-256")]
    AthMissing,
    /// The proof is for another access token.
    #[error("the proof's `ath` is {} and the token's hash is {}; sign for the token that is sent", Quoted(.received), .expected.to_base64url())]
    AthMismatch {
        /// The hash of the token that came.
        expected: Ath,
        /// The proof's.
        received: String,
    },
    /// The token is bound to another key (`cnf.jkt`).
    #[error("the token is bound to the key {} and the proof is by {}; sign with the key that the token was issued to", .expected.to_base64url(), .received.to_base64url())]
    KeyMismatch {
        /// The token's key.
        expected: Thumbprint,
        /// The proof's.
        received: Thumbprint,
    },
}

impl ProofError {
    /// Returns the error code for the client: `invalid_dpop_proof` or `use_dpop_nonce` (RFC 9449,
    /// 5, 7.1, 8, 9).
    ///
    /// A proof by another key than the token's is an `invalid_dpop_proof` too, where figure 15 of
    /// the RFC shows `invalid_token`: the proof is wrong (4.3, 12), and a new token would not help.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NonceMissing | Self::NonceMismatch { .. } | Self::NonceExpired => {
                "use_dpop_nonce"
            }
            _ => "invalid_dpop_proof",
        }
    }

    /// Returns the variant's name, for logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HeaderMissing => "HeaderMissing",
            Self::HeaderRepeated { .. } => "HeaderRepeated",
            Self::HeaderList => "HeaderList",
            Self::Malformed(_) => "Malformed",
            Self::ClaimMissing { .. } => "ClaimMissing",
            Self::ClaimType { .. } => "ClaimType",
            Self::JtiTooLong { .. } => "JtiTooLong",
            Self::TypeMismatch { .. } => "TypeMismatch",
            Self::AlgorithmNotAccepted { .. } => "AlgorithmNotAccepted",
            Self::Key(_) => "Key",
            Self::KeyMissing => "KeyMissing",
            Self::Signature(_) => "Signature",
            Self::HtmMismatch { .. } => "HtmMismatch",
            Self::RequestUri { .. } => "RequestUri",
            Self::HtuMalformed { .. } => "HtuMalformed",
            Self::HtuMismatch { .. } => "HtuMismatch",
            Self::NonceMissing => "NonceMissing",
            Self::NonceMismatch { .. } => "NonceMismatch",
            Self::NonceExpired => "NonceExpired",
            Self::IatTooOld { .. } => "IatTooOld",
            Self::IatInFuture { .. } => "IatInFuture",
            Self::Expired { .. } => "Expired",
            Self::NotYetValid { .. } => "NotYetValid",
            Self::AthMissing => "AthMissing",
            Self::AthMismatch { .. } => "AthMismatch",
            Self::KeyMismatch { .. } => "KeyMismatch",
        }
    }
}
