//! The engine, and what it does without a request: clients, keys, proofs.

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

/// All clients of a page or program, with their keys, tokens, nonces and clocks. It belongs to one
/// thread.
pub struct Engine<P: Platform> {
    pub(crate) platform: P,
    pub(crate) state: RefCell<State<P>>,
}

impl<P: Platform> Engine<P> {
    /// Creates an engine without clients.
    pub const fn new(platform: P) -> Self {
        Self {
            platform,
            state: RefCell::new(State::new()),
        }
    }

    /// Registers a client and returns its index. A client with the same issuer and client id is
    /// registered once, with its first configuration.
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

    /// Returns the client of an index that [`create`](Self::create) returned.
    pub fn client(&self, index: usize) -> Option<Rc<Client<P>>> {
        self.state.borrow().clients.get(index).cloned()
    }

    /// Finds this exact string among the engine's bound access tokens, which are sent as DPoP. A
    /// token is known until it expires, even after a renewal has replaced it.
    pub fn bound_token(&self, access_token: &str) -> Option<BoundToken> {
        let known = &self.state.borrow().known;
        let found = known.iter().find(|known| known.token == access_token);
        found.map(|known| known.number)
    }

    /// Tells whether the engine still knows this token.
    pub fn is_bound(&self, token: BoundToken) -> bool {
        self.known(token).is_some()
    }

    /// Returns the authorization server's clock minus the local one, in milliseconds.
    pub fn clock_offset(&self, client: &Client<P>) -> i64 {
        let clocks = &mut self.state.borrow_mut().clocks;
        clocks.notice(self.platform.now(), self.platform.monotonic());
        clocks.offset(client.server(), "")
    }

    /// Returns the clock of
    /// `origin` minus the local one, in milliseconds. If nothing is known of `origin`, `fallback`
    /// takes its place.
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

    /// Forgets all tokens but these.
    pub(crate) fn retain_known(&self, is_kept: &dyn Fn(&KnownToken<P>) -> bool) {
        self.state.borrow_mut().known.retain(|known| is_kept(known));
    }

    /// Drops a client's tokens and key. Later renewals fail with `why`.
    pub(crate) fn end_session(&self, client: &Client<P>, why: Option<&ClientError>) {
        let session = &mut *client.session.borrow_mut();
        session.signer = None;
        session.tokens = None;
        session.ended = why.cloned();
        self.retain_known(&|known| !ptr::eq(&*known.client, client));
    }

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
