//! Many things in one call.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::{actions, setup::SANDBOX};
use store::Kind;

use crate::{
    actions::{action, work},
    loyalties::{card, per_euro, points, programme, rules},
    redemptions::{books_balance, ten_off},
    shop::{NOON, Shop},
};

/// Sends rows, has them gone through, and tells what came of them.
async fn import(shop: &Shop, path: &str, rows: &Value) -> Value {
    let (status, started) = shop.noon().post(path, rows).await.unwrap();
    assert_eq!(status, StatusCode::ACCEPTED, "{path}: {started}");
    work(shop).await;
    let action = action(shop, &started).await;
    assert_eq!(action["status"], "DONE", "{action}");
    assert_eq!(action["progress"], 100);
    action
}

/// The same of a table.
async fn import_table(shop: &Shop, (path, kind): (&str, &str), table: &str) -> Value {
    let headers = [
        ("x-app-token", shop.sandbox_key.as_str()),
        ("proffer-now", "2026-11-21T12:00:00Z"),
        ("content-type", kind),
    ];
    let (status, _, started) = shop
        .raw((Method::POST, path), &headers, table.to_owned())
        .await;
    assert!(status.is_success(), "{path}: {started}");
    work(shop).await;
    let action = action(shop, &started).await;
    assert_eq!(action["status"], "DONE", "{action}");
    action
}

fn counts(action: &Value) -> (u64, u64) {
    let result = &action["result"];
    let count = |name: &str| result[name].as_u64().unwrap();
    (count("done_count"), count("failed_count"))
}

#[tokio::test]
async fn vouchers_are_made_from_a_list_and_each_failure_is_told() {
    let shop = Shop::start().await;
    let rows = json!([
        {"code": "A", "discount": ten_off(), "redemption": {"quantity": 2}},
        {"code": "CARD", "type": "GIFT_VOUCHER", "gift": {"amount": 700}},
        {"code": "a", "discount": ten_off()},
        {"discount": ten_off()},
        {"code": "B", "discount": {"type": "PERCENT", "percent_off": 101}},
        {"code": "C"},
        {"code": "D", "discount": ten_off(), "metadata": {"n": 4}},
    ]);
    let action = import(&shop, "/v1/vouchers/import", &rows).await;
    assert_eq!(action["type"], "VOUCHERS.IMPORT");
    assert_eq!(counts(&action), (3, 4));
    let failed = action["result"]["failed"].as_array().unwrap();
    let told: Vec<(u64, &str)> = failed
        .iter()
        .map(|row| (row["row"].as_u64().unwrap(), row["key"].as_str().unwrap()))
        .collect();
    let payload = "invalid_payload";
    let expected = [
        (3, "duplicate_found"),
        (4, payload),
        (5, payload),
        (6, payload),
    ];
    assert_eq!(told, expected);
    assert!(
        failed
            .iter()
            .all(|row| row["message"].as_str().unwrap().len() > 5)
    );
    let a = shop.get(NOON, "/v1/vouchers/A").await;
    assert_eq!(a["redemption"]["quantity"], 2);
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/CARD").await["gift"]["balance"],
        700
    );
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/D").await["metadata"],
        json!({"n": 4})
    );
    assert_eq!(shop.get(NOON, "/v1/vouchers").await["total"], 3);
    books_balance(&shop).await;
    let store = shop.app.store();
    let parts = store.count_records(SANDBOX, Kind::ActionPart).await;
    assert_eq!(parts.unwrap(), 0, "what was gone through is not kept");
}

/// Whoever is cut off half-way leaves the rest, and what was done is not done again.
#[tokio::test]
async fn rows_that_are_gone_through_twice_make_nothing_twice() {
    let shop = Shop::start().await;
    let row = |n: u32| json!({"code": format!("C-{n}"), "gift": {"amount": 100}});
    let rows: Vec<Value> = (0..250).map(row).collect();
    let path = "/v1/vouchers/import";
    let (_, started) = shop.noon().post(path, &json!(rows)).await.unwrap();
    let works = || actions::work(&shop.app, &[SANDBOX]);
    let (one, two) = tokio::join!(works(), works());
    one.and(two).unwrap();
    let action = action(&shop, &started).await;
    assert_eq!(counts(&action), (250, 0), "{action}");
    assert_eq!(shop.get(NOON, "/v1/vouchers").await["total"], 250);
    books_balance(&shop).await;
}

