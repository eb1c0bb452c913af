//! What can the `proffer` command do?

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use axum::http::HeaderName;
use clap::{Args, Parser, Subcommand};
use store::{Settings, Store};
use tokio::{net::TcpListener, signal::unix};

use crate::{
    app::App,
    auth::Scope,
    demo::{self, Demo},
    ids::Ids,
    jobs, moving,
    problem::Refused,
    replay, router, serving, setup, telemetry,
};

/// How long a stop waits for what was begun, where nobody says.
pub const GRACE: Duration = Duration::from_secs(10);

/// Decides which offer a shopper gets, honours it exactly once, and proves what it earned.
#[derive(Parser)]
#[command(name = "proffer", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Subcommand)]
enum Commands {
    /// Serve the API and the pages.
    Serve(Serve),
    /// Play ninety days of a simulated shop, then stay up.
    Demo(Demo),
    /// Copy the store while it is in use.
    Backup(Backup),
    /// Write everything to one file that any kind of store can be made from. The file holds what is
    /// known of people, and the secrets of the installation.
    Export(moving::Export),
    /// Bring an export into an empty store. Run again, it goes on where it stopped.
    Import(moving::Import),
    /// Make an API key; it is shown once.
    Key(Key),
    /// List the API keys by their numbers, or take one away.
    Keys(Keys),
    /// Decide again from a decision's record; fails when the answer differs, and with code 3 where
    /// its inputs were taken back.
    ReplayDecision(ReplayDecision),
}

#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    pub data: Data,
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    /// Seconds that calls have to end when the server is told to.
    #[arg(long, default_value_t = 10)]
    pub grace: u64,
    /// The header in which the proxy before the server tells who called it, as X-Real-IP or
    /// X-Forwarded-For. Only where a proxy sets it itself on every call: whoever can send it can
    /// guess codes under any address. Without it the connection's address counts.
    #[arg(long, env = "PROFFER_ADDRESS_HEADER")]
    pub address_header: Option<HeaderName>,
    /// Let webhooks lead to any address, those of this network among them, and by HTTP. Without it
    /// they lead to the public internet alone, by HTTPS.
    #[arg(long, env = "PROFFER_WEBHOOKS_ANYWHERE")]
    pub webhooks_anywhere: bool,
}

#[derive(Args)]
struct Backup {
    #[command(flatten)]
    data: Data,
    /// The file to write; it must not exist.
    #[arg(long)]
    to: PathBuf,
}

#[derive(Args)]
struct Key {
    #[command(flatten)]
    data: Data,
    /// For the sandbox instead of the live project.
    #[arg(long)]
    sandbox: bool,
    /// What the key is for.
    #[arg(long, default_value = "key")]
    name: String,
    /// What it may do; may be given several times. Everything, where it is not given.
    #[arg(long = "scope", value_parser = scope)]
    scopes: Vec<Scope>,
    /// For browsers, where anybody can read it: it may do what pages may, from listed origins.
    #[arg(long, conflicts_with = "scopes")]
    public: bool,
}

#[derive(Args)]
struct Keys {
    #[command(flatten)]
    data: Data,
    /// The number of the key to take away: whoever uses it is refused within a second.
    #[arg(long)]
    revoke: Option<u64>,
}

fn scope(name: &str) -> Result<Scope, String> {
    let names = Scope::ALL.map(Scope::name).join(", ");
    let found = Scope::ALL.into_iter().find(|scope| scope.name() == name);
    found.ok_or_else(|| format!("a scope is one of: {names}"))
}

#[derive(Args)]
struct ReplayDecision {
    #[command(flatten)]
    data: Data,
    /// `dec_…`
    id: String,
}

