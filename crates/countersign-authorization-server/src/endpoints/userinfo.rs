//! The userinfo endpoint (OpenID Connect Core, 5.3), a protected resource of this server itself
//! (RFC 9449, 7).

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use countersign::{
    UnixSeconds,
    access_token::{Credentials, CredentialsError, DpopRequirement, Presentation, bound_key},
    challenge::Challenge,
    crypto::ath,
    proof::{BoundToken, ProofError, VerifiedProof},
    replay::ReplayError,
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use serde_json::{Map, Value, json};

use crate::{
    keys::TokenType,
    oauth_error::{OAuthError, plain, uncached_json},
    state::{ServerState, Shared},
    tokens::{add_user_claims, grant_of},
};

pub(crate) async fn userinfo(
    State(server): Shared,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let now = server.now();
    let mut response = match answer(&server, &method, &headers, now) {
        Ok(claims) => uncached_json(StatusCode::OK, &claims),
        Err(error) => error.into_response(&server),
    };
    server.proofs.add_nonce(response.headers_mut(), now);
    response
}

fn answer(
    server: &ServerState,
    method: &Method,
    headers: &HeaderMap,
    now: UnixSeconds,
) -> Result<Value, UserinfoError> {
    let fields: Vec<&[u8]> = headers
        .get_all(AUTHORIZATION)
        .iter()
        .map(|field| field.as_bytes())
        .collect();
    let credentials = Credentials::parse(&fields)?;
    let claims = server
        .key
        .open(TokenType::AccessToken, credentials.token)
        .ok_or(UserinfoError::token(
            "it is not signed by this server; log in again",
        ))?;
    check_token(server, &claims, now)?;
    let proof = check_binding(server, method, headers, &credentials, &claims, now)?;

    let text = |name| claims.get(name).and_then(Value::as_str);
    let scopes: Vec<String> = text("scope")
        .unwrap_or_default()
        .split(' ')
        .map(Into::into)
        .collect();
    if !scopes.iter().any(|scope| scope == "openid") {
        return Err(UserinfoError::Scope);
    }
    let user = text("sub")
        .and_then(|sub| server.config.user(sub))
        .ok_or(UserinfoError::token("its user is unknown"))?;
    let mut info = json!({ "sub": user.sub });
    add_user_claims(&mut info, user, &scopes);
    // This check is last: only an answered request uses up its proof.
    if let Some(proof) = proof {
        server.proofs.remember(&proof, now)?;
    }
    Ok(info)
}

fn check_token(
    server: &ServerState,
    claims: &Map<String, Value>,
    now: UnixSeconds,
) -> Result<(), UserinfoError> {
    let expires = claims.get("exp").and_then(Value::as_i64);
    if expires.is_none_or(|expires| expires <= now.0) {
        return Err(UserinfoError::token("it has expired; refresh it"));
    }
    if !grant_of(claims).is_some_and(|id| server.grants.is_live(&id, now)) {
        return Err(UserinfoError::token(
            "its login has ended or was revoked; log in again",
        ));
    }
    Ok(())
}

/// Checks that a bound token comes with a proof by its key, and that only an unbound one is used as
/// Bearer (RFC 9449, 7.1). The proof may have been used before.
fn check_binding(
    server: &ServerState,
    method: &Method,
    headers: &HeaderMap,
    credentials: &Credentials<'_>,
    claims: &Map<String, Value>,
    now: UnixSeconds,
) -> Result<Option<VerifiedProof>, UserinfoError> {
    let bound = bound_key(claims).map_err(|error| UserinfoError::Token(error.to_string()))?;
    let presentation = Presentation::of(credentials.scheme, bound, DpopRequirement::Optional);
    let presentation = presentation.map_err(|error| UserinfoError::Token(error.to_string()))?;
    let Presentation::Dpop { key } = presentation else {
        return Ok(None);
    };
    let token = BoundToken::new(ath(credentials.token), key);
    let uri = &server.urls.userinfo;
    let proofs = &server.proofs;
    Ok(Some(proofs.verify(
        headers,
        method.as_str(),
        uri,
        token,
        now,
    )?))
}

/// Why a request is refused.
enum UserinfoError {
    Credentials(CredentialsError),
    Token(String),
    Proof(ProofError),
    Replay(ReplayError),
    Scope,
}

impl UserinfoError {
    fn token(why: &str) -> Self {
        Self::Token(why.to_owned())
    }

    fn into_response(self, server: &ServerState) -> Response {
        let (status, error, description) = match self {
            // A request without a token gets no error code (RFC 6750, 3.1).
            Self::Credentials(CredentialsError::Missing | CredentialsError::UnknownScheme) => {
                (StatusCode::UNAUTHORIZED, None, String::new())
            }
            Self::Credentials(error) => (
                StatusCode::BAD_REQUEST,
                Some("invalid_request"),
                error.to_string(),
            ),
            Self::Token(why) => (
                StatusCode::UNAUTHORIZED,
                Some("invalid_token"),
                format!("the access token is not accepted: {why}"),
            ),
            Self::Proof(error) => (
                StatusCode::UNAUTHORIZED,
                Some(error.code()),
                error.to_string(),
            ),
            Self::Replay(error @ (ReplayError::Full | ReplayError::Unavailable)) => {
                return OAuthError::from(error).into_response();
            }
            Self::Replay(error) => (
                StatusCode::UNAUTHORIZED,
                Some("invalid_dpop_proof"),
                error.to_string(),
            ),
            Self::Scope => (
                StatusCode::FORBIDDEN,
                Some("insufficient_scope"),
                "the access token needs the scope openid".to_owned(),
            ),
        };
        tracing::info!(error, reason = description, "userinfo refused");
        let mut body = json!({});
        let add = |challenge: Challenge| match error {
            Some(error) => challenge.with_error(error, &description),
            None => challenge,
        };
        if let Some(error) = error {
            body["error"] = error.into();
            body["error_description"] = plain(&description).into();
        }
        let mut response = uncached_json(status, &body);
        let mut challenges = Vec::new();
        if server.proofs.binds() {
            challenges.push(add(Challenge::dpop()).with("algs", &server.proofs.algs()));
        }
        let concerns_proof = matches!(error, Some("invalid_dpop_proof" | "use_dpop_nonce"));
        challenges.push(if concerns_proof {
            Challenge::bearer()
        } else {
            add(Challenge::bearer())
        });
        for challenge in challenges {
            if let Ok(value) = HeaderValue::try_from(challenge.to_header()) {
                response.headers_mut().append(WWW_AUTHENTICATE, value);
            }
        }
        response
    }
}

impl From<CredentialsError> for UserinfoError {
    fn from(error: CredentialsError) -> Self {
        Self::Credentials(error)
    }
}

impl From<ProofError> for UserinfoError {
    fn from(error: ProofError) -> Self {
        Self::Proof(error)
    }
}

impl From<ReplayError> for UserinfoError {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

#[cfg(test)]
mod tests {
    use countersign::UnixSeconds;

    use super::*;
    use crate::{clock::Clock, config::Config};

    #[tokio::test]
    async fn without_room_for_proofs_it_is_unavailable_for_a_while() {
        let clock = Clock::new(|| UnixSeconds(0));
        let server = ServerState::new(Config::default(), clock).expect("a server");
        for error in [ReplayError::Full, ReplayError::Unavailable] {
            let description = error.to_string();
            let response = UserinfoError::Replay(error).into_response(&server);
            assert_eq!(response.status(), 503);
            let header = |name: &str| response.headers().get(name).map(HeaderValue::as_bytes);
            assert_eq!(header("retry-after"), Some(&b"5"[..]));
            assert_eq!(header("cache-control"), Some(&b"no-store"[..]));
            assert_eq!(header("content-type"), Some(&b"application/json"[..]));
            assert_eq!(header("www-authenticate"), None);
            let body = axum::body::to_bytes(response.into_body(), 1024).await;
            let body: Value = serde_json::from_slice(&body.expect("a body")).expect("JSON");
            assert_eq!(
                body,
                json!({ "error": "temporarily_unavailable", "error_description": description })
            );
        }
    }
}
