//! How is a question answered? On the calling thread, with a connection from a pool.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ledger::{Account, AccountId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use crate::balances::{Balances, is_shared};
use crate::numbers::{CHAINS_OF_PARTY, party_key, signed, unsigned};
use crate::recent::{Look, Moment, Recent, Seen};
use crate::{
    AccountsOf, Fault, Index, Kind, Page, ProjectId, Record, SavedTransfer, TransferFilter,
};

use super::columns::{self, account_columns, transfer_columns};
use super::{disk, schema};

/// Both sides of an account's statement; no transfer is on both. The indexes are named, because
/// the planner would rather walk the whole table in the order asked for.
macro_rules! by_account {
    ($past:literal, $order:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            " FROM transfers INDEXED BY transfers_by_debit \
             WHERE project = ?1 AND debit_kind = ?2 AND debit_owner = ?3 \
             AND debit_party = 0 AND debit_period = ?5 AND chain ",
            $past,
            " UNION ALL SELECT ",
            transfer_columns!(),
            " FROM transfers INDEXED BY transfers_by_credit \
             WHERE project = ?1 AND credit_kind = ?2 AND credit_owner = ?3 \
             AND credit_party = 0 AND credit_period = ?5 AND chain ",
            $past,
            " ORDER BY ",
            $order,
            " LIMIT ?7"
        )
    };
}

/// The same for an account of a party's own, out of every chain that touches the party. Without the
/// plus the planner would read on from the first chain to the end of the table.
macro_rules! by_party {
    ($past:literal, $order:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            " FROM links CROSS JOIN transfers \
             ON transfers.project = ?1 AND transfers.chain = +links.id \
             WHERE links.project = ?1 AND links.key = ?8 AND links.idx = ?9 \
             AND (debit_kind = ?2 AND debit_owner = ?3 AND debit_party = ?4 AND debit_period = ?5 \
             OR credit_kind = ?2 AND credit_owner = ?3 AND credit_party = ?4 \
             AND credit_period = ?5) AND links.id ",
            $past,
            " ORDER BY ",
            $order,
            " LIMIT ?7"
        )
    };
}

/// Connections that read; opened when none is idle, so a question never waits for another.
pub(super) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    most_idle: usize,
    balances: Arc<Balances>,
    recent: Arc<Recent>,
}

impl Pool {
    pub(super) fn new(
        path: &Path,
        most_idle: usize,
        (balances, recent): (Arc<Balances>, Arc<Recent>),
    ) -> Pool {
        Pool {
            path: path.to_path_buf(),
            idle: Mutex::default(),
            most_idle,
            balances,
            recent,
        }
    }

