//! The tokens: what a program sees of them, and when they are renewed.

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
use crate::engine;
use crate::error::Cause;
use crate::platform::{Platform as _, UnixMillis};

/// Renewed this long before the end, or when three quarters of a short life are over. Milliseconds.
const MARGIN_MILLIS: i64 = 30_000;
/// After a renewal that failed, the next one by itself. Milliseconds.
const RETRY_MILLIS: i64 = 30_000;

/// The tokens of a session. They are secrets: `Debug` does not show them.
#[derive(Clone)]
#[non_exhaustive]
pub struct Tokens {
    /// For calls that [`NativeClient::send`](super::NativeClient::send) cannot make. Where it is bound, it is of no use
    /// without a proof.
    pub access_token: String,
    /// How it is used: with proofs, or as Bearer.
    pub token_use: Scheme,
    /// When the access token ends, by the local clock.
    pub expires: SystemTime,
    /// As it came last; `None` for tokens of the client itself.
    pub id_token: Option<String>,
    /// The id_token's payload, or nothing.
    pub claims: Map<String, Value>,
    /// Whether there is a refresh token. It is not shown: only this client's key can use it.
    pub has_refresh_token: bool,
    /// The key's thumbprint (RFC 7638, base64url), where token requests carry proofs.
    pub thumbprint: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("token_use", &self.token_use)
            .field("expires", &self.expires)
            .field("has_refresh_token", &self.has_refresh_token)
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}

/// When the access token is to be renewed.
#[derive(Default)]
pub(super) struct Schedule {
    /// This long before its end, milliseconds.
    margin: i64,
    /// Not before, where a renewal has failed; by the local clock.
    pause: Option<UnixMillis>,
}

type Held = Rc<engine::Tokens<Json>>;

impl Driver {
    /// The tokens as a program sees them.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let tokens = self.client.tokens()?;
        let offset = self.engine.clock_offset(&self.client);
        let session = self.client.session.borrow();
        let signer = session.signer.as_ref();
        let claims: &Json = &tokens.claims;
        Some(Tokens {
            access_token: String::from(&*tokens.access_token),
            token_use: if tokens.is_bound {
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

    /// Tokens for the client itself.
    pub(super) async fn client_credentials(&self) -> Result<Tokens, Error> {
        let (scope, extra) = (&self.own_scope, &self.token_parameters);
        let asked = self.engine.client_credentials(&self.client, scope, extra);
        asked.await.map_err(|error| self.error(&error))?;
        self.schedule()
    }

    /// New tokens: when to renew is decided by how long the access token lives.
    pub(super) fn schedule(&self) -> Result<Tokens, Error> {
        let tokens = self.client.tokens().ok_or(Error::NotLoggedIn)?;
        self.schedule.replace(Schedule {
            margin: MARGIN_MILLIS.min(self.left(&tokens) / 4),
            pause: None,
        });
        self.tokens().ok_or(Error::NotLoggedIn)
    }

    /// Renews, whatever is left of the access token.
    pub(super) async fn renew(&self) -> Result<Tokens, Error> {
        if self.client.tokens().is_some_and(|held| is_own(&held)) {
            return self.client_credentials().await;
        }
        let renewed = self.engine.renew(&self.client, &self.token_parameters);
        renewed.await.map_err(|error| self.error(&error))?;
        self.schedule()
    }

    /// Forgets tokens and key. Where the user can end the session at the server, too.
    pub(super) fn log_out(&self) -> Option<String> {
        let is_users = self.client.tokens().is_none_or(|held| !is_own(&held));
        let url = self.engine.logout(&self.client, &"".into());
        url.filter(|_| is_users)
    }

    /// Tokens that can be used, renewed first where the access token is near its end. A renewal that fails is no
    /// failure as long as there is something left of the old one.
    pub(super) async fn usable(&self) -> Result<Held, Error> {
        let held = self.client.tokens();
        let Some(tokens) = held else {
            // A session that the engine has ended says why; nobody's says that there is none.
            return match self.renew().await {
                Err(Error::Refused(refused)) if refused.cause == Cause::NoRefreshToken => {
                    Err(Error::NotLoggedIn)
                }
                Err(error) => Err(error),
                Ok(_) => self.client.tokens().ok_or(Error::NotLoggedIn),
            };
        };
        let left = self.left(&tokens);
        if !self.is_due(&tokens, left) {
            return Ok(tokens);
        }
        match self.renew().await {
            Err(error) => {
                let now = self.engine.platform.now();
                self.schedule.borrow_mut().pause = Some(UnixMillis(now.0 + RETRY_MILLIS));
                // Not where the failure has ended the session.
                let usable = self.client.tokens().filter(|_| left > 0);
                usable.ok_or(error)
            }
            Ok(_) => self.client.tokens().ok_or(Error::NotLoggedIn),
        }
    }

    fn is_due(&self, tokens: &engine::Tokens<Json>, left: i64) -> bool {
        if left <= 0 {
            return true;
        }
        let schedule = self.schedule.borrow();
        let now = self.engine.platform.now();
        let is_paused = schedule.pause.is_some_and(|pause| now < pause);
        let can_be_renewed = tokens.refresh_token.is_some() || is_own(tokens);
        left < schedule.margin && can_be_renewed && !is_paused
    }

    /// What is left of the access token, milliseconds.
    fn left(&self, tokens: &engine::Tokens<Json>) -> i64 {
        let now = self.engine.platform.now().0 + self.engine.clock_offset(&self.client);
        tokens.expires.0 - now
    }
}

/// The client's own, not a user's: every id_token names somebody.
fn is_own(tokens: &engine::Tokens<Json>) -> bool {
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
