//! Login and logout: the authorization request, its response, and what waits between the two.
//!
//! A redirect leaves the page, so verifier, OIDC nonce and key wait in the platform's keeping under `state`; a silent
//! login (hidden iframe) waits in memory.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use countersign::proof::ProofHeader;
use countersign::support::TokenUse;

use crate::discovery::Metadata;
use crate::engine::{Client, Engine, Signer};
use crate::error::{Cause, ClientError};
use crate::form::{Parameter, encode, value, with_query};
use crate::platform::{FLOW_LIFETIME_MILLIS, Platform, Record, UnixMillis};

/// What a page recognises our authorization responses by.
const STATE_PREFIX: &str = "cs.";

/// How to ask.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// As registered.
    pub redirect_uri: &'a str,
    /// In a hidden iframe, with `prompt=none`: nothing is kept outside memory.
    pub silent: bool,
    /// `false`: `prompt=none`.
    pub interactive: bool,
    /// Further query parameters. Those that the engine sets cannot be overridden.
    pub extra: &'a [Parameter],
}

/// Where to send the browser.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// The authorization request.
    pub url: String,
    /// Its `state`.
    pub state: String,
}

/// A login under way.
pub(crate) struct Flow<K> {
    pub(crate) client: Client,
    pub(crate) verifier: String,
    pub(crate) nonce: String,
    pub(crate) redirect_uri: String,
    /// The key that the code is bound to (`dpop_jkt`).
    pub(crate) signer: Option<Rc<Signer<K>>>,
    pub(crate) started: UnixMillis,
}

impl<P: Platform> Engine<P> {
    /// Discovers, decides the mode, makes or reuses the key, and returns the authorization request (C1).
    ///
    /// # Errors
    /// Discovery's, [`Cause::DpopUnsupported`], [`Cause::KeyFailed`], [`Cause::StorageRefused`].
    pub async fn login(
        &self,
        client: Client,
        request: &AuthorizationRequest<'_>,
    ) -> Result<Redirect, ClientError> {
        let metadata = self.discover(client).await?;
        let mut signer = match self.token_use(client, &metadata)? {
            TokenUse::Dpop => Some(self.signer(client).await?),
            TokenUse::Bearer => None,
        };
        let mut state = String::from(STATE_PREFIX);
        state.push_str(&self.random_text::<24>());
        let verifier = self.random_text::<32>();
        let nonce = self.random_text::<24>();
        let challenge = self.hash(&verifier).await?;
        if request.silent {
            let started = self.platform.now();
            let flows = &mut self.state.borrow_mut().flows;
            flows.retain(|(_, flow)| started.0 - flow.started.0 < FLOW_LIFETIME_MILLIS);
            let redirect_uri = String::from(request.redirect_uri);
            let nonce = nonce.clone();
            flows.push((
                state.clone(),
                Flow {
                    client,
                    verifier,
                    nonce,
                    redirect_uri,
                    signer: signer.clone(),
                    started,
                },
            ));
        } else {
            let (issuer, client_id) = self.with(client, |entry| {
                (entry.issuer.clone(), entry.client_id.clone())
            });
            let mut record = Record {
                fields: Vec::from([
                    issuer,
                    client_id,
                    verifier,
                    nonce.clone(),
                    String::from(request.redirect_uri),
                ]),
                keys: signer.iter().map(|signer| signer.pair.clone()).collect(),
            };
            let mut is_kept = self.platform.keep(&state, &record).await;
            if !is_kept && !record.keys.is_empty() {
                // A key that cannot wait is made after the redirect: the code is then bound by PKCE alone.
                signer = None;
                record.keys.clear();
                is_kept = self.platform.keep(&state, &record).await;
            }
            if !is_kept {
                return Err(Cause::StorageRefused.into());
            }
        }
        let dpop_jkt = match &signer {
            Some(signer) => self.hash(&signer.pair.public.thumbprint_input()).await?,
            None => String::new(),
        };
        let (client_id, scope) = self.with(client, |entry| {
            (entry.client_id.clone(), entry.scope.clone())
        });
        let own = [
            ("response_type", "code"),
            ("client_id", &client_id),
            ("redirect_uri", request.redirect_uri),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("dpop_jkt", &dpop_jkt),
            ("prompt", "none"),
        ];
        let is_prompt_ours = request.silent || !request.interactive;
        let query = encode(&own[..if is_prompt_ours { 10 } else { 9 }], request.extra);
        Ok(Redirect {
            url: with_query(&metadata.authorization_endpoint, &query),
            state,
        })
    }

