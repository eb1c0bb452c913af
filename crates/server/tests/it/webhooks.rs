//! Webhooks: what they are told, with what it is signed, and what becomes of what is not taken.

use std::collections::BTreeSet;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    routing::post,
};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::{
    redemptions::{order, ten_off, using},
    shop::{DAY, MINUTE, NOON, Shop},
};

pub const OF_SANDBOX: &str = "/management/v1/projects/proj_0000000000002";
const SIGNATURE: &str = "x-voucherify-signature";
const BEFORE: &str = "x-proffer-signature-previous";

/// Whoever is told: what came, and what is answered.
#[derive(Clone, Default)]
pub struct Receiver {
    came: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    /// It answers with this; its address.
    pub async fn start(status: u16) -> (Self, String) {
        let receiver = Self::default();
        receiver.answer(status);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/told", post(take))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (receiver, url)
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn came(&self) -> Vec<(HeaderMap, Bytes)> {
        self.came.lock().unwrap().clone()
    }

    /// The bodies that came, read.
    pub fn told(&self) -> Vec<Value> {
        let came = self.came();
        let read = |(_, body): &(HeaderMap, Bytes)| serde_json::from_slice(body).unwrap();
        came.iter().map(read).collect()
    }
}

async fn take(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    receiver.came.lock().unwrap().push((headers, body));
    let status = receiver.status.load(Ordering::SeqCst);
    (StatusCode::from_u16(status).unwrap(), "x".repeat(5_000))
}

/// A shop whose server may call the receiver beside it.
pub async fn shop() -> Shop {
    let shop = Shop::start().await;
    shop.app.reach_anywhere();
    shop
}

pub async fn register(shop: &Shop, url: &str, events: &[&str]) -> String {
    let sent = json!({"target_url": url, "events": events});
    let made = shop
        .post(NOON, &format!("{OF_SANDBOX}/webhooks"), &sent)
        .await;
    format!("{OF_SANDBOX}/webhooks/{}", made["id"].as_str().unwrap())
}

async fn voucher(shop: &Shop, code: &str) -> Value {
    let sent = json!({"code": code, "discount": ten_off()});
    shop.post(NOON, "/v1/vouchers", &sent).await
}

pub async fn run_jobs(shop: &Shop, now: i64) {
    shop.post(now, "/v1/sandbox/jobs", &json!({})).await;
}

async fn deliveries(shop: &Shop, webhook: &str) -> Value {
    shop.get(NOON, &format!("{webhook}/deliveries")).await
}

pub async fn call(shop: &Shop, (method, path): (Method, &str), body: &Value) -> (u16, Value) {
    let key = format!("Bearer {}", shop.sandbox_key);
    let now = wire::time::format(NOON).unwrap();
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
        ("proffer-now", now.as_str()),
    ];
    let (status, _, answer) = shop.raw((method, path), &headers, body.to_string()).await;
    (status.as_u16(), answer)
}

