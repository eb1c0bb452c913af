//! Under which validation rule do earning rules give points, and can rewards be bought?

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    campaigns::delete,
    catalogue::{check, check_bodies, id},
    loyalties::{card, coin, paying, points, programme, put, rules},
    redemptions::{books_balance, order, refused, ten_off, using},
    shop::{NOON, Shop},
};

/// A validation rule of one node, with what customers are told; its id.
async fn rule(shop: &Shop, (name, property): (&str, Option<&str>), conditions: Value) -> String {
    let body = json!({"name": name, "rules": {"1": {"name": name, "property": property,
        "conditions": conditions}}, "error": {"message": "Not for you"}});
    id(&shop.post(NOON, "/v1/validation-rules", &body).await)
}

async fn for_gold(shop: &Shop) -> String {
    let of = ("customer.metadata", Some("tier"));
    rule(shop, of, json!({"$is": ["gold"]})).await
}

async fn from_50(shop: &Shop) -> String {
    let of = ("order.amount", None);
    rule(shop, of, json!({"$more_than_or_equal": [5_000]})).await
}

/// Puts a thing under a rule.
async fn assign(shop: &Shop, rule: &str, (kind, id): (&str, &str)) -> Value {
    let body = json!({"related_object_type": kind, "related_object_id": id});
    let path = format!("/v1/validation-rules/{rule}/assignments");
    shop.post(NOON, &path, &body).await
}

async fn customer(shop: &Shop, tier: &str) {
    let ann = json!({"source_id": "ann", "metadata": {"tier": tier},
        "consent": {"personalise_offers": true}});
    shop.post(NOON, "/v1/customers", &ann).await;
}

/// A reward for 10 points that a programme offers: its `rew_…` and `rewa_…`.
async fn mug(shop: &Shop, club: &str, rules: Value) -> (String, String) {
    let body = json!({"name": "Mug", "type": "MATERIAL",
        "parameters": {"product": {"id": "prod_mug"}}});
    let mug = id(&shop.post(NOON, "/v1/rewards", &body).await);
    let body = json!({"campaign": club, "parameters": {"loyalty": {"points": 10}},
        "validation_rules": rules});
    let offered = format!("/v1/rewards/{mug}/assignments");
    let offered = shop.post(NOON, &offered, &body).await;
    (mug, id(&offered))
}

