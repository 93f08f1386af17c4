//! The resource server through its public face: real keys, tokens and proofs, a virtual clock, and
//! requests on a router without sockets.
#![allow(clippy::unwrap_used)]

mod clocks;
mod configuration;
mod conformance;
mod cors;
mod credentials;
mod keys;
mod logs;
mod metadata;
mod middleware;
mod nonces;
mod permits;
mod proofs;
mod replay;
mod targets;
mod token_kinds;
mod tokens;
mod world;
