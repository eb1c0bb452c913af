//! Loyalty: programmes and their cards, what earns points, and what points pay for.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    campaigns::delete,
    catalogue::{check, check_bodies, id},
    redemptions::{books_balance, code, order, redeem, refused, ten_off, using},
    shop::{DAY, HOUR, NOON, Shop},
};

/// A programme whose cards begin with nothing; its id.
pub async fn programme(shop: &Shop, name: &str) -> String {
    let body = json!({"name": name, "voucher": {"type": "LOYALTY_CARD",
        "loyalty_card": {"points": 0}}});
    id(&shop.post(NOON, "/v1/loyalties", &body).await)
}

/// A card of a programme for a customer; its code.
pub async fn card(shop: &Shop, programme: &str, customer: &str) -> String {
    let path = format!("/v1/loyalties/{programme}/members");
    let body = json!({"customer": {"source_id": customer}});
    let made = shop.post(NOON, &path, &body).await;
    made["code"].as_str().unwrap().to_owned()
}

pub async fn put(shop: &Shop, card: &str, points: i64) -> Value {
    let path = format!("/v1/loyalties/members/{card}/balance");
    shop.post(NOON, &path, &json!({"points": points})).await
}

/// What stands on a card: all that was ever put on it, what is left, and what lapsed.
pub async fn points(shop: &Shop, now: i64, card: &str) -> [u64; 3] {
    let member = shop
        .get(now, &format!("/v1/loyalties/members/{card}"))
        .await;
    let card = &member["loyalty_card"];
    ["points", "balance", "expired_points"].map(|name| card[name].as_u64().unwrap())
}

pub async fn rules(shop: &Shop, programme: &str, rules: Value) -> Vec<String> {
    let path = format!("/v1/loyalties/{programme}/earning-rules");
    let made = shop.post(NOON, &path, &rules).await;
    made.as_array().unwrap().iter().map(id).collect()
}

/// A point for every 1.00 of the goods.
pub fn per_euro() -> Value {
    json!([{"event": "order.paid", "loyalty": {"type": "PROPORTIONAL",
        "calculation_type": "ORDER_AMOUNT", "order": {"amount": {"every": 100, "points": 1}}}}])
}

/// A coin that a programme offers: 2 points are a cent. Its `rew_…`.
pub async fn coin(shop: &Shop, programme: &str) -> String {
    let body = json!({"name": "Money off", "type": "COIN",
        "parameters": {"coin": {"exchange_ratio": "1", "points_ratio": 2}}});
    let reward = shop.post(NOON, "/v1/rewards", &body).await;
    let coin = json!({"exchange_ratio": 1, "points_ratio": 2});
    assert_eq!(reward["parameters"], json!({"coin": coin}));
    let path = format!("/v1/rewards/{}/assignments", id(&reward));
    shop.post(NOON, &path, &json!({"campaign": programme}))
        .await;
    id(&reward)
}

/// An order of ann's, paid with a card.
pub fn paying(card: &str, reward: Value, order: Value) -> Value {
    json!({"redeemables": [{"object": "voucher", "id": card, "reward": reward}],
        "order": order, "customer": {"source_id": "ann"}})
}

fn of_ann(mut body: Value) -> Value {
    body["customer"] = json!({"source_id": "ann"});
    body
}

async fn check_points(shop: &Shop, card: &str, expected: [u64; 3]) {
    assert_eq!(points(shop, NOON, card).await, expected);
}

