//! Segments: who is in them, what rules make of that, and what becomes of a list.

use axum::http::{Method, StatusCode};
use ledger::Timestamp;
use profiles::CustomerId;
use serde_json::{Value, json};
use server::{
    deciding,
    people::Person,
    setup::{SANDBOX, writes},
    versioned, vouchers,
};
use store::{Index, Kind, Write};
use wire::ids::{self, Tag};

use crate::{
    campaigns::delete,
    catalogue::{check, check_bodies, id},
    ingest::{allowing, viewed},
    loyalties::{card, programme, put},
    processes::{Beside, soon},
    redemptions::{code, order, refused, ten_off, using},
    shop::{DAY, MINUTE, NOON, Shop},
};

async fn list(shop: &Shop, name: &str, customers: &[&str]) -> Value {
    let body = json!({"name": name, "type": "static", "customers": customers});
    shop.post(NOON, "/v1/segments", &body).await
}

async fn filtered(shop: &Shop, name: &str, filter: Value) -> Value {
    let body = json!({"name": name, "type": "passive", "filter": filter});
    shop.post(NOON, "/v1/segments", &body).await
}

fn is(field: &str, value: &str) -> Value {
    json!({field: {"conditions": {"$is": [value]}}})
}

/// A customer who allows everything, with what the shop says of them.
async fn told(shop: &Shop, source_id: &str, more: Value) {
    let mut body = json!({"source_id": source_id, "consent": {"personalise_offers": true}});
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    shop.post(NOON, "/v1/customers", &body).await;
}

