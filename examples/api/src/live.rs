//! News for pages that stay open: server-sent events, and a WebSocket that a ticket opens.
//!
//! A `WebSocket` cannot send an `Authorization` or `DPoP` header, and a token in its URL would end
//! up in logs. So the page asks for a ticket by an ordinary call, with token and proof. The ticket
//! is random, opens one socket, and is good for seconds.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{
        Query, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use countersign_resource_server::Authenticated;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::notes::{self, Notes};

/// How long a ticket opens a socket.
const TICKET_LIFETIME: Duration = Duration::from_secs(30);
/// Bounds the tickets that nobody uses.
const MAX_TICKETS: usize = 1000;

#[derive(Deserialize)]
pub(crate) struct Position {
    /// The id of the last event that the page has.
    #[serde(default)]
    after: u64,
}

/// `GET /api/events?after=7`: the user's newer notes, as server-sent events. The stream ends with
/// the newest one, so the page connects again, each time with a new proof.
pub(crate) async fn events(
    State(notes): State<Notes>,
    caller: Authenticated,
    Query(position): Query<Position>,
) -> impl IntoResponse {
    let mut stream = String::from("retry: 100\n\n");
    for (id, text) in notes.after(&caller, position.after) {
        // One field per line: a text may have several.
        let _ = write!(stream, "id: {id}\ndata: {}\n\n", json!(text));
    }
    (
        [
            (CONTENT_TYPE, "text/event-stream"),
            (CACHE_CONTROL, "no-store"),
        ],
        stream,
    )
}

/// The tickets that have not been used yet.
#[derive(Clone, Default)]
pub(crate) struct Tickets(Arc<Mutex<HashMap<String, Ticket>>>);

struct Ticket {
    user: String,
    ends: Instant,
}

impl Tickets {
    /// Returns `None` if too many are open.
    fn issue(&self, user: &str) -> Option<String> {
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).ok()?;
        let text = random.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let now = Instant::now();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, ticket| now < ticket.ends);
        if open.len() >= MAX_TICKETS {
            return None;
        }
        let ticket = Ticket {
            user: user.to_owned(),
            ends: now + TICKET_LIFETIME,
        };
        open.insert(text.clone(), ticket);
        Some(text)
    }

    /// Returns the user of a ticket, once.
    fn redeem(&self, text: &str) -> Option<String> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = open.remove(text)?;
        (Instant::now() < ticket.ends).then_some(ticket.user)
    }
}

/// `POST /api/ticket`: a ticket for `/live`.
pub(crate) async fn ticket(
    State(tickets): State<Tickets>,
    caller: Authenticated,
) -> Result<Json<Value>, StatusCode> {
    let ticket = tickets
        .issue(notes::user(&caller))
        .ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let seconds = TICKET_LIFETIME.as_secs();
    Ok(Json(json!({ "ticket": ticket, "expiresIn": seconds })))
}

#[derive(Deserialize)]
pub(crate) struct Presented {
    ticket: String,
}

/// `GET /live?ticket=...`: a WebSocket. It says who the user is, and echoes.
pub(crate) async fn live(
    State(tickets): State<Tickets>,
    Query(presented): Query<Presented>,
    socket: WebSocketUpgrade,
) -> Response {
    match tickets.redeem(&presented.ticket) {
        Some(user) => socket.on_upgrade(move |socket| serve(socket, user)),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn serve(mut socket: WebSocket, user: String) {
    let hello = Message::text(json!({ "sub": user }).to_string());
    if socket.send(hello).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(text) = message
            && socket.send(Message::Text(text)).await.is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_one_socket() {
        let tickets = Tickets::default();
        let ticket = tickets.issue("alice").unwrap();
        assert_eq!(ticket.len(), 64);
        assert_ne!(tickets.issue("alice").unwrap(), ticket);
        assert_eq!(tickets.redeem(&ticket).as_deref(), Some("alice"));
        assert_eq!(tickets.redeem(&ticket), None);
        assert_eq!(tickets.redeem("another"), None);
    }

    #[test]
    fn a_ticket_that_is_over_opens_none_and_makes_room() {
        let tickets = Tickets::default();
        for _ in 0..MAX_TICKETS {
            tickets.issue("alice").unwrap();
        }
        assert_eq!(tickets.issue("alice"), None);
        let over = tickets.0.lock().unwrap().keys().next().unwrap().clone();
        for ticket in tickets.0.lock().unwrap().values_mut() {
            ticket.ends = Instant::now();
        }
        assert_eq!(tickets.redeem(&over), None);
        assert!(tickets.issue("bob").is_some());
        assert_eq!(tickets.0.lock().unwrap().len(), 1);
    }
}
