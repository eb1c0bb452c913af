//! Does an answer name the test that failed or the fact that is missing?

use rules::{Answer, Facts, Lexicon, Program, Value, parse};

fn facts() -> Facts {
    let mut facts: Facts = [("customer.tier", "gold"), ("order.store", "north")]
        .into_iter()
        .collect();
    facts.set("order.amount", 500);
    facts.set("customer.last_order_at", Value::Time(0));
    facts.set("now", Value::Time(3_600_000));
    facts.set("customer.joined", "1970-01-05");
    facts.set("customer.tags", vec!["new", "vip"]);
    facts.set("zone", "Pacific/Honolulu");
    for category in ["shoes", "hats"] {
        facts.push_line([("line.category", category)].into_iter().collect());
    }
    facts
}

/// A condition and its answer over the facts above.
#[track_caller]
fn check(text: &str, expected: &str) {
    let (condition, mut lexicon) = (parse(text).unwrap(), Lexicon::default());
    let program = Program::compile(&condition, &mut lexicon);
    let facts = facts();
    let is_met = program.run(&lexicon.encode(&facts)) == Answer::Yes;
    assert_eq!(is_met, expected == "Met", "{text}");
    assert_eq!(
        format!("{:?}", condition.evaluate(&facts)),
        expected,
        "{text}"
    );
}

#[test]
fn answers_name_the_failing_test_or_the_missing_fact() {
    check("customer.tier == 'gold' && order.amount >= 500", "Met");
    check(
        "customer.tier == 'iron' && order.amount < 500",
        "NotMet(Path(\"customer.tier\"))",
    );
    check(
        "order.amount < 500 || customer.tier == 'iron'",
        "NotMet(Path(\"order.amount\"))",
    );
    check(
        "customer.vip && order.amount > 100",
        "Unknown(Path(\"customer.vip\"))",
    );
    check(
        "customer.vip && order.amount > 900",
        "NotMet(Path(\"order.amount\"))",
    );
    check("customer.vip || order.amount > 100", "Met");
    check(
        "customer.tags.size() == 2 && size(customer.tags) < 3",
        "Met",
    );
    check(
        "customer.tags.size() > 2",
        "NotMet(Path(\"customer.tags\"))",
    );
    check(
        "customer.tier.size() > 2",
        "Unknown(Path(\"customer.tier\"))",
    );
    // Ten hours behind UTC it is still the last day of 1969.
    check("weekday(customer.joined) == 1 && weekday(now) == 3", "Met");
    check("day(customer.joined) - day(now) == 5", "Met");
    check("minute(now) == 900 && wall(now) < 0", "Met");
    check("moment(customer.joined) > now", "Met");
    check(
        "weekday(customer.joined) == 2",
        "NotMet(Path(\"customer.joined\"))",
    );
    check(
        "weekday(customer.tier) == 1",
        "Unknown(Path(\"customer.tier\"))",
    );
    check(
        "customer.vip || order.amount > 900",
        "Unknown(Path(\"customer.vip\"))",
    );
    check("!(customer.vip)", "Unknown(Path(\"customer.vip\"))");
    check(
        "!(customer.tier == 'gold')",
        "NotMet(Path(\"customer.tier\"))",
    );
    check("has(customer.vip)", "NotMet(Path(\"customer.vip\"))");
    check("!has(customer.vip)", "Met");
    check("false", "NotMet(Path(\"false\"))");
    check("order.amount == 'many'", "Unknown(Path(\"order.amount\"))");
    check(
        "order.amount / (order.amount - 500) > 1",
        "Unknown(Path(\"order.amount\"))",
    );
    check("now - customer.last_order_at >= duration('1h')", "Met");
    check(
        "now - customer.last_order_at > duration('1h')",
        "NotMet(Path(\"now\"))",
    );
    check("order.lines.exists(l, l.category == 'hats')", "Met");
    check(
        "order.lines.all(l, l.category == 'hats')",
        "NotMet(Path(\"line.category\"))",
    );
    check(
        "order.lines.exists(l, l.brand == 'x')",
        "Unknown(Path(\"line.brand\"))",
    );
    check(
        "order.lines.filter(l, l.category != 'hats').size() == 1",
        "Met",
    );
    check("order.lines.size() > 2", "NotMet(Path(\"order.lines\"))");
}

#[test]
fn an_unknown_order_is_not_an_order_without_lines() {
    let every = parse("order.lines.all(l, l.category == 'hats')").unwrap();
    let mut facts = Facts::default();
    assert_eq!(
        format!("{:?}", every.evaluate(&facts)),
        "Unknown(Path(\"order.lines\"))"
    );
    facts.set_lines(Vec::new());
    assert!(every.evaluate(&facts).is_met());
}

#[test]
fn a_condition_knows_what_it_reads() {
    let text = "has(a.b) && c > d + 1 || order.lines.exists(l, l.sku in customer.skus)";
    let reads = parse(text).unwrap().reads();
    let reads: Vec<&str> = reads.iter().map(rules::Path::as_str).collect();
    assert_eq!(
        reads,
        ["a.b", "c", "customer.skus", "d", "line.sku", "order.lines"]
    );
}
