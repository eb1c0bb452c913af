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

/// A shop with a code on mugs, a tier for gold customers from 100.00, and one on everything.
async fn kinds(shop: &Shop) {
    let mugs = json!({"lines": "line.sku == 'mug'"});
    code(shop, "MUGS", percent(10), mugs).await;
    let gold = json!({
        "name": "auto", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [
            {"name": "gold", "hierarchy": 1, "action": {"discount": percent(5)},
             "proffer": {"rule": "customer.metadata.tier == 'gold' && order.amount >= 10000"}},
            {"name": "with pens", "hierarchy": 2, "action": {"discount": ten_off()},
             "proffer": {"rule": "order.lines.exists(line, line.sku == 'pen')"}},
            {"name": "all", "hierarchy": 3, "action": {"discount": ten_off()}}
        ]}
    });
    shop.post(NOON, "/v1/campaigns", &gold).await;
}

fn goods(names: &[&str]) -> Value {
    let item = |name: &&str| {
        let sku = "sku";
        json!({"source_id": name, "related_object": sku, "quantity": 1, "price": 2_000})
    };
    json!({"items": names.iter().map(item).collect::<Vec<_>>()})
}

#[tokio::test]
async fn a_scenario_asks_for_a_part_of_what_is_asked() {
    let shop = Shop::start().await;
    kinds(&shop).await;
    let check = async |scenario: &str, names: &[&str], customer: Value, expected: &[&str]| {
        let body = json!({
            "scenario": scenario, "order": goods(names),
            "customer": {"source_id": "ann", "metadata": customer},
            "options": {"limit": 20}
        });
        let mut found = ids(&shop, &body).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{scenario}");
    };
    let (gold, plain) = (json!({"tier": "gold"}), json!({"tier": "none"}));
    check("ALL", &["mug"], gold.clone(), &["MUGS", "all"]).await;
    // Who they are is enough.
    let all = ["MUGS", "all", "gold", "with pens"];
    check("AUDIENCE_ONLY", &["pot"], gold, &all).await;
    check(
        "AUDIENCE_ONLY",
        &["pot"],
        plain.clone(),
        &["MUGS", "all", "with pens"],
    )
    .await;
    // What takes something off these goods, or asks for them.
    check("PRODUCTS_DISCOUNT", &["mug"], plain.clone(), &["MUGS"]).await;
    check("PRODUCTS_DISCOUNT", &["pen"], plain.clone(), &[]).await;
    check("PRODUCTS", &["pen"], plain.clone(), &["with pens"]).await;
    check(
        "PRODUCTS",
        &["pen", "mug"],
        plain.clone(),
        &["MUGS", "with pens"],
    )
    .await;
    check("PRODUCTS_BY_CUSTOMER", &["mug"], plain.clone(), &["MUGS"]).await;
    check("PRODUCTS_DISCOUNT_BY_CUSTOMER", &["mug"], plain, &["MUGS"]).await;
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let shop = Shop::start().await;
    kinds(&shop).await;
    let mut body = json!({
        "order": goods(&["mug", "pen"]), "options": {"limit": 1, "sorting_rule": "BEST_DEAL"}
    });
    let mut seen = Vec::new();
    loop {
        let answer = shop.post(NOON, "/v1/qualifications", &body).await;
        let list = &answer["redeemables"];
        assert_eq!(list["total"], 3);
        let row = &list["data"][0];
        seen.push(
            row["name"]
                .as_str()
                .or(row["id"].as_str())
                .unwrap()
                .to_owned(),
        );
        let next = list["more_starting_after"].clone();
        assert_eq!(list["has_more"], !next.is_null());
        if next.is_null() {
            break;
        }
        body["options"]["starting_after"] = next;
    }
    // Tiers of one campaign were made at one instant.
    seen.sort_unstable();
    assert_eq!(seen, ["MUGS", "all", "with pens"]);
}

