//! A scripted platform: a virtual clock, an authorization server that is a closure, storage that can refuse.
//!
//! What the engine sends is recorded with its proof decoded, so that tests can assert exact values.
// Each test binary uses its part of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use countersign::base64url;
use countersign::jwk::PublicJwk;
use countersign_client::{
    AuthorizationRequest, Client, ClientConfig, ClientError, Document, Engine, KeyError, KeyPair,
    Mode, Observed, Parameter, Platform, Record, Request, Response, SendError, Text, UnixMillis,
    Upgraded, Url,
};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://as.example";
pub const TOKEN: &str = "https://as.example/token";
pub const API: &str = "https://api.example";
/// The true time when a world begins, seconds since the epoch.
pub const START: i64 = 1_800_000_000;

pub struct Json(pub Value);

impl Document for Json {
    fn text(&self, name: &str) -> Text {
        self.0[name].as_str().unwrap_or_default().into()
    }

    fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or(f64::NAN)
    }

    fn is_true(&self, name: &str) -> bool {
        self.0[name] == true
    }

    fn texts(&self, name: &str) -> Vec<Text> {
        match &self.0[name] {
            Value::String(text) => vec![text.as_str().into()],
            Value::Array(members) if members.iter().all(Value::is_string) => members
                .iter()
                .filter_map(Value::as_str)
                .map(Text::from)
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// One request as it went out.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: &'static str,
    pub url: String,
    pub form: HashMap<String, String>,
    pub proof: Option<Proof>,
}

#[derive(Clone, Debug)]
pub struct Proof {
    pub header: Value,
    pub claims: Value,
}

impl Proof {
    pub fn decode(proof: &str) -> Self {
        let part = |index: usize| {
            let part = proof.split('.').nth(index).expect("three parts");
            serde_json::from_slice(&base64url::decode(part).expect("base64url")).expect("JSON")
        };
        assert_eq!(proof.split('.').count(), 3);
        Self {
            header: part(0),
            claims: part(1),
        }
    }

    pub fn nonce(&self) -> Option<&str> {
        self.claims["nonce"].as_str()
    }

    pub fn iat(&self) -> i64 {
        self.claims["iat"].as_i64().expect("a number")
    }
}

/// What a scripted server answers.
pub struct Answer {
    pub status: u16,
    pub nonce: Option<&'static str>,
    /// Offset of its `Date` from the true time, seconds.
    pub date: Option<i64>,
    pub body: String,
}

pub fn ok(body: Value) -> Answer {
    Answer {
        status: 200,
        nonce: None,
        date: None,
        body: body.to_string(),
    }
}

pub fn error(status: u16, code: &str) -> Answer {
    Answer {
        status,
        ..ok(json!({ "error": code }))
    }
}

impl Answer {
    pub fn nonce(self, nonce: &'static str) -> Self {
        Self {
            nonce: Some(nonce),
            ..self
        }
    }

    pub fn date(self, offset: i64) -> Self {
        Self {
            date: Some(offset),
            ..self
        }
    }
}

type Script = Box<dyn FnMut(&Sent, &World) -> Option<Answer>>;

pub struct Inner {
    /// True time, milliseconds since the epoch.
    time: Cell<i64>,
    /// The local clock minus the true time, milliseconds.
    pub local_error: Cell<i64>,
    pub sent: RefCell<Vec<Sent>>,
    pub script: RefCell<Script>,
    pub keys: Cell<u8>,
    pub signatures: Cell<u32>,
    pub digests: Cell<u32>,
    random: Cell<u8>,
    timers: RefCell<Vec<i64>>,
    pub kept: RefCell<HashMap<String, (i64, Record<u8>)>>,
    /// `1`: refuses keys, `2`: refuses everything.
    pub storage_refuses: Cell<u8>,
    /// The OIDC nonce of the last authorization request.
    pub oidc_nonce: RefCell<String>,
}

#[derive(Clone)]
pub struct World(pub Rc<Inner>);

/// Pending once: lets other tasks run.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Platform for World {
    type Key = u8;
    type Document = Json;

    async fn send(&self, request: Request<'_>) -> Result<Response<Json>, SendError> {
        let sent = Sent {
            method: request.method,
            url: request.url.into(),
            form: request.form.map(parameters).unwrap_or_default(),
            proof: request.proof.map(Proof::decode),
        };
        self.0.sent.borrow_mut().push(sent.clone());
        Turn(false).await;
        let answer = (self.0.script.borrow_mut())(&sent, self).ok_or(SendError)?;
        Ok(Response {
            status: answer.status,
            dpop_nonce: answer.nonce.unwrap_or_default().into(),
            date: answer
                .date
                .map(|offset| UnixMillis((self.0.time.get() / 1000 + offset) * 1000)),
            json: self.parse(answer.body.as_bytes()),
        })
    }

    async fn generate_key(&self) -> Result<Rc<KeyPair<u8>>, KeyError> {
        let number = self.0.keys.get() + 1;
        self.0.keys.set(number);
        Ok(Rc::new(key(number)))
    }

    async fn sign(&self, _: &u8, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.0.signatures.set(self.0.signatures.get() + 1);
        Ok(vec![7; 64])
    }

    async fn digest(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.0.digests.set(self.0.digests.get() + 1);
        Ok(countersign::server::crypto::sha256(message).to_vec())
    }

    async fn sleep(&self, milliseconds: u32) {
        let end = self.0.time.get() + i64::from(milliseconds);
        self.0.timers.borrow_mut().push(end);
        while self.0.time.get() < end {
            Turn(false).await;
        }
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.time.get() + self.0.local_error.get())
    }

    fn random(&self, bytes: &mut [u8]) {
        self.0.random.set(self.0.random.get() + 1);
        bytes.fill(self.0.random.get());
    }

    fn parse(&self, json: &[u8]) -> Option<Json> {
        let object: Value = serde_json::from_slice(json).ok()?;
        object.is_object().then_some(Json(object))
    }

    fn merge(&self, Json(mut object): Json, Json(overrides): &Json) -> Json {
        let members = overrides.as_object().expect("an object").clone();
        object.as_object_mut().expect("an object").extend(members);
        Json(object)
    }

    fn url(&self, text: &str) -> Option<Url> {
        let (scheme, rest) = text.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        (!host.contains('@')).then(|| Url {
            origin: format!("{scheme}://{host}").into(),
            path: format!("/{path}").into(),
        })
    }

    async fn keep(&self, name: &str, record: &Record<u8>) -> bool {
        let refusal = self.0.storage_refuses.get();
        if refusal == 2 || (refusal == 1 && record.key.is_some()) {
            return false;
        }
        let record = Record {
            fields: record.fields.clone(),
            key: record.key.clone(),
        };
        let end = self.0.time.get() + countersign_client::FLOW_LIFETIME_MILLIS;
        self.0.kept.borrow_mut().insert(name.into(), (end, record));
        true
    }

    async fn take(&self, name: &str) -> Option<Record<u8>> {
        let (end, record) = self.0.kept.borrow_mut().remove(name)?;
        (self.0.time.get() < end).then_some(record)
    }
}

