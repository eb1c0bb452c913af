//! Can a story be misread, and can it fail?

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::find;
use super::script::Side;
use super::shown::PARTS;
use super::stage::sentences;
use super::terms::{CAMPAIGN, GOODS, GUARDRAIL, Term};
use super::values::{amount, next_time, rate, signed, time_of_day, told_signed, told_time};
use super::{Memory, Story, run};

const HEAD: &str = "# a story\nProves: D05\n";

/// What a story of these lines comes to: `well`, or the failure.
fn told(lines: &str) -> String {
    let story = match Story::read("x.story", &format!("{HEAD}{lines}")) {
        Ok(story) => story,
        Err(failure) => return failure.to_string(),
    };
    match run(&story, &mut Memory::default()) {
        Ok(()) => "well".to_owned(),
        Err(failure) => failure.to_string(),
    }
}

#[track_caller]
fn check(lines: &str, expected: &str) {
    assert_eq!(told(lines), expected, "{lines}");
}

const SPRING: &str =
    "Given campaign SPRING: 10 % off\nWhen ann validates order 1: 2 mugs at 9.95\n";

#[test]
fn a_line_that_cannot_be_understood_names_its_place_and_the_nearest_sentence() {
    check(
        "Given ann agrees to ofers",
        "x.story:3: Given ann agrees to ofers\n    \
         cannot understand this; the nearest sentence is “{who} agrees to offers”",
    );
    check(
        "Given ann agrees to offers\n\nWhen ann has validated order 1: 4 mugs at 20.00",
        "x.story:5: When ann has validated order 1: 4 mugs at 20.00\n    \
         cannot understand this; the nearest sentence is “{who} validates order {order}: {goods}”",
    );
    check(
        "When 3 days go by\n",
        "x.story:3: When 3 days go by\n    \
         cannot understand this; the nearest sentence is “{count} {span} pass[es]”",
    );
    check(
        "Then budget SPRING: 8 spent, 0.00 held, 2.00 left",
        "x.story:3: Then budget SPRING: 8 spent, 0.00 held, 2.00 left\n    \
         cannot understand this; the nearest sentence is \
         “budget {name}: {spent} spent, {held} held, {left} left”",
    );
    check(
        "When the books balance",
        "x.story:3: When the books balance\n    this sentence begins with Then",
    );
    check(
        "Whne ann pays order 1",
        "x.story:3: Whne ann pays order 1\n    \
         a line begins with Given, When, Then or And; the nearest is When",
    );
}

#[test]
fn a_part_that_cannot_be_understood_names_the_nearest() {
    check(
        "Given campaign SPRING: 10 % of, at most 8.00 each",
        "x.story:3: Given campaign SPRING: 10 % of, at most 8.00 each\n    \
         cannot understand “10 % of”; the nearest is “{rate} % off”",
    );
    check(
        "When ann validates order 1: 4 mugs for 20.00",
        "x.story:3: When ann validates order 1: 4 mugs for 20.00\n    \
         cannot understand “4 mugs for 20.00”; \
         the nearest is “{count} {sku} at {amount}[ reduced by {total}]”",
    );
    check(
        &format!("{SPRING}Then SPRING is refused: budget is spent"),
        "x.story:5: Then SPRING is refused: budget is spent\n    \
         cannot understand the reason “budget is spent”; the nearest is “budget spent”",
    );
    check(
        "Given campaign SPRING: 10 % off, if customer.order > 1",
        "x.story:3: Given campaign SPRING: 10 % off, if customer.order > 1\n    \
         There is no fact `customer.order`; is it `customer.orders`?",
    );
}

