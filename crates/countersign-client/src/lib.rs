//! The DPoP client engine: discovery, authorization code with PKCE and `dpop_jkt`, tokens, refresh, nonces, one retry.
//!
//! It decides; the [`Platform`] does. There is no network here, no clock, no random source and no runtime: the same
//! source runs in a browser (WebAssembly), natively, and under a virtual clock in tests. It implements the client's
//! side of RFC 9449 (sections 4.2, 5, 7, 8, 9 and 10), RFC 7636 (PKCE, S256), RFC 9126 (pushed authorization requests,
//! where the server requires them), RFC 9207 (`iss` in the response) and the checks of OpenID Connect Core 3.1.3.7 and
//! 12.2.
//!
//! The signature of an id_token is not checked, as 3.1.3.7 allows: it came straight from the token endpoint over TLS.
//!
//! A login is [`Engine::discover`], [`Engine::prepare`], [`Engine::push`] where the server requires it, and
//! [`Engine::redeem`]. [`Engine::schedule`] decides when to renew, and [`Engine::renew`] does it.
//!
//! For each call, [`Engine::authorize`] gives the headers of one request, and [`Engine::observe`] reads its response
//! and says whether to send once more. An [`Attempt`] is used once and cannot be cloned; one that was a retry yields no
//! other. [`redirect`] decides what follows a redirect.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "native")]
extern crate std;

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
mod redirect;
mod renewal;
mod state;
mod text;
mod token;

pub use call::{Attempt, Observed, Upgraded};
pub use countersign::mode::Mode;
pub use engine::Engine;
pub use error::{Cause, ClientError, Failure};
// For `cargo xtask package`, which writes the npm package's codes and sentences.
#[doc(hidden)]
pub use error::{catalogue, sentence};
pub use form::Parameter;
pub use login::{AuthorizationRequest, Visit};
pub use platform::{
    Document, FLOW_LIFETIME_MILLIS, KeyError, KeyPair, OWN_ORIGIN, Platform, Record, Request,
    Response, SendError, UnixMillis, Url,
};
pub use redirect::{Redirected, redirect};
pub use renewal::{Renewal, Schedule};
pub use state::{BoundToken, Client, ClientConfig, Metadata, Tokens};
pub use text::Text;

/// The README's code compiles, and where it can, runs.
#[cfg(all(doctest, feature = "native"))]
#[doc = include_str!("../README.md")]
mod readme {}
