//! Renewal: when a client's tokens should be renewed, and how a refresh token does it.

use alloc::rc::Rc;

use crate::engine::Engine;
use crate::error::{Cause, ClientError};
use crate::form::{Form, Parameter};
use crate::gate::{Gate, Keeper};
use crate::platform::Platform;
use crate::state::Client;

/// How long before their end tokens are renewed, in milliseconds. What is used at once, and the
/// background, renews short-lived ones after three quarters of their life.
const MARGIN_MILLIS: i64 = 30_000;

/// How long after a failed renewal the next automatic one comes, in milliseconds.
const RETRY_MILLIS: i64 = 30_000;

/// The shortest time between automatic renewals, for tokens with a very short life. Milliseconds.
const SHORTEST_MILLIS: i64 = 1_000;

/// Whether tokens should be renewed before they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "callers must handle each")]
pub enum Renewal {
    /// They are good for a while, or a renewal has just failed and they are still good.
    NotDue,
    /// They should be renewed, but can be used if that fails.
    Due,
    /// They have expired, or there are none.
    Overdue,
}

/// When a client's tokens should be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// For a call that sends them now.
    pub now: Renewal,
    /// For a program that gets them, and may keep them for a while. Half a minute before their end
    /// they are due, so those that live no longer are due at each call.
    pub to_keep: Renewal,
    /// For a program that renews them in the background: after this many milliseconds, at least a
    /// thousand. If a renewal is already due, an earlier one has failed or the tokens arrived
    /// expired.
    pub wait_millis: i64,
}

impl<P: Platform> Engine<P> {
    /// Decides when a client's tokens should be renewed.
    pub fn schedule(&self, client: &Client<P>) -> Schedule {
        let now = self.platform.now().0 + self.clock_offset(client);
        let session = client.session.borrow();
        let left = session
            .tokens
            .as_ref()
            .map_or(0, |tokens| tokens.expires.0 - now);
        let wait = left - session.margin;
        let is_paused = self.platform.monotonic() < session.pause;
        let due = |margin| {
            if left <= 0 {
                Renewal::Overdue
            } else if left >= margin || is_paused {
                Renewal::NotDue
            } else {
                Renewal::Due
            }
        };
        Schedule {
            now: due(session.margin),
            to_keep: due(MARGIN_MILLIS),
            wait_millis: if wait > 0 {
                wait.max(SHORTEST_MILLIS)
            } else {
                RETRY_MILLIS
            },
        }
    }

    /// Renews by refresh token. Concurrent calls share one request, with the first one's `extra`.
    ///
    /// # Errors
    /// [`Cause::NoRefreshToken`], [`Cause::ParameterReserved`], [`Cause::TokenRefused`]
    /// (`invalid_grant` is never hidden), and those of [`redeem`](Self::redeem) that concern
    /// tokens. After [`Cause::TokenNotBound`] the session has ended.
    pub async fn renew(
        &self,
        client: &Rc<Client<P>>,
        extra: &[Parameter],
    ) -> Result<(), ClientError> {
        let keeper = match turn(client) {
            Ok(keeper) => keeper,
            Err(gate) => return gate.outcome().await,
        };
        let outcome = self.renew_alone(client, extra).await;
        self.end_turn(client, keeper, &outcome);
        outcome
    }

    async fn renew_alone(
        &self,
        client: &Rc<Client<P>>,
        extra: &[Parameter],
    ) -> Result<(), ClientError> {
        let (signer, tokens) = {
            let session = client.session.borrow();
            if let Some(ended) = &session.ended {
                return Err(ended.clone());
            }
            (session.signer.clone(), session.tokens.clone())
        };
        let tokens = tokens.ok_or(Cause::NoRefreshToken)?;
        let refresh_token = tokens.refresh_token.as_ref();
        let refresh_token = refresh_token.ok_or(Cause::NoRefreshToken)?;
        let mut form = Form::new("&grant_type=refresh_token");
        form.add("refresh_token", refresh_token);
        form.add("client_id", &client.config.client_id);
        form.extend(extra)?;
        self.obtain_tokens(client, signer, form, &tokens.nonce, Some(&tokens))
            .await
    }

    /// Tells the outcome to the calls that wait for it.
    pub(crate) fn end_turn(
        &self,
        client: &Client<P>,
        keeper: Keeper,
        outcome: &Result<(), ClientError>,
    ) {
        if outcome.is_err() {
            self.pause_renewal(client);
        }
        keeper.answer(outcome.clone());
    }

    /// No renewal is due for a while, unless new tokens come.
    pub(crate) fn pause_renewal(&self, client: &Client<P>) {
        client.session.borrow_mut().pause = self.platform.monotonic() + RETRY_MILLIS;
    }
}

/// Returns how long before its end a token with this lifetime is renewed, in milliseconds.
pub(crate) fn margin(lifetime: i64) -> i64 {
    MARGIN_MILLIS.min(lifetime / 4)
}

/// Decides who asks for tokens: the caller, who gets the keeper, or the one that holds the gate.
#[inline(always)] // as if it had one caller, which it has in a browser
pub(crate) fn turn<P: Platform>(client: &Client<P>) -> Result<Keeper, Rc<Gate>> {
    let under_way = client.session.borrow().renewal.clone();
    if let Some(gate) = under_way.filter(|gate| !gate.is_open()) {
        return Err(gate);
    }
    let (gate, keeper) = Gate::close();
    client.session.borrow_mut().renewal = Some(gate);
    Ok(keeper)
}
