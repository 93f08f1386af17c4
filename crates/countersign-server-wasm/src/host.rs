//! What a JavaScript runtime gives to the resource server, as that crate's ports.

use std::{sync::Arc, time::Duration};

use countersign::{
    UnixSeconds,
    crypto::{CheckSignatures, SignatureCheck},
    nonce::{CheckNonce, IssueNonce, NonceStatus},
    replay::{ReplayEntry, ReplayError, ReplayStore, SharedEntry},
};
use countersign_resource_server::{Clock, Fetch, FetchError, Runtime, Task};

use crate::tasks::{Answer, Pending, spawn};

/// What the host is asked for. Its number is its place here; `engine.ts` has the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Fields: algorithm, the key as JWK, message, signature. Answer: yes or no.
    Signature,
    /// Fields: algorithm, the key as JWK. Answer: whether it is a key.
    Key,
    /// Fields: URL, the most bytes in decimal. Answer: the status and the body; 0 and what went
    /// wrong; or 1 if the body is longer.
    Fetch,
    /// Field: milliseconds in decimal.
    Sleep,
    /// Fields: key, milliseconds since 1970 in decimal. Answer: 1 if the key was new, 2 if not, 0
    /// if that can't be told; with the store's own time in milliseconds since 1970, in decimal.
    Insert,
    /// Fields: nonce, Unix seconds in decimal. Answer in the same call: 1 fresh, 2 accept and renew,
    /// 3 expired, 0 not ours.
    CheckNonce,
    /// Field: Unix seconds in decimal. Answer in the same call: 1 and the nonce.
    IssueNonce,
}

/// What the host says in the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// The answer comes by `settle`.
    Later,
    /// The answer's status. If it has a message, [`Host::message`] gives it.
    Status(u32),
}

/// The host: the imports in WebAssembly, a stand-in in tests.
pub trait Host: Send + Sync + 'static {
    /// Milliseconds since 1970.
    fn now(&self) -> f64;
    /// Milliseconds since some fixed moment.
    fn monotonic(&self) -> f64;
    /// Asks `question` by its number.
    fn ask(&self, number: u32, question: Question, fields: &[&[u8]]) -> Now;
    /// Nobody waits for the answer to this question any more.
    fn cancel(&self, number: u32);
    /// Takes the message of an answer that came in the same call.
    fn message(&self) -> Vec<u8>;
}

/// A host as the ports of a resource server. Clones share it.
#[derive(Debug)]
pub struct Ports<H>(Arc<H>);

impl<H> Clone for Ports<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A question under way. Dropping it early tells the host.
struct Asked<H: Host> {
    host: Arc<H>,
    pending: Pending,
}

impl<H: Host> Drop for Asked<H> {
    fn drop(&mut self) {
        if !self.pending.is_answered() {
            self.host.cancel(self.pending.number());
        }
    }
}

impl<H: Host> Ports<H> {
    /// Creates the ports of `host`.
    #[must_use]
    pub fn new(host: H) -> Self {
        Self(Arc::new(host))
    }

    async fn ask(&self, question: Question, fields: &[&[u8]]) -> Answer {
        let pending = Pending::new();
        let now = self.0.ask(pending.number(), question, fields);
        match now {
            Now::Status(status) => Answer {
                status,
                message: self.0.message(),
            },
            Now::Later => {
                let mut asked = Asked {
                    host: Arc::clone(&self.0),
                    pending,
                };
                (&mut asked.pending).await
            }
        }
    }
}

impl<H: Host> Ports<H> {
    /// Asks what the host answers in the same call. `None`: it does not.
    fn ask_now(&self, question: Question, fields: &[&[u8]]) -> Option<Answer> {
        match self.0.ask(0, question, fields) {
            Now::Status(status) => Some(Answer {
                status,
                message: self.0.message(),
            }),
            Now::Later => None,
        }
    }
}

/// Nonces of the program's.
#[derive(Debug)]
pub struct HostNonces<H>(pub Ports<H>);

