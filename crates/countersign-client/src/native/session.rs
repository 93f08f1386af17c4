//! The tokens: what a program sees of them, and how it gets new ones.

use core::fmt;
use std::rc::Rc;
use std::string::String;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign::access_token::Scheme;
use countersign::jose::base64url;
use serde_json::{Map, Value};

use super::driver::Driver;
use super::error::Error;
use super::platform::{Json, sha256};
use crate::error::Cause;
use crate::renewal::Renewal;
use crate::state;

/// The tokens of a session. They are secrets: `Debug` does not show them.
#[derive(Clone)]
#[non_exhaustive]
pub struct Tokens {
    /// The access token, for calls that [`NativeClient::send`](super::NativeClient::send) cannot
    /// make. A bound one is of no use without a proof.
    pub access_token: String,
    /// How the access token is used: with proofs, or as Bearer.
    pub scheme: Scheme,
    /// When the access token ends, by the local clock.
    pub expires: SystemTime,
    /// The newest id_token; `None` for tokens of the client itself.
    pub id_token: Option<String>,
    /// The id_token's payload; empty without one.
    pub claims: Map<String, Value>,
    /// Whether there is a refresh token. It is not shown, because only this client's key can use
    /// it.
    pub has_refresh_token: bool,
    /// The key's thumbprint (RFC 7638, base64url), if token requests carry proofs.
    pub thumbprint: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("scheme", &self.scheme)
            .field("expires", &self.expires)
            .field("has_refresh_token", &self.has_refresh_token)
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}

type Held = Rc<state::Tokens<Json>>;

impl Driver {
    /// Returns the tokens as a program sees them.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let tokens = self.client.tokens()?;
        let offset = self.engine.clock_offset(&self.client);
        let session = self.client.session.borrow();
        let signer = session.signer.as_ref();
        let claims: &Json = &tokens.claims;
        Some(Tokens {
            access_token: String::from(&*tokens.access_token),
            scheme: if tokens.is_bound {
                Scheme::Dpop
            } else {
                Scheme::Bearer
            },
            expires: system_time(tokens.expires.0 - offset),
            id_token: Some(String::from(&*tokens.id_token)).filter(|token| !token.is_empty()),
            claims: claims.0.clone(),
            has_refresh_token: tokens.refresh_token.is_some(),
            thumbprint: signer.map(|signer| {
                base64url::encode(&sha256(signer.pair.public.thumbprint_input().as_bytes()))
            }),
        })
    }

    /// Gets tokens for the client itself.
    pub(super) async fn client_credentials(&self) -> Result<Tokens, Error> {
        let (scope, extra) = (&self.own_scope, &self.token_parameters);
        let asked = self.engine.client_credentials(&self.client, scope, extra);
        asked.await.map_err(|error| self.error(&error))?;
        self.held()
    }

    /// Returns the tokens that have just come.
    pub(super) fn held(&self) -> Result<Tokens, Error> {
        self.tokens().ok_or(Error::NotLoggedIn)
    }

    /// Renews the tokens, even if the access token has not expired.
    pub(super) async fn renew(&self) -> Result<Tokens, Error> {
        if self.client.tokens().is_some_and(|held| is_own(&held)) {
            return self.client_credentials().await;
        }
        let renewed = self.engine.renew(&self.client, &self.token_parameters);
        renewed.await.map_err(|error| self.error(&error))?;
        self.held()
    }

    /// Forgets tokens and key. Returns the end-session URL if the session is a user's.
    pub(super) fn logout(&self) -> Option<String> {
        let is_users = self.client.tokens().is_none_or(|held| !is_own(&held));
        let url = self.engine.logout(&self.client, &"".into());
        url.filter(|_| is_users)
    }

    /// Returns usable tokens, renewed first if that is due. A failed renewal is no failure as long
    /// as the old token has not expired.
    pub(super) async fn usable(&self) -> Result<Held, Error> {
        let renewal = self.engine.schedule(&self.client).now;
        let is_held = self.client.tokens().is_some();
        let outcome = match renewal {
            Renewal::NotDue => Ok(()),
            Renewal::Due | Renewal::Overdue => self.renew().await.map(drop),
        };
        match (outcome, self.client.tokens()) {
            (Ok(()), Some(tokens)) => Ok(tokens),
            (Err(_), Some(tokens)) if renewal == Renewal::Due => Ok(tokens),
            // A session that the engine has ended tells why; without any session the error is that
            // there is none.
            (Err(Error::Engine(error)), _) if !is_held && error.cause == Cause::NoRefreshToken => {
                Err(Error::NotLoggedIn)
            }
            (outcome, _) => Err(outcome.err().unwrap_or(Error::NotLoggedIn)),
        }
    }
}

/// Tells whether the tokens are the client's own, not a user's: every id_token names a user.
fn is_own(tokens: &state::Tokens<Json>) -> bool {
    tokens.subject.is_empty()
}

fn system_time(unix_millis: i64) -> SystemTime {
    let distance = Duration::from_millis(unix_millis.unsigned_abs());
    let time = if unix_millis < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}
