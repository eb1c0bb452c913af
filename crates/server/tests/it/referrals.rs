//! Referrals: who refers, who joins, when it counts, and what it brings.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    campaigns::delete,
    catalogue::{check, check_bodies, id},
    loyalties::{card, points, programme, put},
    publications::{publish, to},
    redemptions::{books_balance, order, redeem, ten_off, using},
    shop::{NOON, Shop},
};

/// A referral campaign whose referees get 5.00 on a card, and its code for ann.
async fn referring(shop: &Shop, event: Value) -> String {
    let cards = json!({"name": "Cards", "campaign_type": "GIFT_VOUCHERS", "voucher":
        {"type": "GIFT_VOUCHER", "gift": {"amount": 0}}});
    let cards = shop.post(NOON, "/v1/campaigns", &cards).await;
    let mut program = json!({"referee_reward": {"type": "GIFT_VOUCHER", "amount": "500",
        "related_object_parent": {"id": cards["id"], "object": "CAMPAIGN"}}});
    program
        .as_object_mut()
        .unwrap()
        .extend(event.as_object().unwrap().clone());
    let body = json!({"name": "Friends", "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": program,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    let made = shop.post(NOON, "/v1/campaigns", &body).await;
    assert_eq!(made["referral_program"]["referee_reward"]["amount"], "500");
    assert_eq!(made["voucher"]["is_referral_code"], true);
    let given = publish(shop, &to("ann", "Friends")).await;
    assert_eq!(given["voucher"]["is_referral_code"], true);
    assert_eq!(given["voucher"]["referrer_id"], given["customer_id"]);
    given["voucher"]["code"].as_str().unwrap().to_owned()
}

fn by(code: &str, customer: &str, source: &str) -> Value {
    let mut body = using(&[code], order(source, 5_000));
    body["customer"] = json!({"source_id": customer});
    body
}

/// The balances of the cards of a customer.
async fn cards(shop: &Shop, customer: &str) -> Vec<u64> {
    let path = format!(
        "/v1/customers/{customer}/redeemables?filters%5Bvoucher_type%5D%5B\
        conditions%5D%5B$is%5D%5B0%5D=GIFT_VOUCHER"
    );
    let list = shop.get(NOON, &path).await;
    let rows = list["data"].as_array().unwrap().iter();
    rows.map(|row| {
        row["redeemable"]["voucher"]["gift"]["balance"]
            .as_u64()
            .unwrap()
    })
    .collect()
}

/// Points are put on the card that the referee has, or on a new one, as money is.
#[tokio::test]
async fn a_referee_is_given_points() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let cids = card(&shop, &club, "cid").await;
    put(&shop, &cids, 11).await;
    let program = json!({"conversion_event_type": "redemption", "referee_reward":
        {"type": "LOYALTY_CARD", "amount": 40, "related_object_parent": {"id": club}}});
    let body = json!({"name": "Friends", "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": program,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    shop.post(NOON, "/v1/campaigns", &body).await;
    let given = publish(&shop, &to("ann", "Friends")).await;
    let code = given["voucher"]["code"].as_str().unwrap().to_owned();
    for (customer, source) in [("cid", "o-1"), ("bob", "o-2"), ("cid", "o-3")] {
        shop.post(NOON, "/v1/redemptions", &by(&code, customer, source))
            .await;
    }
    assert_eq!(points(&shop, NOON, &cids).await, [51, 51, 0]);
    let path = format!("/v1/loyalties/members/{cids}/transactions");
    let moved = shop.get(NOON, &path).await;
    assert_eq!(
        (&moved["total"], &moved["data"][0]["reason"]),
        (&json!(2), &json!("referral"))
    );
    let cards = shop.get(NOON, "/v1/loyalties/Club/members").await;
    assert_eq!(cards["total"], 2);
    let bob = shop.get(NOON, "/v1/customers/bob").await;
    let bobs = cards["vouchers"].as_array().unwrap().iter();
    let bobs = bobs.filter(|one| one["holder_id"] == bob["id"]);
    let bobs: Vec<_> = bobs.map(|one| &one["loyalty_card"]["balance"]).collect();
    assert_eq!(bobs, [&json!(40)]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_redemption_by_a_referee_counts_once() {
    let shop = Shop::start().await;
    let code = referring(&shop, json!({"conversion_event_type": "redemption"})).await;
    let (status, own) = redeem(&shop.noon(), &by(&code, "ann", "o-1")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(own["key"], "referrer_not_permitted_to_redeem", "{own}");
    assert_eq!(own["proffer"]["code"], "own_referral");
    let (_, nobody) = redeem(&shop.noon(), &using(&[&code], order("o-1", 5_000))).await;
    assert_eq!(nobody["key"], "missing_customer", "{nobody}");
    let seen = shop
        .post(NOON, "/v1/validations", &by(&code, "bob", "o-1"))
        .await;
    assert_eq!(seen["valid"], true, "{seen}");
    shop.post(NOON, "/v1/redemptions", &by(&code, "bob", "o-1"))
        .await;
    assert_eq!(cards(&shop, "bob").await, [500]);
    shop.post(NOON, "/v1/redemptions", &by(&code, "bob", "o-2"))
        .await;
    assert_eq!(cards(&shop, "bob").await, [500]);
    let path = format!("/v1/referrals/members/{code}/holders");
    let holders = shop.get(NOON, &path).await;
    let roles: Vec<_> = holders["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["holder_role"])
        .collect();
    assert_eq!(roles, ["REFEREE", "REFERRER"]);
    // Who joined by one code does not join by another.
    let other = publish(&shop, &to("cid", "Friends")).await;
    let other = other["voucher"]["code"].as_str().unwrap();
    let (_, late) = redeem(&shop.noon(), &by(other, "bob", "o-3")).await;
    assert_eq!(late["proffer"]["code"], "referred_before", "{late}");
    let summary = shop.get(NOON, "/v1/campaigns/Friends/summary").await;
    assert_eq!(summary["referred_customers"], 1, "{summary}");
    assert_eq!(summary["publications_succeeded"], 2, "{summary}");
    let before = "/v1/campaigns/Friends/summary?end_date=2026-11-20";
    assert_eq!(shop.get(NOON, before).await["referred_customers"], 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn holders_are_added_once() {
    let shop = Shop::start().await;
    let code = referring(&shop, json!({})).await;
    let path = format!("/v1/referrals/Friends/members/{code}/holders");
    let body = json!({"holders": [{"source_id": "bob"}, {"source_id": "cid", "name": "Cid"}],
        "metadata": {"by": "mail"}});
    let added = shop.post(NOON, &path, &body).await;
    assert_eq!(
        (&added["object"], &added["data_ref"]),
        (&json!("list"), &json!("holders"))
    );
    let bob = &added["holders"][0];
    assert!(id(bob).starts_with("rh_"));
    assert_eq!(
        (&bob["holder_role"], &bob["object"]),
        (&json!("REFEREE"), &json!("redeemable_holder"))
    );
    assert_eq!(
        (&bob["campaign_type"], &bob["voucher_type"]),
        (&json!("REFERRAL_PROGRAM"), &json!("DISCOUNT_VOUCHER"))
    );
    assert_eq!(bob["metadata"], json!({"by": "mail"}));
    assert_eq!(shop.get(NOON, "/v1/customers/cid").await["name"], "Cid");
    // Joining brings nothing yet.
    assert_eq!(cards(&shop, "bob").await, [0; 0]);
    check(
        &shop,
        (Method::POST, &path, &body),
        (409, "holder_assignement_duplication"),
    )
    .await;
    let own = json!({"holders": [{"source_id": "ann"}]});
    check(
        &shop,
        (Method::POST, &path, &own),
        (409, "holder_assignement_duplication"),
    )
    .await;
    let rows = [
        (json!({"holders": []}), "/holders"),
        (json!({"holders": [{}]}), "/holders/0"),
        (json!({"holders": "bob"}), "/holders"),
        (
            json!({"holders": vec![json!({"source_id": "x"}); 101]}),
            "/holders",
        ),
    ];
    check_bodies(&shop, (Method::POST, &path), &rows).await;
}

#[tokio::test]
async fn holders_are_listed_and_removed() {
    let shop = Shop::start().await;
    let code = referring(&shop, json!({})).await;
    let path = format!("/v1/referrals/Friends/members/{code}/holders");
    let body = json!({"holders": [{"source_id": "bob"}, {"source_id": "cid"}]});
    let added = shop.post(NOON, &path, &body).await;
    let bob = &added["holders"][0];
    let first = shop.get(NOON, &format!("{path}?limit=2")).await;
    assert_eq!(
        (&first["total"], &first["has_more"]),
        (&json!(3), &json!(true))
    );
    let next = first["more_starting_after"].as_str().unwrap();
    let rest = shop
        .get(NOON, &format!("{path}?limit=2&starting_after_id={next}"))
        .await;
    assert_eq!(rest["data"][0]["holder_role"], "REFERRER");
    assert_eq!(
        (&rest["has_more"], &rest["more_starting_after"]),
        (&json!(false), &Value::Null)
    );
    let (status, refused) = delete(&shop, &format!("{path}/{}", id(&rest["data"][0]))).await;
    assert_eq!(
        (status, &refused["key"]),
        (StatusCode::FORBIDDEN, &json!("forbidden"))
    );
    let one = format!("/v1/referrals/members/{code}/holders/{}", id(bob));
    assert_eq!(delete(&shop, &one).await.0, StatusCode::NO_CONTENT);
    assert_eq!(delete(&shop, &one).await.0, StatusCode::NOT_FOUND);
    // Whoever was removed may join again.
    shop.post(NOON, &path, &json!({"holders": [{"source_id": "bob"}]}))
        .await;
}

#[tokio::test]
async fn only_published_codes_that_refer_have_holders() {
    let shop = Shop::start().await;
    referring(&shop, json!({})).await;
    let body = json!({"holders": [{"source_id": "bob"}]});
    let plain = json!({"code": "PLAIN", "type": "DISCOUNT_VOUCHER", "discount": ten_off()});
    shop.post(NOON, "/v1/vouchers", &plain).await;
    shop.post(NOON, "/v1/campaigns/Friends/vouchers/FREE", &json!({}))
        .await;
    let rows = [
        ("/v1/referrals/members/PLAIN/holders", 404, "not_found"),
        ("/v1/referrals/members/NOWHERE/holders", 404, "not_found"),
        ("/v1/referrals/Cards/members/FREE/holders", 404, "not_found"),
        ("/v1/referrals/members/FREE/holders", 400, "not_published"),
    ];
    for (path, status, key) in rows {
        check(&shop, (Method::POST, path, &body), (status, key)).await;
    }
    let (status, _) = shop
        .live
        .get("/v1/referrals/members/FREE/holders")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_event_of_the_shops_own_makes_a_referral_count() {
    let shop = Shop::start().await;
    let event = json!({"conversion_event_type": "custom_event",
        "custom_event": {"name": "Signed up"}});
    let code = referring(&shop, event).await;
    // Using the code is joining, and brings nothing by itself.
    shop.post(NOON, "/v1/redemptions", &by(&code, "bob", "o-1"))
        .await;
    assert_eq!(cards(&shop, "bob").await, [0; 0]);
    let event =
        |name: &str, customer: &str| json!({"event": name, "customer": {"source_id": customer}});
    shop.post(NOON, "/v1/events", &event("Looked", "bob")).await;
    assert_eq!(cards(&shop, "bob").await, [0; 0]);
    for _ in 0..2 {
        shop.post(NOON, "/v1/events", &event("Signed up", "bob"))
            .await;
        assert_eq!(cards(&shop, "bob").await, [500]);
    }
    let mut told = event("Signed up", "cid");
    told["referral"] = json!({"code": code});
    let answer = shop.post(NOON, "/v1/events", &told).await;
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        answer["referral"],
        json!({"code": code, "referrer_id": ann["id"]})
    );
    assert_eq!(cards(&shop, "cid").await, [500]);
    told["customer"] = json!({"source_id": "ann"});
    let ask = (Method::POST, "/v1/events", &told);
    check(&shop, ask, (400, "referrer_not_permitted_to_redeem")).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_reward_goes_on_the_card_there_is() {
    let shop = Shop::start().await;
    let code = referring(&shop, json!({})).await;
    let card = publish(&shop, &to("bob", "Cards")).await;
    shop.post(NOON, "/v1/redemptions", &by(&code, "bob", "o-1"))
        .await;
    assert_eq!(cards(&shop, "bob").await, [500]);
    let path = format!("/v1/vouchers/{}", card["voucher"]["code"].as_str().unwrap());
    assert_eq!(shop.get(NOON, &path).await["gift"]["balance"], 500);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_programme_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    let of = |program: Value| {
        json!({"name": "Friends", "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": program,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}})
    };
    let reward = |member: &str, value: Value| {
        let mut reward = json!({"type": "GIFT_VOUCHER", "amount": 1,
            "related_object_parent": {"id": "camp_0000000000001"}});
        reward[member] = value;
        of(json!({"referee_reward": reward}))
    };
    let unnamed = of(json!({"conversion_event_type": "custom_event"}));
    let rows = [
        (
            of(json!({"conversion_event_type": "luck"})),
            "/referral_program/conversion_event_type",
        ),
        (unnamed, "/referral_program/custom_event/name"),
        (
            reward("amount", json!(0)),
            "/referral_program/referee_reward/amount",
        ),
        (
            reward("type", json!("DISCOUNT_VOUCHER")),
            "/referral_program/referee_reward/type",
        ),
        (
            reward("related_object_parent", json!({})),
            "/referral_program/referee_reward/related_object_parent/id",
        ),
    ];
    check_bodies(&shop, (Method::POST, "/v1/campaigns"), &rows).await;
}
