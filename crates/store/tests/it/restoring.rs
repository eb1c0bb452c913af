//! Can a database be had back? As it was when it was dumped, and as it was at a time that somebody
//! names, with PostgreSQL's own tools, as the page for operators says.

use std::fs;
use std::path::Path;
use std::process::Command as Process;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use cluster::{Tools, free_port, give, succeed};
use store::moving::export;
use store::{Command, Outcome, Settings, Store};

use crate::generator::Generator;
use crate::support::*;

fn exported(store: &Store, to: &Path) -> Vec<u8> {
    run(export(store, (to, NOW), &mut |_| {})).unwrap();
    fs::read(to).unwrap()
}

#[test]
fn a_dump_brings_back_what_there_was() {
    let (Some(from), Some(into)) = (database(), database()) else {
        return;
    };
    let (tools, scratch) = (Tools::find().unwrap(), Scratch::new());
    let store = connect(&from, Settings::default());
    let mut generator = Generator::new(500);
    for _ in 0..20 {
        run(store.submit_all(generator.batch())).unwrap();
    }
    let before = exported(&store, &scratch.file("before"));
    let dump = scratch.file("proffer.dump");
    let mut pg_dump = tools.client("pg_dump");
    pg_dump.args(["--format=custom", "--no-owner", "--file"]);
    succeed(pg_dump.arg(&dump).arg(from.url())).unwrap();
    let after = Command {
        writes: vec![put(9, "too late")],
        ..command()
    };
    assert_eq!(submit(&store, after), Outcome::Applied);
    let mut pg_restore = tools.client("pg_restore");
    pg_restore.args([
        "--no-owner",
        "--exit-on-error",
        "--single-transaction",
        "--dbname",
    ]);
    succeed(pg_restore.arg(into.url()).arg(&dump)).unwrap();
    let restored = connect(&into, Settings::default());
    assert!(exported(&restored, &scratch.file("after")) == before);
    assert!(run(restored.audit()).unwrap().is_clean());
}

/// A cluster that archives its log, and goes away with its test.
struct Archiving {
    scratch: Scratch,
    tools: Tools,
    port: u16,
}

impl Archiving {
    fn new(tools: Tools) -> Archiving {
        let (scratch, port) = (Scratch::new(), free_port().unwrap());
        let cluster = Archiving {
            scratch,
            tools,
            port,
        };
        for folder in ["", "data", "archive"] {
            let folder = cluster.scratch.file(folder);
            fs::create_dir_all(&folder).unwrap();
            give(&folder).unwrap();
        }
        let initdb = "-A trust -U proffer -E UTF8 --locale=C --no-sync -D";
        let data = cluster.scratch.file("data");
        let mut make = cluster.tools.server("initdb");
        succeed(make.args(initdb.split(' ')).arg(data)).unwrap();
        cluster.start("data");
        cluster
    }

    fn start(&self, data: &str) {
        let archive = self.scratch.file("archive");
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={} \
             -c archive_mode=on -c archive_command='test ! -f {archive}/%f && cp %p {archive}/%f'",
            self.port,
            self.scratch.file("").display(),
            archive = archive.display(),
        );
        let data = self.scratch.file(data);
        let mut start = self.tools.server("pg_ctl");
        start.args(["start", "--wait", "-o", &options, "-l"]);
        succeed(start.arg(data.join("log")).arg("-D").arg(&data)).unwrap();
    }

    fn stop(&self, data: &str) {
        let mut stop = self.tools.server("pg_ctl");
        stop.args(["stop", "-m", "fast", "-D"]);
        succeed(stop.arg(self.scratch.file(data))).unwrap();
    }

    fn url(&self) -> String {
        format!("postgres://proffer@127.0.0.1:{}/postgres", self.port)
    }

    /// When it can be written to: while it recovers it cannot.
    fn opened(&self) -> Store {
        for _ in 0..300 {
            match run(Store::connect(&self.url(), Settings::default())) {
                Ok(store) => return store,
                Err(_) => sleep(Duration::from_millis(100)),
            }
        }
        panic!("it does not come up");
    }

    /// A copy to begin from, while it serves.
    fn base_backup(&self) {
        let mut copy = self.tools.server("pg_basebackup");
        copy.args(["--checkpoint=fast", "--dbname", &self.url(), "-D"]);
        succeed(copy.arg(self.scratch.file("base"))).unwrap();
    }

    /// Starts the copy, which replays the archived log up to a time.
    fn recover(&self, until: &str) {
        let base = self.scratch.file("base");
        let archive = self.scratch.file("archive");
        let settings = format!(
            "restore_command = 'cp {}/%f %p'\nrecovery_target_time = '{until}'\n\
             recovery_target_action = 'promote'\n",
            archive.display()
        );
        let file = base.join("postgresql.auto.conf");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(&file, before + &settings).unwrap();
        let signal = base.join("recovery.signal");
        fs::write(&signal, "").unwrap();
        give(&signal).unwrap();
        self.start("base");
    }
}

impl Drop for Archiving {
    fn drop(&mut self) {
        for data in ["data", "base"] {
            let mut stop = self.tools.server("pg_ctl");
            stop.args(["stop", "-m", "immediate", "-D"]);
            let _ = stop.arg(self.scratch.file(data)).output();
        }
    }
}

#[test]
#[ignore = "starts a cluster of its own three times; run with the slow tests"]
fn a_database_is_had_back_as_it_was_at_a_time() {
    let Some(tools) = cluster::installed().unwrap() else {
        return;
    };
    let cluster = Archiving::new(tools);
    let store = cluster.opened();
    let mut generator = Generator::new(510);
    let mut batch = || run(store.submit_all(generator.batch())).unwrap();
    for _ in 0..10 {
        batch();
    }
    cluster.base_backup();
    for _ in 0..10 {
        batch();
    }
    let before = exported(&store, &cluster.scratch.file("before"));
    sleep(Duration::from_millis(1_500));
    let until = now();
    sleep(Duration::from_millis(1_500));
    let mistake = Command {
        writes: vec![put(9, "a mistake")],
        ..command()
    };
    assert_eq!(submit(&store, mistake), Outcome::Applied);
    drop(store);
    cluster.stop("data");
    cluster.recover(&until);
    let restored = cluster.opened();
    assert!(exported(&restored, &cluster.scratch.file("after")) == before);
    assert!(run(restored.audit()).unwrap().is_clean());
    // It serves again, and what was done since the time is gone.
    let again = Command {
        writes: vec![put(9, "in its place")],
        ..command()
    };
    assert_eq!(submit(&restored, again), Outcome::Applied);
    let record = run(restored.get(SHOP, store::Kind::Voucher, 9)).unwrap();
    assert_eq!(record.unwrap().version, 1);
}

/// As PostgreSQL reads it.
fn now() -> String {
    let seconds = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let date = Process::new("date")
        .args(["-u", "-d", &format!("@{seconds}"), "+%Y-%m-%d %H:%M:%S+00"])
        .output()
        .unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}
