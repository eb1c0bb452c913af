//! How is a question answered? Over a connection from the pool, in one round trip where it can be.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use ledger::{Account, AccountId, Timestamp};
use tokio_postgres::{Error, Row};

use crate::ahead::Ahead;
use crate::balances::{self, Balances, is_shared};
use crate::numbers::{CHAINS_OF_PARTY, party_key, signed, unsigned};
use crate::{
    AccountsOf, Fault, Index, Kind, Page, ProjectId, Record, SavedTransfer, TransferFilter,
};

use super::ahead::Fetched;
use super::columns::{self, Columns, account_columns, account_key, get, id, transfer_columns};
use super::connection::{Connection, Param};
use super::pool::{Lease, Pool, Purpose};
use super::trouble::Trouble;

macro_rules! side {
    ($side:literal, $past:literal, $order:literal) => {
        concat!(
            "(SELECT ",
            transfer_columns!(""),
            " FROM transfers WHERE project = $1 AND ",
            $side,
            "_kind = $2 AND ",
            $side,
            "_owner = $3 AND ",
            $side,
            "_party = 0 AND ",
            $side,
            "_period = $4 AND chain ",
            $past,
            " $5 ORDER BY ",
            $order,
            " LIMIT $6)"
        )
    };
}

/// Both sides of an account's statement; no transfer is on both.
macro_rules! by_account {
    ($past:literal, $order:literal) => {
        concat!(
            side!("debit", $past, $order),
            " UNION ALL ",
            side!("credit", $past, $order),
            " ORDER BY ",
            $order,
            " LIMIT $6"
        )
    };
}

/// The same for an account of a party's own, out of every chain that touches the party.
macro_rules! by_party {
    ($past:literal, $order:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!("transfers."),
            " FROM links JOIN transfers \
             ON transfers.project = $1 AND transfers.chain = links.id \
             WHERE links.project = $1 AND links.key = $8 AND links.idx = $9 \
             AND (debit_kind = $2 AND debit_owner = $3 AND debit_party = $7 AND debit_period = $4 \
             OR credit_kind = $2 AND credit_owner = $3 AND credit_party = $7 \
             AND credit_period = $4) AND links.id ",
            $past,
            " $5 ORDER BY ",
            $order,
            " LIMIT $6"
        )
    };
}

/// No join: before a table is analysed for the first time the planner takes it for a small one, and
/// would walk all records of the kind for what is wanted.
const RECORDS: &str = "SELECT id, version, body FROM records \
     WHERE project = $1 AND kind = $2 AND id = ANY($3::BIGINT[])";

pub(super) const ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!("accounts."),
    " FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[]) \
     AS wanted (project, kind, owner, party, period) \
     JOIN accounts ON accounts.project = wanted.project AND accounts.kind = wanted.kind \
     AND accounts.owner = wanted.owner AND accounts.party = wanted.party \
     AND accounts.period = wanted.period"
);

const LINES: &str = concat!(
    "SELECT ",
    transfer_columns!(""),
    " FROM transfers WHERE project = $1 AND chain = $2 ORDER BY line"
);

/// Begins with the first question.
const MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// When the answers are so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Each its own.
    Each,
    /// That of the first question, which is still to come.
    First,
    /// One that has begun.
    Begun,
}

/// One connection, for one project, from the first question until it is dropped.
pub(crate) struct Reader {
    pool: Arc<Pool>,
    balances: Arc<Balances>,
    lease: Option<Lease>,
    purpose: Purpose,
    moment: Moment,
    project: ProjectId,
    /// What was fetched before it is asked for.
    pub(super) fetched: Option<Box<Fetched>>,
}

impl Reader {
    /// A reader whose every question sees its own moment, for one question.
    pub(super) fn new(shared: (&Arc<Pool>, &Arc<Balances>), project: ProjectId) -> Reader {
        let (pool, balances) = shared;
        Reader {
            pool: Arc::clone(pool),
            balances: Arc::clone(balances),
            lease: None,
            purpose: Purpose::Question,
            moment: Moment::Each,
            project,
            fetched: None,
        }
    }

    /// A reader whose questions all see the moment of the first.
    pub(super) fn at_one_moment(
        shared: (&Arc<Pool>, &Arc<Balances>),
        project: ProjectId,
        purpose: Purpose,
    ) -> Reader {
        let mut reader = Reader::new(shared, project);
        (reader.purpose, reader.moment) = (purpose, Moment::First);
        reader
    }

