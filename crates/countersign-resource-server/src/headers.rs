//! Header names of RFC 9449.

use http::HeaderName;

/// The proof of a request (section 4.1).
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
/// A nonce for the client's next proofs (section 8.1).
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
