//! How fast is it, beside the limit? Every row is CPU time per operation, the least of several
//! repeats, beside a limit measured in the same run.

mod asking;
mod bare;
mod cpu;
mod deciding;
mod folder;
mod ingesting;
mod load;
mod matching;
mod redeeming;
mod serving;
mod shop;
mod table;

use std::process::ExitCode;

use cpu::{Effort, Scale};
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

fn main() -> ExitCode {
    if let Some(served) = serving::asked() {
        return told(served);
    }
    let is_short = std::env::args().any(|argument| argument == "--short");
    let effort = if is_short { SHORT } else { LONG };
    let mut table = Table::default();
    matching::run(effort, &mut table);
    deciding::run(effort, &mut table);
    for rows in [redeeming::run, asking::run, ingesting::run] {
        if let Err(what) = rows(effort, &mut table) {
            table.broken(&what);
        }
    }
    table.finish()
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
