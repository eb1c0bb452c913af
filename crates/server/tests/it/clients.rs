//! Pages of a shop: which may call, and what they may ask.

use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use server::setup::{self, LIVE, SANDBOX};

use crate::{
    publications::{campaign, to},
    redemptions::{books_balance, code, order, ten_off, using},
    shop::{NOON, Shop},
};

const ORIGIN: &str = "https://shop.example";

/// A page of a shop, in a browser.
pub struct Page<'s> {
    pub shop: &'s Shop,
    pub key: String,
    pub origin: &'static str,
    /// As the trusted proxy tells it.
    pub address: String,
    pub now: i64,
}

impl<'s> Page<'s> {
    /// A listed one.
    pub async fn of(shop: &'s Shop) -> Self {
        shop.app.guessing().trust("x-real-ip".parse().unwrap());
        let settings = json!({"origins": [ORIGIN], "client_redeem_enabled": true});
        shop.put("/v1/settings", &settings).await;
        let key = setup::new_public_key(&shop.app, SANDBOX, "page").await;
        Self {
            shop,
            key: key.unwrap(),
            origin: ORIGIN,
            address: "203.0.113.7".into(),
            now: NOON,
        }
    }

    pub async fn asks(
        &self,
        asked: (Method, &str),
        body: &Value,
    ) -> (StatusCode, HeaderMap, Value) {
        let now = wire::time::format(self.now).unwrap();
        let headers = [
            ("x-client-application-id", "any"),
            ("x-client-token", self.key.as_str()),
            ("origin", self.origin),
            ("x-real-ip", self.address.as_str()),
            ("proffer-now", now.as_str()),
        ];
        self.shop.raw(asked, &headers, body.to_string()).await
    }