fn signed(secret: &Value, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_str().unwrap().as_bytes()).unwrap();
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_webhook_is_told_what_it_asked_for_and_can_check_who_says_it() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(200).await;
    let webhook = register(&shop, &url, &["voucher.created", "redemption.succeeded"]).await;
    let made = voucher(&shop, "A").await;
    let used = using(&["A"], order("o-1", 5_000));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    shop.put("/v1/vouchers/A", &json!({"metadata": {"k": 1}}))
        .await;
    let before = deliveries(&shop, &webhook).await;
    assert_eq!(before["total"], 2, "{before}");
    assert_eq!(before["data"][0]["status"], "WAITING", "{before}");
    assert_eq!(receiver.came().len(), 0, "it is written down first");
    run_jobs(&shop, NOON).await;
    let told = receiver.told();
    let of = |name: &str| told.iter().find(|one| one["type"] == name).unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    let created = of("voucher.created");
    assert_eq!(created["data"]["voucher"], made);
    assert_eq!(created["project_id"], "proj_0000000000002");
    assert_eq!(created["created_at"], "2026-11-21T12:00:00.000Z");
    assert_eq!(created["source"]["channel"], "API");
    assert_eq!(created["event"]["id"], created["id"]);
    let redeemed = &of("redemption.succeeded")["data"]["redemption"];
    assert_eq!(redeemed["id"], used["redemptions"][0]["id"]);
    assert_eq!(redeemed["result"], "SUCCESS");
    let secret = shop
        .get(NOON, &format!("{OF_SANDBOX}/webhook-secret"))
        .await;
    for (headers, body) in receiver.came() {
        assert_eq!(headers[SIGNATURE], signed(&secret["secret"], &body));
        assert_eq!(headers["content-type"], "application/json");
        assert!(headers.get(BEFORE).is_none());
    }
    let after = deliveries(&shop, &webhook).await;
    for row in after["data"].as_array().unwrap() {
        assert_eq!(row["status"], "DELIVERED", "{after}");
        assert_eq!(row["attempts"][0]["status"], 200);
    }
    run_jobs(&shop, NOON + MINUTE).await;
    assert_eq!(receiver.came().len(), 2, "what was taken is not sent again");
    run_jobs(&shop, NOON + 4 * DAY).await;
    assert_eq!(
        deliveries(&shop, &webhook).await["total"],
        0,
        "and forgotten"
    );
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_for_a_day_and_then_no_more() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(500).await;
    let webhook = register(&shop, &url, &["voucher.created"]).await;
    voucher(&shop, "A").await;
    let mut minutes = vec![0];
    minutes.extend((0..11).map(|power| 1 << power));
    minutes.push(24 * 60);
    for (place, minute) in minutes.iter().enumerate() {
        let due = NOON + minute * MINUTE;
        if place > 0 {
            run_jobs(&shop, due - 1).await;
        }
        assert_eq!(receiver.came().len(), place, "not before it is due");
        run_jobs(&shop, due).await;
        assert_eq!(receiver.came().len(), place + 1, "at minute {minute}");
    }
    let told = receiver.told();
    assert!(told.iter().all(|one| one["id"] == told[0]["id"]), "one id");
    let rows = deliveries(&shop, &webhook).await;
    assert_eq!(rows["data"][0]["status"], "GIVEN_UP", "{rows}");
    let attempts = rows["data"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 13);
    assert_eq!(attempts[0]["problem"], "it answered 500");
    assert_eq!(attempts[0]["answer"].as_str().unwrap().len(), 1024);
    let disabled = shop.get(NOON, &webhook).await;
    assert_eq!(disabled["active"], false);
    assert_eq!(disabled["disabled_at"], "2026-11-22T12:00:00.000Z");
    voucher(&shop, "B").await;
    assert_eq!(
        deliveries(&shop, &webhook).await["total"],
        1,
        "nothing more"
    );
    receiver.answer(204);
    let again = shop.put(&webhook, &json!({"active": true})).await;
    assert_eq!(again["disabled_at"], Value::Null);
    voucher(&shop, "C").await;
    run_jobs(&shop, NOON).await;
    assert_eq!(
        receiver.told().last().unwrap()["data"]["voucher"]["code"],
        "C"
    );
}

#[tokio::test]
async fn one_in_trouble_keeps_no_other_waiting() {
    let shop = shop().await;
    let (broken, broken_url) = Receiver::start(503).await;
    let (sound, sound_url) = Receiver::start(200).await;
    register(&shop, &broken_url, &["voucher.created"]).await;
    register(&shop, &sound_url, &["voucher.created"]).await;
    for number in 0..10 {
        voucher(&shop, &format!("N-{number}")).await;
    }
    run_jobs(&shop, NOON).await;
    assert_eq!(sound.came().len(), 10);
    assert_eq!(
        broken.came().len(),
        8,
        "those at the same moment, and no more"
    );
    let ids = |receiver: &Receiver| -> Vec<Value> {
        receiver
            .told()
            .iter()
            .map(|one| one["id"].clone())
            .collect()
    };
    let sound = ids(&sound);
    assert!(ids(&broken).iter().all(|id| sound.contains(id)));
}

