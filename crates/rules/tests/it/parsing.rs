//! What is a condition, what is not, and where is it said so?

use proptest::prelude::*;
use rules::{Condition, parse};

use crate::generate::{Dice, condition};

/// A text and how it is written back.
#[track_caller]
fn check(text: &str, expected: &str) {
    let condition = parse(text).unwrap_or_else(|refusals| panic!("{text}: {refusals:?}"));
    assert_eq!(condition.to_string(), expected);
    assert_eq!(parse(expected).as_ref(), Ok(&condition), "{expected}");
}

/// A text and its first refusal, with the text that begins at the place it names.
#[track_caller]
fn refuses(text: &str, code: &str, place: &str) {
    let refusals = parse(text).expect_err(text);
    let first = &refusals[0];
    assert_eq!(first.code, code, "{text}: {first:?}");
    let rest = text.get(first.at..).unwrap_or("<inside a letter>");
    assert!(rest.starts_with(place), "{text}: at {} `{rest}`", first.at);
    assert!(first.message.ends_with('.'), "{}", first.message);
}

#[test]
fn texts_of_the_closed_set_are_read() {
    check("customer.tier == 'gold'", "customer.tier == \"gold\"");
    check("a.b && (c.d && e.f)", "a.b && c.d && e.f");
    check("a.b || c.d && !e.f", "a.b || c.d && !(e.f)");
    check("(a.b || c.d) && e.f != 3", "(a.b || c.d) && e.f != 3");
    check("order.amount >= 10000", "order.amount >= 10000");
    check("10000 <= order.amount", "10000 <= order.amount");
    check("order.amount > -5", "order.amount > -5");
    check(
        "order.amount > -9223372036854775808",
        "order.amount > -9223372036854775808",
    );
    check(
        "\"dogs\" in customer.categories",
        "\"dogs\" in customer.categories",
    );
    check(
        "customer.country in ['SE', 'NO']",
        "customer.country in [\"SE\", \"NO\"]",
    );
    check("order.amount in [1, 2, 3]", "order.amount in [1, 2, 3]");
    check("customer.country in []", "customer.country in []");
    check(
        "has(customer.tier) && !has(x.y)",
        "has(customer.tier) && !has(x.y)",
    );
    check("true", "true");
    check("!true || false", "false || false");
    check("!(!a.b)", "!(!(a.b))");
    check("a.b == false", "a.b == false");
    check("a + 2 * 3 > b", "a + 6 > b");
    check("(a + 2) * 3 > b % 7", "(a + 2) * 3 > b % 7");
    check("-a.b < 0", "0 - a.b < 0");
    check("size(a.b) > 1", "a.b.size() > 1");
}

#[test]
fn times_texts_and_lines_are_read() {
    check(
        "now - customer.last > duration('720h')",
        "now - customer.last > duration(\"720h\")",
    );
    check(
        "now > timestamp('2026-01-01T02:00:00+02:00')",
        "now > timestamp(\"2026-01-01T00:00:00Z\")",
    );
    check(
        "now < timestamp('2026-01-01T00:00:00Z') + duration('90m')",
        "now < timestamp(\"2026-01-01T01:30:00Z\")",
    );
    check("weekday(a.b) in [1, 2]", "weekday(a.b) in [1, 2]");
    check(
        "day(now) - day(a.b) == 3 && moment(a.b) > moment('2026-01-01')",
        "day(now) - day(a.b) == 3 && moment(a.b) > moment(\"2026-01-01\")",
    );
    check("line.sku.startsWith('A-')", "line.sku.startsWith(\"A-\")");
    check(
        "a.b.endsWith(c.d) || a.b.contains('x')",
        "a.b.endsWith(c.d) || a.b.contains(\"x\")",
    );
    check(
        "order.lines.exists(l, l.category == 'shoes')",
        "order.lines.exists(line, line.category == \"shoes\")",
    );
    check(
        "order.lines.all(l, l.price > customer.floor)",
        "order.lines.all(line, line.price > customer.floor)",
    );
    check(
        "order.lines.filter(x, has(x.brand)).size() >= 2",
        "order.lines.filter(line, has(line.brand)).size() >= 2",
    );
    check(
        "size(order.lines) * 2 == order.lines.size()",
        "order.lines.size() * 2 == order.lines.size()",
    );
    check(
        "customer.metadata['shoe size'] == 43",
        "customer.metadata[\"shoe size\"] == 43",
    );
    check(
        "customer.metadata['plain']['in'] == 1",
        "customer.metadata.plain[\"in\"] == 1",
    );
    check("a.b >= 2.50", "a.b >= 2.5");
    check("a.b == 2.0", "a.b == 2");
    check("a.b in [1, -0.05, 1e-7]", "a.b in [1, -0.05, 0.0000001]");
    check(
        "a.b == 'å\"\\\\\\n\\u0007'",
        "a.b == \"å\\\"\\\\\\n\\u0007\"",
    );
}

