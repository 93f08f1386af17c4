//! The engine of `countersign/server`: a [`ResourceServer`] for programs in JavaScript.
//!
//! Every decision is that of the crate `countersign-resource-server`, by the code that Rust servers
//! run. This crate gives it what a JavaScript runtime has: the time, signature checks by the
//! platform's cryptography, `fetch` for the issuer's keys, timers, and a replay store of the
//! program's. It holds no decision of its own.
//!
//! The other side of the boundary is `packages/countersign/src/server/engine.ts`. Numbers are
//! passed as arguments, everything else as a message of fields ([`message`]). A question that the
//! host can answer at once, as `node:crypto` does, is answered in the same call; the others later,
//! by `settle`.
//!
//! `unsafe` is allowed for the attributes of exports and the declaration of imports, in
//! `boundary.rs`; there is no unsafe block.
#![deny(unsafe_code)]

#[cfg(target_arch = "wasm32")]
mod boundary;
pub mod config;
pub mod host;
#[cfg(target_arch = "wasm32")]
mod logs;
pub mod message;
pub mod request;
pub mod tasks;

#[cfg(doc)]
use countersign_resource_server::ResourceServer;
