//! The configuration of a resource server, checked when it is built.

mod builder;
mod error;

pub use builder::{DpopRequirement, ResourceServerBuilder, random_secret};
pub use error::BuildError;
