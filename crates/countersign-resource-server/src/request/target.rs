//! The URL of a request as its client sees it. A server behind a proxy sees another host, another
//! scheme and perhaps another path than the client signed as `htu`. The client chooses the headers
//! that might tell (`Host`, `Forwarded`), so one setting decides.

use countersign::target::TargetUri;
use http::request::Parts;

use crate::{
    config::{BuildError, PublicUrl},
    response::Rejection,
};

/// Gives the URL of each request.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    /// The normalised URL, without a slash at the end.
    base: String,
    /// The path prefixes, the longest inside first.
    prefixes: Vec<Prefix>,
}

/// A path prefix. Neither side ends with a slash.
#[derive(Debug, Clone)]
struct Prefix {
    /// A path as it is sent to this server.
    inside: String,
    /// A whole URL, normalised.
    outside: String,
}

impl Targets {
    pub(crate) fn new(
        public_url: &PublicUrl,
        prefixes: &[(String, String)],
    ) -> Result<Self, BuildError> {
        let PublicUrl::Fixed(base) = public_url;
        let refused = || BuildError::PublicUrl {
            value: base.clone(),
        };
        if base.contains(['?', '#']) {
            return Err(refused());
        }
        let target = TargetUri::parse(base).map_err(|_| refused())?;
        target.check_encoding().map_err(|_| refused())?;
        let base = without_slash(target.htu());
        let mut clean: Vec<Prefix> = Vec::with_capacity(prefixes.len());
        for (inside, outside) in prefixes {
            path_prefix(&base, inside)?;
            let prefix = Prefix {
                inside: without_slash(inside),
                outside: path_prefix(&base, outside)?,
            };
            if clean.iter().any(|earlier| earlier.inside == prefix.inside) {
                return Err(BuildError::PathPrefixTwice {
                    value: inside.clone(),
                });
            }
            if clean
                .iter()
                .any(|earlier| earlier.outside == prefix.outside)
            {
                return Err(BuildError::PathPrefixOutsideTwice {
                    value: outside.clone(),
                });
            }
            clean.push(prefix);
        }
        clean.sort_by_key(|prefix| std::cmp::Reverse(prefix.inside.len()));
        Ok(Self {
            base,
            prefixes: clean,
        })
    }

    /// Gives the `htu` that a proof for this request must have.
    pub(crate) fn of(&self, parts: &Parts) -> Result<TargetUri, Rejection> {
        let path = original_path(parts);
        let refused = || Rejection::Target {
            path: path.to_owned(),
        };
        // `OPTIONS *` has no path; appended to the base, it would change the host. Dot segments are
        // resolved before a proof is compared, but not for handlers, so such a path would mean two
        // resources.
        if !path.starts_with('/') || path.split('/').any(is_dot_segment) {
            return Err(refused());
        }
        let (prefix, outside, rest) = self.outside(path);
        let mut url = String::with_capacity(outside.len() + rest.len());
        url.push_str(outside);
        url.push_str(rest);
        let target = TargetUri::parse(&url).map_err(|_| refused())?;
        target.check_encoding().map_err(|_| refused())?;
        if self.is_of_another_path(&target, prefix, rest) {
            return Err(refused());
        }
        Ok(target)
    }

    /// Gives the prefix that the path begins with, its counterpart outside, and the rest. It
    /// compares the path as it was sent, as routers do.
    fn outside<'a>(&'a self, path: &'a str) -> (Option<&'a Prefix>, &'a str, &'a str) {
        self.prefixes
            .iter()
            .find_map(|prefix| {
                let rest = rest_of(path, &prefix.inside)?;
                Some((Some(prefix), prefix.outside.as_str(), rest))
            })
            .unwrap_or((None, &self.base, path))
    }

    /// Whether the URL outside belongs to another path, so that a proof for that path would open
    /// this one too. Outside, as inside, the longest prefix wins.
    fn is_of_another_path(&self, target: &TargetUri, prefix: Option<&Prefix>, rest: &str) -> bool {
        if self.prefixes.is_empty() {
            return false;
        }
        let leads_there = |other: &&Prefix| rest_of(target.htu(), &other.outside).is_some();
        let others = self.prefixes.iter().filter(leads_there);
        let longest = others.max_by_key(|other| other.outside.len());
        let inside = |prefix: Option<&Prefix>| prefix.map(|prefix| prefix.inside.clone());
        // Without a path outside, the prefix alone and the prefix with a slash have one URL.
        let is_bare = rest.is_empty() && target.htu().ends_with('/');
        inside(longest) != inside(prefix) || is_bare
    }
}

