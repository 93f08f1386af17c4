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

/// Decides by the rules of the Fetch standard (HTTP-redirect fetch).
/// `status`: the redirect's; `None` if the platform followed the redirect unseen, as browsers do,
/// and sent the old proof along.
#[must_use]
#[inline(always)] // what a browser does not know is not there
pub fn redirect<'a>(method: &'a str, from: &str, to: &str, status: Option<u16>) -> Redirected<'a> {
    if from != to {
        return Redirected::OtherOrigin;
    }
    let is_read = matches!(method, "GET" | "HEAD");
    match status {
        // Every redirect keeps these methods.
        None | Some(301 | 302 | 303 | 307 | 308) if is_read => Redirected::SameOrigin(method),
        Some(301 | 302) if method == "POST" => Redirected::SameOrigin("GET"),
        Some(303) => Redirected::SameOrigin("GET"),
        Some(301 | 302 | 307 | 308) => Redirected::SameOrigin(method),
        _ => Redirected::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "https://a.example";

    #[test]
    fn nothing_follows_to_another_origin() {
        for status in [None, Some(302), Some(307)] {
            let other = redirect("GET", A, "https://b.example", status);
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
            assert_eq!(redirect(method, A, A, Some(status)), expected, "{status}");
        }
    }

    #[test]
    fn where_the_status_is_not_known_only_get_and_head_are_certain() {
        for method in ["GET", "HEAD"] {
            assert_eq!(redirect(method, A, A, None), Redirected::SameOrigin(method));
        }
        for method in ["POST", "PUT", "DELETE", "get"] {
            assert_eq!(redirect(method, A, A, None), Redirected::Unclear);
        }
    }
}
