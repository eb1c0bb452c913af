//! Rollbacks by line: what came back is given back, exactly, and never more than there was.

use axum::http::StatusCode;
use offers::{CampaignId, VoucherId, chart};
use serde_json::{Value, json};
use server::setup::SANDBOX;
use wire::ids::{Tag, parse};

use crate::{
    campaigns::delete,
    redemptions::{books_balance, code, find_code, order, redeem, ten_off, using},
    shop::{DAY, HOUR, NOON, Shop},
};

async fn left(shop: &Shop, campaign: &str) -> u64 {
    let id = CampaignId(parse(Tag::Campaign, campaign).unwrap());
    let account = shop
        .app
        .store()
        .account(SANDBOX, chart::budget(id))
        .await
        .unwrap();
    account.unwrap().available().unwrap()
}

/// Three units at 10.00, one at 5.00, and shipping of 4.00.
fn goods() -> Value {
    json!({"source_id": "o-1", "items": [
        {"source_id": "a", "quantity": 3, "price": 1_000},
        {"product_id": "prod_5h1pp1ng", "quantity": 1, "price": 400},
        {"source_id": "b", "quantity": 1, "price": 500}
    ]})
}

async fn used(shop: &Shop) -> (String, String) {
    let ours = json!({"budget": 1_000, "caps": [{"reach": "code", "limit": 1}]});
    let campaign = code(shop, "TEN", ten_off(), ours).await;
    let answer = shop
        .post(NOON, "/v1/redemptions", &using(&["TEN"], goods()))
        .await;
    assert_eq!(left(shop, &campaign).await, 0);
    let id = answer["redemptions"][0]["id"].as_str().unwrap();
    (campaign, format!("/v1/redemptions/{id}/rollback"))
}

#[tokio::test]
async fn parts_never_exceed_the_whole() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let returned = |items: Value| json!({"returned": items});
    // 10.00 off 35.00 of goods is 8.57 on the first line and 1.43 on the last.
    for (items, expected) in [
        (json!([{"index": 0, "quantity": 1}]), 285),
        (json!([{"index": 0, "quantity": 1}]), 571),
        (json!([{"index": 2, "quantity": 1}]), 714),
    ] {
        let answer = shop.post(NOON, &path, &returned(items)).await;
        assert_eq!(answer["order"]["status"], "PAID");
        assert_eq!(left(&shop, &campaign).await, expected);
    }
    // What is back cannot come back again.
    for items in [
        json!([{"index": 2, "quantity": 1}]),
        json!([{"index": 0, "quantity": 2}]),
        json!([{"index": 3, "quantity": 1}]),
        json!([{"index": 0, "quantity": 0}]),
        json!([{"index": -1, "quantity": 1}]),
    ] {
        let (status, answer) = shop.noon().post(&path, &returned(items)).await.unwrap();
        assert_eq!(
            (status, &answer["key"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_payload"))
        );
    }
    assert_eq!(left(&shop, &campaign).await, 714);
    // A part keeps the use; the whole gives it back, and the rest of the money to the cent.
    let card = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(card["redemption"]["redeemed_quantity"], 1);
    let other = using(&["TEN"], json!({"amount": 5_000}));
    let (_, answer) = redeem(&shop.noon(), &other).await;
    assert_eq!(answer["proffer"]["code"], "used_up_campaign");
    shop.post(NOON, &path, &json!({})).await;
    assert_eq!(left(&shop, &campaign).await, 1_000);
    shop.post(NOON, "/v1/redemptions", &other).await;
    let (_, answer) = shop.noon().post(&path, &json!({})).await.unwrap();
    assert_eq!(answer["key"], "already_rolled_back");
    books_balance(&shop).await;
}

#[tokio::test]
async fn returning_every_unit_is_the_whole() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let all = json!({"returned": [{"index": 0, "quantity": 3}, {"index": 2, "quantity": 1}]});
    let answer = shop.post(NOON, &path, &all).await;
    assert_eq!(answer["order"]["status"], "CANCELED");
    assert_eq!(left(&shop, &campaign).await, 1_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn parts_race_and_each_counts_once() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let one = json!({"returned": [{"index": 0, "quantity": 1}]});
    let noon = shop.noon();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (client, path, one) = (noon.clone(), path.clone(), one.clone());
        calls.spawn(async move { client.post(&path, &one).await.unwrap().0 });
    }
    let done = calls.join_all().await;
    let done = done.iter().filter(|status| status.is_success());
    assert_eq!(done.count(), 3);
    assert_eq!(left(&shop, &campaign).await, 857);
    books_balance(&shop).await;
}

