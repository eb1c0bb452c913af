//! Two processes on one store: what one puts in force the other obeys, neither draws what the other
//! drew, and what both do is done once.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::http::{Method, StatusCode};
use offers::{CampaignId, VoucherId, chart};
use profiles::CustomerId;
use serde_json::{Value, json};
use server::{
    app::{App, SYSTEM},
    auth::Scope,
    client::Client,
    configuration,
    ids::Ids,
    jobs::{self, Job},
    learn,
    leases::{self, Pace},
    router,
    setting::DECISIONING,
    setup::{self, LIVE, SANDBOX},
};
use simulation::Chance;
use store::{Kind, Write};
use tokio::{net::TcpListener, time::sleep};
use wire::ids::{Tag, parse};

use crate::{
    pages::Browser,
    redemptions::{books_balance, order, percent, redeem, using},
    shop::{DAY, NOON, Shop},
};

/// As in service, with shorter pauses.
const PACE: Pace = Pace {
    poll: Duration::from_millis(20),
    bound: Duration::from_millis(400),
    tick: Duration::from_millis(20),
    beat: Duration::from_millis(50),
    lapse: Duration::from_millis(1_500),
};

/// Another process on the store of a shop.
pub struct Beside {
    pub app: App,
    pub base: String,
}

impl Beside {
    pub async fn of(shop: &Shop) -> Self {
        Self::with(shop, Ids::fresh()).await
    }

    async fn with(shop: &Shop, ids: Ids) -> Self {
        let store = shop.place.open().await;
        let app = App::start_at(store, None, (ids, PACE)).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = router::router(app.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { app, base }
    }

    /// The sandbox at noon.
    pub fn noon(&self, shop: &Shop) -> Client {
        let now = wire::time::format(NOON).unwrap();
        Client::new(&self.base, &shop.sandbox_key).with("proffer-now", &now)
    }
}

/// Asks until the answer is the one, and fails where it never is.
pub async fn soon(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if ask().await {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: never");
}

#[tokio::test]
async fn a_pause_on_one_is_obeyed_by_the_other() {
    let shop = Shop::start().await;
    let other = Beside::of(&shop).await;
    let campaign = shop.percent_off("Welcome", 10, json!({})).await;
    let made = shop
        .post(
            NOON,
            &format!("/v1/campaigns/{campaign}/vouchers/HI"),
            &json!({}),
        )
        .await;
    assert_eq!(made["code"], "HI");
    let there = other.noon(&shop);
    let is_valid = async || {
        let body = using(&["HI"], order("o-1", 1_000));
        let (_, answer) = there.post("/v1/validations", &body).await.unwrap();
        answer["valid"] == true
    };
    assert!(is_valid().await, "made here, known there");
    shop.post(
        NOON,
        &format!("/v1/campaigns/{campaign}/disable"),
        &json!({}),
    )
    .await;
    soon("the pause", async || !is_valid().await).await;
    shop.post(
        NOON,
        &format!("/v1/campaigns/{campaign}/enable"),
        &json!({}),
    )
    .await;
    soon("its end", is_valid).await;
    let (here, there) = (&shop.app, &other.app);
    let [here, there] = [here.refresh(SANDBOX).await, there.refresh(SANDBOX).await];
    assert_eq!(here.unwrap().snapshot.id, there.unwrap().snapshot.id);
}

#[tokio::test]
async fn a_key_revoked_on_one_is_refused_by_the_other() {
    let shop = Shop::start().await;
    let other = Beside::of(&shop).await;
    let key = setup::new_key(&shop.app, LIVE, "short-lived", &Scope::ALL);
    let client = Client::new(&other.base, &key.await.unwrap());
    let status = async || client.get("/v1/policy").await.unwrap().0;
    assert_eq!(status().await, StatusCode::OK);
    let number = shop
        .app
        .keys()
        .values()
        .find(|key| key.name == "short-lived")
        .unwrap()
        .id;
    assert!(setup::revoke_key(&shop.app, number).await.unwrap());
    assert!(!setup::revoke_key(&shop.app, number).await.unwrap(), "gone");
    soon("the refusal", async || {
        status().await == StatusCode::UNAUTHORIZED
    })
    .await;
}

#[tokio::test]
async fn who_signs_in_at_one_is_seen_by_the_other() {
    let shop = Shop::start().await;
    let other = Beside::of(&shop).await;
    let here = Browser::with_key(&shop, &shop.sandbox_key).await;
    let there = here.at(&other.base);
    there.get("/").await.says(&["Overview"]);
    let out = (Method::POST, "/sign-out");
    let seen = there.send(out, &there.origin(), "").await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER);
    assert_eq!(here.get("/").await.status, StatusCode::SEE_OTHER);
    let path = server::pages::sign_in_link(&shop.app).await;
    let mut follower = Browser::outside(&shop).at(&other.base);
    follower.keep(&follower.get(&path).await);
    follower.get("/").await.says(&["Overview"]);
    let again = Browser::outside(&shop).get(&path).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED, "good once");
}

