//! Goods that go together, and what an order comes to with a discount.

use serde_json::{Value, json};

use crate::{
    redemptions::{books_balance, using},
    shop::{NOON, Shop},
};

async fn code(shop: &Shop, code: &str, discount: Value, rule: Value) {
    let made = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let campaign = json!({
        "name": code, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {
            "type": "DISCOUNT_VOUCHER", "discount": discount, "code_config": {"pattern": code},
        },
        "validation_rules": [made["id"]],
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
}

fn part(id: &str, units: u64) -> Value {
    json!({
        "name": "order.items.any",
        "conditions": {"$is": [{"id": id, "object": "product"}]},
        "rules": {
            "1": {"name": "order.items.aggregated_quantity", "conditions": {"$is": [units]}},
            "logic": "1",
        },
    })
}

fn cart(pots: u64, teas: u64) -> Value {
    let item = |source: &str, quantity: u64, price: u64| {
        json!({
            "source_id": source, "related_object": "product",
            "quantity": quantity, "price": price,
        })
    };
    json!({"items": [item("pot", pots, 4_000), item("tea", teas, 500)]})
}

#[tokio::test]
async fn a_set_is_discounted_as_often_as_it_is_there() {
    let shop = Shop::start().await;
    let rule = json!({
        "name": "Pot and tea", "rules": {},
        "bundle_rules": {"1": part("pot", 1), "2": part("tea", 2), "logic": "1 and 2", "limit": 3},
    });
    let off = json!({"type": "AMOUNT", "amount_off": 700});
    code(&shop, "TEATIME", off, rule).await;
    let request = using(&["TEATIME"], cart(2, 5));
    let answer = shop.post(NOON, "/v1/validations", &request).await;
    assert_eq!(answer["order"]["total_discount_amount"], 1_400, "{answer}");
    let told = &answer["redeemables"][0]["result"]["bundle"];
    assert_eq!((&told["quantity"], &told["limit"]), (&json!(2), &json!(3)));
    let identified = json!([
        {"id": "pot", "object": "product", "item_index": 0, "item_quantity": 2},
        {"id": "tea", "object": "product", "item_index": 1, "item_quantity": 4},
    ]);
    assert_eq!(told["identified"], identified);
    let short = using(&["TEATIME"], cart(1, 1));
    let answer = shop.post(NOON, "/v1/validations", &short).await;
    let row = &answer["redeemables"][0];
    assert_eq!(
        (&answer["valid"], &row["status"]),
        (&json!(false), &json!("INAPPLICABLE"))
    );
    let missing = json!([{"id": "tea", "object": "product", "item_quantity": 1}]);
    assert_eq!(row["result"]["bundle"]["missing"], missing, "{row}");
    let redeemed = shop.post(NOON, "/v1/redemptions", &request).await;
    let id = redeemed["redemptions"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(redeemed["order"]["total_discount_amount"], 1_400);
    let path = format!("/v1/redemptions/{id}/rollback");
    shop.post(NOON, &path, &json!({})).await;
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_bundle_is_of_a_tier_not_of_all_of_them() {
    let shop = Shop::start().await;
    let bundle = json!({"1": part("pot", 1)});
    let rule = json!({"name": "Set", "rules": {}, "bundle_rules": bundle});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let path = format!("/v1/validation-rules/{}", rule["id"].as_str().unwrap());
    let shown = shop.get(NOON, &path).await;
    assert_eq!(shown["bundle_rules"], bundle);
    assert_eq!(shop.put(&path, &shown).await["bundle_rules"], bundle);
    let mut campaign = json!({
        "name": "Tiers", "campaign_type": "PROMOTION", "validation_rules": [rule["id"]],
    });
    let (status, refused) = shop.noon().post("/v1/campaigns", &campaign).await.unwrap();
    assert_eq!(status, 400);
    let details = refused["details"].as_str().unwrap();
    assert!(details.contains("assign the rule to the tier"), "{details}");
    campaign["validation_rules"] = json!([]);
    campaign["promotion"] = json!({"tiers": [{
        "name": "Pots", "validation_rules": [rule["id"]],
        "action": {"discount": {"type": "PERCENT", "percent_off": 10}},
    }]});
    let made = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let tier = &made["promotion"]["tiers"][0]["id"];
    let redeemable = json!({"object": "promotion_tier", "id": tier});
    let request = |order: Value| json!({"redeemables": [redeemable], "order": order});
    let answer = shop
        .post(NOON, "/v1/validations", &request(cart(3, 0)))
        .await;
    assert_eq!(answer["order"]["total_discount_amount"], 1_200, "{answer}");
    let answer = shop
        .post(NOON, "/v1/validations", &request(cart(0, 3)))
        .await;
    assert_eq!(answer["valid"], false);
}

#[tokio::test]
async fn a_rule_may_look_at_the_order_with_the_discount() {
    let shop = Shop::start().await;
    let rule = json!({"name": "Not below 40", "rules": {
        "1": {"name": "order.total_amount", "conditions": {"$more_than_or_equal": [4_000]}},
    }});
    let off = json!({"type": "AMOUNT", "amount_off": 1_000});
    code(&shop, "NOTBELOW", off, rule).await;
    let validated = async |amount: u64| {
        let request = using(&["NOTBELOW"], json!({"amount": amount}));
        shop.post(NOON, "/v1/validations", &request).await
    };
    assert_eq!(validated(5_000).await["order"]["total_amount"], 4_000);
    let refused = validated(4_999).await;
    let error = &refused["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "order_rules_violated", "{refused}");
}

#[tokio::test]
async fn rules_look_at_items_together() {
    let shop = Shop::start().await;
    let rule = json!({"name": "Three teas, pot the dearest", "rules": {
        "1": {"name": "order.items.any",
              "conditions": {"$is": [{"id": "tea", "object": "product"}]},
              "rules": {"1": {"name": "order.items.aggregated_quantity",
                              "conditions": {"$more_than_or_equal": [3]}}}},
        "2": {"name": "order.items.most_expensive",
              "conditions": {"$is": [{"id": "pot", "object": "product"}]}},
    }});
    let off = json!({"type": "AMOUNT", "amount_off": 100});
    code(&shop, "TOGETHER", off, rule).await;
    let is_valid = async |order: Value| {
        let request = using(&["TOGETHER"], order);
        shop.post(NOON, "/v1/validations", &request).await["valid"] == true
    };
    let tea = json!({"source_id": "tea", "related_object": "product", "quantity": 2, "price": 500});
    let mut apart = cart(1, 1);
    assert!(!is_valid(apart.clone()).await);
    apart["items"].as_array_mut().unwrap().push(tea);
    assert!(is_valid(apart.clone()).await);
    let dear =
        json!({"source_id": "gold", "related_object": "product", "quantity": 1, "price": 9_999});
    apart["items"].as_array_mut().unwrap().push(dear);
    assert!(!is_valid(apart).await);
}
