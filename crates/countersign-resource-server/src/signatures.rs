//! Who checks signatures: the back end of the protocol crate, or the platform. The trait's future
//! has no name, so that of the platform is boxed; the back end never waits, and needs no box.

use std::{future::Future, pin::Pin};

use countersign::crypto::{Algorithm, BackEnd, CheckSignatures, SignatureCheck};
use countersign::jwk::PublicJwk;

type PassesFuture<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

pub(crate) trait DynCheckSignatures: Send + Sync {
    fn passes_boxed<'a>(&'a self, check: &'a SignatureCheck<'a>) -> PassesFuture<'a>;
}

impl<S: CheckSignatures> DynCheckSignatures for S {
    fn passes_boxed<'a>(&'a self, check: &'a SignatureCheck<'a>) -> PassesFuture<'a> {
        Box::pin(self.passes(check))
    }
}

/// The one place that every signature of a server is checked by.
pub(crate) enum Signatures {
    BackEnd,
    Platform(Box<dyn DynCheckSignatures>),
}

impl Signatures {
    /// Whether `signature` is the key's over `message`.
    pub(crate) async fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicJwk,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        match SignatureCheck::new(algorithm, key, message, signature) {
            Ok(check) => self.passes(&check).await,
            Err(_) => false,
        }
    }
}

impl CheckSignatures for Signatures {
    async fn passes(&self, check: &SignatureCheck<'_>) -> bool {
        match self {
            Self::BackEnd => BackEnd.passes(check).await,
            Self::Platform(platform) => platform.passes_boxed(check).await,
        }
    }
}
