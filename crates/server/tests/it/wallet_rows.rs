//! What a customer holds, how they are found, and that they can be forgotten with proof.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    catalogue::{check, id},
    publications::{campaign, publish, to},
    redemptions::{order, ten_off, using},
    shop::{HOUR, NOON, Shop},
};

async fn statuses(shop: &Shop, now: i64) -> Vec<String> {
    let list = shop
        .get(now, "/v1/customers/ann/redeemables?order=id")
        .await;
    let rows = list["data"].as_array().unwrap().iter();
    rows.map(|row| row["redeemable"]["status"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_wallet_shows_what_can_be_used() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({})).await;
    let late = json!({"start_date": "2026-11-21T14:00:00.000Z",
        "expiration_date": "2026-11-21T16:00:00.000Z"});
    campaign(&shop, "Late", late).await;
    let cards = json!({"name": "Cards", "campaign_type": "GIFT_VOUCHERS", "voucher":
        {"type": "GIFT_VOUCHER", "gift": {"amount": 0}}});
    shop.post(NOON, "/v1/campaigns", &cards).await;
    let first = publish(&shop, &to("ann", "Spring")).await;
    publish(&shop, &to("ann", "Late")).await;
    publish(&shop, &to("ann", "Cards")).await;
    assert_eq!(
        statuses(&shop, NOON).await,
        ["ACTIVE", "NOT_ACTIVE_YET", "NO_BALANCE"]
    );
    assert_eq!(statuses(&shop, NOON + 3 * HOUR).await[1], "ACTIVE");
    assert_eq!(statuses(&shop, NOON + 5 * HOUR).await[1], "EXPIRED");
    let code = first["voucher"]["code"].as_str().unwrap();
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&[code], order("o-1", 5_000)),
    )
    .await;
    shop.post(NOON, "/v1/campaigns/Late/disable", &json!({}))
        .await;
    assert_eq!(
        statuses(&shop, NOON).await,
        ["USED", "DISABLED", "NO_BALANCE"]
    );
}

#[tokio::test]
async fn a_row_of_a_wallet_tells_whose_it_is_and_of_what() {
    let shop = Shop::start().await;
    let spring = campaign(&shop, "Spring", json!({})).await;
    campaign(&shop, "Autumn", json!({})).await;
    campaign(&shop, "Winter", json!({})).await;
    let first = publish(&shop, &to("ann", "Spring")).await;
    publish(&shop, &to("ann", "Autumn")).await;
    publish(&shop, &to("ann", "Winter")).await;
    let code = first["voucher"]["code"].as_str().unwrap();
    let one = shop
        .get(NOON, "/v1/customers/ann/redeemables?order=id&limit=1")
        .await;
    assert_eq!((&one["total"], &one["has_more"]), (&json!(3), &json!(true)));
    let row = &one["data"][0];
    assert_eq!(one["more_starting_after"], row["id"]);
    assert!(id(row).starts_with("rh_"));
    assert_eq!(
        (&row["redeemable_id"], &row["redeemable_object"]),
        (&first["voucher"]["id"], &json!("voucher"))
    );
    assert_eq!(
        (&row["holder_role"], &row["customer_id"]),
        (&json!("OWNER"), &first["customer_id"])
    );
    assert_eq!(
        (
            &row["campaign_id"],
            &row["campaign_type"],
            &row["voucher_type"]
        ),
        (
            &json!(spring),
            &json!("DISCOUNT_COUPONS"),
            &json!("DISCOUNT_VOUCHER")
        )
    );
    assert_eq!(
        (
            &row["redeemable"]["type"],
            &row["redeemable"]["voucher"]["code"]
        ),
        (&json!("voucher"), &json!(code))
    );
    let path = format!(
        "/v1/customers/ann/redeemables?starting_after_id={}&order=id",
        id(row)
    );
    assert_eq!(
        shop.get(NOON, &path).await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let path = format!(
        "/v1/customers/ann/redeemables?filters%5Bcampaign_id%5D%5Bconditions%5D\
        %5B$is%5D%5B0%5D={spring}"
    );
    assert_eq!(shop.get(NOON, &path).await["total"], 1);
}

#[tokio::test]
async fn a_wallet_that_cannot_be_told_says_why() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let wrong = "/v1/customers/ann/redeemables?order=code";
    check(
        &shop,
        (Method::GET, wrong, &Value::Null),
        (400, "invalid_query_params"),
    )
    .await;
    let nobody = "/v1/customers/nobody/redeemables";
    check(
        &shop,
        (Method::GET, nobody, &Value::Null),
        (404, "not_found"),
    )
    .await;
}

