//! Every event that a webhook may ask for happens, or API.md says why it never does.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wire::voucherify::Event;

use crate::{
    campaigns::delete,
    catalogue::id,
    loyalties::{card, programme, put, rules},
    memberships::{active, gold, say, tiers},
    promotion_stacks::{promotion, stack},
    publications::{publish, to},
    redemptions::{books_balance, order, percent, ten_off, using},
    shop::{DAY, NOON, Shop},
    webhooks::{Receiver, change_all, register, run_jobs, shop},
};

async fn post(shop: &Shop, path: &str, body: Value) -> Value {
    shop.post(NOON, path, &body).await
}

/// Switches a thing off and on again.
async fn switch(shop: &Shop, path: &str) {
    for step in ["disable", "enable"] {
        post(shop, &format!("{path}/{step}"), json!({})).await;
    }
}

async fn rules_happen(shop: &Shop) {
    let body = json!({"name": "r", "rules": {"1": {"name": "order.amount",
        "conditions": {"$more_than": [1]}}}});
    let rule = id(&post(shop, "/v1/validation-rules", body).await);
    let path = format!("/v1/validation-rules/{rule}");
    shop.put(&path, &json!({"name": "s"})).await;
    let campaign = shop.percent_off("Ruled", 10, json!({})).await;
    let to = json!({"related_object_type": "campaign", "related_object_id": campaign});
    let made = post(shop, &format!("{path}/assignments"), to).await;
    delete(shop, &format!("{path}/assignments/{}", id(&made))).await;
    delete(shop, &path).await;
}

async fn promotions_happen(shop: &Shop) {
    let (campaign, tiers) = promotion(shop).await;
    let tier = json!({"name": "more", "action": {"discount": percent(5)}});
    let path = format!("/v1/promotions/{campaign}/tiers");
    let tier = id(&post(shop, &path, tier).await);
    let path = format!("/v1/promotions/tiers/{tier}");
    shop.put(&path, &json!({"name": "most"})).await;
    switch(shop, &path).await;
    delete(shop, &path).await;
    let made = stack(shop, &campaign, ("both", &[&tiers[0], &tiers[1]])).await;
    let path = format!("/v1/promotions/{campaign}/stacks/{}", id(&made));
    shop.put(&path, &json!({"name": "all"})).await;
}

async fn loyalty_happens(shop: &Shop) {
    let club = programme(shop, "Club").await;
    let tier = json!([{"name": "gold", "points": {"from": 0, "to": 10}}]);
    post(shop, &format!("/v1/loyalties/{club}/tiers"), tier).await;
    let rule = json!([{"event": "order.paid", "loyalty": {"type": "FIXED", "points": 5}}]);
    let rule = rules(shop, &club, rule).await.remove(0);
    let path = format!("/v1/loyalties/{club}/earning-rules/{rule}");
    shop.put(&path, &json!({"metadata": {"k": 1}})).await;
    switch(shop, &path).await;
    delete(shop, &path).await;
    let mug = json!({"name": "Mug", "type": "MATERIAL",
        "parameters": {"product": {"id": "prod_mug"}}});
    let mug = id(&post(shop, "/v1/rewards", mug).await);
    let price = |points: u64| {
        json!({"campaign": club, "parameters": {"loyalty":
        {"points": points}}})
    };
    let path = format!("/v1/rewards/{mug}/assignments");
    let offered = post(shop, &path, price(10)).await;
    let path = format!("{path}/{}", id(&offered));
    shop.put(&path, &price(20)).await;
    delete(shop, &path).await;
    let card = card(shop, &club, "bob").await;
    put(shop, &card, 30).await;
    let lapsing = json!({"points": 7, "expiration_type": "CUSTOM_DATE",
        "expiration_date": "2026-11-21"});
    post(
        shop,
        &format!("/v1/loyalties/members/{card}/balance"),
        lapsing,
    )
    .await;
    run_jobs(shop, NOON + 2 * DAY).await;
}

