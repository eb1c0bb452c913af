//! Every name and every operator of a validation rule, once met and once not.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wire::voucherify::{ITEM_NAMES, OPERATORS, RULE_NAMES};

use crate::{
    catalogue::id,
    redemptions::ten_off,
    shop::{NOON, Shop},
};

/// Those that need more than an order, with where they are tested.
const ELSEWHERE: [&str; 7] = [
    // custom_events.rs
    "custom_event.metadata",
    "custom_event_metadata",
    // budgets.rs
    "redemption.gift.amount",
    // ruled.rs
    "redemption.reward.pay_with_points.points_used",
    // Below: it is never met.
    "redemption.count.per_user",
    // publications.rs
    "publication.metadata",
    "publication.redeemable_by_linked_customer",
];

/// One who orders two mugs and a small pot.
fn asked(code: &str) -> Value {
    let item = |source: &str, kind: &str, quantity: u64, price: u64| {
        json!({"source_id": source, "related_object": kind, "quantity": quantity, "price": price,
            "product": {"metadata": {"n": 5}}})
    };
    let metadata = json!({"n": 5, "t": "gold-plated", "list": ["a", "b"],
        "past": "2026-11-18T12:00:00Z", "soon": "2026-11-24T12:00:00Z"});
    json!({
        "redeemables": [{"object": "voucher", "id": code}],
        "customer": {"source_id": "ann"},
        "metadata": {"n": 5},
        "order": {"source_id": "o", "metadata": metadata,
            "items": [item("mug", "product", 2, 1_000), item("pot-s", "sku", 1, 3_000)]},
    })
}

/// Whether Ann may use a code under a rule of this node.
async fn is_met(shop: &Shop, node: &Value) -> bool {
    let rule = json!({"name": "r", "rules": {"1": node}});
    let rule = id(&shop.post(NOON, "/v1/validation-rules", &rule).await);
    let body = json!({"type": "DISCOUNT_VOUCHER", "discount": ten_off(), "metadata": {"n": 5},
        "validation_rules": [rule]});
    let made = shop.post(NOON, "/v1/vouchers", &body).await;
    let asked = asked(made["code"].as_str().unwrap());
    let answer = shop.post(NOON, "/v1/validations", &asked).await;
    answer["valid"].as_bool().unwrap()
}

async fn ann(shop: &Shop) -> String {
    let ann = json!({"source_id": "ann", "metadata": {"n": 5},
        "consent": {"personalise_offers": true}});
    shop.post(NOON, "/v1/customers", &ann).await;
    let segment = json!({"name": "all", "type": "static", "customers": ["ann"]});
    id(&shop.post(NOON, "/v1/segments", &segment).await)
}

/// A name, the property it asks of, and what is met and what is not.
type Row = (&'static str, Option<&'static str>, Value, Value);

