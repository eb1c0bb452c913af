//! How are all rows read at one moment, and how are those of another store added?

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio::sync::mpsc::Sender;
use tokio_postgres::Row as Found;

use crate::moving::{ASIDE, Counts, Cutter, Linked, MARK, Mark, Row, Stretch, count};
use crate::numbers::{CHAINS_OF_PARTY, Unknown, party_key, signed, unsigned};
use crate::{Fault, Once, ProjectId, Record};

use super::columns::{
    self, Columns, account_columns, account_row, get, id, project, small, transfer_columns,
    transfer_row,
};
use super::connection::{Connection, Param};
use super::pool::Lease;
use super::save;
use super::trouble::Trouble;

/// Table by table: how many rows each project has.
const COUNTS: [&str; 6] = [
    "SELECT project, count(*) FROM accounts GROUP BY project",
    "SELECT project, count(*) FROM transfers GROUP BY project",
    "SELECT project, count(*) FROM records GROUP BY project",
    "SELECT project, count(*) FROM unique_links GROUP BY project",
    "SELECT project, count(*) FROM links WHERE idx <> 0 GROUP BY project",
    "SELECT project, count(*) FROM once GROUP BY project",
];

const ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!(""),
    " FROM accounts WHERE project = $1 ORDER BY kind, owner, party, period"
);

const TRANSFERS: &str = concat!(
    "SELECT ",
    transfer_columns!(""),
    " FROM transfers WHERE project = $1 ORDER BY chain, line"
);

const RECORDS: &str =
    "SELECT kind, id, version, body FROM records WHERE project = $1 ORDER BY kind, id";

const UNIQUE: &str = "SELECT idx, key, id FROM unique_links WHERE project = $1 ORDER BY idx, key";

const LINKS: &str = "SELECT idx, key, id FROM links WHERE project = $1 AND idx <> 0 \
     ORDER BY key, idx, id";

const ONCE: &str = "SELECT key, fingerprint, answer, created_at FROM once WHERE project = $1 \
     ORDER BY key";

const STEP: &str = "UPDATE records SET version = version + 1 \
     WHERE project = $1 AND kind = $2 AND id = $3 AND version = $4";

/// Where the records that were moved are counted.
const SLOT: i64 = 0;

/// How a row of each table is read.
type Read = fn(&Found) -> Result<Row, Trouble>;

/// Begins the moment, and counts.
pub(super) async fn begin(connection: &Connection) -> Result<Counts, Trouble> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    connection.run(begin).await?;
    let mut counts = Counts::new();
    for (table, select) in COUNTS.into_iter().enumerate() {
        let rows = connection.query(select, &[]).await?;
        let rows = rows.iter().map(|row| Ok((project(row, 0)?, id(row, 1)?)));
        let rows: Vec<_> = rows.collect::<Result<_, Trouble>>()?;
        count(&mut counts, table, rows);
    }
    Ok(counts)
}

/// Reads every row of the moment. Ends early where nobody listens any more.
pub(super) async fn read(
    lease: Lease,
    projects: Vec<ProjectId>,
    to: Sender<Result<Stretch, Fault>>,
) {
    if let Err(trouble) = read_all(&lease, &projects, &to).await {
        let _ = to.send(Err(trouble.fault())).await;
    }
}

async fn read_all(
    lease: &Lease,
    projects: &[ProjectId],
    to: &Sender<Result<Stretch, Fault>>,
) -> Result<(), Trouble> {
    let connection = lease.connection()?;
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
            let number = i64::from(project.0);
            let row: [Param<'_>; 1] = [&number];
            let mut rows = pin!(connection.stream_of(select, &row).await?);
            while let Some(row) = rows.try_next().await? {
                let whole = cutter.push(*project, read(&row)?);
                if let Some(stretch) = whole
                    && to.send(Ok(stretch)).await.is_err()
                {
                    return Ok(());
                }
            }
        }
    }
    if let Some(last) = cutter.finish() {
        let _ = to.send(Ok(last)).await;
    }
    Ok(())
}

fn account(row: &Found) -> Result<Row, Trouble> {
    Ok(Row::Account(columns::account(row)?))
}

fn transfer(row: &Found) -> Result<Row, Trouble> {
    Ok(Row::Transfer(columns::transfer(row)?))
}

fn record(row: &Found) -> Result<Row, Trouble> {
    let record = Record {
        id: id(row, 1)?,
        version: unsigned(get(row, 2)?),
        body: get(row, 3)?,
    };
    Ok(Row::Record(named(row)?, record))
}

fn unique(row: &Found) -> Result<Row, Trouble> {
    Ok(Row::Unique(linked(row)?))
}

fn link(row: &Found) -> Result<Row, Trouble> {
    Ok(Row::Link(linked(row)?))
}

fn linked(row: &Found) -> Result<Linked, Trouble> {
    Ok(Linked {
        index: named(row)?,
        key: get(row, 1)?,
        id: id(row, 2)?,
    })
}

/// The kind or index in the first column.
fn named<T: TryFrom<u8>>(row: &Found) -> Result<T, Trouble> {
    let number: u8 = small(row, 0)?;
    Ok(T::try_from(number).map_err(|_| Unknown(number.into()))?)
}

