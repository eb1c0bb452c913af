//! What does one project look like at one moment?

use ledger::{Account, AccountId, Timestamp};

use crate::memory::Snapshot;
use crate::postgres;
use crate::sqlite::Reader;
use crate::{
    AccountsOf, Ahead, Fault, Index, Kind, Page, Record, SavedTransfer, Seen, TransferFilter,
};

/// Reads of one project. Every method answers as the method of [`crate::Store`] of that name.
///
/// The methods take `&mut self` because a connection answers one question at a time; on SQLite
/// each runs to its end on the calling thread, without a hop; on PostgreSQL each is one round trip,
/// and nothing is taken from the pool before the first.
pub struct View {
    source: Source,
    /// How often it was asked.
    asked: u64,
}

/// The least id.
const FIRST: Page = Page {
    after: 0,
    limit: 1,
    newest_first: false,
};

enum Source {
    Memory(Snapshot),
    Sqlite(Reader),
    Postgres(postgres::Reader),
}

impl View {
    pub(crate) fn of_memory(snapshot: Snapshot) -> View {
        View {
            source: Source::Memory(snapshot),
            asked: 0,
        }
    }

    pub(crate) fn of_sqlite(reader: Reader) -> View {
        View {
            source: Source::Sqlite(reader),
            asked: 0,
        }
    }

    pub(crate) fn of_postgres(reader: postgres::Reader) -> View {
        View {
            source: Source::Postgres(reader),
            asked: 0,
        }
    }

    /// Has what was read here found by [`crate::Store::look`] as well. It must have been read here,
    /// and nothing else.
    pub fn keep(&self, seen: Seen) {
        match &self.source {
            Source::Sqlite(reader) => reader.keep(seen),
            Source::Memory(_) | Source::Postgres(_) => {}
        }
    }

    /// How often it was asked, and so how much it was made to do.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Whether to tell ahead what will be asked spares anything ([`View::foresee`]).
    #[must_use]
    pub fn is_far(&self) -> bool {
        matches!(self.source, Source::Postgres(_))
    }

