//! What the engine knows: clients, their metadata, keys and tokens, logins under way.
//!
//! Values only; what is done with them stands in the modules that use these. State is never
//! borrowed across an await: each method borrows, copies what it needs, and lets go. What never
//! changes after it is known (a client's configuration, its metadata) is borrowed freely.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{OnceCell, RefCell};
use core::num::NonZeroU32;

use countersign::nonce::NonceJar;
use countersign::proof::ProofHeader;
use countersign::{access_token::Scheme, mode::Mode};

use crate::clock::Clocks;
use crate::error::{Cause, ClientError};
use crate::gate::Gate;
use crate::platform::{KeyPair, Platform, Record, UnixMillis, Url};
use crate::text::Text;

/// Servers whose nonce is remembered.
const NONCE_CAPACITY: usize = 64;

/// What an application says about itself.
#[allow(
    clippy::exhaustive_structs,
    reason = "callers build it, and a constructor would be more WebAssembly"
)]
pub struct ClientConfig<D> {
    /// Compared exactly with what the server calls itself.
    pub issuer: Text,
    /// As registered with the authorization server.
    pub client_id: Text,
    /// Separated by spaces, `openid` included.
    pub scope: Text,
    /// Whether to bind tokens.
    pub mode: Mode,
    /// Members that take precedence over the discovery document's. With both
    /// `authorization_endpoint` and `token_endpoint` there is no discovery.
    /// `require_pushed_authorization_requests: true` pushes where the server requires it of this
    /// client only (RFC 9126, 6), or where the application prefers it.
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
    /// Where the server wants authorization requests pushed (RFC 9126, 5).
    pub(crate) pushed: Option<Endpoint>,
    pub(crate) end_session_endpoint: Option<Text>,
    /// RFC 9207: the response must carry `iss`.
    pub(crate) is_iss_required: bool,
    /// Whether this client's token requests carry proofs.
    pub(crate) scheme: Scheme,
}

/// Where forms go.
pub(crate) struct Endpoint {
    pub(crate) url: Text,
    pub(crate) parts: Url,
    pub(crate) failures: Failures,
}

/// What it is called when an endpoint does not do its part.
pub(crate) struct Failures {
    pub(crate) unreachable: Cause,
    pub(crate) refused: Cause,
    pub(crate) invalid: Cause,
}

/// What changes about a client.
pub(crate) struct Session<P: Platform> {
    pub(crate) signer: Option<Rc<Signer<P::Key>>>,
    pub(crate) tokens: Option<Rc<Tokens<P::Document>>>,
    /// How long before its end the access token is renewed, milliseconds.
    pub(crate) margin: i64,
    /// By the monotonic clock: no renewal is due before then, since one has failed.
    pub(crate) pause: i64,
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

/// A bound access token, known until it expires, also when it has been renewed away (RC8).
pub(crate) struct KnownToken<P: Platform> {
    pub(crate) token: Text,
    pub(crate) ath: Text,
    pub(crate) signer: Rc<Signer<P::Key>>,
    pub(crate) client: Rc<Client<P>>,
    pub(crate) expires: UnixMillis,
    pub(crate) number: BoundToken,
}

/// A bound access token by its number: no other token of the engine gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundToken(NonZeroU32);

impl BoundToken {
    /// `None`: zero.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// From 1 on.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0.get()
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A login in a hidden iframe under way.
pub(crate) struct Flow<K> {
    pub(crate) state: Text,
    pub(crate) started: UnixMillis,
    pub(crate) record: Record<K>,
}

pub(crate) struct State<P: Platform> {
    pub(crate) clients: Vec<Rc<Client<P>>>,
    pub(crate) known: Vec<Rc<KnownToken<P>>>,
    /// The number of the next one.
    pub(crate) next_known: BoundToken,
    pub(crate) nonces: NonceJar,
    pub(crate) clocks: Clocks,
    /// Origins that are being asked for a nonce.
    pub(crate) probes: Vec<(Text, Rc<Gate>)>,
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
            probes: Vec::new(),
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

    /// The client's tokens, while it is logged in.
    pub fn tokens(&self) -> Option<Rc<Tokens<P::Document>>> {
        self.session.borrow().tokens.clone()
    }

    /// Are these still the client's tokens? An answer continues the session it was asked for: one
    /// that was logged out meanwhile is not revived, and whoever has logged in since does not get
    /// it.
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

    /// The origin of its token endpoint: the clock that a resource server is taken to share until
    /// it shows its own.
    pub(crate) fn server(&self) -> &str {
        self.metadata
            .get()
            .map_or("", |metadata| &metadata.token.parts.origin)
    }
}

impl Metadata {
    /// Where authorization requests go. It may have a query of its own.
    #[must_use]
    pub fn authorization_endpoint(&self) -> &Text {
        &self.authorization_endpoint
    }
}

impl Endpoint {
    /// Its answer lacks a member, or is no JSON.
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
