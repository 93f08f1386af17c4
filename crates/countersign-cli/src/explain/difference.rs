//! Where two URIs differ, and which proxy setting is the usual cause.

use countersign::target::TargetUri;

/// A part of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Scheme,
    Host,
    Port,
    Path,
}

impl Part {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::Port => "port",
            Self::Path => "path",
        }
    }

    /// Returns what usually makes this part differ.
    const fn usual_cause(self) -> &'static str {
        match self {
            Self::Scheme => {
                "TLS usually ends at a proxy, and the server believes it was called as the proxy calls it: have the proxy \
                 send X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme) and the server trust it, or \
                 set the server's public URL"
            }
            Self::Host => {
                "A proxy usually puts its upstream's name into Host: have it keep the client's (nginx: proxy_set_header \
                 Host $http_host) or send X-Forwarded-Host, or set the server's public URL; else the client signs for \
                 another server than it calls"
            }
            Self::Port => {
                "A proxy usually leaves the port out of Host (nginx: $host instead of $http_host) or listens on another \
                 one: have it send X-Forwarded-Port, or set the server's public URL"
            }
            Self::Path => {
                "A proxy usually takes a prefix away or adds one (nginx: proxy_pass with a path; ingress: \
                 rewrite-target), or a redirect has added a slash: have it send X-Forwarded-Prefix, or set the server's \
                 public URL with its path; else the client signs its base URL instead of the request's"
            }
        }
    }
}

/// Returns what makes the two differ in this part.
pub(super) fn cause(part: Part, one: &TargetUri, other: &TargetUri) -> &'static str {
    let ([.., one], [.., other]) = (split(one.htu()), split(other.htu()));
    match part {
        Part::Path if one.eq_ignore_ascii_case(other) => {
            "Paths are case-sensitive: sign the path as it is sent"
        }
        Part::Path if one.trim_end_matches('/') == other.trim_end_matches('/') => {
            "One of the two has a slash at the end, which is another path: sign the URL that is sent, after redirects"
        }
        _ => part.usual_cause(),
    }
}

/// Returns the parts in which two normalised URIs differ.
pub(super) fn between(one: &TargetUri, other: &TargetUri) -> Vec<Part> {
    let (one, other) = (split(one.htu()), split(other.htu()));
    let parts = [Part::Scheme, Part::Host, Part::Port, Part::Path];
    let pairs = parts.into_iter().zip(one.into_iter().zip(other));
    pairs
        .filter(|(_, (one, other))| one != other)
        .map(|(part, _)| part)
        .collect()
}

/// Splits a URI into scheme, host, port (the scheme's default if there is none) and path.
fn split(uri: &str) -> [&str; 4] {
    let (scheme, rest) = uri.split_once("://").unwrap_or((uri, ""));
    let path = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path);
    let bracket = authority.rfind(']').unwrap_or(0);
    let colon = authority[bracket..].find(':').map(|at| bracket + at);
    let (host, port) = match colon {
        Some(at) => (&authority[..at], &authority[at + 1..]),
        None => (authority, ""),
    };
    // Another scheme has another default port, which tells nothing new.
    [scheme, host, port, path]
}

