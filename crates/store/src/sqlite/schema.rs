//! Which tables are there, and is the file one that this version can serve?
//!
//! Migrations are numbered files that are applied once each, in order, and never edited: the
//! hash of each is kept in the file and compared when it is opened.

use std::path::Path;

use ledger::Account;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::audit::{Auditor, Sides};
use crate::hash::fnv1a;
use crate::numbers::signed;
use crate::{Check, Fault, ProjectId};

use super::columns::{self, account_columns, transfer_columns};
use super::{WAL_PAGES, disk};

/// Every migration, the first first.
pub(super) const MIGRATIONS: [&str; 1] = [include_str!(
    "../../migrations/sqlite/0001_books_records_links.sql"
)];

/// Opens the connection that writes, and brings the file up to date and checks it.
pub(super) fn open(path: &Path, wanted: Check) -> Result<Connection, Fault> {
    let mut connection = Connection::open(path).map_err(disk)?;
    set_up_writer(&connection).map_err(disk)?;
    migrate(&mut connection)?;
    match wanted {
        Check::Quick => check_file(&connection)?,
        Check::BooksOnly => {}
    }
    check_books(&connection)?;
    Ok(connection)
}

pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // The file is not mapped: after every commit of the writer SQLite would unmap and map it anew,
    // and each page read would be a fault, which costs more than copying the page.
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8192; PRAGMA mmap_size = 0;",
    )?;
    connection.set_prepared_statement_cache_capacity(32);
    keep_plans(&connection)?;
    Ok(connection)
}

fn set_up_writer(connection: &Connection) -> rusqlite::Result<()> {
    // A small cache: whenever a tree was balanced, a commit walks over all that is cached, and what
    // is read again and again is little.
    // The log is kept at its size and written over, which is much cheaper to sync than a log
    // that grows. What is deleted is written over with zeros, also on pages that become free:
    // what somebody took back must not be readable in the file.
    connection.execute_batch(&format!(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;
         PRAGMA wal_autocheckpoint = {WAL_PAGES}; PRAGMA secure_delete = ON;",
    ))?;
    connection.set_prepared_statement_cache_capacity(64);
    keep_plans(connection)
}

/// A statement is planned once, whatever is bound to it. Otherwise SQLite looks whether a value
/// allows a partial index, and plans anew with each other value.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    let keep = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    connection.set_db_config(keep, true).map(|_| ())
}

fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    // Taken before looking, so that of two processes that start at once one migrates.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(disk)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, hash INTEGER)",
        )
        .map_err(disk)?;
    let newest: Option<u32> = transaction
        .query_row("SELECT max(number) FROM migrations", [], |row| row.get(0))
        .map_err(disk)?;
    if let Some(newest) = newest.filter(|newest| *newest as usize > MIGRATIONS.len()) {
        let known = MIGRATIONS.len();
        return Err(Fault::Disk(format!(
            "schema {newest} is newer than {known}, the last known"
        )));
    }
    for (number, text) in (1_u32..).zip(MIGRATIONS) {
        apply(&transaction, number, text)?;
    }
    transaction.commit().map_err(disk)
}

fn apply(connection: &Connection, number: u32, text: &str) -> Result<(), Fault> {
    let hash = signed(fnv1a(text.bytes()));
    let applied: Option<i64> = connection
        .query_row(
            "SELECT hash FROM migrations WHERE number = ?1",
            [number],
            |row| row.get(0),
        )
        .optional()
        .map_err(disk)?;
    match applied {
        Some(applied) if applied == hash => Ok(()),
        Some(_) => Err(Fault::Disk(format!(
            "migration {number} was applied as another text"
        ))),
        None => {
            connection.execute_batch(text).map_err(disk)?;
            let insert = "INSERT INTO migrations (number, hash) VALUES (?1, ?2)";
            connection
                .execute(insert, params![number, hash])
                .map_err(disk)?;
            Ok(())
        }
    }
}

/// Reads the whole file, which takes as long as the disk takes.
fn check_file(connection: &Connection) -> Result<(), Fault> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(disk)?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(Fault::Disk(format!("the file is damaged: {verdict}"))),
    }
}

/// Reads the accounts, row by row, and keeps their sums only.
fn check_books(connection: &Connection) -> Result<(), Fault> {
    let mut sides = Sides::default();
    let add = |project, account| sides.account(project, &account);
    each_account(connection, add).map_err(disk)?;
    match sides.unbalanced().first() {
        None => Ok(()),
        Some(finding) => Err(Fault::Disk(format!(
            "the books do not balance: {finding:?}"
        ))),
    }
}

pub(super) fn each_account(
    connection: &Connection,
    mut look: impl FnMut(ProjectId, Account),
) -> rusqlite::Result<()> {
    let select = concat!("SELECT ", account_columns!(), ", project FROM accounts");
    let mut statement = connection.prepare(select)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        look(ProjectId(row.get(11)?), columns::account(row)?);
    }
    Ok(())
}

pub(super) fn each_transfer(
    connection: &Connection,
    auditor: &mut Auditor,
) -> rusqlite::Result<()> {
    let select = concat!("SELECT ", transfer_columns!(), ", project FROM transfers");
    let mut statement = connection.prepare(select)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        auditor.transfer(ProjectId(row.get(18)?), &columns::transfer(row)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_waits_for_the_disk() {
        let path = std::env::temp_dir().join(format!("store-schema-{}.db", std::process::id()));
        let connection = open(&path, Check::Quick).unwrap();
        let setting = |name: &str| -> String {
            let select = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            connection.query_row(&select, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(setting("journal_mode"), "wal");
        assert_eq!(setting("synchronous"), "2", "FULL");
        assert_eq!(setting("foreign_keys"), "0");
        assert_eq!(setting("secure_delete"), "1", "ON");
        drop(connection);
        std::fs::remove_file(path).unwrap();
    }
}
