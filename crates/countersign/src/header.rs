//! The names of the HTTP header fields that RFC 9449 defines, in lower case as in HTTP/2.

/// The proof of a request (RFC 9449, 4.1).
pub const DPOP: &str = "dpop";
/// A nonce for the client's next proofs (RFC 9449, 8.1).
pub const DPOP_NONCE: &str = "dpop-nonce";
