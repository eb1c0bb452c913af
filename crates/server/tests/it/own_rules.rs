//! A rule of one code of a campaign: it holds beside the campaign's, for this code alone.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    campaigns::delete,
    catalogue::{check, id},
    redemptions::{books_balance, order, redeem, ten_off, using},
    shop::{NOON, Shop},
};

async fn rule(shop: &Shop, name: &str, more: Value) -> String {
    let mut body = json!({"name": name, "error": {"message": name}});
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    id(&shop.post(NOON, "/v1/validation-rules", &body).await)
}

fn amount(operator: &str, minor: u64) -> Value {
    json!({"rules": {"1": {"name": "order.amount", "conditions": {operator: [minor]}}}})
}

/// Two codes of a campaign for orders of less than 100.00.
async fn two_codes(shop: &Shop) -> String {
    let below = rule(shop, "below 100", amount("$less_than", 10_000)).await;
    let campaign = json!({"name": "Two", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "redemption": {"quantity": null}},
        "validation_rules": [below]});
    let campaign = id(&shop.post(NOON, "/v1/campaigns", &campaign).await);
    for code in ["ONE", "OTHER"] {
        let path = format!("/v1/campaigns/{campaign}/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
    campaign
}

async fn assign(shop: &Shop, rule: &str, code: &str) -> (StatusCode, Value) {
    let path = format!("/v1/validation-rules/{rule}/assignments");
    let body = json!({"voucher": code});
    shop.noon().post(&path, &body).await.unwrap()
}

async fn is_valid(shop: &Shop, code: &str, price: u64) -> bool {
    let body = using(&[code], order("o", price));
    shop.post(NOON, "/v1/validations", &body).await["valid"] == true
}

#[tokio::test]
async fn a_rule_of_one_code_holds_beside_that_of_its_campaign() {
    let shop = Shop::start().await;
    two_codes(&shop).await;
    let from_50 = rule(&shop, "from 50", amount("$more_than_or_equal", 5_000)).await;
    let (status, made) = assign(&shop, &from_50, "ONE").await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made["related_object_type"], "voucher");
    for (code, price, expected) in [
        ("ONE", 4_999, false),
        ("ONE", 5_000, true),
        ("ONE", 10_000, false),
        ("OTHER", 4_999, true),
        ("OTHER", 10_000, false),
    ] {
        assert_eq!(
            is_valid(&shop, code, price).await,
            expected,
            "{code} {price}"
        );
    }
    // Redeemed as validated, and told in the words of the rule.
    let (status, answer) = redeem(&shop.noon(), &using(&["ONE"], order("o-1", 4_999))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["key"], "order_rules_violated");
    assert_eq!(answer["error"]["message"], "from 50");
    let (status, answer) = redeem(&shop.noon(), &using(&["ONE"], order("o-2", 5_000))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    // The best of both is what may be used.
    let body = using(&["ONE", "OTHER"], order("o-3", 4_999));
    let best = shop.post(NOON, "/v1/best-deals", &body).await;
    assert!(!best.to_string().contains("from 50"));
    let shown = shop.get(NOON, "/v1/vouchers/ONE").await;
    assert_eq!(shown["validation_rules_assignments"]["data"], json!([made]));
    let listed = format!("/v1/validation-rules/{from_50}/assignments");
    assert_eq!(shop.get(NOON, &listed).await["data"], json!([made]));
    let all = shop.get(NOON, "/v1/validation-rules-assignments").await;
    assert_eq!(all["total"], 2);
    // A change of the rule changes the code, and without it the campaign's is left.
    let path = format!("/v1/validation-rules/{from_50}");
    shop.put(&path, &amount("$more_than_or_equal", 6_000)).await;
    assert!(!is_valid(&shop, "ONE", 5_999).await && is_valid(&shop, "ONE", 6_000).await);
    let off = delete(&shop, &format!("{listed}/{}", id(&made))).await;
    assert_eq!(off.0, StatusCode::NO_CONTENT);
    assert!(is_valid(&shop, "ONE", 1_500).await && !is_valid(&shop, "ONE", 10_000).await);
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_code_may_come_with_its_rule_and_goes_with_it() {
    let shop = Shop::start().await;
    let campaign = two_codes(&shop).await;
    let from_50 = rule(&shop, "from 50", amount("$more_than_or_equal", 5_000)).await;
    let body = json!({"code": "NEW", "campaign_id": campaign, "validation_rules": [from_50]});
    shop.post(NOON, "/v1/vouchers", &body).await;
    assert!(!is_valid(&shop, "NEW", 4_999).await && is_valid(&shop, "NEW", 5_000).await);
    assert_eq!(assign(&shop, &from_50, "ONE").await.0, StatusCode::OK);
    let path = format!("/v1/validation-rules/{from_50}");
    assert_eq!(shop.get(NOON, &path).await["assignments_count"], 2);
    assert_eq!(
        delete(&shop, "/v1/vouchers/NEW").await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(shop.get(NOON, &path).await["assignments_count"], 1);
}

#[tokio::test]
async fn a_rule_of_one_code_counts_nothing() {
    let shop = Shop::start().await;
    two_codes(&shop).await;
    let limit = json!({"rules": {"1": {"name": "redemption.count.daily",
        "conditions": {"$less_than_or_equal": [1]}}}});
    let bundle = json!({"bundle_rules": {"1": {"name": "order.items.any",
        "conditions": {"$is": [{"object": "product", "id": "mug"}]},
        "rules": {"1": {"name": "order.items.aggregated_quantity",
            "conditions": {"$is": [2]}}, "logic": "1"}}, "logic": "1"}});
    for more in [limit, bundle] {
        let rule = rule(&shop, "counts", more).await;
        let path = format!("/v1/validation-rules/{rule}/assignments");
        let ask = (Method::POST, path.as_str(), &json!({"voucher": "ONE"}));
        check(&shop, ask, (400, "invalid_validation_rules")).await;
    }
    assert!(is_valid(&shop, "ONE", 1_500).await);
}
