//! `countersign idp`: the development authorization server on this machine's loopback addresses.

mod clock;

use std::{
    io::{ErrorKind, Write},
    path::PathBuf,
    str::FromStr,
};

use clap::{Args, ValueEnum};
use countersign_authorization_server::{
    AccessTokenTyp, AuthorizationServer, ClientConfig, Clock, Config, ConfigError, DEFAULT_PORT,
    DpopMode, ListenError, Listeners, serve,
};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;
use url::Url;

/// A configuration file, as `--help` shows it.
const EXAMPLE: &str = r#"Configuration file (TOML; every member may be left out; flags override it, but --client,
--audience and --allow-origin add to it):

  port = 9441
  issuer = "http://localhost:9441"      # the URL that clients know
  dpop = "on"                           # or "off", "advertised-only", "nonce"
  require_pushed_authorization_requests = false
  clock_offset_seconds = 0
  access_token_typ = "at+jwt"           # or "JWT"
  access_token_lifetime_seconds = 300
  refresh_tokens = true
  refresh_token_lifetime_seconds = 28800
  session_lifetime_seconds = 28800
  nonce_lifetime_seconds = 15           # of --dpop nonce
  allowed_origins = []                  # in addition to those of the redirect URIs

  [[clients]]
  id = "demo"
  name = "Demo app"
  redirect_uris = ["http://localhost:9440/"]
  post_logout_redirect_uris = []        # none: the redirect URIs
  audiences = ["http://localhost:9442"]
  scopes = []                           # in addition to openid, profile, email, offline_access
  dpop_bound_access_tokens = false
  require_pushed_authorization_requests = false
  native = false                        # any port of a loopback IP address

  [[users]]
  sub = "alice"
  name = "Alice Archer"
  email = "alice@example.com"

Without clients: `demo` as above. Without users: alice and bob. RUST_LOG=info logs each decision."#;

/// Runs an authorization server for development only: it has no passwords, and everything is in
/// memory.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Configuration file (TOML, see below)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Port to listen on, on 127.0.0.1 and ::1; 0: any free one [default: 9441]
    #[arg(long)]
    port: Option<u16>,

    /// URL under which clients reach the server [default: http://localhost:PORT]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// A client and its redirect URIs; may be repeated [default: demo=http://localhost:9440/]
    #[arg(long = "client", value_name = "ID=REDIRECT_URI[,REDIRECT_URI]")]
    clients: Vec<ClientArgument>,

    /// An API that the access tokens of one client, or of all, are for; may be repeated [default:
    /// http://localhost:9442]
    #[arg(long = "audience", value_name = "[CLIENT=]URI")]
    audiences: Vec<String>,

    /// How the server treats DPoP [default: on]
    #[arg(long, value_enum)]
    dpop: Option<DpopArgument>,

    /// Accept only pushed authorization requests (RFC 9126)
    #[arg(long)]
    require_par: bool,

    /// How far the server's clock is ahead, in seconds; negative: behind [default: 0]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    clock_offset: Option<i64>,

    /// A file with a number of seconds that the server's clock is ahead in addition; read at each
    /// look at the clock, so writing it moves the clock of the running server
    #[arg(long, value_name = "FILE")]
    clock_file: Option<PathBuf>,

    /// Issue no refresh tokens
    #[arg(long)]
    no_refresh_tokens: bool,

    /// The type of access tokens, for APIs that refuse RFC 9068's [default: at+jwt]
    #[arg(long, value_enum, ignore_case = true)]
    access_token_typ: Option<TypArgument>,

    /// How long an access token is valid, in seconds [default: 300]
    #[arg(long, value_name = "SECONDS")]
    access_token_lifetime: Option<u32>,

    /// How long a nonce is accepted with `--dpop nonce`, in seconds [default: 15]
    #[arg(long, value_name = "SECONDS")]
    nonce_lifetime: Option<u32>,

    /// An origin whose pages may call the server, in addition to those of the redirect URIs; may be
    /// repeated
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    origins: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum DpopArgument {
    /// Tokens are bound to the key of the proof
    On,
    /// Proofs are ignored, and the metadata does not name DPoP
    Off,
    /// The metadata names DPoP, but tokens are Bearer
    AdvertisedOnly,
    /// As `on`, but every proof needs a nonce; each token response brings a new one
    Nonce,
}

