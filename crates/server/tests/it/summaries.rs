//! What came of a campaign, counted.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    loyalties,
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

#[tokio::test]
async fn what_is_validated_given_and_removed_is_counted() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "c", "type": "STATIC", "voucher": {
        "type": "DISCOUNT_VOUCHER", "discount": ten_off(), "redemption": {"quantity": 1}}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    for code in ["A", "B", "C"] {
        let path = format!("/v1/campaigns/c/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
    let ask = async |now: i64, code: &str| {
        let body = using(&[code], order("look", 5_000));
        shop.post(now, "/v1/validations", &body).await["valid"] == true
    };
    redeem(&shop, NOON, (&["A"], "o-1")).await;
    assert!(!ask(NOON, "A").await);
    assert!(ask(NOON, "B").await);
    assert!(!ask(NOON, "NOPE").await);
    assert!(ask(NOON + DAY, "B").await);
    let mut held = using(&["B"], order("o-2", 5_000));
    held["session"] = json!({"type": "LOCK", "key": "one"});
    shop.post(NOON + DAY, "/v1/validations", &held).await;
    for (customer, expected) in [("ann", 200), ("bob", 200), ("cy", 200), ("dan", 400)] {
        let body = json!({"campaign": "c", "customer": {"source_id": customer}});
        let client = shop.at(NOON + DAY);
        let (status, answer) = client.post("/v1/publications", &body).await.unwrap();
        assert_eq!(status.as_u16(), expected, "{answer}");
    }
    let token = ("x-app-token", shop.sandbox_key.as_str());
    let gone = (axum::http::Method::DELETE, "/v1/vouchers/C");
    assert_eq!(shop.raw(gone, &[token], "").await.0, StatusCode::NO_CONTENT);
    let whole = shop.get(NOON, "/v1/campaigns/c/summary").await;
    check(
        &whole,
        json!({"validations": 4, "validations_succeeded": 3, "validations_failed": 1,
            "publications": 4, "publications_succeeded": 3, "publications_failed": 1,
            "vouchers_created": 3, "vouchers_deleted": 1, "redemptions": 1}),
    );
    assert!(whole.get("points_added").is_none() && whole.get("referred_customers").is_none());
    // What was counted before is added to. The session holds the only use of B.
    assert!(!ask(NOON + DAY, "B").await);
    let later = "/v1/campaigns/c/summary?start_date=2026-11-22&end_date=2026-11-22T23:59:59Z";
    check(
        &shop.get(NOON, later).await,
        json!({"validations": 3, "validations_succeeded": 2, "validations_failed": 1,
            "publications": 4, "publications_succeeded": 3, "publications_failed": 1,
            "vouchers_created": 0}),
    );
    // Tiers have no codes.
    let tiers = json!({"name": "t", "campaign_type": "PROMOTION", "promotion": {"tiers": []}});
    shop.post(NOON, "/v1/campaigns", &tiers).await;
    let tiers = shop.get(NOON, "/v1/campaigns/t/summary").await;
    check(&tiers, json!({"validations": 0, "discounted_amount": 0}));
    assert!(tiers.get("publications").is_none() && tiers.get("vouchers_deleted").is_none());
}

#[tokio::test]
async fn points_are_counted_on_cards_that_are_gone_too() {
    let shop = Shop::start().await;
    let club = json!({"name": "Club", "voucher": {"type": "LOYALTY_CARD",
        "loyalty_card": {"points": 100}}});
    let club = shop.post(NOON, "/v1/loyalties", &club).await;
    let club = club["id"].as_str().unwrap();
    let one = loyalties::card(&shop, club, "ann").await;
    let other = loyalties::card(&shop, club, "bob").await;
    loyalties::rules(&shop, club, loyalties::per_euro()).await;
    loyalties::put(&shop, &one, 40).await;
    loyalties::put(&shop, &one, -30).await;
    let mut earning = order("o-1", 5_000);
    earning["status"] = json!("PAID");
    earning["customer"] = json!({"source_id": "ann"});
    shop.post(NOON, "/v1/orders", &earning).await;
    let coin = loyalties::coin(&shop, club).await;
    let mut paid = Vec::new();
    for order_name in ["o-2", "o-3"] {
        let reward = json!({"id": coin, "points": 20});
        let mut body = loyalties::paying(&one, reward, order(order_name, 50));
        body["order"]["items"][0]["price"] = json!(50);
        let used = shop.post(NOON, "/v1/redemptions", &body).await;
        paid.push(used["redemptions"][0]["id"].as_str().unwrap().to_owned());
    }
    let path = format!("/v1/redemptions/{}/rollback", paid[1]);
    shop.post(NOON, &path, &json!({})).await;
    let token = ("x-app-token", shop.sandbox_key.as_str());
    let path = format!("/v1/vouchers/{other}");
    let gone = (axum::http::Method::DELETE, path.as_str());
    assert_eq!(shop.raw(gone, &[token], "").await.0, StatusCode::NO_CONTENT);
    let summary = shop.get(NOON, "/v1/campaigns/Club/summary").await;
    check(
        &summary,
        json!({"created_vouchers_points": 200, "points_added": 40, "points_subtracted": 30,
            "points_rewarded": 50, "points_redeemed": 40, "points_rolledback": 20,
            "points_deleted": 100, "points_expired": 0, "points_transferred_in": 0,
            "pending_points_added": 0, "vouchers_created": 2, "vouchers_deleted": 1}),
    );
    let before = "/v1/campaigns/Club/summary?end_date=2026-11-20";
    check(
        &shop.get(NOON, before).await,
        json!({"created_vouchers_points": 0, "points_added": 0, "points_redeemed": 0}),
    );
}

#[tokio::test]
async fn what_a_process_counted_is_there_for_the_next() {
    let shop = Shop::start().await;
    shop.percent_off("ten", 10, json!({})).await;
    let one = "/v1/campaigns/ten/vouchers?vouchers_count=1";
    let made = shop.post(NOON, one, &json!({})).await;
    let code = made["code"].as_str().unwrap().to_owned();
    let body = using(&[&code], order("look", 5_000));
    for _ in 0..3 {
        shop.post(NOON, "/v1/validations", &body).await;
    }
    shop.app.stop().await.unwrap();
    let mut view = shop.app.store().view(server::setup::SANDBOX).unwrap();
    let days = view.list(store::Kind::Tally, page()).await.unwrap();
    assert_eq!(days.len(), 1);
}

fn page() -> store::Page {
    store::Page {
        after: 0,
        limit: 10,
        newest_first: false,
    }
}
