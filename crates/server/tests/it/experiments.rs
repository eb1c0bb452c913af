//! Readouts and statements, against figures worked out by hand.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    ingest::allowing,
    shop::{DAY, HOUR, NOON, Shop},
};

/// A shop with so many customers enrolled in each arm: held out first.
async fn enrolled(of_each: usize) -> (Shop, Vec<String>, Vec<String>) {
    let shop = Shop::start().await;
    shop.percent_off("Ten", 10, json!({"budget": 100_000}))
        .await;
    shop.policy("ranked", &["Ten"], 500_000).await;
    let (mut held, mut treated) = (Vec::new(), Vec::new());
    for number in 0.. {
        if held.len() == of_each && treated.len() == of_each {
            break;
        }
        let name = format!("c{number}");
        shop.customer(&name).await;
        let made = shop.decide(NOON, &name).await;
        let arm = if made["offer"].is_object() {
            &mut treated
        } else {
            &mut held
        };
        if arm.len() < of_each {
            arm.push(name);
        } else {
            // One too many: whoever takes back the consent counts no more.
            let no = json!({"source_id": name, "consent": {"measure": false}});
            shop.post(NOON, "/v1/customers", &no).await;
        }
    }
    (shop, held, treated)
}

/// An order with goods of half its total, 1.00 of shipping cost and 0.50 of fees.
fn order(id: &str, user: &str, total: f64) -> Value {
    json!({
        "type": "track", "event": "Order Completed", "messageId": format!("order {id}"),
        "userId": user, "timestamp": "2026-11-21T12:30:00Z", "sentAt": "2026-11-21T13:00:00Z",
        "properties": {
            "order_id": id, "total": total, "shipping_cost": 1, "fees": "0.50",
            "products": [{"sku": "tea", "price": total, "quantity": 1, "cost": total / 2.0}]
        }
    })
}

fn refund(id: &str, user: &str, amount: f64) -> Value {
    json!({
        "type": "track", "event": "Order Refunded", "messageId": format!("back {id} {amount}"),
        "userId": user, "timestamp": "2026-11-21T12:45:00Z",
        "properties": {"order_id": id, "total": amount}
    })
}

async fn send(shop: &Shop, events: &[Value]) {
    shop.post(NOON + HOUR, "/v1/batch", &json!({"batch": events}))
        .await;
}

async fn effect(shop: &Shop) -> Value {
    let readout = shop
        .get(NOON + DAY, "/v1/experiments/programme/readout")
        .await;
    readout["contrasts"][0]["effect"].clone()
}

fn near(found: &Value, expected: f64) {
    let found_number = found.as_f64().unwrap_or(f64::NAN);
    assert!(
        (found_number - expected).abs() < 1e-3,
        "{found} for {expected}"
    );
}

