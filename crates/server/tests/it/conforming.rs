//! What the protocol's official clients could not read, send or find, before each was mended.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    redemptions::{code, order, ten_off, using},
    shop::{NOON, Shop},
};

#[tokio::test]
async fn members_of_a_gift_may_be_null() {
    let shop = Shop::start().await;
    let gift = json!({"amount": 500, "balance": null, "subtracted_amount": null, "effect": null});
    let card = json!({"type": "GIFT_VOUCHER", "gift": gift});
    let card = shop.post(NOON, "/v1/vouchers/CARD", &card).await;
    assert_eq!(card["gift"]["balance"], 500);
}

#[tokio::test]
async fn what_is_asked_of_a_qualification_may_be_null() {
    let shop = Shop::start().await;
    let options = json!({"limit": null, "filters": null, "expand": null, "sorting_rule": null});
    let body = json!({"scenario": null, "options": options, "order": {"amount": 5_000}});
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    assert_eq!(answer["redeemables"]["total"], 0);
}

#[tokio::test]
async fn members_of_new_stacking_rules_may_be_null() {
    let shop = Shop::start().await;
    let path = "/management/v1/projects/proj_0000000000002/stacking-rules";
    let rules = json!({"redeemables_limit": null, "joint_categories": null,
        "redeemables_application_mode": "PARTIAL", "redeemables_no_effect_rule": null,
        "applicable_redeemables_per_category_limit": null});
    let made = shop.post(NOON, path, &rules).await;
    assert_eq!(made["redeemables_limit"], 30);
    assert_eq!(made["joint_categories"], json!([]));
    assert_eq!(made["redeemables_application_mode"], "PARTIAL");
    assert_eq!(made["redeemables_no_effect_rule"], "SKIP");
    // This limit `null` takes away.
    assert_eq!(
        made["applicable_redeemables_per_category_limit"],
        Value::Null
    );
}

#[tokio::test]
async fn what_codes_of_a_campaign_are_is_told_whole() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "spring", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    let voucher = &shop.post(NOON, "/v1/campaigns", &campaign).await["voucher"];
    assert_eq!(voucher["code_config"], json!({}));
    assert_eq!(voucher["redemption"], json!({"quantity": null}));
    assert_eq!(voucher["is_referral_code"], false);
}

#[tokio::test]
async fn goods_of_a_rule_stand_in_plain_lists() {
    let shop = Shop::start().await;
    let product = json!({"source_id": "mug", "name": "Mug"});
    let product = shop.post(NOON, "/v1/products", &product).await;
    let goods = json!({"included": [{"id": product["id"], "object": "product"}], "excluded": []});
    let rule = json!({"name": "mugs", "rules": {}, "applicable_to": goods});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    assert_eq!(rule["applicable_to"]["included"][0]["id"], product["id"]);
    assert_eq!(rule["applicable_to"]["excluded"], json!([]));
}

#[tokio::test]
async fn assignments_of_one_are_counted_by_themselves() {
    let shop = Shop::start().await;
    let mut made = Vec::new();
    for name in ["A", "B"] {
        let rule = json!({"name": name, "rules": {}});
        let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
        let body = json!({"discount": ten_off(), "validation_rules": [rule["id"]]});
        let voucher = shop
            .post(NOON, &format!("/v1/vouchers/{name}"), &body)
            .await;
        made.push(
            [rule["id"].clone(), voucher["id"].clone()].map(|id| id.as_str().unwrap().to_owned()),
        );
    }
    let list = async |query: &str| {
        let path = format!("/v1/validation-rules-assignments?{query}");
        let listed = shop.get(NOON, &path).await;
        let rows = listed["data"].as_array().unwrap().len() as u64;
        (listed["total"].as_u64().unwrap(), rows)
    };
    let [rule, voucher] = &made[0];
    let [_, other] = &made[1];
    assert_eq!(list("").await, (2, 2));
    assert_eq!(list(&format!("rule={rule}")).await, (1, 1));
    assert_eq!(list(&format!("related_object_id={voucher}")).await, (1, 1));
    assert_eq!(
        list(&format!("rule={rule}&related_object_id={voucher}")).await,
        (1, 1)
    );
    assert_eq!(
        list(&format!("rule={rule}&related_object_id={other}")).await,
        (0, 0)
    );
    assert_eq!(list("rule=nobody").await, (0, 0));
    assert_eq!(list(&format!("rule={rule}&page=2")).await, (1, 0));
}

