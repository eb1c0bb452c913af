//! Tables of everything of one kind.

use axum::http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client as Pool, rt::TokioExecutor};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    client::Client,
    setup::{self, SANDBOX},
};
use store::Kind;

use crate::{
    actions::work,
    campaigns::delete,
    catalogue::{check, id},
    loyalties::{card, put},
    publications::{campaign, publish, to},
    redemptions::{order, ten_off, using},
    shop::{DAY, NOON, Shop},
};

/// Has a table made and reads it: a list of rows of cells, the heading first.
pub async fn table(shop: &Shop, asked: Value) -> Vec<Vec<String>> {
    table_at(shop, NOON, asked).await
}

async fn table_at(shop: &Shop, now: i64, asked: Value) -> Vec<Vec<String>> {
    let made = shop.post(now, "/v1/exports", &asked).await;
    assert_eq!(
        (&made["status"], &made["result"]),
        (&json!("SCHEDULED"), &Value::Null)
    );
    work(shop).await;
    let path = format!("/v1/exports/{}", id(&made));
    let done = shop.get(NOON, &path).await;
    assert_eq!(done["status"], "DONE", "{done}");
    let url = done["result"]["url"].as_str().unwrap();
    let (status, headers, text) = read(url).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    rows(&text)
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).from_reader(text.as_bytes());
    let records = reader.records().map(Result::unwrap);
    let cells = records.map(|record| record.iter().map(str::to_owned).collect());
    cells.collect()
}

