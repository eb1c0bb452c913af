//! What moved on a gift card or a loyalty card, as its transactions tell it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    catalogue::{check, id},
    loyalties::{card, coin, paying, programme, put},
    redemptions::{code, order, ten_off, using},
    shop::{NOON, Shop},
};

async fn listed(shop: &Shop, code: &str, query: &str) -> Value {
    let path = format!("/v1/vouchers/{code}/transactions{query}");
    shop.get(NOON, &path).await
}

/// What each row says: its type, what moved, what was left, and all that was ever put on.
fn told(list: &Value) -> Vec<Value> {
    let rows = list["data"].as_array().unwrap().iter();
    rows.map(|row| {
        let balance = &row["details"]["balance"];
        let moved = balance.get("amount").or(balance.get("points"));
        json!([row["type"], moved, balance["balance"], balance["total"]])
    })
    .collect()
}

/// A card of 50.00, of which 10.00 was paid and came back.
async fn gift(shop: &Shop) -> (Value, Value) {
    let card = json!({"code": "GIFT", "type": "GIFT_VOUCHER", "gift": {"amount": 5_000}});
    let card = shop.post(NOON, "/v1/vouchers", &card).await;
    for change in [
        json!({"amount": 700, "source_id": "c-1", "reason": "sorry"}),
        json!({"amount": -300}),
    ] {
        shop.post(NOON, "/v1/vouchers/GIFT/balance", &change).await;
    }
    let used = using(&["GIFT"], order("o-1", 1_000));
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    let back = format!("/v1/redemptions/{}/rollback", id(&used["redemptions"][0]));
    let back = shop.post(NOON, &back, &json!({})).await;
    (card, json!({"used": used, "back": back}))
}

#[tokio::test]
async fn a_gift_card_tells_every_move() {
    let shop = Shop::start().await;
    let (card, happened) = gift(&shop).await;
    let list = listed(&shop, "GIFT", "").await;
    assert_eq!(
        told(&list),
        [
            json!(["CREDITS_REFUND", 1_000, 5_400, 5_400]),
            json!(["CREDITS_REDEMPTION", -1_000, 4_400, 5_400]),
            json!(["CREDITS_REMOVAL", -300, 5_400, 5_400]),
            json!(["CREDITS_ADDITION", 700, 5_700, 5_700]),
            json!(["CREDITS_ADDITION", 5_000, 5_000, 5_000]),
        ]
    );
    assert_eq!(
        (&list["object"], &list["data_ref"], &list["has_more"]),
        (&json!("list"), &json!("data"), &json!(false))
    );
    assert_eq!(list["more_starting_after"], Value::Null);
    let [refund, paid, _, added, _] = [0, 1, 2, 3, 4].map(|at| &list["data"][at]);
    assert!(id(refund).starts_with("vtx_"));
    assert_eq!(
        added["details"]["balance"],
        json!({"type": "gift_voucher", "object": "balance", "operation_type": "MANUAL",
            "amount": 700, "total": 5_700, "balance": 5_700,
            "related_object": {"type": "voucher", "id": card["id"]}})
    );
    assert_eq!(
        json!([
            added["source"],
            added["source_id"],
            added["reason"],
            added["campaign_id"]
        ]),
        json!(["API", "c-1", "sorry", null])
    );
    assert_eq!(added["voucher_id"], card["id"]);
    let order = json!({"id": happened["used"]["order"]["id"], "source_id": "o-1"});
    let redemption = json!({"id": happened["used"]["redemptions"][0]["id"]});
    assert_eq!(paid["source"], Value::Null);
    for row in [paid, refund] {
        assert_eq!(row["details"]["order"], order);
        assert_eq!(row["details"]["redemption"], redemption);
    }
    assert!(paid["details"].get("rollback").is_none());
    assert_eq!(
        refund["details"]["rollback"],
        json!({"id": happened["back"]["id"]})
    );
}