    async fn ask(&mut self, text: &'static str, row: &[Param<'_>]) -> Result<Vec<Row>, Fault> {
        let mut answers = self.ask_all(&[(text, row)]).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Several questions in one round trip; their answers, in order.
    pub(super) async fn ask_all(
        &mut self,
        asked: &[(&'static str, &[Param<'_>])],
    ) -> Result<Vec<Vec<Row>>, Fault> {
        self.try_ask(asked).await.map_err(Trouble::fault)
    }

    /// A connection that was lost while nobody asked is replaced, and so is one whose question was
    /// in the way of others; one that was lost after the moment began took the moment along.
    async fn try_ask(
        &mut self,
        asked: &[(&'static str, &[Param<'_>])],
    ) -> Result<Vec<Vec<Row>>, Trouble> {
        let lease = match self.lease.take() {
            Some(lease) => lease,
            None => self.pool.take(self.purpose).await?,
        };
        let lease = self.lease.insert(lease);
        let moment = self.moment;
        if moment == Moment::First {
            self.moment = Moment::Begun;
        }
        match answer(lease.connection()?, moment, asked).await {
            Err(Trouble::Lost(_) | Trouble::Contended(_)) if moment != Moment::Begun => {
                lease.renew().await?;
                answer(lease.connection()?, moment, asked).await
            }
            answered => answered,
        }
    }
}

/// What begins a moment travels with its first question.
async fn answer(
    connection: &Connection,
    moment: Moment,
    asked: &[(&'static str, &[Param<'_>])],
) -> Result<Vec<Vec<Row>>, Trouble> {
    if moment == Moment::First || asked.len() > 1 {
        // What is sent together leaves in its order, which what waits to be prepared would not.
        let texts: Vec<&'static str> = asked.iter().map(|(text, _)| *text).collect();
        connection.prepare(&texts).await?;
    }
    let begin = async {
        match moment {
            Moment::First => connection.run(MOMENT).await,
            Moment::Each | Moment::Begun => Ok(()),
        }
    };
    let questions = asked.iter().map(|(text, row)| connection.query(text, row));
    let (begun, answers) = tokio::join!(biased; begin, join_all(questions));
    begun?;
    let answers: Result<Vec<Vec<Row>>, Error> = answers.into_iter().collect();
    Ok(answers?)
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(lease) = &self.lease
            && self.moment == Moment::Begun
            && let Ok(connection) = lease.connection()
        {
            // Whoever takes the connection next is served after it.
            connection.send("COMMIT");
        }
    }
}

impl Reader {
    pub(super) fn project(&self) -> ProjectId {
        self.project
    }

    pub(super) fn number(&self) -> i64 {
        self.project.0.into()
    }

    /// The shared accounts that are to be read anew, and the moment before.
    pub(super) fn stale(&self, ahead: &Ahead<'_>) -> (Vec<AccountId>, balances::Moment) {
        match self.balances.fresh() {
            (true, moment) => (Vec::new(), moment),
            (false, moment) => ((ahead.shared)(), moment),
        }
    }

    /// Keeps shared accounts as they were found.
    pub(super) fn keep_shared(
        &self,
        (asked, moment): (&[AccountId], balances::Moment),
        found: &[Row],
    ) -> Result<(), Fault> {
        let found = in_order(asked, found)?;
        let read: Vec<_> = asked.iter().copied().zip(found).collect();
        self.balances.keep(self.project, (&read, moment));
        Ok(())
    }

