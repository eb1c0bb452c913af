//! Qualifications: what applies, each as if alone, and why the rest does not.

use serde_json::{Value, json};

use crate::{
    redemptions::{code, order, percent, ten_off, using},
    shop::{NOON, Shop},
};

async fn ids(shop: &Shop, body: &Value) -> Vec<String> {
    let answer = shop.post(NOON, "/v1/qualifications", body).await;
    let rows = answer["redeemables"]["data"].as_array().unwrap();
    let names = rows.iter().map(|row| match row["name"].as_str() {
        Some(name) => name.to_owned(),
        None => row["id"].as_str().unwrap().to_owned(),
    });
    names.collect()
}

async fn tiers(shop: &Shop) {
    let promotion = json!({
        "name": "auto", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [
            {"name": "ten", "hierarchy": 1, "action": {"discount": ten_off()}},
            {"name": "half of much", "hierarchy": 2, "action": {"discount": percent(50)},
             "proffer": {"rule": "order.amount >= 10000"}}
        ]}
    });
    shop.post(NOON, "/v1/campaigns", &promotion).await;
}

#[tokio::test]
async fn only_what_applies_is_told() {
    let shop = Shop::start().await;
    tiers(&shop).await;
    code(&shop, "FOUR", percent(4), json!({})).await;
    let mut body = json!({"order": order("o-1", 6_000), "options": {"sorting_rule": "BEST_DEAL"}});
    assert_eq!(ids(&shop, &body).await, ["ten", "FOUR"]);
    body["order"] = order("o-1", 20_000);
    // Each as if alone: 100.00, 10.00, 8.00.
    assert_eq!(ids(&shop, &body).await, ["half of much", "ten", "FOUR"]);
    body["options"]["sorting_rule"] = json!("LEAST_DEAL");
    body["options"]["limit"] = json!(1);
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    assert_eq!(answer["redeemables"]["total"], 3);
    assert_eq!(answer["redeemables"]["has_more"], true);
    assert_eq!(answer["order"]["total_amount"], 20_000);
    let row = &answer["redeemables"]["data"][0];
    assert_eq!(row["order"]["total_amount"], 19_200);
    assert!(answer.get("inapplicable_redeemables").is_none());
}

/// A decision grants a code of its own; the one that is for everybody stays the one that is shown.
#[tokio::test]
async fn a_granted_code_does_not_hide_the_one_for_everybody() {
    let shop = Shop::start().await;
    code(&shop, "FOUR", percent(4), json!({})).await;
    shop.policy("ranked", &["for FOUR"], 0).await;
    shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    assert!(made["offer"]["code"].is_string(), "{made}");
    let body = json!({"order": order("o-1", 6_000)});
    assert_eq!(ids(&shop, &body).await, ["FOUR"]);
}

#[tokio::test]
async fn why_the_rest_does_not_apply() {
    let shop = Shop::start().await;
    tiers(&shop).await;
    let once = json!({"caps": [{"reach": "code", "limit": 1}]});
    code(&shop, "ONCE", ten_off(), once).await;
    let mut body = json!({
        "order": order("o-9", 8_760),
        "options": {"expand": ["inapplicable"], "limit": 50}
    });
    assert_eq!(ids(&shop, &body).await.len(), 2);
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["ONCE"], order("o-1", 5_000)),
    )
    .await;
    // Budgets and caps are looked up at that instant.
    assert_eq!(ids(&shop, &body).await, ["ten"]);
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    let rows = answer["inapplicable_redeemables"].as_array().unwrap();
    let mut told: Vec<(&str, &Value)> = rows
        .iter()
        .map(|row| {
            let proffer = &row["result"]["error"]["proffer"];
            (proffer["code"].as_str().unwrap(), &proffer["gap"])
        })
        .collect();
    told.sort_by_key(|row| row.0);
    assert_eq!(
        told,
        [
            ("min_spend", &json!(1_240)),
            ("used_up_campaign", &Value::Null)
        ]
    );
    body["scenario"] = json!("CUSTOMER_WALLET");
    assert!(ids(&shop, &body).await.is_empty());
}

#[tokio::test]
async fn codes_of_a_customer_are_theirs() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let campaign = shop.percent_off("welcome", 20, json!({})).await;
    shop.policy("ranked", &[&campaign], 0).await;
    shop.decide(NOON, "ann").await;
    let body = |who: &str| json!({"customer": {"source_id": who}, "order": order("o-1", 6_000)});
    assert_eq!(ids(&shop, &body("ann")).await.len(), 1);
    assert!(ids(&shop, &body("bob")).await.is_empty());
    // Asking makes nobody known.
    let customers = shop.get(NOON, "/v1/customers").await;
    assert_eq!(customers["total"], 1, "{customers}");
}
