//! The decision about a request, and what it needs of the request.

mod authenticated;
mod check;
mod fields;
mod judge;
mod target;

pub use self::{authenticated::Authenticated, check::Check};
pub(crate) use self::{
    judge::{Accepted, Demands, Judge},
    target::{Targets, check_encoding},
};
