//! The document that tells clients where to get tokens for this API, and that they must be bound (RFC 9728).

use countersign::resource_metadata::ResourceMetadata;

use crate::ResourceServer;

impl ResourceServer {
    /// What this API says of itself, where [`ResourceServerBuilder::metadata`](crate::ResourceServerBuilder::metadata)
    /// was called: [`to_json`](ResourceMetadata::to_json) is the document, as `application/json`, and
    /// [`well_known_path`](ResourceMetadata::well_known_path) its path on the API's host. It is public: serve it outside
    /// of [`layer`](Self::layer), and inside of [`cors`](Self::cors).
    #[must_use]
    pub fn metadata(&self) -> Option<&ResourceMetadata> {
        self.shared()
            .metadata
            .as_ref()
            .map(|(_, metadata)| metadata)
    }

    /// A router that serves the document at its path, for axum's `merge`; an empty one where there is none. For the
    /// metadata of an API with a path of its own (`https://example.com/api`), a proxy has to pass on
    /// `/.well-known/oauth-protected-resource/api` too. Where a segment of that path begins with `:` or `*`, axum merges
    /// only into a router that is `without_v07_checks`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{Router, routing::get};
    /// use countersign_resource_server::{ResourceMetadata, ResourceServer};
    ///
    /// let api = "https://api.example.com";
    /// let server = ResourceServer::builder("https://issuer.example.com", api)
    ///     .public_url(api)
    ///     .metadata(ResourceMetadata::new(api)?.with("scopes_supported", vec!["notes:read"]))
    ///     .build()?;
    /// let app: Router = Router::new()
    ///     .route("/notes", get(|| async { "only for some" }))
    ///     .layer(server.layer())
    ///     .merge(server.metadata_routes());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    pub fn metadata_routes<S>(&self) -> axum::Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        use axum::{body::Bytes, routing::get};
        use http::header::CONTENT_TYPE;

        let Some(metadata) = self.metadata() else {
            return axum::Router::new();
        };
        let document = Bytes::from(metadata.to_json());
        let answer = move || async move { ([(CONTENT_TYPE, "application/json")], document) };
        // A path of the API's is no pattern of axum 0.7.
        axum::Router::new()
            .without_v07_checks()
            .route(&metadata.well_known_path(), get(answer))
    }
}
