//! The key that signs tokens: ES256, made anew at each start, published as a JWK Set (RFC 7517). Tokens of an earlier
//! start are unknown, as after a key rotation.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use countersign::{
    base64url,
    jwk::PublicJwk,
    server::{
        crypto::{self, Algorithm},
        jws::CompactJws,
    },
};
use serde_json::{Map, Value, json};

/// Twice of what the largest token of this server needs.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The library made no key or no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SigningFailed;

/// What kind of JWT: its `typ` (RFC 8725, 3.11). One is never taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    AccessToken,
    IdToken,
}

impl TokenType {
    const fn typ(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::IdToken => "JWT",
        }
    }
}

pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicJwk,
    kid: String,
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, SigningFailed> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| SigningFailed)?;
        // SEC 1, uncompressed: 04 || X || Y.
        let point = pair.public_key().as_ref();
        let (Some(x), Some(y)) = (coordinate(point, 1), coordinate(point, 33)) else {
            return Err(SigningFailed);
        };
        let public = PublicJwk::P256 { x, y };
        let kid = crypto::thumbprint(&public).to_base64url();
        Ok(Self { pair, public, kid })
    }

    /// The JWK Set's text.
    pub(crate) fn jwks(&self) -> Value {
        let mut key: Value = serde_json::from_str(&self.public.to_json()).unwrap_or_default();
        if let Some(members) = key.as_object_mut() {
            members.insert("kid".into(), self.kid.clone().into());
            members.insert("use".into(), "sig".into());
            members.insert("alg".into(), "ES256".into());
        }
        json!({ "keys": [key] })
    }

    pub(crate) fn sign(&self, kind: TokenType, claims: &Value) -> Result<String, SigningFailed> {
        let header = json!({ "alg": "ES256", "kid": self.kid, "typ": kind.typ() });
        let mut token = base64url::encode(header.to_string().as_bytes());
        token.push('.');
        base64url::encode_into(&mut token, claims.to_string().as_bytes());
        let signature = self
            .pair
            .sign(&SystemRandom::new(), token.as_bytes())
            .map_err(|_| SigningFailed)?;
        token.push('.');
        base64url::encode_into(&mut token, signature.as_ref());
        Ok(token)
    }

    /// The claims of a token that this key signed. Its times are the caller's to check.
    pub(crate) fn open(&self, kind: TokenType, token: &str) -> Option<Map<String, Value>> {
        let jws = CompactJws::parse(token.as_bytes(), MAX_TOKEN_BYTES).ok()?;
        if jws.typ() != Some(kind.typ()) || jws.alg() != "ES256" {
            return None;
        }
        crypto::verify(
            Algorithm::Es256,
            &self.public,
            jws.signing_input(),
            jws.signature(),
        )
        .ok()?;
        Some(jws.into_claims())
    }
}

fn coordinate(point: &[u8], at: usize) -> Option<[u8; 32]> {
    point.get(at..at + 32)?.try_into().ok()
}

/// The claims of a JWT that nobody has vouched for: for a guess, never for a decision that protects something.
pub(crate) fn unverified_claims(token: &str) -> Option<Map<String, Value>> {
    let jws = CompactJws::parse(token.as_bytes(), MAX_TOKEN_BYTES).ok()?;
    Some(jws.into_claims())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_one_kind_of_token_is_never_taken_for_another() {
        let key = SigningKey::generate().expect("a key");
        let token = key
            .sign(TokenType::IdToken, &json!({ "sub": "alice" }))
            .expect("a token");
        assert_eq!(key.open(TokenType::AccessToken, &token), None);
        let claims = key.open(TokenType::IdToken, &token).expect("its claims");
        assert_eq!(claims["sub"], "alice");
    }

    #[test]
    fn each_start_has_its_own_key() {
        let (key, other) = (SigningKey::generate(), SigningKey::generate());
        let (key, other) = (key.expect("a key"), other.expect("a key"));
        assert_ne!(key.jwks()["keys"][0]["kid"], other.jwks()["keys"][0]["kid"]);
        let token = key.sign(TokenType::IdToken, &json!({})).expect("a token");
        assert_eq!(other.open(TokenType::IdToken, &token), None);
    }
}
