//! The reasons for a refusal and the responses that they become.

mod rejection;
mod rejection_response;

pub(crate) use rejection::Context;
pub use rejection::{Rejection, Unavailable};
pub use rejection_response::Refused;
