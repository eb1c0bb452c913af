//! What validations, redemptions and rollbacks bring about beside their answer, and what they do
//! not.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    catalogue::check,
    redemptions::{books_balance, code, order, ten_off, using},
    shop::{NOON, Shop},
};

fn by_ann(mut body: Value) -> Value {
    body["customer"] = json!({"source_id": "ann", "name": "Ann"});
    body
}

async fn total(shop: &Shop, path: &str) -> u64 {
    shop.get(NOON, path).await["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_validation_leaves_nothing_but_its_lock() {
    let shop = Shop::start().await;
    let once = json!({"caps": [{"reach": "code", "limit": 1}]});
    code(&shop, "TEN", ten_off(), once).await;
    let mut goods = order("o-1", 5_000);
    goods["items"][0]["related_object"] = json!("product");
    goods["items"][0]["product"] = json!({"source_id": "sku-1", "override": true});
    let looking = by_ann(using(&["TEN"], goods));
    let mut holding = looking.clone();
    holding["session"] = json!({"type": "LOCK", "key": "s-1"});
    for body in [&looking, &holding] {
        let seen = shop.post(NOON, "/v1/validations", body).await;
        assert_eq!(seen["valid"], true, "{seen}");
        for path in ["/v1/redemptions", "/v1/orders", "/v1/products"] {
            assert_eq!(total(&shop, path).await, 0, "{path}");
        }
        if body == &looking {
            let customer = (Method::GET, "/v1/customers/ann", &Value::Null);
            check(&shop, customer, (404, "not_found")).await;
        }
    }
    // Whose the lock is has a number, so that their own limits count it, and nothing else.
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        json!([ann["name"], ann["source_id"], ann["email"]]),
        json!([null, null, null])
    );
    // The lock is one use of the one there is.
    let other = using(&["TEN"], order("o-2", 5_000));
    let (_, refused) = shop.noon().post("/v1/redemptions", &other).await.unwrap();
    assert_eq!(refused["key"], "quantity_exceeded");
    let path = "/v1/vouchers/TEN";
    let card = shop.get(NOON, path).await;
    assert_eq!(card["redemption"]["redeemed_quantity"], 0);
    let used = shop.post(NOON, "/v1/redemptions", &holding).await;
    assert_eq!(used["redemptions"][0]["session"], json!({"key": "s-1"}));
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_redemption_keeps_its_customer_its_order_and_what_it_says_of_goods() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let item = |source: &str, is_override: bool| {
        json!({"source_id": source, "related_object": "product", "quantity": 1, "price": 2_000,
            "product": {"source_id": source, "name": "Good", "override": is_override}})
    };
    let goods = json!({"source_id": "o-1", "items": [item("a", true), item("b", false)]});
    let body = by_ann(using(&["TEN"], goods));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        (&ann["name"], &ann["id"]),
        (&json!("Ann"), &used["redemptions"][0]["customer_id"])
    );
    let kept = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(
        (&kept["status"], &kept["id"], &kept["customer_id"]),
        (&json!("PAID"), &used["order"]["id"], &ann["id"])
    );
    let products = shop.get(NOON, "/v1/products").await;
    assert_eq!(
        (&products["total"], &products["products"][0]["source_id"]),
        (&json!(1), &json!("a"))
    );
    let voucher = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 1);
    // What is said of the customer later changes them.
    let mut again = by_ann(using(&["TEN"], order("o-2", 5_000)));
    again["customer"]["name"] = json!("Anna");
    shop.post(NOON, "/v1/redemptions", &again).await;
    assert_eq!(shop.get(NOON, "/v1/customers/ann").await["name"], "Anna");
    assert_eq!(total(&shop, "/v1/customers").await, 1);
}

#[tokio::test]
async fn a_failed_redemption_is_kept_and_keeps_nothing_else() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    shop.post(NOON, "/v1/vouchers/TEN/disable", &json!({}))
        .await;
    let body = by_ann(using(&["TEN"], order("o-1", 5_000)));
    let (status, refused) = shop.noon().post("/v1/redemptions", &body).await.unwrap();
    assert_eq!(
        (status, &refused["key"]),
        (StatusCode::BAD_REQUEST, &json!("voucher_disabled"))
    );
    let kept = shop.get(NOON, "/v1/redemptions").await;
    let row = &kept["redemptions"][0];
    assert!(row["id"].as_str().unwrap().starts_with("rf_"));
    assert_eq!(
        (&row["result"], &row["status"], &row["failure_code"]),
        (
            &json!("FAILURE"),
            &json!("FAILED"),
            &json!("voucher_disabled")
        )
    );
    for path in ["/v1/orders", "/v1/customers"] {
        assert_eq!(total(&shop, path).await, 0, "{path}");
    }
}

#[tokio::test]
async fn each_use_of_an_order_is_rolled_back_by_itself() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(&shop, "MORE", ten_off(), json!({})).await;
    let first = using(&["TEN"], order("o-1", 1_800));
    let first = shop.post(NOON, "/v1/redemptions", &first).await;
    let second = using(&["MORE"], json!({"id": first["order"]["id"]}));
    let second = shop.post(NOON, "/v1/redemptions", &second).await;
    // Ten on an order of which eight were left.
    assert_eq!(second["order"]["applied_discount_amount"], 800);
    assert_eq!(second["order"]["total_amount"], 0);
    let back = async |used: &Value, body: Value| {
        let id = used["redemptions"][0]["id"].as_str().unwrap();
        let path = format!("/v1/redemptions/{id}/rollback");
        let order = shop.post(NOON, &path, &body).await["order"].clone();
        assert_eq!(shop.get(NOON, "/v1/orders/o-1").await, order);
        json!([
            order["status"],
            order["total_discount_amount"],
            order["total_amount"]
        ])
    };
    let part = back(&first, json!({"amount": 300})).await;
    assert_eq!(part, json!(["PAID", 1_500, 300]));
    assert_eq!(back(&first, json!({})).await, json!(["PAID", 800, 1_000]));
    let part = back(&second, json!({"amount": 1})).await;
    assert_eq!(part, json!(["PAID", 799, 1_001]));
    let whole = back(&second, json!({})).await;
    assert_eq!(whole, json!(["CANCELED", null, 1_800]));
    books_balance(&shop).await;
}

/// They take turns: each is judged after the one before, or told that others are at it.
#[tokio::test]
async fn calls_that_name_one_order_at_once_take_turns() {
    let shop = Shop::start().await;
    const CALLS: u64 = 12;
    for number in 0..CALLS {
        let off = json!({"type": "AMOUNT", "amount_off": 100});
        code(&shop, &format!("C{number}"), off, json!({})).await;
    }
    shop.post(NOON, "/v1/orders", &order("o-1", 50_000)).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..CALLS {
        let client = shop.noon();
        let body = using(&[&format!("C{number}")], json!({"source_id": "o-1"}));
        calls.spawn(async move { client.post("/v1/redemptions", &body).await.unwrap() });
    }
    let mut used = 0;
    for (status, answer) in calls.join_all().await {
        match status {
            StatusCode::OK => used += 1,
            _ => assert_eq!(answer["key"], "multiple_requests", "{answer}"),
        }
    }
    assert!(used > 0);
    let kept = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(kept["redemptions"].as_object().unwrap().len(), used);
    assert_eq!(kept["total_amount"], 50_000 - 100 * used);
    assert_eq!(total(&shop, "/v1/redemptions").await, used as u64);
    books_balance(&shop).await;
}
