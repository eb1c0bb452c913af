//! How are the changes of a batch written? Each changed row once, table by table.

use std::collections::BTreeMap;

use ledger::PendingState;
use rusqlite::{Connection, params};

use crate::batch::{Change, Rows, Seen};
use crate::books::Books;
use crate::numbers::{CHAINS_OF_PARTY, party_key, signed, state_number};
use crate::{Kind, ProjectId};

use super::columns::{self, transfer_columns};

pub(super) const ADD_TRANSFER: &str = concat!(
    "INSERT INTO transfers (project, ",
    transfer_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
     ?18, ?19)"
);

pub(super) const OPEN_ACCOUNT: &str = "INSERT INTO accounts \
     (project, series, owner, party, period, hundred, \
     debits_pending, debits_posted, credits_pending, credits_posted, \
     asset, asset_detail, limited) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

pub(super) const ADD_RECORD: &str =
    "INSERT INTO records (project, kind, id, version, body) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const ADD_UNIQUE: &str =
    "INSERT INTO unique_links (project, idx, key, id) VALUES (?1, ?2, ?3, ?4)";

pub(super) const ADD_ONCE: &str =
    "INSERT INTO once (project, key, fingerprint, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const LINK: &str = "INSERT INTO links (project, idx, key, id) VALUES (?1, ?2, ?3, ?4) \
                    ON CONFLICT (project, key, idx, id) DO NOTHING";

pub(super) fn save(connection: &Connection, rows: &Rows<'_>) -> rusqlite::Result<()> {
    for (project, books) in &rows.books {
        save_books(connection, *project, books)?;
        save_parties(connection, *project, books)?;
    }
    save_records(connection, rows)?;
    save_unique(connection, rows)?;
    save_links(connection, rows)?;
    save_once(connection, rows)
}

fn save_books(connection: &Connection, project: ProjectId, books: &Books) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(ADD_TRANSFER)?;
    for saved in books.added_transfers() {
        columns::add_transfer(&mut statement, project.0, &saved)?;
    }
    let end = "UPDATE transfers SET state = ?4 WHERE project = ?1 AND chain = ?2 AND line = ?3";
    let mut statement = connection.prepare_cached(end)?;
    for (id, state) in books.ended_holds() {
        debug_assert_ne!(state, PendingState::Open);
        statement.execute(params![
            project.0,
            signed(id.chain),
            id.line,
            state_number(state)
        ])?;
    }
    let change = "UPDATE accounts SET debits_pending = ?7, debits_posted = ?8, \
                  credits_pending = ?9, credits_posted = ?10 \
                  WHERE project = ?1 AND series = ?2 AND owner = ?3 AND party = ?4 \
                  AND period = ?5 AND hundred = ?6";
    let mut open = connection.prepare_cached(OPEN_ACCOUNT)?;
    let mut change = connection.prepare_cached(change)?;
    for account in books.changed_accounts() {
        match books.is_new(account.id) {
            true => columns::open_account(&mut open, project.0, account)?,
            false => columns::change_account(&mut change, project.0, account)?,
        }
    }
    Ok(())
}

/// Under whom the new transfers are found.
fn save_parties(
    connection: &Connection,
    project: ProjectId,
    books: &Books,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(LINK)?;
    for (party, chain) in books.added_parties() {
        let row = params![project.0, CHAINS_OF_PARTY, party_key(party), signed(chain)];
        statement.execute(row)?;
    }
    Ok(())
}

fn save_records(connection: &Connection, rows: &Rows<'_>) -> rusqlite::Result<()> {
    let update = "UPDATE records SET version = ?4, body = ?5 \
                  WHERE project = ?1 AND kind = ?2 AND id = ?3";
    let delete = "DELETE FROM records WHERE project = ?1 AND kind = ?2 AND id = ?3";
    let mut add = connection.prepare_cached(ADD_RECORD)?;
    let mut update = connection.prepare_cached(update)?;
    let mut delete = connection.prepare_cached(delete)?;
    let mut more: BTreeMap<(ProjectId, Kind), i64> = BTreeMap::new();
    for ((project, kind, id), cell) in &rows.records {
        let key = (project.0, *kind as u8, signed(*id));
        match cell.change {
            Change::None => continue,
            Change::Put(body) => {
                let statement = if cell.saved == 0 {
                    &mut add
                } else {
                    &mut update
                };
                statement.execute(params![key.0, key.1, key.2, signed(cell.version), body])?
            }
            Change::Deleted => delete.execute(params![key.0, key.1, key.2])?,
        };
        let change = i64::from(cell.version > 0) - i64::from(cell.saved > 0);
        *more.entry((*project, *kind)).or_default() += change;
    }
    add_counts(connection, more)
}

/// How many more records there are of each kind.
pub(super) fn add_counts(
    connection: &Connection,
    more: impl IntoIterator<Item = ((ProjectId, Kind), i64)>,
) -> rusqlite::Result<()> {
    let add = "INSERT INTO counts (project, kind, records) VALUES (?1, ?2, ?3) \
               ON CONFLICT (project, kind) DO UPDATE SET records = records + excluded.records";
    let mut statement = connection.prepare_cached(add)?;
    for ((project, kind), change) in more.into_iter().filter(|(_, change)| *change != 0) {
        statement.execute(params![project.0, kind as u8, change])?;
    }
    Ok(())
}

fn save_unique(connection: &Connection, rows: &Rows<'_>) -> rusqlite::Result<()> {
    let update = "UPDATE unique_links SET id = ?4 WHERE project = ?1 AND idx = ?2 AND key = ?3";
    let delete = "DELETE FROM unique_links WHERE project = ?1 AND idx = ?2 AND key = ?3";
    let mut add = connection.prepare_cached(ADD_UNIQUE)?;
    let mut update = connection.prepare_cached(update)?;
    let mut delete = connection.prepare_cached(delete)?;
    for ((project, index, key), pointer) in &rows.unique {
        match pointer.id {
            id if id == pointer.saved => 0,
            Some(id) => {
                let statement = match pointer.saved {
                    None => &mut add,
                    Some(_) => &mut update,
                };
                statement.execute(params![project.0, *index as u8, key, signed(id)])?
            }
            None => delete.execute(params![project.0, *index as u8, key])?,
        };
    }
    Ok(())
}

fn save_links(connection: &Connection, rows: &Rows<'_>) -> rusqlite::Result<()> {
    let remove = "DELETE FROM links WHERE project = ?1 AND idx = ?2 AND key = ?3 AND id = ?4";
    let mut add = connection.prepare_cached(LINK)?;
    let mut remove = connection.prepare_cached(remove)?;
    for ((project, key, index, id), linked) in &rows.links {
        let statement = if *linked { &mut add } else { &mut remove };
        statement.execute(params![project.0, *index as u8, key, signed(*id)])?;
    }
    Ok(())
}

fn save_once(connection: &Connection, rows: &Rows<'_>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(ADD_ONCE)?;
    for ((project, key), seen) in &rows.once {
        if let Seen::Now { once, at } = seen {
            statement.execute(params![project.0, key, once.fingerprint, once.answer, at])?;
        }
    }
    Ok(())
}
