//! Which rows does a batch touch, and how do they stand?
//!
//! What exists and is judged by is locked before it is read, table after table and key after key
//! in one order that all processes keep, so that they queue and do not deadlock: records to be
//! written, records only expected (shared), unique keys, transfers, accounts. Overdue holds are
//! taken where nobody else holds them, without waiting. What does not exist cannot be locked: it
//! is added without regard for others, and who comes second is told so by the key.

use std::collections::{BTreeSet, HashMap};

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use ledger::{AccountId, Limit, Timestamp};
use tokio_postgres::{Error, Row};

use crate::batch::{Cell, Pointer, Rows, Seen};
use crate::numbers::signed;
use crate::wanted::{Wanted, records_of, unique_key, wanted};
use crate::{Command, Index, Kind, ProjectId, SavedTransfer, Write};

use super::columns::{
    self, Columns, account_columns, account_key, get, id, project, transfer_columns,
};
use super::connection::{Connection, Param};
use super::trouble::Trouble;

/// Before anything else, and again by whoever lost the answer to a commit.
pub(super) const NOTE_BATCH: &str = "INSERT INTO batches (project, id, at) \
     VALUES ($1, $2, (extract(epoch FROM now()) * 1000)::BIGINT) RETURNING at";

const ONCE: &str = "SELECT once.project, once.key, fingerprint, answer \
     FROM unnest($1::BIGINT[], $2::BYTEA[]) AS wanted (project, key) \
     JOIN once ON once.project = wanted.project AND once.key = wanted.key";

macro_rules! records {
    ($lock:literal) => {
        concat!(
            "SELECT records.project, records.kind, records.id, version \
             FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[]) AS wanted (project, kind, id) \
             JOIN records ON records.project = wanted.project AND records.kind = wanted.kind \
             AND records.id = wanted.id ORDER BY records.project, records.kind, records.id FOR ",
            $lock,
            " OF records"
        )
    };
}

const WRITTEN: &str = records!("UPDATE");
const EXPECTED: &str = records!("SHARE");

const UNIQUE: &str = "SELECT links.project, links.idx, links.key, links.id \
     FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[]) AS wanted (project, idx, key) \
     JOIN unique_links AS links ON links.project = wanted.project AND links.idx = wanted.idx \
     AND links.key = wanted.key ORDER BY links.project, links.idx, links.key FOR UPDATE OF links";

const CHAINS: &str = concat!(
    "SELECT ",
    transfer_columns!("transfers."),
    ", transfers.project FROM unnest($1::BIGINT[], $2::BIGINT[]) AS wanted (project, chain) \
     JOIN transfers ON transfers.project = wanted.project AND transfers.chain = wanted.chain \
     ORDER BY transfers.project, transfers.chain, line FOR UPDATE OF transfers"
);

/// What another transaction holds is let go by that one.
const DUE: &str = concat!(
    "SELECT ",
    transfer_columns!(""),
    " FROM transfers WHERE project = $1 AND state = 0 AND expires_at <= $2 \
     ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED"
);

macro_rules! accounts {
    ($wait:literal) => {
        concat!(
            "SELECT ",
            account_columns!("accounts."),
            ", accounts.project \
             FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[]) \
             AS wanted (project, kind, owner, party, period) \
             JOIN accounts ON accounts.project = wanted.project AND accounts.kind = wanted.kind \
             AND accounts.owner = wanted.owner AND accounts.party = wanted.party \
             AND accounts.period = wanted.period \
             ORDER BY accounts.project, accounts.kind, accounts.owner, accounts.party, \
             accounts.period FOR UPDATE OF accounts",
            $wait
        )
    };
}

const ACCOUNTS: &str = accounts!("");
/// Out of order: whoever holds them may wait for us.
const MORE_ACCOUNTS: &str = accounts!(" NOWAIT");

/// Open holds of one side of an account whose time has come, the oldest first. The account is
/// locked and whoever holds one of these may wait for it: we do not wait for them.
macro_rules! overdue {
    ($side:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!(""),
            " FROM transfers WHERE project = $1 AND state = 0 AND ",
            $side,
            "_kind = $2 AND ",
            $side,
            "_owner = $3 AND ",
            $side,
            "_party = $4 AND ",
            $side,
            "_period = $5 AND expires_at <= $6 ORDER BY expires_at LIMIT $7 FOR UPDATE NOWAIT"
        )
    };
}

const OVERDUE_BY_DEBIT: &str = overdue!("debit");
const OVERDUE_BY_CREDIT: &str = overdue!("credit");

