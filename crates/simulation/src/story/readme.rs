//! Which sentences are there? The page that tells them, made from the tables that run them.

use super::pattern::PLACES;
use super::script::Side;
use super::shop;
use super::shown::{PARTS, Shown};
use super::stage::{Sentence, of_core};
use super::terms::{CAMPAIGN, GOODS, GUARDRAIL, REASONS, Term};

const OPENING: &str = "\
# Stories

A story is a plain-text scenario that a marketer can read and the build runs: one file for each \
happening, named `NN-what-happens.story`. Its title stands behind `#`, the demands it proves \
behind `Proves:`. Lines begin with `Given` or `When` where something happens, with `Then` where \
something must be so, and with `And` where it goes on.

Times are local to the story, which begins on a Monday at 12:00; nothing waits. A line that ends \
in a time, as in `When ann pays order 1 (12:10)`, happens when the clock next shows that time. At \
the end of every story the books must balance.

This page is made from the table of sentences in `crates/simulation/src/story`, and a test \
checks that it is the same. A new sentence is added only when no old one can say it.
";

const OF_SHOP: &str = "\
These are told to a server alone: the core in memory has no customers, orders, catalogue or \
webhooks to keep. A story that says one of them is told over HTTP only.

";

/// The text of `stories/README.md`.
#[must_use]
pub fn readme() -> String {
    let mut page = OPENING.to_owned();
    page += &section("What happens: Given and When", &rows(of_core(Side::Act)));
    page += &section("What must be so: Then", &rows(of_core(Side::Claim)));
    page += &section("What a shop does: Given and When", OF_SHOP);
    page += &rows(shop::sentences(Side::Act));
    page += &section(
        "What a shop shows: Then",
        &rows(shop::sentences(Side::Claim)),
    );
    page += &section("The terms of a campaign", &terms(CAMPAIGN));
    page += "\nLast of all may stand `if` with a condition in CEL: `if order.amount >= 5000`. \
             In a condition, money is in cents and shares are in parts per million.\n";
    page += &section("Goods", &terms(GOODS));
    page += &section("Guardrails", &terms(GUARDRAIL));
    page += &section("Reasons", &table("reason | code", reasons()));
    page += &section("What stands in braces", &table("place | meaning", places()));
    page += "\nWhat stands in square brackets may be left out.\n";
    for part in PARTS {
        let rows = part.rows.iter().map(shown);
        let rows = table("what | in the API | said as | stories", rows);
        let title = format!("{}: {} or more stories each", part.title, part.least);
        page += &section(&title, &rows);
    }
    page
}

fn section(title: &str, body: &str) -> String {
    format!("\n## {title}\n\n{body}")
}

fn rows(sentences: &[Sentence]) -> String {
    let row = |sentence: &Sentence| {
        let Sentence {
            pattern,
            example,
            meaning,
            ..
        } = sentence;
        format!("- `{pattern}`  \n  {meaning}  \n  `{example}`\n")
    };
    sentences.iter().map(row).collect()
}

fn terms<T>(terms: &[Term<T>]) -> String {
    let rows = terms.iter().map(|term| {
        let Term {
            pattern,
            example,
            meaning,
            ..
        } = term;
        format!("`{pattern}` | `{example}` | {meaning}")
    });
    table("term | example | meaning", rows)
}

fn shown(row: &Shown) -> String {
    let link = |story: &&str| format!("[{story}]({story}.story)");
    let stories: Vec<String> = row.stories.iter().map(link).collect();
    let says: Vec<String> = row.says.iter().map(|said| format!("`{said}`")).collect();
    let columns = [row.what, &format!("`{}`", row.wire), &says.join("; ")];
    format!("{} | {}", columns.join(" | "), stories.join(", "))
}

fn reasons() -> impl Iterator<Item = String> {
    REASONS
        .iter()
        .map(|(words, code)| format!("{words} | `{code}`"))
}

fn places() -> impl Iterator<Item = String> {
    PLACES
        .iter()
        .map(|place| format!("`{{{}}}` | {}", place.name, place.meaning))
}

fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let rule: Vec<&str> = head.split(" | ").map(|_| "---").collect();
    let rows: String = rows.map(|row| format!("| {row} |\n")).collect();
    format!("| {head} |\n| {} |\n{rows}", rule.join(" | "))
}
