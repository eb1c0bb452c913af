//! Categories, products, SKUs and collections of products: made, read, listed, changed and removed.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    goods::{self, Good},
    setup::SANDBOX,
};
use store::{Index, Kind, Write};
use wire::voucherify::Named;

use crate::{
    campaigns::delete,
    shop::{MINUTE, NOON, Shop},
};

pub async fn check(
    shop: &Shop,
    (method, path, body): (Method, &str, &Value),
    expected: (u16, &str),
) {
    let client = shop.noon();
    let (status, answer) = match method.as_str() {
        "GET" => client.get(path).await.unwrap(),
        "POST" => client.post(path, body).await.unwrap(),
        "PUT" => client.put(path, body).await.unwrap(),
        _ => delete(shop, path).await,
    };
    let key = answer["key"].as_str().unwrap_or_default();
    assert_eq!((status.as_u16(), key), expected, "{path} {body} {answer}");
    assert!(answer["details"].is_string(), "{answer}");
}

/// Reading, changing and removing what is not there.
async fn check_missing(shop: &Shop, path: &str, resource: &str) {
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        check(shop, (method, path, &json!({})), (404, "not_found")).await;
    }
    let (_, answer) = shop.noon().get(path).await.unwrap();
    assert_eq!(answer["resource_type"], resource);
    let id = path.rsplit('/').next();
    assert_eq!(answer["resource_id"].as_str(), id);
}

/// Bodies that are refused, with the place that the refusal names.
pub async fn check_bodies(shop: &Shop, (method, path): (Method, &str), rows: &[(Value, &str)]) {
    for (body, place) in rows {
        let ask = (method.clone(), path, body);
        check(shop, ask, (400, "invalid_payload")).await;
        let client = shop.noon();
        let (_, answer) = match method.as_str() {
            "POST" => client.post(path, body).await.unwrap(),
            _ => client.put(path, body).await.unwrap(),
        };
        let details = answer["details"].as_str().unwrap();
        assert!(
            details.starts_with(&format!("{place}: ")),
            "{body} {details}"
        );
    }
}

fn names(list: &Value, rows: &str, member: &str) -> Vec<String> {
    let rows = list[rows].as_array().unwrap().iter();
    let names = rows.map(|row| row[member].as_str().unwrap().to_owned());
    names.collect()
}

async fn product(shop: &Shop, source_id: &str, more: Value) -> Value {
    let mut body = json!({"source_id": source_id});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    shop.post(NOON, "/v1/products", &body).await
}

async fn sku(shop: &Shop, product: &str, body: Value) -> Value {
    shop.post(NOON, &format!("/v1/products/{product}/skus"), &body)
        .await
}

pub fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_category_is_made_read_changed_and_removed() {
    let shop = Shop::start().await;
    let body = json!({"name": "Winter sale", "hierarchy": 3, "unknown": true});
    let made = shop.post(NOON, "/v1/categories", &body).await;
    let path = format!("/v1/categories/{}", id(&made));
    assert!(id(&made).starts_with("cat_"));
    let expected = json!({"id": id(&made), "name": "Winter sale", "hierarchy": 3,
        "created_at": "2026-11-21T12:00:00.000Z", "updated_at": null, "object": "category"});
    assert_eq!(made, expected);
    assert_eq!(shop.get(NOON, &path).await, made);
    assert_eq!(shop.get(NOON, "/v1/categories/Winter%20sale").await, made);
    let changed = shop.put(&path, &json!({"name": "Sale"})).await;
    assert_eq!(
        (&changed["name"], &changed["hierarchy"]),
        (&json!("Sale"), &json!(3))
    );
    assert_eq!(changed["updated_at"], "2026-11-21T12:00:00.000Z");
    assert_eq!(shop.get(NOON, "/v1/categories/Sale").await, changed);
    // The old name is free.
    let second = shop.post(NOON, "/v1/categories", &body).await;
    let taken = json!({"name": "Sale", "hierarchy": 0});
    check(
        &shop,
        (Method::POST, "/v1/categories", &taken),
        (409, "duplicate_found"),
    )
    .await;
    let other = format!("/v1/categories/{}", id(&second));
    check(
        &shop,
        (Method::PUT, &other, &taken),
        (409, "duplicate_found"),
    )
    .await;
    let list = shop.get(NOON, "/v1/categories").await;
    let expected = json!({"object": "list", "data_ref": "data", "data": [second, changed],
        "total": 2});
    assert_eq!(list, expected);
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    check_missing(&shop, &path, "category").await;
    assert_eq!(shop.get(NOON, "/v1/categories").await["total"], 1);
}