#[tokio::test]
async fn a_programme_is_a_campaign() {
    let shop = Shop::start().await;
    let made = programme(&shop, "Club").await;
    let path = format!("/v1/loyalties/{made}");
    let shown = shop.get(NOON, &path).await;
    assert_eq!(shown["campaign_type"], "LOYALTY_PROGRAM");
    assert_eq!(shown["voucher"]["loyalty_card"], json!({"points": 0}));
    assert_eq!(shop.get(NOON, "/v1/loyalties/Club").await, shown);
    assert_eq!(
        shop.get(NOON, &format!("/v1/campaigns/{made}")).await,
        shown
    );
    code(&shop, "TEN", ten_off(), json!({})).await;
    let all = shop.get(NOON, "/v1/loyalties").await;
    assert_eq!(
        (&all["campaigns"], &all["total"]),
        (&json!([shown]), &json!(1))
    );
    let changed = shop
        .put(&path, &json!({"description": "Points for all"}))
        .await;
    assert_eq!(changed["description"], "Points for all");
    // A campaign that is none is not found here.
    let other = (Method::GET, "/v1/loyalties/for TEN", &Value::Null);
    check(
        &shop,
        (other.0, "/v1/loyalties/for%20TEN", other.2),
        (404, "not_found"),
    )
    .await;
    let card = card(&shop, &made, "ann").await;
    rules(&shop, &made, per_euro()).await;
    assert_eq!(delete(&shop, &path).await.0, StatusCode::ACCEPTED);
    for gone in [path, format!("/v1/loyalties/members/{card}")] {
        check(
            &shop,
            (Method::GET, &gone, &Value::Null),
            (404, "not_found"),
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_no_programme_names_the_place() {
    let shop = Shop::start().await;
    let of = |card: Value| {
        let voucher = json!({"type": "LOYALTY_CARD", "loyalty_card": card});
        json!({"name": "x", "voucher": voucher})
    };
    let lapse = |rules: Value| of(json!({"points": 0, "expiration_rules": rules}));
    let at = "/voucher/loyalty_card";
    let rows = [
        (json!([]), "".to_owned()),
        (json!({}), "/name".to_owned()),
        (of(json!({"points": "7"})), format!("{at}/points")),
        (
            of(json!({"points": 1_000_000_000_001_u64})),
            format!("{at}/points"),
        ),
        (
            lapse(json!({})),
            format!("{at}/expiration_rules/period_type"),
        ),
        (
            lapse(json!({"period_type": "MONTH"})),
            format!("{at}/expiration_rules/period_value"),
        ),
        (
            lapse(json!({"period_type": "FIXED_DAY_OF_YEAR", "fixed_month": 13, "fixed_day": 1})),
            format!("{at}/expiration_rules/fixed_month"),
        ),
    ];
    let rows: Vec<(Value, &str)> = rows
        .iter()
        .map(|(body, at)| (body.clone(), &**at))
        .collect();
    check_bodies(&shop, (Method::POST, "/v1/loyalties"), &rows).await;
    let alone = json!({"type": "LOYALTY_CARD", "loyalty_card": {"points": 1}});
    let ask = (Method::POST, "/v1/vouchers", &alone);
    check(&shop, ask, (400, "invalid_voucher")).await;
    assert_eq!(shop.get(NOON, "/v1/loyalties").await["total"], 0);
}

#[tokio::test]
async fn a_customer_gets_a_card() {
    let shop = Shop::start().await;
    let body = json!({"name": "Club", "join_once": true, "voucher": {"type": "LOYALTY_CARD",
        "loyalty_card": {"points": 50}, "code_config": {"pattern": "CARD-####"}}});
    let club = id(&shop.post(NOON, "/v1/loyalties", &body).await);
    let path = format!("/v1/loyalties/{club}/members");
    let ann = json!({"customer": {"source_id": "ann", "name": "Ann"}, "metadata": {"desk": 3}});
    let made = shop.post(NOON, &path, &ann).await;
    assert_eq!(made["type"], "LOYALTY_CARD");
    assert_eq!(made["metadata"], json!({"desk": 3}));
    let on_it = json!({"points": 50, "balance": 50, "pending_points": 0, "expired_points": 0,
        "subtracted_points": 0});
    assert_eq!(made["loyalty_card"], on_it);
    let customer = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        (&made["holder_id"], &customer["name"]),
        (&customer["id"], &json!("Ann"))
    );
    // Once is enough.
    let again = shop.post(NOON, &path, &ann).await;
    assert_eq!(again["id"], made["id"]);
    let member = made["code"].as_str().unwrap();
    for path in [
        format!("{path}/{member}"),
        format!("/v1/loyalties/members/{member}"),
        format!("/v1/vouchers/{member}"),
    ] {
        assert_eq!(shop.get(NOON, &path).await["loyalty_card"], on_it, "{path}");
    }
    let all = shop.get(NOON, &path).await;
    assert_eq!(
        (&all["total"], &all["data_ref"]),
        (&json!(1), &json!("vouchers"))
    );
    assert_eq!(all["vouchers"][0]["id"], made["id"]);
    let (status, _) = shop
        .live
        .get(&format!("/v1/loyalties/members/{member}"))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_card_that_was_made_before_is_given_to_one_customer() {
    let shop = Shop::start().await;
    let body = json!({"name": "Club", "voucher": {"type": "LOYALTY_CARD",
        "loyalty_card": {"points": 50}}});
    let club = id(&shop.post(NOON, "/v1/loyalties", &body).await);
    let path = format!("/v1/loyalties/{club}/members");
    shop.post(
        NOON,
        &format!("/v1/campaigns/{club}/vouchers/FOUND"),
        &json!({}),
    )
    .await;
    let bob = json!({"customer": {"source_id": "bob"}, "voucher": "found"});
    assert_eq!(shop.post(NOON, &path, &bob).await["code"], "FOUND");
    check_points(&shop, "FOUND", [50, 50, 0]).await;
    let cid = json!({"customer": {"source_id": "cid"}, "voucher": "FOUND"});
    check(
        &shop,
        (Method::POST, &path, &cid),
        (400, "voucher_already_published"),
    )
    .await;
    let nobody = json!({"customer": {"id": "cust_0000000000001"}});
    check(&shop, (Method::POST, &path, &nobody), (404, "not_found")).await;
    check_bodies(&shop, (Method::POST, &path), &[(json!({}), "/customer")]).await;
    let other = programme(&shop, "Other").await;
    let elsewhere = format!("/v1/loyalties/{other}/members/FOUND");
    check(
        &shop,
        (Method::GET, &elsewhere, &Value::Null),
        (404, "not_found"),
    )
    .await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn points_are_put_on_and_taken_off_and_never_below_zero() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let path = format!("/v1/loyalties/{club}/members/{card}/balance");
    let change = json!({"points": 120, "source_id": "change-1", "reason": "welcome"});
    let answer = shop.post(NOON, &path, &change).await;
    let of = &shop.get(NOON, &format!("/v1/vouchers/{card}")).await["id"];
    let expected = json!({"points": 120, "total": 120, "balance": 120, "type": "loyalty_card",
        "operation_type": "MANUAL", "object": "balance",
        "related_object": {"type": "voucher", "id": of}});
    assert_eq!(answer, expected);
    // The shop's own number makes a retry harmless.
    assert_eq!(shop.post(NOON, &path, &change).await, expected);
    assert_eq!(put(&shop, &card, -20).await["balance"], 100);
    let by_voucher = format!("/v1/vouchers/{card}/balance");
    let answer = shop.post(NOON, &by_voucher, &json!({"amount": -10})).await;
    assert_eq!(
        (&answer["amount"], &answer["balance"]),
        (&json!(-10), &json!(90))
    );
    assert_eq!(answer["type"], "loyalty_card");
    let ask = json!({"points": -91});
    let few = (400, "loyalty_card_points_exceeded");
    check(&shop, (Method::POST, &path, &ask), few).await;
    let member = shop
        .get(NOON, &format!("/v1/loyalties/members/{card}"))
        .await;
    assert_eq!(member["loyalty_card"]["subtracted_points"], 30);
    check_points(&shop, &card, [120, 90, 0]).await;
    let past = json!({"points": 1, "expiration_type": "CUSTOM_DATE",
        "expiration_date": "2026-11-20"});
    let undated = json!({"points": 1, "expiration_type": "CUSTOM_DATE"});
    for wrong in [past, undated] {
        let expected = (400, "invalid_expiration_date");
        check(&shop, (Method::POST, &path, &wrong), expected).await;
    }
    let rows = [
        (json!({"points": "1"}), "/points"),
        (json!({"points": 1.5}), "/points"),
    ];
    check_bodies(&shop, (Method::POST, &path), &rows).await;
    let many = json!({"points": 1_000_000_000_001_i64});
    let expected = (400, "invalid_add_balance_params");
    check(&shop, (Method::POST, &path, &many), expected).await;
    let nobody = "/v1/loyalties/members/NOBODY/balance";
    check(
        &shop,
        (Method::POST, nobody, &json!({"points": 1})),
        (404, "not_found"),
    )
    .await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_paid_order_earns_once_and_a_rollback_takes_it_back() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    rules(&shop, &club, per_euro()).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(
        &shop,
        "FIVE",
        json!({"type": "AMOUNT", "amount_off": 500}),
        json!({}),
    )
    .await;
    let body = of_ann(using(&["TEN"], order("o-1", 20_050)));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    check_points(&shop, &card, [200, 200, 0]).await;
    // The same order earns no more, whatever else is used on it.
    shop.post(NOON, "/v1/redemptions", &body).await;
    let more = of_ann(using(&["FIVE"], json!({"source_id": "o-1"})));
    let second = shop.post(NOON, "/v1/redemptions", &more).await;
    check_points(&shop, &card, [200, 200, 0]).await;
    // Whoever has no card earns nothing.
    let stranger = using(&["TEN"], order("o-2", 20_000));
    shop.post(NOON, "/v1/redemptions", &stranger).await;
    check_points(&shop, &card, [200, 200, 0]).await;
    for (used, left) in [(&second, 200), (&used, 0)] {
        let of = id(&used["redemptions"][0]);
        shop.post(NOON, &format!("/v1/redemptions/{of}/rollback"), &json!({}))
            .await;
        check_points(&shop, &card, [left, left, 0]).await;
    }
    let told = shop
        .get(NOON, &format!("/v1/loyalties/members/{card}/transactions"))
        .await;
    let kinds: Vec<&str> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["POINTS_REMOVAL", "POINTS_ACCRUAL"]);
    assert_eq!(
        told["data"][1]["details"]["order"]["id"],
        used["order"]["id"]
    );
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_was_spent_meanwhile_hinders_no_rollback() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    rules(&shop, &club, per_euro()).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let body = of_ann(using(&["TEN"], order("o-1", 20_000)));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    put(&shop, &card, -150).await;
    let of = id(&used["redemptions"][0]);
    shop.post(NOON, &format!("/v1/redemptions/{of}/rollback"), &json!({}))
        .await;
    check_points(&shop, &card, [150, 0, 0]).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn rules_count_what_they_say_and_whom_they_say() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let rule = json!({"name": "gold", "rules": {"1": {"name": "customer.metadata",
        "property": "tier", "conditions": {"$is": ["gold"]}}}});
    let rule = id(&shop.post(NOON, "/v1/validation-rules", &rule).await);
    let holder = |calculation: &str, order: Value| {
        json!({"event": "order.paid",
        "loyalty": {"type": "PROPORTIONAL", "calculation_type": calculation, "order": order}})
    };
    let total = holder(
        "ORDER_TOTAL_AMOUNT",
        json!({"total_amount": {"every": 1_000, "points": 2}}),
    );
    let told = holder(
        "ORDER_METADATA",
        json!({"metadata": {"every": 1, "points": 5, "property": "bags"}}),
    );
    let items = json!({"event": "order.paid", "loyalty": {"type": "PROPORTIONAL",
        "calculation_type": "ORDER_ITEMS_QUANTITY", "order_items": {"quantity":
            {"every": 2, "points": 100, "object": "sku", "id": "tea"}}}});
    let gold = json!({"event": "order.paid", "validation_rule_id": rule,
        "loyalty": {"type": "FIXED", "points": 10_000}});
    let event = json!({"event": "visited", "loyalty": {"type": "FIXED", "points": 7}});
    let ids = rules(&shop, &club, json!([total, told, items, gold, event])).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let goods = json!({"source_id": "o-1", "metadata": {"bags": 3}, "items": [
        {"source_id": "tea", "related_object": "sku", "quantity": 5, "price": 1_000},
        {"source_id": "cup", "related_object": "sku", "quantity": 4, "price": 1_000}]});
    // 80.00 to pay, 3 bags, 5 units of tea.
    shop.post(
        NOON,
        "/v1/redemptions",
        &of_ann(using(&["TEN"], goods.clone())),
    )
    .await;
    check_points(&shop, &card, [16 + 15 + 200, 231, 0]).await;
    let path = format!("/v1/loyalties/{club}/earning-rules");
    for switched in [&ids[0], &ids[1]] {
        let off = shop
            .post(NOON, &format!("{path}/{switched}/disable"), &json!({}))
            .await;
        assert_eq!(off["active"], false);
    }
    let on = shop
        .post(NOON, &format!("{path}/{}/enable", ids[1]), &json!({}))
        .await;
    assert_eq!(on["active"], true);
    assert_eq!(
        delete(&shop, &format!("{path}/{}", ids[2])).await.0,
        StatusCode::NO_CONTENT
    );
    let mut goods = goods;
    goods["source_id"] = json!("o-2");
    let mut body = using(&["TEN"], goods);
    body["customer"] = json!({"source_id": "ann", "metadata": {"tier": "gold"}});
    shop.post(NOON, "/v1/redemptions", &body).await;
    let all = 231 + 15 + 10_000;
    check_points(&shop, &card, [all, all, 0]).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn earning_rules_are_kept_as_they_are_sent() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let path = format!("/v1/loyalties/{club}/earning-rules");
    let body = json!([{"event": "order.paid", "loyalty": {"type": "FIXED", "points": 5},
        "source": {"banner": "5 for all"}, "metadata": {"by": "eve"}}]);
    let made = shop.post(NOON, &path, &body).await;
    let rule = &made[0];
    assert!(id(rule).starts_with("ern_"));
    let expected = json!({"id": id(rule), "event": "order.paid", "validation_rule_id": null,
        "loyalty": {"type": "FIXED", "points": 5},
        "source": {"banner": "5 for all", "object_id": club, "object_type": "campaign"},
        "active": true, "start_date": null, "expiration_date": null, "metadata": {"by": "eve"},
        "validity_timeframe": null, "validity_day_of_week": null, "validity_hours": null,
        "automation_id": id(rule).replace("ern_", "auto_"),
        "created_at": "2026-11-21T12:00:00.000Z", "updated_at": null, "object": "earning_rule"});
    assert_eq!(rule, &expected);
    let one = format!("{path}/{}", id(rule));
    assert_eq!(shop.get(NOON, &one).await, expected);
    let changed = shop
        .put(&one, &json!({"loyalty": {"type": "FIXED", "points": 6}}))
        .await;
    assert_eq!(changed["loyalty"]["points"], 6);
    assert_eq!(changed["source"]["banner"], "5 for all");
    let all = shop.get(NOON, &path).await;
    assert_eq!(
        (&all["data"], &all["total"]),
        (&json!([changed]), &json!(1))
    );
    let other = programme(&shop, "Other").await;
    let elsewhere = format!("/v1/loyalties/{other}/earning-rules/{}", id(rule));
    for method in [Method::GET, Method::DELETE] {
        check(
            &shop,
            (method, &elsewhere, &Value::Null),
            (404, "not_found"),
        )
        .await;
    }
}

/// Rules give points on days and in hours of the shop's clock.
#[tokio::test]
async fn earning_rules_open_and_close() {
    let shop = Shop::start().await;
    shop.put("/v1/settings", &json!({"timezone": "Pacific/Honolulu"}))
        .await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let earning = |points: u64, when: Value| {
        let mut rule = json!({"event": "order.paid", "loyalty": {"type": "FIXED",
            "points": points}});
        rule.as_object_mut()
            .unwrap()
            .extend(when.as_object().unwrap().clone());
        rule
    };
    let hours = json!({"daily": [
        {"start_time": "02:00", "expiration_time": "03:00", "days_of_week": [6]},
    ]});
    let frame = json!({"interval": "P2D", "duration": "P1D"});
    let all = json!([
        earning(5, json!({"validity_day_of_week": [6]})),
        earning(70, json!({ "validity_hours": hours })),
        earning(
            900,
            json!({"start_date": "2026-11-21T00:00:00Z", "validity_timeframe": frame})
        ),
        earning(1_000, json!({"expiration_date": "2026-11-21T12:00:00Z"})),
    ]);
    let made = rules(&shop, &club, all).await;
    let path = |at: usize| format!("/v1/loyalties/{club}/earning-rules/{}", made[at]);
    let shown = shop.get(NOON, &path(0)).await;
    assert_eq!(shown["validity_day_of_week"], json!([6]));
    assert_eq!(shop.get(NOON, &path(1)).await["validity_hours"], hours);
    assert_eq!(shop.get(NOON, &path(2)).await["validity_timeframe"], frame);
    let paid = async |hour: i64| {
        let order = json!({"source_id": format!("o-{hour}"), "amount": 100, "status": "PAID"});
        let now = NOON + hour * DAY / 24;
        let before = points(&shop, now, &card).await[0];
        shop.post(now, "/v1/orders", &of_ann(order)).await;
        points(&shop, now, &card).await[0] - before
    };
    // Noon in UTC is two in the morning of a Saturday.
    assert_eq!(paid(0).await, 5 + 70 + 900 + 1_000);
    assert_eq!(paid(1).await, 5 + 900);
    assert_eq!(paid(21).await, 5);
    assert_eq!(paid(22).await, 0);
    let changed = shop
        .put(&path(2), &json!({"validity_timeframe": null}))
        .await;
    assert_eq!(changed["validity_timeframe"], Value::Null);
    assert_eq!(paid(23).await, 900);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_calendar_that_no_clock_keeps_names_the_place() {
    let shop = Shop::start().await;
    let path = format!(
        "/v1/loyalties/{}/earning-rules",
        programme(&shop, "Club").await
    );
    let fixed = json!({"type": "FIXED", "points": 5});
    let rows = [
        (
            json!([{"event": "x", "loyalty": fixed, "validity_day_of_week": [1, 7]}]),
            "/0/validity_day_of_week/1",
        ),
        (
            json!([{"event": "x", "loyalty": fixed,
                "validity_timeframe": {"interval": "P2D", "duration": "P1D"}}]),
            "/0/validity_timeframe",
        ),
    ];
    check_bodies(&shop, (Method::POST, &path), &rows).await;
    assert_eq!(shop.get(NOON, &path).await["total"], 0);
}

/// A formula says how many points; where it has no value, the number does.
#[tokio::test]
async fn a_formula_says_how_many_points_are_earned() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let level = "CUSTOMER_METADATA(\"level\")";
    let own = json!([
        {"event": "order.paid", "loyalty": {"type": "FIXED", "points": 7,
            "points_formula": "IF(ORDER_AMOUNT > 150; 20; 3.5)"}},
        {"event": "order.paid", "loyalty": {"type": "PROPORTIONAL",
            "calculation_type": "ORDER_AMOUNT",
            "order": {"amount": {"every": 1_000, "points": 2, "points_formula": level}}}},
    ]);
    let made = rules(&shop, &club, own).await;
    let path = format!("/v1/loyalties/{club}/earning-rules/{}", made[1]);
    let shown = shop.get(NOON, &path).await;
    assert_eq!(shown["loyalty"]["order"]["amount"]["points_formula"], level);
    let paid = |source: &str, amount: u64| {
        of_ann(json!({"source_id": source, "amount": amount, "status": "PAID"}))
    };
    // 160.00: 20, and 16 times 2, for nobody knows her level.
    shop.post(NOON, "/v1/orders", &paid("o-1", 16_000)).await;
    check_points(&shop, &card, [52, 52, 0]).await;
    let ann = json!({"source_id": "ann", "metadata": {"level": 5},
        "consent": {"personalise_offers": true}});
    shop.post(NOON, "/v1/customers", &ann).await;
    // 20.00: 3.5 is 4, and twice 5.
    shop.post(NOON, "/v1/orders", &paid("o-2", 2_000)).await;
    check_points(&shop, &card, [66, 66, 0]).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn an_earning_rule_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let path = format!("/v1/loyalties/{club}/earning-rules");
    let of = |loyalty: Value| json!([{"event": "order.paid", "loyalty": loyalty}]);
    let fixed = json!({"type": "FIXED", "points": 5});
    let step = |step: Value| {
        of(
            json!({"type": "PROPORTIONAL", "calculation_type": "ORDER_AMOUNT",
        "order": {"amount": step}}),
        )
    };
    let rows = [
        (json!({}), ""),
        (json!([]), ""),
        (json!([{}]), "/0/event"),
        (json!([{"event": "order.paid"}]), "/0/loyalty"),
        (
            json!([{"event": "customer.seen", "loyalty": fixed}]),
            "/0/event",
        ),
        (of(json!({"points": 5})), "/0/loyalty/type"),
        (of(json!({"type": "FIXED"})), "/0/loyalty/points"),
        (
            of(json!({"type": "FIXED", "points": 5, "points_formula": "ORDER_AMOUNT +"})),
            "/0/loyalty/points_formula",
        ),
        (
            of(json!({"type": "FIXED", "points_formula": "1"})),
            "/0/loyalty/points",
        ),
        (
            of(json!({"type": "FIXED", "points": 5, "points_formula": 1})),
            "/0/loyalty/points_formula",
        ),
        (
            step(json!({"every": 100, "points": 1, "points_formula": "NO_SUCH_THING"})),
            "/0/loyalty/order/amount/points_formula",
        ),
        (
            of(json!({"type": "PROPORTIONAL"})),
            "/0/loyalty/calculation_type",
        ),
        (step(json!({"points": 1})), "/0/loyalty/order/amount/every"),
        (
            step(json!({"every": 0, "points": 1})),
            "/0/loyalty/order/amount/every",
        ),
        (
            json!([{"event": "x", "loyalty": fixed, "pending_points": {"period_type": "DAY",
            "period_value": 3}}]),
            "/0/pending_points",
        ),
    ];
    check_bodies(&shop, (Method::POST, &path), &rows).await;
    let unknown = json!([{"event": "order.paid", "loyalty": fixed,
        "validation_rule_id": "val_0000000000001"}]);
    check(&shop, (Method::POST, &path, &unknown), (404, "not_found")).await;
    assert_eq!(shop.get(NOON, &path).await["total"], 0);
}

#[tokio::test]
async fn points_pay_at_the_rate_of_a_coin() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 1_001).await;
    let reward = coin(&shop, &club).await;
    let body = paying(
        &card,
        json!({"id": reward, "points": 601}),
        order("o-1", 10_000),
    );
    let seen = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(seen["valid"], true, "{seen}");
    let row = &seen["redeemables"][0];
    // 601 points are 3.00; the odd one stays.
    assert_eq!(row["result"], json!({"loyalty_card": {"points": 600}}));
    assert_eq!(seen["order"]["total_discount_amount"], 300);
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let redemption = &used["redemptions"][0];
    assert_eq!(redemption["amount"], 600);
    assert_eq!(redemption["loyalty_card"], json!({"points": 600}));
    assert_eq!(redemption["reward"]["id"], reward.as_str());
    assert_eq!(redemption["reward"]["type"], "COIN");
    assert_eq!(redemption["voucher"]["loyalty_card"]["balance"], 401);
    assert_eq!(redemption["voucher"]["redemption"]["redeemed_points"], 600);
    assert_eq!(used["order"]["total_amount"], 9_700);
    check_points(&shop, &card, [1_001, 401, 0]).await;
    let told = shop
        .get(NOON, &format!("/v1/vouchers/{card}/redemption"))
        .await;
    assert_eq!(told["redeemed_points"], 600);
    // Never more than the order costs: 1.00 takes 200 points.
    let small = paying(&card, json!({"id": reward}), order("o-2", 100));
    let used = shop.post(NOON, "/v1/redemptions", &small).await;
    assert_eq!(used["redemptions"][0]["amount"], 200);
    assert_eq!(used["order"]["total_amount"], 0);
    let of = id(&redemption.clone());
    let undone = shop
        .post(NOON, &format!("/v1/redemptions/{of}/rollback"), &json!({}))
        .await;
    assert_eq!(undone["amount"], -600);
    check_points(&shop, &card, [1_001, 801, 0]).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_card_pays_for_nothing_without_a_reward_or_points() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 100).await;
    let reward = coin(&shop, &club).await;
    let client = shop.noon();
    let bare = of_ann(using(&[&card], order("o-1", 10_000)));
    refused(&client, &bare, "missing_reward", "reward_missing").await;
    let unknown = paying(
        &card,
        json!({"id": "rew_0000000000001"}),
        order("o-1", 10_000),
    );
    refused(&client, &unknown, "missing_reward", "reward_missing").await;
    let many = paying(
        &card,
        json!({"id": reward, "points": 101}),
        order("o-1", 10_000),
    );
    refused(
        &client,
        &many,
        "loyalty_card_points_exceeded",
        "points_spent",
    )
    .await;
    let mut bob = paying(
        &card,
        json!({"id": reward, "points": 10}),
        order("o-1", 10_000),
    );
    bob["customer"] = json!({"source_id": "bob"});
    refused(&client, &bob, "customer_rules_violated", "other_holder").await;
    check_points(&shop, &card, [100, 100, 0]).await;
}

