//! The port: everything that the engine needs from outside.
//!
//! This module holds the contract only. The browser's adapter is `countersign-browser`; tests
//! script their own.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use countersign::jwk::PublicJwk;

use crate::text::Text;

/// Milliseconds since the Unix epoch, by the local clock or by a server's; the name beside it says
/// which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "a number with its unit")]
pub struct UnixMillis(pub i64);

/// How long a kept login may wait for its response: an hour, in milliseconds. Users may stay at a
/// login page to reset a password or to find a second factor.
pub const FLOW_LIFETIME_MILLIS: i64 = 3_600_000;

/// The URL for a request to the app's own origin (a `HEAD`, for its `Date`).
pub const OWN_ORIGIN: &str = "/";

/// An HTTP request of the engine's own: to discovery, the token endpoint or the app's own origin.
/// It is never cached and carries no cookies.
#[derive(Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// `GET`, `POST` or `HEAD`.
    pub method: &'static str,
    /// Absolute, or [`OWN_ORIGIN`].
    pub url: &'a str,
    /// The body of a `POST`: `application/x-www-form-urlencoded`.
    pub form: Option<&'a str>,
    /// Value of the `DPoP` header.
    pub proof: Option<&'a str>,
}

/// What the engine reads of a response.
#[derive(Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "platforms build it, and a constructor would be more WebAssembly"
)]
pub struct Response<D> {
    /// HTTP status.
    pub status: u16,
    /// `DPoP-Nonce`; empty if it cannot be read.
    pub dpop_nonce: Text,
    /// `Date`; `None` if it cannot be read.
    pub date: Option<UnixMillis>,
    /// The body, if it is a JSON object.
    pub json: Option<D>,
}

/// There was no response: connection refused, DNS, CORS, timeout. The platform does not say which.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "it has nothing to say")]
pub struct SendError;

/// The platform's cryptography failed.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "it has nothing to say")]
pub struct KeyError;

/// A handle to a private key that only the platform can use, and its public half.
#[derive(Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "platforms build it, and a constructor would be more WebAssembly"
)]
pub struct KeyPair<K> {
    /// The platform's handle.
    pub private: K,
    /// P-256.
    pub public: PublicJwk,
}

/// A login that waits for its response, as the platform keeps it across a full-page redirect.
#[derive(Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "platforms build it, and a constructor would be more WebAssembly"
)]
pub struct Record<K> {
    /// Strings that only the engine interprets.
    pub fields: Vec<Text>,
    /// The key that the code will be bound to.
    pub key: Option<Rc<KeyPair<K>>>,
}

/// The parts of a URL as WHATWG serialises it. A proof names them (P4).
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "platforms build it, and a constructor would be more WebAssembly"
)]
pub struct Url {
    /// Scheme, host and port, without the default port: `https://as.example`.
    pub origin: Text,
    /// The path, without query and fragment; at least `/`.
    pub path: Text,
}

impl Url {
    pub(crate) fn htu(&self) -> Text {
        let mut htu = String::from(&*self.origin);
        htu.push_str(&self.path);
        htu.into()
    }
}

/// A JSON object, read by name. No member that the engine reads has a meaning when it is empty, so
/// empty and missing are the same.
pub trait Document {
    /// Returns a member that is a string; empty for anything else.
    fn text(&self, name: &str) -> Text;
    /// Returns a member that is a number; NaN, which equals nothing, for anything else.
    fn number(&self, name: &str) -> f64;
    /// Tells whether a member is `true`.
    fn is_true(&self, name: &str) -> bool;
    /// Returns a member that is an array of strings, or a string (an array of one); empty for
    /// anything else.
    fn texts(&self, name: &str) -> Vec<Text>;
}

/// What the engine runs on. Futures need not be `Send`: the engine belongs to one thread.
// The engine is the only caller and never needs to name or bound the futures.
#[allow(async_fn_in_trait)]
pub trait Platform {
    /// A handle to a private key, whose material the engine cannot reach.
    type Key;
    /// A parsed JSON object.
    type Document: Document;

    /// Whether the responses that [`Engine::observe`](crate::Engine::observe) gets certainly come
    /// from the server. In a page they do not, because scripts may forge them: their `Date` then
    /// changes little.
    const ARE_RESPONSES_GENUINE: bool;

    /// Sends one request. It must not follow redirects to another origin with the request's
    /// headers, and must end in bounded time: a server that never answers counts as unreachable.
    async fn send(&self, request: Request<'_>) -> Result<Response<Self::Document>, SendError>;
    /// Generates a P-256 signing key, not extractable if the platform supports that.
    async fn generate_key(&self) -> Result<Rc<KeyPair<Self::Key>>, KeyError>;
    /// Signs with ES256: ECDSA over P-256 with SHA-256, as the 64 bytes R || S.
    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, KeyError>;
    /// Hashes with SHA-256: 32 bytes.
    async fn digest(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
    /// Ends after this many milliseconds.
    async fn sleep(&self, milliseconds: u32);
    /// Reads the local clock.
    fn now(&self) -> UnixMillis;
    /// Reads a clock that nobody sets, in milliseconds. Its starting point does not matter, nor
    /// whether it counts sleep.
    fn monotonic(&self) -> i64;
    /// Fills `bytes` with unpredictable ones.
    fn random(&self, bytes: &mut [u8]);
    /// Parses a JSON object; returns `None` for anything else.
    fn parse(&self, json: &[u8]) -> Option<Self::Document>;
    /// Returns an object with the members of both; `overrides` wins.
    fn merge(&self, object: Self::Document, overrides: &Self::Document) -> Self::Document;
    /// Parses an absolute URL; returns `None` for anything else, and if it has user information.
    fn url(&self, text: &str) -> Option<Url>;
    /// Keeps a record under a name for [`FLOW_LIFETIME_MILLIS`] and no longer. Returns `false` if
    /// it could not be written; then nothing is left behind. A record without a key may be stored
    /// where a key may not.
    async fn keep(&self, name: &str, record: &Record<Self::Key>) -> bool;
    /// Removes and returns a record. A second call finds nothing.
    async fn take(&self, name: &str) -> Option<Record<Self::Key>>;
}
