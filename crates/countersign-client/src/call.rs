//! One API call: the headers before it, and what its response says.
//!
//! Steady state costs one signature: header, `ath` and key are cached (RC11).

use alloc::rc::Rc;
use alloc::string::String;
use core::pin::pin;
use core::task::Poll;

use countersign::challenge;
use countersign::nonce::{Nonce, Role};

use crate::engine::{Engine, KnownToken};
use crate::error::ClientError;
use crate::gate::{Gate, Keeper};
use crate::platform::{Platform, UnixMillis};

/// How long a call waits for another one's nonce before it goes without.
const NONCE_WAIT_MILLIS: u32 = 1_000;

/// What to do with a request.
pub enum Authorization<K> {
    /// It carries none of our bound tokens: send it as it is.
    PassThrough,
    /// Replace its `Authorization` and add the proof.
    Upgraded(Upgraded<K>),
}

/// The headers of one request.
pub struct Upgraded<K> {
    /// Value of the `DPoP` header: for this request only.
    pub proof: String,
    /// To be given back with the response.
    pub attempt: Attempt<K>,
}

/// One sent request whose response is still to be observed. Dropped when there will be none (network error, abort):
/// whoever waits for it goes on.
pub struct Attempt<K> {
    known: Rc<KnownToken<K>>,
    method: String,
    origin: String,
    htu: String,
    nonce: Option<Nonce>,
    offset: i64,
    is_retry: bool,
    probe: Option<Keeper<()>>,
}

impl<K> Attempt<K> {
    /// The request's `Authorization` header (R1).
    #[must_use]
    pub fn authorization(&self) -> String {
        let mut authorization = String::from("DPoP ");
        authorization.push_str(&self.known.token);
        authorization
    }
}

/// What the engine reads of an API's response. A header that cannot be read is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// HTTP status.
    pub status: u16,
    /// `DPoP-Nonce`.
    pub dpop_nonce: Option<&'a str>,
    /// `WWW-Authenticate`, several joined by commas.
    pub www_authenticate: Option<&'a str>,
    /// `Date`.
    pub date: Option<UnixMillis>,
}

impl<P: Platform> Engine<P> {
    /// The headers for one request with an access token. `origin` and `path` as WHATWG serialises them, the path
    /// without query and fragment (P4).
    ///
    /// Waits, at most a second, where another call is already asking this origin for a nonce.
    ///
    /// # Errors
    /// [`Cause::KeyFailed`](crate::Cause::KeyFailed).
    pub async fn authorize(
        &self,
        method: &str,
        origin: &str,
        path: &str,
        access_token: &str,
    ) -> Result<Authorization<P::Key>, ClientError> {
        let Some(known) = self.known(access_token) else {
            return Ok(Authorization::PassThrough);
        };
        let mut htu = String::from(origin);
        htu.push_str(path);
        let probe = self.await_nonce(origin).await;
        let (method, origin) = (String::from(method), String::from(origin));
        let attempt = Attempt {
            known,
            method,
            origin,
            htu,
            nonce: None,
            offset: 0,
            is_retry: false,
            probe,
        };
        self.upgrade(attempt).await.map(Authorization::Upgraded)
    }