pub(super) const STATEMENTS: [&str; 11] = [
    NOTE_BATCH,
    ONCE,
    WRITTEN,
    EXPECTED,
    UNIQUE,
    CHAINS,
    DUE,
    ACCOUNTS,
    MORE_ACCOUNTS,
    OVERDUE_BY_DEBIT,
    OVERDUE_BY_CREDIT,
];

/// Two round trips: all but the accounts, and then those that the transfers name too.
pub(super) async fn load<'a>(
    connection: &Connection,
    commands: &[&'a Command],
    expiries: u32,
) -> Result<Rows<'a>, Trouble> {
    let mut rows = Rows::default();
    absent(commands, &mut rows);
    let mut wanted: Vec<(ProjectId, Wanted)> = wanted(commands).into_iter().collect();
    let (once, written, expected, unique, chains, due) = tokio::try_join!(
        biased;
        ask_once(connection, &rows),
        ask_records(connection, (WRITTEN, written_of(commands))),
        ask_records(connection, (EXPECTED, expected_of(commands))),
        ask_unique(connection, &rows),
        ask_chains(connection, &wanted),
        ask_due(connection, (&wanted, expiries)),
    )?;
    read_once(&once, &mut rows)?;
    read_versions(written.iter().chain(&expected), &mut rows)?;
    read_unique(&unique, &mut rows)?;
    read_transfers((&chains, &due), &mut wanted, &mut rows)?;
    let ids = wanted
        .iter()
        .flat_map(|(project, wanted)| wanted.accounts.iter().map(|id| account_key(*project, *id)));
    let accounts = ask_accounts(connection, (ACCOUNTS, Columns::of(ids))).await?;
    read_accounts(&accounts, &mut rows)?;
    Ok(rows)
}

/// Everything that the commands name is not there, until it is read.
fn absent<'a>(commands: &[&'a Command], rows: &mut Rows<'a>) {
    for command in commands {
        let project = command.project;
        if let Some(once) = &command.once {
            rows.once.insert((project, once.key), Seen::Never);
        }
        for (kind, id) in records_of(command) {
            rows.records.insert((project, kind, id), Cell::NONE);
        }
        for (index, key) in command.writes.iter().filter_map(unique_key) {
            rows.unique.insert((project, index, key), Pointer::NONE);
        }
        rows.books.entry(project).or_default();
    }
}

type Keys = BTreeSet<(ProjectId, Kind, u64)>;

fn written_of(commands: &[&Command]) -> Keys {
    let of_command = |command: &Command| {
        let keys = command.writes.iter().filter_map(|write| match write {
            Write::Put { kind, id, .. } | Write::Delete { kind, id } => Some((*kind, *id)),
            Write::Link { .. } | Write::Unlink { .. } => None,
        });
        let keys = keys.map(|(kind, id)| (command.project, kind, id));
        keys.collect::<Vec<_>>()
    };
    commands
        .iter()
        .flat_map(|command| of_command(command))
        .collect()
}

/// Locked for the change of others only: the configuration is expected by every checkout.
fn expected_of(commands: &[&Command]) -> Keys {
    let written = written_of(commands);
    let expected = commands.iter().flat_map(|command| {
        let expects = command.expects.iter();
        expects.map(|expect| (command.project, expect.kind, expect.id))
    });
    expected.filter(|key| !written.contains(key)).collect()
}

async fn ask_once(connection: &Connection, rows: &Rows<'_>) -> Result<Vec<Row>, Error> {
    if rows.once.is_empty() {
        return Ok(Vec::new());
    }
    let keys = rows.once.keys();
    let (projects, keys): (Vec<i64>, Vec<&[u8]>) = keys
        .map(|(project, key)| (i64::from(project.0), key.as_slice()))
        .unzip();
    connection.query(ONCE, &[&projects, &keys]).await
}