#[derive(Args)]
pub struct Data {
    /// The folder with the store; `serve` and `key` make it if it is missing.
    #[arg(long, default_value = "proffer-data")]
    pub data: PathBuf,
    /// A database in place of the folder, as postgres://user:password@host/name. In the
    /// environment nobody sees the password in a list of processes.
    #[arg(
        long,
        env = "PROFFER_STORE",
        hide_env_values = true,
        conflicts_with = "data"
    )]
    pub store: Option<String>,
}

impl Data {
    /// The store there is.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened, or an import into it has not ended.
    pub async fn open(&self) -> Result<Store, Refused> {
        if self.store.is_none() && !self.file().is_file() {
            let folder = self.data.display();
            return Err(Refused::Fault(format!("there is no store in {folder}")));
        }
        moving::refuse_half(self.open_any().await?).await
    }

    /// The store, made where there is none.
    ///
    /// # Errors
    /// When the folder cannot be made or the store not opened, or an import into it has not ended.
    pub async fn open_or_make(&self) -> Result<Store, Refused> {
        moving::refuse_half(self.open_to_import().await?).await
    }

    /// The same, also where an import has not ended.
    ///
    /// # Errors
    /// When the folder cannot be made or the store not opened.
    pub async fn open_to_import(&self) -> Result<Store, Refused> {
        if self.store.is_none() {
            let made = std::fs::create_dir_all(&self.data);
            made.map_err(|error| Refused::Fault(error.to_string()))?;
        }
        self.open_any().await
    }

    async fn open_any(&self) -> Result<Store, Refused> {
        match &self.store {
            Some(url) => Ok(Store::connect(url, Settings::default()).await?),
            None => Ok(Store::open(&self.file(), Settings::default())?),
        }
    }

    fn file(&self) -> PathBuf {
        self.data.join("proffer.db")
    }
}

/// What a person reads of a refusal.
#[must_use]
pub fn sentence(refused: &Refused) -> String {
    match refused {
        Refused::Fault(what) => what.clone(),
        other => format!("{other:?}"),
    }
}

/// What the process ends with after a refusal: 3 where the inputs of a decision were taken back,
/// 1 otherwise.
#[must_use]
pub fn exit_code(refused: &Refused) -> u8 {
    if refused.code() == replay::TAKEN_BACK {
        3
    } else {
        1
    }
}

/// Runs the command line.
///
/// # Errors
/// What went wrong, for a person to read.
pub async fn run(cli: Cli) -> Result<(), Refused> {
    match cli.command {
        Commands::Serve(serve) => serve_command(serve).await,
        Commands::Demo(demo) => demo::run(demo).await,
        Commands::Backup(backup) => backup_command(backup).await,
        Commands::Export(asked) => moving::export(asked).await,
        Commands::Import(asked) => moving::import(asked).await,
        Commands::Key(key) => key_command(key).await,
        Commands::Keys(keys) => keys_command(keys).await,
        Commands::ReplayDecision(asked) => replay_command(asked).await,
    }
}

async fn serve_command(serve: Serve) -> Result<(), Refused> {
    telemetry::logs();
    let metrics = telemetry::metrics().map_err(Refused::Fault)?;
    let app = App::start(
        serve.data.open_or_make().await?,
        Some(metrics),
        Ids::fresh(),
    )
    .await?;
    if let Some(header) = serve.address_header {
        app.guessing().trust(header);
    }
    if serve.webhooks_anywhere {
        app.reach_anywhere();
    }
    if app.keys().is_empty() {
        print_first_keys(&app).await?;
    }
    let listener = listen(serve.listen).await?;
    let grace = Duration::from_secs(serve.grace);
    serve_until(app, listener, (terminated(), grace)).await
}

async fn backup_command(backup: Backup) -> Result<(), Refused> {
    let store = backup.data.open().await?;
    if backup.to.symlink_metadata().is_ok() {
        let to = backup.to.display();
        return Err(Refused::Fault(format!("{to} exists already")));
    }
    Ok(store.backup(&backup.to).await?)
}

