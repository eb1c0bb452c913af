//! Several processes on one budget that is lent to them in slices: exactly what it allows is given,
//! whoever asks, and all of it comes back when lending ends.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use ledger::Account;
use offers::{CampaignId, chart};
use serde_json::{Value, json};
use server::{
    app::App,
    client::Client,
    jobs,
    setup::{LIVE, SANDBOX},
};
use store::{AccountsOf, ProjectId};
use tokio::task::JoinSet;
use wire::ids::{Tag, parse};

use crate::{
    processes::{Beside, soon},
    redemptions::{books_balance, code, order, percent, redeem, using},
    shop::{NOON, Shop},
};

/// So many callers ask at once.
const AT_ONCE: usize = 32;

/// Four processes beside the shop's own, all of which know each other's numbers.
async fn processes(shop: &Shop) -> Vec<Beside> {
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(Beside::of(shop).await);
    }
    for one in &all {
        known(&one.app).await;
    }
    all
}

async fn known(app: &App) {
    soon("its number", async || app.process() != 0).await;
}

/// What each of so many clients takes off at a process of its own, all at once; a third holds it
/// first, perhaps at another process.
async fn race(
    shop: &Shop,
    others: &[Beside],
    (name, prices): (&str, Vec<u64>),
) -> Vec<(u64, StatusCode, Value)> {
    let clients: Vec<Client> = others.iter().map(|one| one.noon(shop)).collect();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    for (number, price) in prices.into_iter().enumerate() {
        if running.len() >= AT_ONCE {
            done.push(running.join_next().await.unwrap().unwrap());
        }
        let client = clients[number % clients.len()].clone();
        let elsewhere = clients[(number / 2) % clients.len()].clone();
        let mut body = using(&[name], order(&format!("{name}-{number}"), price));
        running.spawn(async move {
            if number % 3 == 0 {
                body["session"] = json!({"type": "LOCK", "key": format!("s-{number}")});
            }
            let (status, seen) = elsewhere.post("/v1/validations", &body).await.unwrap();
            assert_eq!(status, StatusCode::OK, "{seen}");
            let (status, answer) = redeem(&client, &body).await;
            (price, status, answer)
        });
    }
    done.extend(running.join_all().await);
    done
}

fn discounted(answers: &[(u64, StatusCode, Value)]) -> Vec<u64> {
    let total = |answer: &Value| answer["order"]["total_applied_discount_amount"].as_u64();
    let given = answers
        .iter()
        .filter(|(_, status, _)| *status == StatusCode::OK);
    given.filter_map(|(.., answer)| total(answer)).collect()
}

/// What is left by process; that of the whole under 0.
async fn left(app: &App, project: ProjectId, campaign: &str) -> BTreeMap<u64, u64> {
    let id = chart::budget(CampaignId(parse(Tag::Campaign, campaign).unwrap()));
    let asked = AccountsOf {
        project,
        kind: id.kind,
        owner: id.owner,
        after: None,
        limit: 100,
    };
    let accounts = app.store().accounts_of(asked).await.unwrap();
    let each = accounts.iter();
    each.map(|one: &Account| (one.id.party, one.available().unwrap()))
        .collect()
}

fn lent(parts: &BTreeMap<u64, u64>) -> u64 {
    let slices = parts.iter().filter(|(process, _)| **process != 0);
    slices.map(|(_, left)| left).sum()
}

