//! The thread that the engine lives on, and the handle to it.
//!
//! The engine belongs to one thread, a program's tasks to many. Each question travels as a closure
//! and becomes a task beside the engine. It runs to its end even if its asker goes away, so that a
//! refresh token that the server has rotated is not lost. The thread ends with the last handle, or
//! when a question panics: the engine may then be half-changed, so it must not answer any more.

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
use countersign::dpop_mode::Mode;

/// What the engine's thread needs to create the engine.
pub(super) struct Plan {
    pub(super) issuer: String,
    pub(super) client_id: String,
    /// The scopes besides `openid`.
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
    /// The scope of tokens for the client itself.
    pub(super) own_scope: Text,
    attempts: RefCell<HashMap<u64, Attempt<Native>>>,
    next_attempt: Cell<u64>,
}

type Job = Box<dyn FnOnce(&Rc<Driver>, &mut JoinSet<()>) + Send>;

/// The way to the engine's thread.
#[derive(Clone)]
pub(super) struct Handle(mpsc::UnboundedSender<Job>);

/// The number of an [`Attempt`], which cannot leave its thread. Dropping the ticket drops the
/// attempt, so that calls that wait for its response go on.
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

    /// Runs `question` beside the engine and returns its answer.
    pub(super) async fn ask<T, Q>(&self, question: Q) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: AsyncFnOnce(Rc<Driver>) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |driver, questions| {
            let driver = Rc::clone(driver);
            questions.spawn_local(async move {
                // The asker may have gone away.
                let _ = reply.send(question(driver).await);
            });
        });
        // Not accepted, or dropped without an answer: the thread has ended.
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

    /// Returns the engine's error, with the network's reason if there was no response.
    pub(super) fn error(&self, error: &ClientError) -> Error {
        let mut error = EngineError::from(error);
        if let [url, ..] = &error.details[..] {
            error.reason = self.engine.platform.reason(url);
        }
        Error::Engine(error)
    }

    /// Keeps an attempt and returns the number by which it can be taken.
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
        // If the thread has ended, so has the attempt. One that was observed has already been
        // taken.
        let _ = self.handle.0.send(Box::new(move |driver, _| {
            drop(driver.take(number));
        }));
    }
}

/// Converts names and values for the engine.
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
        // It has begun.
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
