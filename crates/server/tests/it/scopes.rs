//! Who may call what: the served description, call by call, with every key that should not do.

use axum::{
    body::Bytes,
    http::{Method, Request, StatusCode},
};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    clock,
    setup::{self, SANDBOX},
};

use crate::shop::{DAY, NOON, Shop};

/// Anybody may call these.
const OPEN: [&str; 3] = ["/healthz", "/metrics", "/readyz"];
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// Calls of pages, which have keys of their own, and those any key may make.
const APART: [&str; 2] = ["/client/v1/", "/v1/oauth/"];

/// Every call that needs a scope, as it is described; what its path names does not exist.
fn calls(description: &Value) -> Vec<(Method, String)> {
    let mut calls = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        let steps = path.split('/').map(|step| match step.strip_prefix('{') {
            Some(_) => "nothing",
            None => step,
        });
        let named = steps.collect::<Vec<_>>().join("/");
        for method in METHODS {
            let is_apart = APART.iter().any(|start| path.starts_with(start));
            if item[method].is_object() && !is_apart && !OPEN.contains(&path.as_str()) {
                let method = method.to_uppercase().parse().unwrap();
                calls.push((method, named.clone()));
            }
        }
    }
    calls
}

struct Asking {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Asking {
    async fn status(&self, (method, path): &(Method, String), key: Option<&str>) -> StatusCode {
        let uri = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Full::new(Bytes::from_static(b"{}"))).unwrap();
        self.pool.request(request).await.unwrap().status()
    }
}

async fn key(shop: &Shop, scopes: &[Scope]) -> String {
    let key = setup::new_key(&shop.app, SANDBOX, "narrow", scopes).await;
    key.unwrap()
}

#[tokio::test]
async fn every_call_needs_one_scope_and_no_other_will_do() {
    let shop = Shop::start().await;
    let none = key(&shop, &[]).await;
    let mut keys = Vec::new();
    for scope in Scope::ALL {
        let others: Vec<_> = Scope::ALL.into_iter().filter(|one| *one != scope).collect();
        keys.push((key(&shop, &[scope]).await, key(&shop, &others).await));
    }
    let public = setup::new_public_key(&shop.app, SANDBOX, "page").await;
    let public = public.unwrap();
    let asking = Asking {
        pool: Pool::builder(TokioExecutor::new()).build_http(),
        base: shop.base.clone(),
    };
    let (_, _, served) = shop.raw((Method::GET, "/openapi.json"), &[], "").await;
    let calls = calls(&served);
    assert!(calls.len() > 60, "{}", calls.len());
    for call in &calls {
        assert_eq!(asking.status(call, None).await, 401, "{call:?}");
        assert_eq!(
            asking.status(call, Some("sk_test_x")).await,
            401,
            "{call:?}"
        );
        assert_eq!(asking.status(call, Some(&none)).await, 403, "{call:?}");
        assert_eq!(asking.status(call, Some(&public)).await, 403, "{call:?}");
        let mut needed = 0;
        for (alone, others) in &keys {
            if asking.status(call, Some(alone)).await != 403 {
                needed += 1;
                assert_eq!(asking.status(call, Some(others)).await, 403, "{call:?}");
            }
        }
        assert_eq!(needed, 1, "{call:?}");
    }
}

async fn check_unseen(shop: &Shop, path: &str) {
    let (status, _) = shop.noon().get(path).await.unwrap();
    assert_eq!(status, 200, "{path} in the sandbox");
    let (status, _) = shop.live.get(path).await.unwrap();
    assert_eq!(status, 404, "{path} of the live project");
}

#[tokio::test]
async fn a_live_key_never_sees_a_thing_of_the_sandbox() {
    let shop = Shop::start().await;
    let campaign = shop.percent_off("Ten", 10, json!({})).await;
    let code = format!("/v1/campaigns/{campaign}/vouchers/TEN");
    shop.post(NOON, &code, &json!({})).await;
    let customer = shop.customer("ann").await;
    let decision = shop.decide(NOON, "ann").await["id"].clone();
    let decision = decision.as_str().unwrap();
    let used = json!({
        "redeemables": [{"object": "voucher", "id": "TEN"}],
        "customer": {"source_id": "ann"},
        "order": {"source_id": "A-1", "amount": 2000, "status": "PAID"}
    });
    let used = shop.post(NOON, "/v1/redemptions", &used).await;
    let redemption = used["redemptions"][0]["id"].as_str().unwrap();
    for path in [
        format!("/v1/campaigns/{campaign}"),
        format!("/v1/campaigns/{campaign}/statement"),
        "/v1/vouchers/TEN".into(),
        "/v1/vouchers/TEN/redemption".into(),
        format!("/v1/customers/{customer}"),
        "/v1/customers/ann".into(),
        format!("/v1/customers/{customer}/profile"),
        format!("/v1/wallets/{customer}"),
        format!("/v1/decisions/{decision}"),
        format!("/v1/redemptions/{redemption}"),
        "/v1/orders/A-1".into(),
    ] {
        check_unseen(&shop, &path).await;
    }
}

#[tokio::test]
async fn the_clock_of_a_sandbox_stays_between_2000_and_ten_years_ahead() {
    let shop = Shop::start().await;
    let told = |ms| wire::time::format(ms).unwrap();
    let year = 365 * DAY;
    for (now, expected) in [
        ("1999-12-31T23:59:59Z".to_owned(), Err("bad_header")),
        ("2000-01-01T00:00:00Z".into(), Ok(())),
        ("2010-12-01T08:26:00Z".into(), Ok(())),
        (told(clock::wall() + 9 * year), Ok(())),
        (told(clock::wall() + 11 * year), Err("bad_header")),
        ("9999-12-31T23:59:59Z".into(), Err("bad_header")),
    ] {
        let key = format!("Bearer {}", shop.sandbox_key);
        let headers = [
            ("authorization", key.as_str()),
            ("proffer-now", now.as_str()),
        ];
        let asked = (Method::POST, "/v1/sandbox/jobs");
        let (status, _, answer) = shop.raw(asked, &headers, "").await;
        let found = match status {
            StatusCode::OK => Ok(()),
            _ => Err(answer["code"].as_str().unwrap()),
        };
        assert_eq!(found, expected, "{now}: {answer}");
    }
}
