//! The habits of the house: `test`, `conformance`, `fuzz`, `ci`, `bench`, `tidy`, `replay` and
//! `faults`.

mod ci;
mod conformance;
mod tidy;

use std::process::ExitCode;

use conformance::Lack;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["tidy"] => tidy::run(),
        ["test"] => ci::test(),
        ["conformance"] => conformance::clients(Lack::Fails),
        ["fuzz"] => conformance::fuzz(Lack::Fails),
        ["fuzz", "--long"] => conformance::fuzz_long(),
        ["ci"] => ci::ci(),
        ["ci", "--slow"] => ci::slow(),
        ["bench", "--load" | "--soak", ..] => ci::load(words.get(1..).unwrap_or_default()),
        ["bench", rest @ ..] => ci::bench(rest),
        ["replay", set, rest @ ..] => ci::replay(set, rest),
        ["faults", rest @ ..] => ci::faults(rest),
        _ => Err(
            "usage: cargo xtask tidy | test | conformance | fuzz [--long] | ci [--slow] | \
                  bench [--short] | \
                  bench --load [--store sqlite|postgres] [--processes 1|4] [--seconds N] | \
                  bench --soak [--store …] [--processes …] [--minutes N] | \
                  replay online_retail|completejourney [--store sqlite|postgres] | \
                  faults [--seed N] [--runs N] [--store sqlite|postgres|URL] [--processes N] \
                  [--seconds N] [--commands N]"
                .to_owned(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
