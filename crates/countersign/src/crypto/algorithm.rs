/// A JWS signature algorithm (RFC 7518, section 3; RFC 8037; RFC 9864). All are asymmetric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA, P-256, SHA-256
    Es256,
    /// ECDSA, P-384, SHA-384
    Es384,
    /// ECDSA, P-521, SHA-512
    Es512,
    /// Ed25519, under its names `EdDSA` and `Ed25519`
    EdDsa,
    /// RSASSA-PKCS1-v1_5, SHA-256
    Rs256,
    /// RSASSA-PKCS1-v1_5, SHA-384
    Rs384,
    /// RSASSA-PKCS1-v1_5, SHA-512
    Rs512,
    /// RSASSA-PSS, SHA-256
    Ps256,
    /// RSASSA-PSS, SHA-384
    Ps384,
    /// RSASSA-PSS, SHA-512
    Ps512,
}

impl Algorithm {
    /// All algorithms; of equal strength, the cheapest to verify comes first.
    pub const ALL: [Self; 10] = [
        Self::Es256,
        Self::EdDsa,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Rs256,
        Self::Ps384,
        Self::Rs384,
        Self::Ps512,
        Self::Rs512,
    ];

    /// Finds the algorithm that `alg` names. `None`: it is not one of these (names are
    /// case-sensitive).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Returns the name that `alg` has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
        }
    }
}
