//! What a discount touches: application rules, units that join or give way, counted numbers.

use serde_json::{Value, json};

use crate::{
    redemptions::{books_balance, using},
    shop::{NOON, Shop},
};

/// The worked cart of Voucherify's guide on application rules.
fn cart() -> Value {
    let item = |source: &str, quantity: u64, price: u64| {
        let product = "product";
        json!({
            "source_id": source, "related_object": product, "quantity": quantity, "price": price,
        })
    };
    json!({"items": [
        item("shirt", 3, 2_000), item("poster", 5, 1_500), item("mug", 2, 1_000),
        item("socks", 4, 500), item("bottle", 2, 2_500),
    ]})
}

/// A code whose discount touches these goods.
async fn code(shop: &Shop, code: &str, discount: Value, applicable_to: Value) {
    let rule = match applicable_to.is_null() {
        true => Value::Null,
        false => json!({"name": code, "rules": {}, "applicable_to": applicable_to}),
    };
    ruled(shop, code, discount, rule).await;
}

/// A code under a rule, where there is one.
async fn ruled(shop: &Shop, code: &str, discount: Value, rule: Value) {
    let mut campaign = json!({
        "name": code, "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "voucher": {
            "type": "DISCOUNT_VOUCHER", "discount": discount, "code_config": {"pattern": code},
        },
    });
    if !rule.is_null() {
        let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
        campaign["validation_rules"] = json!([rule["id"]]);
    }
    shop.post(NOON, "/v1/campaigns", &campaign).await;
}

/// What the code takes of each line, and the total.
async fn taken(shop: &Shop, code: &str, order: Value) -> (Vec<u64>, u64) {
    let answer = shop
        .post(NOON, "/v1/validations", &using(&[code], order))
        .await;
    assert_eq!(answer["valid"], true, "{answer}");
    let items = answer["order"]["items"].as_array().unwrap();
    let off = items
        .iter()
        .map(|item| item["discount_amount"].as_u64().unwrap_or(0));
    (
        off.collect(),
        answer["order"]["total_amount"].as_u64().unwrap(),
    )
}

fn adventure(more: Value) -> Value {
    let entry = |id: &str| {
        let mut entry = json!({"object": "product", "id": id});
        entry
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        entry
    };
    let included = ["shirt", "poster", "mug", "socks"].map(entry);
    json!({ "included": included })
}

#[tokio::test]
async fn units_are_picked_line_by_line() {
    let shop = Shop::start().await;
    // Each entry is picked by itself: of every product every second unit after the first.
    let picked = adventure(json!({"skip_initially": 1, "repeat": 2, "target": "UNIT"}));
    let off = json!({
        "type": "AMOUNT", "amount_off": 500, "effect": "APPLY_TO_ITEMS_BY_QUANTITY",
    });
    code(&shop, "PICKED", off, picked).await;
    let (off, total) = taken(&shop, "PICKED", cart()).await;
    assert_eq!((off, total), (vec![500, 1_000, 500, 1_000, 0], 19_500));
    let told = shop
        .post(NOON, "/v1/validations", &using(&["PICKED"], cart()))
        .await;
    let goods = told["redeemables"][0]["applicable_to"]["data"]
        .as_array()
        .unwrap()
        .iter();
    let units: Vec<&Value> = goods.map(|one| &one["order_item_units"]).collect();
    let of = |index: u64, units: &[u64]| json!([{"index": index, "units": units}]);
    assert_eq!(
        units,
        [&of(0, &[2]), &of(1, &[2, 4]), &of(2, &[2]), &of(3, &[2, 4])]
    );
    let cheapest = json!({"included": [
        {"object": "product", "id": "shirt", "quantity_limit": 1},
        {"object": "product", "id": "mug", "price": 700},
    ]});
    let fixed = json!({"type": "FIXED", "fixed_amount": 1_500, "effect": "APPLY_TO_ITEMS"});
    code(&shop, "FIXED", fixed, cheapest).await;
    let (off, total) = taken(&shop, "FIXED", cart()).await;
    assert_eq!((off, total), (vec![500, 0, 600, 0, 0], 21_400));
}

