//! The `proffer` binary.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::{Cli, exit_code, run, sentence};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(refused) => {
            eprintln!("proffer: {}", sentence(&refused));
            ExitCode::from(exit_code(&refused))
        }
    }
}