#[test]
fn what_is_outside_the_closed_set_is_refused_at_its_place() {
    refuses("a.b == 1e-31", "too_fine", "1e-31");
    refuses("a.b == 1u", "unsigned", "1u");
    refuses("a.b == null", "null", "null");
    refuses("a.b == b'x'", "bytes", "b'x'");
    refuses("'é' == a.b && 1 < 2", "no_fact", "1 <");
    refuses("a.b < 'x'", "no_order", "'x'");
    refuses("a.b ? c.d : e.f", "unsupported_call", "a.b");
    refuses("a.b == [1]", "list_compared", "[1]");
    refuses("a.b in [1, 'x']", "mixed_list", "'x'");
    refuses("a.b in [c.d]", "fact_in_list", "c.d");
    refuses("a.b in 'text'", "not_a_list", "'text'");
    refuses("a.b + 'x' == c.d", "not_a_number", "a.b");
    refuses("a.b > 1 / 0", "no_answer", "1 /");
    refuses("a.b.matches('x')", "unsupported_call", "a.b");
    refuses("size('text') > 1", "size", "'text'");
    refuses("weekday(a.b + 1) == 1", "not_an_instant", "a.b");
    refuses("a.b.exists(x, x == 1)", "not_lines", "a.b");
    refuses("order.lines.map(l, l.price) == 1", "not_a_value", "order");
    refuses(
        "order.lines.exists_one(l, l.a)",
        "unsupported_macro",
        "order",
    );
    refuses(
        "order.lines.exists(l, order.lines.all(m, m.a))",
        "nested_lines",
        "order.lines.all",
    );
    refuses("order.lines.exists(l, line.a == 1)", "other_line", "line.a");
    refuses("order.lines.exists(l, l)", "line_itself", "l)");
    refuses("order.lines == 3", "lines_as_value", "order.lines");
    refuses("order.lines[0].sku == 'x'", "not_a_fact", "order");
    refuses(
        "now > timestamp('yesterday')",
        "bad_timestamp",
        "'yesterday'",
    );
    refuses("now - a.b > duration('7d')", "bad_duration", "'7d'");
    refuses("{'a': 1}", "not_a_condition", "{");
    refuses("a.b ==", "syntax", "");
    refuses("a.b == 1\n  && å", "syntax", "å");
    refuses("", "syntax", "");
    refuses("'text'", "not_a_condition", "'text'");
}

#[test]
fn every_refusal_of_a_text_is_reported() {
    let codes: Vec<_> = parse("a == 1e300 && b == null || 1 < 2").unwrap_err();
    let codes: Vec<_> = codes.iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, ["too_fine", "null", "no_fact"]);
}

#[test]
fn what_is_too_large_is_refused() {
    let list = |items: usize| format!("a.b in [{}]", vec!["'x'"; items].join(","));
    let many = |parts: usize| vec!["a"; parts].join("||");
    assert!(parse(&list(rules::MAX_LIST)).is_ok());
    refuses(&list(rules::MAX_LIST + 1), "list_too_long", "[");
    assert!(parse(&many(250)).is_ok());
    refuses(&many(260), "too_many_parts", "");
    refuses(&many(600), "too_many_tokens", "");
    refuses(
        &format!("{}a{}", "(".repeat(60), ")".repeat(60)),
        "too_deep",
        "(",
    );
    refuses(
        &format!("a == '{}'", "x".repeat(rules::MAX_SOURCE)),
        "source_too_long",
        "x",
    );
    refuses(
        &format!("\"\\q{}\"", "+a".repeat(4_000)),
        "too_many_tokens",
        "",
    );
    refuses(&format!("\"{}", "+a".repeat(4_000)), "too_many_tokens", "");
    refuses(
        &format!("'\n{}'", "+a".repeat(4_000)),
        "too_many_tokens",
        "",
    );
    let nested = format!("{}a{}", "!(".repeat(10), ")".repeat(10));
    assert!(parse(&nested).is_ok());
    refuses(&format!("a{} > 1", "+a".repeat(30)), "too_deep", "a");
    assert!(parse(&format!("a{} > 1", "+a".repeat(20))).is_ok());
}

const WORDS: [&str; 44] = [
    "a",
    ".b",
    "order.lines",
    ".exists(",
    ".all(",
    ".filter(",
    ".size()",
    "size(",
    "has(",
    "l,",
    "l.c",
    ")",
    "(",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "%",
    "?",
    ":",
    "==",
    "in",
    "<",
    "'x'",
    "\"",
    "1",
    "9223372036854775808",
    "1.5",
    "2u",
    "null",
    "timestamp(",
    "duration(",
    ".startsWith(",
    "`",
    "\\",
    "r'",
    "//",
    "\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn printed_conditions_parse_back(seed: u64) {
        let written = condition(&mut Dice::new(seed));
        let text = written.to_string();
        prop_assert_eq!(parse(&text), Ok(written), "{}", text);
    }

    #[test]
    fn garbage_never_panics(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn broken_conditions_never_panic(
        seed: u64,
        cut in 0..200_usize,
        glue in "[\\PC\"'()\\[\\]\\\\.{}?:]{0,3}",
    ) {
        let text = condition(&mut Dice::new(seed)).to_string();
        let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        let _ = parse(&format!("{}{glue}{}", &text[..cut], &text[cut..]));
        let _ = parse(&format!("{}{glue}", &text[..cut]));
    }

    #[test]
    fn words_in_any_order_never_panic(words in proptest::collection::vec(0..WORDS.len(), 0..30)) {
        let text: Vec<&str> = words.into_iter().map(|word| WORDS[word]).collect();
        for glue in ["", " "] {
            if let Ok(condition) = parse(&text.join(glue)) {
                prop_assert_eq!(parse(&condition.to_string()), Ok(condition));
            }
        }
    }

    #[test]
    fn texts_are_written_so_that_they_read_back(text: String, key: String) {
        let path = format!("customer.metadata.{key}");
        let written = Condition::test(path, rules::Op::Equal, text);
        prop_assert_eq!(parse(&written.to_string()), Ok(written));
    }
}