pub fn key(number: u8) -> KeyPair<u8> {
    let x = base64url::encode(&[number; 32]);
    KeyPair {
        private: number,
        public: PublicJwk::es256(&x, &x).expect("32 bytes"),
    }
}

pub fn thumbprint(number: u8) -> String {
    let input = key(number).public.thumbprint_input();
    base64url::encode(&countersign::server::crypto::sha256(input.as_bytes()))
}

/// The proof's key, by its number.
pub fn signer(proof: &Proof) -> u8 {
    let x = proof.header["jwk"]["x"].as_str().expect("a coordinate");
    base64url::decode(x).expect("base64url")[0]
}

pub fn parameters(query: &str) -> HashMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'%' {
                bytes.push(
                    u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap(),
                );
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    let mut all = HashMap::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        assert_eq!(
            all.insert(decode(name), decode(value)),
            None,
            "{name} twice"
        );
    }
    all
}

pub fn pairs(pairs: &[(&str, &str)]) -> Vec<Parameter> {
    pairs
        .iter()
        .map(|&(name, value)| (name.into(), value.into()))
        .collect()
}

pub fn jwt(claims: &Value) -> String {
    format!("e30.{}.", base64url::encode(claims.to_string().as_bytes()))
}

pub fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example/authorize?tenant=1",
        "token_endpoint": TOKEN,
        "end_session_endpoint": "https://as.example/logout",
        "authorization_response_iss_parameter_supported": true,
        "dpop_signing_alg_values_supported": ["ES384", "ES256"],
    })
}

impl World {
    /// A server that does everything right.
    pub fn new() -> (Self, Engine<Self>) {
        let world = Self(Rc::new(Inner {
            time: Cell::new(START * 1000),
            local_error: Cell::new(0),
            sent: RefCell::default(),
            script: RefCell::new(Box::new(|sent, world| Some(world.standard(sent)))),
            keys: Cell::new(0),
            signatures: Cell::new(0),
            digests: Cell::new(0),
            random: Cell::new(0),
            timers: RefCell::default(),
            kept: RefCell::default(),
            storage_refuses: Cell::new(0),
            oidc_nonce: RefCell::default(),
        }));
        (world.clone(), Engine::new(world))
    }

    pub fn script(&self, script: impl FnMut(&Sent, &Self) -> Option<Answer> + 'static) {
        *self.0.script.borrow_mut() = Box::new(script);
    }

    /// The answer of a server that does everything right.
    pub fn standard(&self, sent: &Sent) -> Answer {
        match sent.url.as_str() {
            "https://as.example/.well-known/openid-configuration" => ok(metadata()),
            TOKEN => ok(self.tokens("DPoP")),
            other => panic!("nobody serves {other}"),
        }
    }

