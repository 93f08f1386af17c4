//! Proofs for programs that have their own OAuth client: tokens that the engine has not obtained.

use alloc::rc::Rc;

use crate::engine::Engine;
use crate::error::ClientError;
use crate::platform::{Platform, UnixMillis};
use crate::state::{BoundToken, Client, Signer};
use crate::text::Text;

/// The most tokens that are known at once. The one that was used longest ago is forgotten first.
const MOST_TOKENS: usize = 64;

impl<P: Platform> Engine<P> {
    /// Makes [`authorize`](Self::authorize) sign for a token that the program has obtained by
    /// itself, with the client's key (`ath`; RFC 9449, 4.2). Without a token, it signs for requests
    /// to an authorization server (section 5).
    ///
    /// Call it before each request: it counts as the token's use. Of 64 tokens, the one that was
    /// used longest ago is forgotten for a new one. What signs without a token is never forgotten.
    ///
    /// # Errors
    /// [`Cause::KeyFailed`](crate::Cause::KeyFailed).
    pub async fn adopt(
        &self,
        client: &Rc<Client<P>>,
        access_token: Option<Text>,
    ) -> Result<BoundToken, ClientError> {
        let signer = self.signer(client).await?;
        let used = || self.used(client, &signer, access_token.as_deref());
        if let Some(number) = used() {
            return Ok(number);
        }
        let ath = match &access_token {
            Some(token) => Some(self.hash(token).await?),
            None => None,
        };
        // Another call may have adopted it meanwhile.
        if let Some(number) = used() {
            return Ok(number);
        }
        {
            let known = &mut self.state.borrow_mut().known;
            let oldest = known.iter().position(|known| known.ath.is_some());
            if let Some(oldest) = oldest.filter(|_| known.len() >= MOST_TOKENS) {
                known.remove(oldest);
            }
        }
        let token = access_token.unwrap_or_else(|| "".into());
        Ok(self.know(client, &signer, token, ath, UnixMillis(i64::MAX)))
    }

    /// Finds a token that was adopted before under this key, and puts it last: it is used now.
    fn used(
        &self,
        client: &Rc<Client<P>>,
        signer: &Rc<Signer<P::Key>>,
        access_token: Option<&str>,
    ) -> Option<BoundToken> {
        let known = &mut self.state.borrow_mut().known;
        let at = known.iter().position(|known| {
            let token = known.ath.as_ref().map(|_| &*known.token);
            Rc::ptr_eq(&known.client, client)
                && Rc::ptr_eq(&known.signer, signer)
                && known.expires == UnixMillis(i64::MAX)
                && token == access_token
        })?;
        let found = known.remove(at);
        let number = found.number;
        known.push(found);
        Some(number)
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
