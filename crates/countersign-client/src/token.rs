//! Tokens: how the token endpoint's responses are checked.

use alloc::rc::Rc;

use countersign::{
    access_token::Scheme,
    dpop_mode::{ModeError, accept},
};

use crate::clock::Source;
use crate::engine::Engine;
use crate::error::{Cause, ClientError};
use crate::form::Form;
use crate::id_token;
use crate::platform::{Document, Platform, UnixMillis};
use crate::renewal::margin;
use crate::state::{BoundToken, Client, KnownToken, Signer, Tokens};
use crate::text::Text;

/// How long after its expiry a replaced token stays known, as clocks may differ.
const KNOWN_LEEWAY_MILLIS: i64 = 300_000;

impl<P: Platform> Engine<P> {
    /// Asks the token endpoint and stores the tokens that it issues.
    /// `nonce`: the login's. `previous`: the tokens that are renewed.
    pub(crate) async fn obtain_tokens(
        &self,
        client: &Rc<Client<P>>,
        signer: Option<Rc<Signer<P::Key>>>,
        form: Form,
        nonce: &Text,
        previous: Option<&Rc<Tokens<P::Document>>>,
    ) -> Result<(), ClientError> {
        // Without metadata there is no code and no refresh token.
        let endpoint = &client.metadata.get().ok_or(Cause::NoRefreshToken)?.token;
        let document = self
            .post(endpoint, signer.as_deref(), form.as_str())
            .await?;
        let tokens = self.check_tokens(client, signer.is_some(), &document, nonce, previous)?;
        let ath = if tokens.is_bound {
            Some(self.hash(&tokens.access_token).await?)
        } else {
            None
        };
        self.adopt_tokens(client, signer, tokens, ath);
        Ok(())
    }

    /// Checks a token response.
    fn check_tokens(
        &self,
        client: &Client<P>,
        is_proven: bool,
        document: &P::Document,
        nonce: &Text,
        previous: Option<&Rc<Tokens<P::Document>>>,
    ) -> Result<Rc<Tokens<P::Document>>, ClientError> {
        let config = &client.config;
        if previous.is_some() {
            client.check_held(previous)?;
        }
        let (access_token, is_bound) = self.check_access_token(client, is_proven, document)?;

        let server = client.server();
        let now = || self.platform.now().0 + self.offset(server, "");
        let mut id_token = document.text("id_token");
        let (claims, subject) = match previous {
            // A refresh need not bring an id_token (OpenID Connect Core, 12.2). The old one told
            // who the user is when it came, and may have expired since.
            Some(previous) if id_token.is_empty() => {
                id_token = previous.id_token.clone();
                (Rc::clone(&previous.claims), previous.subject.clone())
            }
            None if id_token.is_empty() => return Err(Cause::IdTokenMissing.into()),
            _ => {
                let claims =
                    id_token::payload(&self.platform, &id_token).ok_or(Cause::IdTokenMalformed)?;
                if !self.state.borrow().clocks.is_known(server) {
                    // No `Date` could be read, but these tokens are fresh. Some servers date tokens
                    // back by minutes. An access token's end and lifetime tell a later time of
                    // issue: a local time between the two may be right.
                    let issued = claims.number("iat");
                    let end = id_token::payload(&self.platform, &access_token)
                        .map_or(f64::NAN, |claims| claims.number("exp"));
                    let latest = issued.max(end - document.number("expires_in"));
                    let local = self.platform.now().0 as f64 / 1000.0;
                    let date = millis(local.max(issued).min(latest));
                    self.learn(server, "", date, true, Source::Vouched);
                }
                let subject = id_token::check(
                    &claims,
                    &config.issuer,
                    &config.client_id,
                    nonce,
                    previous.map(|previous| &previous.subject),
                    now() / 1000,
                )?;
                (Rc::new(claims), subject)
            }
        };

        let now = now();
        let end = |lifetime: &str, token: &str| self.end(document, now, lifetime, token);
        let expires = end("expires_in", &access_token).or_else(|| millis(claims.number("exp")));
        let mut refresh_token =
            Some(document.text("refresh_token")).filter(|token| !token.is_empty());
        if let (None, Some(previous)) = (&refresh_token, previous) {
            refresh_token = previous.refresh_token.clone();
        }
        Ok(Rc::new(Tokens {
            access_token,
            expires: expires.unwrap_or(UnixMillis(now)),
            id_token,
            claims,
            refresh_expires: refresh_token
                .as_ref()
                .and_then(|token| end("refresh_expires_in", token)),
            refresh_token,
            is_bound,
            subject,
            nonce: nonce.clone(),
        }))
    }

