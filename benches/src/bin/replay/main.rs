//! Does real data come out as published? Two public data sets, replayed through the HTTP API.
//!
//! `replay SET [--store sqlite|postgres]` with `online_retail` or `completejourney`; for `postgres`
//! a cluster is made. The folder with the data is named by `PROFFER_DATA`; where that is not set it
//! is `../shared/data` beside the workspace.

mod completejourney;
mod figures;
mod files;
mod online_retail;
mod shop;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use figures::Figures;
use shop::{Place, Shop};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(figures) => figures.finish(),
        Err(why) => {
            eprintln!("replay: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Figures, String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (set, place) = match words.as_slice() {
        [set] | [set, "--store", "sqlite"] => (*set, Place::folder as fn() -> _),
        [set, "--store", "postgres"] => (*set, Place::cluster as fn() -> _),
        _ => return Err("usage: replay SET [--store sqlite|postgres]".into()),
    };
    let replay = match set {
        "online_retail" => online_retail::replay,
        "completejourney" => completejourney::replay,
        _ => return Err("say which set: online_retail or completejourney".into()),
    };
    let folder = folder(set)?;
    replay(&Shop::open(place()?)?, &folder)
}

/// Where a set lies.
fn folder(set: &str) -> Result<PathBuf, String> {
    let beside = || {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        workspace.join("../shared/data")
    };
    let data = std::env::var_os("PROFFER_DATA").map_or_else(beside, PathBuf::from);
    let folder = data.join(set);
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(format!(
        "there is no folder {}: set PROFFER_DATA to the folder that holds {set}",
        folder.display()
    ))
}
