//! Codes that stand alone, and codes added to a campaign.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    campaigns::delete,
    redemptions::{books_balance, order, percent, refused, ten_off, using},
    shop::{NOON, Shop},
};

#[tokio::test]
async fn a_code_is_found_however_it_is_typed() {
    let shop = Shop::start().await;
    let made = json!({"discount": ten_off(), "redemption": {"quantity": "3"},
        "metadata": {"partner": "north"}});
    let made = shop.post(NOON, "/v1/vouchers/spring-1", &made).await;
    assert_eq!(made["code"], "SPRING-1");
    assert_eq!(made["redemption"]["quantity"], 3);
    assert!(made["campaign"].is_null());
    let id = made["id"].as_str().unwrap();
    for name in ["SPRING-1", "spring-1", "%20Spring-1%20", id] {
        assert_eq!(shop.get(NOON, &format!("/v1/vouchers/{name}")).await, made);
    }
    let again = json!({"code": "Spring-1", "discount": ten_off()});
    let (status, answer) = shop.noon().post("/v1/vouchers", &again).await.unwrap();
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::CONFLICT, &json!("duplicate_found"))
    );
    let list = shop.get(NOON, "/v1/vouchers").await;
    assert_eq!((&list["total"], &list["vouchers"][0]), (&json!(1), &made));
}

