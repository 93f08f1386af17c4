use super::binding::BindingError;
use crate::{digest::Thumbprint, proof::VerifiedProof};

/// Returns the key that a pushed authorization request binds its code to, by its `dpop_jkt`, its
/// proof, or both, which must then agree (10.1). Store it with the request, for [`Grant::Code`](super::Grant::Code).
///
/// # Errors
/// [`BindingError::JktMismatch`].
pub fn pushed_key(
    dpop_jkt: Option<Thumbprint>,
    proof: Option<&VerifiedProof>,
) -> Result<Option<Thumbprint>, BindingError> {
    let proven = proof.map(VerifiedProof::thumbprint);
    match (dpop_jkt, proven) {
        (Some(expected), Some(received)) if expected != received => {
            Err(BindingError::JktMismatch { expected, received })
        }
        _ => Ok(dpop_jkt.or(proven)),
    }
}
