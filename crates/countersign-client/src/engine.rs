//! The engine's state, and what can be asked of it without I/O.
//!
//! State is never borrowed across an await: each method borrows, copies what it needs, and lets go. What never changes
//! after it is known (a client's configuration, its metadata) is borrowed freely.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{OnceCell, RefCell};

use countersign::jose::base64url;
use countersign::nonce::NonceJar;
use countersign::proof::{ProofClaims, ProofHeader, UnsignedProof};
use countersign::{UnixSeconds, mode::Mode};

use crate::clock::Clocks;
use crate::discovery::Metadata;
use crate::error::{Cause, ClientError};
use crate::gate::Gate;
use crate::login::Flow;
use crate::platform::{KeyPair, Platform, UnixMillis};
use crate::text::Text;

/// Servers whose nonce is remembered.
const NONCE_CAPACITY: usize = 64;

/// What an application says about itself.
pub struct ClientConfig<D> {
    /// Compared exactly with what the server calls itself.
    pub issuer: Text,
    /// As registered with the authorization server.
    pub client_id: Text,
    /// Separated by spaces, `openid` included.
    pub scope: Text,
    /// Whether to bind tokens.
    pub mode: Mode,
    /// Members that take precedence over the discovery document's. With both `authorization_endpoint` and
    /// `token_endpoint` there is no discovery. `require_pushed_authorization_requests: true` pushes where the server
    /// requires it of this client only (RFC 9126, 6), or where the application prefers it.
    pub metadata: Option<D>,
}

/// A client registered with [`Engine::create`].
pub struct Client<P: Platform> {
    pub(crate) config: ClientConfig<P::Document>,
    pub(crate) metadata: OnceCell<Box<Metadata>>,
    pub(crate) session: RefCell<Session<P>>,
}

/// What changes about a client.
pub(crate) struct Session<P: Platform> {
    pub(crate) signer: Option<Rc<Signer<P::Key>>>,
    pub(crate) tokens: Option<Rc<Tokens<P::Document>>>,
    pub(crate) renewal: Option<Rc<Gate>>,
    /// Why the session was ended; every later renewal says the same.
    pub(crate) ended: Option<ClientError>,
}

/// The tokens of a client.
pub struct Tokens<D> {
    /// For API calls.
    pub access_token: Text,
    /// By the server's clock.
    pub expires: UnixMillis,
    /// As it came last.
    pub id_token: Text,
    /// Its payload.
    pub claims: Rc<D>,
    /// Rotated with each renewal where the server does so.
    pub refresh_token: Option<Text>,
    /// By the server's clock; `None`: not told.
    pub refresh_expires: Option<UnixMillis>,
    /// API calls go out as DPoP; else as Bearer.
    pub is_bound: bool,
    pub(crate) subject: Text,
    pub(crate) nonce: Text,
}

/// A key with everything about it that every proof repeats.
pub(crate) struct Signer<K> {
    pub(crate) pair: Rc<KeyPair<K>>,
    pub(crate) header: ProofHeader,
}

impl<K> Signer<K> {
    pub(crate) fn new(pair: Rc<KeyPair<K>>) -> Rc<Self> {
        Rc::new(Self {
            header: ProofHeader::new(&pair.public),
            pair,
        })
    }
}

/// A bound access token, known until it expires, also when it has been renewed away (RC8).
pub(crate) struct KnownToken<P: Platform> {
    pub(crate) token: Text,
    pub(crate) ath: Text,
    pub(crate) signer: Rc<Signer<P::Key>>,
    pub(crate) client: Rc<Client<P>>,
    pub(crate) expires: UnixMillis,
}

pub(crate) struct State<P: Platform> {
    pub(crate) clients: Vec<Rc<Client<P>>>,
    pub(crate) known: Vec<Rc<KnownToken<P>>>,
    pub(crate) nonces: NonceJar,
    pub(crate) clocks: Clocks,
    /// Origins that are being asked for a nonce.
    pub(crate) probes: Vec<(Text, Rc<Gate>)>,
    /// Silent logins under way.
    #[allow(clippy::vec_box)]
    // in WebAssembly, `remove` is one function for this list and that of `NonceJar`
    pub(crate) flows: Vec<Box<Flow<P::Key>>>,
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

    /// Registers a client and returns its index. The same issuer and client id give the same client, as configured
    /// first.
    pub fn create(&self, config: ClientConfig<P::Document>) -> usize {
        let clients = &mut self.state.borrow_mut().clients;
        let known = clients.iter().position(|client| {
            client.config.issuer == config.issuer && client.config.client_id == config.client_id
        });
        known.unwrap_or_else(|| {
            let session = RefCell::new(Session {
                signer: None,
                tokens: None,
                renewal: None,
                ended: None,
            });
            clients.push(Rc::new(Client {
                config,
                metadata: OnceCell::new(),
                session,
            }));
            clients.len() - 1
        })
    }

    /// The client of an index that [`create`](Self::create) gave.
    pub fn client(&self, index: usize) -> Option<Rc<Client<P>>> {
        self.state.borrow().clients.get(index).cloned()
    }

    /// Is this exact string an access token of ours that goes out as DPoP?
    pub fn is_bound_token(&self, access_token: &str) -> bool {
        self.known(access_token).is_some()
    }

    /// The authorization server's clock minus the local one, milliseconds.
    pub fn clock_offset(&self, client: &Client<P>) -> i64 {
        let clocks = &mut self.state.borrow_mut().clocks;
        clocks.notice(self.platform.now(), self.platform.monotonic());
        clocks.offset(client.server(), "")
    }

    /// The clock of `origin`, or of `fallback` where nothing is known of it, minus the local one, milliseconds.
    pub(crate) fn offset(&self, origin: &str, fallback: &str) -> i64 {
        self.state.borrow().clocks.offset(origin, fallback)
    }

    pub(crate) fn known(&self, access_token: &str) -> Option<Rc<KnownToken<P>>> {
        self.state
            .borrow()
            .known
            .iter()
            .find(|known| known.token == access_token)
            .cloned()
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

    pub(crate) async fn generate_signer(&self) -> Result<Rc<Signer<P::Key>>, ClientError> {
        Ok(Signer::new(
            self.platform
                .generate_key()
                .await
                .map_err(|_| Cause::KeyFailed)?,
        ))
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

impl<P: Platform> Client<P> {
    /// The client's tokens, while it is logged in.
    pub fn tokens(&self) -> Option<Rc<Tokens<P::Document>>> {
        self.session.borrow().tokens.clone()
    }

    /// Are these still the client's tokens? An answer continues the session it was asked for: one that was logged out
    /// meanwhile is not revived, and whoever has logged in since does not get it.
    pub(crate) fn check_held(
        &self,
        tokens: Option<&Rc<Tokens<P::Document>>>,
    ) -> Result<(), ClientError> {
        let held = self.session.borrow();
        if held.tokens.as_ref().map(Rc::as_ptr) == tokens.map(Rc::as_ptr) {
            return Ok(());
        }
        Err(Cause::NoRefreshToken.into())
    }

    /// The origin of its token endpoint: the clock that a resource server is taken to share until it shows its own.
    pub(crate) fn server(&self) -> &str {
        self.metadata
            .get()
            .map_or("", |metadata| &metadata.token.parts.origin)
    }
}
