//! The layer without axum, around any tower service of HTTP requests.
//!
//! ```sh
//! cargo run -p countersign-resource-server --features tower --example tower_service
//! ```

use std::convert::Infallible;

use countersign_resource_server::{Authenticated, Issuer, Rejection, ResourceServer};
use http::{Request, Response, header::WWW_AUTHENTICATE};
use tower::{ServiceBuilder, ServiceExt, service_fn};

type Body = String;

/// Called with authenticated requests only.
async fn hello(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let caller = request.extensions().get::<Authenticated>();
    let name = caller.and_then(Authenticated::subject).unwrap_or("nobody");
    Ok(Response::new(format!("hello {name}")))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = "https://api.example.com";
    let issuer = Issuer::new("https://login.example.com", url);
    let server = ResourceServer::builder(url, issuer).build()?;
    let service = ServiceBuilder::new()
        .layer(server.layer())
        .service(service_fn(hello));

    // A request without a token is answered by the layer, which asks nobody for keys.
    let request = Request::get("/hello").body(Body::new())?;
    let response = service.oneshot(request).await?;
    println!("{}", response.status());
    for challenge in response.headers().get_all(WWW_AUTHENTICATE) {
        println!("WWW-Authenticate: {}", challenge.to_str()?);
    }
    // The reason is for the server's own log.
    let reason = response.extensions().get::<Rejection>();
    println!("{}", reason.ok_or("it was refused")?.reason());
    Ok(())
}

#[test]
fn it_runs() {
    main().expect("a refusal");
}
