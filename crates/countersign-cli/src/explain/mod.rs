//! `countersign explain`: how a resource server would answer a request, and why.
//!
//! [`ResourceServer::authenticate_at`](countersign_resource_server::ResourceServer::authenticate_at)
//! decides, with the keys, clock and nonce of the input: [`bench`] sets it up. [`jsonl`] answers
//! line by line, for programs; [`human`] shows every check, for people.

mod answer;
mod bench;
mod case;
mod checks;
mod difference;
mod human;
mod input;
mod jsonl;
mod keys;
mod known;
mod line;

use std::{
    io::{self, BufReader, IsTerminal, Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use countersign::target::TargetUri;

pub use jsonl::Lines;

use self::{bench::Bench, human::Style, known::Known};
use crate::USAGE;

const AFTER_HELP: &str = "\
The request is a curl command, HTTP text (also as `curl -v` prints it), a HAR file or an entry of it, or JSON:
{\"method\", \"url\", \"headers\": [[name, value], ...]}, or an array of them.

Without --jwks the token's signature is not checked; without --issuer and --audience the token's own are used.
The time is --now, else the response's Date if the input has one, else this machine's clock.

Exit status: 0 for accepted, 1 for refused, 2 for input that can't be used.

--jsonl: one object per line in and out; all lines share one replay store, and `now` is the only clock:
  in   {\"name\", \"now\", \"policy\": {\"issuer\", \"audience\", \"jwks\", \"dpop\": \"optional\"|\"required\", \"nonce\"?,
        \"algorithms\"?, \"costlyRsaKeys\"?},
        \"request\": {\"method\", \"url\", \"headers\": [[\"name\", \"value\"], ...]}}
  out  {\"name\", \"outcome\": \"accepted\"|\"refused\", \"status\", \"error\", \"reason\", \"detail\"}";

/// How much of a file is read: enough for the HAR file of a long session.
const MAX_INPUT: u64 = 256 * 1024 * 1024;

/// Says how a resource server would answer a request, and why.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// File with the request; `-` or nothing: standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["curl", "jsonl"])]
    file: Option<PathBuf>,

    /// The request as a curl command; without a value, read it from standard input
    #[arg(long, value_name = "COMMAND", num_args = 0..=1, default_missing_value = "-", conflicts_with = "jsonl")]
    curl: Option<String>,

    /// Issuer that tokens must come from
    #[arg(long, value_name = "URL", conflicts_with = "jsonl")]
    issuer: Option<String>,

    /// Audience that tokens must be for
    #[arg(long, value_name = "URI", conflicts_with = "jsonl")]
    audience: Option<String>,

    /// The issuer's key set
    #[arg(long, value_name = "FILE|URL", conflicts_with = "jsonl")]
    jwks: Option<String>,

    /// The server's clock, in Unix seconds
    #[arg(
        long,
        value_name = "SECONDS",
        allow_negative_numbers = true,
        conflicts_with = "jsonl"
    )]
    now: Option<i64>,

    /// A nonce that the server has issued and requires
    #[arg(long, conflicts_with = "jsonl")]
    nonce: Option<String>,

    /// Whether unbound tokens are accepted as Bearer
    #[arg(long, value_enum, default_value_t = Requirement::Optional, conflicts_with = "jsonl")]
    dpop: Requirement,

    /// Which unbound tokens are accepted, and how long any token may live
    #[arg(long, value_enum, default_value_t = AccessTokens::Lenient, conflicts_with = "jsonl")]
    access_tokens: AccessTokens,

    /// Algorithm that proofs may have; may be repeated [default: ES256, EdDSA, PS256, RS256]
    #[arg(long = "alg", value_name = "NAME", conflicts_with = "jsonl")]
    algorithms: Vec<String>,

    /// Accept proofs with RSA keys of more than 4096 bits or an exponent other than 65537
    #[arg(long, conflicts_with = "jsonl")]
    costly_rsa_keys: bool,

    /// The URL by which the server believes it was called [default: the request's]
    #[arg(long, value_name = "URL", conflicts_with = "jsonl")]
    url: Option<String>,

    /// Read one JSON object per line from standard input, and write one per line
    #[arg(long)]
    jsonl: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Requirement {
    Optional,
    Required,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AccessTokens {
    /// Of the type at+jwt, JWT or none, however long they live
    Lenient,
    /// As our resource server by default: unbound ones only of the type at+jwt, 24 hours at most
    Default,
}

/// Explains, and returns the exit status: 0 for accepted or answered, 1 for refused, 2 for input
/// that can't be used.
///
/// # Errors
/// A sentence for the user.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, String> {
    if arguments.jsonl {
        let input = BufReader::new(io::stdin().lock());
        let all_usable = jsonl::run(input, io::stdout().lock())
            .map_err(|error| format!("cannot read or write the lines: {error}"))?;
        return Ok(match all_usable {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(USAGE),
        });
    }
    explain(arguments)
}

fn explain(arguments: Arguments) -> Result<ExitCode, String> {
    let text = match arguments.curl.as_deref() {
        Some("-") | None => read(arguments.file.as_ref())?,
        Some(command) => command.to_owned(),
    };
    let requests = input::read(&text, arguments.curl.is_some())?;
    let known = Known {
        issuer: arguments.issuer,
        audience: arguments.audience,
        jwks: arguments.jwks.as_deref().map(keys::read).transpose()?,
        now: arguments.now,
        nonce: arguments.nonce,
        requires_dpop: arguments.dpop == Requirement::Required,
        lenient_tokens: arguments.access_tokens == AccessTokens::Lenient,
        algorithms: case::algorithms(&arguments.algorithms)?,
        takes_costly_rsa_keys: arguments.costly_rsa_keys,
        url: arguments.url,
    };
    if let Some(url) = &known.url
        && let Err(error) = TargetUri::parse(url)
    {
        return Err(format!("--url can't be used: {error}"));
    }
    if known.url.is_none() && requests.iter().any(|one| one.request.url.starts_with('/')) {
        return Err(
            "the request has no Host: give the URL that the client called by --url".to_owned(),
        );
    }
    let mut output = io::stdout();
    let style = Style {
        colour: output.is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    let mut bench = Bench::new()?;
    let mut all_accepted = true;
    for (number, request) in requests.iter().enumerate() {
        let (report, accepted) = human::report(&mut bench, request, &known, style)?;
        all_accepted &= accepted;
        let blank = if number == 0 { "" } else { "\n" };
        write!(output, "{blank}{report}").map_err(|error| error.to_string())?;
    }
    Ok(match all_accepted {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    })
}

fn read(file: Option<&PathBuf>) -> Result<String, String> {
    let mut text = String::new();
    let read = match file.filter(|file| file.as_os_str() != "-") {
        None => io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text),
        Some(file) => std::fs::File::open(file)
            .and_then(|opened| opened.take(MAX_INPUT).read_to_string(&mut text)),
    };
    match (read, file) {
        (Ok(_), _) => Ok(text),
        (Err(error), Some(file)) => Err(format!("cannot read {}: {error}", file.display())),
        (Err(error), None) => Err(format!("cannot read standard input: {error}")),
    }
}
