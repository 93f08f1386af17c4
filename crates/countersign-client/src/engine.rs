//! The engine's state, and what can be asked of it without I/O.
//!
//! State is never borrowed across an await: each method borrows, copies what it needs, and lets go.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use countersign::base64url;
use countersign::nonce::NonceJar;
use countersign::proof::{ProofClaims, ProofHeader, UnsignedProof};
use countersign::{UnixSeconds, support::Mode};

use crate::clock::Clocks;
use crate::discovery::Metadata;
use crate::error::{Cause, ClientError};
use crate::gate::Gate;
use crate::login::Flow;
use crate::platform::{Platform, UnixMillis};

/// Servers whose nonce is remembered.
const NONCE_CAPACITY: usize = 64;

/// A client registered with [`Engine::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub(crate) usize);

impl Client {
    /// The number by which a boundary without types names the client.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// What an application says about itself.
pub struct ClientConfig<D> {
    /// Compared exactly with what the server calls itself.
    pub issuer: String,
    /// As registered with the authorization server.
    pub client_id: String,
    /// Separated by spaces, `openid` included.
    pub scope: String,
    /// Whether to bind tokens.
    pub mode: Mode,
    /// Members that take precedence over the discovery document's. With both `authorization_endpoint` and
    /// `token_endpoint` there is no discovery.
    pub metadata: Option<D>,
}

/// The tokens of a client.
pub struct Tokens<D> {
    /// For API calls.
    pub access_token: String,
    /// By the server's clock.
    pub expires: UnixMillis,
    /// As it came last.
    pub id_token: String,
    /// Its payload.
    pub claims: Rc<D>,
    /// Rotated with each renewal where the server does so.
    pub refresh_token: Option<String>,
    /// By the server's clock; `None`: not told.
    pub refresh_expires: Option<UnixMillis>,
    /// API calls go out as DPoP; else as Bearer.
    pub is_bound: bool,
    pub(crate) subject: String,
    pub(crate) nonce: String,
}

/// A key with everything about it that every proof repeats.
pub(crate) struct Signer<K> {
    pub(crate) pair: crate::platform::KeyPair<K>,
    pub(crate) header: ProofHeader,
}

/// A bound access token, known until it expires, also when it has been renewed away (RC8).
pub(crate) struct KnownToken<K> {
    pub(crate) token: String,
    pub(crate) ath: String,
    pub(crate) signer: Rc<Signer<K>>,
    pub(crate) client: Client,
    pub(crate) expires: UnixMillis,
}

pub(crate) struct Entry<P: Platform> {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) mode: Mode,
    pub(crate) overrides: Option<Rc<P::Document>>,
    pub(crate) metadata: Option<Rc<Metadata>>,
    pub(crate) signer: Option<Rc<Signer<P::Key>>>,
    pub(crate) tokens: Option<Rc<Tokens<P::Document>>>,
    pub(crate) renewal: Option<Rc<Gate<Result<(), ClientError>>>>,
    /// Why the session was ended; every later renewal says the same.
    pub(crate) ended: Option<ClientError>,
}

pub(crate) struct State<P: Platform> {
    pub(crate) clients: Vec<Entry<P>>,
    pub(crate) known: Vec<Rc<KnownToken<P::Key>>>,
    pub(crate) nonces: NonceJar,
    pub(crate) clocks: Clocks,
    /// Origins that are being asked for a nonce.
    pub(crate) probes: Vec<(String, Rc<Gate<()>>)>,
    /// Silent logins under way, by `state`.
    pub(crate) flows: Vec<(String, Flow<P::Key>)>,
}

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
            state: RefCell::new(State {
                clients: Vec::new(),
                known: Vec::new(),
                nonces: NonceJar::new(NONCE_CAPACITY),
                clocks: Clocks::new(),
                probes: Vec::new(),
                flows: Vec::new(),
            }),
        }
    }

    /// Registers a client. The same issuer and client id give the same client, as configured first.
    pub fn create(&self, config: ClientConfig<P::Document>) -> Client {
        let mut state = self.state.borrow_mut();
        let known = state
            .clients
            .iter()
            .position(|entry| entry.issuer == config.issuer && entry.client_id == config.client_id);
        Client(known.unwrap_or_else(|| {
            state.clients.push(Entry {
                issuer: config.issuer,
                client_id: config.client_id,
                scope: config.scope,
                mode: config.mode,
                overrides: config.metadata.map(Rc::new),
                metadata: None,
                signer: None,
                tokens: None,
                renewal: None,
                ended: None,
            });
            state.clients.len() - 1
        }))
    }

    /// The client of an index, for a boundary without types.
    pub fn client(&self, index: usize) -> Option<Client> {
        (index < self.state.borrow().clients.len()).then_some(Client(index))
    }

    /// The client's tokens, while it is logged in.
    pub fn tokens(&self, client: Client) -> Option<Rc<Tokens<P::Document>>> {
        self.with(client, |entry| entry.tokens.clone())
    }

    /// Is this exact string an access token of ours that goes out as DPoP?
    pub fn is_bound_token(&self, access_token: &str) -> bool {
        self.known(access_token).is_some()
    }

    /// The authorization server's clock minus the local one, milliseconds.
    pub fn clock_offset(&self, client: Client) -> i64 {
        let Some(metadata) = self.with(client, |entry| entry.metadata.clone()) else {
            return 0;
        };
        self.state
            .borrow()
            .clocks
            .offset(&metadata.token.origin, "")
    }

    pub(crate) fn with<T>(&self, client: Client, act: impl FnOnce(&mut Entry<P>) -> T) -> T {
        act(&mut self.state.borrow_mut().clients[client.0])
    }

    pub(crate) fn known(&self, access_token: &str) -> Option<Rc<KnownToken<P::Key>>> {
        self.state
            .borrow()
            .known
            .iter()
            .find(|known| known.token == access_token)
            .cloned()
    }

    /// 128 random bits or more, base64url (P2 asks for 96).
    pub(crate) fn random_text<const N: usize>(&self) -> String {
        let mut bytes = [0; N];
        self.platform.random(&mut bytes);
        base64url::encode(&bytes)
    }

    pub(crate) async fn hash(&self, text: &str) -> Result<String, ClientError> {
        let digest = self
            .platform
            .digest(text.as_bytes())
            .await
            .map_err(|_| Cause::KeyFailed)?;
        Ok(base64url::encode(&digest))
    }

    pub(crate) async fn generate_signer(&self) -> Result<Rc<Signer<P::Key>>, ClientError> {
        let pair = self
            .platform
            .generate_key()
            .await
            .map_err(|_| Cause::KeyFailed)?;
        Ok(Rc::new(Signer {
            header: ProofHeader::new(&pair.public),
            pair,
        }))
    }

    /// A new proof for one request (P8). `offset`: the server's clock minus the local one, milliseconds.
    pub(crate) async fn prove(
        &self,
        signer: &Signer<P::Key>,
        htm: &str,
        htu: &str,
        offset: i64,
        ath: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<String, ClientError> {
        let jti = self.random_text::<16>();
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
        Ok(unsigned.attach(&signature.map_err(|_| Cause::KeyFailed)?))
    }
}
