//! A browser and a client in front of one server.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::{Router, body::Body};
use countersign::{
    UnixSeconds, base64url,
    jwk::PublicJwk,
    proof::{ProofClaims, ProofHeader, UnsignedProof},
    server::{
        crypto::{self, Algorithm},
        jws::CompactJws,
    },
};
use countersign_authorization_server::{AuthorizationServer, Clock, Config};
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use tower::ServiceExt;
use url::{Url, form_urlencoded};

pub(crate) const START: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z
pub(crate) const START_DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
pub(crate) const ISSUER: &str = "http://localhost:9441";
pub(crate) const TOKEN_ENDPOINT: &str = "http://localhost:9441/token";
pub(crate) const USERINFO_ENDPOINT: &str = "http://localhost:9441/userinfo";
pub(crate) const REDIRECT_URI: &str = "http://localhost:9440/";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) type Pairs = Vec<(String, String)>;

pub(crate) struct World {
    router: Router,
    now: Arc<AtomicI64>,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A response that has been read.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With this configuration, in TOML.
    pub(crate) fn with(toml: &str) -> Self {
        let now = Arc::new(AtomicI64::new(START));
        let config = Config::from_toml(toml).expect("TOML");
        let hand = Arc::clone(&now);
        let clock = Clock::new(move || UnixSeconds(hand.load(Ordering::Relaxed)));
        let server = AuthorizationServer::new(config, clock).expect("a configuration");
        Self {
            router: server.router(),
            now,
            cookies: RefCell::default(),
        }
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        UnixSeconds(self.now.load(Ordering::Relaxed))
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// As another program that knows none of the browser's cookies.
    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a response");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    /// As the browser: cookies go along and are kept.
    async fn browse(&self, mut request: Request<Body>) -> Reply {
        let cookies: Vec<_> = self
            .cookies
            .borrow()
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        if !cookies.is_empty() {
            let cookies = cookies.join("; ").parse().expect("a header");
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        let reply = self.send(request).await;
        for field in reply.headers.get_all(header::SET_COOKIE) {
            let pair = field
                .to_str()
                .expect("text")
                .split(';')
                .next()
                .expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            let mut cookies = self.cookies.borrow_mut();
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    pub(crate) async fn visit(&self, path: &str) -> Reply {
        self.browse(get(path)).await
    }

    pub(crate) async fn submit(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.browse(post_form(path, form)).await
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies
            .borrow_mut()
            .insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn forget_cookie(&self, name: &str) {
        self.cookies.borrow_mut().remove(name);
    }

    pub(crate) async fn authorize(&self, params: &Pairs) -> Reply {
        self.visit(&format!("/authorize?{}", encode(params))).await
    }

    /// Chooses a user on the login page that the request leads to; the redirect back.
    pub(crate) async fn log_in(&self, params: &Pairs, user: &str) -> Reply {
        let page = self.authorize(params).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
        let form = [("request", &*request), ("csrf", &*csrf), ("user", user)];
        self.submit("/login", &form).await
    }

    /// A code for alice: by login, or by the session when there is one.
    pub(crate) async fn code(&self, params: &Pairs) -> String {
        let mut reply = self.authorize(params).await;
        if reply.status == 200 {
            reply = self.log_in(params, "alice").await;
        }
        reply
            .param("code")
            .unwrap_or_else(|| panic!("no code: {}", reply.location()))
    }

    pub(crate) async fn token(&self, form: &Pairs, proof: Option<&str>) -> Reply {
        let form: Vec<_> = form.iter().map(|(n, v)| (&**n, &**v)).collect();
        let mut request = post_form("/token", &form);
        if let Some(proof) = proof {
            request
                .headers_mut()
                .insert("dpop", proof.parse().expect("a header"));
        }
        self.send(request).await
    }

    /// The tokens of a login with this key.
    pub(crate) async fn tokens(&self, key: &Key) -> Value {
        let code = self.code(&request()).await;
        let proof = key.proof(self.now());
        let reply = self.token(&redemption(&code), Some(&proof)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("text"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
            .unwrap_or_else(|| panic!("no redirect: {}", self.body))
    }

    /// A parameter of the redirect's query.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let url = Url::parse(self.location()).expect("a URL");
        let mut pairs = url.query_pairs();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A hidden field of the page's form.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&start).expect("the field");
        let (value, _) = rest.split_once('"').expect("its end");
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    }

    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        let json = self.json();
        assert_eq!(json["error"], code, "{json}");
        assert!(json["error_description"].is_string());
        assert_eq!(json.as_object().expect("an object").len(), 2);
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("pragma"), Some("no-cache"));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    #[track_caller]
    pub(crate) fn assert_sent_error(&self, code: &str) {
        assert_eq!(self.status, 303, "{}", self.body);
        assert!(
            self.location().starts_with(REDIRECT_URI),
            "{}",
            self.location()
        );
        assert_eq!(
            self.param("error").as_deref(),
            Some(code),
            "{}",
            self.location()
        );
        assert_eq!(self.param("code"), None);
        assert_eq!(self.param("iss").as_deref(), Some(ISSUER));
    }
}

/// A client's key, and the proofs that it signs.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: PublicJwk,
}

static JTI: AtomicU32 = AtomicU32::new(0);

impl Key {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let point = pair.public_key().as_ref();
        let (x, y) = (
            base64url::encode(&point[1..33]),
            base64url::encode(&point[33..]),
        );
        let public = PublicJwk::es256(&x, &y).expect("a public key");
        Self { pair, public }
    }

    pub(crate) fn jkt(&self) -> String {
        crypto::thumbprint(&self.public).to_base64url()
    }

    pub(crate) fn sign(&self, claims: &ProofClaims<'_>) -> String {
        let proof = UnsignedProof::new(&ProofHeader::new(&self.public), claims);
        let random = SystemRandom::new();
        let signature = self
            .pair
            .sign(&random, proof.signing_input())
            .expect("a signature");
        proof.attach(signature.as_ref())
    }

    /// For a token request.
    pub(crate) fn proof(&self, now: UnixSeconds) -> String {
        self.sign(&claims(&jti(), now))
    }

    pub(crate) fn proof_with_nonce(&self, now: UnixSeconds, nonce: &str) -> String {
        let jti = jti();
        let nonce = Some(nonce);
        self.sign(&ProofClaims {
            nonce,
            ..claims(&jti, now)
        })
    }

    /// For userinfo.
    pub(crate) fn proof_with_token(&self, now: UnixSeconds, htm: &str, token: &str) -> String {
        let (jti, ath) = (jti(), crypto::ath(token).to_base64url());
        self.sign(&ProofClaims {
            htm,
            htu: USERINFO_ENDPOINT,
            ath: Some(&ath),
            ..claims(&jti, now)
        })
    }
}

pub(crate) fn jti() -> String {
    format!("jti-{}", JTI.fetch_add(1, Ordering::Relaxed))
}

/// What is right for a token request.
pub(crate) fn claims(jti: &str, iat: UnixSeconds) -> ProofClaims<'_> {
    ProofClaims {
        jti,
        htm: "POST",
        htu: TOKEN_ENDPOINT,
        iat,
        ath: None,
        nonce: None,
    }
}

/// An authorization request of the client `demo`.
pub(crate) fn request() -> Pairs {
    pairs(&[
        ("client_id", "demo"),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "st&ate"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// The token request for a code of [`request`].
pub(crate) fn redemption(code: &str) -> Pairs {
    pairs(&[
        ("grant_type", "authorization_code"),
        ("client_id", "demo"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

pub(crate) fn refreshing(token: &Value) -> Pairs {
    pairs(&[
        ("grant_type", "refresh_token"),
        ("client_id", "demo"),
        ("refresh_token", token.as_str().expect("a refresh token")),
    ])
}

fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect()
}

/// The same with another value, or with one more.
pub(crate) fn with(mut pairs: Pairs, name: &str, value: &str) -> Pairs {
    pairs.retain(|(known, _)| known != name);
    pairs.push((name.to_owned(), value.to_owned()));
    pairs
}

pub(crate) fn without(mut pairs: Pairs, name: &str) -> Pairs {
    pairs.retain(|(known, _)| known != name);
    pairs
}

pub(crate) fn encode(pairs: &Pairs) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

pub(crate) fn post_form(path: &str, form: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("a request")
}

/// A token's header and claims, after a check of its signature with the published key.
pub(crate) async fn decode(
    world: &World,
    token: &Value,
) -> (Map<String, Value>, Map<String, Value>) {
    let jwks = world.send(get("/jwks")).await.json();
    let key = jwks["keys"][0].as_object().expect("a key");
    let public = PublicJwk::from_json(key).expect("a public key");
    let jws = CompactJws::parse(token.as_str().expect("a token").as_bytes(), 8192).expect("a JWS");
    assert_eq!(jws.kid(), key["kid"].as_str());
    let signed = jws.signing_input();
    crypto::verify(Algorithm::Es256, &public, signed, jws.signature()).expect("the signature");
    (jws.header().clone(), jws.claims().clone())
}
