//! Redirects of API calls: whether one may be followed with the token, and by which method.

/// How a request with a bound token continues when it is redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "platforms must handle each")]
pub enum Redirected<'a> {
    /// It leads to another origin. Neither token nor proof is sent there, and nothing is learned
    /// from its answer.
    OtherOrigin,
    /// The engine does not follow it: the status is no redirect's, or the method cannot be known.
    Unclear,
    /// It is sent with this method and a proof for the new URL. If the method changes, it becomes
    /// `GET` without a body.
    SameOrigin(&'a str),
}

/// What the platform knows of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a platform sees the status or not")]
pub enum Seen {
    /// Its status.
    Status(u16),
    /// The platform followed it unseen, as browsers do, and sent the old proof along.
    Unseen {
        /// The two URLs differ only by a slash at the end of the path. Frameworks answer such a
        /// request with a redirect before anything else, so it has had no effect.
        is_slash: bool,
    },
}

/// Decides by RFC 9110, 15.4, and the Fetch standard (HTTP-redirect fetch). If the status was not
/// seen, it may have been 303: then the request has had its effect, and must not be sent again.
#[must_use]
#[inline(always)] // what a browser does not know is not there
pub fn redirect<'a>(method: &'a str, from: &str, to: &str, seen: Seen) -> Redirected<'a> {
    if from != to {
        return Redirected::OtherOrigin;
    }
    let is_read = matches!(method, "GET" | "HEAD");
    match seen {
        Seen::Unseen { is_slash } if is_read || is_slash => Redirected::SameOrigin(method),
        // Every redirect keeps these methods.
        Seen::Status(301 | 302 | 303 | 307 | 308) if is_read => Redirected::SameOrigin(method),
        Seen::Status(301 | 302) if method == "POST" => Redirected::SameOrigin("GET"),
        Seen::Status(303) => Redirected::SameOrigin("GET"),
        Seen::Status(301 | 302 | 307 | 308) => Redirected::SameOrigin(method),
        _ => Redirected::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "https://a.example";

    #[test]
    fn nothing_follows_to_another_origin() {
        let unseen = [true, false].map(|is_slash| Seen::Unseen { is_slash });
        for seen in [Seen::Status(302), Seen::Status(307)]
            .into_iter()
            .chain(unseen)
        {
            let other = redirect("GET", A, "https://b.example", seen);
            assert_eq!(other, Redirected::OtherOrigin);
        }
    }

    #[test]
    fn within_an_origin_the_method_changes_as_in_browsers() {
        for (status, method, expected) in [
            (301, "GET", Some("GET")),
            (301, "HEAD", Some("HEAD")),
            (301, "POST", Some("GET")),
            (302, "POST", Some("GET")),
            (302, "PUT", Some("PUT")),
            (301, "PATCH", Some("PATCH")),
            (301, "DELETE", Some("DELETE")),
            (303, "GET", Some("GET")),
            (303, "HEAD", Some("HEAD")),
            (303, "POST", Some("GET")),
            (303, "DELETE", Some("GET")),
            (307, "POST", Some("POST")),
            (308, "PUT", Some("PUT")),
            (300, "GET", None),
            (304, "GET", None),
            (200, "GET", None),
            (401, "POST", None),
        ] {
            let expected = expected.map_or(Redirected::Unclear, Redirected::SameOrigin);
            assert_eq!(
                redirect(method, A, A, Seen::Status(status)),
                expected,
                "{status}"
            );
        }
    }

    #[test]
    fn where_the_status_is_not_known_only_get_head_and_a_slash_are_certain() {
        let decide = |method, is_slash| redirect(method, A, A, Seen::Unseen { is_slash });
        for method in ["GET", "HEAD"] {
            assert_eq!(decide(method, false), Redirected::SameOrigin(method));
        }
        for method in ["POST", "PUT", "DELETE", "get"] {
            assert_eq!(decide(method, false), Redirected::Unclear);
            assert_eq!(decide(method, true), Redirected::SameOrigin(method));
        }
    }
}
