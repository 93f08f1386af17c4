//! A development authorization server with DPoP (RFC 9449): real enough to test against, never for
//! production.
//!
//! ```
//! use countersign_authorization_server::{
//!     AuthorizationServer, ClientConfig, Clock, Config, Listeners, serve,
//! };
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listeners = Listeners::bind(0).await?; // any free port
//! let mut config = Config::default();
//! config.issuer = Some(format!("http://localhost:{}", listeners.port()));
//! config.clients = vec![ClientConfig::new("my-app", ["http://localhost:5173/"])];
//! let server = AuthorizationServer::new(config, Clock::system())?;
//! tokio::spawn(serve(listeners, server.router(), std::future::pending()));
//! println!("log in at {}", server.issuer());
//! # Ok(())
//! # }
//! ```
//!
//! It has OpenID Connect discovery, a login page that lists demo users, authorization code with
//! PKCE, `dpop_jkt`, pushed authorization requests (RFC 9126), refresh tokens with rotation, bound
//! JWT access tokens (RFC 9068), userinfo and RP-initiated logout. [`DpopMode`] makes it behave as
//! other servers do. The `countersign idp` command is this server as a program.
//!
//! It has no passwords, no client secrets, no registration and no consent. Everything is in memory:
//! after a restart nobody is logged in.
//!
//! # Configuration
//! Every member may be left out; the comments show the defaults. `countersign idp --config` reads
//! such a file.
//!
//! ```
//! let config = countersign_authorization_server::Config::from_toml(r#"
//!     ## port = 9441
//!     ## issuer = "http://localhost:9441"        # the URL that clients know
//!     ## dpop = "on"                             # or "off", "advertised-only", "nonce"
//!     ## require_pushed_authorization_requests = false
//!     ## clock_offset_seconds = 0                # how far its clock is ahead; negative: behind
//!     ## access_token_typ = "at+jwt"             # or "JWT", for APIs that refuse RFC 9068's
//!     ## access_token_lifetime_seconds = 300
//!     ## refresh_tokens = true
//!     ## refresh_token_lifetime_seconds = 28800
//!     ## session_lifetime_seconds = 28800
//!     ## nonce_lifetime_seconds = 15
//!     allowed_origins = ["http://localhost:5173"] # in addition to those of the redirect URIs
//!
//!     [[clients]]
//!     id = "demo"
//!     name = "Demo app"
//!     redirect_uris = ["http://localhost:9440/"]
//!     ## post_logout_redirect_uris: the redirect URIs
//!     audiences = ["http://localhost:9442", "http://localhost:9443"]
//!     scopes = ["notes:write"]                  # in addition to openid, profile, email, offline_access
//!     ## dpop_bound_access_tokens = false
//!     ## require_pushed_authorization_requests = false
//!     ## native = false                          # any port of a loopback IP address (RFC 8252, 7.3)
//!
//!     [[users]]
//!     sub = "alice"
//!     name = "Alice Archer"
//!     email = "alice@example.com"
//! "#)?;
//! # use countersign_authorization_server::{AuthorizationServer, Clock};
//! let server = AuthorizationServer::new(config, Clock::system())?;
//! assert_eq!(server.issuer(), "http://localhost:9441");
//!
//! let unknown = countersign_authorization_server::Config::from_toml("dpop_mode = \"on\"");
//! assert!(unknown.unwrap_err().to_string().contains("unknown field `dpop_mode`"));
//! # Ok::<(), countersign_authorization_server::ConfigError>(())
//! ```
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `fips` | the FIPS 140-3 module of aws-lc, which needs CMake, Go and a C compiler to build |
//!
//! The minimum supported Rust version is 1.95; a newer one is a minor release.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod authorization_request;
mod authorization_response;
mod bounded_map;
mod client_request;
mod clock;
mod config;
mod endpoints;
mod forms;
mod grants;
mod keys;
mod listeners;
mod oauth_error;
mod pages;
mod params;
mod prompt;
mod proofs;
mod pushed_requests;
mod resource_indicators;
mod router;
mod secret;
mod server;
mod sessions;
mod state;
mod tokens;
mod urls;

pub use clock::Clock;
pub use config::{
    AccessTokenTyp, ClientConfig, Config, ConfigError, DEFAULT_PORT, DpopMode, UserConfig,
};
pub use listeners::{ListenError, Listeners, serve};
pub use server::AuthorizationServer;

/// Compiles the README's code, and runs what can run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
