//! Orders: told by the shop, used by redemptions, changed and listed.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    catalogue::{check, check_bodies, id},
    redemptions::{books_balance, code, order, redeem, ten_off, using},
    shop::{HOUR, NOON, Shop},
};

fn mugs(source: &str, price: u64) -> Value {
    json!({"source_id": source, "items": [
        {"source_id": "mug", "related_object": "product", "quantity": 2, "price": price}
    ]})
}

#[tokio::test]
async fn an_order_is_told_read_and_changed() {
    let shop = Shop::start().await;
    let mut body = mugs("o-1", 1_000);
    body["customer"] = json!({"source_id": "ann", "name": "Ann"});
    body["metadata"] = json!({"store": "Riga", "gift": true});
    let made = shop.post(NOON, "/v1/orders", &body).await;
    assert!(id(&made).starts_with("ord_"));
    assert_eq!(made["status"], "CREATED");
    assert_eq!(
        (&made["amount"], &made["total_amount"]),
        (&json!(2_000), &json!(2_000))
    );
    assert_eq!(made["items"][0]["subtotal_amount"], 2_000);
    assert_eq!(made["metadata"], json!({"store": "Riga", "gift": true}));
    assert_eq!(made["created_at"], "2026-11-21T12:00:00.000Z");
    assert!(made.get("redemptions").is_none());
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        (&ann["name"], &made["customer_id"]),
        (&json!("Ann"), &ann["id"])
    );
    for name in ["o-1", &id(&made)] {
        assert_eq!(shop.get(NOON, &format!("/v1/orders/{name}")).await, made);
    }
    let again = json!({"source_id": "o-1", "status": "PAID", "metadata": {"gift": false}});
    let paid = shop.post(NOON + HOUR, "/v1/orders", &again).await;
    assert_eq!(
        (&paid["id"], &paid["status"]),
        (&made["id"], &json!("PAID"))
    );
    assert_eq!(paid["metadata"], json!({"store": "Riga", "gift": false}));
    assert_eq!(
        (&paid["amount"], &paid["customer_id"]),
        (&json!(2_000), &ann["id"])
    );
    assert_eq!(paid["updated_at"], "2026-11-21T13:00:00.000Z");
    let path = format!("/v1/orders/{}", id(&made));
    let fewer = json!({"items": [{"product_id": "mug", "quantity": 1, "price": 900}]});
    let changed = shop.put(&path, &fewer).await;
    assert_eq!(
        (&changed["amount"], &changed["status"]),
        (&json!(900), &json!("PAID"))
    );
    assert_eq!(changed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        shop.put("/v1/orders/o-1", &json!({"status": "FULFILLED"}))
            .await["status"],
        "FULFILLED"
    );
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 1);
}