fn once(row: &Found) -> Result<Row, Trouble> {
    let once = Once {
        key: sixteen(row, 0)?,
        fingerprint: sixteen(row, 1)?,
        answer: get(row, 2)?,
    };
    Ok(Row::Once(once, get(row, 3)?))
}

fn sixteen(row: &Found, place: usize) -> Result<[u8; 16], Trouble> {
    let bytes: &[u8] = get(row, place)?;
    let wrong = |_| Trouble::Failed("a key or fingerprint does not have 16 bytes".into());
    bytes.try_into().map_err(wrong)
}

/// Adds the rows of a stretch and moves the mark, in one transaction. Whether the mark was as it
/// is said to be; otherwise nothing was done.
pub(super) async fn load(
    connection: &Connection,
    (stretch, mark): (&Stretch, Mark),
) -> Result<bool, Trouble> {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    connection.run(begin).await?;
    let (kind, id) = MARK;
    let (project, kind) = (i64::from(ASIDE.0), kind as i64);
    let (id, version) = (signed(id), signed(mark.version()));
    let row: [Param<'_>; 4] = [&project, &kind, &id, &version];
    let is_ours = connection.execute(STEP, &row).await? == 1;
    if is_ours {
        add(connection, stretch).await?;
    }
    connection.run("COMMIT").await?;
    Ok(is_ours)
}

/// The rows are of one table; what there is nothing of is passed over.
async fn add(connection: &Connection, stretch: &Stretch) -> Result<(), Trouble> {
    let (of, rows) = (stretch.project, &stretch.rows);
    save::numbers(connection, save::OPEN_ACCOUNTS, accounts(of, rows)).await?;
    save::numbers(connection, save::ADD_TRANSFERS, transfers(of, rows)).await?;
    add_parties(connection, stretch).await?;
    add_records(connection, stretch).await?;
    add_links(connection, stretch).await?;
    add_once(connection, stretch).await
}

fn accounts(of: ProjectId, rows: &[Row]) -> Columns<i64, 12> {
    Columns::of(rows.iter().filter_map(|row| match row {
        Row::Account(account) => Some(account_row(of, account)),
        _ => None,
    }))
}

fn transfers(of: ProjectId, rows: &[Row]) -> Columns<Option<i64>, 19> {
    Columns::of(rows.iter().filter_map(|row| match row {
        Row::Transfer(saved) => Some(transfer_row(of, saved)),
        _ => None,
    }))
}

/// Under whom the transfers are found.
async fn add_parties(connection: &Connection, stretch: &Stretch) -> Result<(), Trouble> {
    let saved = stretch.rows.iter().filter_map(|row| match row {
        Row::Transfer(saved) => Some(saved),
        _ => None,
    });
    let parties = saved.flat_map(|saved| {
        let chain = signed(saved.transfer.id.chain);
        let link = [stretch.project.0.into(), CHAINS_OF_PARTY.into(), chain];
        saved.parties().map(move |party| (link, party_key(party)))
    });
    let all: Vec<([i64; 3], [u8; 8])> = parties.collect();
    let all = all.iter().map(|(link, key)| (*link, [key.as_slice()]));
    Ok(save::mixed(connection, save::ADD_LINKS, all.collect()).await?)
}

async fn add_records(connection: &Connection, stretch: &Stretch) -> Result<(), Trouble> {
    let project = i64::from(stretch.project.0);
    let rows = || {
        stretch.rows.iter().filter_map(|row| match row {
            Row::Record(kind, record) => Some((*kind, record)),
            _ => None,
        })
    };
    let records = rows().map(|(kind, record)| {
        let version = signed(record.version);
        let numbers = [project, kind as i64, signed(record.id), version];
        (numbers, [record.body.as_slice()])
    });
    save::mixed(connection, save::ADD_RECORDS, records.collect()).await?;
    let more = rows().map(|(kind, _)| ((stretch.project, kind), 1));
    let counts = save::counts(&save::summed(more), SLOT);
    Ok(save::numbers(connection, save::ADD_COUNTS, counts).await?)
}

async fn add_links(connection: &Connection, stretch: &Stretch) -> Result<(), Trouble> {
    let project = i64::from(stretch.project.0);
    let (mut unique, mut links) = (Vec::new(), Vec::new());
    for row in &stretch.rows {
        let (list, linked) = match row {
            Row::Unique(linked) => (&mut unique, linked),
            Row::Link(linked) => (&mut links, linked),
            _ => continue,
        };
        let numbers = [project, linked.index as i64, signed(linked.id)];
        list.push((numbers, [linked.key.as_slice()]));
    }
    save::mixed(connection, save::ADD_UNIQUE, unique).await?;
    Ok(save::mixed(connection, save::ADD_LINKS, links).await?)
}

async fn add_once(connection: &Connection, stretch: &Stretch) -> Result<(), Trouble> {
    let project = i64::from(stretch.project.0);
    let rows = stretch.rows.iter().filter_map(|row| match row {
        Row::Once(once, at) => {
            let bytes = [once.key.as_slice(), &once.fingerprint, &once.answer];
            Some(([project, *at], bytes))
        }
        _ => None,
    });
    Ok(save::mixed(connection, save::ADD_ONCE, rows.collect()).await?)
}
