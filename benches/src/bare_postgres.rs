//! What is the least that PostgreSQL must do for redemptions? The rows that the commands write, by
//! the statements that somebody would write by hand: an array for each column, a statement for
//! each table, guarded sums in the order of their keys, no reading first, no judging.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{AccountId, FUNDING_LINES, Opening, Transfer};
use store::{Command, Write};
use tokio_postgres::{Client, Error, NoTls, Row, Statement, types::ToSql};

use crate::bare::{funding_of, numbers_of, parties_of, source_of};

/// A connection with its statements, which are prepared once.
pub struct Bare {
    client: Client,
    change: Statement,
    open: Statement,
    transfers: Statement,
    links: Statement,
    records: Statement,
    counts: Statement,
    unique: Statement,
    once: Statement,
}

/// What the store asks of the planner too: plans are kept, and rows are found by their keys.
const HINTS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
                     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";
/// Those that are there and whose limit allows it.
const CHANGE: &str = "UPDATE accounts AS old SET debits_posted = old.debits_posted + new.debits, \
                      credits_posted = old.credits_posted + new.credits \
                      FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], \
                      $5::BIGINT[], $6::BIGINT[], $7::BIGINT[]) \
                      AS new (project, kind, owner, party, period, debits, credits) \
                      WHERE old.project = new.project AND old.kind = new.kind \
                      AND old.owner = new.owner AND old.party = new.party \
                      AND old.period = new.period AND (old.limited <> 1 OR old.debits_pending \
                      + old.debits_posted + new.debits <= old.credits_posted + new.credits) \
                      RETURNING old.project, old.kind, old.owner, old.party, old.period";
/// Whoever was not changed is new; or its limit is reached, and then its key is taken.
const OPEN: &str = "INSERT INTO accounts SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], \
                    $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], \
                    $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[])";
const TRANSFERS: &str = "INSERT INTO transfers (project, chain, line, debit_kind, debit_owner, \
                         debit_party, debit_period, credit_kind, credit_owner, credit_party, \
                         credit_period, amount, code, applied_at, kind) \
                         SELECT *, 0 FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], \
                         $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], \
                         $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], \
                         $13::BIGINT[], $14::BIGINT[])";
const LINKS: &str = "INSERT INTO links (project, idx, id, key) \
                     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[])";
const RECORDS: &str = "INSERT INTO records (project, kind, id, version, body) \
                       SELECT project, kind, id, 1, body FROM unnest($1::BIGINT[], \
                       $2::BIGINT[], $3::BIGINT[], $4::BYTEA[]) AS new (project, kind, id, body)";
const COUNTS: &str = "INSERT INTO counts AS old SELECT project, kind, 0, records FROM \
                      unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[]) \
                      AS new (project, kind, records) ON CONFLICT (project, kind, slot) \
                      DO UPDATE SET records = old.records + excluded.records";
const UNIQUE: &str = "INSERT INTO unique_links (project, idx, id, key) \
                      SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BYTEA[])";
const ONCE: &str = "INSERT INTO once (project, created_at, key, fingerprint, answer) SELECT * \
                    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[], $4::BYTEA[], $5::BYTEA[])";

impl Bare {
    /// Connects to a database in which the store has made its tables.
    pub async fn connect(url: &str) -> Result<Self, String> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(told)?;
        tokio::spawn(connection);
        Self::prepare(client).await.map_err(told)
    }

    async fn prepare(client: Client) -> Result<Self, Error> {
        client.batch_execute(HINTS).await?;
        Ok(Self {
            change: client.prepare(CHANGE).await?,
            open: client.prepare(OPEN).await?,
            transfers: client.prepare(TRANSFERS).await?,
            links: client.prepare(LINKS).await?,
            records: client.prepare(RECORDS).await?,
            counts: client.prepare(COUNTS).await?,
            unique: client.prepare(UNIQUE).await?,
            once: client.prepare(ONCE).await?,
            client,
        })
    }

    /// Writes what the commands write, in one transaction of two round trips: which accounts are
    /// new, and all the rest. Whatever a limit forbids fails it, as does a key used before.
    pub async fn apply(&self, commands: &[Command]) -> Result<(), String> {
        let mut books = Books::of(commands)?;
        let changed = self.change(&books).await.map_err(told)?;
        books.open_but(&changed)?;
        self.write(commands, &books).await.map_err(told)
    }

    async fn change(&self, books: &Books) -> Result<BTreeSet<Key>, Error> {
        let columns = Columns::of(books.changes().map(|row| (row, [])));
        let params = columns.params();
        let (_, changed) = tokio::try_join!(
            biased;
            self.client.batch_execute("BEGIN"),
            self.client.query(&self.change, &params),
        )?;
        changed.iter().map(key_in).collect()
    }

    async fn write(&self, commands: &[Command], books: &Books) -> Result<(), Error> {
        let opened = Columns::of(books.opened.iter().map(|row| (*row, [])));
        let transfers = Columns::of(books.transfers.iter().map(|row| (*row, [])));
        let mut rows = Rows::of(commands);
        let parties: Vec<_> = commands.iter().flat_map(parties_of_command).collect();
        let parties = parties
            .iter()
            .map(|(numbers, key)| (*numbers, [key.as_slice()]));
        let links = Columns::of(sorted(rows.links.into_iter().chain(parties)));
        rows.records.sort_unstable();
        let records = Columns::of(rows.records);
        let counts = Columns::of(
            rows.counts
                .iter()
                .map(|((a, b), more)| ([*a, *b, *more], [])),
        );
        let unique = Columns::of(sorted(rows.unique));
        let once = Columns::of(sorted(rows.once));
        tokio::try_join!(
            biased;
            put(&self.client, (&self.open, opened)),
            put(&self.client, (&self.transfers, transfers)),
            put(&self.client, (&self.links, links)),
            put(&self.client, (&self.records, records)),
            put(&self.client, (&self.counts, counts)),
            put(&self.client, (&self.unique, unique)),
            put(&self.client, (&self.once, once)),
            self.client.batch_execute("COMMIT"),
        )?;
        Ok(())
    }
}

