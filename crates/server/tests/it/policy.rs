//! The policy over HTTP: what is in force, what does not fit, and what it learns.

use axum::http::StatusCode;
use serde_json::json;

use crate::shop::{DAY, HOUR, MINUTE, NOON, Shop};

#[tokio::test]
async fn a_policy_is_kept_and_told() {
    let shop = Shop::start().await;
    let before = shop.get(NOON, "/v1/policy").await;
    assert_eq!(before["policy"], json!({"kind": "ranked", "offers": []}));
    assert_eq!(before["holdout_ppm"], 100_000);
    shop.percent_off("Ten", 10, json!({})).await;
    shop.percent_off("Twenty", 20, json!({})).await;
    let guardrails = json!({
        "margin_at_least_ppm": 150_000, "depth_at_most_ppm": 200_000,
        "not_on_discounted": true, "quiet_days": 3, "never_reads": ["customer.trait.age"]
    });
    let put = json!({
        "policy": {"kind": "ladder", "campaigns": ["Ten", "Twenty"]}, "guardrails": guardrails
    });
    let kept = shop.put("/v1/policy", &put).await;
    assert_eq!(kept["policy"]["kind"], "ladder");
    let offers = kept["policy"]["offers"].as_array().unwrap();
    assert_eq!(offers.len(), 2);
    assert_eq!(kept["guardrails"], guardrails);
    assert_eq!(kept["holdout_ppm"], 100_000, "what is left out stays");
    assert_eq!(shop.get(NOON, "/v1/policy").await, kept);
    // By offers, the other way round.
    let put = json!({"policy": {"kind": "ranked", "offers": [offers[1], offers[0]]}});
    let turned = shop.put("/v1/policy", &put).await;
    assert_eq!(turned["policy"]["offers"], json!([offers[1], offers[0]]));
    assert_eq!(turned["guardrails"], guardrails);
}

#[tokio::test]
async fn what_does_not_fit_changes_nothing() {
    let shop = Shop::start().await;
    let rule = json!({"rule": "customer.trait.age >= 60"});
    shop.percent_off("Seniors", 10, rule).await;
    let before = shop.get(NOON, "/v1/policy").await;
    let check = async |body: serde_json::Value, status: u16, said: &str| {
        let (found, answer) = shop.noon().put("/v1/policy", &body).await.unwrap();
        assert_eq!(found.as_u16(), status, "{body}: {answer}");
        assert!(
            answer["detail"].as_str().unwrap().contains(said),
            "{answer}"
        );
    };
    let never = json!({"guardrails": {"never_reads": ["customer.trait.age"]}});
    check(never, 422, "The campaign Seniors reads customer.trait.age").await;
    check(json!({"holdout_ppm": 1_000_000}), 422, "arms").await;
    let twice = json!({"policy": {"kind": "ranked", "campaigns": ["Seniors", "Seniors"]}});
    check(twice, 422, "named twice").await;
    let unknown = json!({"policy": {"kind": "ranked", "campaigns": ["Nobody"]}});
    check(unknown, 422, "no campaign Nobody").await;
    let floor =
        json!({"policy": {"kind": "bandit", "campaigns": ["Seniors"], "floor_ppm": 1_000_001}});
    check(floor, 422, "ppm").await;
    check(
        json!({"guardrails": {"margin_at_least_ppm": 2_000_000}}),
        422,
        "whole",
    )
    .await;
    check(json!({"policy": {"kind": "best"}}), 400, "unknown variant").await;
    check(json!({"polcy": {}}), 400, "polcy").await;
    check(json!([]), 400, "").await;
    assert_eq!(shop.get(NOON, "/v1/policy").await, before);
}

/// Of two offers one earns 30.00 each time and the other nothing: the shares shift, and only by
/// grants that have ended.
#[tokio::test]
async fn a_bandit_learns_from_grants_that_ended() {
    let shop = Shop::start().await;
    for name in ["Dull", "Bright"] {
        shop.percent_off(name, 10, json!({"grant_days": 2})).await;
    }
    shop.policy("bandit", &["Dull", "Bright"], 0).await;
    let mut given = [0_u64; 2];
    let mut orders = Vec::new();
    for number in 0..24 {
        let name = format!("c{number}");
        shop.customer(&name).await;
        let made = shop.decide(NOON, &name).await;
        let is_bright = made["offer"]["name"] == "Bright";
        given[usize::from(is_bright)] += 1;
        let total = if is_bright {
            30.0 + f64::from(number % 3)
        } else {
            0.0
        };
        orders.push(json!({
            "type": "track", "event": "Order Completed", "messageId": format!("o{number}"),
            "userId": name, "properties": {"order_id": format!("o{number}"), "total": total}
        }));
    }
    shop.post(NOON + HOUR, "/v1/batch", &json!({"batch": orders}))
        .await;
    let early = shop.post(NOON + HOUR, "/v1/policy/learn", &json!({})).await;
    assert_eq!(early["policy"]["evidence"][0]["n"], 0, "none has ended");
    let learnt = shop
        .post(NOON + 3 * DAY, "/v1/policy/learn", &json!({}))
        .await;
    let evidence = learnt["policy"]["evidence"].as_array().unwrap();
    assert_eq!(evidence[0]["n"], given[0]);
    assert_eq!(evidence[1]["n"], given[1]);
    assert_eq!(evidence[0]["mean"], 0.0);
    let mean = evidence[1]["mean"].as_f64().unwrap();
    assert!((3_000.0..=3_200.0).contains(&mean), "{mean}");
    shop.customer("next").await;
    let made = shop.decide(NOON + 3 * DAY, "next").await;
    let path = format!("/v1/decisions/{}", made["id"].as_str().unwrap());
    let trace = shop.get(NOON, &path).await;
    let share = |name: &str| {
        let all = trace["candidates"].as_array().unwrap();
        let one = all.iter().find(|one| one["name"] == name).unwrap();
        one["propensity"].as_u64().unwrap()
    };
    assert_eq!(share("Dull"), 20_000, "the floor");
    assert_eq!(share("Bright"), 980_000);
}

#[tokio::test]
async fn a_gift_card_lapses_when_its_day_has_passed() {
    let shop = Shop::start().await;
    let card = json!({
        "code": "GIFT-1", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000},
        "expiration_date": "2026-11-23T18:00:00Z"
    });
    shop.post(NOON, "/v1/vouchers/GIFT-1", &card).await;
    let jobs = async |now: i64| shop.post(now, "/v1/sandbox/jobs", &json!({})).await;
    assert_eq!(jobs(NOON).await["lapsed"], 0);
    assert_eq!(
        jobs(NOON + 2 * DAY + 5 * HOUR).await["lapsed"],
        0,
        "not before its day is over"
    );
    let done = jobs(NOON + 3 * DAY).await;
    assert_eq!(
        (&done["lapsed"], &done["breakage"]),
        (&json!(1), &json!(5_000))
    );
    assert_eq!(jobs(NOON + 3 * DAY + MINUTE).await["lapsed"], 0, "once");
    let audit = shop.app.store().audit().await.unwrap();
    assert_eq!(audit.findings, vec![]);
    let (status, answer) = shop
        .live
        .post("/v1/sandbox/jobs", &json!({}))
        .await
        .unwrap();
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::CONFLICT, &json!("clock_is_live"))
    );
}
