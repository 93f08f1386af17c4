//! Who is logged in: the server's own session, held by a cookie of the browser.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign::{UnixSeconds, jose::base64url};
use http::{HeaderMap, header::COOKIE};

use crate::{
    bounded_map::BoundedMap,
    secret::{NoRandomness, random},
    urls::Urls,
};

/// 256 random bits, known to the browser only.
pub(crate) type SessionId = [u8; 32];

const CAPACITY: usize = 10_000;

/// Its id is the whole authentication, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// The browser's first session since it was last logged out. A logout ends what came of all of them.
    pub(crate) root: SessionId,
    pub(crate) sub: String,
    pub(crate) auth_time: UnixSeconds,
}

pub(crate) struct Sessions(Mutex<BoundedMap<SessionId, Session>>);

impl Sessions {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(BoundedMap::new(CAPACITY)))
    }

    /// A new session, in the place of the browser's earlier one: a login never keeps its id (session fixation).
    pub(crate) fn start(
        &self,
        sub: &str,
        earlier: Option<SessionId>,
        lifetime_seconds: i64,
        now: UnixSeconds,
    ) -> Result<Session, NoRandomness> {
        let id = random()?;
        let earlier = earlier.and_then(|earlier| self.end(&earlier, now));
        let session = Session {
            id,
            root: earlier.map_or(id, |earlier| earlier.root),
            sub: sub.to_owned(),
            auth_time: now,
        };
        let expires = now.plus(lifetime_seconds);
        self.lock()
            .insert(session.id, session.clone(), expires, now);
        Ok(session)
    }

    pub(crate) fn find(&self, id: &SessionId, now: UnixSeconds) -> Option<Session> {
        self.lock().get(id, now).cloned()
    }

    /// Returns what ended, if anything did.
    pub(crate) fn end(&self, id: &SessionId, now: UnixSeconds) -> Option<Session> {
        let mut sessions = self.lock();
        let session = sessions.get(id, now).cloned();
        sessions.remove(id);
        session
    }

    fn lock(&self) -> MutexGuard<'_, BoundedMap<SessionId, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names and attributes of the server's cookies.
pub(crate) struct Cookies {
    session: String,
    form: String,
    attributes: String,
}

impl Cookies {
    pub(crate) fn of(urls: &Urls) -> Self {
        let path = match &*urls.path {
            "" => "/",
            path => path,
        };
        // Over https, an app on another site needs the cookie in its iframe; over http, browsers refuse `None`.
        let same_site = if urls.is_https {
            "SameSite=None; Secure"
        } else {
            "SameSite=Lax"
        };
        Self {
            session: format!("countersign_session_{}", urls.port),
            form: format!("countersign_form_{}", urls.port),
            attributes: format!("Path={path}; HttpOnly; {same_site}"),
        }
    }

    pub(crate) fn session_id(&self, headers: &HeaderMap) -> Option<SessionId> {
        base64url::decode(cookie(headers, &self.session)?)?
            .try_into()
            .ok()
    }

    /// What ties a form to the browser that got it.
    pub(crate) fn form_key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        cookie(headers, &self.form)
    }

    /// `Set-Cookie` of a session. It ends with the browser, and with the server's memory.
    pub(crate) fn set_session(&self, id: &SessionId) -> String {
        format!(
            "{}={}; {}",
            self.session,
            base64url::encode(id),
            self.attributes
        )
    }

    pub(crate) fn clear_session(&self) -> String {
        format!("{}=; Max-Age=0; {}", self.session, self.attributes)
    }

    pub(crate) fn set_form_key(&self, key: &str) -> String {
        format!("{}={key}; {}", self.form, self.attributes)
    }
}

/// The one value of that name; two values are none, since one of them may be somebody else's.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values: HashSet<&str> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value)
        .collect();
    match values.len() {
        1 => values.into_iter().next(),
        _ => None,
    }
}
