//! Redemptions: what is used, what is kept, and what is said when it cannot be.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    client::Client,
    setup::{self, SANDBOX},
};
use store::{Kind, Page};

use crate::shop::{DAY, HOUR, MINUTE, NOON, Shop};

/// A campaign with one generic code; `ours` is what is ours beside it.
pub async fn code(shop: &Shop, code: &str, discount: Value, ours: Value) -> String {
    let campaign = json!({
        "name": format!("for {code}"),
        "campaign_type": "DISCOUNT_COUPONS",
        "type": "STANDALONE",
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": discount,
            "code_config": {"pattern": code}
        },
        "proffer": ours
    });
    let made = shop.post(NOON, "/v1/campaigns", &campaign).await;
    made["id"].as_str().unwrap().to_owned()
}

pub fn ten_off() -> Value {
    json!({"type": "AMOUNT", "amount_off": 1000})
}

pub fn percent(rate: u32) -> Value {
    json!({"type": "PERCENT", "percent_off": rate})
}

/// An order of one line of this price, paid.
pub fn order(source: &str, price: u64) -> Value {
    json!({
        "source_id": source,
        "items": [{"source_id": "sku-1", "related_object": "sku", "quantity": 1, "price": price}]
    })
}

pub fn using(codes: &[&str], order: Value) -> Value {
    let redeemables: Vec<Value> = codes
        .iter()
        .map(|id| json!({"object": "voucher", "id": id}))
        .collect();
    json!({"redeemables": redeemables, "order": order})
}

pub async fn redeem(client: &Client, body: &Value) -> (StatusCode, Value) {
    client.post("/v1/redemptions", body).await.unwrap()
}

/// Redeems and expects a refusal with this key, and this code of ours.
pub async fn refused(client: &Client, body: &Value, key: &str, ours: &str) -> Value {
    let (status, answer) = redeem(client, body).await;
    assert!(status.is_client_error(), "{status}: {answer}");
    assert_eq!(answer["key"], key, "{answer}");
    assert_eq!(answer["proffer"]["code"], ours, "{answer}");
    assert!(answer["proffer"]["sentence"].is_string(), "{answer}");
    answer
}

pub async fn books_balance(shop: &Shop) {
    let audit = shop.app.store().audit().await.unwrap();
    assert!(audit.is_clean(), "{:?}", audit.findings);
}

#[tokio::test]
async fn from_campaign_to_rollback() {
    let shop = Shop::start().await;
    let campaign = code(&shop, "TEN", ten_off(), json!({"budget": 5_000})).await;
    let body = using(&["ten"], order("o-1", 20_000));
    let seen = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(seen["valid"], true, "{seen}");
    assert_eq!(seen["order"]["total_amount"], 19_000);
    assert_eq!(
        seen["redeemables"][0]["result"]["discount"]["amount_off"],
        1000
    );
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let redemption = &used["redemptions"][0];
    assert_eq!(redemption["result"], "SUCCESS");
    assert_eq!(redemption["voucher"]["code"], "TEN");
    assert_eq!(redemption["voucher"]["redemption"]["redeemed_quantity"], 1);
    assert_eq!(used["order"]["status"], "PAID");
    assert_eq!(used["order"]["total_amount"], 19_000);
    assert!(used.get("parent_redemption").is_none());
    let voucher = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 1);
    assert_eq!(voucher["campaign_id"], campaign.as_str());
    let id = redemption["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    let undone = shop.post(NOON, &path, &json!({"reason": "returned"})).await;
    assert_eq!(undone["result"], "SUCCESS");
    assert_eq!(undone["redemption"], id);
    assert_eq!(undone["order"]["status"], "CANCELED");
    assert_eq!(undone["order"]["total_amount"], 20_000);
    let (status, again) = shop.noon().post(&path, &json!({})).await.unwrap();
    assert_eq!(
        (status, &again["key"]),
        (StatusCode::BAD_REQUEST, &json!("already_rolled_back"))
    );
    let voucher = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 0);
    let kept = shop.get(NOON, &format!("/v1/redemptions/{id}")).await;
    assert_eq!(kept["status"], "ROLLED_BACK");
    assert_eq!(
        kept["related_redemptions"]["rollbacks"][0]["id"],
        undone["id"]
    );
    books_balance(&shop).await;
}

