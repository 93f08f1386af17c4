//! The server through its router: no sockets, and a clock that tests move by hand.

mod authorization;
mod authorization_errors;
mod codes;
mod configuration;
mod cors;
mod dpop;
mod login_page;
mod logout;
mod metadata;
mod modes;
mod nonces;
mod pushed;
mod refresh;
mod serving;
mod token_errors;
mod userinfo;
mod world;