#[tokio::test]
async fn a_reward_under_a_rule_is_bought_where_the_rule_holds() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    customer(&shop, "silver").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 100).await;
    let gold = for_gold(&shop).await;
    let (mug, offered) = mug(&shop, &club, json!([gold])).await;
    let path = format!("/v1/rewards/{mug}/assignments/{offered}");
    let shown = shop.get(NOON, &path).await;
    let under = &shown["validation_rules_assignments"];
    assert_eq!(
        (&under["total"], &under["data"][0]["rule_id"]),
        (&json!(1), &json!(gold))
    );
    assert_eq!(under["data"][0]["related_object_type"], "reward_assignment");
    assert_eq!(under["data"][0]["related_object_id"], json!(offered));
    let listed = format!("/v1/validation-rules/{gold}/assignments");
    assert_eq!(shop.get(NOON, &listed).await["data"], under["data"]);
    let members = format!("/v1/loyalties/members/{card}/rewards");
    assert_eq!(shop.get(NOON, &members).await["total"], 0);
    let buy = format!("/v1/loyalties/members/{card}/redemption");
    let buying = json!({"reward": {"id": mug}});
    let (status, body) = shop.noon().post(&buy, &buying).await.unwrap();
    assert_eq!(
        (status, &body["key"]),
        (StatusCode::BAD_REQUEST, &json!("customer_rules_violated"))
    );
    assert_eq!(body["error"]["message"], "Not for you");
    assert_eq!(points(&shop, NOON, &card).await, [100, 100, 0]);
    customer(&shop, "gold").await;
    assert_eq!(shop.get(NOON, &members).await["total"], 1);
    let bought = shop.post(NOON, &buy, &buying).await;
    assert_eq!(bought["reward"]["id"], json!(mug));
    // Off again, everybody can buy it.
    customer(&shop, "silver").await;
    let assignment = id(&under["data"][0]);
    let off = delete(&shop, &format!("{listed}/{assignment}")).await;
    assert_eq!(off.0, StatusCode::NO_CONTENT);
    let shown = shop.get(NOON, &path).await;
    assert_eq!(shown["validation_rules_assignments"]["total"], 0);
    shop.post(NOON, &buy, &buying).await;
    assert_eq!(points(&shop, NOON, &card).await, [100, 80, 0]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_a_rule_asks_of_the_order_is_asked_when_a_reward_is_bought() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 100).await;
    let from_50 = from_50(&shop).await;
    let (mug, offered) = mug(&shop, &club, json!([])).await;
    let made = assign(&shop, &from_50, ("reward_assignment", &offered)).await;
    assert_eq!(made["related_object_id"], json!(offered));
    let again = assign(&shop, &from_50, ("reward_assignment", &offered)).await;
    assert_eq!(again, made, "it is under the rule already");
    let members = format!("/v1/loyalties/members/{card}/rewards");
    assert_eq!(
        shop.get(NOON, &members).await["total"],
        1,
        "an order may come"
    );
    let buy = format!("/v1/loyalties/members/{card}/redemption");
    let with = |order: Value| json!({"reward": {"id": mug}, "order": order});
    let (status, body) = shop
        .noon()
        .post(&buy, &with(order("o-1", 4_999)))
        .await
        .unwrap();
    assert_eq!(
        (status, &body["key"]),
        (StatusCode::BAD_REQUEST, &json!("order_rules_violated"))
    );
    assert_eq!(body["proffer"]["gap"], 1);
    assert_eq!(body["error"]["message"], "Not for you");
    shop.post(NOON, &buy, &with(order("o-1", 5_000))).await;
    assert_eq!(points(&shop, NOON, &card).await, [100, 90, 0]);
}

/// A rule on how many points one payment takes, at most.
async fn up_to(shop: &Shop, points: u64) -> String {
    let of = ("redemption.reward.pay_with_points.points_used", None);
    rule(shop, of, json!({"$less_than_or_equal": [points]})).await
}