#[tokio::test]
async fn several_codes_have_a_parent() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({"priority": 1})).await;
    code(&shop, "HALF", percent(50), json!({"priority": 2})).await;
    let used = shop
        .post(
            NOON,
            "/v1/redemptions",
            &using(&["HALF", "TEN"], order("o-1", 20_000)),
        )
        .await;
    // 200.00 - 10.00, then half of the rest.
    assert_eq!(used["order"]["total_amount"], 9_500);
    assert_eq!(used["redemptions"].as_array().unwrap().len(), 2);
    let parent = used["parent_redemption"]["id"].as_str().unwrap();
    let child = used["redemptions"][0]["id"].as_str().unwrap();
    assert_eq!(used["redemptions"][0]["redemption"], parent);
    let noon = shop.noon();
    for (id, call, key) in [
        (child, "rollback", "invalid_redemption_parent"),
        (child, "rollbacks", "invalid_redemption_parent"),
        (parent, "rollback", "invalid_redemption"),
    ] {
        let path = format!("/v1/redemptions/{id}/{call}");
        let (status, answer) = noon.post(&path, &json!({})).await.unwrap();
        assert_eq!(
            (status, &answer["key"]),
            (StatusCode::BAD_REQUEST, &json!(key))
        );
    }
    let path = format!("/v1/redemptions/{parent}/rollbacks");
    let undone = shop.post(NOON, &path, &json!({})).await;
    assert_eq!(undone["rollbacks"].as_array().unwrap().len(), 2);
    assert_eq!(undone["parent_rollback"]["redemption"], parent);
    books_balance(&shop).await;
}

#[tokio::test]
async fn same_order_same_answer() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "campaign", "limit": 2}]});
    code(&shop, "TEN", ten_off(), ours).await;
    let body = using(&["TEN"], order("o-1", 20_000));
    let first = shop.post(NOON, "/v1/redemptions", &body).await;
    let second = shop.post(NOON + MINUTE, "/v1/redemptions", &body).await;
    assert_eq!(first, second);
    // Rolled back, it may be used again: as another redemption.
    let id = first["redemptions"][0]["id"].as_str().unwrap();
    shop.post(NOON, &format!("/v1/redemptions/{id}/rollback"), &json!({}))
        .await;
    let third = shop.post(NOON + HOUR, "/v1/redemptions", &body).await;
    assert_ne!(first["redemptions"][0]["id"], third["redemptions"][0]["id"]);
    assert_eq!(third["order"]["id"], first["order"]["id"]);
    // One use is taken of two.
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["TEN"], order("o-2", 20_000)),
    )
    .await;
    let full = using(&["TEN"], order("o-3", 20_000));
    refused(&shop.noon(), &full, "quantity_exceeded", "used_up_campaign").await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_second_code_counts_on_what_the_first_left() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(&shop, "MORE", ten_off(), json!({})).await;
    let used = shop
        .post(
            NOON,
            "/v1/redemptions",
            &using(&["TEN"], order("o-1", 1_800)),
        )
        .await;
    let id = used["order"]["id"].as_str().unwrap();
    let again = using(&["MORE"], json!({"id": id}));
    let used = shop.post(NOON, "/v1/redemptions", &again).await;
    assert_eq!(used["order"]["total_amount"], 0);
    assert_eq!(used["order"]["applied_discount_amount"], 800);
    assert_eq!(used["order"]["redemptions"].as_object().unwrap().len(), 2);
    assert_eq!(shop.get(NOON, "/v1/orders/o-1").await, used["order"]);
    let orders = shop.get(NOON, "/v1/orders").await;
    assert_eq!(
        (&orders["total"], &orders["orders"][0]),
        (&json!(1), &used["order"])
    );
    let both = using(&["TEN", "MORE"], order("o-1", 1_800));
    refused(
        &shop.noon(),
        &both,
        "duplicated_redeemables",
        "already_applied",
    )
    .await;
}