    /// Redeems an authorization response, its parameters as they came. The flow that its `state` names is forgotten
    /// first, so a second call finds nothing.
    ///
    /// # Errors
    /// [`Cause::FlowUnknown`], [`Cause::ResponseIssuerMismatch`], [`Cause::AuthorizationError`],
    /// [`Cause::ResponseInvalid`], and those of discovery, token request and id_token.
    pub async fn complete(
        &self,
        client: Client,
        response: &[Parameter],
        extra: &[Parameter],
    ) -> Result<(), ClientError> {
        let state = value(response, "state").unwrap_or_default();
        let flow = self.take_flow(client, state).await;
        let flow = flow.ok_or_else(|| ClientError::new(Cause::FlowUnknown, &[state]))?;
        let metadata = self.discover(client).await?;
        let issuer = value(response, "iss");
        if issuer.map_or(metadata.is_iss_required, |issuer| issuer != metadata.issuer) {
            let received = issuer.unwrap_or_default();
            return Err(ClientError::new(
                Cause::ResponseIssuerMismatch,
                &[&metadata.issuer, received],
            ));
        }
        if let Some(error) = value(response, "error") {
            let description = value(response, "error_description").unwrap_or_default();
            return Err(ClientError::new(
                Cause::AuthorizationError,
                &[error, description],
            ));
        }
        let code = value(response, "code").ok_or(Cause::ResponseInvalid)?;
        let signer = match (self.token_use(client, &metadata)?, flow.signer) {
            (TokenUse::Bearer, _) => None,
            (TokenUse::Dpop, Some(signer)) => Some(signer),
            (TokenUse::Dpop, None) => Some(self.generate_signer().await?),
        };
        let client_id = self.with(client, |entry| entry.client_id.clone());
        let own = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &flow.redirect_uri),
            ("client_id", &client_id),
            ("code_verifier", &flow.verifier),
        ];
        let issued = self
            .request_tokens(&metadata, signer.as_deref(), &encode(&own, extra))
            .await?;
        self.accept_tokens(client, &metadata, signer, issued, Some(flow.nonce))
            .await
    }

    /// Drops tokens and key. Returns the end-session URL (OpenID Connect RP-Initiated Logout 1.0), `None` where the
    /// server has no such endpoint.
    ///
    /// # Errors
    /// Discovery's, where there has been none yet.
    pub async fn logout(
        &self,
        client: Client,
        post_logout_redirect_uri: &str,
    ) -> Result<Option<String>, ClientError> {
        let (tokens, client_id) = self.with(client, |entry| {
            entry.signer = None;
            (entry.tokens.take(), entry.client_id.clone())
        });
        self.state
            .borrow_mut()
            .known
            .retain(|known| known.client != client);
        let metadata = self.discover(client).await?;
        Ok(metadata.end_session_endpoint.as_ref().map(|endpoint| {
            let own = [
                (
                    "id_token_hint",
                    tokens.as_ref().map_or("", |tokens| &tokens.id_token),
                ),
                ("client_id", &client_id),
                ("post_logout_redirect_uri", post_logout_redirect_uri),
            ];
            with_query(endpoint, &encode(&own, &[]))
        }))
    }

    /// Do this client's token requests carry proofs?
    pub(crate) fn token_use(
        &self,
        client: Client,
        metadata: &Metadata,
    ) -> Result<TokenUse, ClientError> {
        let mode = self.with(client, |entry| entry.mode);
        countersign::support::decide(mode, "ES256", &metadata.dpop_algorithms)
            .map_err(|_| ClientError::new(Cause::DpopUnsupported, &[&metadata.issuer]))
    }

    /// The client's key, made when first needed.
    async fn signer(&self, client: Client) -> Result<Rc<Signer<P::Key>>, ClientError> {
        if let Some(signer) = self.with(client, |entry| entry.signer.clone()) {
            return Ok(signer);
        }
        let signer = self.generate_signer().await?;
        self.with(client, |entry| entry.signer = Some(Rc::clone(&signer)));
        Ok(signer)
    }

    async fn take_flow(&self, client: Client, state: &str) -> Option<Flow<P::Key>> {
        let now = self.platform.now();
        let waiting = {
            let flows = &mut self.state.borrow_mut().flows;
            flows
                .iter()
                .position(|(name, _)| name == state)
                .map(|index| flows.swap_remove(index).1)
        };
        if let Some(flow) = waiting {
            let is_ours = flow.client == client && now.0 - flow.started.0 < FLOW_LIFETIME_MILLIS;
            return is_ours.then_some(flow);
        }
        let record = self.platform.take(state).await?;
        let Ok([issuer, client_id, verifier, nonce, redirect_uri]) =
            <[String; 5]>::try_from(record.fields)
        else {
            return None;
        };
        if !self.with(client, |entry| {
            entry.issuer == issuer && entry.client_id == client_id
        }) {
            return None;
        }
        let signer = record.keys.into_iter().next().map(|pair| {
            Rc::new(Signer {
                header: ProofHeader::new(&pair.public),
                pair,
            })
        });
        Some(Flow {
            client,
            verifier,
            nonce,
            redirect_uri,
            signer,
            started: now,
        })
    }
}
