//! An API with axum: one layer, one extractor. It serves what `countersign idp` issues by default.
//!
//! ```sh
//! cargo run -p countersign-cli -- idp
//! cargo run -p countersign-resource-server --features axum,cors --example axum_api
//! cargo run -p countersign-cli -- fetch --issuer http://localhost:9441 --client-id demo \
//!     --redirect-uri http://localhost:9440/ http://localhost:9442/api/me
//! ```

use axum::{Router, routing::get};
use countersign_resource_server::{Authenticated, Issuer, RejectionResponse, ResourceServer};
use tokio::net::TcpListener;

const ISSUER: &str = "http://localhost:9441";
/// The address that clients call, which is also what the issuer puts into `aud`.
const API: &str = "http://localhost:9442";
/// A page that may call this API.
const APP: &str = "http://localhost:9440";

async fn me(caller: Authenticated) -> String {
    format!("hello {}\n", caller.subject().unwrap_or("nobody"))
}

/// A token may be good, and still not for this.
async fn write(caller: Authenticated) -> Result<&'static str, RejectionResponse> {
    caller.require_scope("notes:write")?;
    Ok("written\n")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = ResourceServer::builder(API, Issuer::new(ISSUER, API)).build()?;
    let api: Router = Router::new()
        .route("/api/me", get(me))
        .route("/api/notes", get(me).post(write))
        .layer(server.layer())
        // Outermost, so that pages can read refusals, and preflights are answered.
        .layer(ResourceServer::cors([APP])?);
    println!("listening on {API}");
    axum::serve(TcpListener::bind("localhost:9442").await?, api).await?;
    Ok(())
}
