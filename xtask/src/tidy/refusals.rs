//! Does the page of the API list every refusal? Each closed list is hashed into the page, so that
//! neither moves alone.

use std::{fs, path::Path};

/// The closed lists: where the enum stands, and its name.
const LISTS: [(&str, &str); 5] = [
    ("crates/ledger/src/transfer.rs", "Rejection"),
    ("crates/offers/src/refusal.rs", "Refusal"),
    ("crates/decision/src/types.rs", "Bar"),
    ("crates/server/src/problem.rs", "Refused"),
    ("crates/measurement/src/unready.rs", "Unready"),
];

pub fn breaches(root: &Path) -> Result<Vec<String>, String> {
    let page = read(&root.join("docs/API.md"))?;
    let mut breaches = Vec::new();
    for (path, name) in LISTS {
        let source = read(&root.join(path))?;
        let Some(body) = body(&source, name) else {
            breaches.push(format!("{path}: has no enum {name}"));
            continue;
        };
        let mark = format!("<!-- {name} {:08x} -->", hash(body));
        if !page.contains(&mark) {
            breaches.push(format!(
                "docs/API.md: {name} changed: look at its table, then put {mark} above it"
            ));
        }
    }
    Ok(breaches)
}

fn body<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let from = source.find(&format!("pub enum {name} {{"))?;
    let rest = source.get(from..)?;
    rest.get(..rest.find("\n}")?)
}

/// FNV-1a, 32 bits (Fowler, Noll, Vo 1991): enough to notice a change.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(16_777_619)
    })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
