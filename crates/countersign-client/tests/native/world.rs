//! Both servers, with a record of all requests, and a user.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use clap::Parser as _;
use countersign_authorization_server::{AuthorizationServer, Clock, Config, Listeners, serve};
use countersign_client::native::{
    EngineError, Error, LoopbackResolver, NativeClient, NativeClientBuilder, Tokens,
};
use example_api::Options;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use serde_json::Value;
use url::Url;

/// One request as the server saw it, and the status of its answer (0: none yet).
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) proof: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) status: u16,
}

impl Seen {
    /// The proof's claims.
    pub(crate) fn claims(&self) -> Value {
        let proof = self.proof.as_deref().expect("a proof");
        let payload = proof.split('.').nth(1).unwrap();
        serde_json::from_slice(&countersign::jose::base64url::decode(payload).unwrap()).unwrap()
    }

    pub(crate) fn form(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(&self.body);
        let (_, value) = pairs.find(|(key, _)| key == name)?;
        Some(value.into_owned())
    }
}

/// A server's record, and whether it fails.
#[derive(Clone, Default)]
pub(crate) struct Record {
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) is_down: Arc<AtomicBool>,
}

impl Record {
    pub(crate) fn to(&self, path: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|seen| seen.path == path)
            .cloned()
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seen.lock().unwrap().is_empty()
    }
}

async fn record(State(record): State<Record>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let header = |name| {
        let mut values = parts.headers.get_all(name).into_iter();
        let value = values
            .next()
            .map(|value| value.to_str().unwrap().to_owned());
        assert!(values.next().is_none(), "one field at most");
        value
    };
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        authorization: header(AUTHORIZATION),
        proof: header("DPoP".parse().unwrap()),
        headers: parts.headers.clone(),
        body: body.clone(),
        status: 0,
    };
    let index = {
        let mut all = record.seen.lock().unwrap();
        all.push(seen);
        all.len() - 1
    };
    let is_down = record.is_down.load(Ordering::Relaxed) && parts.method == "POST";
    let response = if is_down {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        next.run(Request::from_parts(parts, Body::from(body))).await
    };
    record.seen.lock().unwrap()[index].status = response.status().as_u16();
    response
}

/// Serves at a free port of `localhost`. `router` gets the port.
pub(crate) async fn listen(router: impl FnOnce(u16) -> Router) -> (String, Record) {
    let listeners = Listeners::bind(0).await.unwrap();
    let port = listeners.port();
    let seen = Record::default();
    let router = router(port).layer(from_fn_with_state(seen.clone(), record));
    tokio::spawn(async move {
        serve(listeners, router, std::future::pending())
            .await
            .unwrap();
    });
    (format!("http://localhost:{port}"), seen)
}

