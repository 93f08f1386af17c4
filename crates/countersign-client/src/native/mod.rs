//! The client for native programs (feature `native`): command lines, desktop apps, services.
//!
//! [`NativeClient`] logs in with the user's browser, which comes back to a listener on this machine
//! (RFC 8252, 7.3). It holds the tokens and their key, renews them, and sends requests with proofs.
//! The [`Engine`](crate::Engine) decides everything; it has a thread of its own, because its
//! futures stay on one. This module holds the [`Platform`](crate::Platform) that the engine runs on
//! (reqwest, aws-lc-rs) and the way to it.
//!
//! ```no_run
//! use countersign_client::{Mode, native::{NativeClient, open_browser}};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = NativeClient::builder("https://login.example", "notes-cli")
//!     .scopes(["notes:write"])
//!     .mode(Mode::Enforced) // default: Auto, with DPoP where the server has it
//!     .build()?;
//! let open = |url: &str| if !open_browser(url) { println!("Open {url}") };
//! client.login(open).await?;
//!
//! let notes = client.http().get("https://api.example/notes");
//! let response = client.send(notes).await?;
//! println!("{}", response.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! A service without a user has a secret and gets tokens for itself:
//!
//! ```no_run
//! # use countersign_client::native::NativeClient;
//! # async fn run(secret: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = NativeClient::builder("https://login.example", "notes-backup")
//!     .client_secret_basic(secret)
//!     .build()?;
//! client.client_credentials().await?;
//! let response = client.send(client.http().get("https://api.example/notes")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is written to disk: a program that starts again logs in again, and a user who has a
//! session in the browser is not asked. The key is in the process's memory, not in hardware.

mod browser;
mod builder;
mod client;
mod driver;
mod error;
mod http;
mod login;
mod loopback;
#[cfg(all(test, target_os = "linux"))]
mod memory;
mod platform;
mod redirect;
mod resolver;
mod secret;
mod send;
mod session;

pub use browser::open_browser;
pub use builder::NativeClientBuilder;
pub use client::NativeClient;
pub use countersign::access_token::Scheme;
pub use error::{EngineError, Error};
pub use login::PendingLogin;
#[cfg(fuzzing)]
pub use loopback::fuzzing;
pub use resolver::LoopbackResolver;
pub use send::SentHeaders;
pub use session::Tokens;
