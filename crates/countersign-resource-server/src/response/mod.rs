//! The reasons for a refusal and the responses that they become.

mod challenges;
mod rejection;
mod rejection_response;

pub(crate) use self::challenges::Challenges;
pub use self::{
    rejection::{Rejection, Unavailable},
    rejection_response::RejectionResponse,
};