fn node(name: &str, property: &str, conditions: Value) -> Value {
    let mut node = json!({"name": name, "conditions": conditions});
    if !property.is_empty() {
        node["property"] = json!(property);
    }
    node
}

/// Nodes of a rule name the goods that must be there, and the discount touches no others.
#[tokio::test]
async fn nodes_say_what_is_touched() {
    let shop = Shop::start().await;
    let item = |source: &str, quantity: u64, more: Value| {
        json!({"source_id": source, "related_object": "product", "quantity": quantity,
            "price": 1_000, "product": {"metadata": more}})
    };
    let red = item("shirt", 3, json!({"color": "red", "size": 42}));
    let goods = json!({"items": [
        red, item("mug", 2, json!({"color": "blue", "size": 44})), item("socks", 4, json!({})),
    ]});
    let only_red = json!({ "items": [red] });
    let color = "product.metadata.discount_applicable";
    let is_red = node(color, "color", json!({"$is": ["red"]}));
    let is_large = node(color, "size", json!({"$more_than": [40]}));
    let mug = json!([{"id": "mug", "object": "product"}]);
    let is_mug = node("product.discount_applicable", "", json!({"$is": mug}));
    let no_mug = node("sku.discount_applicable", "", json!({"$is_not": mug}));
    let all_red = node("order_items_metadata", "color", json!({"$is": ["red"]}));
    let tenth = json!({"type": "PERCENT", "percent_off": 10});
    let coded = async |name: &str, nodes: &[&Value]| {
        let numbered = nodes.iter().enumerate();
        let rules: serde_json::Map<String, Value> = numbered
            .map(|(at, node)| (at.to_string(), (*node).clone()))
            .collect();
        let rule = json!({"name": name, "rules": rules});
        ruled(&shop, name, tenth.clone(), rule).await;
    };
    coded("RED", &[&is_red]).await;
    coded("LARGERED", &[&is_large, &is_red]).await;
    coded("LARGE", &[&is_large]).await;
    coded("MUG", &[&is_mug]).await;
    coded("NOMUG", &[&no_mug]).await;
    coded("REDMUG", &[&is_mug, &is_red]).await;
    coded("ALLRED", &[&all_red]).await;
    for (name, expected) in [
        ("RED", [300, 0, 0]),
        ("LARGERED", [300, 0, 0]),
        ("LARGE", [300, 200, 0]),
        ("MUG", [0, 200, 0]),
        ("NOMUG", [300, 0, 400]),
    ] {
        let (off, total) = taken(&shop, name, goods.clone()).await;
        assert_eq!(
            (&off[..], total),
            (&expected[..], 9_000 - off.iter().sum::<u64>())
        );
    }
    let (off, total) = taken(&shop, "ALLRED", only_red.clone()).await;
    assert_eq!((off, total), (vec![0], 2_700));
    for (name, order) in [("REDMUG", &goods), ("ALLRED", &goods), ("MUG", &only_red)] {
        let body = using(&[name], order.clone());
        let answer = shop.post(NOON, "/v1/validations", &body).await;
        let error = &answer["redeemables"][0]["result"]["error"];
        assert_eq!(error["key"], "order_rules_violated", "{name}: {answer}");
    }
}

#[tokio::test]
async fn the_goods_that_are_touched_are_told() {
    let shop = Shop::start().await;
    let off = json!({"type": "PERCENT", "percent_off": 10, "amount_limit": 300});
    code(&shop, "TENTH", off, adventure(json!({}))).await;
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["TENTH"], cart()))
        .await;
    let row = &answer["redeemables"][0];
    assert_eq!(row["result"]["discount"]["amount_limit"], 300);
    let told = row["applicable_to"]["data"].as_array().unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|one| (&one["source_id"], &one["order_item_indices"]))
        .collect();
    let expected = [("shirt", 0), ("poster", 1), ("mug", 2), ("socks", 3)];
    let expected = expected.map(|(id, at)| (json!(id), json!([at])));
    let expected: Vec<_> = expected.iter().map(|(id, at)| (id, at)).collect();
    assert_eq!(told, expected);
    assert_eq!(
        answer["order"]["total_discount_amount"],
        300 + 300 + 200 + 200
    );
}

