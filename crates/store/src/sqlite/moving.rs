//! How are all rows read at one moment, and how are those of another store added?

use ledger::Timestamp;
use rusqlite::{Connection, Row as Found, Statement, params};
use tokio::sync::mpsc::Sender;

use crate::moving::{ASIDE, Counts, Cutter, Linked, MARK, Mark, Row, Stretch, count};
use crate::numbers::{CHAINS_OF_PARTY, party_key, signed, unsigned};
use crate::{Fault, Kind, Once, ProjectId, Record, SavedTransfer};

use super::columns::{self, account_columns, transfer_columns};
use super::{disk, save};

/// Table by table: how many rows each project has.
const COUNTS: [&str; 6] = [
    "SELECT project, count(*) FROM accounts GROUP BY project",
    "SELECT project, count(*) FROM transfers GROUP BY project",
    "SELECT project, count(*) FROM records GROUP BY project",
    "SELECT project, count(*) FROM unique_links GROUP BY project",
    "SELECT project, count(*) FROM links WHERE idx <> 0 GROUP BY project",
    "SELECT project, count(*) FROM once GROUP BY project",
];

/// Accounts stand in another order here and are sorted.
const ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts WHERE project = ?1 ORDER BY 1, owner, party, period"
);

const TRANSFERS: &str = concat!(
    "SELECT ",
    transfer_columns!(),
    " FROM transfers WHERE project = ?1 ORDER BY chain, line"
);

const RECORDS: &str =
    "SELECT kind, id, version, body FROM records WHERE project = ?1 ORDER BY kind, id";

const UNIQUE: &str = "SELECT idx, key, id FROM unique_links WHERE project = ?1 ORDER BY idx, key";

const LINKS: &str = "SELECT idx, key, id FROM links WHERE project = ?1 AND idx <> 0 \
     ORDER BY key, idx, id";

const ONCE: &str = "SELECT key, fingerprint, answer, created_at FROM once WHERE project = ?1 \
     ORDER BY key";

/// How a row of each table is read.
type Read = fn(&Found<'_>) -> rusqlite::Result<Row>;

/// Begins the moment, and counts.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<Counts> {
    connection.execute_batch("BEGIN")?;
    let mut counts = Counts::new();
    for (table, select) in COUNTS.into_iter().enumerate() {
        let mut statement = connection.prepare(select)?;
        let rows = statement.query_map([], |row| {
            Ok((ProjectId(row.get(0)?), unsigned(row.get(1)?)))
        })?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        count(&mut counts, table, rows);
    }
    Ok(counts)
}

/// Reads every row of the moment. Ends early where nobody listens any more.
pub(super) fn read(
    connection: &Connection,
    projects: &[ProjectId],
    to: &Sender<Result<Stretch, Fault>>,
) {
    let mut cutter = Cutter::default();
    let tables: [(&str, Read); 6] = [
        (ACCOUNTS, account),
        (TRANSFERS, transfer),
        (RECORDS, record),
        (UNIQUE, unique),
        (LINKS, link),
        (ONCE, once),
    ];
    for project in projects {
        for (select, read) in tables {
            let table = (connection, *project);
            match read_table(table, (select, read), (&mut cutter, to)) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let _ = to.blocking_send(Err(disk(error)));
                    return;
                }
            }
        }
    }
    if let Some(last) = cutter.finish() {
        let _ = to.blocking_send(Ok(last));
    }
}

/// Whether somebody listens.
fn read_table(
    (connection, project): (&Connection, ProjectId),
    (select, read): (&str, Read),
    (cutter, to): (&mut Cutter, &Sender<Result<Stretch, Fault>>),
) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(select)?;
    for row in statement.query_map([project.0], read)? {
        if let Some(stretch) = cutter.push(project, row?)
            && to.blocking_send(Ok(stretch)).is_err()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn account(row: &Found<'_>) -> rusqlite::Result<Row> {
    Ok(Row::Account(columns::account(row)?))
}

fn transfer(row: &Found<'_>) -> rusqlite::Result<Row> {
    Ok(Row::Transfer(columns::transfer(row)?))
}

fn record(row: &Found<'_>) -> rusqlite::Result<Row> {
    let record = Record {
        id: unsigned(row.get(1)?),
        version: unsigned(row.get(2)?),
        body: row.get(3)?,
    };
    Ok(Row::Record(named(row)?, record))
}

fn unique(row: &Found<'_>) -> rusqlite::Result<Row> {
    Ok(Row::Unique(linked(row)?))
}

fn link(row: &Found<'_>) -> rusqlite::Result<Row> {
    Ok(Row::Link(linked(row)?))
}

fn linked(row: &Found<'_>) -> rusqlite::Result<Linked> {
    Ok(Linked {
        index: named(row)?,
        key: row.get(1)?,
        id: unsigned(row.get(2)?),
    })
}

/// The kind or index in the first column.
fn named<T: TryFrom<u8, Error = &'static str>>(row: &Found<'_>) -> rusqlite::Result<T> {
    let number: u8 = row.get(0)?;
    T::try_from(number).map_err(|_| columns::unknown(0)(crate::numbers::Unknown(number.into())))
}

