//! Compiles and runs the README's Rust code unchanged. Code that needs no server is a doctest; here
//! the API and the client run together.
#![forbid(unsafe_code)]

/// The README's doctests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

#[cfg(test)]
mod world;

#[cfg(test)]
use world::{api, issuer, listen, log_in, say};

#[cfg(test)]
#[allow(unused_imports)] // the browser that would be opened
mod quick_starts {
    pub(crate) mod api {
        include!(concat!(env!("OUT_DIR"), "/api.rs"));
    }
    pub(crate) mod client {
        include!(concat!(env!("OUT_DIR"), "/client.rs"));
    }
}

#[cfg(test)]
mod tests {
    use crate::{quick_starts, world};

    #[test]
    fn the_client_of_the_readme_logs_in_and_is_served_by_the_api_of_the_readme() {
        world::start();
        std::thread::spawn(|| quick_starts::api::run().map_err(|error| eprintln!("{error}")));
        world::wait_for_api();
        quick_starts::client::run().expect("it logs in and calls");
        assert_eq!(world::said(), ["notes of alice"]);
    }
}
