//! When something is open: days, hours and timeframes by the clock of the shop.

use serde_json::{Value, json};

use crate::{
    redemptions::using,
    shop::{NOON, Shop},
};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// `NOON` is a Saturday in UTC.
async fn validated(shop: &Shop, now: i64, code: &str) -> Value {
    let order = json!({"amount": 10_000});
    shop.post(now, "/v1/validations", &using(&[code], order))
        .await
}

fn campaign(code: &str, more: &Value) -> Value {
    let mut campaign = json!({
        "name": code, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {
            "type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1_000},
            "code_config": {"pattern": code},
        },
    });
    let members = campaign.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    campaign
}

#[tokio::test]
async fn days_of_the_week_are_those_of_the_shop() {
    let shop = Shop::start().await;
    let days = json!({"validity_day_of_week": [6]});
    let made = shop
        .post(NOON, "/v1/campaigns", &campaign("SATURDAY", &days))
        .await;
    assert_eq!(made["validity_day_of_week"], json!([6]));
    assert_eq!(validated(&shop, NOON, "SATURDAY").await["valid"], true);
    let closed = validated(&shop, NOON + DAY, "SATURDAY").await;
    let error = &closed["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "voucher_not_active_now", "{closed}");
    // Nine the next morning in UTC is still Saturday in Honolulu.
    let later = NOON + 21 * HOUR;
    assert_eq!(validated(&shop, later, "SATURDAY").await["valid"], false);
    let wrong = json!({"timezone": "Honolulu"});
    let (status, refused) = shop.noon().put("/v1/settings", &wrong).await.unwrap();
    assert_eq!(status, 422);
    assert_eq!(refused["code"], "not_a_time_zone");
    let settings = shop
        .put("/v1/settings", &json!({"timezone": "Pacific/Honolulu"}))
        .await;
    assert_eq!(settings["timezone"], "Pacific/Honolulu");
    assert_eq!(validated(&shop, later, "SATURDAY").await["valid"], true);
}

#[tokio::test]
async fn a_limit_of_a_day_begins_with_the_day_of_the_shop() {
    let shop = Shop::start().await;
    shop.put("/v1/settings", &json!({"timezone": "Pacific/Honolulu"}))
        .await;
    let rule = json!({"name": "Once a day", "rules": {
        "1": {"name": "campaign.redemptions.count.daily",
              "conditions": {"$less_than_or_equal": [1]}},
    }});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let rules = json!({"validation_rules": [rule["id"]]});
    shop.post(NOON, "/v1/campaigns", &campaign("DAILY", &rules))
        .await;
    let redeem = async |now: i64| {
        let order = json!({"amount": 10_000});
        let (status, _) = shop
            .at(now)
            .post("/v1/redemptions", &using(&["DAILY"], order))
            .await
            .unwrap();
        status
    };
    assert_eq!(redeem(NOON).await, 200);
    // Midnight in UTC, two in the afternoon in Honolulu; then midnight there.
    assert_eq!(redeem(NOON + 12 * HOUR).await, 400);
    assert_eq!(redeem(NOON + 22 * HOUR - 1).await, 400);
    assert_eq!(redeem(NOON + 22 * HOUR).await, 200);
}

#[tokio::test]
async fn hours_and_timeframes_open_and_close() {
    let shop = Shop::start().await;
    let hours = json!({"validity_hours": {"daily": [
        {"start_time": "09:00", "expiration_time": "12:00", "days_of_week": [6]},
    ]}});
    shop.post(NOON, "/v1/campaigns", &campaign("MORNING", &hours))
        .await;
    assert_eq!(validated(&shop, NOON - 1, "MORNING").await["valid"], true);
    assert_eq!(validated(&shop, NOON, "MORNING").await["valid"], false);
    let frame = json!({
        "start_date": "2026-11-21T00:00:00Z",
        "validity_timeframe": {"interval": "P2D", "duration": "P1D"},
    });
    let made = shop
        .post(NOON, "/v1/campaigns", &campaign("EVERYOTHER", &frame))
        .await;
    assert_eq!(made["validity_timeframe"], frame["validity_timeframe"]);
    for (days, is_open) in [(0, true), (1, false), (2, true), (3, false), (4, true)] {
        let answer = validated(&shop, NOON + days * DAY, "EVERYOTHER").await;
        assert_eq!(answer["valid"], is_open, "{days}");
    }
    // Taken back, it is open always; and a code has a calendar of its own.
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/campaigns/{id}");
    let changed = shop.put(&path, &json!({"validity_timeframe": null})).await;
    assert_eq!(changed["validity_timeframe"], Value::Null);
    assert_eq!(
        validated(&shop, NOON + DAY, "EVERYOTHER").await["valid"],
        true
    );
    let sundays = json!({"validity_day_of_week": [0]});
    let changed = shop.put("/v1/vouchers/EVERYOTHER", &sundays).await;
    assert_eq!(changed["validity_day_of_week"], json!([0]));
    assert_eq!(validated(&shop, NOON, "EVERYOTHER").await["valid"], false);
    assert_eq!(
        validated(&shop, NOON + DAY, "EVERYOTHER").await["valid"],
        true
    );
}

#[tokio::test]
async fn what_no_clock_says_is_refused() {
    let shop = Shop::start().await;
    for (more, place) in [
        (
            json!({"validity_day_of_week": [7]}),
            "/validity_day_of_week/0",
        ),
        (
            json!({"validity_hours": {"daily": [{"start_time": "noon"}]}}),
            "/start_time",
        ),
        (
            json!({"validity_timeframe": {"interval": "P1D", "duration": "x"},
            "start_date": "2026-11-21T00:00:00Z"}),
            "/duration",
        ),
        (
            json!({"validity_timeframe": {"interval": "P1D", "duration": "PT1H"}}),
            "start_date",
        ),
    ] {
        let (status, refused) = shop
            .noon()
            .post("/v1/campaigns", &campaign("X", &more))
            .await
            .unwrap();
        assert_eq!(status, 400);
        assert!(
            refused["details"].as_str().unwrap().contains(place),
            "{refused}"
        );
    }
}

/// A code under a rule of one node, which is what this asks of the metadata of an order.
async fn ruled(shop: &Shop, code: &str, conditions: Value) {
    let rule = json!({"name": code, "rules": {
        "1": {"name": "order.metadata", "property": "slot", "conditions": conditions},
    }});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let rules = json!({"validation_rules": [rule["id"]]});
    shop.post(NOON, "/v1/campaigns", &campaign(code, &rules))
        .await;
}

#[tokio::test]
async fn rules_read_dates_in_metadata_by_the_clock_of_the_shop() {
    let shop = Shop::start().await;
    shop.put("/v1/settings", &json!({"timezone": "Pacific/Honolulu"}))
        .await;
    ruled(&shop, "SATURDAY", json!({"$dow": [6]})).await;
    ruled(&shop, "TOMORROW", json!({"$is_days_in_future": [1]})).await;
    let hours = json!({"$timeframe_daily_hours": ["09:00;12:00"]});
    ruled(&shop, "MORNING", hours).await;
    let weeks = json!({"$timeframe": ["2026-11-16;P1W;P2D"]});
    ruled(&shop, "WEEKSTART", weeks).await;
    ruled(&shop, "TWO", json!({"$count": [2]})).await;
    let check = async |code: &str, slot: Value, valid: bool| {
        let order = json!({"amount": 10_000, "metadata": {"slot": slot}});
        let answer = shop
            .post(NOON, "/v1/validations", &using(&[code], order))
            .await;
        assert_eq!(answer["valid"], valid, "{code} {slot}: {answer}");
        answer
    };
    // `NOON` is two in the morning of Saturday, 21 November, there.
    check("SATURDAY", json!("2026-11-21"), true).await;
    check("SATURDAY", json!("2026-11-22T09:59:59Z"), true).await;
    check("SATURDAY", json!("2026-11-22T10:00:00Z"), false).await;
    check("TOMORROW", json!("2026-11-22"), true).await;
    check("TOMORROW", json!("2026-11-22T09:00:00Z"), false).await;
    check("MORNING", json!("2026-11-22T19:00:00Z"), true).await;
    check("MORNING", json!("2026-11-22T22:00:00Z"), false).await;
    check("WEEKSTART", json!("2026-11-24"), true).await;
    check("WEEKSTART", json!("2026-11-25"), false).await;
    check("TWO", json!(["a", "b"]), true).await;
    check("TWO", json!(["a"]), false).await;
    let unknown = check("SATURDAY", json!("some day"), false).await;
    let error = &unknown["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "order_rules_violated", "{unknown}");
    let wrong = json!({"name": "Wrong", "rules": {
        "1": {"name": "order.metadata", "property": "slot", "conditions": {"$dow": [7]}},
    }});
    let (status, refused) = shop
        .noon()
        .post("/v1/validation-rules", &wrong)
        .await
        .unwrap();
    assert_eq!(status, 400);
    assert_eq!(refused["key"], "invalid_payload");
    let details = "/rules/1/conditions/$dow/0: is a day from 0 (Sunday) to 6";
    assert_eq!(refused["details"], details);
}
