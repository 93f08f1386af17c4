//! Proofs of this client: keys, random identifiers, and one new proof per request.

use alloc::rc::Rc;

use countersign::UnixSeconds;
use countersign::jose::base64url;
use countersign::proof::{ProofClaims, UnsignedProof};

use crate::engine::Engine;
use crate::error::{Cause, ClientError};
use crate::platform::Platform;
use crate::state::{Client, Signer};
use crate::text::Text;

impl<P: Platform> Engine<P> {
    /// Draws random bytes, as base64url (P2 asks for 96 bits).
    pub(crate) fn random_text(&self, length: usize) -> Text {
        let mut bytes = [0; 32];
        let bytes = &mut bytes[..length];
        self.platform.random(bytes);
        base64url::encode(bytes).into()
    }

    pub(crate) async fn hash(&self, text: &str) -> Result<Text, ClientError> {
        let digest = self
            .platform
            .digest(text.as_bytes())
            .await
            .map_err(|_| Cause::KeyFailed)?;
        Ok(base64url::encode(&digest).into())
    }

    /// Returns the client's key, which is generated when it is first needed.
    pub(crate) async fn signer(
        &self,
        client: &Client<P>,
    ) -> Result<Rc<Signer<P::Key>>, ClientError> {
        let known = client.session.borrow().signer.clone();
        if let Some(signer) = known {
            return Ok(signer);
        }
        let signer = self.generate_signer().await?;
        client.session.borrow_mut().signer = Some(Rc::clone(&signer));
        Ok(signer)
    }

    pub(crate) async fn generate_signer(&self) -> Result<Rc<Signer<P::Key>>, ClientError> {
        Ok(Signer::new(
            self.platform
                .generate_key()
                .await
                .map_err(|_| Cause::KeyFailed)?,
        ))
    }

    /// Signs a new proof for one request (P8). `offset`: the server's clock minus the local one, in
    /// milliseconds.
    pub(crate) async fn prove(
        &self,
        signer: &Signer<P::Key>,
        htm: &str,
        htu: &str,
        offset: i64,
        ath: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<Text, ClientError> {
        let jti = self.random_text(16);
        let iat = UnixSeconds((self.platform.now().0 + offset).div_euclid(1000));
        let unsigned = UnsignedProof::new(
            &signer.header,
            &ProofClaims {
                jti: &jti,
                htm,
                htu,
                iat,
                ath,
                nonce,
            },
        );
        let signature = self
            .platform
            .sign(&signer.pair.private, unsigned.signing_input())
            .await;
        Ok(unsigned
            .attach(&signature.map_err(|_| Cause::KeyFailed)?)
            .into())
    }
}
