//! The issuer's keys, from a file or over HTTP.

use std::time::Duration;

use countersign::{loopback::is_loopback, sibling::with_causes};
use countersign_client::native::LoopbackResolver;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The limit of a key set. Those of real issuers have a few kilobytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Reads the key set at `place`, as JSON text.
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
            // A proxy from the environment could not reach it.
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| with_causes(&error))?;
        let response = client
            .get(url)
            .send()
            .await
            .map_err(|error| with_causes(&error))?;
        if !response.status().is_success() {
            return Err(format!("the response is {}", response.status()));
        }
        let body = Limited::new(reqwest::Body::from(response), MAX_BYTES);
        let body = body
            .collect()
            .await
            .map_err(|error| match error.is::<LengthLimitError>() {
                true => format!("the document is longer than {MAX_BYTES} bytes"),
                false => with_causes(&*error),
            })?;
        String::from_utf8(body.to_bytes().into()).map_err(|error| error.to_string())
    })
}