#[tokio::test]
async fn a_refusal_is_said_twice_and_kept() {
    let shop = Shop::start().await;
    let noon = shop.noon();
    let body = using(&["NOPE"], order("o-1", 20_000));
    let answer = refused(&noon, &body, "not_found", "not_found").await;
    assert_eq!(answer["code"], 404);
    let rule = json!({"rule": "order.amount >= 5000"});
    code(&shop, "BIG", ten_off(), rule).await;
    let body = using(&["BIG"], order("o-1", 3_760));
    let answer = refused(&noon, &body, "order_rules_violated", "min_spend").await;
    assert_eq!(answer["proffer"]["gap"], 1_240);
    let ours = json!({"rule": "customer.metadata.tier == \"gold\""});
    code(&shop, "GOLD", ten_off(), ours).await;
    let body = using(&["GOLD"], order("o-1", 20_000));
    refused(&noon, &body, "missing_customer", "sign_in_required").await;
    let mut body = using(&["GOLD"], order("o-1", 20_000));
    body["customer"] = json!({"source_id": "ann", "metadata": {"tier": "tin"}});
    refused(&noon, &body, "customer_rules_violated", "segment_mismatch").await;
    body["customer"]["metadata"]["tier"] = json!("gold");
    shop.post(NOON, "/v1/redemptions", &body).await;
    let failed = shop
        .get(NOON, "/v1/redemptions?result=failure&limit=100")
        .await;
    let rows = failed["redemptions"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{failed}");
    assert_eq!(rows[0]["failure_code"], "customer_rules_violated");
    let id = rows[0]["id"].as_str().unwrap();
    assert!(id.starts_with("rf_"));
    assert_eq!(
        shop.get(NOON, &format!("/v1/redemptions/{id}")).await["status"],
        "FAILED"
    );
}

#[tokio::test]
async fn validity_and_pauses() {
    let shop = Shop::start().await;
    let campaign = json!({
        "name": "spring",
        "campaign_type": "DISCOUNT_COUPONS",
        "type": "STANDALONE",
        "start_date": wire::time::format(NOON),
        "expiration_date": wire::time::format(NOON + DAY),
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "code_config": {"pattern": "SPRING"}}
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    let body = using(&["SPRING"], order("o-1", 20_000));
    let at = |now| shop.at(now);
    refused(&at(NOON - 1), &body, "voucher_not_active", "not_started").await;
    refused(&at(NOON + DAY + 1), &body, "voucher_expired", "expired").await;
    shop.post(NOON, "/v1/campaigns/spring/disable", &json!({}))
        .await;
    refused(&at(NOON), &body, "voucher_disabled", "paused").await;
    shop.post(NOON, "/v1/campaigns/spring/enable", &json!({}))
        .await;
    shop.post(NOON, "/v1/vouchers/SPRING/disable", &json!({}))
        .await;
    refused(&at(NOON), &body, "voucher_disabled", "paused").await;
    shop.post(NOON, "/v1/vouchers/SPRING/enable", &json!({}))
        .await;
    shop.post(NOON, "/v1/redemptions", &body).await;
}

#[tokio::test]
async fn an_idempotency_key_repeats_the_answer() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "code", "limit": 1}]});
    code(&shop, "ONCE", ten_off(), ours).await;
    // Without an order of the shop's own, nothing but the key tells a retry.
    let mut body = using(&["ONCE"], json!({"amount": 20_000}));
    let key = shop.noon().with("idempotency-key", "abc");
    let (status, first) = redeem(&key, &body).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let quoted = shop.noon().with("idempotency-key", "\"abc\"");
    let (status, second) = redeem(&quoted, &body).await;
    assert_eq!((status, &second), (StatusCode::OK, &first));
    // The header says so.
    let authorization = format!("Bearer {}", shop.sandbox_key);
    let headers = [
        ("authorization", authorization.as_str()),
        ("idempotency-key", "abc"),
        ("proffer-now", "2026-11-21T12:00:00Z"),
    ];
    let call = (Method::POST, "/v1/redemptions");
    let (_, headers, third) = shop.raw(call, &headers, body.to_string()).await;
    assert_eq!(headers["idempotency-replayed"], "true");
    assert_eq!(third, first);
    // A refusal is repeated too, also when it would not be one any more.
    let refusing = shop.noon().with("idempotency-key", "def");
    refused(&refusing, &body, "quantity_exceeded", "used_up_campaign").await;
    let id = first["redemptions"][0]["id"].as_str().unwrap();
    shop.post(NOON, &format!("/v1/redemptions/{id}/rollback"), &json!({}))
        .await;
    refused(&refusing, &body, "quantity_exceeded", "used_up_campaign").await;
    body["order"]["amount"] = json!(1);
    let (status, answer) = redeem(&key, &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer["proffer"]["code"], "idempotency_key_reused");
}

