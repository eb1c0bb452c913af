//! The older calls about one redeemable.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    clients::Page,
    redemptions::{books_balance, code, order, percent, ten_off},
    shop::{NOON, Shop},
};

fn on(price: u64) -> Value {
    json!({"order": order("o-1", price), "tracking_id": "t-1", "metadata": {"k": 1}})
}

async fn refused(shop: &Shop, path: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = shop.noon().post(path, body).await.unwrap();
    (status.as_u16(), answer)
}

#[tokio::test]
async fn one_voucher_is_validated() {
    let shop = Shop::start().await;
    let campaign = code(&shop, "TEN", ten_off(), json!({})).await;
    let seen = shop
        .post(NOON, "/v1/vouchers/ten/validate", &on(20_000))
        .await;
    assert_eq!(
        (&seen["valid"], &seen["code"]),
        (&json!(true), &json!("TEN"))
    );
    assert_eq!(seen["discount"]["amount_off"], 1_000);
    assert_eq!(seen["order"]["total_amount"], 19_000);
    assert_eq!(
        (&seen["campaign"], &seen["campaign_id"]),
        (&json!("for TEN"), &json!(campaign))
    );
    assert_eq!(seen["tracking_id"], "t-1");
    assert_eq!(seen["applicable_to"]["object"], "list");
    assert!(seen.get("error").is_none());
    let seen = shop
        .post(NOON, "/v1/vouchers/NOPE/validate", &on(20_000))
        .await;
    assert_eq!(
        (&seen["valid"], &seen["code"]),
        (&json!(false), &json!("NOPE"))
    );
    assert_eq!(
        (&seen["error"]["code"], &seen["error"]["key"]),
        (&json!(404), &json!("not_found"))
    );
    assert_eq!(
        (&seen["reason"], &seen["tracking_id"]),
        (&json!("Resource not found"), &json!("t-1"))
    );
    assert!(seen.get("order").is_none());
    // Nothing to take off: it says so.
    let seen = shop
        .post(NOON, "/v1/vouchers/TEN/validate", &json!({}))
        .await;
    assert_eq!(seen["valid"], false);
    assert!(seen["error"]["key"].is_string(), "{seen}");
    let wrong = json!({"order": 7});
    assert_eq!(
        refused(&shop, "/v1/vouchers/TEN/validate", &wrong).await.0,
        400
    );
}

#[tokio::test]
async fn one_voucher_is_held_and_used() {
    let shop = Shop::start().await;
    let card = json!({"code": "GIFT", "gift": {"amount": 5_000}});
    shop.post(NOON, "/v1/vouchers", &card).await;
    let mut body = on(20_000);
    body["gift"] = json!({"credits": 3_000});
    body["session"] = json!({"type": "LOCK", "key": "s-1"});
    let seen = shop.post(NOON, "/v1/vouchers/GIFT/validate", &body).await;
    assert_eq!(
        seen["gift"],
        json!({"amount": 5_000, "balance": 5_000, "credits": 3_000})
    );
    assert_eq!(
        (&seen["session"]["key"], &seen["session"]["ttl"]),
        (&json!("s-1"), &json!(7))
    );
    let path = "/v1/vouchers/GIFT/redemption";
    body.as_object_mut().unwrap().remove("tracking_id");
    let used = shop
        .post(NOON, &format!("{path}?tracking_id=t-2"), &body)
        .await;
    assert_eq!(
        (&used["object"], &used["result"]),
        (&json!("redemption"), &json!("SUCCESS"))
    );
    assert_eq!(
        (&used["amount"], &used["tracking_id"]),
        (&json!(3_000), &json!("t-2"))
    );
    assert_eq!(used["order"]["total_applied_discount_amount"], 3_000);
    assert_eq!(used["voucher"]["code"], "GIFT");
    let kept = shop
        .get(
            NOON,
            &format!("/v1/redemptions/{}", used["id"].as_str().unwrap()),
        )
        .await;
    assert_eq!(
        (&kept["id"], &kept["status"]),
        (&used["id"], &json!("SUCCEEDED"))
    );
    let uses = shop.get(NOON, path).await;
    assert_eq!(uses["total"], 1);
    let (status, answer) = refused(&shop, "/v1/vouchers/NOPE/redemption", &on(100)).await;
    assert_eq!((status, &answer["key"]), (404, &json!("not_found")));
    let (status, _) = shop.live.post(path, &on(100)).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_retry_of_one_redemption_is_answered_as_before() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let mut body = on(20_000);
    body["order"].as_object_mut().unwrap().remove("source_id");
    let client = shop.noon().with("idempotency-key", "once");
    let path = "/v1/vouchers/TEN/redemption";
    let (_, first) = client.post(path, &body).await.unwrap();
    let (_, second) = client.post(path, &body).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first["object"], "redemption");
    body["metadata"] = json!({"k": 2});
    let (status, _) = client.post(path, &body).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let voucher = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 1);
}

