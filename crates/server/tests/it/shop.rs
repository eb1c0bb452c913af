//! A shop over HTTP: the server in this process, on a port of its own and over a store of its own,
//! with a live and a sandbox key.

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Request, StatusCode},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client as Pool, rt::TokioExecutor};
use serde_json::{Value, json};
use server::{
    app::App,
    auth::Scope,
    client::Client,
    ids::Ids,
    router,
    setup::{self, LIVE, SANDBOX},
};
use tokio::net::TcpListener;

use crate::place::Place;

/// 2026-11-21T12:00:00Z, where the sandbox's clock stands until a test moves it.
pub const NOON: i64 = 1_795_262_400_000;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

pub struct Shop {
    pub app: App,
    pub base: String,
    pub live: Client,
    pub live_key: String,
    pub sandbox_key: String,
    /// Goes away with the shop.
    pub place: Place,
}

impl Shop {
    pub async fn start() -> Self {
        let place = Place::new();
        let store = place.open().await;
        let app = App::start(store, None, Ids::fresh()).await.unwrap();
        let live_key = key(&app, LIVE).await;
        let sandbox_key = key(&app, SANDBOX).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = router::router(app.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            app,
            live: Client::new(&base, &live_key),
            base,
            live_key,
            sandbox_key,
            place,
        }
    }

    /// The sandbox, when its clock shows this.
    pub fn at(&self, now: i64) -> Client {
        let text = wire::time::format(now).unwrap();
        Client::new(&self.base, &self.sandbox_key).with("proffer-now", &text)
    }

    pub fn noon(&self) -> Client {
        self.at(NOON)
    }

    /// Posts and expects a 200.
    pub async fn post(&self, now: i64, path: &str, body: &Value) -> Value {
        let (status, answer) = self.at(now).post(path, body).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// Gets and expects a 200.
    pub async fn get(&self, now: i64, path: &str) -> Value {
        let (status, answer) = self.at(now).get(path).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// Puts and expects a 200.
    pub async fn put(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.noon().put(path, body).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// A campaign of codes with a percentage off, and what is ours beside it; its id.
    pub async fn percent_off(&self, name: &str, percent: u32, ours: Value) -> String {
        let mut settings = json!({"currency": "EUR"});
        let (Some(all), Some(more)) = (settings.as_object_mut(), ours.as_object()) else {
            panic!("settings are an object");
        };
        all.extend(more.clone());
        let campaign = json!({
            "name": name,
            "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {
                "type": "DISCOUNT_VOUCHER",
                "discount": {"type": "PERCENT", "percent_off": percent},
                "redemption": {"quantity": 1}
            },
            "proffer": settings
        });
        let made = self.post(NOON, "/v1/campaigns", &campaign).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// A policy over all offers of these campaigns.
    pub async fn policy(&self, kind: &str, campaigns: &[&str], holdout_ppm: u32) -> Value {
        let policy = json!({
            "policy": {"kind": kind, "campaigns": campaigns},
            "holdout_ppm": holdout_ppm
        });
        self.put("/v1/policy", &policy).await
    }

    /// A customer who allows everything; their `cust_…`.
    pub async fn customer(&self, source_id: &str) -> String {
        let customer = json!({
            "source_id": source_id,
            "consent": {"personalise_offers": true, "measure": true}
        });
        let made = self.post(NOON, "/v1/customers", &customer).await;
        made["id"].as_str().unwrap().to_owned()
    }

    pub async fn decide(&self, now: i64, source_id: &str) -> Value {
        let asked = json!({"customer": {"source_id": source_id}});
        self.post(now, "/v1/decisions", &asked).await
    }

    /// Any request: status, headers and body of the answer.
    pub async fn raw(
        &self,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let pool: Pool<_, Full<Bytes>> = Pool::builder(TokioExecutor::new()).build_http();
        let answer = pool.request(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, headers, value)
    }
}

async fn key(app: &App, project: store::ProjectId) -> String {
    setup::new_key(app, project, "test", &Scope::ALL)
        .await
        .unwrap()
}
