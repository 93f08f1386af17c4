//! A native program logs in with the user's browser (RFC 8252) and calls an API. Run it with
//! `countersign idp` and an API for it:
//!
//! ```sh
//! cargo run -p countersign-cli -- idp
//! cargo run -p countersign-resource-server --example axum_api
//! cargo run -p countersign-client --features native --example login
//! ```

use countersign_client::{
    Mode,
    native::{NativeClient, open_browser},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = NativeClient::builder("http://localhost:9441", "demo")
        // The browser comes back here. Most servers accept any port of `http://127.0.0.1/`, the
        // default.
        .redirect_uri("http://localhost:9440/")
        .mode(Mode::Enforced) // `Auto`, the default, uses Bearer where the server has no DPoP
        .build()?;
    let tokens = client
        .login(|url| {
            if !open_browser(url) {
                println!("Open {url}");
            }
        })
        .await?;
    println!("the token's key: {:?}", tokens.thumbprint);

    // Any request of reqwest: the client adds token and proof, and renews the tokens in time.
    let request = client.http().get("http://localhost:9442/api/me");
    let response = client.send(request).await?;
    println!("{}: {}", response.status(), response.text().await?);

    client.logout().await?;
    Ok(())
}