/// Returns the URL that the request's own headers name, if it is that of `htu`.
pub(super) fn forwarded(
    seen: &TargetUri,
    htu: &TargetUri,
    headers: &[(String, String)],
) -> Option<&'static str> {
    let value = |name: &str| {
        let mut all = headers.iter();
        let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.split(',').next().unwrap_or_default().trim())
    };
    let [scheme, host, port, path] = split(seen.htu());
    let of_forwarded = |parameter: &str| {
        let first = value("forwarded")?;
        let pairs = first
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        let mut found = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(parameter));
        found.next().map(|(_, value)| value.trim_matches('"'))
    };
    let own = match port {
        "" => host.to_owned(),
        port => format!("{host}:{port}"),
    };
    let url = |new_scheme: Option<&str>,
               new_host: Option<&str>,
               new_port: Option<&str>,
               prefix: Option<&str>| {
        let mut authority = new_host.map_or_else(|| own.clone(), str::to_owned);
        if let Some(port) = new_port {
            let bare = authority
                .rsplit_once(':')
                .map_or(&*authority, |(host, _)| host);
            authority = format!("{bare}:{port}");
        }
        let prefix = prefix.unwrap_or_default().trim_end_matches('/');
        let scheme = new_scheme.unwrap_or(scheme);
        TargetUri::parse(&format!("{scheme}://{authority}{prefix}{path}")).ok()
    };
    let (proto, x_host) = (value("x-forwarded-proto"), value("x-forwarded-host"));
    let (x_port, prefix) = (value("x-forwarded-port"), value("x-forwarded-prefix"));
    let host = value("host");
    let guesses = [
        ("Host", url(None, host, None, None)),
        ("X-Forwarded-Proto", url(proto, None, None, None)),
        ("X-Forwarded-Proto and Host", url(proto, host, None, None)),
        ("X-Forwarded-Host", url(None, x_host, None, None)),
        (
            "X-Forwarded-Proto and X-Forwarded-Host",
            url(proto, x_host, None, None),
        ),
        ("X-Forwarded-Prefix", url(None, None, None, prefix)),
        (
            "the X-Forwarded headers",
            url(proto, x_host.or(host), x_port, None),
        ),
        ("the X-Forwarded headers", url(proto, x_host, None, prefix)),
        (
            "the X-Forwarded headers",
            url(proto, x_host.or(host), x_port, prefix),
        ),
        (
            "Forwarded",
            url(of_forwarded("proto"), of_forwarded("host"), None, None),
        ),
    ];
    guesses
        .into_iter()
        .find(|(_, guess)| guess.as_ref() == Some(htu))
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> TargetUri {
        TargetUri::parse(text).unwrap()
    }

    #[test]
    fn each_part_is_named() {
        for (one, other, parts) in [
            ("https://a/x", "https://A:443/x", &[][..]),
            ("https://a/x", "http://a/x", &[Part::Scheme]),
            ("https://a/x", "https://b/x", &[Part::Host]),
            ("https://a/x", "https://a:8443/x", &[Part::Port]),
            ("http://[::1]:1/x", "http://[::1]:2/x", &[Part::Port]),
            ("https://a/x", "https://a/v1/x", &[Part::Path]),
            (
                "http://app:8080/x",
                "https://a/v1/x",
                &[Part::Scheme, Part::Host, Part::Port, Part::Path],
            ),
        ] {
            assert_eq!(between(&uri(one), &uri(other)), parts, "{one} {other}");
        }
    }

    #[test]
    fn headers_that_would_explain_it_are_found() {
        let seen = uri("http://app:8080/notes");
        for (htu, headers, name) in [
            (
                "https://app:8080/notes",
                &[("X-Forwarded-Proto", "https")][..],
                Some("X-Forwarded-Proto"),
            ),
            (
                "https://a.example/notes",
                &[
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-host", "a.example"),
                ],
                Some("X-Forwarded-Proto and X-Forwarded-Host"),
            ),
            (
                "https://a.example/notes",
                &[("X-Forwarded-Proto", "https, http"), ("Host", "a.example")],
                Some("X-Forwarded-Proto and Host"),
            ),
            (
                "https://a.example:8443/v1/notes",
                &[
                    ("X-Forwarded-Proto", "https"),
                    ("X-Forwarded-Host", "a.example"),
                    ("X-Forwarded-Port", "8443"),
                    ("X-Forwarded-Prefix", "/v1/"),
                ],
                Some("the X-Forwarded headers"),
            ),
            (
                "https://a.example/notes",
                &[(
                    "Forwarded",
                    "for=1.2.3.4;proto=https;host=\"a.example\", for=x",
                )],
                Some("Forwarded"),
            ),
            (
                "https://a.example/notes",
                &[("X-Forwarded-Host", "b.example")],
                None,
            ),
        ] {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(forwarded(&seen, &uri(htu), &headers), name, "{htu}");
        }
    }
}
