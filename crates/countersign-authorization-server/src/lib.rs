//! A development authorization server with DPoP, real enough to test against; never for production.