/// The names of the segments a customer is in.
async fn segments_of(shop: &Shop, now: Timestamp, customer: &str) -> Vec<String> {
    let path = format!("/v1/customers/{customer}/segments");
    let list = shop.get(now, &path).await;
    assert_eq!(
        (&list["object"], &list["data_ref"]),
        (&json!("list"), &json!("data"))
    );
    let rows = list["data"].as_array().unwrap();
    assert_eq!(list["total"], rows.len());
    let names = rows.iter().map(|row| row["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

/// How many are on a list, as the store has it, and on how many lists a customer is.
async fn links(shop: &Shop, index: Index, of: &str) -> u64 {
    let tag = match index {
        Index::CustomersOfSegment => Tag::Segment,
        _ => Tag::Customer,
    };
    let key = vouchers::key(ids::parse(tag, of).unwrap());
    let count = shop.app.store().count(SANDBOX, index, &key).await;
    count.unwrap()
}

#[tokio::test]
async fn a_list_is_made_read_and_removed() {
    let shop = Shop::start().await;
    let ann = shop.customer("ann").await;
    shop.customer("bob").await;
    shop.customer("cid").await;
    let made = list(&shop, "VIP", &[&ann, "bob", "ann"]).await;
    assert!(id(&made).starts_with("seg_"));
    let expected = json!({"id": id(&made), "name": "VIP", "type": "static",
        "created_at": "2026-11-21T12:00:00.000Z", "updated_at": null, "object": "segment"});
    assert_eq!(made, expected);
    let path = format!("/v1/segments/{}", id(&made));
    assert_eq!(shop.get(NOON, &path).await, made);
    let empty = list(&shop, "Nobody", &[]).await;
    let all = shop.get(NOON, "/v1/segments").await;
    let expected = json!({"object": "list", "data_ref": "data", "segments": [empty, made],
        "total": 2});
    assert_eq!(all, expected);
    let oldest = shop
        .get(NOON, "/v1/segments?limit=1&order=created_at")
        .await;
    assert_eq!(
        (&oldest["segments"], &oldest["total"]),
        (&json!([made]), &json!(2))
    );
    assert_eq!(segments_of(&shop, NOON, "ann").await, ["VIP"]);
    let of_bob = shop.get(NOON, "/v1/customers/bob/segments").await;
    assert_eq!(of_bob["data"], json!([made]));
    assert_eq!(segments_of(&shop, NOON, "cid").await, [""; 0]);
    assert_eq!(links(&shop, Index::CustomersOfSegment, &id(&made)).await, 2);
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(segments_of(&shop, NOON, "ann").await, [""; 0]);
    assert_eq!(links(&shop, Index::CustomersOfSegment, &id(&made)).await, 0);
    assert_eq!(links(&shop, Index::SegmentsOfCustomer, &ann).await, 0);
    for method in [Method::GET, Method::DELETE] {
        check(&shop, (method, &path, &Value::Null), (404, "not_found")).await;
    }
    let (_, answer) = shop.noon().get(&path).await.unwrap();
    assert_eq!(
        (&answer["resource_type"], &answer["resource_id"]),
        (&json!("segment"), &made["id"])
    );
    let nobody = "/v1/customers/nobody/segments";
    let ask = (Method::GET, nobody, &Value::Null);
    check(&shop, ask, (404, "not_found")).await;
}

#[tokio::test]
async fn a_filter_follows_what_is_known() {
    let shop = Shop::start().await;
    let ann = json!({"name": "Ann Lee", "email": "ann@shop.example",
        "address": {"city": "Riga"}, "metadata": {"tier": "gold"}});
    told(&shop, "ann", ann).await;
    told(&shop, "bob", json!({"metadata": {"tier": "tin"}})).await;
    let made = filtered(&shop, "Gold", is("metadata.tier", "gold")).await;
    assert_eq!(made["filter"], is("metadata.tier", "gold"));
    assert_eq!(made["type"], "passive");
    let body = json!({"name": "Riga", "type": "auto-update", "filter": {"junction": "or",
        "address_city": {"conditions": {"$is": ["Riga"]}},
        "email": {"conditions": {"$ends_with": ["@riga.example"]}}}});
    let made = shop.post(NOON, "/v1/segments", &body).await;
    assert_eq!(made["type"], "auto-update");
    filtered(&shop, "Ann", is("name", "Ann Lee")).await;
    let lookers = json!({"customer.views_7d": {"conditions": {"$more_than_equal": [2]}}});
    filtered(&shop, "Lookers", lookers).await;
    let never = json!({"summary.orders.total_count": {"conditions": {"$is": [0]}}});
    filtered(&shop, "Never bought", never).await;
    let new = json!({"created_at": {"conditions": {"$less_than_ago": [7]}}});
    filtered(&shop, "New", new).await;
    let all = ["Gold", "Riga", "Ann", "Never bought", "New"];
    assert_eq!(segments_of(&shop, NOON, "ann").await, all);
    assert_eq!(
        segments_of(&shop, NOON, "bob").await,
        ["Never bought", "New"]
    );
    let batch = json!({"batch": [viewed("1", "bob"), viewed("2", "bob")]});
    shop.post(NOON, "/v1/batch", &batch).await;
    told(&shop, "bob", json!({"metadata": {"tier": "gold"}})).await;
    let all = ["Gold", "Lookers", "Never bought", "New"];
    assert_eq!(segments_of(&shop, NOON, "bob").await, all);
    let later = segments_of(&shop, NOON + 8 * DAY, "bob").await;
    assert_eq!(later, ["Gold", "Never bought"]);
}

#[tokio::test]
async fn a_list_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let of = |customers: Value| json!({"name": "x", "type": "static", "customers": customers});
    let unnamed = json!({"name": " ", "type": "static", "customers": []});
    let shouted = json!({"name": "x", "type": "STATIC", "customers": []});
    let mut both = of(json!([]));
    both["filter"] = is("metadata.tier", "gold");
    let rows = [
        (json!([]), ""),
        (json!({}), "/name"),
        (unnamed, "/name"),
        (json!({"name": "x", "customers": []}), "/type"),
        (shouted, "/type"),
        (json!({"name": "x", "type": "static"}), "/customers"),
        (of(json!("ann")), "/customers"),
        (of(json!(["ann", 7])), "/customers/1"),
        (of(json!(["ann", "bob"])), "/customers/1"),
        (of(json!(["cust_0000000000001"])), "/customers/0"),
        (of(json!([""])), "/customers/0"),
        (of(json!(vec!["ann"; 20_001])), "/customers"),
        (both, "/filter"),
    ];
    check_bodies(&shop, (Method::POST, "/v1/segments"), &rows).await;
    assert_eq!(shop.get(NOON, "/v1/segments").await["total"], 0);
}

#[tokio::test]
async fn a_filter_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    let of = |filter: Value| json!({"name": "x", "type": "passive", "filter": filter});
    let listed = json!({"name": "x", "type": "passive", "customers": ["ann"]});
    let near = json!({"name": {"conditions": {"$near": ["x"]}}});
    let worded = json!({"customer.orders": {"conditions": {"$is": ["1"]}}});
    let at_worded = "/filter/customer.orders/conditions/$is/0";
    let rows = [
        (json!({"name": "x", "type": "passive"}), "/filter"),
        (listed, "/customers"),
        (of(json!({})), "/filter"),
        (of(is("mood", "good")), "/filter/mood"),
        (of(is("loyalty.level", "high")), "/filter/loyalty.level"),
        (
            of(is("loyalty.points", "many")),
            "/filter/loyalty.points/conditions/$is/0",
        ),
        (of(near), "/filter/name/conditions/$near"),
        (of(worded), at_worded),
    ];
    check_bodies(&shop, (Method::POST, "/v1/segments"), &rows).await;
    assert_eq!(shop.get(NOON, "/v1/segments").await["total"], 0);
}

#[tokio::test]
async fn what_is_made_by_one_process_is_known_to_the_other() {
    let shop = Shop::start().await;
    let other = Beside::of(&shop).await;
    told(&shop, "ann", json!({"metadata": {"tier": "gold"}})).await;
    let total = async || {
        let asked = other.noon(&shop).get("/v1/customers/ann/segments").await;
        asked.unwrap().1["total"].clone()
    };
    assert_eq!(total().await, 0);
    list(&shop, "VIP", &["ann"]).await;
    let gold = filtered(&shop, "Gold", is("metadata.tier", "gold")).await;
    soon("both are known", async || total().await == 2).await;
    delete(&shop, &format!("/v1/segments/{}", id(&gold))).await;
    soon("one is gone", async || total().await == 1).await;
}

#[tokio::test]
async fn there_are_so_many_filters_and_no_more() {
    let shop = Shop::start().await;
    for n in 0..100 {
        filtered(&shop, &format!("s {n}"), is("name", "Ann")).await;
    }
    let body = json!({"name": "x", "type": "auto-update", "filter": is("name", "Ann")});
    let ask = (Method::POST, "/v1/segments", &body);
    check(&shop, ask, (400, "invalid_payload")).await;
    // A list is none.
    list(&shop, "VIP", &[]).await;
}

#[tokio::test]
async fn a_retry_with_the_same_key_hears_the_same() {
    let shop = Shop::start().await;
    let ann = shop.customer("ann").await;
    let client = shop.noon().with("idempotency-key", "one");
    let body = json!({"name": "VIP", "type": "static", "customers": ["ann"]});
    let first = client.post("/v1/segments", &body).await.unwrap();
    assert_eq!(first.0, StatusCode::OK);
    assert_eq!(client.post("/v1/segments", &body).await.unwrap(), first);
    assert_eq!(shop.get(NOON, "/v1/segments").await["total"], 1);
    assert_eq!(links(&shop, Index::SegmentsOfCustomer, &ann).await, 1);
}

/// A code that a validation rule keeps to those in a segment.
async fn code_for(shop: &Shop, name: &str, segment: &Value) -> String {
    let rule = json!({"name": name, "rules": {
        "1": {"name": "customer.segment", "conditions": {"$is": [segment["id"]]}}}});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let campaign = json!({
        "name": name, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "code_config": {"pattern": name}},
        "validation_rules": [rule["id"]],
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    id(&rule)
}

async fn qualifying(shop: &Shop, customer: &str) -> Vec<String> {
    let body = json!({"customer": {"source_id": customer}, "order": order("q", 6_000)});
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    let rows = answer["redeemables"]["data"].as_array().unwrap().iter();
    let mut ids: Vec<String> = rows.map(id).collect();
    ids.sort();
    ids
}

fn by(customer: &str, code: &str) -> Value {
    let mut body = using(&[code], order(&format!("{customer} {code}"), 6_000));
    body["customer"] = json!({"source_id": customer});
    body
}

/// Ann is on the list and bob is gold.
async fn shop_with_codes() -> Shop {
    let shop = Shop::start().await;
    told(&shop, "ann", json!({"metadata": {"tier": "tin"}})).await;
    told(&shop, "bob", json!({"metadata": {"tier": "gold"}})).await;
    told(&shop, "cid", json!({})).await;
    let vip = list(&shop, "VIP", &["ann"]).await;
    let gold = filtered(&shop, "Gold", is("metadata.tier", "gold")).await;
    code_for(&shop, "LISTED", &vip).await;
    code_for(&shop, "GOLDEN", &gold).await;
    shop
}

#[tokio::test]
async fn a_code_is_for_those_in_its_segment() {
    let shop = shop_with_codes().await;
    assert_eq!(qualifying(&shop, "ann").await, ["LISTED"]);
    assert_eq!(qualifying(&shop, "bob").await, ["GOLDEN"]);
    assert_eq!(qualifying(&shop, "cid").await, [""; 0]);
    assert_eq!(qualifying(&shop, "nobody").await, [""; 0]);
    let noon = shop.noon();
    for (customer, code) in [("ann", "GOLDEN"), ("bob", "LISTED"), ("cid", "LISTED")] {
        let body = by(customer, code);
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        assert_eq!(answer["valid"], false, "{customer} {code}");
        let ours = "segment_mismatch";
        refused(&noon, &body, "customer_rules_violated", ours).await;
    }
    for (customer, code) in [("ann", "LISTED"), ("bob", "GOLDEN")] {
        let body = by(customer, code);
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        assert_eq!(answer["valid"], true, "{customer} {code} {answer}");
        let answer = shop.post(NOON, "/v1/redemptions", &body).await;
        assert_eq!(answer["redemptions"][0]["result"], "SUCCESS", "{answer}");
    }
    // Nobody's word but ours counts.
    let mut body = by("cid", "LISTED");
    body["customer"]["segments"] = json!(["seg_0000000000001"]);
    body["metadata"] = json!({"customer.segments": ["seg_0000000000001"]});
    refused(&noon, &body, "customer_rules_violated", "segment_mismatch").await;
}

#[tokio::test]
async fn a_decision_is_for_those_in_the_segment() {
    let shop = shop_with_codes().await;
    for (campaign, taker) in [("LISTED", "ann"), ("GOLDEN", "bob")] {
        shop.policy("ranked", &[campaign], 0).await;
        for customer in ["ann", "bob", "cid"] {
            let made = shop.decide(NOON, customer).await;
            let is_given = made["offer"]["code"].is_string();
            assert_eq!(is_given, customer == taker, "{customer} {made}");
        }
    }
}

async fn facts_of(shop: &Shop, made: &Value) -> rules::Facts {
    let number = ids::parse(Tag::Decision, made["id"].as_str().unwrap());
    let recorded = deciding::recorded(&shop.app, SANDBOX, number.unwrap()).await;
    recorded.unwrap().request.facts
}

#[tokio::test]
async fn a_decision_that_reads_no_segment_keeps_none() {
    let shop = Shop::start().await;
    shop.percent_off("Ten", 10, json!({})).await;
    shop.policy("ranked", &["Ten"], 0).await;
    shop.customer("ann").await;
    let vip = list(&shop, "VIP", &["ann"]).await;
    let made = shop.decide(NOON, "ann").await;
    assert_eq!(facts_of(&shop, &made).await.get("customer.segments"), None);
    code_for(&shop, "LISTED", &vip).await;
    let made = shop.decide(NOON, "ann").await;
    let expected = rules::Value::from(vec![id(&vip)]);
    let facts = facts_of(&shop, &made).await;
    assert_eq!(facts.get("customer.segments"), Some(&expected));
}

#[tokio::test]
async fn who_does_not_allow_it_is_in_no_segment() {
    let shop = shop_with_codes().await;
    let take_back = json!({"source_id": "ann", "consent": {"personalise_offers": false}});
    shop.post(NOON, "/v1/customers", &take_back).await;
    let dan = json!({"source_id": "dan", "metadata": {"tier": "gold"}});
    shop.post(NOON, "/v1/customers", &dan).await;
    let noon = shop.noon();
    for (customer, code) in [("ann", "LISTED"), ("dan", "GOLDEN")] {
        assert_eq!(segments_of(&shop, NOON, customer).await, [""; 0]);
        assert_eq!(qualifying(&shop, customer).await, [""; 0]);
        let body = by(customer, code);
        refused(&noon, &body, "customer_rules_violated", "fact_unknown").await;
        shop.policy("ranked", &[code], 0).await;
        let made = shop.decide(NOON, customer).await;
        assert!(made["offer"].is_null(), "{made}");
        let facts = facts_of(&shop, &made).await;
        assert_eq!(facts.get("customer.segments"), None);
    }
    // It holds what the shop said, and may be asked again.
    let again = json!({"source_id": "ann", "consent": {"personalise_offers": true}});
    shop.post(NOON + MINUTE, "/v1/customers", &again).await;
    assert_eq!(segments_of(&shop, NOON + MINUTE, "ann").await, ["VIP"]);
}

#[tokio::test]
async fn a_voucher_of_its_own_reads_segments_too() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    shop.customer("bob").await;
    let vip = list(&shop, "VIP", &["ann"]).await;
    let rule = json!({"name": "r", "rules": {
        "1": {"name": "customer.segment", "conditions": {"$in": [vip["id"]]}}}});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let voucher = json!({"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
        "validation_rules": [rule["id"]]});
    shop.post(NOON, "/v1/vouchers/ALONE", &voucher).await;
    for (customer, is_valid) in [("ann", true), ("bob", false)] {
        let body = by(customer, "ALONE");
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        assert_eq!(answer["valid"], is_valid, "{answer}");
    }
}

#[tokio::test]
async fn a_segment_that_a_rule_names_stays() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let vip = list(&shop, "VIP", &["ann"]).await;
    let rule = code_for(&shop, "LISTED", &vip).await;
    let path = format!("/v1/segments/{}", id(&vip));
    let ask = (Method::DELETE, path.as_str(), &Value::Null);
    check(&shop, ask, (400, "resource_in_use")).await;
    let (_, answer) = delete(&shop, &path).await;
    assert_eq!(answer["related_object_ids"], json!([rule]));
    assert_eq!(answer["related_object_type"], "validation_rules");
    assert_eq!(segments_of(&shop, NOON, "ann").await, ["VIP"]);
    // An expression names it as well.
    let other = list(&shop, "Other", &[]).await;
    let said = format!("\"{}\" in customer.segments", id(&other));
    let rule = json!({"name": "r", "expression": said});
    shop.post(NOON, "/v1/validation-rules", &rule).await;
    let path = format!("/v1/segments/{}", id(&other));
    let ask = (Method::DELETE, path.as_str(), &Value::Null);
    check(&shop, ask, (400, "resource_in_use")).await;
}

