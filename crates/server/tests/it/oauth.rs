//! Tokens that live for a quarter of an hour.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    setup::{self, SANDBOX},
};

use crate::{
    clients::Page,
    redemptions::{code, order, ten_off, using},
    shop::{MINUTE, NOON, Shop},
};

/// Sends a form with a key, at a moment of the sandbox.
async fn form(shop: &Shop, (key, now): (&str, i64), (path, body): (&str, &str)) -> (u16, Value) {
    let now = wire::time::format(now).unwrap();
    let headers = [
        ("x-app-id", "any"),
        ("x-app-token", key),
        ("content-type", "application/x-www-form-urlencoded"),
        ("proffer-now", now.as_str()),
    ];
    let asked = (Method::POST, path);
    let (status, _, answer) = shop.raw(asked, &headers, body.to_owned()).await;
    (status.as_u16(), answer)
}

async fn token(shop: &Shop, scope: &str) -> String {
    let body = format!("grant_type=client_credentials&scope={scope}");
    let key = (shop.sandbox_key.as_str(), NOON);
    let (status, answer) = form(shop, key, ("/v1/oauth/token", &body)).await;
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn status(shop: &Shop, (token, now): (&str, i64), path: &str) -> u16 {
    let (bearer, now) = (format!("Bearer {token}"), wire::time::format(now).unwrap());
    let headers = [
        ("authorization", bearer.as_str()),
        ("proffer-now", now.as_str()),
    ];
    let (status, _, _) = shop.raw((Method::GET, path), &headers, "").await;
    status.as_u16()
}

#[tokio::test]
async fn a_token_does_what_its_key_may_within_its_scopes() {
    let shop = Shop::start().await;
    let body = "grant_type=client_credentials&scope=api";
    let key = (shop.sandbox_key.as_str(), NOON);
    let (_, made) = form(&shop, key, ("/v1/oauth/token", body)).await;
    let until = NOON / 1_000 + 900;
    assert_eq!(
        (&made["expires_at"], &made["expires_in"]),
        (&json!(until), &json!(900))
    );
    assert_eq!(
        (&made["scope"], &made["token_type"]),
        (&json!("api"), &json!("bearer"))
    );
    let api = made["access_token"].as_str().unwrap();
    for path in ["/v1/vouchers", "/v1/redemptions", "/v1/settings"] {
        assert_eq!(status(&shop, (api, NOON), path).await, 200, "{path}");
    }
    let narrow = token(&shop, "vouchers%20redemptions").await;
    assert_eq!(status(&shop, (&narrow, NOON), "/v1/vouchers").await, 200);
    assert_eq!(status(&shop, (&narrow, NOON), "/v1/redemptions").await, 200);
    assert_eq!(status(&shop, (&narrow, NOON), "/v1/customers").await, 403);
    assert_eq!(status(&shop, (&narrow, NOON), "/v1/settings").await, 403);
    // What the key may not do, its token may not.
    let reports = setup::new_key(&shop.app, SANDBOX, "reports", &[Scope::ReportsRead]).await;
    let (_, made) = form(&shop, (&reports.unwrap(), NOON), ("/v1/oauth/token", body)).await;
    let weak = made["access_token"].as_str().unwrap();
    assert_eq!(status(&shop, (weak, NOON), "/v1/vouchers").await, 403);
    // And it makes no others.
    let (status, _) = form(&shop, (api, NOON), ("/v1/oauth/token", body)).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_token_ends_by_itself_when_it_is_revoked_and_with_its_key() {
    let shop = Shop::start().await;
    let path = "/v1/vouchers";
    let one = token(&shop, "api").await;
    assert_eq!(
        status(&shop, (&one, NOON + 15 * MINUTE - 1), path).await,
        200
    );
    assert_eq!(status(&shop, (&one, NOON + 15 * MINUTE), path).await, 401);
    let named = format!("token={one}");
    let key = (shop.sandbox_key.as_str(), NOON);
    let (_, state) = form(&shop, key, ("/v1/oauth/introspect", &named)).await;
    assert_eq!(
        (&state["active"], &state["scope"]),
        (&json!(true), &json!("api"))
    );
    assert_eq!(state["exp"], NOON / 1_000 + 900);
    // Another project's key neither sees nor ends it.
    let headers = [("x-app-token", shop.live_key.as_str())];
    let ask = async |path| {
        let (status, _, answer) = shop
            .raw((Method::POST, path), &headers, named.clone())
            .await;
        (status.as_u16(), answer)
    };
    assert_eq!(
        ask("/v1/oauth/introspect").await,
        (200, json!({"active": false}))
    );
    assert_eq!(ask("/v1/oauth/token/revoke").await, (200, json!({})));
    assert_eq!(status(&shop, (&one, NOON), path).await, 200);
    let (ended, _) = form(&shop, key, ("/v1/oauth/token/revoke", &named)).await;
    assert_eq!((ended, status(&shop, (&one, NOON), path).await), (200, 401));
    let (_, state) = form(&shop, key, ("/v1/oauth/introspect", &named)).await;
    assert_eq!(state, json!({"active": false}));
    let other = token(&shop, "api").await;
    let number = shop
        .app
        .keys()
        .values()
        .find(|key| key.project == SANDBOX.0)
        .unwrap()
        .id;
    assert!(setup::revoke_key(&shop.app, number).await.unwrap());
    assert_eq!(status(&shop, (&other, NOON), path).await, 401);
}

#[tokio::test]
async fn hostile_requests_for_tokens_are_refused() {
    let shop = Shop::start().await;
    let key = (shop.sandbox_key.as_str(), NOON);
    for (body, expected) in [
        ("", "missing_parameters"),
        ("scope=api", "missing_parameters"),
        ("grant_type=client_credentials", "missing_parameters"),
        ("grant_type=password&scope=api", "invalid_grant_type"),
        (
            "grant_type=client_credentials&scope=everything",
            "invalid_scope",
        ),
        ("{\"grant_type\": 7}", "invalid_payload"),
        ("grant_type=a b\u{1}", "invalid_payload"),
    ] {
        let (status, answer) = form(&shop, key, ("/v1/oauth/token", body)).await;
        assert_eq!(
            (status, &answer["key"]),
            (400, &json!(expected)),
            "{body:?}"
        );
    }
    for path in ["/v1/oauth/introspect", "/v1/oauth/token/revoke"] {
        let (status, answer) = form(&shop, key, (path, "")).await;
        assert_eq!(
            (status, &answer["key"]),
            (400, &json!("missing_parameters")),
            "{path}"
        );
    }
    for path in [
        "/v1/oauth/token",
        "/v1/oauth/introspect",
        "/v1/oauth/token/revoke",
    ] {
        let (status, _) = form(&shop, ("sk_test_nobodys", NOON), (path, "")).await;
        assert_eq!(status, 401, "{path}");
        let page = Page::of(&shop).await;
        let (status, _) = form(&shop, (&page.key, NOON), (path, "")).await;
        assert_eq!(status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_key_has_a_thousand_tokens_that_live() {
    let shop = Shop::start().await;
    let key = shop
        .app
        .keys()
        .values()
        .find(|key| key.project == SANDBOX.0)
        .cloned()
        .unwrap();
    let issue = async |now| {
        let made = server::tokens::issue(&shop.app, (&key, now), vec!["api".into()]).await;
        made.map_err(|refused| format!("{refused:?}"))
    };
    for _ in 0..1_000 {
        issue(NOON).await.unwrap();
    }
    assert!(issue(NOON).await.unwrap_err().contains("too_many_requests"));
    assert!(issue(NOON + 15 * MINUTE).await.is_ok());
}

#[tokio::test]
async fn a_token_for_pages_opens_what_pages_may() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let body = using(&["TEN"], order("o-1", 20_000)).to_string();
    let validate = async |token: &str, path: &str| {
        let bearer = format!("Bearer {token}");
        let now = wire::time::format(NOON).unwrap();
        let headers = [
            ("authorization", bearer.as_str()),
            ("origin", page.origin),
            ("proffer-now", now.as_str()),
        ];
        shop.raw((Method::POST, path), &headers, body.clone())
            .await
            .0
    };
    let (pages, shops) = (
        token(&shop, "client_validations").await,
        token(&shop, "api").await,
    );
    assert_eq!(
        validate(&pages, "/client/v1/validations").await,
        StatusCode::OK
    );
    assert_eq!(
        validate(&pages, "/client/v1/qualifications").await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        validate(&pages, "/v1/validations").await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        validate(&shops, "/client/v1/validations").await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(validate(&shops, "/v1/validations").await, StatusCode::OK);
}
