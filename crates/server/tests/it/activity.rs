//! What happened to a customer and on a card, told from what is kept.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    client::Client,
    setup::{self, SANDBOX},
};
use store::{Index, Kind, Page};
use wire::ids::{Tag, parse};

use crate::{
    catalogue::{check, id},
    loyalties::{card, per_euro, programme, put, rules},
    publications::{publish, to},
    redemptions::{books_balance, code, order, redeem, ten_off, using},
    shop::{HOUR, NOON, Shop},
};

const FIRST: Page = Page {
    after: 0,
    limit: 10,
    newest_first: false,
};

async fn rows(shop: &Shop, path: &str) -> Vec<Value> {
    let list = shop.get(NOON, path).await;
    assert_eq!(list["data_ref"], "data", "{list}");
    list["data"].as_array().unwrap().clone()
}

/// What happened, the oldest first.
async fn kinds(shop: &Shop, path: &str) -> Vec<String> {
    let rows = rows(shop, path).await;
    let kinds = rows.iter().rev().map(|row| row["type"].as_str().unwrap());
    kinds.map(str::to_owned).collect()
}

/// Ann, with a card that earns, an order that was paid, one that was told, a code that failed her,
/// and one she was given.
async fn lived(shop: &Shop) -> String {
    let club = programme(shop, "Club").await;
    shop.post(NOON, "/v1/customers", &json!({"source_id": "ann"}))
        .await;
    let card = card(shop, &club, "ann").await;
    rules(shop, &club, per_euro()).await;
    code(shop, "TEN", ten_off(), json!({})).await;
    let mut body = using(&["TEN"], order("o-1", 5_000));
    body["customer"] = json!({"source_id": "ann"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    body["redeemables"][0]["id"] = "NOPE".into();
    let (status, _) = redeem(&shop.noon(), &body).await;
    assert!(status.is_client_error());
    let told = json!({"source_id": "o-2", "amount": 700, "customer": {"source_id": "ann"}});
    shop.post(NOON, "/v1/orders", &told).await;
    shop.put("/v1/orders/o-2", &json!({"status": "PAID"})).await;
    shop.put("/v1/orders/o-2", &json!({"metadata": {"gift": true}}))
        .await;
    shop.put("/v1/orders/o-2", &json!({"status": "CANCELED"}))
        .await;
    put(shop, &card, 30).await;
    let of = id(&used["redemptions"][0]);
    shop.post(
        NOON + HOUR,
        &format!("/v1/redemptions/{of}/rollback"),
        &json!({}),
    )
    .await;
    card
}

#[tokio::test]
async fn what_happened_to_a_customer_is_told() {
    let shop = Shop::start().await;
    let card = lived(&shop).await;
    let campaign = json!({"name": "Gift", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    publish(&shop, &to("ann", "Gift")).await;
    let path = "/v1/customers/ann/activity?limit=100";
    let added = "customer.voucher.loyalty_card.points_added";
    let mut told = kinds(&shop, path).await;
    assert_eq!(told[0], "customer.created");
    // What one call does has its numbers in an order of its own.
    told.sort();
    let expected = [
        "customer.created",
        "customer.order.canceled",
        "customer.order.created",
        "customer.order.paid",
        "customer.order.updated",
        "customer.publication.succeeded",
        "customer.redemption.failed",
        "customer.redemption.rollback.succeeded",
        "customer.redemption.succeeded",
        // Two orders, what was put on, and twice what went back.
        added,
        added,
        added,
        added,
        added,
    ];
    assert_eq!(told, expected);
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    let all = rows(&shop, path).await;
    let of = |kind: &str| all.iter().find(|row| row["type"] == kind).unwrap();
    let used = of("customer.redemption.succeeded");
    let object = json!({"id": ann["id"], "object": "customer"});
    assert_eq!(used["data"]["customer"], object);
    assert_eq!(used["data"]["redemption"]["voucher"]["code"], "TEN");
    assert_eq!(used["created_at"], "2026-11-21T12:00:00.000Z");
    let back = of("customer.redemption.rollback.succeeded");
    assert_eq!(back["created_at"], "2026-11-21T13:00:00.000Z");
    let paid = of("customer.order.paid");
    assert_eq!(paid["data"]["order"]["source_id"], "o-2");
    assert_eq!(paid["group_id"], of("customer.order.created")["group_id"]);
    assert_ne!(paid["group_id"], used["group_id"]);
    let one = rows(&shop, "/v1/customers/ann/activity?type=customer.order.paid").await;
    assert_eq!(one, std::slice::from_ref(paid));
    // The same under her other name.
    let by_id = format!("/v1/customers/{}/activity?limit=100", id(&ann));
    assert_eq!(rows(&shop, &by_id).await, all);
    let member = shop.get(NOON, &format!("/v1/vouchers/{card}")).await;
    let effects = "/v1/customers/ann/activity?category=EFFECT";
    let effects = rows(&shop, effects).await;
    assert_eq!(effects.len(), 5);
    for row in effects {
        let transaction = &row["data"]["voucher_transaction"];
        assert_eq!(transaction["voucher_id"], member["id"]);
    }
    books_balance(&shop).await;
}

#[tokio::test]
async fn activity_is_paged_and_picked() {
    let shop = Shop::start().await;
    lived(&shop).await;
    let all = rows(&shop, "/v1/customers/ann/activity?limit=100").await;
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/customers/ann/activity?limit=4{after}");
        let list = shop.get(NOON, &path).await;
        assert_eq!(list["total"], all.len());
        paged.extend(list["data"].as_array().unwrap().clone());
        if list["has_more"] == false {
            assert_eq!(list["more_starting_after"], Value::Null);
            break;
        }
        let next = list["more_starting_after"].as_str().unwrap();
        after = format!("&starting_after_id={next}");
    }
    assert_eq!(paged, all);
    let mut rising = rows(
        &shop,
        "/v1/customers/ann/activity?limit=100&order=created_at",
    )
    .await;
    rising.reverse();
    assert_eq!(rising, all);
    let count = async |query: &str| {
        let path = format!("/v1/customers/ann/activity?limit=100&{query}");
        rows(&shop, &path).await.len()
    };
    let late = "start_date=2026-11-21T12:30:00Z";
    // The rollback, and the points that go back with it.
    assert_eq!(count(late).await, 2);
    assert_eq!(count("end_date=2026-11-21T11:00:00Z").await, 0);
    assert_eq!(count("campaign_type=LOYALTY_PROGRAM").await, 5);
    assert_eq!(count("campaign_type=PROMOTION").await, 0);
    let club = shop.get(NOON, "/v1/loyalties/Club").await;
    assert_eq!(count(&format!("campaign_id={}", id(&club))).await, 5);
    for query in [
        "limit=0",
        "limit=101",
        "order=type",
        "starting_after_id=x",
        "start_date=soon",
    ] {
        let path = format!("/v1/customers/ann/activity?{query}");
        let ask = (Method::GET, path.as_str(), &Value::Null);
        check(&shop, ask, (400, "invalid_query_params")).await;
    }
}

#[tokio::test]
async fn what_happened_on_a_card_is_told() {
    let shop = Shop::start().await;
    let card = lived(&shop).await;
    let path = format!("/v1/loyalties/members/{card}/activity");
    let told = kinds(&shop, &path).await;
    let added = "customer.voucher.loyalty_card.points_added";
    assert_eq!(told, [added; 5]);
    let within = format!("/v1/loyalties/Club/members/{card}/activity");
    assert_eq!(rows(&shop, &within).await, rows(&shop, &path).await);
    programme(&shop, "Other").await;
    for path in [
        "/v1/loyalties/members/NOPE/activity".to_owned(),
        "/v1/loyalties/members/TEN/activity".to_owned(),
        format!("/v1/loyalties/Other/members/{card}/activity"),
        format!("/v1/loyalties/Nope/members/{card}/activity"),
        "/v1/customers/nobody/activity".to_owned(),
        "/v1/customers/cust_0000000000001/activity".to_owned(),
    ] {
        let ask = (Method::GET, path.as_str(), &Value::Null);
        check(&shop, ask, (404, "not_found")).await;
    }
}

/// Nothing of what somebody did is found once they are erased, nor told of to whoever has their
/// name next.
#[tokio::test]
async fn the_erased_did_nothing() {
    let shop = Shop::start().await;
    lived(&shop).await;
    code(&shop, "FIVE", ten_off(), json!({})).await;
    let mut body = using(&["FIVE"], order("o-3", 5_000));
    body["customer"] = json!({"source_id": "ann"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let ann = id(&shop.get(NOON, "/v1/customers/ann").await);
    let store = shop.app.store();
    let kept = store.count_records(SANDBOX, Kind::Activity).await.unwrap();
    assert_eq!(kept, 4);
    let path = format!("/v1/customers/{ann}/permanent-deletion");
    shop.post(NOON, &path, &json!({})).await;
    let kept = store.count_records(SANDBOX, Kind::Activity).await.unwrap();
    assert_eq!(kept, 0);
    for name in ["ann", &ann] {
        let (status, _) = shop
            .noon()
            .get(&format!("/v1/customers/{name}/activity"))
            .await
            .unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    // What is done for them afterwards is not told of anybody.
    let of = id(&used["redemptions"][0]);
    shop.post(NOON, &format!("/v1/redemptions/{of}/rollback"), &json!({}))
        .await;
    shop.put("/v1/orders/o-2", &json!({"metadata": {"gift": false}}))
        .await;
    let kept = store.count_records(SANDBOX, Kind::Activity).await.unwrap();
    assert_eq!(kept, 0);
    let number = parse(Tag::Customer, &ann).unwrap().to_be_bytes();
    let index = (Index::ActivityOfCustomer, number.as_slice());
    let ids = store.find(SANDBOX, index, FIRST).await.unwrap();
    assert_eq!(ids, [0; 0]);
    shop.post(NOON, "/v1/customers", &json!({"source_id": "ann"}))
        .await;
    let told = kinds(&shop, "/v1/customers/ann/activity").await;
    assert_eq!(told, ["customer.created"]);
}

#[tokio::test]
async fn a_key_sees_what_it_may_read() {
    let shop = Shop::start().await;
    lived(&shop).await;
    let scopes = [Scope::CustomersRead, Scope::CampaignsRead];
    let key = setup::new_key(&shop.app, SANDBOX, "desk", &scopes)
        .await
        .unwrap();
    let path = "/v1/customers/ann/activity?limit=100";
    let desk = Client::new(&shop.base, &key).with("proffer-now", "2026-11-21T12:00:00Z");
    let (_, list) = desk.get(path).await.unwrap();
    let all = rows(&shop, path).await;
    let narrow = list["data"].as_array().unwrap();
    assert_eq!(narrow.len(), all.len());
    for (narrow, whole) in narrow.iter().zip(&all) {
        assert_eq!(narrow["type"], whole["type"]);
        for (member, said) in narrow["data"].as_object().unwrap() {
            let is_told = |name: &String| ["id", "object"].contains(&name.as_str());
            assert!(said.as_object().unwrap().keys().all(is_told), "{narrow}");
            assert_eq!(said["id"], whole["data"][member]["id"]);
        }
    }
}
