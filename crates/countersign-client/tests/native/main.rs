//! The native client against the development authorization server and the example API, on sockets of this machine. The
//! tests play the browser.
#![allow(clippy::unwrap_used)]

mod calls;
mod clocks;
mod localhost;
mod login;
mod loopback;
mod modes;
mod redirects;
mod renewal;
mod service;
mod transport;
mod world;
