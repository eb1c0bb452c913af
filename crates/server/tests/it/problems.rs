//! Every "no" has a body: a stable code, a sentence, and a page that explains it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::shop::Shop;

async fn check(shop: &Shop, ask: (Method, &str, Vec<u8>), expected: (u16, &str)) {
    let (method, path, body) = ask;
    let key = format!("Bearer {}", shop.sandbox_key);
    let headers = [("authorization", key.as_str())];
    let (status, _, answer) = shop.raw((method, path), &headers, body).await;
    let code = answer["code"].as_str().unwrap_or_default();
    assert_eq!((status.as_u16(), code), expected, "{path}: {answer}");
    assert!(
        answer["detail"]
            .as_str()
            .is_some_and(|text| text.ends_with('.')),
        "{answer}"
    );
    assert_eq!(answer["status"], json!(status.as_u16()));
    assert!(
        answer["request_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("req_"))
    );
}

#[tokio::test]
async fn every_refusal_has_a_code_and_a_sentence() {
    let shop = Shop::start().await;
    let large = vec![b' '; 2 * 1024 * 1024];
    let rows = [
        ((Method::GET, "/v1/nothing", vec![]), (404, "not_found")),
        (
            (Method::PATCH, "/v1/decisions", vec![]),
            (405, "method_not_allowed"),
        ),
        ((Method::POST, "/v1/decisions", large), (413, "too_large")),
        (
            (Method::POST, "/v1/decisions", b"{".to_vec()),
            (400, "malformed_body"),
        ),
        (
            (Method::POST, "/v1/decisions", b"\xff\xfe".to_vec()),
            (400, "malformed_body"),
        ),
        (
            (Method::GET, "/v1/decisions/dec_x", vec![]),
            (404, "not_found"),
        ),
    ];
    for (ask, expected) in rows {
        check(&shop, ask, expected).await;
    }
}

/// What a client of Voucherify's reads of a refusal that no call of theirs made itself.
async fn check_theirs(shop: &Shop, ask: (Method, &str), token: &str, expected: (u16, &str, &str)) {
    let (method, path) = ask;
    let (status, headers, answer) = shop
        .raw((method, path), &[("x-app-token", token)], "{}")
        .await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (key, ours) = (text(&answer["key"]), text(&answer["proffer"]["code"]));
    assert_eq!((status.as_u16(), &*key, &*ours), expected, "{answer}");
    assert_eq!(answer["code"], expected.0);
    assert_eq!(headers["content-type"], "application/json");
    assert!(text(&answer["details"]).ends_with('.'), "{answer}");
    assert_eq!(answer["proffer"]["sentence"], answer["details"]);
    assert!(!text(&answer["message"]).is_empty(), "{answer}");
    assert!(text(&answer["request_id"]).starts_with("req_"), "{answer}");
}

#[tokio::test]
async fn a_call_of_voucherifys_is_refused_in_its_words_whoever_refuses() {
    let shop = Shop::start().await;
    let (known, nobodys) = (shop.sandbox_key.as_str(), "sk_test_nobodys");
    let vouchers = "/v1/vouchers";
    let unauthorized = (401, "unauthorized", "unauthorized");
    let not_allowed = (405, "method_not_allowed", "method_not_allowed");
    let not_offered = (404, "not_offered", "not_offered");
    for (ask, token, expected) in [
        ((Method::GET, vouchers), nobodys, unauthorized),
        ((Method::POST, "/v1/segments"), nobodys, unauthorized),
        ((Method::PATCH, vouchers), known, not_allowed),
        ((Method::GET, "/v1/trash-bin"), known, not_offered),
        (
            (Method::POST, "/v1/vouchers/qualification"),
            known,
            not_offered,
        ),
    ] {
        check_theirs(&shop, ask, token, expected).await;
    }
}

#[tokio::test]
async fn a_problem_names_a_page_that_explains_it() {
    let shop = Shop::start().await;
    for code in [
        "busy",
        "method_not_allowed",
        "min_spend",
        "idempotency_key_reused",
    ] {
        let path = format!("/problems/{code}");
        let (status, headers, _) = shop.raw((Method::GET, &path), &[], vec![]).await;
        assert_eq!(status, StatusCode::OK, "{code}");
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    }
    let (status, _, _) = shop
        .raw((Method::GET, "/problems/nonsense"), &[], vec![])
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
