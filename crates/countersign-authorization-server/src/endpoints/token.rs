//! The token endpoint (RFC 6749, 4.1.3 and 6; RFC 7636; RFC 9449, 5 and 8).
//!
//! Order matters. The proof comes first: a request that is refused or challenged for its proof
//! consumes nothing, so the client can send it again. After that the code is consumed, whatever
//! else is wrong (RFC 9700, 2.1.1: it is tried once), even if `grant_type` is missing or unknown,
//! or if a parameter came twice, such as `code` itself. Only a refresh that succeeds consumes a
//! refresh token. A code or refresh token that comes back a second time ends its family, whatever
//! else is wrong.
//!
//! The endpoint does not read a body that is too long or whose media type is not that of a form,
//! and ignores a `code` in a refresh request (RFC 6749, 3.2: unrecognised parameters are ignored).

use axum::{body::Bytes, extract::State, response::Response};
use countersign::{
    UnixSeconds,
    authorization_server::{Binding, ClientPolicy, Grant},
    crypto::sha256,
    jose::base64url,
    proof::VerifiedProof,
};
use http::{HeaderMap, StatusCode};

use crate::{
    client_request::{self, required},
    config::ClientConfig,
    grants::{Authorization, Found, UsedBefore},
    oauth_error::{OAuthError, answered},
    params::Params,
    resource_indicators::narrowed_audiences,
    secret::Purpose,
    state::{ServerState, Shared},
    tokens::{Grantee, tokens},
};

pub(crate) async fn token(State(server): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let now = server.now();
    let answer = answer(&server, &headers, &body, now);
    let mut response = answered(StatusCode::OK, answer, "token request refused");
    server.proofs.add_nonce(response.headers_mut(), now);
    response
}

fn answer(
    server: &ServerState,
    headers: &HeaderMap,
    body: &[u8],
    now: UnixSeconds,
) -> Result<serde_json::Value, OAuthError> {
    let params = client_request::form(headers, body)?;
    let proof = server.proofs.check(headers, &server.urls.token, now)?;
    let request = TokenRequest {
        server,
        params: &params,
        headers,
        proof,
        now,
    };
    match request.grant_type() {
        Ok(GrantType::Code) => request.redeem_code(),
        Ok(GrantType::Refresh) => request.refresh(),
        Err(error) => {
            request.spoil()?;
            Err(error)
        }
    }
}

#[derive(Clone, Copy)]
enum GrantType {
    Code,
    Refresh,
}

/// A request whose proof, if it has one, is valid.
struct TokenRequest<'a> {
    server: &'a ServerState,
    params: &'a Params,
    headers: &'a HeaderMap,
    proof: Option<VerifiedProof>,
    now: UnixSeconds,
}

