//! Customers as the shop writes and reads them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    ingest::{fact, viewed},
    shop::{HOUR, NOON, Shop},
};

#[tokio::test]
async fn a_customer_is_made_once_and_changed() {
    let shop = Shop::start().await;
    let ann = json!({
        "source_id": "ann", "name": "Ann", "email": "ann@shop.example",
        "metadata": {"tier": "gold", "children": 2, "ratio": 0.5}
    });
    let made = shop.post(NOON, "/v1/customers", &ann).await;
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("cust_"));
    assert_eq!(made["source_id"], "ann");
    assert_eq!(made["created_at"], "2026-11-21T12:00:00.000Z");
    assert_eq!(made["updated_at"], Value::Null);
    let more = json!({"source_id": "ann", "phone": "1", "metadata": {"tier": "silver"}});
    let changed = shop.post(NOON + HOUR, "/v1/customers", &more).await;
    assert_eq!(changed["id"], id);
    assert_eq!(changed["name"], "Ann");
    assert_eq!(
        changed["metadata"],
        json!({"tier": "silver", "children": 2, "ratio": 0.5})
    );
    assert_eq!(changed["updated_at"], "2026-11-21T13:00:00.000Z");
    let path = format!("/v1/customers/{id}");
    let renamed = shop.put(&path, &json!({"name": "Anna"})).await;
    assert_eq!(
        (&renamed["name"], &renamed["source_id"]),
        (&json!("Anna"), &json!("ann"))
    );
    for key in [id, "ann"] {
        let found = shop.get(NOON, &format!("/v1/customers/{key}")).await;
        assert_eq!(found["name"], "Anna", "{key}");
    }
    let listed = shop.get(NOON, "/v1/customers").await;
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["customers"][0]["id"], id);
}

#[tokio::test]
async fn metadata_is_read_by_rules_as_far_as_consent_goes() {
    let shop = Shop::start().await;
    let ann = json!({"source_id": "ann", "metadata": {"tier": "gold"}});
    shop.post(NOON, "/v1/customers", &ann).await;
    assert_eq!(
        fact(&shop, "ann", "customer.metadata.tier").await,
        Value::Null
    );
    shop.customer("ann").await;
    assert_eq!(fact(&shop, "ann", "customer.metadata.tier").await, "gold");
    assert_eq!(fact(&shop, "ann", "customer.id").await, "ann");
}

#[tokio::test]
async fn the_shops_customer_and_the_events_user_are_one() {
    let shop = Shop::start().await;
    let id = shop.customer("ann").await;
    shop.post(NOON, "/v1/track", &viewed("m1", "ann")).await;
    assert_eq!(fact(&shop, &id, "customer.views_7d").await, 1);
}

#[tokio::test]
async fn a_deleted_customer_is_gone_and_may_come_back_new() {
    let shop = Shop::start().await;
    let id = shop.customer("ann").await;
    shop.post(NOON, "/v1/track", &viewed("m1", "ann")).await;
    let bearer = format!("Bearer {}", shop.sandbox_key);
    let headers = [("authorization", bearer.as_str())];
    let delete = async || {
        shop.raw((Method::DELETE, "/v1/customers/ann"), &headers, "")
            .await
    };
    assert_eq!(delete().await.0, StatusCode::NO_CONTENT);
    assert_eq!(delete().await.0, StatusCode::NOT_FOUND);
    for path in [
        format!("/v1/customers/{id}"),
        "/v1/customers/ann/profile".into(),
    ] {
        let (status, _) = shop.noon().get(&path).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let again = shop.customer("ann").await;
    assert_ne!(again, id);
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 0);
}

#[tokio::test]
async fn hostile_customers_are_refused() {
    let shop = Shop::start().await;
    for body in [
        json!([]),
        json!("ann"),
        json!({"source_id": 7.5e300}),
        json!({"source_id": ["ann"]}),
        json!({"source_id": "ann", "metadata": 7}),
        json!({"source_id": "ann", "consent": "yes"}),
        json!({"source_id": "   "}),
    ] {
        let (status, answer) = shop.noon().post("/v1/customers", &body).await.unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
    }
    let unknown = json!({"id": "cust_0000000000001"});
    let (status, _) = shop.noon().post("/v1/customers", &unknown).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 0);
}
