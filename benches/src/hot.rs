//! One budget that every cart touches, spent by many processes on PostgreSQL: what do slices bring,
//! and is exactly the limit given when all want it at once?
//!
//! On a machine with few cores many processes are no faster at what a core does. What they can do
//! is wait at the same time: for the log to be synced, which on the disks of a cloud takes
//! milliseconds. So each commit waits here at least [`SYNC`], PostgreSQL's own `commit_delay`, and
//! each process has so few callers that the machine is not busy: what is measured is who waits for
//! whom. All is in one program, each process with a store, connections and a port of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use benches::{
    cpu::{Effort, Scale},
    database::Database,
};
use serde_json::{Value, json};
use server::{
    app::App,
    auth::Scope,
    client::Client,
    ids::Ids,
    leases::Pace,
    router,
    setup::{self, LIVE},
};
use store::{Settings, Store};
use tokio::{net::TcpListener, runtime::Runtime, task::JoinSet, time::sleep};

use crate::table::{Table, Target};

/// How long the log takes to be synced, as options of a connection, in microseconds.
const SYNC: &str = "?options=-c%20commit_delay%3D8000%20-c%20commit_siblings%3D0";
/// Callers of each process where waiting is measured.
const CALLERS: u64 = 4;
/// Callers of all processes in a flash sale.
const SHOPPERS: u64 = 64;
const PROCESSES: usize = 4;
/// Soon known to each other.
const PACE: Pace = Pace {
    poll: Duration::from_millis(100),
    bound: Duration::from_millis(500),
    tick: Duration::from_secs(1),
    beat: Duration::from_secs(10),
    lapse: Duration::from_secs(35),
};

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    if cluster::installed()?.is_none() {
        return Ok(());
    }
    let database = Database::of_our_own()?;
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    let mut runs = 0;
    let mut pace = |processes: usize, lending: &str| {
        runs += 1;
        let url = database.for_run(runs)? + SYNC;
        runtime.block_on(paced((&url, processes), lending))
    };
    let (one, one_lent) = (pace(1, "off")?, pace(1, "slices")?);
    let (four, four_lent) = (pace(PROCESSES, "off")?, pace(PROCESSES, "slices")?);
    let name = "one hot budget: four processes, lent, beside one (wall)";
    table.row(name, four_lent, (one, Target::FasterBy(3.0)));
    let name = "… four on one row, beside one (wall)";
    table.row(name, four, (one, Target::AtMostTimes(2.0)));
    let name = "… one process, lent, beside not lent (wall)";
    table.row(name, one_lent, (one, Target::AtMostTimes(1.3)));
    let url = database.for_run(runs + 1)?;
    let (calls, median, late) = runtime.block_on(flash_sale(&url, effort))?;
    let name = format!("flash sale of {calls} calls: 99th percentile, median (wall)");
    table.row(&name, late, (median, Target::AtMostTimes(20.0)));
    Ok(())
}

/// Processes on one database, all of which know each other.
struct Served {
    apps: Vec<App>,
    clients: Vec<Client>,
}

impl Served {
    /// With one campaign: 1.00 off with the code HOT.
    async fn open((url, processes): (&str, usize), ours: Value) -> Result<Self, String> {
        let mut served = Self {
            apps: Vec::new(),
            clients: Vec::new(),
        };
        let mut key = String::new();
        for _ in 0..processes {
            let app = process(url).await?;
            if key.is_empty() {
                let made = setup::new_key(&app, LIVE, "hot", &Scope::ALL).await;
                key = made.map_err(|refused| format!("{refused:?}"))?;
            }
            let listener = TcpListener::bind("127.0.0.1:0").await;
            let listener = listener.map_err(|error| error.to_string())?;
            let address = listener.local_addr().map_err(|error| error.to_string())?;
            let routes = router::router(app.clone());
            tokio::spawn(async move { axum::serve(listener, routes).await });
            served.apps.push(app);
            let client = Client::new(&format!("http://{address}"), &key);
            served.clients.push(client);
        }
        let campaign = json!({
            "name": "Hot", "campaign_type": "DISCOUNT_COUPONS", "type": "STANDALONE",
            "voucher": {
                "type": "DISCOUNT_VOUCHER", "code_config": {"pattern": "HOT"},
                "discount": {"type": "AMOUNT", "amount_off": 100}
            },
            "proffer": ours
        });
        let first = served.clients.first().ok_or("no process")?;
        let (status, answer) = first.post("/v1/campaigns", &campaign).await?;
        if status != StatusCode::OK {
            return Err(format!("the campaign was refused: {answer}"));
        }
        while served.apps.iter().any(|app| app.process() == 0) {
            sleep(PACE.poll).await;
        }
        sleep(PACE.bound).await;
        Ok(served)
    }

