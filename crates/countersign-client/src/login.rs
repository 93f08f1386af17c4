//! Login and logout: the authorization request, its response, and what is kept between them.
//!
//! A redirect leaves the page, so the platform keeps verifier, OIDC nonce and key under `state`. A
//! silent login in a hidden iframe stays in memory.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use countersign::access_token::Scheme;
use countersign::sibling::{cut, push_ascii};

use crate::engine::Engine;
use crate::error::{Cause, ClientError, same};
use crate::form::{Form, Parameter, check_reserved, repeated, value};
use crate::platform::{Document, FLOW_LIFETIME_MILLIS, Platform, Record};
use crate::state::{Client, Flow, Signer};
use crate::text::{Text, or_empty};

/// The prefix by which a page recognises authorization responses of this engine.
const STATE_PREFIX: &str = "cs.";

const STATE: &str = "state";
const DPOP_JKT: &str = "dpop_jkt";
const REQUEST_URI: &str = "request_uri";

/// The most silent logins that are remembered. An iframe that never answers leaves one behind.
const MAX_FLOWS: usize = 16;

/// How the browser goes to the authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a browser leaves its page or does not"
)]
pub enum Visit {
    /// It leaves the page, and the server may ask the user.
    Interactive,
    /// It leaves the page, and the server must not ask the user (`prompt=none`).
    Silent,
    /// It goes there in a hidden iframe, with `prompt=none`. The login is kept in memory alone.
    Iframe,
}

/// An authorization request (RFC 6749, 4.1.1) before it is sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// The authorization endpoint. If it has a query, that is kept (RFC 6749, 3.1).
    pub endpoint: Text,
    /// Names and values.
    pub parameters: Vec<Parameter>,
}

impl AuthorizationRequest {
    /// Returns the `state`, which names the login. The response carries the same.
    #[must_use]
    pub fn state(&self) -> &str {
        or_empty(self.value(STATE))
    }

    /// Tells whether the code will be bound to the client's key (`dpop_jkt`; RFC 9449, 10).
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.value(DPOP_JKT).is_some()
    }

    /// Builds the URL and adds the application's parameters. The first one of each name counts, and
    /// names that are already there are left out.
    ///
    /// # Errors
    /// [`Cause::ParameterReserved`] for a parameter that only the engine decides.
    pub fn to_url(&self, extra: &[Parameter]) -> Result<String, ClientError> {
        let mut query = Form::new("");
        for (name, value) in &self.parameters {
            query.add(name, value);
        }
        query.extend(extra)?;
        Ok(query.at(&self.endpoint))
    }

    fn value(&self, name: &str) -> Option<&Text> {
        let mut all = self.parameters.iter();
        let found = all.find(|(candidate, _)| *candidate == name);
        found.map(|(_, value)| value)
    }
}

