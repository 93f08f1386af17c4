use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use dpop_verifier::{DpopError, ReplayContext, ReplayStore};

use crate::{
    contender::{Contender, Sent, Subject, locked},
    slices::timed,
};

/// `dpop-verifier` checks proofs. It leaves the binding of the token to the proof's key to its
/// caller, so this code checks it.
pub(crate) struct DpopVerifier {
    verifier: dpop_verifier::DpopVerifier,
    seen: Seen,
    thumbprint: String,
    runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Seen(HashSet<[u8; 32]>);

#[async_trait]
impl ReplayStore for Seen {
    async fn insert_once(
        &mut self,
        hash: [u8; 32],
        _: ReplayContext<'_>,
    ) -> Result<bool, DpopError> {
        Ok(self.0.insert(hash))
    }
}

impl DpopVerifier {
    pub(crate) fn new(subject: &Subject) -> Self {
        Self {
            verifier: dpop_verifier::DpopVerifier::new()
                .with_max_age_seconds(60)
                .with_future_skew_seconds(5),
            seen: Seen::default(),
            thumbprint: subject.thumbprint.clone(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        }
    }
}

impl Contender for DpopVerifier {
    fn name(&self) -> String {
        "`dpop-verifier`".into()
    }

    fn version(&self) -> String {
        locked("dpop-verifier")
    }

    fn does(&self) -> &'static str {
        "proof, binding, replay"
    }

    fn check(&mut self, requests: &[Sent]) -> (usize, Duration) {
        let mut accepted = 0;
        let taken = timed(|| {
            self.runtime.block_on(async {
                for Sent { url, token, proof } in requests {
                    let verified = self
                        .verifier
                        .verify(&mut self.seen, proof, url, "GET", Some(token))
                        .await;
                    let is_bound = verified.is_ok_and(|proof| proof.jkt == self.thumbprint);
                    accepted += usize::from(is_bound);
                }
            });
        });
        (accepted, taken)
    }
}