    /// Returns the access token of a token response, and whether it is bound.
    #[inline(always)] // as if it had one caller, which it has in a browser
    pub(crate) fn check_access_token(
        &self,
        client: &Client<P>,
        is_proven: bool,
        document: &P::Document,
    ) -> Result<(Text, bool), ClientError> {
        let config = &client.config;
        let access_token = document.text("access_token");
        if access_token.is_empty() {
            return Err(ClientError::new(
                Cause::TokenResponseInvalid,
                &["access_token"],
            ));
        }
        let token_type = document.text("token_type");
        let asked = if is_proven {
            Scheme::Dpop
        } else {
            Scheme::Bearer
        };
        match accept(config.mode, asked, &token_type) {
            Ok(scheme) => Ok((access_token, scheme == Scheme::Dpop)),
            Err(ModeError::NotBound) => {
                let error = ClientError::new(Cause::TokenNotBound, &[&config.issuer, &token_type]);
                self.end_session(client, Some(&error));
                Err(error)
            }
            Err(_) => Err(ClientError::new(Cause::TokenTypeUnknown, &[&token_type])),
        }
    }

    /// Returns when a token ends, according to the response or the token itself. `now`: by the
    /// server's clock, in milliseconds.
    #[inline(always)] // as above
    pub(crate) fn end(
        &self,
        document: &P::Document,
        now: i64,
        lifetime: &str,
        token: &str,
    ) -> Option<UnixMillis> {
        let seconds = document.number(lifetime);
        if seconds > 0.0 {
            return Some(UnixMillis(now + to_millis(seconds)));
        }
        millis(id_token::payload(&self.platform, token)?.number("exp"))
    }

    /// Stores the client's tokens and key. `ath`: the access token's hash, if the token is bound.
    pub(crate) fn adopt_tokens(
        &self,
        client: &Rc<Client<P>>,
        signer: Option<Rc<Signer<P::Key>>>,
        tokens: Rc<Tokens<P::Document>>,
        ath: Option<Text>,
    ) {
        let now = self.platform.now().0 + self.offset(client.server(), "");
        self.retain_known(&|known| {
            known.token != tokens.access_token && now < known.expires.0 + KNOWN_LEEWAY_MILLIS
        });
        if let (Some(signer), Some(ath)) = (&signer, ath) {
            let (token, expires) = (tokens.access_token.clone(), tokens.expires);
            self.know(client, signer, token, Some(ath), expires);
        }
        let session = &mut *client.session.borrow_mut();
        session.margin = margin(tokens.expires.0 - now);
        session.pause = i64::MIN;
        session.signer = signer;
        session.ended = None;
        session.tokens = Some(tokens);
    }
}

impl<P: Platform> Engine<P> {
    /// From now on, calls with this token are signed. `ath`: the token's hash.
    pub(crate) fn know(
        &self,
        client: &Rc<Client<P>>,
        signer: &Rc<Signer<P::Key>>,
        token: Text,
        ath: Option<Text>,
        expires: UnixMillis,
    ) -> BoundToken {
        let (signer, client) = (Rc::clone(signer), Rc::clone(client));
        let state = &mut *self.state.borrow_mut();
        let number = state.next_known;
        state.next_known = number.next();
        state.known.push(Rc::new(KnownToken {
            token,
            ath,
            signer,
            client,
            expires,
            number,
        }));
        number
    }
}

/// Converts seconds of a token response or id_token to milliseconds; NaN is none.
fn millis(seconds: f64) -> Option<UnixMillis> {
    (!seconds.is_nan()).then_some(UnixMillis(to_millis(seconds)))
}

/// Converts to milliseconds within the range of JavaScript's
/// `Date`, so that sums of a few values never overflow an `i64`.
fn to_millis(seconds: f64) -> i64 {
    (seconds * 1000.0).clamp(-8.64e15, 8.64e15) as i64
}