#[tokio::test]
async fn a_rule_bounds_the_points_of_one_payment() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 1_000).await;
    let coin = coin(&shop, &club).await;
    let all = shop
        .get(NOON, &format!("/v1/loyalties/{club}/rewards"))
        .await;
    let up_to_200 = up_to(&shop, 200).await;
    assign(
        &shop,
        &up_to_200,
        ("reward_assignment", &id(&all["data"][0])),
    )
    .await;
    for (points, expected) in [(Some(200), true), (Some(201), false), (None, false)] {
        let reward = json!({"id": coin, "points": points});
        let paying = paying(&card, reward, order("o-1", 5_000));
        let looked = shop.post(NOON, "/v1/validations", &paying).await;
        assert_eq!(looked["valid"], expected, "{points:?} {looked}");
    }
    let reward = json!({"id": coin, "points": 200});
    let paid = paying(&card, reward, order("o-2", 5_000));
    let paid = shop.post(NOON, "/v1/redemptions", &paid).await;
    assert_eq!(paid["order"]["total_discount_amount"], 100);
    assert_eq!(points(&shop, NOON, &card).await, [1_000, 800, 0]);
    // A mug costs 10.
    for (most, expected) in [(9, StatusCode::BAD_REQUEST), (10, StatusCode::OK)] {
        let rule = up_to(&shop, most).await;
        let (mug, _) = mug(&shop, &club, json!([rule])).await;
        let buy = format!("/v1/loyalties/members/{card}/redemption");
        let buying = json!({"reward": {"id": mug}});
        let (status, body) = shop.noon().post(&buy, &buying).await.unwrap();
        assert_eq!(status, expected, "{most} {body}");
    }
    assert_eq!(points(&shop, NOON, &card).await, [1_000, 790, 0]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn points_pay_where_the_rule_of_the_coin_holds() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 1_000).await;
    let from_50 = from_50(&shop).await;
    let coin = coin(&shop, &club).await;
    let all = shop
        .get(NOON, &format!("/v1/loyalties/{club}/rewards"))
        .await;
    assign(&shop, &from_50, ("reward_assignment", &id(&all["data"][0]))).await;
    let reward = json!({"id": coin, "points": 200});
    let few = paying(&card, reward.clone(), order("o-1", 4_999));
    let looked = shop.post(NOON, "/v1/validations", &few).await;
    assert_eq!(looked["valid"], false);
    let error = &looked["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "order_rules_violated");
    assert_eq!(error["error"]["message"], "Not for you");
    let body = refused(&shop.noon(), &few, "order_rules_violated", "min_spend").await;
    assert_eq!(body["error"]["message"], "Not for you");
    let paid = paying(&card, reward, order("o-2", 5_000));
    let paid = shop.post(NOON, "/v1/redemptions", &paid).await;
    assert_eq!(paid["order"]["total_discount_amount"], 100);
    assert_eq!(points(&shop, NOON, &card).await, [1_000, 800, 0]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn an_earning_rule_is_put_under_a_rule_and_taken_off() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let earning = json!([{"event": "order.paid", "loyalty": {"type": "FIXED", "points": 7}}]);
    let earning = rules(&shop, &club, earning).await.remove(0);
    let of = ("order.total_amount", None);
    let total = rule(&shop, of, json!({"$more_than": [2_999]})).await;
    let made = assign(&shop, &total, ("earning_rule", &earning)).await;
    assert_eq!(made["related_object_type"], "earning_rule");
    let path = format!("/v1/loyalties/{club}/earning-rules/{earning}");
    let shown = shop.get(NOON, &path).await;
    assert_eq!(shown["validation_rule_id"], json!(total));
    let pay = async |source: &str, price: u64| {
        let mut order = order(source, price);
        order["status"] = json!("PAID");
        order["customer"] = json!({"source_id": "ann"});
        shop.post(NOON, "/v1/orders", &order).await;
        points(&shop, NOON, &card).await[0]
    };
    assert_eq!(pay("o-1", 2_999).await, 0);
    assert_eq!(pay("o-2", 3_000).await, 7);
    let in_use = format!("/v1/validation-rules/{total}");
    let expected = (400, "resource_in_use");
    check(&shop, (Method::DELETE, &in_use, &Value::Null), expected).await;
    // A changed rule is asked as it is now.
    let higher = json!({"rules": {"1": {"name": "order.total_amount",
        "conditions": {"$more_than": [9_999]}}}});
    shop.put(&in_use, &higher).await;
    assert_eq!(pay("o-3", 3_000).await, 7);
    let counting = json!({"rules": {"1": {"name": "redemption.count",
        "conditions": {"$less_than_or_equal": [1]}}}});
    let expected = (400, "invalid_validation_rules");
    check(&shop, (Method::PUT, &in_use, &counting), expected).await;
    // Another takes its place, as one rule is all there may be.
    let from_50 = from_50(&shop).await;
    assign(&shop, &from_50, ("earning_rule", &earning)).await;
    let of_first = shop.get(NOON, &format!("{in_use}/assignments")).await;
    assert_eq!(of_first["total"], 0);
    assert_eq!(pay("o-4", 5_000).await, 14);
    let by = format!("/v1/validation-rules-assignments?related_object_id={earning}");
    let all = shop.get(NOON, &by).await;
    assert_eq!(
        (&all["total"], &all["data"][0]["rule_id"]),
        (&json!(1), &json!(from_50))
    );
    let assignment = id(&all["data"][0]);
    let off = format!("/v1/validation-rules/{from_50}/assignments/{assignment}");
    assert_eq!(delete(&shop, &off).await.0, StatusCode::NO_CONTENT);
    let shown = shop.get(NOON, &path).await;
    assert_eq!(shown["validation_rule_id"], Value::Null);
    assert_eq!(pay("o-5", 1).await, 21);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_rule_that_cannot_be_asked_there_is_refused() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let (mug, offered) = mug(&shop, &club, json!([])).await;
    let gold = for_gold(&shop).await;
    let of = ("redemption.count.per_customer", None);
    let once = rule(&shop, of, json!({"$less_than_or_equal": [1]})).await;
    let path = format!("/v1/rewards/{mug}/assignments/{offered}");
    let under = |rules: Value| json!({"validation_rules": rules});
    let rows = [(under(json!([gold, once])), "/validation_rules")];
    check_bodies(&shop, (Method::PUT, &path), &rows).await;
    let rows = [
        (json!([once]), (400, "invalid_validation_rules")),
        (json!(["val_0000000000001"]), (404, "not_found")),
        (json!(["nothing"]), (404, "not_found")),
    ];
    for (rules, expected) in rows {
        check(&shop, (Method::PUT, &path, &under(rules)), expected).await;
    }
    let assigning =
        |kind: &str, id: &str| json!({"related_object_type": kind, "related_object_id": id});
    let to = format!("/v1/validation-rules/{once}/assignments");
    let rows = [
        (
            ("reward_assignment", &*offered),
            (400, "invalid_validation_rules"),
        ),
        (
            ("reward_assignment", "rewa_0000000000001"),
            (404, "not_found"),
        ),
        (("earning_rule", "ern_0000000000001"), (404, "not_found")),
        (("distribution", "dist_1"), (400, "invalid_payload")),
    ];
    for ((kind, id), expected) in rows {
        check(&shop, (Method::POST, &to, &assigning(kind, id)), expected).await;
    }
    let shown = shop.get(NOON, &path).await;
    assert_eq!(shown["validation_rules_assignments"]["total"], 0);
}

#[tokio::test]
async fn what_goes_takes_its_assignment_along() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let gold = for_gold(&shop).await;
    let path = format!("/v1/validation-rules/{gold}");
    let count = async || shop.get(NOON, &path).await["assignments_count"].clone();
    let earning = json!([{"event": "order.paid", "validation_rule_id": gold,
        "loyalty": {"type": "FIXED", "points": 7}}]);
    rules(&shop, &club, earning).await;
    let (first, _) = mug(&shop, &club, json!([gold])).await;
    mug(&shop, &club, json!([gold])).await;
    assert_eq!(count().await, 3);
    let gone = delete(&shop, &format!("/v1/rewards/{first}")).await;
    assert_eq!(gone.0, StatusCode::NO_CONTENT);
    assert_eq!(count().await, 2);
    let gone = delete(&shop, &format!("/v1/loyalties/{club}")).await;
    assert_eq!(gone.0, StatusCode::ACCEPTED);
    assert_eq!(count().await, 0);
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
}

