//! Whole lives: a campaign of each kind from its making to the last rollback, and what every call
//! brings about beside its answer.

use serde_json::{Value, json};

use crate::{
    catalogue::id,
    publications::{campaign, publish, to},
    redemptions::{books_balance, order, ten_off, using},
    shop::{NOON, Shop},
};

fn by(customer: &str, code: &str, source: &str, price: u64) -> Value {
    let mut body = using(&[code], order(source, price));
    body["customer"] = json!({"source_id": customer, "name": "Somebody"});
    body
}

fn code_of(publication: &Value) -> &str {
    publication["voucher"]["code"].as_str().unwrap()
}

async fn roll_back(shop: &Shop, used: &Value) -> Value {
    let redemption = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{redemption}/rollback");
    shop.post(NOON, &path, &json!({})).await
}

async fn gift_of(shop: &Shop, code: &str) -> u64 {
    let card = shop.get(NOON, &format!("/v1/vouchers/{code}")).await;
    card["gift"]["balance"].as_u64().unwrap()
}

#[tokio::test]
async fn the_life_of_a_discount() {
    let shop = Shop::start().await;
    let spring = campaign(&shop, "Spring", json!({"vouchers_count": 3})).await;
    let given = publish(&shop, &to("ann", "Spring")).await;
    let code = code_of(&given);
    let body = by("ann", code, "o-1", 5_000);
    let seen = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(
        (&seen["valid"], &seen["order"]["total_amount"]),
        (&json!(true), &json!(4_000))
    );
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(used["order"]["total_amount"], 4_000);
    let wallet = shop.get(NOON, "/v1/customers/ann/redeemables").await;
    assert_eq!(wallet["data"][0]["redeemable"]["status"], "USED");
    let undone = roll_back(&shop, &used).await;
    assert_eq!(
        (&undone["result"], &undone["order"]["status"]),
        (&json!("SUCCESS"), &json!("CANCELED"))
    );
    let wallet = shop.get(NOON, "/v1/customers/ann/redeemables").await;
    assert_eq!(wallet["data"][0]["redeemable"]["status"], "ACTIVE");
    let kept = shop.get(NOON, &format!("/v1/vouchers/{code}")).await;
    assert_eq!(kept["redemption"]["redeemed_quantity"], 0);
    assert_eq!(
        (&kept["campaign_id"], &kept["publish"]["count"]),
        (&json!(spring), &json!(1))
    );
    books_balance(&shop).await;
}

