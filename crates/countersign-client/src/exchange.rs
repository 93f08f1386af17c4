//! Requests to the authorization server's endpoints: forms with proofs, and what every response
//! tells.
//!
//! Every response may bring a nonce (8.2, RC7). A request is sent once more only if a new proof can
//! help.

use countersign::nonce::{Nonce, Role};

use crate::clock::{Source, has_moved};
use crate::engine::Engine;
use crate::error::ClientError;
use crate::form::status_text;
use crate::platform::{Document, OWN_ORIGIN, Platform, Request, SendError, UnixMillis};
use crate::state::{Endpoint, Signer};

impl<P: Platform> Engine<P> {
    /// Sends a form (T1), and once more if the server refused the proof for its nonce or time.
    pub(crate) async fn post(
        &self,
        endpoint: &Endpoint,
        signer: Option<&Signer<P::Key>>,
        form: &str,
    ) -> Result<P::Document, ClientError> {
        let url = &*endpoint.url;
        let origin = &*endpoint.parts.origin;
        let htu = endpoint.parts.htu();
        let mut is_retry = false;
        loop {
            let nonce = self.newest(Role::AuthorizationServer, origin);
            self.settle_clock(origin).await;
            let offset = self.offset(origin, "");
            let proof = match signer {
                Some(signer) => {
                    let nonce = nonce.as_ref().map(Nonce::as_str);
                    Some(
                        self.prove(signer, "POST", &htu, offset, None, nonce)
                            .await?,
                    )
                }
                None => None,
            };
            let request = Request {
                method: "POST",
                url,
                form: Some(form),
                proof: proof.as_deref(),
            };
            let response = self
                .platform
                .send(request)
                .await
                .map_err(|_| ClientError::new(endpoint.failures.unreachable, &[url]))?;
            self.remember_nonce(Role::AuthorizationServer, origin, &response.dpop_nonce);
            self.learn(origin, "", response.date, true, Source::Vouched);
            let document = response.json;
            // Tokens come with 200; a pushed request is answered with 201 (RFC 9126, 2.2).
            if matches!(response.status, 200 | 201) {
                return document.ok_or_else(|| endpoint.invalid(""));
            }
            let text = |name| {
                document
                    .as_ref()
                    .map_or_else(|| "".into(), |document| document.text(name))
            };
            let error = text("error");
            if signer.is_some() && !is_retry {
                is_retry = match &*error {
                    "use_dpop_nonce" => {
                        self.is_newer(Role::AuthorizationServer, origin, nonce.as_ref())
                    }
                    // Keycloak calls a proof that it refuses an `invalid_request`.
                    "invalid_dpop_proof" | "invalid_request" => {
                        self.is_clock_mended(origin, "", offset, response.date)
                            .await
                    }
                    _ => false,
                };
                if is_retry {
                    continue;
                }
            }
            let status = status_text(response.status);
            return Err(ClientError::new(
                endpoint.failures.refused,
                &[&error, &text("error_description"), &status],
            ));
        }
    }

    pub(crate) fn newest(&self, role: Role, origin: &str) -> Option<Nonce> {
        self.state.borrow().nonces.newest(role, origin).cloned()
    }

    /// Tells whether another nonce is held than the one that was used.
    pub(crate) fn is_newer(&self, role: Role, origin: &str, used: Option<&Nonce>) -> bool {
        let nonces = &self.state.borrow().nonces;
        let newest = nonces.newest(role, origin);
        newest.is_some() && newest != used
    }

    pub(crate) fn remember_nonce(&self, role: Role, origin: &str, header: &str) {
        if let Some(nonce) = Nonce::parse(header) {
            self.state.borrow_mut().nonces.remember(role, origin, nonce);
        }
    }

    pub(crate) fn learn(
        &self,
        origin: &str,
        fallback: &str,
        date: Option<UnixMillis>,
        is_fresh: bool,
        source: Source,
    ) {
        if let Some(date) = date {
            let local = self.platform.now();
            let clocks = &mut self.state.borrow_mut().clocks;
            clocks.notice(local, self.platform.monotonic());
            clocks.learn(origin, fallback, local, date, is_fresh, source);
        }
    }

    /// Asks the app's own origin whether the local clock was set, if it has moved ahead of the
    /// monotonic one since the last proof. `server`: the authorization server's origin.
    pub(crate) async fn settle_clock(&self, server: &str) {
        let ahead = {
            let clocks = &mut self.state.borrow_mut().clocks;
            clocks.notice(self.platform.now(), self.platform.monotonic());
            clocks.take_ahead()
        };
        if ahead == 0 {
            return;
        }
        let date = self.ask_own_origin().await;
        let clocks = &mut self.state.borrow_mut().clocks;
        match date {
            Ok(Some(date)) => clocks.settle(ahead, date.0 - self.platform.now().0, server),
            Ok(None) => {}
            Err(_) => clocks.doubt(),
        }
    }

    async fn ask_own_origin(&self) -> Result<Option<UnixMillis>, SendError> {
        let request = Request {
            method: "HEAD",
            url: OWN_ORIGIN,
            form: None,
            proof: None,
        };
        Ok(self.platform.send(request).await?.date)
    }

    /// Tells whether another time is known than the one that a refused proof carried. If none could
    /// be read, or one that was not believed, it asks the app's own origin for its `Date`.
    pub(crate) async fn is_clock_mended(
        &self,
        origin: &str,
        fallback: &str,
        used: i64,
        date: Option<UnixMillis>,
    ) -> bool {
        let is_mended = || has_moved(self.offset(origin, fallback), used);
        let is_doubted = date.is_none_or(|date| has_moved(date.0 - self.platform.now().0, used));
        if !is_mended() && is_doubted {
            let date = self.ask_own_origin().await.unwrap_or(None);
            self.learn(origin, fallback, date, true, Source::Vouched);
        }
        is_mended()
    }
}
