//! Who is logged in: the server's own sessions, each held by a cookie of a browser.

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

/// The session's id: 256 random bits that only the browser knows.
pub(crate) type SessionId = [u8; 32];

const CAPACITY: usize = 10_000;

/// A session. It has no `Debug`, since its id is the whole authentication.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// The browser's first session since its last logout. A logout ends what came of all sessions
    /// since then.
    pub(crate) root: SessionId,
    pub(crate) sub: String,
    pub(crate) auth_time: UnixSeconds,
}

pub(crate) struct Sessions(Mutex<BoundedMap<SessionId, Session>>);

impl Sessions {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(BoundedMap::new(CAPACITY)))
    }

    /// Starts a new session in place of the browser's earlier one. A login never keeps the old id
    /// (session fixation).
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

    /// Ends the browser's session and returns it, if there was one.
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
        // Over https, an app on another site needs the cookie in its iframe. Over http, browsers
        // refuse `None`.
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

    /// Returns the value of the cookie that ties a form to the browser that got it.
    pub(crate) fn form_key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        cookie(headers, &self.form)
    }

    /// Writes the `Set-Cookie` header of a session. The cookie ends with the browser, the session
    /// with the server.
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

/// Returns the value of the cookie of that name. Two values count as none, since an attacker may
/// have set one of them.
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
