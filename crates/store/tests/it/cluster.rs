//! Where does a test find PostgreSQL? In a cluster of its own that all tests of a checkout share.
//!
//! Whoever comes first makes it, in the system's folder for temporary files, with the binaries of
//! `PATH` or of Debian's package. Each test makes a database there and drops it. Every process that
//! uses the cluster holds a lock; a shell beside it looks every few seconds whether somebody does,
//! and stops and removes it otherwise.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls};

use crate::support::run;

/// Fails where PostgreSQL is absent; otherwise its tests are passed over.
const NEEDED: &str = "PROFFER_NEEDS_POSTGRES";

/// A database that goes away with its test.
pub struct Database {
    name: String,
}

impl Database {
    /// None where PostgreSQL is absent.
    pub fn new() -> Option<Database> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        CLUSTER.as_ref()?;
        administer(&format!("CREATE DATABASE {name}"));
        Some(Database { name })
    }

    pub fn url(&self) -> String {
        url(&self.name)
    }

    pub fn client(&self) -> Client {
        client(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        administer(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn administer(text: &str) {
    run(client("postgres").batch_execute(text)).unwrap();
}

fn url(name: &str) -> String {
    let port = CLUSTER.as_ref().unwrap().port;
    format!("postgres://proffer@127.0.0.1:{port}/{name}")
}

fn client(name: &str) -> Client {
    run(async {
        let (client, connection) = tokio_postgres::connect(&url(name), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    })
}

static CLUSTER: LazyLock<Option<Cluster>> = LazyLock::new(|| {
    let Some(binaries) = binaries() else {
        let needed = std::env::var_os(NEEDED).is_some();
        assert!(!needed, "{NEEDED} is set and PostgreSQL is not installed");
        eprintln!("PostgreSQL is not installed: what needs it is not tested");
        return None;
    };
    Some(Cluster::join(&binaries))
});

struct Cluster {
    port: u16,
    /// Held as long as the process lives.
    _user: File,
}

impl Cluster {
    fn join(binaries: &Path) -> Cluster {
        let folder = folder();
        fs::create_dir_all(&folder).unwrap();
        let making = File::create(folder.join("making")).unwrap();
        making.lock().unwrap();
        // Waits where it is just being stopped.
        let user = File::create(folder.join("users")).unwrap();
        user.lock_shared().unwrap();
        if !folder.join("port").exists() {
            make(&folder, binaries);
        }
        let port = fs::read_to_string(folder.join("port")).unwrap();
        Cluster {
            port: port.trim().parse().unwrap(),
            _user: user,
        }
    }
}

fn make(folder: &Path, binaries: &Path) {
    let data = folder.join("data");
    let _ = fs::remove_dir_all(&data);
    fs::create_dir(&data).unwrap();
    if is_root() {
        succeed(Command::new("chown").arg("postgres").arg(&data));
    }
    let tool = |name: &str| as_somebody(&binaries.join(name));
    let initdb = "-A trust -U proffer -E UTF8 --locale=C --no-sync -D";
    succeed(tool("initdb").args(initdb.split(' ')).arg(&data));
    let port = free_port();
    let options = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} \
         -c fsync=on -c synchronous_commit=on -c max_connections=300 -c deadlock_timeout=200ms",
        data.display()
    );
    let mut start = tool("pg_ctl");
    start.args(["start", "--wait", "-o", &options, "-l"]);
    succeed(start.arg(data.join("log")).arg("-D").arg(&data));
    fs::write(folder.join("port"), port.to_string()).unwrap();
    watch(folder, tool("pg_ctl").arg("-D").arg(&data));
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Nobody waits for it, and it outlives whoever began it.
fn watch(folder: &Path, pg_ctl: &Command) {
    let words = [pg_ctl.get_program()].into_iter().chain(pg_ctl.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let stop = format!(
        "rm -f port; {} stop -m immediate; rm -rf data",
        words.join(" ")
    );
    let script = format!("while sleep 5; do flock -n users sh -c '{stop}' && exit; done");
    let mut watch = Command::new("sh");
    watch.args(["-c", "setsid sh -c \"$0\" &", &script]);
    succeed(watch.current_dir(folder));
}

/// One for each checkout and user.
fn folder() -> PathBuf {
    let checkout = env!("CARGO_MANIFEST_DIR").replace(['/', '\\'], "-");
    let user = if is_root() { "root" } else { "user" };
    std::env::temp_dir().join(format!("proffer-postgres{checkout}-{user}"))
}

pub fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<_> = debian.flatten().map(|entry| entry.path()).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|path| path.join("bin")));
    let whole = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("pg_ctl").exists();
    folders.into_iter().find(whole)
}

/// PostgreSQL refuses to run as root.
pub fn as_somebody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command.current_dir("/");
    command
}

pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

pub fn succeed(command: &mut Command) {
    let status = quiet(command).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// Whoever listens to a test would wait for the cluster's end otherwise.
fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}
