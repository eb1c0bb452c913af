//! Rewards: what points buy, where it is offered, and how many are left.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    campaigns::delete,
    catalogue::{check, check_bodies, id},
    loyalties::{card, coin, points, programme, put, rules},
    redemptions::{books_balance, order, refused, using},
    shop::{NOON, Shop},
};

async fn mug(shop: &Shop, stock: Value) -> String {
    let body = json!({"name": "Mug", "type": "MATERIAL", "stock": stock,
        "attributes": {"description": "blue"},
        "parameters": {"product": {"id": "prod_mug"}}});
    id(&shop.post(NOON, "/v1/rewards", &body).await)
}

/// Offers a reward for so many points; its `rewa_…`.
async fn offer(shop: &Shop, (reward, programme): (&str, &str), points: u64) -> String {
    let body = json!({"campaign": programme, "parameters": {"loyalty": {"points": points}}});
    let made = shop
        .post(NOON, &format!("/v1/rewards/{reward}/assignments"), &body)
        .await;
    id(&made)
}

fn buying(reward: &str) -> Value {
    json!({"reward": {"id": reward}})
}

async fn club_with_card(shop: &Shop, points: i64) -> (String, String) {
    let club = programme(shop, "Club").await;
    let card = card(shop, &club, "ann").await;
    put(shop, &card, points).await;
    (club, card)
}

#[tokio::test]
async fn rewards_are_made_read_changed_and_removed() {
    let shop = Shop::start().await;
    let mug = mug(&shop, json!(3)).await;
    assert!(mug.starts_with("rew_"));
    let path = format!("/v1/rewards/{mug}");
    let shown = shop.get(NOON, &path).await;
    let expected = json!({"id": mug, "name": "Mug", "stock": 3, "redeemed": 0,
        "attributes": {"description": "blue"}, "metadata": {}, "type": "MATERIAL",
        "parameters": {"product": {"id": "prod_mug"}},
        "created_at": "2026-11-21T12:00:00.000Z", "updated_at": null, "object": "reward"});
    assert_eq!(shown, expected);
    let changed = shop
        .put(&path, &json!({"name": "Big mug", "metadata": {"ml": 400}}))
        .await;
    assert_eq!(
        (&changed["name"], &changed["stock"]),
        (&json!("Big mug"), &json!(3))
    );
    let all = shop.get(NOON, "/v1/rewards").await;
    assert_eq!(
        (&all["data"], &all["total"]),
        (&json!([changed]), &json!(1))
    );
    let club = programme(&shop, "Club").await;
    let offered = offer(&shop, (&mug, &club), 10).await;
    let by = shop
        .get(NOON, &format!("/v1/rewards?assignment_id={offered}"))
        .await;
    assert_eq!(by["data"], json!([changed]));
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    let rest = shop
        .get(NOON, &format!("/v1/loyalties/{club}/rewards"))
        .await;
    assert_eq!(rest["total"], 0);
    for method in [Method::GET, Method::DELETE] {
        check(&shop, (method, &path, &Value::Null), (404, "not_found")).await;
    }
}

#[tokio::test]
async fn a_reward_without_a_type_is_what_its_parameters_tell() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "Cards", "campaign_type": "GIFT_VOUCHERS", "voucher":
        {"type": "GIFT_VOUCHER", "gift": {"amount": 500}}});
    let campaign = id(&shop.post(NOON, "/v1/campaigns", &campaign).await);
    for (parameters, kind) in [
        (json!({"product": {"id": "prod_mug"}}), "MATERIAL"),
        (
            json!({"coin": {"exchange_ratio": 1, "points_ratio": "2"}}),
            "COIN",
        ),
        (json!({"campaign": {"id": campaign}}), "CAMPAIGN"),
    ] {
        let body = json!({"name": "x", "parameters": parameters});
        let made = shop.post(NOON, "/v1/rewards", &body).await;
        assert_eq!(made["type"], kind);
        let path = format!("/v1/rewards/{}", id(&made));
        assert_eq!(shop.put(&path, &json!({"stock": 3})).await["type"], kind);
    }
    let both = json!({"name": "x", "parameters": {"product": {"id": "prod_mug"},
        "coin": {"exchange_ratio": 1, "points_ratio": 2}}});
    let rows = [(both, "/type")];
    check_bodies(&shop, (Method::POST, "/v1/rewards"), &rows).await;
}

