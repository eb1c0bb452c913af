//! Rollbacks by line: what came back is given back, exactly, and never more than there was.

use axum::http::StatusCode;
use offers::{CampaignId, VoucherId, chart};
use serde_json::{Value, json};
use server::setup::SANDBOX;
use wire::ids::{Tag, parse};

use crate::{
    campaigns::delete,
    redemptions::{books_balance, code, find_code, order, redeem, ten_off, using},
    shop::{DAY, HOUR, NOON, Shop},
};

async fn left(shop: &Shop, campaign: &str) -> u64 {
    let id = CampaignId(parse(Tag::Campaign, campaign).unwrap());
    let account = shop
        .app
        .store()
        .account(SANDBOX, chart::budget(id))
        .await
        .unwrap();
    account.unwrap().available().unwrap()
}

/// Three units at 10.00, one at 5.00, and shipping of 4.00.
fn goods() -> Value {
    json!({"source_id": "o-1", "items": [
        {"source_id": "a", "quantity": 3, "price": 1_000},
        {"product_id": "prod_5h1pp1ng", "quantity": 1, "price": 400},
        {"source_id": "b", "quantity": 1, "price": 500}
    ]})
}

async fn used(shop: &Shop) -> (String, String) {
    let ours = json!({"budget": 1_000, "caps": [{"reach": "code", "limit": 1}]});
    let campaign = code(shop, "TEN", ten_off(), ours).await;
    let answer = shop
        .post(NOON, "/v1/redemptions", &using(&["TEN"], goods()))
        .await;
    assert_eq!(left(shop, &campaign).await, 0);
    let id = answer["redemptions"][0]["id"].as_str().unwrap();
    (campaign, format!("/v1/redemptions/{id}/rollback"))
}

#[tokio::test]
async fn parts_never_exceed_the_whole() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let returned = |items: Value| json!({"returned": items});
    // 10.00 off 35.00 of goods is 8.57 on the first line and 1.43 on the last.
    for (items, expected) in [
        (json!([{"index": 0, "quantity": 1}]), 285),
        (json!([{"index": 0, "quantity": 1}]), 571),
        (json!([{"index": 2, "quantity": 1}]), 714),
    ] {
        let answer = shop.post(NOON, &path, &returned(items)).await;
        assert_eq!(answer["order"]["status"], "PAID");
        assert_eq!(left(&shop, &campaign).await, expected);
    }
    // What is back cannot come back again.
    for items in [
        json!([{"index": 2, "quantity": 1}]),
        json!([{"index": 0, "quantity": 2}]),
        json!([{"index": 3, "quantity": 1}]),
        json!([{"index": 0, "quantity": 0}]),
        json!([{"index": -1, "quantity": 1}]),
    ] {
        let key = json!(match items[0]["index"] == -1 {
            true => "invalid_payload",
            false => "invalid_rollback_params",
        });
        let (status, answer) = shop.noon().post(&path, &returned(items)).await.unwrap();
        assert_eq!((status, &answer["key"]), (StatusCode::BAD_REQUEST, &key));
    }
    assert_eq!(left(&shop, &campaign).await, 714);
    // A part keeps the use; the whole gives it back, and the rest of the money to the cent.
    let card = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(card["redemption"]["redeemed_quantity"], 1);
    let other = using(&["TEN"], json!({"amount": 5_000}));
    let (_, answer) = redeem(&shop.noon(), &other).await;
    assert_eq!(answer["proffer"]["code"], "used_up_campaign");
    shop.post(NOON, &path, &json!({})).await;
    assert_eq!(left(&shop, &campaign).await, 1_000);
    shop.post(NOON, "/v1/redemptions", &other).await;
    let (_, answer) = shop.noon().post(&path, &json!({})).await.unwrap();
    assert_eq!(answer["key"], "already_rolled_back");
    books_balance(&shop).await;
}

