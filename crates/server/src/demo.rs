//! What does it look like when it runs? A fresh shop, ninety days of simulated shoppers through the
//! public API, and then the pages, the keys and three calls to try.

mod play;
mod shelf;

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use simulation::{Settings, Shop};
use store::{Kind, Write};

use crate::{
    app::App,
    auth::Scope,
    cli::{self, Data},
    client::Client,
    clock,
    ids::Ids,
    pages,
    problem::Refused,
    setting::TRUTH,
    setup::{self, SANDBOX},
    telemetry,
};

const DAY_MS: i64 = simulation::DAY_MS;

#[derive(Args, Clone)]
pub struct Demo {
    /// The folder for the demo's store; a new one in the system's temporary folder by default.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// An empty database in place of the folder, as postgres://user:password@host/name. It is not
    /// read from the environment, so that nobody plays a demo where a shop is served from.
    #[arg(long, conflicts_with = "data")]
    pub store: Option<String>,
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    #[arg(long, default_value_t = 5_000)]
    pub shoppers: u32,
    #[arg(long, default_value_t = 90)]
    pub days: u32,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Stop when the days are played, instead of staying up.
    #[arg(long)]
    pub exit: bool,
}

/// Plays the days and stays up.
///
/// # Errors
/// What went wrong, for a person to read.
pub async fn run(demo: Demo) -> Result<(), Refused> {
    let metrics = telemetry::metrics().map_err(Refused::Fault)?;
    let data = Data {
        data: demo.data.clone().unwrap_or_else(fresh_folder),
        store: demo.store.clone(),
    };
    // Numbered ids, so that the same seed puts the same shoppers into the same arms.
    let app = App::start(data.open_or_make().await?, Some(metrics), Ids::counting()).await?;
    if !app.keys().is_empty() {
        let needed = "the demo needs an empty store, and this one has keys already";
        return Err(Refused::Fault(needed.into()));
    }
    let key = setup::new_key(&app, SANDBOX, "demo", &Scope::ALL).await?;
    let listener = cli::listen(demo.listen).await?;
    let address = listener.local_addr();
    let address = address.map_err(|error| Refused::Fault(error.to_string()))?;
    let url = format!("http://{address}");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until = async move {
        stopped.await.ok();
    };
    let served = tokio::spawn(cli::serve_until(app.clone(), listener, (until, cli::GRACE)));
    let client = Client::new(&url, &key);
    let played = play(&app, &client, &demo).await;
    if let (Ok(()), false) = (&played, demo.exit) {
        say_goodbye(
            &pages::sign_in_link(&app).await,
            &Spoken {
                url: &url,
                key: &key,
                data: &data,
            },
        );
        cli::terminated().await;
    }
    stop.send(()).ok();
    let served = served
        .await
        .map_err(|error| Refused::Fault(error.to_string()))?;
    played.map_err(Refused::Fault).and(served)
}

fn fresh_folder() -> PathBuf {
    std::env::temp_dir().join(format!("proffer-demo-{}", clock::wall()))
}

/// The days end at the last midnight, so that what follows happens after them.
async fn play(app: &App, client: &Client, demo: &Demo) -> Result<(), String> {
    let midnight = clock::wall() - clock::wall().rem_euclid(DAY_MS);
    let start = midnight - i64::from(demo.days) * DAY_MS;
    let settings = Settings {
        seed: demo.seed,
        shoppers: demo.shoppers,
        start,
    };
    let mut days = play::Days::new(client.clone(), Shop::new(settings), start);
    days.set_up().await?;
    let mut bar = Bar::new(demo.days);
    for _ in 0..demo.days {
        days.play_one().await?;
        bar.advance(days.visits());
    }
    keep_truth(app, days.truth(), midnight)
        .await
        .map_err(|refused| format!("{refused:?}"))
}

async fn keep_truth(app: &App, truth: i64, as_of: i64) -> Result<(), Refused> {
    let body = serde_json::json!({"true_incremental_profit": truth, "as_of": as_of});
    let put = Write::Put {
        kind: Kind::Setting,
        id: TRUTH,
        body: body.to_string().into_bytes(),
    };
    app.store()
        .submit(setup::writes(SANDBOX, vec![put]))
        .await?;
    Ok(())
}

/// A line that fills up as the days go by.
struct Bar {
    days: u32,
    done: u32,
}

impl Bar {
    const WIDTH: u32 = 40;

    fn new(days: u32) -> Self {
        Self {
            days: days.max(1),
            done: 0,
        }
    }

    fn advance(&mut self, visits: u64) {
        use std::io::Write as _;
        self.done += 1;
        let filled = (Self::WIDTH * self.done / self.days) as usize;
        let empty = Self::WIDTH as usize - filled;
        let (full, rest) = ("█".repeat(filled), "░".repeat(empty));
        eprint!(
            "\r{full}{rest} day {}/{}, {visits} visits ",
            self.done, self.days
        );
        if self.done == self.days {
            eprintln!();
        }
        std::io::stderr().flush().ok();
    }
}

struct Spoken<'a> {
    url: &'a str,
    key: &'a str,
    data: &'a Data,
}

fn say_goodbye(link: &str, spoken: &Spoken<'_>) {
    let Spoken { url, key, data } = spoken;
    // A URL may hold a password.
    let store = match data.store {
        None => data.data.display().to_string(),
        Some(_) => "the database".to_owned(),
    };
    println!(
        "
Open      {url}{link}
          (good for one sign-in; afterwards sign in with the key at {url}/sign-in)
Key       {key}
Store     {store}

Try:
  curl -s {url}/v1/experiments/programme/readout -H 'authorization: Bearer {key}'
  curl -s {url}/v1/decisions -H 'authorization: Bearer {key}' -H 'content-type: application/json' \\
       -d '{{\"customer\": {{\"source_id\": \"shopper-7\"}}, \"order\": {{\"amount\": 6500}}}}'
  curl -s {url}/v1/wallets/shopper-7 -H 'authorization: Bearer {key}'

Ctrl-C ends it."
    );
}
