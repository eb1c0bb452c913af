//! What may the filter of a segment ask of a customer? What the shop says of them, and what their
//! orders and visits come to.

use rules::{Condition, Op, Term, Value};
use serde_json::Value as Json;

use super::{
    super::{
        Node,
        came_to::{self, CAME_TO, Field},
    },
    dates,
    operator::{self, Comparison},
};
use crate::Malformed;

/// Under which the shop's own words of a customer are told.
pub(in super::super) const ATTRIBUTE: &str = "attribute.";

/// What the shop calls a customer by, and where they live.
const ATTRIBUTES: [&str; 12] = [
    "id",
    "source_id",
    "name",
    "email",
    "phone",
    "description",
    "address_city",
    "address_state",
    "address_line_1",
    "address_line_2",
    "address_country",
    "address_postal_code",
];

/// Whole numbers, by Voucherify's names and by ours.
const SUMS: [(&str, &str); 3] = [
    ("summary.orders.total_amount", "customer.spent"),
    ("summary.orders.total_count", "customer.orders"),
    ("summary.orders.average_amount", "customer.aov"),
];

/// After `customer.`, each with every stretch of time of [`STRETCHES`].
const COUNTED: [&str; 4] = ["orders_", "spent_", "views_", "events_"];
const STRETCHES: [&str; 5] = ["1h", "1d", "7d", "30d", "365d"];

/// After `customer.`: whole numbers.
const NUMBERS: [&str; 16] = [
    "aov",
    "cart_hours",
    "cart_value",
    "days_between_orders",
    "discount_share",
    "discounted_order_share",
    "first_order_days",
    "first_seen_days",
    "last_seen_days",
    "next_order_due_days",
    "orders",
    "recency_days",
    "refunded",
    "spent",
    "spent_mean",
    "units",
];

/// After `customer.`: whole numbers under names that events and products give.
const NAMED_NUMBERS: [&str; 4] = [
    "affinity.brand.",
    "affinity.category.",
    "days_since.",
    "times_7d.",
];

/// After `customer.`: instants.
const MOMENTS: [&str; 2] = ["first_order_at", "last_order_at"];

/// After `customer.`: lists of names.
const LISTS: [&str; 2] = ["brands", "categories"];

/// After `customer.`: words and flags.
const WORDS: [&str; 8] = [
    "last_brand",
    "last_category",
    "last_sku",
    "mid_return",
    "revisited_category",
    "stage",
    "top_brand",
    "top_category",
];

/// What one field of a filter says.
pub(super) fn field(node: &Node) -> Result<Condition, Malformed> {
    let name = node.name.as_str();
    if ATTRIBUTES.contains(&name) {
        let path = [ATTRIBUTE, name].concat();
        return operator::compare(node, &Comparison::scalar(&path));
    }
    if let Some((_, path)) = SUMS.iter().find(|(sum, _)| *sum == name) {
        return operator::compare(node, &Comparison::number(path));
    }
    if is_under(name, "metadata.") {
        let path = ["customer.", name].concat();
        return operator::compare(node, &Comparison::anything(&path));
    }
    let path = [CAME_TO, name].concat();
    match came_to::field(name) {
        Some(Field::Number) => return operator::compare(node, &Comparison::number(&path)),
        Some(Field::Text) => return operator::compare(node, &Comparison::scalar(&path)),
        None => {}
    }
    match name {
        "birthdate" => operator::each(node, birthdate),
        "segments" => operator::membership(node, "customer.segments"),
        "created_at" | "updated_at" => dates::by_the_clock(node, &[ATTRIBUTE, name].concat()),
        "summary.orders.last_order_date" => dates::by_the_clock(node, "customer.last_order_at"),
        _ => match name.strip_prefix("customer.") {
            Some(fact) => ours(node, fact),
            None => Err(unknown(name)),
        },
    }
}

/// What is asked of the day somebody was born on; where days and months are counted, of their
/// birthday.
fn birthdate(operator: &str, values: &[Json]) -> Result<Condition, Malformed> {
    let is = |name: &str, number: i64| Condition::Test {
        left: Term::Fact([ATTRIBUTE, name].concat().into()),
        op: Op::Equal,
        right: Term::Value(Value::Int(number)),
    };
    match operator {
        "$next_month" => Ok(is("birthday.months_to", 1)),
        "$is_days_in_future" => Ok(is("birthday.days_to", dates::days(values)?)),
        "$is_days_ago" => Ok(is("birthday.days_since", dates::days(values)?)),
        _ => {
            let day = Comparison::anything(&[ATTRIBUTE, "birthdate"].concat());
            operator::one(operator, values, &day)
        }
    }
}

/// A fact by our own name.
fn ours(node: &Node, fact: &str) -> Result<Condition, Malformed> {
    let path = node.name.as_str();
    if is_number(fact) {
        return operator::compare(node, &Comparison::number(path));
    }
    if MOMENTS.contains(&fact) {
        return dates::by_the_clock(node, path);
    }
    if LISTS.contains(&fact) {
        return operator::listed(node, path);
    }
    if WORDS.contains(&fact) || is_under(fact, "metadata.") || is_under(fact, "trait.") {
        return operator::compare(node, &Comparison::anything(path));
    }
    Err(unknown(path))
}

fn is_number(fact: &str) -> bool {
    let mut counted = COUNTED.iter();
    NUMBERS.contains(&fact)
        || NAMED_NUMBERS.iter().any(|prefix| is_under(fact, prefix))
        || counted.any(|prefix| {
            let stretch = fact.strip_prefix(prefix);
            stretch.is_some_and(|stretch| STRETCHES.contains(&stretch))
        })
}

fn is_under(name: &str, prefix: &str) -> bool {
    name.len() > prefix.len() && name.starts_with(prefix)
}

/// Voucherify's own that we cannot tell yet are told apart from what nobody knows.
fn unknown(name: &str) -> Malformed {
    let kinds = ["summary.", "loyalty.", "referrals."];
    let is_theirs = kinds.iter().any(|kind| name.starts_with(kind));
    Malformed::at(
        "",
        match is_theirs {
            true => "not supported yet",
            false => "is no field of a customer",
        },
    )
}
