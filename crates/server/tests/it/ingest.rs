//! Events over HTTP: who may send them, which are taken, and once only.

use std::io::Write as _;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    client::Client,
    setup::{self, SANDBOX},
};

use crate::shop::{DAY, HOUR, NOON, Shop};

/// The context of somebody who allows everything.
pub fn allowing() -> Value {
    json!({"consent": {"categoryPreferences": {"personalise_offers": true, "measure": true}}})
}

/// The context of somebody who allows nothing.
pub fn denying() -> Value {
    json!({"consent": {"categoryPreferences": {"personalise_offers": false, "measure": false}}})
}

pub fn viewed(message: &str, user: &str) -> Value {
    json!({
        "type": "track",
        "event": "Product Viewed",
        "messageId": message,
        "userId": user,
        "timestamp": "2026-11-21T11:59:00Z",
        "context": allowing(),
        "properties": {"sku": "tea-1", "category": "Tea", "price": 4.5}
    })
}

pub async fn fact(shop: &Shop, user: &str, path: &str) -> Value {
    let at = format!("/v1/customers/{user}/profile");
    let profile = shop.get(NOON, &at).await;
    profile["facts"][path].clone()
}

const VIEWS: &str = "customer.views_7d";

#[tokio::test]
async fn events_become_features() {
    let shop = Shop::start().await;
    let batch = json!({"batch": [viewed("m1", "ann"), viewed("m2", "ann"), viewed("m3", "bob")]});
    let answer = shop.post(NOON, "/v1/batch", &batch).await;
    assert_eq!(answer, json!({"success": true}));
    let profile = shop.get(NOON, "/v1/customers/ann/profile").await;
    assert_eq!(profile["consent"]["measure"]["choice"], "granted");
    assert_eq!(profile["facts"][VIEWS], 2);
    assert_eq!(profile["facts"]["customer.last_sku"], "tea-1");
    assert_eq!(fact(&shop, "bob", VIEWS).await, 1);
}

#[tokio::test]
async fn a_message_counts_once() {
    let shop = Shop::start().await;
    let twice = json!({"batch": [viewed("m1", "ann"), viewed("m1", "ann")]});
    shop.post(NOON, "/v1/batch", &twice).await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 1);
    shop.post(NOON + HOUR, "/v1/batch", &twice).await;
    shop.post(NOON + DAY, "/v1/t", &viewed("m1", "ann")).await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 1);
}

#[tokio::test]
async fn an_order_counts_once_whatever_tells_it() {
    let shop = Shop::start().await;
    let order = |message: &str| {
        json!({
            "event": "Order Completed", "messageId": message, "userId": "ann",
            "context": allowing(),
            "properties": {"order_id": "o-1", "total": 25.5}
        })
    };
    shop.post(NOON, "/v1/track", &order("by the browser")).await;
    shop.post(NOON, "/v1/track", &order("by the server")).await;
    assert_eq!(fact(&shop, "ann", "customer.orders").await, 1);
    assert_eq!(fact(&shop, "ann", "customer.spent").await, 2_550);
}

#[tokio::test]
async fn racing_batches_lose_nothing() {
    let shop = std::sync::Arc::new(Shop::start().await);
    let mut calls = tokio::task::JoinSet::new();
    for call in 0..12 {
        let shop = shop.clone();
        calls.spawn(async move {
            let batch: Vec<Value> = (0..5)
                .map(|event| viewed(&format!("{call}-{event}"), "ann"))
                .collect();
            shop.post(NOON, "/v1/batch", &json!({"batch": batch})).await
        });
    }
    calls.join_all().await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 60);
}

#[tokio::test]
async fn every_call_has_its_short_form() {
    let shop = Shop::start().await;
    for (long, short) in [
        ("identify", "i"),
        ("track", "t"),
        ("page", "p"),
        ("screen", "s"),
        ("alias", "a"),
        ("group", "g"),
    ] {
        for path in [format!("/v1/{long}"), format!("/v1/{short}")] {
            let event = json!({
                "userId": "ann", "event": "Payment Failed", "previousId": "before",
                "groupId": "g", "messageId": path, "context": allowing()
            });
            let answer = shop.post(NOON, &path, &event).await;
            assert_eq!(answer["success"], true, "{path}");
        }
    }
    // Two pages and two screens; two of the shop's own.
    assert_eq!(fact(&shop, "ann", VIEWS).await, 4);
    let failed = fact(&shop, "ann", "customer.times_7d.payment_failed").await;
    assert_eq!(failed, 2);
}

#[tokio::test]
async fn keys_come_in_any_of_three_ways_and_never_differ() {
    let shop = Shop::start().await;
    let check = async |headers: Vec<(&str, String)>, in_body: Option<&str>, expected: u16| {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let mut body = json!({"batch": [viewed("m", "ann")]});
        if let Some(key) = in_body {
            body["writeKey"] = key.into();
        }
        let ask = (Method::POST, "/v1/batch");
        let (status, _, answer) = shop.raw(ask, &headers, body.to_string()).await;
        assert_eq!(
            status.as_u16(),
            expected,
            "{headers:?} {in_body:?} {answer}"
        );
    };
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let key = shop.sandbox_key.as_str();
    let basic = |text: String| ("authorization", format!("Basic {}", encode(text)));
    let bearer = ("authorization", format!("Bearer {key}"));
    check(vec![basic(format!("{key}:"))], None, 200).await;
    check(vec![basic(key.to_owned())], None, 200).await;
    check(vec![bearer.clone()], Some(key), 200).await;
    check(vec![], Some(key), 200).await;
    check(vec![bearer], Some(&shop.live_key), 401).await;
    check(vec![], Some("sk_test_nobody"), 401).await;
    check(vec![], None, 401).await;
    check(
        vec![
            basic(format!("{key}:")),
            ("content-type", "text/plain".into()),
        ],
        None,
        200,
    )
    .await;
}

