//! How many requests a second can real servers follow, how long do shoppers wait by then, and does
//! it stay so? Drives `proffer serve` over HTTP with an open loop: requests are due by a schedule
//! that does not wait for answers.
//!
//! `load --load [--store sqlite|postgres] [--processes 1|4] [--seconds 10]` steps the rate up on
//! each mix until the servers cannot follow, and draws latency against rate.
//! `load --soak [--minutes 60]` keeps half of what they can for so long, and fails where memory,
//! latency or open files grow. Both take `--customers N` and `--seed N`. A postgres cluster is
//! made for the run. Driver, servers and database share one machine, so what is seen of one of
//! them alone is the CPU time.

mod climb;
mod drawing;
mod drive;
mod gauges;
mod lines;
mod loading;
mod mix;
mod options;
mod plot;
mod rows;
mod schedule;
mod servers;
mod soak;
mod trend;

use std::process::ExitCode;

use benches::database::Database;
use options::{Engine, Options, Task};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match load() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("load: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing was found wrong.
fn load() -> Result<bool, String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options = Options::read(&words)?;
    let needs_postgres = |options: &Options| {
        let mut settings = options.settings.iter();
        settings.any(|one| one.engine == Engine::Postgres)
    };
    let database = match needs_postgres(&options) {
        true => Some(Database::of_our_own()?),
        false => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let work = async {
            match options.task {
                Task::Load => loading::run(&options, database.as_ref()).await,
                Task::Soak => soak::run(&options, database.as_ref()).await,
            }
        };
        tokio::select! {
            done = work => done,
            // What was started goes down with this process.
            () = server::cli::terminated() => Err("told to end".to_owned()),
        }
    })
}
