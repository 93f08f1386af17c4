use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use countersign::{
    crypto::{ath, sha256, thumbprint},
    jose::base64url,
    jwk::PublicJwk,
    proof::{ProofClaims, ProofHeader, UnsignedProof},
};
use countersign_resource_server::{Clock, SystemClock};

/// A client that holds a key and makes proofs with it.
pub(crate) struct Client {
    pair: EcdsaKeyPair,
    jwk: PublicJwk,
}

impl Client {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let jwk = PublicJwk::P256 {
            x: point[1..33].try_into().unwrap(),
            y: point[33..].try_into().unwrap(),
        };
        Self { pair, jwk }
    }

    pub(crate) fn jkt(&self) -> String {
        thumbprint(&self.jwk).to_base64url()
    }

    /// Returns the PKCE verifier of its logins.
    pub(crate) fn verifier(&self) -> &'static str {
        "a-verifier-of-at-least-forty-three-characters"
    }

    pub(crate) fn challenge(&self) -> String {
        base64url::encode(&sha256(self.verifier().as_bytes()))
    }

    pub(crate) fn proof(
        &self,
        method: &str,
        url: &str,
        token: Option<&str>,
        nonce: Option<&str>,
    ) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let jti = format!(
            "a-jti-of-some-length-{}",
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let ath = token.map(|token| ath(token).to_base64url());
        let unsigned = UnsignedProof::new(
            &ProofHeader::new(&self.jwk),
            &ProofClaims {
                jti: &jti,
                htm: method,
                htu: url,
                iat: SystemClock.now(),
                ath: ath.as_deref(),
                nonce,
            },
        );
        let random = SystemRandom::new();
        let signature = self.pair.sign(&random, unsigned.signing_input()).unwrap();
        unsigned.attach(signature.as_ref())
    }
}