#[tokio::test]
async fn a_voucher_is_changed_and_removed() {
    let shop = Shop::start().await;
    shop.post(
        NOON,
        "/v1/vouchers",
        &json!({"code": "A", "discount": percent(10)}),
    )
    .await;
    let sent = json!({"discount": percent(50), "metadata": {"k": 1},
        "expiration_date": "2026-11-22"});
    let changed = shop.put("/v1/vouchers/A", &sent).await;
    assert_eq!(changed["discount"]["percent_off"], 50);
    assert_eq!(changed["expiration_date"], "2026-11-22T00:00:00.000Z");
    let body = using(&["A"], order("o-1", 5_000));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(used["order"]["total_amount"], 2_500);
    let wrong = json!({"start_date": "2026-11-23"});
    let (status, _) = shop.noon().put("/v1/vouchers/A", &wrong).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    shop.put("/v1/vouchers/A", &json!({"expiration_date": null}))
        .await;
    assert!(shop.get(NOON, "/v1/vouchers/A").await["expiration_date"].is_null());
    assert_eq!(
        delete(&shop, "/v1/vouchers/A").await.0,
        StatusCode::NO_CONTENT
    );
    let other = using(&["A"], order("o-2", 5_000));
    refused(&shop.noon(), &other, "not_found", "not_found").await;
    // The books keep what it gave, and it can still be rolled back.
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    shop.post(NOON, &format!("/v1/redemptions/{id}/rollback"), &json!({}))
        .await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn codes_are_added_to_a_campaign() {
    let shop = Shop::start().await;
    let campaign = json!({
        "name": "bulk", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "redemption": {"quantity": 1}, "code_config": {"pattern": "B-####-####"}}
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    let path = "/v1/campaigns/bulk/vouchers";
    let one = shop.post(NOON, path, &json!({})).await;
    assert_eq!(one["campaign"], "bulk");
    assert_eq!(one["redemption"]["quantity"], 1);
    assert_eq!(one["code"].as_str().unwrap().len(), 11);
    let many = format!("{path}?vouchers_count=30");
    let (status, answer) = shop.noon().post(&many, &json!({})).await.unwrap();
    assert_eq!(status, StatusCode::ACCEPTED);
    assert!(answer["async_action_id"].is_string());
    let chosen = json!({"redemption": {"quantity": 5}});
    let chosen = shop.post(NOON, &format!("{path}/MINE"), &chosen).await;
    assert_eq!(
        (&chosen["code"], &chosen["redemption"]["quantity"]),
        (&json!("MINE"), &json!(5))
    );
    assert_eq!(
        shop.get(NOON, "/v1/campaigns/bulk").await["vouchers_count"],
        32
    );
    for wrong in ["0", "1000001", "many", "-1"] {
        let path = format!("{path}?vouchers_count={wrong}");
        let (status, answer) = shop.noon().post(&path, &json!({})).await.unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["key"], "invalid_query_params");
    }
    for wrong in ["limit=0", "limit=101", "page=0", "page=9999", "limit=x"] {
        let list = format!("/v1/vouchers?{wrong}");
        let (status, answer) = shop.noon().get(&list).await.unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(answer["key"].is_string());
    }
    let page = shop
        .get(NOON, "/v1/vouchers?campaign=bulk&limit=10&page=4")
        .await;
    assert_eq!(page["vouchers"].as_array().unwrap().len(), 2);
    assert_eq!(page["total"], 32);
}

#[tokio::test]
async fn hostile_vouchers_are_refused() {
    let shop = Shop::start().await;
    let gift = |amount: Value| json!({"type": "GIFT_VOUCHER", "gift": {"amount": amount}});
    for body in [
        json!({}),
        json!([]),
        json!({"code": "", "discount": ten_off()}),
        json!({"code": "x".repeat(129), "discount": ten_off()}),
        json!({"code": 7, "discount": ten_off()}),
        json!({"discount": ten_off(), "redemption": {"quantity": -1}}),
        json!({"discount": ten_off(), "code_config": {"length": 100_000}}),
        json!({"discount": ten_off(), "code_config": {"pattern": "#".repeat(1_000)}}),
        json!({"discount": ten_off(), "campaign": "nope"}),
        gift(json!(-5)),
        gift(json!(u64::MAX)),
        json!({"type": "GIFT_VOUCHER"}),
        json!({"discount": ten_off(), "gift": {"amount": 5}}),
    ] {
        let (status, answer) = shop.noon().post("/v1/vouchers", &body).await.unwrap();
        assert!(status.is_client_error(), "{status} {body} {answer}");
        assert!(answer["key"].is_string(), "{answer}");
    }
    shop.post(
        NOON,
        "/v1/vouchers",
        &json!({"code": "G", "type": "GIFT_VOUCHER",
        "gift": {"amount": 5}}),
    )
    .await;
    for amount in [
        json!(i64::MIN),
        json!(i64::MAX),
        json!("1"),
        json!(1.5),
        Value::Null,
    ] {
        let body = json!({"amount": amount});
        let (status, answer) = shop
            .noon()
            .post("/v1/vouchers/G/balance", &body)
            .await
            .unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
    assert_eq!(shop.get(NOON, "/v1/vouchers").await["total"], 1);
    books_balance(&shop).await;
}

/// What the shop takes off is told apart from what was paid; what is held is neither.
#[tokio::test]
async fn a_gift_card_tells_what_was_put_on_it_taken_off_and_paid() {
    let shop = Shop::start().await;
    let card = json!({"code": "G", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000}});
    shop.post(NOON, "/v1/vouchers", &card).await;
    let balance = async |amount: i64| {
        let body = json!({"amount": amount});
        let answer = shop.post(NOON, "/v1/vouchers/G/balance", &body).await;
        [answer["total"].clone(), answer["balance"].clone()]
    };
    assert_eq!(balance(1_000).await, [6_000, 6_000]);
    assert_eq!(balance(-400).await, [5_600, 5_600]);
    let paid = shop
        .post(NOON, "/v1/redemptions", &using(&["G"], order("o-1", 2_000)))
        .await;
    let gift = |amount: u64, balance: u64, subtracted: u64| {
        json!({"amount": amount, "balance": balance, "subtracted_amount": subtracted,
            "effect": "APPLY_TO_ORDER"})
    };
    let kept = &paid["redemptions"][0]["voucher"];
    assert_eq!(kept["gift"], gift(6_000, 3_600, 400));
    assert_eq!(kept["redemption"]["redeemed_amount"], 2_000);
    let mut held = using(&["G"], order("o-2", 1_000));
    held["session"] = json!({"type": "LOCK", "key": "held"});
    shop.post(NOON, "/v1/validations", &held).await;
    let now = shop.get(NOON, "/v1/vouchers/G").await;
    assert_eq!(now["gift"], gift(6_000, 2_600, 400));
    assert_eq!(now["redemption"]["redeemed_amount"], 2_000);
    assert_eq!(balance(-600).await, [5_000, 2_000]);
    let id = paid["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(NOON, &path, &json!({})).await;
    let back = shop.get(NOON, "/v1/vouchers/G").await;
    assert_eq!(back["gift"], gift(6_000, 4_000, 1_000));
    assert_eq!(back["redemption"]["redeemed_amount"], 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_named_change_of_a_card_happens_once() {
    let shop = Shop::start().await;
    for code in ["G", "H"] {
        let card = json!({"code": code, "type": "GIFT_VOUCHER", "gift": {"amount": 500}});
        shop.post(NOON, "/v1/vouchers", &card).await;
    }
    let balance = |code: &str| format!("/v1/vouchers/{code}/balance");
    let named = |source: &str| json!({"amount": 100, "source_id": source});
    let long = "x".repeat(300);
    for (times, source) in ["Überweisung №7\n", "\"quoted", &long]
        .into_iter()
        .enumerate()
    {
        let expected = 500 + 100 * (times + 1);
        // However the card is written, and under whatever key.
        for (number, code) in ["G", "g", "G"].into_iter().enumerate() {
            let key = format!("k-{times}-{number}");
            let client = shop.noon().with("idempotency-key", &key);
            let (status, answer) = client.post(&balance(code), &named(source)).await.unwrap();
            assert_eq!(
                (status, &answer["balance"]),
                (StatusCode::OK, &json!(expected))
            );
        }
    }
    // Another card has changes of its own; another amount is another change.
    let other = shop.post(NOON, &balance("H"), &named(&long)).await;
    assert_eq!(other["balance"], 600);
    let more = json!({"amount": 200, "source_id": long});
    let (status, answer) = shop.noon().post(&balance("G"), &more).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/G").await["gift"]["balance"],
        800
    );
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_code_is_listed_wherever_it_stands() {
    let shop = Shop::start().await;
    for number in 0..12 {
        let made = json!({"code": format!("C-{number}"), "discount": ten_off()});
        shop.post(NOON, "/v1/vouchers", &made).await;
    }
    // The oldest is on the second page of all.
    let found = shop.get(NOON, "/v1/vouchers?code=c-0").await;
    assert_eq!(
        (&found["total"], &found["vouchers"][0]["code"]),
        (&json!(1), &json!("C-0"))
    );
    let found = shop.get(NOON, "/v1/vouchers?code=c-99").await;
    assert_eq!(
        (&found["total"], &found["vouchers"]),
        (&json!(0), &json!([]))
    );
    let all = shop.get(NOON, "/v1/vouchers?limit=5&page=3").await;
    let codes: Vec<&Value> = all["vouchers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(
        (&all["total"], codes),
        (&json!(12), vec![&json!("C-1"), &json!("C-0")])
    );
}
