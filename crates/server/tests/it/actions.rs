//! What is done in the background: very many codes, and removing them again.

use std::{collections::HashSet, time::Duration};

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::{
    actions, jobs,
    setup::{LIVE, SANDBOX},
};

use crate::{
    campaigns::delete,
    catalogue::id,
    redemptions::{books_balance, order, ten_off, using},
    shop::{NOON, Shop},
};

/// Does what waits to be done in the sandbox.
pub async fn work(shop: &Shop) {
    shop.post(NOON, "/v1/sandbox/jobs", &json!({})).await;
}

/// The action that an answer names, as it is now.
pub async fn action(shop: &Shop, started: &Value) -> Value {
    let id = started["async_action_id"].as_str().unwrap();
    assert!(id.starts_with("aa_"), "{id}");
    assert!(id.starts_with("aa_"), "{started}");
    shop.get(NOON, &format!("/v1/async-actions/{id}")).await
}

async fn campaign(shop: &Shop, name: &str, more: Value) -> Value {
    let mut body = json!({
        "name": name, "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "redemption": {"quantity": 1}}
    });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    shop.post(NOON, "/v1/campaigns", &body).await
}

async fn codes_of(shop: &Shop, name: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for page in 1.. {
        let path = format!("/v1/vouchers?campaign={name}&limit=100&page={page}");
        let list = shop.get(NOON, &path).await;
        let rows = list["vouchers"].as_array().unwrap();
        codes.extend(
            rows.iter()
                .map(|row| row["code"].as_str().unwrap().to_owned()),
        );
        if rows.len() < 100 {
            break;
        }
    }
    codes
}

async fn ask(shop: &Shop, name: &str, (count, body): (u32, Value)) -> (StatusCode, Value) {
    let path = format!("/v1/campaigns/{name}/vouchers?vouchers_count={count}");
    shop.noon().post(&path, &body).await.unwrap()
}

#[tokio::test]
async fn many_codes_are_made_in_the_background() {
    let shop = Shop::start().await;
    let made = campaign(&shop, "bulk", json!({"vouchers_count": 1_750})).await;
    assert_eq!(made["vouchers_count"], 1_750);
    assert_eq!(made["vouchers_generation_status"], "IN_PROGRESS");
    let path = "/v1/campaigns/bulk";
    let now = shop.get(NOON, path).await;
    assert_eq!(now["vouchers_generation_status"], "IN_PROGRESS");
    assert_eq!(now["vouchers_count"], 0);
    let list = shop.get(NOON, "/v1/async-actions").await;
    assert_eq!(list["data_ref"], "async_actions");
    assert_eq!(list["has_more"], false);
    let row = &list["async_actions"][0];
    assert_eq!(row["type"], "CAMPAIGN.VOUCHERS_GENERATE");
    assert_eq!(row["status"], "ENQUEUED");
    assert_eq!(row["operation_status"], "UNKNOWN");
    assert_eq!(row["created_at"], "2026-11-21T12:00:00.000Z");
    assert_eq!(
        (&row["progress"], &row["object"]),
        (&json!(0), &json!("async_action"))
    );
    assert!(row.get("result").is_none());

    work(&shop).await;
    let now = shop.get(NOON, path).await;
    assert_eq!(now["vouchers_generation_status"], "DONE");
    assert_eq!(now["vouchers_count"], 1_750);
    let action = shop
        .get(NOON, &format!("/v1/async-actions/{}", id(row)))
        .await;
    assert_eq!(action["status"], "DONE");
    assert_eq!(action["operation_status"], "SUCCESS");
    assert_eq!(action["progress"], 100);
    let result = json!({"done_count": 1_750, "failed_count": 0, "failed": []});
    assert_eq!(action["result"], result);
    assert!(action["processing_time"].is_u64() && action["updated_at"].is_string());

    let codes = codes_of(&shop, "bulk").await;
    let different: HashSet<&String> = codes.iter().collect();
    assert_eq!(different.len(), 1_750);
    assert!(codes.iter().all(|code| offers::codes::check(code)));
    // Each is a code as any other.
    let used = using(&[&codes[7]], order("o-1", 5_000));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    assert_eq!(used["order"]["total_amount"], 4_000);
    let voucher = &used["redemptions"][0]["voucher"];
    assert_eq!(voucher["redemption"]["quantity"], 1);
    assert_eq!(voucher["created_at"], "2026-11-21T12:00:00.000Z");
    books_balance(&shop).await;
}