#[tokio::test]
async fn a_session_holds_points() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 1_000).await;
    let reward = coin(&shop, &club).await;
    let with = |points: u64, key: Option<&str>, source: &str| {
        let mut body = paying(
            &card,
            json!({"id": reward, "points": points}),
            order(source, 10_000),
        );
        if let Some(key) = key {
            body["session"] = json!({"type": "LOCK", "key": key});
        }
        body
    };
    let first = with(800, Some("one"), "o-1");
    for _ in 0..2 {
        let held = shop.post(NOON, "/v1/validations", &first).await;
        assert_eq!(held["valid"], true, "{held}");
        check_points(&shop, &card, [1_000, 200, 0]).await;
    }
    let client = shop.noon();
    let exceeded = ("loyalty_card_points_exceeded", "points_spent");
    refused(&client, &with(300, None, "o-2"), exceeded.0, exceeded.1).await;
    assert_eq!(
        redeem(&client, &with(200, None, "o-2")).await.0,
        StatusCode::OK
    );
    let used = shop
        .post(NOON, "/v1/redemptions", &with(700, Some("one"), "o-1"))
        .await;
    assert_eq!(used["redemptions"][0]["amount"], 700);
    // What was held beyond is free again.
    check_points(&shop, &card, [1_000, 100, 0]).await;
    shop.post(NOON, "/v1/validations", &with(100, Some("two"), "o-3"))
        .await;
    check_points(&shop, &card, [1_000, 0, 0]).await;
    let path = format!("/v1/vouchers/{card}/sessions/two");
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    check_points(&shop, &card, [1_000, 100, 0]).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_lapses_first_is_spent_first_and_the_rest_lapses() {
    let shop = Shop::start().await;
    let body = json!({"name": "Club", "voucher": {"type": "LOYALTY_CARD", "loyalty_card": {
        "points": 100, "expiration_rules": {"period_type": "MONTH", "period_value": 1,
            "rounding_type": "END_OF_MONTH"}}}});
    let club = id(&shop.post(NOON, "/v1/loyalties", &body).await);
    let card = card(&shop, &club, "ann").await;
    let path = format!("/v1/loyalties/members/{card}/balance");
    for more in [
        json!({"points": 40, "expiration_type": "NON_EXPIRING"}),
        json!({"points": 30, "expiration_type": "CUSTOM_DATE", "expiration_date": "2026-11-25"}),
    ] {
        shop.post(NOON, &path, &more).await;
    }
    let member = shop
        .get(NOON, &format!("/v1/loyalties/members/{card}"))
        .await;
    let on_it = &member["loyalty_card"];
    assert_eq!(on_it["next_expiration_date"], "2026-11-25");
    assert_eq!(on_it["next_expiration_points"], 30);
    let reward = coin(&shop, &club).await;
    let body = paying(
        &card,
        json!({"id": reward, "points": 20}),
        order("o-1", 10_000),
    );
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    // On the day itself they are good; a day later nobody can spend them, jobs or not.
    assert_eq!(points(&shop, NOON + 4 * DAY, &card).await, [170, 150, 0]);
    let later = NOON + 5 * DAY;
    assert_eq!(points(&shop, later, &card).await, [170, 140, 10]);
    let run = shop.post(later, "/v1/sandbox/jobs", &json!({})).await;
    assert_eq!(run["points"], 10, "{run}");
    assert_eq!(points(&shop, later, &card).await, [170, 140, 10]);
    // What comes back to a day that has passed lapses with the next jobs.
    let of = id(&used["redemptions"][0]);
    shop.post(later, &format!("/v1/redemptions/{of}/rollback"), &json!({}))
        .await;
    assert_eq!(points(&shop, later, &card).await, [170, 140, 30]);
    let run = shop.post(later + DAY, "/v1/sandbox/jobs", &json!({})).await;
    assert_eq!(run["points"], 20, "{run}");
    // The end of the month after the first.
    let far = NOON + 60 * DAY;
    let run = shop.post(far, "/v1/sandbox/jobs", &json!({})).await;
    assert_eq!(run["points"], 100, "{run}");
    assert_eq!(points(&shop, far, &card).await, [170, 40, 130]);
    let told = shop
        .get(far, &format!("/v1/loyalties/members/{card}/transactions"))
        .await;
    let row = &told["data"][0];
    assert_eq!(
        (&row["type"], &row["details"]["balance"]["points"]),
        (&json!("POINTS_EXPIRATION"), &json!(-100))
    );
    books_balance(&shop).await;
}

