//! The platform: recorded requests, a virtual clock, storage that can fail.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use countersign_client::{
    Engine, KeyError, KeyPair, Platform, Record, Request, Response, SendError, UnixMillis, Url,
};
use serde_json::{Value, json};

use super::wire::*;

type Script = Box<dyn FnMut(&Sent, &World) -> Option<Answer>>;

pub struct Inner {
    /// The true time, in milliseconds since the epoch.
    time: Cell<i64>,
    /// The local clock minus the true time, in milliseconds.
    pub local_error: Cell<i64>,
    /// The time that the monotonic clock has missed, in milliseconds.
    slept: Cell<i64>,
    pub sent: RefCell<Vec<Sent>>,
    pub script: RefCell<Script>,
    pub keys: Cell<u8>,
    pub signatures: Cell<u32>,
    pub digests: Cell<u32>,
    random: Cell<u8>,
    timers: RefCell<Vec<i64>>,
    pub kept: RefCell<HashMap<String, (i64, Record<u8>)>>,
    /// `1`: storage refuses keys, `2`: storage refuses everything.
    pub storage_refuses: Cell<u8>,
    /// The OIDC nonce of the last authorization request.
    pub oidc_nonce: RefCell<String>,
}

#[derive(Clone)]
pub struct World(pub Rc<Inner>);

/// Is pending once, so that other tasks run.
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
    const ARE_RESPONSES_GENUINE: bool = false;

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
        Ok(countersign::crypto::sha256(message).to_vec())
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

    fn monotonic(&self) -> i64 {
        self.0.time.get() - START * 1000 - self.0.slept.get()
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

impl World {
    /// Creates a server that does everything right.
    pub fn new() -> (Self, Engine<Self>) {
        let world = Self(Rc::new(Inner {
            time: Cell::new(START * 1000),
            local_error: Cell::new(0),
            slept: Cell::new(0),
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

    /// Returns the answer of a server that does everything right.
    pub fn standard(&self, sent: &Sent) -> Answer {
        match sent.url.as_str() {
            "https://as.example/.well-known/openid-configuration" => ok(metadata()),
            TOKEN => ok(self.tokens("DPoP")),
            other => panic!("nobody serves {other}"),
        }
    }

    /// Returns a token response, numbered by the requests so far.
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

    /// Returns the true time.
    pub fn seconds(&self) -> i64 {
        self.0.time.get() / 1000
    }

    /// Lets time pass until the next second begins.
    pub fn tick(&self) {
        self.pass(1000 - self.0.time.get() % 1000);
    }

    pub fn pass(&self, milliseconds: i64) {
        self.0.time.set(self.0.time.get() + milliseconds);
    }

    /// Lets time pass without the monotonic clock.
    pub fn sleep_through(&self, milliseconds: i64) {
        self.0.slept.set(self.0.slept.get() + milliseconds);
        self.pass(milliseconds);
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.0.sent.borrow().clone()
    }

    /// Returns the requests to the token endpoint.
    pub fn token_requests(&self) -> Vec<Sent> {
        self.sent()
            .into_iter()
            .filter(|sent| sent.url == TOKEN)
            .collect()
    }

    /// Runs futures side by side until all are done. Time passes while all of them wait.
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
            // It takes as long as the network, not as long as a timer.
            self.pass(1);
        }
        panic!("the future never ends");
    }
}
