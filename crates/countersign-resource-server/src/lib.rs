//! The resource server's side of DPoP (RFC 9449): is this request's access token good, and does the one
//! who presents it hold its key?
//!
//! A [`ResourceServer`] validates access tokens (JWTs of one issuer, for one audience), verifies proofs,
//! remembers used ones and answers refused requests as the RFC says. It stands in front of an
//! application as a tower layer ([`ResourceServer::layer`]), from which axum handlers take
//! [`Authenticated`], or is asked directly ([`ResourceServer::authenticate`]). It issues no tokens and
//! knows no users.
//!
//! # Getting started
//! With this crate, `axum` and `tokio`:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use countersign_resource_server::{Authenticated, ResourceServer};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ResourceServer::builder("https://login.example.com", "https://api.example.com")
//!     .public_url("https://api.example.com")
//!     .build()?;
//! let api: Router = Router::new()
//!     .route("/hello", get(|caller: Authenticated| async move {
//!         format!("hello {}", caller.subject().unwrap_or("nobody"))
//!     }))
//!     .layer(server.layer())
//!     .layer(ResourceServer::cors(["https://app.example.com"])?); // outermost; for pages of another origin
//! axum::serve(TcpListener::bind("127.0.0.1:3000").await?, api).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What a deployment may have to say beside that:
//! - The reason of a refusal is logged by `tracing`, at the level `debug`, and stands in the response's extensions as a
//!   [`Rejection`]; a client is told the RFC's error code alone.
//! - Unbound tokens, as `Bearer`, are refused: [`DpopRequirement::Optional`] takes them, if their header says `at+jwt`. Keycloak,
//!   Auth0, Okta and Entra ID write `JWT` or nothing there: [`AccessTokenPolicy::lenient`].
//! - A proxy that rewrites paths: [`path_prefix`](ResourceServerBuilder::path_prefix).
//! - Several processes for one API share a [`ReplayStore`]. The feature `replay-conformance` of the crate `countersign` has the
//!   tests for one of your own.
//!
//! # What is accepted and what is refused
//! ```
//! use aws_lc_rs::{digest, rand::SystemRandom, signature::{
//!     ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
//! }};
//! use axum::{Router, body::Body, routing::get};
//! use countersign::{UnixSeconds, digest::{Ath, Thumbprint}, jose::base64url, jwk::PublicJwk, proof::{ProofClaims, ProofHeader, UnsignedProof}};
//! use countersign_resource_server::{Authenticated, Clock, ResourceServer, SystemClock};
//! use http::{Request, StatusCode, header::{AUTHORIZATION, WWW_AUTHENTICATE}};
//! use tower::ServiceExt;
//!
//! # // What an authorization server and a client do, in short.
//! # fn key() -> (EcdsaKeyPair, PublicJwk) {
//! #     let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
//! #     let point = key.public_key().as_ref();
//! #     let coordinate = |part: &[u8]| part.try_into().unwrap();
//! #     let jwk = PublicJwk::P256 { x: coordinate(&point[1..33]), y: coordinate(&point[33..]) };
//! #     (key, jwk)
//! # }
//! # fn sha256(text: &str) -> [u8; 32] {
//! #     digest::digest(&digest::SHA256, text.as_bytes()).as_ref().try_into().unwrap()
//! # }
//! # fn sign(key: &EcdsaKeyPair, input: &[u8]) -> Vec<u8> {
//! #     key.sign(&SystemRandom::new(), input).unwrap().as_ref().to_vec()
//! # }
//! # fn jwt(key: &EcdsaKeyPair, header: &str, claims: &str) -> String {
//! #     let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()));
//! #     let signature = sign(key, input.as_bytes());
//! #     format!("{input}.{}", base64url::encode(&signature))
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (issuer_key, issuer_jwk) = key();
//! # let jwks = format!(r#"{{"keys":[{}]}}"#, issuer_jwk.to_json());
//! let server = ResourceServer::builder("https://issuer.example.com", "https://api.example.com")
//!     .public_url("https://api.example.com")
//!     .static_keys(jwks) // without this line they are read from the issuer
//!     .build()?;
//! let api: Router = Router::new()
//!     .route("/hello", get(|caller: Authenticated| async move {
//!         format!("hello {}", caller.subject().unwrap_or("nobody"))
//!     }))
//!     .layer(server.layer());
//!
//! // The issuer has bound this token to the client's key, and the client proves each request.
//! # let (client_key, client_jwk) = key();
//! let jkt = Thumbprint::from_digest(sha256(&client_jwk.thumbprint_input())).to_base64url();
//! let now = SystemClock.now();
//! # let exp = now.0 + 300;
//! let token = jwt(&issuer_key, r#"{"typ":"at+jwt","alg":"ES256"}"#, &format!(
//!     r#"{{"iss":"https://issuer.example.com","aud":"https://api.example.com","sub":"ann",
//!          "exp":{exp},"cnf":{{"jkt":"{jkt}"}}}}"#,
//! ));
//! let proof = UnsignedProof::new(&ProofHeader::new(&client_jwk), &ProofClaims {
//!     jti: "-BwC3ESc6acc2lTc",
//!     htm: "GET",
//!     htu: "https://api.example.com/hello",
//!     iat: now,
//!     ath: Some(&Ath::from_digest(sha256(&token)).to_base64url()),
//!     nonce: None,
//! });
//! let signature = sign(&client_key, proof.signing_input());
//! let proof = proof.attach(&signature);
//!
//! let request = |scheme: &str| Request::get("/hello").header(AUTHORIZATION, format!("{scheme} {token}"));
//! let accepted = api.clone()
//!     .oneshot(request("DPoP").header("DPoP", &proof).body(Body::empty())?).await?;
//! assert_eq!(accepted.status(), StatusCode::OK);
//!
//! // Whoever has stolen the token has no key: neither the token alone helps ...
//! let stolen = api.clone().oneshot(request("Bearer").body(Body::empty())?).await?;
//! assert_eq!(stolen.status(), StatusCode::UNAUTHORIZED);
//! assert!(stolen.headers()[WWW_AUTHENTICATE].to_str()?.contains(r#"error="invalid_token""#));
//! // ... nor together with the proof, which was for one request.
//! let replayed = api.clone()
//!     .oneshot(request("DPoP").header("DPoP", &proof).body(Body::empty())?).await?;
//! assert_eq!(replayed.status(), StatusCode::UNAUTHORIZED);
//! assert!(replayed.headers()[WWW_AUTHENTICATE].to_str()?.contains(r#"error="invalid_dpop_proof""#));
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "axum")]
mod axum;
mod clock;
mod config;
mod cors;
mod headers;
mod keys;
mod metadata;
mod replay;
mod request;
mod response;
mod server;
mod token;
mod tower;