#[tokio::test]
async fn who_turns_out_to_be_somebody_else_stays_on_the_list() {
    let shop = Shop::start().await;
    let old = shop.customer("old").await;
    shop.customer("new").await;
    list(&shop, "Old", &["old"]).await;
    list(&shop, "New", &["new"]).await;
    let alias = json!({
        "userId": "new", "previousId": "old", "messageId": "3", "context": allowing()
    });
    shop.post(NOON, "/v1/alias", &alias).await;
    for name in ["new", "old", &old] {
        assert_eq!(segments_of(&shop, NOON, name).await, ["Old", "New"]);
    }
    // By a name they had before, and once.
    let third = list(&shop, "Third", &[&old, "new"]).await;
    assert_eq!(
        links(&shop, Index::CustomersOfSegment, &id(&third)).await,
        1
    );
    let all = ["Old", "New", "Third"];
    assert_eq!(segments_of(&shop, NOON, "old").await, all);
}

#[tokio::test]
async fn who_is_erased_is_on_no_list() {
    let shop = Shop::start().await;
    let old = shop.customer("old").await;
    let ann = shop.customer("ann").await;
    shop.customer("bob").await;
    let vip = list(&shop, "VIP", &["old", "ann", "bob"]).await;
    let alias = json!({
        "userId": "ann", "previousId": "old", "messageId": "3", "context": allowing()
    });
    shop.post(NOON, "/v1/alias", &alias).await;
    let (status, _) = delete(&shop, "/v1/customers/ann").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    for number in [&old, &ann] {
        assert_eq!(links(&shop, Index::SegmentsOfCustomer, number).await, 0);
    }
    assert_eq!(links(&shop, Index::CustomersOfSegment, &id(&vip)).await, 1);
    assert_eq!(segments_of(&shop, NOON, "bob").await, ["VIP"]);
}

