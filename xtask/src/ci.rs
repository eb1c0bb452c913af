//! What proves it? Each command runs the ones below it and prints what it ran.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use cluster::Tools;

use crate::{
    conformance::{self, Lack},
    tidy,
};

/// The tests that need PostgreSQL fail where it is absent.
const NEEDS_POSTGRES: (&str, &str) = ("PROFFER_NEEDS_POSTGRES", "1");

/// The stories and the HTTP suite take place on SQLite where this does not say otherwise.
const ON_POSTGRES: (&str, &str) = ("PROFFER_TEST_STORE", "postgres");

/// The test binary that heeds it, to nextest and to cargo.
const SERVERS: (&str, &str) = (
    "--workspace -E package(server)&binary(it)",
    "--package server --test it",
);

/// Format, lints, order, all tests (the stories among them), Voucherify's clients, a little of what
/// nobody would send, the two replays, a few runs with faults, a short bench.
///
/// # Errors
/// The first step that failed.
pub fn ci() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])?;
    tidy::run()?;
    tests(&[NEEDS_POSTGRES])?;
    conformance::clients(Lack::Fails)?;
    conformance::fuzz(Lack::Fails)?;
    for store in ["sqlite", "postgres"] {
        replay("online_retail", &["--store", store])?;
        replay("completejourney", &["--store", store])?;
    }
    few_faults(&["--processes", "1"])?;
    few_faults(&["--processes", "3"])?;
    few_faults(&["--processes", "3", "--store", "postgres"])?;
    bench(&["--short"])
}

/// All that `ci` does, and the tests that need minutes.
///
/// # Errors
/// The first step that failed.
pub fn slow() -> Result<(), String> {
    ci()?;
    conformance::fuzz_long()?;
    let words = "nextest run --locked --release --run-ignored only";
    cargo(&split(&[words, "--workspace"]))?;
    cargo_with(&[ON_POSTGRES], &split(&[words, SERVERS.0]))
}

/// Every test, those of the server again on PostgreSQL, and Voucherify's clients. Where PostgreSQL,
/// Node.js or Python is absent, what needs it says so and is passed over.
///
/// # Errors
/// When a test fails.
pub fn test() -> Result<(), String> {
    tests(&[]).and(conformance::clients(Lack::Passes))
}

fn tests(environment: &[(&str, &str)]) -> Result<(), String> {
    let has_nextest = Command::new("cargo")
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    let (run, servers) = if has_nextest {
        ("nextest run --locked --no-fail-fast", SERVERS.0)
    } else {
        ("test --locked --quiet", SERVERS.1)
    };
    let all = cargo_with(environment, &split(&[run, "--workspace"]));
    if Tools::find().is_none() {
        println!("PostgreSQL is not installed: the server's tests took place on SQLite alone");
        return all;
    }
    let again = [environment, &[ON_POSTGRES]].concat();
    all.and(cargo_with(&again, &split(&[run, servers])))
}

fn split<'w>(words: &[&'w str]) -> Vec<&'w str> {
    words.iter().flat_map(|words| words.split(' ')).collect()
}

/// # Errors
/// When a figure misses its target.
pub fn bench(rest: &[&str]) -> Result<(), String> {
    released("benches", rest)
}

/// # Errors
/// When the real data set is absent, or a figure differs from the published one.
pub fn replay(set: &str, rest: &[&str]) -> Result<(), String> {
    released("replay", &[&[set], rest].concat())
}

/// As many as take half a minute.
fn few_faults(rest: &[&str]) -> Result<(), String> {
    faults(&[&["--runs", "2", "--seconds", "6"], rest].concat())
}

/// Real processes, made to fail.
///
/// # Errors
/// When the auditor finds something.
pub fn faults(rest: &[&str]) -> Result<(), String> {
    released("faults", rest)
}

/// Real processes under load, as they are released.
///
/// # Errors
/// When no rate is followed, or what should stay as it is grows.
pub fn load(rest: &[&str]) -> Result<(), String> {
    released("load", rest)
}

/// Runs a program as it is released, beside the server. Both are built as parts of the workspace:
/// cargo would compile what a package alone asks of its dependencies a second time.
fn released(name: &str, words: &[&str]) -> Result<(), String> {
    let build = "build --release --locked --workspace --bin proffer --bin";
    cargo(&split(&[build, name]))?;
    let program = beside_us("../release").join(name);
    println!("── {name} {}", words.join(" "));
    done(Command::new(program).args(words).current_dir(tidy::root()))
}

/// Runs cargo in the workspace.
///
/// # Errors
/// When it fails.
pub fn cargo(words: &[&str]) -> Result<(), String> {
    cargo_with(&[], words)
}

fn cargo_with(environment: &[(&str, &str)], words: &[&str]) -> Result<(), String> {
    println!("── cargo {}", words.join(" "));
    let mut cargo = Command::new("cargo");
    cargo.args(words).envs(environment.iter().copied());
    done(cargo.current_dir(tidy::root())).map_err(|why| format!("{why} ({})", words.join(" ")))
}

/// A file or folder beside this program, where what it builds is, too.
pub fn beside_us(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap_or_default();
    own.with_file_name(name)
}

/// Runs it to its end.
///
/// # Errors
/// When it cannot be started or fails.
pub fn done(command: &mut Command) -> Result<(), String> {
    let name = Path::new(command.get_program()).display().to_string();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name} cannot be started: {error}")),
    }
}