impl<H: Host> CheckNonce for HostNonces<H> {
    fn check(&self, nonce: &str, now: UnixSeconds) -> NonceStatus {
        let now = now.0.to_string();
        let fields = [nonce.as_bytes(), now.as_bytes()];
        let answer = self.0.ask_now(Question::CheckNonce, &fields);
        match answer.map(|answer| answer.status) {
            Some(1) => NonceStatus::Fresh,
            Some(2) => NonceStatus::AcceptAndRenew,
            Some(3) => NonceStatus::Expired,
            _ => NonceStatus::NotOurs,
        }
    }
}

impl<H: Host> IssueNonce for HostNonces<H> {
    /// An empty nonce, where the program gives none, is none that a client could send.
    fn issue(&self, now: UnixSeconds) -> String {
        let now = now.0.to_string();
        let answer = self.0.ask_now(Question::IssueNonce, &[now.as_bytes()]);
        answer
            .and_then(|answer| String::from_utf8(answer.message).ok())
            .unwrap_or_default()
    }
}

impl<H: Host> Clock for Ports<H> {
    fn now(&self) -> UnixSeconds {
        UnixSeconds((self.0.now() / 1000.0).floor() as i64)
    }

    fn monotonic(&self) -> Option<Duration> {
        Some(Runtime::monotonic(self))
    }
}

impl<H: Host> CheckSignatures for Ports<H> {
    async fn passes(&self, check: &SignatureCheck<'_>) -> bool {
        let (algorithm, key) = (check.algorithm().name().as_bytes(), check.key().to_json());
        let answer = if check.is_of_key_alone() {
            self.ask(Question::Key, &[algorithm, key.as_bytes()]).await
        } else {
            let signed = [
                algorithm,
                key.as_bytes(),
                check.message(),
                check.signature(),
            ];
            self.ask(Question::Signature, &signed).await
        };
        answer.status == 1
    }
}

impl<H: Host> Fetch for Ports<H> {
    async fn get(&self, url: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        let most = limit.to_string();
        let fields = [url.as_bytes(), most.as_bytes()];
        let Answer { status, message } = self.ask(Question::Fetch, &fields).await;
        match status {
            0 => Err(FetchError::Transport(
                String::from_utf8_lossy(&message).into_owned(),
            )),
            1 => Err(FetchError::TooLong(limit)),
            200 => Ok(message),
            other => Err(FetchError::Status(other.try_into().unwrap_or(u16::MAX))),
        }
    }
}

impl<H: Host> Runtime for Ports<H> {
    fn spawn(&self, task: Task) {
        spawn(task);
    }

    fn sleep(&self, duration: Duration) -> Task {
        let this = self.clone();
        Box::pin(async move {
            let millis = duration.as_millis().to_string();
            this.ask(Question::Sleep, &[millis.as_bytes()]).await;
        })
    }

    fn monotonic(&self) -> Duration {
        // NaN and what is negative become zero.
        Duration::from_millis(self.0.monotonic() as u64)
    }
}

/// A replay store of the program's, which several processes may share.
#[derive(Debug)]
pub struct SharedStore<H> {
    /// The host.
    pub ports: Ports<H>,
    /// How far the clocks of the servers that share it may be apart.
    pub skew_seconds: u16,
}

impl<H: Host> ReplayStore for SharedStore<H> {
    async fn insert(&self, entry: &ReplayEntry<'_>, _now: UnixSeconds) -> Result<(), ReplayError> {
        let shared = SharedEntry::new(entry, self.skew_seconds);
        let expires = shared.expires_at_millis.to_string();
        let fields: [&[u8]; 2] = [&shared.key, expires.as_bytes()];
        let Answer { status, message } = self.ports.ask(Question::Insert, &fields).await;
        let store_now = std::str::from_utf8(&message)
            .ok()
            .and_then(|text| text.parse().ok());
        match (status, store_now) {
            (1, Some(now)) => shared.outcome(true, now),
            (2, Some(now)) => shared.outcome(false, now),
            _ => Err(ReplayError::Unavailable),
        }
    }
}
