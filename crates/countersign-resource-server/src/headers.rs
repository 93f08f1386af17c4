//! Header names of RFC 9449, as `http` has them.

use countersign::header;
use http::HeaderName;

/// The proof of a request (section 4.1).
pub(crate) const DPOP: HeaderName = HeaderName::from_static(header::DPOP);
/// A nonce for the client's next proofs (section 8.1).
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static(header::DPOP_NONCE);
