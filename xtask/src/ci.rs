//! What proves it? Each command runs the ones below it and prints what it ran.

use std::process::Command;

use crate::tidy;

/// The tests that need PostgreSQL fail where it is absent.
const NEEDS_POSTGRES: (&str, &str) = ("PROFFER_NEEDS_POSTGRES", "1");

/// Format, lints, order, all tests (the stories among them), the two replays, a few
/// runs with faults, a short bench.
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
    replay("online_retail")?;
    replay("completejourney")?;
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
    cargo(&[
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--release",
        "--run-ignored",
        "only",
    ])
}

/// Where PostgreSQL is absent, what needs it says so and is passed over.
///
/// # Errors
/// When a test fails.
pub fn test() -> Result<(), String> {
    tests(&[])
}

fn tests(environment: &[(&str, &str)]) -> Result<(), String> {
    let has_nextest = Command::new("cargo")
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if has_nextest {
        let words = "nextest run --workspace --locked --no-fail-fast";
        let words: Vec<&str> = words.split(' ').collect();
        cargo_with(environment, &words)
    } else {
        cargo_with(environment, &["test", "--workspace", "--locked", "--quiet"])
    }
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
pub fn replay(set: &str) -> Result<(), String> {
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
    cargo(&[&words[..], &[set]].concat())
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

fn cargo(words: &[&str]) -> Result<(), String> {
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
