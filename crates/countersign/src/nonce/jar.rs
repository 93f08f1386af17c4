//! A client's nonces.
//!
//! ```
//! use countersign::nonce::{Nonce, NonceJar, Role};
//!
//! let mut jar = NonceJar::new(64);
//! let nonce = Nonce::parse("eyJ7S_zG.eyJH0-Z.HX4w-7v").expect("only NQCHAR");
//! jar.remember(Role::ResourceServer, "https://api.example.com", nonce);
//! assert!(jar.newest(Role::ResourceServer, "https://api.example.com").is_some());
//! // The same origin as an authorization server is another server.
//! assert!(jar.newest(Role::AuthorizationServer, "https://api.example.com").is_none());
//! assert!(Nonce::parse("two words").is_none());
//! ```

use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};

/// A nonce of a server: `1*NQCHAR`, opaque to the client. Only the platform's limit for headers
/// bounds its length.
#[derive(Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Clone for Nonce {
    fn clone(&self) -> Self {
        // Copied as texts are everywhere else: `String::clone` would be a second such function in
        // WebAssembly.
        Self(self.0.as_str().to_owned())
    }
}

impl Nonce {
    /// Reads the value of a `DPoP-Nonce` header. `None`: it is empty or has a character that is not
    /// NQCHAR (section 8.1: no space, `"`, `\` or control character). A comma is NQCHAR, so only a
    /// list with spaces is refused.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_nonce(text).then(|| Self(text.to_owned()))
    }

    /// Returns the text, for a proof's `nonce`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `1*NQCHAR`, where `NQCHAR = %x21 / %x23-5B / %x5D-7E` (RFC 6749, appendix A).
fn is_nonce(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b > b' ' && b < 0x7f && b != b'"' && b != b'\\')
}

/// The role of a server. One origin can have both, and then has two nonces (section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "the RFC knows these two (8 and 9)")]
pub enum Role {
    /// It issues tokens.
    AuthorizationServer,
    /// It accepts tokens.
    ResourceServer,
}

/// The newest nonce of each server, for a bounded number of servers.
///
/// A full jar forgets the server that was heard of least recently, which costs one more challenge
/// there.
#[derive(Debug)]
pub struct NonceJar {
    capacity: usize,
    /// Least recently heard of first.
    #[allow(clippy::vec_box)] // to move one is a word; in WebAssembly that saves 200 bytes
    servers: Vec<Box<Server>>,
}

#[derive(Debug)]
struct Server {
    role: Role,
    origin: String,
    newest: Option<Nonce>,
    has_challenged: bool,
}

impl NonceJar {
    /// Creates a jar for `capacity` servers (at least one).
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            servers: Vec::new(),
        }
    }

    /// Returns the newest nonce of the server. It stays until a newer one comes (11.3), or until
    /// [`forget`](Self::forget).
    #[must_use]
    pub fn newest(&self, role: Role, origin: &str) -> Option<&Nonce> {
        self.find(role, origin)?.newest.as_ref()
    }

    /// Remembers the nonce of any response of this server, also of a successful one (8.2).
    pub fn remember(&mut self, role: Role, origin: &str, nonce: Nonce) {
        self.touch(role, origin).newest = Some(nonce);
    }

    /// Remembers that the server has refused a proof for its nonce, or for lacking one.
    pub fn mark_challenged(&mut self, role: Role, origin: &str) {
        self.touch(role, origin).has_challenged = true;
    }

    /// Tells whether the server has ever challenged. Only then is it worth waiting for another
    /// request's nonce.
    #[must_use]
    pub fn has_challenged(&self, role: Role, origin: &str) -> bool {
        self.find(role, origin)
            .is_some_and(|server| server.has_challenged)
    }

    /// Drops the server's nonce, but remembers whether it has challenged.
    pub fn forget(&mut self, role: Role, origin: &str) {
        if let Some(at) = self.position(role, origin)
            && let Some(server) = self.servers.get_mut(at)
        {
            server.newest = None;
        }
    }

    fn position(&self, role: Role, origin: &str) -> Option<usize> {
        self.servers
            .iter()
            .position(|server| server.role == role && server.origin == origin)
    }

    fn find(&self, role: Role, origin: &str) -> Option<&Server> {
        Some(self.servers.get(self.position(role, origin)?)?)
    }

    /// Moves the server's record to the end, or creates it there.
    fn touch(&mut self, role: Role, origin: &str) -> &mut Server {
        let server = match self.position(role, origin) {
            Some(at) => self.servers.remove(at),
            None => {
                if !self.servers.is_empty() && self.servers.len() >= self.capacity {
                    self.servers.remove(0);
                }
                Box::new(Server {
                    role,
                    origin: origin.to_owned(),
                    newest: None,
                    has_challenged: false,
                })
            }
        };
        self.servers.push(server);
        let last = self.servers.len() - 1;
        &mut self.servers[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{AuthorizationServer, ResourceServer};

    fn nonce(text: &str) -> Nonce {
        Nonce::parse(text).expect("a nonce")
    }

    #[test]
    fn n6_a_nonce_is_one_or_more_nqchar() {
        for text in ["a", "!", "#[]~", "a,b", "eyJ7S_zG.eyJH0-Z.HX4w-7v"] {
            assert_eq!(Nonce::parse(text).as_ref().map(Nonce::as_str), Some(text));
        }
        for text in ["", "a b", " a", "a\"", "a\\", "a\n", "a\u{7f}", "é"] {
            assert_eq!(Nonce::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn n4_the_newest_nonce_is_kept_by_origin_and_role() {
        let mut jar = NonceJar::new(8);
        jar.remember(ResourceServer, "https://a", nonce("1"));
        jar.remember(ResourceServer, "https://a", nonce("2"));
        jar.remember(AuthorizationServer, "https://a", nonce("3"));
        assert_eq!(jar.newest(ResourceServer, "https://a"), Some(&nonce("2")));
        assert_eq!(
            jar.newest(AuthorizationServer, "https://a"),
            Some(&nonce("3"))
        );
        assert_eq!(jar.newest(ResourceServer, "https://b"), None);
    }

    #[test]
    fn challenges_are_remembered_apart_from_nonces() {
        let mut jar = NonceJar::new(8);
        jar.remember(ResourceServer, "https://a", nonce("1"));
        assert!(!jar.has_challenged(ResourceServer, "https://a"));
        jar.mark_challenged(ResourceServer, "https://a");
        jar.forget(ResourceServer, "https://a");
        assert!(jar.has_challenged(ResourceServer, "https://a"));
        assert!(!jar.has_challenged(AuthorizationServer, "https://a"));
        assert_eq!(jar.newest(ResourceServer, "https://a"), None);
    }

    #[test]
    fn a_full_jar_forgets_the_server_heard_of_least_recently() {
        let mut jar = NonceJar::new(2);
        jar.remember(ResourceServer, "https://a", nonce("1"));
        jar.remember(ResourceServer, "https://b", nonce("2"));
        jar.remember(ResourceServer, "https://a", nonce("3"));
        jar.remember(ResourceServer, "https://c", nonce("4"));
        assert_eq!(jar.newest(ResourceServer, "https://a"), Some(&nonce("3")));
        assert_eq!(jar.newest(ResourceServer, "https://b"), None);
        assert_eq!(jar.newest(ResourceServer, "https://c"), Some(&nonce("4")));
    }
}
