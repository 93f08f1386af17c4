//! The engine: its clients, and the tokens that it knows.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::ptr;

use crate::error::ClientError;
use crate::platform::Platform;
use crate::state::{BoundToken, Client, ClientConfig, KnownToken, State};

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
}
