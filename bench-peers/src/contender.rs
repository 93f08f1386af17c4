//! The implementations that are measured, and what they are given.

use std::{fs, time::Duration};

use crate::client::{Client, Key};

/// A GET request with a token and a proof.
pub(crate) struct Sent {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) proof: String,
}

/// What a server has to know before the first request.
pub(crate) struct Subject {
    /// The issuer's key set.
    pub(crate) jwks: String,
    pub(crate) thumbprint: String,
}

impl Subject {
    pub(crate) fn new(client: &Client, issuer: &Key) -> Self {
        let named = r#"{"kid":"2026-01","use":"sig","alg":"ES256","#;
        let jwk = issuer.public().to_json().replacen('{', named, 1);
        let thumbprint = countersign::crypto::thumbprint(&client.key.public());
        Self {
            jwks: format!(r#"{{"keys":[{jwk}]}}"#),
            thumbprint: thumbprint.to_base64url(),
        }
    }
}

pub(crate) trait Contender {
    fn name(&self) -> String;
    fn version(&self) -> String;
    /// The checks that it makes of each request.
    fn does(&self) -> &'static str;
    /// Checks the requests. Returns how many were accepted, and the time from parsed requests to
    /// the answers.
    fn check(&mut self, requests: &[Sent]) -> (usize, Duration);
}

/// Returns the version in Cargo.lock.
pub(crate) fn locked(package: &str) -> String {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let mut lines = lock.lines();
    lines
        .find(|line| *line == format!("name = \"{package}\""))
        .unwrap();
    let version = lines.next().unwrap();
    version
        .trim_start_matches("version = ")
        .trim_matches('"')
        .to_owned()
}
