//! The checks of section 4.3 by name, in the order in which a
//! [`Verifier`](super::Verifier) makes them: the RFC's.

/// A check of a proof (section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofCheck {
    /// 1: one `DPoP` header field.
    Header,
    /// 2: one well-formed JWT.
    Syntax,
    /// 3: all required claims.
    Claims,
    /// 4: `typ`.
    Type,
    /// 5: `alg`.
    Algorithm,
    /// 6: the signature, by the key in `jwk`.
    Signature,
    /// 7: no private key in `jwk`.
    PublicKey,
    /// 8: `htm`.
    Method,
    /// 9: `htu`.
    Uri,
    /// 10: `nonce`.
    Nonce,
    /// 11: `iat`, and `exp` and `nbf` where the proof has them.
    Time,
    /// 12: `ath`.
    TokenHash,
    /// 12: the key is the token's.
    Binding,
}

impl ProofCheck {
    /// All checks, in the order in which a [`Verifier`](super::Verifier) makes them.
    pub const ALL: [Self; 13] = [
        Self::Header,
        Self::Syntax,
        Self::Claims,
        Self::Type,
        Self::Algorithm,
        Self::Signature,
        Self::PublicKey,
        Self::Method,
        Self::Uri,
        Self::Nonce,
        Self::Time,
        Self::TokenHash,
        Self::Binding,
    ];

    /// Returns its number in section 4.3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Syntax => 2,
            Self::Claims => 3,
            Self::Type => 4,
            Self::Algorithm => 5,
            Self::Signature => 6,
            Self::PublicKey => 7,
            Self::Method => 8,
            Self::Uri => 9,
            Self::Nonce => 10,
            Self::Time => 11,
            Self::TokenHash | Self::Binding => 12,
        }
    }
}
