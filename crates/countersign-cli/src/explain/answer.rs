//! What comes out for one line.

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
            detail: sentence(&rejection.to_string()),
        }
    }

    /// The request is one that no HTTP server hands on to an application.
    pub(super) fn not_http(name: Name, detail: &str) -> Self {
        Self::bad_request(Some(name), "NotHttp", detail)
    }

    /// There is no request to judge.
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

/// With a capital and a full stop.
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
