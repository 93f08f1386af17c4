//! The thread that the engine lives on, and the handle to it.
//!
//! The engine belongs to one thread, a program's tasks to many. Each question travels as a closure and becomes a task
//! beside the engine. One whose asker goes away runs to its end all the same: a refresh token that the server has
//! rotated is not lost with it. The thread ends with the last handle, or when a question panics: what it leaves behind
//! may be half-changed, so nobody is answered by it any more.

use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;
use std::{io, thread};

use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};

use super::error::{EngineError, Error};
use super::http::Http;
use super::platform::{Json, Native};
use super::secret::ClientSecret;
use crate::call::Attempt;
use crate::engine::Engine;
use crate::error::ClientError;
use crate::form::Parameter;
use crate::state::{Client, ClientConfig};
use crate::text::Text;
use countersign::mode::Mode;

/// What an engine is made of, on its way to its thread.
pub(super) struct Plan {
    pub(super) issuer: String,
    pub(super) client_id: String,
    /// Beside `openid`.
    pub(super) scopes: Vec<String>,
    pub(super) mode: Mode,
    pub(super) metadata: Option<Json>,
    pub(super) authorization_parameters: Vec<(String, String)>,
    pub(super) token_parameters: Vec<(String, String)>,
    pub(super) http: Http,
    pub(super) timeout: Duration,
    pub(super) secret: Option<ClientSecret>,
}

/// The engine with its one client, and what the adapter remembers about it.
pub(super) struct Driver {
    pub(super) engine: Engine<Native>,
    pub(super) client: Rc<Client<Native>>,
    pub(super) authorization_parameters: Vec<Parameter>,
    pub(super) token_parameters: Vec<Parameter>,
    /// What the client may do for itself.
    pub(super) own_scope: Text,
    attempts: RefCell<HashMap<u64, Attempt<Native>>>,
    next_attempt: Cell<u64>,
}

type Job = Box<dyn FnOnce(&Rc<Driver>, &mut JoinSet<()>) + Send>;

/// The way to the engine's thread.
#[derive(Clone)]
pub(super) struct Handle(mpsc::UnboundedSender<Job>);

/// Names an [`Attempt`], which cannot leave its thread. Dropped, it lets go whoever waits for the attempt's response.
pub(super) struct Ticket {
    number: u64,
    handle: Handle,
}

impl Handle {
    /// Starts the thread.
    pub(super) fn start(plan: Plan) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (sender, mut jobs) = mpsc::unbounded_channel::<Job>();
        thread::Builder::new()
            .name("countersign".into())
            .spawn(move || {
                let driver = Rc::new(Driver::new(plan));
                let mut questions = JoinSet::new();
                LocalSet::new().block_on(&runtime, async {
                    loop {
                        tokio::select! {
                            job = jobs.recv() => match job {
                                Some(job) => job(&driver, &mut questions),
                                None => return,
                            },
                            Some(question) = questions.join_next() => if question.is_err() {
                                return;
                            },
                        }
                    }
                });
            })?;
        Ok(Self(sender))
    }

    /// Runs `question` beside the engine and brings its answer back.
    pub(super) async fn ask<T, Q>(&self, question: Q) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: AsyncFnOnce(Rc<Driver>) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |driver, questions| {
            let driver = Rc::clone(driver);
            questions.spawn_local(async move {
                // Nobody may be waiting any more.
                let _ = reply.send(question(driver).await);
            });
        });
        // Refused, or dropped unanswered: the thread is gone.
        self.0.send(job).map_err(|_| Error::EngineStopped)?;
        answer.await.map_err(|_| Error::EngineStopped)?
    }
}

impl Driver {
    fn new(plan: Plan) -> Self {
        let own_scope = plan.scopes.join(" ");
        let mut scope = String::from("openid ");
        scope.push_str(&own_scope);
        scope.truncate(scope.trim_end().len());
        let engine = Engine::new(Native::new(plan.http, plan.timeout, plan.secret));
        let index = engine.create(ClientConfig {
            issuer: plan.issuer.into(),
            client_id: plan.client_id.into(),
            scope: scope.into(),
            mode: plan.mode,
            metadata: plan.metadata,
        });
        #[allow(clippy::expect_used)] // it was created on the line before
        let client = engine.client(index).expect("the client exists");
        Self {
            engine,
            client,
            authorization_parameters: parameters(plan.authorization_parameters),
            token_parameters: parameters(plan.token_parameters),
            own_scope: own_scope.into(),
            attempts: RefCell::default(),
            next_attempt: Cell::default(),
        }
    }

    /// The engine's error, with the network's reason where that was it.
    pub(super) fn error(&self, error: &ClientError) -> Error {
        let mut error = EngineError::from(error);
        if let [url, ..] = &error.details[..] {
            error.reason = self.engine.platform.reason(url);
        }
        Error::Engine(error)
    }

    /// Keeps an attempt; it can be taken with the ticket's number.
    pub(super) fn keep(&self, attempt: Attempt<Native>) -> u64 {
        let number = self.next_attempt.get();
        self.next_attempt.set(number + 1);
        self.attempts.borrow_mut().insert(number, attempt);
        number
    }

    pub(super) fn take(&self, number: u64) -> Option<Attempt<Native>> {
        self.attempts.borrow_mut().remove(&number)
    }
}

impl Ticket {
    pub(super) fn new(number: u64, handle: &Handle) -> Self {
        Self {
            number,
            handle: handle.clone(),
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let number = self.number;
        // Where the thread is gone, so is the attempt. One that was observed is not there any more.
        let _ = self.handle.0.send(Box::new(move |driver, _| {
            drop(driver.take(number));
        }));
    }
}

/// Names and values, as the engine takes them.
pub(super) fn parameters(pairs: Vec<(String, String)>) -> Vec<Parameter> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::NativeClient;

    #[tokio::test]
    async fn a_defect_stops_the_engine_for_everybody() {
        let client = NativeClient::builder("https://as.example", "cli").build();
        let handle = client.expect("a client").engine().clone();
        let waiting = handle.clone();
        let waiting = tokio::spawn(async move {
            waiting
                .ask(async |_| core::future::pending::<Result<(), Error>>().await)
                .await
        });
        // It is under way.
        tokio::task::yield_now().await;
        assert!(handle.ask(async |_| Ok(())).await.is_ok());
        let defect = handle.ask(async |driver: Rc<Driver>| {
            assert!(driver.attempts.borrow().len() > 1, "a defect of the test");
            Ok(())
        });
        assert!(matches!(defect.await, Err(Error::EngineStopped)));
        let waited = waiting.await.expect("it ends");
        assert!(matches!(waited, Err(Error::EngineStopped)));
        let later = handle.ask(async |_| Ok(())).await;
        assert!(matches!(later, Err(Error::EngineStopped)));
    }
}
