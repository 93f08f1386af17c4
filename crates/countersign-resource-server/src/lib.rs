//! The resource server's side of DPoP (RFC 9449): is this request's access token good, and does its
//! sender hold the token's key?
//!
#![cfg_attr(all(feature = "axum", feature = "https"), doc = "```no_run")]
#![cfg_attr(not(all(feature = "axum", feature = "https")), doc = "```ignore")]
//! use axum::{Router, routing::get};
//! use countersign_resource_server::{Authenticated, Issuer, ResourceServer};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "https://api.example.com"; // as clients call this API
//! let issuer = Issuer::new("https://login.example.com", url);
//! let server = ResourceServer::builder(url, issuer).build()?;
//! let hello = async |caller: Authenticated| caller.subject().unwrap_or("you").to_owned();
//! let app = Router::new().route("/hello", get(hello)).layer(server.layer());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`ResourceServer`] validates access tokens (JWTs of one issuer, for one audience), verifies
//! proofs, remembers used ones and answers refused requests as the RFC says. It stands in front of
//! an application as a tower layer (`ResourceServer::layer`), from which axum handlers take
//! [`Authenticated`], or is asked directly ([`ResourceServer::authenticate`]). It issues no tokens
//! and knows no users.
//!
//! What a deployment may have to set beside that:
//! - The reason of a refusal is logged by `tracing`, at the level `debug`, and stands in the
//!   response's extensions as a [`Rejection`]; a client is told the RFC's error code alone.
//! - Unbound tokens, as `Bearer`, are refused: [`DpopRequirement::Optional`] takes them, if their
//!   header says `at+jwt`. Keycloak, Auth0, Okta and Entra ID write `JWT` or nothing there:
//!   [`AccessTokenPolicy::lenient`].
//! - A proxy that rewrites paths: [`with_path_prefix`](ResourceServerBuilder::with_path_prefix).
//! - Pages of another origin: `ResourceServer::cors`, the outermost layer.
//! - Several processes for one API share a [`ReplayStore`]. The feature `replay-conformance` of the
//!   crate `countersign` has the tests for one of your own.
//!
//! # Features
//! The default features are those without which no server could check its first request: signatures
//! by the fastest library, and the issuer's keys over HTTPS. What puts a framework's types into
//! this crate's API is chosen by name.
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `aws-lc-rs` | signature checks by aws-lc-rs, and random bytes for the replay store's secret | yes |
//! | `https` | keys that are read from the issuer over HTTPS (reqwest); brings `discovery` | yes |
//! | `discovery` | keys that are read through a `Fetch` of yours, on a tokio runtime; brings `remote-keys` | |
//! | `remote-keys` | the same on a `Runtime` of yours, without tokio | |
//! | `tower` | `ResourceServer::layer` | |
//! | `axum` | the extractor, [`RejectionResponse`] in handlers, `metadata_routes`; brings `tower` | |
//! | `cors` | `ResourceServer::cors` (tower-http) | |
//! | `rust-crypto` | signature checks by crates that are Rust alone, for wasm32 and where there is no C compiler | |
//! | `rust-digests` | digests alone by Rust crates, for a program whose platform checks signatures ([`ResourceServerBuilder::with_signatures`]); brought by `rust-crypto` | |
//! | `fips` | the FIPS 140-3 module of aws-lc; brings `aws-lc-rs` | |
//!
//! With `rust-crypto` alone the decision builds for wasm32-unknown-unknown: keys, clock and replay
//! store are given ([`StaticKeys`], [`Clock`], [`ReplayStore`]), and a future that asks nothing of
//! a network is ready when it is first polled.
//!
//! The minimum supported Rust version is 1.95; a newer one is a minor release.
//!
//! # What is accepted and what is refused
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use aws_lc_rs::{digest, rand::SystemRandom, signature::{
//!     ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
//! }};
//! use axum::{Router, body::Body, routing::get};
//! use countersign::{
//!     digest::{Ath, Thumbprint}, jose::base64url, jwk::PublicJwk,
//!     proof::{ProofClaims, ProofHeader, UnsignedProof},
//! };
//! use countersign_resource_server::{
//!     Authenticated, Clock, Issuer, ResourceServer, StaticKeys, SystemClock,
//! };
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
//! #     let parts = [header, claims].map(|part| base64url::encode(part.as_bytes()));
//! #     let input = parts.join(".");
//! #     let signature = sign(key, input.as_bytes());
//! #     format!("{input}.{}", base64url::encode(&signature))
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (issuer_key, issuer_jwk) = key();
//! # let jwks = format!(r#"{{"keys":[{}]}}"#, issuer_jwk.to_json());
//! let url = "https://api.example.com";
//! let issuer = Issuer::from_keys("https://issuer.example.com", url, StaticKeys::new(jwks));
//! let server = ResourceServer::builder(url, issuer).build()?;
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
//! let request = |scheme: &str| {
//!     Request::get("/hello").header(AUTHORIZATION, format!("{scheme} {token}"))
//! };
//! let accepted = api.clone()
//!     .oneshot(request("DPoP").header("DPoP", &proof).body(Body::empty())?).await?;
//! assert_eq!(accepted.status(), StatusCode::OK);
//!
//! // An attacker who has stolen the token has no key: neither the token alone helps them ...
//! let stolen = api.clone().oneshot(request("Bearer").body(Body::empty())?).await?;
//! assert_eq!(stolen.status(), StatusCode::UNAUTHORIZED);
//! assert!(stolen.headers()[WWW_AUTHENTICATE].to_str()?.contains(r#"error="invalid_token""#));
//! // ... nor together with the proof, which was for one request.
//! let replayed = api.clone()
//!     .oneshot(request("DPoP").header("DPoP", &proof).body(Body::empty())?).await?;
//! assert_eq!(replayed.status(), StatusCode::UNAUTHORIZED);
//! let challenge = replayed.headers()[WWW_AUTHENTICATE].to_str()?;
//! assert!(challenge.contains(r#"error="invalid_dpop_proof""#));
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "axum")]
mod axum;
mod builder;
mod clock;
mod config;
#[cfg(feature = "cors")]
mod cors;
mod headers;
mod keys;
mod replay;
mod request;
mod response;
mod server;
mod signatures;
mod token;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "axum")]
pub use self::axum::LayerMissing;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use self::clock::SystemClock;
#[cfg(feature = "remote-keys")]
pub use self::config::RemoteKeys;
#[cfg(feature = "cors")]
pub use self::cors::OriginError;
#[cfg(feature = "remote-keys")]
pub use self::keys::{Fetch, Keeper, Runtime, Task};
#[cfg(feature = "tower")]
pub use self::tower::{Authenticate, AuthenticateLayer, ResponseFuture};
pub use self::{
    builder::ResourceServerBuilder,
    clock::Clock,
    config::{BuildError, Issuer, IssuerKeys, PublicUrl, StaticKeys},
    keys::{DiscoveryError, FetchError, UrlProblem},
    request::{Authenticated, Check},
    response::{Rejection, RejectionResponse, Unavailable},
    server::ResourceServer,
    token::{AccessTokenPolicy, TokenCheck, TokenError, TokenTypes},
};

// The protocol crate's types that appear here.
pub use countersign::{
    UnixSeconds,
    access_token::{
        ConfirmationError, CredentialsError, DpopRequirement, PresentationError, Scheme,
    },
    crypto::{Algorithm, CheckSignatures, SignatureCheck},
    digest::Thumbprint,
    jose::jws::JwsError,
    nonce::{CheckNonce, IssueNonce, NonceIssuer, NonceStatus},
    proof::{CheckOutcome, ProofCheck, ProofError, VerifierPolicy},
    replay::{InProcessReplayStore, ReplayCapacity, ReplayEntry, ReplayError, ReplayStore},
    resource_metadata::{ResourceMetadata, ResourceMetadataError},
};

/// The README's code compiles, and where it can, runs.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
mod readme {}
