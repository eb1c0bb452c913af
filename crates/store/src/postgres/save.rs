//! How are the changes of a batch written? Each changed row once, table by table, all sent at once
//! with the commit behind them.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Error;
use tokio_postgres::types::ToSql;

use crate::batch::{Change, Rows, Seen};
use crate::numbers::{CHAINS_OF_PARTY, party_key, signed, state_number};
use crate::{Command, Kind, ProjectId};

use super::columns::{
    Columns, account_change, account_columns, account_row, transfer_columns, transfer_row,
};
use super::connection::{Connection, Param};

pub(super) const ADD_TRANSFERS: &str = concat!(
    "INSERT INTO transfers (project, ",
    transfer_columns!(""),
    ") SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], \
     $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], \
     $11::BIGINT[], $12::BIGINT[], $13::BIGINT[], $14::BIGINT[], $15::BIGINT[], \
     $16::BIGINT[], $17::BIGINT[], $18::BIGINT[], $19::BIGINT[])"
);

const END_HOLDS: &str = "UPDATE transfers SET state = ended.state \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[]) \
     AS ended (project, chain, line, state) WHERE transfers.project = ended.project \
     AND transfers.chain = ended.chain AND transfers.line = ended.line";

pub(super) const OPEN_ACCOUNTS: &str = concat!(
    "INSERT INTO accounts (project, ",
    account_columns!(""),
    ") SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], \
     $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], \
     $11::BIGINT[], $12::BIGINT[])"
);

const CHANGE_ACCOUNTS: &str = "UPDATE accounts SET debits_pending = changed.a, \
     debits_posted = changed.b, credits_pending = changed.c, credits_posted = changed.d \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], \
     $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[]) \
     AS changed (project, kind, owner, party, period, a, b, c, d) \
     WHERE accounts.project = changed.project AND accounts.kind = changed.kind \
     AND accounts.owner = changed.owner AND accounts.party = changed.party \
     AND accounts.period = changed.period";

pub(super) const ADD_LINKS: &str = "INSERT INTO links (project, idx, id, key) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[]) \
     ON CONFLICT DO NOTHING";

const REMOVE_LINKS: &str = "DELETE FROM links \
     USING unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[]) \
     AS removed (project, idx, id, key) WHERE links.project = removed.project \
     AND links.idx = removed.idx AND links.id = removed.id AND links.key = removed.key";

pub(super) const ADD_RECORDS: &str = "INSERT INTO records (project, kind, id, version, body) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BYTEA[])";

const CHANGE_RECORDS: &str = "UPDATE records SET version = changed.version, body = changed.body \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BYTEA[]) \
     AS changed (project, kind, id, version, body) WHERE records.project = changed.project \
     AND records.kind = changed.kind AND records.id = changed.id";

const DELETE_RECORDS: &str = "DELETE FROM records \
     USING unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[]) AS deleted (project, kind, id) \
     WHERE records.project = deleted.project AND records.kind = deleted.kind \
     AND records.id = deleted.id";

/// A sum, not a value: whoever adds does not have to know what is there.
pub(super) const ADD_COUNTS: &str = "INSERT INTO counts (project, kind, slot, records) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[]) \
     ON CONFLICT (project, kind, slot) DO UPDATE SET records = counts.records + excluded.records";

pub(super) const ADD_UNIQUE: &str = "INSERT INTO unique_links (project, idx, id, key) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[])";

const CHANGE_UNIQUE: &str = "UPDATE unique_links SET id = changed.id \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[]) \
     AS changed (project, idx, id, key) WHERE unique_links.project = changed.project \
     AND unique_links.idx = changed.idx AND unique_links.key = changed.key";

const REMOVE_UNIQUE: &str = "DELETE FROM unique_links \
     USING unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[]) \
     AS removed (project, idx, id, key) WHERE unique_links.project = removed.project \
     AND unique_links.idx = removed.idx AND unique_links.key = removed.key";

pub(super) const ADD_ONCE: &str = "INSERT INTO once \
     (project, created_at, key, fingerprint, answer) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[], $4::BYTEA[], $5::BYTEA[])";

pub(super) const STATEMENTS: [&str; 14] = [
    ADD_TRANSFERS,
    END_HOLDS,
    OPEN_ACCOUNTS,
    CHANGE_ACCOUNTS,
    ADD_LINKS,
    REMOVE_LINKS,
    ADD_RECORDS,
    CHANGE_RECORDS,
    DELETE_RECORDS,
    ADD_COUNTS,
    ADD_UNIQUE,
    CHANGE_UNIQUE,
    REMOVE_UNIQUE,
    ADD_ONCE,
];

