use std::time::Duration;

use clap::{Parser, ValueEnum};
use countersign_client::Mode;
use countersign_client::native::{Error, NativeClient};

/// Logs in with your browser and calls an API, with DPoP if the authorization server supports it.
#[derive(Debug, Parser)]
#[command(name = "example-native", version, after_help = AFTER)]
pub(crate) struct Options {
    /// The authorization server
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// The client's ID, registered there as a native client with the redirect URI
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: String,
    /// The API to call after the login
    #[arg(long, value_name = "URL", required_unless_present = "stdin")]
    pub(crate) api: Option<String>,
    /// The method of the calls [default: GET, or POST with --data]
    #[arg(long)]
    pub(crate) method: Option<String>,
    /// The body of the calls, as JSON
    #[arg(long, value_name = "JSON")]
    pub(crate) data: Option<String>,
    /// How many times to call the API
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) times: u32,
    /// Renew the tokens after the calls, and call once more
    #[arg(long)]
    pub(crate) refresh: bool,
    /// A scope in addition to openid; may be given several times
    #[arg(long = "scope")]
    pub(crate) scopes: Vec<String>,
    /// Whether tokens have to be bound to a key
    #[arg(long, value_enum, default_value_t = ModeOption::Auto)]
    pub(crate) mode: ModeOption,
    /// Where the browser returns to; without a port, any free one is used
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1/")]
    pub(crate) redirect_uri: String,
    /// The API that tokens are for (RFC 8707)
    #[arg(long, value_name = "URI")]
    pub(crate) resource: Option<String>,
    /// An additional parameter of the authorization request; may be given several times
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) parameters: Vec<(String, String)>,
    /// How to send the secret in CLIENT_SECRET
    #[arg(long, value_enum, default_value_t = AuthOption::Basic)]
    pub(crate) client_auth: AuthOption,
    /// Get tokens for the client itself, without a user
    #[arg(long)]
    pub(crate) client_credentials: bool,
    /// How long to wait for the browser
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) login_timeout: u64,
    /// Show the authorization URL instead of opening it
    #[arg(long)]
    pub(crate) print_url: bool,
    /// Read commands from standard input after the login
    #[arg(long, conflicts_with_all = ["data", "method", "times", "refresh"])]
    pub(crate) stdin: bool,
    /// Print one JSON object per line, for scripts; implies --print-url
    #[arg(long)]
    pub(crate) json: bool,
    /// Show the tokens, which are secrets
    #[arg(long)]
    pub(crate) show_tokens: bool,
}

const AFTER: &str = "\
A confidential client's secret is read from the environment variable CLIENT_SECRET.

Commands of --stdin, one a line:
  GET URL          any method; with a body: POST URL JSON
  STREAM URL TEXT  POST with a body that can be sent once only
  refresh          renews the tokens
  tokens           shows what is known of them
  logout           forgets them, and the key

With --json each line has an \"event\": \"authorize\" (url), \"login\", \"refresh\" and \"tokens\" (tokenUse, subject,
expires, hasRefreshToken, thumbprint), \"response\" (status, headers, body), \"logout\" (url), \"error\" (code,
message).";

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeOption {
    /// Bearer
    Off,
    /// Bound if the server supports it
    Auto,
    /// Bound, or no login
    Enforced,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AuthOption {
    /// client_secret_basic
    Basic,
    /// client_secret_post
    Post,
}

impl Options {
    pub(crate) fn client(&self) -> Result<NativeClient, Error> {
        let mut builder = NativeClient::builder(&self.issuer, &self.client_id)
            .scopes(self.scopes.iter().cloned())
            .redirect_uri(&self.redirect_uri)
            .login_timeout(Duration::from_secs(self.login_timeout))
            .mode(match self.mode {
                ModeOption::Off => Mode::Off,
                ModeOption::Auto => Mode::Auto,
                ModeOption::Enforced => Mode::Enforced,
            });
        if let Some(resource) = &self.resource {
            builder = builder.resource(resource);
        }
        for (name, value) in &self.parameters {
            builder = builder.authorization_parameter(name, value);
        }
        if let Ok(secret) = std::env::var("CLIENT_SECRET") {
            builder = match self.client_auth {
                AuthOption::Basic => builder.client_secret_basic(&secret),
                AuthOption::Post => builder.client_secret_post(&secret),
            };
        }
        builder.build()
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write the name, `=`, and the value, like prompt=login")?;
    Ok((name.into(), value.into()))
}
