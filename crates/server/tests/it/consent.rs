//! What is kept of people who allow nothing, or no longer? Not a byte.

use serde_json::{Value, json};

use crate::{
    ingest::{allowing, denying, fact, viewed},
    shop::{HOUR, NOON, Shop},
};

/// All bytes of the store's files.
fn bytes(shop: &Shop) -> Vec<u8> {
    let files = std::fs::read_dir(&shop.folder.0).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

fn holds(all: &[u8], text: &str) -> bool {
    all.windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// One event of each kind, in which every text is unlike any other.
fn shouting(canary: &str, context: &Value) -> Vec<Value> {
    let order = json!({
        "order_id": format!("{canary}-order"), "total": 99.5, "coupon": format!("{canary}-code"),
        "products": [{"sku": format!("{canary}-sku"), "category": format!("{canary}-category"),
                      "brand": format!("{canary}-brand"), "price": 1, "quantity": 1}]
    });
    let track = |event: &str| json!({"type": "track", "event": event, "properties": order});
    let traits =
        json!({"email": format!("{canary}@shop.example"), "city": format!("{canary}-ville")});
    let mut events = vec![
        track("Product Viewed"),
        track("Order Completed"),
        track("Order Refunded"),
        track("Products Searched"),
        track(&format!("{canary} Happened")),
        json!({"type": "identify", "traits": traits}),
        json!({"type": "page", "name": format!("{canary}-page")}),
        json!({"type": "alias", "previousId": format!("{canary}-before")}),
        json!({"type": "group", "groupId": format!("{canary}-group")}),
    ];
    for (place, event) in events.iter_mut().enumerate() {
        event["messageId"] = format!("{canary}-message-{place}").into();
        event["userId"] = format!("{canary}-user").into();
        event["anonymousId"] = format!("{canary}-device").into();
        event["context"] = context.clone();
    }
    events
}

#[tokio::test]
async fn no_consent_no_byte() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let records = async || {
        let mut counts = Vec::new();
        for kind in [
            store::Kind::Node,
            store::Kind::Customer,
            store::Kind::Counted,
        ] {
            counts.push(
                shop.app
                    .store()
                    .count_records(server::setup::SANDBOX, kind)
                    .await
                    .unwrap(),
            );
        }
        counts
    };
    let before = records().await;
    for context in [
        json!({}),
        denying(),
        json!({"consent": {"categoryPreferences": {}}}),
    ] {
        let batch = json!({"batch": shouting("xyzzy", &context)});
        shop.post(NOON, "/v1/batch", &batch).await;
    }
    assert!(!holds(&bytes(&shop), "xyzzy"));
    assert_eq!(records().await, before);
    // The same with consent leaves its traces, so the test can fail.
    let batch = json!({"batch": shouting("plugh", &allowing())});
    shop.post(NOON, "/v1/batch", &batch).await;
    assert!(holds(&bytes(&shop), "plugh-category"));
    assert!(!holds(&bytes(&shop), "plugh@shop.example"));
    assert!(!holds(&bytes(&shop), "plugh-message"));
}

#[tokio::test]
async fn withdrawing_takes_back_what_was_known() {
    let shop = Shop::start().await;
    shop.percent_off("Ten", 10, json!({})).await;
    shop.policy("ranked", &["Ten"], 0).await;
    shop.post(NOON, "/v1/track", &viewed("m1", "ann")).await;
    let given = shop.decide(NOON, "ann").await;
    assert!(given["offer"]["code"].is_string(), "{given}");
    let experiments = shop.get(NOON, "/v1/experiments").await;
    assert_eq!(experiments["experiments"][0]["arms"][1]["n"], 1);
    let withdraw = json!({
        "event": "Segment Consent Preference Updated", "messageId": "m2", "userId": "ann",
        "context": denying()
    });
    shop.post(NOON + HOUR, "/v1/track", &withdraw).await;
    let profile = shop.get(NOON + HOUR, "/v1/customers/ann/profile").await;
    assert_eq!(profile["facts"], json!({}));
    assert_eq!(profile["consent"]["personalise_offers"]["choice"], "denied");
    let experiments = shop.get(NOON + HOUR, "/v1/experiments").await;
    assert_eq!(experiments["experiments"][0]["arms"][1]["n"], 0);
    let none = shop.decide(NOON + HOUR, "ann").await;
    assert_eq!(none["why_none"]["code"], "no_consent");
    // Saying yes again begins with nothing.
    let mut again = viewed("m3", "ann");
    again["timestamp"] = "2026-11-21T14:00:00Z".into();
    shop.post(NOON + 2 * HOUR, "/v1/track", &again).await;
    let profile = shop.get(NOON + 2 * HOUR, "/v1/customers/ann/profile").await;
    assert_eq!(profile["facts"]["customer.views_7d"], 1);
}

#[tokio::test]
async fn what_was_said_once_holds_until_something_else_is() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let mut silent = viewed("m1", "ann");
    silent["context"] = json!({});
    shop.post(NOON, "/v1/track", &silent).await;
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 1);
    // An older word does not undo a newer one.
    let mut older = viewed("m2", "ann");
    older["context"] = denying();
    shop.post(NOON, "/v1/track", &older).await;
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 2);
}

#[tokio::test]
async fn measuring_alone_builds_no_profile() {
    let shop = Shop::start().await;
    let mut event = viewed("m1", "ann");
    event["context"]["consent"]["categoryPreferences"]["personalise_offers"] = false.into();
    shop.post(NOON, "/v1/track", &event).await;
    let profile = shop.get(NOON, "/v1/customers/ann/profile").await;
    assert_eq!(profile["facts"], json!({}));
    assert_eq!(profile["consent"]["measure"]["choice"], "granted");
}
