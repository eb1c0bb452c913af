//! The best combination: found, usable as it stands, and why the rest is not in it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    promotion_stacks::promotion,
    redemptions::{books_balance, code, order, percent},
    shop::{NOON, Shop},
};

const BEST: &str = "/v1/best-deals";

fn ids(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap()).collect()
}

/// Each left out with its code.
fn left_out(answer: &Value) -> Vec<(&str, &str)> {
    let rows = answer["left_out"].as_array().unwrap().iter();
    let told = rows.map(|row| (row["id"].as_str().unwrap(), row["code"].as_str().unwrap()));
    let mut told: Vec<_> = told.collect();
    told.sort_unstable();
    told
}

#[tokio::test]
async fn the_best_is_found_and_used_as_it_stands() {
    let shop = Shop::start().await;
    let (_, tiers) = promotion(&shop).await;
    code(&shop, "FIFTH", percent(20), json!({})).await;
    code(&shop, "ALONE", percent(30), json!({"stacking": "alone"})).await;
    code(
        &shop,
        "GOLD",
        percent(90),
        json!({"rule": "customer.metadata.tier == 'gold'"}),
    )
    .await;
    let mut body = json!({"order": order("o-1", 20_000), "tracking_id": "t-1"});
    let answer = shop.post(NOON, BEST, &body).await;
    // Half, then 20 % of the rest, then 10.00: whatever the hierarchy of tiers, the best order.
    assert_eq!(
        ids(&answer["redeemables"]),
        [&tiers[1], "FIFTH", &tiers[0]],
        "{answer}"
    );
    assert_eq!(
        (&answer["saves"], &answer["tracking_id"]),
        (&json!(13_000), &json!("t-1"))
    );
    assert_eq!(answer["order"]["total_amount"], 7_000);
    steps_are_told(&answer);
    let search = &answer["search"];
    assert_eq!(
        (
            &search["is_best"],
            &search["short_by_at_most"],
            &search["most_possible"]
        ),
        (&json!(true), &json!(0), &json!(13_000))
    );
    let second = &answer["runner_up"];
    assert_eq!(ids(&second["redeemables"]), ["ALONE"]);
    assert_eq!(
        (&second["saves"], &second["less"]),
        (&json!(6_000), &json!(7_000))
    );
    assert_eq!(second["sentence"], "It saves 70.00 EUR less.");
    rest_is_told(&answer, &tiers);
    // As it stands, it is validated and redeemed.
    body["redeemables"] = answer["redeemables"].clone();
    let checked = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(checked["valid"], true);
    assert_eq!(checked["order"]["total_amount"], 7_000);
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(used["order"]["total_amount"], 7_000);
    assert_eq!(used["redemptions"].as_array().unwrap().len(), 3);
    books_balance(&shop).await;
}

fn steps_are_told(answer: &Value) {
    let steps = answer["steps"].as_array().unwrap().iter();
    let steps = steps.map(|row| {
        row["order"]["total_applied_discount_amount"]
            .as_u64()
            .unwrap()
    });
    assert_eq!(steps.collect::<Vec<_>>(), [10_000, 2_000, 1_000]);
    assert_eq!(answer["steps"][2]["order"]["items"][0]["price"], 20_000);
}

fn rest_is_told(answer: &Value, tiers: &[String]) {
    let expected = [
        ("ALONE", "no_stack"),
        ("GOLD", "sign_in_required"),
        (tiers[2].as_str(), "min_spend"),
    ];
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(left_out(answer), expected);
    let rows = answer["left_out"].as_array().unwrap();
    let short = rows.iter().find(|row| row["code"] == "min_spend").unwrap();
    assert_eq!(short["gap"], 10_000, "{short}");
    let alone = rows.iter().find(|row| row["id"] == "ALONE").unwrap();
    assert_eq!(alone["saves_alone"], 6_000);
    assert!(alone["sentence"].is_string());
}

