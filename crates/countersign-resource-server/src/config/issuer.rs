//! Whose tokens an API takes.

use super::IssuerKeys;
use crate::token::AccessTokenPolicy;

/// An authorization server whose access tokens this API takes: its name, its keys, the audience
/// that it writes for this API, and what its tokens must be like.
///
/// ```
/// use countersign_resource_server::{AccessTokenPolicy, Issuer, StaticKeys};
///
/// # let jwks = "";
/// // Entra ID's tokens are of the type `JWT`.
/// let keys = StaticKeys::new(jwks);
/// let entra = Issuer::from_keys("https://login.example.com/tenant/v2.0", "6e74172b", keys)
///     .with_policy(AccessTokenPolicy::lenient());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Issuer {
    /// The issuer exactly as its metadata and its tokens (`iss`) name it.
    pub name: String,
    /// The value that the issuer puts into `aud` for this API, often the API's URL. Without an
    /// audience, every token of the issuer would open this API.
    pub audience: String,
    /// Where its keys come from.
    pub keys: IssuerKeys,
    /// What its access tokens must be like.
    pub policy: AccessTokenPolicy,
}

impl Issuer {
    /// An issuer whose keys are read over HTTPS, from where its metadata says. `name` is an https
    /// URL, or plain http on this machine.
    #[cfg(feature = "https")]
    #[cfg_attr(docsrs, doc(cfg(feature = "https")))]
    #[must_use]
    pub fn new(name: impl Into<String>, audience: impl Into<String>) -> Self {
        Self::from_keys(name, audience, super::RemoteKeys::new())
    }

    /// An issuer with these keys. With [`StaticKeys`](crate::StaticKeys) its name need not be a
    /// URL.
    #[must_use]
    pub fn from_keys(
        name: impl Into<String>,
        audience: impl Into<String>,
        keys: impl Into<IssuerKeys>,
    ) -> Self {
        Self {
            name: name.into(),
            audience: audience.into(),
            keys: keys.into(),
            policy: AccessTokenPolicy::default(),
        }
    }

    /// Takes the issuer's keys from elsewhere.
    #[must_use]
    pub fn with_keys(mut self, keys: impl Into<IssuerKeys>) -> Self {
        self.keys = keys.into();
        self
    }

    /// Sets what its access tokens must be like: algorithms, types, how far ahead their end may
    /// lie.
    #[must_use]
    pub fn with_policy(mut self, policy: AccessTokenPolicy) -> Self {
        self.policy = policy;
        self
    }
}