/// The days of points are those of the shop's calendar.
#[tokio::test]
async fn points_are_good_until_midnight_where_the_shop_is() {
    let shop = Shop::start().await;
    let body = json!({"name": "Club", "voucher": {"type": "LOYALTY_CARD"}});
    let club = id(&shop.post(NOON, "/v1/loyalties", &body).await);
    let card = card(&shop, &club, "ann").await;
    let path = format!("/v1/loyalties/members/{card}/balance");
    let until = |day: &str| {
        json!({"points": 30, "expiration_type": "CUSTOM_DATE",
            "expiration_date": format!("{day}T09:00:00Z")})
    };
    // Half past eleven in the evening of the 25th there is the 26th in UTC, or still the 25th.
    for (zone, evening, day) in [
        (
            "America/New_York",
            NOON + 4 * DAY + 16 * HOUR + HOUR / 2,
            "2026-11-25",
        ),
        (
            "Pacific/Auckland",
            NOON + 10 * DAY - 2 * HOUR + HOUR / 2,
            "2026-12-01",
        ),
    ] {
        shop.put("/v1/settings", &json!({"timezone": zone})).await;
        let [all, before, gone] = points(&shop, evening, &card).await;
        shop.post(NOON, &path, &until(day)).await;
        // A day alone is that day there.
        let alone = json!({"points": 5, "expiration_type": "CUSTOM_DATE", "expiration_date": day});
        shop.post(NOON, &path, &alone).await;
        assert_eq!(
            points(&shop, evening, &card).await,
            [all + 35, before + 35, gone]
        );
        let run = shop.post(evening, "/v1/sandbox/jobs", &json!({})).await;
        assert_eq!(run["points"], 0, "{zone} {run}");
        let midnight = evening + HOUR / 2;
        assert_eq!(
            points(&shop, midnight, &card).await,
            [all + 35, before, gone + 35]
        );
        let run = shop
            .post(midnight + DAY, "/v1/sandbox/jobs", &json!({}))
            .await;
        assert_eq!(run["points"], 35, "{zone} {run}");
        assert_eq!(
            points(&shop, midnight, &card).await,
            [all + 35, before, gone + 35]
        );
    }
    // Today is what it is there: the 21st is over in Auckland already.
    let refusal = (Method::POST, path.as_str(), &until("2026-11-20"));
    check(&shop, refusal, (400, "invalid_expiration_date")).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_card_tells_what_moved_on_it() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let path = format!("/v1/loyalties/members/{card}/balance");
    let welcome = json!({"points": 50, "source_id": "c-1", "reason": "welcome"});
    shop.post(NOON, &path, &welcome).await;
    put(&shop, &card, -20).await;
    let listed = format!("/v1/loyalties/{club}/members/{card}/transactions");
    let told = shop.get(NOON, &listed).await;
    assert_eq!(
        (&told["total"], &told["has_more"]),
        (&json!(2), &json!(false))
    );
    let [newest, oldest] = [&told["data"][0], &told["data"][1]];
    assert_eq!(newest["type"], "POINTS_REMOVAL");
    assert_eq!(newest["details"]["balance"]["points"], -20);
    assert_eq!(newest["details"]["balance"]["balance"], 30);
    assert_eq!(oldest["type"], "POINTS_ADDITION");
    assert_eq!(
        (&oldest["source_id"], &oldest["reason"]),
        (&json!("c-1"), &json!("welcome"))
    );
    assert_eq!(oldest["details"]["balance"]["balance"], 50);
    assert!(id(oldest).starts_with("vtx_"));
    let first = shop.get(NOON, &format!("{listed}?limit=1")).await;
    assert_eq!(
        (&first["data"][0]["id"], &first["has_more"]),
        (&newest["id"], &json!(true))
    );
    let rest = shop
        .get(NOON, &format!("{listed}?starting_after_id={}", id(newest)))
        .await;
    assert_eq!(rest["data"], json!([oldest]));
    let nobody = "/v1/loyalties/members/NOBODY/transactions";
    check(
        &shop,
        (Method::GET, nobody, &Value::Null),
        (404, "not_found"),
    )
    .await;
}

