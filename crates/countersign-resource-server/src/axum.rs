//! For axum: the extractor, rejections as responses of handlers, and the metadata's route.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::FromRequestParts,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header::CONTENT_TYPE, request::Parts};
use thiserror::Error;

use crate::{request::Authenticated, response::RejectionResponse, server::ResourceServer};

/// The extractor's error: a handler asks for [`Authenticated`] on a route that no
/// [`ResourceServer::layer`](crate::ResourceServer::layer) protects. It is answered with status
/// 500, because it is a mistake in the server's routes and not in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this route is not protected: put ResourceServer::layer() around it")]
#[non_exhaustive]
pub struct LayerMissing;

impl IntoResponse for LayerMissing {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = LayerMissing;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, LayerMissing> {
        parts.extensions.get().cloned().ok_or(LayerMissing)
    }
}

impl IntoResponse for RejectionResponse {
    fn into_response(self) -> Response {
        let rejection = self.rejection();
        tracing::debug!(reason = rejection.name(), "refused: {}", rejection.reason());
        let mut response = self.response().map(|()| Body::empty());
        // For a log or a metric further out, as the layer does.
        response.extensions_mut().insert(rejection.clone());
        response
    }
}

impl ResourceServer {
    /// Makes a router that serves the metadata at its path, for axum's `merge`; it is empty if
    /// there is no metadata. For an API whose URL has a path (`https://example.com/api`), a proxy
    /// has to forward `/.well-known/oauth-protected-resource/api` too. If a segment of that path
    /// begins with `:` or `*`, axum merges only into a router that is `without_v07_checks`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{Router, routing::get};
    /// use countersign_resource_server::{ResourceMetadata, ResourceServer};
    /// # use countersign_resource_server::{Issuer, StaticKeys};
    ///
    /// let api = "https://api.example.com";
    /// # let keys = StaticKeys::as_they_are(r#"{"keys":[]}"#);
    /// # let issuer = Issuer::from_keys("https://issuer.example.com", api, keys);
    /// let server = ResourceServer::builder(api, issuer)
    ///     .with_metadata(ResourceMetadata::new(api)?.with("scopes_supported", vec!["notes:read"]))
    ///     .build()?;
    /// let app: Router = Router::new()
    ///     .route("/notes", get(|| async { "only for some" }))
    ///     .layer(server.layer())
    ///     .merge(server.metadata_routes());
    /// # Ok(())
    /// # }
    /// ```
    pub fn metadata_routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let Some(metadata) = self.metadata() else {
            return Router::new();
        };
        let document = Bytes::from(metadata.to_json());
        let answer = move || async move { ([(CONTENT_TYPE, "application/json")], document) };
        // The API's path is not a pattern of axum 0.7.
        Router::new()
            .without_v07_checks()
            .route(&metadata.well_known_path(), get(answer))
    }
}
