//! Where an issuer's keys come from.

#[cfg(feature = "remote-keys")]
mod remote;

#[cfg(feature = "remote-keys")]
pub use remote::RemoteKeys;

use std::fmt;

use super::BuildError;
use crate::keys::{KeySet, Keys};

/// Where the keys of an [`Issuer`](crate::Issuer) come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum IssuerKeys {
    /// They are read from the issuer, and kept fresh.
    #[cfg(feature = "remote-keys")]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote-keys")))]
    Remote(RemoteKeys),
    /// They are given.
    Static(StaticKeys),
}

/// Keys that are given as a JSON Web Key Set. They stay until the process ends: following the
/// issuer's rotations is up to the API's operator. Where more than 3 keys fit a token's `alg`, the
/// token needs a `kid`.
#[derive(Clone)]
pub struct StaticKeys {
    jwks: String,
    may_be_empty: bool,
}

impl StaticKeys {
    /// The keys of a set with at least one usable key.
    #[must_use]
    pub fn new(jwks: impl Into<String>) -> Self {
        Self {
            jwks: jwks.into(),
            may_be_empty: false,
        }
    }

    /// The keys of a set that may lack a usable key; every token is refused then. For a tool that
    /// shows what happens; for a server such a set is a mistake in the configuration.
    #[must_use]
    pub fn as_they_are(jwks: impl Into<String>) -> Self {
        Self {
            jwks: jwks.into(),
            may_be_empty: true,
        }
    }

    pub(crate) fn checked(self) -> Result<Keys, BuildError> {
        let set = KeySet::parse(self.jwks.as_bytes());
        let usable = set.filter(|set| self.may_be_empty || !set.is_empty());
        usable.map(Keys::of).ok_or(BuildError::StaticKeys)
    }
}

/// Shows no key: a set may hold private members, which are not looked at.
impl fmt::Debug for StaticKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StaticKeys").finish_non_exhaustive()
    }
}

impl From<StaticKeys> for IssuerKeys {
    fn from(keys: StaticKeys) -> Self {
        Self::Static(keys)
    }
}

#[cfg(feature = "remote-keys")]
impl From<RemoteKeys> for IssuerKeys {
    fn from(keys: RemoteKeys) -> Self {
        Self::Remote(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_key() {
        let keys = IssuerKeys::from(StaticKeys::new(r#"{"keys":[{"kty":"EC","d":"secret"}]}"#));
        assert_eq!(format!("{keys:?}"), "Static(StaticKeys { .. })");
    }
}