/// What an event earns that the shop tells of, on one card or on all of them.
#[tokio::test]
async fn an_event_earns_on_the_cards_that_are_meant() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let (one, other) = (
        card(&shop, &club, "ann").await,
        card(&shop, &club, "ann").await,
    );
    let steps = json!([{"event": "walked", "loyalty": {"type": "PROPORTIONAL",
        "calculation_type": "CUSTOM_EVENT_METADATA",
        "custom_event": {"metadata": {"every": 1_000, "points": 3, "property": "steps"}}}}]);
    rules(&shop, &club, steps).await;
    let walked = async |name: &str, card: Option<&str>| {
        let mut event = json!({
            "event": name, "customer": {"source_id": "ann"}, "metadata": {"steps": 2_500},
        });
        if let Some(code) = card {
            event["loyalty"] = json!({"code": code});
        }
        let headers = &[
            ("idempotency-key", "walk-1"),
            ("content-type", "application/json"),
        ];
        let noon = wire::time::format(NOON).unwrap();
        let key = format!("Bearer {}", shop.sandbox_key);
        let more = [
            ("authorization", key.as_str()),
            ("proffer-now", noon.as_str()),
        ];
        let headers: Vec<_> = match card {
            Some(_) => headers.iter().chain(&more).copied().collect(),
            None => headers[1..].iter().chain(&more).copied().collect(),
        };
        let call = (Method::POST, "/v1/events");
        let (status, _, answer) = shop.raw(call, &headers, event.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    };
    // The second is a retry.
    walked("walked", Some(&one)).await;
    walked("walked", Some(&one)).await;
    check_points(&shop, &one, [6, 6, 0]).await;
    check_points(&shop, &other, [0, 0, 0]).await;
    walked("walked", None).await;
    check_points(&shop, &one, [12, 12, 0]).await;
    check_points(&shop, &other, [6, 6, 0]).await;
    walked("ran", None).await;
    check_points(&shop, &one, [12, 12, 0]).await;
    books_balance(&shop).await;
}

