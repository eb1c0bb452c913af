//! Publications: who is given which code, and what stands in the way.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    catalogue::{check, id},
    redemptions::{books_balance, order, ten_off, using},
    shop::{DAY, NOON, Shop},
};

/// A campaign of unique codes; its id.
pub async fn campaign(shop: &Shop, name: &str, more: Value) -> String {
    let mut body = json!({"name": name, "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off(),
            "redemption": {"quantity": 1}}});
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    id(&shop.post(NOON, "/v1/campaigns", &body).await)
}

pub fn to(customer: &str, campaign: &str) -> Value {
    json!({"campaign": {"name": campaign}, "customer": {"source_id": customer}})
}

pub async fn publish(shop: &Shop, body: &Value) -> Value {
    shop.post(NOON, "/v1/publications", body).await
}

async fn refused(shop: &Shop, body: &Value, key: &str) {
    check(shop, (Method::POST, "/v1/publications", body), (400, key)).await;
}

#[tokio::test]
async fn a_code_of_a_campaign_is_given_to_a_customer() {
    let shop = Shop::start().await;
    let spring = campaign(&shop, "Spring", json!({"vouchers_count": 1})).await;
    let mut body = to("ann", "Spring");
    body["metadata"] = json!({"by": "mail"});
    body["customer"]["name"] = json!("Ann");
    let made = publish(&shop, &body).await;
    assert!(id(&made).starts_with("pub_"));
    assert_eq!(
        (&made["object"], &made["result"]),
        (&json!("publication"), &json!("SUCCESS"))
    );
    assert_eq!(
        (&made["channel"], &made["metadata"]),
        (&json!("API"), &json!({"by": "mail"}))
    );
    assert_eq!(made["created_at"], "2026-11-21T12:00:00.000Z");
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        (&made["customer"]["id"], &made["customer_id"]),
        (&ann["id"], &ann["id"])
    );
    let given = &made["voucher"];
    assert_eq!(
        (&given["holder_id"], &given["publish"]["count"]),
        (&ann["id"], &json!(1))
    );
    assert_eq!(
        (&given["campaign_id"], &made["vouchers_id"][0]),
        (&json!(spring), &given["id"])
    );
    let path = format!("/v1/vouchers/{}", given["code"].as_str().unwrap());
    let kept = shop.get(NOON, &path).await;
    assert_eq!(
        (&kept["holder_id"], &kept["publish"]["count"]),
        (&ann["id"], &json!(1))
    );
    // The only free code went; the campaign makes another.
    let second = publish(&shop, &to("bob", &spring)).await;
    assert_ne!(second["voucher"]["code"], given["code"]);
    let all = shop.get(NOON, &format!("/v1/campaigns/{spring}")).await;
    assert_eq!(all["vouchers_count"], 2);
    let mut three = to("ann", "Spring");
    three["campaign"]["count"] = json!(3);
    let several = publish(&shop, &three).await;
    assert_eq!(several["vouchers"].as_array().unwrap().len(), 3);
    assert_eq!(several["vouchers_id"].as_array().unwrap().len(), 3);
    assert!(several.get("voucher").is_none());
    // Whoever has the code may use it.
    let code = given["code"].as_str().unwrap();
    let mut used = using(&[code], order("o-1", 5_000));
    used["customer"] = json!({"source_id": "bob"});
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    assert_eq!(used["redemptions"][0]["voucher"]["holder_id"], ann["id"]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_named_code_is_given_once() {
    let shop = Shop::start().await;
    let alone = json!({"code": "ALONE", "type": "DISCOUNT_VOUCHER", "discount": ten_off()});
    shop.post(NOON, "/v1/vouchers", &alone).await;
    let body = json!({"voucher": "alone", "customer": {"source_id": "ann"}});
    let made = publish(&shop, &body).await;
    assert_eq!(made["voucher"]["code"], "ALONE");
    let other = json!({"voucher": {"code": "ALONE"}, "customer": {"source_id": "bob"}});
    refused(&shop, &other, "voucher_already_published").await;
    let off = json!({"code": "OFF", "type": "DISCOUNT_VOUCHER", "discount": ten_off(),
        "active": false});
    shop.post(NOON, "/v1/vouchers", &off).await;
    let paused = json!({"voucher": "OFF", "customer": {"source_id": "ann"}});
    refused(&shop, &paused, "voucher_cannot_be_published").await;
    let failed = shop.get(NOON, "/v1/publications?result=FAILURE").await;
    assert_eq!(failed["total"], 2);
    let latest = &failed["publications"][0];
    assert_eq!(latest["failure_code"], "voucher_cannot_be_published");
    assert_eq!(
        (&latest["result"], &latest["vouchers_id"]),
        (&json!("FAILURE"), &json!([]))
    );
    assert_eq!(latest["customer_id"], made["customer_id"]);
    // Bob was never made: a refusal leaves nothing but itself.
    assert_eq!(shop.get(NOON, "/v1/customers").await["total"], 1);
    let (status, _) = shop.live.get("/v1/vouchers/ALONE").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_published_says_why() {
    let shop = Shop::start().await;
    campaign(&shop, "Few", json!({"type": "STATIC", "vouchers_count": 1})).await;
    let tiers = json!({"name": "Tiers", "campaign_type": "PROMOTION", "promotion": {"tiers": []}});
    shop.post(NOON, "/v1/campaigns", &tiers).await;
    let ann = json!({"source_id": "ann"});
    let both = json!({"voucher": "A", "campaign": "Few", "customer": ann});
    let rows = [
        (json!({"campaign": "Few"}), "invalid_publish_params"),
        (
            json!({"campaign": "Few", "customer": {}}),
            "invalid_publish_params",
        ),
        (json!({"customer": ann}), "invalid_publish_params"),
        (both, "invalid_publish_params"),
        (
            json!({"campaign": {"name": "Few", "count": 0}, "customer": ann}),
            "invalid_publish_params",
        ),
        (
            json!({"campaign": {"name": "Few", "count": 51}, "customer": ann}),
            "too_many_vouchers_requested",
        ),
        (
            json!({"campaign": {"name": "Few", "count": 2}, "customer": ann}),
            "no_voucher_suitable_for_publication",
        ),
        (to("ann", "Tiers"), "voucher_cannot_be_published"),
        (json!({"campaign": 7, "customer": ann}), "invalid_payload"),
    ];
    for (body, key) in rows {
        refused(&shop, &body, key).await;
    }
    for body in [
        to("ann", "Nowhere"),
        json!({"voucher": "NOWHERE", "customer": ann}),
    ] {
        check(
            &shop,
            (Method::POST, "/v1/publications", &body),
            (404, "not_found"),
        )
        .await;
    }
    publish(&shop, &to("ann", "Few")).await;
    refused(
        &shop,
        &to("bob", "Few"),
        "no_voucher_suitable_for_publication",
    )
    .await;
}

#[tokio::test]
async fn the_same_name_and_the_same_key_are_answered_the_same() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({})).await;
    let mut body = to("ann", "Spring");
    body["source_id"] = json!("mail-7");
    let first = publish(&shop, &body).await;
    assert_eq!(publish(&shop, &body).await, first);
    body["customer"] = json!({"source_id": "bob"});
    refused(&shop, &body, "duplicate_source_id").await;
    let once = shop.noon().with("idempotency-key", "k-1");
    let (_, given) = once
        .post("/v1/publications", &to("cid", "Spring"))
        .await
        .unwrap();
    let (_, again) = once
        .post("/v1/publications", &to("cid", "Spring"))
        .await
        .unwrap();
    assert_eq!(again, given);
    // A code that was given just now is no failure of the call that gave it.
    let alone = json!({"code": "ALONE", "type": "DISCOUNT_VOUCHER", "discount": ten_off()});
    shop.post(NOON, "/v1/vouchers", &alone).await;
    let once = shop.noon().with("idempotency-key", "k-2");
    let body = json!({"voucher": "ALONE", "customer": {"source_id": "cid"}});
    let (_, given) = once.post("/v1/publications", &body).await.unwrap();
    let (_, again) = once.post("/v1/publications", &body).await.unwrap();
    assert_eq!((&again, &again["result"]), (&given, &json!("SUCCESS")));
    assert_eq!(shop.get(NOON, "/v1/publications").await["total"], 3);
}