impl<P: Platform> Engine<P> {
    /// Prepares an authorization request (C1): discovers the endpoints, generates or reuses the
    /// key, and remembers the login until its response comes. Add the application's parameters
    /// before giving the request to [`push`](Self::push).
    ///
    /// # Errors
    /// Those of [`discover`](Self::discover), [`Cause::KeyFailed`], [`Cause::StorageRefused`].
    pub async fn prepare(
        &self,
        client: &Rc<Client<P>>,
        redirect_uri: &Text,
        visit: Visit,
    ) -> Result<AuthorizationRequest, ClientError> {
        let metadata = self.discover(client).await?;
        let config = &client.config;
        let mut signer = match metadata.scheme {
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
                redirect_uri.clone(),
            ]),
            key: signer.as_ref().map(|signer| Rc::clone(&signer.pair)),
        };
        if visit == Visit::Iframe {
            self.pause_renewal(client);
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
                // A key that cannot be kept is generated after the redirect, and only PKCE binds
                // the code.
                signer = None;
                if record.key.take().is_none() {
                    return Err(Cause::StorageRefused.into());
                }
            }
        }
        let mut parameters = Vec::new();
        let mut add = |name: &str, value: &Text| parameters.push((name.into(), value.clone()));
        add("response_type", &"code".into());
        add("code_challenge_method", &"S256".into());
        add("code_challenge", &challenge);
        add("client_id", &config.client_id);
        add("redirect_uri", redirect_uri);
        add("scope", &config.scope);
        add(STATE, &state);
        add("nonce", &nonce);
        if visit != Visit::Interactive {
            add("prompt", &"none".into());
        }
        if let Some(signer) = &signer {
            let thumbprint = self.hash(&signer.pair.public.thumbprint_input()).await?;
            parameters.push((DPOP_JKT.into(), thumbprint));
        }
        Ok(AuthorizationRequest {
            endpoint: metadata.authorization_endpoint.clone(),
            parameters,
        })
    }

    /// Pushes an authorization request if the server requires it (RFC 9126), and returns where to
    /// send the browser instead. `None`: the browser goes to the request's own URL. The pushed
    /// request carries a proof (C3).
    ///
    /// `changed`: the names of the parameters that the application added, removed, repeated or gave
    /// another value. None may be one that only the engine decides.
    ///
    /// # Errors
    /// [`Cause::ParameterReserved`], [`Cause::PushUnreachable`], [`Cause::PushRefused`],
    /// [`Cause::PushResponseInvalid`], [`Cause::KeyFailed`].
    pub async fn push(
        &self,
        client: &Client<P>,
        url: &str,
        is_bound: bool,
        changed: &[Text],
    ) -> Result<Option<String>, ClientError> {
        for name in changed {
            check_reserved(name)?;
        }
        let metadata = client.metadata.get();
        let Some((metadata, endpoint)) =
            metadata.and_then(|metadata| Some((metadata, metadata.pushed.as_ref()?)))
        else {
            return Ok(None);
        };
        // A fragment would become a part of the form's last value, with whatever it holds.
        let (url, _) = cut(url, b'#').unwrap_or((url, ""));
        let (page, form) = cut(url, b'?').unwrap_or((url, ""));
        // The code is bound to this key, or to none: a key that could not be kept is gone after the
        // redirect.
        let signer = client.session.borrow().signer.clone();
        let signer = signer.filter(|_| is_bound);
        let document = self.post(endpoint, signer.as_deref(), form).await?;
        let request_uri = document.text(REQUEST_URI);
        if request_uri.is_empty() {
            return Err(endpoint.invalid(REQUEST_URI));
        }
        let mut query = Form::new("");
        query.add("client_id", &client.config.client_id);
        query.add(REQUEST_URI, &request_uri);
        // The app may have chosen another page of the server. The endpoint's own query is kept (RFC
        // 6749, 3.1).
        let mut visited = String::from(page);
        if let Some((_, own)) = cut(&metadata.authorization_endpoint, b'?') {
            push_ascii(&mut visited, b'?');
            visited.push_str(own);
        }
        Ok(Some(query.at(&visited)))
    }

    /// Redeems an authorization response; its parameters are given as they came. The engine first
    /// forgets the login that `state` names, so a second call finds nothing.
    ///
    /// # Errors
    /// [`Cause::FlowUnknown`], [`Cause::ResponseIssuerMismatch`],
    /// [`Cause::AuthorizationError`], [`Cause::ResponseInvalid`], [`Cause::ParameterReserved`], and
    /// those of discovery, token request and id_token.
    pub async fn redeem(
        &self,
        client: &Rc<Client<P>>,
        response: &[Parameter],
        extra: &[Parameter],
    ) -> Result<(), ClientError> {
        let text = |name| or_empty(value(response, name));
        let state = text(STATE);
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
        let signer = match (metadata.scheme, key) {
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

    /// Drops tokens and key. Returns the end-session URL (OpenID Connect RP-Initiated Logout 1.0),
    /// or `None` if the server has no such endpoint or its metadata is not known. If
    /// `post_logout_redirect_uri` is empty, the browser stays at the server.
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

    fn take_flow(&self, state: &str) -> Option<Record<P::Key>> {
        let flows = &mut self.state.borrow_mut().flows;
        let index = flows.iter().position(|flow| flow.state == state)?;
        let flow = flows.remove(index);
        let age = self.platform.now().0 - flow.started.0;
        (age < FLOW_LIFETIME_MILLIS).then_some(flow.record)
    }
}
