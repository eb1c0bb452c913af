//! Stacking rules: how they are set, and what they do to what is put forward.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    redemptions::{code, order, percent, ten_off, using},
    shop::{NOON, Shop},
};

const SANDBOX: &str = "/management/v1/projects/proj_0000000000002/stacking-rules";

async fn call(shop: &Shop, (method, path): (Method, &str), body: &Value) -> (u16, Value) {
    let key = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
    ];
    let (status, _, answer) = shop.raw((method, path), &headers, body.to_string()).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn they_are_set_changed_and_taken_back() {
    let shop = Shop::start().await;
    let none = shop.get(NOON, SANDBOX).await;
    assert_eq!(
        (&none["total"], &none["object"]),
        (&json!(0), &json!("list"))
    );
    let sent =
        json!({"applicable_redeemables_limit": 2, "redeemables_application_mode": "PARTIAL"});
    let made = shop.post(NOON, SANDBOX, &sent).await;
    assert_eq!(made["object"], "stacking_rules");
    assert_eq!(made["applicable_redeemables_limit"], 2);
    assert_eq!(made["redeemables_limit"], 30);
    assert_eq!(made["updated_at"], Value::Null);
    let twice = call(&shop, (Method::POST, SANDBOX), &sent).await;
    assert_eq!(
        (twice.0, &twice.1["key"]),
        (409, &json!("stacking_rules_exist"))
    );
    let one = format!("{SANDBOX}/{}", made["id"].as_str().unwrap());
    assert_eq!(shop.get(NOON, &one).await, made);
    assert_eq!(shop.get(NOON, SANDBOX).await["data"], json!([made]));
    let change = json!({"discount_calculation_mode": "INITIAL_AMOUNT"});
    let changed = shop.put(&one, &change).await;
    assert_eq!(changed["discount_calculation_mode"], "INITIAL_AMOUNT");
    assert_eq!(
        changed["applicable_redeemables_limit"], 2,
        "what is absent stays"
    );
    assert!(changed["updated_at"].is_string());
    let gone = call(&shop, (Method::DELETE, &one), &Value::Null).await;
    assert_eq!(gone.0, 204);
    let missing = call(&shop, (Method::GET, &one), &Value::Null).await;
    assert_eq!(
        (missing.0, &missing.1["resource_type"]),
        (404, &json!("stacking_rules"))
    );
}

#[tokio::test]
async fn what_they_may_not_say_is_refused_with_its_place() {
    let shop = Shop::start().await;
    let check = async |body: Value, details: &str| {
        let (status, answer) = call(&shop, (Method::POST, SANDBOX), &body).await;
        assert_eq!(
            (status, &answer["key"]),
            (400, &json!("invalid_payload")),
            "{answer}"
        );
        assert_eq!(answer["details"], details);
    };
    check(
        json!({"redeemables_limit": 31}),
        "/redeemables_limit: from 1 to 30",
    )
    .await;
    check(
        json!({"applicable_exclusive_redeemables_limit": 0}),
        "/applicable_exclusive_redeemables_limit: from 1 to 5",
    )
    .await;
    check(
        json!({"exclusive_categories": ["shoes"]}),
        "/exclusive_categories: shoes is no category's id",
    )
    .await;
    let both = json!(["cat_0000000000001"]);
    check(
        json!({"exclusive_categories": both, "joint_categories": both}),
        "/joint_categories: cat_0000000000001 cannot be exclusive and joint",
    )
    .await;
    check(
        json!({"no_effect_skip_categories": both, "no_effect_redeem_anyway_categories": both}),
        "/no_effect_redeem_anyway_categories: may not name what its counterpart names",
    )
    .await;
    let elsewhere = SANDBOX.replace("02/", "01/");
    let (status, answer) = call(&shop, (Method::POST, &elsewhere), &json!({})).await;
    assert_eq!((status, &answer["resource_type"]), (404, &json!("project")));
}

#[tokio::test]
async fn the_rest_applies_where_the_rules_are_partial() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(&shop, "FIFTH", percent(20), json!({})).await;
    let partial = json!({"redeemables_application_mode": "PARTIAL"});
    shop.post(NOON, SANDBOX, &partial).await;
    let body = using(&["NOPE", "TEN", "FIFTH"], order("o-1", 20_000));
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(answer["valid"], true);
    assert_eq!(answer["order"]["total_amount"], 15_200);
    let names = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().into_iter().flatten();
        rows.map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&answer["redeemables"]), ["TEN", "FIFTH"]);
    assert_eq!(names(&answer["inapplicable_redeemables"]), ["NOPE"]);
    assert_eq!(
        answer["stacking_rules"]["redeemables_application_mode"],
        "PARTIAL"
    );
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(used["order"]["total_amount"], 15_200);
    assert_eq!(used["redemptions"].as_array().unwrap().len(), 2);
    assert_eq!(names(&used["inapplicable_redeemables"]), ["NOPE"]);
    let body = using(&["NOPE"], order("o-2", 20_000));
    let (status, answer) = call(&shop, (Method::POST, "/v1/redemptions"), &body).await;
    let expected = json!("no_applicable_redeemables");
    assert_eq!((status, &answer["key"]), (400, &expected));
}