fn once(row: &Found<'_>) -> rusqlite::Result<Row> {
    let once = Once {
        key: row.get(0)?,
        fingerprint: row.get(1)?,
        answer: row.get(2)?,
    };
    Ok(Row::Once(once, row.get(3)?))
}

/// Adds the rows of a stretch and moves the mark, in one transaction. Whether the mark was as it
/// is said to be; otherwise nothing was done.
pub(super) fn load(
    connection: &Connection,
    (stretch, mark): (&Stretch, Mark),
) -> rusqlite::Result<bool> {
    let transaction = connection.unchecked_transaction()?;
    let (kind, id) = MARK;
    let step = "UPDATE records SET version = version + 1 \
                WHERE project = ?1 AND kind = ?2 AND id = ?3 AND version = ?4";
    let mark = params![ASIDE.0, kind as u8, signed(id), signed(mark.version())];
    if transaction.execute(step, mark)? != 1 {
        return Ok(false);
    }
    let mut add = Adding::new(&transaction, stretch.project)?;
    for row in &stretch.rows {
        add.row(row)?;
    }
    drop(add);
    let records = stretch.rows.iter().filter_map(|row| match row {
        Row::Record(kind, _) => Some(((stretch.project, *kind), 1)),
        _ => None,
    });
    save::add_counts(&transaction, records)?;
    transaction.commit()?;
    Ok(true)
}

/// What adds a row of each table.
struct Adding<'a> {
    project: u32,
    account: Statement<'a>,
    transfer: Statement<'a>,
    record: Statement<'a>,
    unique: Statement<'a>,
    link: Statement<'a>,
    once: Statement<'a>,
}

impl<'a> Adding<'a> {
    fn new(connection: &'a Connection, project: ProjectId) -> rusqlite::Result<Adding<'a>> {
        Ok(Adding {
            project: project.0,
            account: connection.prepare(save::OPEN_ACCOUNT)?,
            transfer: connection.prepare(save::ADD_TRANSFER)?,
            record: connection.prepare(save::ADD_RECORD)?,
            unique: connection.prepare(save::ADD_UNIQUE)?,
            link: connection.prepare(save::LINK)?,
            once: connection.prepare(save::ADD_ONCE)?,
        })
    }

    fn row(&mut self, row: &Row) -> rusqlite::Result<()> {
        match row {
            Row::Account(account) => {
                columns::open_account(&mut self.account, self.project, account)
            }
            Row::Transfer(saved) => self.transfer(saved),
            Row::Record(kind, record) => self.record(*kind, record),
            Row::Unique(linked) => {
                let id = signed(linked.id);
                let row = params![self.project, linked.index as u8, linked.key, id];
                self.unique.execute(row).map(drop)
            }
            Row::Link(linked) => {
                let id = signed(linked.id);
                let row = params![self.project, linked.index as u8, linked.key, id];
                self.link.execute(row).map(drop)
            }
            Row::Once(once, at) => self.once(once, *at),
        }
    }

    /// With the links under which a party finds it.
    fn transfer(&mut self, saved: &SavedTransfer) -> rusqlite::Result<()> {
        columns::add_transfer(&mut self.transfer, self.project, saved)?;
        for party in saved.parties() {
            let chain = signed(saved.transfer.id.chain);
            let row = params![self.project, CHAINS_OF_PARTY, party_key(party), chain];
            self.link.execute(row)?;
        }
        Ok(())
    }

    fn record(&mut self, kind: Kind, record: &Record) -> rusqlite::Result<()> {
        let (id, version) = (signed(record.id), signed(record.version));
        let row = params![self.project, kind as u8, id, version, record.body];
        self.record.execute(row).map(drop)
    }

    fn once(&mut self, once: &Once, at: Timestamp) -> rusqlite::Result<()> {
        let row = params![self.project, once.key, once.fingerprint, once.answer, at];
        self.once.execute(row).map(drop)
    }
}
