//! Who is driven? Real server processes on a fresh store with a shop in it.

use std::{fs, net::TcpListener, sync::Arc};

use benches::{
    database::{Database, length_of},
    process::Process,
    shop,
    site::Site,
};
use serde_json::json;
use server::{app::App, client::Client, ids::Ids};

use crate::{
    drive::Target,
    gauges::Gauges,
    lines::Lines,
    mix::Asked,
    options::{Engine, Options, Setting},
};

/// So that neither one budget nor one code is what all wait for.
const CAMPAIGNS: usize = 20;
const CODES_EACH: usize = 10;
/// More than can be spent, in cents.
const BUDGET: u64 = 1_000_000_000_000;

pub struct Servers<'a> {
    pub target: Arc<Target>,
    processes: Vec<Process>,
    site: Arc<Site>,
    /// Where the store is, when it is not in the site's folder.
    database: Option<&'a Database>,
}

impl<'a> Servers<'a> {
    /// # Errors
    /// When one does not come up or the shop cannot be made.
    pub async fn start(
        setting: Setting,
        options: &Options,
        database: Option<&'a Database>,
    ) -> Result<Self, String> {
        let database = database.filter(|_| setting.engine == Engine::Postgres);
        let address = match database {
            Some(database) => Some(database.for_run(setting.processes as u64)?),
            None => None,
        };
        // There is no proxy between.
        let addresses = address.map(|address| (address.clone(), address));
        let mut site = Site::new(&format!("load-{setting}"), addresses)?;
        site.faketime = None;
        fill(&site, options.customers).await?;
        let key = site.new_key()?;
        let site = Arc::new(site);
        let (processes, addresses) = start_all(&site, setting.processes, &key).await?;
        let base = addresses.first().map(|address| format!("http://{address}"));
        let client = Client::new(&base.unwrap_or_default(), &key);
        let asked = Asked {
            codes: make_codes(&client).await?,
            customers: options.customers,
            key,
        };
        let target = Target::new(Lines::new(addresses), asked, options.seed);
        Ok(Self {
            target: Arc::new(target),
            processes,
            site,
            database,
        })
    }

    pub fn gauges(&self) -> Gauges {
        let ids: Vec<u32> = self.processes.iter().filter_map(Process::id).collect();
        Gauges::of(&ids)
    }

    /// Bytes of the store.
    pub fn stored(&self) -> u64 {
        let of_folder = || length_of(&self.site.folder);
        let size = self.database.map(Database::size);
        size.unwrap_or_else(|| Some(of_folder())).unwrap_or(0)
    }

    /// Ends them as an operator would, and takes everything away.
    ///
    /// # Errors
    /// When one of them ended by itself, or does not end.
    pub async fn stop(mut self) -> Result<(), String> {
        for process in &mut self.processes {
            if let Some(status) = process.ended() {
                let log = fs::read_to_string(self.site.log(0)).unwrap_or_default();
                return Err(format!("a server ended by itself: {status}: {log}"));
            }
            process.stop().await?;
        }
        Ok(())
    }
}

impl Drop for Servers<'_> {
    fn drop(&mut self) {
        for process in &mut self.processes {
            process.kill();
        }
        self.site.clear();
    }
}

async fn fill(site: &Site, customers: u64) -> Result<(), String> {
    let store = site.open().await?;
    let fill = async {
        let app = App::start(store.clone(), None, Ids::fresh()).await?;
        shop::open(&app, customers).await?;
        app.stop().await
    };
    let filled = fill.await;
    filled.map_err(|refused| server::cli::sentence(&refused))?;
    store.close().await.map_err(|fault| fault.to_string())
}

async fn start_all(
    site: &Arc<Site>,
    count: usize,
    key: &str,
) -> Result<(Vec<Process>, Vec<String>), String> {
    // Held together, so that no port is given twice.
    let held: Result<Vec<TcpListener>, _> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect();
    let held = held.map_err(|error| error.to_string())?;
    let addresses: Result<Vec<_>, _> = held.iter().map(TcpListener::local_addr).collect();
    let addresses = addresses.map_err(|error| error.to_string())?;
    drop(held);
    let mut processes = Vec::new();
    for (number, address) in addresses.iter().enumerate() {
        let client = Client::new(&format!("http://{address}"), key);
        let mut process = Process::new(site.clone(), number, (address.port(), client));
        process.start().await?;
        processes.push(process);
    }
    let addresses = addresses.iter().map(ToString::to_string).collect();
    Ok((processes, addresses))
}

/// Codes that may be used without end.
async fn make_codes(client: &Client) -> Result<Vec<String>, String> {
    let mut codes = Vec::new();
    for number in 0..CAMPAIGNS {
        let campaign = json!({
            "name": format!("codes-{number}"),
            "campaign_type": "DISCOUNT_COUPONS",
            "voucher": {
                "type": "DISCOUNT_VOUCHER",
                "discount": { "type": "AMOUNT", "amount_off": 100 },
                "redemption": { "quantity": null }
            },
            "proffer": { "budget": BUDGET, "currency": "EUR" }
        });
        made(client.post("/v1/campaigns", &campaign).await?)?;
        for place in 0..CODES_EACH {
            let code = format!("LOAD-{number}-{place}");
            let path = format!("/v1/campaigns/codes-{number}/vouchers/{code}");
            made(client.post(&path, &json!({})).await?)?;
            codes.push(code);
        }
    }
    Ok(codes)
}

fn made((status, body): server::client::Answer) -> Result<(), String> {
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("the shop's codes: {status}: {body}")),
    }
}
