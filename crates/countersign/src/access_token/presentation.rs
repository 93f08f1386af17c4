use super::Scheme;
use crate::digest::Thumbprint;

/// Whether a protected resource accepts tokens that are bound to no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(
    clippy::exhaustive_enums,
    reason = "an API takes bearer tokens or it doesn't"
)]
pub enum DpopRequirement {
    /// It accepts only bound tokens, with their proofs.
    #[default]
    Required,
    /// It accepts unbound tokens too, as `Bearer`: whoever holds such a token can use it. Bound
    /// tokens always need their proofs.
    Optional,
}

/// How a request may present its access token (RFC 9449, 7.1 and 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a token is bound to a key, or to none"
)]
pub enum Presentation {
    /// A bound token under `DPoP`: the request needs a proof by this key.
    Dpop {
        /// The token's `cnf.jkt`.
        key: Thumbprint,
    },
    /// An unbound token under `Bearer`: no proof is looked at.
    Bearer,
}

/// Why a request may not present its token as it does. The error code of each is `invalid_token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresentationError {
    /// A bound token under the `Bearer` scheme, as a thief without the key would send it.
    #[error("it is bound to a key; send it as `Authorization: DPoP` with a proof")]
    BoundAsBearer,
    /// An unbound token under the `DPoP` scheme.
    #[error(
        "it is bound to no key and was presented as DPoP; send it as Bearer, if the API accepts such tokens"
    )]
    UnboundUnderDpop,
    /// An unbound token where DPoP is required.
    #[error("it is bound to no key, and this API accepts bound tokens only; get one with a proof")]
    Unbound,
}

impl Presentation {
    /// Decides by the scheme of the credentials and the key that the token is bound to
    /// ([`bound_key`](super::bound_key)).
    ///
    /// # Errors
    /// One [`PresentationError`] for each rule of section 7.1: a proof can't make up for a wrong
    /// scheme.
    pub const fn of(
        scheme: Scheme,
        bound_key: Option<Thumbprint>,
        requirement: DpopRequirement,
    ) -> Result<Self, PresentationError> {
        match (scheme, bound_key, requirement) {
            (Scheme::Dpop, Some(key), _) => Ok(Self::Dpop { key }),
            (Scheme::Dpop, None, _) => Err(PresentationError::UnboundUnderDpop),
            (Scheme::Bearer, Some(_), _) => Err(PresentationError::BoundAsBearer),
            (Scheme::Bearer, None, DpopRequirement::Required) => Err(PresentationError::Unbound),
            (Scheme::Bearer, None, DpopRequirement::Optional) => Ok(Self::Bearer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r4_a_bound_token_comes_with_a_proof_and_an_unbound_one_as_bearer_where_that_is_allowed() {
        use DpopRequirement::{Optional, Required};
        let key = Thumbprint::from_digest([9; 32]);
        for requirement in [Required, Optional] {
            let of = |scheme, bound_key| Presentation::of(scheme, bound_key, requirement);
            assert_eq!(of(Scheme::Dpop, Some(key)), Ok(Presentation::Dpop { key }));
            assert_eq!(
                of(Scheme::Dpop, None),
                Err(PresentationError::UnboundUnderDpop)
            );
            assert_eq!(
                of(Scheme::Bearer, Some(key)),
                Err(PresentationError::BoundAsBearer)
            );
        }
        let unbound = |requirement| Presentation::of(Scheme::Bearer, None, requirement);
        assert_eq!(unbound(Required), Err(PresentationError::Unbound));
        assert_eq!(unbound(Optional), Ok(Presentation::Bearer));
    }
}