/// Numbers and bytes of one row.
pub(super) type Mixed<'a, const N: usize, const B: usize> = ([i64; N], [&'a [u8]; B]);

/// The tables come in one order, and the keys of each ascend: two that add the same keys meet at
/// the first of them, and the second waits there.
pub(super) async fn save(
    connection: &Connection,
    rows: &Rows<'_>,
    (commands, slot): (&[&Command], i64),
) -> Result<(), Error> {
    let records = Records::of(rows, commands);
    let (added, removed) = links(rows);
    let unique = Unique::of(rows);
    tokio::try_join!(
        biased;
        numbers(connection, ADD_TRANSFERS, added_transfers(rows)),
        numbers(connection, END_HOLDS, ended_holds(rows)),
        numbers(connection, OPEN_ACCOUNTS, opened_accounts(rows)),
        numbers(connection, CHANGE_ACCOUNTS, changed_accounts(rows)),
        add_parties(connection, rows),
        mixed(connection, ADD_LINKS, added),
        mixed(connection, REMOVE_LINKS, removed),
        mixed(connection, ADD_RECORDS, records.added),
        mixed(connection, CHANGE_RECORDS, records.changed),
        numbers(connection, DELETE_RECORDS, Columns::of(records.deleted)),
        numbers(connection, ADD_COUNTS, counts(&records.more, slot)),
        mixed(connection, ADD_UNIQUE, unique.added),
        mixed(connection, CHANGE_UNIQUE, unique.changed),
        mixed(connection, REMOVE_UNIQUE, unique.removed),
        mixed(connection, ADD_ONCE, once(rows)),
    )?;
    Ok(())
}

pub(super) async fn numbers<T: ToSql + Sync, const N: usize>(
    connection: &Connection,
    text: &'static str,
    columns: Columns<T, N>,
) -> Result<(), Error> {
    if columns.is_empty() {
        return Ok(());
    }
    connection.execute(text, &columns.params()).await?;
    Ok(())
}

pub(super) async fn mixed<const N: usize, const B: usize>(
    connection: &Connection,
    text: &'static str,
    rows: Vec<Mixed<'_, N, B>>,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let numbers = Columns::of(rows.iter().map(|(numbers, _)| *numbers));
    let bytes = Columns::of(rows.iter().map(|(_, bytes)| *bytes));
    let params: Vec<Param<'_>> = [numbers.params(), bytes.params()].concat();
    connection.execute(text, &params).await?;
    Ok(())
}

fn added_transfers(rows: &Rows<'_>) -> Columns<Option<i64>, 19> {
    let all = rows.books.iter().flat_map(|(project, books)| {
        let added = books.added_transfers();
        added.map(|saved| transfer_row(*project, &saved))
    });
    Columns::of(all)
}

fn ended_holds(rows: &Rows<'_>) -> Columns<i64, 4> {
    let all = rows.books.iter().flat_map(|(project, books)| {
        let ended = books.ended_holds();
        ended.map(|(id, state)| {
            let (chain, line) = (signed(id.chain), i64::from(id.line));
            [project.0.into(), chain, line, state_number(state)]
        })
    });
    Columns::of(all)
}

fn opened_accounts(rows: &Rows<'_>) -> Columns<i64, 12> {
    let all = rows.books.iter().flat_map(|(project, books)| {
        let changed = books.changed_accounts();
        let opened = changed.filter(|account| books.is_new(account.id));
        opened.map(|account| account_row(*project, account))
    });
    Columns::of(all)
}

fn changed_accounts(rows: &Rows<'_>) -> Columns<i64, 9> {
    let all = rows.books.iter().flat_map(|(project, books)| {
        let changed = books.changed_accounts();
        let changed = changed.filter(|account| !books.is_new(account.id));
        changed.map(|account| account_change(*project, account))
    });
    Columns::of(all)
}

/// What happened to the records, each once.
#[derive(Default)]
struct Records<'a> {
    added: Vec<Mixed<'a, 4, 1>>,
    changed: Vec<Mixed<'a, 4, 1>>,
    deleted: Vec<[i64; 3]>,
    more: BTreeMap<(ProjectId, Kind), i64>,
}

