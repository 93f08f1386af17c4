//! The key that signs tokens: ES256, created at each start, published as a JWK Set (RFC 7517).
//! Tokens from before the last start are unknown, as after a key rotation.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use countersign::{
    crypto::{self, Algorithm},
    jose::{base64url, jws::CompactJws},
    jwk::PublicJwk,
};
use serde_json::{Map, Value, json};

use crate::config::AccessTokenTyp;

/// Twice what the largest token of this server needs.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The library made no key or no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SigningFailed;

/// The kind of a JWT. `typ` tells them apart (RFC 8725, 3.11 and 3.12). If both have the type
/// `JWT`, `client_id` does: every access token of this server has it (RFC 9068, 2.2), and no
/// id_token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    AccessToken,
    IdToken,
}

pub(crate) struct SigningKey {
    access_token_typ: AccessTokenTyp,
    pair: EcdsaKeyPair,
    public: PublicJwk,
    kid: String,
}

impl SigningKey {
    pub(crate) fn generate(access_token_typ: AccessTokenTyp) -> Result<Self, SigningFailed> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| SigningFailed)?;
        // SEC 1, uncompressed: 04 || X || Y.
        let point = pair.public_key().as_ref();
        let (Some(x), Some(y)) = (coordinate(point, 1), coordinate(point, 33)) else {
            return Err(SigningFailed);
        };
        let public = PublicJwk::P256 { x, y };
        let kid = crypto::thumbprint(&public).to_base64url();
        Ok(Self {
            access_token_typ,
            pair,
            public,
            kid,
        })
    }

    const fn typ(&self, kind: TokenType) -> &'static str {
        match (kind, self.access_token_typ) {
            (TokenType::AccessToken, AccessTokenTyp::AtJwt) => "at+jwt",
            (TokenType::AccessToken, AccessTokenTyp::Jwt) | (TokenType::IdToken, _) => "JWT",
        }
    }

    /// Returns the JWK Set.
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
        let header = json!({ "alg": "ES256", "kid": self.kid, "typ": self.typ(kind) });
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

    /// Returns the claims of a token that this key signed. The caller checks its times.
    pub(crate) fn open(&self, kind: TokenType, token: &str) -> Option<Map<String, Value>> {
        let jws = CompactJws::parse(token.as_bytes(), MAX_TOKEN_BYTES).ok()?;
        let has_client = jws.claims().contains_key("client_id");
        if jws.typ() != Some(self.typ(kind))
            || has_client != (kind == TokenType::AccessToken)
            || jws.alg() != "ES256"
        {
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

/// Returns the claims of a JWT without verifying it: for a guess, never for a security decision.
pub(crate) fn unverified_claims(token: &str) -> Option<Map<String, Value>> {
    let jws = CompactJws::parse(token.as_bytes(), MAX_TOKEN_BYTES).ok()?;
    Some(jws.into_claims())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_one_kind_of_token_is_never_taken_for_another() {
        for typ in [AccessTokenTyp::AtJwt, AccessTokenTyp::Jwt] {
            let key = SigningKey::generate(typ).expect("a key");
            for (kind, other, claims) in [
                (
                    TokenType::IdToken,
                    TokenType::AccessToken,
                    json!({ "sub": "alice" }),
                ),
                (
                    TokenType::AccessToken,
                    TokenType::IdToken,
                    json!({ "sub": "alice", "client_id": "demo" }),
                ),
            ] {
                let token = key.sign(kind, &claims).expect("a token");
                assert_eq!(key.open(other, &token), None, "{typ:?} {kind:?}");
                let claims = key.open(kind, &token).expect("its claims");
                assert_eq!(claims["sub"], "alice");
            }
        }
    }

    #[test]
    fn each_start_has_its_own_key() {
        let key = || SigningKey::generate(AccessTokenTyp::AtJwt).expect("a key");
        let (key, other) = (key(), key());
        assert_ne!(key.jwks()["keys"][0]["kid"], other.jwks()["keys"][0]["kid"]);
        let token = key.sign(TokenType::IdToken, &json!({})).expect("a token");
        assert_eq!(other.open(TokenType::IdToken, &token), None);
    }
}
