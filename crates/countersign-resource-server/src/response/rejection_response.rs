//! A refusal from within a handler, which the layer has let through.

use std::{fmt, sync::Arc};

use http::Response;

use crate::{Rejection, server::Shared};

/// A [`Rejection`] together with what its response depends on, so that an axum handler can return it
/// with `?`.
#[derive(Clone)]
pub struct Refused {
    shared: Arc<Shared>,
    rejection: Rejection,
}

impl Refused {
    pub(crate) fn new(shared: Arc<Shared>, rejection: Rejection) -> Self {
        Self { shared, rejection }
    }

    /// The reason.
    #[must_use]
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// The response, as [`ResourceServer::refusal`](crate::ResourceServer::refusal) makes it.
    #[must_use]
    pub fn response(&self) -> Response<()> {
        self.shared.refusal(&self.rejection, None)
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Refused")
            .field("rejection", &self.rejection)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.fmt(formatter)
    }
}

impl std::error::Error for Refused {}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Refused {
    fn into_response(self) -> axum::response::Response {
        tracing::debug!(
            reason = self.rejection.name(),
            "refused: {}",
            self.rejection
        );
        let mut response = self.response().map(|()| axum::body::Body::empty());
        // For a log or a metric further out, as the layer leaves it there.
        response.extensions_mut().insert(self.rejection);
        response
    }
}