    /// A token response, numbered by the requests so far.
    pub fn tokens(&self, token_type: &str) -> Value {
        let number = self.0.sent.borrow().len();
        json!({
            "access_token": format!("at{number}"),
            "token_type": token_type,
            "expires_in": 300,
            "refresh_token": format!("rt{number}"),
            "id_token": jwt(&self.claims()),
        })
    }

    pub fn claims(&self) -> Value {
        json!({
            "iss": ISSUER,
            "aud": "app",
            "sub": "alice",
            "iat": self.seconds(),
            "exp": self.seconds() + 300,
            "nonce": *self.0.oidc_nonce.borrow(),
        })
    }

    /// The true time.
    pub fn seconds(&self) -> i64 {
        self.0.time.get() / 1000
    }

    pub fn pass(&self, milliseconds: i64) {
        self.0.time.set(self.0.time.get() + milliseconds);
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.0.sent.borrow().clone()
    }

    /// Requests to the token endpoint.
    pub fn token_requests(&self) -> Vec<Sent> {
        self.sent()
            .into_iter()
            .filter(|sent| sent.url == TOKEN)
            .collect()
    }

    /// Runs futures side by side until all are done. Where all wait, time passes.
    pub fn all<T>(&self, futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>) -> Vec<T> {
        let mut futures: Vec<_> = futures.into_iter().map(Some).collect();
        let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
        for _ in 0..1000 {
            for (future, result) in futures.iter_mut().zip(&mut results) {
                let Some(running) = future else { continue };
                if let Poll::Ready(value) = running
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                {
                    *result = Some(value);
                    *future = None;
                }
            }
            if results.iter().all(Option::is_some) {
                return results.into_iter().flatten().collect();
            }
            self.pass(10);
        }
        panic!("a future never ends");
    }

    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        for _ in 0..1000 {
            if let Poll::Ready(value) = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
            {
                return value;
            }
            // As long as the network, not as long as a timer.
            self.pass(1);
        }
        panic!("the future never ends");
    }
}

pub type TestClient = Rc<Client<World>>;

pub fn config(mode: Mode) -> ClientConfig<Json> {
    ClientConfig {
        issuer: ISSUER.into(),
        client_id: "app".into(),
        scope: "openid profile".into(),
        mode,
        metadata: None,
    }
}

pub fn create(engine: &Engine<World>, config: ClientConfig<Json>) -> TestClient {
    let index = engine.create(config);
    engine.client(index).expect("created")
}

/// An authorization request: its parameters.
pub fn request(
    world: &World,
    engine: &Engine<World>,
    client: &TestClient,
    silent: bool,
) -> Result<HashMap<String, String>, ClientError> {
    let request = AuthorizationRequest {
        redirect_uri: &"https://app.example/".into(),
        silent,
        interactive: !silent,
        extra: &[],
    };
    let redirect = world.run(engine.login(client, &request))?;
    let (endpoint, query) = redirect.url.split_once('?').expect("a query");
    assert_eq!(endpoint, "https://as.example/authorize");
    let parameters = parameters(query);
    assert_eq!(parameters["state"], *redirect.state);
    *world.0.oidc_nonce.borrow_mut() = parameters["nonce"].clone();
    Ok(parameters)
}

pub fn respond(
    world: &World,
    engine: &Engine<World>,
    client: &TestClient,
    state: &str,
) -> Result<(), ClientError> {
    let response = pairs(&[("code", "c0de"), ("state", state), ("iss", ISSUER)]);
    world.run(engine.complete(client, &response, &[]))
}

/// A whole login. Gives the access token.
pub fn log_in(
    world: &World,
    engine: &Engine<World>,
    client: &TestClient,
) -> Result<Text, ClientError> {
    let state = request(world, engine, client, true)?
        .remove("state")
        .expect("a state");
    respond(world, engine, client, &state)?;
    Ok(client.tokens().expect("logged in").access_token.clone())
}

pub fn call(world: &World, engine: &Engine<World>, token: &str) -> Upgraded<World> {
    world
        .run(engine.authorize("GET".into(), API.into(), "/a", token))
        .expect("a signature")
        .expect("a bound token")
}

pub fn seen(status: u16) -> Observed<'static> {
    Observed {
        status,
        dpop_nonce: "",
        www_authenticate: "",
        date: None,
    }
}

pub fn challenge(nonce: &str) -> Observed<'_> {
    let www_authenticate = "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"";
    Observed {
        dpop_nonce: nonce,
        www_authenticate,
        ..seen(401)
    }
}

pub fn observe(
    world: &World,
    engine: &Engine<World>,
    upgraded: Upgraded<World>,
    response: &Observed<'_>,
) -> Option<Upgraded<World>> {
    world
        .run(engine.observe(upgraded.attempt, response, true))
        .expect("a signature")
}
