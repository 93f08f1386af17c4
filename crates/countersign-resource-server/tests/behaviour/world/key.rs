use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeySize, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    },
};
use countersign::{jose::base64url, jwk::PublicJwk};
use serde_json::{Value, json};

/// A key pair of any kind that tokens and proofs are signed with.
pub(crate) struct Key {
    pub(crate) jwk: PublicJwk,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    pub(crate) fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let jwk = PublicJwk::P256 {
            x: point[1..33].try_into().unwrap(),
            y: point[33..].try_into().unwrap(),
        };
        Self {
            jwk,
            pair: Pair::Ec(pair),
        }
    }

    pub(crate) fn p384() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let jwk = PublicJwk::P384 {
            x: point[1..49].try_into().unwrap(),
            y: point[49..].try_into().unwrap(),
        };
        Self {
            jwk,
            pair: Pair::Ec(pair),
        }
    }

    pub(crate) fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let jwk = PublicJwk::Ed25519 {
            x: pair.public_key().as_ref().try_into().unwrap(),
        };
        Self {
            jwk,
            pair: Pair::Ed(pair),
        }
    }

    pub(crate) fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        Self {
            jwk: PublicJwk::Rsa { n, e },
            pair: Pair::Rsa(Box::new(pair)),
        }
    }

    /// The key as an entry of a key set, with further members.
    pub(crate) fn entry(&self, members: &Value) -> Value {
        let mut entry: Value = serde_json::from_str(&self.jwk.to_json()).unwrap();
        for (name, value) in members.as_object().unwrap() {
            entry[name] = value.clone();
        }
        entry
    }

    pub(crate) fn jwks(&self, kid: &str) -> String {
        json!({ "keys": [self.entry(&json!({ "kid": kid }))] }).to_string()
    }

    /// A JWT signed as its header's `alg` says, or as the key can where that names something else.
    pub(crate) fn jwt(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.sign(header["alg"].as_str(), input.as_bytes());
        format!("{input}.{}", base64url::encode(&signature))
    }

    fn sign(&self, alg: Option<&str>, input: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, input).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(input).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding = match alg {
                    Some("PS256") => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                pair.sign(encoding, &random, input, &mut signature).unwrap();
                signature
            }
        }
    }
}
