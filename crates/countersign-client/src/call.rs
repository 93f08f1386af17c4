//! One API call: the headers that it needs, and what its response tells.
//!
//! In the steady state a call costs one signature: header, `ath` and key are cached (RC11).

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::pin::pin;
use core::task::Poll;

use countersign::nonce::{Nonce, Role};

use crate::clock::Source;
use crate::engine::Engine;
use crate::error::{Cause, ClientError};
use crate::form::holds;
use crate::gate::Keeper;
use crate::platform::{Platform, UnixMillis, Url};
use crate::redirect::{Redirected, Seen, redirect};
use crate::state::{BoundToken, KnownToken};
use crate::text::Text;

/// How long a call waits for the nonce that another call asked for, before it is sent without one.
const NONCE_WAIT_MILLIS: u32 = 1_000;

/// The headers of one request.
#[non_exhaustive]
pub struct Upgraded<P: Platform> {
    /// Value of the `DPoP` header: for this request only.
    pub proof: Text,
    /// Belongs to [`Engine::observe`], together with the response.
    pub attempt: Attempt<P>,
}

/// A request that was sent and whose response is still to be observed. Drop it if there will be no
/// response (network error, abort): calls that wait for its nonce then go on.
pub struct Attempt<P: Platform>(Box<Sending<P>>);

struct Sending<P: Platform> {
    known: Rc<KnownToken<P>>,
    method: Text,
    url: Url,
    nonce: Option<Nonce>,
    offset: i64,
    stage: Stage,
    probe: Option<Keeper>,
}

/// Which attempt may follow this one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// One more, if that helps.
    First,
    /// One more after a 401, because the proof named another URL than the one that answered.
    Redirected,
    /// None.
    Last,
    /// None, and nothing is learned: another origin answered.
    Lost,
}

impl<P: Platform> Attempt<P> {
    /// Reports the URL reached by redirects that the platform followed on its own, still with the
    /// old proof. Call it before the response is [observed](Engine::observe). `is_slash`: this URL
    /// and the first one differ only by a slash at the end of the path.
    pub fn redirected(&mut self, url: Url, is_slash: bool) {
        let sending = &mut *self.0;
        let seen = Seen::Unseen { is_slash };
        sending.stage = match redirect(&sending.method, &sending.url.origin, &url.origin, seen) {
            Redirected::OtherOrigin => Stage::Lost,
            Redirected::SameOrigin(_) if sending.stage == Stage::First => Stage::Redirected,
            _ => Stage::Last,
        };
        sending.url = url;
    }

    /// Returns the request's `Authorization` header (R1).
    #[must_use]
    pub fn authorization(&self) -> String {
        let mut authorization = String::from("DPoP ");
        authorization.push_str(&self.0.known.token);
        authorization
    }
}

/// What the engine reads of an API's response. A header that cannot be read is empty or `None`.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "callers build it, and a constructor would be more WebAssembly"
)]
pub struct Observed<'a> {
    /// HTTP status.
    pub status: u16,
    /// `DPoP-Nonce`.
    pub dpop_nonce: &'a str,
    /// `WWW-Authenticate`; several are joined by commas.
    pub www_authenticate: &'a str,
    /// `Date`.
    pub date: Option<UnixMillis>,
}

impl<P: Platform> Engine<P> {
    /// Returns the headers for one request with an access token that
    /// [`bound_token`](Self::bound_token) found, or `None` if the engine no longer knows that
    /// token.
    ///
    /// Waits, for at most a second, if another call is already asking this origin for a nonce.
    ///
    /// # Errors
    /// [`Cause::KeyFailed`](crate::Cause::KeyFailed).
    pub async fn authorize(
        &self,
        method: Text,
        url: Url,
        token: BoundToken,
    ) -> Result<Option<Upgraded<P>>, ClientError> {
        let Some(known) = self.known(token) else {
            return Ok(None);
        };
        self.settle_clock(known.client.server()).await;
        let probe = self.await_nonce(&url.origin).await;
        let sending = Box::new(Sending {
            known,
            method,
            url,
            nonce: None,
            offset: 0,
            stage: Stage::First,
            probe,
        });
        self.upgrade(sending).await.map(Some)
    }

