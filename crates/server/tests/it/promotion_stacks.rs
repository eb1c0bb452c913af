//! Promotion stacks: tiers of one campaign under one name, made, changed, used and removed.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    redemptions::{books_balance, order, percent, refused, ten_off},
    shop::{NOON, Shop},
};

/// A promotion of three tiers, the third only from 300.00; its id and those of the tiers.
pub async fn promotion(shop: &Shop) -> (String, Vec<String>) {
    let promotion = json!({
        "name": "auto", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [
            {"name": "ten", "hierarchy": 1, "banner": "10.00 off",
             "action": {"discount": ten_off()}, "metadata": {"shown": "top"}},
            {"name": "half", "hierarchy": 2, "action": {"discount": percent(50)}},
            {"name": "much", "hierarchy": 3, "action": {"discount": percent(10)},
             "proffer": {"rule": "order.amount >= 30000"}}
        ]}
    });
    let made = shop.post(NOON, "/v1/campaigns", &promotion).await;
    let tiers = made["promotion"]["tiers"].as_array().unwrap().iter();
    let tiers = tiers.map(|tier| tier["id"].as_str().unwrap().to_owned());
    (made["id"].as_str().unwrap().to_owned(), tiers.collect())
}

pub async fn stack(shop: &Shop, campaign: &str, (name, tiers): (&str, &[&String])) -> Value {
    let path = format!("/v1/promotions/{campaign}/stacks");
    let body = json!({"name": name, "tiers": {"ids": tiers, "hierarchy_mode": "MANUAL"}});
    shop.post(NOON, &path, &body).await
}

fn using(stack: &Value, order: Value) -> Value {
    json!({
        "redeemables": [{"object": "promotion_stack", "id": stack["id"]}],
        "order": order
    })
}

async fn call(shop: &Shop, (method, path): (Method, &str), body: &Value) -> (u16, Value) {
    let key = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
    ];
    let (status, _, answer) = shop.raw((method, path), &headers, body.to_string()).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn a_stack_is_made_read_changed_and_removed() {
    let shop = Shop::start().await;
    let (campaign, tiers) = promotion(&shop).await;
    let made = stack(&shop, &campaign, ("both", &[&tiers[1], &tiers[0]])).await;
    assert_eq!(made["object"], "promotion_stack");
    assert_eq!(made["campaign_id"], campaign.as_str());
    assert_eq!(made["tiers"]["ids"], json!([tiers[1], tiers[0]]));
    assert_eq!(made["tiers"]["hierarchy_mode"], "MANUAL");
    assert_eq!(
        (&made["updated_at"], &made["categories"]),
        (&Value::Null, &json!([]))
    );
    let one = format!(
        "/v1/promotions/{campaign}/stacks/{}",
        made["id"].as_str().unwrap()
    );
    assert_eq!(shop.get(NOON, &one).await, made);
    let category = json!({"name": "vip", "hierarchy": 2});
    let category = shop.post(NOON, "/v1/categories", &category).await;
    let change = json!({"category_id": category["id"], "campaign_id": "camp_0000000000009"});
    let changed = shop.put(&one, &change).await;
    assert_eq!(changed["categories"][0]["name"], "vip");
    assert_eq!(
        changed["campaign_id"],
        campaign.as_str(),
        "it stays where it is"
    );
    assert_eq!(changed["tiers"], made["tiers"], "what is absent stays");
    for path in [
        "/v1/promotions/stacks".to_owned(),
        "/v1/promotions/auto/stacks".to_owned(),
    ] {
        let all = shop.get(NOON, &path).await;
        assert_eq!(
            (&all["total"], &all["data_ref"]),
            (&json!(1), &json!("data"))
        );
        assert_eq!(all["data"], json!([changed]), "{path}");
    }
    let gone = call(&shop, (Method::DELETE, &one), &Value::Null).await;
    assert_eq!(gone.0, 204);
    let missing = call(&shop, (Method::GET, &one), &Value::Null).await;
    let expected = (404, &json!("promotion_stack"));
    assert_eq!((missing.0, &missing.1["resource_type"]), expected);
}