/// Whatever stands there, without a key.
async fn read(url: &str) -> (StatusCode, HeaderMap, String) {
    let request = axum::http::Request::get(url);
    let request = request.body(Full::<axum::body::Bytes>::default()).unwrap();
    let pool: Pool<_, Full<axum::body::Bytes>> = Pool::builder(TokioExecutor::new()).build_http();
    let answer = pool.request(request).await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn voucher(shop: &Shop, code: &str, more: Value) {
    let mut body = json!({"code": code, "discount": ten_off()});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    shop.post(NOON, "/v1/vouchers", &body).await;
}

fn strings(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

#[tokio::test]
async fn vouchers_become_a_table() {
    let shop = Shop::start().await;
    voucher(&shop, "A", json!({"metadata": {"shop": "north", "n": -3}})).await;
    voucher(
        &shop,
        "B",
        json!({"additional_info": "=SUM(A1)", "active": false}),
    )
    .await;
    let card = json!({"code": "C", "gift": {"amount": 5_000}, "metadata": {"shop": "-2+3"}});
    shop.post(NOON, "/v1/vouchers", &card).await;
    let used = using(&["A"], order("o-1", 5_000));
    shop.post(NOON, "/v1/redemptions", &used).await;
    let asked = json!({"exported_object": "voucher", "parameters": {
        "order": "created_at",
        "fields": ["code", "voucher_type", "value", "discount_type", "gift_balance",
            "redemption_count", "active", "additional_info", "metadata.shop", "metadata.n"]}});
    let table = table(&shop, asked).await;
    // The fields as they are asked for, then a row for each voucher.
    let expected = [
        "code voucher_type value discount_type gift_balance redemption_count active \
         additional_info metadata.shop metadata.n",
        "A DISCOUNT_VOUCHER 1000 AMOUNT _ 1 true _ north -3",
        "B DISCOUNT_VOUCHER 1000 AMOUNT _ 0 false '=SUM(A1) _ _",
        "C GIFT_VOUCHER 5000 _ 5000 0 true _ '-2+3 _",
    ];
    assert_eq!(table, expected.map(cells));
}

/// The cells of a row; `_` for one that is empty.
fn cells(row: &str) -> Vec<String> {
    let cells = row.split_whitespace();
    cells
        .map(|cell| cell.replace('_', if cell == "_" { "" } else { "_" }))
        .collect()
}

#[tokio::test]
async fn all_columns_are_there_where_none_is_named() {
    let shop = Shop::start().await;
    for (object, columns) in [
        ("voucher", 33),
        ("redemption", 18),
        ("customer", 30),
        ("order", 13),
        ("voucher_transactions", 12),
        ("publication", 8),
        ("points_expiration", 6),
    ] {
        let table = table(&shop, json!({"exported_object": object})).await;
        assert_eq!(table.len(), 1, "{object}");
        assert_eq!(table[0].len(), columns, "{object}");
    }
}

#[tokio::test]
async fn a_filter_and_an_order_say_which_rows_and_how() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "c", "vouchers_count": 3,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    let campaign = id(&shop.post(NOON, "/v1/campaigns", &campaign).await);
    for (code, shop_name) in [("A", "north"), ("B", "south"), ("C", "north")] {
        voucher(&shop, code, json!({"metadata": {"shop": shop_name}})).await;
    }
    let codes = async |parameters: Value| {
        let mut parameters = parameters;
        parameters["fields"] = json!(["code"]);
        let asked = json!({"exported_object": "voucher", "parameters": parameters});
        let table = table(&shop, asked).await;
        table.into_iter().skip(1).flatten().collect::<Vec<_>>()
    };
    let north = json!({"metadata.shop": {"conditions": {"$is": ["north"]}}});
    assert_eq!(codes(json!({"filters": north})).await, ["C", "A"]);
    let sorted = json!({"filters": north, "order": "created_at"});
    assert_eq!(codes(sorted).await, ["A", "C"]);
    let either = json!({"junction": "or", "code": {"conditions": {"$is": ["B"]}},
        "metadata.shop": {"conditions": {"$is": ["north"]}}});
    assert_eq!(codes(json!({"filters": either})).await.len(), 3);
    let late = json!({"created_at": {"conditions": {"$after": ["2026-11-21T12:00:00Z"]}}});
    assert!(codes(json!({"filters": late})).await.is_empty());
    let of_campaign = json!({"campaign_id": {"conditions": {"$is": [campaign]}}});
    assert_eq!(codes(json!({"filters": of_campaign})).await.len(), 3);
    assert_eq!(codes(json!({"campaign_id": campaign})).await.len(), 3);
}

#[tokio::test]
async fn redemptions_orders_and_customers_become_tables() {
    let shop = Shop::start().await;
    shop.post(
        NOON,
        "/v1/customers",
        &json!({"source_id": "ann", "name": "@Ann", "address": {"city": "Ghent"}}),
    )
    .await;
    voucher(&shop, "A", json!({})).await;
    let mut used = using(&["A"], order("o-1", 5_000));
    used["customer"] = json!({"source_id": "ann"});
    used["tracking_id"] = json!("t-1");
    shop.post(NOON, "/v1/redemptions", &used).await;
    let unknown = using(&["NOPE"], order("o-2", 5_000));
    shop.noon().post("/v1/redemptions", &unknown).await.unwrap();
    let of = |object: &str, fields: &[&str]| {
        let parameters = json!({"fields": fields, "order": "created_at"});
        json!({"exported_object": object, "parameters": parameters})
    };
    let fields = [
        "voucher_code",
        "result",
        "failure_code",
        "order_amount",
        "customer_source_id",
        "customer_name",
        "date",
    ];
    let redemptions = table(&shop, of("redemption", &fields)).await;
    let date = "2026-11-21T12:00:00.000Z";
    let ok = strings(&["A", "SUCCESS", "", "5000", "ann", "'@Ann", date]);
    let failed = strings(&["", "FAILURE", "not_found", "", "", "", date]);
    assert_eq!(redemptions[1..], [ok, failed]);
    let fields = [
        "source_id",
        "status",
        "amount",
        "total_discount_amount",
        "total_amount",
    ];
    let orders = table(&shop, of("order", &fields)).await;
    assert_eq!(
        orders[1..],
        [strings(&["o-1", "PAID", "5000", "1000", "4000"])]
    );
    let customers = table(
        &shop,
        of("customer", &["source_id", "name", "address_city"]),
    )
    .await;
    assert_eq!(customers[1..], [strings(&["ann", "'@Ann", "Ghent"])]);
    // The same by the call for orders alone.
    let made = shop.post(NOON, "/v1/orders/export", &json!({})).await;
    assert_eq!(made["exported_object"], "order");
}

#[tokio::test]
async fn statements_of_cards_become_a_table() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "cards", "voucher": {
        "type": "GIFT_VOUCHER", "gift": {"amount": 2_000}}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    shop.post(NOON, "/v1/campaigns/cards/vouchers/A", &json!({}))
        .await;
    let alone = json!({"code": "B", "gift": {"amount": 50}});
    shop.post(NOON, "/v1/vouchers", &alone).await;
    voucher(&shop, "C", json!({})).await;
    for amount in [700, -300] {
        shop.post(NOON, "/v1/vouchers/A/balance", &json!({"amount": amount}))
            .await;
    }
    let used = using(&["A"], order("o-1", 1_000));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    let back = format!("/v1/redemptions/{}/rollback", id(&used["redemptions"][0]));
    shop.post(NOON, &back, &json!({})).await;
    let fields = ["type", "amount", "balance", "created_at"];
    let asked = json!({"exported_object": "voucher_transactions",
        "parameters": {"fields": fields, "order": "created_at"}});
    let rows = table(&shop, asked).await;
    let at = "2026-11-21T12:00:00.000Z";
    let expected = [
        ["CREDITS_ADDITION", "2000", "2000", at],
        ["CREDITS_ADDITION", "700", "2700", at],
        ["CREDITS_REMOVAL", "-300", "2400", at],
        ["CREDITS_REDEMPTION", "-1000", "1400", at],
        ["CREDITS_REFUND", "1000", "2400", at],
        ["CREDITS_ADDITION", "50", "50", at],
    ];
    assert_eq!(rows[1..], expected.map(|row| strings(&row)));
    // Those of one campaign alone.
    let path = "/v1/campaigns/cards/transactions/export";
    let made = shop.post(NOON, path, &json!({})).await;
    assert_eq!(made["exported_object"], "voucher_transactions");
    work(&shop).await;
    let done = shop.get(NOON, &format!("/v1/exports/{}", id(&made))).await;
    let (_, _, text) = read(done["result"]["url"].as_str().unwrap()).await;
    assert_eq!(self::rows(&text).len(), 6);
}

