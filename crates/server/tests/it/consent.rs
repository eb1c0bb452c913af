//! What is kept of people who allow nothing, or no longer? Not a byte.

use serde_json::{Value, json};
use store::moving;

use crate::{
    ingest::{allowing, denying, fact, viewed},
    place::{Folder, Place},
    shop::{HOUR, NOON, Shop},
};

/// All bytes of the store's files; on PostgreSQL, which writes no zeros over what is deleted, all
/// bytes of its rows.
async fn bytes(shop: &Shop) -> Vec<u8> {
    let folder = match &shop.place {
        Place::Folder(folder) => folder,
        Place::Database(_) => &exported(shop).await,
    };
    let files = std::fs::read_dir(&folder.0).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

async fn exported(shop: &Shop) -> Folder {
    let folder = Folder::new();
    let to = folder.0.join("all.proffer");
    moving::export(shop.app.store(), (&to, NOON), &mut |_| {})
        .await
        .unwrap();
    folder
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
            store::Kind::Nodes,
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
    assert!(!holds(&bytes(&shop).await, "xyzzy"));
    assert_eq!(records().await, before);
    // The same with consent leaves its traces, so the test can fail.
    let batch = json!({"batch": shouting("plugh", &allowing())});
    shop.post(NOON, "/v1/batch", &batch).await;
    assert!(holds(&bytes(&shop).await, "plugh-category"));
    assert!(!holds(&bytes(&shop).await, "plugh@shop.example"));
    assert!(!holds(&bytes(&shop).await, "plugh-message"));
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

/// Every text that says something about ann, unlike any other.
const TOLD: [&str; 5] = [
    "xyzzy-ville",
    "xyzzy-category",
    "xyzzy-brand",
    "xyzzy-sku",
    "xyzzy-till",
];

/// Somebody who told us a lot, and was decided for by it more than once; the first decision.
async fn decided_for(shop: &Shop) -> String {
    // What no rule reads is not kept with a decision.
    let rule = json!({"rule": "context.till != 'other'"});
    shop.percent_off("Ten", 10, rule).await;
    shop.policy("ranked", &["Ten"], 0).await;
    let mut seen = viewed("m1", "ann");
    seen["properties"] =
        json!({"sku": "xyzzy-sku", "category": "xyzzy-category", "brand": "xyzzy-brand"});
    let told = json!({"type": "identify", "messageId": "m2", "userId": "ann",
        "context": allowing(), "traits": {"city": "xyzzy-ville"}});
    shop.post(NOON, "/v1/batch", &json!({"batch": [seen, told]}))
        .await;
    let order = json!({"amount": 900, "items": [
        {"source_id": "xyzzy-sku", "quantity": 1, "price": 900, "amount": 900,
         "product": {"name": "xyzzy-brand", "metadata": {"category": "xyzzy-category"}}}
    ]});
    let asked = json!({"customer": {"source_id": "ann"}, "order": order,
        "context": {"till": "xyzzy-till"}});
    let first = shop.post(NOON, "/v1/decisions", &asked).await;
    shop.post(NOON, "/v1/decisions", &asked).await;
    assert!(first["offer"]["code"].is_string(), "{first}");
    first["id"].as_str().unwrap().to_owned()
}

/// What was decided is still told, without what it was decided by.
async fn is_stripped(shop: &Shop, decision: &str) {
    let trace = shop
        .get(NOON + HOUR, &format!("/v1/decisions/{decision}"))
        .await;
    assert_eq!(trace["arm"], "treatment");
    assert_eq!(trace["candidates"][0]["fate"], "chosen");
    assert_eq!(trace["candidates"][0]["propensity"], 1_000_000);
    assert_eq!(
        trace["explanation"]["auditor"][0]["code"],
        "inputs_taken_back"
    );
    assert_eq!(trace["request"]["order"], Value::Null);
    let refused = server::replay::replay_named(&shop.app, decision).await;
    assert_eq!(refused.unwrap_err().code(), "inputs_taken_back");
    shop.post(NOON + HOUR, "/v1/sandbox/jobs", &json!({})).await;
    let all = bytes(shop).await;
    assert_eq!(TOLD.map(|text| holds(&all, text)), [false; 5], "{TOLD:?}");
}

#[tokio::test]
async fn what_no_rule_reads_is_not_kept_with_a_decision() {
    let shop = Shop::start().await;
    let rule = json!({"rule": "context.till != 'other' && order.units > 0"});
    shop.percent_off("Ten", 10, rule).await;
    shop.policy("ranked", &["Ten"], 0).await;
    shop.customer("ann").await;
    let line = json!({"source_id": "pot", "quantity": 1, "price": 900,
        "metadata": {"engraving": "xyzzy-line"}});
    let asked = json!({
        "customer": {"source_id": "ann"},
        "order": {"source_id": "xyzzy-number", "items": [line],
            "metadata": {"note": "xyzzy-order", "store": "xyzzy-store"}},
        "context": {"till": "xyzzy-till", "page": "xyzzy-page"},
        "placement": "xyzzy-place",
    });
    let decided = shop.post(NOON, "/v1/decisions", &asked).await;
    let id = decided["id"].as_str().unwrap();
    assert!(decided["offer"].is_object(), "{decided}");
    let unread = ["line", "order", "page", "place", "number", "store"];
    let unread = unread.map(|text| format!("xyzzy-{text}"));
    let all = bytes(&shop).await;
    assert!(holds(&all, "xyzzy-till"));
    assert_eq!(
        unread.each_ref().map(|text| holds(&all, text)),
        [false; 6],
        "{unread:?}"
    );
    let replayed = server::replay::replay_named(&shop.app, id).await.unwrap();
    assert!(replayed.is_equal());
}

#[tokio::test]
async fn what_is_taken_back_is_in_no_decision_and_in_no_file() {
    let shop = Shop::start().await;
    let decision = decided_for(&shop).await;
    let all = bytes(&shop).await;
    assert_eq!(TOLD.map(|text| holds(&all, text)), [true; 5], "{TOLD:?}");
    let withdraw = json!({
        "event": "Segment Consent Preference Updated", "messageId": "m3", "userId": "ann",
        "context": denying()
    });
    shop.post(NOON + HOUR, "/v1/track", &withdraw).await;
    is_stripped(&shop, &decision).await;
    let history = shop.get(NOON, "/v1/decisions?customer=ann").await;
    assert_eq!(history["decisions"].as_array().unwrap().len(), 2);
    shop.app.store().clone().close().await.unwrap();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_proffer"))
        .args(["replay-decision", &decision])
        .args(shop.place.words())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(3));
}

#[tokio::test]
async fn what_the_shop_says_was_taken_back_is_gone_too() {
    let shop = Shop::start().await;
    let decision = decided_for(&shop).await;
    let body = json!({"source_id": "ann", "consent": {"personalise_offers": false}});
    shop.post(NOON + HOUR, "/v1/customers", &body).await;
    is_stripped(&shop, &decision).await;
}

#[tokio::test]
async fn whoever_is_erased_is_in_no_decision_and_in_no_file() {
    let shop = Shop::start().await;
    let decision = decided_for(&shop).await;
    let found = shop.get(NOON, "/v1/customers/ann").await;
    let number = wire::ids::parse(wire::ids::Tag::Customer, found["id"].as_str().unwrap()).unwrap();
    let linked = async || {
        let mut view = shop.app.store().view(server::setup::SANDBOX).unwrap();
        let page = store::Page {
            after: 0,
            limit: 10,
            newest_first: false,
        };
        let customer = profiles::CustomerId(number);
        let found = server::deciding::made_for(&mut view, (customer, page)).await;
        found.unwrap().len()
    };
    assert_eq!(linked().await, 2);
    let codes = shop.get(NOON, "/v1/vouchers?campaign=Ten").await;
    let code = codes["vouchers"][0]["code"].as_str().unwrap();
    let code = format!("/v1/vouchers/{code}");
    for gone in ["/v1/customers/ann", &code] {
        let token = ("x-app-token", shop.sandbox_key.as_str());
        let call = (axum::http::Method::DELETE, gone);
        let (status, ..) = shop.raw(call, &[token], "").await;
        assert_eq!(status, axum::http::StatusCode::NO_CONTENT, "{gone}");
        assert_eq!(linked().await, 0, "{gone}");
    }
    is_stripped(&shop, &decision).await;
}

#[tokio::test]
async fn turning_out_to_be_somebody_who_said_no_takes_back_too() {
    let shop = Shop::start().await;
    let decision = decided_for(&shop).await;
    let mut other = viewed("m3", "unused");
    other["userId"] = Value::Null;
    other["anonymousId"] = "device".into();
    shop.post(NOON, "/v1/track", &other).await;
    other["messageId"] = "m4".into();
    other["context"]["consent"]["categoryPreferences"]["personalise_offers"] = false.into();
    other["timestamp"] = "2026-11-21T12:30:00Z".into();
    shop.post(NOON + HOUR, "/v1/track", &other).await;
    let alias = json!({"type": "alias", "messageId": "m5", "userId": "ann",
        "previousId": "device", "timestamp": "2026-11-21T12:30:00Z"});
    shop.post(NOON + HOUR, "/v1/alias", &alias).await;
    is_stripped(&shop, &decision).await;
}
