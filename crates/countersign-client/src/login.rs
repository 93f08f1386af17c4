//! Login and logout: the authorization request, its response, and what waits between the two.
//!
//! A redirect leaves the page, so verifier, OIDC nonce and key wait in the platform's keeping under `state`; a silent
//! login (hidden iframe) waits in memory.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::ptr;

use countersign::text::{cut, push_ascii};
use countersign::{access_token::Scheme, mode::decide};

use crate::engine::{Client, Engine, Signer};
use crate::error::{Cause, ClientError, same};
use crate::form::{Form, Parameter, check_reserved, holds, repeated, value};
use crate::platform::{Document, FLOW_LIFETIME_MILLIS, Platform, Record, UnixMillis};
use crate::text::{Text, or_empty};

/// What a page recognises our authorization responses by.
const STATE_PREFIX: &str = "cs.";

const REQUEST_URI: &str = "request_uri";

/// Silent logins that are remembered; an iframe that never answers leaves one behind.
const MAX_FLOWS: usize = 16;

/// How to ask.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// As registered.
    pub redirect_uri: &'a Text,
    /// In a hidden iframe, with `prompt=none`: nothing is kept outside memory.
    pub silent: bool,
    /// `false`: `prompt=none`.
    pub interactive: bool,
    /// Further query parameters. Those that the engine alone decides are refused.
    pub extra: &'a [Parameter],
}

/// Where to send the browser.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// The authorization request.
    pub url: String,
    /// Its `state`.
    pub state: Text,
}

/// A silent login under way.
pub(crate) struct Flow<K> {
    state: Text,
    started: UnixMillis,
    record: Record<K>,
}

impl<P: Platform> Engine<P> {
    /// The authorization request, pushed where the server requires it: [`prepare`](Self::prepare), then
    /// [`push`](Self::push).
    ///
    /// # Errors
    /// Those of both.
    pub async fn login(
        &self,
        client: &Rc<Client<P>>,
        request: &AuthorizationRequest<'_>,
    ) -> Result<Redirect, ClientError> {
        let Redirect { url, state } = self.prepare(client, request).await?;
        let url = self.push(client, &url, &[]).await?;
        Ok(Redirect { url, state })
    }

    /// Discovers, decides the mode, makes or reuses the key, and returns the authorization request (C1), with all its
    /// parameters in the URL. They may be changed there before the URL is given to [`push`](Self::push).
    ///
    /// # Errors
    /// Discovery's, [`Cause::DpopUnsupported`], [`Cause::KeyFailed`], [`Cause::StorageRefused`],
    /// [`Cause::ParameterReserved`].
    pub async fn prepare(
        &self,
        client: &Rc<Client<P>>,
        request: &AuthorizationRequest<'_>,
    ) -> Result<Redirect, ClientError> {
        let metadata = self.discover(client).await?;
        let config = &client.config;
        let mut signer = match self.token_use(client)? {
            Scheme::Dpop => Some(self.signer(client).await?),
            Scheme::Bearer => None,
        };
        let mut state = String::from(STATE_PREFIX);
        state.push_str(&self.random_text(24));
        let state = Text::from(state);
        let verifier = self.random_text(32);
        let nonce = self.random_text(24);
        let challenge = self.hash(&verifier).await?;
        let mut record = Record {
            fields: Vec::from([
                config.issuer.clone(),
                config.client_id.clone(),
                verifier,
                nonce.clone(),
                request.redirect_uri.clone(),
            ]),
            key: signer.as_ref().map(|signer| Rc::clone(&signer.pair)),
        };
        if request.silent {
            let flow = Box::new(Flow {
                state: state.clone(),
                started: self.platform.now(),
                record,
            });
            let flows = &mut self.state.borrow_mut().flows;
            if flows.len() >= MAX_FLOWS {
                flows.remove(0);
            }
            flows.push(flow);
        } else {
            while !self.platform.keep(&state, &record).await {
                // A key that cannot wait is made after the redirect: the code is then bound by PKCE alone.
                signer = None;
                if record.key.take().is_none() {
                    return Err(Cause::StorageRefused.into());
                }
            }
        }
        let mut query = Form::new("&response_type=code&code_challenge_method=S256");
        query.add("code_challenge", &challenge);
        query.add("client_id", &config.client_id);
        query.add("redirect_uri", request.redirect_uri);
        query.add("scope", &config.scope);
        query.add("state", &state);
        query.add("nonce", &nonce);
        if let Some(signer) = &signer {
            query.add(
                "dpop_jkt",
                &self.hash(&signer.pair.public.thumbprint_input()).await?,
            );
        }
        if request.silent || !request.interactive {
            query.add("prompt", &"none".into());
        }
        query.extend(request.extra)?;
        Ok(Redirect {
            url: query.at(&metadata.authorization_endpoint),
            state,
        })
    }

