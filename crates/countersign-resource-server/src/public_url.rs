//! The URL of a request as its client sees it. A server behind a proxy sees another host, another scheme
//! and perhaps another path than the client signed as `htu`; headers that claim to know better
//! (`Host`, `Forwarded`) are the client's to choose, so one setting decides.

use countersign::target::TargetUri;
use http::request::Parts;

use crate::{BuildError, Rejection};

#[derive(Debug, Clone)]
pub(crate) struct PublicUrl {
    /// Normalised, without a slash at the end.
    base: String,
    /// Path prefix here, path prefix outside; the longest first. Neither ends with a slash.
    prefixes: Vec<(String, String)>,
}

impl PublicUrl {
    pub(crate) fn new(base: &str, prefixes: &[(String, String)]) -> Result<Self, BuildError> {
        let refused = || BuildError::PublicUrl {
            value: base.to_owned(),
        };
        if base.contains(['?', '#']) {
            return Err(refused());
        }
        let target = TargetUri::parse(base).map_err(|_| refused())?;
        let base = target.htu().trim_end_matches('/').to_owned();
        let mut clean = Vec::with_capacity(prefixes.len());
        for (inside, outside) in prefixes {
            for prefix in [inside, outside] {
                let is_path = prefix.starts_with('/')
                    && TargetUri::parse(&format!("{base}{prefix}")).is_ok()
                    && !prefix.contains(['?', '#']);
                if !is_path {
                    return Err(BuildError::PathPrefix {
                        value: prefix.clone(),
                    });
                }
            }
            let trimmed = |prefix: &str| prefix.trim_end_matches('/').to_owned();
            clean.push((trimmed(inside), trimmed(outside)));
        }
        for (index, (inside, _)) in clean.iter().enumerate() {
            if clean[..index].iter().any(|(earlier, _)| earlier == inside) {
                return Err(BuildError::PathPrefixTwice {
                    value: prefixes[index].0.clone(),
                });
            }
        }
        clean.sort_by_key(|(inside, _)| std::cmp::Reverse(inside.len()));
        Ok(Self {
            base,
            prefixes: clean,
        })
    }

    /// The `htu` that a proof for this request has.
    pub(crate) fn of(&self, parts: &Parts) -> Result<TargetUri, Rejection> {
        let path = original_path(parts);
        let refused = || Rejection::Target {
            path: path.to_owned(),
        };
        // `OPTIONS *` has no path; appended to the base it would change the host. A path with dot segments
        // means one resource in the proof, which is compared without them, and another to handlers.
        if !path.starts_with('/') || path.split('/').any(is_dot_segment) {
            return Err(refused());
        }
        let (prefix, rest) = self.outside(path);
        let mut url = String::with_capacity(self.base.len() + prefix.len() + rest.len());
        url.push_str(&self.base);
        url.push_str(prefix);
        url.push_str(rest);
        TargetUri::parse(&url).map_err(|_| refused())
    }

    fn outside<'a>(&'a self, path: &'a str) -> (&'a str, &'a str) {
        self.prefixes
            .iter()
            .find_map(|(inside, outside)| {
                let rest = path.strip_prefix(inside.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then_some((outside.as_str(), rest))
            })
            .unwrap_or(("", path))
    }
}

/// `.` or `..`, each dot also as `%2e`.
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

/// axum's `nest` takes the prefix away from what a layer inside it sees.
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

    fn of(url: &PublicUrl, target: &str) -> Result<String, Rejection> {
        let request = http::Request::builder().uri(target).body(()).expect(target);
        let (parts, ()) = request.into_parts();
        url.of(&parts).map(|found| found.htu().to_owned())
    }

    fn public(base: &str, prefixes: &[(&str, &str)]) -> Result<PublicUrl, BuildError> {
        let prefixes: Vec<_> = prefixes
            .iter()
            .map(|(inside, outside)| ((*inside).to_owned(), (*outside).to_owned()))
            .collect();
        PublicUrl::new(base, &prefixes)
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
            &[("/a", "/outer"), ("/a/b", "/other/"), ("/strip", "/")],
        )
        .expect("a URL");
        for (inside, outside) in [
            ("/a", "https://example.com/outer"),
            ("/a/x", "https://example.com/outer/x"),
            ("/a/b/x", "https://example.com/other/x"),
            ("/ab", "https://example.com/ab"),
            ("/strip/x", "https://example.com/x"),
        ] {
            assert_eq!(of(&url, inside).as_deref(), Ok(outside), "{inside}");
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
        ] {
            assert_eq!(
                public(base, &[]).err(),
                Some(BuildError::PublicUrl {
                    value: base.to_owned()
                })
            );
        }
        for prefix in ["a", "", "/a?b", "/a b"] {
            assert_eq!(
                public("https://a", &[("/x", prefix)]).err(),
                Some(BuildError::PathPrefix {
                    value: prefix.to_owned()
                })
            );
        }
    }
}
