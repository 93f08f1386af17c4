//! The token endpoint: requests with proofs, its nonces and clock, and what is believed of its answers.
//!
//! Nonces are taken from every response (8.2, RC7). One retry, only for what a new proof can mend.

use alloc::rc::Rc;
use alloc::string::String;

use countersign::nonce::{Nonce, Role};
use countersign::support::{Refusal, TokenUse, accept};

use crate::clock::has_moved;
use crate::discovery::Metadata;
use crate::engine::{Client, Engine, KnownToken, Signer, Tokens};
use crate::error::{Cause, ClientError};
use crate::form::{Parameter, encode, status_text};
use crate::gate::Gate;
use crate::id_token::{self, Expected};
use crate::platform::{Document, OWN_ORIGIN, Platform, Request, UnixMillis};

/// A renewed-away token stays known this long after its expiry, as clocks may differ.
const KNOWN_LEEWAY_MILLIS: i64 = 300_000;

/// A successful token response.
pub(crate) struct Issued<D> {
    document: D,
    is_dated: bool,
}

impl<P: Platform> Engine<P> {
    /// Renews by refresh token. Concurrent calls share one request (and the first one's `extra`).
    ///
    /// # Errors
    /// [`Cause::NoRefreshToken`], [`Cause::TokenRefused`] (`invalid_grant` is never hidden), and those of
    /// [`complete`](Self::complete) that concern tokens. After [`Cause::TokenNotBound`] the session has ended.
    pub async fn renew(&self, client: Client, extra: &[Parameter]) -> Result<(), ClientError> {
        if let Some(gate) = self
            .with(client, |entry| entry.renewal.clone())
            .filter(|gate| !gate.is_open())
        {
            // A renewal that was abandoned answers nothing: then the tokens are as they were.
            return core::future::poll_fn(|context| gate.poll(context))
                .await
                .unwrap_or(Ok(()));
        }
        let (gate, keeper) = Gate::close();
        self.with(client, |entry| entry.renewal = Some(gate));
        let outcome = self.renew_alone(client, extra).await;
        keeper.answer(outcome.clone());
        outcome
    }