#[tokio::test]
async fn codes_look_as_they_are_asked_to_and_none_is_made_twice() {
    let shop = Shop::start().await;
    campaign(&shop, "narrow", json!({})).await;
    // 10 000 codes look so; a quarter of them is taken beforehand.
    let look = json!({"code_config": {"pattern": "S-####", "charset": "0123456789"},
        "metadata": {"batch": 1}});
    for round in 1..=2 {
        let (status, started) = ask(&shop, "narrow", (2_500, look.clone())).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{started}");
        work(&shop).await;
        let action = action(&shop, &started).await;
        assert_eq!(action["status"], "DONE", "{action}");
        let codes = codes_of(&shop, "narrow").await;
        let different: HashSet<&String> = codes.iter().collect();
        assert_eq!(different.len(), 2_500 * round);
        let is_one = |code: &String| {
            let digits = code.strip_prefix("S-").unwrap();
            digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        assert!(codes.iter().all(is_one));
    }
    let one = shop.get(NOON, "/v1/vouchers?campaign=narrow&limit=1").await;
    assert_eq!(one["vouchers"][0]["metadata"], json!({"batch": 1}));
    // Half of what is possible is the most.
    let (status, refused) = ask(&shop, "narrow", (5_001, look.clone())).await;
    assert_eq!(
        (status, &refused["key"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_code_config"))
    );
    // What cannot be done after all ends, and says why.
    let (_, started) = ask(&shop, "narrow", (5_000, look.clone())).await;
    work(&shop).await;
    let action = action(&shop, &started).await;
    if action["status"] == "FAILED" {
        assert_eq!(action["operation_status"], "FAILED");
        assert!(action["result"]["message"].is_string(), "{action}");
    }
    let codes = codes_of(&shop, "narrow").await;
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
}

#[tokio::test]
async fn what_cannot_be_drawn_is_refused() {
    let shop = Shop::start().await;
    campaign(&shop, "c", json!({})).await;
    for config in [
        json!({"pattern": "FIXED"}),
        json!({"pattern": "#"}),
        json!({"length": 3}),
        json!({"length": 4, "charset": "aA"}),
        json!({"length": 4, "charset": "01"}),
        json!({"pattern": "#".repeat(200)}),
    ] {
        let (status, answer) = ask(&shop, "c", (20, json!({"code_config": config}))).await;
        let expected = (StatusCode::BAD_REQUEST, &json!("invalid_code_config"));
        assert_eq!((status, &answer["key"]), expected, "{config}");
    }
    let (status, answer) = ask(&shop, "c", (2_000, json!({"code": "MINE"}))).await;
    let expected = (StatusCode::BAD_REQUEST, &json!("invalid_payload"));
    assert_eq!((status, &answer["key"]), expected);
    assert_eq!(shop.get(NOON, "/v1/async-actions").await["total"], 0);
    // Few enough are there when the call is answered.
    let (status, started) = ask(&shop, "c", (20, json!({}))).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(action(&shop, &started).await["status"], "DONE");
    assert_eq!(
        shop.get(NOON, "/v1/campaigns/c").await["vouchers_count"],
        20
    );
}

#[tokio::test]
async fn gift_cards_are_made_with_their_money() {
    let shop = Shop::start().await;
    let cards = json!({"campaign_type": "GIFT_VOUCHERS", "vouchers_count": 1_100,
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 2_500}}});
    campaign(&shop, "cards", cards).await;
    work(&shop).await;
    let list = shop.get(NOON, "/v1/vouchers?campaign=cards&limit=1").await;
    assert_eq!(list["total"], 1_100);
    assert_eq!(list["vouchers"][0]["gift"]["balance"], 2_500);
    let code = list["vouchers"][0]["code"].as_str().unwrap();
    let moved = format!("/v1/vouchers/{code}/transactions");
    let moved = shop.get(NOON, &moved).await;
    let at = moved["data"][0]["created_at"].as_str();
    assert_eq!(at, wire::time::format(NOON).as_deref(), "{moved}");
    books_balance(&shop).await;
}

/// A retry begins nothing new.
#[tokio::test]
async fn the_same_key_is_the_same_action() {
    let shop = Shop::start().await;
    campaign(&shop, "c", json!({})).await;
    let client = shop.noon().with("idempotency-key", "k-1");
    let path = "/v1/campaigns/c/vouchers?vouchers_count=1200";
    let first = client.post(path, &json!({})).await.unwrap();
    assert_eq!(client.post(path, &json!({})).await.unwrap(), first);
    work(&shop).await;
    assert_eq!(
        shop.get(NOON, "/v1/campaigns/c").await["vouchers_count"],
        1_200
    );
}

#[tokio::test]
async fn a_campaign_with_many_codes_is_removed() {
    let shop = Shop::start().await;
    campaign(&shop, "bulk", json!({"vouchers_count": 1_300})).await;
    work(&shop).await;
    let code = codes_of(&shop, "bulk").await.remove(0);
    let (status, started) = delete(&shop, "/v1/campaigns/bulk").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let before = action(&shop, &started).await;
    assert_eq!(before["type"], "CAMPAIGN.VOUCHERS_DELETE");
    assert_eq!(before["status"], "ENQUEUED");
    // Nobody can use one, though its record is still there.
    let (status, _) = shop
        .noon()
        .get(&format!("/v1/vouchers/{code}"))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    work(&shop).await;
    let after = action(&shop, &started).await;
    assert_eq!(after["status"], "DONE");
    assert_eq!(after["result"]["done_count"], 1_300);
    assert_eq!(shop.get(NOON, "/v1/vouchers").await["total"], 0);
    // Of few, nothing waits.
    campaign(&shop, "few", json!({"vouchers_count": 3})).await;
    let (_, started) = delete(&shop, "/v1/campaigns/few").await;
    assert_eq!(action(&shop, &started).await["status"], "DONE");
    assert_eq!(shop.get(NOON, "/v1/vouchers").await["total"], 0);
    let (status, _) = delete(&shop, "/v1/campaigns/few").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// What is made for a campaign that is removed meanwhile ends with it.
#[tokio::test]
async fn codes_of_a_removed_campaign_are_made_no_more() {
    let shop = Shop::start().await;
    campaign(&shop, "bulk", json!({"vouchers_count": 5_000})).await;
    let (_, started) = delete(&shop, "/v1/campaigns/bulk").await;
    work(&shop).await;
    assert_eq!(action(&shop, &started).await["status"], "DONE");
    let list = shop.get(NOON, "/v1/async-actions").await;
    let making = list["async_actions"].as_array().unwrap();
    let making = making
        .iter()
        .find(|row| row["type"] == "CAMPAIGN.VOUCHERS_GENERATE");
    assert_eq!(making.unwrap()["status"], "FAILED");
    assert_eq!(shop.get(NOON, "/v1/vouchers").await["total"], 0);
}

/// Two processes that do the same work at once do it once.
#[tokio::test]
async fn two_that_work_at_once_make_as_many_as_are_asked_for() {
    let shop = Shop::start().await;
    campaign(&shop, "bulk", json!({"vouchers_count": 4_000})).await;
    let works = || actions::work(&shop.app, &[SANDBOX]);
    let (one, two, three) = tokio::join!(works(), works(), works());
    one.and(two).and(three).unwrap();
    assert_eq!(
        shop.get(NOON, "/v1/campaigns/bulk").await["vouchers_count"],
        4_000
    );
}

/// Whoever is cut off, however often, leaves the rest to others.
#[tokio::test]
async fn what_is_cut_off_is_done_to_its_end_and_once() {
    let shop = Shop::start().await;
    campaign(&shop, "bulk", json!({"vouchers_count": 3_000})).await;
    let card = |n: u32| json!({"code": format!("CARD-{n}"), "gift": {"amount": 100}});
    let cards: Vec<Value> = (0..300).map(card).collect();
    let path = "/v1/vouchers/import";
    let (_, started) = shop.noon().post(path, &json!(cards)).await.unwrap();
    for milliseconds in [1, 5, 20, 50, 100] {
        let app = shop.app.clone();
        let working = tokio::spawn(async move { actions::work(&app, &[SANDBOX]).await });
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        working.abort();
        let _ = working.await;
    }
    work(&shop).await;
    let result = action(&shop, &started).await["result"].clone();
    assert_eq!(
        result,
        json!({"done_count": 300, "failed_count": 0, "failed": []})
    );
    assert_eq!(
        shop.get(NOON, "/v1/campaigns/bulk").await["vouchers_count"],
        3_000
    );
    assert_eq!(shop.get(NOON, "/v1/vouchers").await["total"], 3_300);
    books_balance(&shop).await;
}

/// The jobs do what waits, of the sandbox, too; and others are served meanwhile.
#[tokio::test]
async fn the_jobs_do_what_waits() {
    let shop = Shop::start().await;
    let body = json!({
        "name": "live", "vouchers_count": 2_000,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}
    });
    let (status, _) = shop.live.post("/v1/campaigns", &body).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    campaign(&shop, "played", json!({"vouchers_count": 2_000})).await;
    let running = tokio::spawn(jobs::run(shop.app.clone()));
    let is_done = async |project| {
        let store = shop.app.store();
        let count = store.count_records(project, store::Kind::Voucher).await;
        count.unwrap() == 2_000
    };
    for _ in 0..600 {
        if is_done(LIVE).await && is_done(SANDBOX).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(is_done(LIVE).await && is_done(SANDBOX).await);
    running.abort();
}

#[tokio::test]
async fn actions_are_listed_and_found() {
    let shop = Shop::start().await;
    campaign(&shop, "c", json!({})).await;
    for _ in 0..3 {
        ask(&shop, "c", (2, json!({}))).await;
    }
    let list = shop.get(NOON, "/v1/async-actions?limit=2").await;
    assert_eq!(list["async_actions"].as_array().unwrap().len(), 2);
    assert_eq!(list["has_more"], true);
    let all = shop.get(NOON, "/v1/async-actions?limit=3").await;
    assert_eq!(
        (&all["has_more"], &all["total"]),
        (&json!(false), &json!(3))
    );
    let before = "/v1/async-actions?end_date=2026-11-21T12:00:00Z";
    assert_eq!(shop.get(NOON, before).await["async_actions"], json!([]));
    let (status, answer) = shop
        .noon()
        .get("/v1/async-actions?end_date=soon")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["key"], "invalid_query_params");
    let id = id(&all["async_actions"][0]);
    for path in ["aa_0000000000001", "nonsense"] {
        let path = format!("/v1/async-actions/{path}");
        let (status, answer) = shop.noon().get(&path).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(answer["resource_type"], "async_action");
    }
    let (status, _) = shop
        .live
        .get(&format!("/v1/async-actions/{id}"))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND, "it is another project's");
}
