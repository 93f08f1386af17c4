//! A browser and a client in front of one server. The client's requests are in `client`.

mod client;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{Router, body::Body};
use countersign::{
    UnixSeconds,
    crypto::{self, Algorithm},
    jose::jws::CompactJws,
    jwk::PublicJwk,
};
use countersign_authorization_server::{AuthorizationServer, Clock, Config};
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use tower::ServiceExt;
use url::Url;

pub(crate) use client::*;

pub(crate) const START: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z
pub(crate) const START_DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
pub(crate) const ISSUER: &str = "http://localhost:9441";

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

    /// Creates a world with this configuration, in TOML.
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

    /// Sends a request as another program, without the browser's cookies.
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

    /// Sends a request as the browser: with its cookies, and keeps those of the response.
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

    /// Sends a request with these `Origin` fields.
    pub(crate) async fn submit_from(
        &self,
        origins: &[&str],
        path: &str,
        form: &[(&str, &str)],
    ) -> Reply {
        let mut request = post_form(path, form);
        for origin in origins {
            let origin = origin.parse().expect("a header");
            request.headers_mut().append(header::ORIGIN, origin);
        }
        self.browse(request).await
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

    /// Chooses a user on the login page that the request leads to, and returns the redirect back.
    pub(crate) async fn log_in(&self, params: &Pairs, user: &str) -> Reply {
        let page = self.authorize(params).await;
        self.choose(&page, user).await
    }

    async fn choose(&self, page: &Reply, user: &str) -> Reply {
        assert_eq!(page.status, 200, "{}", page.body);
        let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
        let form = [("request", &*request), ("csrf", &*csrf), ("user", user)];
        self.submit("/login", &form).await
    }

    /// Returns a code for alice, by login or by the session if there is one.
    pub(crate) async fn code(&self, params: &Pairs) -> String {
        let mut reply = self.authorize(params).await;
        if reply.status == 200 {
            reply = self.choose(&reply, "alice").await;
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

    /// Returns the tokens of a login with this key.
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

    /// Returns a parameter of the redirect's query.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let url = Url::parse(self.location()).expect("a URL");
        let mut pairs = url.query_pairs();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Returns a hidden field of the page's form.
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

/// Returns a token's header and claims, after it has checked the signature with the published key.
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