impl TokenRequest<'_> {
    /// Returns an error if the request as a whole can't be read.
    fn grant_type(&self) -> Result<GrantType, OAuthError> {
        if let Some(name) = self.params.repeated() {
            let description = format!("`{name}` came twice; send it once");
            return Err(OAuthError::invalid_request(description));
        }
        match required(self.params, "grant_type")? {
            "authorization_code" => Ok(GrantType::Code),
            "refresh_token" if self.server.config.refresh_tokens => Ok(GrantType::Refresh),
            other => Err(OAuthError::unsupported_grant_type(format!(
                "grant_type `{other}` is not supported here; the metadata lists those that are"
            ))),
        }
    }

    /// Consumes the codes of a request that can't be read: it has tried them, and one that was used
    /// before ends its family. If the proof does not fit, nothing happens.
    fn spoil(&self) -> Result<(), OAuthError> {
        let find = |purpose, name| {
            let found = move |text| self.server.grants.find(purpose, text, self.now);
            self.params.all(name).filter_map(found)
        };
        let codes = find(Purpose::Code, "code").map(|found| (found.as_code(), found));
        let reused = find(Purpose::RefreshToken, "refresh_token")
            .filter(|found| found.was_used)
            .map(|found| (found.as_refresh_token(), found));
        let spoilt: Vec<_> = codes.chain(reused).collect();
        if spoilt.is_empty() {
            return Ok(());
        }
        let client = self.client().ok();
        for (grant, _) in &spoilt {
            self.binding(*grant, client)?;
        }
        self.remember_proof()?;
        for (_, found) in &spoilt {
            // The request is refused for its own reason, which the client can fix.
            let _: Result<(), UsedBefore> = self.server.grants.consume(found, self.now);
        }
        Ok(())
    }

    fn redeem_code(&self) -> Result<serde_json::Value, OAuthError> {
        let code = required(self.params, "code")?;
        let found = self
            .server
            .grants
            .find(Purpose::Code, code, self.now)
            .ok_or_else(|| {
                OAuthError::invalid_grant("the code is unknown, expired or revoked; log in again")
            })?;
        let client = self.client();
        let binding = self.binding(found.as_code(), client.as_ref().ok().copied())?;
        self.remember_proof()?;

        self.consume(&found, "code")?;
        // A failure from here on leaves a grant without a usable code. It expires within its
        // minute.
        let client = client?;
        self.check_code(client, &found.authorization)?;
        let audiences = self.audiences(&found.authorization)?;
        let scopes = found.authorization.scopes.clone();
        self.issue(client, &found, scopes, audiences, binding, true)
    }

    fn refresh(&self) -> Result<serde_json::Value, OAuthError> {
        let token = required(self.params, "refresh_token")?;
        let found = self
            .server
            .grants
            .find(Purpose::RefreshToken, token, self.now)
            .ok_or_else(|| {
                OAuthError::invalid_grant(
                    "the refresh token is unknown, expired or revoked; log in again",
                )
            })?;
        let client = self.client();
        let binding = self.binding(found.as_refresh_token(), client.as_ref().ok().copied())?;
        if found.was_used {
            // Whatever else the request says, somebody has a copy.
            self.remember_proof()?;
            self.consume(&found, "refresh token")?;
        }
        let client = client?;
        check_client(client, &found.authorization, "refresh token")?;
        let scopes = self.narrowed_scopes(&found.authorization)?;
        let audiences = self.audiences(&found.authorization)?;
        self.remember_proof()?;

        self.consume(&found, "refresh token")?;
        self.issue(client, &found, scopes, audiences, binding, false)
    }

    fn client(&self) -> Result<&ClientConfig, OAuthError> {
        client_request::client(&self.server.config, self.headers, self.params)
    }

    /// Returns what the tokens are bound to. The proof's key must be the one that the code or
    /// refresh token is bound to.
    fn binding(&self, grant: Grant, client: Option<&ClientConfig>) -> Result<Binding, OAuthError> {
        if !self.server.proofs.is_on() {
            return Ok(Binding::BEARER);
        }
        let is_bound = client.is_some_and(|client| client.dpop_bound_access_tokens);
        let policy = ClientPolicy::public().with_bound_tokens_required(is_bound);
        let binding = Binding::of(grant, policy, self.proof.as_ref())?;
        Ok(match self.server.proofs.binds() {
            true => binding,
            false => Binding::BEARER,
        })
    }

    fn remember_proof(&self) -> Result<(), OAuthError> {
        if let Some(proof) = &self.proof {
            self.server.proofs.remember(proof, self.now)?;
        }
        Ok(())
    }

    fn consume(&self, found: &Found, what: &str) -> Result<(), OAuthError> {
        let consumed = self.server.grants.consume(found, self.now);
        consumed.map_err(|UsedBefore| {
            OAuthError::invalid_grant(format!(
                "the {what} was used before; all tokens of this login are revoked"
            ))
        })
    }

    fn check_code(
        &self,
        client: &ClientConfig,
        authorization: &Authorization,
    ) -> Result<(), OAuthError> {
        check_client(client, authorization, "code")?;
        if required(self.params, "redirect_uri")? != authorization.redirect_uri {
            return Err(OAuthError::invalid_grant(
                "redirect_uri is not that of the authorization request; send the same",
            ));
        }
        let verifier = required(self.params, "code_verifier")?;
        // RFC 7636, 4.1.
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(is_unreserved) {
            return Err(OAuthError::invalid_request(
                "code_verifier is not 43 to 128 letters, digits, `-`, `.`, `_` and `~`",
            ));
        }
        if base64url::encode(&sha256(verifier.as_bytes())) != authorization.code_challenge {
            return Err(OAuthError::invalid_grant(
                "code_verifier does not match the code_challenge of the authorization request",
            ));
        }
        Ok(())
    }

    /// Returns the requested scopes: none beyond those granted (RFC 6749, 6).
    fn narrowed_scopes(&self, authorization: &Authorization) -> Result<Vec<String>, OAuthError> {
        let Some(requested) = self.params.get("scope") else {
            return Ok(authorization.scopes.clone());
        };
        let requested = requested.split(' ').filter(|scope| !scope.is_empty());
        let requested: Vec<String> = requested.map(Into::into).collect();
        match requested
            .iter()
            .find(|scope| !authorization.scopes.contains(scope))
        {
            Some(scope) => Err(OAuthError::invalid_scope(format!(
                "the scope `{scope}` was not granted; ask for it in an authorization request"
            ))),
            None => Ok(requested),
        }
    }

    /// Returns the requested audiences: none beyond those granted (RFC 8707, 2.2).
    fn audiences(&self, authorization: &Authorization) -> Result<Vec<String>, OAuthError> {
        narrowed_audiences(self.params, &authorization.audiences)
    }

    fn issue(
        &self,
        client: &ClientConfig,
        found: &Found,
        scopes: Vec<String>,
        audiences: Vec<String>,
        binding: Binding,
        is_login: bool,
    ) -> Result<serde_json::Value, OAuthError> {
        let grantee = Grantee {
            id: &found.id,
            authorization: &found.authorization,
            scopes,
            audiences,
            binding,
            is_login,
        };
        tracing::info!(
            client = client.id,
            sub = found.authorization.sub,
            token_type = binding.token_type(),
            "tokens issued"
        );
        tokens(self.server, &grantee, self.now)
    }
}

fn check_client(
    client: &ClientConfig,
    authorization: &Authorization,
    what: &str,
) -> Result<(), OAuthError> {
    if client.id == authorization.client_id {
        return Ok(());
    }
    let description = format!("the {what} was issued to another client");
    Err(OAuthError::invalid_grant(description))
}
