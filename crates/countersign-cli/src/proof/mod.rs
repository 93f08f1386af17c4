//! `countersign proof`: makes a proof for one request, with a key in a file.

mod key;

use std::{
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use countersign::{
    UnixSeconds,
    crypto::{Algorithm, ath, thumbprint},
    jose::base64url,
    proof::ProofClaims,
    target::TargetUri,
};

use crate::machine;

const AFTER_HELP: &str = "\
A proof is for one request; make another for the next one, and for a retry:
  countersign proof --new-key key.jwk
  curl -H \"Authorization: DPoP $TOKEN\" -H \"DPoP: $(countersign proof --key key.jwk --token \"$TOKEN\" GET $URL)\" $URL

--new-key prints the key's thumbprint (`jkt`), which goes into `dpop_jkt` of an authorization request.";

/// Makes a proof for one request, with a key in a file.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The request's method, as it is sent
    #[arg(requires = "url", required_unless_present = "new_key")]
    method: Option<String>,

    /// The request's URL
    url: Option<String>,

    /// File with the private key, a JSON Web Key (P-256, P-384 or Ed25519)
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "new_key",
        conflicts_with = "new_key"
    )]
    key: Option<PathBuf>,

    /// Make a key and write it to this new file, readable by you alone
    #[arg(long, value_name = "FILE")]
    new_key: Option<PathBuf>,

    /// Algorithm of --new-key
    #[arg(long, value_enum, default_value_t = NewAlgorithm::Es256, requires = "new_key")]
    alg: NewAlgorithm,

    /// The access token that is sent with the proof; `-`: read it from standard input
    #[arg(long, requires = "url")]
    token: Option<String>,

    /// The newest nonce of the server
    #[arg(long, requires = "url")]
    nonce: Option<String>,

    /// The proof's time, in Unix seconds [default: now]
    #[arg(long, value_name = "SECONDS", requires = "url")]
    now: Option<i64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum NewAlgorithm {
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    EdDsa,
}

/// Prints the proof, or the thumbprint of a new key.
///
/// # Errors
/// A sentence for the user.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let algorithm = match arguments.alg {
        NewAlgorithm::Es256 => Algorithm::Es256,
        NewAlgorithm::EdDsa => Algorithm::EdDsa,
    };
    let request = arguments.method.as_deref().zip(arguments.url.as_deref());
    // Checked before a key is made, so that a request that can't be signed leaves no file.
    let target = request
        .map(|(method, url)| target(method, url))
        .transpose()?;
    let key = match (&arguments.key, &arguments.new_key) {
        (_, Some(file)) => key::create(file, algorithm)?,
        (Some(file), None) => key::read(file)?,
        (None, None) => return Err("give a key by --key or --new-key".to_owned()),
    };
    let Some((method, uri)) = target else {
        println!("{}", thumbprint(key.public()).to_base64url());
        return Ok(ExitCode::SUCCESS);
    };
    let token = arguments.token.map(token).transpose()?;
    let ath = token.map(|token| ath(&token).to_base64url());
    let secret = machine::random_secret()?;
    let proof = key.prove(&ProofClaims {
        jti: &base64url::encode(&secret[..16]),
        htm: method,
        htu: uri.htu(),
        iat: arguments.now.map_or_else(machine::now, UnixSeconds),
        ath: ath.as_deref(),
        nonce: arguments.nonce.as_deref(),
    });
    println!("{}", proof.map_err(|error| error.to_string())?);
    Ok(ExitCode::SUCCESS)
}

fn target<'a>(method: &'a str, url: &str) -> Result<(&'a str, TargetUri), String> {
    if http::Method::from_bytes(method.as_bytes()).is_err() {
        return Err(format!(
            "{method:?} is not a method: give one like GET, before the URL"
        ));
    }
    let uri = TargetUri::parse(url)
        .map_err(|error| format!("the URL {url:?} can't be signed: {error}"))?;
    Ok((method, uri))
}

/// Others on the machine can see arguments.
fn token(argument: String) -> Result<String, String> {
    if argument != "-" {
        return Ok(argument);
    }
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(64 * 1024)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read the token from standard input: {error}"))?;
    Ok(text.trim().to_owned())
}