    /// Reads a response. Returns `None` if the caller gets this response. Otherwise the request
    /// must be sent once more with the returned headers (N5), to the URL where redirects led, if
    /// there were any.
    ///
    /// # Errors
    /// [`Cause::KeyFailed`](crate::Cause::KeyFailed).
    pub async fn observe(
        &self,
        attempt: Attempt<P>,
        response: &Observed<'_>,
        is_replayable: bool,
    ) -> Result<Option<Upgraded<P>>, ClientError> {
        let mut sending = attempt.0;
        if sending.stage == Stage::Lost {
            return Ok(None);
        }
        let fault = self.judge(&mut sending, response);
        if sending.stage == Stage::Last || !is_replayable {
            return Ok(None);
        }
        let origin = &sending.url.origin;
        let server = sending.known.client.server();
        let is_unreadable = fault == Fault::Unreadable;
        let is_for_nonce = (is_unreadable || fault == Fault::Nonce)
            && self.is_newer(Role::ResourceServer, origin, sending.nonce.as_ref());
        let is_for_url = sending.stage == Stage::Redirected && response.status == 401;
        // If a 401 does not say its reason, a second attempt is made only if the clocks differ.
        let may_be_for_time = fault == Fault::Proof || (is_unreadable && response.date.is_some());
        if is_for_nonce
            || is_for_url
            || (may_be_for_time
                && self
                    .is_clock_mended(origin, server, sending.offset, response.date)
                    .await)
        {
            sending.stage = Stage::Last;
            return self.upgrade(sending).await.map(Some);
        }
        Ok(None)
    }

    /// Reads a response that the caller gets: any but a 401, which is for
    /// [`observe`](Self::observe) to decide. Needs no future.
    pub fn delivered(&self, attempt: Attempt<P>, dpop_nonce: &str, date: Option<UnixMillis>) {
        let mut sending = attempt.0;
        if sending.stage != Stage::Lost {
            let response = Observed {
                status: 200,
                dpop_nonce,
                www_authenticate: "",
                date,
            };
            self.judge(&mut sending, &response);
        }
    }

    /// Learns from the response, and wakes the calls that wait for its nonce.
    fn judge(&self, sending: &mut Sending<P>, response: &Observed<'_>) -> Fault {
        let origin = &*sending.url.origin;
        let is_refused = response.status == 401;
        let fault = if is_refused {
            Fault::of(response)
        } else {
            Fault::Other
        };
        self.remember_nonce(Role::ResourceServer, origin, response.dpop_nonce);
        self.learn(
            origin,
            sending.known.client.server(),
            response.date,
            is_refused,
            if P::ARE_RESPONSES_GENUINE {
                Source::Vouched
            } else {
                Source::Anybody
            },
        );
        if fault == Fault::Nonce {
            let nonces = &mut self.state.borrow_mut().nonces;
            nonces.mark_challenged(Role::ResourceServer, origin);
            if nonces.newest(Role::ResourceServer, origin) == sending.nonce.as_ref() {
                nonces.forget(Role::ResourceServer, origin);
            }
        }
        if let Some(probe) = sending.probe.take() {
            probe.answer(Ok(()));
        }
        fault
    }

    async fn upgrade(&self, mut sending: Box<Sending<P>>) -> Result<Upgraded<P>, ClientError> {
        // Platforms parse URLs. What isn't one could make origin and path name another host. (An
        // origin that ends with the slash is another for nonces, and names the same host.)
        if !sending.url.path.starts_with('/') && !sending.url.origin.ends_with('/') {
            return Err(Cause::KeyFailed.into());
        }
        let server = sending.known.client.server();
        sending.nonce = self.newest(Role::ResourceServer, &sending.url.origin);
        sending.offset = self.offset(&sending.url.origin, server);
        let known = &sending.known;
        let nonce = sending.nonce.as_ref().map(Nonce::as_str);
        let proof = self
            .prove(
                &known.signer,
                &sending.method,
                &sending.url.htu(),
                sending.offset,
                known.ath.as_deref(),
                nonce,
            )
            .await?;
        Ok(Upgraded {
            proof,
            attempt: Attempt(sending),
        })
    }

    /// Waits for a nonce if one is needed. No call waits on an origin that never challenged. If an
    /// origin has challenged and no nonce is held, one call asks (it gets the keeper) and the
    /// others wait for it (RC10). If that call gives up, the next one asks.
    async fn await_nonce(&self, origin: &str) -> Option<Keeper> {
        let mut timer = pin!(self.platform.sleep(NONCE_WAIT_MILLIS));
        loop {
            let gate = {
                let state = &mut *self.state.borrow_mut();
                let is_wanted = state.nonces.has_challenged(Role::ResourceServer, origin)
                    && state.nonces.newest(Role::ResourceServer, origin).is_none();
                if !is_wanted {
                    return None;
                }
                match state.probes.join(origin) {
                    Ok(gate) => gate,
                    Err(keeper) => return Some(keeper),
                }
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

/// The reason of a 401.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nonce,
    Proof,
    /// The server does not expose its challenge.
    Unreadable,
    Other,
}

impl Fault {
    fn of(response: &Observed<'_>) -> Self {
        let header = response.www_authenticate.as_bytes();
        // The codes mean the same wherever they stand in the header. Parsing it
        // (`challenge::parse`) would add 1,300 bytes to the WebAssembly's 20,000.
        if header.is_empty() {
            Self::Unreadable
        } else if holds(header, b"use_dpop_nonce") {
            Self::Nonce
        } else if holds(header, b"invalid_dpop_proof") {
            Self::Proof
        } else {
            Self::Other
        }
    }
}
