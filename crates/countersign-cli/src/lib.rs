//! The `countersign` command as a library: what `main` runs, and the parts that others may drive. One file for each
//! subcommand.
#![forbid(unsafe_code)]

mod explain;
mod fetch;
mod idp;
mod proof;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use explain::Lines;

/// The status of whatever the user can put right: a wrong argument, a wrong file, a port that is taken.
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
    /// Makes a proof for one request, by a key in a file.
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
