//! Clients with keys, the tokens that are bound to them, and their requests.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use countersign::{
    UnixSeconds, crypto,
    jose::base64url,
    jwk::PublicJwk,
    proof::{ProofClaims, ProofHeader, UnsignedProof},
};
use http::{HeaderValue, header, request::Parts};

pub(crate) const ISSUER: &str = "https://id.example.com/realms/main";
pub(crate) const API: &str = "https://api.example.com";
const PATH: &str = "/notes/0198c6a2?page=2";
pub(crate) const HTU: &str = "https://api.example.com/notes/0198c6a2";

pub(crate) enum Key {
    P256(EcdsaKeyPair, SystemRandom),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    pub(crate) fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::P256(pair, SystemRandom::new())
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn public(&self) -> PublicJwk {
        match self {
            Self::P256(..) => {
                let (x, y) = self.public_bytes()[1..].split_at(32);
                PublicJwk::P256 {
                    x: x.try_into().unwrap(),
                    y: y.try_into().unwrap(),
                }
            }
            Self::Ed25519(_) => PublicJwk::Ed25519 {
                x: self.public_bytes().try_into().unwrap(),
            },
        }
    }

    /// As the library takes it.
    fn public_bytes(&self) -> &[u8] {
        match self {
            Self::P256(pair, _) => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(pair, random) => pair.sign(random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The library alone, as our crate calls it: a proof brings its key, so nothing is prepared.
    pub(crate) fn raw(&self) -> UnparsedPublicKey<&[u8]> {
        let algorithm: &'static dyn VerificationAlgorithm = match self {
            Self::P256(..) => &ECDSA_P256_SHA256_FIXED,
            Self::Ed25519(_) => &ED25519,
        };
        UnparsedPublicKey::new(algorithm, self.public_bytes())
    }
}

/// One client: a key, a token that is bound to it.
pub(crate) struct Client {
    pub(crate) key: Key,
    header: ProofHeader,
    pub(crate) token: String,
    now: UnixSeconds,
    ath: String,
    random: SystemRandom,
}

impl Client {
    pub(crate) fn new(key: Key, issuer: &Key, now: UnixSeconds) -> Self {
        let jkt = crypto::thumbprint(&key.public()).to_base64url();
        let token = token(issuer, &jkt, now);
        Self {
            header: ProofHeader::new(&key.public()),
            key,
            ath: crypto::ath(&token).to_base64url(),
            token,
            now,
            random: SystemRandom::new(),
        }
    }

    /// A proof for the request, as a native client makes it.
    pub(crate) fn proof(&self) -> String {
        self.proof_at(self.now)
    }

    pub(crate) fn proof_at(&self, iat: UnixSeconds) -> String {
        let mut random = [0; 16];
        aws_lc_rs::rand::SecureRandom::fill(&self.random, &mut random).unwrap();
        let claims = ProofClaims {
            jti: &base64url::encode(&random),
            htm: "GET",
            htu: HTU,
            iat,
            ath: Some(&self.ath),
            nonce: None,
        };
        let unsigned = UnsignedProof::new(&self.header, &claims);
        let signature = self.key.sign(unsigned.signing_input());
        unsigned.attach(&signature)
    }

    /// The request as a browser sends it through a proxy, read by an HTTP server.
    pub(crate) fn request(&self, proof: &str) -> Parts {
        let request = http::Request::get(PATH)
            .header(header::HOST, "api.example.com")
            .header(header::ACCEPT, "*/*")
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64)")
            .header(header::ORIGIN, "https://app.example.com")
            .header(header::AUTHORIZATION, format!("DPoP {}", self.token))
            .header("dpop", HeaderValue::from_str(proof).unwrap());
        request.body(()).unwrap().into_parts().0
    }
}

fn token(issuer: &Key, jkt: &str, now: UnixSeconds) -> String {
    let header = r#"{"alg":"ES256","typ":"at+jwt","kid":"2026-01"}"#;
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":["{API}"],"sub":"9b2e6a34-6d6e-4a43-9e0f-0f5b1b0a6c11","client_id":"notes-app","scope":"openid profile notes:read notes:write","sid":"5f1d2c0e-7d0b-4f6b-a9a2-4b1f3f0f8f7a","jti":"c2f9d6f2-9f0d-4b59-8c0d-6f0a5e1f2a3b","iat":{},"exp":{},"cnf":{{"jkt":"{jkt}"}}}}"#,
        now.0 - 60,
        now.0 + 3_600
    );
    let encode = |text: &str| base64url::encode(text.as_bytes());
    let input = format!("{}.{}", encode(header), encode(&claims));
    let signature = base64url::encode(&issuer.sign(input.as_bytes()));
    format!("{input}.{signature}")
}
