//! The issuer's keys, of a file or over HTTP.

use std::time::Duration;

use countersign::loopback::is_loopback;
use countersign_client::reqwest::LoopbackResolver;

/// Key sets of real issuers have some kilobytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The key set at `place`, as JSON text.
pub(super) fn read(place: &str) -> Result<String, String> {
    if place.starts_with("https://") || place.starts_with("http://") {
        return fetch(place).map_err(|why| format!("cannot read the keys at {place}: {why}"));
    }
    std::fs::read_to_string(place).map_err(|error| format!("cannot read {place}: {error}"))
}

fn fetch(url: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut client = reqwest::Client::builder()
            .dns_resolver(LoopbackResolver::new())
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none());
        let url = reqwest::Url::parse(url).map_err(|error| error.to_string())?;
        if url.host_str().is_some_and(is_loopback) {
            // A proxy of the environment could not reach it.
            client = client.no_proxy();
        }
        let client = client.build().map_err(in_full)?;
        let mut response = client.get(url).send().await.map_err(in_full)?;
        if !response.status().is_success() {
            return Err(format!("the answer is {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(in_full)? {
            body.extend_from_slice(&part);
            if body.len() as u64 > MAX_BYTES {
                return Err(format!("the document is longer than {MAX_BYTES} bytes"));
            }
        }
        String::from_utf8(body).map_err(|error| error.to_string())
    })
}

/// With its causes, which say what went wrong.
fn in_full(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