#[tokio::test]
async fn a_category_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    let made = shop
        .post(
            NOON,
            "/v1/categories",
            &json!({"name": "A", "hierarchy": 0}),
        )
        .await;
    let rows = [
        (json!({"name": "x"}), "/hierarchy"),
        (json!({"hierarchy": 1}), "/name"),
        (json!({"name": " ", "hierarchy": 1}), "/name"),
        (json!({"name": "x".repeat(1_001), "hierarchy": 1}), "/name"),
        (json!({"name": 7, "hierarchy": 1}), "/name"),
        (json!({"name": "x", "hierarchy": -1}), "/hierarchy"),
        (json!({"name": "x", "hierarchy": 1.5}), "/hierarchy"),
        (json!([]), ""),
    ];
    check_bodies(&shop, (Method::POST, "/v1/categories"), &rows).await;
    let path = format!("/v1/categories/{}", id(&made));
    let rows = [
        (json!({"name": null}), "/name"),
        (json!({"hierarchy": "1"}), "/hierarchy"),
    ];
    check_bodies(&shop, (Method::PUT, &path), &rows).await;
    assert_eq!(shop.get(NOON, &path).await, made);
}

#[tokio::test]
async fn there_are_no_more_categories_than_a_list_shows() {
    let shop = Shop::start().await;
    let numbered = |n: u32| json!({"name": format!("c {n}"), "hierarchy": n});
    for n in 0..100 {
        shop.post(NOON, "/v1/categories", &numbered(n)).await;
    }
    let one_more = numbered(100);
    check(
        &shop,
        (Method::POST, "/v1/categories", &one_more),
        (400, "invalid_payload"),
    )
    .await;
    let all = shop.get(NOON, "/v1/categories").await;
    assert_eq!(all["data"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_retry_with_the_same_key_hears_the_same() {
    let shop = Shop::start().await;
    product(&shop, "mug", json!({})).await;
    let rows = [
        ("/v1/categories", json!({"name": "Sale", "hierarchy": 1})),
        ("/v1/products", json!({"source_id": "cup", "price": 900})),
        ("/v1/products/mug/skus", json!({"source_id": "mug-red"})),
        (
            "/v1/product-collections",
            json!({"name": "Mugs", "type": "STATIC", "products": [{"id": "mug"}]}),
        ),
    ];
    for (number, (path, body)) in rows.into_iter().enumerate() {
        let client = shop
            .noon()
            .with("idempotency-key", &format!("key {number}"));
        let first = client.post(path, &body).await.unwrap();
        assert_eq!(first.0, StatusCode::OK, "{path} {first:?}");
        assert_eq!(client.post(path, &body).await.unwrap(), first, "{path}");
        let (status, _) = client.post(path, &json!({"name": "other"})).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        // A refusal is heard again, too.
        let client = shop
            .noon()
            .with("idempotency-key", &format!("bad {number}"));
        let bad = client
            .post(path, &json!({"name": 7, "price": -1}))
            .await
            .unwrap();
        assert_eq!(bad.0, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(
            client
                .post(path, &json!({"name": 7, "price": -1}))
                .await
                .unwrap()
                .0,
            bad.0
        );
    }
    assert_eq!(shop.get(NOON, "/v1/categories").await["total"], 1);
    assert_eq!(shop.get(NOON, "/v1/products").await["total"], 2);
    assert_eq!(shop.get(NOON, "/v1/products/mug/skus").await["total"], 1);
    assert_eq!(shop.get(NOON, "/v1/product-collections").await["total"], 1);
}

#[tokio::test]
async fn a_product_is_made_read_changed_and_removed() {
    let shop = Shop::start().await;
    let body = json!({"source_id": "mug", "name": "Mug", "price": 1_200,
        "attributes": ["color"], "metadata": {"brand": "Acme", "weight": 0.5},
        "image_url": "https://shop.example/mug.png"});
    let made = shop.post(NOON, "/v1/products", &body).await;
    let expected = json!({"id": id(&made), "source_id": "mug", "name": "Mug", "price": 1_200,
        "attributes": ["color"], "metadata": {"brand": "Acme", "weight": 0.5},
        "image_url": "https://shop.example/mug.png",
        "created_at": "2026-11-21T12:00:00.000Z", "updated_at": null, "object": "product",
        "skus": {"object": "list", "data_ref": "data", "data": [], "total": 0}});
    assert_eq!(made, expected);
    let path = format!("/v1/products/{}", id(&made));
    assert!(id(&made).starts_with("prod_"));
    assert_eq!(shop.get(NOON, &path).await, made);
    assert_eq!(shop.get(NOON, "/v1/products/mug").await, made);
    // What is absent stays, metadata member by member; `null` clears.
    let sent = json!({"price": 1_300, "image_url": null, "metadata": {"brand": "Best"}});
    let changed = shop.put("/v1/products/mug", &sent).await;
    assert_eq!(
        (&changed["name"], &changed["price"]),
        (&json!("Mug"), &json!(1_300))
    );
    assert_eq!(changed["image_url"], Value::Null);
    assert_eq!(changed["metadata"], json!({"brand": "Best", "weight": 0.5}));
    assert_eq!(changed["updated_at"], "2026-11-21T12:00:00.000Z");
    // One that says nothing is a product, too.
    let bare = shop.post(NOON, "/v1/products", &json!({})).await;
    for member in ["source_id", "name", "price", "image_url", "updated_at"] {
        assert!(
            bare[member].is_null() && bare.get(member).is_some(),
            "{member} {bare}"
        );
    }
    assert_eq!(
        (&bare["attributes"], &bare["metadata"]),
        (&json!([]), &json!({}))
    );
    let taken = json!({"source_id": "mug"});
    let other = format!("/v1/products/{}", id(&bare));
    check(
        &shop,
        (Method::PUT, &other, &taken),
        (409, "duplicate_found"),
    )
    .await;
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    check_missing(&shop, &path, "product").await;
    check_missing(&shop, "/v1/products/mug", "product").await;
    // Its name is free again.
    assert_ne!(id(&product(&shop, "mug", json!({})).await), id(&made));
}

#[tokio::test]
async fn a_known_source_id_changes_what_has_it() {
    let shop = Shop::start().await;
    let made = product(&shop, "mug", json!({"name": "Mug", "price": 1_200})).await;
    let again = product(&shop, "mug", json!({"price": 1_300})).await;
    assert_eq!((id(&again), &again["price"]), (id(&made), &json!(1_300)));
    assert_eq!(again["name"], "Mug");
    let list = shop.get(NOON, "/v1/products").await;
    assert_eq!(
        (&list["total"], &list["products"]),
        (&json!(1), &json!([again]))
    );
    let red = sku(
        &shop,
        "mug",
        json!({"source_id": "red", "sku": "Red", "price": 5}),
    )
    .await;
    let again = sku(&shop, "mug", json!({"source_id": "red", "price": 6})).await;
    assert_eq!((id(&again), &again["price"]), (id(&red), &json!(6)));
    assert_eq!(again["sku"], "Red");
    // It is not another product's.
    product(&shop, "cup", json!({})).await;
    let ask = (
        Method::POST,
        "/v1/products/cup/skus",
        &json!({"source_id": "red"}),
    );
    check(&shop, ask, (409, "duplicate_found")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_make_one_product() {
    let shop = Shop::start().await;
    let calls = (0..16).map(|n| {
        let client = shop.noon();
        let body = json!({"source_id": "mug", "metadata": {format!("m{n}"): n}});
        tokio::spawn(async move { client.post("/v1/products", &body).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        let (status, answer) = call.await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    let list = shop.get(NOON, "/v1/products").await;
    assert_eq!(list["total"], 1);
    // Nobody's change got lost.
    assert_eq!(
        list["products"][0]["metadata"].as_object().unwrap().len(),
        16
    );
}

#[tokio::test]
async fn a_product_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    product(&shop, "mug", json!({"metadata": {"a": 1}})).await;
    let many = |n: u32| -> Value {
        let members = (0..n).map(|n| (format!("m{n}"), json!(n)));
        Value::Object(members.collect())
    };
    let rows = [
        (json!({"price": -1}), "/price"),
        (json!({"price": 12.5}), "/price"),
        (json!({"price": "12"}), "/price"),
        (json!({"price": u64::MAX}), "/price"),
        (json!({"name": ""}), "/name"),
        (json!({"name": "x".repeat(1_001)}), "/name"),
        (json!({"source_id": "x".repeat(256)}), "/source_id"),
        (json!({"source_id": ""}), "/source_id"),
        (json!({"image_url": "x".repeat(2_001)}), "/image_url"),
        (json!({"attributes": vec!["a"; 101]}), "/attributes"),
        (json!({"attributes": ["a", ""]}), "/attributes/1"),
        (json!({"attributes": ["a", 1]}), "/attributes/1"),
        (json!({"metadata": "x"}), "/metadata"),
        (json!({"metadata": many(101)}), "/metadata"),
        (json!({"metadata": {"a": "x".repeat(20_000)}}), "/metadata"),
    ];
    check_bodies(&shop, (Method::POST, "/v1/products"), &rows).await;
    check_bodies(&shop, (Method::PUT, "/v1/products/mug"), &rows).await;
    // It counts what is there before.
    let rows = [(json!({"metadata": many(100)}), "/metadata")];
    check_bodies(&shop, (Method::PUT, "/v1/products/mug"), &rows).await;
    assert_eq!(shop.get(NOON, "/v1/products").await["total"], 1);
}

#[tokio::test]
async fn a_list_of_products_has_pages_an_order_and_dates() {
    let shop = Shop::start().await;
    for n in 0..5 {
        let body = json!({"source_id": format!("p{n}")});
        shop.post(NOON + n * MINUTE, "/v1/products", &body).await;
    }
    let later = shop.at(NOON + 10 * MINUTE);
    later
        .put("/v1/products/p1", &json!({"price": 1}))
        .await
        .unwrap();
    let check = async |query: &str, expected: &[&str], total: u32| {
        let list = shop.get(NOON, &format!("/v1/products?{query}")).await;
        assert_eq!(names(&list, "products", "source_id"), expected, "{query}");
        assert_eq!(
            (&list["total"], &list["data_ref"]),
            (&json!(total), &json!("products"))
        );
    };
    check("", &["p4", "p3", "p2", "p1", "p0"], 5).await;
    check("limit=2", &["p4", "p3"], 5).await;
    check("limit=2&page=3", &["p0"], 5).await;
    check("limit=2&page=4", &[], 5).await;
    check("limit=2&order=created_at", &["p0", "p1"], 5).await;
    check("limit=2&page=2&order=created_at", &["p2", "p3"], 5).await;
    check("limit=2&order=-updated_at", &["p1", "p4"], 5).await;
    check("limit=2&page=2&order=updated_at", &["p3", "p4"], 5).await;
    check("start_date=2026-11-21T12:03:00Z", &["p4", "p3"], 2).await;
    check(
        "end_date=2026-11-21T12:01:00Z&order=created_at",
        &["p0", "p1"],
        2,
    )
    .await;
    check(
        "start_date=2026-11-21T12:01:00Z&end_date=2026-11-21T12:02:00Z",
        &["p2", "p1"],
        2,
    )
    .await;
    for (query, key) in [
        ("limit=0", "invalid_query_params"),
        ("limit=101", "invalid_query_params"),
        ("limit=x", "invalid_query_params"),
        ("order=colour", "invalid_query_params"),
        ("start_date=soon", "invalid_query_params"),
        ("page=0", "page_over_limit"),
        ("limit=100&page=101", "page_over_limit"),
    ] {
        for path in [
            "products",
            "categories",
            "product-collections",
            "products/p1/skus",
        ] {
            let path = format!("/v1/{path}?{query}");
            check_query(&shop, &path, key).await;
        }
    }
}

async fn check_query(shop: &Shop, path: &str, key: &str) {
    check(shop, (Method::GET, path, &Value::Null), (400, key)).await;
}

#[tokio::test]
async fn a_sku_is_made_read_changed_and_removed() {
    let shop = Shop::start().await;
    let mug = product(&shop, "mug", json!({"name": "Mug"})).await;
    let body = json!({"source_id": "mug-red", "sku": "Red mug", "price": 1_100, "currency": "EUR",
        "attributes": {"color": "red"}, "metadata": {"shelf": 4}, "product_id": "prod_other",
        "product": 7});
    let made = sku(&shop, "mug", body).await;
    assert!(id(&made).starts_with("sku_"));
    let expected = json!({"id": id(&made), "source_id": "mug-red", "product_id": id(&mug),
        "sku": "Red mug", "price": 1_100, "currency": "EUR", "attributes": {"color": "red"},
        "image_url": null, "metadata": {"shelf": 4},
        "created_at": "2026-11-21T12:00:00.000Z", "updated_at": null, "object": "sku"});
    assert_eq!(made, expected);
    // Alone it comes with its product.
    let read = shop.get(NOON, "/v1/skus/mug-red").await;
    assert_eq!(
        read,
        shop.get(NOON, &format!("/v1/skus/{}", id(&made))).await
    );
    assert_eq!(
        (&read["price"], &read["product"]["name"]),
        (&json!(1_100), &json!("Mug"))
    );
    assert_eq!(read["product"]["id"], mug["id"]);
    assert!(read["product"].get("skus").is_none());
    // Its product shows it, as one of a list.
    let shown = shop.get(NOON, "/v1/products/mug").await;
    assert_eq!(shown["skus"]["data"], json!([made]));
    assert_eq!(
        (&shown["skus"]["total"], &shown["updated_at"]),
        (&json!(1), &Value::Null)
    );
    let blue = sku(&shop, "mug", json!({"sku": "Blue mug"})).await;
    let list = shop
        .get(NOON, &format!("/v1/products/{}/skus", id(&mug)))
        .await;
    let expected = json!({"object": "list", "data_ref": "skus", "skus": [blue, made], "total": 2});
    assert_eq!(list, expected);
    let list = shop
        .get(NOON, "/v1/products/mug/skus?limit=1&order=created_at")
        .await;
    assert_eq!((&list["total"], &list["skus"]), (&json!(2), &json!([made])));
    let path = "/v1/products/mug/skus/mug-red";
    let changed = shop
        .put(path, &json!({"price": 900, "currency": null, "product": 7}))
        .await;
    assert_eq!(
        (&changed["price"], &changed["currency"]),
        (&json!(900), &Value::Null)
    );
    assert_eq!(
        (&changed["sku"], &changed["product_id"]),
        (&made["sku"], &mug["id"])
    );
    assert_eq!(delete(&shop, path).await.0, StatusCode::NO_CONTENT);
    check(
        &shop,
        (Method::GET, "/v1/skus/mug-red", &Value::Null),
        (404, "not_found"),
    )
    .await;
    assert_eq!(shop.get(NOON, "/v1/products/mug").await["skus"]["total"], 1);
}

#[tokio::test]
async fn a_sku_is_found_under_its_own_product_alone() {
    let shop = Shop::start().await;
    product(&shop, "mug", json!({})).await;
    product(&shop, "cup", json!({})).await;
    sku(&shop, "mug", json!({"source_id": "red"})).await;
    let nothing = json!({});
    for (method, path, resource) in [
        (Method::GET, "/v1/skus/blue", "sku"),
        (Method::PUT, "/v1/products/mug/skus/blue", "sku"),
        (Method::DELETE, "/v1/products/mug/skus/blue", "sku"),
        (Method::PUT, "/v1/products/cup/skus/red", "sku"),
        (Method::DELETE, "/v1/products/cup/skus/red", "sku"),
        (Method::PUT, "/v1/products/pot/skus/red", "product"),
        (Method::DELETE, "/v1/products/pot/skus/red", "product"),
        (Method::POST, "/v1/products/pot/skus", "product"),
        (Method::GET, "/v1/products/pot/skus", "product"),
    ] {
        check(&shop, (method.clone(), path, &nothing), (404, "not_found")).await;
        let (_, answer) = match method.as_str() {
            "GET" => shop.noon().get(path).await.unwrap(),
            "POST" => shop.noon().post(path, &nothing).await.unwrap(),
            "PUT" => shop.noon().put(path, &nothing).await.unwrap(),
            _ => delete(&shop, path).await,
        };
        assert_eq!(answer["resource_type"], resource, "{path}");
    }
    let rows = [
        (json!({"price": -1}), "/price"),
        (json!({"sku": ""}), "/sku"),
        (json!({"sku": 1}), "/sku"),
        (json!({"currency": "euro"}), "/currency"),
        (json!({"attributes": ["color"]}), "/attributes"),
        (
            json!({"attributes": {"a": "x".repeat(20_000)}}),
            "/attributes",
        ),
        (json!({"metadata": {"a": "x".repeat(20_000)}}), "/metadata"),
        (json!({"image_url": "x".repeat(2_001)}), "/image_url"),
        (json!({"source_id": "x".repeat(256)}), "/source_id"),
    ];
    check_bodies(&shop, (Method::POST, "/v1/products/mug/skus"), &rows).await;
    check_bodies(&shop, (Method::PUT, "/v1/products/mug/skus/red"), &rows).await;
    assert_eq!(shop.get(NOON, "/v1/products/mug/skus").await["total"], 1);
}

#[tokio::test]
async fn a_product_has_no_more_skus_than_are_removed_with_it() {
    let shop = Shop::start().await;
    product(&shop, "mug", json!({})).await;
    let red = sku(&shop, "mug", json!({"source_id": "red"})).await;
    // As many as there may be, of which the index alone knows.
    let number = wire::ids::parse(wire::ids::Tag::Product, red["product_id"].as_str().unwrap());
    let key = server::vouchers::key(number.unwrap());
    let index = Index::SkusOfProduct;
    let links = (1..500).map(|id| Write::Link {
        index,
        key: key.clone(),
        id,
    });
    let command = server::setup::writes(SANDBOX, links.collect());
    shop.app.store().submit(command).await.unwrap();
    let path = "/v1/products/mug/skus";
    let blue = json!({"source_id": "blue"});
    check(&shop, (Method::POST, path, &blue), (400, "invalid_payload")).await;
    // One that is there already may still be changed.
    let again = sku(&shop, "mug", json!({"source_id": "red", "price": 5})).await;
    assert_eq!((&again["id"], &again["price"]), (&red["id"], &json!(5)));
    assert_eq!(
        shop.get(NOON, "/v1/products/mug").await["skus"]["total"],
        500
    );
}

#[tokio::test]
async fn a_product_takes_its_skus_with_it() {
    let shop = Shop::start().await;
    product(&shop, "mug", json!({})).await;
    product(&shop, "cup", json!({})).await;
    for n in 0..3 {
        sku(&shop, "mug", json!({"source_id": format!("mug-{n}")})).await;
    }
    sku(&shop, "cup", json!({"source_id": "cup-0"})).await;
    assert_eq!(
        delete(&shop, "/v1/products/mug").await.0,
        StatusCode::NO_CONTENT
    );
    for n in 0..3 {
        let path = format!("/v1/skus/mug-{n}");
        check(
            &shop,
            (Method::GET, &path, &Value::Null),
            (404, "not_found"),
        )
        .await;
    }
    assert_eq!(shop.get(NOON, "/v1/skus/cup-0").await["source_id"], "cup-0");
    let left = shop.app.store().count_records(SANDBOX, Kind::Sku).await;
    assert_eq!(left.unwrap(), 1);
    // Their names are free again.
    sku(&shop, "cup", json!({"source_id": "mug-0"})).await;
}

#[tokio::test]
async fn a_static_collection_is_a_list() {
    let shop = Shop::start().await;
    let mug = product(&shop, "mug", json!({"price": 1_200})).await;
    let cup = product(&shop, "cup", json!({})).await;
    let red = sku(&shop, "cup", json!({"source_id": "cup-red"})).await;
    let body = json!({"name": "Gifts", "type": "STATIC", "products": [
        {"id": id(&mug), "product_id": id(&mug), "object": "product"},
        {"id": "cup-red", "object": "sku"}]});
    let made = shop.post(NOON, "/v1/product-collections", &body).await;
    assert!(id(&made).starts_with("pc_"));
    let expected = json!({"id": id(&made), "name": "Gifts", "type": "STATIC", "products": [
            {"id": id(&mug), "product_id": id(&mug), "object": "product"},
            {"id": id(&red), "product_id": id(&cup), "object": "sku"}],
        "created_at": "2026-11-21T12:00:00.000Z", "object": "products_collection"});
    assert_eq!(made, expected);
    let path = format!("/v1/product-collections/{}", id(&made));
    assert_eq!(shop.get(NOON, &path).await, made);
    let list = shop.get(NOON, "/v1/product-collections").await;
    let expected = json!({"object": "list", "data_ref": "data", "data": [made], "total": 1});
    assert_eq!(list, expected);
    let members = shop.get(NOON, &format!("{path}/products")).await;
    assert_eq!((&members["total"], &members["data"][0]), (&json!(2), &red));
    let mut plain = mug.clone();
    plain.as_object_mut().unwrap().remove("skus");
    assert_eq!(members["data"][1], plain);
    let second = shop
        .get(NOON, &format!("{path}/products?limit=1&page=2"))
        .await;
    assert_eq!(
        (&second["total"], &second["data"]),
        (&json!(2), &json!([plain]))
    );
    // What is gone is in no collection any more.
    assert_eq!(
        delete(&shop, "/v1/products/cup").await.0,
        StatusCode::NO_CONTENT
    );
    let left = shop.get(NOON, &path).await;
    assert_eq!(left["products"].as_array().unwrap().len(), 1);
    assert_eq!(
        shop.get(NOON, &format!("{path}/products")).await["total"],
        1
    );
    let changed = shop.put(&path, &json!({"name": "Presents"})).await;
    assert_eq!(
        (&changed["name"], &changed["products"]),
        (&json!("Presents"), &left["products"])
    );
    let changed = shop.put(&path, &json!({"products": []})).await;
    assert_eq!(
        (&changed["name"], &changed["products"]),
        (&json!("Presents"), &json!([]))
    );
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    check_missing(&shop, &path, "products_collection").await;
    let members = format!("{path}/products");
    check(
        &shop,
        (Method::GET, &members, &Value::Null),
        (404, "not_found"),
    )
    .await;
}

#[tokio::test]
async fn a_filter_takes_in_what_it_describes() {
    let shop = Shop::start().await;
    for (source_id, price, brand) in [
        ("mug", 1_200, "Acme"),
        ("cup", 800, "Acme"),
        ("pot", 3_000, "Best"),
    ] {
        let more = json!({"name": source_id, "price": price, "metadata": {"brand": brand}});
        product(&shop, source_id, more).await;
    }
    sku(&shop, "pot", json!({"source_id": "pot-s", "price": 2_000})).await;
    let check = async |filter: Value, expected: &[&str]| {
        let body = json!({"name": "Some", "type": "AUTO_UPDATE", "filter": filter});
        let made = shop.post(NOON, "/v1/product-collections", &body).await;
        assert_eq!(made["type"], "AUTO_UPDATE");
        assert!(made.get("products").is_none(), "{made}");
        let path = format!("/v1/product-collections/{}", id(&made));
        assert_eq!(shop.get(NOON, &path).await["filter"], made["filter"]);
        let members = shop
            .get(NOON, &format!("{path}/products?order=created_at"))
            .await;
        assert_eq!(names(&members, "data", "source_id"), expected, "{filter}");
        assert_eq!(members["total"], expected.len());
        path
    };
    let acme = json!({"conditions": {"$is": ["Acme"]}});
    check(
        json!({"junction": "and", "metadata.brand": acme}),
        &["mug", "cup"],
    )
    .await;
    let dear = json!({"conditions": {"$more_than": [1_000]}});
    let both = json!({"junction": "and", "metadata.brand": acme, "price": dear});
    check(both, &["mug"]).await;
    let either = json!({"junction": "or", "metadata.brand": acme, "price": dear});
    check(either, &["mug", "cup", "pot", "pot-s"]).await;
    check(json!({"price": {"conditions": {"$less_than": 100}}}), &[]).await;
    let skus = |conditions: Value| json!({"skus": {"conditions": conditions}});
    check(skus(json!({"$in": ["pot-s", "mug"]})), &["pot-s"]).await;
    check(skus(json!({"$is_not": ["mug-s"]})), &["pot-s"]).await;
    check(skus(json!({"$is_not": ["pot-s"]})), &[]).await;
    check(skus(json!({"$has_value": []})), &["pot-s"]).await;
    check(skus(json!({"$is_unknown": []})), &["mug", "cup", "pot"]).await;
    check(
        json!({"name": {"conditions": {"$starts_with": ["p"]}}}),
        &["pot"],
    )
    .await;
    let new = json!({"created_at": {"conditions": {"$after": ["2026-11-21T12:00:00Z"]}}});
    let path = check(new, &[]).await;
    // It follows what changes.
    shop.post(NOON + MINUTE, "/v1/products", &json!({"source_id": "jar"}))
        .await;
    let members = shop.get(NOON, &format!("{path}/products")).await;
    assert_eq!(names(&members, "data", "source_id"), ["jar"]);
    let cheap = json!({"filter": {"price": {"conditions": {"$less_than": [1_000]}}}});
    shop.put(&path, &cheap).await;
    let members = shop.get(NOON, &format!("{path}/products")).await;
    assert_eq!(names(&members, "data", "source_id"), ["cup"]);
    let page = shop.get(NOON, &format!("{path}/products?page=2")).await;
    assert_eq!((&page["data"], &page["total"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn a_collection_that_cannot_be_kept_names_the_place() {
    let shop = Shop::start().await;
    product(&shop, "mug", json!({})).await;
    let price = json!({"price": {"conditions": {"$is": [1]}}});
    let filtered = |filter: Value| json!({"name": "x", "type": "AUTO_UPDATE", "filter": filter});
    let listed = |products: Value| json!({"name": "x", "type": "STATIC", "products": products});
    let mut both = listed(json!([]));
    both["filter"] = price.clone();
    let rows = [
        (json!({"type": "STATIC", "products": []}), "/name"),
        (json!({"name": "x", "products": []}), "/type"),
        (json!({"name": "x", "type": "OTHER"}), "/type"),
        (json!({"name": "x", "type": "STATIC"}), "/products"),
        (json!({"name": "x", "type": "AUTO_UPDATE"}), "/filter"),
        (both, "/filter"),
        (listed(json!(vec![json!({"id": "mug"}); 21])), "/products"),
        (
            listed(json!([{"id": "mug", "object": "shop"}])),
            "/products/0/object",
        ),
        (filtered(json!({})), "/filter"),
        (
            filtered(json!({"junction": "xor", "price": price["price"]})),
            "/filter/junction",
        ),
        (
            filtered(json!({"colour": {"conditions": {"$is": ["red"]}}})),
            "/filter/colour",
        ),
        (
            filtered(json!({"skus": {"conditions": {"$count": [1]}}})),
            "/filter/skus/conditions/$count",
        ),
        (
            filtered(json!({"price": {"conditions": {"$is": ["one"]}}})),
            "/filter/price/conditions/$is/0",
        ),
        (
            filtered(json!({"price": {"conditions": {"$resembles": [1]}}})),
            "/filter/price/conditions/$resembles",
        ),
    ];
    check_bodies(&shop, (Method::POST, "/v1/product-collections"), &rows).await;
    let unknown = listed(json!([{"id": "mug"}, {"id": "pot"}]));
    let ask = (Method::POST, "/v1/product-collections", &unknown);
    check(&shop, ask, (404, "not_found")).await;
}

#[tokio::test]
async fn a_collection_keeps_its_type_and_is_one_of_a_hundred() {
    let shop = Shop::start().await;
    product(&shop, "mug", json!({})).await;
    let price = json!({"price": {"conditions": {"$is": [1]}}});
    let listed = json!({"name": "x", "type": "STATIC", "products": [{"id": "mug"}]});
    let made = shop.post(NOON, "/v1/product-collections", &listed).await;
    let path = format!("/v1/product-collections/{}", id(&made));
    let rows = [
        (
            json!({"type": "AUTO_UPDATE", "products": null, "filter": price}),
            "/type",
        ),
        (json!({"name": null}), "/name"),
        (json!({"filter": price}), "/filter"),
    ];
    check_bodies(&shop, (Method::PUT, &path), &rows).await;
    assert_eq!(shop.get(NOON, &path).await, made);
    for n in 1..100 {
        let body = json!({"name": format!("c {n}"), "type": "STATIC", "products": []});
        shop.post(NOON, "/v1/product-collections", &body).await;
    }
    let ask = (Method::POST, "/v1/product-collections", &listed);
    check(&shop, ask, (400, "invalid_payload")).await;
}

#[tokio::test]
async fn a_collection_that_a_rule_names_stays() {
    let shop = Shop::start().await;
    let body = json!({"name": "Gifts", "type": "STATIC", "products": []});
    let made = shop.post(NOON, "/v1/product-collections", &body).await;
    let path = format!("/v1/product-collections/{}", id(&made));
    let rule = json!({"thing": {"name": "gifts", "applicable_to": {"included": [
        {"object": "products_collection", "id": id(&made)}]}}, "extra": null,
        "created_at": NOON, "updated_at": null});
    let (kind, number) = (Kind::ValidationRule, 7);
    let put = Write::Put {
        kind,
        id: number,
        body: rule.to_string().into_bytes(),
    };
    let command = server::setup::writes(SANDBOX, vec![put]);
    shop.app.store().submit(command).await.unwrap();
    check(
        &shop,
        (Method::DELETE, &path, &Value::Null),
        (400, "resource_in_use"),
    )
    .await;
    let (_, answer) = delete(&shop, &path).await;
    assert_eq!(answer["related_object_type"], "validation_rules");
    assert_eq!(answer["related_object_ids"], json!(["val_0000000000007"]));
    assert_eq!(answer["related_object_total"], 1);
    let delete_rule = Write::Delete { kind, id: number };
    let command = server::setup::writes(SANDBOX, vec![delete_rule]);
    shop.app.store().submit(command).await.unwrap();
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_an_order_names_is_known() {
    let shop = Shop::start().await;
    let more = json!({"name": "Mug", "price": 1_200, "metadata": {"brand": "Acme"}});
    let mug = product(&shop, "mug", more).await;
    let body = json!({"source_id": "red", "sku": "Red", "price": 900, "currency": "EUR"});
    let red = sku(&shop, "mug", body).await;
    let collection =
        async |body: Value| id(&shop.post(NOON, "/v1/product-collections", &body).await);
    let acme = json!({"metadata.brand": {"conditions": {"$is": ["Acme"]}}});
    let acme = collection(json!({"name": "a", "type": "AUTO_UPDATE", "filter": acme})).await;
    let reds = json!([{"id": "red", "object": "sku"}]);
    let reds = collection(json!({"name": "b", "type": "STATIC", "products": reds})).await;
    collection(json!({"name": "c", "type": "STATIC", "products": []})).await;
    let expected_mug = Good {
        id: id(&mug),
        source_id: Some("mug".into()),
        name: Some("Mug".into()),
        price: Some(1_200),
        currency: None,
        metadata: [("brand".into(), json!("Acme"))].into(),
        product: None,
        collections: vec![acme.clone()],
    };
    let expected_red = Good {
        id: id(&red),
        source_id: Some("red".into()),
        name: Some("Red".into()),
        price: Some(900),
        currency: Some("EUR".into()),
        metadata: wire::voucherify::Metadata::new(),
        product: Some(Box::new(expected_mug.clone())),
        collections: vec![acme, reds],
    };
    let (mug_id, red_id) = (id(&mug), id(&red));
    let names = [
        Named::Sku(&red_id),
        Named::Product("mug"),
        Named::Product("pot"),
        Named::Sku("red"),
        Named::Product(&mug_id),
        Named::Sku("mug"),
        Named::Product("prod_0000000000001"),
    ];
    let known = goods::known(&mut shop.app.store().view(SANDBOX).unwrap(), &names)
        .await
        .unwrap();
    let (mug, red) = (Some(expected_mug), Some(expected_red));
    assert_eq!(
        known,
        [red.clone(), mug.clone(), None, red, mug, None, None]
    );
    assert_eq!(
        goods::known(&mut shop.app.store().view(SANDBOX).unwrap(), &[])
            .await
            .unwrap(),
        []
    );
}

/// What a thing tells of its category.
fn grouped(shown: &Value) -> (&Value, Vec<&str>) {
    let categories = shown["categories"].as_array().unwrap().iter();
    let names = categories.map(|one| one["name"].as_str().unwrap());
    (&shown["category_id"], names.collect())
}

#[tokio::test]
async fn what_stands_in_a_category_tells_it_and_may_change_it() {
    let shop = Shop::start().await;
    let mut categories = Vec::new();
    for (name, hierarchy) in [("north", 1), ("south", 2)] {
        let body = json!({"name": name, "hierarchy": hierarchy});
        categories.push(shop.post(NOON, "/v1/categories", &body).await);
    }
    let [north, south] = [id(&categories[0]), id(&categories[1])];
    let discount = json!({"type": "AMOUNT", "amount_off": 1000});
    let campaign = json!({"name": "spring", "campaign_type": "PROMOTION", "category": "north"});
    let voucher = json!({"code": "A", "discount": discount, "category": "north"});
    let tier = json!({"name": "one", "action": {"discount": discount}, "category": "north"});
    let campaign = shop.post(NOON, "/v1/campaigns", &campaign).await;
    let voucher = shop.post(NOON, "/v1/vouchers", &voucher).await;
    let path = format!("/v1/promotions/{}/tiers", id(&campaign));
    let tier = shop.post(NOON, &path, &tier).await;
    assert_eq!(tier["campaign"]["category_id"], north);
    let null = Value::Null;
    for (made, path) in [
        (&campaign, "/v1/campaigns/spring".to_owned()),
        (&voucher, "/v1/vouchers/A".to_owned()),
        (&tier, format!("/v1/promotions/tiers/{}", id(&tier))),
    ] {
        assert_eq!(grouped(made), (&null, vec!["north"]), "{path}");
        assert_eq!(made["categories"][0], categories[0], "{path}");
        let by_id = shop.put(&path, &json!({"category_id": south})).await;
        assert_eq!(grouped(&by_id), (&json!(south), vec!["south"]), "{path}");
        let other = shop.put(&path, &json!({"metadata": {"a": 1}})).await;
        assert_eq!(grouped(&other), (&json!(south), vec!["south"]), "{path}");
        assert_eq!(
            grouped(&shop.get(NOON, &path).await),
            grouped(&other),
            "{path}"
        );
        let by_name = shop.put(&path, &json!({"category": "north"})).await;
        assert_eq!(grouped(&by_name), (&null, vec!["north"]), "{path}");
        let none = json!({"category": null, "category_id": null});
        assert_eq!(
            grouped(&shop.put(&path, &none).await),
            (&null, vec![]),
            "{path}"
        );
        shop.put(&path, &json!({"category_id": south})).await;
    }
    let path = format!("/v1/categories/{south}");
    shop.put(&path, &json!({"name": "far south"})).await;
    let list = shop.get(NOON, "/v1/vouchers").await;
    assert_eq!(grouped(&list["vouchers"][0]).1, ["far south"]);
    let list = shop.get(NOON, "/v1/promotions/tiers").await;
    assert_eq!(grouped(&list["tiers"][0]).1, ["far south"]);
    assert_eq!(list["tiers"][0]["campaign"]["category_id"], south);
    let list = shop.get(NOON, "/v1/campaigns?expand=category").await;
    assert_eq!(grouped(&list["campaigns"][0]).1, ["far south"]);
    let list = shop.get(NOON, "/v1/campaigns").await;
    assert_eq!(list["campaigns"][0]["categories"], json!([]));
    delete(&shop, &path).await;
    let voucher = shop.get(NOON, "/v1/vouchers/A").await;
    assert_eq!(grouped(&voucher), (&json!(south), vec![]));
}