async fn is_spent_for_all(shop: &Shop, others: &[Beside], name: &str) {
    for (number, one) in others.iter().enumerate() {
        let body = using(&[name], order(&format!("late-{number}"), 1_000));
        let (_, seen) = one.noon(shop).post("/v1/validations", &body).await.unwrap();
        assert_eq!(seen["valid"], false, "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_calls_at_four_processes_race_for_five_hundred_uses() {
    let shop = Shop::start().await;
    let others = processes(&shop).await;
    let ours = json!({"lending": "slices", "caps": [{"reach": "campaign", "limit": 500}]});
    code(&shop, "HOT", percent(30), ours).await;
    let answers = race(&shop, &others, ("HOT", vec![100; 1_000])).await;
    assert_eq!(discounted(&answers), vec![30; 500]);
    for (_, status, answer) in &answers {
        let is_told = answer["proffer"]["code"] == "used_up_campaign";
        assert!(*status == StatusCode::OK || is_told, "{answer}");
    }
    is_spent_for_all(&shop, &others, "HOT").await;
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_race_for_the_last_cent() {
    let shop = Shop::start().await;
    let others = processes(&shop).await;
    // From 3.00 to 15.00 off, and half of what is asked for in all.
    let prices: Vec<u64> = (0..150).map(|n| 1_000 + 1_000 * (n * 7 % 5)).collect();
    let budget = prices.iter().sum::<u64>() * 3 / 20 + 7;
    let ours = json!({"lending": "slices", "budget": budget, "grant_remainder": true});
    let campaign = code(&shop, "REST", percent(30), ours).await;
    let answers = race(&shop, &others, ("REST", prices.clone())).await;
    assert_eq!(discounted(&answers).iter().sum::<u64>(), budget);
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert!(parts.len() > 4, "{parts:?}");
    assert_eq!(parts.values().sum::<u64>(), 0);
    is_spent_for_all(&shop, &others, "REST").await;

    let ours = json!({"lending": "slices", "budget": budget});
    let campaign = code(&shop, "WHOLE", percent(30), ours).await;
    let answers = race(&shop, &others, ("WHOLE", prices)).await;
    let given = discounted(&answers);
    let rest = budget - given.iter().sum::<u64>();
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert_eq!(parts.values().sum::<u64>(), rest);
    let refused = answers
        .iter()
        .filter(|(_, status, _)| *status != StatusCode::OK);
    for (price, _, answer) in refused {
        assert!(price * 3 / 10 > rest, "{rest} would have done: {answer}");
    }
    books_balance(&shop).await;
}

/// Takes 3.00 at each process.
async fn take_at_each(shop: &Shop, others: &[Beside], name: &str) {
    for (number, one) in others.iter().enumerate() {
        let body = using(&[name], order(&format!("{name}-at-{number}"), 1_000));
        let (status, answer) = redeem(&one.noon(shop), &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
}

async fn set(shop: &Shop, campaign: &str, ours: Value) -> (StatusCode, Value) {
    let path = format!("/v1/campaigns/{campaign}");
    let body = json!({"proffer": ours});
    shop.noon().put(&path, &body).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lent_comes_back() {
    let shop = Shop::start().await;
    let others = processes(&shop).await;
    let ours = json!({"lending": "slices", "budget": 10_000});
    let campaign = code(&shop, "BACK", percent(30), ours).await;
    take_at_each(&shop, &others, "BACK").await;
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert_eq!(parts.values().sum::<u64>(), 8_800, "{parts:?}");
    assert!(lent(&parts) > 0, "{parts:?}");
    // Below what is lent, and not below what is given.
    let (status, answer) = set(&shop, &campaign, json!({"budget": 1_300})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert_eq!(parts.values().sum::<u64>(), 100, "{parts:?}");
    let (status, _) = set(&shop, &campaign, json!({"budget": 1_199})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = set(&shop, &campaign, json!({"budget": 20_000})).await;
    assert_eq!(status, StatusCode::OK);
    soon("the new budget", async || {
        let body = using(&["BACK"], order("look", 1_000));
        let there = others[2].noon(&shop);
        let (_, seen) = there.post("/v1/validations", &body).await.unwrap();
        seen["valid"] == true
    })
    .await;
    // What is given back lies where it was taken from, and counts for all.
    let body = using(&["BACK"], order("back", 1_000));
    let (_, used) = redeem(&others[1].noon(&shop), &body).await;
    let before = left(&shop.app, SANDBOX, &campaign).await;
    let id = used["redemptions"][0]["id"].as_str().unwrap();
    let path = format!("/v1/redemptions/{id}/rollback");
    let there = others[3].noon(&shop);
    let (status, _) = there.post(&path, &json!({})).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    let slice = others[1].app.process();
    assert_eq!(parts[&slice], before[&slice] + 300);
    assert_eq!(parts.values().sum::<u64>(), 18_800);
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lending_ends_and_begins_again() {
    let shop = Shop::start().await;
    let others = processes(&shop).await;
    let ours = json!({"lending": "slices", "budget": 20_000});
    let campaign = code(&shop, "BACK", percent(30), ours).await;
    take_at_each(&shop, &others, "BACK").await;
    let (status, _) = set(&shop, &campaign, json!({"lending": "off"})).await;
    assert_eq!(status, StatusCode::OK);
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert_eq!((parts[&0], lent(&parts)), (18_800, 0), "{parts:?}");
    let (status, shown) = set(&shop, &campaign, json!({"lending": "slices"})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(shown["proffer"]["lending"], "slices");
    let is_lent = async || {
        let parts = left(&shop.app, SANDBOX, &campaign).await;
        lent(&parts) > 0
    };
    for number in 0..50 {
        let body = using(&["BACK"], order(&format!("again-{number}"), 1_000));
        redeem(&others[0].noon(&shop), &body).await;
        if is_lent().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(is_lent().await);
    let path = format!("/v1/campaigns/{campaign}");
    let key = [("x-app-token", shop.sandbox_key.as_str())];
    let (status, ..) = shop.raw((Method::DELETE, &path), &key, "").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert!(!is_lent().await, "nothing stays with who cannot spend it");
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_leaves_behind_is_found() {
    let shop = Shop::start().await;
    let mut others = processes(&shop).await;
    let ours = json!({"lending": "slices", "budget": 3_000});
    let campaign = code(&shop, "LEFT", percent(30), ours).await;
    take_at_each(&shop, &others, "LEFT").await;
    // One dies as by SIGKILL, and one is told to stop; both keep what they were lent.
    let (killed, stopped) = (others.remove(0), others.remove(0));
    let [killed, stopped] = {
        stopped.app.stop().await.unwrap();
        killed.app.following().end();
        [killed.app.process(), stopped.app.process()]
    };
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert!(parts[&killed] > 0 && parts[&stopped] > 0, "{parts:?}");
    jobs::all(&shop.app, SANDBOX, NOON).await.unwrap();
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert_eq!(parts[&stopped], 0, "its number is nobody's");
    // The rest finds whoever asks, to the last cent.
    for number in 0..6 {
        let body = using(&["LEFT"], order(&format!("rest-{number}"), 1_000));
        let (status, answer) = redeem(&others[number % 2].noon(&shop), &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    let parts = left(&shop.app, SANDBOX, &campaign).await;
    assert_eq!(parts.values().sum::<u64>(), 0, "{parts:?}");
    is_spent_for_all(&shop, &others, "LEFT").await;
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_gives_back_what_it_was_lent() {
    let shop = Shop::start().await;
    let other = Beside::of(&shop).await;
    known(&other.app).await;
    let there = Client::new(&other.base, &shop.live_key);
    let live = async |path: &str, body: Value| {
        let (status, answer) = there.post(path, &body).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    };
    let campaign = json!({
        "name": "Lent", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": percent(30)},
        "proffer": {"budget": 10_000, "currency": "EUR", "lending": "slices"}
    });
    let made = live("/v1/campaigns", campaign).await;
    let id = made["id"].as_str().unwrap();
    live(&format!("/v1/campaigns/{id}/vouchers/LENT"), json!({})).await;
    live("/v1/redemptions", using(&["LENT"], order("o-1", 1_000))).await;
    let parts = left(&shop.app, LIVE, id).await;
    assert!(lent(&parts) > 0, "{parts:?}");
    jobs::give_back(&other.app).await.unwrap();
    let parts = left(&shop.app, LIVE, id).await;
    assert_eq!((parts[&0], lent(&parts)), (9_700, 0), "{parts:?}");
    let shown = shop.live.get(&format!("/v1/campaigns/{id}")).await.unwrap();
    assert_eq!(shown.1["proffer"]["lending"], "slices");
    books_balance(&shop).await;
}
