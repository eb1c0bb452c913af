//! How fast is it, beside the limit? Every row is CPU time per operation, the least of several
//! repeats, beside a limit measured in the same run.

mod cpu;
mod deciding;
mod matching;
mod table;

use std::process::ExitCode;

use table::Table;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let effort = match std::env::args().nth(1).as_deref() {
        Some("--short") => cpu::Effort { repeats: 5 },
        _ => cpu::Effort { repeats: 15 },
    };
    let mut table = Table::default();
    matching::run(effort, &mut table);
    deciding::run(effort, &mut table);
    table.finish()
}
