//! What the engine knows: clients, their metadata, keys and tokens, logins in progress.
//!
//! Values only; other modules work with them. State is never borrowed across an await: each method
//! borrows, copies what it needs, and lets go. Values that never change once they are known (a
//! client's configuration, its metadata) are borrowed freely.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{OnceCell, RefCell};
use core::num::NonZeroU32;

use countersign::nonce::NonceJar;
use countersign::proof::ProofHeader;
use countersign::{access_token::Scheme, dpop_mode::Mode};

use crate::clock::Clocks;
use crate::error::{Cause, ClientError};
use crate::gate::{Gate, Probes};
use crate::platform::{KeyPair, Platform, Record, UnixMillis, Url};
use crate::text::Text;

/// The most servers whose nonce is remembered.
const NONCE_CAPACITY: usize = 64;

/// The configuration of a client.
#[allow(
    clippy::exhaustive_structs,
    reason = "callers build it, and a constructor would be more WebAssembly"
)]
pub struct ClientConfig<D> {
    /// The issuer; it must be exactly the one that the server names.
    pub issuer: Text,
    /// The id that the client is registered with.
    pub client_id: Text,
    /// The scopes, separated by spaces, including `openid`.
    pub scope: Text,
    /// Whether to bind tokens.
    pub mode: Mode,
    /// Members that take precedence over the discovery document's. With both
    /// `authorization_endpoint` and `token_endpoint` there is no discovery. With
    /// `require_pushed_authorization_requests: true` requests are pushed, for a server that
    /// requires it of this client only (RFC 9126, 6), or because the application prefers it.
    pub metadata: Option<D>,
}

/// A client registered with [`Engine::create`](crate::Engine::create).
pub struct Client<P: Platform> {
    pub(crate) config: ClientConfig<P::Document>,
    pub(crate) metadata: OnceCell<Box<Metadata>>,
    pub(crate) session: RefCell<Session<P>>,
}

/// What the engine uses of an authorization server's metadata.
pub struct Metadata {
    pub(crate) authorization_endpoint: Text,
    pub(crate) token: Endpoint,
    /// The pushed authorization request endpoint, if the server requires it (RFC 9126, 5).
    pub(crate) pushed: Option<Endpoint>,
    pub(crate) end_session_endpoint: Option<Text>,
    /// Whether the response must carry `iss` (RFC 9207).
    pub(crate) is_iss_required: bool,
    /// Whether this client's token requests carry proofs.
    pub(crate) scheme: Scheme,
}

/// An endpoint that forms are sent to.
pub(crate) struct Endpoint {
    pub(crate) url: Text,
    pub(crate) parts: Url,
    pub(crate) failures: Failures,
}

/// The causes of an endpoint's failures.
pub(crate) struct Failures {
    pub(crate) unreachable: Cause,
    pub(crate) refused: Cause,
    pub(crate) invalid: Cause,
}

/// The state of a client.
pub(crate) struct Session<P: Platform> {
    pub(crate) signer: Option<Rc<Signer<P::Key>>>,
    pub(crate) tokens: Option<Rc<Tokens<P::Document>>>,
    /// How long before its end the access token is renewed, in milliseconds.
    pub(crate) margin: i64,
    /// No renewal is due before this time of the monotonic clock, since one has failed.
    pub(crate) pause: i64,
    pub(crate) renewal: Option<Rc<Gate>>,
    /// Why the session ended; every later renewal fails with it.
    pub(crate) ended: Option<ClientError>,
}

/// The tokens of a client.
pub struct Tokens<D> {
    /// The access token, for API calls.
    pub access_token: Text,
    /// When the access token ends, by the server's clock.
    pub expires: UnixMillis,
    /// The newest id_token.
    pub id_token: Text,
    /// The id_token's payload.
    pub claims: Rc<D>,
    /// The refresh token. It changes with each renewal if the server rotates it.
    pub refresh_token: Option<Text>,
    /// When the refresh token ends, by the server's clock; `None`: the server did not tell.
    pub refresh_expires: Option<UnixMillis>,
    /// Whether API calls are sent as DPoP; otherwise as Bearer.
    pub is_bound: bool,
    pub(crate) subject: Text,
    pub(crate) nonce: Text,
}