    /// Reads a response. `None`: deliver it. Otherwise send once more, with these headers (N5).
    ///
    /// # Errors
    /// [`Cause::KeyFailed`](crate::Cause::KeyFailed).
    pub async fn observe(
        &self,
        mut attempt: Attempt<P::Key>,
        response: &Observed<'_>,
        is_replayable: bool,
    ) -> Result<Option<Upgraded<P::Key>>, ClientError> {
        let origin = &attempt.origin;
        let server = self.authorization_server(&attempt.known);
        let is_refused = response.status == 401;
        self.remember_nonce(Role::ResourceServer, origin, response.dpop_nonce);
        self.learn(origin, &server, response.date, is_refused);
        let refusal = if is_refused {
            Refusal::of(response)
        } else {
            Refusal::Other
        };
        if refusal == Refusal::Nonce {
            let nonces = &mut self.state.borrow_mut().nonces;
            nonces.mark_challenged(Role::ResourceServer, origin);
            if nonces.newest(Role::ResourceServer, origin) == attempt.nonce.as_ref() {
                nonces.forget(Role::ResourceServer, origin);
            }
        }
        if let Some(probe) = attempt.probe.take() {
            probe.answer(());
        }
        if attempt.is_retry || !is_replayable {
            return Ok(None);
        }
        attempt.is_retry = match refusal {
            Refusal::Nonce => self.newest(Role::ResourceServer, origin).is_some(),
            Refusal::Proof => {
                self.is_clock_mended(origin, &server, attempt.offset, response.date)
                    .await
            }
            Refusal::Unreadable => {
                self.newest(Role::ResourceServer, origin)
                    .is_some_and(|newest| Some(newest) != attempt.nonce)
                    || self.has_clock_moved(origin, &server, attempt.offset)
            }
            Refusal::Other => false,
        };
        if attempt.is_retry {
            self.upgrade(attempt).await.map(Some)
        } else {
            Ok(None)
        }
    }

    async fn upgrade(&self, mut attempt: Attempt<P::Key>) -> Result<Upgraded<P::Key>, ClientError> {
        let server = self.authorization_server(&attempt.known);
        attempt.nonce = self.newest(Role::ResourceServer, &attempt.origin);
        attempt.offset = self.state.borrow().clocks.offset(&attempt.origin, &server);
        let known = &attempt.known;
        let nonce = attempt.nonce.as_ref().map(Nonce::as_str);
        let proof = self
            .prove(
                &known.signer,
                &attempt.method,
                &attempt.htu,
                attempt.offset,
                Some(&known.ath),
                nonce,
            )
            .await?;
        Ok(Upgraded { proof, attempt })
    }

    /// The origin whose clock a resource server is taken to share until it shows its own.
    fn authorization_server(&self, known: &KnownToken<P::Key>) -> String {
        self.with(known.client, |entry| {
            entry
                .metadata
                .as_ref()
                .map(|metadata| metadata.token.origin.clone())
                .unwrap_or_default()
        })
    }

    /// Nobody waits on an origin that never challenged. Where one has and no nonce is held, one call asks (it gets the
    /// keeper) and the others wait for it (RC10); if it gives up, the next one asks.
    async fn await_nonce(&self, origin: &str) -> Option<Keeper<()>> {
        let mut timer = pin!(self.platform.sleep(NONCE_WAIT_MILLIS));
        loop {
            let gate = {
                let state = &mut *self.state.borrow_mut();
                let is_wanted = state.nonces.has_challenged(Role::ResourceServer, origin)
                    && state.nonces.newest(Role::ResourceServer, origin).is_none();
                if !is_wanted {
                    return None;
                }
                state.probes.retain(|(_, gate)| !gate.is_open());
                let Some((_, gate)) = state.probes.iter().find(|(asked, _)| asked == origin) else {
                    let (gate, keeper) = Gate::close();
                    state.probes.push((String::from(origin), gate));
                    return Some(keeper);
                };
                Rc::clone(gate)
            };
            let is_over = core::future::poll_fn(|context| match gate.poll(context) {
                Poll::Ready(answer) => Poll::Ready(answer.is_some()),
                Poll::Pending => timer.as_mut().poll(context).map(|()| true),
            });
            if is_over.await {
                return None;
            }
        }
    }
}

/// What a 401 was for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Nonce,
    Proof,
    /// The server does not expose its challenge.
    Unreadable,
    Other,
}

impl Refusal {
    fn of(response: &Observed<'_>) -> Self {
        let Some(header) = response.www_authenticate else {
            return Self::Unreadable;
        };
        let challenges = challenge::parse(&[header]);
        let error = challenges
            .iter()
            .filter(|challenge| challenge.is("DPoP"))
            .find_map(|challenge| challenge.get("error"));
        match error {
            Some("use_dpop_nonce") => Self::Nonce,
            Some("invalid_dpop_proof") => Self::Proof,
            _ => Self::Other,
        }
    }
}