#[cfg(feature = "axum")]
pub use self::axum::LayerMissing;
pub use self::{
    clock::{Clock, SystemClock},
    config::{BuildError, DpopRequirement, ResourceServerBuilder, random_secret},
    cors::OriginError,
    keys::{DiscoveryError, Fetch, FetchError, FetchFuture, UrlProblem},
    request::{Authenticated, Check, Examined},
    response::{Refused, Rejection, Unavailable},
    server::ResourceServer,
    token::{AccessTokenPolicy, TokenCheck, TokenError, TokenTypes},
    tower::{Authenticate, AuthenticateLayer, ResponseFuture},
};

// The protocol crate's types that appear here.
pub use countersign::{
    UnixSeconds,
    access_token::{ConfirmationError, CredentialsError, Scheme},
    crypto::Algorithm,
    digest::Thumbprint,
    jose::jws::JwsError,
    nonce::{CheckNonce, IssueNonce, NonceIssuer, NonceStatus},
    proof::{ProofCheck, ProofError, VerifierPolicy},
    replay::{InProcessReplayStore, ReplayCapacity, ReplayEntry, ReplayError, ReplayStore},
    resource_metadata::{ResourceMetadata, ResourceMetadataError},
};

/// The README's code compiles, and where it can, runs.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
mod readme {}
