//! Guessing codes from a page: it is noticed, it is slow, and it tells nothing.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    checkout::{Call, For, Till},
    guessing::{Attempt, Who},
    setup::SANDBOX,
};
use wire::voucherify::{CustomerInput, RedeemableInput, RedeemableKind};

use crate::{
    clients::Page,
    redemptions::{code, find_code, order, ten_off, using},
    shop::{MINUTE, NOON, Shop},
};

const VALIDATE: (Method, &str) = (Method::POST, "/client/v1/validations");

/// A code that is Ann's alone.
async fn of_ann(shop: &Shop) -> String {
    shop.customer("ann").await;
    let campaign = shop.percent_off("welcome", 20, json!({})).await;
    shop.policy("ranked", &[&campaign], 0).await;
    let decided = shop.decide(NOON, "ann").await;
    find_code(&decided).unwrap()
}

fn guess(person: &str, code: &str) -> Value {
    let mut body = using(&[code], order("o-1", 10_000));
    body["customer"] = json!({"source_id": person});
    body
}

#[tokio::test]
async fn an_attack_is_held_up_and_its_neighbour_is_not() {
    let shop = Shop::start().await;
    let mut page = Page::of(&shop).await;
    let own = of_ann(&shop).await;
    let (mut looked_at, mut hits) = (0, 0);
    // Behind one address, as fast as ten a second, as somebody else each time.
    for number in 0..300 {
        page.now = NOON + number * 100;
        let body = guess(&format!("p-{number}"), &format!("GUESS-{number}"));
        let (status, headers, answer) = page.asks(VALIDATE, &body).await;
        match status {
            StatusCode::OK => looked_at += 1,
            status => {
                assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                assert_eq!(answer["key"], "too_many_requests", "{answer}");
                let left: i64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
                assert!((1..=600).contains(&left), "{left}");
                assert_eq!(headers["x-rate-limit-limit"], "20");
                assert_eq!(headers["x-rate-limit-remaining"], "0");
                assert_eq!(headers["x-rate-limit-type"], "api_calls");
                let until = headers["x-rate-limit-retry"].to_str().unwrap();
                let until = until.parse::<i64>().unwrap() - page.now / 1_000;
                assert!((until - left).abs() <= 1, "{until} {left}");
                assert!(headers.contains_key("access-control-allow-origin"));
            }
        }
        hits += usize::from(answer["valid"] == true);
    }
    assert_eq!((looked_at, hits), (20, 0));
    // Ann sits behind the same address.
    let seen = page.posts(VALIDATE.1, &guess("ann", &own)).await;
    assert_eq!(seen["valid"], true, "{seen}");
    let used = page
        .posts("/client/v1/redemptions", &guess("ann", &own))
        .await;
    assert_eq!(used["redemptions"][0]["result"], "SUCCESS");
    // Her code does not do for somebody else, nor a good one of everybody's beside it.
    code(&shop, "SPRING", ten_off(), json!({})).await;
    for wrong in [guess("bob", &own), guess("ann", "SPRING")] {
        let (status, _, _) = page.asks(VALIDATE, &wrong).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    }
    // Another address is not concerned, and the wait ends.
    page.address = "198.51.100.1".into();
    let seen = page.posts(VALIDATE.1, &guess("bob", "SPRING")).await;
    assert_eq!(seen["valid"], true);
    page.address = "203.0.113.7".into();
    page.now = NOON + 11 * MINUTE;
    let seen = page.posts(VALIDATE.1, &guess("bob", "SPRING")).await;
    assert_eq!(seen["valid"], true);
}

#[tokio::test]
async fn a_person_has_five_mistakes_wherever_they_are() {
    let shop = Shop::start().await;
    let mut page = Page::of(&shop).await;
    code(&shop, "SPRING", ten_off(), json!({})).await;
    for number in 0..5 {
        page.address = format!("198.51.{number}.1");
        let seen = page.posts(VALIDATE.1, &guess("bob", "WRONG")).await;
        assert_eq!(seen["valid"], false);
    }
    let (status, headers, _) = page.asks(VALIDATE, &guess("bob", "SPRING")).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(headers["retry-after"], "600");
    assert_eq!(headers["x-rate-limit-limit"], "5");
    // Redeeming is held up alike, and the shop's own server is not.
    let asked = (Method::POST, "/client/v1/redemptions");
    let (status, _, _) = page.asks(asked, &guess("bob", "SPRING")).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let seen = shop
        .post(NOON, "/v1/validations", &guess("bob", "SPRING"))
        .await;
    assert_eq!(seen["valid"], true);
}