    async fn renew_alone(&self, client: Client, extra: &[Parameter]) -> Result<(), ClientError> {
        let (ended, tokens, signer, client_id) = self.with(client, |entry| {
            (
                entry.ended.clone(),
                entry.tokens.clone(),
                entry.signer.clone(),
                entry.client_id.clone(),
            )
        });
        if let Some(ended) = ended {
            return Err(ended);
        }
        let refresh_token = tokens
            .as_ref()
            .and_then(|tokens| tokens.refresh_token.as_deref())
            .ok_or(Cause::NoRefreshToken)?;
        let metadata = self.discover(client).await?;
        let own = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", client_id.as_str()),
        ];
        let issued = self
            .request_tokens(&metadata, signer.as_deref(), &encode(&own, extra))
            .await?;
        self.accept_tokens(client, &metadata, signer, issued, None)
            .await
    }

    /// One token request (T1), and one more where the first was refused for its nonce or its time.
    pub(crate) async fn request_tokens(
        &self,
        metadata: &Metadata,
        signer: Option<&Signer<P::Key>>,
        form: &str,
    ) -> Result<Issued<P::Document>, ClientError> {
        let origin = &metadata.token.origin;
        let mut htu = origin.clone();
        htu.push_str(&metadata.token.path);
        let mut is_retry = false;
        loop {
            let (nonce, offset) = {
                let state = self.state.borrow();
                let nonce = state
                    .nonces
                    .newest(Role::AuthorizationServer, origin)
                    .cloned();
                (nonce, state.clocks.offset(origin, ""))
            };
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
            let url = &metadata.token_endpoint;
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
                .map_err(|_| ClientError::new(Cause::TokenUnreachable, &[url]))?;
            self.remember_nonce(
                Role::AuthorizationServer,
                origin,
                response.dpop_nonce.as_deref(),
            );
            self.learn(origin, "", response.date, true);
            let document = self.platform.parse(&response.body);
            if response.status == 200 {
                let document =
                    document.ok_or_else(|| ClientError::new(Cause::TokenResponseInvalid, &[""]))?;
                return Ok(Issued {
                    document,
                    is_dated: response.date.is_some(),
                });
            }
            let text = |name| {
                document
                    .as_ref()
                    .and_then(|document| document.text(name))
                    .unwrap_or_default()
            };
            let error = text("error");
            if signer.is_some() && !is_retry {
                is_retry = match error.as_str() {
                    "use_dpop_nonce" => self
                        .newest(Role::AuthorizationServer, origin)
                        .is_some_and(|newest| Some(newest) != nonce),
                    "invalid_dpop_proof" => {
                        self.is_clock_mended(origin, "", offset, response.date)
                            .await
                    }
                    _ => false,
                };
                if is_retry {
                    continue;
                }
            }
            let details = [
                &*error,
                &text("error_description"),
                &status_text(response.status),
            ];
            return Err(ClientError::new(Cause::TokenRefused, &details));
        }
    }

    /// Checks a token response and makes it the client's. `nonce`: that of the login; `None` at a refresh.
    pub(crate) async fn accept_tokens(
        &self,
        client: Client,
        metadata: &Metadata,
        signer: Option<Rc<Signer<P::Key>>>,
        issued: Issued<P::Document>,
        nonce: Option<String>,
    ) -> Result<(), ClientError> {
        let Issued { document, is_dated } = issued;
        let missing = |member| ClientError::new(Cause::TokenResponseInvalid, &[member]);
        let access_token = document
            .text("access_token")
            .ok_or_else(|| missing("access_token"))?;
        let token_type = document
            .text("token_type")
            .ok_or_else(|| missing("token_type"))?;
        let (mode, client_id) = self.with(client, |entry| (entry.mode, entry.client_id.clone()));
        // A refresh continues a session; one that was logged out meanwhile is not revived.
        let previous = self.tokens(client).filter(|_| nonce.is_none());
        if nonce.is_none() && previous.is_none() {
            return Err(Cause::NoRefreshToken.into());
        }
        let asked = if signer.is_some() {
            TokenUse::Dpop
        } else {
            TokenUse::Bearer
        };
        let is_bound = match accept(mode, asked, &token_type) {
            Ok(token_use) => token_use == TokenUse::Dpop,
            Err(Refusal::UnknownTokenType) => {
                return Err(ClientError::new(Cause::TokenTypeUnknown, &[&token_type]));
            }
            Err(_) => {
                let error =
                    ClientError::new(Cause::TokenNotBound, &[&metadata.issuer, &token_type]);
                self.end_session(client, &error);
                return Err(error);
            }
        };

        let id_token = document.text("id_token");
        let (id_token, claims, subject, nonce) = match (id_token, &previous) {
            (None, None) => return Err(Cause::IdTokenMissing.into()),
            (None, Some(previous)) => (
                previous.id_token.clone(),
                Rc::clone(&previous.claims),
                previous.subject.clone(),
                previous.nonce.clone(),
            ),
            (Some(id_token), previous) => {
                let claims =
                    id_token::payload(&self.platform, &id_token).ok_or(Cause::IdTokenMalformed)?;
                if !is_dated && let Some(issued) = claims.number("iat") {
                    self.learn(
                        &metadata.token.origin,
                        "",
                        Some(UnixMillis(issued as i64 * 1000)),
                        true,
                    );
                }
                let nonce = nonce
                    .or_else(|| previous.as_ref().map(|previous| previous.nonce.clone()))
                    .unwrap_or_default();
                let expected = Expected {
                    issuer: &metadata.issuer,
                    client_id: &client_id,
                    nonce: &nonce,
                    subject: previous.as_ref().map(|previous| previous.subject.as_str()),
                    now: self.server_now(metadata).0 / 1000,
                };
                let subject = id_token::check(&claims, &expected)?;
                (id_token, Rc::new(claims), subject, nonce)
            }
        };

        let now = self.server_now(metadata);
        let lifetime = |name| document.number(name).filter(|&seconds| seconds > 0.0);
        let end = |lifetime: Option<f64>, token: &str| {
            lifetime
                .map(|seconds| now.0 + (seconds * 1000.0) as i64)
                .or_else(|| {
                    let claims = id_token::payload(&self.platform, token)?;
                    Some((claims.number("exp")? * 1000.0) as i64)
                })
        };
        let expires = end(lifetime("expires_in"), &access_token)
            .or_else(|| end(None, &id_token))
            .unwrap_or(now.0);
        let expires = UnixMillis(expires);
        let refresh_token = document.text("refresh_token").or_else(|| {
            previous
                .as_ref()
                .and_then(|previous| previous.refresh_token.clone())
        });
        let refresh_expires = refresh_token
            .as_ref()
            .and_then(|token| end(lifetime("refresh_expires_in"), token))
            .map(UnixMillis);

        let known = match &signer {
            Some(signer) if is_bound => Some(Rc::new(KnownToken {
                ath: self.hash(&access_token).await?,
                token: access_token.clone(),
                signer: Rc::clone(signer),
                client,
                expires,
            })),
            _ => None,
        };
        let state = &mut *self.state.borrow_mut();
        let entry = &mut state.clients[client.0];
        entry.signer = signer;
        entry.ended = None;
        entry.tokens = Some(Rc::new(Tokens {
            access_token,
            expires,
            id_token,
            claims,
            refresh_token,
            refresh_expires,
            is_bound,
            subject,
            nonce,
        }));
        let clients = &state.clients;
        state.known.retain(|known| {
            let current = clients[known.client.0].tokens.as_ref();
            now.0 < known.expires.0 + KNOWN_LEEWAY_MILLIS
                || current.is_some_and(|tokens| tokens.access_token == known.token)
        });
        state.known.extend(known);
        Ok(())
    }

    fn end_session(&self, client: Client, error: &ClientError) {
        self.with(client, |entry| {
            entry.tokens = None;
            entry.signer = None;
            entry.ended = Some(error.clone());
        });
        self.state
            .borrow_mut()
            .known
            .retain(|known| known.client != client);
    }

    fn server_now(&self, metadata: &Metadata) -> UnixMillis {
        UnixMillis(
            self.platform.now().0
                + self
                    .state
                    .borrow()
                    .clocks
                    .offset(&metadata.token.origin, ""),
        )
    }

    pub(crate) fn newest(&self, role: Role, origin: &str) -> Option<Nonce> {
        self.state.borrow().nonces.newest(role, origin).cloned()
    }

    pub(crate) fn remember_nonce(&self, role: Role, origin: &str, header: Option<&str>) {
        if let Some(nonce) = header.and_then(Nonce::parse) {
            self.state.borrow_mut().nonces.remember(role, origin, nonce);
        }
    }

    pub(crate) fn learn(
        &self,
        origin: &str,
        fallback: &str,
        date: Option<UnixMillis>,
        is_fresh: bool,
    ) {
        if let Some(date) = date {
            let local = self.platform.now();
            let clocks = &mut self.state.borrow_mut().clocks;
            clocks.learn(
                origin,
                clocks.offset(origin, fallback),
                local,
                date,
                is_fresh,
            );
        }
    }

    /// After a proof that may have been refused for its time: is another now known than the one that was used?
    /// Where no `Date` could be read, the app's own origin is asked for one.
    pub(crate) async fn is_clock_mended(
        &self,
        origin: &str,
        fallback: &str,
        used: i64,
        date: Option<UnixMillis>,
    ) -> bool {
        if date.is_none() {
            let request = Request {
                method: "HEAD",
                url: OWN_ORIGIN,
                form: None,
                proof: None,
            };
            if let Ok(response) = self.platform.send(request).await {
                self.learn(origin, fallback, response.date, true);
            }
        }
        self.has_clock_moved(origin, fallback, used)
    }

    pub(crate) fn has_clock_moved(&self, origin: &str, fallback: &str, used: i64) -> bool {
        has_moved(self.state.borrow().clocks.offset(origin, fallback), used)
    }
}