#[tokio::test]
async fn a_gift_card_pays_what_it_holds() {
    let shop = Shop::start().await;
    let card = json!({"code": "GIFT", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000}});
    let made = shop.post(NOON, "/v1/vouchers", &card).await;
    assert_eq!(made["gift"]["balance"], 5_000);
    let used = shop
        .post(
            NOON,
            "/v1/redemptions",
            &using(&["GIFT"], order("o-1", 3_000)),
        )
        .await;
    assert_eq!(used["order"]["total_amount"], 0);
    assert_eq!(used["redemptions"][0]["amount"], 3_000);
    assert_eq!(used["redemptions"][0]["voucher"]["gift"]["balance"], 2_000);
    let mut body = using(&["GIFT"], order("o-2", 9_000));
    body["redeemables"][0]["gift"] = json!({"credits": 2_001});
    refused(&shop.noon(), &body, "gift_amount_exceeded", "balance_spent").await;
    body["redeemables"][0]["gift"] = json!({"credits": 500});
    let second = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(second["order"]["total_amount"], 8_500);
    let more = json!({"amount": 1_000, "source_id": "top-up-1"});
    for _ in 0..2 {
        let loaded = shop.post(NOON, "/v1/vouchers/GIFT/balance", &more).await;
        assert_eq!(
            (&loaded["total"], &loaded["balance"]),
            (&json!(6_000), &json!(2_500))
        );
    }
    let less = json!({"amount": -2_501});
    let (_, answer) = shop
        .noon()
        .post("/v1/vouchers/GIFT/balance", &less)
        .await
        .unwrap();
    assert_eq!(answer["key"], "gift_amount_exceeded");
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let undone = shop
        .post(NOON, &format!("/v1/redemptions/{id}/rollback"), &json!({}))
        .await;
    assert_eq!(undone["amount"], -3_000);
    let card = shop.get(NOON, "/v1/vouchers/GIFT").await;
    assert_eq!(card["gift"]["balance"], 5_500);
    assert_eq!(card["redemption"]["redeemed_amount"], 500);
    let uses = shop.get(NOON, "/v1/vouchers/GIFT/redemption").await;
    assert_eq!(
        (&uses["redeemed_quantity"], &uses["total"]),
        (&json!(1), &json!(2))
    );
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_code_of_somebody_is_theirs() {
    let shop = Shop::start().await;
    let customer = shop.customer("ann").await;
    shop.customer("bob").await;
    let campaign = shop.percent_off("welcome", 20, json!({})).await;
    shop.policy("ranked", &[&campaign], 0).await;
    let decided = shop.decide(NOON, "ann").await;
    let code = find_code(&decided).expect("a code was granted");
    let mut body = using(&[&code], order("o-1", 10_000));
    refused(&shop.noon(), &body, "missing_customer", "sign_in_required").await;
    body["customer"] = json!({"source_id": "bob"});
    refused(
        &shop.noon(),
        &body,
        "customer_rules_violated",
        "other_holder",
    )
    .await;
    body["customer"] = json!({"source_id": "ann"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    assert_eq!(used["order"]["total_amount"], 8_000);
    assert_eq!(used["redemptions"][0]["customer_id"], customer.as_str());
    assert_eq!(
        used["redemptions"][0]["voucher"]["holder_id"],
        customer.as_str()
    );
    books_balance(&shop).await;
}

/// The first text under a key `code`, wherever it stands.
pub fn find_code(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => {
            let here = members.get("code").and_then(Value::as_str);
            here.map(str::to_owned)
                .or_else(|| members.values().find_map(find_code))
        }
        Value::Array(items) => items.iter().find_map(find_code),
        _ => None,
    }
}

/// Bodies of no call at all, and bodies that ask for what cannot be.
fn hostile_bodies() -> Vec<Vec<u8>> {
    let many: Vec<Value> = (0..31)
        .map(|n| json!({"object": "voucher", "id": format!("c{n}")}))
        .collect();
    let ten = json!({"object": "voucher", "id": "TEN"});
    let with = |order: Value| using(&["TEN"], order).to_string().into_bytes();
    vec![
        b"".to_vec(),
        b"{}".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        b"{\"redeemables\":".to_vec(),
        vec![0xff, 0xfe, 0x00],
        "[".repeat(100_000).into_bytes(),
        format!("{{\"metadata\":{}{}}}", "[".repeat(500), "]".repeat(500)).into_bytes(),
        json!({"redeemables": "TEN"}).to_string().into_bytes(),
        json!({"redeemables": [{"object": "wand", "id": "TEN"}]})
            .to_string()
            .into_bytes(),
        json!({"redeemables": [{"object": "voucher", "id": 7}]})
            .to_string()
            .into_bytes(),
        json!({"redeemables": many}).to_string().into_bytes(),
        json!({"redeemables": [ten, ten], "order": {"amount": 5}})
            .to_string()
            .into_bytes(),
        using(&["TEN", "ten "], json!({"amount": 5}))
            .to_string()
            .into_bytes(),
        with(json!({"amount": -1})),
        with(json!({"amount": 1.5})),
        with(json!({"amount": "much"})),
        with(json!({"amount": u64::MAX})),
        with(json!({"amount": 5, "currency": "EURO"})),
        with(json!({"items": [{"quantity": 1, "price": 5}]})),
        with(json!({"items": [{"source_id": "a", "quantity": u64::MAX, "price": 5}]})),
        with(
            json!({"items": [{"source_id": "a", "quantity": 4_000_000_000_u64,
            "price": 1_000_000_000_000_u64}]}),
        ),
        with(json!({"id": "ord_nope"})),
        with(json!({"id": "ord_0000000000000", "amount": 5})),
        json!({"redeemables": [ten], "order": {"amount": 5},
            "customer": {"id": "cust_0000000000009"}})
        .to_string()
        .into_bytes(),
        json!({"redeemables": [ten], "order": {"amount": 5},
            "session": {"type": "LEASE"}})
        .to_string()
        .into_bytes(),
        json!({"redeemables": [ten], "order": {"amount": 5},
            "session": {"type": "LOCK", "key": ""}})
        .to_string()
        .into_bytes(),
        json!({"redeemables": [{"object": "promotion_stack", "id": "s"}, ten]})
            .to_string()
            .into_bytes(),
    ]
}

#[tokio::test]
async fn hostile_bodies_are_refused() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let authorization = format!("Bearer {}", shop.sandbox_key);
    let headers = [("authorization", authorization.as_str())];
    for path in ["/v1/redemptions", "/v1/validations", "/v1/qualifications"] {
        for row in &hostile_bodies() {
            let (status, _, answer) = shop.raw((Method::POST, path), &headers, row.clone()).await;
            let shown = String::from_utf8_lossy(row)
                .chars()
                .take(120)
                .collect::<String>();
            // A qualification names no redeemables, so it may be fine.
            let is_fine = path == "/v1/qualifications" && status == StatusCode::OK;
            assert!(
                status.is_client_error() || is_fine,
                "{path} {status}: {shown} {answer}"
            );
            assert!(
                is_fine || answer["key"].is_string(),
                "{path}: {shown} {answer}"
            );
        }
    }
    let redemptions = shop.live.get("/v1/redemptions").await.unwrap().1;
    assert_eq!(redemptions["total"], 0);
    books_balance(&shop).await;
}