async fn put(
    client: &Client,
    (statement, columns): (&Statement, Columns<'_>),
) -> Result<(), Error> {
    client.execute(statement, &columns.params()).await.map(drop)
}

fn told(error: Error) -> String {
    format!("{error}: {:?}", error.as_db_error())
}

/// Project, kind, owner, party and period of an account.
type Key = [i64; 5];

fn key_of(command: &Command, id: AccountId) -> Key {
    [
        command.project.0.into(),
        id.kind.into(),
        id.owner.cast_signed(),
        id.party.cast_signed(),
        id.window.into(),
    ]
}

fn key_in(row: &Row) -> Result<Key, Error> {
    let at = |place: usize| row.try_get(place);
    Ok([at(0)?, at(1)?, at(2)?, at(3)?, at(4)?])
}

/// What the transfers of a batch come to.
#[derive(Default)]
struct Books {
    accounts: BTreeMap<Key, Sum>,
    /// What an account starts with, if it is new.
    fundings: BTreeMap<Key, Funding>,
    /// The rows of those that are new.
    opened: Vec<[i64; 12]>,
    transfers: Vec<[i64; 14]>,
}

struct Sum {
    /// Asset, its detail, and how it is limited.
    numbers: [i64; 3],
    debits: u64,
    credits: u64,
}

struct Funding {
    amount: u64,
    source: Key,
    transfer: [i64; 14],
}

impl Books {
    fn of(commands: &[Command]) -> Result<Self, String> {
        let mut books = Self::default();
        for command in commands {
            for (opening, line) in command.openings.iter().zip(FUNDING_LINES..) {
                books.open(command, opening);
                books.start(command, (opening, line));
            }
            for transfer in &command.chain {
                books.sum(key_of(command, transfer.debit))?.debits += transfer.amount;
                books.sum(key_of(command, transfer.credit))?.credits += transfer.amount;
                books.transfers.push(transfer_row(command, transfer));
            }
        }
        Ok(books)
    }

    fn open(&mut self, command: &Command, opening: &Opening) {
        let sum = || Sum {
            numbers: numbers_of(opening),
            debits: 0,
            credits: 0,
        };
        let key = key_of(command, opening.id);
        self.accounts.entry(key).or_insert_with(sum);
    }

    fn start(&mut self, command: &Command, (opening, line): (&Opening, u32)) {
        let Some((amount, source, code)) = opening.funding else {
            return;
        };
        self.open(command, &source_of(opening, source));
        let transfer = funding_of(command, opening.id, (line, amount, source, code));
        let funding = || Funding {
            amount,
            source: key_of(command, source),
            transfer: transfer_row(command, &transfer),
        };
        let key = key_of(command, opening.id);
        self.fundings.entry(key).or_insert_with(funding);
    }

    fn sum(&mut self, key: Key) -> Result<&mut Sum, String> {
        self.accounts
            .get_mut(&key)
            .ok_or("an account is not opened".into())
    }

    /// What every account that is there gets, in the order of their keys.
    fn changes(&self) -> impl Iterator<Item = [i64; 7]> {
        self.accounts
            .iter()
            .filter(|(_, sum)| sum.moves())
            .map(|(key, sum)| {
                let [project, kind, owner, party, period] = *key;
                let (debits, credits) = (sum.debits.cast_signed(), sum.credits.cast_signed());
                [project, kind, owner, party, period, debits, credits]
            })
    }

    /// Opens all others. Where one starts with something it comes from an account that is its
    /// alone, so that is new too.
    fn open_but(&mut self, changed: &BTreeSet<Key>) -> Result<(), String> {
        let is_new = |(key, sum): &(&Key, &Sum)| sum.moves() && !changed.contains(*key);
        let new = self.accounts.iter().filter(is_new);
        let mut new: BTreeSet<Key> = new.map(|(key, _)| *key).collect();
        for key in new.clone() {
            let Some(funding) = self.fundings.remove(&key) else {
                continue;
            };
            self.sum(key)?.credits += funding.amount;
            self.sum(funding.source)?.debits += funding.amount;
            self.transfers.push(funding.transfer);
            new.insert(funding.source);
        }
        let opened = self.accounts.iter().filter(|(key, _)| new.contains(*key));
        self.opened = opened.map(|(key, sum)| sum.row(key)).collect();
        self.transfers.sort_unstable();
        Ok(())
    }
}

impl Sum {
    fn moves(&self) -> bool {
        self.debits > 0 || self.credits > 0
    }

    fn row(&self, key: &Key) -> [i64; 12] {
        let [project, kind, owner, party, period] = *key;
        let [asset, detail, limited] = self.numbers;
        let (debits, credits) = (self.debits.cast_signed(), self.credits.cast_signed());
        [
            project, kind, owner, party, period, asset, detail, limited, 0, debits, 0, credits,
        ]
    }
}

fn transfer_row(command: &Command, transfer: &Transfer) -> [i64; 14] {
    let [project, a, b, c, d] = key_of(command, transfer.debit);
    let [_, e, f, g, h] = key_of(command, transfer.credit);
    let chain = transfer.id.chain.cast_signed();
    let line = transfer.id.line.into();
    let (amount, code) = (transfer.amount.cast_signed(), transfer.code.0.into());
    [
        project,
        chain,
        line,
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        amount,
        code,
        command.now,
    ]
}

/// Numbers and bytes of one row.
type Mixed<'a, const N: usize, const B: usize> = ([i64; N], [&'a [u8]; B]);

