//! A notes API protected by `countersign-resource-server`: `example-api --help`.

use std::{io::IsTerminal, process::ExitCode};

use clap::Parser;
use example_api::{Options, serve};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        )
        .init();
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("example-api: {error:#}");
            ExitCode::from(2)
        }
    }
}