#[tokio::test]
async fn vouchers_are_made_from_a_table() {
    let shop = Shop::start().await;
    let table = "Code,Voucher Type,Value,Discount Type,Redemption Limit,Shop\r\n\
                 A,DISCOUNT_VOUCHER,1000,AMOUNT,2,north\r\n\
                 B,GIFT_VOUCHER,2500,,,\r\n\
                 ,DISCOUNT_VOUCHER,10,PERCENT,,\r\n";
    let to = ("/v1/vouchers/importCSV", "text/csv");
    let action = import_table(&shop, to, table).await;
    assert_eq!(action["type"], "VOUCHERS.IMPORT_CSV");
    assert_eq!(counts(&action), (2, 1));
    assert_eq!(action["result"]["failed"][0]["row"], 3);
    let a = shop.get(NOON, "/v1/vouchers/A").await;
    assert_eq!(a["discount"]["amount_off"], 1_000);
    assert_eq!(a["metadata"], json!({"Shop": "north"}));
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/B").await["gift"]["amount"],
        2_500
    );
    // The same as the file of a form.
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"v.csv\"\r\n\
                Content-Type: text/csv\r\n\r\nCode,Value\r\nF,500\r\n--x--\r\n";
    let to = (to.0, "multipart/form-data; boundary=x");
    assert_eq!(counts(&import_table(&shop, to, form).await), (1, 0));
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/F").await["discount"]["amount_off"],
        500
    );
}

#[tokio::test]
async fn codes_of_choice_are_added_to_a_campaign() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "c", "voucher": {"type": "DISCOUNT_VOUCHER",
        "discount": ten_off(), "redemption": {"quantity": 1}}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    let rows = json!([{"code": "A"}, {"code": "B", "redemption": {"quantity": 9}}, {}]);
    let action = import(&shop, "/v1/campaigns/c/import", &rows).await;
    assert_eq!(action["type"], "CAMPAIGN.VOUCHERS_IMPORT");
    assert_eq!(counts(&action), (2, 1));
    let b = shop.get(NOON, "/v1/vouchers/B").await;
    assert_eq!(
        (&b["campaign"], &b["redemption"]["quantity"]),
        (&json!("c"), &json!(9))
    );
    let to = ("/v1/campaigns/c/importCSV", "text/csv");
    let action = import_table(&shop, to, "Code\nX\nY\n").await;
    assert_eq!(action["type"], "CAMPAIGN.VOUCHERS_IMPORT_CSV");
    assert_eq!(counts(&action), (2, 0));
    assert_eq!(shop.get(NOON, "/v1/campaigns/c").await["vouchers_count"], 4);
    for path in ["/v1/campaigns/nope/import", "/v1/campaigns/nope/importCSV"] {
        let (status, answer) = shop.noon().post(path, &rows).await.unwrap();
        assert_eq!(
            (status, &answer["key"]),
            (StatusCode::NOT_FOUND, &json!("not_found"))
        );
    }
}

#[tokio::test]
async fn metadata_of_many_is_changed() {
    let shop = Shop::start().await;
    for code in ["A", "B"] {
        let body = json!({"code": code, "discount": ten_off(), "metadata": {"k": 0, "stays": 1}});
        shop.post(NOON, "/v1/vouchers", &body).await;
    }
    let rows = json!([{"code": "A", "metadata": {"k": 1}}, {"code": "NOPE", "metadata": {}}]);
    let action = import(&shop, "/v1/vouchers/bulk/async", &rows).await;
    assert_eq!(action["type"], "VOUCHERS.BULK_UPDATE");
    assert_eq!(counts(&action), (1, 1));
    assert_eq!(action["result"]["failed"][0]["key"], "not_found");
    let a = shop.get(NOON, "/v1/vouchers/A").await;
    assert_eq!(a["metadata"], json!({"k": 1, "stays": 1}));
    let all = json!({"codes": ["A", "B"], "metadata": {"k": 2}});
    let action = import(&shop, "/v1/vouchers/metadata/async", &all).await;
    assert_eq!(action["type"], "VOUCHERS.METADATA_UPDATE");
    assert_eq!(counts(&action), (2, 0));
    let b = shop.get(NOON, "/v1/vouchers/B").await;
    assert_eq!(b["metadata"], json!({"k": 2, "stays": 1}));
    assert_eq!(b["discount"]["amount_off"], 1_000);
}

