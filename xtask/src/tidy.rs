//! Is the house in order? Sizes, module docs, words, arrows, the crate map and the refusals' page.

mod arrows;
mod promises;
mod refusals;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

const MAX_COLUMNS: usize = 100;
const MAX_LINES: usize = 600;
const MARKERS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK:"];

/// A source file or page, with its path below the root.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Prints every breach with its place.
///
/// # Errors
/// When there is one.
pub fn run() -> Result<(), String> {
    let root = root();
    let sources = sources(&root)?;
    let mut breaches = Vec::new();
    for source in &sources {
        breaches.extend(shape(source));
        breaches.extend(words::breaches(source));
    }
    breaches.extend(promises::breaches(&sources));
    breaches.extend(arrows::breaches(&root)?);
    breaches.extend(refusals::breaches(&root)?);
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => {
            println!("tidy: {} files in order", sources.len());
            Ok(())
        }
        count => Err(format!("tidy: {count} breaches")),
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

fn shape(source: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut say = |line: usize, what: &str| {
        breaches.push(format!("{}:{line}: {what}", source.path));
    };
    for (number, line) in source.text.lines().enumerate() {
        if source.is_rust() && line.chars().count() > MAX_COLUMNS {
            say(number + 1, "more than 100 columns");
        }
        if !source.path.contains("tidy") && MARKERS.iter().any(|marker| line.contains(marker)) {
            say(number + 1, "a marker comment");
        }
    }
    if source.is_rust() && !source.text.starts_with("//!") {
        say(1, "does not open with //! and the question it answers");
    }
    if source.is_rust() && lines_before_tests(source) > MAX_LINES {
        say(MAX_LINES, "more than 600 lines before its tests");
    }
    breaches
}

fn lines_before_tests(source: &Source) -> usize {
    let is_test = source.path.contains("/tests/") || source.path.ends_with("/tests.rs");
    if is_test {
        return 0;
    }
    let code = source
        .text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    code.lines().count()
}

/// Every Rust file, page of documentation, story and template that is ours.
fn sources(root: &Path) -> Result<Vec<Source>, String> {
    let mut found = Vec::new();
    let places = [
        "crates",
        "xtask",
        "benches",
        "docs",
        "stories",
        "README.md",
        "conformance",
    ];
    for place in places {
        walk(root, &root.join(place), &mut found)?;
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

fn walk(root: &Path, at: &Path, found: &mut Vec<Source>) -> Result<(), String> {
    let skipped = ["node_modules", "target", "snapshots", "__pycache__"];
    if at
        .file_name()
        .is_some_and(|name| skipped.iter().any(|skip| name == *skip))
    {
        return Ok(());
    }
    if at.is_dir() {
        let entries = fs::read_dir(at).map_err(|error| format!("{}: {error}", at.display()))?;
        for entry in entries {
            walk(
                root,
                &entry.map_err(|error| error.to_string())?.path(),
                found,
            )?;
        }
        return Ok(());
    }
    let kinds = ["rs", "md", "story", "html"];
    if at
        .extension()
        .is_some_and(|end| kinds.iter().any(|kind| end == *kind))
    {
        let text = fs::read_to_string(at).map_err(|error| format!("{}: {error}", at.display()))?;
        let path = at.strip_prefix(root).unwrap_or(at).display().to_string();
        found.push(Source { path, text });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_in_order() {
        super::run().unwrap();
    }
}
