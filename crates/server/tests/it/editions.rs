//! What an edit of a campaign does to its codes, and what an edit of a code does to it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    catalogue::{check, id},
    publications::{campaign, to},
    redemptions::{books_balance, code, order, percent, redeem, refused, ten_off, using},
    shop::{DAY, NOON, Shop},
};

/// What a code takes off an order of 100.00.
async fn off(shop: &Shop, now: i64, code: &str) -> Value {
    let body = using(&[code], order("look", 10_000));
    let seen = shop.post(now, "/v1/validations", &body).await;
    match seen["valid"] == true {
        true => seen["order"]["total_discount_amount"].clone(),
        false => seen["inapplicable_redeemables"][0]["result"]["error"]["key"].clone(),
    }
}

async fn codes_of(shop: &Shop, campaign: &str) -> Vec<String> {
    let path = format!("/v1/vouchers?campaign={campaign}");
    let list = shop.get(NOON, &path).await;
    let rows = list["vouchers"].as_array().unwrap().iter();
    rows.map(|row| row["code"].as_str().unwrap().to_owned())
        .collect()
}

async fn published(shop: &Shop, campaign: &str, customer: &str) -> String {
    let body = to(customer, campaign);
    let made = shop.post(NOON, "/v1/publications", &body).await;
    made["voucher"]["code"].as_str().unwrap().to_owned()
}

async fn use_up(shop: &Shop, code: &str, name: &str) -> Value {
    let used = using(&[code], order(name, 10_000));
    shop.post(NOON, "/v1/redemptions", &used).await["order"]["total_discount_amount"].clone()
}