    async fn close(self) -> Result<(), String> {
        let mut last = None;
        for app in self.apps {
            app.stop().await.map_err(|refused| format!("{refused:?}"))?;
            last = Some(app.store().clone());
        }
        let store = last.ok_or("no process")?;
        let audit = store.audit().await.map_err(|fault| fault.to_string())?;
        match audit.is_clean() {
            true => Ok(()),
            false => Err(format!("the books do not balance: {:?}", audit.findings)),
        }
    }
}

async fn process(url: &str) -> Result<App, String> {
    let store = Store::connect(url, Settings::default()).await;
    let store = store.map_err(|fault| fault.to_string())?;
    let app = App::start_at(store, None, (Ids::fresh(), PACE)).await;
    app.map_err(|refused| format!("{refused:?}"))
}

fn cart(number: u64) -> Value {
    json!({
        "redeemables": [{"object": "voucher", "id": "HOT"}],
        "order": {"source_id": format!("o-{number}"), "amount": 1_000}
    })
}

/// Nanoseconds between two redemptions.
async fn paced(place: (&str, usize), lending: &str) -> Result<f64, String> {
    const WARM: Duration = Duration::from_secs(1);
    const LONG: Duration = Duration::from_secs(5);
    let ours = json!({"lending": lending, "budget": 1_000_000_000, "currency": "EUR"});
    let served = Served::open(place, ours).await?;
    let (next, counted) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for client in &served.clients {
        for _ in 0..CALLERS {
            let (client, next, counted) = (client.clone(), next.clone(), counted.clone());
            callers.spawn(async move {
                while begun.elapsed() < WARM + LONG {
                    let cart = cart(next.fetch_add(1, Ordering::Relaxed));
                    let (status, answer) = client.post("/v1/redemptions", &cart).await?;
                    if status != StatusCode::OK {
                        return Err(format!("a redemption was refused: {answer}"));
                    }
                    let is_late = begun.elapsed() > WARM + LONG;
                    if begun.elapsed() > WARM && !is_late {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(())
            });
        }
    }
    while let Some(done) = callers.join_next().await {
        done.map_err(|error| error.to_string())??;
    }
    served.close().await?;
    let count = counted.load(Ordering::Relaxed).max(1);
    Ok(LONG.as_nanos() as f64 / count as f64)
}

/// Every second cart is validated and held first; then all are paid. How many calls there were,
/// with median and 99th percentile of their times, in nanoseconds.
async fn flash_sale(url: &str, effort: Effort) -> Result<(usize, f64, f64), String> {
    let carts: u64 = match effort.scale {
        Scale::Whole => 100_000,
        Scale::Part => 4_000,
    };
    let units = carts / 2;
    let cap = json!({"reach": "campaign", "limit": units});
    let ours = json!({"lending": "slices", "caps": [cap], "currency": "EUR"});
    let served = Served::open((url, PROCESSES), ours).await?;
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for number in 0..SHOPPERS {
        let place = usize::try_from(number).unwrap_or(0) % served.clients.len().max(1);
        let client = served.clients.get(place).ok_or("no process")?.clone();
        let next = next.clone();
        callers.spawn(async move {
            let (mut times, mut taken) = (Vec::new(), 0);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= carts {
                    return Ok::<_, String>((times, taken));
                }
                taken += u64::from(shop(&client, number, &mut times).await?);
            }
        });
    }
    let (mut times, mut taken) = (Vec::new(), 0);
    while let Some(done) = callers.join_next().await {
        let (of_caller, by_caller) = done.map_err(|error| error.to_string())??;
        times.extend(of_caller);
        taken += by_caller;
    }
    served.close().await?;
    if taken != units {
        return Err(format!("{taken} of {units} units were given"));
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(0);
    Ok((times.len(), at(50) as f64, at(99) as f64))
}

/// Whether a cart got its unit.
async fn shop(client: &Client, number: u64, times: &mut Vec<u64>) -> Result<bool, String> {
    let mut cart = cart(number);
    let mut call = async |path: &str, cart: &Value| {
        let begun = Instant::now();
        let (status, answer) = client.post(path, cart).await?;
        times.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        match status {
            StatusCode::OK => Ok(true),
            StatusCode::BAD_REQUEST => Ok(false),
            _ => Err(format!("{path}: {status}: {answer}")),
        }
    };
    if number.is_multiple_of(2) {
        if let Some(cart) = cart.as_object_mut() {
            let session = json!({"type": "LOCK", "key": format!("s-{number}")});
            cart.insert("session".into(), session);
        }
        call("/v1/validations", &cart).await?;
    }
    call("/v1/redemptions", &cart).await
}