#[tokio::test]
async fn customers_are_made_and_changed() {
    let shop = Shop::start().await;
    let rows = json!([
        {"source_id": "ann", "name": "Ann"},
        {"source_id": "bob", "email": "bob@example.com"},
        {"source_id": "ann", "phone": "+49"},
        {"name": "Nobody"},
        {"source_id": "eve", "name": ["secret"]},
    ]);
    let action = import(&shop, "/v1/customers/bulk/async", &rows).await;
    assert_eq!(action["type"], "CUSTOMERS.BULK_UPDATE");
    assert_eq!(counts(&action), (3, 2));
    let told = action["result"].to_string();
    for personal in ["secret", "eve", "Nobody"] {
        assert!(!told.contains(personal), "{told}");
    }
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        (&ann["name"], &ann["phone"]),
        (&json!("Ann"), &json!("+49"))
    );
    let table = "Source_id,Name,Address_City,tier\ncat,Cat,Ghent,gold\nann,Anna,,\n";
    let to = ("/v1/customers/importCSV", "text/csv");
    let action = import_table(&shop, to, table).await;
    assert_eq!(action["type"], "CUSTOMERS.IMPORT_CSV");
    assert_eq!(counts(&action), (2, 0));
    let cat = shop.get(NOON, "/v1/customers/cat").await;
    assert_eq!(
        (&cat["address"]["city"], &cat["metadata"]),
        (&json!("Ghent"), &json!({"tier": "gold"}))
    );
    assert_eq!(shop.get(NOON, "/v1/customers/ann").await["name"], "Anna");
    let all = json!({"source_ids": ["ann", "nobody"], "metadata": {"vip": true}});
    let action = import(&shop, "/v1/customers/metadata/async", &all).await;
    assert_eq!(action["type"], "CUSTOMERS.METADATA_UPDATE");
    assert_eq!(counts(&action), (1, 1));
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(ann["metadata"]["vip"], true);
    let (status, _) = shop.noon().get("/v1/customers/nobody").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND, "nothing is made");
}

#[tokio::test]
async fn the_catalogue_is_made_and_changed() {
    let shop = Shop::start().await;
    let rows = json!([{"source_id": "mug", "name": "Mug", "price": 1_200},
        {"source_id": "mug", "name": "Blue mug"}, {"source_id": "", "price": -1}]);
    let action = import(&shop, "/v1/products/bulk/async", &rows).await;
    assert_eq!(action["type"], "PRODUCTS.BULK_UPDATE");
    assert_eq!(counts(&action), (2, 1));
    let mug = shop.get(NOON, "/v1/products/mug").await;
    assert_eq!(
        (&mug["name"], &mug["price"]),
        (&json!("Blue mug"), &json!(1_200))
    );
    let table = "source_id,name,price,attributes,brand\ncup,Cup,900,\"color,size\",Acme\n";
    let to = ("/v1/products/importCSV", "text/csv");
    let action = import_table(&shop, to, table).await;
    assert_eq!(action["type"], "PRODUCTS.IMPORT_CSV");
    let cup = shop.get(NOON, "/v1/products/cup").await;
    assert_eq!(
        (&cup["attributes"], &cup["metadata"]),
        (&json!(["color", "size"]), &json!({"brand": "Acme"}))
    );
    let table = "product_id,source_id,sku,price\nmug,mug-b,blue,1300\nnope,x,y,1\n";
    let to = ("/v1/skus/importCSV", "text/csv");
    let action = import_table(&shop, to, table).await;
    assert_eq!(action["type"], "SKUS.IMPORT_CSV");
    assert_eq!(counts(&action), (1, 1));
    let sku = shop.get(NOON, "/v1/skus/mug-b").await;
    assert_eq!(
        (&sku["sku"], &sku["product"]["source_id"]),
        (&json!("blue"), &json!("mug"))
    );
    let all = json!({"source_ids": ["mug", "nope"], "metadata": {"season": "winter"}});
    let action = import(&shop, "/v1/products/metadata/async", &all).await;
    assert_eq!(action["type"], "PRODUCTS.METADATA_UPDATE");
    assert_eq!(counts(&action), (1, 1));
    let mug = shop.get(NOON, "/v1/products/mug").await;
    assert_eq!(mug["metadata"], json!({"season": "winter"}));
}