#[tokio::test]
async fn a_key_needs_its_scope() {
    let shop = Shop::start().await;
    let key = setup::new_key(&shop.app, SANDBOX, "pages", &[Scope::Decide]);
    let client = Client::new(&shop.base, &key.await.unwrap());
    let (status, answer) = client.post("/v1/track", &viewed("m", "ann")).await.unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(answer["code"], "scope_missing");
    let (status, _) = client.get("/v1/experiments").await.unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_zipped_is_read() {
    let shop = Shop::start().await;
    let batch = json!({"batch": [viewed("m1", "ann")]}).to_string();
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zip.write_all(batch.as_bytes()).unwrap();
    let bearer = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-encoding", "gzip"),
        ("proffer-now", "2026-11-21T12:00:00Z"),
    ];
    let ask = (Method::POST, "/v1/batch");
    let (status, ..) = shop.raw(ask, &headers, zip.finish().unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fact(&shop, "ann", VIEWS).await, 1);
}

#[tokio::test]
async fn one_bad_event_is_passed_over_or_named() {
    let shop = Shop::start().await;
    let nobody = json!({"type": "track", "event": "Product Viewed", "messageId": "m0"});
    let batch = json!({"batch": [nobody, viewed("m1", "ann")]}).to_string();
    let bearer = format!("Bearer {}", shop.sandbox_key);
    let mut headers = vec![("authorization", bearer.as_str()), ("x-strict-mode", "1")];
    let ask = || (Method::POST, "/v1/batch");
    let (status, kind, answer) = shop.raw(ask(), &headers, batch.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(kind["content-type"], "application/problem+json");
    assert_eq!(answer["errors"][0]["pointer"], "/batch/0/userId");
    let (status, _) = shop.noon().get("/v1/customers/ann").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND, "strict is all or nothing");
    headers.pop();
    let (status, _, answer) = shop.raw(ask(), &headers, batch).await;
    assert_eq!(
        (status, answer["success"].as_bool()),
        (StatusCode::OK, Some(true))
    );
    shop.get(NOON, "/v1/customers/ann").await;
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_change_nothing() {
    let shop = Shop::start().await;
    let bearer = format!("Bearer {}", shop.sandbox_key);
    let headers = [("authorization", bearer.as_str())];
    let long = format!(r#"{{"batch":[],"x":"{}"}}"#, "y".repeat(600_000));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let many = format!(r#"{{"batch":[{}0]}}"#, "0,".repeat(2_500));
    let bodies: [&str; 9] = [
        "",
        "null",
        "{",
        "[]",
        r#"{"batch":{}}"#,
        r#"{"batch":[],"sentAt":"soon"}"#,
        &long,
        &deep,
        &many,
    ];
    for body in bodies {
        let ask = (Method::POST, "/v1/batch");
        let (status, _, answer) = shop.raw(ask, &headers, body.to_owned()).await;
        let start = body.get(..40).unwrap_or(body);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{start}: {answer}");
        assert_eq!(answer["code"], "malformed_body", "{start}");
    }
    let bytes = vec![0xff, 0xfe, 0x00];
    let (status, ..) = shop.raw((Method::POST, "/v1/track"), &headers, bytes).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let customers = shop.get(NOON, "/v1/customers").await;
    assert_eq!(customers["total"], 0);
}

#[tokio::test]
async fn only_listed_pages_may_send_from_a_browser() {
    let shop = Shop::start().await;
    let origin = "https://shop.example";
    let allowed = "access-control-allow-origin";
    let ask = async |origin: &str, path: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        shop.raw((Method::OPTIONS, path), &headers, "").await
    };
    let (status, headers, _) = ask(origin, "/v1/batch").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        (headers.get(allowed), &headers["vary"]),
        (None, &"Origin".parse().unwrap())
    );
    shop.put("/v1/settings", &json!({"origins": [origin]}))
        .await;
    for path in ["/v1/batch", "/v1/b", "/v1/track", "/v1/t"] {
        let (_, headers, _) = ask(origin, path).await;
        assert_eq!(headers[allowed], origin, "{path}");
        assert_eq!(headers["access-control-max-age"], "7200");
        assert_eq!(
            headers["access-control-allow-headers"],
            "authorization, content-type, x-retry-count"
        );
    }
    let (_, headers, _) = ask("https://elsewhere.example", "/v1/t").await;
    assert_eq!(headers.get(allowed), None);
}

#[tokio::test]
async fn a_wrong_clock_is_corrected() {
    let shop = Shop::start().await;
    // A source whose clock is a year ahead, ten days after it happened.
    let mut event = viewed("m1", "ann");
    event["timestamp"] = "2027-11-11T12:00:00Z".into();
    event["sentAt"] = "2027-11-21T12:00:00Z".into();
    shop.post(NOON, "/v1/track", &event).await;
    assert_eq!(fact(&shop, "ann", "customer.last_seen_days").await, 10);
}