/// Contribution by customer, in cents. Held out: 23.00 - 11.50 - 1.50 = 1000, 43.00 gives 2000, and
/// nobody's order 0: mean 1000, variance 1 000 000. Treated: 63.00, 83.00 and 43.00 give 3000, 4000
/// and 2000: mean 3000, the same variance. So 2000 with a standard error of
/// sqrt(1 000 000 / 3 + 1 000 000 / 3) = 816.4966.
#[tokio::test]
async fn a_readout_is_the_difference_of_contributions() {
    let (shop, held, treated) = enrolled(3).await;
    let orders = [
        order("1", &held[0], 23.0),
        order("2", &held[1], 43.0),
        order("3", &treated[0], 63.0),
        order("4", &treated[1], 83.0),
        order("5", &treated[2], 43.0),
    ];
    send(&shop, &orders).await;
    // Once more under other messages, as a browser and a server would.
    let mut again = orders.clone();
    again
        .iter_mut()
        .for_each(|order| order["messageId"] = Value::Null);
    send(&shop, &again).await;
    let readout = shop
        .get(NOON + DAY, "/v1/experiments/programme/readout")
        .await;
    assert_eq!(
        readout["arms"],
        json!([
            {"arm": "holdout", "n": 3}, {"arm": "treatment", "n": 3}
        ])
    );
    assert_eq!(readout["verdict"], "keep_running", "three are too few");
    assert_eq!(readout["against"], "holdout");
    let effect = &readout["contrasts"][0]["effect"];
    near(&effect["estimate"], 2_000.0);
    near(&effect["standard_error"], 816.496_58);
    let by_id = shop
        .get(NOON, "/v1/experiments/expt_0000000000001/readout")
        .await;
    assert_eq!(by_id, readout);
    let (status, _) = shop
        .noon()
        .get("/v1/experiments/expt_0000000000002/readout")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// Half of the 83.00 goes back, and with it half of what it cost: 4000 becomes 2000; the mean of
/// the treated falls by 2000 / 3. Going back twice over takes no more than there was.
#[tokio::test]
async fn a_refund_goes_back_as_far_as_there_was_something() {
    let (shop, held, treated) = enrolled(3).await;
    let orders = [
        order("1", &held[0], 23.0),
        order("2", &held[1], 43.0),
        order("3", &treated[0], 63.0),
        order("4", &treated[1], 83.0),
    ];
    send(&shop, &orders).await;
    near(&effect(&shop).await["estimate"], 7_000.0 / 3.0 - 1_000.0);
    send(&shop, &[refund("4", &treated[1], 41.5)]).await;
    near(&effect(&shop).await["estimate"], 5_000.0 / 3.0 - 1_000.0);
    send(
        &shop,
        &[
            refund("4", &treated[1], 41.5),
            refund("4", &treated[1], 80.0),
        ],
    )
    .await;
    near(&effect(&shop).await["estimate"], 3_000.0 / 3.0 - 1_000.0);
    let audit = shop.app.store().audit().await.unwrap();
    assert_eq!(audit.findings, vec![], "the books balance");
}

#[tokio::test]
async fn what_came_before_the_first_decision_does_not_count() {
    let (shop, held, _) = enrolled(2).await;
    let mut early = order("1", &held[0], 23.0);
    early["timestamp"] = "2026-11-21T11:00:00Z".into();
    send(&shop, &[early]).await;
    let readout = shop
        .get(NOON + DAY, "/v1/experiments/programme/readout")
        .await;
    assert_eq!(readout["verdict"], "unready");
    assert_eq!(
        readout["why_unready"],
        "All customers of an arm had the same outcome."
    );
}

#[tokio::test]
async fn a_statement_sets_the_books_beside_the_arms() {
    let (shop, held, treated) = enrolled(3).await;
    let orders = [
        order("1", &held[0], 23.0),
        order("2", &held[1], 43.0),
        order("3", &treated[0], 63.0),
        order("4", &treated[1], 83.0),
        order("5", &treated[2], 43.0),
    ];
    send(&shop, &orders).await;
    let statement = shop.get(NOON + DAY, "/v1/campaigns/Ten/statement").await;
    assert_eq!(statement["currency"], "EUR");
    assert_eq!(statement["posted"]["discount"], 0, "nothing was redeemed");
    let incremental = &statement["incremental"];
    assert_eq!(
        (&incremental["treated"], &incremental["held_out"]),
        (&json!(3), &json!(3))
    );
    // Twice 3 treated: 2000 each; revenue 63 + 83 + 43 - 23 - 43 = 123.00.
    near(&incremental["profit"]["estimate"], 6_000.0);
    near(&incremental["revenue"]["estimate"], 12_300.0);
    near(&incremental["goods"]["total"], 6_150.0);
    near(&incremental["buyers"]["total"], 1.0);
    let overview = server::reports::overview(&shop.app, server::setup::SANDBOX)
        .await
        .unwrap();
    assert!((overview.profit.unwrap().estimate - 6_000.0).abs() < 1e-6);
    assert_eq!((overview.live, overview.discount), (1, 0));
    assert_eq!(overview.budgets[0].limit, 100_000);
    assert_eq!(overview.budgets[0].left, 100_000);
}

#[tokio::test]
async fn somebody_in_two_arms_counts_in_none() {
    let (shop, held, treated) = enrolled(2).await;
    let alias = json!({
        "userId": treated[0], "previousId": held[0], "messageId": "a", "context": allowing()
    });
    shop.post(NOON, "/v1/alias", &alias).await;
    let experiments = shop.get(NOON, "/v1/experiments").await;
    assert_eq!(
        experiments["experiments"][0]["arms"],
        json!([
            {"arm": "holdout", "n": 1}, {"arm": "treatment", "n": 1}
        ])
    );
}

#[tokio::test]
async fn what_was_redeemed_is_in_the_books() {
    let (shop, _, treated) = enrolled(1).await;
    let wallet = shop.get(NOON, &format!("/v1/wallets/{}", treated[0])).await;
    let code = wallet["grants"][0]["code"].as_str().unwrap();
    let redeem = json!({
        "redeemables": [{"object": "voucher", "id": code}],
        "customer": {"source_id": treated[0]},
        "order": {"source_id": "o-1", "items": [
            {"product_id": "tea", "quantity": 2, "price": 5_000,
             "metadata": {"unit_cost": 3_000}}
        ]}
    });
    shop.post(NOON + HOUR, "/v1/redemptions", &redeem).await;
    let statement = shop.get(NOON + DAY, "/v1/campaigns/Ten/statement").await;
    let posted = &statement["posted"];
    assert_eq!(posted["discount"], 1_000);
    assert_eq!(posted["redemptions"], 1);
    assert_eq!(posted["attributed"], 10_000);
    assert_eq!(posted["goods"], 6_000);
    let overview = server::reports::overview(&shop.app, server::setup::SANDBOX)
        .await
        .unwrap();
    assert_eq!((overview.discount, overview.redemptions), (1_000, 1));
    assert_eq!(overview.budgets[0].left, 99_000);
    let wallet = shop
        .get(NOON + DAY, &format!("/v1/wallets/{}", treated[0]))
        .await;
    assert_eq!(wallet["grants"], json!([]), "it is used");
}
