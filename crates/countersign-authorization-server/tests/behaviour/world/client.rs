//! A client: its key, the proofs that it signs, and its requests' parameters.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::body::Body;
use countersign::{
    UnixSeconds, crypto,
    jose::base64url,
    jwk::PublicJwk,
    proof::{ProofClaims, ProofHeader, UnsignedProof},
};
use http::{Method, Request, header};
use serde_json::Value;
use url::form_urlencoded;

pub(crate) const TOKEN_ENDPOINT: &str = "http://localhost:9441/token";
pub(crate) const USERINFO_ENDPOINT: &str = "http://localhost:9441/userinfo";
pub(crate) const REDIRECT_URI: &str = "http://localhost:9440/";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) type Pairs = Vec<(String, String)>;

/// A client's key, and the proofs that it signs.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: PublicJwk,
}

static JTI: AtomicU32 = AtomicU32::new(0);

impl Key {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let point = pair.public_key().as_ref();
        let (x, y) = (
            base64url::encode(&point[1..33]),
            base64url::encode(&point[33..]),
        );
        let public = PublicJwk::es256(&x, &y).expect("a public key");
        Self { pair, public }
    }

    pub(crate) fn jkt(&self) -> String {
        crypto::thumbprint(&self.public).to_base64url()
    }

    pub(crate) fn sign(&self, claims: &ProofClaims<'_>) -> String {
        let proof = UnsignedProof::new(&ProofHeader::new(&self.public), claims);
        let random = SystemRandom::new();
        let signature = self
            .pair
            .sign(&random, proof.signing_input())
            .expect("a signature");
        proof.attach(signature.as_ref())
    }

    /// Signs a proof for a token request.
    pub(crate) fn proof(&self, now: UnixSeconds) -> String {
        self.sign(&claims(&jti(), now))
    }

    pub(crate) fn proof_with_nonce(&self, now: UnixSeconds, nonce: &str) -> String {
        let jti = jti();
        let nonce = Some(nonce);
        self.sign(&ProofClaims {
            nonce,
            ..claims(&jti, now)
        })
    }

    /// Signs a proof for userinfo.
    pub(crate) fn proof_with_token(&self, now: UnixSeconds, htm: &str, token: &str) -> String {
        let (jti, ath) = (jti(), crypto::ath(token).to_base64url());
        self.sign(&ProofClaims {
            htm,
            htu: USERINFO_ENDPOINT,
            ath: Some(&ath),
            ..claims(&jti, now)
        })
    }
}

pub(crate) fn jti() -> String {
    format!("jti-{}", JTI.fetch_add(1, Ordering::Relaxed))
}

/// Returns claims that are right for a token request.
pub(crate) fn claims(jti: &str, iat: UnixSeconds) -> ProofClaims<'_> {
    ProofClaims {
        jti,
        htm: "POST",
        htu: TOKEN_ENDPOINT,
        iat,
        ath: None,
        nonce: None,
    }
}

/// Returns an authorization request of the client `demo`.
pub(crate) fn request() -> Pairs {
    pairs(&[
        ("client_id", "demo"),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "st&ate"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// Returns the token request for a code of [`request`].
pub(crate) fn redemption(code: &str) -> Pairs {
    pairs(&[
        ("grant_type", "authorization_code"),
        ("client_id", "demo"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

pub(crate) fn refreshing(token: &Value) -> Pairs {
    pairs(&[
        ("grant_type", "refresh_token"),
        ("client_id", "demo"),
        ("refresh_token", token.as_str().expect("a refresh token")),
    ])
}

fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect()
}

/// Returns the same parameters with another value, or with one more.
pub(crate) fn with(mut pairs: Pairs, name: &str, value: &str) -> Pairs {
    pairs.retain(|(known, _)| known != name);
    pairs.push((name.to_owned(), value.to_owned()));
    pairs
}

pub(crate) fn without(mut pairs: Pairs, name: &str) -> Pairs {
    pairs.retain(|(known, _)| known != name);
    pairs
}

pub(crate) fn encode(pairs: &Pairs) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

pub(crate) fn post_form(path: &str, form: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("a request")
}