    pub(super) fn look(&self, project: ProjectId) -> Look<'_> {
        self.recent.look(project)
    }

    pub(super) fn take(&self) -> rusqlite::Result<Connection> {
        match self.idle().pop() {
            Some(connection) => Ok(connection),
            None => schema::open_reader(&self.path),
        }
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < self.most_idle {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes what is idle, so that the log can be emptied.
    pub(super) fn clear(&self) {
        self.idle().clear();
    }
}

/// One connection, for one project, until it is dropped.
pub(crate) struct Reader {
    pool: Arc<Pool>,
    /// There from the first question on.
    connection: OnceCell<Connection>,
    /// Whether all questions see the moment of the first.
    is_one_moment: bool,
    project: ProjectId,
    /// Before the first question.
    moment: Moment,
}

impl Reader {
    /// A reader whose every question sees its own moment.
    pub(super) fn new(pool: &Arc<Pool>, project: ProjectId) -> Reader {
        Reader {
            pool: Arc::clone(pool),
            connection: OnceCell::new(),
            is_one_moment: false,
            project,
            moment: pool.recent.moment(),
        }
    }

    /// A reader whose questions all see the moment of the first.
    pub(super) fn at_one_moment(pool: &Arc<Pool>, project: ProjectId) -> Reader {
        let mut reader = Reader::new(pool, project);
        reader.is_one_moment = true;
        reader
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        question(self.connection()?).map_err(disk)
    }

    fn connection(&self) -> Result<&Connection, Fault> {
        if self.connection.get().is_none() {
            let connection = self.pool.take().map_err(disk)?;
            if self.is_one_moment {
                let begin = || connection.prepare_cached("BEGIN")?.execute([]);
                begin().map_err(disk)?;
            }
            // Nobody else sets it.
            let _ = self.connection.set(connection);
        }
        self.connection.get().ok_or(Fault::Closed)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let ended = connection.is_autocommit()
            || connection
                .prepare_cached("COMMIT")
                .and_then(|mut end| end.execute([]))
                .is_ok();
        if ended {
            self.pool.give_back(connection);
        }
    }
}

impl Reader {
    pub(crate) fn keep(&self, seen: Seen) {
        self.pool.recent.keep(self.project, (seen, self.moment));
    }

    pub(crate) fn get(&self, kind: Kind, id: u64) -> Result<Option<Record>, Fault> {
        let select = "SELECT id, version, body FROM records \
                      WHERE project = ?1 AND kind = ?2 AND id = ?3";
        self.one(
            select,
            params![self.project.0, kind as u8, signed(id)],
            record,
        )
    }

    pub(crate) fn list(&self, kind: Kind, page: Page) -> Result<Vec<Record>, Fault> {
        let select = match page.newest_first {
            false => {
                "SELECT id, version, body FROM records \
                 WHERE project = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4"
            }
            true => {
                "SELECT id, version, body FROM records \
                 WHERE project = ?1 AND kind = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4"
            }
        };
        let row = params![self.project.0, kind as u8, page.start(), page.limit];
        self.all(select, row, record)
    }

    pub(crate) fn ids(&self, kind: Kind, page: Page) -> Result<Vec<u64>, Fault> {
        let select = match page.newest_first {
            false => {
                "SELECT id FROM records \
                 WHERE project = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4"
            }
            true => {
                "SELECT id FROM records \
                 WHERE project = ?1 AND kind = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4"
            }
        };
        let row = params![self.project.0, kind as u8, page.start(), page.limit];
        self.all(select, row, id)
    }

    pub(crate) fn count_records(&self, kind: Kind) -> Result<u64, Fault> {
        let select = "SELECT records FROM counts WHERE project = ?1 AND kind = ?2";
        let count = self.one(select, params![self.project.0, kind as u8], id)?;
        Ok(count.unwrap_or(0))
    }

    pub(crate) fn unique(&self, index: Index, key: &[u8]) -> Result<Option<u64>, Fault> {
        let select = "SELECT id FROM unique_links WHERE project = ?1 AND idx = ?2 AND key = ?3";
        self.one(select, params![self.project.0, index as u8, key], id)
    }

    pub(crate) fn find(&self, index: Index, key: &[u8], page: Page) -> Result<Vec<u64>, Fault> {
        let select = match (index.is_unique(), page.newest_first) {
            (false, false) => {
                "SELECT id FROM links WHERE project = ?1 AND idx = ?2 AND key = ?3 AND id > ?4 \
                 ORDER BY id LIMIT ?5"
            }
            (false, true) => {
                "SELECT id FROM links WHERE project = ?1 AND idx = ?2 AND key = ?3 AND id < ?4 \
                 ORDER BY id DESC LIMIT ?5"
            }
            (true, false) => {
                "SELECT id FROM unique_links \
                 WHERE project = ?1 AND idx = ?2 AND key = ?3 AND id > ?4 LIMIT ?5"
            }
            (true, true) => {
                "SELECT id FROM unique_links \
                 WHERE project = ?1 AND idx = ?2 AND key = ?3 AND id < ?4 LIMIT ?5"
            }
        };
        let row = params![self.project.0, index as u8, key, page.start(), page.limit];
        self.all(select, row, id)
    }

    pub(crate) fn keys(
        &self,
        index: Index,
        after: &[u8],
        limit: u32,
    ) -> Result<Vec<(Vec<u8>, u64)>, Fault> {
        let select = "SELECT id, key FROM unique_links \
                      WHERE project = ?1 AND idx = ?2 AND key > ?3 ORDER BY key LIMIT ?4";
        let row = params![self.project.0, index as u8, after, limit];
        self.all(select, row, |row| Ok((row.get(1)?, id(row)?)))
    }

    pub(crate) fn count(&self, index: Index, key: &[u8]) -> Result<u64, Fault> {
        let select = match index.is_unique() {
            true => {
                "SELECT count(*) FROM unique_links WHERE project = ?1 AND idx = ?2 AND key = ?3"
            }
            false => "SELECT count(*) FROM links WHERE project = ?1 AND idx = ?2 AND key = ?3",
        };
        let count = self.one(select, params![self.project.0, index as u8, key], id)?;
        Ok(count.unwrap_or(0))
    }

    pub(crate) fn account(&self, id: AccountId) -> Result<Option<Account>, Fault> {
        let select = concat!(
            "SELECT ",
            account_columns!(),
            " FROM accounts WHERE project = ?1 AND series = ?2 AND owner = ?3 AND party = ?4 \
             AND period = ?5 AND hundred = ?6"
        );
        let (owner, party) = (signed(id.owner), signed(id.party));
        let (series, hundred) = columns::places(id.kind);
        let row = params![self.project.0, series, owner, party, id.window, hundred];
        self.one(select, row, columns::account)
    }

    /// Out of memory, or read anew where they are not kept: the moment of this reader may be older
    /// than what is kept of shared accounts.
    pub(crate) fn balances(&self, ids: &[AccountId]) -> Result<Vec<Option<Account>>, Fault> {
        let (kept, moment) = self.pool.balances.find(self.project, ids);
        let mut anew: Option<Reader> = None;
        let mut read = Vec::new();
        let mut found = Vec::with_capacity(ids.len());
        for (id, kept) in ids.iter().zip(kept) {
            found.push(match kept {
                Some(account) => account,
                None if !is_shared(*id) => self.own_account(*id)?,
                None => {
                    let reader = anew.get_or_insert_with(|| Reader::new(&self.pool, self.project));
                    let account = reader.account(*id)?;
                    read.push((*id, account));
                    account
                }
            });
        }
        if !read.is_empty() {
            self.pool.balances.keep(self.project, (&read, moment));
        }
        Ok(found)
    }

    /// An account that a party has to itself.
    fn own_account(&self, id: AccountId) -> Result<Option<Account>, Fault> {
        if let Some(account) = self.pool.look(self.project).account(id) {
            return Ok(account);
        }
        let account = self.account(id)?;
        self.keep(Seen {
            accounts: vec![(id, account)],
            ..Seen::default()
        });
        Ok(account)
    }

    pub(crate) fn has_overdue(&self, now: Timestamp) -> Result<bool, Fault> {
        let select = "SELECT 1 FROM transfers INDEXED BY transfers_due \
                      WHERE project = ?1 AND state = 0 AND expires_at <= ?2 LIMIT 1";
        let found = self.one(select, params![self.project.0, now], |_| Ok(()))?;
        Ok(found.is_some())
    }

    pub(crate) fn accounts_of(&self, asked: AccountsOf) -> Result<Vec<Account>, Fault> {
        let select = concat!(
            "SELECT ",
            account_columns!(),
            " FROM accounts WHERE project = ?1 AND series = ?2 AND owner = ?3 \
             AND (party, period) > (?4, ?5) AND hundred = ?6 ORDER BY party, period LIMIT ?7"
        );
        let own = AccountId {
            kind: asked.kind,
            owner: asked.owner,
            party: 0,
            window: 0,
        };
        let (party, window) = match asked.after {
            Some(after) if after >= own => (signed(after.party), i64::from(after.window)),
            Some(_) | None => (0, -1),
        };
        let (project, owner) = (self.project.0, signed(asked.owner));
        let (series, hundred) = columns::places(asked.kind);
        let row = params![project, series, owner, party, window, hundred, asked.limit];
        self.all(select, row, columns::account)
    }

    pub(crate) fn transfers(
        &self,
        filter: TransferFilter,
        page: Page,
    ) -> Result<Vec<SavedTransfer>, Fault> {
        match filter {
            TransferFilter::Chain(chain) if page.limit > 0 && page.is_past(chain) => {
                self.lines_of(filter, chain)
            }
            TransferFilter::Chain(_) => Ok(Vec::new()),
            TransferFilter::Account(account) => self.statement(account, page),
        }
    }

    fn statement(&self, account: AccountId, page: Page) -> Result<Vec<SavedTransfer>, Fault> {
        let (kind, owner, party) = (account.kind, signed(account.owner), signed(account.party));
        let (project, window, after) = (self.project.0, account.window, page.start());
        let limit = page.limit;
        let shared = params![project, kind, owner, party, window, after, limit];
        let (key, index) = (party_key(account.party), CHAINS_OF_PARTY);
        let own = params![
            project, kind, owner, party, window, after, limit, key, index
        ];
        let (select, row) = match (account.party, page.newest_first) {
            (0, false) => (by_account!("> ?6", "chain, line"), shared),
            (0, true) => (by_account!("< ?6", "chain DESC, line DESC"), shared),
            (_, false) => (by_party!("> ?6", "links.id, line"), own),
            (_, true) => (by_party!("< ?6", "links.id DESC, line DESC"), own),
        };
        let mut found = self.all(select, row, columns::transfer)?;
        // The last chain is read whole, so that the next page can begin after it.
        let last = found.last().map(|saved| saved.transfer.id.chain);
        if let Some(chain) = last
            && found.len() == page.limit as usize
        {
            found.retain(|saved| saved.transfer.id.chain != chain);
            found.extend(self.lines_of(TransferFilter::Account(account), chain)?);
        }
        if page.newest_first {
            found.sort_by_key(|SavedTransfer { transfer, .. }| {
                (Reverse(transfer.id.chain), transfer.id.line)
            });
        }
        Ok(found)
    }

    /// The lines of one chain that the filter lets through.
    fn lines_of(&self, filter: TransferFilter, chain: u64) -> Result<Vec<SavedTransfer>, Fault> {
        let select = concat!(
            "SELECT ",
            transfer_columns!(),
            " FROM transfers WHERE project = ?1 AND chain = ?2 ORDER BY line"
        );
        let mut lines = self.all(
            select,
            params![self.project.0, signed(chain)],
            columns::transfer,
        )?;
        if let TransferFilter::Account(account) = filter {
            lines.retain(|saved| {
                saved.transfer.debit == account || saved.transfer.credit == account
            });
        }
        Ok(lines)
    }

    fn one<T>(
        &self,
        select: &str,
        row: &[&dyn ToSql],
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Fault> {
        self.ask(|connection| {
            connection
                .prepare_cached(select)?
                .query_row(row, read)
                .optional()
        })
    }

    fn all<T>(
        &self,
        select: &str,
        row: &[&dyn ToSql],
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Fault> {
        self.ask(|connection| {
            connection
                .prepare_cached(select)?
                .query_map(row, read)?
                .collect()
        })
    }
}

fn id(row: &Row<'_>) -> rusqlite::Result<u64> {
    Ok(unsigned(row.get(0)?))
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        id: unsigned(row.get(0)?),
        version: unsigned(row.get(1)?),
        body: row.get(2)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each step of the plan reads what is asked for, in its order, and nothing is sorted.
    #[test]
    fn a_statement_reads_its_own_rows_only() {
        let connection = Connection::open_in_memory().unwrap();
        for text in schema::MIGRATIONS {
            connection.execute_batch(text).unwrap();
        }
        let check = |select: &str, expected: [&str; 2]| {
            let explain = format!("EXPLAIN QUERY PLAN {select}");
            let mut statement = connection.prepare(&explain).unwrap();
            let row = vec![1; statement.parameter_count()];
            let params = rusqlite::params_from_iter(row);
            let steps = statement.query_map(params, |row| row.get(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            let searches: Vec<_> = steps
                .iter()
                .filter_map(|step| step.strip_prefix("SEARCH "))
                .collect();
            assert_eq!(searches, expected);
            assert!(!steps.iter().any(|step| step.contains("TEMP")), "{steps:?}");
        };
        let links = "links USING PRIMARY KEY (project=? AND key=? AND idx=? AND id";
        let chain = "transfers USING PRIMARY KEY (project=? AND chain=?)";
        let (later, earlier) = (format!("{links}>?)"), format!("{links}<?)"));
        check(by_party!("> ?6", "links.id, line"), [&later, chain]);
        check(
            by_party!("< ?6", "links.id DESC, line DESC"),
            [&earlier, chain],
        );
        let side = |side: &str, past: &str| {
            format!(
                "transfers USING INDEX transfers_by_{side} (project=? AND {side}_kind=? \
                 AND {side}_owner=? AND {side}_period=? AND chain{past}?)"
            )
        };
        let later = [side("debit", ">"), side("credit", ">")];
        check(by_account!("> ?6", "chain, line"), [&later[0], &later[1]]);
    }
}
