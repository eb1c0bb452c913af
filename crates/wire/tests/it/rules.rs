//! Validation rules as our conditions, caps and lines.

use offers::Cap;
use wire::voucherify::{RuleInput, Translated, translate};

#[test]
fn rules_mean_what_they_say() {
    crate::check(include_str!("rows/rules.txt"), |body| {
        let found = wire::parse::<RuleInput>(body.as_bytes()).and_then(|rule| translate(&rule));
        found.map_or_else(|wrong| wrong.to_string(), |translated| told(&translated))
    });
}

fn told(translated: &Translated) -> String {
    let condition = translated.condition.iter().map(ToString::to_string);
    let caps = translated.caps.iter().map(
        |Cap {
             reach,
             period,
             unit,
             limit,
             ..
         }| { format!("{limit} {unit:?} {reach:?} {period:?}") },
    );
    let lines = translated
        .lines
        .iter()
        .map(|lines| format!("lines: {lines}"));
    condition
        .chain(caps)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("; ")
}