    /// Fetches what will be asked in one round trip, where the engine is far away. It must be the
    /// first question; what is asked of it then is answered without another.
    ///
    /// # Errors
    /// [`Fault::Disk`], as of every method below.
    pub async fn foresee(&mut self, ahead: &Ahead<'_>) -> Result<(), Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(_) | Source::Sqlite(_) => Ok(()),
            Source::Postgres(reader) => reader.foresee(ahead).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn get(&mut self, kind: Kind, id: u64) -> Result<Option<Record>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.get(kind, id)),
            Source::Sqlite(reader) => reader.get(kind, id),
            Source::Postgres(reader) => reader.get(kind, id).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn get_many(
        &mut self,
        kind: Kind,
        ids: &[u64],
    ) -> Result<Vec<Option<Record>>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(ids.iter().map(|id| snapshot.get(kind, *id)).collect()),
            Source::Sqlite(reader) => ids.iter().map(|id| reader.get(kind, *id)).collect(),
            Source::Postgres(reader) => reader.get_many(kind, ids).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn list(&mut self, kind: Kind, page: Page) -> Result<Vec<Record>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.list(kind, page)),
            Source::Sqlite(reader) => reader.list(kind, page),
            Source::Postgres(reader) => reader.list(kind, page).await,
        }
    }

    /// The ids of the records of a kind, without what they hold.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn ids(&mut self, kind: Kind, page: Page) -> Result<Vec<u64>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.ids(kind, page)),
            Source::Sqlite(reader) => reader.ids(kind, page),
            Source::Postgres(reader) => reader.ids(kind, page).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn count_records(&mut self, kind: Kind) -> Result<u64, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.count_records(kind)),
            Source::Sqlite(reader) => reader.count_records(kind),
            Source::Postgres(reader) => reader.count_records(kind).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn find_one(&mut self, index: Index, key: &[u8]) -> Result<Option<u64>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(first_under(snapshot, index, key)),
            Source::Sqlite(reader) if index.is_unique() => reader.unique(index, key),
            Source::Sqlite(reader) => Ok(reader.find(index, key, FIRST)?.first().copied()),
            Source::Postgres(reader) if index.is_unique() => reader.unique(index, key).await,
            Source::Postgres(reader) => {
                let found = reader.find((index, key), FIRST).await?;
                Ok(found.first().copied())
            }
        }
    }

    /// What each key of a unique index points to, in the order of the keys. Nothing for an index
    /// that is not unique.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn find_each(
        &mut self,
        index: Index,
        keys: &[&[u8]],
    ) -> Result<Vec<Option<u64>>, Fault> {
        self.asked += 1;
        match &mut self.source {
            _ if !index.is_unique() => Ok(vec![None; keys.len()]),
            Source::Memory(snapshot) => {
                let each = keys.iter().map(|key| first_under(snapshot, index, key));
                Ok(each.collect())
            }
            Source::Sqlite(reader) => keys.iter().map(|key| reader.unique(index, key)).collect(),
            Source::Postgres(reader) => reader.each(index, keys).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn find(&mut self, index: Index, key: &[u8], page: Page) -> Result<Vec<u64>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.find(index, key, page)),
            Source::Sqlite(reader) => reader.find(index, key, page),
            Source::Postgres(reader) => reader.find((index, key), page).await,
        }
    }

    /// The first ids under each key of an index that is not unique, at most `limit` of each, in the
    /// order of the keys. Nothing for a unique index.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn find_many(
        &mut self,
        index: Index,
        (keys, limit): (&[&[u8]], u32),
    ) -> Result<Vec<Vec<u64>>, Fault> {
        self.asked += 1;
        let page = Page { limit, ..FIRST };
        match &mut self.source {
            _ if index.is_unique() => Ok(vec![Vec::new(); keys.len()]),
            Source::Memory(snapshot) => {
                let each = keys.iter().map(|key| snapshot.find(index, key, page));
                Ok(each.collect())
            }
            Source::Sqlite(reader) => {
                let each = keys.iter().map(|key| reader.find(index, key, page));
                each.collect()
            }
            Source::Postgres(reader) => reader.find_many(index, (keys, limit)).await,
        }
    }

    /// The keys of a unique index after a key, in their order, with what they point to. Nothing
    /// for an index that is not unique.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn keys(
        &mut self,
        index: Index,
        (after, limit): (&[u8], u32),
    ) -> Result<Vec<(Vec<u8>, u64)>, Fault> {
        self.asked += 1;
        match &mut self.source {
            _ if !index.is_unique() => Ok(Vec::new()),
            Source::Memory(snapshot) => Ok(snapshot.keys(index, after, limit)),
            Source::Sqlite(reader) => reader.keys(index, after, limit),
            Source::Postgres(reader) => reader.keys(index, (after, limit)).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn count(&mut self, index: Index, key: &[u8]) -> Result<u64, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.count(index, key)),
            Source::Sqlite(reader) => reader.count(index, key),
            Source::Postgres(reader) => reader.count(index, key).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn account(&mut self, id: AccountId) -> Result<Option<Account>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.account(id)),
            Source::Sqlite(reader) => reader.account(id),
            Source::Postgres(reader) => {
                let mut found = reader.accounts(&[id]).await?;
                Ok(found.pop().flatten())
            }
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn accounts(&mut self, ids: &[AccountId]) -> Result<Vec<Option<Account>>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(ids.iter().map(|id| snapshot.account(*id)).collect()),
            Source::Sqlite(reader) => ids.iter().map(|id| reader.account(*id)).collect(),
            Source::Postgres(reader) => reader.accounts(ids).await,
        }
    }

    /// As [`crate::Store::balances`]: they may be newer than the view.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn balances(&mut self, ids: &[AccountId]) -> Result<Vec<Option<Account>>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(ids.iter().map(|id| snapshot.account(*id)).collect()),
            Source::Sqlite(reader) => reader.balances(ids),
            Source::Postgres(reader) => reader.balances(ids).await,
        }
    }

    /// Whether a hold is still open whose time has come.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn has_overdue(&mut self, now: Timestamp) -> Result<bool, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.has_overdue(now)),
            Source::Sqlite(reader) => reader.has_overdue(now),
            Source::Postgres(reader) => reader.has_overdue(now).await,
        }
    }

    /// The project asked is that of the view, whatever `asked` says.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn accounts_of(&mut self, asked: AccountsOf) -> Result<Vec<Account>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.accounts_of(asked)),
            Source::Sqlite(reader) => reader.accounts_of(asked),
            Source::Postgres(reader) => reader.accounts_of(asked).await,
        }
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn transfers(
        &mut self,
        filter: TransferFilter,
        page: Page,
    ) -> Result<Vec<SavedTransfer>, Fault> {
        self.asked += 1;
        match &mut self.source {
            Source::Memory(snapshot) => Ok(snapshot.transfers(filter, page)),
            Source::Sqlite(reader) => reader.transfers(filter, page),
            Source::Postgres(reader) => reader.transfers(filter, page).await,
        }
    }
}

fn first_under(snapshot: &Snapshot, index: Index, key: &[u8]) -> Option<u64> {
    snapshot.find(index, key, FIRST).first().copied()
}
