//! Decisions over HTTP: what is given, what is withheld, what is written down, and that it would be
//! decided so again.

use std::process::Command;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::{
    deciding, replay,
    setup::{self, SANDBOX},
};
use wire::ids::{self, Tag};

use crate::shop::{DAY, HOUR, MINUTE, NOON, Shop};

async fn shop_with_ten() -> Shop {
    let shop = Shop::start().await;
    shop.percent_off("Ten", 10, json!({"grant_days": 4})).await;
    shop.policy("ranked", &["Ten"], 0).await;
    shop
}

#[tokio::test]
async fn a_decision_gives_a_code_and_says_why() {
    let shop = shop_with_ten().await;
    let id = shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    let offer = &made["offer"];
    let code = offer["code"].as_str().unwrap();
    assert_eq!(
        offer["redeemable"],
        json!({"object": "voucher", "id": code})
    );
    assert_eq!(offer["benefit"]["text"], "10 % off");
    assert_eq!(offer["expires_at"], "2026-11-25T12:00:00.000Z");
    assert_eq!(made["decided_at"], "2026-11-21T12:00:00.000Z");
    assert!(made.get("why_none").is_none());
    let wallet = shop.get(NOON, "/v1/wallets/ann").await;
    assert_eq!(wallet["customer_id"], id.as_str());
    assert_eq!(wallet["grants"][0]["code"], code);
    assert_eq!(wallet["grants"].as_array().unwrap().len(), 1);
    let later = shop.get(NOON + 4 * DAY, "/v1/wallets/ann").await;
    assert_eq!(later["grants"], json!([]));
}

#[tokio::test]
async fn a_decision_outlives_the_code_it_granted() {
    let shop = shop_with_ten().await;
    shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    let code = made["offer"]["code"].as_str().unwrap();
    let held = async || {
        let all = shop.get(NOON, "/v1/vouchers?campaign=Ten").await;
        let campaign = shop.get(NOON, "/v1/campaigns/Ten").await;
        (all["total"].clone(), campaign["vouchers_count"].clone())
    };
    assert_eq!(held().await, (json!(1), json!(1)));
    let token = ("x-app-token", shop.sandbox_key.as_str());
    let path = format!("/v1/vouchers/{code}");
    let (status, ..) = shop
        .raw((axum::http::Method::DELETE, &path), &[token], "")
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(held().await, (json!(0), json!(0)));
    let history = shop.get(NOON, "/v1/decisions?customer=ann").await;
    let rows = history["decisions"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["id"], made["id"]);
}

/// The store is not on record, and counts all the same.
#[tokio::test]
async fn what_a_store_may_give_is_counted_by_store() {
    let shop = Shop::start().await;
    let rule = json!({"caps": [{"reach": "store", "limit": 1}]});
    shop.percent_off("Ten", 10, rule).await;
    shop.policy("ranked", &["Ten"], 0).await;
    let order = |place: &str| {
        let line = json!({"source_id": "pot", "quantity": 1, "price": 900});
        json!({"items": [line], "metadata": {"store": place}})
    };
    let decide = async |name: &str, place: &str| {
        shop.customer(name).await;
        let asked = json!({"customer": {"source_id": name}, "order": order(place)});
        let made = shop.post(NOON, "/v1/decisions", &asked).await;
        made["offer"]["code"].as_str().map(str::to_owned)
    };
    let code = decide("ann", "north").await.unwrap();
    let used = json!({
        "redeemables": [{"object": "voucher", "id": code}],
        "customer": {"source_id": "ann"},
        "order": order("north")
    });
    shop.post(NOON, "/v1/redemptions", &used).await;
    assert_eq!(decide("bob", "north").await, None);
    assert!(decide("cy", "south").await.is_some());
}