/// The lines of a table without its heading, the columns as the contract has them.
async fn lines(shop: &Shop, (object, columns): (&str, &str), parameters: Value) -> Vec<String> {
    let asked = json!({"exported_object": object, "parameters": parameters});
    let table = table(shop, asked).await;
    let mut lines = table.iter().map(|row| row.join("|"));
    assert_eq!(lines.next().unwrap(), columns);
    lines.collect()
}

const GIVEN: (&str, &str) = (
    "publication",
    "voucher_code|customer_id|customer_source_id|date|channel|campaign|is_winner|metadata",
);

#[tokio::test]
async fn what_was_given_becomes_a_table() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({})).await;
    voucher(&shop, "ALONE", json!({})).await;
    let alone = json!({"voucher": "ALONE", "customer": {"source_id": "ann"}, "channel": "=mail",
        "metadata": {"by": "eve"}});
    let ann = publish(&shop, &alone).await;
    // Whom it is not given to has no line.
    let again = json!({"voucher": "ALONE", "customer": {"source_id": "bob"}});
    let key = (400, "voucher_already_published");
    check(&shop, (Method::POST, "/v1/publications", &again), key).await;
    let mut two = to("bob", "Spring");
    two["campaign"]["count"] = json!(2);
    let bob = publish(&shop, &two).await;
    let line = |given: &Value, code: &Value, rest: &str| {
        let (code, customer) = (code.as_str().unwrap(), given["customer_id"].as_str());
        format!("{code}|{}|{rest}", customer.unwrap())
    };
    let date = "2026-11-21T12:00:00.000Z";
    let first = format!("ann|{date}|'=mail|||{{\"by\":\"eve\"}}");
    let first = line(&ann, &json!("ALONE"), &first);
    let other = format!("bob|{date}|API|Spring||{{}}");
    let others = bob["vouchers"].as_array().unwrap().iter();
    let others: Vec<String> = others.map(|code| line(&bob, code, &other)).collect();
    assert_eq!(others.len(), 2);
    let all = lines(&shop, GIVEN, json!({"order": "created_at"})).await;
    assert_eq!(all[0], first);
    assert_eq!(all[1..], others);
    let newest = lines(&shop, GIVEN, json!({})).await;
    assert_eq!(newest.last(), Some(&first));
    for filters in [
        json!({"campaign": {"conditions": {"$is": ["Spring"]}}}),
        json!({"customer_source_id": {"conditions": {"$is": ["bob"]}}}),
    ] {
        let few = lines(&shop, GIVEN, json!({"filters": filters})).await;
        assert_eq!(few, others, "{filters}");
    }
    let by_eve = json!({"metadata.by": {"conditions": {"$is": ["eve"]}}});
    let few = lines(&shop, GIVEN, json!({"filters": by_eve})).await;
    assert_eq!(few, [first]);
    let late = json!({"date": {"conditions": {"$after": ["2026-11-21T12:00:00Z"]}}});
    assert!(
        lines(&shop, GIVEN, json!({"filters": late}))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_the_shop_sells_becomes_a_table() {
    let shop = Shop::start().await;
    let tea = json!({"name": "Tea", "source_id": "tea", "price": 450, "attributes": ["leaf"],
        "metadata": {"organic": true}});
    let tea = shop.post(NOON, "/v1/products", &tea).await;
    let cup = json!({"name": "Cup", "source_id": "cup"});
    let cup = shop.post(NOON, "/v1/products", &cup).await;
    let loose = json!({"sku": "Loose, 100 g", "source_id": "tea-100", "price": 500,
        "currency": "EUR", "attributes": {"leaf": "loose"}});
    let path = format!("/v1/products/{}/skus", tea["id"].as_str().unwrap());
    let loose = shop.post(NOON, &path, &loose).await;
    let id = |of: &Value| of["id"].as_str().unwrap().to_owned();
    let date = "2026-11-21T12:00:00.000Z";
    let products = (
        "product",
        "id|name|source_id|price|attributes|image_url|metadata|created_at|updated_at",
    );
    let tea_row = format!(
        "{}|Tea|tea|450|[\"leaf\"]||{{\"organic\":true}}|{date}|",
        id(&tea)
    );
    let cup_row = format!("{}|Cup|cup||[]||{{}}|{date}|", id(&cup));
    let all = lines(&shop, products, json!({})).await;
    assert_eq!(all, [cup_row, tea_row.clone()]);
    let organic = json!({"metadata.organic": {"conditions": {"$is": [true]}},
        "price": {"conditions": {"$more_than": [400]}}});
    let few = lines(&shop, products, json!({"filters": organic})).await;
    assert_eq!(few, [tea_row]);
    let skus = (
        "sku",
        "id|sku|product_id|source_id|currency|price|attributes",
    );
    let fields: Vec<&str> = skus.1.split('|').collect();
    let loose_row = format!(
        "{}|Loose, 100 g|{}|tea-100|EUR|500|{{\"leaf\":\"loose\"}}",
        id(&loose),
        id(&tea)
    );
    assert_eq!(
        lines(&shop, skus, json!({"fields": fields})).await,
        [loose_row]
    );
}

/// More publications than one stretch looks at.
#[tokio::test]
async fn all_that_was_given_is_told_once() {
    let shop = Shop::start().await;
    campaign(&shop, "Spring", json!({"vouchers_count": 210})).await;
    for number in 0..205 {
        publish(&shop, &to(&format!("c-{number}"), "Spring")).await;
    }
    let asked = json!({"exported_object": "publication",
        "parameters": {"fields": ["customer_source_id"], "order": "created_at"}});
    let table = table(&shop, asked).await;
    let names = table.into_iter().skip(1).flatten();
    let expected: Vec<String> = (0..205).map(|number| format!("c-{number}")).collect();
    assert_eq!(names.collect::<Vec<_>>(), expected);
}

const LAPSING: (&str, &str) = (
    "points_expiration",
    "id|campaign_id|voucher_id|points|status|expires_at",
);

#[tokio::test]
async fn points_that_lapse_become_a_table() {
    let shop = Shop::start().await;
    let body = json!({"name": "Club", "voucher": {"type": "LOYALTY_CARD", "loyalty_card": {
        "points": 100, "expiration_rules": {"period_type": "MONTH", "period_value": 1,
            "rounding_type": "END_OF_MONTH"}}}});
    let club = id(&shop.post(NOON, "/v1/loyalties", &body).await);
    let other = json!({"name": "Other", "voucher": {"type": "LOYALTY_CARD",
        "loyalty_card": {"points": 7}}});
    let other = id(&shop.post(NOON, "/v1/loyalties", &other).await);
    let ann = card(&shop, &club, "ann").await;
    let bob = card(&shop, &other, "bob").await;
    voucher(&shop, "A", json!({})).await;
    for (card, points, date) in [
        (&ann, 40, None),
        (&ann, 30, Some("2026-11-25")),
        (&bob, 5, Some("2027-01-01")),
    ] {
        let path = format!("/v1/loyalties/members/{card}/balance");
        let how = date.map_or("NON_EXPIRING", |_| "CUSTOM_DATE");
        let more = json!({"points": points, "expiration_type": how, "expiration_date": date});
        shop.post(NOON, &path, &more).await;
    }
    put(&shop, &ann, -10).await;
    let line = async |campaign: &str, card: &str, rest: &str| {
        let card = shop.get(NOON, &format!("/v1/vouchers/{card}")).await;
        format!("|{campaign}|{}|{rest}", id(&card))
    };
    // What was taken away went from what lapses first; what never lapses is not there.
    let soon = line(&club, &ann, "20|ACTIVE|2026-11-25").await;
    let anns = [soon, line(&club, &ann, "100|ACTIVE|2026-12-31").await];
    let bobs = [line(&other, &bob, "5|ACTIVE|2027-01-01").await];
    let all = lines(&shop, LAPSING, json!({"order": "created_at"})).await;
    assert_eq!(all, [&anns[..], &bobs[..]].concat());
    let newest = lines(&shop, LAPSING, json!({})).await;
    assert_eq!(newest, [&bobs[..], &anns[..]].concat());
    let of_campaign = lines(&shop, LAPSING, json!({"campaign_id": club})).await;
    assert_eq!(of_campaign, anns);
    let december = json!({"expires_at": {"conditions": {"$before": ["2026-12-01T00:00:00Z"]}}});
    let few = lines(&shop, LAPSING, json!({"filters": december})).await;
    assert_eq!(few, anns[..1]);
    // The day after the first lapsed, by the sandbox's clock.
    let asked = json!({"exported_object": LAPSING.0});
    let later = table_at(&shop, NOON + 5 * DAY, asked).await;
    let later = later.iter().skip(1).map(|row| row.join("|"));
    let left = [&bobs[0], &anns[1]].map(String::clone);
    assert_eq!(later.collect::<Vec<_>>(), left);
}

/// More rows than one stretch looks at.
#[tokio::test]
async fn a_long_table_is_whole() {
    let shop = Shop::start().await;
    let campaign = json!({"name": "c", "vouchers_count": 650,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()}});
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    let asked = json!({"exported_object": "voucher", "parameters": {"fields": ["code"]}});
    let codes = table(&shop, asked).await;
    assert_eq!(codes.len(), 651);
    let different: std::collections::HashSet<_> = codes.iter().collect();
    assert_eq!(different.len(), 651);
}