async fn tiers(shop: &Shop) -> Vec<String> {
    let campaign = json!({
        "name": "tiers", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [
            {"name": "ten", "hierarchy": 2, "banner": "10 off", "action": {"discount": ten_off()}},
            {"name": "half", "hierarchy": 1, "action": {"discount": percent(50)}}
        ]}
    });
    let made = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let tiers = made["promotion"]["tiers"].as_array().unwrap();
    tiers
        .iter()
        .map(|tier| tier["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn tiers_are_validated_together_and_alone() {
    let shop = Shop::start().await;
    let ids = tiers(&shop).await;
    let seen = shop
        .post(NOON, "/v1/promotions/validation", &on(20_000))
        .await;
    assert_eq!(
        (&seen["valid"], &seen["tracking_id"]),
        (&json!(true), &json!("t-1"))
    );
    let all = seen["promotions"].as_array().unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|one| (&one["name"], &one["discount_amount"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("half"), &json!(10_000)),
            (&json!("ten"), &json!(1_000))
        ]
    );
    assert_eq!(
        (&all[1]["banner"], &all[1]["campaign"]["object"]),
        (&json!("10 off"), &json!("campaign"))
    );
    assert_eq!(all[0]["order"]["total_amount"], 10_000);
    let one = format!("/v1/promotions/tiers/{}/validation", ids[0]);
    let seen = shop.post(NOON, &one, &on(20_000)).await;
    assert_eq!(
        (&seen["valid"], &seen["id"]),
        (&json!(true), &json!(ids[0]))
    );
    assert_eq!(
        (
            &seen["discount"]["amount_off"],
            &seen["applied_discount_amount"]
        ),
        (&json!(1_000), &json!(1_000))
    );
    shop.post(
        NOON,
        &format!("/v1/promotions/tiers/{}/disable", ids[0]),
        &json!({}),
    )
    .await;
    let seen = shop.post(NOON, &one, &on(20_000)).await;
    assert_eq!(
        (&seen["valid"], &seen["error"]["key"]),
        (&json!(false), &json!("promotion_inactive"))
    );
}

#[tokio::test]
async fn tiers_that_are_not_there_and_bodies_that_are_none_are_refused() {
    let shop = Shop::start().await;
    let one = format!("/v1/promotions/tiers/{}/validation", tiers(&shop).await[0]);
    let none = "/v1/promotions/tiers/promo_0000000000001/validation";
    let (status, answer) = refused(&shop, none, &on(100)).await;
    assert_eq!(
        (status, &answer["resource_type"]),
        (404, &json!("promotion_tier"))
    );
    assert_eq!(
        shop.live.post(&one, &on(100)).await.unwrap().0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        refused(&shop, "/v1/promotions/validation", &json!([]))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn one_tier_is_used() {
    let shop = Shop::start().await;
    let ids = tiers(&shop).await;
    let path = format!("/v1/promotions/tiers/{}/redemption", ids[1]);
    let used = shop.post(NOON, &path, &on(20_000)).await;
    assert_eq!(
        (&used["object"], &used["result"]),
        (&json!("redemption"), &json!("SUCCESS"))
    );
    assert_eq!(used["promotion_tier"]["id"], ids[1].as_str());
    assert_eq!(used["order"]["total_amount"], 10_000);
    assert_eq!(
        shop.live.post(&path, &on(100)).await.unwrap().0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(refused(&shop, &path, &json!({"order": []})).await.0, 400);
    books_balance(&shop).await;
}

#[tokio::test]
async fn the_oldest_pages_ask_by_query() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let get = async |query: &str| {
        let path = format!("/client/v1/validate?{query}");
        let (status, headers, answer) = page.asks((Method::GET, &path), &json!({})).await;
        assert_eq!(headers["access-control-allow-origin"], page.origin);
        (status.as_u16(), answer)
    };
    let (_, seen) = get("code=TEN&amount=20000&tracking_id=t-1&metadata%5Bk%5D=1").await;
    assert_eq!(
        (&seen["valid"], &seen["order"]["total_amount"]),
        (&json!(true), &json!(19_000))
    );
    assert_eq!(
        (&seen["campaign"], &seen["tracking_id"]),
        (&json!("for TEN"), &json!("t-1"))
    );
    let items = "code=TEN&order%5Bitems%5D%5B0%5D%5Bproduct_id%5D=p&\
                 order%5Bitems%5D%5B0%5D%5Bquantity%5D=2&order%5Bitems%5D%5B0%5D%5Bprice%5D=900";
    let (_, seen) = get(items).await;
    assert_eq!(seen["order"]["total_amount"], 800, "{seen}");
    let lock = "code=TEN&amount=20000&session_type=LOCK&session_key=s-1&session_ttl=2\
                &session_ttl_unit=HOURS";
    let (_, seen) = get(lock).await;
    assert_eq!(
        seen["session"],
        json!({"key": "s-1", "type": "LOCK", "ttl": 2, "ttl_unit": "HOURS"})
    );
    let (_, seen) = get("code=NOPE&amount=20000").await;
    assert_eq!(
        (&seen["valid"], &seen["error"]["key"]),
        (&json!(false), &json!("not_found"))
    );
    for wrong in [
        "amount=1",
        "code=%20",
        "code=TEN&a%5B=1",
        "code=TEN&order=7",
    ] {
        assert_eq!(get(wrong).await.0, 400, "{wrong}");
    }
    let path = "/client/v1/redeem?code=TEN&tracking_id=t-2";
    let used = page
        .posts(path, &json!({"order": {"amount": 20_000}}))
        .await;
    assert_eq!(
        (&used["object"], &used["tracking_id"]),
        (&json!("redemption"), &json!("t-2"))
    );
    let (status, _, _) = page
        .asks((Method::POST, "/client/v1/redeem"), &json!({}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    shop.put("/v1/settings", &json!({"client_redeem_enabled": false}))
        .await;
    let (status, _, _) = page.asks((Method::POST, path), &json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