/// A key, with all that is the same in each of its proofs.
pub(crate) struct Signer<K> {
    pub(crate) pair: Rc<KeyPair<K>>,
    pub(crate) header: ProofHeader,
}

/// A bound access token. It is known until it expires, even after a renewal has replaced it (RC8).
pub(crate) struct KnownToken<P: Platform> {
    pub(crate) token: Text,
    /// The token's hash; `None` for requests without a token.
    pub(crate) ath: Option<Text>,
    pub(crate) signer: Rc<Signer<P::Key>>,
    pub(crate) client: Rc<Client<P>>,
    pub(crate) expires: UnixMillis,
    pub(crate) number: BoundToken,
}

/// A bound access token, by a number that no other token of the engine gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundToken(NonZeroU32);

impl BoundToken {
    /// Creates one from its number; returns `None` for zero.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// Returns the number, from 1 on.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0.get()
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A login in progress in a hidden iframe.
pub(crate) struct Flow<K> {
    pub(crate) state: Text,
    pub(crate) started: UnixMillis,
    pub(crate) record: Record<K>,
}

pub(crate) struct State<P: Platform> {
    pub(crate) clients: Vec<Rc<Client<P>>>,
    pub(crate) known: Vec<Rc<KnownToken<P>>>,
    /// The next token's number.
    pub(crate) next_known: BoundToken,
    pub(crate) nonces: NonceJar,
    pub(crate) clocks: Clocks,
    /// Origins that are being asked for a nonce.
    pub(crate) probes: Probes,
    #[allow(clippy::vec_box)]
    // in WebAssembly, `remove` is one function for this list and that of `NonceJar`
    pub(crate) flows: Vec<Box<Flow<P::Key>>>,
}

impl<P: Platform> State<P> {
    pub(crate) const fn new() -> Self {
        Self {
            clients: Vec::new(),
            known: Vec::new(),
            next_known: BoundToken(NonZeroU32::MIN),
            nonces: NonceJar::new(NONCE_CAPACITY),
            clocks: Clocks::new(),
            probes: Probes::new(),
            flows: Vec::new(),
        }
    }
}

impl<P: Platform> Client<P> {
    pub(crate) const fn new(config: ClientConfig<P::Document>) -> Self {
        Self {
            config,
            metadata: OnceCell::new(),
            session: RefCell::new(Session {
                signer: None,
                tokens: None,
                margin: 0,
                pause: 0,
                renewal: None,
                ended: None,
            }),
        }
    }

    /// Returns the client's tokens while it is logged in.
    pub fn tokens(&self) -> Option<Rc<Tokens<P::Document>>> {
        self.session.borrow().tokens.clone()
    }

    /// Checks that these are still the client's tokens. A response continues the session that asked
    /// for it: a session that was logged out meanwhile does not come back, and a user who has
    /// logged in since does not get another's tokens.
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

    /// Returns the origin of the token endpoint. Until a resource server shows its own clock, it is
    /// taken to have that of this origin.
    pub(crate) fn server(&self) -> &str {
        self.metadata
            .get()
            .map_or("", |metadata| &metadata.token.parts.origin)
    }
}

impl Metadata {
    /// Returns the authorization endpoint. It may have a query.
    #[must_use]
    pub fn authorization_endpoint(&self) -> &Text {
        &self.authorization_endpoint
    }
}

impl Endpoint {
    /// Returns the error for an answer that is no JSON or lacks a member.
    pub(crate) fn invalid(&self, member: &str) -> ClientError {
        ClientError::new(self.failures.invalid, &[member])
    }
}

impl<K> Signer<K> {
    pub(crate) fn new(pair: Rc<KeyPair<K>>) -> Rc<Self> {
        Rc::new(Self {
            header: ProofHeader::new(&pair.public),
            pair,
        })
    }
}
