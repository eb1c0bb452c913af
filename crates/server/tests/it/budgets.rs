//! Limits that validation rules set on keys, on what orders cost, and on credit.

use axum::http::{Method, StatusCode};
use ledger::Asset;
use offers::{
    CampaignId, Currency,
    chart::{self, AccountKind, Party},
};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    client::Client,
    setup::{self, SANDBOX},
};
use store::{Command, Outcome};
use tokio::task::JoinSet;
use wire::ids::{Tag, parse};

use crate::{
    redemptions::{books_balance, code, order, percent, redeem, refused, ten_off, using},
    shop::{DAY, NOON, Shop},
};

/// What one node of this name and limit makes of a rule.
async fn rule(shop: &Shop, name: &str, limit: u64) -> Value {
    let conditions = json!({"$less_than_or_equal": [limit]});
    let nodes = json!({"1": {"name": name, "conditions": conditions}});
    let rule = json!({"name": name, "rules": nodes});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    json!([rule["id"]])
}

/// A campaign of one code for everybody, under such a rule.
async fn limited(shop: &Shop, code: &str, (name, limit): (&str, u64)) {
    let campaign = json!({
        "name": code, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "code_config": {"pattern": code}},
        "validation_rules": rule(shop, name, limit).await,
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
}

const SPENT: (&str, &str) = ("redemption_rules_violated", "budget_reached");

#[tokio::test]
async fn each_key_has_a_limit_of_its_own() {
    let shop = Shop::start().await;
    let name = "redemption.count.per_api_key";
    limited(&shop, "KEYS", (name, 1)).await;
    let key = setup::new_key(&shop.app, SANDBOX, "till", &[Scope::Redeem]);
    let key = key.await.unwrap();
    let till = Client::new(&shop.base, &key).with("proffer-now", "2026-11-21T12:00:00Z");
    let body = |source: &str| using(&["KEYS"], order(source, 5_000));
    let (status, used) = redeem(&shop.noon(), &body("a")).await;
    assert_eq!(status, 200, "{used}");
    // Asked again, it is the same redemption and counts once.
    assert_eq!(redeem(&shop.noon(), &body("a")).await.0, 200);
    refused(&shop.noon(), &body("b"), SPENT.0, SPENT.1).await;
    assert_eq!(redeem(&till, &body("b")).await.0, 200);
    refused(&till, &body("c"), SPENT.0, SPENT.1).await;
    // What is rolled back may be used again, by the key that used it.
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(NOON, &path, &json!({})).await;
    refused(&till, &body("c"), SPENT.0, SPENT.1).await;
    assert_eq!(redeem(&shop.noon(), &body("c")).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_stop_where_together_they_cost_too_much() {
    let shop = Shop::start().await;
    limited(&shop, "ORDERS", ("campaign.orders.amount", 45_000)).await;
    let mut running = JoinSet::new();
    for nth in 0..16 {
        let body = using(&["ORDERS"], order(&format!("o-{nth}"), 10_000));
        let client = shop.noon();
        running.spawn(async move { redeem(&client, &body).await });
    }
    let answers = running.join_all().await;
    let used = answers.iter().filter(|(status, _)| *status == 200);
    // What is taken off does not count: four of ten thousand each go in.
    assert_eq!(used.count(), 4, "{answers:?}");
    let too_dear = using(&["ORDERS"], order("dear", 5_001));
    let answer = refused(&shop.noon(), &too_dear, SPENT.0, SPENT.1).await;
    let sentence = "All of these have gone.";
    assert_eq!(answer["proffer"]["sentence"], sentence);
    let fits = using(&["ORDERS"], order("fits", 5_000));
    assert_eq!(redeem(&shop.noon(), &fits).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test]
async fn an_order_that_grew_since_it_was_held_counts_whole() {
    let shop = Shop::start().await;
    limited(&shop, "GROWS", ("campaign.orders.amount", 30_000)).await;
    let body = |price: u64| {
        let mut body = using(&["GROWS"], order("a", price));
        body["session"] = json!({"type": "LOCK", "key": "basket"});
        body
    };
    let held = shop.post(NOON, "/v1/validations", &body(10_000)).await;
    assert_eq!(held["valid"], true, "{held}");
    let others = using(&["GROWS"], order("b", 20_001));
    refused(&shop.noon(), &others, SPENT.0, SPENT.1).await;
    refused(&shop.noon(), &body(30_001), SPENT.0, SPENT.1).await;
    assert_eq!(redeem(&shop.noon(), &body(25_000)).await.0, 200);
    let rest = using(&["GROWS"], order("c", 5_001));
    refused(&shop.noon(), &rest, SPENT.0, SPENT.1).await;
    let rest = using(&["GROWS"], order("c", 5_000));
    assert_eq!(redeem(&shop.noon(), &rest).await.0, 200);
    books_balance(&shop).await;
}

/// A campaign of several codes for everybody, with this beside.
async fn of_codes(shop: &Shop, codes: &[&str], beside: Value) {
    let mut campaign = json!({
        "name": codes.concat(), "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()},
    });
    let (Some(all), Some(beside)) = (campaign.as_object_mut(), beside.as_object()) else {
        panic!("both are objects");
    };
    all.extend(beside.clone());
    let campaign = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let campaign = campaign["id"].as_str().unwrap();
    for code in codes {
        let path = format!("/v1/campaigns/{campaign}/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
}

#[tokio::test]
async fn a_basket_that_is_held_is_redeemed_whichever_of_its_codes_goes_first() {
    let shop = Shop::start().await;
    for (nth, asked) in [["A", "B"], ["B", "A"], ["B", "B"]].iter().enumerate() {
        let name = |code: &str| format!("{code}{nth}");
        let [a, b] = ["A", "B"].map(name);
        let rule = rule(&shop, "campaign.orders.amount", 15_000).await;
        of_codes(&shop, &[&a, &b], json!({"validation_rules": rule})).await;
        let basket = |codes: &[&str]| {
            let mut body = using(codes, order(&format!("held-{nth}"), 10_000));
            body["session"] = json!({"type": "LOCK", "key": format!("basket-{nth}")});
            body
        };
        let held = basket(&[&a, &b]);
        for _ in 0..2 {
            let held = shop.post(NOON, "/v1/validations", &held).await;
            assert_eq!(held["valid"], true, "{held}");
        }
        let rest = |price: u64| using(&[&a], order(&format!("rest-{nth}"), price));
        refused(&shop.noon(), &rest(5_001), SPENT.0, SPENT.1).await;
        let mut asked = asked.map(name).to_vec();
        asked.dedup();
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let (status, used) = redeem(&shop.noon(), &basket(&asked)).await;
        assert_eq!(status, 200, "{asked:?}: {used}");
        refused(&shop.noon(), &rest(5_001), SPENT.0, SPENT.1).await;
        assert_eq!(redeem(&shop.noon(), &rest(5_000)).await.0, 200);
    }
    books_balance(&shop).await;
}

/// What is held by the day counts for the day on which it was held, as all that is held does.
#[tokio::test]
async fn a_basket_that_is_held_is_redeemed_the_next_day() {
    let shop = Shop::start().await;
    let cap = json!({"reach": "campaign", "period": "day", "unit": "orders", "limit": 15_000});
    of_codes(&shop, &["A", "B"], json!({"proffer": {"caps": [cap]}})).await;
    let basket = |codes: &[&str], price: u64| {
        let mut body = using(codes, order("held", price));
        body["session"] = json!({"type": "LOCK", "key": "basket", "ttl": 2, "ttl_unit": "DAYS"});
        body
    };
    let held = basket(&["A", "B"], 10_000);
    let held = shop.post(NOON, "/v1/validations", &held).await;
    assert_eq!(held["valid"], true, "{held}");
    let tomorrow = NOON + DAY;
    let other = |source: &str, price: u64| using(&["A"], order(source, price));
    shop.post(tomorrow, "/v1/redemptions", &other("a", 10_000))
        .await;
    // What it grew by is no part of what was held, and of this day too little is left.
    let client = shop.at(tomorrow);
    refused(&client, &basket(&["B", "A"], 10_001), SPENT.0, SPENT.1).await;
    let (status, used) = redeem(&client, &basket(&["B", "A"], 10_000)).await;
    assert_eq!(status, 200, "{used}");
    refused(&client, &other("b", 5_001), SPENT.0, SPENT.1).await;
    assert_eq!(redeem(&client, &other("b", 5_000)).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test]
async fn an_order_counts_once_for_a_limit_that_campaigns_share() {
    let shop = Shop::start().await;
    let cap = json!({"reach": "customer_overall", "unit": "orders", "limit": 15_000});
    for code in ["A", "B"] {
        of_codes(&shop, &[code], json!({"proffer": {"caps": [cap]}})).await;
    }
    let body = |source: &str, price: u64| {
        let mut body = using(&["A", "B"], order(source, price));
        body["customer"] = json!({"source_id": "ann"});
        body
    };
    let too_much = (SPENT.0, "used_up_person");
    refused(&shop.noon(), &body("a", 15_001), too_much.0, too_much.1).await;
    let (status, used) = redeem(&shop.noon(), &body("a", 10_000)).await;
    assert_eq!(status, 200, "{used}");
    refused(&shop.noon(), &body("b", 5_001), too_much.0, too_much.1).await;
    assert_eq!(redeem(&shop.noon(), &body("b", 5_000)).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test]
async fn an_order_counts_for_the_limit_of_each_of_its_codes() {
    let shop = Shop::start().await;
    let cap = json!({"reach": "code", "unit": "orders", "limit": 15_000});
    of_codes(&shop, &["A", "B"], json!({"proffer": {"caps": [cap]}})).await;
    let both = using(&["A", "B"], order("a", 10_000));
    assert_eq!(redeem(&shop.noon(), &both).await.0, 200);
    let alone = |price: u64| using(&["B"], order("b", price));
    let (status, answer) = redeem(&shop.noon(), &alone(5_001)).await;
    assert_eq!(
        (status.as_u16(), &answer["key"]),
        (400, &json!("quantity_exceeded"))
    );
    assert_eq!(redeem(&shop.noon(), &alone(5_000)).await.0, 200);
    books_balance(&shop).await;
}

#[tokio::test]
async fn an_order_counts_by_the_first_that_gives_something() {
    let shop = Shop::start().await;
    let rules = "/management/v1/projects/proj_0000000000002/stacking-rules";
    let anyway = json!({"redeemables_no_effect_rule": "REDEEM_ANYWAY"});
    shop.post(NOON, rules, &anyway).await;
    let tier = |name: &str, lines: &str| {
        let action = json!({"discount": percent(10)});
        json!({"name": name, "action": action, "proffer": {"lines": lines}})
    };
    let campaign = json!({
        "name": "Tiers", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [
            tier("none", "line.sku == 'nothing'"), tier("all", "line.sku == 'sku-1'"),
        ]},
        "validation_rules": rule(&shop, "campaign.orders.amount", 15_000).await,
    });
    let made = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let body = |source: &str, price: u64| {
        let tiers = made["promotion"]["tiers"].as_array().unwrap().iter();
        let tiers = tiers.map(|tier| json!({"object": "promotion_tier", "id": tier["id"]}));
        json!({"redeemables": tiers.collect::<Vec<_>>(), "order": order(source, price)})
    };
    let (status, used) = redeem(&shop.noon(), &body("a", 10_000)).await;
    assert_eq!(status, 200, "{used}");
    assert_eq!(used["redemptions"].as_array().unwrap().len(), 2);
    let (status, answer) = redeem(&shop.noon(), &body("b", 5_001)).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(answer["proffer"]["code"], "budget_reached", "{answer}");
    assert_eq!(redeem(&shop.noon(), &body("b", 5_000)).await.0, 200);
    books_balance(&shop).await;
}

/// The books have no room for what the customer is given, whatever is read of the limits.
#[tokio::test]
async fn only_who_names_an_order_is_told_that_others_are_at_it() {
    let shop = Shop::start().await;
    let campaign = code(&shop, "TEN", ten_off(), json!({})).await;
    let [campaign, customer] = [
        parse(Tag::Campaign, &campaign),
        parse(Tag::Customer, &shop.customer("ann").await),
    ]
    .map(Result::unwrap);
    let funding = chart::funding(CampaignId(campaign), Party::Number(customer));
    let kind = AccountKind::DiscountGiven;
    let opening = chart::empty(kind, funding, Asset::Currency(Currency(*b"EUR")));
    let command = Command {
        now: NOON,
        openings: vec![opening],
        ..setup::writes(SANDBOX, Vec::new())
    };
    assert_eq!(
        shop.app.store().submit(command).await.unwrap(),
        Outcome::Applied
    );
    let mut body = using(&["TEN"], order("a", 5_000));
    body["customer"] = json!({"source_id": "ann"});
    let (status, answer) = redeem(&shop.noon(), &body).await;
    assert_eq!(
        (status.as_u16(), &answer["key"]),
        (400, &json!("multiple_requests"))
    );
    body["order"].as_object_mut().unwrap().remove("source_id");
    let key = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
    ];
    let call = (Method::POST, "/v1/redemptions");
    let (status, headers, answer) = shop.raw(call, &headers, body.to_string()).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{answer}");
    assert_eq!(headers["retry-after"], "1");
    books_balance(&shop).await;
}

/// Whoever asks for a decision is not whoever redeems: keys count at the till alone.
#[tokio::test]
async fn a_decision_takes_nothing_of_what_keys_may_redeem() {
    let shop = Shop::start().await;
    let caps = json!([{"reach": "api_key", "limit": 1}]);
    let settings = json!({"commitment": "guaranteed", "caps": caps, "grant_days": 4});
    shop.percent_off("Keys", 10, settings).await;
    shop.policy("ranked", &["Keys"], 0).await;
    let mut codes = Vec::new();
    for name in ["ann", "bob", "cy"] {
        shop.customer(name).await;
        let made = shop.decide(NOON, name).await;
        let code = made["offer"]["code"].as_str().map(str::to_owned);
        codes.push((name, code.unwrap_or_else(|| panic!("{name}: {made}"))));
    }
    let body = |nth: usize| {
        let (name, code) = &codes[nth];
        let mut body = using(&[code], order(name, 5_000));
        body["customer"] = json!({"source_id": name});
        body
    };
    assert_eq!(redeem(&shop.noon(), &body(0)).await.0, 200);
    refused(&shop.noon(), &body(1), SPENT.0, SPENT.1).await;
    let key = setup::new_key(&shop.app, SANDBOX, "till", &[Scope::Redeem]);
    let key = key.await.unwrap();
    let till = Client::new(&shop.base, &key).with("proffer-now", "2026-11-21T12:00:00Z");
    assert_eq!(redeem(&till, &body(1)).await.0, 200);
    refused(&till, &body(2), SPENT.0, SPENT.1).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn gift_cards_of_a_campaign_pay_so_much_together() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "Gifts", "campaign_type": "GIFT_VOUCHERS",
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5_000}},
        "validation_rules": rule(&shop, "redemption.gift.amount", 6_000).await});
    let campaign = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let campaign = campaign["id"].as_str().unwrap();
    for code in ["ONE", "TWO"] {
        let path = format!("/v1/campaigns/{campaign}/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await;
    }
    let pays = |code: &str, source: &str, credits: u64| {
        let mut body = using(&[code], order(source, 9_000));
        body["redeemables"][0]["gift"] = json!({"credits": credits});
        body
    };
    let used = shop
        .post(NOON, "/v1/redemptions", &pays("ONE", "a", 4_500))
        .await;
    assert_eq!(used["order"]["total_amount"], 4_500);
    refused(&shop.noon(), &pays("TWO", "b", 1_501), SPENT.0, SPENT.1).await;
    let used = shop
        .post(NOON, "/v1/redemptions", &pays("TWO", "b", 1_500))
        .await;
    assert_eq!(used["order"]["total_amount"], 7_500);
    refused(&shop.noon(), &pays("TWO", "c", 1), SPENT.0, SPENT.1).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_counts_nobody_is_refused() {
    let shop = Shop::start().await;
    let check = async |name: &str, operator: &str, details: &str| {
        let nodes = json!({"1": {"name": name, "conditions": {operator: [5]}}});
        let rule = json!({"name": "Wrong", "rules": nodes});
        let answer = shop.noon().post("/v1/validation-rules", &rule).await;
        let (status, answer) = answer.unwrap();
        assert_eq!(status, 400);
        assert_eq!(answer["key"], "invalid_payload");
        assert_eq!(answer["details"], details);
    };
    let users = "/rules/1/conditions/$more_than: a limit needs $less_than_or_equal";
    check("redemption.count.per_user", "$more_than", users).await;
    let limit = "/rules/1/conditions/$more_than: a limit needs $less_than_or_equal";
    check("campaign.orders.amount", "$more_than", limit).await;
}

#[tokio::test]
async fn a_strict_product_does_not_cover_its_skus() {
    let shop = Shop::start().await;
    let goods = json!({"included": [{"object": "product", "id": "shirt", "strict": true}]});
    let rule = json!({"name": "Strict", "rules": {}, "applicable_to": goods});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let campaign = json!({
        "name": "Strict", "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10},
            "code_config": {"pattern": "STRICT"}},
        "validation_rules": [rule["id"]],
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    let order = json!({"items": [
        {"product_id": "shirt", "quantity": 1, "price": 2_000},
        {"product_id": "shirt", "sku_id": "shirt-l", "quantity": 1, "price": 3_000},
    ]});
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["STRICT"], order))
        .await;
    assert_eq!(answer["order"]["total_amount"], 4_800, "{answer}");
}

#[tokio::test]
async fn a_rule_may_name_the_key() {
    let shop = Shop::start().await;
    let valid = async |operator: &str| {
        let nodes = json!({"1": {"name": "redemption.api_key", "conditions": {operator: ["0"]}}});
        let rule = json!({"name": operator, "rules": nodes});
        let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
        let code = operator.trim_start_matches('$').to_uppercase();
        let voucher = json!({"code": code, "type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "validation_rules": [rule["id"]]});
        shop.post(NOON, "/v1/vouchers", &voucher).await;
        let body = using(&[&code], order("a", 5_000));
        shop.post(NOON, "/v1/validations", &body).await
    };
    // No key has this number.
    assert_eq!(valid("$is_not").await["valid"], true);
    let other = valid("$is").await;
    let error = &other["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "redemption_rules_violated", "{other}");
}
