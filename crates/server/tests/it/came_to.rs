//! What customers came to: their uses of codes, their orders, their points, whom they brought.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::setup::{self, SANDBOX};
use store::{Index, Kind, Write};
use wire::ids::{Tag, parse};

use crate::{
    campaigns::delete,
    catalogue::id,
    exports::table,
    ingest::allowing,
    loyalties::{card, coin, paying, programme, put},
    publications::{publish, to},
    redemptions::{books_balance, code, order, redeem, ten_off, using},
    shop::{HOUR, NOON, Shop},
};

async fn customer(shop: &Shop, name: &str) -> Value {
    shop.get(NOON, &format!("/v1/customers/{name}")).await
}

/// The three parts of a customer that say what they came to.
fn parts(customer: &Value) -> [&Value; 3] {
    ["summary", "loyalty", "referrals"].map(|part| &customer[part])
}

fn of(customer: &str, mut body: Value) -> Value {
    body["customer"] = json!({"source_id": customer});
    body
}

/// Of somebody who came to nothing.
fn nothing() -> [Value; 3] {
    [
        json!({
            "redemptions": {"total_redeemed": 0, "total_failed": 0, "total_succeeded": 0,
                "total_rolled_back": 0, "total_rollback_failed": 0, "total_rollback_succeeded": 0,
                "gift": {"redeemed_amount": 0, "amount_to_go": 0},
                "loyalty_card": {"redeemed_points": 0, "points_to_go": 0}},
            "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0,
                "last_order_amount": 0, "last_order_date": null}
        }),
        json!({"points": 0, "referred_customers": 0, "campaigns": {}}),
        json!({"total": 0, "campaigns": []}),
    ]
}

fn check_nothing(customer: &Value) {
    let expected = nothing();
    assert_eq!(parts(customer), expected.each_ref(), "{customer}");
}

/// A code of bob's that refers.
async fn bobs_code(shop: &Shop) -> Value {
    let body = json!({"name": "Friends", "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": {"conversion_event_type": "redemption"},
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    shop.post(NOON, "/v1/campaigns", &body).await;
    publish(shop, &to("bob", "Friends")).await["voucher"].clone()
}

/// A gift card of 10.00 that ann was given; its code.
async fn gift(shop: &Shop) -> String {
    let cards = json!({"name": "Cards", "campaign_type": "GIFT_VOUCHERS",
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 1_000}}});
    shop.post(NOON, "/v1/campaigns", &cards).await;
    let given = publish(shop, &to("ann", "Cards")).await;
    given["voucher"]["code"].as_str().unwrap().to_owned()
}

/// A loyalty card of ann's with 40 points, in a programme with a tier, and what points pay with.
async fn club(shop: &Shop) -> (String, String) {
    let club = programme(shop, "Club").await;
    let gold = json!([{"name": "Gold", "points": {"from": 30, "to": 1_000}}]);
    shop.post(NOON, &format!("/v1/loyalties/{club}/tiers"), &gold)
        .await;
    let card = card(shop, &club, "ann").await;
    put(shop, &card, 40).await;
    (card, coin(shop, &club).await)
}

/// Ann comes by bob's code, gives back what she used another for, pays half of her gift card and
/// ten of her points, and has orders that she paid, and one that she did not.
/// The redemption by which she came.
async fn lived(shop: &Shop) -> String {
    let bobs = bobs_code(shop).await;
    code(shop, "TEN", ten_off(), json!({})).await;
    let (card, coin) = club(shop).await;
    let came = using(&[bobs["code"].as_str().unwrap()], order("o-1", 5_000));
    let came = shop.post(NOON, "/v1/redemptions", &of("ann", came)).await;
    let used = of("ann", using(&["TEN"], order("o-2", 5_000)));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    let path = format!("/v1/redemptions/{}/rollback", id(&used["redemptions"][0]));
    shop.post(NOON + HOUR, &path, &json!({})).await;
    let mut paid = of("ann", using(&[&gift(shop).await], order("o-3", 2_000)));
    paid["redeemables"][0]["gift"] = json!({"credits": 500});
    shop.post(NOON, "/v1/redemptions", &paid).await;
    let reward = json!({"id": coin, "points": 10});
    let paid = paying(&card, reward, order("o-4", 1_000));
    shop.post(NOON, "/v1/redemptions", &paid).await;
    let (status, _) = redeem(
        &shop.noon(),
        &of("ann", using(&["NOPE"], order("o-9", 100))),
    )
    .await;
    assert!(status.is_client_error());
    let orders = [
        json!({"source_id": "o-5", "amount": 701, "status": "FULFILLED"}),
        json!({"source_id": "o-6", "amount": 999, "status": "CREATED"}),
        json!({"source_id": "o-7", "amount": 888, "status": "PAID", "currency": "USD"}),
    ];
    for order in orders {
        shop.post(NOON + 2 * HOUR, "/v1/orders", &of("ann", order))
            .await;
    }
    id(&came["redemptions"][0])
}