#[tokio::test]
async fn units_join_and_give_way() {
    let shop = Shop::start().await;
    let many = json!({"type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": [
        {"unit_type": "mug", "unit_off": 3, "effect": "ADD_MISSING_ITEMS"},
        {"unit_type": "socks", "unit_off": 1, "effect": "ADD_NEW_ITEMS"},
    ]});
    code(&shop, "MANY", many, Value::Null).await;
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["MANY"], cart()))
        .await;
    assert_eq!(answer["order"]["amount"], 22_500 + 1_000 + 500);
    assert_eq!(answer["order"]["total_amount"], 22_500 - 2_000);
    assert_eq!(answer["order"]["items"].as_array().unwrap().len(), 7);
    let better =
        json!({"type": "UNIT", "effect": "REPLACE_ITEMS", "unit_type": "bottle", "unit_off": 1});
    let shirts = json!({"included": [{"object": "product", "id": "shirt", "quantity_limit": 1}]});
    code(&shop, "BETTER", better, shirts).await;
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["BETTER"], cart()))
        .await;
    assert_eq!(answer["order"]["amount"], 22_500 - 2_000 + 2_500);
    assert_eq!(answer["order"]["total_amount"], 22_500);
    let items = &answer["order"]["items"];
    let expected = json!({
        "source_index": 0, "source_applied_quantity": -1,
        "source_applied_quantity_amount": -2_000, "target_index": 5,
        "target_applied_quantity": 1, "target_applied_quantity_amount": 2_500,
        "target_applied_discount_amount": 500,
    });
    assert_eq!(items[0]["application_details"], json!([expected]));
    assert_eq!(items[5]["application_details"], json!([expected]));
    assert_eq!(
        (&items[0]["applied_quantity"], &items[0]["quantity"]),
        (&json!(-1), &json!(2))
    );
    let used = using(&["BETTER"], cart());
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    assert_eq!(used["order"]["total_amount"], 22_500);
    // Rolled back, the order is as it was sent.
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    let undone = shop.post(NOON, &path, &json!({})).await;
    let items = undone["order"]["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["quantity"]), (5, &json!(3)));
    assert_eq!(items[0]["amount"], 6_000);
    books_balance(&shop).await;
}

#[tokio::test]
async fn numbers_are_counted_from_what_the_order_says() {
    let shop = Shop::start().await;
    let counted = json!({
        "type": "AMOUNT", "amount_off": 100,
        "amount_off_formula": "IF(ORDER_AMOUNT > 200;ORDER_METADATA(\"bonus\") * 2;5)",
    });
    code(&shop, "COUNTED", counted, Value::Null).await;
    let with = |bonus: Value| {
        let mut order = cart();
        order["metadata"] = json!({"bonus": bonus});
        order
    };
    assert_eq!(
        taken(&shop, "COUNTED", with(json!(7))).await.1,
        22_500 - 1_400
    );
    assert_eq!(
        taken(&shop, "COUNTED", with(json!("x"))).await.1,
        22_500 - 100
    );
    assert_eq!(taken(&shop, "COUNTED", cart()).await.1, 22_500 - 100);
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["COUNTED"], cart()))
        .await;
    let discount = &answer["redeemables"][0]["result"]["discount"];
    assert_eq!(
        (&discount["is_dynamic"], &discount["amount_off"]),
        (&json!(true), &json!(100))
    );
}