/// A rule may ask what an event tells; where nothing happened but an order, nothing is told.
#[tokio::test]
async fn a_rule_asks_what_an_event_tells() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let asks = |name: &str, conditions: Value| {
        json!({"name": name, "rules": {"1": {"name": "custom_event.metadata",
            "property": name, "conditions": conditions}}})
    };
    let far = asks("steps", json!({"$more_than_or_equal": [1_000]}));
    let far = id(&shop.post(NOON, "/v1/validation-rules", &far).await);
    let today = asks("day", json!({"$is_days_ago": [0]}));
    let today = id(&shop.post(NOON, "/v1/validation-rules", &today).await);
    let earning = |event: &str, rule: &str, points: u64| {
        json!({"event": event, "validation_rule_id": rule,
            "loyalty": {"type": "FIXED", "points": points}})
    };
    let all = [
        earning("walked", &far, 7),
        earning("walked", &today, 100),
        earning("order.paid", &far, 1_000),
    ];
    rules(&shop, &club, json!(all)).await;
    let walked = async |metadata: Value| {
        let event = json!({"event": "walked", "customer": {"source_id": "ann"},
            "metadata": metadata});
        shop.post(NOON, "/v1/events", &event).await;
        points(&shop, NOON, &card).await[0]
    };
    assert_eq!(walked(json!({"steps": 999})).await, 0);
    assert_eq!(walked(json!({})).await, 0);
    assert_eq!(walked(json!({"steps": 1_000})).await, 7);
    assert_eq!(walked(json!({"day": "2026-11-20"})).await, 7);
    assert_eq!(walked(json!({"day": "2026-11-21"})).await, 107);
    let order = json!({"source_id": "o-1", "amount": 5_000, "status": "PAID"});
    shop.post(NOON, "/v1/orders", &of_ann(order)).await;
    check_points(&shop, &card, [107, 107, 0]).await;
    // On a code the rule is kept, and never met.
    let to = json!({"campaign": code(&shop, "FAR", ten_off(), json!({})).await});
    let path = format!("/v1/validation-rules/{far}/assignments");
    shop.post(NOON, &path, &to).await;
    let asked = of_ann(using(&["FAR"], json!({"amount": 10_000})));
    let asked = shop.post(NOON, "/v1/validations", &asked).await;
    assert_eq!(asked["valid"], false);
    let error = &asked["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "order_rules_violated", "{asked}");
    books_balance(&shop).await;
}

