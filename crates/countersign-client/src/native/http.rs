//! Decides which HTTP client sends a request: the environment's proxies are for other machines.

use std::time::Duration;

use countersign::loopback;
use reqwest::{Client, ClientBuilder, Url, redirect::Policy};

use super::resolver::LoopbackResolver;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The two HTTP clients. Neither follows redirects.
#[derive(Clone)]
pub(super) struct Http {
    /// For other machines: with the environment's proxies, or as the program has configured it.
    pub(super) outside: Client,
    /// For this machine: a proxy could not reach it, and would see tokens in the clear.
    here: Client,
    /// Whether the program has given a configuration.
    is_own: bool,
    /// Whether the program has said that names of this machine may be others.
    trusts_network: bool,
}

impl Http {
    /// Builds both clients. `own`: the program's configuration, which then serves for everything
    /// but plain http to this machine.
    /// `asks_dns`: whether names of this machine are resolved by DNS too.
    pub(super) fn new(own: Option<ClientBuilder>, asks_dns: bool) -> reqwest::Result<Self> {
        let build = |mut http: ClientBuilder| {
            if !asks_dns {
                http = http.dns_resolver(LoopbackResolver::new());
            }
            http.redirect(Policy::none()).build()
        };
        let (is_own, trusts_network) = (own.is_some(), asks_dns);
        Ok(Self {
            outside: build(own.unwrap_or_else(defaults))?,
            here: build(defaults().no_proxy())?,
            is_own,
            trusts_network,
        })
    }

    /// Returns the client for a request. The program's configuration may be needed for https on
    /// this machine, whose certificate may be its own; there, a proxy sees nothing. It is used for
    /// everything where the program trusts the network.
    pub(super) fn for_url(&self, url: &Url) -> &Client {
        let is_for_own = self.is_own && (self.trusts_network || url.scheme() == "https");
        if is_loopback(url) && !is_for_own {
            &self.here
        } else {
            &self.outside
        }
    }
}

fn defaults() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
}

/// Tells whether the URL is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(loopback::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_name_and_its_addresses() {
        for (url, expected) in [
            ("http://localhost:80/", true),
            ("http://127.0.0.1/", true),
            ("http://127.1.2.3/", true),
            ("http://[::1]:8080/", true),
            ("http://LOCALHOST/", true),
            ("http://auth.App.localhost.:80/", true),
            ("http://127.1/", true), // which the parser turns into 127.0.0.1
            ("http://localhost@example.com/", false),
            ("http://localhost:80@example.com/", false),
            ("http://notlocalhost/", false),
            ("http://localhost.example/", false),
            ("http://127.0.0.1.example/", false),
            ("http://0.0.0.0/", false),
            ("http://192.168.0.1/", false),
            ("http://[::2]/", false),
        ] {
            assert_eq!(
                is_loopback(&Url::parse(url).expect("a URL")),
                expected,
                "{url}"
            );
        }
    }
}
