//! What is left after the worst? Everything that was acknowledged.

use std::fs;
use std::path::Path;

use ledger::{Kind as TransferKind, Rejection};
use rusqlite::Connection;
use store::{Check, Command, Fault, Kind, Outcome, Page, Settings, Store};

use crate::generator::Generator;
use crate::support::*;

const FIRST: Page = Page {
    after: 0,
    limit: 10_000,
    newest_first: false,
};

/// What a machine finds that lost its power now: the file and its log, as they are.
fn copy_files(from: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let with = |path: &Path| format!("{}{suffix}", path.display());
        if fs::exists(with(from)).unwrap() {
            fs::copy(with(from), with(to)).unwrap();
        }
    }
}

fn records(store: &Store) -> Vec<store::Record> {
    run(store.list(SHOP, Kind::Voucher, FIRST)).unwrap()
}

fn refusal(path: &Path) -> String {
    match Store::open(path, Settings::default()) {
        Err(Fault::Disk(what)) => what,
        Err(fault) => panic!("{fault}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn acknowledged_is_durable() {
    let scratch = Scratch::new();
    let store = scratch.open("a.db");
    submit(
        &store,
        Command {
            openings: budget(1_000),
            ..command()
        },
    );
    for number in 1..=30 {
        let chain = vec![spend(number, 1, TransferKind::Direct)];
        let applied = submit(
            &store,
            Command {
                chain,
                writes: vec![put(number, "kept")],
                ..command()
            },
        );
        assert_eq!(applied, Outcome::Applied);
        if number % 10 != 0 {
            continue;
        }
        let copy = scratch.file(&format!("copy-{number}.db"));
        copy_files(&scratch.file("a.db"), &copy);
        let after = open(&copy);
        assert_eq!(records(&after).len() as u64, number);
        let budget = run(after.account(SHOP, account(BUDGET))).unwrap().unwrap();
        assert_eq!(budget.available(), Some(1_000 - number));
        assert!(run(after.audit()).unwrap().is_clean());
    }
}

#[test]
fn a_half_written_batch_never_happened() {
    let scratch = Scratch::new();
    let store = scratch.open("a.db");
    submit(
        &store,
        Command {
            writes: vec![put(1, "whole")],
            ..command()
        },
    );
    let (file, copy) = (scratch.file("a.db"), scratch.file("copy.db"));
    let log = |path: &Path| format!("{}-wal", path.display());
    let before = fs::metadata(log(&file)).unwrap().len();
    submit(
        &store,
        Command {
            writes: vec![put(2, "torn")],
            ..command()
        },
    );
    copy_files(&file, &copy);
    let whole = fs::metadata(log(&copy)).unwrap().len();
    let torn = before + (whole - before) / 2;
    fs::OpenOptions::new()
        .write(true)
        .open(log(&copy))
        .unwrap()
        .set_len(torn)
        .unwrap();
    let ids: Vec<_> = records(&open(&copy))
        .iter()
        .map(|record| record.id)
        .collect();
    assert_eq!(ids, [1]);
}

#[test]
fn closing_drains_and_opening_finds_all() {
    let scratch = Scratch::new();
    let store = scratch.open("a.db");
    let other = store.clone();
    let mut generator = Generator::new(1);
    for _ in 0..20 {
        run(store.submit_all(generator.batch())).unwrap();
    }
    let audit = run(store.audit()).unwrap();
    run(store.close()).unwrap();
    assert_eq!(run(other.submit(command())), Err(Fault::Closed));
    assert_eq!(run(scratch.open("a.db").audit()).unwrap(), audit);
}

#[test]
fn a_backup_is_one_moment_of_a_running_store() {
    let scratch = Scratch::new();
    let store = scratch.open("a.db");
    submit(
        &store,
        Command {
            openings: budget(100_000),
            ..command()
        },
    );
    let backup = scratch.file("backup.db");
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for number in 1..=100 {
                let chain = vec![spend(number, 1, TransferKind::Direct)];
                submit(
                    &store,
                    Command {
                        chain,
                        writes: vec![put(number, "x")],
                        ..command()
                    },
                );
            }
        });
        run(store.backup(&backup)).unwrap();
        run(store.backup(&backup)).unwrap();
        writing.join().unwrap();
    });
    let copy = open(&backup);
    let kept = records(&copy).len() as u64;
    let budget = run(copy.account(SHOP, account(BUDGET))).unwrap().unwrap();
    assert_eq!(budget.available(), Some(100_000 - kept));
    assert!(run(copy.audit()).unwrap().is_clean());
    submit(
        &copy,
        Command {
            writes: vec![put(1_000, "goes on")],
            ..command()
        },
    );
}

#[test]
fn a_file_that_cannot_be_trusted_is_not_opened() {
    let check = |tamper: &str, expected: &str| {
        let scratch = Scratch::new();
        let store = scratch.open("a.db");
        submit(
            &store,
            Command {
                openings: budget(100),
                ..command()
            },
        );
        run(store.close()).unwrap();
        let file = scratch.file("a.db");
        Connection::open(&file)
            .unwrap()
            .execute_batch(tamper)
            .unwrap();
        let what = refusal(&file);
        assert!(what.contains(expected), "{tamper}: {what}");
    };
    check(
        "UPDATE accounts SET credits_posted = 99 WHERE series = 1",
        "do not balance",
    );
    check("INSERT INTO migrations VALUES (99, 1)", "newer");
    check("UPDATE migrations SET hash = 1", "another text");
}