#[tokio::test]
async fn pages_orders_and_filters() {
    let shop = Shop::start().await;
    let (card, _) = gift(&shop).await;
    let all = listed(&shop, "GIFT", "").await;
    let ids: Vec<&str> = all["data"].as_array().unwrap().iter().map(id_of).collect();
    let got = async |query: &str| {
        let list = listed(&shop, "GIFT", query).await;
        let rows = list["data"].as_array().unwrap().iter();
        let rows: Vec<String> = rows.map(|row| id_of(row).to_owned()).collect();
        (
            rows,
            list["has_more"].clone(),
            list["more_starting_after"].clone(),
        )
    };
    let (more, end) = (
        |at: usize| (json!(true), json!(ids[at])),
        (json!(false), Value::Null),
    );
    let check_page = async |query: &str, expected: Vec<&str>, next: (Value, Value)| {
        let (rows, has_more, after) = got(query).await;
        assert_eq!(
            (rows, (has_more, after)),
            (expected.iter().map(|id| (*id).to_owned()).collect(), next),
            "{query}"
        );
    };
    check_page("?limit=2", ids[..2].to_vec(), more(1)).await;
    let query = format!("?limit=2&starting_after_id={}", ids[1]);
    check_page(&query, ids[2..4].to_vec(), more(3)).await;
    let query = format!("?limit=2&starting_after_id={}", ids[3]);
    check_page(&query, ids[4..].to_vec(), end.clone()).await;
    check_page("?limit=2&page=3", ids[4..].to_vec(), end.clone()).await;
    let oldest: Vec<&str> = ids.iter().rev().copied().collect();
    check_page("?order=id", oldest.clone(), end.clone()).await;
    let query = format!("?order=id&limit=3&starting_after_id={}", ids[4]);
    check_page(&query, oldest[1..4].to_vec(), more(1)).await;
    let query = format!(
        "?filters[id][conditions][$in][0]={}&filters[id][conditions][$in][1]={}",
        ids[0], ids[3]
    );
    check_page(&query, vec![ids[0], ids[3]], end.clone()).await;
    let of = card["id"].as_str().unwrap();
    let query = format!("?filters[voucher_id][conditions][$is][0]={of}");
    check_page(&query, ids.clone(), end.clone()).await;
    check_page(
        "?filters[voucher_id][conditions][$is][0]=v_other",
        vec![],
        end,
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let shop = Shop::start().await;
    gift(&shop).await;
    for (query, key) in [
        ("?order=amount", "invalid_query_params"),
        ("?starting_after_id=me", "invalid_query_params"),
        (
            "?filters[id][conditions][$contains][0]=a",
            "invalid_query_params",
        ),
        ("?limit=0", "invalid_query_params"),
        ("?page=1000000", "page_over_limit"),
    ] {
        let path = format!("/v1/vouchers/GIFT/transactions{query}");
        check(&shop, (Method::GET, &path, &Value::Null), (400, key)).await;
    }
}

fn id_of(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_loyalty_card_tells_its_points() {
    let shop = Shop::start().await;
    let club = programme(&shop, "Club").await;
    let card = card(&shop, &club, "ann").await;
    put(&shop, &card, 500).await;
    let coin = coin(&shop, &club).await;
    let body = paying(
        &card,
        json!({"id": coin, "points": 100}),
        order("o-1", 10_000),
    );
    let used = shop.post(NOON, "/v1/redemptions", &body).await;
    let list = listed(&shop, &card, "").await;
    assert_eq!(
        told(&list),
        [
            json!(["POINTS_REDEMPTION", -100, 400, 500]),
            json!(["POINTS_ADDITION", 500, 500, 500]),
        ]
    );
    let paid = &list["data"][0];
    assert_eq!(paid["campaign_id"], club.as_str());
    assert_eq!(paid["details"]["balance"]["type"], "loyalty_card");
    assert_eq!(
        paid["details"]["reward"],
        json!({"id": coin, "name": "Money off"})
    );
    assert_eq!(
        paid["details"]["redemption"],
        json!({"id": used["redemptions"][0]["id"]})
    );
    let member = format!("/v1/loyalties/members/{card}/transactions");
    assert_eq!(shop.get(NOON, &member).await, list);
}

#[tokio::test]
async fn a_discount_has_none_and_a_code_that_is_not_there_is_not_found() {
    let shop = Shop::start().await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["TEN"], order("o-1", 5_000)),
    )
    .await;
    let list = listed(&shop, "TEN", "").await;
    assert_eq!((&list["data"], &list["total"]), (&json!([]), &json!(0)));
    let nothing = "/v1/vouchers/NOBODY/transactions";
    check(
        &shop,
        (Method::GET, nothing, &Value::Null),
        (404, "not_found"),
    )
    .await;
}