#[tokio::test]
async fn a_promotion_is_static_and_may_be_joined_again() {
    let shop = Shop::start().await;
    let promotion = json!({"name": "auto", "campaign_type": "PROMOTION"});
    let promotion = shop.post(NOON, "/v1/campaigns", &promotion).await;
    assert_eq!(promotion["type"], "STATIC");
    assert_eq!(promotion["join_once"], false);
}

#[tokio::test]
async fn a_rollback_names_what_was_used() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let tier = json!({"name": "auto", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [{"name": "ten", "action": {"discount": ten_off()}}]}});
    let tier = shop.post(NOON, "/v1/campaigns", &tier).await;
    let tier = tier["promotion"]["tiers"][0]["id"].as_str().unwrap();
    let mut body = using(&["TEN"], order("o-1", 5_000));
    let both = body["redeemables"].as_array_mut().unwrap();
    both.push(json!({"object": "promotion_tier", "id": tier}));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let parent = used["parent_redemption"]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{parent}/rollbacks");
    let back = shop.post(NOON, &path, &json!({})).await;
    assert_eq!(back["rollbacks"][0]["voucher"]["code"], "TEN");
    assert_eq!(back["rollbacks"][1]["promotion_tier"]["id"], tier);
    let id = back["rollbacks"][0]["id"].as_str().unwrap();
    let read = shop.get(NOON, &format!("/v1/redemptions/{id}")).await;
    assert_eq!(read["voucher"]["code"], "TEN");
}

#[tokio::test]
async fn changing_a_customer_nobody_knows_makes_nobody() {
    let shop = Shop::start().await;
    for name in ["ann", "cust_0000000000009"] {
        let path = format!("/v1/customers/{name}");
        let (status, answer) = shop.noon().put(&path, &json!({"name": "A"})).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
        assert_eq!(answer["key"], "not_found");
    }
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 0);
}

#[tokio::test]
async fn a_management_key_is_a_key() {
    let shop = Shop::start().await;
    let headers = [("x-management-token", shop.sandbox_key.as_str())];
    let path = "/management/v1/projects/proj_0000000000002/stacking-rules";
    let (status, _, listed) = shop.raw((Method::GET, path), &headers, "").await;
    assert_eq!((status, &listed["total"]), (StatusCode::OK, &json!(0)));
    let (status, _, _) = shop
        .raw((Method::GET, path), &[("x-management-token", "?")], "")
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_a_rule_says_is_told_where_it_is_not_met() {
    let shop = Shop::start().await;
    let node = |more: Value| {
        let mut node = json!({"name": "order.amount", "conditions": {"$more_than": [9_000]}});
        let all = node.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        node
    };
    let of_rule = json!({"name": "a", "rules": {"1": node(json!({}))},
        "error": {"message": "Spend more"}});
    let of_node = json!({"name": "b", "rules": {"1": node(json!({"error": {"message": "More"}}))}});
    let silent = json!({"name": "c", "rules": {"1": node(json!({}))}});
    let rows = [
        (of_rule, json!({"message": "Spend more"})),
        (of_node, json!({"message": "More"})),
        (silent, Value::Null),
    ];
    for (at, (rule, said)) in rows.into_iter().enumerate() {
        let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
        let name = format!("CODE-{at}");
        let body = json!({"discount": ten_off(), "validation_rules": [rule["id"]]});
        shop.post(NOON, &format!("/v1/vouchers/{name}"), &body)
            .await;
        let body = using(&[&name], order(&name, 5_000));
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        let error = &answer["redeemables"][0]["result"]["error"];
        assert_eq!(
            (&error["key"], &error["error"]),
            (&json!("order_rules_violated"), &said)
        );
        let (_, refused) = shop.noon().post("/v1/redemptions", &body).await.unwrap();
        assert_eq!(refused["error"], said);
    }
}
