//! `countersign fetch`: logs in with a redirect to this machine's loopback address, then makes one
//! call and shows it as `curl -v` does.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use countersign_client::{
    Mode,
    native::{NativeClient, Scheme, SentHeaders, open_browser},
};
use reqwest::{Method, Response, Url, header::CONTENT_TYPE};

const AFTER_HELP: &str = "\
The client must be registered with the authorization server: a public native client with this redirect URI (without a
port, any free one is taken: RFC 8252, 7.3). A confidential client's secret is read from the environment variable
CLIENT_SECRET.

Standard error shows what was sent and received, as `curl -v` does; `countersign explain` reads it:
  countersign fetch --issuer ISSUER --client-id ID URL 2>&1 >/dev/null | countersign explain

Exit status: 0 for a response below 400, 1 for another response, 2 for none.";

/// Logs in with your browser, calls a URL, and shows the headers of both directions.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// URL to call
    url: Url,

    /// Issuer of the authorization server
    #[arg(long, value_name = "URL")]
    issuer: String,

    /// Client id, as registered with the server
    #[arg(long, value_name = "ID")]
    client_id: String,

    /// Method of the call [default: GET, or POST with --data]
    #[arg(short = 'X', long, value_name = "METHOD")]
    request: Option<Method>,

    /// Body of the call, JSON
    #[arg(short, long, value_name = "JSON")]
    data: Option<String>,

    /// Scope in addition to openid; may be repeated
    #[arg(long = "scope")]
    scopes: Vec<String>,

    /// API that the token is for, sent as `resource` (RFC 8707)
    #[arg(long, value_name = "URI")]
    resource: Option<String>,

    /// The same, sent as `audience`, for servers without `resource`
    #[arg(long)]
    audience: Option<String>,

    /// Redirect URI that the browser comes back to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1/")]
    redirect_uri: String,

    /// Whether the token must be bound
    #[arg(long, value_enum, default_value_t = DpopMode::Enforced)]
    dpop: DpopMode,

    /// Print the login's address instead of opening it
    #[arg(long)]
    print_url: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DpopMode {
    /// The token is bound, or the login fails
    Enforced,
    /// The token is bound if the server can
    Auto,
    /// The token is a Bearer token
    Off,
}

/// Logs in, makes the call, and shows it.
///
/// # Errors
/// A sentence for the user.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(fetch(arguments))
}

async fn fetch(arguments: Arguments) -> Result<ExitCode, String> {
    let said = |error: countersign_client::native::Error| error.to_string();
    let client = client(&arguments).map_err(said)?;
    let tokens = client
        .login(|url| open(url, arguments.print_url))
        .await
        .map_err(said)?;
    let how = match tokens.scheme {
        Scheme::Dpop => "a DPoP token",
        Scheme::Bearer => "a Bearer token, which is bound to no key",
    };
    eprintln!("* logged in: {how}");

    let method = match (arguments.request, &arguments.data) {
        (Some(method), _) => method,
        (None, Some(_)) => Method::POST,
        (None, None) => Method::GET,
    };
    let mut request = client.http().request(method.clone(), arguments.url);
    if let Some(data) = arguments.data {
        request = request.header(CONTENT_TYPE, "application/json").body(data);
    }
    let mut response = client.send(request).await.map_err(said)?;
    show(&method, &response);
    let status = response.status().as_u16();
    let mut output = io::stdout().lock();
    while let Some(part) = response.chunk().await.map_err(|error| error.to_string())? {
        output.write_all(&part).map_err(|error| error.to_string())?;
    }
    Ok(ExitCode::from(u8::from(status >= 400)))
}

fn client(arguments: &Arguments) -> Result<NativeClient, countersign_client::native::Error> {
    let mut builder = NativeClient::builder(&arguments.issuer, &arguments.client_id)
        .scopes(arguments.scopes.iter().cloned())
        .redirect_uri(&arguments.redirect_uri)
        .mode(match arguments.dpop {
            DpopMode::Enforced => Mode::Enforced,
            DpopMode::Auto => Mode::Auto,
            DpopMode::Off => Mode::Off,
        });
    if let Some(resource) = &arguments.resource {
        builder = builder.resource(resource);
    }
    if let Some(audience) = &arguments.audience {
        builder = builder.audience(audience);
    }
    if let Ok(secret) = std::env::var("CLIENT_SECRET") {
        builder = builder.client_secret_basic(&secret);
    }
    builder.build()
}

/// Shows the exchange as `curl -v` does. It shows a bound token, since the key ends with this
/// process, and hides any other.
fn show(method: &Method, response: &Response) {
    let url = response.url();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    eprintln!("> {method} {target} HTTP/1.1");
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    eprintln!("> Host: {host}{port}");
    if let Some(sent) = response.extensions().get::<SentHeaders>() {
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        match &sent.proof {
            Some(proof) => {
                eprintln!("> Authorization: {}", text(&sent.authorization));
                eprintln!("> DPoP: {}", text(proof));
            }
            None => {
                eprintln!("> Authorization: Bearer (not shown: anyone who reads it can use it)")
            }
        }
    }
    eprintln!(">");
    eprintln!("< {:?} {}", response.version(), response.status());
    for (name, value) in response.headers() {
        // A server wrote this, and it goes to a terminal.
        let value = String::from_utf8_lossy(value.as_bytes());
        let value: String = value
            .chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .collect();
        eprintln!("< {name}: {value}");
    }
    eprintln!("<");
}

fn open(url: &str, print: bool) {
    if print || !open_browser(url) {
        eprintln!("* open this address in your browser: {url}");
    }
}