/// So many customers of whom nothing is known, and their names.
async fn crowd(shop: &Shop, size: u64) -> Vec<String> {
    let numbers: Vec<u64> = (1_000..1_000 + size).collect();
    for numbers in numbers.chunks(1_000) {
        let put = |id: &u64| {
            let person = Person {
                id: CustomerId(*id),
                ..Person::default()
            };
            Write::Put {
                kind: Kind::Customer,
                id: *id,
                body: versioned::write(&person).unwrap(),
            }
        };
        let command = writes(SANDBOX, numbers.iter().map(put).collect());
        shop.app.store().submit(command).await.unwrap();
    }
    let name = |id: &u64| ids::format(Tag::Customer, *id);
    numbers.iter().map(name).collect()
}

#[tokio::test]
async fn a_long_list_is_made_at_once_and_removed_in_stretches() {
    let shop = Shop::start().await;
    let names = crowd(&shop, 1_200).await;
    let body = json!({"name": "All", "type": "static", "customers": names});
    let made = shop.post(NOON, "/v1/segments", &body).await;
    let segment = id(&made);
    assert_eq!(
        links(&shop, Index::CustomersOfSegment, &segment).await,
        1_200
    );
    let path = format!("/v1/segments/{segment}");
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(links(&shop, Index::CustomersOfSegment, &segment).await, 0);
    for name in [&names[0], &names[1_199]] {
        assert_eq!(links(&shop, Index::SegmentsOfCustomer, name).await, 0);
    }
}

