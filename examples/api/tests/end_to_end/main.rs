//! Tests of a login at the development authorization server, a DPoP-bound token, calls of the
//! example API, and thefts. The authorization server listens on a socket, because the API reads its
//! keys over HTTP; everything else is called directly.
#![allow(clippy::unwrap_used)]

mod client;
mod endpoints;
mod idp;
mod thefts;
mod world;
