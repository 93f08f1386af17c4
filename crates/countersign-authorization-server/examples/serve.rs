//! Runs a development authorization server for one app on its own port until Ctrl-C. `countersign
//! idp` does the same and has options.
//!
//! ```sh
//! cargo run -p countersign-authorization-server --example serve
//! ```

use countersign_authorization_server::{AuthorizationServer, Clock, Config, Listeners, serve};

const CONFIG: &str = r#"
    port = 9441
    dpop = "nonce" # every proof needs a nonce

    [[clients]]
    id = "my-app"
    redirect_uris = ["http://localhost:5173/"]
    audiences = ["http://localhost:3000"]

    [[users]]
    sub = "ann"
    name = "Ann Example"
    email = "ann@example.com"
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = AuthorizationServer::new(Config::from_toml(CONFIG)?, Clock::system())?;
    let listeners = Listeners::bind(9441).await?;
    println!("{}/.well-known/openid-configuration", server.issuer());
    let stop = async {
        let _either_way = tokio::signal::ctrl_c().await;
    };
    serve(listeners, server.router(), stop).await?;
    Ok(())
}