    /// Where to send the browser for the authorization request `url`: that itself, or, where the server requires pushed
    /// requests, a reference to what has been pushed (RFC 9126). The pushed request proves its key (C3).
    ///
    /// Where the application has changed the URL, `changed` are the names of the query parameters that it has added,
    /// removed, doubled or given another value: none may be one that the engine alone decides.
    ///
    /// # Errors
    /// [`Cause::ParameterReserved`], [`Cause::PushUnreachable`], [`Cause::PushRefused`],
    /// [`Cause::PushResponseInvalid`], [`Cause::KeyFailed`].
    pub async fn push(
        &self,
        client: &Client<P>,
        url: &str,
        changed: &[Text],
    ) -> Result<String, ClientError> {
        for name in changed {
            check_reserved(name)?;
        }
        let metadata = client.metadata.get();
        let Some((metadata, endpoint)) =
            metadata.and_then(|metadata| Some((metadata, metadata.pushed.as_ref()?)))
        else {
            return Ok(url.into());
        };
        let (endpoint_url, form) = cut(url, b'?').unwrap_or((url, ""));
        // The code will be bound to this key, or to none: one that could not be kept is not there after the redirect.
        let signer = client.session.borrow().signer.clone();
        let signer = signer.filter(|_| holds(form.as_bytes(), b"&dpop_jkt="));
        let document = self.post(endpoint, signer.as_deref(), form).await?;
        let request_uri = document.text(REQUEST_URI);
        if request_uri.is_empty() {
            return Err(endpoint.invalid(REQUEST_URI));
        }
        let mut query = Form::new("");
        query.add("client_id", &client.config.client_id);
        query.add(REQUEST_URI, &request_uri);
        // The app may have chosen another page of the server; a query of the endpoint's own stays (RFC 6749, 3.1).
        let mut visited = String::from(endpoint_url);
        if let Some((_, own)) = cut(&metadata.authorization_endpoint, b'?') {
            push_ascii(&mut visited, b'?');
            visited.push_str(own);
        }
        Ok(query.at(&visited))
    }