#[tokio::test]
async fn a_retry_of_the_call_tells_once_and_what_is_refused_tells_nothing() {
    let shop = shop().await;
    let (_receiver, url) = Receiver::start(200).await;
    let webhook = register(&shop, &url, &["voucher.created"]).await;
    let client = shop.noon().with("idempotency-key", "k-1");
    let sent = json!({"code": "A", "discount": ten_off()});
    for _ in 0..2 {
        let (status, answer) = client.post("/v1/vouchers", &sent).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
    let (status, _) = shop.noon().post("/v1/vouchers", &sent).await.unwrap();
    assert_eq!(status, 409);
    assert_eq!(deliveries(&shop, &webhook).await["total"], 1);
}

#[tokio::test]
async fn a_rollback_that_is_refused_is_told_as_failed() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(200).await;
    let events = [
        "redemption.rollback.succeeded",
        "redemption.rollback.failed",
    ];
    register(&shop, &url, &events).await;
    voucher(&shop, "A").await;
    let used = using(&["A"], order("o-1", 5_000));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(NOON, &path, &json!({})).await;
    let keyed = shop.noon().with("idempotency-key", "k-2");
    for _ in 0..2 {
        let sent = json!({"reason": "twice"});
        let (status, answer) = keyed.post(&path, &sent).await.unwrap();
        assert_eq!(
            (status.as_u16(), &answer["key"]),
            (400, &json!("already_rolled_back"))
        );
    }
    // Of what is not there nothing is told.
    let nothing = "/v1/redemptions/r_0000000000000/rollback";
    let (status, _) = shop.noon().post(nothing, &json!({})).await.unwrap();
    assert_eq!(status, 404);
    run_jobs(&shop, NOON).await;
    let told = receiver.told();
    let failed: Vec<&Value> = told.iter().filter(|one| one["type"] == events[1]).collect();
    assert_eq!((told.len(), failed.len()), (2, 1), "{told:?}");
    let failed = &failed[0]["data"]["redemption_rollback"];
    assert!(
        failed["id"].as_str().unwrap().starts_with("rrf_"),
        "{failed}"
    );
    assert_eq!(
        json!([
            failed["redemption"],
            failed["status"],
            failed["failure_code"],
            failed["reason"]
        ]),
        json!([id, "FAILED", "already_rolled_back", "twice"])
    );
}

const CHANGES: [&str; 14] = [
    "campaign.created",
    "campaign.updated",
    "campaign.disabled",
    "campaign.enabled",
    "campaign.deleted",
    "customer.created",
    "customer.deleted",
    "voucher.disabled",
    "voucher.enabled",
    "voucher.updated",
    "voucher.deleted",
    "voucher.gift.balance_aded",
    "redemption.failed",
    "redemption.rollback.succeeded",
];

/// Does what each of them tells of, once.
pub async fn change_all(shop: &Shop) {
    let campaign = shop.percent_off("Ten", 10, json!({})).await;
    let campaign = format!("/v1/campaigns/{campaign}");
    shop.put(&campaign, &json!({"description": "d"})).await;
    for step in ["disable", "enable"] {
        shop.post(NOON, &format!("{campaign}/{step}"), &json!({}))
            .await;
    }
    assert_eq!(
        call(shop, (Method::DELETE, &campaign), &json!({})).await.0,
        202
    );
    shop.customer("ann").await;
    shop.customer("ann").await;
    voucher(shop, "A").await;
    for step in ["disable", "enable"] {
        shop.post(NOON, &format!("/v1/vouchers/A/{step}"), &json!({}))
            .await;
    }
    shop.put("/v1/vouchers/A", &json!({"metadata": {"k": 1}}))
        .await;
    let used = using(&["A"], order("o-1", 5_000));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    let back = used["redemptions"][0]["id"].as_str().unwrap();
    shop.post(
        NOON,
        &format!("/v1/redemptions/{back}/rollback"),
        &json!({}),
    )
    .await;
    let unknown = using(&["NOBODY"], order("o-2", 5_000));
    let (status, _) = shop.noon().post("/v1/redemptions", &unknown).await.unwrap();
    assert!(status.is_client_error());
    assert_eq!(
        call(shop, (Method::DELETE, "/v1/vouchers/A"), &json!({}))
            .await
            .0,
        204
    );
    let card = json!({"code": "CARD", "type": "GIFT_VOUCHER", "gift": {"amount": 1_000}});
    shop.post(NOON, "/v1/vouchers", &card).await;
    shop.post(NOON, "/v1/vouchers/CARD/balance", &json!({"amount": 500}))
        .await;
    assert_eq!(
        call(shop, (Method::DELETE, "/v1/customers/ann"), &json!({}))
            .await
            .0,
        204
    );
}

