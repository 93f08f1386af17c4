//! HTTP at the native client's listener: whatever arrives, in any number of pieces, only a `GET` of
//! the redirect URI's path with this login's `state` counts as the authorization response. The
//! first byte says where the rest is cut in two.
#![no_main]

use countersign_client::native::fuzzing::{Answer, ask};
use libfuzzer_sys::fuzz_target;

const REDIRECT_URI: &str = "http://127.0.0.1:49152/callback";
const STATE: &str = "cs.0123456789abcdefghijklmn";

fuzz_target!(|bytes: &[u8]| {
    let Some((&cut, request)) = bytes.split_first() else {
        return;
    };
    let whole = ask(&[request], REDIRECT_URI, STATE);
    let (first, second) = request.split_at(request.len().min(cut.into()));
    assert_eq!(ask(&[first, second], REDIRECT_URI, STATE), whole);
    let Answer { page, response } = whole;
    let head = String::from_utf8_lossy(request);
    // The page that the browser shows contains nothing from the request.
    if let Some(page) = &page {
        assert!(
            ["200 OK", "400 Bad Request", "404 Not Found"]
                .iter()
                .any(|status| status_line(page).ends_with(status))
        );
        assert!(page.contains("\r\nCache-Control: no-store\r\n"));
        // hyper takes a bare line feed for the end of a line, too.
        assert!(head.replace('\r', "").contains("\n\n"));
    }
    let Some(response) = response else {
        assert!(page.is_none_or(|page| !status_line(&page).ends_with("200 OK")));
        return;
    };
    assert!(page.is_some_and(|page| status_line(&page).ends_with("200 OK")));
    let request = head.trim_start_matches(['\r', '\n']);
    assert!(request.starts_with("GET /callback?"), "{head}");
    let ours = ("state".to_owned(), STATE.to_owned());
    assert!(response.contains(&ours));
});

/// `HTTP/1.1 200 OK`; the version is the request's.
fn status_line(page: &str) -> &str {
    page.split("\r\n").next().unwrap_or_default()
}
