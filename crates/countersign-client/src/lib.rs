//! The client's side of DPoP (RFC 9449) and OpenID Connect: login, tokens, renewal, proofs.
//!
//! ```no_run
//! # #[cfg(feature = "native")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_client::native::{NativeClient, open_browser};
//!
//! let client = NativeClient::builder("https://login.example.com", "notes-cli").build()?;
//! client.login(|url| if !open_browser(url) { println!("Open {url}") }).await?;
//! let response = client.send(client.http().get("https://api.example.com/notes")).await?;
//! println!("{}", response.text().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Native programs use the module
//! `native`, as above. Below it is an engine, which decides, while a [`Platform`] acts. The engine
//! has no network, no clock, no random source and no runtime: the same source runs in a browser
//! (WebAssembly), natively, and under a virtual clock in tests.
//!
//! The engine implements the client's side of RFC 9449 (sections 4.2, 5, 7, 8, 9 and 10), RFC 7636
//! (PKCE, S256), RFC 9126 (pushed authorization requests, where the server requires them), RFC 9207
//! (`iss` in the response) and the checks of OpenID Connect Core 3.1.3.7 and 12.2. It doesn't
//! verify the signature of an id_token, as 3.1.3.7 allows: the id_token came straight from the
//! token endpoint over TLS.
//!
//! # The engine
//! A login is [`Engine::discover`], [`Engine::prepare`], [`Engine::push`] where the server requires
//! it, and [`Engine::redeem`]. [`Engine::schedule`] decides when to renew, and [`Engine::renew`]
//! does it.
//!
//! For each call, [`Engine::authorize`] returns the headers of one request, and
//! [`Engine::observe`] reads its response and decides whether to send the request once more. An
//! [`Attempt`] is used once and cannot be cloned; the attempt of a retry yields no other.
//! [`redirect`] decides what follows a redirect.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `native` | the client for native programs (module `native`): reqwest, tokio, aws-lc-rs |
//! | `fips` | `native` with the FIPS 140-3 module of aws-lc, which needs CMake, Go and a C compiler to build |
//!
//! There are no default features: without `native` the crate is the engine alone, `no_std` with
//! `alloc`.
//!
//! The minimum supported Rust version is 1.95; a newer one is a minor release.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "native")]
extern crate std;

mod adopt;
mod call;
mod client_credentials;
mod clock;
mod discovery;
mod engine;
mod error;
mod exchange;
mod form;
mod gate;
mod id_token;
mod login;
#[cfg(feature = "native")]
pub mod native;
mod platform;
mod proof;
mod redirect;
mod renewal;
mod state;
mod text;
mod token;

pub use call::{Attempt, Observed, Upgraded};
pub use countersign::dpop_mode::Mode;
pub use engine::Engine;
pub use error::{Cause, ClientError, Failure};
// For `cargo xtask package`, which generates the npm package's codes and sentences.
#[doc(hidden)]
pub use error::{catalogue, sentence};
pub use form::Parameter;
pub use login::{AuthorizationRequest, Visit};
pub use platform::{
    Document, FLOW_LIFETIME_MILLIS, KeyError, KeyPair, OWN_ORIGIN, Platform, Record, Request,
    Response, SendError, UnixMillis, Url,
};
pub use redirect::{Redirected, Seen, redirect};
pub use renewal::{Renewal, Schedule};
pub use state::{BoundToken, Client, ClientConfig, Metadata, Tokens};
pub use text::Text;

/// Compiles the README's code, and runs what can run.
#[cfg(all(doctest, feature = "native"))]
#[doc = include_str!("../README.md")]
mod readme {}
