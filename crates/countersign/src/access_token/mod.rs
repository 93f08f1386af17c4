//! Access tokens: how one is presented (RFC 9449, 7.1; RFC 6750, 2.1), and the key that it is bound
//! to (RFC 9449, 6).

#[cfg(feature = "json")]
mod bound_key;
#[cfg(feature = "verify")]
mod credentials;
#[cfg(feature = "verify")]
mod presentation;
mod scheme;

#[cfg(feature = "json")]
pub use self::bound_key::{CNF, ConfirmationError, JKT, bound_key};
pub use self::scheme::Scheme;
#[cfg(feature = "verify")]
pub use self::{
    credentials::{Credentials, CredentialsError},
    presentation::{DpopRequirement, Presentation, PresentationError},
};