impl From<DpopArgument> for DpopMode {
    fn from(argument: DpopArgument) -> Self {
        match argument {
            DpopArgument::On => Self::On,
            DpopArgument::Off => Self::Off,
            DpopArgument::AdvertisedOnly => Self::AdvertisedOnly,
            DpopArgument::Nonce => Self::Nonce,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum TypArgument {
    /// The type of RFC 9068
    #[value(name = "at+jwt")]
    AtJwt,
    /// The type that Keycloak and Auth0 write, and that Spring Security expects by default
    #[value(name = "JWT")]
    Jwt,
}

impl From<TypArgument> for AccessTokenTyp {
    fn from(argument: TypArgument) -> Self {
        match argument {
            TypArgument::AtJwt => Self::AtJwt,
            TypArgument::Jwt => Self::Jwt,
        }
    }
}

#[derive(Clone)]
struct ClientArgument {
    id: String,
    redirect_uris: Vec<String>,
}

impl FromStr for ClientArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let at = before_uri(text).or_else(|| text.find('=')).ok_or(
            "write the client's id, `=`, and its redirect URI, like demo=http://localhost:9440/",
        )?;
        let (id, uris) = (&text[..at], &text[at + 1..]);
        Ok(Self {
            id: id.to_owned(),
            redirect_uris: uris.split(',').map(Into::into).collect(),
        })
    }
}

/// Why the server does not run. Each text is a whole sentence, with nothing left for a source to
/// say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdpError {
    #[error("{} does not exist; name an existing file with --config", .0.display())]
    NoFile(PathBuf),
    #[error("{} is a directory; name a file with --config", .0.display())]
    Directory(PathBuf),
    #[error("{} is not UTF-8 text; save it as UTF-8", .0.display())]
    NotText(PathBuf),
    #[error("{} can't be read: {reason}; let this user read it, or name another file with --config", path.display())]
    Unreadable {
        path: PathBuf,
        reason: std::io::Error,
    },
    #[error("{}: {reason}", path.display())]
    InFile { path: PathBuf, reason: ConfigError },
    #[error(transparent)]
    Clock(#[from] clock::ClockFileError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("the system does not let the server wait for SIGINT and SIGTERM: {0}; start it again")]
    Signals(std::io::Error),
    #[error("the server on port {port} failed: {reason}; start it again")]
    Serve { port: u16, reason: std::io::Error },
}

/// Runs the server until SIGINT or SIGTERM.
#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> Result<(), IdpError> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let signals = Signals::new().map_err(IdpError::Signals)?;

    let clock = match arguments.clock_file.clone() {
        Some(path) => clock::moved_by(path)?,
        None => Clock::system(),
    };
    let mut config = arguments.configuration()?;
    let listeners = Listeners::bind(config.port.unwrap_or(DEFAULT_PORT)).await?;
    config.port = Some(listeners.port());
    let port = listeners.port();
    let server = AuthorizationServer::new(config, clock)?;

    let mut out = std::io::stdout();
    // A closed stdout does not stop the server.
    let _ = writeln!(
        out,
        "countersign idp: an authorization server for development only, never for production\nissuer {}\nlistening on http://localhost:{port}",
        server.issuer()
    );
    let _ = out.flush();
    let served = serve(listeners, server.router(), signals.wait()).await;
    served.map_err(|reason| IdpError::Serve { port, reason })
}

impl Arguments {
    /// Returns the configuration: the file's, overridden by the flags.
    fn configuration(self) -> Result<Config, IdpError> {
        let mut config = match self.config {
            Some(path) => read(path)?,
            None => Config::default(),
        };
        config.port = self.port.or(config.port);
        config.issuer = self.issuer.or(config.issuer);
        config.dpop = self.dpop.map_or(config.dpop, Into::into);
        config.require_pushed_authorization_requests |= self.require_par;
        config.clock_offset_seconds = self.clock_offset.unwrap_or(config.clock_offset_seconds);
        config.refresh_tokens &= !self.no_refresh_tokens;
        config.access_token_typ = self
            .access_token_typ
            .map_or(config.access_token_typ, Into::into);
        config.access_token_lifetime_seconds = self
            .access_token_lifetime
            .unwrap_or(config.access_token_lifetime_seconds);
        config.nonce_lifetime_seconds =
            self.nonce_lifetime.unwrap_or(config.nonce_lifetime_seconds);
        config.allowed_origins.extend(self.origins);
        for client in self.clients {
            config
                .clients
                .push(ClientConfig::new(&client.id, client.redirect_uris));
        }
        config.add_default_client();
        for argument in &self.audiences {
            let (client, audience) = client_and_audience(&config, argument);
            config.add_audience(client, audience)?;
        }
        Ok(config)
    }
}

/// Splits `[CLIENT=]URI` at the longest id that exists. If none does, the text before a second URI
/// counts as an id: an audience meant for one client never becomes that of all.
fn client_and_audience<'a>(config: &Config, argument: &'a str) -> (Option<&'a str>, &'a str) {
    let is_id = |text: &str| config.clients.iter().any(|client| client.id == text);
    let mut splits = argument.match_indices('=').map(|(at, _)| at);
    let named = splits.rfind(|at| is_id(&argument[..*at]));
    match named.or_else(|| before_uri(argument)) {
        Some(at) => (Some(&argument[..at]), &argument[at + 1..]),
        None => (None, argument),
    }
}

/// Finds the first `=` before an absolute URI. The client's id before it may be a URL and contain a
/// `=` itself.
fn before_uri(text: &str) -> Option<usize> {
    let mut splits = text.match_indices('=').map(|(at, _)| at);
    splits.find(|at| Url::parse(&text[at + 1..]).is_ok())
}

fn read(path: PathBuf) -> Result<Config, IdpError> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Config::from_toml(&text).map_err(|reason| IdpError::InFile { path, reason }),
        // Systems report a directory in different ways.
        Err(_) if path.is_dir() => Err(IdpError::Directory(path)),
        Err(reason) => Err(match reason.kind() {
            ErrorKind::NotFound => IdpError::NoFile(path),
            ErrorKind::InvalidData => IdpError::NotText(path),
            _ => IdpError::Unreadable { path, reason },
        }),
    }
}

/// The signals that end the server: SIGINT and SIGTERM, or Ctrl-C on systems without signals.
struct Signals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
}

impl Signals {
    /// Registers for the signals. This happens before the server says that it listens, so that none
    /// is lost.
    #[cfg(unix)]
    fn new() -> Result<Self, std::io::Error> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self, std::io::Error> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(self) {
        // On an error, Ctrl-C can't be awaited, and only the end of the process ends the server.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
