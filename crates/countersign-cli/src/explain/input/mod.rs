//! Reads requests as people have them: a curl command, HTTP text, an entry of a browser's HAR file,
//! JSON.

mod curl;
mod date;
mod http_text;
mod json;
mod shell;

use countersign::UnixSeconds;

use super::case::Request;

/// A request, and what came with it.
pub(super) struct Captured {
    pub(super) request: Request,
    /// When the server received it, by the server's clock if that is known.
    pub(super) at: Option<Moment>,
}

/// A time and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) now: UnixSeconds,
    pub(super) source: &'static str,
}

/// Reads the requests that `text` holds. `is_curl`: the text is a command, whatever it looks like.
///
/// # Errors
/// Says what is missing.
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
