//! How fast is it, beside the limit? Every row is CPU time per operation, the least of several
//! repeats, beside a limit measured in the same run.

mod asking;
mod bare;
mod bare_postgres;
mod codes;
mod deciding;
mod folder;
mod hot;
mod ingesting;
mod load;
mod matching;
mod promotions;
mod redeeming;
mod searching;
mod serving;
mod table;

use std::process::ExitCode;

use benches::{
    cpu::{self, Effort, Scale},
    requests, shop,
};
use table::Table;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHORT: Effort = Effort {
    repeats: 5,
    scale: Scale::Part,
};
const LONG: Effort = Effort {
    repeats: 15,
    scale: Scale::Whole,
};

type Rows = fn(Effort, &mut Table) -> Result<(), String>;

/// All rows; whoever names some on the command line gets those alone. The last waits for a
/// database by the wall clock, which says nothing on a shared machine: a short run passes it over
/// unless it is named.
const GROUPS: [(&str, Rows); 9] = [
    ("matching", matching::run),
    ("deciding", deciding::run),
    ("promotions", promotions::run),
    ("searching", searching::run),
    ("redeeming", redeeming::run),
    ("asking", asking::run),
    ("ingesting", ingesting::run),
    ("codes", codes::run),
    (HOT, hot::run),
];
const HOT: &str = "hot";

fn main() -> ExitCode {
    if let Some(served) = serving::asked() {
        return told(served);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let effort = match arguments.iter().any(|argument| argument == "--short") {
        true => SHORT,
        false => LONG,
    };
    let named: Vec<&String> = arguments.iter().filter(|one| *one != "--short").collect();
    let mut table = Table::default();
    for (name, rows) in GROUPS {
        let is_asked = match named.is_empty() {
            true => name != HOT || effort.scale == Scale::Whole,
            false => named.iter().any(|one| *one == name),
        };
        if is_asked && let Err(what) = rows(effort, &mut table) {
            table.broken(&what);
        }
    }
    table.finish(effort.scale)
}

fn told(served: Result<(), String>) -> ExitCode {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}
