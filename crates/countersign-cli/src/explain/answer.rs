//! The answer to one line of input.

use countersign_resource_server::Rejection;
use serde::Serialize;

use super::case::Name;

/// One line of output.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    name: Option<Name>,
    outcome: &'static str,
    status: u16,
    error: Option<&'static str>,
    reason: Option<&'static str>,
    detail: String,
}

impl Answer {
    pub(super) fn accepted(name: Name, detail: &str) -> Self {
        Self {
            name: Some(name),
            outcome: "accepted",
            status: 200,
            error: None,
            reason: None,
            detail: sentence(detail),
        }
    }

    pub(super) fn refused(name: Name, rejection: &Rejection) -> Self {
        Self {
            name: Some(name),
            outcome: "refused",
            status: rejection.status().as_u16(),
            error: rejection.code(),
            reason: Some(rejection.name()),
            detail: sentence(&rejection.reason()),
        }
    }

    /// Creates the answer to a request that no HTTP server passes on to an application.
    pub(super) fn not_http(name: Name, detail: &str) -> Self {
        Self::bad_request(Some(name), "NotHttp", detail)
    }

    /// Creates the answer to a line that can't be used.
    pub(super) fn unusable(name: Option<Name>, detail: &str) -> Self {
        Self::bad_request(name, "UnusableInput", detail)
    }

    fn bad_request(name: Option<Name>, reason: &'static str, detail: &str) -> Self {
        Self {
            name,
            outcome: "refused",
            status: 400,
            error: Some("invalid_request"),
            reason: Some(reason),
            detail: sentence(detail),
        }
    }
}

/// Makes a sentence of the text: a capital first, a full stop at the end.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let end = if text.ends_with('.') { "" } else { "." };
    first
        .into_iter()
        .chain(characters)
        .chain(end.chars())
        .collect()
}