#[test]
fn what_does_not_come_true_tells_what_was_expected_and_what_is() {
    check(
        &format!("{SPRING}Then SPRING takes 1.99, total 17.91"),
        "well",
    );
    check(
        &format!("{SPRING}Then SPRING takes 2.00, total 17.91"),
        "x.story:5: Then SPRING takes 2.00, total 17.91\n    \
         SPRING takes: expected 2.00, but it is 1.99",
    );
    check(
        &format!("{SPRING}Then SPRING takes 1.99, total 17.90"),
        "x.story:5: Then SPRING takes 1.99, total 17.90\n    \
         total: expected 17.90, but it is 17.91",
    );
    check(
        &format!("{SPRING}Then SPRING takes 1.99, held until 12:30"),
        "x.story:5: Then SPRING takes 1.99, held until 12:30\n    nothing is held",
    );
    check(
        &format!("{SPRING}Then SPRING is refused: budget spent"),
        "x.story:5: Then SPRING is refused: budget spent\n    SPRING takes 1.99",
    );
    check(
        &format!("{SPRING}Then SUMMER takes 1.99"),
        "x.story:5: Then SUMMER takes 1.99\n    SUMMER was not put forward",
    );
    check(
        &format!("{SPRING}And the shop decides for ann\nThen ann gets SPRING"),
        "x.story:6: Then ann gets SPRING\n    ann gets nothing (SPRING: no consent)",
    );
}

#[test]
fn every_figure_of_a_claim_is_doubted() {
    let doubted = |line: &str, expected: &[&str]| {
        let story = Story::read("x.story", &format!("{HEAD}{line}")).unwrap();
        let lines = story.lines().iter().flat_map(|line| line.misstated());
        let sentences: Vec<String> = lines.map(|line| line.sentence).collect();
        assert_eq!(sentences, expected, "{line}");
    };
    doubted(
        "Then SPRING takes 2.00 off line 1",
        &["SPRING takes 2.01 off line 1"],
    );
    doubted(
        "Then the total is 72.09, held until 12:30",
        &[
            "the total is 72.00, held until 12:30",
            "the total is 72.09, held until 12:31",
        ],
    );
    doubted("When ann pays order 1", &[]);
}

#[test]
fn a_story_says_its_title_and_what_it_proves() {
    let lacks = |text, what: &str| {
        let failure = Story::read("x.story", text).unwrap_err();
        assert!(failure.reason.contains(what), "{failure}");
    };
    lacks("Given ann agrees to offers", "a title");
    lacks("# t\nGiven ann agrees to offers", "what it proves");
    lacks("# t\nProves: D05", "something that happens");
    lacks("# t\nProves: D5\n", "“D5” is no demand");
    let story = Story::read("x.story", &format!("{HEAD}When ann views a mug")).unwrap();
    assert_eq!(
        (story.title(), story.proves()),
        ("a story", &["D05".to_owned()][..])
    );
}

/// An example is read by its own sentence and by none before it.
#[test]
fn every_example_is_read_by_its_own_sentence() {
    for side in [Side::Act, Side::Claim] {
        for sentence in sentences(side) {
            let mut known = sentences(side);
            let first = known.find(|known| find(known.pattern, sentence.example).is_some());
            let first = first.map(|known| known.pattern);
            assert_eq!(first, Some(sentence.pattern), "{}", sentence.example);
        }
    }
}

/// The text of every story, by its name.
fn stories() -> BTreeMap<String, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stories");
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let stories = paths.filter(|path| path.extension().is_some_and(|end| end == "story"));
    let named = stories.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    });
    named.collect()
}

/// Which sentences, and terms of campaigns, guardrails and goods, a text says.
fn said(text: &str) -> BTreeSet<&'static str> {
    let story = Story::read("all", text).unwrap();
    let sentences = story.lines().iter().filter_map(|line| line.meaning());
    let mut said: BTreeSet<&str> = sentences.map(|(sentence, _)| sentence.pattern).collect();
    let parts: Vec<&str> = text
        .split([',', ':', '\n'])
        .map(|part| part.trim().trim_end_matches(" in the cart"))
        .collect();
    let terms = terms().filter(|term| parts.iter().any(|part| find(term, part).is_some()));
    said.extend(terms);
    said
}

fn terms() -> impl Iterator<Item = &'static str> {
    let campaign = CAMPAIGN.iter().map(|term| term.pattern);
    let guardrail = GUARDRAIL.iter().map(|term| term.pattern);
    let goods = GOODS.iter().map(|term| term.pattern);
    campaign.chain(guardrail).chain(goods)
}