#[tokio::test]
async fn a_reward_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let of = |kind: &str, parameters: Value| {
        let mut reward = json!({"name": "x", "type": kind});
        reward["parameters"] = parameters;
        reward
    };
    let coin = |exchange: Value, points: Value| {
        of(
            "COIN",
            json!({"coin": {"exchange_ratio": exchange, "points_ratio": points}}),
        )
    };
    let rows = [
        (json!([]), ""),
        (json!({}), "/name"),
        (json!({"name": "x"}), "/type"),
        (json!({"name": "x", "type": "OTHER"}), "/type"),
        (of("COIN", json!({})), "/parameters/coin"),
        (coin(json!(0), json!(1)), "/parameters/coin/exchange_ratio"),
        (coin(json!(1), json!(-1)), "/parameters/coin/points_ratio"),
        (of("MATERIAL", json!({})), "/parameters/product/id"),
        (of("CAMPAIGN", json!({})), "/parameters/campaign"),
        (
            of("CAMPAIGN", json!({"campaign": {"id": club}})),
            "/parameters/campaign/id",
        ),
        (
            json!({"name": "x", "type": "MATERIAL", "stock": -1}),
            "/stock",
        ),
    ];
    check_bodies(&shop, (Method::POST, "/v1/rewards"), &rows).await;
    let unknown = of(
        "CAMPAIGN",
        json!({"campaign": {"id": "camp_0000000000001"}}),
    );
    check(
        &shop,
        (Method::POST, "/v1/rewards", &unknown),
        (404, "not_found"),
    )
    .await;
    assert_eq!(shop.get(NOON, "/v1/rewards").await["total"], 0);
}

#[tokio::test]
async fn a_reward_is_offered_where_it_is_assigned() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let mug = mug(&shop, Value::Null).await;
    coin(&shop, &club).await;
    let path = format!("/v1/loyalties/{club}/rewards");
    let body = json!([{"reward": mug, "parameters": {"loyalty": {"points": 150}}}]);
    let made = shop.post(NOON, &path, &body).await;
    let one = &made[0];
    assert!(id(one).starts_with("rewa_"));
    assert_eq!(one["reward_id"], mug.as_str());
    assert_eq!(one["related_object_id"], club.as_str());
    assert_eq!(one["parameters"], json!({"loyalty": {"points": 150}}));
    for path in [
        format!("{path}/{}", id(one)),
        format!("/v1/loyalties/{club}/reward-assignments/{}", id(one)),
        format!("/v1/rewards/{mug}/assignments/{}", id(one)),
    ] {
        assert_eq!(&shop.get(NOON, &path).await, one, "{path}");
    }
    let behind = format!("/v1/loyalties/{club}/reward-assignments/{}/reward", id(one));
    assert_eq!(shop.get(NOON, &behind).await["id"], mug.as_str());
    for path in [
        path.clone(),
        format!("/v1/loyalties/{club}/reward-assignments"),
    ] {
        let all = shop.get(NOON, &path).await;
        assert_eq!((&all["total"], &all["data"][0]), (&json!(2), one));
    }
    let of_mug = shop
        .get(NOON, &format!("/v1/rewards/{mug}/assignments"))
        .await;
    assert_eq!(of_mug["data"], json!([one]));
    let gone = format!("/v1/rewards/{mug}/assignments/{}", id(one));
    assert_eq!(delete(&shop, &gone).await.0, StatusCode::NO_CONTENT);
    check(
        &shop,
        (Method::GET, &gone, &Value::Null),
        (404, "not_found"),
    )
    .await;
}