/// Refuses a given target that [encodes needlessly](TargetUri::check_encoding).
pub(crate) fn check_encoding(uri: &TargetUri) -> Result<(), Rejection> {
    uri.check_encoding().map_err(|_| Rejection::Target {
        path: uri.htu().to_owned(),
    })
}

/// Checks a prefix, and gives its URL outside.
fn path_prefix(base: &str, prefix: &str) -> Result<String, BuildError> {
    let refused = || BuildError::PathPrefix {
        value: prefix.to_owned(),
    };
    let is_path = prefix.starts_with('/')
        && !prefix.contains(['?', '#'])
        && !prefix.split('/').any(is_dot_segment);
    if !is_path {
        return Err(refused());
    }
    let target = TargetUri::parse(&format!("{base}{prefix}")).map_err(|_| refused())?;
    target.check_encoding().map_err(|_| refused())?;
    Ok(without_slash(target.htu()))
}

fn without_slash(text: &str) -> String {
    text.trim_end_matches('/').to_owned()
}

/// Gives what follows the prefix, which has to end where a segment does.
fn rest_of<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Whether a segment is `.` or `..`, each dot also as `%2e`.
fn is_dot_segment(segment: &str) -> bool {
    let mut rest = segment;
    let mut dots = 0;
    while let Some(after) = rest
        .strip_prefix('.')
        .or_else(|| rest.strip_prefix("%2e"))
        .or_else(|| rest.strip_prefix("%2E"))
    {
        rest = after;
        dots += 1;
    }
    rest.is_empty() && (dots == 1 || dots == 2)
}

/// Gives the path before axum's `nest` removed its prefix.
#[cfg(feature = "axum")]
fn original_path(parts: &Parts) -> &str {
    parts
        .extensions
        .get::<axum::extract::OriginalUri>()
        .map_or(&parts.uri, |original| &original.0)
        .path()
}