#[tokio::test]
async fn a_campaign_told_by_expression_reads_a_segment() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let vip = list(&shop, "VIP", &["ann"]).await;
    let rule = json!({"rule": format!("\"{}\" in customer.segments", id(&vip))});
    let campaign = code(&shop, "LISTED", ten_off(), rule).await;
    assert_eq!(qualifying(&shop, "ann").await, ["LISTED"]);
    let path = format!("/v1/segments/{}", id(&vip));
    let ask = (Method::DELETE, path.as_str(), &Value::Null);
    check(&shop, ask, (400, "resource_in_use")).await;
    let (_, answer) = delete(&shop, &path).await;
    assert_eq!(answer["related_object_ids"], json!([campaign]));
}

/// Has somebody look at what customers came to, and tells in which segments one of them is.
async fn looked(shop: &Shop, now: Timestamp, customer: &str) -> Vec<String> {
    shop.post(now, "/v1/sandbox/jobs", &json!({})).await;
    segments_of(shop, now, customer).await
}

#[tokio::test]
async fn a_filter_asks_what_customers_came_to() {
    let shop = Shop::start().await;
    told(&shop, "ann", json!({})).await;
    let at_least =
        |field: &str, least: u64| json!({field: {"conditions": {"$more_than_equal": [least]}}});
    filtered(
        &shop,
        "Users",
        at_least("summary.redemptions.total_succeeded", 2),
    )
    .await;
    filtered(
        &shop,
        "Big",
        at_least("summary.orders.last_order_amount", 9_000),
    )
    .await;
    filtered(&shop, "Points", at_least("loyalty.points", 50)).await;
    let club = programme(&shop, "Club").await;
    let silver = json!([{"name": "Silver", "points": {"from": 60}}]);
    let path = format!("/v1/loyalties/{club}/tiers");
    shop.post(NOON, &path, &silver).await;
    filtered(
        &shop,
        "Silver",
        is("loyalty.campaigns.Club.loyalty_tier", "Silver"),
    )
    .await;
    assert_eq!(looked(&shop, NOON, "ann").await, [""; 0]);
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 50).await;
    assert_eq!(looked(&shop, NOON, "ann").await, ["Points"]);
    put(&shop, &card, 10).await;
    assert_eq!(looked(&shop, NOON, "ann").await, ["Points", "Silver"]);
    put(&shop, &card, -20).await;
    assert_eq!(looked(&shop, NOON, "ann").await, [""; 0]);
    code(&shop, "TEN", ten_off(), json!({})).await;
    for (name, expected) in [("o1", vec!["Big"]), ("o2", vec!["Users", "Big"])] {
        let mut body = using(&["TEN"], order(name, 10_000));
        body["customer"] = json!({"source_id": "ann"});
        shop.post(NOON, "/v1/redemptions", &body).await;
        assert_eq!(looked(&shop, NOON, "ann").await, expected);
    }
    let no = json!({"source_id": "ann", "consent": {"personalise_offers": false}});
    shop.post(NOON, "/v1/customers", &no).await;
    assert_eq!(segments_of(&shop, NOON, "ann").await, [""; 0]);
}