#[tokio::test]
async fn points_are_taken_back_by_what_was_paid() {
    let shop = Shop::start().await;
    let promotion = json!({
        "name": "points", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [{"name": "one each",
            "proffer": {"points_back": {"per": 100, "points": 1}}}]}
    });
    let made = shop.post(NOON, "/v1/campaigns", &promotion).await;
    let tier = made["promotion"]["tiers"][0]["id"].as_str().unwrap();
    let body = json!({
        "redeemables": [{"object": "promotion_tier", "id": tier}],
        "customer": {"source_id": "ann"},
        "order": {"source_id": "o-1", "items": [
            {"source_id": "a", "quantity": 1, "price": 3_000},
            {"source_id": "b", "quantity": 1, "price": 1_000}]}
    });
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let programme = parse(Tag::Campaign, made["id"].as_str().unwrap()).unwrap();
    let customer = used["redemptions"][0]["customer_id"].as_str().unwrap();
    let account = chart::points(programme, parse(Tag::Customer, customer).unwrap());
    let store = shop.app.store();
    let points = || async {
        let found = store.account(SANDBOX, account).await.unwrap();
        found.unwrap().available().unwrap()
    };
    assert_eq!(points().await, 40);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(
        NOON,
        &path,
        &json!({"returned": [{"index": 1, "quantity": 1}]}),
    )
    .await;
    assert_eq!(points().await, 30);
    shop.post(NOON, &path, &json!({})).await;
    assert_eq!(points().await, 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_returns_nothing_is_refused() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let nothing = json!({"returned": []});
    let (status, answer) = shop.noon().post(&path, &nothing).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["key"], "invalid_payload");
    assert!(
        answer["details"].as_str().unwrap().starts_with("/returned"),
        "{answer}"
    );
    assert_eq!(left(&shop, &campaign).await, 0);
}

#[tokio::test]
async fn who_was_erased_can_still_be_refunded() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let campaign = shop
        .percent_off("welcome", 20, json!({"budget": 5_000}))
        .await;
    shop.policy("ranked", &[&campaign], 0).await;
    let decided = shop.decide(NOON, "ann").await;
    let code = find_code(&decided).expect("a code was granted");
    let mut body = using(&[&code], order("o-1", 10_000));
    body["customer"] = json!({"source_id": "ann"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(left(&shop, &campaign).await, 3_000);
    let gone = delete(&shop, "/v1/customers/ann").await;
    assert_eq!(gone.0, StatusCode::NO_CONTENT);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    shop.post(NOON, &format!("/v1/redemptions/{id}/rollback"), &json!({}))
        .await;
    assert_eq!(left(&shop, &campaign).await, 5_000);
    let voucher = shop.get(NOON, &format!("/v1/vouchers/{code}")).await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_comes_back_to_a_lapsed_gift_card_lapses_too() {
    let shop = Shop::start().await;
    let card = json!({
        "code": "GIFT", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000},
        "expiration_date": "2026-11-23T18:00:00Z"
    });
    let made = shop.post(NOON, "/v1/vouchers", &card).await;
    let card = VoucherId(parse(Tag::Voucher, made["id"].as_str().unwrap()).unwrap());
    let owed = async || {
        let store = shop.app.store();
        let account = store.account(SANDBOX, chart::gift_balance(card)).await;
        account.unwrap().unwrap().available().unwrap()
    };
    let lapsed = async |now: i64| {
        let done = shop.post(now, "/v1/sandbox/jobs", &json!({})).await;
        (done["lapsed"].clone(), done["breakage"].clone())
    };
    let body = using(&["GIFT"], order("o-1", 3_000));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(lapsed(NOON + 3 * DAY).await, (json!(1), json!(2_000)));
    assert_eq!(owed().await, 0);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(NOON + 3 * DAY + HOUR, &path, &json!({})).await;
    assert_eq!(owed().await, 3_000);
    // With the jobs of the day after, and once.
    assert_eq!(lapsed(NOON + 4 * DAY).await, (json!(1), json!(3_000)));
    assert_eq!(owed().await, 0);
    assert_eq!(lapsed(NOON + 5 * DAY).await, (json!(0), json!(0)));
    books_balance(&shop).await;
}