/// What ann came to by that.
fn anns(came: &str, bob: &Value, friends: &Value) -> [Value; 3] {
    [
        json!({
            "redemptions": {"total_redeemed": 5, "total_failed": 1, "total_succeeded": 4,
                "total_rolled_back": 1, "total_rollback_failed": 0, "total_rollback_succeeded": 1,
                "gift": {"redeemed_amount": 500, "amount_to_go": 500},
                "loyalty_card": {"redeemed_points": 10, "points_to_go": 30}},
            // 40.00, 15.00, 9.95 and 7.01; what was rolled back, not paid or in dollars is none.
            "orders": {"total_amount": 7_196, "total_count": 4, "average_amount": 1_799,
                "last_order_amount": 701, "last_order_date": "2026-11-21T14:00:00.000Z"}
        }),
        json!({"points": 30, "referred_customers": 0, "campaigns": {
            "Club": {"points": 30, "loyalty_tier": "Gold", "referred_customers": 0}}}),
        json!({"total": 1, "campaigns": [{"campaign_id": friends["id"], "referrer_id": bob["id"],
            "related_object_id": came, "related_object_type": "redemption",
            "date": "2026-11-21T12:00:00.000Z"}]}),
    ]
}

#[tokio::test]
async fn what_a_customer_came_to_is_told_wherever_they_are() {
    let shop = Shop::start().await;
    let came = lived(&shop).await;
    let friends = shop.get(NOON, "/v1/campaigns/Friends").await;
    let (ann, bob) = (customer(&shop, "ann").await, customer(&shop, "bob").await);
    let expected = anns(&came, &bob, &friends);
    assert_eq!(parts(&ann), expected.each_ref(), "{ann}");
    assert_eq!(customer(&shop, &id(&ann)).await, ann);
    let [summary, _, referrals] = nothing();
    let brought = json!({"points": 0, "referred_customers": 1, "campaigns": {
        "Friends": {"points": 0, "loyalty_tier": null, "referred_customers": 1}}});
    assert_eq!(parts(&bob), [&summary, &brought, &referrals], "{bob}");
    shop.post(NOON, "/v1/customers", &json!({"source_id": "cid"}))
        .await;
    let said = json!({"source_id": "ann", "name": "Ann"});
    let written = shop.post(NOON, "/v1/customers", &said).await;
    assert_eq!(parts(&written), expected.each_ref());
    let written = shop
        .put("/v1/customers/ann", &json!({"name": "Anna"}))
        .await;
    assert_eq!(parts(&written), expected.each_ref());
    let all = shop.get(NOON, "/v1/customers").await;
    assert_eq!(all["total"], 3);
    for row in all["customers"].as_array().unwrap() {
        let name = row["source_id"].as_str().unwrap();
        let alone = customer(&shop, name).await;
        assert_eq!(*row, alone, "{name}");
    }
    check_nothing(&customer(&shop, "cid").await);
    let picked = shop.get(NOON, "/v1/customers?name=Anna").await;
    assert_eq!(parts(&picked["customers"][0]), expected.each_ref());
    // In a publication, too, as it was before the code was given.
    let given = publish(&shop, &to("ann", "Cards")).await;
    assert_eq!(parts(&given["customer"]), expected.each_ref());
    let now = customer(&shop, "ann").await;
    let gift = &now["summary"]["redemptions"]["gift"];
    assert_eq!(
        *gift,
        json!({"redeemed_amount": 500, "amount_to_go": 1_500})
    );
    let all = shop.get(NOON, "/v1/publications").await;
    let all = all["publications"].as_array().unwrap().iter();
    let to: Vec<_> = all.map(|one| &one["customer"]).collect();
    assert_eq!(to, [&now, &now, &bob]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_customers_came_to_is_in_their_table() {
    let shop = Shop::start().await;
    lived(&shop).await;
    let fields = [
        "source_id",
        "redemptions_total_redeemed",
        "redemptions_total_failed",
        "redemptions_total_rolled_back",
        "orders_total_amount",
        "orders_total_count",
        "orders_last_order_date",
        "loyalty_points",
        "loyalty_referred_customers",
    ];
    let parameters = json!({"fields": fields, "order": "created_at"});
    let asked = json!({"exported_object": "customer", "parameters": parameters});
    let rows = table(&shop, asked).await;
    let bob = ["bob", "0", "0", "0", "0", "0", "", "0", "1"];
    let last = "2026-11-21T14:00:00.000Z";
    let ann = ["ann", "5", "1", "1", "7196", "4", last, "30", "0"];
    assert_eq!(rows[1..], [bob, ann]);
    let rich = json!({"orders_total_amount": {"conditions": {"$more_than": [7_000]}}});
    let parameters = json!({"fields": ["source_id"], "filters": rich});
    let asked = json!({"exported_object": "customer", "parameters": parameters});
    assert_eq!(table(&shop, asked).await[1..], [["ann"]]);
}

/// A rollback takes back of the points what it says.
#[tokio::test]
async fn points_that_go_back_were_not_spent() {
    let shop = Shop::start().await;
    let (card, coin) = club(&shop).await;
    let spent = async || {
        let ann = customer(&shop, "ann").await;
        let card = &ann["summary"]["redemptions"]["loyalty_card"];
        ["redeemed_points", "points_to_go"].map(|name| card[name].as_u64().unwrap())
    };
    assert_eq!(spent().await, [0, 40]);
    let paid = paying(
        &card,
        json!({"id": coin, "points": 20}),
        order("o-1", 1_000),
    );
    let paid = shop.post(NOON, "/v1/redemptions", &paid).await;
    assert_eq!(spent().await, [20, 20]);
    let tier = &customer(&shop, "ann").await["loyalty"]["campaigns"]["Club"]["loyalty_tier"];
    assert_eq!(*tier, Value::Null);
    let path = format!("/v1/redemptions/{}/rollback", id(&paid["redemptions"][0]));
    shop.post(NOON, &path, &json!({"amount": 5})).await;
    assert_eq!(spent().await, [10, 30]);
    shop.post(NOON, &path, &json!({})).await;
    assert_eq!(spent().await, [0, 40]);
    let ann = customer(&shop, "ann").await;
    let all = &ann["summary"]["redemptions"];
    let counts = [
        "total_redeemed",
        "total_rolled_back",
        "total_rollback_succeeded",
    ];
    assert_eq!(counts.map(|name| all[name].as_u64().unwrap()), [1, 1, 2]);
    assert_eq!(ann["summary"]["orders"]["total_count"], 0);
}

#[tokio::test]
async fn what_was_done_under_a_former_name_counts() {
    let shop = Shop::start().await;
    lived(&shop).await;
    let before = customer(&shop, "ann").await;
    shop.customer("new").await;
    let told = json!({"source_id": "o-8", "amount": 300, "status": "PAID"});
    shop.post(NOON + 3 * HOUR, "/v1/orders", &of("new", told))
        .await;
    let alias = json!({
        "userId": "new", "previousId": "ann", "messageId": "1", "context": allowing()
    });
    shop.post(NOON, "/v1/alias", &alias).await;
    let now = customer(&shop, "new").await;
    assert_eq!(customer(&shop, "ann").await["id"], now["id"]);
    for part in ["loyalty", "referrals"] {
        assert_eq!(now[part], before[part]);
    }
    let redemptions = |one: &Value| one["summary"]["redemptions"].clone();
    assert_eq!(redemptions(&now), redemptions(&before));
    let orders = json!({"total_amount": 7_496, "total_count": 5, "average_amount": 1_499,
        "last_order_amount": 300, "last_order_date": "2026-11-21T15:00:00.000Z"});
    assert_eq!(now["summary"]["orders"], orders);
    let all = shop.get(NOON, "/v1/customers").await;
    let rows = all["customers"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.contains(&now));
}

/// Nothing of the erased is told, nor told of whoever has their name next.
#[tokio::test]
async fn the_erased_came_to_nothing() {
    let shop = Shop::start().await;
    lived(&shop).await;
    let (status, _) = delete(&shop, "/v1/customers/bob").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let referrals = &customer(&shop, "ann").await["referrals"];
    assert_eq!(*referrals, json!({"total": 1, "campaigns": []}));
    let ann = id(&customer(&shop, "ann").await);
    let (status, _) = delete(&shop, "/v1/customers/ann").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    for name in ["ann", &ann] {
        let path = format!("/v1/customers/{name}");
        let (status, _) = shop.noon().get(&path).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let all = shop.get(NOON, "/v1/publications").await;
    let mut all = all["publications"].as_array().unwrap().iter();
    assert!(all.all(|one| one["customer"] == Value::Null));
    let again = shop
        .post(NOON, "/v1/customers", &json!({"source_id": "ann"}))
        .await;
    check_nothing(&again);
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 1);
}

/// Who only joined is not referred yet; what an event makes count, is by the code alone.
#[tokio::test]
async fn a_referral_is_told_once_it_counts() {
    let shop = Shop::start().await;
    let body = json!({"name": "Friends", "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": {"conversion_event_type": "custom_event",
            "custom_event": {"name": "signed up"}},
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    shop.post(NOON, "/v1/campaigns", &body).await;
    let bobs = publish(&shop, &to("bob", "Friends")).await["voucher"].clone();
    let path = format!(
        "/v1/referrals/members/{}/holders",
        bobs["code"].as_str().unwrap()
    );
    shop.post(
        NOON,
        &path,
        &json!({"holders": [{"source_id": "ann"}, {"source_id": "cid"}]}),
    )
    .await;
    let told = async || {
        let (ann, bob) = (customer(&shop, "ann").await, customer(&shop, "bob").await);
        let campaigns = ann["referrals"]["campaigns"].as_array().unwrap();
        let related = campaigns.iter().map(|one| one["related_object_id"].clone());
        let brought = bob["loyalty"]["referred_customers"].as_u64().unwrap();
        (related.collect::<Vec<Value>>(), brought)
    };
    assert_eq!(told().await, (vec![], 0));
    let event = json!({"event": "signed up", "customer": {"source_id": "ann"}});
    shop.post(NOON + HOUR, "/v1/events", &event).await;
    assert_eq!(told().await, (vec![bobs["id"].clone()], 1));
}

/// An order is of whoever has it now.
#[tokio::test]
async fn an_order_that_changes_hands_counts_once() {
    let shop = Shop::start().await;
    let told = json!({"source_id": "o-1", "amount": 700, "status": "PAID"});
    shop.post(NOON, "/v1/orders", &of("ann", told)).await;
    shop.put("/v1/orders/o-1", &of("bob", json!({}))).await;
    let counts = async |name: &str| {
        let orders = &customer(&shop, name).await["summary"]["orders"];
        orders["total_count"].as_u64().unwrap()
    };
    assert_eq!([counts("ann").await, counts("bob").await], [0, 1]);
    shop.put("/v1/orders/o-1", &json!({"status": "CANCELED"}))
        .await;
    assert_eq!(counts("bob").await, 0);
}

/// A history is read to its end, however long it is.
#[tokio::test]
async fn nothing_of_a_long_history_is_left_out() {
    const DONE: u64 = 2_345;
    let shop = Shop::start().await;
    let (ann, bob) = (shop.customer("ann").await, shop.customer("bob").await);
    for (customer, first) in [(&ann, 1), (&bob, 1 + DONE)] {
        let number = parse(Tag::Customer, customer).unwrap();
        let done = (first..first + DONE).flat_map(|id| {
            let put = Write::Put {
                kind: Kind::Rollback,
                id,
                body: b"{}".to_vec(),
            };
            let link = Write::Link {
                index: Index::ActivityOfCustomer,
                key: number.to_be_bytes().to_vec(),
                id,
            };
            [put, link]
        });
        let writes = setup::writes(SANDBOX, done.collect());
        shop.app.store().submit(writes).await.unwrap();
    }
    let list = shop.get(NOON, "/v1/customers").await;
    for row in list["customers"].as_array().unwrap() {
        assert_eq!(
            row["summary"]["redemptions"]["total_rollback_succeeded"],
            DONE
        );
    }
}
