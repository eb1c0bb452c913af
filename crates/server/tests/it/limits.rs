//! What a limit must do, under many callers at once: the seven points of `docs/ARCHITECTURE.md`.

use std::{collections::BTreeSet, sync::Arc};

use axum::http::StatusCode;
use ledger::AccountId;
use offers::{CampaignId, chart};
use serde_json::{Value, json};
use server::setup::SANDBOX;
use store::{Page, TransferFilter};
use tokio::task::JoinSet;
use wire::ids::{Tag, parse};

use crate::{
    redemptions::{books_balance, code, order, percent, redeem, ten_off, using},
    shop::{DAY, HOUR, MINUTE, NOON, Shop},
};

/// So many callers ask at once.
const AT_ONCE: usize = 32;

/// Runs all, so many at once, and gives back what each answered.
async fn race<T, F>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    for task in tasks {
        if running.len() >= AT_ONCE {
            done.push(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(task);
    }
    done.extend(running.join_all().await);
    done
}

/// A redemption of each of these bodies, all at once: status and answer.
async fn redeem_all(shop: &Shop, bodies: Vec<Value>) -> Vec<(StatusCode, Value)> {
    let noon = shop.noon();
    let tasks = bodies.into_iter().map(|body| {
        let client = noon.clone();
        async move { redeem(&client, &body).await }
    });
    race(tasks).await
}

fn successes(answers: &[(StatusCode, Value)]) -> usize {
    let refused = answers
        .iter()
        .filter(|(status, _)| *status != StatusCode::OK);
    for (status, answer) in refused {
        assert_eq!(*status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(answer["proffer"]["code"].is_string(), "{answer}");
    }
    answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::OK)
        .count()
}

fn discounted(answers: &[(StatusCode, Value)]) -> u64 {
    let totals = answers
        .iter()
        .map(|(_, answer)| &answer["order"]["total_applied_discount_amount"]);
    totals.filter_map(Value::as_u64).sum()
}

async fn budget_left(shop: &Shop, campaign: &str) -> u64 {
    let id = CampaignId(parse(Tag::Campaign, campaign).unwrap());
    let account = shop
        .app
        .store()
        .account(SANDBOX, chart::budget(id))
        .await
        .unwrap();
    account.unwrap().available().unwrap()
}

fn by(customer: &str, mut body: Value) -> Value {
    body["customer"] = json!({"source_id": customer});
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_redeem_the_last_unit_of_a_code() {
    let shop = Shop::start().await;
    let voucher = json!({"code": "LAST", "type": "DISCOUNT_VOUCHER", "discount": ten_off(),
        "redemption": {"quantity": 1}});
    shop.post(NOON, "/v1/vouchers", &voucher).await;
    let bodies = (0..200).map(|n| using(&["LAST"], order(&format!("o-{n}"), 5_000)));
    let answers = redeem_all(&shop, bodies.collect()).await;
    assert_eq!(successes(&answers), 1);
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/LAST").await["redemption"]["redeemed_quantity"],
        1
    );
    books_balance(&shop).await;
}

/// Each of so many clients validates, half of them under a session, and redeems.
const CLIENTS: usize = 5_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validations_and_redemptions_race_for_one_budget() {
    let shop = Arc::new(Shop::start().await);
    // Three quarters of what is asked for, and not a multiple of it.
    let budget = CLIENTS as u64 * 30 * 3 / 4 + 7;
    let ours = json!({"budget": budget, "grant_remainder": true});
    let campaign = code(&shop, "RACE", percent(30), ours).await;
    let tasks = (0..CLIENTS).map(|n| {
        let client = shop.noon();
        async move {
            let mut body = using(&["RACE"], order(&format!("o-{n}"), 100));
            if n % 2 == 0 {
                body["session"] = json!({"type": "LOCK", "key": format!("s-{n}")});
            }
            let (status, answer) = client.post("/v1/validations", &body).await.unwrap();
            assert_eq!(status, StatusCode::OK, "{answer}");
            redeem(&client, &body).await
        }
    });
    let answers = race(tasks).await;
    assert_eq!(
        discounted(&answers),
        budget,
        "{} redeemed",
        successes(&answers)
    );
    assert_eq!(budget_left(&shop, &campaign).await, 0);
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_than_the_limit() {
    let shop = Shop::start().await;
    over_all_codes(&shop).await;
    over_promotions_in_money(&shop).await;
    over_customers_and_days(&shop).await;
    books_balance(&shop).await;
}

async fn over_all_codes(shop: &Shop) {
    let campaign = json!({
        "name": "many", "campaign_type": "DISCOUNT_COUPONS", "vouchers_count": 20,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": ten_off()},
        "proffer": {"caps": [{"reach": "campaign", "limit": 7}]}
    });
    shop.post(NOON, "/v1/campaigns", &campaign).await;
    let codes = shop.get(NOON, "/v1/vouchers?campaign=many&limit=100").await;
    let codes: Vec<String> = codes["vouchers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 20);
    let bodies = codes.iter().enumerate();
    let bodies = bodies.map(|(n, one)| using(&[one], order(&format!("m-{n}"), 5_000)));
    assert_eq!(successes(&redeem_all(shop, bodies.collect()).await), 7);
}

async fn over_promotions_in_money(shop: &Shop) {
    // 3 of 10.00 fit into 35.00.
    let promotion = json!({
        "name": "auto", "campaign_type": "PROMOTION",
        "promotion": {"tiers": [{"name": "ten", "action": {"discount": ten_off()}}]},
        "proffer": {"budget": 3_500}
    });
    let promotion = shop.post(NOON, "/v1/campaigns", &promotion).await;
    let tier = promotion["promotion"]["tiers"][0]["id"].as_str().unwrap();
    let body = |n| {
        json!({
            "redeemables": [{"object": "promotion_tier", "id": tier}],
            "order": order(&format!("a-{n}"), 5_000)
        })
    };
    assert_eq!(
        successes(&redeem_all(shop, (0..20).map(body).collect()).await),
        3
    );
}

async fn over_customers_and_days(shop: &Shop) {
    for (name, cap) in [
        ("EVER", json!({"reach": "customer", "limit": 2})),
        (
            "DAILY",
            json!({"reach": "customer", "period": "day", "limit": 2}),
        ),
    ] {
        code(shop, name, ten_off(), json!({"caps": [cap]})).await;
        let bodies = (0..20).map(|n| {
            let customer = if n % 2 == 0 { "ann" } else { "bob" };
            by(
                customer,
                using(&[name], order(&format!("{name}-{n}"), 5_000)),
            )
        });
        assert_eq!(
            successes(&redeem_all(shop, bodies.collect()).await),
            4,
            "{name}"
        );
        let tomorrow = by("ann", using(&[name], order(&format!("{name}-x"), 5_000)));
        let (status, answer) = redeem(&shop.at(NOON + DAY), &tomorrow).await;
        assert_eq!(status.is_success(), name == "DAILY", "{answer}");
        if name == "EVER" {
            assert_eq!(answer["proffer"]["code"], "used_up_person");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_refused_while_uses_are_free() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "code", "limit": 3}]});
    code(&shop, "THREE", ten_off(), ours).await;
    let held = |n: usize| {
        let mut body = using(&["THREE"], order(&format!("o-{n}"), 5_000));
        body["session"] = json!({"type": "LOCK", "key": format!("s-{n}"), "ttl": 30,
            "ttl_unit": "MINUTES"});
        body
    };
    let noon = shop.noon();
    let tasks = (0..10).map(|n| {
        let (client, body) = (noon.clone(), held(n));
        async move { (n, client.post("/v1/validations", &body).await.unwrap().1) }
    });
    let answers = race(tasks).await;
    let held_by: Vec<usize> = answers
        .iter()
        .filter(|(_, answer)| answer["valid"] == true)
        .map(|(n, _)| *n)
        .collect();
    assert_eq!(held_by.len(), 3, "first come, first served");
    // All are held: nobody else gets one, but whoever holds one does.
    let other = using(&["THREE"], order("other", 5_000));
    assert_eq!(redeem(&noon, &other).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(redeem(&noon, &held(held_by[0])).await.0, StatusCode::OK);
    // The other two are abandoned; once their time has come they are free again.
    assert_eq!(
        redeem(&shop.at(NOON + 29 * MINUTE), &other).await.0,
        StatusCode::BAD_REQUEST
    );
    let late = shop.at(NOON + HOUR);
    assert_eq!(redeem(&late, &other).await.0, StatusCode::OK);
    let last = using(&["THREE"], order("last", 5_000));
    assert_eq!(redeem(&late, &last).await.0, StatusCode::OK);
    let none = using(&["THREE"], order("none", 5_000));
    assert_eq!(redeem(&late, &none).await.0, StatusCode::BAD_REQUEST);
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_back_is_exact_and_happens_once() {
    let shop = Shop::start().await;
    let ours = json!({"budget": 10_000, "caps": [{"reach": "campaign", "limit": 10}]});
    let campaign = code(&shop, "BACK", ten_off(), ours).await;
    let bodies = (0..10).map(|n| using(&["BACK"], order(&format!("o-{n}"), 5_000)));
    let answers = redeem_all(&shop, bodies.collect()).await;
    assert_eq!(successes(&answers), 10);
    assert_eq!(budget_left(&shop, &campaign).await, 0);
    // Every redemption is rolled back four times over while others try to take.
    let noon = shop.noon();
    let ids = answers
        .iter()
        .map(|(_, answer)| answer["redemptions"][0]["id"].clone());
    let undo = ids.flat_map(|id| std::iter::repeat_n(id, 4)).enumerate();
    let tasks = undo.map(|(n, id)| {
        let client = noon.clone();
        async move {
            let path = format!("/v1/redemptions/{}/rollback", id.as_str().unwrap());
            let (status, _) = client.post(&path, &json!({})).await.unwrap();
            let body = using(&["BACK"], order(&format!("again-{n}"), 5_000));
            (
                status == StatusCode::OK,
                redeem(&client, &body).await.0 == StatusCode::OK,
            )
        }
    });
    let done = race(tasks).await;
    let undone = done.iter().filter(|(undone, _)| *undone).count();
    let taken = done.iter().filter(|(_, taken)| *taken).count() as u64;
    assert_eq!(undone, 10, "each is given back once");
    assert_eq!(budget_left(&shop, &campaign).await, 10_000 - taken * 1_000);
    let rest = (0..20).map(|n| using(&["BACK"], order(&format!("rest-{n}"), 5_000)));
    let rest = successes(&redeem_all(&shop, rest.collect()).await) as u64;
    assert_eq!(taken + rest, 10);
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_with_the_same_key_takes_one_use() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "code", "limit": 2}]});
    code(&shop, "TWICE", ten_off(), ours).await;
    let keyed = shop.noon().with("idempotency-key", "retry-1");
    let body = using(&["TWICE"], json!({"amount": 5_000}));
    let tasks = (0..20).map(|_| {
        let (client, body) = (keyed.clone(), body.clone());
        async move { redeem(&client, &body).await }
    });
    let answers = race(tasks).await;
    assert_eq!(successes(&answers), 20);
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|(_, answer)| answer["redemptions"][0]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    // The same order, without a key.
    let bodies = (0..20).map(|_| using(&["TWICE"], order("o-1", 5_000)));
    let answers = redeem_all(&shop, bodies.collect()).await;
    assert_eq!(successes(&answers), 20);
    assert!(answers.windows(2).all(|pair| pair[0].1 == pair[1].1));
    let used = shop.get(NOON, "/v1/vouchers/TWICE").await;
    assert_eq!(used["redemption"]["redeemed_quantity"], 2);
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_promotion_that_gave_nothing_takes_no_use() {
    let shop = Shop::start().await;
    let once = json!({"caps": [{"reach": "code", "limit": 1}], "priority": 2});
    code(&shop, "FREE", percent(100), json!({"priority": 1})).await;
    code(&shop, "ONCE", ten_off(), once).await;
    let used = shop
        .post(
            NOON,
            "/v1/redemptions",
            &using(&["FREE", "ONCE"], order("o-1", 5_000)),
        )
        .await;
    assert_eq!(used["redemptions"].as_array().unwrap().len(), 1);
    assert_eq!(used["skipped_redeemables"][0]["id"], "ONCE");
    assert_eq!(
        used["skipped_redeemables"][0]["result"]["details"]["key"],
        "no_effect"
    );
    let alone = using(&["ONCE"], order("o-2", 0));
    let (status, answer) = redeem(&shop.noon(), &alone).await;
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::BAD_REQUEST, &json!("no_applicable_redeemables"))
    );
    assert_eq!(
        shop.get(NOON, "/v1/vouchers/ONCE").await["redemption"]["redeemed_quantity"],
        0
    );
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["ONCE"], order("o-3", 5_000)),
    )
    .await;
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_split_among_sellers_is_one_use() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "customer", "limit": 1}]});
    code(&shop, "SPLIT", ten_off(), ours).await;
    let of = |source: &str, status: Option<&str>| {
        let mut body = by(
            "ann",
            using(
                &["SPLIT"],
                json!({
                    "source_id": source,
                    "items": [
                        {
                            "source_id": "a", "quantity": 1, "price": 3_000,
                            "metadata": {"seller": "north"}
                        },
                        {
                            "source_id": "b", "quantity": 2, "price": 1_000,
                            "metadata": {"seller": "south"}
                        }
                    ]
                }),
            ),
        );
        if let Some(status) = status {
            body["order"]["status"] = json!(status);
        }
        body
    };
    // Drafts and cancelled orders use nothing.
    for status in ["CREATED", "CANCELED"] {
        let (code, answer) = redeem(&shop.noon(), &of("o-1", Some(status))).await;
        assert_eq!(
            (code, &answer["key"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_order"))
        );
    }
    // Each seller's part of the shop asks for the same order.
    let answers = redeem_all(&shop, vec![of("o-1", Some("PAID")); 4]).await;
    assert_eq!(successes(&answers), 4);
    assert_eq!(answers[0].1["order"]["total_amount"], 4_000);
    let used = shop.get(NOON, "/v1/vouchers/SPLIT").await;
    assert_eq!(used["redemption"]["redeemed_quantity"], 1);
    let other = redeem(&shop.noon(), &of("o-2", None)).await;
    assert_eq!(other.1["proffer"]["code"], "used_up_person");
    books_balance(&shop).await;
}

/// The accounts that a redemption moves.
async fn accounts_of(shop: &Shop, answer: &Value) -> BTreeSet<AccountId> {
    let id = answer["redemptions"][0]["id"].as_str().unwrap();
    let chain = TransferFilter::Chain(parse(Tag::Redemption, id).unwrap());
    let page = Page {
        after: 0,
        limit: 100,
        newest_first: false,
    };
    let saved = shop
        .app
        .store()
        .transfers(SANDBOX, chain, page)
        .await
        .unwrap();
    assert!(!saved.is_empty());
    saved
        .iter()
        .flat_map(|one| [one.transfer.debit, one.transfer.credit])
        .collect()
}

#[tokio::test]
async fn what_has_no_limit_shares_no_row() {
    let shop = Shop::start().await;
    code(&shop, "OPEN", ten_off(), json!({})).await;
    let mut seen = BTreeSet::new();
    for n in 0..20 {
        let mut body = using(&["OPEN"], order(&format!("o-{n}"), 5_000));
        // Every other customer is unknown.
        if n % 2 == 0 {
            body = by(&format!("c-{n}"), body);
        }
        let answer = shop.post(NOON, "/v1/redemptions", &body).await;
        let moved = accounts_of(&shop, &answer).await;
        assert_eq!(moved.len(), 2, "the cost does not grow");
        assert!(seen.is_disjoint(&moved));
        seen.extend(moved);
    }
    books_balance(&shop).await;
}

#[tokio::test]
async fn nobody_passes_a_limit_of_each_customer() {
    let shop = Shop::start().await;
    let ours = json!({"caps": [{"reach": "customer", "limit": 1}]});
    code(&shop, "ONCE", ten_off(), ours).await;
    let body = |number: usize, customer: &Value| {
        let mut body = using(&["ONCE"], order(&format!("o-{number}"), 5_000));
        body["customer"] = customer.clone();
        body
    };
    let strangers = [
        json!({}),
        json!({"email": "a@b.c"}),
        json!({"source_id": ""}),
    ];
    for (number, customer) in strangers.iter().enumerate() {
        let mut body = body(number, customer);
        let (status, answer) = redeem(&shop.noon(), &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert_eq!(answer["proffer"]["code"], "sign_in_required");
        body["session"] = json!({"type": "LOCK"});
        let held = shop.post(NOON, "/v1/validations", &body).await;
        assert_eq!(held["valid"], false, "{held}");
    }
    // Whom the shop names is looked at as somebody new, and counted from the first use on.
    let ann = json!({"source_id": "ann"});
    let seen = shop.post(NOON, "/v1/validations", &body(7, &ann)).await;
    assert_eq!(seen["valid"], true, "{seen}");
    let bodies: Vec<Value> = (0..5).map(|number| body(number, &ann)).collect();
    assert_eq!(successes(&redeem_all(&shop, bodies).await), 1);
    books_balance(&shop).await;
}
