//! `countersign fetch`: a login on this machine's loopback address, then one call, as `curl -v` would show it.

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
port any free one is taken, RFC 8252, 7.3). A confidential client's secret is read from the environment variable
CLIENT_SECRET.

What was sent and received goes to standard error, as `curl -v` writes it; `countersign explain` reads it:
  countersign fetch --issuer ISSUER --client-id ID URL 2>&1 >/dev/null | countersign explain

Exit status: 0 answered with a status below 400, 1 with another, 2 not answered.";

/// Logs in with your browser, calls a URL, and shows the headers of both directions.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// What to call
    url: Url,

    /// The authorization server
    #[arg(long, value_name = "URL")]
    issuer: String,

    /// As registered there
    #[arg(long, value_name = "ID")]
    client_id: String,

    /// How to call [default: GET, or POST with --data]
    #[arg(short = 'X', long, value_name = "METHOD")]
    request: Option<Method>,

    /// The body, JSON
    #[arg(short, long, value_name = "JSON")]
    data: Option<String>,

    /// A scope beside openid; may be given several times
    #[arg(long = "scope")]
    scopes: Vec<String>,

    /// The API that the token is for (RFC 8707)
    #[arg(long, value_name = "URI")]
    resource: Option<String>,

    /// The same for servers that know no `resource`
    #[arg(long)]
    audience: Option<String>,

    /// Where the browser comes back to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1/")]
    redirect_uri: String,

    /// Whether the token is bound
    #[arg(long, value_enum, default_value_t = DpopMode::Enforced)]
    dpop: DpopMode,

    /// Show the address of the login instead of opening it
    #[arg(long)]
    print_url: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DpopMode {
    /// Or no login
    Enforced,
    /// Where the server can
    Auto,
    /// Bearer
    Off,
}

/// Logs in, calls, shows.
///
/// # Errors
/// In words, for the user.
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

/// The exchange, as `curl -v` writes it. A bound token is shown, since its key ends with this process; another is not.
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
            None => eprintln!("> Authorization: Bearer (not shown: whoever reads it can use it)"),
        }
    }
    eprintln!(">");
    eprintln!("< {:?} {}", response.version(), response.status());
    for (name, value) in response.headers() {
        // What a server wrote goes to a terminal.
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