/// An authorization server with the native client `cli`, and the example API.
pub(crate) struct World {
    pub(crate) issuer: String,
    pub(crate) idp: Record,
    pub(crate) api: String,
    pub(crate) calls: Record,
    /// The port of a redirect URI of `cli` with a name. It is reserved as long as this lives.
    pub(crate) by_name: Listeners,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with("", &[]).await
    }

    /// `idp`: further configuration; `flags`: those of the API.
    pub(crate) async fn with(idp: &str, flags: &[&str]) -> Self {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        Self::around(idp, |issuer, port| {
            example_api::app(&options(issuer, port, &flags), port).unwrap()
        })
        .await
    }

    /// Creates servers with names of their own.
    pub(crate) async fn at(issuer: &str, api: &str) -> Self {
        let url = format!("http://{api}");
        Self::build(issuer, api, "", |issuer, port| {
            let mut options = options(issuer, port, &[]);
            options.audience = format!("{url}:{port}");
            options.public_url = Some(options.audience.clone());
            example_api::app(&options, port).unwrap()
        })
        .await
    }

    /// Creates a world with an API of the test's own. `api` gets the issuer and the port.
    pub(crate) async fn around(idp: &str, api: impl FnOnce(&str, u16) -> Router) -> Self {
        Self::build("localhost", "localhost", idp, api).await
    }

    async fn build(
        issuer_host: &str,
        api_host: &str,
        idp: &str,
        api: impl FnOnce(&str, u16) -> Router,
    ) -> Self {
        // The API's port is known when the server starts, and vice versa.
        let issuer = Listeners::bind(0).await.unwrap();
        let issuer_url = format!("http://{issuer_host}:{}", issuer.port());
        let by_name = Listeners::bind(0).await.unwrap();
        let (api, calls) = listen(|port| api(&issuer_url, port)).await;
        let api = api.replace("localhost", api_host);
        let config = format!(
            "issuer = \"{issuer_url}\"\n{idp}\n[[clients]]\nid = \"cli\"\nnative = true\n\
             redirect_uris = [\"http://127.0.0.1/\", \"http://127.0.0.1/callback\", \"http://localhost:{}/\"]\n\
             audiences = [\"{api}\"]\n",
            by_name.port()
        );
        let config = Config::from_toml(&config).unwrap();
        let server = AuthorizationServer::new(config, Clock::system()).unwrap();
        let seen = Record::default();
        let router = server
            .router()
            .layer(from_fn_with_state(seen.clone(), record));
        tokio::spawn(async move {
            serve(issuer, router, std::future::pending()).await.unwrap();
        });
        Self {
            issuer: issuer_url,
            idp: seen,
            api,
            calls,
            by_name,
        }
    }

    pub(crate) fn builder(&self) -> NativeClientBuilder {
        NativeClient::builder(&self.issuer, "cli")
    }

    /// Returns a client that alice has logged in.
    pub(crate) async fn logged_in(&self) -> NativeClient {
        let client = self.builder().build().unwrap();
        log_in(&client).await.unwrap();
        client
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.api)
    }

    pub(crate) fn token_requests(&self) -> Vec<Seen> {
        self.idp.to("/token")
    }
}

pub(crate) fn options(issuer: &str, port: u16, flags: &[String]) -> Options {
    let own = format!("http://localhost:{port}");
    let arguments = ["example-api", "--issuer", issuer, "--audience", &own];
    let arguments = arguments.iter().map(|&argument| argument.to_owned());
    Options::parse_from(arguments.chain(flags.iter().cloned()))
}

/// Logs in alice.
pub(crate) async fn log_in(client: &NativeClient) -> Result<Tokens, Error> {
    let pending = client.begin_login().await?;
    let url = pending.url().to_owned();
    let (tokens, page) = tokio::join!(pending.finish(), async {
        visit(&answer(&url, "alice").await).await
    });
    assert_eq!(page.0, StatusCode::OK);
    tokens
}

/// Acts as a user's browser up to the response. Returns the URL that it is sent back to.
pub(crate) async fn answer(authorization_url: &str, user: &str) -> String {
    let http = browser();
    let page = http.get(authorization_url).send().await.unwrap();
    let cookies: Vec<String> = page
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .map(|cookie| {
            let cookie = cookie.to_str().unwrap();
            cookie.split(';').next().unwrap().to_owned()
        })
        .collect();
    let page_url = page.url().clone();
    let html = page.text().await.unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("request", &hidden(&html, "request"))
        .append_pair("csrf", &hidden(&html, "csrf"))
        .append_pair(if user.is_empty() { "cancel" } else { "user" }, user)
        .finish();
    let response = http
        .post(page_url.join("/login").unwrap())
        .header(COOKIE, cookies.join("; "))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// Returns the page that the program shows at a URL, and its status.
pub(crate) async fn visit(url: &str) -> (StatusCode, String) {
    let response = browser().get(url).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

fn browser() -> reqwest::Client {
    let http = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(LoopbackResolver::new());
    let http = http.redirect(reqwest::redirect::Policy::none());
    http.build().unwrap()
}

/// Returns the value of a hidden input.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    let (value, _) = rest.split_once('"').unwrap();
    value.replace("&amp;", "&").replace("&quot;", "\"")
}

pub(crate) fn parameters(url: &str) -> std::collections::HashMap<String, String> {
    Url::parse(url)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

#[track_caller]
pub(crate) fn engine_error<T: std::fmt::Debug>(outcome: Result<T, Error>) -> EngineError {
    match outcome {
        Err(Error::Engine(error)) => error,
        other => panic!("{other:?}"),
    }
}
