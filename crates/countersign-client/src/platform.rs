//! The port: everything that the engine needs from outside and does not do itself.
//!
//! Responsible for the contract only. The browser's adapter is `countersign-browser`; tests script their own.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use countersign::jwk::PublicJwk;

use crate::text::Text;

/// Milliseconds since the Unix epoch, by the local clock or by a server's, as the name beside it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "a number with its unit")]
pub struct UnixMillis(pub i64);

/// How long a kept login may wait for its response: an hour, in milliseconds. People stay at a login page to reset a
/// password or to look for a second factor.
pub const FLOW_LIFETIME_MILLIS: i64 = 3_600_000;

/// The URL that asks the app's own origin (a `HEAD`, for its `Date`).
pub const OWN_ORIGIN: &str = "/";

/// An HTTP request of the engine's own: discovery, token endpoint, own origin. Never cached, without credentials.
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
    /// `DPoP-Nonce`; empty where it cannot be read.
    pub dpop_nonce: Text,
    /// `Date`; `None` where it cannot be read.
    pub date: Option<UnixMillis>,
    /// The body, where it is a JSON object.
    pub json: Option<D>,
}

/// No response: refused connection, DNS, CORS, timeout. The platform does not say more.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "it has nothing to say")]
pub struct SendError;

/// The platform's cryptography refused.
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

/// A login under way, as the platform keeps it across a full-page redirect.
#[derive(Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "platforms build it, and a constructor would be more WebAssembly"
)]
pub struct Record<K> {
    /// Strings whose meaning is the engine's.
    pub fields: Vec<Text>,
    /// The key that the code will be bound to.
    pub key: Option<Rc<KeyPair<K>>>,
}

/// A URL taken apart as WHATWG serialises it: what a proof names (P4).
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "platforms build it, and a constructor would be more WebAssembly"
)]
pub struct Url {
    /// Scheme, host and port (the default one left out): `https://as.example`.
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

/// A JSON object, read by name. No member that the engine reads may be empty and mean something, so "empty" and "none"
/// are one.
pub trait Document {
    /// A member that is a string; empty for anything else.
    fn text(&self, name: &str) -> Text;
    /// A member that is a number; NaN, which compares with nothing, for anything else.
    fn number(&self, name: &str) -> f64;
    /// A member that is `true`.
    fn is_true(&self, name: &str) -> bool;
    /// A member that is an array of strings, or a string (an array of one); empty for anything else.
    fn texts(&self, name: &str) -> Vec<Text>;
}

/// What the engine runs on. Futures need not be `Send`: the engine belongs to one thread.
// The engine is the only caller and never needs to name or bound the futures.
#[allow(async_fn_in_trait)]
pub trait Platform {
    /// A handle to a private key; its material is out of the engine's reach.
    type Key;
    /// A parsed JSON object.
    type Document: Document;

    /// What [`Engine::observe`](crate::Engine::observe) is given is certainly what the server has sent. In a page, where
    /// scripts may have a hand in it, it is not: its `Date` then changes little.
    const ARE_RESPONSES_GENUINE: bool;

    /// Sends one request, without following redirects to another origin with its headers. Ends in bounded time, with a
    /// response or without one: a server that never answers is one that cannot be reached.
    async fn send(&self, request: Request<'_>) -> Result<Response<Self::Document>, SendError>;
    /// Makes a P-256 signing key, not extractable where the platform knows the notion.
    async fn generate_key(&self) -> Result<Rc<KeyPair<Self::Key>>, KeyError>;
    /// ES256: ECDSA over P-256 with SHA-256, as the 64 bytes R || S.
    async fn sign(&self, key: &Self::Key, message: &[u8]) -> Result<Vec<u8>, KeyError>;
    /// SHA-256: 32 bytes.
    async fn digest(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
    /// Ends after so many milliseconds.
    async fn sleep(&self, milliseconds: u32);
    /// The local clock.
    fn now(&self) -> UnixMillis;
    /// Milliseconds of a clock that nobody sets; from when on does not matter, nor whether it counts sleep.
    fn monotonic(&self) -> i64;
    /// Fills with unpredictable bytes.
    fn random(&self, bytes: &mut [u8]);
    /// Parses a JSON object; `None` for anything else.
    fn parse(&self, json: &[u8]) -> Option<Self::Document>;
    /// An object with the members of both; `overrides` wins.
    fn merge(&self, object: Self::Document, overrides: &Self::Document) -> Self::Document;
    /// Parses an absolute URL; `None` where it is none, or carries user information.
    fn url(&self, text: &str) -> Option<Url>;
    /// Keeps a record under a name for [`FLOW_LIFETIME_MILLIS`], and never longer. `false`: it could not be written,
    /// and nothing is left behind. A record without a key may go where a key may not.
    async fn keep(&self, name: &str, record: &Record<Self::Key>) -> bool;
    /// Takes a record out: whoever comes second finds nothing.
    async fn take(&self, name: &str) -> Option<Record<Self::Key>>;
}
