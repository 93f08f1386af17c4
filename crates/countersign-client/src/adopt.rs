//! Proofs for programs that have their own OAuth client: tokens that the engine has not obtained.

use alloc::rc::Rc;

use crate::engine::Engine;
use crate::error::ClientError;
use crate::platform::{Platform, UnixMillis};
use crate::state::{BoundToken, Client};
use crate::text::Text;

/// The most tokens that are known at once. The oldest is forgotten first.
const MOST_TOKENS: usize = 64;

impl<P: Platform> Engine<P> {
    /// Makes [`authorize`](Self::authorize) sign for a token that the program has obtained by
    /// itself, with the client's key (`ath`; RFC 9449, 4.2). Without a token, it signs for requests
    /// to an authorization server (section 5).
    ///
    /// # Errors
    /// [`Cause::KeyFailed`](crate::Cause::KeyFailed).
    pub async fn adopt(
        &self,
        client: &Rc<Client<P>>,
        access_token: Option<Text>,
    ) -> Result<BoundToken, ClientError> {
        let signer = self.signer(client).await?;
        let (token, ath) = match access_token {
            Some(token) => {
                let ath = self.hash(&token).await?;
                (token, Some(ath))
            }
            None => ("".into(), None),
        };
        {
            let known = &mut self.state.borrow_mut().known;
            if known.len() >= MOST_TOKENS {
                known.remove(0);
            }
        }
        Ok(self.know(client, &signer, token, ath, UnixMillis(i64::MAX)))
    }

    /// Returns the thumbprint of the client's key (`jkt`; RFC 7638). The key is generated when it
    /// is first needed.
    ///
    /// # Errors
    /// [`Cause::KeyFailed`](crate::Cause::KeyFailed).
    pub async fn thumbprint(&self, client: &Client<P>) -> Result<Text, ClientError> {
        let signer = self.signer(client).await?;
        self.hash(&signer.pair.public.thumbprint_input()).await
    }
}
