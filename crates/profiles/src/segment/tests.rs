//! Segments: conditions over the facts that profiles tell, with three answers.

use rules::Verdict;

use super::*;
use crate::{Activity, Consent, Kind, Order, Profile, Purpose, facts, schema};

const DAY: i64 = 86_400_000;

/// One order of 50.00 on day 0 with consent, asked on day 50.
#[track_caller]
fn check(condition: &str, expected: &str) {
    let mut profile = Profile {
        consent: Consent::granted(0),
        ..Profile::default()
    };
    let order = Order {
        total: 5_000,
        ..Order::default()
    };
    profile.tallies.observe(&Activity {
        at: 0,
        kind: Kind::OrderCompleted(order),
    });
    profile.traits.set("customer.trait.tier", "gold");
    let condition = schema().parse(condition).unwrap();
    let segment = Segment {
        id: SegmentId(1),
        name: "Some".to_owned(),
        condition,
    };
    let told = match member(
        &segment,
        &facts(&profile, Purpose::PersonaliseOffers, 50 * DAY),
    ) {
        Verdict::Met => "met".to_owned(),
        Verdict::NotMet(path) => format!("not met: {path}"),
        Verdict::Unknown(path) => format!("unknown: {path}"),
    };
    assert_eq!(told, expected);
}

#[test]
fn who_belongs() {
    check("customer.orders == 1 && customer.stage == 'cooling'", "met");
    check(
        "customer.spent_365d >= 5000 && customer.days_since.order_completed == 50",
        "met",
    );
    check("customer.trait.tier == 'gold'", "met");
    check("customer.spent_30d > 0", "not met: customer.spent_30d");
    check(
        "customer.top_category == 'Tea'",
        "unknown: customer.top_category",
    );
    check(
        "!(customer.days_between_orders > 5)",
        "unknown: customer.days_between_orders",
    );
}

#[test]
fn a_condition_reads_only_what_is_told() {
    assert!(schema().parse("customer.shoe_size > 5").is_err());
    assert!(schema().parse("customer.orders == 'many'").is_err());
}