#[tokio::test]
async fn what_one_customer_used_is_not_told_to_another() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let by = |customer: Value| {
        let mut body = using(&["TEN"], order("o-1", 5_000));
        body["customer"] = customer;
        body
    };
    let ann = by(json!({"source_id": "ann", "email": "ann@example.com"}));
    let first = shop.post(NOON, "/v1/redemptions", &ann).await;
    assert_eq!(first["order"]["total_amount"], 4_000);
    // A retry is the same call, and so is one that names nobody.
    let nobody = using(&["TEN"], order("o-1", 5_000));
    for body in [&ann, &by(json!({"source_id": "ann"})), &nobody] {
        assert_eq!(shop.post(NOON, "/v1/redemptions", body).await, first);
    }
    let bob = by(json!({"source_id": "bob"}));
    let (status, answer) = redeem(&shop.noon(), &bob).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert_eq!(answer["key"], "invalid_order");
    let customer = first["redemptions"][0]["customer_id"].as_str().unwrap();
    let told = answer.to_string();
    assert!(!told.contains("ann") && !told.contains(customer), "{told}");
    // Nothing of it was kept.
    let all = shop.get(NOON, "/v1/redemptions").await;
    assert_eq!(all["total"], 1);
    // By whatever name they go.
    let by_id = by(json!({"id": customer}));
    let again = shop.post(NOON, "/v1/redemptions", &by_id).await;
    assert_eq!(again, first);
    books_balance(&shop).await;
}

