//! An issuer, a client and an API, at a time that tests set.

mod issuer;
mod key;
mod log;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use axum::{Router, body::Body, routing::any};
use countersign::{
    UnixSeconds,
    crypto::{ath, thumbprint},
    jose::base64url,
};
use countersign_resource_server::{
    AccessTokenPolicy, Authenticated, Issuer, IssuerKeys, Rejection, RemoteKeys, ResourceServer,
    ResourceServerBuilder, StaticKeys, TokenError,
};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) use issuer::Site;
pub(crate) use key::Key;
pub(crate) use log::Log;

pub(crate) const ISSUER: &str = "https://issuer.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const URL: &str = "https://api.example.com/notes";
pub(crate) const START: i64 = 1_767_225_600;
pub(crate) const ALGS: &str = "ES256 EdDSA PS256 RS256";

pub(crate) struct World {
    now: Arc<AtomicI64>,
    pub(crate) issuer: Key,
    pub(crate) client: Key,
    pub(crate) server: ResourceServer,
}

impl World {
    /// With the defaults, and the issuer's key given.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        Self::with_issuer(|issuer| issuer, configure)
    }

    pub(crate) fn with_policy(policy: AccessTokenPolicy) -> Self {
        Self::with_issuer(|issuer| issuer.with_policy(policy), |builder| builder)
    }

    /// Where these keys are the issuer's.
    pub(crate) fn trusting(jwks: &str) -> Self {
        let keys = StaticKeys::new(jwks);
        Self::with_issuer(|issuer| issuer.with_keys(keys), |builder| builder)
    }

    pub(crate) fn with_issuer(
        change: impl FnOnce(Issuer) -> Issuer,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        let key = Key::p256();
        let keys = StaticKeys::new(key.jwks("1"));
        let issuer = Issuer::from_keys(ISSUER, AUDIENCE, keys);
        Self::signed_by(key, change(issuer), configure)
    }

    /// Whose keys are read from `site`.
    pub(crate) fn reading(key: Key, site: &Arc<Site>) -> Self {
        let keys = RemoteKeys::from_fetch(Arc::clone(site).port());
        Self::with_keys(key, keys)
    }

    /// Whose tokens are signed by `key`, and verified by `keys`.
    pub(crate) fn with_keys(key: Key, keys: impl Into<IssuerKeys>) -> Self {
        let issuer = Issuer::from_keys(ISSUER, AUDIENCE, keys);
        Self::signed_by(key, issuer, |builder| builder)
    }

    /// Whose tokens are signed by `key`.
    pub(crate) fn signed_by(
        key: Key,
        issuer: Issuer,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        let now = Arc::new(AtomicI64::new(START));
        let clock = Arc::clone(&now);
        let builder = ResourceServer::builder(AUDIENCE, issuer)
            .with_clock(move || UnixSeconds(clock.load(Ordering::Relaxed)));
        Self {
            now,
            issuer: key,
            client: Key::p256(),
            server: configure(builder).build().unwrap(),
        }
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        UnixSeconds(self.now.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The claims of a good token, bound to the client's key.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "ann",
            "client_id": "app",
            "scope": "notes:read notes:write",
            "exp": self.now().0 + 300,
            "iat": self.now().0,
            "cnf": { "jkt": self.client.jkt() },
        })
    }

    /// A good token.
    pub(crate) fn token(&self) -> String {
        self.token_with(|_| {})
    }

    /// A token whose claims are good but for what `change` does.
    pub(crate) fn token_with(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "1" });
        self.issuer.jwt(&header, &claims)
    }

    /// A token that is bound to no key.
    pub(crate) fn unbound_token(&self) -> String {
        self.token_with(|claims| {
            claims.as_object_mut().unwrap().remove("cnf");
        })
    }

    /// A good proof for `GET /notes` with `token`.
    pub(crate) fn proof(&self, token: &str) -> String {
        self.proof_with(token, |_, _| {})
    }

    /// A proof that is good but for what `change` does to header and claims.
    pub(crate) fn proof_with(
        &self,
        token: &str,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> String {
        let mut header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": serde_json::from_str::<Value>(&self.client.jwk.to_json()).unwrap(),
        });
        let mut claims = json!({
            "jti": fresh_jti(),
            "htm": "GET",
            "htu": URL,
            "iat": self.now().0,
            "ath": ath(token).to_base64url(),
        });
        change(&mut header, &mut claims);
        self.client.jwt(&header, &claims)
    }

    /// What `GET /notes` with these headers is answered.
    pub(crate) async fn get(&self, headers: &[(&str, &str)]) -> Answer {
        send(&self.api(), "GET", "/notes", headers).await
    }

    /// `GET /notes` with token and proof.
    pub(crate) async fn call(&self, token: &str, proof: &str) -> Answer {
        self.get(&[("authorization", &format!("DPoP {token}")), ("dpop", proof)])
            .await
    }

    /// `GET /notes` with a good proof for `token`.
    pub(crate) async fn prove(&self, token: &str) -> Answer {
        self.call(token, &self.proof(token)).await
    }

    pub(crate) fn api(&self) -> Router {
        api(&self.server)
    }
}