impl<'a> Records<'a> {
    fn of(rows: &Rows<'a>, commands: &[&Command]) -> Records<'a> {
        let mut all = Records::default();
        let guarded = guarded(commands);
        for ((project, kind, id), cell) in &rows.records {
            let key = [i64::from(project.0), *kind as i64, signed(*id)];
            let [a, b, c] = key;
            match (cell.saved, &cell.change) {
                (0, Change::Put(body)) => {
                    all.added.push(([a, b, c, signed(cell.version)], [body]));
                }
                (_, Change::Put(body)) => {
                    all.changed.push(([a, b, c, signed(cell.version)], [body]));
                }
                (0, Change::None | Change::Deleted) => {
                    if guarded.contains(&(*project, *kind, *id)) {
                        all.added.push(([a, b, c, 0], [&[]]));
                        all.deleted.push(key);
                    }
                }
                (_, Change::Deleted) => all.deleted.push(key),
                (_, Change::None) => continue,
            }
            let change = i64::from(cell.version > 0) - i64::from(cell.saved > 0);
            *all.more.entry((*project, *kind)).or_default() += change;
        }
        all
    }
}

/// Records that a command relies on not being there. One that stays away is added and deleted
/// again in the same transaction: another that adds it meanwhile finds the key taken, or takes it
/// first.
fn guarded(commands: &[&Command]) -> BTreeSet<(ProjectId, Kind, u64)> {
    let expected = commands.iter().flat_map(|command| {
        let absent = command.expects.iter().filter(|expect| expect.version == 0);
        absent.map(|expect| (command.project, expect.kind, expect.id))
    });
    expected.collect()
}

/// How many more records there are of each kind, from how many more each time.
pub(super) fn summed(
    changes: impl Iterator<Item = ((ProjectId, Kind), i64)>,
) -> BTreeMap<(ProjectId, Kind), i64> {
    let mut more = BTreeMap::new();
    for (kind, change) in changes {
        *more.entry(kind).or_default() += change;
    }
    more
}

pub(super) fn counts(more: &BTreeMap<(ProjectId, Kind), i64>, slot: i64) -> Columns<i64, 4> {
    let more = more.iter().filter(|(_, change)| **change != 0);
    Columns::of(
        more.map(|((project, kind), change)| [project.0.into(), *kind as i64, slot, *change]),
    )
}

/// Under whom the new transfers are found.
async fn add_parties(connection: &Connection, rows: &Rows<'_>) -> Result<(), Error> {
    let parties = rows.books.iter().flat_map(|(project, books)| {
        let parties = books.added_parties().into_iter();
        parties.map(|(party, chain)| {
            let link = [project.0.into(), CHAINS_OF_PARTY.into(), signed(chain)];
            (link, party_key(party))
        })
    });
    let all: Vec<([i64; 3], [u8; 8])> = parties.collect();
    let all = all.iter().map(|(link, key)| (*link, [key.as_slice()]));
    mixed(connection, ADD_LINKS, all.collect()).await
}

/// Links to add and to remove.
fn links<'a>(rows: &Rows<'a>) -> (Vec<Mixed<'a, 3, 1>>, Vec<Mixed<'a, 3, 1>>) {
    let links = |wanted: bool| {
        let links = rows.links.iter();
        let links = links.filter(move |(_, linked)| **linked == wanted);
        links.map(|((project, key, index, id), _)| {
            let numbers = [i64::from(project.0), *index as i64, signed(*id)];
            (numbers, [*key])
        })
    };
    (links(true).collect(), links(false).collect())
}

/// What happened to the keys of unique indexes.
#[derive(Default)]
struct Unique<'a> {
    added: Vec<Mixed<'a, 3, 1>>,
    changed: Vec<Mixed<'a, 3, 1>>,
    removed: Vec<Mixed<'a, 3, 1>>,
}

impl<'a> Unique<'a> {
    fn of(rows: &Rows<'a>) -> Unique<'a> {
        let mut all = Unique::default();
        for ((project, index, key), pointer) in &rows.unique {
            let (list, id) = match (pointer.saved, pointer.id) {
                (Some(before), Some(after)) if before == after => continue,
                (None, Some(id)) => (&mut all.added, id),
                (Some(_), Some(id)) => (&mut all.changed, id),
                (Some(id), None) => (&mut all.removed, id),
                (None, None) => continue,
            };
            let numbers = [i64::from(project.0), *index as i64, signed(id)];
            list.push((numbers, [*key]));
        }
        all
    }
}

fn once<'a>(rows: &'a Rows<'_>) -> Vec<Mixed<'a, 2, 3>> {
    let used = rows.once.iter().filter_map(|((project, key), seen)| {
        let Seen::Now { once, at } = seen else {
            return None;
        };
        let numbers = [i64::from(project.0), *at];
        Some((numbers, [key.as_slice(), &once.fingerprint, &once.answer]))
    });
    used.collect()
}