#[tokio::test]
async fn a_trace_names_every_offer_with_its_fate() {
    let shop = shop_with_ten().await;
    let big = json!({"rule": "order.amount >= 50000"});
    shop.percent_off("Big orders", 20, big).await;
    shop.policy("ranked", &["Big orders", "Ten"], 0).await;
    shop.customer("ann").await;
    let asked = json!({
        "customer": {"source_id": "ann"}, "placement": "cart",
        "order": {"amount": 10_000, "items": []}, "context": {"channel": "app"}
    });
    let made = shop.post(NOON, "/v1/decisions", &asked).await;
    let id = made["id"].as_str().unwrap();
    let trace = shop.get(NOON, &format!("/v1/decisions/{id}")).await;
    assert_eq!(trace["arm"], "treatment");
    let candidates = trace["candidates"].as_array().unwrap();
    let fate = |name: &str| {
        let found = candidates.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name} in {trace:#}"))
    };
    assert_eq!(fate("Ten")["fate"], "chosen");
    assert_eq!(fate("Ten")["propensity"], 1_000_000);
    assert_eq!(fate("Big orders")["fate"], "unmatched");
    assert!(
        !trace["explanation"]["support"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(
        !trace["explanation"]["auditor"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let history = shop.get(NOON, "/v1/decisions?customer=ann&limit=5").await;
    assert_eq!(history["decisions"][0]["id"], id);
    assert_eq!(history["decisions"][0]["outcome"], "granted");
}

#[tokio::test]
async fn the_holdout_gets_nothing_and_is_recorded() {
    let shop = shop_with_ten().await;
    shop.policy("ranked", &["Ten"], 999_999).await;
    shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    assert_eq!(made["offer"], Value::Null);
    assert_eq!(
        made["why_none"]["code"], "nothing_now",
        "the arm is not told"
    );
    let trace = shop
        .get(
            NOON,
            &format!("/v1/decisions/{}", made["id"].as_str().unwrap()),
        )
        .await;
    assert_eq!(trace["arm"], "holdout");
    assert_eq!(trace["candidates"][0]["fate"], "withheld");
    assert_eq!(trace["candidates"][0]["propensity"], 1_000_000);
    assert_eq!(shop.get(NOON, "/v1/wallets/ann").await["grants"], json!([]));
    let experiments = shop.get(NOON, "/v1/experiments").await;
    assert_eq!(
        experiments["experiments"][0]["arms"][0],
        json!({"arm": "holdout", "n": 1})
    );
}

#[tokio::test]
async fn a_bandit_logs_its_propensities() {
    let shop = shop_with_ten().await;
    shop.percent_off("Twenty", 20, json!({})).await;
    shop.policy("bandit", &["Ten", "Twenty"], 0).await;
    shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    let trace = shop
        .get(
            NOON,
            &format!("/v1/decisions/{}", made["id"].as_str().unwrap()),
        )
        .await;
    let shares: Vec<u64> = trace["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["propensity"].as_u64().unwrap())
        .collect();
    assert_eq!(shares, [500_000, 500_000], "nothing is known of either");
}

#[tokio::test]
async fn same_id_same_answer() {
    let shop = shop_with_ten().await;
    shop.customer("ann").await;
    let client = shop.noon().with("idempotency-key", "\"k-1\"");
    let ask = json!({"customer": {"source_id": "ann"}});
    let (_, first) = client.post("/v1/decisions", &ask).await.unwrap();
    let (_, second) = client.post("/v1/decisions", &ask).await.unwrap();
    let bare = shop.noon().with("idempotency-key", "k-1");
    let (_, third) = bare.post("/v1/decisions", &ask).await.unwrap();
    assert!(first["offer"]["code"].is_string());
    assert_eq!((&first, &first), (&second, &third));
    let history = shop.get(NOON, "/v1/decisions?customer=ann").await;
    assert_eq!(history["decisions"].as_array().unwrap().len(), 1);
    let other = json!({"customer": {"source_id": "ann"}, "placement": "cart"});
    let (status, answer) = client.post("/v1/decisions", &other).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer["code"], "idempotency_key_reused");
}

#[tokio::test]
async fn somebody_unknown_gets_nothing_and_leaves_nothing() {
    let shop = shop_with_ten().await;
    let made = shop.decide(NOON, "nobody").await;
    assert_eq!(made["offer"], Value::Null);
    assert_eq!(made["why_none"]["code"], "no_consent");
    let (status, _) = shop.noon().get("/v1/customers/nobody").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn no_offer_by_default() {
    let shop = Shop::start().await;
    shop.percent_off("Ten", 10, json!({})).await;
    shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    assert_eq!(
        (&made["offer"], &made["why_none"]["code"]),
        (&Value::Null, &json!("nothing_now"))
    );
}

#[tokio::test]
async fn the_last_of_a_budget_is_given_once() {
    let shop = std::sync::Arc::new(Shop::start().await);
    let ours = json!({"caps": [
        {"reach": "campaign", "period": "ever", "unit": "touches", "limit": 3}
    ]});
    shop.percent_off("Few", 10, ours).await;
    shop.policy("ranked", &["Few"], 0).await;
    for number in 0..10 {
        shop.customer(&format!("c{number}")).await;
    }
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..10 {
        let shop = shop.clone();
        calls.spawn(async move { shop.decide(NOON, &format!("c{number}")).await });
    }
    let answers = calls.join_all().await;
    let given = answers
        .iter()
        .filter(|one| one["offer"].is_object())
        .count();
    assert_eq!(given, 3);
    let none = answers
        .iter()
        .filter_map(|one| one["why_none"]["code"].as_str());
    assert_eq!(none.filter(|code| *code == "all_gone").count(), 7);
}

#[tokio::test]
async fn replay_is_equal() {
    let shop = shop_with_ten().await;
    shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    // What is in force changes; what was decided does not.
    shop.percent_off("Better", 30, json!({})).await;
    shop.policy("ranked", &["Better"], 500_000).await;
    let name = made["id"].as_str().unwrap();
    let replayed = replay::replay_named(&shop.app, name).await.unwrap();
    assert!(replayed.is_equal(), "{replayed:?}");
    let number = ids::parse(Tag::Decision, name).unwrap();
    let again = replay::replay(&shop.app, SANDBOX, number).await.unwrap();
    assert_eq!(again.recorded.id.0, number);
    assert_eq!(
        again.recorded.chosen().map(|(_, propensity)| propensity),
        Some(1_000_000)
    );
    assert!(
        replay::replay_named(&shop.app, "dec_0000000000001")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn hostile_requests_are_refused() {
    let shop = shop_with_ten().await;
    shop.customer("ann").await;
    let ann = json!({"source_id": "ann"});
    for body in [
        json!(null),
        json!({}),
        json!({"customer": {}}),
        json!({"customer": "ann"}),
        json!({"customer": ann, "order": 7}),
        json!({"customer": ann, "order": {"amount": -1}}),
        json!({"customer": ann, "order": {"amount": u64::MAX}}),
        json!({"customer": ann, "order": {"amount": 1, "currency": "euros"}}),
        json!({"customer": ann, "context": 7}),
    ] {
        let (status, answer) = shop.noon().post("/v1/decisions", &body).await.unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
    }
    for id in ["dec_", "dec_0000000000001", "camp_0000000000001", "x"] {
        let (status, _) = shop
            .noon()
            .get(&format!("/v1/decisions/{id}"))
            .await
            .unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{id}");
    }
    let live = shop.live.with("proffer-now", "2026-11-21T12:00:00Z");
    let (status, answer) = live.get("/v1/experiments").await.unwrap();
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (400, &json!("clock_is_live"))
    );
}

/// Whatever a shop tells of the moment and of the lines: it is refused, or decided by and decided
/// so again.
#[tokio::test]
async fn hostile_facts_are_refused_or_decided_by_again() {
    let shop = Shop::start().await;
    let rule = "context.till.name != 'x' && !(context.n > 3) \
                && !order.lines.exists(line, line.metadata.n in [1, 2])";
    shop.percent_off("Ten", 10, json!({"rule": rule})).await;
    shop.policy("ranked", &["Ten"], 0).await;
    shop.customer("ann").await;
    let check = async |context: &str, line: &str, status: u16| {
        let body = format!(
            r#"{{"customer": {{"source_id": "ann"}}, "context": {context},
                "order": {{"items": [{{"source_id": "pot", "price": 900, "metadata": {line}}}]}}}}"#
        );
        let token = ("x-app-token", shop.sandbox_key.as_str());
        let call = (axum::http::Method::POST, "/v1/decisions");
        let headers = [token, ("content-type", "application/json")];
        let (found, _, answer) = shop.raw(call, &headers, body).await;
        let told: String = context.chars().take(60).collect();
        assert_eq!(found.as_u16(), status, "{told} {line}: {answer}");
        if let Some(id) = answer["id"].as_str() {
            let replayed = replay::replay_named(&shop.app, id).await.unwrap();
            assert!(replayed.is_equal(), "{told} {line}");
        }
    };
    let deep = |depth: usize| "{\"till\":".repeat(depth) + "1" + &"}".repeat(depth);
    let long = format!(r#"{{"till": {{"name": "{}"}}}}"#, "x".repeat(200_000));
    check(&deep(60), "{}", 200).await;
    check(&deep(200), "{}", 400).await;
    check(&long, "{}", 200).await;
    check(r#"{"till": {"name": "a"}, "till.name": ["x"]}"#, "{}", 200).await;
    check(
        r#"{"till": 1, "till": {"name": 1, "name": null}}"#,
        "{}",
        200,
    )
    .await;
    check(r#"{"": {"": {"": ".."}}, ".": 1, "till.": 2}"#, "{}", 200).await;
    check(r#"{"n": 18446744073709551615}"#, r#"{"n": -1e308}"#, 200).await;
    check(r#"{"n": -9223372036854775808}"#, r#"{"n": [1, [2]]}"#, 200).await;
    check(r#"{"n": 1e999}"#, "{}", 400).await;
    check(r#"{"till": {"name": "\ud800"}}"#, "{}", 400).await;
    check(r#"{"till\u0000": "\u0000"}"#, r#"{"n\u0000": 1}"#, 200).await;
    check("{}", r#"{"unit_cost": 1e18}"#, 400).await;
    check("{}", r#"{"unit_cost": {"x": 1}}"#, 400).await;
}

#[tokio::test]
async fn what_the_customer_was_shown_is_taken_down_once() {
    let shop = shop_with_ten().await;
    shop.customer("ann").await;
    let made = shop.decide(NOON, "ann").await;
    let seen = |message: &str, minutes: i64| {
        let at = wire::time::format(NOON + minutes * MINUTE).unwrap();
        json!({
            "event": "Promotion Viewed", "messageId": message, "userId": "ann", "timestamp": at,
            "properties": {"promotion_id": made["id"]}
        })
    };
    shop.post(NOON + HOUR, "/v1/track", &seen("m1", 5)).await;
    shop.post(NOON + HOUR, "/v1/track", &seen("m2", 9)).await;
    let mut people = server::people::People::open(&shop.app, SANDBOX).unwrap();
    let customer = people.named("ann").await.unwrap().unwrap();
    let grants = &people.person(customer).unwrap().grants;
    assert_eq!(grants[0].shown_at, Some(NOON + 5 * MINUTE));
}

/// The command line on the shop's store, once the server has let go of it.
fn replayed(shop: &Shop, name: &str) -> (bool, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_proffer"))
        .args(["replay-decision", name])
        .args(shop.place.words())
        .output()
        .unwrap();
    (run.status.success(), String::from_utf8(run.stdout).unwrap())
}

#[tokio::test]
async fn the_command_line_tells_a_record_that_was_tampered_with() {
    let shop = shop_with_ten().await;
    shop.customer("ann").await;
    let (one, other) = (
        shop.decide(NOON, "ann").await,
        shop.decide(NOON, "ann").await,
    );
    let [one, other] = [&one, &other].map(|made| made["id"].as_str().unwrap());
    let number = ids::parse(Tag::Decision, other).unwrap();
    let mut record = deciding::recorded(&shop.app, SANDBOX, number)
        .await
        .unwrap();
    record.decision.draw += 1;
    let put = store::Write::Put {
        kind: store::Kind::Decision,
        id: number,
        body: server::versioned::write(&record).unwrap(),
    };
    let store = shop.app.store().clone();
    store
        .submit(setup::writes(SANDBOX, vec![put]))
        .await
        .unwrap();
    store.close().await.unwrap();
    let (is_equal, said) = replayed(&shop, one);
    assert!(is_equal, "{said}");
    assert_eq!(said.lines().count(), 2);
    assert!(!replayed(&shop, other).0);
    assert!(!replayed(&shop, "dec_0000000000001").0);
}
