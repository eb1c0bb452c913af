//! Does a condition read only what is declared, as it is declared?

use rules::{Schema, Type, check as check_condition, parse};

fn schema() -> Schema {
    Schema::default()
        .fact("customer.tier", Type::Text)
        .fact("customer.vip", Type::Bool)
        .fact("customer.last_order_at", Type::Time)
        .fact("customer.categories", Type::Texts)
        .fact("order.amount", Type::Int)
        .fact("now", Type::Time)
        .fact("line.category", Type::Text)
        .protected("customer.religion", Type::Text)
        .protected("customer.trait.religion", Type::Text)
        .open("customer.metadata.")
        .open("customer.trait.")
}

#[track_caller]
fn check(text: &str) {
    assert_eq!(schema().parse(text), parse(text));
    assert_eq!(check_condition(&parse(text).unwrap(), &schema()), Ok(()));
}

/// A text, the code of its refusal, where it is, and a part of its sentence.
#[track_caller]
fn refuses(text: &str, code: &str, (place, sentence): (&str, &str)) {
    let refusals = schema().parse(text).expect_err(text);
    let first = &refusals[0];
    assert_eq!((refusals.len(), first.code), (1, code), "{refusals:?}");
    assert!(text[first.at..].starts_with(place), "{first:?}");
    assert!(first.message.contains(sentence), "{first:?}");
    assert!(check_condition(&parse(text).unwrap(), &schema()).is_err());
}

#[test]
fn declared_facts_may_be_read_as_declared() {
    check("customer.tier == \"gold\" && customer.vip && order.amount > 3");
    check("\"dogs\" in customer.categories && customer.tier in [\"gold\"]");
    check("now - customer.last_order_at > duration(\"720h\")");
    check("customer.metadata.anything == 3 && customer.metadata.anything == \"x\"");
    check("customer.trait.colour.startsWith(\"r\")");
    check("order.lines.exists(l, l.category == \"x\") && order.lines.size() > 2");
    check("customer.tier in []");
    check("customer.categories.size() > 1 && weekday(customer.last_order_at) == 1");
    check("day(customer.metadata.joined) == day(now) && customer.metadata.tags.size() > 1");
    check("has(customer.vip) && order.amount + customer.metadata.bonus > 10");
}

#[test]
fn what_is_not_declared_is_refused_at_its_place() {
    refuses(
        "true && customer.teir == \"x\"",
        "unknown_fact",
        ("customer.teir", "`customer.tier`?"),
    );
    refuses(
        "zzz.qqq == 1",
        "unknown_fact",
        ("zzz", "no fact `zzz.qqq`."),
    );
    refuses(
        "has(customer.religio)",
        "unknown_fact",
        ("customer", "no fact `customer.religio`."),
    );
    refuses(
        "!has(customer.religion)",
        "protected_fact",
        ("customer", "protected"),
    );
    refuses(
        "customer.trait.religion == \"x\"",
        "protected_fact",
        ("customer", "protected"),
    );
    refuses(
        "order.amount == \"3\"",
        "type_mismatch",
        ("order", "whole number"),
    );
    refuses(
        "customer.vip && customer.tier",
        "type_mismatch",
        ("customer.tier", "a text"),
    );
    refuses(
        "3 in customer.categories",
        "type_mismatch",
        ("customer", "list of texts"),
    );
    refuses("now > order.amount", "type_mismatch", ("now", "timestamp"));
    refuses(
        "now + customer.last_order_at > now",
        "type_mismatch",
        ("now", "timestamp"),
    );
    refuses(
        "order.lines.exists(l, l.category > 3)",
        "type_mismatch",
        ("l.category", "text"),
    );
    refuses(
        "order.lines.size() == customer.tier",
        "type_mismatch",
        ("order.lines", "text"),
    );
}