/// Orders of the past come with their customers, and earn nothing.
#[tokio::test]
async fn orders_of_the_past_are_taken_down() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    rules(&shop, &club, per_euro()).await;
    let ann = json!({"source_id": "ann", "name": "Ann"});
    let rows = json!([
        {"source_id": "o-1", "status": "PAID", "amount": 5_000, "customer": ann,
            "referrer": {"source_id": "bob"}},
        {"source_id": "o-2", "amount": 700, "metadata": {"store": "Riga"}},
        {"source_id": "o-1", "status": "FULFILLED"},
        {"source_id": "o-3", "amount": "secret"},
        {"id": "ord_0000000000001", "amount": 1},
        {"source_id": "o-4", "amount": 1, "customer": {"id": "cust_0000000000001"}},
    ]);
    let (_, started) = shop
        .noon()
        .post("/v1/orders/import", &rows)
        .await
        .map(|(status, started)| (assert_eq!(status, StatusCode::OK), started))
        .unwrap();
    work(&shop).await;
    let action = action(&shop, &started).await;
    assert_eq!(
        (&action["type"], &action["status"]),
        (&json!("ORDERS.IMPORT"), &json!("DONE"))
    );
    assert_eq!(counts(&action), (3, 3), "{action}");
    let failed = action["result"]["failed"].as_array().unwrap();
    let told: Vec<_> = failed
        .iter()
        .map(|row| (row["row"].as_u64().unwrap(), row["key"].as_str().unwrap()))
        .collect();
    let expected = [(4, "invalid_payload"), (5, "not_found"), (6, "not_found")];
    assert_eq!(told, expected);
    assert_eq!(failed[0]["message"], "/amount");
    let one = shop.get(NOON, "/v1/orders/o-1").await;
    assert_eq!(
        (&one["status"], &one["amount"]),
        (&json!("FULFILLED"), &json!(5_000))
    );
    for (who, name) in [("customer_id", "ann"), ("referrer_id", "bob")] {
        let customer = shop.get(NOON, &format!("/v1/customers/{name}")).await;
        assert_eq!(one[who], customer["id"], "{who}");
    }
    assert_eq!(shop.get(NOON, "/v1/orders").await["total"], 2);
    assert_eq!(points(&shop, NOON, &card).await, [0, 0, 0]);
    // What is paid from now on earns as ever.
    let paid = json!({"source_id": "o-2", "status": "PAID", "customer": ann});
    shop.post(NOON, "/v1/orders", &paid).await;
    assert_eq!(points(&shop, NOON, &card).await, [7, 7, 0]);
    books_balance(&shop).await;
}

#[tokio::test]
async fn more_orders_than_one_call_takes_are_refused() {
    let shop = Shop::start().await;
    let row = |n: u32| json!({"source_id": format!("o-{n}"), "amount": 1});
    let rows: Vec<Value> = (0..2_001).map(row).collect();
    let (status, answer) = shop
        .noon()
        .post("/v1/orders/import", &json!(rows))
        .await
        .unwrap();
    let expected = (StatusCode::BAD_REQUEST, &json!("invalid_payload"));
    assert_eq!((status, &answer["key"]), expected);
    assert_eq!(shop.get(NOON, "/v1/async-actions").await["total"], 0);
}

#[tokio::test]
async fn what_holds_no_rows_is_refused() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "c", "voucher": {"type": "DISCOUNT_VOUCHER",
        "discount": ten_off()}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    for (path, body) in [
        ("/v1/vouchers/bulk/async", json!({"code": "A"})),
        ("/v1/campaigns/c/import", json!("A")),
        ("/v1/campaigns/c/importCSV", json!({})),
        ("/v1/customers/bulk/async", json!([null])),
        ("/v1/customers/metadata/async", json!({"source_ids": "ann"})),
        ("/v1/products/bulk/async", json!(7)),
        ("/v1/products/importCSV", json!({})),
        ("/v1/products/metadata/async", json!({})),
        ("/v1/orders/import", json!({"orders": []})),
        ("/v1/orders/import", json!([["o-1"]])),
        ("/v1/vouchers/import", json!([])),
        ("/v1/vouchers/import", json!({})),
        ("/v1/vouchers/import", json!(["A"])),
        ("/v1/vouchers/importCSV", json!({})),
        ("/v1/vouchers/metadata/async", json!({"codes": []})),
        ("/v1/vouchers/metadata/async", json!({"codes": [1]})),
        ("/v1/customers/importCSV", json!("Name")),
        ("/v1/skus/importCSV", json!("Name")),
    ] {
        let (status, answer) = shop.noon().post(path, &body).await.unwrap();
        let is_empty = [json!([]), json!({"codes": []})].contains(&body);
        let key = json!(match is_empty {
            true => "missing_vouchers",
            false => "invalid_payload",
        });
        let expected = (StatusCode::BAD_REQUEST, &key);
        assert_eq!((status, &answer["key"]), expected, "{path} {body}");
    }
    assert_eq!(shop.get(NOON, "/v1/async-actions").await["total"], 0);
}

/// A body larger than other calls take.
#[tokio::test]
async fn a_long_list_is_taken() {
    let shop = Shop::start().await;
    let text = "x".repeat(2_000);
    let row = |n: u32| json!({"source_id": format!("p-{n}"), "metadata": {"text": text}});
    let rows: Vec<Value> = (0..700).map(row).collect();
    assert!(json!(rows).to_string().len() > 1_400_000);
    let action = import(&shop, "/v1/products/bulk/async", &json!(rows)).await;
    assert_eq!(counts(&action), (700, 0));
}