#[expect(clippy::too_many_lines, reason = "a row for each name")]
fn rows(segment: &str) -> Vec<Row> {
    let is = |value: Value| json!({"$is": [value]});
    let good = |kind: &str, id: &str| json!({"object": kind, "id": id});
    let (mug, pot) = (good("product", "mug"), good("sku", "pot-s"));
    let five = || (is(json!(5)), is(json!(6)));
    let more = |few: u64, many: u64| (json!({"$more_than": [few]}), json!({"$more_than": [many]}));
    let limit = |met: u64, unmet: u64| {
        let at_most = |most: u64| json!({"$less_than_or_equal": [most]});
        (at_most(met), at_most(unmet))
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut row = |name, property, (met, unmet): (Value, Value)| {
        rows.push((name, property, met, unmet));
    };
    for name in ["customer.segment", "customer_segment"] {
        row(
            name,
            None,
            (is(json!(segment)), is(json!("seg_0000000000001"))),
        );
    }
    for name in [
        "customer.metadata",
        "customer_metadata",
        "order.metadata",
        "order_metadata",
        "redemption.metadata",
        "redemption_metadata",
        "redeemable.metadata",
        "order.items.metadata_any",
        "order.items.metadata_each",
        "order_items_metadata",
        "product.metadata",
        "product_metadata",
        "product.metadata.match_all",
        "product.metadata.discount_applicable",
    ] {
        row(name, Some("n"), five());
    }
    let tier = json!("ltr_0000000000001");
    row(
        "customer.loyalty.tier",
        None,
        (json!({"$is_not": [tier]}), is(tier)),
    );
    row(
        "redemption.api_key",
        None,
        (json!({"$is_not": ["x"]}), is(json!("x"))),
    );
    row(
        "redemption.user.login",
        None,
        (json!({"$is_unknown": []}), is(json!("ann"))),
    );
    row("order.amount", None, more(4_999, 5_000));
    row("order.initial_amount", None, more(4_999, 5_000));
    row("order.total_amount", None, more(3_999, 4_000));
    row("order.items.count", None, more(0, 99));
    row("order.items.price_any", None, more(2_999, 3_000));
    row("order.items.price_each", None, more(999, 1_000));
    row(
        "product.metadata.aggregated_quantity",
        Some("n"),
        more(2, 3),
    );
    row(
        "product.metadata.aggregated_amount",
        Some("n"),
        more(4_999, 5_000),
    );
    for name in ["product.price", "sku.price"] {
        row(name, None, more(2_999, 3_000));
    }
    for name in ["product.quantity", "sku.quantity"] {
        row(name, None, more(1, 2));
    }
    let cup = || is(good("product", "cup"));
    for name in [
        "product.id",
        "product.discount_applicable",
        "order.items.any",
    ] {
        row(name, None, (is(mug.clone()), cup()));
    }
    for name in ["sku.id", "sku.discount_applicable"] {
        row(name, None, (is(pot.clone()), is(good("sku", "pot-l"))));
    }
    row(
        "order.items.every",
        None,
        (json!({"$is": [mug, pot]}), is(mug.clone())),
    );
    row("order.items.none", None, (cup(), is(mug.clone())));
    row(
        "order.items.cheapest",
        None,
        (is(mug.clone()), is(pot.clone())),
    );
    row("order.items.most_expensive", None, (is(pot), is(mug)));
    row("campaign.orders.amount", None, limit(5_000, 4_999));
    row("campaign.orders.amount_discounted", None, limit(1_000, 999));
    for name in RULE_NAMES {
        let families = ["campaign.redemptions.", "redemption.count"];
        if families.iter().any(|family| name.starts_with(family)) && !ELSEWHERE.contains(&name) {
            row(name, None, limit(1, 0));
        }
    }
    rows
}

#[tokio::test]
async fn every_name_is_met_and_is_not() {
    let shop = Shop::start().await;
    let rows = rows(&ann(&shop).await);
    for (name, property, met, unmet) in &rows {
        for (conditions, expected) in [(met, true), (unmet, false)] {
            let node = json!({"name": name, "property": property, "conditions": conditions});
            assert_eq!(is_met(&shop, &node).await, expected, "{node}");
        }
    }
    let tested: BTreeSet<&str> = rows.iter().map(|row| row.0).chain(ELSEWHERE).collect();
    assert_eq!(tested, BTreeSet::from(RULE_NAMES));
}

#[tokio::test]
async fn every_rule_on_items_is_met_and_is_not() {
    let shop = Shop::start().await;
    ann(&shop).await;
    let rows = [
        ("order.items.quantity", None, 2, 3),
        ("order.items.aggregated_quantity", None, 2, 3),
        ("order.items.price", None, 1_000, 3_000),
        ("order.items.aggregated_amount", None, 2_000, 5_000),
        ("order.items.metadata", Some("n"), 5, 6),
    ];
    for (name, property, met, unmet) in rows {
        for (value, expected) in [(met, true), (unmet, false)] {
            let inner = json!({"name": name, "property": property,
                "conditions": {"$is": [value]}});
            let node = json!({"name": "order.items.any", "rules": {"1": inner},
                "conditions": {"$is": [{"object": "product", "id": "mug"}]}});
            assert_eq!(is_met(&shop, &node).await, expected, "{inner}");
        }
    }
    assert_eq!(rows.map(|row| row.0), ITEM_NAMES);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a row for each operator")]
async fn every_operator_is_met_and_is_not() {
    let shop = Shop::start().await;
    ann(&shop).await;
    // The property, the operator, what is met and what is not.
    let rows = [
        ("n", "$is", json!([5]), json!([6])),
        ("n", "$is_not", json!([6]), json!([5])),
        ("n", "$in", json!([4, 5]), json!([4, 6])),
        ("n", "$not_in", json!([4, 6]), json!([4, 5])),
        ("n", "$less_than", json!([5.5]), json!([5])),
        ("n", "$less_than_or_equal", json!([5]), json!([4.5])),
        ("n", "$less_than_equal", json!([5]), json!([4])),
        ("n", "$more_than", json!([4.5]), json!([5])),
        ("n", "$more_than_or_equal", json!([5]), json!([5.5])),
        ("n", "$more_than_equal", json!([5]), json!([6])),
        ("n", "$greater_than_or_equal", json!([5]), json!([6])),
        ("t", "$starts_with", json!(["gold"]), json!(["plated"])),
        ("t", "$ends_with", json!(["plated"]), json!(["gold"])),
        ("t", "$contains", json!(["-"]), json!(["+"])),
        ("t", "$not_contain", json!(["+"]), json!(["-"])),
        (
            "past",
            "$timeframe",
            json!(["2026-11-18;P1W;P1D"]),
            json!(["2026-11-17;P1W;P1D"]),
        ),
        (
            "past",
            "$timeframe_absolute",
            json!(["2026-11-18;2026-11-19"]),
            json!(["2026-11-19;2026-11-20"]),
        ),
        (
            "past",
            "$timeframe_daily_hours",
            json!(["00:00;24:00;3"]),
            json!(["00:00;24:00;4"]),
        ),
        ("past", "$dow", json!([3]), json!([4])),
        ("list", "$count", json!([2]), json!([1])),
        ("list", "$count_more", json!([1]), json!([2])),
        ("list", "$count_less", json!([3]), json!([2])),
        ("list", "$not_differ", json!(["b", "a"]), json!(["a"])),
        ("list", "$not_intersect", json!(["c"]), json!(["b", "c"])),
        (
            "past",
            "$after",
            json!(["2026-11-17"]),
            json!(["2026-11-19"]),
        ),
        (
            "past",
            "$before",
            json!(["2026-11-19"]),
            json!(["2026-11-17"]),
        ),
        ("past", "$more_than_ago", json!([2]), json!([4])),
        ("past", "$less_than_ago", json!([4]), json!([2])),
        ("past", "$is_days_ago", json!([3]), json!([2])),
        ("soon", "$more_than_future", json!([2]), json!([4])),
        ("soon", "$less_than_future", json!([4]), json!([2])),
        ("soon", "$is_days_in_future", json!([3]), json!([2])),
    ];
    for (property, operator, met, unmet) in &rows {
        for (values, expected) in [(met, true), (unmet, false)] {
            let conditions = json!({(*operator): values});
            let node = json!({"name": "order.metadata", "property": property,
                "conditions": conditions});
            assert_eq!(is_met(&shop, &node).await, expected, "{node}");
        }
    }
    for (property, expected) in [("n", true), ("none", false)] {
        for (operator, expected) in [("$has_value", expected), ("$is_unknown", !expected)] {
            let node = json!({"name": "order.metadata", "property": property,
                "conditions": {operator: []}});
            assert_eq!(is_met(&shop, &node).await, expected, "{node}");
        }
    }
    for (id, expected) in [("mug", true), ("cup", false)] {
        let node = json!({"name": "order.items.any",
            "conditions": {"$from": [{"object": "product", "id": id}]}});
        assert_eq!(is_met(&shop, &node).await, expected, "{node}");
    }
    let others = ["$has_value", "$is_unknown", "$from"];
    let tested: BTreeSet<&str> = rows.iter().map(|row| row.1).chain(others).collect();
    assert_eq!(tested, BTreeSet::from(OPERATORS));
}

/// Keys call, and no users: a rule that asks who is signed in is met by no call.
#[tokio::test]
async fn nobody_is_signed_in() {
    let shop = Shop::start().await;
    ann(&shop).await;
    for conditions in [
        json!({"$less_than_or_equal": [1_000]}),
        json!({"$less_than": [7]}),
    ] {
        let node = json!({"name": "redemption.count.per_user", "conditions": conditions});
        assert!(!is_met(&shop, &node).await, "{node}");
    }
    for conditions in [json!({"$is": ["ann"]}), json!({"$is_not": ["ann"]})] {
        let node = json!({"name": "redemption.user.login", "conditions": conditions});
        assert!(!is_met(&shop, &node).await, "{node}");
    }
}
