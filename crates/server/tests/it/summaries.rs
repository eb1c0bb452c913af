//! What came of a campaign, counted.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    redemptions::{order, ten_off, using},
    shop::{DAY, NOON, Shop},
};

async fn redeem(shop: &Shop, now: i64, (codes, source): (&[&str], &str)) -> String {
    let used = using(codes, order(source, 5_000));
    let used = shop.post(now, "/v1/redemptions", &used).await;
    let top = used
        .get("parent_redemption")
        .unwrap_or(&used["redemptions"][0]);
    top["id"].as_str().unwrap().to_owned()
}

fn check(summary: &Value, expected: Value) {
    assert_eq!(summary["object"], "campaign_summary");
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&summary[member], value, "{member} of {summary}");
    }
}

#[tokio::test]
async fn uses_of_codes_are_counted() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "c", "vouchers_count": 3, "voucher": {
        "type": "DISCOUNT_VOUCHER", "discount": ten_off(), "redemption": {"quantity": 1}}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    for code in ["A", "B", "C"] {
        let path = format!("/v1/campaigns/c/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
    let empty = shop.get(NOON, "/v1/campaigns/c/summary").await;
    check(
        &empty,
        json!({"redemptions": 0, "discounted_amount": 0, "vouchers_created": 6}),
    );
    redeem(&shop, NOON, (&["A"], "o-1")).await;
    // Two on one order: the order counts once.
    let both = redeem(&shop, NOON + DAY, (&["B", "C"], "o-2")).await;
    let again = using(&["A"], order("o-3", 5_000));
    let (status, _) = shop.noon().post("/v1/redemptions", &again).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    shop.post(
        NOON + 2 * DAY,
        &format!("/v1/redemptions/{both}/rollbacks"),
        &json!({}),
    )
    .await;
    let whole = shop.get(NOON, "/v1/campaigns/c/summary").await;
    assert_eq!(whole["campaign"]["name"], "c");
    check(
        &whole,
        json!({"redemptions": 4, "redemptions_succeeded": 3, "redemptions_failed": 1,
            "rollbacks": 2, "rollbacks_succeeded": 2, "rollbacks_failed": 0,
            "orders_amount": 10_000, "orders_rolledback_amount": 5_000,
            "discounted_amount": 3_000, "rolledback_discounted_amount": 2_000,
            "vouchers_created": 6}),
    );
    assert!(whole.get("amount_redeemed").is_none());
    let first = shop
        .get(
            NOON,
            "/v1/campaigns/c/summary?end_date=2026-11-21T23:59:59Z",
        )
        .await;
    check(
        &first,
        json!({"redemptions": 2, "redemptions_succeeded": 1, "redemptions_failed": 1,
            "rollbacks": 0, "orders_amount": 5_000, "discounted_amount": 1_000,
            "rolledback_discounted_amount": 0, "vouchers_created": 6}),
    );
    let later = "/v1/campaigns/c/summary?start_date=2026-11-22&end_date=2026-11-24";
    let later = shop.get(NOON, later).await;
    check(
        &later,
        json!({"redemptions": 2, "redemptions_failed": 0, "rollbacks": 2,
            "orders_amount": 5_000, "orders_rolledback_amount": 5_000,
            "discounted_amount": 2_000, "rolledback_discounted_amount": 2_000,
            "vouchers_created": 0}),
    );
}

#[tokio::test]
async fn what_cards_held_and_paid_is_counted() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "cards", "voucher": {
        "type": "GIFT_VOUCHER", "gift": {"amount": 2_000}}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    for code in ["A", "B"] {
        let path = format!("/v1/campaigns/cards/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
    for amount in [700, -300] {
        shop.post(NOON, "/v1/vouchers/A/balance", &json!({"amount": amount}))
            .await;
    }
    redeem(&shop, NOON, (&["A"], "o-1")).await;
    let back = redeem(&shop, NOON, (&["B"], "o-2")).await;
    shop.post(
        NOON,
        &format!("/v1/redemptions/{back}/rollback"),
        &json!({}),
    )
    .await;
    let summary = shop.get(NOON, "/v1/campaigns/cards/summary").await;
    check(
        &summary,
        json!({"redemptions_succeeded": 2, "created_vouchers_amount": 4_000,
            "amount_added": 700, "amount_subtracted": 300, "amount_redeemed": 4_400,
            "amount_rolledback": 2_000, "vouchers_created": 2}),
    );
    assert!(summary.get("discounted_amount").is_none());
}

#[tokio::test]
async fn a_summary_is_of_a_campaign_and_a_time() {
    let shop = Shop::start().await;
    let (status, answer) = shop.noon().get("/v1/campaigns/none/summary").await.unwrap();
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
    shop.percent_off("ten", 10, json!({})).await;
    let path = "/v1/campaigns/ten/summary?start_date=soon";
    let (status, answer) = shop.noon().get(path).await.unwrap();
    let expected = (StatusCode::BAD_REQUEST, &json!("invalid_query_params"));
    assert_eq!((status, &answer["key"]), expected);
    let (status, _) = shop.live.get("/v1/campaigns/ten/summary").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}