#[tokio::test]
async fn a_filter_asks_about_the_segments_before_it() {
    let shop = Shop::start().await;
    for name in ["ann", "bob"] {
        told(&shop, name, json!({"metadata": {"tier": "gold"}})).await;
    }
    let vip = list(&shop, "VIP", &["ann"]).await;
    let gold = filtered(&shop, "Gold", is("metadata.tier", "gold")).await;
    let both = json!({"segments": {"conditions": {"$in": [id(&vip)]}},
        "metadata.tier": {"conditions": {"$has_value": []}}});
    let both = filtered(&shop, "Both", both).await;
    let rest = json!({"junction": "and", "segments": {"conditions": {"$not_in": [id(&both)]}}});
    filtered(&shop, "Rest", rest).await;
    assert_eq!(
        segments_of(&shop, NOON, "ann").await,
        ["VIP", "Gold", "Both"]
    );
    assert_eq!(segments_of(&shop, NOON, "bob").await, ["Gold", "Rest"]);
    for (segment, expected) in [(&vip, 400), (&both, 400), (&gold, 204)] {
        let path = format!("/v1/segments/{}", id(segment));
        assert_eq!(delete(&shop, &path).await.0.as_u16(), expected);
    }
}

#[tokio::test]
async fn a_filter_asks_when_the_birthday_is() {
    let shop = Shop::start().await;
    told(&shop, "ann", json!({"birthdate": "1990-11-24"})).await;
    told(&shop, "bob", json!({"birthdate": "1990-12-31"})).await;
    told(&shop, "cid", json!({})).await;
    let asks =
        |operator: &str, values: Value| json!({"birthdate": {"conditions": {operator: values}}});
    filtered(&shop, "Soon", asks("$is_days_in_future", json!([3]))).await;
    filtered(&shop, "December", asks("$next_month", json!([]))).await;
    filtered(&shop, "Unknown", asks("$is_unknown", json!([]))).await;
    filtered(&shop, "Today", asks("$is_days_ago", json!([0]))).await;
    assert_eq!(segments_of(&shop, NOON, "ann").await, ["Soon"]);
    assert_eq!(segments_of(&shop, NOON + 3 * DAY, "ann").await, ["Today"]);
    assert_eq!(segments_of(&shop, NOON, "bob").await, ["December"]);
    assert_eq!(segments_of(&shop, NOON, "cid").await, ["Unknown"]);
}
