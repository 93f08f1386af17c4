//! A key that signs proofs, kept as a private JSON Web Key in a file (RFC 7517; RFC 7518, 6.2.2;
//! RFC 8037, 2).

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

use countersign::{
    crypto::Algorithm,
    jose::{base64url, json::parse_object},
    signing::{SigningError, SigningKey},
};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::machine::random_secret;

/// Creates a key, and the text of its file.
///
/// # Errors
/// Says that there are no random bytes.
fn generate(algorithm: Algorithm) -> Result<(SigningKey, Zeroizing<String>), String> {
    let (secret, key) = loop {
        let secret = random_secret().map_err(|error| format!("cannot make a key: {error}"))?;
        let secret = Zeroizing::new(secret);
        match SigningKey::from_secret(algorithm, &*secret) {
            Ok(key) => break (secret, key),
            // One in 2^32 numbers is not a secret for P-256.
            Err(SigningError::Secret) => {}
            Err(error) => return Err(error.to_string()),
        }
    };
    let secret = Zeroizing::new(base64url::encode(&*secret));
    let public = key.public().to_json();
    let public = public.trim_start_matches('{');
    // Allocated once, so that growing leaves no copy of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(public.len() + secret.len() + 16));
    for part in ["{\"d\":\"", &secret, "\",", public, "\n"] {
        text.push_str(part);
    }
    Ok((key, text))
}

/// Reads the key from a file's text.
///
/// # Errors
/// Says what is wrong with the text without quoting it.
fn parse(text: &[u8]) -> Result<SigningKey, String> {
    let mut members = parse_object(text.trim_ascii()).map_err(|_| "it is not a JSON object")?;
    let key = SigningKey::from_jwk(&members).map_err(|error| error.to_string());
    if let Some(Value::String(secret)) = members.get_mut("d") {
        secret.zeroize();
    }
    key
}

pub(super) fn read(file: &Path) -> Result<SigningKey, String> {
    let of = |why: String| format!("cannot use the key in {}: {why}", file.display());
    let text = fs::read(file).map_err(|error| of(error.to_string()))?;
    let text = Zeroizing::new(text);
    parse(&text).map_err(of)
}

/// Makes a key and a file for it that nobody else can read. It never overwrites a file.
pub(super) fn create(file: &Path, algorithm: Algorithm) -> Result<SigningKey, String> {
    let (key, text) = generate(algorithm)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|error| format!("cannot write the new key to {}: {error}", file.display()))?;
    Ok(key)
}
