//! A native program that uses DPoP: it logs in with the browser, calls an API, and shows the
//! response. See `example-native --help`.
#![forbid(unsafe_code)]

mod commands;
mod options;
mod output;

use std::process::ExitCode;

use clap::Parser;

use crate::options::Options;
use crate::output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let output = Output {
        json: options.json,
        show_tokens: options.show_tokens,
    };
    match commands::run(&options, output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::FAILURE
        }
    }
}
