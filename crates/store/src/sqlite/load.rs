//! Which rows does a batch touch, and how do they stand?
//!
//! Everything is read inside the transaction that will save it, so nothing can change between.

use ledger::{AccountId, Limit, Timestamp};
use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::batch::{Cell, Pointer, Rows, Seen};
use crate::books::Books;
use crate::numbers::{signed, unsigned};
use crate::wanted::{Wanted, records_of, unique_key, wanted};
use crate::{Command, ProjectId, SavedTransfer};

use super::columns::{self, account_columns, transfer_columns};
use super::newest::Newest;

const SELECT_ACCOUNT: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts WHERE project = ?1 AND series = ?2 AND owner = ?3 AND party = ?4 \
     AND period = ?5 AND hundred = ?6"
);

/// Open holds of one side of an account whose time has come, the oldest first.
macro_rules! overdue {
    ($index:literal, $side:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            " FROM transfers ",
            $index,
            " WHERE project = ?1 AND state = 0 AND ",
            $side,
            "_kind = ?2 AND ",
            $side,
            "_owner = ?3 AND ",
            $side,
            "_party = ?4 AND ",
            $side,
            "_period = ?5 AND expires_at <= ?6 ORDER BY expires_at"
        )
    };
}

pub(super) fn load<'a>(
    connection: &Connection,
    commands: &[&'a Command],
    (expiries, newest): (u32, &mut Newest),
) -> rusqlite::Result<Rows<'a>> {
    let mut rows = Rows::default();
    load_once(connection, commands, &mut rows)?;
    load_versions(connection, (commands, newest), &mut rows)?;
    load_unique(connection, commands, &mut rows)?;
    for (project, wanted) in wanted(commands) {
        let books = load_books(connection, project, (wanted, expiries, newest))?;
        rows.books.insert(project, books);
    }
    Ok(rows)
}

fn load_once<'a>(
    connection: &Connection,
    commands: &[&'a Command],
    rows: &mut Rows<'a>,
) -> rusqlite::Result<()> {
    let select = "SELECT fingerprint, answer FROM once WHERE project = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(select)?;
    for command in commands {
        let Some(once) = &command.once else { continue };
        let row = params![command.project.0, once.key];
        let seen = statement
            .query_row(row, |row| {
                Ok(Seen::Before {
                    fingerprint: row.get(0)?,
                    answer: row.get(1)?,
                })
            })
            .optional()?;
        rows.once
            .insert((command.project, once.key), seen.unwrap_or(Seen::Never));
    }
    Ok(())
}