/// A redemption by somebody of whom the shop says a lot.
async fn by_jane(shop: &Shop) -> (Value, Value) {
    let mut body = using(&["TEN"], order("o-1", 5_000));
    body["customer"] = json!({"source_id": "shop-7", "name": "Jane Poe",
        "email": "jane@example.com", "metadata": {"plan": "velvet"}});
    body["order"]["customer"] = body["customer"].clone();
    body["order"]["referrer"] = json!({"source_id": "r", "name": "Jane Poe"});
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    (body, used)
}

/// Everywhere a redemption is shown.
async fn shown(client: &Client, (body, used): (&Value, &Value)) -> Vec<Value> {
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let mut all = Vec::new();
    for path in [
        &format!("/v1/redemptions/{id}"),
        "/v1/redemptions",
        "/v1/vouchers/TEN/redemption",
        "/v1/orders/o-1",
    ] {
        let (status, answer) = client.get(path).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        all.push(answer);
    }
    let (status, again) = redeem(client, body).await;
    assert_eq!(status, StatusCode::OK, "{again}");
    all.push(again);
    all
}

const OF_JANE: [&str; 3] = ["Jane Poe", "jane@example.com", "velvet"];

#[tokio::test]
async fn who_was_erased_is_in_no_redemption() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let keyed = shop.noon().with("idempotency-key", "abc");
    let mut body = using(&["TEN"], order("o-2", 5_000));
    body["customer"] = json!({"source_id": "shop-7", "email": "jane@example.com"});
    let (_, first) = redeem(&keyed, &body).await;
    assert_eq!(
        first["redemptions"][0]["customer"]["email"],
        "jane@example.com"
    );
    let (_, used) = by_jane(&shop).await;
    let customer = &used["redemptions"][0]["customer"];
    assert_eq!(customer["name"], "Jane Poe", "{used}");
    assert_eq!(customer["metadata"]["plan"], "velvet");
    let (status, _) = crate::campaigns::delete(&shop, "/v1/customers/shop-7").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let one = shop.get(NOON, &format!("/v1/redemptions/{id}")).await;
    assert_eq!(one["customer"]["id"], customer["id"]);
    let (status, replayed) = redeem(&keyed, &body).await;
    assert_eq!(status, StatusCode::OK, "{replayed}");
    let list = shop.get(NOON, "/v1/redemptions").await;
    let order = shop.get(NOON, "/v1/orders/o-1").await;
    let stored = [Kind::Redemption, Kind::Order];
    let mut texts: Vec<String> = [one, replayed, list, order]
        .map(|one| one.to_string())
        .into();
    for kind in stored {
        let page = Page {
            after: 0,
            limit: 100,
            newest_first: false,
        };
        let records = shop.app.store().list(SANDBOX, kind, page).await.unwrap();
        assert_eq!(records.len(), 2);
        let bodies = records
            .iter()
            .map(|one| String::from_utf8_lossy(&one.body).into_owned());
        texts.extend(bodies);
    }
    for (text, word) in texts
        .iter()
        .flat_map(|text| OF_JANE.map(|word| (text, word)))
    {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn who_a_customer_is_needs_the_scope() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let (body, used) = by_jane(&shop).await;
    let scopes = [Scope::Redeem];
    let key = setup::new_key(&shop.app, SANDBOX, "till", &scopes)
        .await
        .unwrap();
    let till = Client::new(&shop.base, &key).with("proffer-now", "2026-11-21T12:00:00Z");
    let all = shown(&till, (&body, &used)).await;
    for (answer, word) in all.iter().flat_map(|one| OF_JANE.map(|word| (one, word))) {
        assert!(!answer.to_string().contains(word), "{word}: {answer}");
    }
    assert_eq!(all[0]["customer"]["source_id"], "shop-7", "{}", all[0]);
    assert_eq!(
        all[0]["customer"]["id"],
        used["redemptions"][0]["customer_id"]
    );
    let known = shown(&shop.noon(), (&body, &used)).await;
    assert_eq!(known[0]["customer"]["name"], "Jane Poe");
    assert_eq!(
        known[1]["redemptions"][0]["customer"]["email"],
        "jane@example.com"
    );
    assert_eq!(known[4], used);
}