/// Who sent the customer is told with the order, however it came.
#[tokio::test]
async fn an_order_tells_who_sent_its_customer() {
    let shop = Shop::start().await;
    let mut body = mugs("o-1", 1_000);
    body["referrer"] = json!({"source_id": "bob", "name": "Bob"});
    let made = shop.post(NOON, "/v1/orders", &body).await;
    let bob = shop.get(NOON, "/v1/customers/bob").await;
    let of_bob = json!({"id": bob["id"], "object": "customer"});
    assert_eq!(bob["name"], "Bob");
    assert_eq!(
        (&made["referrer_id"], &made["referrer"]),
        (&bob["id"], &of_bob)
    );
    assert_eq!(made["customer_id"], Value::Null);
    // It stays where nobody says otherwise, in a redemption, too.
    code(&shop, "TEN", ten_off(), json!({})).await;
    let used = using(&["TEN"], json!({"source_id": "o-1"}));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    assert_eq!(used["order"]["referrer_id"], bob["id"]);
    assert_eq!(shop.get(NOON, "/v1/orders/o-1").await["referrer"], of_bob);
    let other = json!({"referrer_id": "cid"});
    let changed = shop.put("/v1/orders/o-1", &other).await;
    let cid = shop.get(NOON, "/v1/customers/cid").await;
    assert_eq!(changed["referrer_id"], cid["id"]);
    let mut body = using(&["TEN"], order("o-2", 2_000));
    body["order"]["referrer"] = json!({"source_id": "bob"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(used["order"]["referrer"], of_bob);
    let again = shop.get(NOON, "/v1/orders/o-2").await;
    assert_eq!(again["referrer_id"], bob["id"]);
    let nobody = json!({"amount": 1, "referrer": {"id": "cust_0000000000001"}});
    let ask = (Method::POST, "/v1/orders", &nobody);
    check(&shop, ask, (404, "not_found")).await;
    let rows = [(json!({"amount": 1, "referrer": "bob"}), "/referrer")];
    check_bodies(&shop, (Method::POST, "/v1/orders"), &rows).await;
    assert_eq!(shop.get(NOON, "/v1/orders").await["total"], 2);
    books_balance(&shop).await;
}

#[tokio::test]
async fn orders_are_listed_in_every_order() {
    let shop = Shop::start().await;
    for (source, at) in [("o-1", 0), ("o-2", 1), ("o-3", 2)] {
        shop.post(NOON + at * HOUR, "/v1/orders", &mugs(source, 100))
            .await;
    }
    shop.post(
        NOON + 3 * HOUR,
        "/v1/orders",
        &json!({"source_id": "o-1", "status": "PAID"}),
    )
    .await;
    let rows = [
        ("", ["o-3", "o-2", "o-1"]),
        ("?order=created_at", ["o-1", "o-2", "o-3"]),
        ("?order=-updated_at", ["o-1", "o-3", "o-2"]),
        ("?order=updated_at", ["o-2", "o-3", "o-1"]),
    ];
    for (query, expected) in rows {
        let list = shop.get(NOON, &format!("/v1/orders{query}")).await;
        assert_eq!(
            (&list["data_ref"], &list["total"]),
            (&json!("orders"), &json!(3))
        );
        let orders = list["orders"].as_array().unwrap().iter();
        let sources: Vec<_> = orders
            .map(|one| one["source_id"].as_str().unwrap())
            .collect();
        assert_eq!(sources, expected, "{query}");
    }
    let second = shop
        .get(NOON, "/v1/orders?limit=1&page=2&order=created_at")
        .await;
    assert_eq!(second["orders"][0]["source_id"], "o-2");
    let wrong = (Method::GET, "/v1/orders?order=price", &Value::Null);
    check(&shop, wrong, (400, "invalid_query_params")).await;
}

#[tokio::test]
async fn an_order_that_cannot_be_kept_is_refused_and_leaves_nothing() {
    let shop = Shop::start().await;
    let many = vec![json!({"product_id": "mug", "price": 1}); 501];
    let rows = [
        (json!([]), ""),
        (json!({"source_id": 7}), "/source_id"),
        (json!({"status": "SENT"}), "/status"),
        (json!({"amount": -1}), "/amount"),
        (json!({"items": [{"quantity": 1, "price": 5}]}), "/items/0"),
        (json!({"items": many}), "/items"),
    ];
    check_bodies(&shop, (Method::POST, "/v1/orders"), &rows).await;
    let nobody = json!({"customer": {"id": "cust_0000000000001"}});
    check(
        &shop,
        (Method::POST, "/v1/orders", &nobody),
        (404, "not_found"),
    )
    .await;
    let unknown = json!({"id": "ord_0000000000001"});
    check(
        &shop,
        (Method::POST, "/v1/orders", &unknown),
        (404, "not_found"),
    )
    .await;
    for path in ["/v1/orders/o-1", "/v1/orders/ord_0000000000001"] {
        check(&shop, (Method::PUT, path, &json!({})), (404, "not_found")).await;
        check(&shop, (Method::GET, path, &json!({})), (404, "not_found")).await;
    }
    assert_eq!(shop.get(NOON, "/v1/orders").await["total"], 0);
    shop.post(NOON, "/v1/orders", &mugs("o-1", 5)).await;
    let (status, _) = shop.live.get("/v1/orders/o-1").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_retry_makes_no_second_order() {
    let shop = Shop::start().await;
    let once = shop.noon().with("idempotency-key", "k-1");
    let body = json!({"amount": 500});
    let (_, first) = once.post("/v1/orders", &body).await.unwrap();
    let (status, second) = once.post("/v1/orders", &body).await.unwrap();
    assert_eq!((status, second), (StatusCode::OK, first));
    assert_eq!(shop.get(NOON, "/v1/orders").await["total"], 1);
}

#[tokio::test]
async fn the_catalogue_learns_only_what_says_override() {
    let shop = Shop::start().await;
    let told = |source: &str, is_override: bool| {
        json!({"items": [{"quantity": 1, "price": 10, "product":
            {"source_id": source, "name": "Mug", "price": 1_200, "metadata": {"size": "L"},
            "override": is_override}}]})
    };
    shop.post(NOON, "/v1/orders", &told("plain", false)).await;
    assert_eq!(shop.get(NOON, "/v1/products").await["total"], 0);
    shop.post(NOON, "/v1/orders", &told("mug", true)).await;
    let mug = shop.get(NOON, "/v1/products/mug").await;
    assert_eq!(
        (&mug["name"], &mug["price"]),
        (&json!("Mug"), &json!(1_200))
    );
    assert_eq!(mug["metadata"], json!({"size": "L"}));
    let kinds = json!({"items": [{"quantity": 1, "price": 10, "product_id": mug["id"], "sku":
        {"source_id": "mug-red", "sku": "Red", "price": 1_300, "override": true}}]});
    shop.post(NOON, "/v1/orders", &kinds).await;
    let red = shop.get(NOON, "/v1/skus/mug-red").await;
    assert_eq!(
        (&red["sku"], &red["product"]["id"]),
        (&json!("Red"), &mug["id"])
    );
    // A redemption tells the catalogue as well.
    code(&shop, "TEN", ten_off(), json!({})).await;
    let mut body = using(&["TEN"], told("mug", true));
    body["order"]["items"][0]["product"]["name"] = json!("Big mug");
    shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(shop.get(NOON, "/v1/products/mug").await["name"], "Big mug");
    let orphan = json!({"items": [{"quantity": 1, "price": 10, "sku":
        {"source_id": "lost", "override": true}}]});
    check(
        &shop,
        (Method::POST, "/v1/orders", &orphan),
        (400, "invalid_payload"),
    )
    .await;
}

#[tokio::test]
async fn a_second_redemption_sees_what_the_first_left() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(&shop, "MORE", ten_off(), json!({})).await;
    let mut told = order("o-1", 1_800);
    told["customer"] = json!({"source_id": "ann"});
    let made = shop.post(NOON, "/v1/orders", &told).await;
    let by_id = |name: &str| {
        json!({"redeemables": [{"object": "voucher", "id": name}],
        "order": {"id": made["id"]}})
    };
    let first = shop.post(NOON, "/v1/redemptions", &by_id("TEN")).await;
    assert_eq!(first["order"]["id"], made["id"]);
    assert_eq!(first["order"]["total_amount"], 800);
    assert_eq!(first["redemptions"][0]["customer_id"], made["customer_id"]);
    let by_source = using(&["MORE"], json!({"source_id": "o-1"}));
    let second = shop.post(NOON, "/v1/redemptions", &by_source).await;
    assert_eq!(second["order"]["total_amount"], 0);
    assert_eq!(second["order"]["applied_discount_amount"], 800);
    let kept = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(kept["redemptions"].as_object().unwrap().len(), 2);
    assert_eq!(
        (&kept["status"], &kept["total_discount_amount"]),
        (&json!("PAID"), &json!(1_800))
    );
    // What is changed afterwards keeps what was used.
    let moved = shop
        .put("/v1/orders/o-1", &json!({"status": "FULFILLED"}))
        .await;
    assert_eq!(
        (&moved["status"], &moved["total_amount"]),
        (&json!("FULFILLED"), &json!(0))
    );
    for used in [&first, &second] {
        let redemption = used["redemptions"][0]["id"].as_str().unwrap();
        let path = format!("/v1/redemptions/{redemption}/rollback");
        shop.post(NOON, &path, &json!({})).await;
    }
    let undone = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(
        (&undone["status"], &undone["total_amount"]),
        (&json!("CANCELED"), &json!(1_800))
    );
    let (status, _) = redeem(&shop.noon(), &by_id("TEN")).await;
    assert_eq!(status, StatusCode::OK);
    books_balance(&shop).await;
}

/// What a payment earns is taken back by canceling; under its key, paying again is no new payment.
#[tokio::test]
async fn an_order_is_paid_once_under_a_key() {
    let shop = Shop::start().await;
    let open = json!({"source_id": "o-k", "amount": 1_000, "customer": {"source_id": "ann"}});
    shop.post(NOON, "/v1/orders", &open).await;
    let paid = json!({"status": "PAID"});
    let client = shop.noon().with("idempotency-key", "k-1");
    let (status, first) = client.put("/v1/orders/o-k", &paid).await.unwrap();
    assert_eq!((status.as_u16(), &first["status"]), (200, &json!("PAID")));
    shop.put("/v1/orders/o-k", &json!({"status": "CANCELED"}))
        .await;
    let (_, again) = client.put("/v1/orders/o-k", &paid).await.unwrap();
    assert_eq!(again, first);
    let now = shop.get(NOON, "/v1/orders/o-k").await;
    assert_eq!(now["status"], "CANCELED");
    let other = json!({"status": "FULFILLED"});
    let (status, _) = client.put("/v1/orders/o-k", &other).await.unwrap();
    assert_eq!(status, 422);
}
