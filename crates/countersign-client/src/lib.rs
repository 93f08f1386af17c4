//! The DPoP client engine: discovery, code + PKCE + dpop_jkt, tokens, refresh, nonces, one retry; generic over a Platform.
