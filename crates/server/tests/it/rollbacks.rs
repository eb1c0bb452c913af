//! Rollbacks by line: what came back is given back, exactly, and never more than there was.

use axum::http::StatusCode;
use offers::{CampaignId, chart};
use serde_json::{Value, json};
use server::setup::SANDBOX;
use wire::ids::{Tag, parse};

use crate::{
    redemptions::{books_balance, code, redeem, ten_off, using},
    shop::{NOON, Shop},
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
    let tier = made["promotion"]["data"][0]["id"].as_str().unwrap();
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
