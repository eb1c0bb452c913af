//! How a rollback is told: what came back to the card, whose it was, and with its order.

use serde_json::{Value, json};
use server::{auth::Scope, client::Client, setup};

use crate::{
    loyalties::{card, coin, paying, programme, put},
    promotion_stacks::promotion,
    redemptions::{books_balance, code, order, percent, ten_off, using},
    shop::{NOON, Shop},
};

async fn gift(shop: &Shop, amount: u64) {
    let card = json!({"code": "GIFT", "type": "GIFT_VOUCHER", "gift": {"amount": amount}});
    shop.post(NOON, "/v1/vouchers", &card).await;
}

fn by_ann(mut body: Value) -> Value {
    body["customer"] = json!({"source_id": "ann", "name": "Ann", "email": "ann@example.com"});
    body
}

/// Redeems, and tells the one redemption and its rollback.
async fn there_and_back(shop: &Shop, body: &Value) -> (Value, Value) {
    let used = shop.post(NOON, "/v1/redemptions", body).await;
    let redemption = used["redemptions"][0].clone();
    let id = redemption["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    (redemption, shop.post(NOON, &path, &json!({})).await)
}

#[tokio::test]
async fn credit_comes_back_below_zero_with_its_customer_and_channel() {
    let shop = Shop::start().await;
    gift(&shop, 5_000).await;
    let body = by_ann(using(&["GIFT"], order("o-1", 3_000)));
    let (redemption, back) = there_and_back(&shop, &body).await;
    assert_eq!(redemption["gift"], json!({"amount": 3_000}));
    assert_eq!(
        (&back["amount"], &back["gift"]),
        (&json!(-3_000), &json!({"amount": -3_000}))
    );
    assert!(back.get("loyalty_card").is_none());
    let channel = json!({"channel_id": "api", "channel_type": "API"});
    assert_eq!(
        (&back["channel"], &redemption["channel"]),
        (&channel, &channel)
    );
    assert_eq!(back["customer"]["name"], "Ann");
    assert_eq!(back["customer"], redemption["customer"]);
    let path = format!("/v1/redemptions/{}", back["id"].as_str().unwrap());
    assert_eq!(shop.get(NOON, &path).await, back);
    // A key that may not read customers hears no more of this one than before.
    let key = setup::new_key(&shop.app, setup::SANDBOX, "till", &[Scope::Redeem]).await;
    let till = Client::new(&shop.base, &key.unwrap());
    let (_, seen) = till.get(&path).await.unwrap();
    assert_eq!(seen["customer"]["name"], Value::Null);
    assert_eq!(seen["customer"]["source_id"], "ann");
    // Who was erased is no more than an id.
    let gone = crate::campaigns::delete(&shop, "/v1/customers/ann").await;
    assert_eq!(gone.0, axum::http::StatusCode::NO_CONTENT);
    let seen = shop.get(NOON, &path).await;
    assert_eq!(seen["customer"]["email"], Value::Null);
    books_balance(&shop).await;
}

#[tokio::test]
async fn points_come_back_below_zero_with_what_they_had_bought() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let coins = coin(&shop, &club).await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 500).await;
    let body = paying(
        &card,
        json!({"id": coins, "points": 100}),
        order("o-1", 20_000),
    );
    let (redemption, back) = there_and_back(&shop, &body).await;
    assert_eq!(redemption["loyalty_card"], json!({"points": 100}));
    assert_eq!(
        (&back["amount"], &back["loyalty_card"]),
        (&json!(-100), &json!({"points": -100}))
    );
    assert_eq!(back["reward"], redemption["reward"]);
    assert!(back.get("gift").is_none());
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_discount_gives_back_no_credit() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let body = using(&["TEN"], order("o-1", 3_000));
    let (_, back) = there_and_back(&shop, &body).await;
    for member in ["amount", "gift", "loyalty_card", "reward", "customer"] {
        assert!(back.get(member).is_none(), "{member}: {back}");
    }
}

#[tokio::test]
async fn an_order_tells_what_was_used_and_rolled_back_together() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(&shop, "HALF", percent(50), json!({})).await;
    code(&shop, "LAST", ten_off(), json!({})).await;
    let body = by_ann(using(&["TEN", "HALF"], order("o-1", 20_000)));
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let parent = used["parent_redemption"]["id"].as_str().unwrap();
    let ids = |rows: &Value| -> Value {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["id"].clone()).collect()
    };
    let stacked = ids(&used["redemptions"]);
    assert_eq!(stacked.as_array().unwrap().len(), 2);
    let told = json!({parent: {
        "date": used["parent_redemption"]["date"], "related_object_type": "redemption",
        "related_object_id": parent, "stacked": stacked}});
    assert_eq!(used["order"]["redemptions"], told);
    assert_eq!(used["parent_redemption"]["order"]["redemptions"], told);
    // What is used on the order later still tells them.
    let last = using(&["LAST"], json!({"source_id": "o-1"}));
    let last = shop.post(NOON, "/v1/redemptions", &last).await;
    assert_eq!(last["order"]["redemptions"][parent], told[parent]);
    let alone = last["redemptions"][0]["id"].as_str().unwrap();
    assert!(last["order"]["redemptions"][alone].get("stacked").is_none());
    let path = format!("/v1/redemptions/{parent}/rollbacks");
    let back = shop.post(NOON, &path, &json!({})).await;
    let seen = &back["order"]["redemptions"][parent];
    assert_eq!(seen["rollback_id"], back["parent_rollback"]["id"]);
    assert_eq!(seen["rollback_date"], back["parent_rollback"]["date"]);
    assert_eq!(seen["stacked"], stacked);
    assert_eq!(seen["rollback_stacked"], ids(&back["rollbacks"]));
    let order = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(order["redemptions"], back["order"]["redemptions"]);
    for one in [
        &back["rollbacks"][0],
        &back["rollbacks"][1],
        &back["parent_rollback"],
    ] {
        assert_eq!(one["customer"]["name"], "Ann");
    }
}

#[tokio::test]
async fn redeemables_apply_as_they_are_asked_for_whatever_the_hierarchy() {
    let shop = Shop::start().await;
    let (_, tiers) = promotion(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let tier = |at: usize| json!({"object": "promotion_tier", "id": tiers[at]});
    let ten = json!({"object": "voucher", "id": "TEN"});
    // 10.00 off and half of the rest are told apart by which goes first.
    for (redeemables, totals) in [
        (json!([tier(0), tier(1)]), [19_000, 9_500]),
        (json!([tier(1), tier(0)]), [10_000, 9_000]),
        (json!([tier(1), ten]), [10_000, 9_000]),
        (json!([ten, tier(1)]), [19_000, 9_500]),
    ] {
        let body = json!({"redeemables": redeemables, "order": order("o-1", 20_000)});
        let seen = shop.post(NOON, "/v1/validations", &body).await;
        let rows = seen["redeemables"].as_array().unwrap().iter();
        let told: Vec<&Value> = rows.map(|row| &row["order"]["total_amount"]).collect();
        assert_eq!(json!(told), json!(totals), "{redeemables}");
    }
}
