//! The tokens of one token response: access token (RFC 9068; RFC 9449, 6.1), id_token (OpenID
//! Connect Core, 2), refresh token.

use countersign::{UnixSeconds, authorization_server::Binding, crypto::sha256, jose::base64url};
use serde_json::{Map, Value, json};

use crate::{
    config::UserConfig,
    grants::{Authorization, GrantId},
    keys::{SigningFailed, TokenType},
    oauth_error::OAuthError,
    secret::{NoRandomness, random},
    state::ServerState,
};

/// The shortest lifetime of an id_token. A client reads it once, at login; an access token may be
/// set to live for one second.
const SHORTEST_ID_TOKEN_LIFETIME_SECONDS: i64 = 300;

/// What the tokens say.
pub(crate) struct Grantee<'a> {
    pub(crate) id: &'a GrantId,
    pub(crate) authorization: &'a Authorization,
    pub(crate) scopes: Vec<String>,
    pub(crate) audiences: Vec<String>,
    /// The key that the tokens are bound to, if any.
    pub(crate) binding: Binding,
    /// Whether a code is redeemed, not a refresh token.
    pub(crate) is_login: bool,
}

/// Returns the token response's body (RFC 6749, 5.1).
pub(crate) fn tokens(
    server: &ServerState,
    grantee: &Grantee<'_>,
    now: UnixSeconds,
) -> Result<Value, OAuthError> {
    let lifetime = i64::from(server.config.access_token_lifetime_seconds);
    let access_token = access_token(server, grantee, lifetime, now)?;
    let mut response = json!({
        "access_token": access_token,
        "token_type": grantee.binding.token_type(),
        "expires_in": lifetime,
        "scope": grantee.scopes.join(" "),
    });
    if grantee.scopes.iter().any(|scope| scope == "openid") {
        response["id_token"] = id_token(server, grantee, &access_token, lifetime, now)?.into();
    }
    let refresh_lifetime = i64::from(server.config.refresh_token_lifetime_seconds);
    // Userinfo asks whether the grant is alive, so the grant must live as long as the access token.
    let grant_lifetime = if server.config.refresh_tokens {
        refresh_lifetime.max(lifetime)
    } else {
        lifetime
    };
    let refresh_token = server
        .grants
        .renew(
            grantee.id,
            grantee.binding.refresh_token(),
            grant_lifetime,
            now,
        )
        .ok_or_else(|| OAuthError::invalid_grant("the login has been revoked; log in again"))?;
    if server.config.refresh_tokens {
        response["refresh_token"] = refresh_token.into();
    }
    Ok(response)
}

fn access_token(
    server: &ServerState,
    grantee: &Grantee<'_>,
    lifetime: i64,
    now: UnixSeconds,
) -> Result<String, OAuthError> {
    let authorization = grantee.authorization;
    // The grant's id is not a secret: codes and refresh tokens need the server's tag beside it.
    let jti = base64url::encode(&[&grantee.id[..], &random::<12>()?].concat());
    let mut claims = json!({
        "iss": server.urls.issuer,
        "sub": authorization.sub,
        "aud": one_or_many(&grantee.audiences),
        "client_id": authorization.client_id,
        "iat": now.0,
        "exp": now.plus(lifetime).0,
        "auth_time": authorization.auth_time.0,
        "jti": jti,
        "scope": grantee.scopes.join(" "),
    });
    if let Some(claims) = claims.as_object_mut() {
        grantee.binding.add_to_claims(claims);
    }
    Ok(server.key.sign(TokenType::AccessToken, &claims)?)
}

/// Returns the grant that an access token was issued under.
pub(crate) fn grant_of(claims: &Map<String, Value>) -> Option<GrantId> {
    let jti = base64url::decode(claims.get("jti")?.as_str()?)?;
    jti.first_chunk().copied()
}

fn id_token(
    server: &ServerState,
    grantee: &Grantee<'_>,
    access_token: &str,
    lifetime: i64,
    now: UnixSeconds,
) -> Result<String, OAuthError> {
    let authorization = grantee.authorization;
    let lifetime = lifetime.max(SHORTEST_ID_TOKEN_LIFETIME_SECONDS);
    let hash = sha256(access_token.as_bytes());
    let mut claims = json!({
        "iss": server.urls.issuer,
        "sub": authorization.sub,
        "aud": authorization.client_id,
        "azp": authorization.client_id,
        "iat": now.0,
        "exp": now.plus(lifetime).0,
        "auth_time": authorization.auth_time.0,
        "at_hash": base64url::encode(&hash[..hash.len() / 2]),
    });
    // OpenID Connect Core, 12.2: a refreshed one should have none.
    if let Some(nonce) = authorization.nonce.as_ref().filter(|_| grantee.is_login) {
        claims["nonce"] = nonce.clone().into();
    }
    if let Some(user) = server.config.user(&authorization.sub) {
        add_user_claims(&mut claims, user, &grantee.scopes);
    }
    Ok(server.key.sign(TokenType::IdToken, &claims)?)
}

/// Returns the claims about the user that the scopes reveal (OpenID Connect Core, 5.4).
pub(crate) fn add_user_claims(claims: &mut Value, user: &UserConfig, scopes: &[String]) {
    let has = |name: &str| scopes.iter().any(|scope| scope == name);
    if has("profile") {
        claims["name"] = user.name().into();
        claims["preferred_username"] = user.sub.clone().into();
    }
    if let Some(email) = user.email.as_ref().filter(|_| has("email")) {
        claims["email"] = email.clone().into();
        claims["email_verified"] = true.into();
    }
}

/// Writes `aud`: text for one audience, an array for several (RFC 7519, 4.1.3).
fn one_or_many(values: &[String]) -> Value {
    match values {
        [value] => value.clone().into(),
        _ => values.into(),
    }
}

impl From<SigningFailed> for OAuthError {
    fn from(_: SigningFailed) -> Self {
        Self::server_error()
    }
}

impl From<NoRandomness> for OAuthError {
    fn from(_: NoRandomness) -> Self {
        Self::server_error()
    }
}
