//! Caps on the units of products that campaigns and promotion tiers discount, over many orders.

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    redemptions::{books_balance, redeem},
    shop::{HOUR, MINUTE, NOON, Shop},
};

/// 1.00 off each unit.
fn one_off_each() -> Value {
    let effect = "APPLY_TO_ITEMS_BY_QUANTITY";
    json!({"type": "AMOUNT", "amount_off": 100, "effect": effect})
}

/// A rule that names these goods; its id.
async fn rule(shop: &Shop, included: Value) -> String {
    let rule = json!({"name": "capped", "applicable_to": {"included": included}});
    let made = shop.post(NOON, "/v1/validation-rules", &rule).await;
    made["id"].as_str().unwrap().to_owned()
}

/// A mug, so often.
fn mug(name: &str, limit: u64) -> Value {
    let mut entry = json!({"object": "product", "id": "mug"});
    entry[name] = json!(limit);
    json!([entry])
}

/// A campaign of one code for everybody, on these goods.
async fn code(shop: &Shop, code: &str, included: Value) -> String {
    let rule = rule(shop, included).await;
    let campaign = json!({
        "name": code, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": one_off_each(),
            "code_config": {"pattern": code}},
        "validation_rules": [&rule],
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    rule
}

/// A campaign of promotion tiers, each under its rule; their ids.
async fn tiers(shop: &Shop, rules: &[&str]) -> Vec<String> {
    let tiers = rules.iter().map(|rule| {
        let action = json!({"discount": one_off_each()});
        json!({"name": rule, "action": action, "validation_rules": [rule]})
    });
    let campaign = json!({
        "name": "Tiers", "campaign_type": "PROMOTION",
        "promotion": {"tiers": tiers.collect::<Vec<_>>()},
    });
    let made = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let tiers = made["promotion"]["tiers"].as_array().unwrap().iter();
    tiers
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Redeemables on an order of so many units of these goods, at 10.00 each.
fn body(redeemables: &[&str], (source, goods): (&str, &[(&str, u64)])) -> Value {
    let redeemables = redeemables.iter().map(|id| {
        let object = match id.starts_with("promo_") {
            true => "promotion_tier",
            false => "voucher",
        };
        json!({"object": object, "id": id})
    });
    let items = goods.iter().map(|(name, quantity)| {
        json!({"source_id": name, "product_id": name, "related_object": "product",
            "quantity": quantity, "price": 1_000})
    });
    json!({
        "redeemables": redeemables.collect::<Vec<_>>(),
        "order": {"source_id": source, "items": items.collect::<Vec<_>>()},
    })
}

fn of_customer(mut body: Value, customer: &str) -> Value {
    body["customer"] = json!({"source_id": customer});
    body
}

/// How many units are discounted: at 1.00 each.
fn units(answer: &Value) -> u64 {
    let off = answer["order"]["total_applied_discount_amount"].as_u64();
    off.unwrap_or_else(|| panic!("{answer}")) / 100
}

/// Redeems, and expects so many units to be discounted; where it is the one, its redemption.
async fn uses(shop: &Shop, body: &Value, expected: u64) -> String {
    let (status, answer) = redeem(&shop.noon(), body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(units(&answer), expected, "{answer}");
    let id = answer["redemptions"][0]["id"].as_str();
    id.unwrap().to_owned()
}

/// Redeems, and expects that nothing applies.
async fn gives_nothing(shop: &Shop, body: &Value) {
    let (status, answer) = redeem(&shop.noon(), body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["key"], "no_applicable_redeemables", "{answer}");
}

/// What a validation would discount now.
async fn seen(shop: &Shop, now: i64, body: &Value) -> u64 {
    let answer = shop.post(now, "/v1/validations", body).await;
    match answer["valid"].as_bool() {
        Some(true) => units(&answer),
        _ => 0,
    }
}

#[tokio::test]
async fn a_product_is_discounted_until_its_units_are_spent() {
    let shop = Shop::start().await;
    code(&shop, "MUGS", mug("product_campaign_quantity_limit", 5)).await;
    let order = |source: &str, mugs| body(&["MUGS"], (source, &[("mug", mugs), ("pen", 4)]));
    uses(&shop, &order("a", 3), 3).await;
    assert_eq!(seen(&shop, NOON, &order("b", 4)).await, 2);
    uses(&shop, &order("b", 4), 2).await;
    gives_nothing(&shop, &order("c", 1)).await;
    assert_eq!(seen(&shop, NOON, &order("c", 1)).await, 0);
    // What is held, used or looked at by others is judged again at each call.
    let asked = order("c", 1);
    let asked = json!({"order": asked["order"], "scenario": "ALL"});
    let found = shop.post(NOON, "/v1/qualifications", &asked).await;
    assert_eq!(found["redeemables"]["total"], 0, "{found}");
    books_balance(&shop).await;
}

#[tokio::test]
async fn each_customer_has_units_of_their_own_beside_those_of_all() {
    let shop = Shop::start().await;
    let mut both = mug("product_customer_campaign_quantity_limit", 3);
    both[0]["product_campaign_quantity_limit"] = json!(5);
    code(&shop, "MUGS", both).await;
    let order = |source: &str, who: &str, mugs| {
        of_customer(body(&["MUGS"], (source, &[("mug", mugs)])), who)
    };
    uses(&shop, &order("a", "ann", 4), 3).await;
    gives_nothing(&shop, &order("b", "ann", 1)).await;
    uses(&shop, &order("c", "bob", 4), 2).await;
    gives_nothing(&shop, &order("d", "cy", 1)).await;
    // Whoever is not known has to say who they are.
    let nobody = body(&["MUGS"], ("e", &[("mug", 1)]));
    let (_, answer) = redeem(&shop.noon(), &nobody).await;
    assert_eq!(answer["proffer"]["code"], "sign_in_required", "{answer}");
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_rollback_gives_units_back() {
    let shop = Shop::start().await;
    code(&shop, "MUGS", mug("product_campaign_quantity_limit", 5)).await;
    let order = |source: &str, mugs| {
        let mut body = body(
            &["MUGS"],
            (source, &[("pen", 1), ("mug", mugs), ("mug", 1)]),
        );
        let shipping = json!({"product_id": "prod_5h1pp1ng", "quantity": 1, "price": 400});
        body["order"]["items"]
            .as_array_mut()
            .unwrap()
            .insert(0, shipping);
        body
    };
    let path = |id: String| format!("/v1/redemptions/{id}/rollback");
    let left = async || seen(&shop, NOON, &order("x", 8)).await;
    let whole = path(uses(&shop, &order("a", 3), 4).await);
    assert_eq!(left().await, 1);
    shop.post(NOON, &whole, &json!({})).await;
    assert_eq!(left().await, 5);
    // Five of six and one are discounted: of the line of six so many come back as of its units.
    let parts = path(uses(&shop, &order("b", 6), 5).await);
    assert_eq!(left().await, 0);
    for (place, quantity, expected) in [(3, 1, 0), (2, 1, 0), (2, 1, 1), (2, 2, 3), (2, 2, 5)] {
        let returned = json!({"returned": [{"index": place, "quantity": quantity}]});
        shop.post(NOON, &parts, &returned).await;
        assert_eq!(left().await, expected, "{place} {quantity}");
    }
    shop.post(NOON, &parts, &json!({})).await;
    assert_eq!(left().await, 5);
    // By an amount, as many as its share of all.
    let amounts = path(uses(&shop, &order("c", 3), 4).await);
    shop.post(NOON, &amounts, &json!({"amount": 200})).await;
    assert_eq!(left().await, 3);
    shop.post(NOON, &amounts, &json!({})).await;
    assert_eq!(left().await, 5);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_session_holds_units_and_lapses() {
    let shop = Shop::start().await;
    code(&shop, "MUGS", mug("product_campaign_quantity_limit", 5)).await;
    let order = |source: &str, mugs| body(&["MUGS"], (source, &[("mug", mugs)]));
    let in_session = |source: &str, mugs, key: &str| {
        let mut body = order(source, mugs);
        body["session"] = json!({"type": "LOCK", "key": key, "ttl": 1, "ttl_unit": "HOURS"});
        body
    };
    let held = in_session("a", 3, "one");
    for _ in 0..2 {
        let answer = shop.post(NOON, "/v1/validations", &held).await;
        assert_eq!(units(&answer), 3);
        assert_eq!(seen(&shop, NOON, &order("b", 5)).await, 2);
    }
    // A basket that grew takes of what is left; what is held is its own.
    assert_eq!(seen(&shop, NOON, &in_session("a", 9, "one")).await, 5);
    let answer = shop.post(NOON, "/v1/validations", &held).await;
    assert_eq!(units(&answer), 3);
    let other = in_session("c", 4, "two");
    let answer = shop.post(NOON, "/v1/validations", &other).await;
    assert_eq!(units(&answer), 2);
    gives_nothing(&shop, &order("b", 1)).await;
    uses(&shop, &in_session("c", 1, "two"), 1).await;
    uses(&shop, &order("b", 3), 1).await;
    // What nobody redeems is free again when its time has come.
    assert_eq!(seen(&shop, NOON + HOUR - MINUTE, &order("d", 5)).await, 0);
    assert_eq!(seen(&shop, NOON + HOUR + MINUTE, &order("d", 5)).await, 3);
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_for_seven_units_gives_seven() {
    let shop = Shop::start().await;
    code(&shop, "MUGS", mug("product_campaign_quantity_limit", 7)).await;
    let mut running = JoinSet::new();
    for nth in 0..20_u64 {
        let client = shop.noon();
        let body = body(&["MUGS"], (&format!("o-{nth}"), &[("mug", 1 + nth % 2)]));
        running.spawn(async move { redeem(&client, &body).await });
    }
    let answers = running.join_all().await;
    let used = answers.iter().filter(|(status, _)| status.is_success());
    let given: u64 = used.map(|(_, answer)| units(answer)).sum();
    assert_eq!(given, 7, "{answers:?}");
    let refused = answers.iter().filter(|(status, _)| !status.is_success());
    for (status, answer) in refused {
        assert_eq!(*status, StatusCode::BAD_REQUEST, "{answer}");
        assert_eq!(answer["key"], "no_applicable_redeemables", "{answer}");
    }
    books_balance(&shop).await;
}

#[tokio::test]
async fn tiers_share_the_campaigns_units_and_have_their_own() {
    let shop = Shop::start().await;
    let mut limits = mug("product_campaign_quantity_limit", 7);
    limits[0]["product_promotion_tier_quantity_limit"] = json!(4);
    limits[0]["product_customer_promotion_tier_quantity_limit"] = json!(3);
    let rules = [rule(&shop, limits.clone()).await, rule(&shop, limits).await];
    let tiers = tiers(&shop, &[&rules[0], &rules[1]]).await;
    let both: Vec<&str> = tiers.iter().map(String::as_str).collect();
    let order =
        |of: &[&str], source: &str, who: &str| of_customer(body(of, (source, &[("mug", 5)])), who);
    // Three of the one and three of the other; then one is left of the campaign's seven.
    uses(&shop, &order(&both, "a", "ann"), 6).await;
    gives_nothing(&shop, &order(&both, "b", "ann")).await;
    assert_eq!(seen(&shop, NOON, &order(&both, "c", "bob")).await, 1);
    uses(&shop, &order(&both[1..], "c", "bob"), 1).await;
    gives_nothing(&shop, &order(&both[..1], "d", "cy")).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn each_product_of_a_collection_has_its_own() {
    let shop = Shop::start().await;
    for name in ["mug", "pot", "pen"] {
        shop.post(NOON, "/v1/products", &json!({"source_id": name}))
            .await;
    }
    let sku = json!({"source_id": "mug-red"});
    shop.post(NOON, "/v1/products/mug/skus", &sku).await;
    let of = json!({"name": "Kitchen", "type": "STATIC",
        "products": [{"id": "mug", "object": "product"}, {"id": "pot", "object": "product"}]});
    let made = shop.post(NOON, "/v1/product-collections", &of).await;
    let entry = json!([{"object": "products_collection", "id": made["id"],
        "product_in_collection_campaign_quantity_limit": 4,
        "product_in_collection_customer_campaign_quantity_limit": 3}]);
    code(&shop, "KITCHEN", entry).await;
    let order = |source: &str, who: &str, goods: &[(&str, u64)]| {
        of_customer(body(&["KITCHEN"], (source, goods)), who)
    };
    let all = [("mug", 2), ("pot", 5), ("pen", 5), ("mug", 2)];
    uses(&shop, &order("a", "ann", &all), 6).await;
    // A SKU is its product.
    let mut red = order("b", "bob", &[("mug", 2)]);
    red["order"]["items"] = json!([{"source_id": "mug-red", "related_object": "sku",
        "quantity": 2, "price": 1_000}]);
    uses(&shop, &red, 1).await;
    uses(&shop, &order("c", "bob", &all), 1).await;
    gives_nothing(&shop, &order("d", "cy", &all)).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_is_written_is_told_and_what_cannot_be_kept_is_refused() {
    let shop = Shop::start().await;
    let entry = json!([{"object": "product", "id": "mug",
        "product_campaign_quantity_limit": 8,
        "product_customer_campaign_quantity_limit": 7,
        "product_promotion_tier_quantity_limit": 6,
        "product_customer_promotion_tier_quantity_limit": 5}]);
    let id = rule(&shop, entry.clone()).await;
    let told = shop.get(NOON, &format!("/v1/validation-rules/{id}")).await;
    assert_eq!(told["applicable_to"]["included"], entry);
    let of_order = json!({
        "name": "order", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER",
            "discount": {"type": "AMOUNT", "amount_off": 100, "effect": "APPLY_TO_ORDER"}},
        "validation_rules": [id],
    });
    let (status, answer) = shop.noon().post("/v1/campaigns", &of_order).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let details = answer["details"].as_str().unwrap_or_default();
    assert!(details.contains("units of a product"), "{answer}");
}

#[tokio::test]
async fn a_changed_limit_moves_what_is_left() {
    let shop = Shop::start().await;
    let limits = |all: u64, each: u64| {
        let mut entry = mug("product_campaign_quantity_limit", all);
        entry[0]["product_customer_campaign_quantity_limit"] = json!(each);
        entry
    };
    let rule = code(&shop, "MUGS", limits(5, 3)).await;
    let path = format!("/v1/validation-rules/{rule}");
    let change = |included: Value| json!({"applicable_to": {"included": included}});
    let order =
        |source: &str, who: &str| of_customer(body(&["MUGS"], (source, &[("mug", 9)])), who);
    let ann = uses(&shop, &order("a", "ann"), 3).await;
    shop.put(&path, &change(limits(8, 4))).await;
    uses(&shop, &order("b", "ann"), 1).await;
    assert_eq!(seen(&shop, NOON, &order("c", "bob")).await, 4);
    shop.put(&path, &change(limits(5, 4))).await;
    uses(&shop, &order("c", "bob"), 1).await;
    // Five are given: it cannot be fewer.
    let too_few = change(limits(4, 4));
    let (status, answer) = shop.noon().put(&path, &too_few).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    // For each customer it can: who has more has nothing left.
    shop.put(&path, &change(limits(6, 2))).await;
    assert_eq!(seen(&shop, NOON, &order("d", "ann")).await, 0);
    assert_eq!(seen(&shop, NOON, &order("d", "bob")).await, 1);
    let path = format!("/v1/redemptions/{ann}/rollback");
    shop.post(NOON, &path, &json!({})).await;
    assert_eq!(seen(&shop, NOON, &order("d", "cy")).await, 2);
    books_balance(&shop).await;
}

/// One rule of two tiers: their limit is one, and moves once.
#[tokio::test]
async fn a_limit_that_offers_share_is_changed_once() {
    let shop = Shop::start().await;
    let named = "product_campaign_quantity_limit";
    let rule = rule(&shop, mug(named, 5)).await;
    let tiers = tiers(&shop, &[&rule, &rule]).await;
    let path = format!("/v1/validation-rules/{rule}");
    let change = |limit| json!({"applicable_to": {"included": mug(named, limit)}});
    let order = |source: &str| body(&[tiers[0].as_str()], (source, &[("mug", 20)]));
    uses(&shop, &body(&[tiers[1].as_str()], ("a", &[("mug", 2)])), 2).await;
    assert_eq!(seen(&shop, NOON, &order("b")).await, 3);
    shop.put(&path, &change(8)).await;
    assert_eq!(seen(&shop, NOON, &order("b")).await, 6);
    shop.put(&path, &change(4)).await;
    assert_eq!(seen(&shop, NOON, &order("b")).await, 2);
    uses(&shop, &order("b"), 2).await;
    gives_nothing(&shop, &order("c")).await;
    books_balance(&shop).await;
}

/// What costs nothing any more takes no unit.
#[tokio::test]
async fn a_line_that_costs_nothing_takes_no_unit() {
    let shop = Shop::start().await;
    code(&shop, "MUGS", mug("product_campaign_quantity_limit", 2)).await;
    let mut order = body(&["MUGS"], ("a", &[("mug", 2), ("mug", 2)]));
    order["order"]["items"][0]["discount_amount"] = json!(2_000);
    uses(&shop, &order, 2).await;
    gives_nothing(&shop, &body(&["MUGS"], ("b", &[("mug", 1)]))).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_decision_gives_nothing_of_what_has_no_units_left() {
    let shop = Shop::start().await;
    code(&shop, "MUGS", mug("product_campaign_quantity_limit", 1)).await;
    shop.policy("ranked", &["MUGS"], 0).await;
    for name in ["ann", "bob"] {
        shop.customer(name).await;
    }
    let made = shop.decide(NOON, "ann").await;
    assert!(made["offer"].is_object(), "{made}");
    uses(&shop, &body(&["MUGS"], ("a", &[("mug", 1)])), 1).await;
    let made = shop.decide(NOON, "bob").await;
    assert!(made["offer"].is_null(), "{made}");
    books_balance(&shop).await;
}

#[tokio::test]
async fn tiers_of_one_session_share_and_are_redeemed_as_they_were_held() {
    let shop = Shop::start().await;
    let limit = mug("product_campaign_quantity_limit", 5);
    let rules = [rule(&shop, limit.clone()).await, rule(&shop, limit).await];
    let tiers = tiers(&shop, &[&rules[0], &rules[1]]).await;
    let both: Vec<&str> = tiers.iter().map(String::as_str).collect();
    let order = |source: &str, mugs| {
        let mut body = body(&both, (source, &[("mug", mugs)]));
        body["session"] = json!({"type": "LOCK", "key": source});
        body
    };
    for _ in 0..2 {
        let answer = shop.post(NOON, "/v1/validations", &order("a", 3)).await;
        assert_eq!(units(&answer), 5, "{answer}");
        assert_eq!(seen(&shop, NOON, &order("b", 3)).await, 0);
    }
    // The order grew: each uses what it holds, and nothing is left beside that.
    uses(&shop, &order("a", 4), 5).await;
    gives_nothing(&shop, &order("b", 3)).await;
    books_balance(&shop).await;
}