#[tokio::test]
async fn an_erasure_is_proved() {
    let shop = Shop::start().await;
    let ann = shop.customer("ann").await;
    let card = json!({"code": "MINE", "type": "DISCOUNT_VOUCHER", "discount": ten_off()});
    shop.post(NOON, "/v1/vouchers", &card).await;
    publish(
        &shop,
        &json!({"voucher": "MINE", "customer": {"source_id": "ann"}}),
    )
    .await;
    let path = "/v1/customers/ann/permanent-deletion";
    let proof = shop.post(NOON, path, &json!({})).await;
    assert!(id(&proof).starts_with("del_"));
    assert_eq!(
        proof,
        json!({"id": id(&proof), "created_at": "2026-11-21T12:00:00.000Z",
        "related_object_id": ann, "related_object": "customer", "status": "DONE",
        "data_json": {}, "object": "pernament_deletion"})
    );
    for name in ["ann", &ann] {
        let path = format!("/v1/customers/{name}");
        check(
            &shop,
            (Method::GET, &path, &Value::Null),
            (404, "not_found"),
        )
        .await;
    }
    check(&shop, (Method::POST, path, &json!({})), (404, "not_found")).await;
    // What was given stays the shop's accounting, and leads to nobody.
    let list = shop.get(NOON, "/v1/publications").await;
    assert_eq!(list["total"], 1);
    assert!(list["publications"][0].get("customer").is_none());
    let (status, _) = shop.live.post(path, &json!({})).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// Three customers, an hour apart, and the id of a list of two; the first is changed afterwards.
async fn three(shop: &Shop) -> String {
    let people = [
        ("ann", "Ann Lee", "ann@shop.example", "Riga"),
        ("bob", "Bob", "bob@shop.example", "Riga"),
        ("cid", "Cid", "cid@shop.example", "Oslo"),
    ];
    for (hour, (source, name, email, city)) in (0..).zip(people) {
        let body = json!({"source_id": source, "name": name, "email": email,
            "address": {"city": city}, "consent": {"personalise_offers": true}});
        shop.post(NOON + hour * HOUR, "/v1/customers", &body).await;
    }
    let list = json!({"name": "VIP", "type": "static", "customers": ["ann", "cid"]});
    let vip = shop.post(NOON, "/v1/segments", &list).await;
    shop.post(
        NOON + 4 * HOUR,
        "/v1/customers",
        &json!({"source_id": "ann", "phone": "1"}),
    )
    .await;
    id(&vip)
}

#[tokio::test]
async fn customers_are_found_by_what_is_known() {
    let shop = Shop::start().await;
    let vip = three(&shop).await;
    let rows = [
        (String::new(), vec!["cid", "bob", "ann"]),
        ("?limit=1&page=2".into(), vec!["bob"]),
        ("?email=ANN@shop.example".into(), vec!["ann"]),
        ("?name=Bob".into(), vec!["bob"]),
        ("?city=riga".into(), vec!["bob", "ann"]),
        ("?city=Riga&order=source_id".into(), vec!["ann", "bob"]),
        ("?order=-updated_at&limit=1".into(), vec!["ann"]),
        (format!("?segment_id={vip}"), vec!["cid", "ann"]),
        (
            "?created_at[after]=2026-11-21T12:30:00.000Z".into(),
            vec!["cid", "bob"],
        ),
        (
            "?created_at[before]=2026-11-21T12:30:00.000Z".into(),
            vec!["ann"],
        ),
        (
            "?updated_at[after]=2026-11-21T15:00:00.000Z".into(),
            vec!["ann"],
        ),
        (
            "?starting_after=2026-11-21T14:00:00.000Z".into(),
            vec!["bob", "ann"],
        ),
    ];
    for (query, expected) in rows {
        let query = query.replace('[', "%5B").replace(']', "%5D");
        let list = shop
            .get(NOON + 5 * HOUR, &format!("/v1/customers{query}"))
            .await;
        let rows = list["customers"].as_array().unwrap().iter();
        let found: Vec<_> = rows.map(|one| one["source_id"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{query}");
    }
    let behind = "/v1/customers?starting_after=2026-11-21T14:00:00.000Z&limit=1";
    let first = shop.get(NOON, behind).await;
    assert_eq!(
        (&first["has_more"], &first["more_starting_after"]),
        (&json!(true), &json!("2026-11-21T13:00:00.000Z"))
    );
    let wrong = "/v1/customers?order=email";
    check(
        &shop,
        (Method::GET, wrong, &Value::Null),
        (400, "invalid_query_params"),
    )
    .await;
}