#[tokio::test]
async fn who_joins_once_is_given_the_same() {
    let shop = Shop::start().await;
    campaign(&shop, "Once", json!({"join_once": true})).await;
    campaign(&shop, "Often", json!({})).await;
    let first = publish(&shop, &to("ann", "Once")).await;
    assert_eq!(publish(&shop, &to("ann", "Once")).await["id"], first["id"]);
    let often = publish(&shop, &to("ann", "Often")).await;
    let more = publish(&shop, &to("ann", "Often")).await;
    assert_ne!(often["id"], more["id"]);
    let path = "/v1/publications?join_once=true";
    let joined = shop.post(NOON, path, &to("ann", "Often")).await;
    assert_eq!(joined["id"], more["id"]);
    let path = "/v1/publications?join_once=false";
    let again = shop.post(NOON, path, &to("ann", "Once")).await;
    assert_ne!(again["id"], first["id"]);
}

#[tokio::test]
async fn publications_are_listed_by_what_they_are() {
    let shop = Shop::start().await;
    let spring = campaign(&shop, "Spring", json!({})).await;
    campaign(&shop, "Autumn", json!({})).await;
    let mut body = to("ann", "Spring");
    body["source_id"] = json!("mail-7");
    let ann = publish(&shop, &body).await;
    let bob = publish(&shop, &to("bob", "Spring")).await;
    let fall = publish(&shop, &to("ann", "Autumn")).await;
    let code = ann["voucher"]["code"].as_str().unwrap();
    let rows = [
        (String::new(), vec![&fall, &bob, &ann]),
        ("?limit=1&page=2".into(), vec![&bob]),
        ("?campaign=Spring".into(), vec![&bob, &ann]),
        (format!("?campaign={spring}&customer=ann"), vec![&ann]),
        (format!("?voucher={code}"), vec![&ann]),
        ("?customer=nobody".into(), vec![]),
        ("?source_id=mail-7".into(), vec![&ann]),
        ("?result=FAILURE".into(), vec![]),
        (
            "?voucher_type=DISCOUNT_VOUCHER&is_referral_code=false&limit=1".into(),
            vec![&fall],
        ),
        (
            "?filters[campaign_name][conditions][$is][0]=Autumn&filters[junction]=and".into(),
            vec![&fall],
        ),
    ];
    for (query, expected) in rows {
        let query = query.replace('[', "%5B").replace(']', "%5D");
        let list = shop.get(NOON, &format!("/v1/publications{query}")).await;
        assert_eq!(
            (&list["object"], &list["data_ref"]),
            (&json!("list"), &json!("publications"))
        );
        let ids: Vec<_> = list["publications"]
            .as_array()
            .unwrap()
            .iter()
            .map(id)
            .collect();
        let expected: Vec<_> = expected.into_iter().map(id).collect();
        assert_eq!(ids, expected, "{query}");
    }
    let wrong = "/v1/publications?filters%5Bresult%5D%5Bconditions%5D%5B$near%5D%5B0%5D=x";
    check(
        &shop,
        (Method::GET, wrong, &Value::Null),
        (400, "invalid_query_params"),
    )
    .await;
}

