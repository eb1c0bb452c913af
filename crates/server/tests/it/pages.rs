//! The pages: what each tells of a small shop, who gets to see it, and that nothing a shop sends
//! becomes markup.

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Request, StatusCode},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client as Pool, rt::TokioExecutor};
use ledger::Currency;
use measurement::Arm;
use offers::{Booking, CountedOrder, Happening, book};
use serde_json::{Value, json};
use server::{
    auth::Scope,
    deciding::{PROGRAMME, arm_key},
    pages,
    setup::{self, LIVE, SANDBOX},
};
use store::{Index, Kind, Outcome, Write};

use crate::shop::{NOON, Shop};

const EVIL: &str = "<script>alert(1)</script>\"'&";

/// Somebody with a browser, signed in or not.
pub struct Browser {
    base: String,
    cookie: String,
}

pub struct Seen {
    pub status: StatusCode,
    headers: HeaderMap,
    pub text: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The text without markup, and with plain spaces.
    fn words(&self) -> String {
        let mut words = String::new();
        let mut is_inside = true;
        for letter in self
            .text
            .replace("&nbsp;", " ")
            .replace('\u{a0}', " ")
            .chars()
        {
            match letter {
                '<' => is_inside = false,
                '>' => {
                    is_inside = true;
                    words.push(' ');
                }
                letter if is_inside => words.push(letter),
                _ => {}
            }
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn says(&self, all: &[&str]) {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let words = self.words();
        for one in all {
            assert!(words.contains(one), "“{one}” is not in: {words}");
        }
    }
}

impl Browser {
    pub fn outside(shop: &Shop) -> Self {
        Self {
            base: shop.base.clone(),
            cookie: String::new(),
        }
    }

    pub async fn with_key(shop: &Shop, key: &str) -> Self {
        let mut browser = Self::outside(shop);
        let seen = browser.sign_in(key, &browser.origin()).await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.text);
        browser.keep(&seen);
        browser
    }

    /// The same cookies at another process; a browser does not look at the port.
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            cookie: self.cookie.clone(),
        }
    }

    pub fn origin(&self) -> [(&'static str, String); 1] {
        [("origin", self.base.clone())]
    }

    pub fn keep(&mut self, seen: &Seen) {
        let cookie = seen.header("set-cookie");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    async fn sign_in(&self, key: &str, headers: &[(&str, String)]) -> Seen {
        let body = format!("key={key}");
        self.send((Method::POST, "/sign-in"), headers, body).await
    }

    pub async fn get(&self, path: &str) -> Seen {
        self.send((Method::GET, path), &[], "").await
    }

    pub async fn send(
        &self,
        (method, path): (Method, &str),
        headers: &[(&str, String)],
        body: impl Into<Bytes>,
    ) -> Seen {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("accept", "text/html,*/*;q=0.8")
            .header("cookie", format!("other=1; {}", self.cookie));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let pool: Pool<_, Full<Bytes>> = Pool::builder(TokioExecutor::new()).build_http();
        let answer = pool.request(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Seen {
            status,
            headers,
            text,
        }
    }
}

/// A campaign that gave ten per cent of an order of 12,345.00, and one that nobody used.
struct Told {
    shop: Shop,
    campaign: String,
    customer: String,
    decision: String,
}

impl Told {
    async fn new() -> Self {
        let shop = Shop::start().await;
        let ours = json!({"budget": 200_000, "grant_days": 4, "rule": "order.amount >= 5000"});
        let campaign = shop.percent_off("Ten", 10, ours).await;
        shop.percent_off(EVIL, 50, json!({"rule": "order.amount > 99999999"}))
            .await;
        shop.policy("ranked", &[EVIL, "Ten"], 0).await;
        let customer = shop.customer("ann").await;
        let asked = json!({
            "customer": {"source_id": "ann"},
            "order": {"amount": 1_234_500},
            "context": {"note": EVIL}
        });
        let made = shop.post(NOON, "/v1/decisions", &asked).await;
        let order = json!({
            "redeemables": [{"object": "voucher", "id": made["offer"]["code"]}],
            "customer": {"source_id": "ann"},
            "order": {"source_id": "o-1", "amount": 1_234_500}
        });
        shop.post(NOON, "/v1/redemptions", &order).await;
        let decision = made["id"].as_str().unwrap().to_owned();
        Self {
            shop,
            campaign,
            customer,
            decision,
        }
    }

    async fn signed_in(&self) -> Browser {
        Browser::with_key(&self.shop, &self.shop.sandbox_key).await
    }

    fn paths(&self) -> [String; 8] {
        let Self {
            campaign,
            customer,
            decision,
            ..
        } = self;
        [
            "/".into(),
            "/campaigns".into(),
            format!("/campaigns/{campaign}"),
            format!("/campaigns/{campaign}/ledger"),
            "/decisions".into(),
            format!("/decisions/{decision}"),
            "/experiments/programme".into(),
            format!("/customers/{customer}"),
        ]
    }
}

#[tokio::test]
async fn pages_tell_what_the_books_say() {
    let told = Told::new().await;
    let browser = told.signed_in().await;
    let [overview, campaigns, campaign, ledger, ..] = told.paths();
    browser.get(&overview).await.says(&[
        "Sandbox – nothing here is real",
        "No number yet",
        "1,234.50 EUR by campaigns, in 1 redemptions",
        "Nobody has redeemed it",
        "1,234.50 EUR spent and 0.00 EUR held of 2,000.00 EUR",
        "765.50 EUR",
    ]);
    browser.get(&campaigns).await.says(&[
        "No incremental profit can be told yet",
        "Ten running always 2,000.00 EUR 1,234.50 EUR 0.00 EUR 765.50 EUR 1,234.50 EUR 1",
    ]);
    browser.get(&campaign).await.says(&[
        "Where order amount is at least 50.00 EUR, a customer may get 10 % off.",
        "order.amount &#62;= 5000",
        "with a code 4 days",
        "at most 2,000.00 EUR in all for the whole campaign",
        "Redemptions 1 Orders it was used on.",
        "Attributed revenue 12,345.00 EUR",
        "Discount rate 10.0 %",
        "Discount given 1,234.50 EUR",
        "No number yet.",
    ]);
    browser.get(&ledger).await.says(&[
        "The books balance",
        "Budget What a campaign may still spend. 1 0.00 EUR 1,234.50 EUR 0.00 EUR 2,000.00 EUR",
        "All accounts 3 0.00 EUR 3,234.50 EUR 0.00 EUR 3,234.50 EUR",
        "21 Nov 2026, 12:00 UTC Discount Budget Discount given 1,234.50 EUR posted",
        "Budget set Funding Budget 2,000.00 EUR posted",
    ]);
}

#[tokio::test]
async fn pages_tell_why() {
    let told = Told::new().await;
    let browser = told.signed_in().await;
    let [.., decisions, decision, experiment, customer] = told.paths();
    let Told { customer: id, .. } = &told;
    let row = format!("21 Nov 2026, 12:00 UTC {id} treatment Ten why?");
    browser.get(&decisions).await.says(&[&row]);
    let replay = format!("proffer replay-decision {}", told.decision);
    browser.get(&decision).await.says(&[
        "“Ten” is promised until 25 Nov 2026, 12:00 UTC",
        "You get “Ten”.",
        "The customer is in treatment . 0 % of all customers are held out",
        "2 live offers were candidates. 1 ruled out",
        "Add 987655.00 EUR more to use this. min_spend",
        "Policy: ranked .",
        "Ten chosen – 100 % It was given.",
        "order amount 12,345.00 EUR",
        &replay,
    ]);
    browser
        .get(&experiment)
        .await
        .says(&["No verdict yet", "treatment 100.0 % 1 0.0 %"]);
    browser.get(&customer).await.says(&[
        "Personalise offers allowed Measure allowed Arm treatment",
        "Ten redeemed 21 Nov 2026, 12:00 UTC 25 Nov 2026, 12:00 UTC",
    ]);
}

#[tokio::test]
async fn nothing_a_shop_sends_becomes_markup() {
    let told = Told::new().await;
    let browser = told.signed_in().await;
    let mut seen = 0;
    for path in told.paths() {
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("<script"), "{path}: {}", page.text);
        seen += page.text.matches("&#60;script&#62;").count();
    }
    assert!(seen >= 5, "the name is shown: {seen}");
    let page = browser.get("/%3Cscript%3E").await;
    assert!(!page.text.contains("<script"), "{}", page.text);
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let told = Told::new().await;
    let browser = told.signed_in().await;
    let mut paths: Vec<String> = told.paths().to_vec();
    let others = [
        "/sign-in",
        "/nope",
        "/v1/campaigns",
        "/openapi.json",
        "/assets/proffer.css",
    ];
    paths.extend(others.map(String::from));
    for path in paths {
        let seen = browser.get(&path).await;
        let policy = seen.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'"),
            "{path}"
        );
        assert!(policy.ends_with("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(seen.header("referrer-policy"), "same-origin", "{path}");
        let expected = if path.starts_with("/assets/") {
            "public, max-age=300"
        } else {
            "no-store"
        };
        assert_eq!(seen.header("cache-control"), expected, "{path}");
        assert!(!seen.text.contains(" style=\""), "{path}: no inline style");
        assert_eq!(
            seen.header("strict-transport-security"),
            "",
            "{path}: no TLS here"
        );
    }
    let behind_tls = [("x-forwarded-proto", "https".to_owned())];
    let seen = browser
        .send((Method::GET, "/healthz"), &behind_tls, "")
        .await;
    assert_eq!(seen.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn only_those_who_may_get_in() {
    let told = Told::new().await;
    let shop = &told.shop;
    let outside = Browser::outside(shop);
    for path in told.paths() {
        let seen = outside.get(&path).await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(seen.header("location"), "/sign-in", "{path}");
    }
    let ours = outside.origin();
    let key = &shop.sandbox_key;
    let check = async |key: &str, headers: &[(&str, String)], status: u16, word: &str| {
        let seen = outside.sign_in(key, headers).await;
        assert_eq!(seen.status.as_u16(), status, "{word}: {}", seen.text);
        assert!(seen.text.contains(word), "{word}: {}", seen.text);
        assert_eq!(seen.header("set-cookie").is_empty(), status != 303);
    };
    check("sk_test_guess", &ours, 401, "We do not know this key.").await;
    check("", &ours, 401, "We do not know this key.").await;
    let few = setup::new_key(&shop.app, SANDBOX, "few", &[Scope::Decide])
        .await
        .unwrap();
    check(&few, &ours, 401, "may not read reports").await;
    check(key, &[], 403, "another site").await;
    check(
        key,
        &[("origin", "http://evil.test".into())],
        403,
        "another site",
    )
    .await;
    check(key, &[("origin", "null".into())], 403, "another site").await;
    check(
        key,
        &[("sec-fetch-site", "cross-site".into())],
        403,
        "another site",
    )
    .await;
    check(key, &[("sec-fetch-site", "same-origin".into())], 303, "").await;
    check(key, &ours, 303, "").await;
}

#[tokio::test]
async fn a_session_ends_when_told_to() {
    let told = Told::new().await;
    let browser = told.signed_in().await;
    let out = (Method::POST, "/sign-out");
    let foreign = [("origin", "http://evil.test".to_owned())];
    let seen = browser.send(out.clone(), &foreign, "").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    browser.get("/").await.says(&["Overview"]);
    let seen = browser.send(out, &browser.origin(), "").await;
    assert!(seen.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_link_is_good_once() {
    let shop = Shop::start().await;
    let path = pages::sign_in_link(&shop.app).await;
    let mut browser = Browser::outside(&shop);
    let seen = browser.get(&path).await;
    assert_eq!(seen.header("location"), "/");
    browser.keep(&seen);
    browser
        .get("/")
        .await
        .says(&["Sandbox", "No campaign yet.", "No decision yet."]);
    let again = Browser::outside(&shop).get(&path).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.text.contains("used already"), "{}", again.text);
}

#[tokio::test]
async fn a_visitor_sees_their_project_and_what_their_key_may() {
    let told = Told::new().await;
    let shop = &told.shop;
    let [.., campaign, _, _, decision, _, customer] = told.paths();
    let live = Browser::with_key(shop, &shop.live_key).await;
    live.get("/")
        .await
        .says(&["Live Proffer", "No campaign yet."]);
    for path in [&campaign, &decision, &customer] {
        assert_eq!(live.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let scopes = [Scope::ReportsRead];
    let analyst = setup::new_key(&shop.app, SANDBOX, "analyst", &scopes)
        .await
        .unwrap();
    let analyst = Browser::with_key(shop, &analyst).await;
    let page = analyst.get(&decision).await;
    page.says(&["The facts are hidden"]);
    assert!(!page.words().contains("Its code is"));
    assert_eq!(analyst.get(&customer).await.status, StatusCode::FORBIDDEN);
    assert_ne!(LIVE, SANDBOX);
}

#[tokio::test]
async fn a_problem_is_a_page_to_people_and_json_to_programs() {
    let shop = Shop::start().await;
    let browser = Browser::with_key(&shop, &shop.sandbox_key).await;
    for path in [
        "/nope",
        "/campaigns/camp_x",
        "/decisions/1",
        "/experiments/2",
        "/customers/x",
    ] {
        let seen = browser.get(path).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            seen.header("content-type").starts_with("text/html"),
            "{path}"
        );
        let words = seen.words();
        assert!(words.contains("There is nothing here"), "{words}");
        assert!(words.contains(seen.header("x-request-id")), "{words}");
    }
    let (status, problem) = shop.live.get("/nope").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem["code"], "not_found");
}

/// Thirty customers held out and 270 treated, whose orders cost 10.00 and bring, by turns, 10.00
/// or 30.00, and 30.00 or 50.00.
async fn measured() -> Shop {
    let shop = Shop::start().await;
    let mut booking = Booking::default();
    let mut writes = Vec::new();
    for unit in 1..=300_u64 {
        let (arm, base) = match unit {
            1..=30 => (Arm::Holdout, 1_000),
            _ => (Arm::Treatment(0), 3_000),
        };
        let key = arm_key(PROGRAMME, arm);
        let index = Index::UnitsOfArm;
        writes.push(Write::Link {
            index,
            key,
            id: unit,
        });
        let order = CountedOrder {
            experiment: PROGRAMME,
            customer: unit,
            currency: Currency(*b"EUR"),
            revenue: base + 2_000 * (unit % 2),
            goods_cost: 1_000,
            shipping_cost: 0,
            fees: 0,
            discount: 0,
        };
        booking = booking.then(book(&Happening::Counted { order: &order }, 1_000 + unit));
    }
    let truth = json!({"true_incremental_profit": 512_300, "as_of": NOON});
    writes.push(Write::Put {
        kind: Kind::Setting,
        id: 100,
        body: truth.to_string().into_bytes(),
    });
    let mut command = setup::writes(SANDBOX, writes);
    command.now = NOON;
    command.openings = booking.openings;
    command.chain = booking.chain;
    let outcome = shop.app.store().submit(command).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
    shop
}

#[tokio::test]
async fn profit_is_shown_with_its_interval_beside_the_truth() {
    let shop = measured().await;
    let browser = Browser::with_key(&shop, &shop.sandbox_key).await;
    let overview = browser.get("/").await;
    overview.says(&[
        "+5,400 EUR 95 % interval +4,329 EUR to +6,471 EUR",
        "+5,123.00 EUR true value, known to the simulator alone The interval contains it;",
        "as of 21 Nov 2026, 12:00 UTC",
        "270 customers who could get offers",
        "compared with 30 similar customers held out",
        "The gain is larger than chance explains.",
        "11,400.00 EUR paid by 300 customers",
    ]);
    assert!(overview.text.contains("class=\"interval gain\""));
    assert!(overview.text.contains("class=\"truth\""));
    let answer: Value = shop.get(NOON, "/v1/experiments/programme/readout").await;
    let each = answer["contrasts"][0]["effect"]["estimate"]
        .as_f64()
        .unwrap();
    assert!((each - 2_000.0).abs() < 1e-9, "{answer}");
    let experiment = browser.get("/experiments/programme").await;
    experiment.says(&[
        "customers in treatment brought +20.00 EUR each (95 % interval +16.03 EUR to",
        "The arms are as large as they were meant to be. (p = 1.000)",
        "holdout 10.0 % 30 100.0 %",
        "treatment 90.0 % 270 100.0 %",
        "Keep it running",
    ]);
    assert!(
        experiment
            .text
            .contains("<title>Difference to the holdout, per customer</title>")
    );
    let campaign = shop.percent_off("Ten", 10, json!({})).await;
    let page = browser.get(&format!("/campaigns/{campaign}")).await;
    page.says(&[
        "Revenue before discount +5,400 EUR",
        "Incremental profit +5,400 EUR",
    ]);
    assert!(page.text.contains("class=\"drawing waterfall\""));
}
