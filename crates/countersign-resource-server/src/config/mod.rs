//! What a resource server is told: its address, whose tokens it takes and how those are checked.
//! The values are checked together by
//! [`ResourceServerBuilder::build`](crate::ResourceServerBuilder::build).

mod error;
mod issuer;
mod issuer_keys;
mod public_url;

#[cfg(feature = "remote-keys")]
pub use self::issuer_keys::RemoteKeys;
pub use self::{
    error::BuildError,
    issuer::Issuer,
    issuer_keys::{IssuerKeys, StaticKeys},
    public_url::PublicUrl,
};
