//! Memberships: who enters and leaves active segments, which card comes to which tier, and what is
//! told and earned by it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::setup::SANDBOX;
use store::Kind;

use crate::{
    campaigns::delete,
    catalogue::{check, id},
    loyalties::{card, points, programme, put, rules},
    shop::{DAY, NOON, Shop},
    webhooks::{OF_SANDBOX, Receiver},
};

const ALL: [&str; 6] = [
    "customer.segment.entered",
    "customer.segment.left",
    "customer.loyalty.tier.joined",
    "customer.loyalty.tier.upgraded",
    "customer.loyalty.tier.downgraded",
    "customer.loyalty.tier.left",
];

async fn run_jobs(shop: &Shop, now: i64) {
    shop.post(now, "/v1/sandbox/jobs", &json!({})).await;
}

/// A shop whose memberships somebody is told of.
async fn listened() -> (Shop, Receiver) {
    let shop = Shop::start().await;
    shop.app.reach_anywhere();
    let (receiver, url) = Receiver::start(200).await;
    let path = format!("{OF_SANDBOX}/webhooks");
    let sent = json!({"target_url": url, "events": ALL});
    shop.post(NOON, &path, &sent).await;
    (shop, receiver)
}

/// What was told, the name of the event and what stands in its data.
fn told(receiver: &Receiver) -> Vec<(String, Value)> {
    let told = receiver.told().into_iter();
    let one = |mut told: Value| {
        let name = told["type"].as_str().unwrap().to_owned();
        (name, told["data"].take())
    };
    told.map(one).collect()
}

/// An active segment of those whose metadata says this tier; its id.
pub async fn active(shop: &Shop, filter: Value) -> String {
    let body = json!({"name": "Active", "type": "auto-update", "filter": filter});
    id(&shop.post(NOON, "/v1/segments", &body).await)
}

pub fn gold() -> Value {
    json!({"metadata.tier": {"conditions": {"$is": ["gold"]}}})
}

pub async fn say(shop: &Shop, customer: &str, tier: &str) -> String {
    let body = json!({"source_id": customer, "metadata": {"tier": tier},
        "consent": {"personalise_offers": true}});
    id(&shop.post(NOON, "/v1/customers", &body).await)
}

/// The types of what happened to a customer that begin so, newest first.
async fn happened(shop: &Shop, path: &str, start: &str) -> Vec<Value> {
    let list = shop.get(NOON, &format!("{path}/activity?limit=100")).await;
    let mut rows = list["data"].as_array().unwrap().clone();
    rows.retain(|row| row["type"].as_str().unwrap().starts_with(start));
    rows
}

