use std::{error::Error, fmt, sync::Arc};

use http::Response;

use super::{Challenges, Rejection};

/// A [`Rejection`] together with what its response depends on, so that an axum handler can return
/// it with `?`.
#[derive(Clone)]
pub struct RejectionResponse {
    challenges: Arc<Challenges>,
    rejection: Rejection,
}

impl RejectionResponse {
    pub(crate) fn new(challenges: Arc<Challenges>, rejection: Rejection) -> Self {
        Self {
            challenges,
            rejection,
        }
    }

    /// The reason.
    #[must_use]
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// The response, as
    /// [`ResourceServer::rejection_response`](crate::ResourceServer::rejection_response) makes it.
    #[must_use]
    pub fn response(&self) -> Response<()> {
        self.challenges.response(&self.rejection, None)
    }
}

impl fmt::Debug for RejectionResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RejectionResponse")
            .field("rejection", &self.rejection)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for RejectionResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.fmt(formatter)
    }
}

impl Error for RejectionResponse {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.rejection.source()
    }
}
