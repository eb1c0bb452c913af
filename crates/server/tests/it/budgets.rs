//! Limits that validation rules set on keys, on what orders cost, and on credit.

use serde_json::{Value, json};
use server::{
    auth::Scope,
    client::Client,
    setup::{self, SANDBOX},
};
use tokio::task::JoinSet;

use crate::{
    redemptions::{books_balance, order, redeem, refused, ten_off, using},
    shop::{NOON, Shop},
};

/// What one node of this name and limit makes of a rule.
async fn rule(shop: &Shop, name: &str, limit: u64) -> Value {
    let conditions = json!({"$less_than_or_equal": [limit]});
    let nodes = json!({"1": {"name": name, "conditions": conditions}});
    let rule = json!({"name": name, "rules": nodes});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    json!([rule["id"]])
}

/// A campaign of one code for everybody, under such a rule.
async fn limited(shop: &Shop, code: &str, (name, limit): (&str, u64)) {
    let campaign = json!({
        "name": code, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "code_config": {"pattern": code}},
        "validation_rules": rule(shop, name, limit).await,
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
}

const SPENT: (&str, &str) = ("redemption_rules_violated", "budget_reached");

#[tokio::test]
async fn each_key_has_a_limit_of_its_own() {
    let shop = Shop::start().await;
    let name = "redemption.count.per_api_key";
    limited(&shop, "KEYS", (name, 1)).await;
    let key = setup::new_key(&shop.app, SANDBOX, "till", &[Scope::Redeem]);
    let key = key.await.unwrap();
    let till = Client::new(&shop.base, &key).with("proffer-now", "2026-11-21T12:00:00Z");
    let body = |source: &str| using(&["KEYS"], order(source, 5_000));
    let (status, used) = redeem(&shop.noon(), &body("a")).await;
    assert_eq!(status, 200, "{used}");
    // Asked again, it is the same redemption and counts once.
    assert_eq!(redeem(&shop.noon(), &body("a")).await.0, 200);
    refused(&shop.noon(), &body("b"), SPENT.0, SPENT.1).await;
    assert_eq!(redeem(&till, &body("b")).await.0, 200);
    refused(&till, &body("c"), SPENT.0, SPENT.1).await;
    // What is rolled back may be used again, by the key that used it.
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(NOON, &path, &json!({})).await;
    refused(&till, &body("c"), SPENT.0, SPENT.1).await;
    assert_eq!(redeem(&shop.noon(), &body("c")).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_stop_where_together_they_cost_too_much() {
    let shop = Shop::start().await;
    limited(&shop, "ORDERS", ("campaign.orders.amount", 45_000)).await;
    let mut running = JoinSet::new();
    for nth in 0..16 {
        let body = using(&["ORDERS"], order(&format!("o-{nth}"), 10_000));
        let client = shop.noon();
        running.spawn(async move { redeem(&client, &body).await });
    }
    let answers = running.join_all().await;
    let used = answers.iter().filter(|(status, _)| *status == 200);
    // What is taken off does not count: four of ten thousand each go in.
    assert_eq!(used.count(), 4, "{answers:?}");
    let too_dear = using(&["ORDERS"], order("dear", 5_001));
    let answer = refused(&shop.noon(), &too_dear, SPENT.0, SPENT.1).await;
    let sentence = "All of these have gone.";
    assert_eq!(answer["proffer"]["sentence"], sentence);
    let fits = using(&["ORDERS"], order("fits", 5_000));
    assert_eq!(redeem(&shop.noon(), &fits).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test]
async fn an_order_that_grew_since_it_was_held_counts_whole() {
    let shop = Shop::start().await;
    limited(&shop, "GROWS", ("campaign.orders.amount", 30_000)).await;
    let body = |price: u64| {
        let mut body = using(&["GROWS"], order("a", price));
        body["session"] = json!({"type": "LOCK", "key": "basket"});
        body
    };
    let held = shop.post(NOON, "/v1/validations", &body(10_000)).await;
    assert_eq!(held["valid"], true, "{held}");
    let others = using(&["GROWS"], order("b", 20_001));
    refused(&shop.noon(), &others, SPENT.0, SPENT.1).await;
    refused(&shop.noon(), &body(30_001), SPENT.0, SPENT.1).await;
    assert_eq!(redeem(&shop.noon(), &body(25_000)).await.0, 200);
    let rest = using(&["GROWS"], order("c", 5_001));
    refused(&shop.noon(), &rest, SPENT.0, SPENT.1).await;
    let rest = using(&["GROWS"], order("c", 5_000));
    assert_eq!(redeem(&shop.noon(), &rest).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test]
async fn gift_cards_of_a_campaign_pay_so_much_together() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "Gifts", "campaign_type": "GIFT_VOUCHERS",
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5_000}},
        "validation_rules": rule(&shop, "redemption.gift.amount", 6_000).await});
    let campaign = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let campaign = campaign["id"].as_str().unwrap();
    for code in ["ONE", "TWO"] {
        let path = format!("/v1/campaigns/{campaign}/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
    let pays = |code: &str, source: &str, credits: u64| {
        let mut body = using(&[code], order(source, 9_000));
        body["redeemables"][0]["gift"] = json!({"credits": credits});
        body
    };
    let used = shop
        .post(NOON, "/v1/redemptions", &pays("ONE", "a", 4_500))
        .await;
    assert_eq!(used["order"]["total_amount"], 4_500);
    refused(&shop.noon(), &pays("TWO", "b", 1_501), SPENT.0, SPENT.1).await;
    let used = shop
        .post(NOON, "/v1/redemptions", &pays("TWO", "b", 1_500))
        .await;
    assert_eq!(used["order"]["total_amount"], 7_500);
    refused(&shop.noon(), &pays("TWO", "c", 1), SPENT.0, SPENT.1).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_counts_nobody_is_refused() {
    let shop = Shop::start().await;
    let check = async |name: &str, operator: &str, details: &str| {
        let nodes = json!({"1": {"name": name, "conditions": {operator: [5]}}});
        let rule = json!({"name": "Wrong", "rules": nodes});
        let answer = shop.noon().post("/v1/validation-rules", &rule).await;
        let (status, answer) = answer.unwrap();
        assert_eq!(status, 400);
        assert_eq!(answer["key"], "invalid_payload");
        assert_eq!(answer["details"], details);
    };
    let users = "/rules/1/name: redemption.count.per_user: keys of the API redeem here, and no \
                 users: count per_api_key";
    check("redemption.count.per_user", "$less_than", users).await;
    let limit = "/rules/1/conditions/$more_than: a limit needs $less_than_or_equal";
    check("campaign.orders.amount", "$more_than", limit).await;
}

#[tokio::test]
async fn a_strict_product_does_not_cover_its_skus() {
    let shop = Shop::start().await;
    let goods = json!({"included": [{"object": "product", "id": "shirt", "strict": true}]});
    let rule = json!({"name": "Strict", "rules": {}, "applicable_to": goods});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let campaign = json!({
        "name": "Strict", "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10},
            "code_config": {"pattern": "STRICT"}},
        "validation_rules": [rule["id"]],
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    let order = json!({"items": [
        {"product_id": "shirt", "quantity": 1, "price": 2_000},
        {"product_id": "shirt", "sku_id": "shirt-l", "quantity": 1, "price": 3_000},
    ]});
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["STRICT"], order))
        .await;
    assert_eq!(answer["order"]["total_amount"], 4_800, "{answer}");
}

#[tokio::test]
async fn a_rule_may_name_the_key() {
    let shop = Shop::start().await;
    let valid = async |operator: &str| {
        let nodes = json!({"1": {"name": "redemption.api_key", "conditions": {operator: ["0"]}}});
        let rule = json!({"name": operator, "rules": nodes});
        let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
        let code = operator.trim_start_matches('$').to_uppercase();
        let voucher = json!({"code": code, "type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "validation_rules": [rule["id"]]});
        shop.post(NOON, "/v1/vouchers", &voucher).await;
        let body = using(&[&code], order("a", 5_000));
        shop.post(NOON, "/v1/validations", &body).await
    };
    // No key has this number.
    assert_eq!(valid("$is_not").await["valid"], true);
    let other = valid("$is").await;
    let error = &other["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "redemption_rules_violated", "{other}");
}