#[test]
fn sums_past_the_largest_number_still_balance() {
    let scratch = Scratch::new();
    let file = scratch.file("a.db");
    run(open(&file).close()).unwrap();
    // Three accounts on each side, each with the most that one can have.
    let tamper =
        "INSERT INTO accounts SELECT 7, 1, value, 0, 0, 0, 0, 0, 0, 0, 9223372036854775807,
             0, 0 FROM json_each('[1, 2, 3]');
         INSERT INTO accounts SELECT 7, 2, value, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 9223372036854775807 FROM json_each('[1, 2, 3]');";
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch(tamper).unwrap();
    let totals = run(open(&file).audit()).unwrap().totals;
    let most = 3 * u128::from(u64::MAX / 2);
    let both: Vec<_> = totals.values().collect();
    assert_eq!(
        (both[0].debits.posted, both[0].credits.posted),
        (most, most)
    );
    let less = "UPDATE accounts SET credits_posted = 0 WHERE series = 2 AND owner = 3";
    connection.execute_batch(less).unwrap();
    assert!(refusal(&file).contains("do not balance"));
}

#[test]
fn damage_is_found_by_reading_the_whole_file() {
    let scratch = Scratch::new();
    let file = scratch.file("a.db");
    run(open(&file).close()).unwrap();
    let connection = Connection::open(&file).unwrap();
    let ask = |select: &str| -> u32 { connection.query_row(select, [], |row| row.get(0)).unwrap() };
    let page = ask("SELECT rootpage FROM sqlite_master WHERE name = 'links'");
    let size = ask("PRAGMA page_size");
    drop(connection);
    let mut bytes = fs::read(&file).unwrap();
    let (page, size) = (page as usize, size as usize);
    bytes[(page - 1) * size..page * size].fill(0xff);
    fs::write(&file, bytes).unwrap();
    assert!(refusal(&file).contains("damaged"));
    let books_only = Settings {
        check: Check::BooksOnly,
        ..Settings::default()
    };
    assert!(Store::open(&file, books_only).is_ok());
}

#[test]
fn a_file_of_something_else_is_not_opened() {
    let scratch = Scratch::new();
    let file = scratch.file("a.db");
    fs::write(
        &file,
        "this is not a database, and long enough to be looked at",
    )
    .unwrap();
    assert!(refusal(&file).contains("not a database"));
}

#[test]
fn an_audit_finds_what_was_tampered_with() {
    let check = |tamper: &str, expected: usize| {
        let scratch = Scratch::new();
        let store = scratch.open("a.db");
        let chain = vec![spend(1, 60, TransferKind::Direct)];
        submit(
            &store,
            Command {
                openings: budget(100),
                chain,
                ..command()
            },
        );
        Connection::open(scratch.file("a.db"))
            .unwrap()
            .execute_batch(tamper)
            .unwrap();
        let findings = run(store.audit()).unwrap().findings;
        assert_eq!(findings.len(), expected, "{tamper}: {findings:?}");
    };
    check("UPDATE accounts SET debits_posted = 61 WHERE series = 1", 2);
    check(
        "UPDATE transfers SET amount = 61 WHERE chain = 1 AND line = 0",
        2,
    );
    check("DELETE FROM accounts WHERE series = 2", 2);
    check(
        "UPDATE accounts SET debits_posted = 160 WHERE series = 1",
        3,
    );
    check("UPDATE accounts SET party = party", 0);
}

#[test]
fn a_failing_disk_is_a_fault_and_the_store_lives_on() {
    let scratch = Scratch::new();
    let store = scratch.open("a.db");
    let other = Connection::open(scratch.file("a.db")).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER fails BEFORE INSERT ON records WHEN NEW.id = 13
             BEGIN SELECT raise(FAIL, 'no space'); END",
        )
        .unwrap();
    let both = |id| Command {
        openings: budget(1),
        chain: vec![spend(id, 1, TransferKind::Direct)],
        writes: vec![put(id, "x")],
        ..command()
    };
    let fault = run(store.submit(both(13))).unwrap_err();
    assert!(
        matches!(&fault, Fault::Disk(what) if what.contains("no space")),
        "{fault:?}"
    );
    assert_eq!(run(store.account(SHOP, account(BUDGET))).unwrap(), None);
    assert_eq!(submit(&store, both(14)), Outcome::Applied);
    let rejection = Rejection::LimitReached(account(BUDGET));
    assert_eq!(
        submit(&store, both(15)),
        Outcome::Rejected { line: 0, rejection }
    );
    assert!(run(store.audit()).unwrap().is_clean());
}

#[test]
fn a_command_that_changes_nothing_writes_nothing() {
    let scratch = Scratch::new();
    let store = scratch.open("a.db");
    let hold = TransferKind::Pending {
        expires_at: NOW + 10,
    };
    submit(
        &store,
        Command {
            openings: budget(100),
            chain: vec![spend(1, 1, hold)],
            ..command()
        },
    );
    let other = Connection::open(scratch.file("a.db")).unwrap();
    // Changes with every commit that writes a page.
    let version = || -> u32 {
        let select = "PRAGMA data_version";
        other.query_row(select, [], |row| row.get(0)).unwrap()
    };
    let log = || fs::read(scratch.file("a.db-wal")).unwrap();
    let at = |now| Command { now, ..command() };
    let before = (version(), log());
    for now in NOW..NOW + 10 {
        submit(&store, at(now));
    }
    assert!(before == (version(), log()));
    submit(&store, at(NOW + 10));
    let after = (version(), log());
    assert!(before.0 != after.0 && before.1 != after.1);
    submit(&store, at(NOW + 11));
    assert!(after == (version(), log()));
}
