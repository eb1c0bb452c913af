//! Validations: what they answer, and what they hold.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    redemptions::{books_balance, code, order, percent, redeem, refused, ten_off, using},
    shop::{MINUTE, NOON, Shop},
};

fn held(code: &str, source: &str, session: &str) -> Value {
    let mut body = using(&[code], order(source, 5_000));
    body["session"] = json!({"type": "LOCK", "key": session, "ttl": 30, "ttl_unit": "MINUTES"});
    body
}

#[tokio::test]
async fn the_answer_is_shaped_as_clients_expect() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let body = using(&["TEN"], json!({"amount": 20_000}));
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    let totals = json!({
        "amount": 20_000, "discount_amount": 1_000, "total_discount_amount": 1_000,
        "total_amount": 19_000, "applied_discount_amount": 1_000,
        "total_applied_discount_amount": 1_000, "customer_id": null, "referrer_id": null,
        "metadata": {}, "object": "order"
    });
    assert_eq!(answer["order"], totals);
    let list = json!({"data": [], "total": 0, "data_ref": "data", "object": "list"});
    let row = json!({
        "status": "APPLICABLE", "id": "TEN", "object": "voucher", "order": totals,
        "applicable_to": list, "inapplicable_to": list,
        "result": {"discount": {"type": "AMOUNT", "effect": "APPLY_TO_ORDER",
            "amount_off": 1_000, "is_dynamic": false}},
        "metadata": {}
    });
    assert_eq!(answer["redeemables"], json!([row]));
    for absent in ["session", "inapplicable_redeemables", "skipped_redeemables"] {
        assert!(answer.get(absent).is_none(), "{absent}");
    }
    assert_eq!(answer["stacking_rules"]["redeemables_limit"], 30);
}

#[tokio::test]
async fn one_that_fails_fails_all() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let body = using(&["NOPE", "TEN"], order("o-1", 20_000));
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(answer["valid"], false);
    assert!(answer.get("order").is_none());
    let rows = answer["redeemables"].as_array().unwrap();
    assert_eq!(rows[0]["status"], "INAPPLICABLE");
    assert_eq!(rows[0]["result"]["error"]["key"], "not_found");
    assert_eq!(rows[0]["result"]["error"]["proffer"]["code"], "not_found");
    assert_eq!(rows[1]["status"], "SKIPPED");
    assert_eq!(
        rows[1]["result"]["details"]["key"],
        "preceding_validation_failed"
    );
    assert_eq!(answer["inapplicable_redeemables"], json!([rows[0]]));
    assert_eq!(answer["skipped_redeemables"], json!([rows[1]]));
}

#[tokio::test]
async fn what_does_not_go_together_is_passed_over() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({"priority": 1})).await;
    code(
        &shop,
        "ALONE",
        percent(50),
        json!({"priority": 2, "stacking": "alone"}),
    )
    .await;
    let body = using(&["ALONE", "TEN"], order("o-1", 20_000));
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(answer["valid"], true);
    assert_eq!(answer["order"]["total_amount"], 19_000);
    let skipped = &answer["skipped_redeemables"][0];
    assert_eq!(skipped["id"], "ALONE");
    assert_eq!(
        skipped["result"]["details"]["key"],
        "exclusion_rules_not_met"
    );
    // More than five apply to no order.
    for n in 0..7 {
        code(&shop, &format!("C{n}"), ten_off(), json!({})).await;
    }
    let all = ["C0", "C1", "C2", "C3", "C4", "C5", "C6"];
    let body = using(&all, order("o-1", 20_000));
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(answer["order"]["total_amount"], 15_000);
    let skipped = answer["skipped_redeemables"].as_array().unwrap();
    assert_eq!(skipped.len(), 2);
    let key = &skipped[0]["result"]["details"]["key"];
    assert_eq!(key, "applicable_redeemables_limit_exceeded");
}

#[tokio::test]
async fn without_a_session_nothing_is_held() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "code", "limit": 1}]});
    code(&shop, "ONE", ten_off(), ours).await;
    for n in 0..3 {
        let body = using(&["ONE"], order(&format!("o-{n}"), 5_000));
        assert_eq!(
            shop.post(NOON, "/v1/validations", &body).await["valid"],
            true
        );
    }
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["ONE"], order("o-1", 5_000)),
    )
    .await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_session_holds_and_its_redemption_posts() {
    let shop = Shop::start().await;
    let ours = json!({"budget": 1_000, "caps": [{"reach": "code", "limit": 1}]});
    code(&shop, "ONE", ten_off(), ours).await;
    let answer = shop
        .post(NOON, "/v1/validations", &held("ONE", "o-1", "s-1"))
        .await;
    let session = json!({"key": "s-1", "type": "LOCK", "ttl": 30, "ttl_unit": "MINUTES"});
    assert_eq!(answer["session"], session);
    let other = using(&["ONE"], order("o-2", 5_000));
    refused(
        &shop.noon(),
        &other,
        "quantity_exceeded",
        "used_up_campaign",
    )
    .await;
    let answer = shop
        .post(NOON, "/v1/validations", &held("ONE", "o-2", "s-2"))
        .await;
    assert_eq!(answer["valid"], false);
    // Asking again under the same key holds anew, it does not hold twice.
    shop.post(NOON, "/v1/validations", &held("ONE", "o-1", "s-1"))
        .await;
    let used = shop
        .post(NOON, "/v1/redemptions", &held("ONE", "o-1", "s-1"))
        .await;
    assert_eq!(used["redemptions"][0]["session"]["key"], "s-1");
    assert_eq!(used["order"]["total_amount"], 4_000);
    books_balance(&shop).await;
    // The session went with the redemption.
    let call = (Method::DELETE, "/v1/vouchers/ONE/sessions/s-1");
    assert_eq!(delete(&shop, call.1).await.0, StatusCode::NOT_FOUND);
}

