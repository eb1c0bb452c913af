//! Where does the replay happen? A server of our own over a fresh store, called over HTTP with a
//! sandbox key, so that the past is judged by its own clock.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use benches::database::Database;
use rustix::time::{ClockId, clock_gettime};
use server::{
    app::App,
    auth::Scope,
    cli,
    client::{Answer, Client},
    ids::Ids,
    setup,
};
use store::{Settings, Store};
use tokio::{runtime, sync::oneshot, task::JoinHandle};

/// A running server, and a caller on a thread of its own.
pub struct Shop {
    pub client: Client,
    pub store: Store,
    /// Runs the calls on this thread, so that their time can be told from the server's.
    pub calls: runtime::Runtime,
    server: Option<runtime::Runtime>,
    serving: Option<JoinHandle<()>>,
    stop: Option<oneshot::Sender<()>>,
    /// Dropped after the server.
    _place: Place,
}

/// Where the store is, which goes with it.
pub enum Place {
    Folder(PathBuf),
    Cluster(Database),
}

impl Place {
    /// One for SQLite.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn folder() -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("proffer-replay-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self::Folder(folder))
    }

    /// One for PostgreSQL.
    ///
    /// # Errors
    /// When that is not installed, or does not start.
    pub fn cluster() -> Result<Self, String> {
        Database::of_our_own().map(Self::Cluster)
    }

    async fn open(&self) -> Result<Store, String> {
        let settings = Settings::default();
        let opened = match self {
            Self::Folder(folder) => Store::open(&folder.join("proffer.db"), settings),
            Self::Cluster(database) => Store::connect(&database.for_run(1)?, settings).await,
        };
        opened.map_err(|fault| fault.to_string())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Folder(folder) = self {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Shop {
    /// # Errors
    /// When the store cannot be opened or the server not started.
    pub fn open(place: Place) -> Result<Self, String> {
        let server = runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let calls = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let (stop, stopped) = oneshot::channel();
        let store = server.block_on(place.open())?;
        let (client, serving) = server.block_on(serve(store.clone(), stopped))?;
        Ok(Self {
            client,
            store,
            calls,
            server: Some(server),
            serving: Some(serving),
            stop: Some(stop),
            _place: place,
        })
    }
}

async fn serve(
    store: Store,
    stopped: oneshot::Receiver<()>,
) -> Result<(Client, JoinHandle<()>), String> {
    let told = |refused| format!("{refused:?}");
    let app = App::start(store, None, Ids::fresh()).await.map_err(told)?;
    let key = setup::new_key(&app, setup::SANDBOX, "replay", &Scope::ALL)
        .await
        .map_err(told)?;
    let any_port = ([127, 0, 0, 1], 0).into();
    let listener = cli::listen(any_port).await.map_err(told)?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let client = Client::new(&format!("http://{address}"), &key);
    let serving = tokio::spawn(async move {
        let stop = async { stopped.await.unwrap_or(()) };
        if let Err(refused) = cli::serve_until(app, listener, (stop, cli::GRACE)).await {
            eprintln!("replay: the server stopped: {refused:?}");
        }
    });
    Ok((client, serving))
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let (Some(server), Some(serving)) = (self.server.take(), self.serving.take()) {
            let limit = Duration::from_secs(2);
            let _ = server.block_on(async { tokio::time::timeout(limit, serving).await });
            server.shutdown_timeout(limit);
        }
    }
}

/// The body of an answer that had to be 200.
///
/// # Errors
/// With what was answered instead.
pub fn ok(what: &str, answer: Answer) -> Result<serde_json::Value, String> {
    let (status, body) = answer;
    if status.as_u16() == 200 {
        return Ok(body);
    }
    Err(format!("{what}: {status} {body}"))
}

/// Measures a stretch of work.
pub struct Stopwatch {
    wall: Instant,
    process: u64,
    thread: u64,
}

/// Seconds.
pub struct Spent {
    pub wall: f64,
    /// CPU of all threads but the caller's: handlers, store and disk.
    pub server: f64,
    /// CPU of this thread: reading files, making requests, checking answers.
    pub caller: f64,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self {
            wall: Instant::now(),
            process: nanos(ClockId::ProcessCPUTime),
            thread: nanos(ClockId::ThreadCPUTime),
        }
    }

    pub fn read(&self) -> Spent {
        let process = nanos(ClockId::ProcessCPUTime).saturating_sub(self.process);
        let thread = nanos(ClockId::ThreadCPUTime).saturating_sub(self.thread);
        Spent {
            wall: self.wall.elapsed().as_secs_f64(),
            server: process.saturating_sub(thread) as f64 / 1e9,
            caller: thread as f64 / 1e9,
        }
    }
}

fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}