#[tokio::test]
async fn a_member_sees_what_they_can_afford() {
    let shop = Shop::start().await;
    let (club, card) = club_with_card(&shop, 100).await;
    let (mug, coin) = (mug(&shop, Value::Null).await, coin(&shop, &club).await);
    let one = offer(&shop, (&mug, &club), 150).await;
    // What a member can have, and what they can afford.
    let members = format!("/v1/loyalties/members/{card}/rewards");
    let all = shop.get(NOON, &members).await;
    assert_eq!(all["total"], 2);
    assert_eq!(all["data"][0]["reward"]["id"], coin.as_str());
    assert_eq!(all["data"][1]["assignment"]["id"], one.as_str());
    assert_eq!(all["data"][1]["object"], "loyalty_reward");
    let few = shop
        .get(NOON, &format!("{members}?affordable_only=true"))
        .await;
    assert_eq!(few["total"], 1);
    let cheap = json!({"parameters": {"loyalty": {"points": 90}}});
    let changed = shop
        .put(&format!("/v1/loyalties/{club}/rewards/{one}"), &cheap)
        .await;
    assert_eq!(changed["parameters"]["loyalty"]["points"], 90);
    let again = shop
        .put(&format!("/v1/rewards/{mug}/assignments/{one}"), &cheap)
        .await;
    assert_eq!(again["parameters"]["loyalty"]["points"], 90);
    let few = shop
        .get(NOON, &format!("{members}?affordable_only=true"))
        .await;
    assert_eq!(few["total"], 2);
    let rows = [
        (json!({}), "/campaign"),
        (json!({"campaign": club}), "/parameters/loyalty/points"),
        (
            json!({"campaign": club, "validation_rules": ["val_1", "val_2"]}),
            "/validation_rules",
        ),
    ];
    check_bodies(
        &shop,
        (Method::POST, &format!("/v1/rewards/{mug}/assignments")),
        &rows,
    )
    .await;
    let priced = json!({"campaign": club, "parameters": {"loyalty": {"points": 1}}});
    let of_coin = format!("/v1/rewards/{coin}/assignments");
    check_bodies(
        &shop,
        (Method::POST, &of_coin),
        &[(priced, "/parameters/loyalty")],
    )
    .await;
}

