//! The engine, and what can be asked of it without a request: clients, keys, proofs.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::ptr;

use countersign::UnixSeconds;
use countersign::jose::base64url;
use countersign::proof::{ProofClaims, UnsignedProof};

use crate::error::{Cause, ClientError};
use crate::platform::Platform;
use crate::state::{BoundToken, Client, ClientConfig, KnownToken, Signer, State};
use crate::text::Text;

/// Every client of a page, their keys, tokens, nonces and clocks. Belongs to one thread.
pub struct Engine<P: Platform> {
    pub(crate) platform: P,
    pub(crate) state: RefCell<State<P>>,
}

impl<P: Platform> Engine<P> {
    /// An engine without clients.
    pub const fn new(platform: P) -> Self {
        Self {
            platform,
            state: RefCell::new(State::new()),
        }
    }

    /// Registers a client and returns its index. The same issuer and client id give the same
    /// client, as configured first.
    pub fn create(&self, config: ClientConfig<P::Document>) -> usize {
        let clients = &mut self.state.borrow_mut().clients;
        let known = clients.iter().position(|client| {
            client.config.issuer == config.issuer && client.config.client_id == config.client_id
        });
        known.unwrap_or_else(|| {
            clients.push(Rc::new(Client::new(config)));
            clients.len() - 1
        })
    }

    /// The client of an index that [`create`](Self::create) gave.
    pub fn client(&self, index: usize) -> Option<Rc<Client<P>>> {
        self.state.borrow().clients.get(index).cloned()
    }

    /// This exact string as an access token of ours that goes out as DPoP. It stays ours until it expires, also when it
    /// has been renewed away.
    pub fn bound_token(&self, access_token: &str) -> Option<BoundToken> {
        let known = &self.state.borrow().known;
        let found = known.iter().find(|known| known.token == access_token);
        found.map(|known| known.number)
    }

    /// Is this token still ours?
    pub fn is_bound(&self, token: BoundToken) -> bool {
        self.known(token).is_some()
    }

    /// The authorization server's clock minus the local one, milliseconds.
    pub fn clock_offset(&self, client: &Client<P>) -> i64 {
        let clocks = &mut self.state.borrow_mut().clocks;
        clocks.notice(self.platform.now(), self.platform.monotonic());
        clocks.offset(client.server(), "")
    }

    /// The clock of `origin`, or of `fallback` where nothing is known of it, minus the local one,
    /// milliseconds.
    pub(crate) fn offset(&self, origin: &str, fallback: &str) -> i64 {
        self.state.borrow().clocks.offset(origin, fallback)
    }

    pub(crate) fn known(&self, token: BoundToken) -> Option<Rc<KnownToken<P>>> {
        self.state
            .borrow()
            .known
            .iter()
            .find(|known| known.number == token)
            .cloned()
    }

    /// Forgets the other tokens.
    pub(crate) fn retain_known(&self, is_kept: &dyn Fn(&KnownToken<P>) -> bool) {
        self.state.borrow_mut().known.retain(|known| is_kept(known));
    }

    /// Drops a client's tokens and key; later renewals say `why`.
    pub(crate) fn end_session(&self, client: &Client<P>, why: Option<&ClientError>) {
        let session = &mut *client.session.borrow_mut();
        session.signer = None;
        session.tokens = None;
        session.ended = why.cloned();
        self.retain_known(&|known| !ptr::eq(&*known.client, client));
    }

    /// Random bytes, base64url (P2 asks for 96 bits).
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

    /// The client's key, made when first needed.
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

    /// A new proof for one request (P8). `offset`: the server's clock minus the local one,
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