/// The code and the number of the request are all that differs.
fn without(mut answer: Value, code: &str) -> String {
    fn forget(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove("request_id");
                members.values_mut().for_each(forget);
            }
            Value::Array(items) => items.iter_mut().for_each(forget),
            _ => {}
        }
    }
    forget(&mut answer);
    answer.to_string().replace(code, "CODE")
}

#[tokio::test]
async fn unknown_foreign_and_paused_codes_are_answered_alike() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    let own = of_ann(&shop).await;
    code(&shop, "PAUSED", ten_off(), json!({})).await;
    shop.post(NOON, "/v1/vouchers/PAUSED/disable", &json!({}))
        .await;
    let campaign = code(&shop, "OFF", ten_off(), json!({})).await;
    shop.post(
        NOON,
        &format!("/v1/campaigns/{campaign}/disable"),
        &json!({}),
    )
    .await;
    let id = shop.get(NOON, "/v1/vouchers/PAUSED").await["id"].clone();
    let mut answers = Vec::new();
    for code in ["NOBODYS", &own, "PAUSED", "OFF", id.as_str().unwrap()] {
        for (number, path) in ["validations", "redemptions"].into_iter().enumerate() {
            // As somebody else each time, so that nobody has to wait.
            let body = guess(&format!("{code}-{number}"), code);
            let path = format!("/client/v1/{path}");
            let (status, _, answer) = page.asks((Method::POST, &path), &body).await;
            answers.push((number, status, without(answer, code)));
        }
    }
    let expected: Vec<_> = answers.iter().take(2).cycle().take(answers.len()).collect();
    assert_eq!(answers.iter().collect::<Vec<_>>(), expected);
    assert!(answers[0].2.contains("not_found"), "{answers:?}");
    // The shop itself is told why.
    let told = shop
        .post(NOON, "/v1/validations", &guess("bob", "PAUSED"))
        .await;
    let error = &told["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "voucher_disabled");
}

async fn work(shop: &Shop, attempt: &Arc<Attempt>, code: &str) -> u64 {
    let bob = CustomerInput {
        source_id: Some("bob".into()),
        ..CustomerInput::default()
    };
    let call = Call {
        project: SANDBOX,
        key: 0,
        now: NOON,
        customer: Some(&bob),
        order: None,
        metadata: None,
        session: None,
        purpose: For::Looking,
    };
    let till = Till::open(&shop.app, &call).await.unwrap();
    let mut till = till.asked_by(Some(attempt));
    let redeemable = RedeemableInput {
        object: RedeemableKind::Voucher,
        id: code.into(),
        gift: None,
        reward: None,
    };
    till.put_forward(&[redeemable]).await.ok();
    till.people.view().asked()
}

/// Time is what the store is asked, and it is asked as much.
#[tokio::test]
async fn unknown_foreign_and_paused_codes_take_as_much_work() {
    let shop = Shop::start().await;
    shop.customer("bob").await;
    let own = of_ann(&shop).await;
    code(&shop, "PAUSED", ten_off(), json!({})).await;
    shop.post(NOON, "/v1/vouchers/PAUSED/disable", &json!({}))
        .await;
    let who = Who {
        project: SANDBOX,
        person: Some("bob"),
        address: None,
    };
    let guessing = shop.app.guessing();
    let free = guessing.begin(&who, 5, NOON);
    free.found_missing(5);
    guessing.end(&free);
    let held_up = guessing.begin(&who, 1, NOON);
    assert!(!free.only_own() && held_up.only_own());
    for attempt in [free, held_up] {
        let unknown = work(&shop, &attempt, "NOBODYS").await;
        assert!(unknown >= 3, "{unknown}");
        assert_eq!(work(&shop, &attempt, &own).await, unknown);
        assert_eq!(work(&shop, &attempt, "PAUSED").await, unknown);
    }
}