#[tokio::test]
async fn what_a_stack_may_not_say_is_refused_with_its_place() {
    let shop = Shop::start().await;
    let (campaign, tiers) = promotion(&shop).await;
    let path = format!("/v1/promotions/{campaign}/stacks");
    let check = async |body: Value, details: &str| {
        let (status, answer) = call(&shop, (Method::POST, &path), &body).await;
        let expected = (400, &json!("invalid_payload"));
        assert_eq!((status, &answer["key"]), expected, "{answer}");
        assert!(
            answer["details"].as_str().unwrap().starts_with(details),
            "{answer}"
        );
    };
    let of = |ids: Value| json!({"name": "s", "tiers": {"ids": ids}});
    check(of(json!([])), "/tiers/ids: at least one").await;
    check(json!({"name": "s"}), "/tiers/ids: at least one").await;
    check(of(json!(["promo_9"])), "/tiers/ids/0: is no tier").await;
    check(
        of(json!([tiers[0], tiers[0]])),
        "/tiers/ids/1: stands here twice",
    )
    .await;
    check(of(json!([tiers[0], 7])), "/tiers/ids").await;
    check(json!({"tiers": {"ids": [tiers[0]]}}), "/name").await;
    let other = json!({"name": "s", "tiers": {"ids": [tiers[0]], "hierarchy_mode": "AUTO"}});
    check(other, "/tiers/hierarchy_mode").await;
    let missing = call(
        &shop,
        (Method::POST, "/v1/promotions/nope/stacks"),
        &of(json!([])),
    )
    .await;
    assert_eq!(
        (missing.0, &missing.1["resource_type"]),
        (404, &json!("campaign"))
    );
    // Another project sees none of it.
    let made = stack(&shop, &campaign, ("both", &[&tiers[0]])).await;
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let (status, _) = shop.live.get(&one).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, all) = shop.live.get("/v1/promotions/stacks").await.unwrap();
    assert_eq!(all["total"], 0);
}