#[tokio::test]
async fn a_list_by_result_has_all_of_it() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let missing = using(&["NONE"], order("o-x", 5_000));
    for _ in 0..2 {
        redeem(&shop.noon(), &missing).await;
    }
    for number in 0..12 {
        let body = using(&["TEN"], order(&format!("o-{number}"), 5_000));
        shop.post(NOON, "/v1/redemptions", &body).await;
    }
    for (query, total, rows) in [
        ("", 14, 10),
        ("?result=FAILURE", 2, 2),
        ("?result=success&limit=5&page=3", 12, 2),
        ("?result=other", 0, 0),
    ] {
        let list = shop.get(NOON, &format!("/v1/redemptions{query}")).await;
        assert_eq!(list["total"], total, "{query}");
        assert_eq!(
            list["redemptions"].as_array().unwrap().len(),
            rows,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_retry_hears_the_first_answer_whatever_became_of_it() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(&shop, "FIVE", percent(5), json!({})).await;
    let keyed = shop.noon().with("idempotency-key", "abc");
    let mut body = using(&["TEN", "FIVE"], order("o-1", 5_000));
    body["customer"] = json!({"source_id": "shop-7"});
    body["metadata"] = json!({"till": 3});
    let (status, first) = redeem(&keyed, &body).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let parent = first["parent_redemption"]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{parent}/rollbacks");
    let back = shop.post(NOON + HOUR, &path, &json!({})).await;
    assert_eq!(back["order"]["status"], "CANCELED");
    let one = shop.get(NOON, &format!("/v1/redemptions/{parent}")).await;
    assert_eq!(one["status"], "ROLLED_BACK");
    let order = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(order, back["order"]);
    let (status, again) = redeem(&keyed, &body).await;
    assert_eq!((status, again), (StatusCode::OK, first));
}

#[tokio::test]
async fn a_redemption_keeps_what_was_so_and_not_what_was_answered() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let (status, used) = redeem(&shop.noon(), &using(&["TEN"], order("o-1", 5_000))).await;
    assert_eq!(status, StatusCode::OK, "{used}");
    let kept = async |kind| {
        let page = Page {
            after: 0,
            limit: 10,
            newest_first: false,
        };
        let records = shop.app.store().list(SANDBOX, kind, page).await.unwrap();
        records.iter().map(|one| one.body.len()).sum::<usize>()
    };
    assert!(kept(Kind::Redemption).await < 400);
    assert!(kept(Kind::Order).await < 150);
    shop.put("/v1/vouchers/TEN", &json!({"active": false}))
        .await;
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let shown = shop.get(NOON, &format!("/v1/redemptions/{id}")).await;
    assert_eq!(shown, used["redemptions"][0]);
}
