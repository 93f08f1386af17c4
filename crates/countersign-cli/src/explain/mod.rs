//! `countersign explain`: what a resource server would answer to a request, and why.
//!
//! The decision is [`ResourceServer::authenticate_at`](countersign_resource_server::ResourceServer::authenticate_at)'s,
//! with keys, clock and nonce that are given: [`bench`] sets that up. [`jsonl`] asks it line by line, for programs.

mod answer;
mod bench;
mod case;
mod jsonl;
mod line;

use std::{
    io::{self, BufReader},
    process::ExitCode,
};

use clap::Args;

use crate::USAGE;

/// What a resource server would answer to a request, and why.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Read one JSON object a line from standard input, and write one a line
    #[arg(long, required = true)]
    jsonl: bool,
}

/// Explains, and says how it went by the status: 0 for accepted or answered, 1 for refused, 2 for input that can't be
/// used.
///
/// # Errors
/// In words, for the user.
pub(crate) fn run(_arguments: Arguments) -> Result<ExitCode, String> {
    let input = BufReader::new(io::stdin().lock());
    let all_usable = jsonl::run(input, io::stdout().lock())
        .map_err(|error| format!("cannot read or write the lines: {error}"))?;
    Ok(match all_usable {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(USAGE),
    })
}