#[tokio::test]
async fn the_life_of_a_gift_card() {
    let shop = Shop::start().await;
    let cards = json!({"name": "Cards", "campaign_type": "GIFT_VOUCHERS", "voucher":
        {"type": "GIFT_VOUCHER", "gift": {"amount": 3_000}}});
    shop.post(NOON, "/v1/campaigns", &cards).await;
    let given = publish(&shop, &to("ann", "Cards")).await;
    assert_eq!(given["voucher"]["gift"]["balance"], 3_000);
    let code = code_of(&given);
    let seen = shop
        .post(NOON, "/v1/validations", &by("ann", code, "o-1", 2_000))
        .await;
    assert_eq!(
        (&seen["valid"], &seen["order"]["total_amount"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(gift_of(&shop, code).await, 3_000);
    let used = shop
        .post(NOON, "/v1/redemptions", &by("ann", code, "o-1", 2_000))
        .await;
    assert_eq!(used["redemptions"][0]["gift"]["amount"], 2_000);
    assert_eq!(gift_of(&shop, code).await, 1_000);
    let rest = shop
        .post(NOON, "/v1/redemptions", &by("ann", code, "o-2", 2_500))
        .await;
    assert_eq!(rest["order"]["total_amount"], 1_500);
    let wallet = shop.get(NOON, "/v1/customers/ann/redeemables").await;
    assert_eq!(wallet["data"][0]["redeemable"]["status"], "NO_BALANCE");
    roll_back(&shop, &used).await;
    assert_eq!(gift_of(&shop, code).await, 2_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn the_life_of_a_referral() {
    let shop = Shop::start().await;
    let cards = json!({"name": "Cards", "campaign_type": "GIFT_VOUCHERS", "voucher":
        {"type": "GIFT_VOUCHER", "gift": {"amount": 0}}});
    shop.post(NOON, "/v1/campaigns", &cards).await;
    let friends = json!({"name": "Friends", "campaign_type": "REFERRAL_PROGRAM",
        "referral_program": {"conversion_event_type": "redemption", "referee_reward":
            {"type": "GIFT_VOUCHER", "amount": 500, "related_object_parent": {"name": "Cards"}}},
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    shop.post(NOON, "/v1/campaigns", &friends).await;
    let given = publish(&shop, &to("ann", "Friends")).await;
    let code = code_of(&given);
    let own = shop
        .post(NOON, "/v1/validations", &by("ann", code, "o-1", 5_000))
        .await;
    assert_eq!(
        own["redeemables"][0]["result"]["error"]["key"],
        "referrer_not_permitted_to_redeem"
    );
    let seen = shop
        .post(NOON, "/v1/validations", &by("bob", code, "o-1", 5_000))
        .await;
    assert_eq!(seen["valid"], true);
    let used = shop
        .post(NOON, "/v1/redemptions", &by("bob", code, "o-1", 5_000))
        .await;
    assert_eq!(used["order"]["total_amount"], 4_000);
    assert_eq!(
        used["redemptions"][0]["voucher"]["referrer_id"],
        given["customer_id"]
    );
    let wallet = shop
        .get(NOON, "/v1/customers/bob/redeemables?order=id")
        .await;
    let held = wallet["data"].as_array().unwrap();
    let card = held
        .iter()
        .find(|one| one["voucher_type"] == "GIFT_VOUCHER")
        .unwrap();
    let referred = held
        .iter()
        .find(|one| one["holder_role"] == "REFEREE")
        .unwrap();
    assert_eq!(referred["redeemable"]["voucher"]["code"], code);
    let card = card["redeemable"]["voucher"]["code"].as_str().unwrap();
    let paid = shop
        .post(NOON, "/v1/redemptions", &by("bob", card, "o-2", 800))
        .await;
    assert_eq!(paid["order"]["total_amount"], 300);
    // The discount goes back; what was given for joining, and spent, does not.
    let undone = roll_back(&shop, &used).await;
    assert_eq!(undone["order"]["total_amount"], 5_000);
    assert_eq!(gift_of(&shop, card).await, 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_validation_brings_nothing_about() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({})).await;
    let given = publish(&shop, &to("ann", "Spring")).await;
    shop.post(
        NOON,
        "/v1/validations",
        &by("bob", code_of(&given), "o-1", 5_000),
    )
    .await;
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 1);
    assert_eq!(shop.get(NOON, "/v1/orders").await["total"], 0);
    assert_eq!(shop.get(NOON, "/v1/redemptions").await["total"], 0);
}

#[tokio::test]
async fn every_call_that_names_a_customer_makes_them() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({})).await;
    let given = publish(&shop, &to("ann", "Spring")).await;
    shop.post(
        NOON,
        "/v1/redemptions",
        &by("bob", code_of(&given), "o-1", 5_000),
    )
    .await;
    let told = json!({"source_id": "o-2", "customer": {"source_id": "cid"}});
    shop.post(NOON, "/v1/orders", &told).await;
    let seen = json!({"event": "Seen", "customer": {"source_id": "dan"}});
    shop.post(NOON, "/v1/events", &seen).await;
    for name in ["ann", "bob", "cid", "dan"] {
        shop.get(NOON, &format!("/v1/customers/{name}")).await;
    }
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 4);
    assert_eq!(
        shop.get(NOON, "/v1/customers/bob").await["name"],
        "Somebody"
    );
}

#[tokio::test]
async fn a_redemption_makes_a_paid_order_or_takes_the_one_there_is() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({})).await;
    let first = publish(&shop, &to("ann", "Spring")).await;
    let made = shop
        .post(
            NOON,
            "/v1/redemptions",
            &by("ann", code_of(&first), "o-1", 5_000),
        )
        .await;
    assert_eq!(made["order"]["status"], "PAID");
    let told = shop.post(NOON, "/v1/orders", &order("o-2", 5_000)).await;
    assert_eq!(told["status"], "CREATED");
    let second = publish(&shop, &to("ann", "Spring")).await;
    let mut body = by("ann", code_of(&second), "o-2", 5_000);
    body["order"] = json!({"source_id": "o-2"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(
        (&used["order"]["id"], &used["order"]["status"]),
        (&told["id"], &json!("PAID"))
    );
    assert_eq!(used["order"]["total_amount"], 4_000);
    let kept = shop.get(NOON, "/v1/orders/o-2").await;
    assert_eq!(kept["redemptions"].as_object().unwrap().len(), 1);
    assert_eq!(kept["customer_id"], used["redemptions"][0]["customer_id"]);
}

#[tokio::test]
async fn a_failed_redemption_is_kept_and_changes_nothing_else() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({})).await;
    let given = publish(&shop, &to("ann", "Spring")).await;
    let code = code_of(&given);
    shop.post(NOON, &format!("/v1/vouchers/{code}/disable"), &json!({}))
        .await;
    let body = by("ann", code, "o-1", 5_000);
    let (_, refused) = shop.noon().post("/v1/redemptions", &body).await.unwrap();
    assert_eq!(refused["key"], "voucher_disabled");
    let failed = shop.get(NOON, "/v1/redemptions?result=FAILURE").await;
    assert_eq!(failed["redemptions"][0]["failure_code"], "voucher_disabled");
    assert!(id(&failed["redemptions"][0]).starts_with("rf_"));
    assert_eq!(shop.get(NOON, "/v1/orders").await["total"], 0);
}
