//! Login at the development authorization server, a DPoP-bound token, calls of the example API, and
//! thieves. The authorization server listens on a socket, since the API reads its keys over HTTP;
//! everything else is asked directly.
#![allow(clippy::unwrap_used)]

mod client;
mod endpoints;
mod idp;
mod thefts;
mod world;