/// Sentences are few: one that nobody says is taken out.
#[test]
fn every_sentence_and_term_is_used_by_some_story() {
    let texts: String = stories().into_values().collect();
    let said = said(&format!("{HEAD}{texts}"));
    let sentences = [Side::Act, Side::Claim].into_iter().flat_map(sentences);
    let all = sentences.map(|one| one.pattern).chain(terms());
    let unsaid: Vec<&str> = all.filter(|one| !said.contains(one)).collect();
    assert_eq!(unsaid, Vec::<&str>::new());
}

/// Nothing of the contract is without its stories, and they are about it.
#[test]
fn everything_is_shown_by_stories_that_say_it() {
    let stories = stories();
    for part in PARTS {
        for row in part.rows {
            let named: BTreeSet<&str> = row.stories.iter().copied().collect();
            assert!(named.len() >= part.least, "{}: {named:?}", row.wire);
            assert!(!row.says.is_empty(), "{} says nothing", row.wire);
            for name in named {
                let story = stories.get(name);
                let story = story.unwrap_or_else(|| panic!("there is no story {name}"));
                let said = said(story);
                let unsaid: Vec<_> = row.says.iter().filter(|one| !said.contains(*one)).collect();
                assert!(unsaid.is_empty(), "{name} does not say {unsaid:?}");
            }
        }
    }
}

fn examples_of<T>(terms: &'static [Term<T>]) {
    for term in terms {
        let mut known = terms.iter();
        let first = known.find(|known| find(known.pattern, term.example).is_some());
        let first = first.map(|known| known.pattern);
        assert_eq!(first, Some(term.pattern), "{}", term.example);
    }
}

#[test]
fn every_example_of_a_term_is_read_by_its_own_term() {
    examples_of(CAMPAIGN);
    examples_of(GOODS);
    examples_of(GUARDRAIL);
}

#[track_caller]
fn fits(pattern: &'static str, text: &str, expected: Option<&str>) {
    let places = ["who", "amount", "total", "name"];
    let found = find(pattern, text).map(|found| {
        let told = places.iter().filter_map(|place| found.may(place));
        told.collect::<Vec<_>>().join(" ")
    });
    assert_eq!(found.as_deref(), expected, "{text}");
}

#[test]
fn a_pattern_fits_what_its_places_accept() {
    fits("{who} pays {amount}", "ann pays 2.00", Some("ann 2.00"));
    fits("{who} pays {amount}", "Ann pays 2.00", None);
    fits("{who} pays {amount}", "ann pays 2.0", None);
    fits("{who} pays {amount}", "ann pays 2.00 now", None);
    fits(
        "{who} pays {amount}[, total {total}]",
        "ann pays 2.00",
        Some("ann 2.00"),
    );
    fits(
        "{who} pays {amount}[, total {total}]",
        "ann pays 2.00, total 3.00",
        Some("ann 2.00 3.00"),
    );
    fits(
        "{name}[ for {who}][, {amount}]",
        "A for bob, 1.00",
        Some("bob 1.00 A"),
    );
    fits("{name}[ for {who}][, {amount}]", "A, 1.00", Some("1.00 A"));
    fits("{name}[ for {who}][, {amount}]", "A", Some("A"));
}

#[test]
fn values_are_read_exactly() {
    assert_eq!(amount("8.05"), Ok(805));
    assert_eq!(signed("-1.50"), Ok(-150));
    assert_eq!(told_signed(-5), "-0.05");
    assert_eq!((rate("10"), rate("12.5")), (Ok(100_000), Ok(125_000)));
    assert!(rate("1.23456").is_err());
    assert!(amount("99999999999999999999.00").is_err());
    assert!(time_of_day("24:00").is_err());
    let noon = time_of_day("12:00").unwrap();
    assert_eq!(next_time(noon, noon), noon);
    assert_eq!(told_time(next_time(noon, noon - 60_000)), "11:59");
    assert_eq!(next_time(noon, noon - 60_000) - noon, 86_340_000);
}
