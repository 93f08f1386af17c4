//! DPoP (RFC 9449) as values and functions: proofs, their verification, nonces, challenges. No I/O, no clock, no random source.