#[tokio::test]
async fn numbers_are_counted_from_what_is_told_of_the_redeemable() {
    let shop = Shop::start().await;
    let counted = json!({
        "type": "AMOUNT", "amount_off": 100,
        "amount_off_formula": "REDEEMABLE_METADATA(\"level\") * 10 + VOUCHER_REDEEMED_QUANTITY \
            + DEFAULT_TO(PUBLICATION_METADATA(\"bonus\");0) + VOUCHER_PUBLISH_COUNT * 100",
    });
    let rule = json!({"name": "Levels", "rules": {
        "1": {"name": "redeemable.metadata", "property": "level",
              "conditions": {"$more_than": [1]}},
    }, "expression": "voucher.redeemed_quantity < 2"});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let campaign = json!({"name": "Levels", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": counted},
        "validation_rules": [rule["id"]]});
    let campaign = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let campaign = campaign["id"].as_str().unwrap();
    for (code, level) in [("LOW", 1), ("HIGH", 3)] {
        let path = format!("/v1/campaigns/{campaign}/vouchers/{code}");
        let metadata = json!({"metadata": {"level": level}});
        shop.post(NOON, &path, &metadata).await;
    }
    let cart = |source: &str| {
        let mut order = cart();
        order["source_id"] = json!(source);
        order
    };
    assert_eq!(taken(&shop, "HIGH", cart("a")).await.1, 22_500 - 3_000);
    let low = shop
        .post(NOON, "/v1/validations", &using(&["LOW"], cart("a")))
        .await;
    let error = &low["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "redemption_rules_violated", "{low}");
    assert_eq!(error["proffer"]["code"], "rule_not_met");
    let given = json!({"voucher": "HIGH", "customer": {"source_id": "ann"},
        "metadata": {"bonus": 5}});
    shop.post(NOON, "/v1/publications", &given).await;
    assert_eq!(taken(&shop, "HIGH", cart("a")).await.1, 22_500 - 13_500);
    let used = using(&["HIGH"], cart("a"));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    assert_eq!(used["order"]["total_amount"], 22_500 - 13_500);
    assert_eq!(taken(&shop, "HIGH", cart("b")).await.1, 22_500 - 13_600);
    shop.post(NOON, "/v1/redemptions", &using(&["HIGH"], cart("b")))
        .await;
    let third = shop
        .post(NOON, "/v1/validations", &using(&["HIGH"], cart("c")))
        .await;
    let error = &third["redeemables"][0]["result"]["error"];
    assert_eq!(error["key"], "redemption_rules_violated", "{third}");
    let sentence = "Your order does not qualify for this (voucher.redeemed_quantity).";
    assert_eq!(error["proffer"]["sentence"], sentence);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_tier_tells_its_own_metadata_and_dates() {
    let shop = Shop::start().await;
    let tier = json!({"name": "Tier", "metadata": {"off": 2},
        "start_date": "2026-11-18T12:00:00Z",
        "action": {"discount": {"type": "AMOUNT", "amount_off": 100,
            "amount_off_formula": "REDEEMABLE_METADATA(\"off\") \
                + DAYS_SINCE(PROMOTION_TIER_START_DATE) * 10"}}});
    let promotion = json!({"name": "Tiers", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [tier]}});
    let made = shop.post(NOON, "/v1/campaigns", &promotion).await;
    let tier = &made["promotion"]["tiers"][0]["id"];
    let ask = json!({"redeemables": [{"object": "promotion_tier", "id": tier}],
        "order": cart()});
    let answer = shop.post(NOON, "/v1/validations", &ask).await;
    assert_eq!(answer["order"]["total_amount"], 22_500 - 3_200, "{answer}");
}

#[tokio::test]
async fn the_catalogue_says_what_goods_are_and_cost() {
    let shop = Shop::start().await;
    let product = |source: &str, price: u64, size: &str| {
        let metadata = json!({ "size": size });
        json!({"source_id": source, "name": source, "price": price, "metadata": metadata})
    };
    let shirt = shop
        .post(NOON, "/v1/products", &product("shirt", 2_000, "L"))
        .await;
    shop.post(NOON, "/v1/products", &product("limited", 2_500, "L"))
        .await;
    let dear = json!({
        "name": "dear", "type": "AUTO_UPDATE",
        "filter": {"junction": "and", "price": {"conditions": {"$more_than": [1_800]}}},
    });
    let dear = shop.post(NOON, "/v1/product-collections", &dear).await;
    let tenth = || json!({"type": "PERCENT", "percent_off": 10});
    let on_dear = json!({"included": [{"object": "products_collection", "id": dear["id"]}]});
    code(&shop, "DEAR", tenth(), on_dear).await;
    let (off, total) = taken(&shop, "DEAR", cart()).await;
    assert_eq!((off, total), (vec![600, 0, 0, 0, 0], 21_900));
    // A rule names our id, and the order the shop's.
    let by_id = json!({"included": [{"object": "product", "id": shirt["id"]}]});
    code(&shop, "BYID", tenth(), by_id).await;
    assert_eq!(
        taken(&shop, "BYID", cart()).await,
        (vec![600, 0, 0, 0, 0], 21_900)
    );
    // What joins costs what the catalogue says.
    let limited = json!({
        "type": "UNIT", "effect": "REPLACE_ITEMS", "unit_type": "limited", "unit_off": 1,
    });
    let one_shirt =
        json!({"included": [{"object": "product", "id": "shirt", "quantity_limit": 1}]});
    code(&shop, "BETTER", limited, one_shirt).await;
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["BETTER"], cart()))
        .await;
    assert_eq!(answer["order"]["amount"], 22_500 - 2_000 + 2_500);
    assert_eq!(answer["order"]["total_amount"], 22_500);
    assert_eq!(answer["order"]["items"][0]["quantity"], 2);
    let gift = json!({"type": "UNIT", "unit_type": "limited", "unit_off": 1});
    code(&shop, "GIFT", gift, Value::Null).await;
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["GIFT"], cart()))
        .await;
    assert_eq!(answer["order"]["total_discount_amount"], 2_500);
    assert_eq!(answer["order"]["total_amount"], 22_500);
    // The benefit names our id, and the order the shop's: the shirt in the order is free.
    let free = json!({"type": "UNIT", "unit_type": shirt["id"], "unit_off": 1});
    code(&shop, "FREE", free, Value::Null).await;
    let (off, total) = taken(&shop, "FREE", cart()).await;
    assert_eq!((off, total), (vec![2_000, 0, 0, 0, 0], 20_500));
}

