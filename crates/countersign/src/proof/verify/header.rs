//! Checks of the header (4.3, 4 and 5): `typ` and `alg`.

use alloc::borrow::ToOwned;

use crate::{
    crypto::Algorithm,
    proof::{error::ProofError, policy::VerifierPolicy, untrusted::UntrustedProof},
};

/// Checks `typ` (4.3, 4), exactly: every client writes it so, and no other kind of JWT may pass
/// (11.5).
pub(super) fn check_type(proof: &UntrustedProof<'_>) -> Result<(), ProofError> {
    match proof.jws.typ() {
        Some("dpop+jwt") => Ok(()),
        other => Err(ProofError::TypeMismatch {
            received: other.map(ToOwned::to_owned),
        }),
    }
}

/// Checks `alg` (4.3, 5).
pub(super) fn check_algorithm(
    proof: &UntrustedProof<'_>,
    policy: &VerifierPolicy,
) -> Result<Algorithm, ProofError> {
    let name = proof.jws.alg();
    Algorithm::from_name(name)
        .filter(|algorithm| policy.algorithms.contains(algorithm))
        .ok_or_else(|| ProofError::AlgorithmNotAccepted {
            accepted: policy.algs(),
            received: name.to_owned(),
        })
}
