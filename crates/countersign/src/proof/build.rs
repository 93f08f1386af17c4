//! Building a proof (RFC 9449, section 4.2): header and claims become a signing input, and a
//! signature completes it.
//!
//! This module never sees the private key: the caller signs [`UnsignedProof::signing_input`]
//! wherever the key lives, and attaches the raw signature (`R || S` for ECDSA). A proof is for one
//! request; a retry needs a new one.
//!
//! ```
//! use countersign::{UnixSeconds, jwk::PublicJwk, proof::{ProofClaims, ProofHeader, UnsignedProof}};
//!
//! let key = PublicJwk::es256(
//!     "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
//!     "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
//! ).expect("a P-256 key");
//! let header = ProofHeader::new(&key); // once per key
//! let unsigned = UnsignedProof::new(&header, &ProofClaims {
//!     jti: "-BwC3ESc6acc2lTc", // at least 96 random bits
//!     htm: "POST",
//!     htu: "https://server.example.com/token", // without query and fragment
//!     iat: UnixSeconds(1_562_262_616),
//!     ath: None,
//!     nonce: None,
//! });
//! let signature = [0; 64]; // the key store's answer to `unsigned.signing_input()`
//! let proof = unsigned.attach(&signature);
//! assert_eq!(proof.split('.').count(), 3);
//! ```

use alloc::{string::String, vec::Vec};

use crate::{
    UnixSeconds,
    jose::base64url,
    jwk::PublicJwk,
    text::{push_ascii, push_decimal, push_json_string},
};

/// The header of every proof by one key, encoded once.
#[derive(Clone, Debug)]
pub struct ProofHeader {
    encoded: String,
}

impl ProofHeader {
    /// Creates the header for a public key; `alg` is [`PublicJwk::proof_algorithm`].
    #[must_use]
    pub fn new(key: &PublicJwk) -> Self {
        let mut json = String::with_capacity(256);
        json.push_str("{\"typ\":\"dpop+jwt\",\"alg\":\"");
        json.push_str(key.proof_algorithm());
        json.push_str("\",\"jwk\":");
        json.push_str(&key.to_json());
        push_ascii(&mut json, b'}');
        Self {
            encoded: base64url::encode(json.as_bytes()),
        }
    }
}

/// The claims of one proof (section 4.2).
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "section 4.2 names these claims; a constructor would take three texts in a row, easily confused"
)]
pub struct ProofClaims<'a> {
    /// A value that is unique for the key: at least 96 random bits, or a UUIDv4.
    pub jti: &'a str,
    /// The request's method, exactly as it is sent (methods are case-sensitive).
    pub htm: &'a str,
    /// The request's URI without query and fragment.
    pub htu: &'a str,
    /// The time of signing, by the server's clock as far as it is known.
    pub iat: UnixSeconds,
    /// The hash of the access token, if there is one
    /// ([`Ath::to_base64url`](crate::digest::Ath::to_base64url)).
    pub ath: Option<&'a str>,
    /// The newest nonce of the server, if it has issued one.
    pub nonce: Option<&'a str>,
}

/// A proof without its signature. `Debug` does not show it.
pub struct UnsignedProof {
    signing_input: String,
}

impl UnsignedProof {
    /// Creates a proof from a key's header and one request's claims.
    #[must_use]
    pub fn new(header: &ProofHeader, claims: &ProofClaims<'_>) -> Self {
        let mut iat = String::new();
        push_decimal(&mut iat, claims.iat.0);
        let mut json = Vec::with_capacity(256);
        push_claim(&mut json, "{\"jti\":", claims.jti);
        push_claim(&mut json, ",\"htm\":", claims.htm);
        push_claim(&mut json, ",\"htu\":", claims.htu);
        json.extend_from_slice(b",\"iat\":");
        json.extend_from_slice(iat.as_bytes());
        if let Some(ath) = claims.ath {
            push_claim(&mut json, ",\"ath\":", ath);
        }
        if let Some(nonce) = claims.nonce {
            push_claim(&mut json, ",\"nonce\":", nonce);
        }
        json.push(b'}');

        let mut signing_input = String::with_capacity(768);
        signing_input.push_str(&header.encoded);
        push_ascii(&mut signing_input, b'.');
        base64url::encode_into(&mut signing_input, &json);
        Self { signing_input }
    }

    /// Returns the bytes to sign.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// Attaches the signature and returns the value of the `DPoP` header. `signature` is `R || S`
    /// for ECDSA (not DER), and the signature itself for Ed25519 and RSA.
    #[must_use]
    pub fn attach(self, signature: &[u8]) -> String {
        let mut proof = self.signing_input;
        push_ascii(&mut proof, b'.');
        base64url::encode_into(&mut proof, signature);
        proof
    }
}

fn push_claim(json: &mut Vec<u8>, separator_and_name: &str, value: &str) {
    json.extend_from_slice(separator_and_name.as_bytes());
    push_json_string(json, value);
}

impl core::fmt::Debug for UnsignedProof {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UnsignedProof").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_proof() {
        let unsigned = UnsignedProof {
            signing_input: String::from("secret"),
        };
        assert_eq!(std::format!("{unsigned:?}"), "UnsignedProof { .. }");
    }
    use std::string::{String, ToString};

    fn key() -> PublicJwk {
        PublicJwk::P256 {
            x: [1; 32],
            y: [2; 32],
        }
    }

    fn decoded(part: &str) -> String {
        String::from_utf8(base64url::decode(part).expect("base64url")).expect("UTF-8")
    }

    #[test]
    fn p1_header_holds_type_algorithm_and_public_key_only() {
        let header = ProofHeader::new(&key());
        assert_eq!(
            decoded(&header.encoded),
            r#"{"typ":"dpop+jwt","alg":"ES256","jwk":"#.to_string() + &key().to_json() + "}"
        );
    }

    #[test]
    fn p6_ath_and_nonce_are_claims_only_when_given() {
        let header = ProofHeader::new(&key());
        let mut claims = ProofClaims {
            jti: "id\"1",
            htm: "GET",
            htu: "https://api.example.com/a",
            iat: UnixSeconds(1_767_225_600),
            ath: None,
            nonce: None,
        };
        let bare = UnsignedProof::new(&header, &claims).attach(&[]);
        let mut parts = bare.split('.');
        assert_eq!(parts.next(), Some(&*header.encoded));
        let bare_claims =
            r#"{"jti":"id\"1","htm":"GET","htu":"https://api.example.com/a","iat":1767225600"#;
        assert_eq!(
            parts.next().map(decoded),
            Some(bare_claims.to_string() + "}")
        );
        assert_eq!(parts.next(), Some(""));

        claims.ath = Some("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        claims.nonce = Some("n");
        let unsigned = UnsignedProof::new(&header, &claims);
        let input = String::from_utf8(unsigned.signing_input().to_vec()).expect("UTF-8");
        let with_both = bare_claims.to_string()
            + r#","ath":"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo","nonce":"n"}"#;
        assert_eq!(input.split('.').nth(1).map(decoded), Some(with_both));
        assert_eq!(unsigned.attach(&[255; 3]), input + ".____");
    }
}