/// What an order lacks is said where that is why a rule is not met.
#[tokio::test]
async fn a_rule_that_lacks_what_it_asks_about_says_what() {
    let shop = Shop::start().await;
    let amount = ("order.amount", None);
    let amount = rule(&shop, amount, json!({"$more_than": [5_000]})).await;
    let price = ("order.items.price_any", None);
    let price = rule(&shop, price, json!({"$more_than": [5_000]})).await;
    for (code, rule) in [("AMOUNT", &amount), ("PRICE", &price)] {
        let body = json!({"discount": ten_off(), "validation_rules": [rule]});
        let path = format!("/v1/vouchers/{code}");
        shop.post(NOON, &path, &body).await;
    }
    let metadata = json!({"metadata": {"k": 1}});
    let rows = [
        ("AMOUNT", Value::Null, "missing_order"),
        ("AMOUNT", metadata.clone(), "missing_amount"),
        ("AMOUNT", json!({"amount": 10}), "order_rules_violated"),
        ("PRICE", Value::Null, "missing_order"),
        ("PRICE", metadata, "missing_order_items"),
        ("PRICE", json!({"amount": 9_000}), "missing_order_items"),
        ("PRICE", order("o", 10), "order_rules_violated"),
    ];
    for (code, order, key) in rows {
        let body = using(&[code], order);
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        let error = &answer["redeemables"][0]["result"]["error"];
        assert_eq!(error["key"], key, "{body}");
        assert_eq!(error["error"]["message"], "Not for you", "{body}");
        let (_, refused) = shop.noon().post("/v1/redemptions", &body).await.unwrap();
        assert_eq!(refused["key"], key, "{body}");
    }
}