/// A campaign in a category of its own, with a rule: the three.
async fn vips(shop: &Shop) -> [Value; 3] {
    kinds(shop).await;
    let category = json!({"name": "vip", "hierarchy": 3});
    let category = shop.post(NOON, "/v1/categories", &category).await;
    let rules = json!({"exclusive_categories": [category["id"]]});
    let path = "/management/v1/projects/proj_0000000000002/stacking-rules";
    shop.post(NOON, path, &rules).await;
    let rule = json!({"name": "much", "rules": {"1": {
        "name": "order.amount", "conditions": {"$more_than": [100]}
    }, "logic": "1"}});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let campaign = json!({
        "name": "vips", "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "category_id": category["id"], "validation_rules": [rule["id"]],
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": percent(9),
                    "code_config": {"pattern": "VIP"}}
    });
    let campaign = shop.post(NOON, "/v1/campaigns", &campaign).await;
    [category, rule, campaign]
}

#[tokio::test]
async fn rows_are_filtered_and_told_in_full() {
    let shop = Shop::start().await;
    let [category, rule, campaign] = vips(&shop).await;
    let mut body = json!({
        "order": goods(&["mug"]),
        "options": {"expand": ["redeemable", "category", "validation_rules"]}
    });
    let check = async |body: &mut Value, filters: Value, expected: &[&str]| {
        body["options"]["filters"] = filters;
        let mut found = ids(&shop, body).await;
        found.sort_unstable();
        assert_eq!(found, expected);
    };
    let is = |field: &str, value: &Value| json!({field: {"conditions": {"$is": [value]}}});
    check(&mut body, is("category_id", &category["id"]), &["VIP"]).await;
    check(&mut body, is("campaign_id", &campaign["id"]), &["VIP"]).await;
    check(
        &mut body,
        is("resource_type", &json!("promotion_tier")),
        &["all"],
    )
    .await;
    check(
        &mut body,
        is("campaign_type", &json!("PROMOTION")),
        &["all"],
    )
    .await;
    let either = json!({
        "junction": "or",
        "code": {"conditions": {"$in": ["MUGS"]}},
        "voucher_type": {"conditions": {"$is_unknown": []}}
    });
    check(&mut body, either, &["MUGS", "all"]).await;
    body["options"]["filters"] = is("code", &json!("VIP"));
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    let row = &answer["redeemables"]["data"][0];
    assert_eq!(row["categories"][0]["name"], "vip");
    assert_eq!(row["categories"][0]["stacking_rules_type"], "EXCLUSIVE");
    assert_eq!(row["validation_rule_id"], rule["id"]);
    let assigned = &row["validation_rules_assignments"]["data"][0];
    assert_eq!(assigned["related_object_id"], campaign["id"]);
    assert_eq!(
        (&row["campaign_name"], &row["metadata"]),
        (&json!("vips"), &json!({}))
    );
    // In a validation the same stands where it is asked for.
    let mut body = using(&["VIP"], goods(&["mug"]));
    body["options"] = json!({"expand": ["redeemable"]});
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    let row = &answer["redeemables"][0];
    assert_eq!(row["campaign_name"], "vips");
    assert_eq!(row["categories"][0]["stacking_rules_type"], "EXCLUSIVE");
}

#[tokio::test]
async fn filters_that_cannot_be_read_are_refused_by_their_place() {
    let shop = Shop::start().await;
    let wrong = |filters: Value| json!({"options": {"filters": filters}});
    for filters in [
        json!({"colour": {"conditions": {"$is": ["red"]}}}),
        json!({"code": {"conditions": {"$more_than": ["A"]}}}),
        json!({"junction": "xor"}),
    ] {
        let (status, answer) = shop
            .noon()
            .post("/v1/qualifications", &wrong(filters))
            .await
            .unwrap();
        assert_eq!(
            (status.as_u16(), &answer["key"]),
            (400, &json!("invalid_payload"))
        );
        let details = answer["details"].as_str().unwrap();
        assert!(details.starts_with("/options/filters/"), "{details}");
    }
}
