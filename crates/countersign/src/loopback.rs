//! The rule for which hosts are this machine, where plain `http` is as good as `https`.

/// Tells whether `authority` is this machine: `localhost`, a name under it, an address of
/// 127.0.0.0/8, or `[::1]`.
///
/// These are the hosts that browsers call potentially trustworthy (W3C Secure Contexts, 3.1); a
/// host may end with a dot, as there. What connects to such a name must choose the loopback address
/// by itself: RFC 6761 (6.3) promises it, but a resolver that does not know so asks the network.
///
/// `authority` is a host, with a port or without, as a URL parser leaves it: in lower case, without
/// user information, addresses in their canonical form. Other spellings (`127.1`,
/// `[0:0:0:0:0:0:0:1]`) are not this machine. Never pass a `Host` header or other text that no URL
/// parser has read: what such a parser refuses, as `[::1].example.com`, is not looked for here.
///
/// ```
/// use countersign::loopback::is_loopback;
///
/// assert!(is_loopback("localhost:8080") && is_loopback("auth.app.localhost") && is_loopback("127.0.0.2"));
/// assert!(!is_loopback("localhost.example.com") && !is_loopback("127.0.0.1.example.com"));
/// ```
#[must_use]
pub fn is_loopback(authority: &str) -> bool {
    let mut host = authority.as_bytes();
    // The first colon of `[::1]` is no port's.
    if let Some(at) = authority.bytes().position(|byte| byte == b':')
        && at > 1
    {
        host = &host[..at];
    }
    if host.ends_with(b".") {
        host = &host[..host.len() - 1];
    }
    host.starts_with(b"[::1]")
        || host == b"localhost"
        || host.ends_with(b".localhost")
        || host.starts_with(b"127.") && is_address(host)
}

/// Tells whether `host` is four numbers, as a URL parser leaves only an IPv4 address. Written by
/// hand, since the standard library's parser is several times as large in WebAssembly.
fn is_address(host: &[u8]) -> bool {
    let mut octets = 1;
    let mut digits = 0;
    for byte in host {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' if digits > 0 => {
                octets += 1;
                digits = 0;
            }
            _ => return false,
        }
        if digits > 3 {
            return false;
        }
    }
    octets == 4 && digits > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names_and_its_addresses() {
        for host in [
            "localhost",
            "localhost.",
            "app.localhost",
            "auth.app.localhost",
            "auth.app.localhost.",
            "127.0.0.localhost",
            "127.0.0.1",
            "127.0.0.1.",
            "127.0.0.2",
            "127.255.255.255",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
            for port in [":", ":80", ":65535"] {
                let authority = alloc::format!("{host}{port}");
                assert!(is_loopback(&authority), "{authority}");
            }
        }
    }

    #[test]
    fn look_alikes_are_other_machines() {
        for host in [
            "",
            ".",
            "example.com",
            "localhost.example.com",
            "notlocalhost",
            "app.notlocalhost",
            "localhost.localdomain",
            "localhost-",
            "local.host",
            "127.0.0.1.example.com",
            "127.example.com",
            "127.0.0.a",
            "127.0.0.localhost.example.com",
            "127.1",
            "127.0.0",
            "127.0.0.",
            "127.0.0.1.5",
            "127.0.0.1..",
            "localhost..",
            "127..0.1",
            "127.0.0.0001",
            "127.",
            "127",
            "2130706433",
            "0x7f.0.0.1",
            "128.0.0.1",
            "12.7.0.1",
            "1270.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "[::]",
            "[::2]",
            "[::11]",
            "[::ffff:7f00:1]",
            "[1::1]",
            "user@example.com",
            "localhost@example.com",
            "[::1",
            ":80",
            "a:80",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
        assert!(!is_loopback("example.com:80"));
        assert!(!is_loopback("example.localhost.com:80"));
    }
}
