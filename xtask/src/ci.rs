//! What proves it? Each command runs the ones below it and prints what it ran.

use std::process::Command;

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
    let mut words = vec!["run", "--release", "--locked", "--package", "benches", "--"];
    words.extend(rest);
    cargo(&words)
}

/// # Errors
/// When the real data set is absent, or a figure differs from the published one.
pub fn replay(set: &str, rest: &[&str]) -> Result<(), String> {
    let words = [
        "run",
        "--release",
        "--locked",
        "--package",
        "benches",
        "--bin",
        "replay",
        "--",
    ];
    cargo(&[&words[..], &[set], rest].concat())
}

/// As many as take half a minute.
fn few_faults(rest: &[&str]) -> Result<(), String> {
    faults(&[&["--runs", "2", "--seconds", "6"], rest].concat())
}

/// Real processes, made to fail; a release of the server is built for them first.
///
/// # Errors
/// When the auditor finds something.
pub fn faults(rest: &[&str]) -> Result<(), String> {
    with_servers("faults", rest)
}

/// Real processes under load, as they are released.
///
/// # Errors
/// When no rate is followed, or what should stay as it is grows.
pub fn load(rest: &[&str]) -> Result<(), String> {
    with_servers("load", rest)
}

fn with_servers(name: &str, rest: &[&str]) -> Result<(), String> {
    cargo(&["build", "--release", "--locked", "--package", "server"])?;
    let words = [
        "run",
        "--release",
        "--locked",
        "--package",
        "benches",
        "--bin",
        name,
        "--",
    ];
    cargo(&[&words[..], rest].concat())
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
    let status = Command::new("cargo")
        .args(words)
        .envs(environment.iter().copied())
        .current_dir(tidy::root())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo {}: {status}", words.join(" "))),
        Err(error) => Err(format!("cargo cannot be started: {error}")),
    }
}