    /// Redeems an authorization response, its parameters as they came. The flow that its `state` names is forgotten
    /// first, so a second call finds nothing.
    ///
    /// # Errors
    /// [`Cause::FlowUnknown`], [`Cause::ResponseIssuerMismatch`], [`Cause::AuthorizationError`],
    /// [`Cause::ResponseInvalid`], [`Cause::ParameterReserved`], and those of discovery, token request and id_token.
    pub async fn complete(
        &self,
        client: &Rc<Client<P>>,
        response: &[Parameter],
        extra: &[Parameter],
    ) -> Result<(), ClientError> {
        let text = |name| or_empty(value(response, name));
        let state = text("state");
        let record = match self.take_flow(state) {
            Some(record) => Some(record),
            None => self.platform.take(state).await,
        };
        let (fields, key) = record
            .map(|record| (record.fields, record.key))
            .unwrap_or_default();
        let [issuer, client_id, verifier, nonce, redirect_uri] = &fields[..] else {
            return Err(ClientError::new(Cause::FlowUnknown, &[state]));
        };
        let config = &client.config;
        if config.issuer != *issuer || config.client_id != *client_id {
            return Err(ClientError::new(Cause::FlowUnknown, &[state]));
        }
        if let Some(name) = repeated(response) {
            return Err(ClientError::new(Cause::ResponseInvalid, &[name]));
        }
        let metadata = self.discover(client).await?;
        let issuer = text("iss");
        if !issuer.is_empty() || metadata.is_iss_required {
            same(Cause::ResponseIssuerMismatch, &config.issuer, issuer)?;
        }
        let error = text("error");
        if !error.is_empty() {
            return Err(ClientError::new(
                Cause::AuthorizationError,
                &[error, text("error_description")],
            ));
        }
        let code = value(response, "code").filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| ClientError::new(Cause::ResponseInvalid, &[""]))?;
        let signer = match (self.token_use(client)?, key) {
            (Scheme::Bearer, _) => None,
            (Scheme::Dpop, Some(pair)) => Some(Signer::new(pair)),
            (Scheme::Dpop, None) => Some(self.generate_signer().await?),
        };
        let mut form = Form::new("&grant_type=authorization_code");
        form.add("code", code);
        form.add("redirect_uri", redirect_uri);
        form.add("client_id", &config.client_id);
        form.add("code_verifier", verifier);
        form.extend(extra)?;
        self.obtain_tokens(client, signer, form, nonce, None).await
    }

    /// Drops tokens and key. Returns the end-session URL (OpenID Connect RP-Initiated Logout 1.0), `None` where the
    /// server has no such endpoint, or has not been asked for its metadata. `post_logout_redirect_uri` may be empty: the
    /// browser then stays there.
    pub fn logout(&self, client: &Client<P>, post_logout_redirect_uri: &Text) -> Option<String> {
        let tokens = client.tokens();
        self.end_session(client, None);
        let endpoint = client.metadata.get()?.end_session_endpoint.as_ref()?;
        let mut query = Form::new("");
        query.add("client_id", &client.config.client_id);
        if !post_logout_redirect_uri.is_empty() {
            query.add("post_logout_redirect_uri", post_logout_redirect_uri);
        }
        if let Some(tokens) = tokens {
            query.add("id_token_hint", &tokens.id_token);
        }
        Some(query.at(endpoint))
    }

    /// Do this client's token requests carry proofs?
    pub(crate) fn token_use(&self, client: &Client<P>) -> Result<Scheme, ClientError> {
        let offered = client
            .metadata
            .get()
            .map_or(&[][..], |metadata| &metadata.dpop_algorithms);
        decide(client.config.mode, "ES256", offered)
            .map_err(|_| ClientError::new(Cause::DpopUnsupported, &[&client.config.issuer]))
    }

    /// The client's key, made when first needed.
    pub(crate) async fn signer(
        &self,
        client: &Client<P>,
    ) -> Result<Rc<Signer<P::Key>>, ClientError> {
        let known = client.session.borrow().signer.clone();
        if let Some(signer) = known {
            return Ok(signer);
        }
        let signer = self.generate_signer().await?;
        client.session.borrow_mut().signer = Some(Rc::clone(&signer));
        Ok(signer)
    }

    fn take_flow(&self, state: &str) -> Option<Record<P::Key>> {
        let flows = &mut self.state.borrow_mut().flows;
        let index = flows.iter().position(|flow| flow.state == state)?;
        let flow = flows.remove(index);
        let age = self.platform.now().0 - flow.started.0;
        (age < FLOW_LIFETIME_MILLIS).then_some(flow.record)
    }

    /// Tokens and key are gone; renewals say `why`.
    pub(crate) fn end_session(&self, client: &Client<P>, why: Option<&ClientError>) {
        let session = &mut *client.session.borrow_mut();
        session.signer = None;
        session.tokens = None;
        session.ended = why.cloned();
        self.retain_known(&|known| !ptr::eq(&*known.client, client));
    }
}