#[tokio::test]
async fn a_published_code_lives_as_long_as_its_campaign_says() {
    let shop = Shop::start().await;
    let more = json!({"activity_duration_after_publishing": "P5D",
        "expiration_date": "2026-11-22T12:00:00.000Z"});
    campaign(&shop, "Short", more).await;
    let made = publish(&shop, &to("ann", "Short")).await;
    let code = made["voucher"]["code"].as_str().unwrap();
    assert_eq!(
        made["voucher"]["expiration_date"],
        "2026-11-26T12:00:00.000Z"
    );
    let body = using(&[code], order("o-1", 5_000));
    let late = shop.post(NOON + 3 * DAY, "/v1/validations", &body).await;
    assert_eq!(late["valid"], true, "{late}");
    let over = shop.post(NOON + 6 * DAY, "/v1/validations", &body).await;
    assert_eq!(
        over["redeemables"][0]["result"]["error"]["key"],
        "voucher_expired"
    );
    let wrong = json!({"name": "Wrong", "campaign_type": "DISCOUNT_COUPONS",
        "activity_duration_after_publishing": "five days",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    let ask = (Method::POST, "/v1/campaigns", &wrong);
    check(&shop, ask, (400, "invalid_payload")).await;
}

/// Months are the calendar's, where the shop is: on the same hour of the clock on the wall.
#[tokio::test]
async fn months_and_years_of_a_life_are_the_calendars() {
    let shop = Shop::start().await;
    shop.put("/v1/settings", &json!({"timezone": "Europe/Berlin"}))
        .await;
    for (name, life, until) in [
        ("Month", "P1M", "2026-12-21T12:00:00.000Z"),
        // Summer time has begun.
        ("Half", "P6M", "2027-05-21T11:00:00.000Z"),
        ("Year", "P1Y1MT12H", "2027-12-22T00:00:00.000Z"),
        ("Days", "P180D", "2027-05-20T12:00:00.000Z"),
    ] {
        let more = json!({"activity_duration_after_publishing": life});
        campaign(&shop, name, more).await;
        let made = publish(&shop, &to("ann", name)).await;
        assert_eq!(made["voucher"]["expiration_date"], until, "{life}");
    }
    for life in ["P101Y", "P0M", "P-1M", "P1M-31D", "1M", ""] {
        let wrong = json!({"name": "Wrong", "campaign_type": "DISCOUNT_COUPONS",
            "activity_duration_after_publishing": life,
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
        let ask = (Method::POST, "/v1/campaigns", &wrong);
        check(&shop, ask, (400, "invalid_payload")).await;
    }
}

#[tokio::test]
async fn a_rule_binds_codes_to_whom_they_were_given() {
    let shop = Shop::start().await;
    let rule = json!({"name": "Own", "rules": {"1": {
        "name": "publication.redeemable_by_linked_customer",
        "conditions": {"$is": [true]}}, "logic": "1"}});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let more = json!({"validation_rules": [rule["id"]], "vouchers_count": 1});
    campaign(&shop, "Own", more).await;
    let free = shop.get(NOON, "/v1/vouchers?campaign=Own").await;
    let free = free["vouchers"][0]["code"].as_str().unwrap().to_owned();
    let key = async |code: &str, customer: &str| {
        let mut body = using(&[code], order("o-1", 5_000));
        body["customer"] = json!({"source_id": customer});
        let seen = shop.post(NOON, "/v1/validations", &body).await;
        seen["redeemables"][0]["result"]["error"]["key"].clone()
    };
    assert_eq!(key(&free, "ann").await, "customer_rules_violated");
    publish(
        &shop,
        &json!({"voucher": free, "customer": {"source_id": "ann"}}),
    )
    .await;
    assert_eq!(key(&free, "ann").await, Value::Null);
    assert_eq!(key(&free, "bob").await, "customer_rules_violated");
}