fn types(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn who_enters_and_leaves_an_active_segment_is_told_once() {
    let (shop, receiver) = listened().await;
    let segment = active(&shop, gold()).await;
    let ann = say(&shop, "ann", "gold").await;
    say(&shop, "bob", "tin").await;
    run_jobs(&shop, NOON).await;
    run_jobs(&shop, NOON).await;
    let about = json!({"customer": {"id": ann, "object": "customer"},
        "segment": {"id": segment, "object": "segment"}});
    let entered = ("customer.segment.entered".to_owned(), about.clone());
    assert_eq!(told(&receiver), std::slice::from_ref(&entered));
    say(&shop, "ann", "tin").await;
    say(&shop, "ann", "lead").await;
    run_jobs(&shop, NOON + DAY).await;
    let left = ("customer.segment.left".to_owned(), about);
    assert_eq!(told(&receiver), [entered, left]);
    let rows = happened(&shop, "/v1/customers/ann", "customer.segment").await;
    let names = ["customer.segment.left", "customer.segment.entered"];
    assert_eq!(types(&rows), names);
    let expected = json!({"customer": {"id": ann, "object": "customer"},
        "segment": {"id": segment, "name": "Active", "object": "segment"}});
    assert_eq!(rows[1]["data"], expected);
    let rows = happened(&shop, "/v1/customers/bob", "customer.segment").await;
    assert_eq!(rows, [Value::Null; 0]);
}

#[tokio::test]
async fn whom_a_new_segment_takes_in_has_not_entered_it() {
    let (shop, receiver) = listened().await;
    say(&shop, "ann", "gold").await;
    say(&shop, "bob", "tin").await;
    let segment = active(&shop, gold()).await;
    run_jobs(&shop, NOON).await;
    assert_eq!(told(&receiver), []);
    let bob = say(&shop, "bob", "gold").await;
    say(&shop, "ann", "tin").await;
    run_jobs(&shop, NOON).await;
    let mut told = told(&receiver);
    told.sort_by_key(|(name, _)| name.clone());
    assert_eq!(told.len(), 2);
    assert_eq!(
        (told[0].0.as_str(), &told[0].1["customer"]["id"]),
        ("customer.segment.entered", &json!(bob))
    );
    assert_eq!(told[1].0, "customer.segment.left");
    let path = format!("/v1/segments/{segment}");
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    run_jobs(&shop, NOON + DAY).await;
    assert_eq!(receiver.told().len(), 2);
    let rows = happened(&shop, "/v1/customers/bob", "customer.segment").await;
    let gone = json!({"id": segment, "name": null, "object": "segment"});
    assert_eq!(rows[0]["data"]["segment"], gone);
}

#[tokio::test]
async fn what_time_alone_changes_is_found_within_a_day() {
    let (shop, receiver) = listened().await;
    let old = json!({"created_at": {"conditions": {"$more_than_ago": [7]}}});
    active(&shop, old).await;
    shop.customer("ann").await;
    run_jobs(&shop, NOON + 6 * DAY).await;
    assert_eq!(told(&receiver), []);
    run_jobs(&shop, NOON + 8 * DAY).await;
    run_jobs(&shop, NOON + 9 * DAY).await;
    assert_eq!(told(&receiver).len(), 1);
    assert_eq!(told(&receiver)[0].0, "customer.segment.entered");
}

#[tokio::test]
async fn entering_a_segment_earns_points_once() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let segment = active(&shop, gold()).await;
    let rule = json!([{"event": "customer.segment.entered", "segment": {"id": segment},
        "loyalty": {"type": "FIXED", "points": 30}}]);
    let path = format!("/v1/loyalties/{club}/earning-rules");
    let made = shop.post(NOON, &path, &rule).await;
    assert_eq!(made[0]["segment"], json!({"id": segment}));
    assert_eq!(made[0]["event"], "customer.segment.entered");
    let card = card(&shop, &club, "ann").await;
    say(&shop, "ann", "gold").await;
    run_jobs(&shop, NOON).await;
    run_jobs(&shop, NOON + DAY).await;
    assert_eq!(points(&shop, NOON, &card).await, [30, 30, 0]);
    let path = format!("/v1/loyalties/members/{card}/transactions");
    let rows = shop.get(NOON, &path).await;
    let details = &rows["data"][0]["details"];
    assert_eq!(details["segment"], json!({"id": segment}));
    assert_eq!(details["earning_rule"]["id"], made[0]["id"]);
    say(&shop, "ann", "tin").await;
    run_jobs(&shop, NOON).await;
    assert_eq!(points(&shop, NOON, &card).await, [30, 30, 0]);
    say(&shop, "ann", "gold").await;
    run_jobs(&shop, NOON).await;
    assert_eq!(points(&shop, NOON, &card).await, [60, 60, 0]);
    let (status, answer) = delete(&shop, &format!("/v1/segments/{segment}")).await;
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::BAD_REQUEST, &json!("resource_in_use"))
    );
}

