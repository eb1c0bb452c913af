//! What do a million codes cost, and what does it cost to read one among very many?
//!
//! Codes are asked for over the API and made as the jobs make them, with all that each writes:
//! its voucher, its place in the index of codes and in that of its campaign. What is read is the
//! voucher of a code that nobody asked for before, over the API, too.

use std::{collections::BTreeSet, time::Instant};

use axum::http::StatusCode;
use benches::cpu::{self, Effort, Scale};
use serde_json::json;
use server::{
    actions,
    app::App,
    auth::Scope,
    client::Client,
    ids::Ids,
    router,
    setup::{self, LIVE},
};
use store::{Index, Settings, Store};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    folder::Folder,
    table::{Table, Target},
};

/// Codes of one call.
const BATCH: u64 = 1_000_000;
/// Microseconds of a code, so that a million are there within half a minute.
const MOST: f64 = 30.0;
/// Microseconds that another call waits at most, but for one in a hundred: a stretch of codes and
/// its commit, and what was in the way of those.
const WAIT: f64 = 50_000.0;
/// Calls that are made to see how long they wait.
const CALLS: usize = 1_000;
const FEW: u64 = 1_000;
/// Codes that are read in one measurement.
const READ: usize = 500;
/// What codes begin with.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    let many = effort.many(10_000_000, 100_000);
    let first = BATCH.min(many);
    let shop = runtime.block_on(Shop::open("codes-many"))?;
    let (spent, took) = runtime.block_on(shop.make(first))?;
    let name = format!("make a code, {first} in the background");
    let promise = || Target::AtMostMicros(MOST);
    table.row(&name, spent, (spent, promise()));
    table.row("… wall", took, (took, promise()));
    if effort.scale == Scale::Whole {
        let (alone, meanwhile) = runtime.block_on(shop.others())?;
        let name = "… a write of another call meanwhile: 99th percentile (wall), beside alone";
        table.row(name, meanwhile, (alone, Target::AtMostMicros(WAIT)));
    }
    let mut made = first;
    while made < many {
        runtime.block_on(shop.make(BATCH))?;
        made += BATCH;
    }
    let among_many = runtime.block_on(shop.read(effort))?;
    drop(shop);
    let shop = runtime.block_on(Shop::open("codes-few"))?;
    runtime.block_on(shop.make(FEW))?;
    let among_few = runtime.block_on(shop.read(effort))?;
    let name = format!("read a code over HTTP among {many}, beside {FEW}");
    table.row(&name, among_many, (among_few, Target::AtMostTimes(1.3)));
    Ok(())
}

/// A server in this process with one campaign, which has no codes yet.
struct Shop {
    app: App,
    client: Client,
    _folder: Folder,
}

impl Shop {
    async fn open(name: &str) -> Result<Self, String> {
        let folder = Folder::new(name)?;
        let store = Store::open(&folder.file(), Settings::default());
        let store = store.map_err(|fault| fault.to_string())?;
        let app = App::start(store, None, Ids::fresh()).await;
        let app = app.map_err(|refused| format!("{refused:?}"))?;
        let key = setup::new_key(&app, LIVE, "codes", &Scope::ALL).await;
        let key = key.map_err(|refused| format!("{refused:?}"))?;
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let routes = router::router(app.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let client = Client::new(&format!("http://{address}"), &key);
        let campaign = json!({
            "name": "Codes", "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {
                "type": "DISCOUNT_VOUCHER", "redemption": {"quantity": 1},
                "discount": {"type": "AMOUNT", "amount_off": 100}
            }
        });
        let (status, answer) = client.post("/v1/campaigns", &campaign).await?;
        if status != StatusCode::OK {
            return Err(format!("the campaign was refused: {answer}"));
        }
        Ok(Self {
            app,
            client,
            _folder: folder,
        })
    }

    /// Nanoseconds of CPU and of the wall clock for each of so many codes.
    async fn make(&self, count: u64) -> Result<(f64, f64), String> {
        let (cpu, wall) = (cpu::of_this_process(), Instant::now());
        let path = format!("/v1/campaigns/Codes/vouchers?vouchers_count={count}");
        let (status, answer) = self.client.post(&path, &json!({})).await?;
        if status != StatusCode::ACCEPTED {
            return Err(format!("the codes were refused: {answer}"));
        }
        let done = actions::work(&self.app, &[LIVE]).await;
        done.map_err(|refused| format!("{refused:?}"))?;
        let spent = cpu::of_this_process() - cpu;
        let took = wall.elapsed().as_nanos() as f64;
        Ok((spent as f64 / count as f64, took / count as f64))
    }

    /// How long calls that write wait, in nanoseconds: alone, and while codes are made. The 99th
    /// percentile of each.
    async fn others(&self) -> Result<(f64, f64), String> {
        let alone = self.late().await?;
        let path = "/v1/campaigns/Codes/vouchers?vouchers_count=1000000";
        self.client.post(path, &json!({})).await?;
        let app = self.app.clone();
        let making = tokio::spawn(async move { actions::work(&app, &[LIVE]).await });
        let meanwhile = self.late().await?;
        if making.is_finished() {
            return Err("the codes were there before others had waited".to_owned());
        }
        let made = making.await.map_err(|error| error.to_string())?;
        made.map_err(|refused| format!("{refused:?}"))?;
        Ok((alone, meanwhile))
    }

    async fn late(&self) -> Result<f64, String> {
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            let customer = json!({"source_id": "anybody", "name": "Anybody"});
            let (status, answer) = self.client.post("/v1/customers", &customer).await?;
            if status != StatusCode::OK {
                return Err(format!("a customer was refused: {answer}"));
            }
            times.push(begun.elapsed().as_nanos() as f64);
        }
        times.sort_unstable_by(f64::total_cmp);
        times
            .get(CALLS * 99 / 100)
            .copied()
            .ok_or_else(|| "no call was made".to_owned())
    }

    /// Nanoseconds of CPU of one call that reads a code.
    async fn read(&self, effort: Effort) -> Result<f64, String> {
        let mut least = f64::INFINITY;
        for round in 0..=u64::from(effort.repeats.min(5)) {
            let codes = self.some(round).await?;
            let before = cpu::of_this_process();
            for code in &codes {
                let (status, answer) = self.client.get(&format!("/v1/vouchers/{code}")).await?;
                if status != StatusCode::OK {
                    return Err(format!("{code} was not found: {answer}"));
                }
            }
            let spent = cpu::of_this_process() - before;
            // The first round only warms.
            if round > 0 {
                least = least.min(spent as f64 / codes.len() as f64);
            }
        }
        Ok(least)
    }

    /// Codes from everywhere in the index.
    async fn some(&self, round: u64) -> Result<Vec<String>, String> {
        let mut view = self
            .app
            .store()
            .view(LIVE)
            .map_err(|fault| fault.to_string())?;
        let mut codes: BTreeSet<String> = BTreeSet::new();
        let mut state = round;
        while codes.len() < READ {
            // Knuth (1997), volume 2, section 3.3.4, table 1, line 26.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let letter = |place: u32| LETTERS.get((state >> (40 + 5 * place)) as usize % 32);
            let after: Vec<u8> = (0..4).filter_map(letter).copied().collect();
            let found = view.keys(Index::VoucherCode, (&after, 1)).await;
            let found = found.map_err(|fault| fault.to_string())?;
            let texts = found.into_iter().map(|(key, _)| String::from_utf8(key));
            codes.extend(texts.filter_map(Result::ok));
        }
        Ok(codes.into_iter().collect())
    }
}