#[tokio::test]
async fn changes_of_what_there_is_are_told_by_their_names() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(200).await;
    register(&shop, &url, &CHANGES).await;
    change_all(&shop).await;
    for _ in 0..3 {
        run_jobs(&shop, NOON).await;
    }
    let told = receiver.told();
    let mut found: Vec<_> = told
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    let mut expected = CHANGES.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let of = |name: &str| &told.iter().find(|one| one["type"] == name).unwrap()["data"];
    assert_eq!(
        of("voucher.gift.balance_aded")["voucher"]["gift"]["balance"],
        1_500
    );
    let customer = of("customer.created")["customer"].as_object().unwrap();
    assert_eq!(customer.len(), 2, "nothing but their id: {customer:?}");
}

/// Whoever is made on the way of another call is told of as one who is made by name.
#[tokio::test]
async fn a_customer_is_told_of_once_however_they_came() {
    let shop = shop().await;
    shop.percent_off("Ten", 10, json!({})).await;
    let card = json!({"type": "LOYALTY_CARD", "loyalty_card": {"points": 0}});
    let loyalty = json!({"name": "Points", "voucher": card});
    shop.post(NOON, "/v1/loyalties", &loyalty).await;
    let (receiver, url) = Receiver::start(200).await;
    register(&shop, &url, &["customer.created"]).await;
    let of = |source: &str| json!({"source_id": source});
    let calls = [
        ("/v1/orders", json!({"customer": of("c-1"), "amount": 1})),
        (
            "/v1/events",
            json!({"customer": of("c-2"), "event": "seen"}),
        ),
        (
            "/v1/publications",
            json!({"customer": of("c-3"), "campaign": {"name": "Ten"}}),
        ),
        (
            "/v1/loyalties/Points/members",
            json!({"customer": of("c-4")}),
        ),
        (
            "/v1/identify",
            json!({"userId": "c-5", "context": {"consent": {
            "categoryPreferences": {"personalise_offers": true}}}}),
        ),
        (
            "/v1/orders",
            json!({"customer": of("c-1"), "referrer": of("c-6"), "amount": 1}),
        ),
    ];
    let visit = json!({"batch": [
        {"type": "page", "anonymousId": "v-7", "context": {"consent": {
            "categoryPreferences": {"personalise_offers": true}}}},
        {"type": "identify", "anonymousId": "v-7", "userId": "c-7", "context": {"consent": {
            "categoryPreferences": {"personalise_offers": true}}}}]});
    shop.post(NOON, "/v1/batch", &visit).await;
    for (path, body) in &calls {
        shop.post(NOON, path, body).await;
    }
    run_jobs(&shop, NOON + 1).await;
    let told = receiver.told().into_iter();
    let told: BTreeSet<String> = told
        .map(|told| told["data"]["customer"]["id"].as_str().unwrap().to_owned())
        .collect();
    let mut made = BTreeSet::new();
    for number in 1..=7 {
        let customer = shop.get(NOON, &format!("/v1/customers/c-{number}")).await;
        made.insert(customer["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(told, made);
    assert_eq!(receiver.told().len(), 7);
}

#[tokio::test]
async fn a_changed_secret_signs_beside_the_one_before_for_a_day() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(200).await;
    register(&shop, &url, &["voucher.created"]).await;
    let path = format!("{OF_SANDBOX}/webhook-secret");
    let old = shop.get(NOON, &path).await["secret"].clone();
    assert_eq!(old.as_str().unwrap().len(), 64);
    let changed = shop.post(NOON, &path, &json!({})).await;
    assert_eq!(changed["previous"], old);
    assert_ne!(changed["secret"], old);
    voucher(&shop, "A").await;
    run_jobs(&shop, NOON + 1).await;
    let (headers, body) = receiver.came().remove(0);
    assert_eq!(headers[SIGNATURE], signed(&changed["secret"], &body));
    assert_eq!(headers[BEFORE], signed(&old, &body));
    voucher(&shop, "B").await;
    run_jobs(&shop, NOON + DAY).await;
    assert!(receiver.came().remove(1).0.get(BEFORE).is_none());
    let later = shop.get(NOON + DAY, &path).await;
    assert_eq!(later["previous"], Value::Null);
}

#[tokio::test]
async fn webhooks_are_made_read_changed_and_removed() {
    let shop = Shop::start().await;
    let all = format!("{OF_SANDBOX}/webhooks");
    let sent = json!({"target_url": "https://shop.example/hooks", "events": ["voucher.created"]});
    let made = shop.post(NOON, &all, &sent).await;
    assert_eq!(made["object"], "webhook");
    assert_eq!(made["active"], true);
    assert_eq!(made["events"], json!(["voucher.created"]));
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("wh_"), "{id}");
    let one = format!("{all}/{id}");
    assert_eq!(shop.get(NOON, &one).await, made);
    assert_eq!(shop.get(NOON, &all).await["data"], json!([made]));
    let changed = shop.put(&one, &json!({"active": false})).await;
    assert_eq!(changed["active"], false);
    assert_eq!(
        changed["target_url"], made["target_url"],
        "what is absent stays"
    );
    for path in [&all, &one, &format!("{one}/deliveries")] {
        let (status, _) = shop.live.get(path).await.unwrap();
        assert_eq!(status, 404, "{path} of the live project");
    }
    let check = async |body: Value, details: &str| {
        let (status, answer) = call(&shop, (Method::POST, &all), &body).await;
        assert_eq!(status, 400, "{answer}");
        assert_eq!(answer["details"], details);
    };
    let to = |url: &str| json!({"target_url": url, "events": ["voucher.created"]});
    check(
        json!({"target_url": "https://shop.example", "events": ["voucher.made"]}),
        "/events/0: there is no such event",
    )
    .await;
    check(
        to("http://shop.example/"),
        "/target_url: must begin with https://",
    )
    .await;
    check(
        to("https://169.254.169.254/latest"),
        "/target_url: is not an address of the public internet",
    )
    .await;
    let (status, _) = call(&shop, (Method::PUT, &one), &to("https://localhost/")).await;
    assert_eq!(status, 400);
    assert_eq!(
        call(&shop, (Method::DELETE, &one), &Value::Null).await.0,
        204
    );
    let gone = call(&shop, (Method::GET, &one), &Value::Null).await;
    assert_eq!((gone.0, &gone.1["resource_type"]), (404, &json!("webhook")));
}

#[tokio::test]
async fn what_was_left_for_a_webhook_that_is_removed_is_let_go() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(200).await;
    let webhook = register(&shop, &url, &["voucher.created"]).await;
    voucher(&shop, "A").await;
    assert_eq!(
        call(&shop, (Method::DELETE, &webhook), &Value::Null)
            .await
            .0,
        204
    );
    run_jobs(&shop, NOON).await;
    run_jobs(&shop, NOON + 4 * DAY).await;
    assert_eq!(receiver.came().len(), 0);
    let kind = store::Kind::Delivery;
    let left = shop
        .app
        .store()
        .count_records(server::setup::SANDBOX, kind)
        .await;
    assert_eq!(left.unwrap(), 0);
}