#[tokio::test]
async fn a_table_is_read_with_its_token_only_and_goes() {
    let shop = Shop::start().await;
    voucher(&shop, "A", json!({})).await;
    let asked = json!({"exported_object": "voucher"});
    let made = shop.post(NOON, "/v1/exports", &asked).await;
    assert_eq!(made["channel"], "API");
    assert_eq!(made["object"], "export");
    let path = format!("/v1/exports/{}", id(&made));
    work(&shop).await;
    let done = shop.get(NOON, &path).await;
    let (url, token) = (&done["result"]["url"], &done["result"]["token"]);
    let url = url.as_str().unwrap().to_owned();
    let token = token.as_str().unwrap();
    assert!(token.len() > 40 && url.ends_with(&format!("{path}?token={token}")));
    assert_eq!(read(&url).await.0, StatusCode::OK);
    for wrong in [
        "",
        "x",
        "2.",
        "ffffffff.x",
        &token[..token.len() - 1],
        &format!("1{token}"),
    ] {
        let url = format!("{}{path}?token={wrong}", shop.base);
        assert_eq!(read(&url).await.0, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(
        read(&format!("{}{path}", shop.base)).await.0,
        StatusCode::UNAUTHORIZED
    );
    let list = shop.get(NOON, "/v1/exports?order=-status").await;
    assert_eq!(
        (&list["data_ref"], &list["exports"][0]),
        (&json!("exports"), &done)
    );
    let (status, _) = shop.live.get(&path).await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND, "it is another project's");
    assert_eq!(delete(&shop, &path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(read(&url).await.0, StatusCode::NOT_FOUND);
    check(&shop, (Method::GET, &path, &json!({})), (404, "not_found")).await;
    check(
        &shop,
        (Method::DELETE, &path, &json!({})),
        (404, "not_found"),
    )
    .await;
    work(&shop).await;
    let store = shop.app.store();
    let parts = store.count_records(SANDBOX, Kind::ExportPart).await;
    assert_eq!(parts.unwrap(), 0, "nothing of it stays");
}

#[tokio::test]
async fn what_cannot_be_made_is_refused() {
    let shop = Shop::start().await;
    let of = |parameters: Value| json!({"exported_object": "voucher", "parameters": parameters});
    let (wrong, fields) = ("invalid_export_params", "invalid_export_fields");
    for (body, key) in [
        (json!({}), "invalid_payload"),
        (json!({"exported_object": "moon"}), "invalid_payload"),
        (of(json!({"fields": []})), fields),
        (of(json!({"fields": ["code", "colour"]})), fields),
        (of(json!({"fields": ["metadata."]})), fields),
        (of(json!({"order": "code"})), wrong),
        (
            of(json!({"filters": {"colour": {"conditions": {"$is": [1]}}}})),
            wrong,
        ),
        (
            of(json!({"filters": {"code": {"conditions": {"$near": [1]}}}})),
            wrong,
        ),
        (of(json!({"fields": 7})), "invalid_payload"),
        (
            json!({"exported_object": "order", "parameters": {"campaign_id": "c"}}),
            wrong,
        ),
    ] {
        check(&shop, (Method::POST, "/v1/exports", &body), (400, key)).await;
    }
    assert_eq!(shop.get(NOON, "/v1/exports").await["total"], 0);
}

/// Who may not read customers gets no table of them, nor its token from a list.
#[tokio::test]
async fn a_table_shows_what_its_reader_may_see() {
    let shop = Shop::start().await;
    let scopes = [Scope::CampaignsRead, Scope::CampaignsWrite];
    let key = setup::new_key(&shop.app, SANDBOX, "narrow", &scopes).await;
    let narrow = Client::new(&shop.base, &key.unwrap());
    let asked = json!({"exported_object": "customer"});
    let (status, _) = narrow.post("/v1/exports", &asked).await.unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN);
    let made = shop.post(NOON, "/v1/exports", &asked).await;
    let (status, _) = narrow
        .get(&format!("/v1/exports/{}", id(&made)))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (_, list) = narrow.get("/v1/exports").await.unwrap();
    assert_eq!(list["total"], 0);
    let (status, _) = narrow
        .post("/v1/exports", &json!({"exported_object": "voucher"}))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK);
}