#[tokio::test]
async fn limits_that_are_shared_are_kept() {
    let shop = Shop::start().await;
    let promotion = json!({
        "name": "once", "campaign_type": "PROMOTION",
        "proffer": {"caps": [{"reach": "campaign", "limit": 1}]},
        "promotion": {"tiers": [
            {"name": "three", "hierarchy": 1, "action": {"discount": percent(3)}},
            {"name": "eight", "hierarchy": 2, "action": {"discount": percent(8)}}
        ]}
    });
    let made = shop.post(NOON, "/v1/campaigns", &promotion).await;
    let eight = made["promotion"]["tiers"][1]["id"].as_str().unwrap();
    let body = json!({"order": order("o-1", 10_000)});
    let answer = shop.post(NOON, BEST, &body).await;
    assert_eq!(
        (ids(&answer["redeemables"]), &answer["saves"]),
        (vec![eight], &json!(800))
    );
    let mut used = body.clone();
    used["redeemables"] = answer["redeemables"].clone();
    used["order"]["source_id"] = json!("o-2");
    shop.post(NOON, "/v1/redemptions", &used).await;
    let answer = shop.post(NOON, BEST, &body).await;
    assert_eq!(
        (&answer["redeemables"], &answer["saves"]),
        (&json!([]), &json!(0))
    );
    assert_eq!(answer["order"]["total_amount"], 10_000);
    assert_eq!(answer["runner_up"], Value::Null);
    let codes: Vec<&str> = left_out(&answer)
        .into_iter()
        .map(|(_, code)| code)
        .collect();
    assert_eq!(codes, ["used_up_campaign", "used_up_campaign"]);
}

#[tokio::test]
async fn the_wallet_is_looked_at_and_gift_cards_pay() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let campaign = shop.percent_off("welcome", 20, json!({})).await;
    shop.policy("ranked", &[&campaign], 0).await;
    let made = shop.decide(NOON, "ann").await;
    let granted = made["offer"]["code"].as_str().unwrap();
    let card = json!({"type": "GIFT_VOUCHER", "gift": {"amount": 5_000}, "code": "CARD"});
    shop.post(NOON, "/v1/vouchers", &card).await;
    let mut body = json!({
        "customer": {"source_id": "ann"}, "order": order("o-1", 10_000),
        "redeemables": [
            {"object": "voucher", "id": "CARD"},
            {"object": "voucher", "id": granted.to_lowercase()},
            {"object": "voucher", "id": "NOPE"}
        ]
    });
    let answer = shop.post(NOON, BEST, &body).await;
    assert_eq!(
        (&answer["saves"], &answer["order"]["total_amount"]),
        (&json!(2_000), &json!(8_000))
    );
    assert_eq!(left_out(&answer), [("CARD", "pays"), ("NOPE", "not_found")]);
    body["customer"] = json!({"source_id": "bob"});
    body["redeemables"] = json!([]);
    let answer = shop.post(NOON, BEST, &body).await;
    assert_eq!(
        (&answer["saves"], &answer["left_out"]),
        (&json!(0), &json!([]))
    );
    body["redeemables"] = json!([{"object": "voucher", "id": "CARD"}]);
    body["only_given"] = json!(true);
    let answer = shop.post(NOON, BEST, &body).await;
    assert_eq!(left_out(&answer), [("CARD", "pays")]);
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused() {
    let shop = Shop::start().await;
    let key = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
    ];
    let check = async |body: Value, expected: &str| {
        let body = body.to_string();
        let (status, _, answer) = shop.raw((Method::POST, BEST), &headers, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert_eq!(answer["key"], expected);
    };
    let stack = json!([{"object": "promotion_stack", "id": "s"}]);
    check(json!({"redeemables": stack}), "invalid_redeemables").await;
    check(json!({"redeemables": 7}), "invalid_payload").await;
    check(json!({"order": {"amount": "x"}}), "invalid_payload").await;
    let twice = json!([{"object": "voucher", "id": "A"}, {"object": "voucher", "id": "A"}]);
    check(json!({"redeemables": twice}), "duplicated_redeemables").await;
    let many: Vec<Value> = (0..101)
        .map(|n| json!({"object": "voucher", "id": n.to_string()}))
        .collect();
    check(json!({"redeemables": many}), "invalid_payload").await;
    let (status, _, _) = shop.raw((Method::POST, BEST), &[], "{}").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    // Nothing at all is fine: nothing saves anything.
    let answer = shop.post(NOON, BEST, &json!({})).await;
    assert_eq!(
        (&answer["saves"], &answer["object"]),
        (&json!(0), &json!("best_deal"))
    );
}