#[tokio::test]
async fn of_who_takes_consent_back_no_segment_is_kept() {
    let (shop, receiver) = listened().await;
    active(&shop, gold()).await;
    let kept = async || {
        let kinds = [Kind::Membership, Kind::Activity];
        let mut all = Vec::new();
        for kind in kinds {
            all.push(shop.app.store().count_records(SANDBOX, kind).await.unwrap());
        }
        all
    };
    say(&shop, "ann", "gold").await;
    let silent = json!({"source_id": "bob", "metadata": {"tier": "gold"}});
    shop.post(NOON, "/v1/customers", &silent).await;
    run_jobs(&shop, NOON).await;
    assert_eq!((told(&receiver).len(), kept().await), (1, vec![1, 1]));
    let no = json!({"source_id": "ann", "consent": {"personalise_offers": false}});
    shop.post(NOON, "/v1/customers", &no).await;
    let rows = happened(&shop, "/v1/customers/ann", "customer.segment").await;
    assert_eq!(rows, [Value::Null; 0]);
    assert_eq!(kept().await, [0, 0]);
    run_jobs(&shop, NOON + DAY).await;
    assert_eq!(told(&receiver).len(), 1);
    assert_eq!(
        delete(&shop, "/v1/customers/ann").await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(kept().await, [0, 0]);
    run_jobs(&shop, NOON + DAY).await;
    let notes = shop.app.store().count_records(SANDBOX, Kind::Recheck).await;
    assert_eq!((told(&receiver).len(), notes.unwrap()), (1, 0));
}

/// Tiers of up to 99 points, of 100 to 199, and of more; their ids.
pub async fn tiers(shop: &Shop, club: &str) -> Vec<String> {
    let path = format!("/v1/loyalties/{club}/tiers");
    let body = json!([{"name": "Silver", "points": {"from": 100, "to": 199}},
        {"name": "Gold", "points": {"from": 200}}]);
    let made = shop.post(NOON, &path, &body).await;
    made.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn cards_come_to_tiers_and_leave_them() {
    let (shop, receiver) = listened().await;
    let club = programme(&shop, "Club").await;
    let tiers = tiers(&shop, &club).await;
    let card = card(&shop, &club, "ann").await;
    for points in [99, 1, 100, -50, -100] {
        put(&shop, &card, points).await;
        run_jobs(&shop, NOON).await;
    }
    let ids = told(&receiver).into_iter();
    let ids = ids.map(|(name, data)| (name, data["loyalty_tier"]["id"].clone()));
    let expected = [
        ("joined", &tiers[0]),
        ("upgraded", &tiers[1]),
        ("downgraded", &tiers[0]),
        ("left", &tiers[0]),
    ];
    let expected =
        expected.map(|(moved, tier)| (format!("customer.loyalty.tier.{moved}"), json!(tier)));
    assert_eq!(ids.collect::<Vec<_>>(), expected);
    let whose = [
        "/v1/customers/ann".to_owned(),
        format!("/v1/loyalties/members/{card}"),
    ];
    for path in &whose {
        let rows = happened(&shop, path, "customer.loyalty.tier").await;
        let mut names = expected.clone().map(|(name, _)| name);
        names.reverse();
        assert_eq!(types(&rows), names, "{path}");
        let gold = json!({"id": tiers[1], "name": "Gold", "object": "loyalty_tier"});
        assert_eq!(rows[2]["data"]["loyalty_tier"], gold);
    }
}

#[tokio::test]
async fn a_tier_that_is_reached_earns_points_on_its_card() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let [silver, gold] = tiers(&shop, &club).await.try_into().unwrap();
    let on = |moved: &str, tier: &str, points: u64| {
        json!({"event": format!("customer.loyalty.tier.{moved}"), "loyalty_tier": {"id": tier},
            "loyalty": {"type": "FIXED", "points": points}})
    };
    // The points for silver lead to gold.
    let all = json!([
        on("joined", &silver, 120),
        on("upgraded", &gold, 7),
        on("joined", &gold, 1_000)
    ]);
    rules(&shop, &club, all).await;
    let first = card(&shop, &club, "ann").await;
    let other = card(&shop, &club, "ann").await;
    put(&shop, &first, 100).await;
    run_jobs(&shop, NOON).await;
    assert_eq!(points(&shop, NOON, &first).await, [227, 227, 0]);
    assert_eq!(points(&shop, NOON, &other).await, [0, 0, 0]);
    let path = format!("/v1/loyalties/members/{first}/transactions");
    let rows = shop.get(NOON, &path).await;
    let tier = |row: usize| rows["data"][row]["details"]["loyalty_tier"]["id"].clone();
    assert_eq!([tier(0), tier(1)], [json!(gold), json!(silver)]);
    run_jobs(&shop, NOON + DAY).await;
    assert_eq!(points(&shop, NOON, &first).await, [227, 227, 0]);
}

#[tokio::test]
async fn a_rule_names_a_segment_or_a_tier_that_is_there() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let other = programme(&shop, "Other").await;
    let tier = tiers(&shop, &other).await.remove(0);
    let passive = json!({"name": "Passive", "type": "passive", "filter": gold()});
    let passive = id(&shop.post(NOON, "/v1/segments", &passive).await);
    let path = format!("/v1/loyalties/{club}/earning-rules");
    let loyalty = json!({"type": "FIXED", "points": 5});
    let rows = [
        (
            json!({"event": "customer.segment.entered"}),
            (400, "invalid_payload"),
        ),
        (
            json!({"event": "customer.segment.entered", "segment": {"id": "seg_1"}}),
            (400, "invalid_payload"),
        ),
        (
            json!({"event": "customer.segment.entered", "segment": {"id": passive}}),
            (400, "invalid_payload"),
        ),
        (
            json!({"event": "customer.segment.entered",
                "segment": {"id": "seg_0000000000009"}}),
            (404, "not_found"),
        ),
        (
            json!({"event": "customer.loyalty.tier.joined", "loyalty_tier": {"id": tier}}),
            (404, "not_found"),
        ),
        (
            json!({"event": "customer.loyalty.tier.prolonged", "loyalty_tier": {"id": tier}}),
            (400, "invalid_payload"),
        ),
        (
            json!({"event": "order.paid", "loyalty_tier": {"id": tier}}),
            (400, "invalid_payload"),
        ),
    ];
    for (mut rule, expected) in rows {
        rule["loyalty"] = loyalty.clone();
        check(&shop, (Method::POST, &path, &json!([rule])), expected).await;
    }
}
