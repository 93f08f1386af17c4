use clap::{Parser, ValueEnum};

/// A notes API that accepts DPoP-bound access tokens.
#[derive(Debug, Clone, Parser)]
#[command(name = "example-api", version)]
pub struct Options {
    /// Port on localhost (IPv4 and IPv6); 0 chooses a free one
    #[arg(long, default_value_t = 9442)]
    pub port: u16,
    /// The authorization server whose tokens are accepted
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// The `aud` of the tokens for this API
    #[arg(long, value_name = "URI")]
    pub audience: String,
    /// The API's address as clients see it [default: `http://localhost:PORT`]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The origin of a page that may call this API; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
    /// Whether tokens that are not bound to a key are refused, or accepted as Bearer
    #[arg(long, value_enum, default_value_t = DpopOption::Required)]
    pub dpop: DpopOption,
    /// Which types of access tokens are accepted
    #[arg(long, value_enum, default_value_t = AccessTokensOption::Default)]
    pub access_tokens: AccessTokensOption,
    /// Require nonces on every route (by default only on /api/with-nonce)
    #[arg(long)]
    pub nonces: bool,
    /// How long a nonce is accepted
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub nonce_lifetime: u32,
    /// For development: show the tokens and proofs of recent requests under /journal, to anyone
    #[arg(long)]
    pub journal: bool,
}

/// `--dpop`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DpopOption {
    /// Only bound tokens, with proofs.
    Required,
    /// Unbound tokens too, as Bearer.
    Optional,
}

/// `--access-tokens`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessTokensOption {
    /// Only the type at+jwt (RFC 9068).
    Default,
    /// The type at+jwt, JWT or none, as Keycloak, Auth0, Okta and Entra ID issue them.
    Lenient,
}