    pub(crate) async fn get(&mut self, kind: Kind, id: u64) -> Result<Option<Record>, Fault> {
        let fetched = self.fetched.as_ref();
        if let Some(record) = fetched.and_then(|fetched| fetched.record(kind, id)) {
            return Ok(record);
        }
        let select = "SELECT id, version, body FROM records \
                      WHERE project = $1 AND kind = $2 AND id = $3";
        let row: [Param<'_>; 3] = [&self.number(), &(kind as i64), &signed(id)];
        one(&self.ask(select, &row).await?, record)
    }

    pub(crate) async fn get_many(
        &mut self,
        kind: Kind,
        ids: &[u64],
    ) -> Result<Vec<Option<Record>>, Fault> {
        let wanted: Vec<i64> = ids.iter().map(|id| signed(*id)).collect();
        let row: [Param<'_>; 3] = [&self.number(), &(kind as i64), &wanted];
        let found = all(&self.ask(RECORDS, &row).await?, record)?;
        let found: HashMap<u64, Record> = found
            .into_iter()
            .map(|record| (record.id, record))
            .collect();
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    pub(crate) async fn list(&mut self, kind: Kind, page: Page) -> Result<Vec<Record>, Fault> {
        let select = match page.newest_first {
            false => {
                "SELECT id, version, body FROM records \
                 WHERE project = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4"
            }
            true => {
                "SELECT id, version, body FROM records \
                 WHERE project = $1 AND kind = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
            }
        };
        let (start, limit) = (page.start(), i64::from(page.limit));
        let row: [Param<'_>; 4] = [&self.number(), &(kind as i64), &start, &limit];
        all(&self.ask(select, &row).await?, record)
    }

    pub(crate) async fn ids(&mut self, kind: Kind, page: Page) -> Result<Vec<u64>, Fault> {
        let select = match page.newest_first {
            false => {
                "SELECT id FROM records \
                 WHERE project = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4"
            }
            true => {
                "SELECT id FROM records \
                 WHERE project = $1 AND kind = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
            }
        };
        let (start, limit) = (page.start(), i64::from(page.limit));
        let row: [Param<'_>; 4] = [&self.number(), &(kind as i64), &start, &limit];
        all(&self.ask(select, &row).await?, first_id)
    }

    pub(crate) async fn count_records(&mut self, kind: Kind) -> Result<u64, Fault> {
        let select = "SELECT coalesce(sum(records), 0)::BIGINT FROM counts \
                      WHERE project = $1 AND kind = $2";
        let row: [Param<'_>; 2] = [&self.number(), &(kind as i64)];
        Ok(one(&self.ask(select, &row).await?, first_id)?.unwrap_or(0))
    }

    pub(crate) async fn unique(&mut self, index: Index, key: &[u8]) -> Result<Option<u64>, Fault> {
        let fetched = self.fetched.as_ref();
        if let Some(led) = fetched.and_then(|fetched| fetched.led(index, key)) {
            return Ok(led);
        }
        let select = "SELECT id FROM unique_links WHERE project = $1 AND idx = $2 AND key = $3";
        let row: [Param<'_>; 3] = [&self.number(), &(index as i64), &key];
        one(&self.ask(select, &row).await?, first_id)
    }

    pub(crate) async fn each(
        &mut self,
        index: Index,
        keys: &[&[u8]],
    ) -> Result<Vec<Option<u64>>, Fault> {
        let select = "SELECT id, key FROM unique_links \
                      WHERE project = $1 AND idx = $2 AND key = ANY($3)";
        let row: [Param<'_>; 3] = [&self.number(), &(index as i64), &keys];
        let found = all(&self.ask(select, &row).await?, |row| {
            Ok((get::<Vec<u8>>(row, 1)?, id(row, 0)?))
        })?;
        let found: HashMap<Vec<u8>, u64> = found.into_iter().collect();
        Ok(keys.iter().map(|key| found.get(*key).copied()).collect())
    }

    pub(crate) async fn find(
        &mut self,
        (index, key): (Index, &[u8]),
        page: Page,
    ) -> Result<Vec<u64>, Fault> {
        let select = match (index.is_unique(), page.newest_first) {
            (false, false) => {
                "SELECT id FROM links WHERE project = $1 AND idx = $2 AND key = $3 AND id > $4 \
                 ORDER BY id LIMIT $5"
            }
            (false, true) => {
                "SELECT id FROM links WHERE project = $1 AND idx = $2 AND key = $3 AND id < $4 \
                 ORDER BY id DESC LIMIT $5"
            }
            (true, false) => {
                "SELECT id FROM unique_links \
                 WHERE project = $1 AND idx = $2 AND key = $3 AND id > $4 LIMIT $5"
            }
            (true, true) => {
                "SELECT id FROM unique_links \
                 WHERE project = $1 AND idx = $2 AND key = $3 AND id < $4 LIMIT $5"
            }
        };
        let (start, limit) = (page.start(), i64::from(page.limit));
        let row: [Param<'_>; 5] = [&self.number(), &(index as i64), &key, &start, &limit];
        all(&self.ask(select, &row).await?, first_id)
    }

    pub(crate) async fn find_many(
        &mut self,
        index: Index,
        (keys, limit): (&[&[u8]], u32),
    ) -> Result<Vec<Vec<u64>>, Fault> {
        let select = "SELECT ARRAY(SELECT id FROM links WHERE project = $1 AND idx = $2 \
                      AND key = asked.key ORDER BY id LIMIT $4) \
                      FROM unnest($3::BYTEA[]) WITH ORDINALITY AS asked (key, place) \
                      ORDER BY asked.place";
        let limit = i64::from(limit);
        let row: [Param<'_>; 4] = [&self.number(), &(index as i64), &keys, &limit];
        all(&self.ask(select, &row).await?, |row| {
            let ids: Vec<i64> = get(row, 0)?;
            Ok(ids.into_iter().map(unsigned).collect())
        })
    }

    pub(crate) async fn keys(
        &mut self,
        index: Index,
        (after, limit): (&[u8], u32),
    ) -> Result<Vec<(Vec<u8>, u64)>, Fault> {
        let select = "SELECT id, key FROM unique_links \
                      WHERE project = $1 AND idx = $2 AND key > $3 ORDER BY key LIMIT $4";
        let limit = i64::from(limit);
        let row: [Param<'_>; 4] = [&self.number(), &(index as i64), &after, &limit];
        all(&self.ask(select, &row).await?, |row| {
            Ok((get(row, 1)?, id(row, 0)?))
        })
    }

    pub(crate) async fn count(&mut self, index: Index, key: &[u8]) -> Result<u64, Fault> {
        let select = match index.is_unique() {
            true => {
                "SELECT count(*) FROM unique_links WHERE project = $1 AND idx = $2 AND key = $3"
            }
            false => "SELECT count(*) FROM links WHERE project = $1 AND idx = $2 AND key = $3",
        };
        let row: [Param<'_>; 3] = [&self.number(), &(index as i64), &key];
        Ok(one(&self.ask(select, &row).await?, first_id)?.unwrap_or(0))
    }

    pub(crate) async fn accounts(
        &mut self,
        ids: &[AccountId],
    ) -> Result<Vec<Option<Account>>, Fault> {
        let keys = Columns::of(ids.iter().map(|id| account_key(self.project, *id)));
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        in_order(ids, &self.ask(ACCOUNTS, &keys.params()).await?)
    }

    /// Shared accounts out of memory, or read anew where they are not kept: the moment of this
    /// reader may be older than what is kept. The others as this reader sees them.
    pub(crate) async fn balances(
        &mut self,
        ids: &[AccountId],
    ) -> Result<Vec<Option<Account>>, Fault> {
        let (kept, moment) = self.balances.find(self.project, ids);
        let missing = ids.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let missing = missing.map(|(id, _)| *id);
        let (shared, own): (Vec<_>, Vec<_>) = missing.partition(|id| is_shared(*id));
        let mut read: HashMap<AccountId, Option<Account>> = HashMap::new();
        if !shared.is_empty() {
            let accounts = self.anew(&shared).await?;
            let found: Vec<_> = shared.into_iter().zip(accounts).collect();
            self.balances.keep(self.project, (&found, moment));
            read.extend(found);
        }
        let mut unknown = Vec::new();
        for id in own {
            let fetched = self.fetched.as_ref();
            match fetched.and_then(|fetched| fetched.account(id)) {
                Some(account) => {
                    read.insert(id, account);
                }
                None => unknown.push(id),
            }
        }
        if !unknown.is_empty() {
            let accounts = self.accounts(&unknown).await?;
            read.extend(unknown.into_iter().zip(accounts));
        }
        let answers = ids.iter().zip(kept);
        let answers = answers.map(|(id, kept)| kept.or_else(|| read.get(id).copied()).flatten());
        Ok(answers.collect())
    }

    /// As they are now, whatever the moment of this reader.
    async fn anew(&mut self, ids: &[AccountId]) -> Result<Vec<Option<Account>>, Fault> {
        if self.moment == Moment::Each {
            return self.accounts(ids).await;
        }
        let mut other = Reader::new((&self.pool, &self.balances), self.project);
        Box::pin(other.accounts(ids)).await
    }

    pub(crate) async fn has_overdue(&mut self, now: Timestamp) -> Result<bool, Fault> {
        let select = "SELECT 1 FROM transfers \
                      WHERE project = $1 AND state = 0 AND expires_at <= $2 LIMIT 1";
        let row: [Param<'_>; 2] = [&self.number(), &now];
        Ok(!self.ask(select, &row).await?.is_empty())
    }

    pub(crate) async fn accounts_of(&mut self, asked: AccountsOf) -> Result<Vec<Account>, Fault> {
        let select = concat!(
            "SELECT ",
            account_columns!(""),
            " FROM accounts WHERE project = $1 AND kind = $2 AND owner = $3 \
             AND (party, period) > ($4, $5) ORDER BY party, period LIMIT $6"
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
        let [project, kind, owner, ..] = account_key(self.project, own);
        let limit = i64::from(asked.limit);
        let row: [Param<'_>; 6] = [&project, &kind, &owner, &party, &window, &limit];
        all(&self.ask(select, &row).await?, columns::account)
    }

    pub(crate) async fn transfers(
        &mut self,
        filter: TransferFilter,
        page: Page,
    ) -> Result<Vec<SavedTransfer>, Fault> {
        match filter {
            TransferFilter::Chain(chain) if page.limit > 0 && page.is_past(chain) => {
                self.lines_of(filter, chain).await
            }
            TransferFilter::Chain(_) => Ok(Vec::new()),
            TransferFilter::Account(account) => self.statement(account, page).await,
        }
    }

    async fn statement(
        &mut self,
        account: AccountId,
        page: Page,
    ) -> Result<Vec<SavedTransfer>, Fault> {
        let [project, kind, owner, party, period] = account_key(self.project, account);
        let (start, limit) = (page.start(), i64::from(page.limit));
        let (key, index) = (party_key(account.party), i64::from(CHAINS_OF_PARTY));
        let key = key.as_slice();
        let shared: [Param<'_>; 6] = [&project, &kind, &owner, &period, &start, &limit];
        let own: [Param<'_>; 9] = [
            &project, &kind, &owner, &period, &start, &limit, &party, &key, &index,
        ];
        let (select, row): (&str, &[Param<'_>]) = match (account.party, page.newest_first) {
            (0, false) => (by_account!(">", "chain, line"), &shared),
            (0, true) => (by_account!("<", "chain DESC, line DESC"), &shared),
            (_, false) => (by_party!(">", "links.id, line"), &own),
            (_, true) => (by_party!("<", "links.id DESC, line DESC"), &own),
        };
        let mut found = all(&self.ask(select, row).await?, columns::transfer)?;
        // The last chain is read whole, so that the next page can begin after it.
        let last = found.last().map(|saved| saved.transfer.id.chain);
        if let Some(chain) = last
            && found.len() == page.limit as usize
        {
            found.retain(|saved| saved.transfer.id.chain != chain);
            let filter = TransferFilter::Account(account);
            found.extend(self.lines_of(filter, chain).await?);
        }
        if page.newest_first {
            found.sort_by_key(|SavedTransfer { transfer, .. }| {
                (std::cmp::Reverse(transfer.id.chain), transfer.id.line)
            });
        }
        Ok(found)
    }

    /// The lines of one chain that the filter lets through.
    async fn lines_of(
        &mut self,
        filter: TransferFilter,
        chain: u64,
    ) -> Result<Vec<SavedTransfer>, Fault> {
        let row: [Param<'_>; 2] = [&self.number(), &signed(chain)];
        let mut lines = all(&self.ask(LINES, &row).await?, columns::transfer)?;
        if let TransferFilter::Account(account) = filter {
            lines.retain(|saved| {
                saved.transfer.debit == account || saved.transfer.credit == account
            });
        }
        Ok(lines)
    }
}

/// Accounts as they were found, in the order of the ids.
fn in_order(ids: &[AccountId], found: &[Row]) -> Result<Vec<Option<Account>>, Fault> {
    let found = all(found, columns::account)?.into_iter();
    let found: HashMap<AccountId, Account> = found.map(|account| (account.id, account)).collect();
    Ok(ids.iter().map(|id| found.get(id).copied()).collect())
}

fn one<T>(rows: &[Row], read: fn(&Row) -> Result<T, Trouble>) -> Result<Option<T>, Fault> {
    rows.first().map(read).transpose().map_err(Trouble::fault)
}

fn all<T>(rows: &[Row], read: fn(&Row) -> Result<T, Trouble>) -> Result<Vec<T>, Fault> {
    let read = rows.iter().map(read).collect::<Result<_, _>>();
    read.map_err(Trouble::fault)
}

fn first_id(row: &Row) -> Result<u64, Trouble> {
    id(row, 0)
}

fn record(row: &Row) -> Result<Record, Trouble> {
    Ok(Record {
        id: id(row, 0)?,
        version: id(row, 1)?,
        body: get(row, 2)?,
    })
}