#[tokio::test]
async fn returning_every_unit_is_the_whole() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let all = json!({"returned": [{"index": 0, "quantity": 3}, {"index": 2, "quantity": 1}]});
    let answer = shop.post(NOON, &path, &all).await;
    assert_eq!(answer["order"]["status"], "CANCELED");
    assert_eq!(left(&shop, &campaign).await, 1_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn parts_race_and_each_counts_once() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let one = json!({"returned": [{"index": 0, "quantity": 1}]});
    let noon = shop.noon();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (client, path, one) = (noon.clone(), path.clone(), one.clone());
        calls.spawn(async move { client.post(&path, &one).await.unwrap().0 });
    }
    let done = calls.join_all().await;
    let done = done.iter().filter(|status| status.is_success());
    assert_eq!(done.count(), 3);
    assert_eq!(left(&shop, &campaign).await, 857);
    books_balance(&shop).await;
}

#[tokio::test]
async fn points_are_taken_back_by_what_was_paid() {
    let shop = Shop::start().await;
    let promotion = json!({
        "name": "points", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [{"name": "one each",
            "proffer": {"points_back": {"per": 100, "points": 1}}}]}
    });
    let made = shop.post(NOON, "/v1/campaigns", &promotion).await;
    let tier = made["promotion"]["tiers"][0]["id"].as_str().unwrap();
    let body = json!({
        "redeemables": [{"object": "promotion_tier", "id": tier}],
        "customer": {"source_id": "ann"},
        "order": {"source_id": "o-1", "items": [
            {"source_id": "a", "quantity": 1, "price": 3_000},
            {"source_id": "b", "quantity": 1, "price": 1_000}]}
    });
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let programme = parse(Tag::Campaign, made["id"].as_str().unwrap()).unwrap();
    let customer = used["redemptions"][0]["customer_id"].as_str().unwrap();
    let account = chart::points(programme, parse(Tag::Customer, customer).unwrap());
    let store = shop.app.store();
    let points = || async {
        let found = store.account(SANDBOX, account).await.unwrap();
        found.unwrap().available().unwrap()
    };
    assert_eq!(points().await, 40);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(
        NOON,
        &path,
        &json!({"returned": [{"index": 1, "quantity": 1}]}),
    )
    .await;
    assert_eq!(points().await, 30);
    shop.post(NOON, &path, &json!({})).await;
    assert_eq!(points().await, 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_returns_nothing_is_refused() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let nothing = json!({"returned": []});
    let (status, answer) = shop.noon().post(&path, &nothing).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["key"], "invalid_rollback_params");
    assert!(
        answer["details"].as_str().unwrap().starts_with("/returned"),
        "{answer}"
    );
    assert_eq!(left(&shop, &campaign).await, 0);
}

