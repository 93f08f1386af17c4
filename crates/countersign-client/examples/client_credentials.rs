//! A service gets tokens for itself, without a user (RFC 6749, 4.4). They are bound to a key that
//! it generates.
//!
//! The development authorization server has no clients of this kind; other servers with DPoP do,
//! like Keycloak:
//!
//! ```sh
//! ISSUER=https://login.example.com CLIENT_ID=backup CLIENT_SECRET=... API=https://api.example.com/notes \
//!     cargo run -p countersign-client --features native --example client_credentials
//! ```

use std::env;

use countersign_client::{Mode, native::NativeClient};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = NativeClient::builder(&env::var("ISSUER")?, &env::var("CLIENT_ID")?)
        .client_secret_basic(&env::var("CLIENT_SECRET")?)
        .mode(Mode::Enforced)
        .build()?;
    client.client_credentials().await?;

    let request = client.http().get(env::var("API")?);
    let response = client.send(request).await?;
    println!("{}: {}", response.status(), response.text().await?);
    Ok(())
}
