//! Tokens for the client itself, without a user (RFC 6749, 4.4). The platform authenticates the
//! client, in every form that it sends.

use alloc::rc::Rc;

use countersign::access_token::Scheme;

use crate::engine::Engine;
use crate::error::{Cause, ClientError};
use crate::form::{Form, Parameter};
use crate::platform::{Platform, UnixMillis};
use crate::renewal::turn;
use crate::state::{Client, Tokens};
use crate::text::Text;

/// How long an access token is used if neither the response nor the token tells when it ends (RFC
/// 6749, 5.1, recommends that the response does), in milliseconds. Asking too often is better than
/// calling with an expired token.
const UNTOLD_LIFETIME_MILLIS: i64 = 60_000;

impl<P: Platform> Engine<P> {
    /// Gets tokens for the client itself. Call it again when they end: there is no refresh token.
    /// Concurrent calls share one request. `scope`: separated by spaces; if it is empty, the server
    /// chooses.
    ///
    /// # Errors
    /// Those of [`discover`](Self::discover), [`Cause::KeyFailed`], [`Cause::ParameterReserved`],
    /// those of the token endpoint and the access token, and [`Cause::NoRefreshToken`] if the
    /// client was logged out, or a user logged in, before the response came.
    pub async fn client_credentials(
        &self,
        client: &Rc<Client<P>>,
        scope: &Text,
        extra: &[Parameter],
    ) -> Result<(), ClientError> {
        let keeper = match turn(client) {
            Ok(keeper) => keeper,
            Err(gate) => return gate.outcome().await,
        };
        let outcome = self.request_own(client, scope, extra).await;
        self.end_turn(client, keeper, &outcome);
        outcome
    }

    async fn request_own(
        &self,
        client: &Rc<Client<P>>,
        scope: &Text,
        extra: &[Parameter],
    ) -> Result<(), ClientError> {
        let previous = client.tokens();
        let metadata = self.discover(client).await?;
        let signer = match metadata.scheme {
            Scheme::Dpop => Some(self.signer(client).await?),
            Scheme::Bearer => None,
        };
        let mut form = Form::new("&grant_type=client_credentials");
        form.add("client_id", &client.config.client_id);
        if !scope.is_empty() {
            form.add("scope", scope);
        }
        form.extend(extra)?;
        let document = self
            .post(&metadata.token, signer.as_deref(), form.as_str())
            .await?;
        client.check_held(previous.as_ref())?;
        let (access_token, is_bound) =
            self.check_access_token(client, signer.is_some(), &document)?;
        let ath = if is_bound {
            Some(self.hash(&access_token).await?)
        } else {
            None
        };
        let now = self.platform.now().0 + self.clock_offset(client);
        let expires = self.end(&document, now, "expires_in", &access_token);
        // Nobody has logged in, so there are no claims.
        let claims = self
            .platform
            .parse(b"{}")
            .ok_or(Cause::TokenResponseInvalid)?;
        let tokens = Tokens {
            access_token,
            expires: expires.unwrap_or(UnixMillis(now + UNTOLD_LIFETIME_MILLIS)),
            id_token: "".into(),
            claims: Rc::new(claims),
            refresh_token: None,
            refresh_expires: None,
            is_bound,
            subject: "".into(),
            nonce: "".into(),
        };
        self.adopt_tokens(client, signer, Rc::new(tokens), ath);
        Ok(())
    }
}
