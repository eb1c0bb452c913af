//! How long is anything kept, by the sandbox's clock?

use serde_json::json;
use server::{counting::message_key, setup::SANDBOX};
use store::{Index, Kind, Page};

use crate::{
    ingest::viewed,
    shop::{DAY, HOUR, MINUTE, NOON, Shop},
};

async fn jobs(shop: &Shop, now: i64) {
    shop.post(now, "/v1/sandbox/jobs", &json!({})).await;
}

#[tokio::test]
async fn message_ids_are_kept_for_a_week() {
    let shop = Shop::start().await;
    let message = message_key(SANDBOX, "m1");
    let is_kept = async || {
        let found = shop.app.store().find_one(SANDBOX, Index::Message, &message);
        found.await.unwrap().is_some()
    };
    shop.post(NOON, "/v1/track", &viewed("m1", "ann")).await;
    jobs(&shop, NOON + 7 * DAY).await;
    assert!(is_kept().await);
    shop.post(NOON + 7 * DAY, "/v1/track", &viewed("m2", "ann"))
        .await;
    jobs(&shop, NOON + 8 * DAY).await;
    assert!(!is_kept().await);
    let newer = message_key(SANDBOX, "m2");
    let newer = shop.app.store().find_one(SANDBOX, Index::Message, &newer);
    assert!(newer.await.unwrap().is_some());
}

#[tokio::test]
async fn idempotency_keys_are_kept_for_three_days() {
    let shop = Shop::start().await;
    shop.customer("ann").await;
    let ask = json!({"customer": {"source_id": "ann"}});
    let asked = async |now: i64| {
        let client = shop.at(now).with("idempotency-key", "k-1");
        let (_, answer) = client.post("/v1/decisions", &ask).await.unwrap();
        answer["id"].clone()
    };
    let first = asked(NOON).await;
    jobs(&shop, NOON + 72 * HOUR).await;
    assert_eq!(asked(NOON + 72 * HOUR).await, first);
    jobs(&shop, NOON + 72 * HOUR + MINUTE).await;
    assert_ne!(asked(NOON + 72 * HOUR + MINUTE).await, first);
}

#[tokio::test]
async fn reservations_go_when_they_end() {
    let shop = Shop::start().await;
    let reservation = |until: i64| server::checkout::Reservation {
        key: format!("s-{until}"),
        chains: Vec::new(),
        until,
    };
    for (id, until) in [(1, NOON + HOUR), (2, NOON + 2 * HOUR)] {
        let body = serde_json::to_vec(&reservation(until)).unwrap();
        let key = format!("s-{until}").into_bytes();
        let index = Index::ReservationKey;
        let kept = vec![
            store::Write::Put {
                kind: Kind::Reservation,
                id,
                body,
            },
            store::Write::Link { index, key, id },
        ];
        let command = server::setup::writes(SANDBOX, kept);
        shop.app.store().submit(command).await.unwrap();
    }
    let left = async || {
        let store = shop.app.store();
        store
            .count_records(SANDBOX, Kind::Reservation)
            .await
            .unwrap()
    };
    jobs(&shop, NOON).await;
    assert_eq!(left().await, 2);
    jobs(&shop, NOON + HOUR).await;
    assert_eq!(left().await, 1);
    jobs(&shop, NOON + 2 * HOUR).await;
    assert_eq!(left().await, 0);
}

#[tokio::test]
async fn behaviour_is_kept_for_thirteen_months() {
    let shop = Shop::start().await;
    shop.post(NOON, "/v1/track", &viewed("m1", "ann")).await;
    let is_kept = async || {
        let page = Page {
            after: 0,
            limit: 9,
            newest_first: false,
        };
        let nodes = shop.app.store().list(SANDBOX, Kind::Nodes, page).await;
        let nodes = nodes.unwrap();
        assert_eq!(nodes.len(), 1);
        nodes[0].body.windows(5).any(|window| window == b"tea-1")
    };
    jobs(&shop, NOON + 395 * DAY).await;
    assert!(is_kept().await);
    jobs(&shop, NOON + 397 * DAY).await;
    assert!(!is_kept().await);
}