/// The clocks of both jump by up to a year while they draw and renew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_never_draw_one_id() {
    let shop = Shop::start().await;
    let mut drawing = Vec::new();
    for process in 0..2 {
        let clock = Arc::new(AtomicI64::new(NOON));
        let shown = clock.clone();
        let ids = Ids::by(move || shown.load(Ordering::Relaxed));
        let other = Beside::with(&shop, ids).await;
        drawing.push(tokio::spawn(async move {
            let chance = Chance::new(7 + process);
            let mut drawn = Vec::new();
            for turn in 0..60 {
                let by = [0, 40_000, 300_000, 365 * DAY][chance.below(4, (turn, 0, 0)) as usize];
                let by = if turn % 2 == 0 { by } else { -by };
                clock.store(NOON + by, Ordering::Relaxed);
                drawn.extend((0..200).map(|_| other.app.next_id().unwrap()));
                sleep(Duration::from_millis(10)).await;
            }
            drawn
        }));
    }
    let mut all = HashSet::new();
    for drawn in drawing {
        for id in drawn.await.unwrap() {
            assert!(all.insert(id), "{id} was drawn twice");
        }
    }
    assert_eq!(all.len(), 2 * 60 * 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_holder_of_the_jobs_dies_the_other_goes_on() {
    let shop = Shop::start().await;
    let (one, other) = (Beside::of(&shop).await, Beside::of(&shop).await);
    let running = tokio::spawn(jobs::run(one.app.clone()));
    let holders = async || {
        let seen = leases::all(shop.app.store(), LIVE).await.unwrap();
        let owners = seen.into_iter().map(|(_, seen)| seen.lease.unwrap().owner);
        owners.collect::<Vec<_>>()
    };
    let all_of = |app: &App| vec![app.owner(); Job::ALL.len()];
    soon("the first", async || holders().await == all_of(&one.app)).await;
    let also_running = tokio::spawn(jobs::run(other.app.clone()));
    sleep(3 * PACE.beat).await;
    assert_eq!(holders().await, all_of(&one.app), "who lives keeps them");
    // As by SIGKILL: nothing is given back.
    running.abort();
    soon("the second", async || holders().await == all_of(&other.app)).await;
    let campaign = held_for_a_moment(&shop).await;
    let held = async || {
        let budget = chart::budget(campaign);
        let account = shop
            .app
            .store()
            .account(LIVE, budget)
            .await
            .unwrap()
            .unwrap();
        account.debits.pending
    };
    assert_eq!(held().await, 100);
    soon("the hold", async || held().await == 0).await;
    also_running.abort();
    also_running.await.unwrap_err();
    jobs::give_back(&other.app).await.unwrap();
    let again = tokio::spawn(jobs::run(one.app.clone()));
    soon("the first again", async || {
        holders().await == all_of(&one.app)
    })
    .await;
    again.abort();
}

/// A campaign of the live project of whose budget 1.00 is held for a tenth of a second.
async fn held_for_a_moment(shop: &Shop) -> CampaignId {
    let live = async |path: &str, body: Value| {
        let (status, answer) = shop.live.post(path, &body).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    };
    let campaign = json!({
        "name": "Brief", "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": percent(10)},
        "proffer": {"budget": 1_000, "currency": "EUR"}
    });
    let made = live("/v1/campaigns", campaign).await;
    let id = made["id"].as_str().unwrap();
    live(&format!("/v1/campaigns/{id}/vouchers/BRIEF"), json!({})).await;
    let mut body = using(&["BRIEF"], order("o-1", 1_000));
    body["session"] = json!({
        "type": "LOCK", "key": "s-1", "ttl": 300, "ttl_unit": "MILLISECONDS"
    });
    live("/v1/validations", body).await;
    CampaignId(parse(Tag::Campaign, id).unwrap())
}

