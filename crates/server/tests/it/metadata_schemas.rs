//! Metadata schemas: made by management, read by all, and held against what is written.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::setup::SANDBOX;
use wire::ids::{self, Tag};

use crate::{
    campaigns::delete,
    redemptions::{code, order, ten_off, using},
    shop::{NOON, Shop},
};

fn managed() -> String {
    let project = ids::format(Tag::Project, u64::from(SANDBOX.0));
    format!("/management/v1/projects/{project}/metadata-schemas")
}

async fn schema(shop: &Shop, of: &str, properties: Value) -> Value {
    let sent = json!({"related_object": of, "properties": properties});
    shop.post(NOON, &managed(), &sent).await
}

/// Sends what breaches a schema, and how.
async fn breaches(shop: &Shop, asked: (Method, &str), body: &Value, expected: &[&str]) {
    let (method, path) = asked;
    let client = shop.noon();
    let (status, answer) = match method {
        Method::PUT => client.put(path, body).await.unwrap(),
        _ => client.post(path, body).await.unwrap(),
    };
    assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
    assert_eq!(answer["key"], "metadata_validation_failed");
    assert_eq!(answer["message"], "Metadata validation failed");
    assert_eq!(answer["details"], json!(expected), "{path}");
}

#[tokio::test]
async fn a_schema_is_made_read_changed_and_removed() {
    let shop = Shop::start().await;
    let properties = json!({
        "season": {"type": "string", "array": true, "eq": ["summer", "winter"]},
        "partner": {"type": "object", "object_type": "partner", "optional": true},
        "code": {"type": "string", "min_length": 2, "optional": true}
    });
    let made = schema(&shop, "voucher", properties).await;
    assert_eq!(
        (&made["object"], &made["related_object"]),
        (&json!("metadata_schema"), &json!("voucher"))
    );
    assert_eq!(
        (&made["allow_defined_only"], &made["updated_at"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(
        made["properties"]["code"],
        json!({"type": "string", "min_length": 2, "optional": true, "array": false,
            "deleted": false})
    );
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("ms_"), "{id}");
    let one = format!("{}/{id}", managed());
    assert_eq!(shop.get(NOON, &one).await, made);
    let read = shop.get(NOON, "/v1/metadata-schemas/voucher").await;
    assert_eq!(
        (&read["id"], &read["properties"]["code"]["minLength"]),
        (&json!(id), &json!(2))
    );
    assert_eq!(read["properties"]["partner"]["objectType"], "partner");
    let list = shop.get(NOON, "/v1/metadata-schemas").await;
    assert_eq!(
        (&list["data_ref"], &list["schemas"]),
        (&json!("schemas"), &json!([read]))
    );
    let list = shop.get(NOON, &managed()).await;
    assert_eq!(
        (&list["data_ref"], &list["data"]),
        (&json!("data"), &json!([made]))
    );
    let sent = json!({"allow_defined_only": true, "related_object": "campaign",
        "properties": {"code": {"type": "number"}, "partner": null}});
    let changed = shop.put(&one, &sent).await;
    assert_eq!(
        (&changed["related_object"], &changed["allow_defined_only"]),
        (&json!("voucher"), &json!(true))
    );
    assert_eq!(changed["properties"]["code"]["type"], "number");
    let names: Vec<_> = changed["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["code", "season"]);
    assert_eq!(delete(&shop, &one).await.0, StatusCode::NO_CONTENT);
    for gone in [one.as_str(), "/v1/metadata-schemas/voucher"] {
        let (status, answer) = shop.noon().get(gone).await.unwrap();
        assert_eq!(
            (status.as_u16(), &answer["resource_type"]),
            (404, &json!("metadata_schema"))
        );
    }
    assert_eq!(delete(&shop, &one).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn schemas_of_another_project_and_wrong_ones_are_refused() {
    let shop = Shop::start().await;
    schema(&shop, "voucher", json!({})).await;
    let (status, _) = shop.live.get(&managed()).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = shop.live.get("/v1/metadata-schemas/voucher").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    let sent = json!({"related_object": "voucher"});
    let (status, answer) = shop.noon().post(&managed(), &sent).await.unwrap();
    assert_eq!(
        (status.as_u16(), &answer["key"]),
        (409, &json!("duplicate_found"))
    );
    for wrong in [
        json!({}),
        json!({"related_object": ""}),
        json!({"related_object": 7}),
        json!({"related_object": "order", "properties": []}),
        json!({"related_object": "order", "properties": {"a": {}}}),
        json!({"related_object": "order", "properties": {"a": {"type": "colour"}}}),
        json!({"related_object": "order", "properties": {"a": {"type": "string", "eq": [1]}}}),
        json!({"related_object": "order",
            "properties": {"a": {"type": "string", "minLength": -1}}}),
        json!([]),
    ] {
        let (status, answer) = shop.noon().post(&managed(), &wrong).await.unwrap();
        assert_eq!(
            (status.as_u16(), &answer["key"]),
            (400, &json!("invalid_payload")),
            "{wrong}"
        );
    }
    let list = shop.get(NOON, "/v1/metadata-schemas").await;
    assert_eq!(list["total"], 1);
}

#[tokio::test]
async fn what_is_made_follows_the_schema_of_its_kind() {
    let shop = Shop::start().await;
    let number = json!({"n": {"type": "number"}});
    for of in ["voucher", "customer", "product"] {
        schema(&shop, of, number.clone()).await;
    }
    let wrong = json!({"n": "one"});
    let must = ["n: must be a number"];
    let post = |path| (Method::POST, path);
    let put = |path| (Method::PUT, path);
    let voucher = json!({"code": "A", "discount": ten_off(), "metadata": wrong});
    breaches(&shop, post("/v1/vouchers"), &voucher, &must).await;
    let voucher = json!({"code": "A", "discount": ten_off()});
    breaches(
        &shop,
        post("/v1/vouchers"),
        &voucher,
        &["n: must be present"],
    )
    .await;
    let voucher = json!({"code": "A", "discount": ten_off(), "metadata": {"n": 1}});
    shop.post(NOON, "/v1/vouchers", &voucher).await;
    breaches(
        &shop,
        put("/v1/vouchers/A"),
        &json!({"metadata": wrong}),
        &must,
    )
    .await;
    shop.put("/v1/vouchers/A", &json!({"metadata": {"m": "any"}}))
        .await;
    let customer = json!({"source_id": "ann", "metadata": wrong});
    breaches(&shop, post("/v1/customers"), &customer, &must).await;
    let customer = json!({"source_id": "ann", "metadata": {"n": 1}});
    shop.post(NOON, "/v1/customers", &customer).await;
    shop.post(
        NOON,
        "/v1/customers",
        &json!({"source_id": "ann", "name": "Ann"}),
    )
    .await;
    let product = json!({"source_id": "p", "name": "P", "metadata": wrong});
    breaches(&shop, post("/v1/products"), &product, &must).await;
    let product = json!({"source_id": "p", "name": "P", "metadata": {"n": 1}});
    shop.post(NOON, "/v1/products", &product).await;
    breaches(
        &shop,
        put("/v1/products/p"),
        &json!({"metadata": wrong}),
        &must,
    )
    .await;
}

fn tier(metadata: &Value) -> Value {
    json!({"name": "t", "action": {"discount": ten_off()}, "metadata": metadata})
}

#[tokio::test]
async fn tiers_follow_theirs() {
    let shop = Shop::start().await;
    let number = json!({"n": {"type": "number"}});
    schema(&shop, "promotion_tier", number).await;
    let (right, wrong) = (json!({"n": 1}), json!({"n": "one"}));
    let must = ["n: must be a number"];
    let campaign = json!({"name": "c", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [tier(&right)]}});
    let made = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let id = made["promotion"]["tiers"][0]["id"].as_str().unwrap();
    let more = (Method::POST, "/v1/promotions/c/tiers");
    breaches(&shop, more, &tier(&wrong), &must).await;
    let one = format!("/v1/promotions/tiers/{id}");
    let change = (Method::PUT, one.as_str());
    breaches(&shop, change, &json!({"metadata": wrong}), &must).await;
    shop.put(&one, &json!({"name": "u"})).await;
}

#[tokio::test]
async fn campaigns_and_their_codes_follow_theirs() {
    let shop = Shop::start().await;
    code(&shop, "OLD", ten_off(), json!({})).await;
    schema(&shop, "campaign", json!({"n": {"type": "number"}})).await;
    schema(
        &shop,
        "voucher",
        json!({"v": {"type": "boolean", "optional": true}}),
    )
    .await;
    let campaign = |metadata: Value| {
        json!({"name": "c", "campaign_type": "DISCOUNT_COUPONS", "metadata": metadata,
            "use_voucher_metadata_schema": false,
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}})
    };
    let post = |path| (Method::POST, path);
    let must = ["n: must be a number"];
    breaches(
        &shop,
        post("/v1/campaigns"),
        &campaign(json!({"n": "one"})),
        &must,
    )
    .await;
    shop.post(NOON, "/v1/campaigns", &campaign(json!({"n": 1})))
        .await;
    let wrong = json!({"metadata": {"n": "two"}});
    breaches(&shop, (Method::PUT, "/v1/campaigns/c"), &wrong, &must).await;
    let wrong = json!({"metadata": {"v": 1}});
    breaches(
        &shop,
        post("/v1/campaigns/c/vouchers"),
        &wrong,
        &["v: must be true or false"],
    )
    .await;
    // What was there before is let be as long as its metadata is.
    shop.put("/v1/campaigns/for%20OLD", &json!({"description": "old"}))
        .await;
    shop.post(NOON, "/v1/campaigns/for%20OLD/disable", &json!({}))
        .await;
}

/// A shop in which `n` of these must be a number.
async fn numbered(all: &[&str]) -> Shop {
    let shop = Shop::start().await;
    for of in all {
        schema(&shop, of, json!({"n": {"type": "number"}})).await;
    }
    shop
}

#[tokio::test]
async fn programmes_follow_theirs() {
    let shop = numbered(&["reward", "earning_rule", "loyalty_tier"]).await;
    let club = json!({"name": "Club", "voucher": {"type": "LOYALTY_CARD"}});
    shop.post(NOON, "/v1/loyalties", &club).await;
    let (right, wrong) = (json!({"n": 1}), json!({"n": "one"}));
    let must = ["n: must be a number"];
    let reward = |metadata: &Value| {
        json!({"name": "Mug", "type": "MATERIAL", "metadata": metadata,
            "parameters": {"product": {"id": "mug"}}})
    };
    let rule = |metadata: &Value| {
        json!([{"event": "order.paid", "loyalty": {"type": "FIXED", "points": 5},
            "metadata": metadata}])
    };
    let tier = |metadata: &Value| {
        let points = json!({"from": 1, "to": 10});
        json!([{"name": "t", "points": points, "metadata": metadata}])
    };
    let (rules, tiers) = (
        "/v1/loyalties/Club/earning-rules",
        "/v1/loyalties/Club/tiers",
    );
    for (path, body) in [(rules, rule(&wrong)), (tiers, tier(&wrong))] {
        breaches(&shop, (Method::POST, path), &body, &must).await;
    }
    breaches(&shop, (Method::POST, "/v1/rewards"), &reward(&wrong), &must).await;
    let made = shop.post(NOON, rules, &rule(&right)).await;
    let one = format!("{rules}/{}", made[0]["id"].as_str().unwrap());
    let change = json!({"metadata": wrong});
    breaches(&shop, (Method::PUT, &one), &change, &must).await;
    // What is there stays as it is when something else is sent.
    shop.put(&one, &json!({"active": false})).await;
    shop.post(NOON, tiers, &tier(&right)).await;
}

#[tokio::test]
async fn publications_and_orders_follow_theirs() {
    let shop = numbered(&["publication", "order", "order_item"]).await;
    let (right, wrong) = (json!({"n": 1}), json!({"n": "one"}));
    let must = ["n: must be a number"];
    code(&shop, "TEN", ten_off(), json!({})).await;
    let ann = json!({"source_id": "ann"});
    let give = |metadata: &Value| json!({"voucher": "TEN", "customer": ann, "metadata": metadata});
    breaches(
        &shop,
        (Method::POST, "/v1/publications"),
        &give(&wrong),
        &must,
    )
    .await;
    assert_eq!(shop.get(NOON, "/v1/publications").await["total"], 0);
    shop.post(NOON, "/v1/publications", &give(&right)).await;

    let mut told = order("o-1", 5_000);
    told["metadata"] = wrong.clone();
    told["items"][0]["metadata"] = json!({});
    let expected = ["n: must be a number", "items[0].n: must be present"];
    breaches(&shop, (Method::POST, "/v1/orders"), &told, &expected).await;
    assert_eq!(shop.get(NOON, "/v1/orders").await["total"], 0);
    told["metadata"] = right.clone();
    told["items"][0]["metadata"] = right;
    shop.post(NOON, "/v1/orders", &told).await;
    let change = json!({"metadata": wrong});
    breaches(&shop, (Method::PUT, "/v1/orders/o-1"), &change, &must).await;
    shop.put("/v1/orders/o-1", &json!({"status": "CANCELED"}))
        .await;
}

#[tokio::test]
async fn what_comes_with_a_sale_follows_its_schemas() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let number = json!({"n": {"type": "number"}});
    for of in ["redemption", "order", "order_item"] {
        schema(&shop, of, number.clone()).await;
    }
    let mut body = using(&["TEN"], order("o-1", 20_000));
    body["metadata"] = json!({"n": "one"});
    body["order"]["metadata"] = json!({});
    body["order"]["items"][0]["metadata"] = json!({"n": true});
    let expected = [
        "n: must be a number",
        "order.n: must be present",
        "order.items[0].n: must be a number",
    ];
    breaches(&shop, (Method::POST, "/v1/redemptions"), &body, &expected).await;
    assert_eq!(shop.get(NOON, "/v1/redemptions").await["total"], 0);
    body["metadata"] = json!({"n": 1});
    body["order"]["metadata"] = json!({"n": 2.5});
    body["order"]["items"][0]["metadata"] = json!({"n": 3});
    shop.post(NOON, "/v1/redemptions", &body).await;
    // Without metadata there is none to hold against a schema.
    code(&shop, "MORE", ten_off(), json!({})).await;
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["MORE"], order("o-2", 20_000)),
    )
    .await;
}
