//! The native client with the development authorization server and the example API, on sockets of
//! this machine. The tests act as the browser.
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