#[tokio::test]
async fn tiers_of_a_stack_apply_in_its_order() {
    let shop = Shop::start().await;
    let (campaign, tiers) = promotion(&shop).await;
    let halved = stack(&shop, &campaign, ("half first", &[&tiers[1], &tiers[0]])).await;
    let given = using(&halved, order("o-1", 20_000));
    let answer = shop.post(NOON, "/v1/validations", &given).await;
    assert_eq!(answer["valid"], true, "{answer}");
    // 200.00 halved, less 10.00; by hierarchy it would be 95.00.
    assert_eq!(answer["order"]["total_amount"], 9_000);
    let rows = answer["redeemables"].as_array().unwrap();
    let told = rows.iter().map(|row| (&row["object"], &row["id"]));
    let expected = [
        (&json!("promotion_tier"), &json!(tiers[1])),
        (&json!("promotion_tier"), &json!(tiers[0])),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    // Held, used, and rolled back as a whole.
    let mut held = given.clone();
    held["session"] = json!({"type": "LOCK", "key": "s-1"});
    shop.post(NOON, "/v1/validations", &held).await;
    let used = shop.post(NOON, "/v1/redemptions", &held).await;
    assert_eq!(used["redemptions"].as_array().unwrap().len(), 2);
    assert_eq!(used["redemptions"][0]["promotion_tier"]["name"], "half");
    assert_eq!(shop.post(NOON, "/v1/redemptions", &held).await, used);
    let parent = used["parent_redemption"]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{parent}/rollbacks");
    let undone = shop.post(NOON, &path, &json!({})).await;
    assert_eq!(undone["order"]["total_amount"], 20_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_stack_stands_alone_and_whole() {
    let shop = Shop::start().await;
    let (campaign, tiers) = promotion(&shop).await;
    let all = stack(&shop, &campaign, ("all", &[&tiers[0], &tiers[2]])).await;
    let mut mixed = using(&all, order("o-1", 20_000));
    let tier = json!({"object": "promotion_tier", "id": tiers[1]});
    mixed["redeemables"].as_array_mut().unwrap().push(tier);
    let (status, answer) = call(&shop, (Method::POST, "/v1/validations"), &mixed).await;
    let expected = (400, &json!("invalid_redeemables"));
    assert_eq!((status, &answer["key"]), expected, "{answer}");
    // One tier that does not apply fails the whole; the rest says so.
    let short = using(&all, order("o-1", 20_000));
    let answer = shop.post(NOON, "/v1/validations", &short).await;
    assert_eq!(answer["valid"], false);
    let row = &answer["redeemables"][1];
    assert_eq!(row["result"]["error"]["key"], "order_rules_violated");
    assert_eq!(row["result"]["proffer"]["gap"], 11_000, "{row}");
    let skipped = &answer["redeemables"][0]["result"]["proffer"];
    assert_eq!(skipped["code"], "preceding_validation_failed");
    assert!(skipped["sentence"].is_string());
    refused(&shop.noon(), &short, "order_rules_violated", "min_spend").await;
    let unknown = using(&json!({"id": "stack_0000000000009"}), order("o-1", 20_000));
    let answer = shop.post(NOON, "/v1/validations", &unknown).await;
    let error = &answer["redeemables"][0]["result"]["error"];
    assert_eq!(
        (&error["key"], &error["resource_type"]),
        (&json!("not_found"), &json!("promotion_stack"))
    );
}

/// What was rolled back does not count, and of an order that came back in part its part.
#[tokio::test]
async fn a_tier_tells_what_came_of_it() {
    let shop = Shop::start().await;
    let (campaign, tiers) = promotion(&shop).await;
    let redeem = async |tiers: &[&String], order: Value| {
        let tiers: Vec<Value> = tiers
            .iter()
            .map(|id| json!({"object": "promotion_tier", "id": id}))
            .collect();
        let body = json!({"redeemables": tiers, "order": order});
        shop.post(NOON, "/v1/redemptions", &body).await
    };
    redeem(&[&tiers[0]], order("o-1", 20_000)).await;
    let last = redeem(&[&tiers[0], &tiers[1]], order("o-2", 5_000)).await;
    let told = last["redemptions"][0]["promotion_tier"].clone();
    assert_eq!(told["id"], tiers[0].as_str());
    assert!(told.get("summary").is_none(), "{told}");
    let summaries = async || {
        let path = format!("/v1/promotions/{campaign}/tiers");
        let listed = shop.get(NOON, &path).await["tiers"].take();
        let all = shop.get(NOON, "/v1/promotions/tiers").await["tiers"].take();
        let of = shop.get(NOON, &format!("/v1/campaigns/{campaign}")).await;
        let of = &of["promotion"]["tiers"];
        let one = async |index: usize| {
            let path = format!("/v1/promotions/tiers/{}", tiers[index]);
            let summary = shop.get(NOON, &path).await["summary"].take();
            for rows in [&listed, &all, of] {
                assert_eq!(rows[index]["summary"], summary);
            }
            let orders = &summary["orders"];
            let counted = [
                &summary["redemptions"]["total_redeemed"],
                &orders["total_amount"],
                &orders["total_discount_amount"],
            ];
            counted.map(|count| count.as_u64().unwrap())
        };
        [one(0).await, one(1).await, one(2).await]
    };
    let none = [0, 0, 0];
    let both = [[2, 25_000, 2_000], [1, 5_000, 2_000], none];
    assert_eq!(summaries().await, both);
    let parent = last["parent_redemption"]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{parent}/rollbacks");
    shop.post(NOON, &path, &json!({})).await;
    assert_eq!(summaries().await, [[1, 20_000, 1_000], none, none]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_tier_stays_while_a_stack_names_it() {
    let shop = Shop::start().await;
    let (campaign, tiers) = promotion(&shop).await;
    let made = stack(&shop, &campaign, ("both", &[&tiers[0], &tiers[1]])).await;
    let tier = format!("/v1/promotions/tiers/{}", tiers[0]);
    let (status, answer) = call(&shop, (Method::DELETE, &tier), &Value::Null).await;
    assert_eq!((status, &answer["key"]), (400, &json!("resource_in_use")));
    assert_eq!(answer["related_object_ids"], json!([made["id"]]));
    let one = format!(
        "/v1/promotions/{campaign}/stacks/{}",
        made["id"].as_str().unwrap()
    );
    shop.put(&one, &json!({"tiers": {"ids": [tiers[1]]}})).await;
    let (status, _) = call(&shop, (Method::DELETE, &tier), &Value::Null).await;
    assert_eq!(status, 204);
    // With the campaign its stacks go.
    let path = format!("/v1/campaigns/{campaign}");
    let (status, _) = call(&shop, (Method::DELETE, &path), &Value::Null).await;
    assert!(status < 300, "{status}");
    assert_eq!(shop.get(NOON, "/v1/promotions/stacks").await["total"], 0);
}

#[tokio::test]
async fn stacks_qualify_as_a_whole() {
    let shop = Shop::start().await;
    let (campaign, tiers) = promotion(&shop).await;
    let both = stack(&shop, &campaign, ("both", &[&tiers[1], &tiers[0]])).await;
    let much = stack(&shop, &campaign, ("much", &[&tiers[0], &tiers[2]])).await;
    let mut body = json!({
        "scenario": "PROMOTION_STACKS", "order": order("o-1", 20_000),
        "options": {"expand": ["inapplicable"]}
    });
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    let rows = answer["redeemables"]["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{answer}");
    let row = &rows[0];
    assert_eq!(
        (&row["id"], &row["object"]),
        (&both["id"], &json!("promotion_stack"))
    );
    assert_eq!(
        (&row["name"], &row["campaign_name"]),
        (&json!("both"), &json!("auto"))
    );
    assert_eq!(row["order"]["total_amount"], 9_000);
    let tiers = row["redeemables"].as_array().unwrap();
    let told = tiers.iter().map(|tier| {
        let order = &tier["order"];
        (
            tier["name"].as_str().unwrap(),
            order["total_applied_discount_amount"].as_u64().unwrap(),
        )
    });
    assert_eq!(told.collect::<Vec<_>>(), [("half", 10_000), ("ten", 1_000)]);
    assert_eq!(tiers[1]["banner"], "10.00 off");
    let out = &answer["inapplicable_redeemables"][0];
    assert_eq!(
        (&out["id"], &out["object"]),
        (&much["id"], &json!("promotion_stack"))
    );
    assert_eq!(out["result"]["proffer"]["code"], "min_spend");
    body["order"] = order("o-1", 40_000);
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    assert_eq!(answer["redeemables"]["total"], 2);
    body["options"]["filters"] = json!({"resource_id": {"conditions": {"$is": [much["id"]]}}});
    let answer = shop.post(NOON, "/v1/qualifications", &body).await;
    assert_eq!(answer["redeemables"]["data"][0]["id"], much["id"]);
    assert_eq!(answer["redeemables"]["total"], 1);
}
