//! Does every body mean what it says, and every refusal name its place?
//!
//! Rows stand in `rows/*.txt`: a body, then `= ` and what it comes to. A line that begins with `#`
//! is a heading.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod campaigns;
mod decisions;
mod lengths;
mod orders;
mod promises;
mod rules;
mod segment;
mod skeletons;
mod unread;

/// Checks every row of a file against what `told` makes of its body.
#[track_caller]
fn check(rows: &str, told: impl Fn(&str) -> String) {
    let mut body = String::new();
    let mut wrong = Vec::new();
    for line in rows
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let Some(expected) = line.strip_prefix('=') else {
            body.push_str(line);
            continue;
        };
        let found = told(&body);
        if found != expected.trim() {
            wrong.push(format!("{body}\n= {found}\nexpected {}", expected.trim()));
        }
        body.clear();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