fn load_versions<'a>(
    connection: &Connection,
    (commands, newest): (&[&'a Command], &mut Newest),
    rows: &mut Rows<'a>,
) -> rusqlite::Result<()> {
    let select = "SELECT version FROM records WHERE project = ?1 AND kind = ?2 AND id = ?3";
    let mut statement = connection.prepare_cached(select)?;
    for command in commands {
        for (kind, id) in records_of(command) {
            let key = (command.project, kind, id);
            if rows.records.contains_key(&key) {
                continue;
            }
            let place = ((command.project, kind), signed(id));
            let version = match newest.is_new_record(connection, place)? {
                true => None,
                false => {
                    let row = params![command.project.0, kind as u8, signed(id)];
                    statement.query_row(row, |row| row.get(0)).optional()?
                }
            };
            rows.records
                .insert(key, Cell::saved(version.map_or(0, unsigned)));
        }
    }
    for (project, kind, id) in rows.records.keys() {
        newest.raise_record((*project, *kind), signed(*id));
    }
    Ok(())
}

fn load_unique<'a>(
    connection: &Connection,
    commands: &[&'a Command],
    rows: &mut Rows<'a>,
) -> rusqlite::Result<()> {
    let select = "SELECT id FROM unique_links WHERE project = ?1 AND idx = ?2 AND key = ?3";
    let mut statement = connection.prepare_cached(select)?;
    for command in commands {
        for (index, key) in command.writes.iter().filter_map(unique_key) {
            let row = params![command.project.0, index as u8, key];
            let id = statement.query_row(row, |row| row.get(0)).optional()?;
            let pointer = Pointer::saved(id.map(unsigned));
            rows.unique.insert((command.project, index, key), pointer);
        }
    }
    Ok(())
}

fn load_books(
    connection: &Connection,
    project: ProjectId,
    (mut wanted, expiries, newest): (Wanted, u32, &mut Newest),
) -> rusqlite::Result<Books> {
    let mut books = Books::default();
    load_due(connection, project, (&mut wanted, expiries), &mut books)?;
    load_chains(connection, project, (&mut wanted, newest), &mut books)?;
    let mut select = connection.prepare_cached(SELECT_ACCOUNT)?;
    for id in &wanted.accounts {
        load_account(&mut select, (project, *id), &mut books)?;
    }
    Ok(books)
}

fn load_account(
    select: &mut Statement<'_>,
    (project, id): (ProjectId, AccountId),
    books: &mut Books,
) -> rusqlite::Result<()> {
    let (owner, party) = (signed(id.owner), signed(id.party));
    let (series, hundred) = columns::places(id.kind);
    let row = params![project.0, series, owner, party, id.window, hundred];
    if let Some(account) = select.query_row(row, columns::account).optional()? {
        books.load_account(account);
    }
    Ok(())
}

/// Some of what is overdue, the oldest first; the rest is left to the batches that follow.
fn load_due(
    connection: &Connection,
    project: ProjectId,
    (wanted, expiries): (&mut Wanted, u32),
    books: &mut Books,
) -> rusqlite::Result<()> {
    let due = concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers INDEXED BY transfers_due \
         WHERE project = ?1 AND state = 0 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(due)?;
    let row = params![project.0, wanted.until, expiries];
    for saved in statement.query_map(row, columns::transfer)? {
        let saved = saved?;
        wanted
            .accounts
            .extend([saved.transfer.debit, saved.transfer.credit]);
        books.load_transfer(&saved);
    }
    Ok(())
}

fn load_chains(
    connection: &Connection,
    project: ProjectId,
    (wanted, newest): (&mut Wanted, &mut Newest),
    books: &mut Books,
) -> rusqlite::Result<()> {
    let select = concat!(
        "SELECT ",
        transfer_columns!(),
        " FROM transfers WHERE project = ?1 AND chain = ?2"
    );
    let mut statement = connection.prepare_cached(select)?;
    for chain in wanted.chains.iter().map(|chain| signed(*chain)) {
        if newest.is_new_chain(connection, (project, chain))? {
            continue;
        }
        for saved in statement.query_map(params![project.0, chain], columns::transfer)? {
            let saved = saved?;
            // Whoever ends a hold moves its accounts.
            wanted
                .accounts
                .extend([saved.transfer.debit, saved.transfer.credit]);
            books.load_transfer(&saved);
        }
    }
    for chain in &wanted.chains {
        newest.raise_chain(project, signed(*chain));
    }
    Ok(())
}

/// Overdue holds that take of an account's limit and are not loaded yet, the oldest first, with
/// their accounts; how many.
pub(super) fn load_overdue(
    connection: &Connection,
    books: &mut Books,
    ((project, id, now), expiries): ((ProjectId, AccountId, Timestamp), u32),
) -> rusqlite::Result<usize> {
    let select = match books.account(id).map(|account| account.limit) {
        None | Some(Limit::None) => return Ok(0),
        Some(Limit::DebitsWithinCredits) => overdue!("INDEXED BY open_holds_by_debit", "debit"),
        // None of the chart's accounts is limited so: no index is kept for them.
        Some(Limit::CreditsWithinDebits) => overdue!("INDEXED BY transfers_due", "credit"),
    };
    let mut statement = connection.prepare_cached(select)?;
    let (owner, party) = (signed(id.owner), signed(id.party));
    let row = params![project.0, id.kind, owner, party, id.window, now];
    let found = statement.query_map(row, columns::transfer)?;
    let is_new = |saved: &SavedTransfer| !books.has_hold(saved.transfer.id);
    let new = found.filter(|saved| saved.as_ref().map_or(true, is_new));
    let new: Vec<SavedTransfer> = new.take(expiries as usize).collect::<Result<_, _>>()?;
    let mut select = connection.prepare_cached(SELECT_ACCOUNT)?;
    for saved in &new {
        for id in [saved.transfer.debit, saved.transfer.credit] {
            // Those that are there may have changed since they were read.
            if books.account(id).is_none() {
                load_account(&mut select, (project, id), books)?;
            }
        }
        books.load_transfer(saved);
    }
    Ok(new.len())
}
