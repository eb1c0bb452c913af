//! Custom events: what a shop's server says that happened to a customer.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    catalogue::{check, check_bodies},
    ingest::fact,
    shop::{NOON, Shop},
};

fn viewed(customer: &str) -> Value {
    json!({"event": "Product Viewed", "customer": {"source_id": customer},
        "metadata": {"product_id": "mug", "price": 12.5}})
}

#[tokio::test]
async fn an_event_is_answered_and_counted_as_far_as_consent_goes() {
    let shop = Shop::start().await;
    let answer = shop.post(NOON, "/v1/events", &viewed("bob")).await;
    let bob = shop.get(NOON, "/v1/customers/bob").await;
    assert_eq!(
        answer,
        json!({"object": "event", "type": "Product Viewed",
        "customer": {"id": bob["id"], "object": "customer"}, "referral": null, "loyalty": null})
    );
    assert_eq!(fact(&shop, "bob", "customer.views_7d").await, Value::Null);
    let ann = shop.customer("ann").await;
    shop.post(NOON, "/v1/events", &viewed("ann")).await;
    let mut by_id = viewed("x");
    by_id["customer"] = json!({"id": ann, "name": "Ann"});
    shop.post(NOON, "/v1/events", &by_id).await;
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 2);
    assert_eq!(shop.get(NOON, "/v1/customers/ann").await["name"], "Ann");
    // A retry with the same key counts once.
    let once = shop.noon().with("idempotency-key", "k-1");
    for _ in 0..2 {
        let (status, _) = once.post("/v1/events", &viewed("ann")).await.unwrap();
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 3);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_names_the_place() {
    let shop = Shop::start().await;
    let of = |event: Value| json!({"event": event, "customer": {"source_id": "ann"}});
    let rows = [
        (json!([]), ""),
        (json!({"customer": {"source_id": "ann"}}), "/event"),
        (of(json!(" ")), "/event"),
        (of(json!("x".repeat(301))), "/event"),
        (of(json!(7)), "/event"),
        (json!({"event": "Seen"}), "/customer"),
        (
            json!({"event": "Seen", "customer": {"name": "Ann"}}),
            "/customer",
        ),
    ];
    check_bodies(&shop, (Method::POST, "/v1/events"), &rows).await;
    let mut lost = of(json!("Seen"));
    lost["referral"] = json!({"code": "NOWHERE"});
    check(
        &shop,
        (Method::POST, "/v1/events", &lost),
        (404, "not_found"),
    )
    .await;
    let stranger = json!({"event": "Seen", "customer": {"id": "cust_0000000000001"}});
    check(
        &shop,
        (Method::POST, "/v1/events", &stranger),
        (404, "not_found"),
    )
    .await;
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 0);
}
