//! Campaigns, tiers and validation rules: made, read, changed and removed.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    redemptions::{books_balance, code, order, percent, redeem, refused, ten_off, using},
    shop::{NOON, Shop},
};

pub async fn delete(shop: &Shop, path: &str) -> (StatusCode, Value) {
    let authorization = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", authorization.as_str()),
        ("proffer-now", "2026-11-21T12:00:00Z"),
    ];
    let (status, _, answer) = shop.raw((Method::DELETE, path), &headers, "").await;
    (status, answer)
}

async fn post_refused(shop: &Shop, path: &str, body: &Value, key: &str) {
    let (status, answer) = shop.noon().post(path, body).await.unwrap();
    assert!(status.is_client_error(), "{status} {answer}");
    assert_eq!(answer["key"], key, "{answer}");
}

#[tokio::test]
async fn a_campaign_is_found_by_id_and_by_name() {
    let shop = Shop::start().await;
    let id = code(&shop, "TEN", ten_off(), json!({"budget": 5_000})).await;
    let by_name = shop.get(NOON, "/v1/campaigns/for%20TEN").await;
    let by_id = shop.get(NOON, &format!("/v1/campaigns/{id}")).await;
    assert_eq!(by_name, by_id);
    assert_eq!(by_id["campaign_type"], "DISCOUNT_COUPONS");
    assert_eq!(by_id["vouchers_count"], 1);
    assert_eq!(by_id["proffer"]["budget"], 5_000);
    let list = shop.get(NOON, "/v1/campaigns?limit=100&unknown=y").await;
    assert_eq!((&list["total"], &list["campaigns"][0]), (&json!(1), &by_id));
    let taken = json!({"name": "for TEN", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"discount": ten_off()}});
    post_refused(&shop, "/v1/campaigns", &taken, "duplicate_found").await;
    let taken = json!({"name": "other", "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {"discount": ten_off(), "code_config": {"pattern": "ten"}}});
    post_refused(&shop, "/v1/campaigns", &taken, "duplicate_found").await;
    // Nothing is left of what was refused.
    assert_eq!(shop.get(NOON, "/v1/campaigns").await["total"], 1);
    // The live project knows nothing of it.
    let (status, _) = shop.live.get("/v1/campaigns/for%20TEN").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hostile_campaigns_are_refused() {
    let shop = Shop::start().await;
    let with = |voucher: Value| json!({"name": "x", "voucher": voucher});
    let ours = |proffer: Value| {
        json!({"name": "x",
        "campaign_type": "DISCOUNT_COUPONS", "voucher": {"discount": ten_off()},
        "proffer": proffer})
    };
    for body in [
        json!({}),
        json!(null),
        json!({"name": ""}),
        json!({"name": "x".repeat(10_000), "voucher": {"discount": ten_off()}}),
        json!({"name": 7}),
        with(json!({"type": "DISCOUNT_VOUCHER"})),
        with(json!({
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": 101}
        })),
        with(json!({"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": -1}})),
        with(json!({"type": "LOYALTY_CARD", "loyalty_card": {"points": -1}})),
        json!({"name": "x", "campaign_type": "LOYALTY_PROGRAM",
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}}),
        json!({"name": "x", "vouchers_count": 1_000_001, "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {"discount": ten_off()}}),
        json!({"name": "x", "validation_rules": ["val_nope"], "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {"discount": ten_off()}}),
        json!({"name": "x", "start_date": "soon", "voucher": {"discount": ten_off()}}),
        ours(json!({"rule": "order.amount >="})),
        ours(json!({"budget": -1})),
        ours(json!({"caps": [{"reach": "moon", "limit": 1}]})),
        ours(json!({"caps": [{"reach": "code", "limit": 1}, {"reach": "code", "limit": 2}]})),
        ours(json!({"currency": "EURO"})),
    ] {
        let (status, answer) = shop.noon().post("/v1/campaigns", &body).await.unwrap();
        assert!(status.is_client_error(), "{status} {body} {answer}");
        assert!(
            answer["key"].is_string() && answer["details"].is_string(),
            "{answer}"
        );
    }
    assert_eq!(shop.get(NOON, "/v1/campaigns").await["total"], 0);
}

#[tokio::test]
async fn a_changed_budget_moves_the_difference() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({"budget": 2_000})).await;
    let used = |n: u32| using(&["TEN"], order(&format!("o-{n}"), 5_000));
    let put = async |proffer: Value| {
        let body = json!({"proffer": proffer});
        shop.noon()
            .put("/v1/campaigns/for%20TEN", &body)
            .await
            .unwrap()
    };
    shop.post(NOON, "/v1/redemptions", &used(1)).await;
    shop.post(NOON, "/v1/redemptions", &used(2)).await;
    refused(
        &shop.noon(),
        &used(3),
        "redemption_rules_violated",
        "budget_reached",
    )
    .await;
    let (status, changed) = put(json!({"budget": 3_000})).await;
    assert_eq!(
        (status, &changed["proffer"]["budget"]),
        (StatusCode::OK, &json!(3_000))
    );
    shop.post(NOON, "/v1/redemptions", &used(3)).await;
    refused(
        &shop.noon(),
        &used(4),
        "redemption_rules_violated",
        "budget_reached",
    )
    .await;
    // It cannot fall below what is given.
    let (status, _) = put(json!({"budget": 2_999})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // Without a budget nothing is in the way; a new one counts what was given under the old.
    assert_eq!(put(json!({"budget": null})).await.0, StatusCode::OK);
    shop.post(NOON, "/v1/redemptions", &used(4)).await;
    assert_eq!(put(json!({"budget": 4_000})).await.0, StatusCode::OK);
    shop.post(NOON, "/v1/redemptions", &used(5)).await;
    refused(
        &shop.noon(),
        &used(6),
        "redemption_rules_violated",
        "budget_reached",
    )
    .await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_changed_cap_counts_for_everybody() {
    let shop = Shop::start().await;
    let caps = |customer: u64| json!({"caps": [{"reach": "customer", "limit": customer}]});
    code(&shop, "EACH", ten_off(), caps(1)).await;
    let used = |who: &str, n: u32| {
        let mut body = using(&["EACH"], order(&format!("{who}-{n}"), 5_000));
        body["customer"] = json!({"source_id": who});
        body
    };
    shop.post(NOON, "/v1/redemptions", &used("ann", 1)).await;
    let (_, answer) = redeem(&shop.noon(), &used("ann", 2)).await;
    assert_eq!(answer["proffer"]["code"], "used_up_person");
    shop.put("/v1/campaigns/for%20EACH", &json!({"proffer": caps(3)}))
        .await;
    shop.post(NOON, "/v1/redemptions", &used("ann", 2)).await;
    shop.post(NOON, "/v1/redemptions", &used("bob", 1)).await;
    // Who used more than is allowed from now on has nothing left.
    shop.put("/v1/campaigns/for%20EACH", &json!({"proffer": caps(1)}))
        .await;
    for who in ["ann", "bob"] {
        let (_, answer) = redeem(&shop.noon(), &used(who, 9)).await;
        assert_eq!(answer["proffer"]["code"], "used_up_person");
    }
    shop.post(NOON, "/v1/redemptions", &used("cid", 1)).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_is_removed_is_gone_and_its_name_is_free() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    assert_eq!(
        delete(&shop, "/v1/campaigns/for%20TEN").await.0,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        delete(&shop, "/v1/campaigns/for%20TEN").await.0,
        StatusCode::NOT_FOUND
    );
    let body = using(&["TEN"], order("o-1", 5_000));
    refused(&shop.noon(), &body, "not_found", "not_found").await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    shop.post(NOON, "/v1/redemptions", &body).await;
    // What a policy names stays.
    let id = shop.percent_off("named", 10, json!({})).await;
    shop.policy("ranked", &[&id], 0).await;
    let (status, answer) = delete(&shop, "/v1/campaigns/named").await;
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::BAD_REQUEST, &json!("resource_in_use"))
    );
}

#[tokio::test]
async fn tiers_are_added_changed_and_removed() {
    let shop = Shop::start().await;
    let promotion = json!({"name": "auto", "campaign_type": "PROMOTION"});
    let promotion = shop.post(NOON, "/v1/campaigns", &promotion).await;
    assert_eq!(promotion["promotion"]["total"], 0);
    let tier = json!({"name": "ten", "banner": "10 off", "action": {"discount": ten_off()}});
    let tier = shop.post(NOON, "/v1/promotions/auto/tiers", &tier).await;
    let id = tier["id"].as_str().unwrap();
    let path = format!("/v1/promotions/tiers/{id}");
    assert_eq!(shop.get(NOON, &path).await, tier);
    let body = json!({"redeemables": [{"object": "promotion_tier", "id": id}],
        "order": order("o-1", 5_000)});
    let off = async || {
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        answer["order"]["total_discount_amount"].as_u64()
    };
    assert_eq!(off().await, Some(1_000));
    shop.put(&path, &json!({"action": {"discount": percent(50)}}))
        .await;
    assert_eq!(off().await, Some(2_500));
    shop.post(NOON, &format!("{path}/disable"), &json!({}))
        .await;
    assert_eq!(off().await, None);
    shop.post(NOON, &format!("{path}/enable"), &json!({})).await;
    assert_eq!(off().await, Some(2_500));
    for list in ["/v1/promotions/tiers", "/v1/promotions/auto/tiers"] {
        assert_eq!(shop.get(NOON, list).await["tiers"][0]["id"], id);
    }
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(off().await, None);
    let codes = json!({"code": "X"});
    post_refused(
        &shop,
        "/v1/campaigns/auto/vouchers",
        &codes,
        "invalid_voucher",
    )
    .await;
}

#[tokio::test]
async fn a_rule_works_where_it_is_assigned() {
    let shop = Shop::start().await;
    let rule = |text: &str| json!({"name": "rule", "expression": text});
    let made = shop
        .post(NOON, "/v1/validation-rules", &rule("order.amount >= 10000"))
        .await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/validation-rules/{id}");
    let campaign = code(&shop, "TEN", ten_off(), json!({})).await;
    let voucher = json!({"code": "FREE", "discount": ten_off(), "validation_rules": [id]});
    shop.post(NOON, "/v1/vouchers", &voucher).await;
    let valid = async |code: &str, amount: u64| {
        let body = using(&[code], order("o-1", amount));
        shop.post(NOON, "/v1/validations", &body).await["valid"] == true
    };
    assert!(valid("TEN", 5_000).await);
    assert!(!valid("FREE", 5_000).await && valid("FREE", 10_000).await);
    let assign = json!({"campaign": campaign});
    let assigned = shop
        .post(NOON, &format!("{path}/assignments"), &assign)
        .await;
    assert_eq!(assigned["related_object_id"], campaign.as_str());
    assert!(!valid("TEN", 5_000).await && valid("TEN", 10_000).await);
    // A change of the rule changes all it is assigned to.
    shop.put(&path, &rule("order.amount >= 4000")).await;
    assert!(valid("TEN", 5_000).await && valid("FREE", 5_000).await);
    assert!(!valid("TEN", 3_999).await && !valid("FREE", 3_999).await);
    assert_eq!(shop.get(NOON, &path).await["assignments_count"], 2);
    let (status, answer) = delete(&shop, &path).await;
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::BAD_REQUEST, &json!("resource_in_use"))
    );
    let all = shop.get(NOON, "/v1/validation-rules-assignments").await;
    for row in all["data"].as_array().unwrap() {
        let one = format!("{path}/assignments/{}", row["id"].as_str().unwrap());
        assert_eq!(delete(&shop, &one).await.0, StatusCode::NO_CONTENT);
    }
    assert!(valid("TEN", 1_500).await && valid("FREE", 1_500).await);
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    post_refused(
        &shop,
        "/v1/validation-rules",
        &rule("order.amount >="),
        "invalid_payload",
    )
    .await;
}

#[tokio::test]
async fn a_pause_is_told_before_that_a_code_is_applied_already() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let noon = shop.noon();
    let (status, _) = redeem(&noon, &using(&["TEN"], order("o-1", 5_000))).await;
    assert_eq!(status, StatusCode::OK);
    // With another code, for the same call again is told the same answer.
    code(&shop, "MORE", ten_off(), json!({})).await;
    let again = using(&["TEN", "MORE"], order("o-1", 5_000));
    refused(&noon, &again, "duplicated_redeemables", "already_applied").await;
    shop.post(NOON, "/v1/vouchers/TEN/disable", &json!({}))
        .await;
    refused(&noon, &again, "voucher_disabled", "paused").await;
}