    /// Posts and expects a 200.
    pub async fn posts(&self, path: &str, body: &Value) -> Value {
        let (status, _, answer) = self.asks((Method::POST, path), body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    async fn is_refused(&self, body: &Value, expected: (u16, &str)) {
        let asked = (Method::POST, "/client/v1/validations");
        let (status, headers, answer) = self.asks(asked, body).await;
        let key = answer["key"].as_str().unwrap_or_default();
        assert_eq!((status.as_u16(), key), expected, "{answer}");
        let allowed = headers.get("access-control-allow-origin");
        assert_eq!(allowed, None, "{}", self.origin);
    }
}

/// What fails on a page is listed for whom it names, where they are known, and is none of what they
/// did.
#[tokio::test]
async fn what_fails_on_a_page_is_listed() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    let ann = shop.customer("ann").await;
    let once = campaign(
        &shop,
        "Once",
        json!({"expiration_date": "2026-11-20T00:00:00Z", "vouchers_count": 1}),
    )
    .await;
    let list = shop.get(NOON, "/v1/vouchers?campaign=Once").await;
    let code = list["vouchers"][0]["code"].as_str().unwrap();
    let redeem = async |customer: &str| {
        let mut body = using(&[code], order("o-1", 20_000));
        body["customer"] = json!({"source_id": customer});
        let asked = (Method::POST, "/client/v1/redemptions");
        assert!(page.asks(asked, &body).await.0.is_client_error());
    };
    redeem("ann").await;
    redeem("nobody").await;
    let of_ann = shop.get(NOON, "/v1/redemptions?customer=ann").await;
    assert_eq!(of_ann["total"], 1, "{of_ann}");
    assert_eq!(of_ann["redemptions"][0]["result"], "FAILURE");
    let path = format!("/v1/redemptions?campaign={once}");
    assert_eq!(shop.get(NOON, &path).await["total"], 2);
    let did = shop
        .get(NOON, &format!("/v1/customers/{ann}/activity"))
        .await;
    let mut types = did["data"].as_array().unwrap().iter();
    assert!(
        types.all(|row| row["type"] != "customer.redemption.failed"),
        "{did}"
    );
    let erased = format!("/v1/customers/{ann}/permanent-deletion");
    shop.post(NOON, &erased, &json!({})).await;
    let (status, _) = shop
        .noon()
        .get("/v1/redemptions?customer=ann")
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_asks_validates_and_redeems() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let body = using(&["TEN"], order("o-1", 20_000));
    let qualified = page.posts("/client/v1/qualifications", &body).await;
    assert_eq!(qualified["redeemables"]["data"][0]["id"], "TEN");
    let (_, headers, seen) = page
        .asks((Method::POST, "/client/v1/validations"), &body)
        .await;
    assert_eq!(headers["access-control-allow-origin"], ORIGIN);
    assert_eq!(headers["vary"], "Origin");
    assert_eq!(
        (&seen["valid"], &seen["order"]["total_amount"]),
        (&json!(true), &json!(19_000))
    );
    let used = page.posts("/client/v1/redemptions", &body).await;
    assert_eq!(used["redemptions"][0]["result"], "SUCCESS");
    // A retry is answered alike, and what else is asked of an order that is known is refused.
    let again = page.posts("/client/v1/redemptions", &body).await;
    assert_eq!(again["redemptions"][0]["id"], used["redemptions"][0]["id"]);
    code(&shop, "MORE", ten_off(), json!({})).await;
    let more = using(&["MORE"], json!({"source_id": "o-1"}));
    let (status, _, answer) = page
        .asks((Method::POST, "/client/v1/redemptions"), &more)
        .await;
    assert_eq!(
        (status.as_u16(), &answer["key"]),
        (400, &json!("invalid_order"))
    );
    let (status, _, tiers) = page
        .asks((Method::GET, "/client/v1/promotions/tiers"), &json!({}))
        .await;
    assert_eq!(
        (status.as_u16(), &tiers["data_ref"]),
        (200, &json!("tiers"))
    );
    books_balance(&shop).await;
}

#[tokio::test]
async fn a_retry_with_a_key_is_answered_as_before() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let mut body = using(&["TEN"], order("o-1", 20_000));
    body["order"].as_object_mut().unwrap().remove("source_id");
    let headers = [
        ("x-client-token", page.key.as_str()),
        ("origin", ORIGIN),
        ("idempotency-key", "once"),
    ];
    let redeem = async |body: &Value| {
        let asked = (Method::POST, "/client/v1/redemptions");
        shop.raw(asked, &headers, body.to_string()).await
    };
    let (_, _, first) = redeem(&body).await;
    let (_, headers, second) = redeem(&body).await;
    assert_eq!(
        first["redemptions"][0]["id"],
        second["redemptions"][0]["id"]
    );
    assert_eq!(headers["idempotency-replayed"], "true");
    body["tracking_id"] = json!("other");
    assert_eq!(redeem(&body).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn only_listed_pages_with_a_public_key_may_call() {
    let shop = Shop::start().await;
    let mut page = Page::of(&shop).await;
    let body = using(&["TEN"], order("o-1", 20_000));
    for origin in [
        "https://evil-shop.example",
        "https://shop.example.evil",
        "https://shop.example.",
        "https://shop.example:443",
        "https://SHOP.example",
        "http://shop.example",
        "https://a.shop.example",
        "null",
        "*",
        "",
    ] {
        page.origin = origin;
        page.is_refused(&body, (403, "forbidden")).await;
    }
    page.origin = ORIGIN;
    // A public key of the other project, whose settings list no page.
    page.key = setup::new_public_key(&shop.app, LIVE, "page")
        .await
        .unwrap();
    page.is_refused(&body, (403, "forbidden")).await;
    page.key = shop.sandbox_key.clone();
    page.is_refused(&body, (403, "forbidden")).await;
    page.key = "pk_test_nobodys".into();
    page.is_refused(&body, (401, "unauthorized")).await;
    let none = [("origin", ORIGIN)];
    let asked = (Method::POST, "/client/v1/validations");
    let (status, _, _) = shop.raw(asked, &none, body.to_string()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_public_key_does_nothing_elsewhere() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    for path in ["/v1/vouchers", "/v1/redemptions", "/v1/customers"] {
        let (status, headers, answer) = page.asks((Method::GET, path), &json!({})).await;
        assert_eq!(
            (status.as_u16(), &answer["key"], &answer["proffer"]["code"]),
            (
                403,
                &json!("missing_required_permission"),
                &json!("scope_missing")
            )
        );
        assert_eq!(headers.get("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_browser_is_told_before_it_sends_its_key() {
    let shop = Shop::start().await;
    Page::of(&shop).await;
    let ask = async |origin: &str, path: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        shop.raw((Method::OPTIONS, path), &headers, "").await
    };
    for path in [
        "/client/v1/qualifications",
        "/client/v1/promotions/tiers",
        "/client/v1/validations",
        "/client/v1/redemptions",
        "/client/v1/events",
        "/client/v1/publish",
    ] {
        let (status, headers, _) = ask(ORIGIN, path).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(headers["access-control-allow-origin"], ORIGIN);
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        for name in ["x-client-application-id", "x-client-token", "content-type"] {
            assert!(
                allowed.split(", ").any(|one| one == name),
                "{name}: {allowed}"
            );
        }
        let (_, headers, _) = ask("https://elsewhere.example", path).await;
        assert_eq!(headers.get("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn pages_redeem_only_where_the_settings_let_them() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    shop.put("/v1/settings", &json!({"client_redeem_enabled": false}))
        .await;
    let body = using(&["TEN"], order("o-1", 20_000));
    let asked = (Method::POST, "/client/v1/redemptions");
    let (status, _, answer) = page.asks(asked, &body).await;
    assert_eq!(
        (status.as_u16(), &answer["key"]),
        (403, &json!("forbidden"))
    );
    let voucher = shop.get(NOON, "/v1/vouchers/TEN").await;
    assert_eq!(voucher["redemption"]["redeemed_quantity"], 0);
}

#[tokio::test]
async fn an_origin_that_browsers_never_send_is_not_listed() {
    let shop = Shop::start().await;
    for wrong in [
        "https://shop.example/",
        "*",
        "null",
        "shop.example",
        "https://*.shop.example",
    ] {
        let settings = json!({"origins": [ORIGIN, wrong]});
        let (status, answer) = shop.noon().put("/v1/settings", &settings).await.unwrap();
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (422, &json!("not_an_origin")),
            "{wrong}"
        );
        assert_eq!(answer["errors"][0]["pointer"], "/origins/1");
    }
    assert_eq!(shop.get(NOON, "/v1/settings").await["origins"], json!([]));
}

/// What a page says of its customer is a claim.
#[tokio::test]
async fn a_page_gains_nothing_by_what_it_claims() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    let customer = json!({"source_id": "ann", "name": "Ann", "metadata": {"vip": false},
        "consent": {"personalise_offers": true}});
    shop.post(NOON, "/v1/customers", &customer).await;
    let rule = json!({"rule": "customer.metadata.vip == true"});
    code(&shop, "VIP", ten_off(), rule).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let mut body = using(&["VIP"], order("o-1", 20_000));
    body["customer"] = json!({"source_id": "ann", "name": "Eve", "metadata": {"vip": true}});
    let by_shop = shop.post(NOON, "/v1/validations", &body).await;
    assert_eq!(by_shop["valid"], true, "{by_shop}");
    let by_page = page.posts("/client/v1/validations", &body).await;
    assert_eq!(by_page["valid"], false, "{by_page}");
    body["order"]["customer"] = body["customer"].take();
    let by_page = page.posts("/client/v1/validations", &body).await;
    assert_eq!(by_page["valid"], false, "{by_page}");
    body["redeemables"][0]["id"] = json!("TEN");
    let used = page.posts("/client/v1/redemptions", &body).await;
    assert!(
        used["redemptions"][0]["customer"]["name"].is_null(),
        "{used}"
    );
    let kept = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        (&kept["name"], &kept["metadata"]),
        (&json!("Ann"), &json!({"vip": false}))
    );
}

#[tokio::test]
async fn a_page_cannot_read_orders_or_wallets_of_others() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    code(&shop, "OTHER", ten_off(), json!({})).await;
    shop.post(
        NOON,
        "/v1/redemptions",
        &using(&["TEN"], order("A-1", 20_000)),
    )
    .await;
    let by_name = using(&["OTHER"], json!({"source_id": "A-1"}));
    let known = shop.post(NOON, "/v1/validations", &by_name).await;
    assert_eq!(known["order"]["items"].as_array().unwrap().len(), 1);
    let seen = page.posts("/client/v1/validations", &by_name).await;
    assert!(
        seen["order"]["items"].as_array().is_none_or(Vec::is_empty),
        "{seen}"
    );
    shop.customer("ann").await;
    let campaign = shop.percent_off("welcome", 20, json!({})).await;
    shop.policy("ranked", &[&campaign], 0).await;
    shop.decide(NOON, "ann").await;
    let asked = json!({"customer": {"source_id": "ann"}, "scenario": "CUSTOMER_WALLET"});
    let held = shop.post(NOON, "/v1/qualifications", &asked).await;
    assert_eq!(held["redeemables"]["total"], 1);
    let held = page.posts("/client/v1/qualifications", &asked).await;
    assert_eq!(held["redeemables"]["total"], 0);
}

#[tokio::test]
async fn a_session_of_a_page_cannot_be_counted_to() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    code(&shop, "TEN", ten_off(), json!({})).await;
    let mut body = using(&["TEN"], order("o-1", 20_000));
    body["session"] = json!({"type": "LOCK"});
    let seen = page.posts("/client/v1/validations", &body).await;
    let session = seen["session"]["key"].as_str().unwrap();
    assert_eq!(session.len(), "ssn_".len() + 32, "{session}");
    body["session"]["key"] = json!(session);
    let used = page.posts("/client/v1/redemptions", &body).await;
    assert_eq!(used["redemptions"][0]["session"]["key"], session);
}

#[tokio::test]
async fn hostile_bodies_of_pages_are_refused() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    let many: Vec<String> = (0..6).map(|number| format!("CODE-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for body in [
        using(&many, order("o-1", 100)),
        using(&[], order("o-1", 100)),
        json!({"redeemables": "TEN"}),
        json!([]),
        json!(null),
    ] {
        for path in ["/client/v1/validations", "/client/v1/redemptions"] {
            let (status, headers, answer) = page.asks((Method::POST, path), &body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
            assert_eq!(answer["key"], "invalid_payload");
            assert_eq!(headers["access-control-allow-origin"], ORIGIN);
        }
    }
}

#[tokio::test]
async fn what_a_page_says_that_happened_is_taken_down_and_no_more() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    let mut body = json!({"event": "quiz_finished", "customer": {"source_id": "ann"}});
    let plain = page.posts("/client/v1/events", &body).await;
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(
        (&plain["type"], &plain["customer"]["id"]),
        (&json!("quiz_finished"), &ann["id"])
    );
    // Neither the claims nor whether the codes are there is looked at.
    body["customer"]["name"] = json!("Somebody");
    body["referral"] = json!({"code": "NOT-THERE"});
    body["loyalty"] = json!({"code": "NOT-THERE-EITHER"});
    assert_eq!(page.posts("/client/v1/events", &body).await, plain);
    let ann = shop.get(NOON, "/v1/customers/ann").await;
    assert_eq!(ann["name"], json!(null));
    let asked = (Method::POST, "/client/v1/events");
    let (status, _, answer) = page.asks(asked, &json!({"event": "quiz_finished"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
}

#[tokio::test]
async fn a_page_gives_one_code_of_a_campaign_and_only_where_the_settings_let_it() {
    let shop = Shop::start().await;
    let page = Page::of(&shop).await;
    campaign(&shop, "Spring", json!({"vouchers_count": 3})).await;
    let refused = async |body: &Value, expected: (u16, &str)| {
        let (status, _, answer) = page.asks((Method::POST, "/client/v1/publish"), body).await;
        let key = answer["key"].as_str().unwrap_or_default();
        assert_eq!((status.as_u16(), key), expected, "{answer}");
    };
    let body = to("ann", "Spring");
    refused(&body, (403, "forbidden")).await;
    let settings = json!({"origins": [ORIGIN], "client_publish_enabled": true});
    shop.put("/v1/settings", &settings).await;
    let ann = json!({"source_id": "ann", "name": "Ann", "email": "ann@shop.example"});
    shop.post(NOON, "/v1/customers", &ann).await;
    let given = page.posts("/client/v1/publish", &body).await;
    let code = given["voucher"]["code"].as_str().unwrap();
    assert_eq!(
        (&given["customer"]["source_id"], &given["customer"]["email"]),
        (&json!("ann"), &json!(null))
    );
    // Who merely says that they are Ann is not told her code.
    refused(&body, (400, "voucher_already_published")).await;
    let named = json!({"voucher": code, "customer": {"source_id": "bob"}});
    refused(&named, (400, "invalid_publish_params")).await;
    // The older client names the campaign beside the body.
    let cid = json!({"customer": {"source_id": "cid"}});
    let given = page.posts("/client/v1/publish?campaign=Spring", &cid).await;
    assert_eq!(given["voucher"]["campaign"], "Spring");
    let (status, _, answer) = page
        .asks(
            (Method::POST, "/client/v1/publish?campaign=Nowhere"),
            &json!({"customer": {"source_id": "dan"}}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &answer["key"]),
        (404, &json!("not_found"))
    );
    let mut two = to("bob", "Spring");
    two["campaign"]["count"] = json!(2);
    refused(&two, (400, "invalid_publish_params")).await;
    let all = shop.get(NOON, "/v1/publications").await;
    assert_eq!(all["total"], 2);
}