#[tokio::test]
async fn points_buy_a_product_while_there_are_any() {
    let shop = Shop::start().await;
    let (club, card) = club_with_card(&shop, 100).await;
    let mug = mug(&shop, json!(2)).await;
    let offered = offer(&shop, (&mug, &club), 30).await;
    let path = format!("/v1/loyalties/members/{card}/redemption");
    let bought = shop.post(NOON, &path, &buying(&mug)).await;
    assert!(id(&bought).starts_with("r_"));
    assert_eq!(
        (&bought["result"], &bought["amount"]),
        (&json!("SUCCESS"), &json!(30))
    );
    assert_eq!(bought["reward"]["assignment_id"], offered.as_str());
    assert_eq!(bought["voucher"]["loyalty_card"]["balance"], 70);
    assert_eq!(points(&shop, NOON, &card).await, [100, 70, 0]);
    // The same key, the same mug; by where it is offered, too.
    let client = shop.noon().with("idempotency-key", "one");
    let in_club = format!("/v1/loyalties/{club}/members/{card}/redemption");
    let first = client.post(&in_club, &buying(&offered)).await.unwrap();
    assert_eq!(first.0, StatusCode::OK, "{first:?}");
    assert_eq!(
        client.post(&in_club, &buying(&offered)).await.unwrap(),
        first
    );
    assert_eq!(points(&shop, NOON, &card).await, [100, 40, 0]);
    assert_eq!(
        shop.get(NOON, &format!("/v1/rewards/{mug}")).await["redeemed"],
        2
    );
    check(
        &shop,
        (Method::POST, &path, &buying(&mug)),
        (400, "quantity_exceeded"),
    )
    .await;
    // One comes back, with its points.
    let undo = format!("/v1/redemptions/{}/rollback", id(&bought));
    assert_eq!(shop.post(NOON, &undo, &json!({})).await["amount"], -30);
    assert_eq!(points(&shop, NOON, &card).await, [100, 70, 0]);
    shop.post(NOON, &path, &buying(&mug)).await;
    let fewer = json!({"stock": 1});
    let put = (Method::PUT, &*format!("/v1/rewards/{mug}"), &fewer);
    check(&shop, put, (400, "invalid_payload")).await;
    shop.put(&format!("/v1/rewards/{mug}"), &json!({"stock": 3}))
        .await;
    shop.post(NOON, &path, &buying(&mug)).await;
    assert_eq!(points(&shop, NOON, &card).await, [100, 10, 0]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_cannot_be_bought_takes_no_points() {
    let shop = Shop::start().await;
    let (club, card) = club_with_card(&shop, 100).await;
    let mug = mug(&shop, Value::Null).await;
    offer(&shop, (&mug, &club), 101).await;
    let path = format!("/v1/loyalties/members/{card}/redemption");
    let few = (400, "loyalty_card_points_exceeded");
    check(&shop, (Method::POST, &path, &buying(&mug)), few).await;
    check(
        &shop,
        (Method::POST, &path, &json!({})),
        (400, "missing_reward"),
    )
    .await;
    let unknown = buying("rew_0000000000001");
    check(&shop, (Method::POST, &path, &unknown), (404, "not_found")).await;
    let nobody = "/v1/loyalties/members/NOBODY/redemption";
    check(
        &shop,
        (Method::POST, nobody, &buying(&mug)),
        (404, "not_found"),
    )
    .await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn points_buy_a_code_of_another_campaign() {
    let shop = Shop::start().await;
    let (club, card) = club_with_card(&shop, 100).await;
    let gifts = json!({"name": "Gifts", "campaign_type": "GIFT_VOUCHERS",
        "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}});
    let gifts = id(&shop.post(NOON, "/v1/campaigns", &gifts).await);
    let body = json!({"name": "20.00", "type": "CAMPAIGN",
        "parameters": {"campaign": {"id": gifts, "balance": 2_000}}});
    let reward = shop.post(NOON, "/v1/rewards", &body).await;
    assert_eq!(reward["parameters"]["campaign"]["type"], "GIFT_VOUCHERS");
    offer(&shop, (&id(&reward), &club), 60).await;
    let path = format!("/v1/loyalties/members/{card}/redemption");
    let bought = shop.post(NOON, &path, &buying(&id(&reward))).await;
    let gift = &bought["reward"]["voucher"];
    assert_eq!(gift["gift"]["balance"], 2_000);
    assert_eq!(gift["holder_id"], bought["customer_id"]);
    let code = gift["code"].as_str().unwrap();
    let kept = shop.get(NOON, &format!("/v1/vouchers/{code}")).await;
    assert_eq!(
        (&kept["gift"]["balance"], &kept["active"]),
        (&json!(2_000), &json!(true))
    );
    let undo = format!("/v1/redemptions/{}/rollback", id(&bought));
    shop.post(NOON, &undo, &json!({})).await;
    let kept = shop.get(NOON, &format!("/v1/vouchers/{code}")).await;
    assert_eq!(
        (&kept["gift"]["balance"], &kept["active"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(points(&shop, NOON, &card).await, [100, 100, 0]);
    // One whose money was spent stays bought.
    let bought = shop.post(NOON, &path, &buying(&id(&reward))).await;
    let code = bought["reward"]["voucher"]["code"].as_str().unwrap();
    let mut spend = using(&[code], order("o-1", 500));
    spend["customer"] = json!({"source_id": "ann"});
    shop.post(NOON, "/v1/redemptions", &spend).await;
    let undo = format!("/v1/redemptions/{}/rollback", id(&bought));
    let ask = (Method::POST, &*undo, &json!({}));
    check(&shop, ask, (400, "invalid_redemption")).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_coin_is_money_off_an_order() {
    let shop = Shop::start().await;
    let (club, card) = club_with_card(&shop, 1_000).await;
    let coin = coin(&shop, &club).await;
    let path = format!("/v1/loyalties/members/{card}/redemption");
    let body = json!({"reward": {"id": coin, "points": 500}, "order": order("o-1", 10_000)});
    let bought = shop.post(NOON, &path, &body).await;
    assert_eq!(bought["amount"], 500);
    assert_eq!(bought["order"]["total_amount"], 9_750);
    assert_eq!(points(&shop, NOON, &card).await, [1_000, 500, 0]);
    let nothing = json!({"reward": {"id": coin, "points": 500}});
    check(
        &shop,
        (Method::POST, &path, &nothing),
        (400, "missing_order"),
    )
    .await;
    let many = json!({"reward": {"id": coin, "points": 501}, "order": order("o-2", 10_000)});
    let few = (400, "loyalty_card_points_exceeded");
    check(&shop, (Method::POST, &path, &many), few).await;
}

#[tokio::test]
async fn a_tier_gives_more_and_asks_less() {
    let shop = Shop::start().await;
    let (club, card) = club_with_card(&shop, 400).await;
    let fixed = json!([{"event": "order.paid", "loyalty": {"type": "FIXED", "points": 101}}]);
    let rule = rules(&shop, &club, fixed).await.remove(0);
    let mug = mug(&shop, Value::Null).await;
    let offered = offer(&shop, (&mug, &club), 300).await;
    let path = format!("/v1/loyalties/{club}/tiers");
    let body = json!([
        {"name": "Tin", "points": {"from": 0, "to": 499}},
        {"name": "Gold", "points": {"from": 500},
            "earning_rules": {(rule.as_str()): {"type": "MULTIPLY", "multiplier": 1.5}},
            "rewards": {(offered.as_str()): {"type": "CUSTOM", "points": 200}}}
    ]);
    let made = shop.post(NOON, &path, &body).await;
    let (tin, gold) = (&made[0], &made[1]);
    assert!(id(gold).starts_with("ltr_"));
    assert_eq!(
        gold["earning_rules"][&rule],
        json!({"type": "MULTIPLY", "multiplier": 1.5})
    );
    assert_eq!(gold["campaign_id"], club.as_str());
    let all = shop.get(NOON, &path).await;
    assert_eq!(
        (&all["data"], &all["total"]),
        (&json!([gold, tin]), &json!(2))
    );
    assert_eq!(&shop.get(NOON, &format!("{path}/{}", id(tin))).await, tin);
    let of_card = format!("/v1/loyalties/members/{card}/tiers");
    assert_eq!(shop.get(NOON, &of_card).await["data"], json!([tin]));
    crate::redemptions::code(&shop, "TEN", crate::redemptions::ten_off(), json!({})).await;
    let mut paid = using(&["TEN"], order("o-1", 10_000));
    paid["customer"] = json!({"source_id": "ann"});
    shop.post(NOON, "/v1/redemptions", &paid).await;
    assert_eq!(points(&shop, NOON, &card).await, [501, 501, 0]);
    assert_eq!(shop.get(NOON, &of_card).await["data"], json!([gold]));
    paid["order"] = order("o-2", 10_000);
    shop.post(NOON, "/v1/redemptions", &paid).await;
    // 151.5 is 152.
    assert_eq!(points(&shop, NOON, &card).await, [653, 653, 0]);
    let buy = format!("/v1/loyalties/members/{card}/redemption");
    assert_eq!(shop.post(NOON, &buy, &buying(&mug)).await["amount"], 200);
    let mut bare = using(&[&card], order("o-3", 10_000));
    bare["customer"] = json!({"source_id": "ann"});
    refused(&shop.noon(), &bare, "missing_reward", "reward_missing").await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn tiers_that_cannot_be_kept_name_the_place() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let path = format!("/v1/loyalties/{club}/tiers");
    let tin = json!([{"name": "Tin", "points": {"from": 0, "to": 499}}]);
    shop.post(NOON, &path, &tin).await;
    let rows = [
        (json!([{}, {}]), "/0/name"),
        (
            json!([{"name": "x", "points": {"from": 2, "to": 1}}]),
            "/0/points/to",
        ),
        (
            json!([{"name": "x", "points": {"from": 499, "to": 499}}]),
            "/0/points",
        ),
        (
            json!([{"name": "x", "points": {"from": 900, "to": 999},
            "earning_rules": {"x": {"type": "CUSTOM", "points": 1}}}]),
            "/0/earning_rules/x",
        ),
    ];
    check_bodies(&shop, (Method::POST, &path), &rows).await;
    let unknown = format!("{path}/ltr_0000000000001");
    let get = (Method::GET, &*unknown, &Value::Null);
    check(&shop, get, (404, "not_found")).await;
    assert_eq!(shop.get(NOON, &path).await["total"], 1);
}
