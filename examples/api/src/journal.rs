//! The development journal: the requests for protected routes, and why a request was refused. It
//! shows access tokens to anyone who asks, so it exists only with `--journal`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderName, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
    routing::get,
};
use countersign_resource_server::Rejection;
use serde::{Deserialize, Serialize};

const CAPACITY: usize = 500; // entries; the oldest is dropped

/// One protected request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts up from 1.
    pub id: u64,
    /// When it arrived, in milliseconds of Unix time.
    pub at: u64,
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// The `Authorization` header; several headers are separated by line ends.
    pub authorization: Option<String>,
    /// The `DPoP` header; several headers are separated by line ends.
    pub dpop: Option<String>,
    /// Whether the request reached the application.
    pub outcome: Outcome,
    /// The response's status.
    pub status: u16,
    /// The name of the reason for the refusal.
    pub reason: Option<&'static str>,
    /// The reason in a sentence.
    pub detail: Option<String>,
}

/// Whether a request reached the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It reached the application.
    Accepted,
    /// The resource server refused it.
    Refused,
}

/// The newest requests, in memory.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Recent>>);

#[derive(Debug, Default)]
struct Recent {
    last: u64,
    entries: VecDeque<Entry>,
}

impl Journal {
    /// Returns the stored entries whose ID is greater than `id`, oldest first.
    #[must_use]
    pub fn after(&self, id: u64) -> Vec<Entry> {
        let recent = self.lock();
        let newer = recent.entries.iter().filter(|entry| entry.id > id);
        newer.cloned().collect()
    }

    fn push(&self, mut entry: Entry) {
        let mut recent = self.lock();
        recent.last += 1;
        entry.id = recent.last;
        if recent.entries.len() == CAPACITY {
            recent.entries.pop_front();
        }
        recent.entries.push_back(entry);
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves `GET /journal?after=ID`.
pub(crate) fn routes(journal: Journal) -> Router {
    Router::new()
        .route("/journal", get(read))
        .with_state(journal)
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn read(State(journal): State<Journal>, Query(query): Query<After>) -> Json<Vec<Entry>> {
    Json(journal.after(query.after))
}

/// Records each request. It wraps the layer that refuses requests, and reads the reason from the
/// response.
pub(crate) async fn record(
    State(journal): State<Journal>,
    request: Request,
    next: Next,
) -> Response {
    let mut entry = Entry {
        id: 0,
        at: unix_millis(),
        method: request.method().to_string(),
        url: request.uri().to_string(),
        authorization: header(request.headers(), AUTHORIZATION),
        dpop: header(request.headers(), HeaderName::from_static("dpop")),
        outcome: Outcome::Accepted,
        status: 0,
        reason: None,
        detail: None,
    };
    let response = next.run(request).await;
    entry.status = response.status().as_u16();
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        entry.outcome = Outcome::Refused;
        entry.reason = Some(rejection.name());
        entry.detail = Some(rejection.to_string());
    }
    journal.push(entry);
    response
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let fields: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!fields.is_empty()).then(|| fields.join("\n"))
}

fn unix_millis() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