#[tokio::test]
async fn as_many_apply_as_they_say_and_on_what_they_say() {
    let shop = Shop::start().await;
    for name in ["A", "B", "C"] {
        code(&shop, name, percent(10), json!({})).await;
    }
    let rules = json!({
        "applicable_redeemables_limit": 2, "discount_calculation_mode": "INITIAL_AMOUNT",
    });
    shop.post(NOON, SANDBOX, &rules).await;
    let body = using(&["A", "B", "C"], order("o-1", 10_000));
    let answer = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(
        (&answer["valid"], &answer["order"]["total_amount"]),
        (&json!(true), &json!(8_000))
    );
    let skipped = &answer["skipped_redeemables"][0];
    assert_eq!(skipped["id"], "C");
    assert_eq!(
        skipped["result"]["details"]["key"],
        "applicable_redeemables_limit_exceeded"
    );
}

/// A code of a campaign in a category, by the category's id or name.
async fn grouped(shop: &Shop, name: &str, rate: u32, category: Value) {
    let mut campaign = json!({
        "name": name, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {
            "type": "DISCOUNT_VOUCHER", "discount": percent(rate),
            "code_config": {"pattern": name},
        },
    });
    let members = campaign.as_object_mut().unwrap();
    members.extend(category.as_object().unwrap().clone());
    shop.post(NOON, "/v1/campaigns", &campaign).await;
}

#[tokio::test]
async fn categories_decide_who_goes_first_and_who_goes_together() {
    let shop = Shop::start().await;
    let mut ids = Vec::new();
    for (name, hierarchy) in [("common", 5), ("vip", 0), ("always", 9)] {
        let category = json!({"name": name, "hierarchy": hierarchy});
        ids.push(shop.post(NOON, "/v1/categories", &category).await["id"].clone());
    }
    grouped(&shop, "COMMON", 10, json!({"category": "common"})).await;
    grouped(&shop, "OTHER", 20, json!({"category_id": ids[0]})).await;
    grouped(&shop, "VIP", 50, json!({"category_id": ids[1]})).await;
    grouped(&shop, "ALWAYS", 10, json!({"category": "always"})).await;
    let all = ["ALWAYS", "COMMON", "OTHER", "VIP"];
    let told = async || {
        let body = using(&all, order("o-1", 10_000));
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        let rows = answer["redeemables"].as_array().unwrap().iter();
        let rows = rows.map(|row| match row["status"].as_str().unwrap() {
            "APPLICABLE" => row["order"]["total_applied_discount_amount"].to_string(),
            _ => row["result"]["details"]["key"].as_str().unwrap().to_owned(),
        });
        (
            rows.collect::<Vec<_>>(),
            answer["order"]["total_amount"].clone(),
        )
    };
    // One of each category applies, in the order of the request.
    let one_each = "applicable_redeemables_per_category_limit_exceeded";
    let expected = ["1000", "900", one_each, "4050"].map(str::to_owned);
    assert_eq!(told().await, (expected.to_vec(), json!(4_050)));
    let rules = json!({
        "exclusive_categories": [ids[1]], "joint_categories": [ids[2]],
        "redeemables_sorting_rule": "CATEGORY_HIERARCHY",
    });
    shop.post(NOON, SANDBOX, &rules).await;
    let out = "exclusion_rules_not_met";
    let expected = ["500", out, out, "5000"].map(str::to_owned);
    assert_eq!(told().await, (expected.to_vec(), json!(4_500)));
    // Ours: what is never shut out stands where it was sent, or where its hierarchy is.
    let kept = shop.get(NOON, SANDBOX).await;
    let one = format!("{SANDBOX}/{}", kept["data"][0]["id"].as_str().unwrap());
    let change = json!({
        "proffer": {"joint_redeemables": "IN_ORDER"},
        "redeemables_sorting_rule": "REQUESTED_ORDER",
    });
    shop.put(&one, &change).await;
    let expected = ["1000", out, out, "4500"].map(str::to_owned);
    assert_eq!(told().await, (expected.to_vec(), json!(4_500)));
}

#[tokio::test]
async fn an_order_stays_where_rollbacks_leave_it() {
    let shop = Shop::start().await;
    let once = json!({"caps": [{"reach": "code", "limit": 1}]});
    code(&shop, "TEN", ten_off(), once).await;
    let rules = json!({"redeemables_rollback_order_mode": "WITHOUT_ORDER"});
    shop.post(NOON, SANDBOX, &rules).await;
    let body = using(&["TEN"], order("o-1", 20_000));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    let undone = shop.post(NOON, &path, &json!({})).await;
    assert_eq!(undone["order"]["total_amount"], 19_000, "{undone}");
    assert_eq!(undone["order"]["status"], "PAID");
    let kept = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(kept["total_amount"], 19_000);
    // The use is there again.
    let again = using(&["TEN"], order("o-2", 20_000));
    shop.post(NOON, "/v1/redemptions", &again).await;
}

#[tokio::test]
async fn each_project_has_its_own() {
    let shop = Shop::start().await;
    shop.post(NOON, SANDBOX, &json!({"applicable_redeemables_limit": 1}))
        .await;
    let live = SANDBOX.replace("02/", "01/");
    let (status, answer) = shop.live.get(&live).await.unwrap();
    assert_eq!((status, &answer["total"]), (StatusCode::OK, &json!(0)));
}