#[tokio::test]
async fn who_was_erased_can_still_be_refunded() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let campaign = shop
        .percent_off("welcome", 20, json!({"budget": 5_000}))
        .await;
    shop.policy("ranked", &[&campaign], 0).await;
    let decided = shop.decide(NOON, "ann").await;
    let code = find_code(&decided).expect("a code was granted");
    let mut body = using(&[&code], order("o-1", 10_000));
    body["customer"] = json!({"source_id": "ann"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(left(&shop, &campaign).await, 3_000);
    let gone = delete(&shop, "/v1/customers/ann").await;
    assert_eq!(gone.0, StatusCode::NO_CONTENT);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    shop.post(NOON, &format!("/v1/redemptions/{id}/rollback"), &json!({}))
        .await;
    assert_eq!(left(&shop, &campaign).await, 5_000);
    let voucher = shop.get(NOON, &format!("/v1/vouchers/{code}")).await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_comes_back_to_a_lapsed_gift_card_lapses_too() {
    let shop = Shop::start().await;
    let card = json!({
        "code": "GIFT", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000},
        "expiration_date": "2026-11-23T18:00:00Z"
    });
    let made = shop.post(NOON, "/v1/vouchers", &card).await;
    let card = VoucherId(parse(Tag::Voucher, made["id"].as_str().unwrap()).unwrap());
    let owed = async || {
        let store = shop.app.store();
        let account = store.account(SANDBOX, chart::gift_balance(card)).await;
        account.unwrap().unwrap().available().unwrap()
    };
    let lapsed = async |now: i64| {
        let done = shop.post(now, "/v1/sandbox/jobs", &json!({})).await;
        (done["lapsed"].clone(), done["breakage"].clone())
    };
    let body = using(&["GIFT"], order("o-1", 3_000));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(lapsed(NOON + 3 * DAY).await, (json!(1), json!(2_000)));
    assert_eq!(owed().await, 0);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(NOON + 3 * DAY + HOUR, &path, &json!({})).await;
    assert_eq!(owed().await, 3_000);
    // With the jobs of the day after, and once.
    assert_eq!(lapsed(NOON + 4 * DAY).await, (json!(1), json!(3_000)));
    assert_eq!(owed().await, 0);
    assert_eq!(lapsed(NOON + 5 * DAY).await, (json!(0), json!(0)));
    books_balance(&shop).await;
}

/// What a rollback says of how much came back, how much is left, and what the order comes to.
fn told(answer: &Value) -> [u64; 3] {
    let ours = &answer["proffer"];
    let total = &answer["order"]["total_amount"];
    [&ours["given_back"], &ours["left"], total].map(|number| number.as_u64().unwrap())
}

/// What each line of the order is reduced by.
fn reduced(answer: &Value) -> Vec<u64> {
    let items = answer["order"]["items"].as_array().unwrap().iter();
    items
        .map(|item| item["discount_amount"].as_u64().unwrap_or(0))
        .collect()
}

#[tokio::test]
async fn the_order_is_told_anew_line_by_line() {
    let shop = Shop::start().await;
    let each = json!({"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ITEMS"});
    let ours = json!({"budget": 1_000, "caps": [{"reach": "code", "limit": 1}]});
    let campaign = code(&shop, "EACH", each, ours).await;
    let used = shop
        .post(NOON, "/v1/redemptions", &using(&["EACH"], goods()))
        .await;
    assert_eq!(reduced(&used), [300, 0, 50]);
    assert_eq!(used["order"]["total_amount"], 3_550);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    // One of three units by the shop's name of the line; then so much of the rest.
    let one = json!({"returned": [{"id": "a", "quantity": 1}]});
    let back = shop.post(NOON, &path, &one).await;
    assert_eq!(
        (told(&back), reduced(&back)),
        ([100, 250, 3_650], vec![200, 0, 50])
    );
    let item = &back["order"]["items"][0];
    assert_eq!(
        (&item["amount"], &item["subtotal_amount"]),
        (&json!(3_000), &json!(2_800))
    );
    assert_eq!(back["order"]["total_applied_discount_amount"], 250);
    let back = shop.post(NOON, &path, &json!({"amount": 50})).await;
    assert_eq!(
        (told(&back), reduced(&back)),
        ([50, 200, 3_700], vec![160, 0, 40])
    );
    assert_eq!(left(&shop, &campaign).await, 800);
    assert_eq!(shop.get(NOON, "/v1/orders/o-1").await, back["order"]);
    // The redemption tells what it gave, and of its rollbacks.
    let one = shop.get(NOON, &format!("/v1/redemptions/{id}")).await;
    assert_eq!(one["status"], "SUCCEEDED");
    assert_eq!(
        one["related_redemptions"]["rollbacks"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let back = shop.post(NOON, &path, &json!({})).await;
    assert_eq!(
        (told(&back), reduced(&back)),
        ([200, 0, 3_900], vec![0, 0, 0])
    );
    assert_eq!(back["order"]["status"], "CANCELED");
    assert_eq!(left(&shop, &campaign).await, 1_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_part_that_cannot_be_is_refused_with_its_place() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    shop.post(NOON, &path, &json!({"amount": 400})).await;
    for (body, place) in [
        (
            json!({"amount": 601}),
            "/amount: no more than 600 is left to give back",
        ),
        (json!({"amount": 0}), "/amount: at least 1"),
        (json!({"amount": -1}), "/amount"),
        (json!({"amount": 1.5}), "/amount"),
        (
            json!({"amount": 1, "returned": [{"index": 0, "quantity": 1}]}),
            "/amount: not beside returned",
        ),
        (
            json!({"returned": [{"index": 0, "quantity": 1}, {"id": "c", "quantity": 1}]}),
            "/returned/1/id: the order has no such line",
        ),
        (
            json!({"returned": [{"quantity": 1}]}),
            "/returned/0: names one line, by its index or its id",
        ),
        (
            json!({"returned": [{"index": 0, "id": "a", "quantity": 1}]}),
            "/returned/0: names one line, by its index or its id",
        ),
        (
            json!({"returned": [{"id": "a", "quantity": 4}]}),
            "/returned/0/quantity: not so many are left to return",
        ),
        (
            json!({"returned": [{"index": 9, "quantity": 1}]}),
            "/returned/0/index: the order has no such item",
        ),
    ] {
        let is_no_amount = [json!(-1), json!(1.5)].contains(&body["amount"]);
        let key = json!(match is_no_amount {
            true => "invalid_payload",
            false => "invalid_rollback_params",
        });
        let (status, answer) = shop.noon().post(&path, &body).await.unwrap();
        let expected = (StatusCode::BAD_REQUEST, &key);
        assert_eq!((status, &answer["key"]), expected, "{body}");
        let details = answer["details"].as_str().unwrap();
        assert!(details.starts_with(place), "{body}: {details}");
    }
    assert_eq!(left(&shop, &campaign).await, 400);
    books_balance(&shop).await;
}

#[tokio::test]
async fn lines_of_one_name_are_told_apart_by_their_place() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let line = json!({"source_id": "a", "quantity": 1, "price": 1_000});
    let goods = json!({"source_id": "o-1", "items": [line, line]});
    let used = shop
        .post(NOON, "/v1/redemptions", &using(&["TEN"], goods))
        .await;
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    let body = json!({"returned": [{"id": "a", "quantity": 1}]});
    let (_, answer) = shop.noon().post(&path, &body).await.unwrap();
    assert_eq!(
        answer["details"],
        "/returned/0/id: several lines are called so: name one by its index"
    );
    let body = json!({"returned": [{"index": 1, "quantity": 1}]});
    assert_eq!(
        told(&shop.post(NOON, &path, &body).await),
        [500, 500, 1_500]
    );
}

#[tokio::test]
async fn a_part_comes_back_once_for_one_key() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let keyed = shop.noon().with("idempotency-key", "back-1");
    let part = json!({"amount": 250});
    let (_, first) = keyed.post(&path, &part).await.unwrap();
    let (_, again) = keyed.post(&path, &part).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(left(&shop, &campaign).await, 250);
    let (status, _) = keyed.post(&path, &json!({"amount": 251})).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, other) = shop.noon().post(&path, &part).await.unwrap();
    assert_ne!(first["id"], other["id"]);
    assert_eq!(left(&shop, &campaign).await, 500);
}

/// A discount and a gift card on one order, in parts.
#[tokio::test]
async fn what_was_used_together_comes_back_together_in_parts() {
    let shop = Shop::start().await;
    let campaign = code(&shop, "TEN", ten_off(), json!({"budget": 1_000})).await;
    let card = json!({"code": "GIFT", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000}});
    shop.post(NOON, "/v1/vouchers", &card).await;
    let balance = async || {
        let card = shop.get(NOON, "/v1/vouchers/GIFT").await;
        card["gift"]["balance"].as_u64().unwrap()
    };
    let body = json!({
        "redeemables": [{"object": "voucher", "id": "TEN"},
            {"object": "voucher", "id": "GIFT", "gift": {"credits": 2_000}}],
        "order": goods(),
    });
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!((left(&shop, &campaign).await, balance().await), (0, 3_000));
    let parent = used["parent_redemption"]["id"].as_str().unwrap();
    let child = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{parent}/rollbacks");
    let part = json!({"amount": 300});
    for (id, call, key) in [
        (child, "rollback", "invalid_redemption_parent"),
        (parent, "rollback", "invalid_redemption"),
    ] {
        let path = format!("/v1/redemptions/{id}/{call}");
        let (_, answer) = shop.noon().post(&path, &part).await.unwrap();
        assert_eq!(answer["key"], key);
    }
    let back = shop.post(NOON, &path, &part).await;
    let gave = |back: &Value| {
        let rows = back["rollbacks"].as_array().unwrap().iter();
        let rows = rows.map(|row| json!([row["proffer"]["given_back"], row["amount"]]));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(gave(&back), [json!([100, null]), json!([200, -200])]);
    assert_eq!(back["order"]["total_discount_amount"], 2_700);
    assert_eq!(
        (left(&shop, &campaign).await, balance().await),
        (100, 3_200)
    );
    let (_, answer) = shop
        .noon()
        .post(&path, &json!({"amount": 2_701}))
        .await
        .unwrap();
    assert_eq!(
        answer["details"],
        "/amount: no more than 2700 is left to give back"
    );
    shop.post(NOON, &path, &json!({"amount": 2_700})).await;
    assert_eq!(
        (left(&shop, &campaign).await, balance().await),
        (1_000, 5_000)
    );
    let (_, again) = shop.noon().post(&path, &part).await.unwrap();
    assert_eq!(again["key"], "already_rolled_back");
    books_balance(&shop).await;
}

/// Numbers below a bound, the same on every run: xorshift (Marsaglia, 2003).
fn drawing() -> impl FnMut(u64) -> u64 {
    let mut state = 88_172_645_463_325_252_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

/// Whatever the parts are, with the rest they come to what one rollback of the whole comes to.
#[tokio::test]
async fn any_parts_and_the_rest_equal_one_whole_rollback() {
    let shop = Shop::start().await;
    let ours = json!({"budget": 100_000, "caps": [{"reach": "code", "limit": 100}]});
    let campaign = code(
        &shop,
        "SOME",
        json!({"type": "PERCENT", "percent_off": 17}),
        ours,
    )
    .await;
    let before = 100_000;
    let mut draw = drawing();
    for number in 0..8 {
        let items = json!([
            {"source_id": "a", "quantity": 3, "price": 997},
            {"source_id": "b", "quantity": 2, "price": 1},
            {"source_id": "c", "quantity": 5, "price": 333}]);
        let order = json!({"source_id": format!("o-{number}"), "items": items});
        let used = shop
            .post(NOON, "/v1/redemptions", &using(&["SOME"], order))
            .await;
        let total = used["order"]["total_amount"].as_u64().unwrap();
        let whole = used["order"]["total_discount_amount"].as_u64().unwrap();
        let id = used["redemptions"][0]["id"].as_str().unwrap();
        let path = format!("/v1/redemptions/{id}/rollback");
        let mut given_back = 0;
        for _ in 0..draw(6) {
            let body = match draw(2) {
                0 => json!({"amount": 1 + draw(whole / 2)}),
                _ => json!({"returned": [{"index": draw(3), "quantity": 1 + draw(2)}]}),
            };
            let (status, back) = shop.noon().post(&path, &body).await.unwrap();
            if status.is_success() {
                let [part, rest, now] = told(&back);
                given_back += part;
                assert_eq!(
                    (given_back + rest, total + given_back),
                    (whole, now),
                    "{body}"
                );
            }
            assert_eq!(
                left(&shop, &campaign).await,
                before - whole + given_back,
                "{body}"
            );
        }
        // The rest, if there is any.
        shop.noon().post(&path, &json!({})).await.unwrap();
        assert_eq!(left(&shop, &campaign).await, before);
        let voucher = shop.get(NOON, "/v1/vouchers/SOME").await;
        assert_eq!(voucher["redemption"]["redeemed_quantity"], 0);
        let order = shop.get(NOON, &format!("/v1/orders/o-{number}")).await;
        assert_eq!(
            (&order["status"], &order["total_amount"]),
            (&json!("CANCELED"), &json!(total + whole))
        );
        books_balance(&shop).await;
    }
}

#[tokio::test]
async fn what_is_old_is_rolled_back_no_more() {
    let shop = Shop::start().await;
    let (campaign, path) = used(&shop).await;
    let noon = NOON + 92 * DAY;
    let (status, answer) = shop.at(noon + 1).post(&path, &json!({})).await.unwrap();
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_redemption"))
    );
    assert_eq!(left(&shop, &campaign).await, 0);
    shop.post(noon, &path, &json!({})).await;
    assert_eq!(left(&shop, &campaign).await, 1_000);
}
