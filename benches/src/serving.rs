//! Who is measured? A process of its own, so that its CPU time is its own: this very program,
//! started again as the real server or as the limit beside it.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use server::{
    app::App,
    auth::Scope,
    ids::Ids,
    setup::{self, LIVE},
    telemetry,
};
use store::{Settings, Store};
use tokio::net::TcpListener;
use wire::{
    decisions::{BenefitView, DecisionResponse, OfferView, RedeemableRef, WhyNone},
    voucherify::RedeemableKind,
};

use benches::market;

use crate::{cpu, folder::Folder, shop};

const PROFFER: &str = "serve-proffer";
const LIMIT: &str = "serve-limit";
const MARKET: &str = "serve-market";
const ANSWER: &str = "serve-answer";
const ANYWHERE: &str = "127.0.0.1:0";

/// A running server.
pub struct Served {
    child: Child,
    /// The server stops when this is closed, however we end.
    _stdin: Option<ChildStdin>,
    pub address: String,
    /// The live project's.
    pub key: String,
    /// Dropped last.
    _folder: Option<Folder>,
}

impl Served {
    /// The server with so many customers in a fresh store, as it runs in a shop: with its log,
    /// which nobody reads here.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn proffer(customers: u64) -> Result<Self, String> {
        let folder = Folder::new(&format!("serving-{customers}"))?;
        let file = folder.file().display().to_string();
        Self::start(&[PROFFER, &file, &customers.to_string()], Some(folder))
    }

    /// The server of a shop with so many promotions, in a fresh store.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn market(promotions: u64) -> Result<Self, String> {
        let folder = Folder::new(&format!("market-{promotions}"))?;
        let file = folder.file().display().to_string();
        Self::start(&[MARKET, &file, &promotions.to_string()], Some(folder))
    }

    /// A server that parses a validation and answers what is in this file, written anew each time.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn answering(file: &Path) -> Result<Self, String> {
        Self::start(&[ANSWER, &file.display().to_string()], None)
    }

    /// A server that parses and answers, and does nothing else.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn limit() -> Result<Self, String> {
        Self::start(&[LIMIT], None)
    }

    fn start(arguments: &[&str], folder: Option<Folder>) -> Result<Self, String> {
        let run = || -> std::io::Result<(Child, Option<ChildStdin>, String)> {
            let mut child = Command::new(std::env::current_exe()?)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            let stdin = child.stdin.take();
            let mut said = String::new();
            if let Some(stdout) = child.stdout.take() {
                BufReader::new(stdout).read_line(&mut said)?;
            }
            Ok((child, stdin, said))
        };
        let (child, stdin, said) = run().map_err(|error| error.to_string())?;
        let served = Self {
            child,
            _stdin: stdin,
            address: said.split_whitespace().next().unwrap_or("").to_owned(),
            key: said.split_whitespace().nth(1).unwrap_or("").to_owned(),
            _folder: folder,
        };
        match served.address.as_str() {
            "" => Err(format!("{arguments:?} did not come up")),
            _ => Ok(served),
        }
    }

    /// Nanoseconds of its CPU so far.
    pub fn cpu(&self) -> u64 {
        cpu::of_process(self.child.id())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this process is to do instead of measuring, if it was started for that.
///
/// # Errors
/// When it cannot serve.
pub fn asked() -> Option<Result<(), String>> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next()?.as_str() {
        PROFFER => {
            let file = arguments.next().map(PathBuf::from)?;
            let customers = arguments.next()?.parse().ok()?;
            let fill = async move |app: &App| shop::open(app, customers).await;
            Some(serve(proffer(file, fill)))
        }
        MARKET => {
            let file = arguments.next().map(PathBuf::from)?;
            let promotions = arguments.next()?.parse().ok()?;
            let fill = async move |app: &App| market::open(app, promotions).await;
            Some(serve(proffer(file, fill)))
        }
        ANSWER => {
            let file = arguments.next().map(PathBuf::from)?;
            Some(serve(answering(file)))
        }
        LIMIT => Some(serve(async { Ok((limit(), String::new())) })),
        _ => None,
    }
}

