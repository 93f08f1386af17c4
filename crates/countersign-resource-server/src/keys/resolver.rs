//! Resolves the names of this machine without DNS. The client has a resolver of its own, because
//! neither crate depends on the other, and the protocol crate has no I/O.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use countersign::loopback::is_loopback;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves `localhost` and the names under it to the loopback addresses (RFC 6761, 6.3), and all
/// other names as the system does: a resolver on the network that is asked for such a name could
/// lead to an attacker's keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopbackResolver;

/// The loopback addresses in the order in which systems and browsers try them.
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
                Box::new(tokio::net::lookup_host((name.as_str().to_owned(), 0)).await?)
            };
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(name: &str) -> Option<Vec<SocketAddr>> {
        let name = name.parse().expect("a name");
        let resolved = LoopbackResolver.resolve(name).await;
        Some(resolved.ok()?.collect())
    }

    #[tokio::test]
    async fn names_of_this_machine_are_asked_of_nobody() {
        let here = ADDRESSES.map(|ip| SocketAddr::new(ip, 0)).to_vec();
        for name in ["localhost", "auth.app.localhost", "no.such.name.localhost"] {
            assert_eq!(resolve(name).await, Some(here.clone()), "{name}");
        }
        assert_eq!(resolve("localhost.invalid").await, None);
    }
}
