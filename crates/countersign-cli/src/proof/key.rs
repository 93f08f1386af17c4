//! A key that signs proofs, as a private JSON Web Key in a file (RFC 7517; RFC 7518, 6.2.2; RFC 8037, 2).

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

use aws_lc_rs::{
    encoding::AsBigEndian,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    },
};
use countersign::{
    base64url,
    jwk::PublicJwk,
    server::{crypto::Algorithm, json::parse_object},
};

pub(super) struct Key {
    pair: Pair,
    public: PublicJwk,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Key {
    /// A new one, and its file's text.
    ///
    /// # Errors
    /// No random bytes.
    pub(super) fn generate(algorithm: Algorithm) -> Result<(Self, String), String> {
        let failed = |_| "cannot make a key: the operating system gives no random bytes".to_owned();
        let (key, secret) = if algorithm == Algorithm::EdDsa {
            let pair = Ed25519KeyPair::generate().map_err(failed)?;
            let x = bytes(pair.public_key().as_ref())?;
            let seed = pair
                .seed()
                .and_then(|seed| seed.as_be_bytes())
                .map_err(failed)?;
            let secret = base64url::encode(seed.as_ref());
            let public = PublicJwk::Ed25519 { x };
            let pair = Pair::Ed(pair);
            (Self { pair, public }, secret)
        } else {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
            let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
            let public = PublicJwk::P256 {
                x: bytes(x)?,
                y: bytes(y)?,
            };
            let secret = pair.private_key().as_be_bytes().map_err(failed)?;
            let secret = base64url::encode(secret.as_ref());
            let pair = Pair::Ec(pair);
            (Self { pair, public }, secret)
        };
        let text = key
            .public
            .to_json()
            .replacen('{', &format!("{{\"d\":\"{secret}\","), 1);
        Ok((key, text))
    }

    /// Of a file's text.
    ///
    /// # Errors
    /// What is wrong with it, without a word of it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let mut members = parse_object(text.trim_ascii()).map_err(|_| "it is no JSON object")?;
        let secret = members.remove("d");
        let secret = secret.as_ref().and_then(|secret| secret.as_str());
        let secret = secret.ok_or("it has no member `d`: give the private key")?;
        let secret = base64url::decode(secret).ok_or("its `d` is not base64url")?;
        let public = PublicJwk::from_json(&members).map_err(|error| error.to_string())?;
        let mismatch = |_| "its `d` is not the private key of its other members".to_owned();
        let ec = |algorithm: &'static EcdsaSigningAlgorithm, x: &[u8], y: &[u8]| {
            let point = [&[4], x, y].concat();
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, &secret, &point)
                .map(Pair::Ec)
                .map_err(mismatch)
        };
        let pair = match &public {
            PublicJwk::P256 { x, y } => ec(&ECDSA_P256_SHA256_FIXED_SIGNING, x, y)?,
            PublicJwk::P384 { x, y } => ec(&ECDSA_P384_SHA384_FIXED_SIGNING, x, y)?,
            PublicJwk::Ed25519 { x } => Ed25519KeyPair::from_seed_and_public_key(&secret, x)
                .map_err(mismatch)
                .map(Pair::Ed)?,
            _ => {
                return Err(
                    "keys of its type do not sign here: use P-256, P-384 or Ed25519".to_owned(),
                );
            }
        };
        Ok(Self { pair, public })
    }

    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let of = |why: String| format!("cannot use the key in {}: {why}", file.display());
        let text = fs::read(file).map_err(|error| of(error.to_string()))?;
        Self::parse(&text).map_err(of)
    }

    /// Makes a key and a file for it that nobody else can read. A file that is there is left alone.
    pub(super) fn create(file: &Path, algorithm: Algorithm) -> Result<Self, String> {
        let (key, text) = Self::generate(algorithm)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(file)
            .and_then(|mut opened| opened.write_all(format!("{text}\n").as_bytes()))
            .map_err(|error| format!("cannot write the new key to {}: {error}", file.display()))?;
        Ok(key)
    }

    pub(super) fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// # Errors
    /// No random bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        match &self.pair {
            Pair::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                let signature = signature
                    .map_err(|_| "cannot sign: the operating system gives no random bytes")?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn bytes<const N: usize>(slice: &[u8]) -> Result<[u8; N], String> {
    slice
        .try_into()
        .map_err(|_| "the new key has an unexpected length".to_owned())
}
