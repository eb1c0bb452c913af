//! Whose events are they? Devices, users and aliases over HTTP.

use serde_json::{Value, json};
use server::{people::Nodes, setup::SANDBOX, versioned};
use store::{Kind, Page};

use crate::{
    ingest::{allowing, denying, fact, viewed},
    shop::{NOON, Shop},
};

fn page(message: &str, user: Option<&str>, device: Option<&str>) -> Value {
    json!({
        "type": "page", "messageId": message, "userId": user, "anonymousId": device,
        "context": allowing()
    })
}

async fn send(shop: &Shop, events: &[Value]) {
    shop.post(NOON, "/v1/batch", &json!({"batch": events}))
        .await;
}

const VIEWS: &str = "customer.views_7d";

#[tokio::test]
async fn what_a_device_did_is_the_users_who_signs_in() {
    let shop = Shop::start().await;
    send(
        &shop,
        &[
            page("1", None, Some("phone")),
            page("2", None, Some("phone")),
        ],
    )
    .await;
    send(&shop, &[page("3", Some("ann"), Some("phone"))]).await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 3);
    send(&shop, &[page("4", None, Some("phone"))]).await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 4);
}

#[tokio::test]
async fn a_shared_device_joins_no_two_users() {
    let shop = Shop::start().await;
    let events = [
        page("1", Some("ann"), Some("tablet")),
        page("2", Some("bob"), Some("tablet")),
        page("3", Some("bob"), Some("tablet")),
    ];
    send(&shop, &events).await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 1);
    assert_eq!(fact(&shop, "bob", VIEWS).await, 2);
}

#[tokio::test]
async fn an_alias_joins_two_users() {
    let shop = Shop::start().await;
    send(
        &shop,
        &[page("1", Some("old"), None), page("2", Some("new"), None)],
    )
    .await;
    let old = shop.get(NOON, "/v1/customers/old").await;
    let alias = json!({
        "userId": "new", "previousId": "old", "messageId": "3", "context": allowing()
    });
    shop.post(NOON, "/v1/alias", &alias).await;
    assert_eq!(fact(&shop, "new", VIEWS).await, 2);
    assert_eq!(fact(&shop, "old", VIEWS).await, 2);
    let by_old_id = format!("/v1/customers/{}", old["id"].as_str().unwrap());
    let [one, other, by_id] = [
        shop.get(NOON, "/v1/customers/new").await,
        shop.get(NOON, "/v1/customers/old").await,
        shop.get(NOON, &by_old_id).await,
    ];
    assert_eq!(one["id"], other["id"]);
    assert_eq!(one["id"], by_id["id"]);
}

#[tokio::test]
async fn an_email_joins_two_devices_and_is_not_kept() {
    let shop = Shop::start().await;
    let identify = |message: &str, device: &str| {
        json!({
            "type": "identify", "messageId": message, "anonymousId": device,
            "traits": {"email": "Ann@Example.com", "plan": "gold"}, "context": allowing()
        })
    };
    send(
        &shop,
        &[
            page("1", None, Some("phone")),
            page("2", None, Some("laptop")),
        ],
    )
    .await;
    send(&shop, &[identify("3", "phone"), identify("4", "laptop")]).await;
    send(&shop, &[page("5", Some("ann"), Some("laptop"))]).await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 3);
    assert_eq!(fact(&shop, "ann", "customer.trait.plan").await, "gold");
    assert_eq!(
        fact(&shop, "ann", "customer.trait.email").await,
        Value::Null
    );
}

#[tokio::test]
async fn the_sandbox_sees_nothing_of_the_live_project() {
    let shop = Shop::start().await;
    let (status, _) = shop
        .live
        .post(
            "/v1/batch",
            &json!({"batch": [page("1", Some("ann"), None)]}),
        )
        .await
        .unwrap();
    assert!(status.is_success());
    let (live, _) = shop.live.get("/v1/customers/ann").await.unwrap();
    let (sandbox, _) = shop.noon().get("/v1/customers/ann").await.unwrap();
    assert_eq!((live.as_u16(), sandbox.as_u16()), (200, 404));
    let listed = shop.get(NOON, "/v1/customers").await;
    assert_eq!(listed["customers"], json!([]));
    // The same message in the other project is another message.
    send(&shop, &[page("1", Some("ann"), None)]).await;
    assert_eq!(fact(&shop, "ann", VIEWS).await, 1);
}

#[tokio::test]
async fn nobody_has_more_than_fifty_identifiers() {
    let shop = Shop::start().await;
    let seen = |number: u32| {
        let mut event = viewed(&format!("m{number}"), "ann");
        event["anonymousId"] = format!("device-{number}").into();
        event
    };
    let nodes = async || {
        let page = Page {
            after: 0,
            limit: 9,
            newest_first: false,
        };
        let store = shop.app.store();
        let found = store.list(SANDBOX, Kind::Nodes, page).await.unwrap();
        assert_eq!(found.len(), 1);
        let nodes: Nodes = versioned::read(&found[0].body).unwrap();
        nodes.0.len()
    };
    let batch: Vec<_> = (0..60).map(seen).collect();
    shop.post(NOON, "/v1/batch", &json!({"batch": batch})).await;
    assert_eq!(nodes().await, 50, "the user id and 49 devices");
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 49);
    // Through what is known already they go on.
    let mut known = seen(60);
    known["anonymousId"] = "device-7".into();
    shop.post(NOON, "/v1/track", &known).await;
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 50);
    // Asked to be strict, nothing is taken and the place is told.
    let mut good = seen(61);
    good["anonymousId"] = "device-8".into();
    let both = json!({"batch": [good, seen(62)]});
    let strict = shop.noon().with("x-strict-mode", "1");
    let (status, answer) = strict.post("/v1/batch", &both).await.unwrap();
    assert_eq!(status.as_u16(), 400, "{answer}");
    assert_eq!(answer["errors"][0]["pointer"], "/batch/1");
    assert_eq!(fact(&shop, "ann", "customer.views_7d").await, 50);
    // Whoever takes back their consent is heard on whatever device.
    let mut no = seen(63);
    no["context"] = denying();
    no["timestamp"] = "2026-11-21T12:00:00Z".into();
    shop.post(NOON, "/v1/track", &no).await;
    let profile = shop.get(NOON, "/v1/customers/ann/profile").await;
    assert_eq!(profile["consent"]["personalise_offers"]["choice"], "denied");
    assert_eq!(nodes().await, 50);
}
