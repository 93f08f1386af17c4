//! Keys that sign, and proofs whose every part a test can change.
// Each test crate uses a part of it, and none exports it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
        KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use countersign::{
    UnixSeconds, crypto,
    digest::Thumbprint,
    jose::base64url,
    jwk::PublicJwk,
    proof::{DpopField, Expected, NonceCheck, ProofError, VerifiedProof, Verifier, VerifierPolicy},
    target::TargetUri,
};
use serde_json::{Map, Value, json};

pub const NOW: UnixSeconds = UnixSeconds(1_767_225_600);
pub const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

pub enum Signer {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    /// Signs nothing: puts these bytes where the signature belongs.
    Fixed(Vec<u8>),
}

impl Signer {
    pub fn p256() -> Self {
        Self::ec(&ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    pub fn p384() -> Self {
        Self::ec(&ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    pub fn p521() -> Self {
        Self::ec(&ECDSA_P521_SHA512_FIXED_SIGNING)
    }

    fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        Self::Ec(EcdsaKeyPair::generate(algorithm).unwrap())
    }

    pub fn ed25519() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    pub fn rs256() -> Self {
        Self::Rsa(
            RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            &RSA_PKCS1_SHA256,
        )
    }

    pub fn ps256() -> Self {
        Self::Rsa(
            RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            &RSA_PSS_SHA256,
        )
    }

    pub fn public(&self) -> PublicJwk {
        match self {
            Self::Ec(pair) => {
                let (x, y) =
                    pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                match x.len() {
                    32 => PublicJwk::P256 {
                        x: x.try_into().unwrap(),
                        y: y.try_into().unwrap(),
                    },
                    48 => PublicJwk::P384 {
                        x: x.try_into().unwrap(),
                        y: y.try_into().unwrap(),
                    },
                    _ => PublicJwk::P521 {
                        x: x.try_into().unwrap(),
                        y: y.try_into().unwrap(),
                    },
                }
            }
            Self::Ed(pair) => PublicJwk::Ed25519 {
                x: pair.public_key().as_ref().try_into().unwrap(),
            },
            Self::Rsa(pair, _) => PublicJwk::Rsa {
                n: pair
                    .public_key()
                    .modulus()
                    .big_endian_without_leading_zero()
                    .to_vec(),
                e: pair
                    .public_key()
                    .exponent()
                    .big_endian_without_leading_zero()
                    .to_vec(),
            },
            Self::Fixed(_) => PublicJwk::P256 {
                x: [1; 32],
                y: [1; 32],
            },
        }
    }

    pub fn thumbprint(&self) -> Thumbprint {
        crypto::thumbprint(&self.public())
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Self::Fixed(signature) => signature.clone(),
        }
    }
}

/// A proof before it is signed: a good one for `GET https://api.example.com/notes` at [`NOW`],
/// until a test changes it.
pub struct Draft {
    pub header: Value,
    pub claims: Value,
}

impl Draft {
    pub fn new(signer: &Signer) -> Self {
        let key = signer.public();
        Self {
            header: json!({
                "typ": "dpop+jwt",
                "alg": key.proof_algorithm(),
                "jwk": serde_json::from_str::<Value>(&key.to_json()).unwrap(),
            }),
            claims: json!({
                "jti": "e1j3V_bKic8-LAEB",
                "htm": "GET",
                "htu": "https://api.example.com/notes",
                "iat": NOW.0,
            }),
        }
    }

    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub fn without_claim(mut self, name: &str) -> Self {
        members(&mut self.claims).remove(name);
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        members(&mut self.header).remove(name);
        self
    }

    pub fn sign(&self, signer: &Signer) -> String {
        sign_text(&self.header.to_string(), &self.claims.to_string(), signer)
    }
}

fn members(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().unwrap()
}

/// For what no `Value` can hold, such as a member that is there twice.
pub fn sign_text(header: &str, claims: &str, signer: &Signer) -> String {
    let input = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(claims.as_bytes())
    );
    let signature = base64url::encode(&signer.sign(input.as_bytes()));
    format!("{input}.{signature}")
}

pub fn uri() -> TargetUri {
    TargetUri::parse("https://api.example.com/notes").unwrap()
}

/// The `DPoP` field of a request with this proof.
pub fn field(proof: &str) -> Option<DpopField<'_>> {
    DpopField::parse(&[proof.as_bytes()]).unwrap()
}

/// Held against a request without token and nonce, by the default policy, at [`NOW`].
pub fn verify(proof: &str) -> Result<VerifiedProof, ProofError> {
    verify_by(VerifierPolicy::default(), proof, NOW)
}

pub fn verify_by(
    policy: VerifierPolicy,
    proof: &str,
    now: UnixSeconds,
) -> Result<VerifiedProof, ProofError> {
    let uri = uri();
    let field = DpopField::parse(&[proof.as_bytes()])?;
    Verifier::new(policy).verify(
        field,
        &Expected::new("GET", &uri, None, NonceCheck::NotRequired),
        now,
    )
}

/// The refusal, compared whole.
#[track_caller]
pub fn assert_refused(proof: &str, error: ProofError) {
    assert_eq!(verify(proof).err(), Some(error));
}
