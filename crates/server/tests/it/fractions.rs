//! Numbers that are not whole: in rules, segments, collections and lists, and as they come back.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    catalogue::id,
    redemptions::{order, ten_off, using},
    shop::{NOON, Shop},
};

/// A code under a rule of one node on metadata.
async fn ruled(shop: &Shop, code: &str, name: &str, conditions: Value) {
    let rule = json!({"name": code, "rules": {"1": {
        "name": name, "property": "n", "conditions": conditions}}});
    let rule = id(&shop.post(NOON, "/v1/validation-rules", &rule).await);
    let body = json!({"discount": ten_off(), "type": "DISCOUNT_VOUCHER",
        "validation_rules": [rule]});
    shop.post(NOON, &format!("/v1/vouchers/{code}"), &body)
        .await;
}

/// Whether an order with this number in its metadata may use the code.
async fn is_met(shop: &Shop, code: &str, number: &Value) -> bool {
    let mut order = order("o", 5_000);
    order["metadata"] = json!({"n": number});
    let body = using(&[code], order);
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    answer["valid"].as_bool().unwrap()
}

#[tokio::test]
async fn rules_compare_fractions_exactly() {
    let shop = Shop::start().await;
    let rows = [
        (
            "MORE",
            json!({"$more_than": [2.5]}),
            "2.51 3 1e1",
            "2.5 2 -3 0.1",
        ),
        (
            "ATLEAST",
            json!({"$more_than_or_equal": [2.50]}),
            "2.5 3",
            "2.4999 2",
        ),
        (
            "LESS",
            json!({"$less_than": [0.3]}),
            "0.1 0 -0.5",
            "0.3 0.30000000000000004 1",
        ),
        (
            "ATMOST",
            json!({"$less_than_or_equal": [0.3]}),
            "0.3 0",
            "0.30000000000000004",
        ),
        ("WHOLE", json!({"$more_than": [2]}), "2.1 3", "2 1.9"),
        ("IS", json!({"$is": [0.1]}), "0.1 0.10 1e-1", "0.2 0 1"),
        ("ISNOT", json!({"$is_not": [0.1]}), "0.2 0 1", "0.1"),
        (
            "IN",
            json!({"$in": [1, 2.25, -0.5]}),
            "1 1.0 2.25 -0.5",
            "2 0.5",
        ),
        ("NOTIN", json!({"$not_in": [1, 2.25]}), "2 0.5", "1 2.25"),
        ("TWO", json!({"$is": [2.0]}), "2 2.0", "2.5"),
    ];
    for (code, conditions, met, unmet) in rows {
        ruled(&shop, code, "order.metadata", conditions).await;
        for (numbers, expected) in [(met, true), (unmet, false)] {
            for text in numbers.split(' ') {
                let number = serde_json::from_str(text).unwrap();
                assert_eq!(
                    is_met(&shop, code, &number).await,
                    expected,
                    "{code} {text}"
                );
            }
        }
    }
    // A text is no number, and what has too many digits is told to no rule.
    assert!(!is_met(&shop, "MORE", &json!("3.5")).await);
    assert!(!is_met(&shop, "MORE", &json!(1e300)).await);
}

#[tokio::test]
async fn lists_of_fractions_are_compared_as_lists() {
    let shop = Shop::start().await;
    ruled(
        &shop,
        "NONE",
        "order.metadata",
        json!({"$not_intersect": [0.5, 2]}),
    )
    .await;
    ruled(
        &shop,
        "SAME",
        "order.metadata",
        json!({"$not_differ": [0.5, 2]}),
    )
    .await;
    for (numbers, none, same) in [
        (json!([0.5, 1]), false, false),
        (json!([2.0, 0.50]), false, true),
        (json!([0.25]), true, false),
    ] {
        assert_eq!(is_met(&shop, "NONE", &numbers).await, none, "{numbers}");
        assert_eq!(is_met(&shop, "SAME", &numbers).await, same, "{numbers}");
    }
}

#[tokio::test]
async fn a_number_that_is_not_kept_exactly_is_refused() {
    let shop = Shop::start().await;
    let rows = [
        ("order.metadata", json!({"$is": [1e300]}), "17 digits"),
        ("order.metadata", json!({"$is": [1e-31]}), "17 digits"),
        // Money and counts are whole.
        (
            "order.amount",
            json!({"$more_than": [2.5]}),
            "must be a whole number",
        ),
        (
            "order.items.count",
            json!({"$is": [1.5]}),
            "must be a whole number",
        ),
    ];
    for (name, conditions, said) in rows {
        let rule = json!({"name": name, "rules": {"1": {
            "name": name, "property": "n", "conditions": conditions}}});
        let (status, answer) = shop
            .noon()
            .post("/v1/validation-rules", &rule)
            .await
            .unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{rule} {answer}");
        let details = answer["details"].as_str().unwrap();
        assert!(details.contains(said), "{rule} {details}");
    }
}

async fn names(shop: &Shop, path: &str) -> Vec<String> {
    let list = shop.get(NOON, path).await;
    let rows = list["data"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn segments_and_collections_take_in_fractions() {
    let shop = Shop::start().await;
    for (name, score) in [("ann", json!(4.75)), ("bob", json!(4)), ("cid", json!(5))] {
        let body = json!({"source_id": name, "metadata": {"score": score, "list": [score]},
            "consent": {"personalise_offers": true}});
        let made = shop.post(NOON, "/v1/customers", &body).await;
        assert_eq!(made["metadata"]["score"], score);
        let kept = shop.get(NOON, &format!("/v1/customers/{name}")).await;
        assert_eq!(kept["metadata"], json!({"score": score, "list": [score]}));
    }
    for (name, conditions) in [
        ("good", json!({"$more_than": [4.5]})),
        ("exact", json!({"$is": [4.75]})),
        ("up to 4.75", json!({"$less_than_equal": [4.75]})),
        ("above 4", json!({"$more_than": [4]})),
    ] {
        let filter = json!({"metadata.score": {"conditions": conditions}});
        let body = json!({"name": name, "type": "passive", "filter": filter});
        shop.post(NOON, "/v1/segments", &body).await;
    }
    for (customer, expected) in [
        ("ann", vec!["good", "exact", "up to 4.75", "above 4"]),
        ("bob", vec!["up to 4.75"]),
        ("cid", vec!["good", "above 4"]),
    ] {
        let path = format!("/v1/customers/{customer}/segments");
        assert_eq!(names(&shop, &path).await, expected, "{customer}");
    }
    for (name, weight) in [("mug", 0.5), ("pot", 2.25)] {
        let body = json!({"source_id": name, "name": name, "metadata": {"weight": weight}});
        shop.post(NOON, "/v1/products", &body).await;
    }
    let body = json!({"name": "heavy", "type": "AUTO_UPDATE", "filter": {
        "metadata.weight": {"conditions": {"$more_than": [0.5]}}}});
    let heavy = id(&shop.post(NOON, "/v1/product-collections", &body).await);
    let path = format!("/v1/product-collections/{heavy}/products");
    assert_eq!(names(&shop, &path).await, ["pot"]);
}
