//! Notes, kept in memory and separate for each user.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use countersign_resource_server::Authenticated;
use serde::{Deserialize, Serialize};

/// Bounds the demo's memory.
const MAX_NOTES_OF_A_USER: usize = 1000;

#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    last: u64,
    of_user: BTreeMap<String, BTreeMap<u64, String>>,
}

#[derive(Serialize)]
pub(crate) struct Note {
    id: u64,
    text: String,
}

#[derive(Deserialize)]
pub(crate) struct Draft {
    text: String,
}

pub(crate) async fn list(State(notes): State<Notes>, caller: Authenticated) -> Json<Vec<Note>> {
    let kept = notes.lock();
    let of_user = kept.of_user.get(user(&caller));
    let list = of_user.into_iter().flatten().map(|(id, text)| Note {
        id: *id,
        text: text.clone(),
    });
    Json(list.collect())
}

pub(crate) async fn create(
    State(notes): State<Notes>,
    caller: Authenticated,
    Json(draft): Json<Draft>,
) -> Result<(StatusCode, Json<Note>), StatusCode> {
    let mut kept = notes.lock();
    kept.last += 1;
    let id = kept.last;
    let of_user = kept.of_user.entry(user(&caller).to_owned()).or_default();
    if of_user.len() >= MAX_NOTES_OF_A_USER {
        return Err(StatusCode::INSUFFICIENT_STORAGE);
    }
    of_user.insert(id, draft.text.clone());
    let text = draft.text;
    Ok((StatusCode::CREATED, Json(Note { id, text })))
}

pub(crate) async fn update(
    State(notes): State<Notes>,
    caller: Authenticated,
    Path(id): Path<u64>,
    Json(draft): Json<Draft>,
) -> Result<Json<Note>, StatusCode> {
    let mut kept = notes.lock();
    let note = kept
        .of_user
        .get_mut(user(&caller))
        .and_then(|of_user| of_user.get_mut(&id))
        .ok_or(StatusCode::NOT_FOUND)?;
    note.clone_from(&draft.text);
    let text = draft.text;
    Ok(Json(Note { id, text }))
}

pub(crate) async fn delete(
    State(notes): State<Notes>,
    caller: Authenticated,
    Path(id): Path<u64>,
) -> StatusCode {
    let mut kept = notes.lock();
    match kept
        .of_user
        .get_mut(user(&caller))
        .and_then(|of_user| of_user.remove(&id))
    {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

/// Returns the user whose notes these are: the token's subject, or its client if it has no subject.
/// Whose notes these are.
pub(crate) fn user(caller: &Authenticated) -> &str {
    caller.subject().or(caller.client_id()).unwrap_or_default()
}

impl Notes {
    /// Returns the user's notes with a larger id, in the order of their ids.
    pub(crate) fn after(&self, caller: &Authenticated, id: u64) -> Vec<(u64, String)> {
        let kept = self.lock();
        let of_user = kept.of_user.get(user(caller));
        let newer = of_user.into_iter().flatten().filter(|(own, _)| **own > id);
        newer.map(|(id, text)| (*id, text.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
