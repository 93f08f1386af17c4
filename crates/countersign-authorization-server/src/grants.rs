//! What users have allowed clients, from the authorization code through every refresh token to the
//! end. One grant is one token family (RFC 9700, 4.14.2).
//!
//! A code or refresh token is `id || generation || tag`. The grant stores its generation only. A
//! token of an earlier generation was used before, and ends the whole family. So a family takes the
//! same memory however long it lives.

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign::{
    UnixSeconds, authorization_server::Grant as Presented, digest::Thumbprint, jose::base64url,
};

use crate::{
    bounded_map::BoundedMap,
    secret::{NoRandomness, Purpose, Secret, TAG_BYTES, random},
    sessions::SessionId,
};

/// A code lives as long as a redirect takes (RFC 6749, 4.1.2: ten minutes at most).
pub(crate) const CODE_LIFETIME_SECONDS: i64 = 60;

/// How many logins are remembered at once. Each takes about a kilobyte: the nonce is the only free
/// text of a request that it keeps, and the nonce is bounded. Redirect URI, scopes and audiences
/// are those that the configuration lists.
const CAPACITY: usize = 10_000;

/// What the user allowed, and what the code is bound to. It has no `Debug`, since it names the
/// session.
#[derive(Clone)]
pub(crate) struct Authorization {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: String,
    pub(crate) dpop_jkt: Option<Thumbprint>,
    pub(crate) nonce: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) sub: String,
    pub(crate) auth_time: UnixSeconds,
    pub(crate) session: SessionId,
}

pub(crate) type GrantId = [u8; 16];

struct Grant {
    authorization: Authorization,
    /// The key that the grant's refresh tokens are bound to (RFC 9449, 5).
    key: Option<Thumbprint>,
    /// 0: the code has not been used.
    generation: u32,
}

/// A code or refresh token of ours whose grant is alive.
pub(crate) struct Found {
    pub(crate) id: GrantId,
    generation: u32,
    /// Whether it had been used when it was looked up. [`Grants::consume`] tells whether it has
    /// been since.
    pub(crate) was_used: bool,
    pub(crate) authorization: Authorization,
    key: Option<Thumbprint>,
}

impl Found {
    pub(crate) fn as_code(&self) -> Presented {
        Presented::Code {
            dpop_jkt: self.authorization.dpop_jkt,
        }
    }

    pub(crate) fn as_refresh_token(&self) -> Presented {
        Presented::RefreshToken { key: self.key }
    }
}

/// The code or refresh token was used before, and its family is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UsedBefore;

pub(crate) struct Grants {
    grants: Mutex<BoundedMap<GrantId, Grant>>,
    secret: Secret,
}

impl Grants {
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        Ok(Self {
            grants: Mutex::new(BoundedMap::new(CAPACITY)),
            secret: Secret::generate()?,
        })
    }

    /// Stores a new grant and returns its code.
    pub(crate) fn issue_code(
        &self,
        authorization: Authorization,
        now: UnixSeconds,
    ) -> Result<String, NoRandomness> {
        let id: GrantId = random()?;
        let grant = Grant {
            authorization,
            key: None,
            generation: 0,
        };
        self.lock()
            .insert(id, grant, now.plus(CODE_LIFETIME_SECONDS), now);
        Ok(self.write(Purpose::Code, &id, 0))
    }

    /// Looks up a code or refresh token without changing anything.
    pub(crate) fn find(&self, purpose: Purpose, text: &str, now: UnixSeconds) -> Option<Found> {
        let (id, generation) = self.read(purpose, text)?;
        let grants = self.lock();
        let grant = grants.get(&id, now)?;
        Some(Found {
            id,
            generation,
            was_used: generation != grant.generation,
            authorization: grant.authorization.clone(),
            key: grant.key,
        })
    }

    /// Uses up a code or refresh token.
    pub(crate) fn consume(&self, found: &Found, now: UnixSeconds) -> Result<(), UsedBefore> {
        let mut grants = self.lock();
        let grant = grants.get_mut(&found.id, now).ok_or(UsedBefore)?;
        if grant.generation != found.generation {
            grants.remove(&found.id);
            return Err(UsedBefore);
        }
        grant.generation += 1;
        Ok(())
    }

    /// Lets the grant live on after a use, bound to this key, and returns the next refresh token.
    /// Returns `None` if the grant has been revoked since.
    pub(crate) fn renew(
        &self,
        id: &GrantId,
        key: Option<Thumbprint>,
        lifetime_seconds: i64,
        now: UnixSeconds,
    ) -> Option<String> {
        let mut grants = self.lock();
        let grant = grants.get_mut(id, now)?;
        grant.key = key;
        let token = self.write(Purpose::RefreshToken, id, grant.generation);
        grants.extend(id, now.plus(lifetime_seconds));
        Some(token)
    }

    pub(crate) fn revoke_session(&self, session: &SessionId) {
        self.lock()
            .retain(|grant| grant.authorization.session != *session);
    }

    pub(crate) fn is_live(&self, id: &GrantId, now: UnixSeconds) -> bool {
        self.lock().get(id, now).is_some()
    }

    fn write(&self, purpose: Purpose, id: &GrantId, generation: u32) -> String {
        let generation = generation.to_be_bytes();
        let tag = self.secret.tag(purpose, &[id, &generation]);
        base64url::encode(&[&id[..], &generation, &tag].concat())
    }

    fn read(&self, purpose: Purpose, text: &str) -> Option<(GrantId, u32)> {
        let bytes = base64url::decode(text)?;
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, tag) = rest.split_first_chunk::<4>()?;
        let is_ours =
            tag.len() == TAG_BYTES && self.secret.vouches(purpose, &[id, generation], tag);
        is_ours.then(|| (*id, u32::from_be_bytes(*generation)))
    }

    fn lock(&self) -> MutexGuard<'_, BoundedMap<GrantId, Grant>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
