//! Which way does knowledge point? Each crate may depend on those of ours that are named here, and
//! the page of the architecture names every crate.

use std::{fs, path::Path};

/// A crate and what it may know.
const ARROWS: [(&str, &[&str]); 12] = [
    ("rules", &[]),
    ("ledger", &[]),
    ("profiles", &["rules"]),
    ("offers", &["rules", "ledger"]),
    ("learning", &[]),
    ("measurement", &["ledger"]),
    (
        "decision",
        &["profiles", "offers", "learning", "measurement", "rules"],
    ),
    ("wire", &PURE),
    ("simulation", &PURE),
    ("store", &PURE),
    ("server", &ALL),
    ("cluster", &[]),
];

const PURE: [&str; 7] = [
    "rules",
    "ledger",
    "profiles",
    "offers",
    "learning",
    "measurement",
    "decision",
];

const ALL: [&str; 10] = [
    "rules",
    "ledger",
    "profiles",
    "offers",
    "learning",
    "measurement",
    "decision",
    "wire",
    "simulation",
    "store",
];

/// What a pure crate may never name.
const IMPURE: [&str; 6] = [
    "std::fs",
    "std::net",
    "std::thread",
    "SystemTime",
    "tokio",
    "static mut",
];

pub fn breaches(root: &Path) -> Result<Vec<String>, String> {
    let mut breaches = Vec::new();
    let page = read(&root.join("docs/ARCHITECTURE.md"))?;
    for name in crates(root)? {
        if !page.contains(&format!("`{name}`")) {
            breaches.push(format!(
                "docs/ARCHITECTURE.md: does not name the crate {name}"
            ));
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            breaches.push(format!("crates/{name}: has no line in the table of arrows"));
            continue;
        };
        let manifest = read(&root.join("crates").join(&name).join("Cargo.toml"))?;
        breaches.extend(unlisted(&name, &manifest, allowed));
        if PURE.contains(&name.as_str()) {
            breaches.extend(impure(root, &name)?);
        }
    }
    Ok(breaches)
}

fn crates(root: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(root.join("crates")).map_err(|error| error.to_string())?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Dependencies on crates of ours that the table does not allow. Tests may know more.
fn unlisted(name: &str, manifest: &str, allowed: &[&str]) -> Vec<String> {
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    let named = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next());
    let unlisted = named.filter(|one| {
        let is_ours = ARROWS.iter().any(|(ours, _)| ours == one);
        is_ours && !allowed.contains(one)
    });
    unlisted
        .map(|one| format!("crates/{name}: the arrow to {one} is not in the table"))
        .collect()
}

fn impure(root: &Path, name: &str) -> Result<Vec<String>, String> {
    let folder = root.join("crates").join(name).join("src");
    let mut sources = Vec::new();
    super::walk(root, &folder, &mut sources)?;
    let mut breaches = Vec::new();
    for source in &sources {
        let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_test = source.path.ends_with("tests.rs");
        for word in IMPURE
            .iter()
            .filter(|word| !is_test && code.contains(**word))
        {
            breaches.push(format!("{}: a pure crate names {word}", source.path));
        }
    }
    let has_settings = root.join("crates").join(name).join("clippy.toml").exists();
    if !has_settings {
        breaches.push(format!(
            "crates/{name}: a pure crate without a clippy.toml of its own"
        ));
    }
    Ok(breaches)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