fn serve(router: impl Future<Output = Result<(Router, String), String>>) -> Result<(), String> {
    thread::spawn(|| {
        // Whoever started us is gone, or wants us gone.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let (router, key) = router.await?;
        let listen = async {
            let listener = TcpListener::bind(ANYWHERE).await?;
            println!("{} {key}", listener.local_addr()?);
            axum::serve(listener, router.into_make_service()).await
        };
        listen
            .await
            .map_err(|error: std::io::Error| error.to_string())
    })
}

async fn proffer(
    file: PathBuf,
    fill: impl AsyncFnOnce(&App) -> Result<(), server::problem::Refused>,
) -> Result<(Router, String), String> {
    let up = async {
        telemetry::logs();
        let metrics = telemetry::metrics().map_err(server::problem::Refused::Fault)?;
        let store = Store::open(&file, Settings::default())?;
        let app = App::start(store, Some(metrics), Ids::fresh()).await?;
        fill(&app).await?;
        let key = setup::new_key(&app, LIVE, "bench", &Scope::ALL).await?;
        Ok((server::router::router(app), key))
    };
    up.await
        .map_err(|refused: server::problem::Refused| format!("{refused:?}"))
}

fn limit() -> Router {
    Router::new()
        .route("/v1/decisions", post(decision))
        .route("/v1/batch", post(batch))
        .layer(DefaultBodyLimit::max(1024 * 1024))
}

async fn answering(file: PathBuf) -> Result<(Router, String), String> {
    let text = std::fs::read(file).map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let answer = Arc::new(answer);
    let validation = move |Json(request): Json<Validation>| {
        let answer = answer.clone();
        async move {
            std::hint::black_box(&request);
            Json(answer)
        }
    };
    let router = Router::new().route("/v1/validations", post(validation));
    Ok((router, String::new()))
}

/// A validation as whoever writes such a handler would have it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and not read")]
struct Validation {
    customer: Option<Customer>,
    order: Option<Order>,
    redeemables: Vec<Redeemable>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and not read")]
struct Redeemable {
    object: String,
    id: String,
}

/// A decision as whoever writes such a handler would have it: what we make of ours moves no limit.
#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "the limit parses what is sent, and reads hardly any of it"
)]
struct Request {
    customer: Customer,
    order: Option<Order>,
    #[serde(default)]
    context: Map<String, Value>,
    placement: Option<String>,
    session: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and not read")]
struct Customer {
    id: Option<String>,
    source_id: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and not read")]
struct Order {
    id: Option<String>,
    source_id: Option<String>,
    amount: Option<u64>,
    discount_amount: Option<u64>,
    currency: Option<String>,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and not read")]
struct Item {
    product_id: Option<String>,
    sku_id: Option<String>,
    related_object: Option<String>,
    source_id: Option<String>,
    quantity: Option<u64>,
    price: Option<u64>,
    amount: Option<u64>,
    discount_amount: Option<u64>,
    product: Option<Product>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and not read")]
struct Product {
    id: Option<String>,
    source_id: Option<String>,
    name: Option<String>,
    price: Option<u64>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// Every other one is offered something.
async fn decision(Json(request): Json<Request>) -> Json<DecisionResponse> {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let is_offered = ASKED.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
    let text = |text: &str| text.to_owned();
    let offer = OfferView {
        redeemable: RedeemableRef {
            object: RedeemableKind::Voucher,
            id: text("7WXJ-4HQK-9MRT"),
        },
        campaign_id: text("camp_01k6m2x4c8e9f"),
        name: text("Offer 7"),
        code: Some(text("7WXJ-4HQK-9MRT")),
        benefit: BenefitView {
            kind: text("percent_off"),
            text: text("5 % off"),
            discount: None,
            points_back: None,
        },
        expires_at: 1_790_000_000_000,
        explanation: vec![text("You get 5 % off."), text("It is yours for a day.")],
    };
    Json(DecisionResponse {
        id: request.customer.source_id.unwrap_or_default(),
        decided_at: 1_790_000_000_000,
        offer: is_offered.then_some(offer),
        why_none: (!is_offered).then(|| WhyNone {
            code: text("nothing_now"),
            sentence: text("There is nothing for you right now."),
        }),
    })
}

async fn batch(body: Bytes) -> Response {
    match serde_json::from_slice::<Value>(&body) {
        Ok(value) => {
            let success = value.get("batch").is_some();
            Json(serde_json::json!({ "success": success })).into_response()
        }
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