async fn key_command(key: Key) -> Result<(), Refused> {
    let app = App::start(key.data.open_or_make().await?, None, Ids::fresh()).await?;
    let project = if key.sandbox {
        setup::SANDBOX
    } else {
        setup::LIVE
    };
    let scopes = if key.scopes.is_empty() {
        Scope::ALL.to_vec()
    } else {
        key.scopes
    };
    let secret = if key.public {
        setup::new_public_key(&app, project, &key.name).await?
    } else {
        setup::new_key(&app, project, &key.name, &scopes).await?
    };
    app.stop().await?;
    println!("{secret}");
    // A folder that was mistyped is noticed; a URL may hold a password.
    match &key.data.store {
        None => eprintln!("proffer: the key is for {}", key.data.file().display()),
        Some(_) => eprintln!("proffer: the key is for the database"),
    }
    Ok(())
}

async fn keys_command(asked: Keys) -> Result<(), Refused> {
    let app = App::start(asked.data.open().await?, None, Ids::fresh()).await?;
    let listed = match asked.revoke {
        Some(number) => revoke(&app, number).await,
        None => {
            list_keys(&app);
            Ok(())
        }
    };
    app.stop().await?;
    listed
}

async fn revoke(app: &App, number: u64) -> Result<(), Refused> {
    if setup::revoke_key(app, number).await? {
        return Ok(());
    }
    Err(Refused::NotFound {
        what: "key",
        id: number.to_string(),
    })
}

fn list_keys(app: &App) {
    let keys = app.keys();
    let mut keys: Vec<_> = keys.values().collect();
    keys.sort_unstable_by_key(|key| key.id);
    for key in keys {
        let project = if key.sandbox { "sandbox" } else { "live" };
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.name()).collect();
        let may = if key.is_public {
            "public".to_owned()
        } else {
            scopes.join(",")
        };
        println!("{} {project} {} {may}", key.id, key.name);
    }
}

async fn replay_command(asked: ReplayDecision) -> Result<(), Refused> {
    let app = App::start(asked.data.open().await?, None, Ids::fresh()).await?;
    let replayed = replay::replay_named(&app, &asked.id).await;
    app.stop().await?;
    let replayed = replayed?;
    println!("recorded  {:?}", replayed.recorded);
    println!("again     {:?}", replayed.again);
    if replayed.is_equal() {
        return Ok(());
    }
    Err(Refused::Fault("the decisions differ".into()))
}

async fn print_first_keys(app: &App) -> Result<(), Refused> {
    let live = setup::new_key(app, setup::LIVE, "first", &Scope::ALL).await?;
    let sandbox = setup::new_key(app, setup::SANDBOX, "first", &Scope::ALL).await?;
    println!("live key     {live}\nsandbox key  {sandbox}\nThey are shown only now.");
    Ok(())
}

/// # Errors
/// When the address cannot be listened on.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Refused> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| Refused::Fault(format!("cannot listen on {address}: {error}")))
}

/// Serves until `stop` comes true, then answers what was begun, for as long as the grace lasts, and
/// closes the store.
///
/// # Errors
/// When the store cannot be closed.
pub async fn serve_until(
    app: App,
    listener: TcpListener,
    (stop, grace): (impl Future<Output = ()>, Duration),
) -> Result<(), Refused> {
    let store = app.store().clone();
    let jobs = tokio::spawn(jobs::run(app.clone()));
    serving::serve(listener, router::router(app.clone()), (stop, grace)).await;
    jobs.abort();
    // It is over when nothing of it can take a turn again.
    jobs.await.ok();
    for given in [jobs::give_back(&app).await, app.stop().await] {
        if let Err(refused) = given {
            tracing::warn!(?refused, "what was leased was not given back, and lapses");
        }
    }
    Ok(store.close().await?)
}

/// SIGTERM or SIGINT.
pub async fn terminated() {
    let Ok(mut term) = unix::signal(unix::SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
