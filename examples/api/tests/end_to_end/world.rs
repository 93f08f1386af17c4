use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{Router, body::Body};
use clap::Parser;
use countersign_resource_server::{Clock, SystemClock};
use example_api::{Options, app, resource_server, router};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    client::Client,
    idp::{AUDIENCE, Idp},
};

/// Builds the example API as its command line does, with its journal.
pub(crate) fn api(issuer: &str, flags: &[&str]) -> Router {
    api_with(issuer, flags, true)
}

pub(crate) fn api_with(issuer: &str, flags: &[&str], journal: bool) -> Router {
    app(&options(issuer, flags, journal), 9442).unwrap()
}

/// Builds the API with a clock that is ahead by the returned number of seconds, at first zero.
pub(crate) fn api_with_clock(issuer: &str) -> (Router, Arc<AtomicI64>) {
    let options = options(issuer, &[], false);
    let ahead = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&ahead);
    let server = resource_server(&options, 9442)
        .with_clock(move || SystemClock.now().plus(clock.load(Ordering::Relaxed)))
        .build()
        .unwrap();
    (router(&options, server).unwrap(), ahead)
}

fn options(issuer: &str, flags: &[&str], journal: bool) -> Options {
    let mut arguments = vec!["example-api", "--issuer", issuer, "--audience", AUDIENCE];
    arguments.extend(["--public-url", AUDIENCE]);
    arguments.extend(flags);
    if journal {
        arguments.push("--journal");
    }
    Options::parse_from(arguments)
}

/// A logged-in user's client, and the API.
pub(crate) struct World {
    pub(crate) idp: Idp,
    pub(crate) api: Router,
    pub(crate) client: Client,
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with("", &[]).await
    }

    pub(crate) async fn with(idp: &str, flags: &[&str]) -> Self {
        let idp = Idp::start(idp).await;
        let client = Client::new();
        let token = idp.access_token(&client).await;
        Self {
            api: api(&idp.issuer, flags),
            idp,
            client,
            token,
        }
    }

    /// Makes a request with a proof.
    pub(crate) fn request(&self, method: &str, path: &str) -> Call {
        let url = format!("{AUDIENCE}{path}");
        let proof = self.client.proof(method, &url, Some(&self.token), None);
        Call::new(method, path).dpop(&self.token, &proof)
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        call.send(&self.api).await
    }

    pub(crate) async fn journal(&self, after: u64) -> Vec<Value> {
        let path = format!("/journal?after={after}");
        let answer = self.send(Call::new("GET", &path)).await;
        answer.json().as_array().unwrap().clone()
    }
}

pub(crate) struct Call {
    builder: http::request::Builder,
    body: Body,
}

impl Call {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            builder: Request::builder().method(method).uri(path),
            body: Body::empty(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn dpop(self, token: &str, proof: &str) -> Self {
        self.header("authorization", &format!("DPoP {token}"))
            .header("dpop", proof)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) async fn send(self, api: &Router) -> Answer {
        let request = self.builder.body(self.body).unwrap();
        let response = api.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}
