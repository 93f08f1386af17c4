//! Checks of the key and of the signature by it (4.3, 6 and 7).

use alloc::string::String;
use serde_json::{Map, Value};

use crate::{
    crypto::{self, Algorithm, SignatureCheck},
    jwk::{PublicJwk, read::refuse_private_members},
    proof::{error::ProofError, policy::VerifierPolicy, untrusted::UntrustedProof},
};

/// Finds the key to check the signature with (4.3, 6).
pub(super) fn key_object<'a>(
    proof: &'a UntrustedProof<'_>,
) -> Result<&'a Map<String, Value>, ProofError> {
    proof
        .header()
        .get("jwk")
        .and_then(Value::as_object)
        .ok_or(ProofError::KeyMissing)
}

/// Whose key a proof is signed with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyIs {
    /// The token's key, or any key if there is no token.
    Expected,
    /// Another key than the token's.
    Foreign,
}

/// Gives what remains to be checked of the signature (4.3, 6).
///
/// The signature of a proof by a foreign key is not verified, since such a proof is refused anyway
/// (check 12): nobody can make the server work with a copied token. What can be checked without a
/// verification, and all checks in between, still come first, as in the RFC. One reason differs: a
/// proof with two faults, a foreign key and a well-formed signature that is not even that key's, is
/// refused for the key. The client gets the same code for either.
pub(super) fn signature_check<'a>(
    proof: &'a UntrustedProof<'_>,
    algorithm: Algorithm,
    key: &'a PublicJwk,
    key_is: KeyIs,
    policy: &VerifierPolicy,
) -> Result<SignatureCheck<'a>, ProofError> {
    let (input, signature) = (proof.jws.signing_input(), proof.jws.signature());
    let check = || {
        if !policy.takes_costly_rsa_keys {
            crypto::check_cost(algorithm, key)?;
        }
        let check = SignatureCheck::new(algorithm, key, input, signature)?;
        Ok(match key_is {
            KeyIs::Expected => check,
            KeyIs::Foreign => check.of_key_alone(),
        })
    };
    check().map_err(ProofError::Signature)
}

/// Checks that the key has no private part (4.3, 7).
pub(super) fn check_key_is_public(jwk: &Map<String, Value>) -> Result<(), ProofError> {
    refuse_private_members(jwk).map_err(ProofError::Key)
}