/// A year of a club: a customer joins, buys, rises a tier, pays with points, takes a mug, sends an
/// order back, and lets the rest lapse.
#[tokio::test]
async fn a_programme_lived_from_end_to_end() {
    let shop = Shop::start().await;
    let body = json!({"name": "Club", "voucher": {"type": "LOYALTY_CARD", "loyalty_card": {
        "points": 50, "expiration_rules": {"period_type": "MONTH", "period_value": 12,
            "rounding_type": "END_OF_YEAR"}}}});
    let club = id(&shop.post(NOON, "/v1/loyalties", &body).await);
    let rule = rules(&shop, &club, per_euro()).await.remove(0);
    let gold = json!([{"name": "Gold", "points": {"from": 250},
        "earning_rules": {(rule.as_str()): {"type": "MULTIPLY", "multiplier": 2}}}]);
    shop.post(NOON, &format!("/v1/loyalties/{club}/tiers"), &gold)
        .await;
    let reward = coin(&shop, &club).await;
    let mug = json!({"name": "Mug", "type": "MATERIAL", "stock": 1,
        "parameters": {"product": {"id": "prod_mug"}}});
    let mug = id(&shop.post(NOON, "/v1/rewards", &mug).await);
    let price = json!([{"reward": mug, "parameters": {"loyalty": {"points": 100}}}]);
    shop.post(NOON, &format!("/v1/loyalties/{club}/rewards"), &price)
        .await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let card = card(&shop, &club, "ann").await;
    let buys = async |source: &str| {
        let body = of_ann(using(&["TEN"], order(source, 20_000)));
        shop.post(NOON, "/v1/redemptions", &body).await
    };
    let first = buys("o-1").await;
    check_points(&shop, &card, [250, 250, 0]).await;
    buys("o-2").await;
    check_points(&shop, &card, [650, 650, 0]).await;
    // A paid order earns, also where points paid for some of it.
    let pays = paying(
        &card,
        json!({"id": reward, "points": 200}),
        order("o-3", 1_000),
    );
    shop.post(NOON, "/v1/redemptions", &pays).await;
    check_points(&shop, &card, [670, 470, 0]).await;
    let path = format!("/v1/loyalties/members/{card}/redemption");
    let takes = json!({"reward": {"id": mug}});
    shop.post(NOON, &path, &takes).await;
    check(
        &shop,
        (Method::POST, &path, &takes),
        (400, "quantity_exceeded"),
    )
    .await;
    let of = id(&first["redemptions"][0]);
    let undo = format!("/v1/redemptions/{of}/rollback");
    shop.post(NOON, &undo, &json!({})).await;
    check_points(&shop, &card, [470, 170, 0]).await;
    // The end of the year after twelve months.
    let last = NOON + 405 * DAY;
    let run = shop.post(last, "/v1/sandbox/jobs", &json!({})).await;
    assert_eq!(run["points"], 0, "{run}");
    let run = shop.post(last + DAY, "/v1/sandbox/jobs", &json!({})).await;
    assert_eq!(run["points"], 170, "{run}");
    assert_eq!(points(&shop, last + DAY, &card).await, [470, 0, 170]);
    books_balance(&shop).await;
}
