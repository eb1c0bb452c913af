//! Does the server keep its word when everything around it fails? Real processes, driven by many
//! clients, killed, paused, starved of disk, with clocks that jump and connections that break; at
//! the end an auditor compares what was acknowledged with what is there.
//!
//! `faults [--seed N] [--runs 200] [--store sqlite|postgres|postgres://…] [--processes K]
//! [--seconds 60] [--commands 5000]`. A run ends with whichever of the last two comes first;
//! `postgres` alone is a cluster of our own. A seed names the faults, their order and what each
//! client asks; how they meet differs from run to run.

mod calls;
mod cluster;
mod look;
mod options;
mod plan;
mod proxy;
mod run;

use std::{process::ExitCode, sync::Arc};

use benches::database::Database;
use options::{Options, Store};

fn main() -> ExitCode {
    match faults() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("faults: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the auditor was satisfied with every run.
fn faults() -> Result<bool, String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options = Options::read(&words)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    if options.store == Store::OwnPostgres && ::cluster::installed()?.is_none() {
        return Ok(true);
    }
    let database = match &options.store {
        Store::Sqlite => None,
        Store::OwnPostgres => Some(Arc::new(Database::of_our_own()?)),
        Store::Postgres(address) => Some(Arc::new(Database::Given(address.clone()))),
    };
    let mut wrong = Vec::new();
    for seed in (options.seed..).take(options.runs) {
        let report = runtime.block_on(async {
            tokio::select! {
                report = run::run(&options, seed, database.clone()) => report,
                // What was started goes down with this process.
                () = server::cli::terminated() => Err("told to end".to_owned()),
            }
        })?;
        println!("{}", report.line());
        for finding in &report.findings {
            println!("    {finding}");
        }
        if !report.findings.is_empty() {
            wrong.push(seed);
        }
    }
    if wrong.is_empty() {
        println!("{} runs: the auditor is satisfied", options.runs);
    } else {
        println!(
            "{} of {} runs are wrong: seeds {wrong:?}",
            wrong.len(),
            options.runs
        );
    }
    Ok(wrong.is_empty())
}
