//! What the tests share: engines to run against, a scratch folder, short ways to say commands.

use std::any::Any;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use cluster::Database;
use ledger::{
    AccountId, Asset, Code, Currency, Kind as TransferKind, Limit, Minor, Opening, Timestamp,
    Transfer, TransferId,
};
use store::{Command, Index, Kind, Once, Outcome, ProjectId, Settings, Store, Write};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

pub const SHOP: ProjectId = ProjectId(7);
pub const EUR: Asset = Asset::Currency(Currency(*b"EUR"));
pub const NOW: Timestamp = 1_000_000;

/// What a store was connected on has to outlive it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

pub fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// A store that reaches its database by a proxy, which is told the database's address and where to
/// listen.
pub fn behind<F: Future<Output = ()> + Send + 'static>(
    database: &Database,
    proxy: impl FnOnce(String, TcpListener) -> F,
) -> Store {
    let (_, place) = database.url().split_once('@').unwrap();
    let (address, name) = place.split_once('/').unwrap();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(proxy(address.to_owned(), listener));
        let url = format!("postgres://proffer@127.0.0.1:{port}/{name}");
        Store::connect(&url, Settings::default()).await.unwrap()
    })
}

/// A folder that goes away with its test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("store-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn open(&self, name: &str) -> Store {
        open(&self.file(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn open(path: &Path) -> Store {
    Store::open(path, Settings::default()).unwrap()
}

/// Runs the same test on every engine.
pub fn on_each_engine(test: impl Fn(&Store)) {
    test(&Store::memory());
    for kept in on_disk(Settings::default()) {
        test(&kept.store);
    }
}

/// An empty store that goes away with its test.
pub struct Kept {
    pub store: Store,
    pub name: &'static str,
    /// Dropped after the store.
    _place: Box<dyn Any>,
}

/// One of each engine that keeps its rows on a disk and is there.
pub fn on_disk(settings: Settings) -> Vec<Kept> {
    let postgres = database().map(|database| Kept {
        store: connect(&database, settings),
        name: "PostgreSQL",
        _place: Box::new(database),
    });
    [sqlite(settings)].into_iter().chain(postgres).collect()
}

pub fn sqlite(settings: Settings) -> Kept {
    let scratch = Scratch::new();
    Kept {
        store: Store::open(&scratch.file("each.db"), settings).unwrap(),
        name: "SQLite",
        _place: Box::new(scratch),
    }
}

/// None where PostgreSQL is absent.
pub fn database() -> Option<Database> {
    Database::new().unwrap()
}

pub fn connect(database: &Database, settings: Settings) -> Store {
    run(Store::connect(database.url(), settings)).unwrap()
}

/// Somebody else on the same database.
pub fn client(database: &Database) -> Client {
    run(async {
        let (client, connection) = tokio_postgres::connect(database.url(), NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client
    })
}

pub fn command() -> Command {
    Command {
        project: SHOP,
        now: NOW,
        once: None,
        expects: Vec::new(),
        openings: Vec::new(),
        chain: Vec::new(),
        writes: Vec::new(),
    }
}

pub fn submit(store: &Store, command: Command) -> Outcome {
    run(store.submit(command)).unwrap()
}

pub fn put(id: u64, body: &str) -> Write {
    Write::Put {
        kind: Kind::Voucher,
        id,
        body: body.into(),
    }
}

pub fn delete(id: u64) -> Write {
    Write::Delete {
        kind: Kind::Voucher,
        id,
    }
}

pub fn link(index: Index, key: &str, id: u64) -> Write {
    Write::Link {
        index,
        key: key.into(),
        id,
    }
}

pub fn unlink(index: Index, key: &str, id: u64) -> Write {
    Write::Unlink {
        index,
        key: key.into(),
        id,
    }
}

pub fn once(key: u8, fingerprint: u8, answer: &str) -> Option<Once> {
    Some(Once {
        key: [key; 16],
        fingerprint: [fingerprint; 16],
        answer: answer.into(),
    })
}

pub fn account(kind: u16) -> AccountId {
    AccountId {
        kind,
        owner: 5,
        party: 0,
        window: 0,
    }
}

/// A budget that may not go below zero, with something in it, and what it is spent on.
pub const BUDGET: u16 = 1;
pub const SPENT: u16 = 2;

pub fn budget(amount: Minor) -> Vec<Opening> {
    let funding = Some((amount, account(9), Code(1)));
    let limit = Limit::DebitsWithinCredits;
    vec![
        Opening {
            id: account(BUDGET),
            asset: EUR,
            limit,
            funding,
        },
        Opening {
            id: account(SPENT),
            asset: EUR,
            limit: Limit::None,
            funding: None,
        },
    ]
}

pub fn spend(chain: u64, amount: Minor, kind: TransferKind) -> Transfer {
    Transfer {
        id: TransferId { chain, line: 0 },
        debit: account(BUDGET),
        credit: account(SPENT),
        amount,
        code: Code(2),
        kind,
    }
}

pub fn held(chain: u64) -> TransferId {
    TransferId { chain, line: 0 }
}