/// Answers every method with the subject.
pub(crate) fn api(server: &ResourceServer) -> Router {
    let hello = |caller: Authenticated| async move { caller.subject().unwrap_or("").to_owned() };
    Router::new()
        .route("/notes", any(hello))
        .layer(server.layer())
}

/// Answers every path and method.
pub(crate) fn api_for_every_path(server: &ResourceServer) -> Router {
    let hello = |_: Authenticated| async {};
    Router::new().fallback(hello).layer(server.layer())
}

pub(crate) async fn send(
    api: &Router,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = api.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        rejection: parts.extensions.get().cloned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A `jti` that no other proof of this process has.
fn fresh_jti() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("a-jti-of-some-length-{number}")
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) rejection: Option<Rejection>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} stands there twice");
        value.to_str().ok()
    }

    pub(crate) fn challenges(&self) -> Vec<&str> {
        let all = self.headers.get_all("www-authenticate").iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn assert_accepted(&self) {
        assert_eq!(
            (self.status, self.body.as_str(), &self.rejection),
            (StatusCode::OK, "ann", &None)
        );
        assert!(self.challenges().is_empty());
    }

    /// Status, code and the whole challenge of a refusal where DPoP is required.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, error: &str, description: &str) {
        assert_eq!(self.status, status, "{:?}", self.rejection);
        assert_eq!(
            self.challenges(),
            [format!(
                r#"DPoP algs="{ALGS}", error="{error}", error_description="{description}""#
            )]
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.body, "");
    }

    #[track_caller]
    pub(crate) fn assert_invalid_token(&self, reason: &TokenError) {
        assert_eq!(self.rejection, Some(Rejection::Token(reason.clone())));
        let description = "The access token is not valid for this request";
        self.assert_refused(401, "invalid_token", description);
        assert_eq!(self.header("dpop-nonce"), None);
    }

    #[track_caller]
    pub(crate) fn assert_invalid_proof(&self) {
        let description = "The DPoP proof is missing or not valid for this request";
        self.assert_refused(401, "invalid_dpop_proof", description);
    }

    #[track_caller]
    pub(crate) fn name(&self) -> &'static str {
        self.rejection.as_ref().expect("a refusal").name()
    }
}

/// `part` of a JWT, exchanged.
pub(crate) fn with_part(jwt: &str, part: usize, value: &Value) -> String {
    let mut parts: Vec<String> = jwt.split('.').map(str::to_owned).collect();
    parts[part] = base64url::encode(value.to_string().as_bytes());
    parts.join(".")
}

impl Key {
    pub(crate) fn jkt(&self) -> String {
        thumbprint(&self.jwk).to_base64url()
    }
}
