//! Resolves names of this machine to this machine. The resource server has a resolver of its own,
//! because neither crate depends on the other, and the protocol crate has no I/O.

use std::boxed::Box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::string::String;

use countersign::loopback::is_loopback;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves `localhost` and the names under it to the loopback addresses, without asking anyone
/// (RFC 6761, 6.3), and all other names as the system does. A resolver on the network could lead
/// such a name, and with it a token, elsewhere.
///
/// Every [`NativeClient`](super::NativeClient) uses it, and so may a reqwest client of your own.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LoopbackResolver;

impl LoopbackResolver {
    /// Creates a resolver; there is nothing to configure.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// In the order in which systems and browsers try them.
const ADDRESSES: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::LOCALHOST),
];

impl Resolve for LoopbackResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Addrs = if is_loopback(name.as_str()) {
                Box::new(ADDRESSES.map(|ip| SocketAddr::new(ip, 0)).into_iter())
            } else {
                Box::new(tokio::net::lookup_host((String::from(name.as_str()), 0)).await?)
            };
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    async fn resolve(name: &str) -> Vec<SocketAddr> {
        let name = name.parse().expect("a name");
        let resolved = LoopbackResolver::new().resolve(name).await;
        resolved.expect("addresses").collect()
    }

    #[tokio::test]
    async fn names_of_this_machine_are_asked_of_nobody() {
        let here = ADDRESSES.map(|ip| SocketAddr::new(ip, 0));
        for name in [
            "localhost",
            "localhost.",
            "auth.app.localhost",
            "no.such.name.localhost",
        ] {
            assert_eq!(resolve(name).await, here, "{name}");
        }
    }

    #[tokio::test]
    async fn other_names_are_asked_of_the_system() {
        // Resolving an address needs no network.
        assert_eq!(resolve("192.0.2.1").await, ["192.0.2.1:0".parse().unwrap()]);
        let name = "localhost.invalid".parse().expect("a name");
        assert!(LoopbackResolver::new().resolve(name).await.is_err());
    }
}
