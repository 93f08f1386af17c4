//! Requests as people have them: a curl command, HTTP text, an entry of a browser's HAR file, JSON.

mod curl;
mod date;
mod http_text;
mod json;

use countersign::UnixSeconds;

use super::case::Request;

/// A request, and what came with it.
pub(super) struct Captured {
    pub(super) request: Request,
    /// When it was received, by the server's clock as far as that is known.
    pub(super) at: Option<Moment>,
}

/// A time, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) now: UnixSeconds,
    pub(super) source: &'static str,
}

/// The requests that `text` holds. `is_curl`: it is a command, whatever it looks like.
///
/// # Errors
/// What is missing, in words.
pub(super) fn read(text: &str, is_curl: bool) -> Result<Vec<Captured>, String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if is_curl || curl::is_command(start) {
        return Ok(vec![Captured {
            request: curl::read(start)?,
            at: None,
        }]);
    }
    if start.starts_with(['{', '[']) {
        return json::read(start);
    }
    http_text::read(start).map(|captured| vec![captured])
}