/// A referee is given points on a new card.
async fn referrals_happen(shop: &Shop) {
    let club = programme(shop, "Friends' club").await;
    let program = json!({"conversion_event_type": "redemption", "referee_reward":
        {"type": "LOYALTY_CARD", "amount": 40, "related_object_parent": {"id": club}}});
    let body = json!({"name": "Friends", "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": program,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    post(shop, "/v1/campaigns", body).await;
    let given = publish(shop, &to("cid", "Friends")).await;
    let code = given["voucher"]["code"].as_str().unwrap();
    let mut used = using(&[code], order("o-r", 5_000));
    used["customer"] = json!({"source_id": "dan"});
    let used = post(shop, "/v1/redemptions", used).await;
    let path = format!("/v1/redemptions/{}/rollback", id(&used["redemptions"][0]));
    post(shop, &path, json!({})).await;
    let (status, _) = shop.noon().post(&path, &json!({})).await.unwrap();
    assert_eq!(status, 400, "it was rolled back already");
}

/// A customer enters a segment and leaves it; a card goes up the tiers and down again.
async fn memberships_happen(shop: &Shop) {
    active(shop, gold()).await;
    for tier in ["gold", "tin"] {
        say(shop, "eve", tier).await;
        run_jobs(shop, NOON).await;
    }
    let club = programme(shop, "Tiers").await;
    tiers(shop, &club).await;
    let card = card(shop, &club, "eve").await;
    for points in [100, 100, -50, -100] {
        put(shop, &card, points).await;
        run_jobs(shop, NOON).await;
    }
}

/// Few codes can look so: the third campaign finds none that is free.
async fn codes_happen(shop: &Shop) {
    for (name, count) in [("A", 1_200), ("B", 1_200), ("C", 1_001)] {
        let body = json!({"name": format!("Codes {name}"), "campaign_type": "DISCOUNT_COUPONS",
            "vouchers_count": count, "voucher": {"type": "DISCOUNT_VOUCHER",
                "discount": ten_off(),
                "code_config": {"length": 4, "charset": "ABCDEFG"}}});
        post(shop, "/v1/campaigns", body).await;
        run_jobs(shop, NOON).await;
    }
}

#[tokio::test]
async fn every_event_that_may_be_asked_for_is_told_or_never_happens() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(200).await;
    let names: Vec<&str> = Event::ALL.iter().map(|event| event.name()).collect();
    register(&shop, &url, &names).await;
    change_all(&shop).await;
    rules_happen(&shop).await;
    promotions_happen(&shop).await;
    loyalty_happens(&shop).await;
    referrals_happen(&shop).await;
    memberships_happen(&shop).await;
    codes_happen(&shop).await;
    delete(&shop, "/v1/loyalties/Club").await;
    let mut came = usize::MAX;
    while came != receiver.told().len() {
        came = receiver.told().len();
        run_jobs(&shop, NOON + 2 * DAY).await;
    }
    let told = receiver.told();
    let kinds = told.iter().map(|one| one["type"].as_str().unwrap());
    let found: BTreeSet<&str> = kinds.collect();
    let never = Event::NEVER.map(Event::name);
    let expected = names.iter().copied().filter(|name| !never.contains(name));
    assert_eq!(found, expected.collect());
    let docs = include_str!("../../../../docs/API.md");
    for name in never {
        assert!(
            docs.contains(&format!("`{name}`")),
            "{name} is not in API.md"
        );
    }
    for one in &told {
        check_told(one);
    }
    books_balance(&shop).await;
}

/// What is told has the thing under its name, and of customers their ids alone.
fn check_told(told: &Value) {
    let event = Event::of(told["type"].as_str().unwrap()).unwrap();
    let shown = &told["data"][event.object()];
    assert!(shown["id"].is_string(), "{told}");
    let of_customer = &told["data"]["customer"];
    for customer in [of_customer, &shown["customer"]] {
        assert!(customer["source_id"].is_null(), "{told}");
    }
}

#[tokio::test]
async fn what_moves_on_cards_is_told_with_what_is_left() {
    let shop = shop().await;
    let (receiver, url) = Receiver::start(200).await;
    let events = [
        "voucher.gift.transaction.created",
        "voucher.loyalty_card.transaction.created",
        "voucher.loyalty_card.points_aded",
        "voucher.loyalty_card.points_expired",
    ];
    register(&shop, &url, &events).await;
    let gift = json!({"code": "CARD", "type": "GIFT_VOUCHER", "gift": {"amount": 1_000}});
    post(&shop, "/v1/vouchers", gift).await;
    let mut paid = using(&["CARD"], order("o-1", 5_000));
    paid["redeemables"][0]["gift"] = json!({"credits": 300});
    let paid = post(&shop, "/v1/redemptions", paid).await;
    let path = format!("/v1/redemptions/{}/rollback", id(&paid["redemptions"][0]));
    post(&shop, &path, json!({})).await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    let rule = json!([{"event": "order.paid", "loyalty": {"type": "FIXED", "points": 5}}]);
    rules(&shop, &club, rule).await;
    let mut bought = order("o-2", 100);
    bought["status"] = json!("PAID");
    bought["customer"] = json!({"source_id": "ann"});
    post(&shop, "/v1/orders", bought).await;
    put(&shop, &card, -2).await;
    run_jobs(&shop, NOON).await;
    let told = receiver.told();
    let mut moved: Vec<(&str, i64, i64)> = Vec::new();
    for one in &told {
        if let Some(kind) = one["data"]["voucher_transaction"]["type"].as_str() {
            let balance = &one["data"]["voucher_transaction"]["details"]["balance"];
            let by = balance["amount"].as_i64().or(balance["points"].as_i64());
            moved.push((kind, by.unwrap(), balance["balance"].as_i64().unwrap()));
        }
    }
    moved.sort_unstable();
    let expected = [
        ("CREDITS_ADDITION", 1_000, 1_000),
        ("CREDITS_REDEMPTION", -300, 700),
        ("CREDITS_REFUND", 300, 1_000),
        ("POINTS_ACCRUAL", 5, 5),
        ("POINTS_REMOVAL", -2, 3),
    ];
    assert_eq!(moved, expected);
    let mut added = told.iter().filter(|one| one["type"] == events[2]);
    let added = added.next().unwrap();
    let expected = json!({"points": 5, "balance": 5});
    assert_eq!(added["data"]["voucher"]["loyalty_card"], expected);
}