/// Three processes run all jobs of day after day at once, while shoppers pay with the cards that
/// lapse: what lapsed and what was spent is what was loaded, to the cent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_run_everywhere_at_once_do_nothing_twice() {
    const CARDS: usize = 24;
    let shop = Shop::start().await;
    let others = [Beside::of(&shop).await, Beside::of(&shop).await];
    let mut cards = Vec::new();
    for number in 0..CARDS {
        let day = 22 + number % 4;
        let card = json!({
            "code": format!("CARD-{number}"), "type": "GIFT_VOUCHER", "gift": {"amount": 5_000},
            "expiration_date": format!("2026-11-{day}T18:00:00Z")
        });
        let made = shop.post(NOON, "/v1/vouchers", &card).await;
        cards.push(VoucherId(
            parse(Tag::Voucher, made["id"].as_str().unwrap()).unwrap(),
        ));
    }
    let shopping = {
        let client = others[0].noon(&shop);
        tokio::spawn(async move {
            let mut spent = 0;
            for turn in 0..4 * CARDS {
                let code = format!("CARD-{}", turn % CARDS);
                let body = using(&[&code], order(&format!("o-{turn}"), 700));
                spent += u64::from(redeem(&client, &body).await.0 == StatusCode::OK) * 700;
            }
            spent
        })
    };
    let [mut lapsed, mut breakage] = [0, 0];
    let mut shopping = Some(shopping);
    let mut spent = 0;
    for day in 0..7 {
        // A card that is spent from while it lapses lapses the day after: the last day is quiet.
        if day == 6
            && let Some(shopping) = shopping.take()
        {
            spent = shopping.await.unwrap();
        }
        let now = NOON + day * DAY;
        let (one, two, three) = tokio::join!(
            jobs::all(&shop.app, SANDBOX, now),
            jobs::all(&others[0].app, SANDBOX, now),
            jobs::all(&others[1].app, SANDBOX, now)
        );
        for done in [one, two, three] {
            let done = done.unwrap();
            lapsed += done.lapsed;
            breakage += done.breakage;
        }
    }
    assert_eq!(lapsed, CARDS as u64, "each lapsed once");
    assert_eq!(breakage + spent, CARDS as u64 * 5_000);
    for card in cards {
        let account = shop
            .app
            .store()
            .account(SANDBOX, chart::gift_balance(card))
            .await;
        assert_eq!(account.unwrap().unwrap().available(), Some(0));
    }
    books_balance(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_learnt_at_once_is_learnt_once() {
    let shop = Shop::start().await;
    let others = [Beside::of(&shop).await, Beside::of(&shop).await];
    shop.percent_off("One", 10, json!({"grant_days": 2})).await;
    shop.policy("bandit", &["One"], 0).await;
    for number in 0..6 {
        let name = format!("c{number}");
        shop.customer(&name).await;
        shop.decide(NOON, &name).await;
    }
    let number = configuration::number(shop.app.store(), SANDBOX)
        .await
        .unwrap();
    let now = NOON + 3 * DAY;
    let (one, two, three) = tokio::join!(
        learn::learn(&shop.app, SANDBOX, now),
        learn::learn(&others[0].app, SANDBOX, now),
        learn::learn(&others[1].app, SANDBOX, now)
    );
    let learnt = [one, two, three].map(|one| u32::from(one.unwrap()));
    assert_eq!(learnt.iter().sum::<u32>(), 1);
    let after = configuration::number(shop.app.store(), SANDBOX)
        .await
        .unwrap();
    // Those that came too late changed nothing.
    assert_eq!(after, number + 1);
}

#[tokio::test]
async fn a_process_that_cannot_follow_says_so() {
    let shop = Shop::start().await;
    let other = Beside::of(&shop).await;
    let client = Client::new(&other.base, &shop.live_key);
    let is_ready = async || client.get("/readyz").await.unwrap().0 == StatusCode::OK;
    soon("the start", is_ready).await;
    let put = |id, body: &[u8]| Write::Put {
        kind: Kind::Setting,
        id,
        body: body.to_vec(),
    };
    // As a newer version might write it.
    let newer = vec![put(DECISIONING, b"{}"), server::app::renumbered()];
    let store = shop.app.store();
    store.submit(setup::writes(LIVE, newer)).await.unwrap();
    soon("the alarm", async || {
        let (status, answer) = client.get("/readyz").await.unwrap();
        status == StatusCode::SERVICE_UNAVAILABLE && answer["code"] == "behind"
    })
    .await;
    let policy = client.get("/v1/policy").await.unwrap();
    assert_eq!(policy.0, StatusCode::OK, "the one before serves");
    let gone = Write::Delete {
        kind: Kind::Setting,
        id: DECISIONING,
    };
    let mended = vec![gone, server::app::renumbered()];
    store.submit(setup::writes(LIVE, mended)).await.unwrap();
    soon("its end", is_ready).await;
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_refused_with_a_sentence() {
    let shop = Shop::start().await;
    let id = shop.customer("ann").await;
    let CustomerId(number) = CustomerId(parse(Tag::Customer, &id).unwrap());
    let store = shop.app.store();
    let record = store
        .get(SANDBOX, Kind::Customer, number)
        .await
        .unwrap()
        .unwrap();
    let mut body = record.body.clone();
    body[0] += 1;
    let put = |body| Write::Put {
        kind: Kind::Customer,
        id: number,
        body,
    };
    store
        .submit(setup::writes(SANDBOX, vec![put(body)]))
        .await
        .unwrap();
    let key = [("x-app-token", shop.sandbox_key.as_str())];
    let ask = (Method::GET, format!("/v1/customers/{id}"));
    let (status, headers, answer) = shop.raw((ask.0.clone(), &ask.1), &key, "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer["key"], "newer_shape");
    assert!(
        answer["details"]
            .as_str()
            .unwrap()
            .contains("customer, shape 4"),
        "{answer}"
    );
    assert_eq!(headers["retry-after"], "1");
    store
        .submit(setup::writes(SANDBOX, vec![put(record.body)]))
        .await
        .unwrap();
    assert_eq!(shop.raw((ask.0, &ask.1), &key, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn who_stops_gives_its_number_back() {
    let shop = Shop::start().await;
    let other = Beside::of(&shop).await;
    let held = async || {
        let seen = leases::all(shop.app.store(), SYSTEM).await.unwrap();
        let held = seen.iter().filter(|(_, seen)| seen.lease.unwrap().is_held);
        held.count()
    };
    assert_eq!(held().await, 2);
    other.app.stop().await.unwrap();
    assert_eq!(held().await, 1);
    let client = other.noon(&shop);
    let body = json!({"source_id": "late"});
    let (status, answer) = client.post("/v1/customers", &body).await.unwrap();
    assert_eq!(
        (status, &answer["key"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("no_ids"))
    );
}
