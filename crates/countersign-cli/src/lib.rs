//! The `countersign` command as a library: [`run`] is the whole command, [`Lines`] is
//! `countersign explain --jsonl`.
//!
//! ```
//! let mut lines = countersign_cli::Lines::new()?;
//! let (answer, is_usable) = lines.answer(br#"{
//!     "name": "a call without a token", "now": 1700000000,
//!     "policy": {"issuer": "https://login.example.com", "audience": "https://api.example.com",
//!                "jwks": {"keys": []}, "dpop": "required"},
//!     "request": {"method": "GET", "url": "https://api.example.com/notes", "headers": []}
//! }"#);
//! assert!(is_usable && answer.contains(r#""outcome":"refused","status":401"#), "{answer}");
//! # Ok::<(), String>(())
//! ```
//!
//! There is one file for each subcommand: `explain`, `fetch`, `proof`, `idp`. `countersign COMMAND
//! --help` lists their options.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `fips` | the FIPS 140-3 module of aws-lc, which needs CMake, Go and a C compiler to build |
//!
//! The minimum supported Rust version is 1.95; a newer one is a minor release.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod explain;
mod fetch;
mod idp;
mod machine;
mod proof;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use explain::Lines;

/// The exit status for what the user can put right: a wrong argument, a wrong file, a port that is
/// taken.
const USAGE: u8 = 2;

/// DPoP (RFC 9449) on the command line.
#[derive(Parser)]
#[command(name = "countersign", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says why a request is accepted or refused.
    Explain(explain::Arguments),
    /// Logs in with your browser, calls a URL, and shows the headers of both directions.
    Fetch(fetch::Arguments),
    /// Makes a proof for one request, with a key in a file.
    Proof(proof::Arguments),
    /// Runs a development authorization server.
    Idp(idp::Arguments),
}

/// Runs the command with this process's arguments.
pub fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Explain(arguments) => explain::run(arguments),
        Command::Fetch(arguments) => fetch::run(arguments),
        Command::Proof(arguments) => proof::run(arguments),
        Command::Idp(arguments) => idp::run(arguments)
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| error.to_string()),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(USAGE)
        }
    }
}