#[cfg(not(feature = "axum"))]
fn original_path(parts: &Parts) -> &str {
    parts.uri.path()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &Targets, target: &str) -> Result<String, Rejection> {
        let request = http::Request::builder().uri(target).body(()).expect(target);
        let (parts, ()) = request.into_parts();
        url.of(&parts).map(|found| found.htu().to_owned())
    }

    fn public(base: &str, prefixes: &[(&str, &str)]) -> Result<Targets, BuildError> {
        let prefixes: Vec<_> = prefixes
            .iter()
            .map(|(inside, outside)| ((*inside).to_owned(), (*outside).to_owned()))
            .collect();
        Targets::new(&base.into(), &prefixes)
    }

    #[test]
    fn v9_the_setting_and_the_path_make_the_url_and_the_host_does_not() {
        let url = public("https://API.example.com:443/v1/", &[]).expect("a URL");
        assert_eq!(
            of(&url, "/notes?page=2").as_deref(),
            Ok("https://api.example.com/v1/notes")
        );
        assert_eq!(
            of(&url, "http://evil.example/notes").as_deref(),
            Ok("https://api.example.com/v1/notes")
        );
        assert_eq!(of(&url, "/").as_deref(), Ok("https://api.example.com/v1/"));
    }

    #[test]
    fn a_prefix_is_replaced_at_whole_segments_and_the_longest_wins() {
        let url = public(
            "https://example.com",
            &[("/a", "/outer"), ("/a/b", "/other/")],
        )
        .expect("a URL");
        for (inside, outside) in [
            ("/a", "https://example.com/outer"),
            ("/a/x", "https://example.com/outer/x"),
            ("/a/b/x", "https://example.com/other/x"),
            ("/ab", "https://example.com/ab"),
        ] {
            assert_eq!(of(&url, inside).as_deref(), Ok(outside), "{inside}");
        }
    }

    #[test]
    fn v9_a_prefix_is_that_of_the_path_as_it_was_sent() {
        let prefixes = [("/~ann", "/ann"), ("/in%2Fside", "/out%2fside")];
        let url = public("https://example.com", &prefixes).expect("a URL");
        for (inside, outside) in [
            ("/~ann/x", "https://example.com/ann/x"),
            ("/%7Eann/x", "https://example.com/~ann/x"),
            ("/in%2Fside/x", "https://example.com/out%2Fside/x"),
            ("/in%2fside/x", "https://example.com/in%2Fside/x"),
        ] {
            assert_eq!(of(&url, inside).as_deref(), Ok(outside), "{inside}");
        }
    }

    fn assert_refused(url: &Targets, target: &str) {
        let path = target.to_owned();
        assert_eq!(of(url, target), Err(Rejection::Target { path }));
    }

    #[test]
    fn v9_one_url_outside_is_of_one_path_inside() {
        let url = public(
            "https://example.com",
            &[("/v1", "/api"), ("/v2", "/api/new"), ("/same", "/same")],
        )
        .expect("a URL");
        for (inside, outside) in [
            ("/v1/x", "https://example.com/api/x"),
            ("/v2/x", "https://example.com/api/new/x"),
            ("/v2", "https://example.com/api/new"),
            ("/v1/newer", "https://example.com/api/newer"),
            ("/same/x", "https://example.com/same/x"),
            ("/apis", "https://example.com/apis"),
        ] {
            assert_eq!(of(&url, inside).as_deref(), Ok(outside), "{inside}");
        }
        // A client that calls the outside URLs of these paths gets /v1/x, /v1 and /v2/x instead.
        for inside in ["/api/x", "/api", "/v1/new/x", "/v1/new", "/api/new/x"] {
            assert_refused(&url, inside);
        }
        let url = public("https://example.com", &[("/app", "/")]).expect("a URL");
        assert_eq!(of(&url, "/app/x").as_deref(), Ok("https://example.com/x"));
        assert_eq!(of(&url, "/app/").as_deref(), Ok("https://example.com/"));
        for inside in ["/app", "/x", "/apps", "/"] {
            assert_refused(&url, inside);
        }
    }

    #[test]
    fn v9_two_paths_inside_with_one_outside_are_a_mistake() {
        for (one, other) in [
            ("/x", "/x"),
            ("/x", "/x/"),
            ("/%2f", "/%2F"),
            ("/~a", "/%7ea"),
            ("/", "/"),
        ] {
            assert_eq!(
                public("https://a", &[("/v1", one), ("/v2", other)]).err(),
                Some(BuildError::PathPrefixOutsideTwice {
                    value: other.to_owned()
                })
            );
        }
    }

    #[test]
    fn v9_a_path_that_encodes_needlessly_is_refused() {
        let prefixes = [("/in", "/out")];
        for url in [
            public("https://api.example.com", &[]).expect("a URL"),
            public("https://api.example.com", &prefixes).expect("a URL"),
        ] {
            for target in [
                "/users/%6de",
                "/%75sers/me",
                "/in/%6de",
                "/%69n/me",
                "/a%2Db",
                "/%2e%2e%2e",
            ] {
                assert_refused(&url, target);
            }
        }
    }

    #[test]
    fn a_target_that_is_no_path_of_a_url_is_refused() {
        let url = public("https://api.example.com", &[]).expect("a URL");
        for target in ["*", "/a\\b", "/{a}"] {
            assert_eq!(
                of(&url, target),
                Err(Rejection::Target {
                    path: target.to_owned()
                })
            );
        }
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        for base in [
            "",
            "api.example.com",
            "ftp://a",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https://a/%61",
            "https://a/%4%31",
        ] {
            assert_eq!(
                public(base, &[]).err(),
                Some(BuildError::PublicUrl {
                    value: base.to_owned()
                })
            );
        }
        for prefix in ["a", "", "/a?b", "/a b", "/%61", "/a/../b", "/."] {
            for prefixes in [("/x", prefix), (prefix, "/x")] {
                assert_eq!(
                    public("https://a", &[prefixes]).err(),
                    Some(BuildError::PathPrefix {
                        value: prefix.to_owned()
                    })
                );
            }
        }
    }
}
