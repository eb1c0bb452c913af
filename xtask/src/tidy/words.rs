//! Are the words those of the glossary? Looks at identifiers and documentation; what stands between
//! quotes in code is somebody else's word.

use super::Source;

/// Words the glossary replaces; their plurals too.
const BANNED: [&str; 16] = [
    "promo",
    "deal",
    "incentive",
    "coupon",
    "burn",
    "unredeem",
    "escalation",
    "impression",
    "quota",
    "variation",
    "srm",
    "lift",
    "cohort",
    "audience",
    "attribute",
    "optin",
];

/// Names of places that would not be the same elsewhere.
const PLACES: [&str; 5] = [
    "/work/",
    "/root/",
    "pypi.org",
    "registry.npmjs.org",
    "index.crates.io",
];

pub fn breaches(source: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    let is_exempt = [
        "crates/wire/",
        "conformance/",
        "docs/GLOSSARY.md",
        "xtask/src/tidy/",
    ]
    .iter()
    .any(|place| source.path.starts_with(place));
    for (number, line) in source.text.lines().enumerate() {
        let place = format!("{}:{}", source.path, number + 1);
        if !source.path.starts_with("xtask/src/tidy/")
            && let Some(found) = PLACES.iter().find(|name| line.contains(**name))
        {
            breaches.push(format!("{place}: names a place: {found}"));
        }
        if is_exempt {
            continue;
        }
        let visible = if source.is_rust() {
            without_strings(line)
        } else {
            without_code(line)
        };
        if let Some(word) = words(&visible).find(|word| is_banned(word)) {
            breaches.push(format!(
                "{place}: the glossary has another word for: {word}"
            ));
        }
    }
    breaches
}

fn is_banned(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    BANNED
        .iter()
        .any(|banned| *banned == word || *banned == singular)
}

/// The words of a line in lower case, also those inside snake_case and CamelCase.
fn words(line: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in line.chars() {
        if !letter.is_alphabetic() || (letter.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        if letter.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    words.into_iter().filter(|word| !word.is_empty())
}

/// What a line of Rust says outside its string literals.
fn without_strings(line: &str) -> String {
    let is_comment = line.trim_start().starts_with("//");
    if is_comment {
        return without_code(line);
    }
    line.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

/// What a line of prose says outside its code spans.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, banned: &[&str]) {
        let found: Vec<String> = words(&without_strings(line))
            .filter(|w| is_banned(w))
            .collect();
        assert_eq!(found, banned, "{line}");
    }

    #[test]
    fn banned_words_are_found_inside_identifiers_but_not_inside_strings() {
        check("let coupon_code = 1;", &["coupon"]);
        check("struct PromoDeals;", &["promo", "deals"]);
        check("let x = \"coupon\";", &[]);
        check("ideal, uplift, attributed", &[]);
        check("/// the `coupon` of the protocol", &[]);
    }
}