async fn delete(shop: &Shop, path: &str) -> (StatusCode, Value) {
    let authorization = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", authorization.as_str()),
        ("proffer-now", "2026-11-21T12:00:00Z"),
    ];
    let (status, _, answer) = shop.raw((Method::DELETE, path), &headers, "").await;
    (status, answer)
}

#[tokio::test]
async fn a_session_can_be_let_go() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "code", "limit": 1}]});
    code(&shop, "ONE", ten_off(), ours).await;
    shop.post(NOON, "/v1/validations", &held("ONE", "o-1", "s-1"))
        .await;
    let (status, answer) = delete(&shop, "/v1/vouchers/ONE/sessions/s-2").await;
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
    let (status, _) = delete(&shop, "/v1/vouchers/one/sessions/s-1").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["ONE"], order("o-2", 5_000)),
    )
    .await;
    // Who lost the hold is judged as anybody else.
    let (_, answer) = redeem(&shop.noon(), &held("ONE", "o-1", "s-1")).await;
    assert_eq!(answer["proffer"]["code"], "used_up_campaign");
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_redemption_posts_no_more_than_was_held() {
    let shop = Shop::start().await;
    code(&shop, "TENTH", percent(10), json!({"budget": 10_000})).await;
    shop.post(NOON, "/v1/validations", &held("TENTH", "o-1", "s-1"))
        .await;
    let mut grown = held("TENTH", "o-1", "s-1");
    grown["order"] = order("o-1", 9_000);
    let used = shop.post(NOON + MINUTE, "/v1/redemptions", &grown).await;
    assert_eq!(used["order"]["total_applied_discount_amount"], 500);
    // A hold whose time has come counts for nothing: the order is priced anew.
    shop.post(NOON, "/v1/validations", &held("TENTH", "o-2", "s-2"))
        .await;
    let mut late = held("TENTH", "o-2", "s-2");
    late["order"] = order("o-2", 9_000);
    let used = shop
        .post(NOON + 31 * MINUTE, "/v1/redemptions", &late)
        .await;
    assert_eq!(used["order"]["total_applied_discount_amount"], 900);
    books_balance(&shop).await;
}

/// A shop that hears nothing asks again: the code may be used once, and is held once.
#[tokio::test]
async fn a_session_that_is_asked_for_again_under_its_key_is_the_same() {
    let shop = Shop::start().await;
    let once = json!({"code": "TEN", "discount": ten_off(), "redemption": {"quantity": 1}});
    shop.post(NOON, "/v1/vouchers", &once).await;
    let client = shop.noon().with("idempotency-key", "k-1");
    let mut asked = using(&["TEN"], order("o-1", 5_000));
    asked["session"] = json!({"type": "LOCK"});
    let single = json!({"order": order("o-1", 5_000), "session": {"type": "LOCK"}});
    let (status, first) = client.post("/v1/validations", &asked).await.unwrap();
    assert_eq!((status.as_u16(), &first["valid"]), (200, &json!(true)));
    let (_, again) = client.post("/v1/validations", &asked).await.unwrap();
    assert_eq!(again, first);
    assert!(again["session"]["key"].is_string(), "{again}");
    let mut other = using(&["TEN"], order("o-2", 5_000));
    other["session"] = json!({"type": "LOCK"});
    let (status, _) = client.post("/v1/validations", &other).await.unwrap();
    assert_eq!(status, 422, "another request under the key");
    // What was refused is refused again, whatever became of it since.
    let client = shop.noon().with("idempotency-key", "k-2");
    let path = "/v1/vouchers/TEN/validate";
    let (_, held) = client.post(path, &single).await.unwrap();
    assert_eq!(held["valid"], false, "another session has it");
    let key = first["session"]["key"].as_str().unwrap();
    let release = format!("/v1/vouchers/TEN/sessions/{key}");
    assert_eq!(delete(&shop, &release).await.0, StatusCode::NO_CONTENT);
    let (_, again) = client.post(path, &single).await.unwrap();
    assert_eq!(again, held);
    let client = shop.noon().with("idempotency-key", "k-3");
    let (_, held) = client.post(path, &single).await.unwrap();
    assert_eq!(held["valid"], true, "{held}");
    assert_eq!(client.post(path, &single).await.unwrap().1, held);
}