async fn ask_records(
    connection: &Connection,
    (select, keys): (&'static str, Keys),
) -> Result<Vec<Row>, Error> {
    let keys = keys
        .iter()
        .map(|(project, kind, id)| [i64::from(project.0), *kind as i64, signed(*id)]);
    let keys = Columns::of(keys);
    match keys.is_empty() {
        true => Ok(Vec::new()),
        false => connection.query(select, &keys.params()).await,
    }
}

async fn ask_unique(connection: &Connection, rows: &Rows<'_>) -> Result<Vec<Row>, Error> {
    if rows.unique.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = Columns::of(
        rows.unique
            .keys()
            .map(|(project, index, _)| [i64::from(project.0), *index as i64]),
    );
    let keys: Vec<&[u8]> = rows.unique.keys().map(|(.., key)| *key).collect();
    let mut params = numbers.params();
    params.push(&keys);
    connection.query(UNIQUE, &params).await
}

async fn ask_chains(
    connection: &Connection,
    wanted: &[(ProjectId, Wanted)],
) -> Result<Vec<Row>, Error> {
    let chains = wanted.iter().flat_map(|(project, wanted)| {
        let chains = wanted.chains.iter();
        chains.map(|chain| [i64::from(project.0), signed(*chain)])
    });
    let chains = Columns::of(chains);
    match chains.is_empty() {
        true => Ok(Vec::new()),
        false => connection.query(CHAINS, &chains.params()).await,
    }
}

/// Some of what is overdue, the oldest first; the rest is left to the batches that follow.
async fn ask_due(
    connection: &Connection,
    (wanted, expiries): (&[(ProjectId, Wanted)], u32),
) -> Result<Vec<(ProjectId, Vec<Row>)>, Error> {
    let projects = wanted
        .iter()
        .map(|(project, wanted)| due_of(connection, *project, (wanted.until, expiries)).boxed());
    let all: Vec<_> = projects.collect();
    try_join_all(all).await
}

async fn due_of(
    connection: &Connection,
    project: ProjectId,
    (until, expiries): (Timestamp, u32),
) -> Result<(ProjectId, Vec<Row>), Error> {
    let (number, most) = (i64::from(project.0), i64::from(expiries));
    let due = connection.query(DUE, &[&number, &until, &most]).await?;
    Ok((project, due))
}

/// Nothing else is asked for here: no lock is taken out of order.
async fn ask_accounts(
    connection: &Connection,
    (select, ids): (&'static str, Columns<i64, 5>),
) -> Result<Vec<Row>, Error> {
    match ids.is_empty() {
        true => Ok(Vec::new()),
        false => connection.query(select, &ids.params()).await,
    }
}

fn read_once(found: &[Row], rows: &mut Rows<'_>) -> Result<(), Trouble> {
    for row in found {
        let key = (project(row, 0)?, bytes(row, 1)?);
        let before = Seen::Before {
            fingerprint: bytes(row, 2)?,
            answer: get(row, 3)?,
        };
        rows.once.insert(key, before);
    }
    Ok(())
}

fn bytes(row: &Row, place: usize) -> Result<[u8; 16], Trouble> {
    let bytes: &[u8] = get(row, place)?;
    let wrong = |_| Trouble::Failed("a key is not 16 bytes long".into());
    bytes.try_into().map_err(wrong)
}

fn read_versions<'a>(
    found: impl Iterator<Item = &'a Row>,
    rows: &mut Rows<'_>,
) -> Result<(), Trouble> {
    let mut versions = HashMap::new();
    for row in found {
        let key: (i64, i64, i64) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        versions.insert(key, id(row, 3)?);
    }
    for ((project, kind, id), cell) in &mut rows.records {
        let key = (i64::from(project.0), *kind as i64, signed(*id));
        if let Some(version) = versions.get(&key) {
            *cell = Cell::saved(*version);
        }
    }
    Ok(())
}

fn read_unique(found: &[Row], rows: &mut Rows<'_>) -> Result<(), Trouble> {
    let mut holders = HashMap::new();
    for row in found {
        let key: (i64, i64, &[u8]) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        holders.insert(key, id(row, 3)?);
    }
    let number = |index: Index| index as i64;
    for ((project, index, key), pointer) in &mut rows.unique {
        if let Some(id) = holders.get(&(i64::from(project.0), number(*index), *key)) {
            *pointer = Pointer::saved(Some(*id));
        }
    }
    Ok(())
}

/// Whoever ends a hold moves its accounts.
fn read_transfers(
    (chains, due): (&[Row], &[(ProjectId, Vec<Row>)]),
    wanted: &mut [(ProjectId, Wanted)],
    rows: &mut Rows<'_>,
) -> Result<(), Trouble> {
    for (of, wanted) in wanted {
        let books = rows.books.entry(*of).or_default();
        let mut keep = |row: &Row| -> Result<(), Trouble> {
            let saved = columns::transfer(row)?;
            let accounts = [saved.transfer.debit, saved.transfer.credit];
            wanted.accounts.extend(accounts);
            books.load_transfer(&saved);
            Ok(())
        };
        for row in chains {
            if project(row, 18)? == *of {
                keep(row)?;
            }
        }
        let due = due.iter().filter(|(other, _)| other == of);
        due.flat_map(|(_, due)| due).try_for_each(keep)?;
    }
    Ok(())
}

fn read_accounts(found: &[Row], rows: &mut Rows<'_>) -> Result<(), Trouble> {
    for row in found {
        let books = rows.books.entry(project(row, 11)?).or_default();
        books.load_account(columns::account(row)?);
    }
    Ok(())
}

/// Before anybody is refused: whether what was not there when it was looked for is still not there.
/// Between the look and the last lock another transaction may have committed, and a refusal would
/// rest on a moment that never was: the balances after it, without the keys that it used. Nobody
/// who is applied needs this: what they add would be taken.
pub(super) async fn confirm(
    connection: &Connection,
    commands: &[&Command],
    rows: &Rows<'_>,
) -> Result<(), Trouble> {
    let wanted: Vec<(ProjectId, Wanted)> = wanted(commands).into_iter().collect();
    let accounts = wanted
        .iter()
        .flat_map(|(project, wanted)| wanted.accounts.iter().map(|id| (*project, *id)));
    let absent = accounts.filter(|(project, id)| {
        let books = rows.books.get(project);
        !books.is_some_and(|books| books.was_account(*id))
    });
    let absent = Columns::of(absent.map(|(project, id)| account_key(project, id)));
    let records = rows.records.iter().filter(|(_, cell)| cell.saved == 0);
    let records = records.map(|(key, _)| *key).collect();
    let (once, records, unique, chains, accounts) = tokio::try_join!(
        biased;
        ask_once(connection, rows),
        ask_records(connection, (EXPECTED, records)),
        ask_unique(connection, rows),
        ask_chains(connection, &wanted),
        ask_accounts(connection, (ACCOUNTS, absent)),
    )?;
    let known = rows.once.values();
    let known = known.filter(|seen| matches!(seen, Seen::Before { .. }));
    let holders = rows.unique.values();
    let holders = holders.filter(|pointer| pointer.saved.is_some());
    let is_same = once.len() == known.count()
        && records.is_empty()
        && unique.len() == holders.count()
        && accounts.is_empty()
        && are_known(&chains, rows)?;
    match is_same {
        true => Ok(()),
        false => Err(Trouble::Contended("another transaction was first".into())),
    }
}

fn are_known(chains: &[Row], rows: &Rows<'_>) -> Result<bool, Trouble> {
    for row in chains {
        let id = columns::transfer(row)?.transfer.id;
        let books = rows.books.get(&project(row, 18)?);
        if !books.is_some_and(|books| books.was_transfer(id)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Overdue holds that take of an account's limit and are not loaded yet, the oldest first, with
/// their accounts; how many.
pub(super) async fn load_overdue(
    connection: &Connection,
    rows: &mut Rows<'_>,
    ((project, id, now), expiries): ((ProjectId, AccountId, Timestamp), u32),
) -> Result<usize, Trouble> {
    let books = rows.books.entry(project).or_default();
    let select = match books.account(id).map(|account| account.limit) {
        None | Some(Limit::None) => return Ok(0),
        Some(Limit::DebitsWithinCredits) => OVERDUE_BY_DEBIT,
        Some(Limit::CreditsWithinDebits) => OVERDUE_BY_CREDIT,
    };
    let [of, kind, owner, party, period] = account_key(project, id);
    // Those that are loaded are still open on disk: so many more are asked for.
    let limit =
        i64::from(expiries).saturating_add(i64::try_from(books.holds()).unwrap_or(i64::MAX));
    let row: [Param<'_>; 7] = [&of, &kind, &owner, &party, &period, &now, &limit];
    let found = connection.query(select, &row).await?;
    let found: Vec<SavedTransfer> = found
        .iter()
        .map(columns::transfer)
        .collect::<Result<_, _>>()?;
    let is_new = |saved: &SavedTransfer| !books.has_hold(saved.transfer.id);
    let new: Vec<_> = found.into_iter().filter(is_new).collect();
    // Those that are there may have changed since they were read.
    let accounts: BTreeSet<AccountId> = new
        .iter()
        .flat_map(|saved| [saved.transfer.debit, saved.transfer.credit])
        .filter(|id| books.account(*id).is_none())
        .collect();
    for saved in &new {
        books.load_transfer(saved);
    }
    let keys = Columns::of(accounts.into_iter().map(|id| account_key(project, id)));
    let accounts = ask_accounts(connection, (MORE_ACCOUNTS, keys)).await?;
    read_accounts(&accounts, rows)?;
    Ok(new.len())
}
