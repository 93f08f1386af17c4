//! The decision about a request, and what it needs of the request.

mod authenticated;
mod explain;
mod target;

pub use authenticated::Authenticated;
pub use explain::{Check, Examined};
pub(crate) use target::PublicUrl;