#[tokio::test]
async fn an_edit_reaches_the_codes_that_nobody_has_or_used() {
    let shop = Shop::start().await;
    let many = json!({"vouchers_count": 4, "voucher": {"type": "DISCOUNT_VOUCHER",
        "discount": percent(10), "redemption": {"quantity": 5}}});
    let spring = campaign(&shop, "Spring", many).await;
    let given = published(&shop, "Spring", "ann").await;
    let free = codes_of(&shop, "Spring").await;
    let free: Vec<_> = free.iter().filter(|code| **code != given).collect();
    let [used, free, later] = [free[0], free[1], free[2]].map(String::as_str);
    assert_eq!(use_up(&shop, used, "o-1").await, 1_000);
    let path = format!("/v1/campaigns/{spring}");
    let edited = shop.put(&path, &json!({"discount": percent(20)})).await;
    assert_eq!(edited["voucher"]["discount"]["percent_off"], 20.0);
    for (code, expected) in [(given.as_str(), 1_000), (used, 1_000), (free, 2_000)] {
        assert_eq!(off(&shop, NOON, code).await, expected, "{code}");
        let voucher = shop.get(NOON, &format!("/v1/vouchers/{code}")).await;
        let shown = &voucher["discount"]["percent_off"];
        assert_eq!(
            shown.as_f64().unwrap() * 100.0,
            f64::from(expected),
            "{code}"
        );
    }
    // What is given from now on is of now.
    let to_bob = json!({"voucher": later, "customer": {"source_id": "bob"}});
    shop.post(NOON, "/v1/publications", &to_bob).await;
    assert_eq!(off(&shop, NOON, later).await, 2_000);
    let one = format!("{path}/vouchers?vouchers_count=1");
    let new = shop.post(NOON, &one, &json!({})).await;
    let new = new["code"].as_str().unwrap().to_owned();
    shop.put(&path, &json!({"discount": percent(30)})).await;
    assert_eq!(off(&shop, NOON, &new).await, 3_000);
    shop.put(&path, &json!({"discount": percent(10)})).await;
    assert_eq!(off(&shop, NOON, &new).await, 1_000);
    assert_eq!(off(&shop, NOON, free).await, 1_000);
    assert_eq!(off(&shop, NOON, later).await, 2_000);
    assert_eq!(use_up(&shop, &given, "o-2").await, 1_000);
    // What comes back of a use leaves the code used.
    assert_eq!(use_up(&shop, &new, "o-3").await, 1_000);
    let list = shop
        .get(NOON, &format!("/v1/vouchers/{new}/redemption"))
        .await;
    let redemption = list["redemption_entries"][0]["id"].as_str().unwrap();
    shop.post(
        NOON,
        &format!("/v1/redemptions/{redemption}/rollback"),
        &json!({}),
    )
    .await;
    shop.put(&path, &json!({"discount": percent(40)})).await;
    assert_eq!(off(&shop, NOON, &new).await, 1_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn dates_are_kept_with_a_code_and_switches_and_budgets_are_not() {
    let shop = Shop::start().await;
    let dates = json!({"vouchers_count": 2, "expiration_date": "2026-11-30T12:00:00Z",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()},
        "proffer": {"budget": 5_000}});
    let spring = campaign(&shop, "Spring", dates).await;
    let given = published(&shop, "Spring", "ann").await;
    let codes = codes_of(&shop, "Spring").await;
    let free = codes.iter().find(|code| **code != given).unwrap();
    let path = format!("/v1/campaigns/{spring}");
    let sooner = json!({"expiration_date": "2026-11-22T12:00:00Z"});
    shop.put(&path, &sooner).await;
    let later = NOON + 3 * DAY;
    assert_eq!(off(&shop, later, &given).await, 1_000);
    assert_eq!(off(&shop, later, free).await, "voucher_expired");
    let open = json!({"expiration_date": null, "validity_day_of_week": [0]});
    shop.put(&path, &open).await;
    // The last moment of the one that was given is still that of its campaign then.
    assert_eq!(off(&shop, NOON + 10 * DAY, &given).await, "voucher_expired");
    // 2026-11-21 is a Saturday.
    assert_eq!(off(&shop, NOON, &given).await, 1_000);
    assert_eq!(off(&shop, NOON, free).await, "voucher_not_active_now");
    assert_eq!(off(&shop, NOON + 15 * DAY, free).await, 1_000);
    shop.put(&path, &json!({"proffer": {"budget": 900}})).await;
    assert_eq!(off(&shop, NOON, &given).await, "redemption_rules_violated");
    shop.post(NOON, &format!("{path}/disable"), &json!({}))
        .await;
    assert_eq!(off(&shop, NOON, &given).await, "voucher_disabled");
}

#[tokio::test]
async fn a_generic_code_keeps_what_it_gave_when_it_was_first_used() {
    let shop = Shop::start().await;
    let ten = code(&shop, "TEN", percent(10), json!({})).await;
    let path = format!("/v1/campaigns/{ten}");
    shop.put(&path, &json!({"discount": percent(20)})).await;
    assert_eq!(use_up(&shop, "TEN", "o-1").await, 2_000);
    shop.put(&path, &json!({"discount": percent(30)})).await;
    assert_eq!(use_up(&shop, "TEN", "o-2").await, 2_000);
    // The same call once more is answered the same.
    assert_eq!(use_up(&shop, "TEN", "o-2").await, 2_000);
    let voucher = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 2);
    // The type is not for an edit.
    let refusal = (Method::PUT, path.as_str(), &json!({"discount": ten_off()}));
    check(&shop, refusal, (400, "invalid_payload")).await;
    assert_eq!(off(&shop, NOON, "TEN").await, 2_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_granted_code_gives_what_was_promised() {
    let shop = Shop::start().await;
    let ours = json!({"commitment": "guaranteed", "budget": 100_000});
    let campaign = json!({"name": "Ten", "campaign_type": "DISCOUNT_COUPONS", "proffer": ours,
        "voucher": {"type": "DISCOUNT_VOUCHER", "redemption": {"quantity": 1},
            "discount": ten_off()}});
    let ten = id(&shop.post(NOON, "/v1/campaigns", &campaign).await);
    shop.policy("ranked", &["Ten"], 0).await;
    shop.customer("ann").await;
    let granted = shop.decide(NOON, "ann").await;
    let granted = granted["offer"]["code"].as_str().unwrap();
    let path = format!("/v1/campaigns/{ten}");
    let more = json!({"discount": {"type": "AMOUNT", "amount_off": 3_000}});
    shop.put(&path, &more).await;
    let wallet = shop.get(NOON, "/v1/wallets/ann").await;
    assert_eq!(
        wallet["grants"][0]["benefit"]["discount"]["amount_off"], 1_000,
        "{wallet}"
    );
    let mut used = using(&[granted], order("o-1", 10_000));
    used["customer"] = json!({"source_id": "ann"});
    let own = (Method::PUT, &format!("/v1/vouchers/{granted}")[..], &more);
    check(&shop, own, (400, "invalid_voucher")).await;
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    assert_eq!(used["order"]["total_discount_amount"], 1_000);
    shop.customer("bob").await;
    let next = shop.decide(NOON, "bob").await;
    assert_eq!(
        next["offer"]["benefit"]["discount"]["amount_off"], 3_000,
        "{next}"
    );
    books_balance(&shop).await;
}

#[tokio::test]
async fn the_life_of_a_published_code_is_its_own_and_joining_once_answers_as_before() {
    let shop = Shop::start().await;
    let more = json!({"join_once": true, "activity_duration_after_publishing": "P7D",
        "expiration_date": "2026-11-23T12:00:00Z"});
    let spring = campaign(&shop, "Spring", more).await;
    let given = published(&shop, "Spring", "ann").await;
    let path = format!("/v1/campaigns/{spring}");
    let edit = json!({"discount": {"type": "AMOUNT", "amount_off": 500},
        "activity_duration_after_publishing": "P1D"});
    shop.put(&path, &edit).await;
    assert_eq!(published(&shop, "Spring", "ann").await, given);
    assert_eq!(off(&shop, NOON + 6 * DAY, &given).await, 1_000);
    let other = published(&shop, "Spring", "bob").await;
    assert_eq!(off(&shop, NOON, &other).await, 500);
    assert_eq!(off(&shop, NOON + 2 * DAY, &other).await, "voucher_expired");
}

/// Rules are nobody's to keep: a changed one holds for codes of every edition.
#[tokio::test]
async fn a_rule_that_is_assigned_later_holds_for_every_edition() {
    let shop = Shop::start().await;
    let ten = code(&shop, "TEN", percent(10), json!({})).await;
    assert_eq!(use_up(&shop, "TEN", "o-1").await, 1_000);
    let path = format!("/v1/campaigns/{ten}");
    shop.put(&path, &json!({"discount": percent(20)})).await;
    let rule = json!({"name": "Large", "expression": "order.amount >= 20000"});
    let rule = id(&shop.post(NOON, "/v1/validation-rules", &rule).await);
    let assign = json!({"campaign": ten});
    shop.post(
        NOON,
        &format!("/v1/validation-rules/{rule}/assignments"),
        &assign,
    )
    .await;
    let small = using(&["TEN"], order("o-2", 10_000));
    refused(&shop.noon(), &small, "order_rules_violated", "min_spend").await;
    let large = using(&["TEN"], order("o-3", 30_000));
    let used = shop.post(NOON, "/v1/redemptions", &large).await;
    assert_eq!(used["order"]["total_discount_amount"], 3_000);
}

#[tokio::test]
async fn a_voucher_of_a_campaign_may_have_a_value_of_its_own() {
    let shop = Shop::start().await;
    let two = json!({"vouchers_count": 2, "voucher": {"type": "DISCOUNT_VOUCHER",
        "discount": percent(10)}});
    let spring = campaign(&shop, "Spring", two).await;
    let codes = codes_of(&shop, "Spring").await;
    let path = format!("/v1/vouchers/{}", codes[0]);
    let dated = json!({"discount": percent(25), "expiration_date": "2026-11-25T12:00:00Z",
        "validity_hours": {"daily": [{"start_time": "08:00", "expiration_time": "13:00",
            "days_of_week": [0, 1, 2, 3, 4, 5, 6]}]}});
    let changed = shop.put(&path, &dated).await;
    assert_eq!(changed["discount"]["percent_off"], 25.0);
    assert_eq!(changed["campaign_id"], spring.as_str());
    assert_eq!(off(&shop, NOON, &codes[0]).await, 2_500);
    assert_eq!(off(&shop, NOON, &codes[1]).await, 1_000);
    assert_eq!(
        off(&shop, NOON + DAY / 4, &codes[0]).await,
        "voucher_not_active_now"
    );
    assert_eq!(
        off(&shop, NOON + 5 * DAY, &codes[0]).await,
        "voucher_expired"
    );
    // It stays when the campaign is edited, before and after somebody has it.
    let edit = json!({"discount": percent(50)});
    shop.put(&format!("/v1/campaigns/{spring}"), &edit).await;
    assert_eq!(off(&shop, NOON, &codes[0]).await, 2_500);
    assert_eq!(off(&shop, NOON, &codes[1]).await, 5_000);
    let rows = [
        (json!({"discount": ten_off()}), "invalid_voucher"),
        (
            json!({"discount": {"type": "PERCENT", "percent_off": 5, "effect": "APPLY_TO_ITEMS"}}),
            "invalid_voucher",
        ),
        (json!({"discount": {"type": "PERCENT"}}), "invalid_payload"),
        (
            json!({"discount": {"type": "PERCENT", "percent_off": 101}}),
            "invalid_payload",
        ),
        (json!({"discount": 7}), "invalid_payload"),
    ];
    for (body, key) in rows {
        check(&shop, (Method::PUT, &path, &body), (400, key)).await;
    }
    let used = using(&[&codes[0]], order("o-1", 10_000));
    let (_, used) = redeem(&shop.noon(), &used).await;
    let voucher = &used["redemptions"][0]["voucher"];
    assert_eq!(voucher["discount"]["percent_off"], 25.0, "{used}");
    let list = shop.get(NOON, "/v1/vouchers?campaign=Spring").await;
    let rows = list["vouchers"].as_array().unwrap().iter();
    let mut shown: Vec<_> = rows
        .map(|row| row["discount"]["percent_off"].as_f64().unwrap().to_string())
        .collect();
    shown.sort();
    assert_eq!(shown, ["25", "50"]);
}

#[tokio::test]
async fn gifts_and_tiers_of_a_campaign_are_edited() {
    let shop = Shop::start().await;
    let cards = json!({"name": "cards", "voucher": {"type": "GIFT_VOUCHER",
        "gift": {"amount": 2_000, "effect": "APPLY_TO_ITEMS"}}});
    shop.post(NOON, "/v1/campaigns", &cards).await;
    let made = async |code: &str| {
        let path = format!("/v1/campaigns/cards/vouchers/{code}");
        shop.post(NOON, &path, &json!({})).await["gift"]["amount"].clone()
    };
    assert_eq!(made("A").await, 2_000);
    let edited = json!({"gift": {"amount": 3_000}});
    let edited = shop.put("/v1/campaigns/cards", &edited).await;
    let gift = &edited["voucher"]["gift"];
    assert_eq!(
        (&gift["amount"], &gift["effect"]),
        (&json!(3_000), &json!("APPLY_TO_ITEMS"))
    );
    assert_eq!(made("B").await, 3_000);
    // What was put on a card is moved by its balance alone.
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/A").await["gift"]["amount"],
        2_000
    );
    for wrong in [
        json!({"gift": {"amount": -1}}),
        json!({"gift": {"amount": u64::MAX}}),
        json!({"gift": {"amount": 1, "effect": "ADD_NEW_ITEMS"}}),
        json!({"gift": 5}),
    ] {
        let refusal = (Method::PUT, "/v1/campaigns/cards", &wrong);
        check(&shop, refusal, (400, "invalid_payload")).await;
    }
    let club = json!({"name": "Club", "campaign_type": "LOYALTY_PROGRAM",
        "voucher": {"type": "LOYALTY_CARD"}});
    shop.post(NOON, "/v1/campaigns", &club).await;
    let by = json!({"loyalty_tiers_expiration": {"qualification_type": "BALANCE"},
        "options": {"recalculate_tiers": true}});
    for path in ["/v1/campaigns/Club", "/v1/loyalties/Club"] {
        let edited = shop.put(path, &by).await;
        assert_eq!(
            edited["loyalty_tiers_expiration"],
            by["loyalty_tiers_expiration"]
        );
        let cleared = shop
            .put(path, &json!({"loyalty_tiers_expiration": null}))
            .await;
        assert!(
            cleared
                .get("loyalty_tiers_expiration")
                .is_none_or(Value::is_null)
        );
    }
    let other = json!({"loyalty_tiers_expiration": {"qualification_type": "POINTS_IN_PERIOD"}});
    let refusal = (Method::PUT, "/v1/campaigns/Club", &other);
    check(&shop, refusal, (400, "invalid_payload")).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn the_type_of_a_voucher_that_stands_alone_cannot_be_changed_either() {
    let shop = Shop::start().await;
    let alone = json!({"code": "ALONE", "type": "DISCOUNT_VOUCHER", "discount": ten_off()});
    shop.post(NOON, "/v1/vouchers", &alone).await;
    let gift = json!({"code": "CARD", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000}});
    shop.post(NOON, "/v1/vouchers", &gift).await;
    let half = json!({"discount": percent(50)});
    for code in ["ALONE", "CARD"] {
        let path = format!("/v1/vouchers/{code}");
        check(&shop, (Method::PUT, &path, &half), (400, "invalid_voucher")).await;
    }
    let more = json!({"discount": {"type": "AMOUNT", "amount_off": 2_500}});
    shop.put("/v1/vouchers/ALONE", &more).await;
    assert_eq!(off(&shop, NOON, "ALONE").await, 2_500);
}