#[derive(Default)]
struct Rows<'a> {
    links: Vec<Mixed<'a, 3, 1>>,
    records: Vec<Mixed<'a, 3, 1>>,
    /// How many more of a project and kind.
    counts: BTreeMap<(i64, i64), i64>,
    unique: Vec<Mixed<'a, 3, 1>>,
    once: Vec<Mixed<'a, 2, 3>>,
}

impl<'a> Rows<'a> {
    fn of(commands: &'a [Command]) -> Self {
        let mut rows = Self::default();
        for command in commands {
            let project = command.project.0.into();
            rows.once.extend(command.once.iter().map(|once| {
                let bytes = [once.key.as_slice(), &once.fingerprint, &once.answer];
                ([project, command.now], bytes)
            }));
            for write in &command.writes {
                rows.add(project, write);
            }
        }
        rows
    }

    fn add(&mut self, project: i64, write: &'a Write) {
        match write {
            Write::Put { kind, id, body } => {
                let kind = *kind as i64;
                self.records
                    .push(([project, kind, id.cast_signed()], [body]));
                *self.counts.entry((project, kind)).or_default() += 1;
            }
            Write::Link { index, key, id } => {
                let rows = match index.is_unique() {
                    true => &mut self.unique,
                    false => &mut self.links,
                };
                rows.push(([project, *index as i64, id.cast_signed()], [key]));
            }
            // No redemption does either.
            Write::Delete { .. } | Write::Unlink { .. } => {}
        }
    }
}

fn parties_of_command(command: &Command) -> Vec<([i64; 3], [u8; 8])> {
    let project = command.project.0.into();
    let parties = parties_of(command).into_iter();
    let link = |(party, chain): (u64, i64)| ([project, 0, chain], party.to_be_bytes());
    parties.map(link).collect()
}

/// In the order of their keys, which begin with bytes as there is one project.
fn sorted<'a, const N: usize, const B: usize>(
    rows: impl IntoIterator<Item = Mixed<'a, N, B>>,
) -> Vec<Mixed<'a, N, B>> {
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable_by_key(|(numbers, bytes)| (*bytes, *numbers));
    rows
}

/// Rows turned into columns: a statement takes an array for each.
struct Columns<'a> {
    numbers: Vec<Vec<i64>>,
    bytes: Vec<Vec<&'a [u8]>>,
}

impl<'a> Columns<'a> {
    fn of<const N: usize, const B: usize>(rows: impl IntoIterator<Item = Mixed<'a, N, B>>) -> Self {
        let mut columns = Self {
            numbers: vec![Vec::new(); N],
            bytes: vec![Vec::new(); B],
        };
        for (numbers, bytes) in rows {
            for (column, number) in columns.numbers.iter_mut().zip(numbers) {
                column.push(number);
            }
            for (column, bytes) in columns.bytes.iter_mut().zip(bytes) {
                column.push(bytes);
            }
        }
        columns
    }

    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        let numbers = self.numbers.iter().map(|column| column as _);
        numbers
            .chain(self.bytes.iter().map(|column| column as _))
            .collect()
    }
}