/// What the catalogue says of the goods is a fact where the order does not say it.
#[tokio::test]
async fn the_catalogue_tells_facts_of_goods() {
    let shop = Shop::start().await;
    let shirt = json!({"source_id": "shirt", "metadata": {"size": "L"}});
    shop.post(NOON, "/v1/products", &shirt).await;
    let tenth = json!({"type": "PERCENT", "percent_off": 10});
    let rule = json!({"name": "large", "rules": {"1": {
        "name": "product.metadata", "property": "size", "conditions": {"$is": ["L"]},
    }}});
    let rule = shop.post(NOON, "/v1/validation-rules", &rule).await;
    let campaign = json!({
        "name": "LARGE", "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
        "validation_rules": [rule["id"]],
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": tenth,
            "code_config": {"pattern": "LARGE"}},
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    assert_eq!(taken(&shop, "LARGE", cart()).await.1, 20_250);
}

/// A second redemption on the same order begins where the first one left it.
#[tokio::test]
async fn what_joined_an_order_is_not_taken_off_it_again() {
    let shop = Shop::start().await;
    let extra = json!({
        "type": "UNIT", "unit_type": "mug", "unit_off": 1, "effect": "ADD_NEW_ITEMS",
    });
    code(&shop, "EXTRA", extra, Value::Null).await;
    let one_off = json!({"type": "AMOUNT", "amount_off": 100});
    code(&shop, "ONE", one_off, Value::Null).await;
    let mut order = cart();
    order["source_id"] = json!("o-1");
    let first = shop
        .post(NOON, "/v1/redemptions", &using(&["EXTRA"], order))
        .await;
    assert_eq!(first["order"]["total_amount"], 22_500);
    let again = json!({"source_id": "o-1"});
    let second = shop
        .post(NOON, "/v1/redemptions", &using(&["ONE"], again))
        .await;
    assert_eq!(second["order"]["total_amount"], 22_400);
    books_balance(&shop).await;
}

#[tokio::test]
async fn goods_are_told_apart_from_shipping() {
    let shop = Shop::start().await;
    let tenth = json!({"type": "PERCENT", "percent_off": 10});
    let mugs = json!({"included": [{"object": "product", "id": "mug"}]});
    code(&shop, "TENTH", tenth, mugs).await;
    let order = json!({"items": [
        {"product_id": "prod_5h1pp1ng", "quantity": 1, "price": 500},
        {"source_id": "mug", "related_object": "product", "quantity": 1, "price": 1_000},
    ]});
    let answer = shop
        .post(NOON, "/v1/validations", &using(&["TENTH"], order))
        .await;
    let told = &answer["redeemables"][0]["applicable_to"]["data"];
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!(
        (&told[0]["source_id"], &told[0]["order_item_indices"]),
        (&json!("mug"), &json!([1]))
    );
    // The shop's name of a line is no id of ours.
    assert_eq!(told[0]["id"], Value::Null);
}

#[tokio::test]
async fn goods_are_told_by_the_ids_of_the_catalogue() {
    let shop = Shop::start().await;
    let mug = json!({"source_id": "mug", "name": "Mug"});
    let mug = shop.post(NOON, "/v1/products", &mug).await;
    let product = mug["id"].as_str().unwrap();
    let red = json!({"source_id": "mug-red", "sku": "red"});
    let red = shop
        .post(NOON, &format!("/v1/products/{product}/skus"), &red)
        .await;
    let each = json!({"type": "AMOUNT", "amount_off": 100, "effect": "APPLY_TO_ITEMS"});
    code(&shop, "EACH", each, Value::Null).await;
    let order = json!({"items": [
        {"source_id": "mug-red", "related_object": "sku", "quantity": 1, "price": 1_000},
        {"source_id": "mug", "related_object": "product", "quantity": 1, "price": 1_000},
        {"product_id": product, "quantity": 1, "price": 900},
        {"product_id": "prod_unheard", "quantity": 1, "price": 900},
        {"source_id": "socks", "related_object": "product", "quantity": 1, "price": 900},
    ]});
    let told = shop
        .post(NOON, "/v1/validations", &using(&["EACH"], order.clone()))
        .await;
    let told = &told["redeemables"][0]["applicable_to"];
    let rows = told["data"].as_array().unwrap().iter();
    let rows: Vec<Value> = rows
        .map(|one| {
            json!([
                one["object"],
                one["id"],
                one["source_id"],
                one["product_id"],
                one["order_item_indices"]
            ])
        })
        .collect();
    assert_eq!(
        json!(rows),
        json!([
            ["sku", red["id"], "mug-red", product, [0]],
            ["product", product, "mug", null, [1, 2]],
            ["product", "prod_unheard", null, null, [3]],
            ["product", null, "socks", null, [4]],
        ])
    );
    let of_one = json!({"order": order});
    let seen = shop.post(NOON, "/v1/vouchers/EACH/validate", &of_one).await;
    assert_eq!(&seen["applicable_to"], told);
}

#[tokio::test]
async fn a_collection_by_filter_takes_in_skus_alone() {
    let shop = Shop::start().await;
    shop.post(NOON, "/v1/products", &json!({"source_id": "pot"}))
        .await;
    for sku in ["pot-s", "pot-l"] {
        let body = json!({"source_id": sku});
        shop.post(NOON, "/v1/products/pot/skus", &body).await;
    }
    let body = json!({"name": "Small", "type": "AUTO_UPDATE",
        "filter": {"skus": {"conditions": {"$in": ["pot-s"]}}}});
    let small = shop.post(NOON, "/v1/product-collections", &body).await;
    let small = json!([{"object": "products_collection", "id": small["id"]}]);
    let tenth = json!({"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ITEMS"});
    code(&shop, "SMALL", tenth.clone(), json!({ "included": small })).await;
    let some = node("order.items.any", "", json!({"$from": small}));
    let rule = json!({"name": "some", "rules": {"1": some}});
    ruled(&shop, "SOME", tenth, rule).await;
    let item = |source: &str, kind: &str| {
        json!({"source_id": source, "related_object": kind,
            "quantity": 1, "price": 1_000})
    };
    let (s, l) = (item("pot-s", "sku"), item("pot-l", "sku"));
    let pot = item("pot", "product");
    let all = json!({"items": [l, s, pot]});
    let (off, total) = taken(&shop, "SMALL", all.clone()).await;
    assert_eq!((off, total), (vec![0, 100, 0], 2_900));
    let (off, total) = taken(&shop, "SOME", all).await;
    assert_eq!((off, total), (vec![100, 100, 100], 2_700));
    let others = using(&["SOME"], json!({"items": [l, pot]}));
    let answer = shop.post(NOON, "/v1/validations", &others).await;
    assert_eq!(answer["valid"], false, "{answer}");
}
