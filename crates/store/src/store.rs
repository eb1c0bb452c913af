//! Who keeps it? One face over the engines: what is asked here is answered alike by each.

use std::path::Path;

use ledger::{Account, AccountId, Timestamp};

use crate::memory::Memory;
use crate::moving::{ASIDE, Export, MARK, Mark, Stretch};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::{
    AccountsOf, Audit, Command, Fault, Index, Kind, Look, Outcome, Page, ProjectId, Record,
    SavedTransfer, Settings, TransferFilter, View,
};

/// A handle on one store; clones share it.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Memory(Memory),
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// A store that forgets everything with its last handle.
    #[must_use]
    pub fn memory() -> Store {
        Store {
            engine: Engine::Memory(Memory::default()),
        }
    }

    /// Opens a SQLite file: creates it where it is missing, brings its schema up to date and
    /// checks that it is whole and its books balance.
    ///
    /// # Errors
    /// [`Fault::Disk`]: it cannot be read or written, is damaged, does not balance, or was
    /// written by a newer version.
    pub fn open(path: &Path, settings: Settings) -> Result<Store, Fault> {
        Ok(Store {
            engine: Engine::Sqlite(Sqlite::open(path, settings)?),
        })
    }

    /// Connects to a database that speaks PostgreSQL's protocol and brings its schema up to date.
    /// Any number of processes may serve one database. The store lives on the runtime on which this
    /// is called; it may be asked from any.
    ///
    /// `url` is `postgres://user:password@host:port/name`, with `?sslmode=require` to encrypt (then
    /// the certificate is checked, by Mozilla's list or by `sslrootcert=FILE`). Its accounts are
    /// not summed here, whatever [`Settings::check`] says: others serve them meanwhile. It takes
    /// one connection to write, at most [`Settings::readers`] for views, and as many for questions
    /// that stand alone.
    ///
    /// # Errors
    /// [`Fault::Disk`]: it cannot be read or reached, or was written by a newer version.
    pub async fn connect(url: &str, settings: Settings) -> Result<Store, Fault> {
        Ok(Store {
            engine: Engine::Postgres(Postgres::connect(url, settings).await?),
        })
    }

    /// Submits one command; returns when its outcome is durable. A caller that stops waiting
    /// does not stop the command.
    ///
    /// # Errors
    /// [`Fault::Busy`] when nothing was done, otherwise see [`Fault`].
    pub async fn submit(&self, command: Command) -> Result<Outcome, Fault> {
        match &self.engine {
            Engine::Memory(memory) => memory.submit(&command),
            Engine::Sqlite(sqlite) => {
                let mut outcomes = sqlite.submit(vec![command]).await?;
                outcomes.pop().ok_or(Fault::Closed)
            }
            Engine::Postgres(postgres) => {
                let mut outcomes = postgres.submit(vec![command]).await?;
                outcomes.pop().ok_or(Fault::Closed)
            }
        }
    }

    /// Submits commands in order; each is judged after those before it, and is whole by itself.
    ///
    /// # Errors
    /// See [`Fault`]. Some of the commands may have been applied, in order from the first.
    pub async fn submit_all(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, Fault> {
        match &self.engine {
            Engine::Memory(memory) => commands
                .iter()
                .map(|command| memory.submit(command))
                .collect(),
            Engine::Sqlite(sqlite) => sqlite.submit(commands).await,
            Engine::Postgres(postgres) => postgres.submit(commands).await,
        }
    }

    /// A view of one project in which several reads see the same moment. Drop it soon: while it
    /// lives the log of changes cannot be emptied.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub fn view(&self, project: ProjectId) -> Result<View, Fault> {
        match &self.engine {
            Engine::Memory(memory) => Ok(View::of_memory(memory.snapshot(project)?)),
            Engine::Sqlite(sqlite) => Ok(View::of_sqlite(sqlite.view(project))),
            Engine::Postgres(postgres) => Ok(View::of_postgres(postgres.view(project))),
        }
    }

    /// One look at what views gave back ([`View::keep`]), as it stands now: never older than what
    /// was acknowledged. Drop it at once: the writer waits for it. `None` where others may write
    /// what this process does not hear of.
    #[must_use]
    pub fn look(&self, project: ProjectId) -> Option<Look<'_>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.look(project)),
            Engine::Memory(_) | Engine::Postgres(_) => None,
        }
    }

    /// As [`Store::view`], for one question.
    fn glance(&self, project: ProjectId) -> Result<View, Fault> {
        match &self.engine {
            Engine::Memory(_) | Engine::Sqlite(_) => self.view(project),
            Engine::Postgres(postgres) => Ok(View::of_postgres(postgres.glance(project))),
        }
    }

    /// As [`Store::glance`], but each read sees its own moment, which is cheaper for a single one.
    fn reads(&self, project: ProjectId) -> Result<View, Fault> {
        match &self.engine {
            Engine::Memory(memory) => Ok(View::of_memory(memory.snapshot(project)?)),
            Engine::Sqlite(sqlite) => Ok(View::of_sqlite(sqlite.reads(project))),
            Engine::Postgres(postgres) => Ok(View::of_postgres(postgres.reads(project))),
        }
    }

    /// # Errors
    /// [`Fault::Disk`], as of every read below.
    pub async fn get(
        &self,
        project: ProjectId,
        kind: Kind,
        id: u64,
    ) -> Result<Option<Record>, Fault> {
        self.reads(project)?.get(kind, id).await
    }

    /// One answer per id, in the order of the ids.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn get_many(
        &self,
        project: ProjectId,
        kind: Kind,
        ids: &[u64],
    ) -> Result<Vec<Option<Record>>, Fault> {
        self.glance(project)?.get_many(kind, ids).await
    }

    /// Records of a kind, by id.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn list(
        &self,
        project: ProjectId,
        kind: Kind,
        page: Page,
    ) -> Result<Vec<Record>, Fault> {
        self.reads(project)?.list(kind, page).await
    }

    /// How many records of a kind there are; costs the same however many.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn count_records(&self, project: ProjectId, kind: Kind) -> Result<u64, Fault> {
        self.reads(project)?.count_records(kind).await
    }

    /// What a key of a unique index points to; of any other index the least id under the key.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn find_one(
        &self,
        project: ProjectId,
        index: Index,
        key: &[u8],
    ) -> Result<Option<u64>, Fault> {
        self.reads(project)?.find_one(index, key).await
    }

    /// The ids under a key, in order.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn find(
        &self,
        project: ProjectId,
        (index, key): (Index, &[u8]),
        page: Page,
    ) -> Result<Vec<u64>, Fault> {
        self.reads(project)?.find(index, key, page).await
    }

    /// How many ids there are under a key; costs in proportion to their number.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn count(&self, project: ProjectId, index: Index, key: &[u8]) -> Result<u64, Fault> {
        self.reads(project)?.count(index, key).await
    }

    /// # Errors
    /// [`Fault::Disk`].
    pub async fn account(
        &self,
        project: ProjectId,
        id: AccountId,
    ) -> Result<Option<Account>, Fault> {
        self.reads(project)?.account(id).await
    }

    /// One answer per id, in the order of the ids, all of the same moment.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn accounts(
        &self,
        project: ProjectId,
        ids: &[AccountId],
    ) -> Result<Vec<Option<Account>>, Fault> {
        self.glance(project)?.accounts(ids).await
    }

    /// One answer per id, in the order of the ids; cheap for accounts without a party that are
    /// asked for again and again. Each is as the commands left it that were acknowledged before the
    /// question, or later; they need not be of one moment, nor of that of a view. What another
    /// process wrote to the same store is seen within a second, on PostgreSQL within 250 ms. To
    /// advise: a command that takes of an account is judged by what is on disk.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn balances(
        &self,
        project: ProjectId,
        ids: &[AccountId],
    ) -> Result<Vec<Option<Account>>, Fault> {
        self.reads(project)?.balances(ids).await
    }

    /// Whether a hold is still open whose time has come: another command will let go of it.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn has_overdue(&self, project: ProjectId, now: Timestamp) -> Result<bool, Fault> {
        self.reads(project)?.has_overdue(now).await
    }

    /// The accounts of one owner on one line of the chart, by party and window.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn accounts_of(&self, asked: AccountsOf) -> Result<Vec<Account>, Fault> {
        self.reads(asked.project)?.accounts_of(asked).await
    }

    /// Transfers by chain and line. The page counts transfers and its `after` is a chain; a page
    /// never ends inside a chain, so it may run over its limit by the rest of one.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn transfers(
        &self,
        project: ProjectId,
        filter: TransferFilter,
        page: Page,
    ) -> Result<Vec<SavedTransfer>, Fault> {
        self.glance(project)?.transfers(filter, page).await
    }

    /// Forgets idempotency keys of commands before a moment, in stretches between which others
    /// are served; how many. A retry with one of them is then a new command.
    ///
    /// # Errors
    /// [`Fault::Busy`], [`Fault::Disk`], [`Fault::Closed`]. Some may have been forgotten.
    pub async fn forget_keys(&self, project: ProjectId, before: Timestamp) -> Result<u64, Fault> {
        match &self.engine {
            Engine::Memory(memory) => Ok(memory.forget_keys(project, before)),
            Engine::Sqlite(sqlite) => sqlite.forget_keys(project, before).await,
            Engine::Postgres(postgres) => postgres.forget_keys(project, before).await,
        }
    }

    /// Empties the log into the file, so that what was deleted or written over is in neither any
    /// more. `false` where somebody was reading an older moment all the while: then what they see
    /// is still there. Nothing to do on PostgreSQL, which keeps what was written over on its pages
    /// until VACUUM (its own daemon runs it) and in its log until that is recycled or archived.
    ///
    /// # Errors
    /// [`Fault::Busy`], [`Fault::Disk`], [`Fault::Closed`].
    pub async fn empty_log(&self) -> Result<bool, Fault> {
        match &self.engine {
            Engine::Memory(_) => Ok(true),
            Engine::Sqlite(sqlite) => sqlite.empty_log().await,
            Engine::Postgres(_) => Ok(true),
        }
    }

    /// Reads every account and every transfer of one moment and compares them.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn audit(&self) -> Result<Audit, Fault> {
        match &self.engine {
            Engine::Memory(memory) => memory.audit(),
            Engine::Sqlite(sqlite) => sqlite.audit().await,
            Engine::Postgres(postgres) => postgres.audit().await,
        }
    }

    /// Copies one moment of the store to another file, while it goes on serving. The file
    /// appears under its name when it is whole and on disk; what was there is replaced.
    ///
    /// # Errors
    /// [`Fault::Disk`], also for the in-memory model, which has nothing to copy, and for
    /// PostgreSQL, which has its own tools.
    pub async fn backup(&self, to: &Path) -> Result<(), Fault> {
        match &self.engine {
            Engine::Memory(_) => Err(Fault::Disk("a store in memory has no file to copy".into())),
            Engine::Sqlite(sqlite) => sqlite.backup(to).await,
            Engine::Postgres(_) => Err(Fault::Disk(
                "a store in PostgreSQL is copied with pg_dump, or with pg_basebackup and its log"
                    .into(),
            )),
        }
    }

    /// Everything of one moment, in stretches, while the store goes on serving. On SQLite the log
    /// of changes is not emptied meanwhile and grows with every commit; on PostgreSQL nothing that
    /// was written over meanwhile is vacuumed.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn export(&self) -> Result<Export, Fault> {
        match &self.engine {
            Engine::Memory(memory) => Ok(memory.export()),
            Engine::Sqlite(sqlite) => sqlite.export().await,
            Engine::Postgres(postgres) => postgres.export().await,
        }
    }

    /// How far an import came that was begun here and has not ended; whoever serves does not begin
    /// before.
    ///
    /// # Errors
    /// [`Fault::Disk`].
    pub async fn importing(&self) -> Result<Option<Mark>, Fault> {
        let (kind, id) = MARK;
        let record = self.get(ASIDE, kind, id).await?;
        let unreadable = || Fault::Disk("the mark of an import cannot be read".into());
        let mark = record.map(|record| Mark::of(&record).ok_or_else(unreadable));
        mark.transpose()
    }

    /// Adds the rows of a stretch, and durable with them that it was done; the mark after it. None
    /// and nothing was added where the mark in the store is another.
    ///
    /// # Errors
    /// [`Fault::Disk`], also for a key that is there already; [`Fault::Busy`], [`Fault::Closed`].
    /// Then [`Store::importing`] says what is so.
    pub(crate) async fn load(&self, stretch: Stretch, mark: Mark) -> Result<Option<Mark>, Fault> {
        let loaded = match &self.engine {
            Engine::Memory(memory) => memory.load(stretch, mark),
            Engine::Sqlite(sqlite) => sqlite.load(stretch, mark).await?,
            Engine::Postgres(postgres) => postgres.load(&stretch, mark).await?,
        };
        Ok(loaded.then(|| mark.next()))
    }

    /// Applies what is queued, empties the log into the file and stops. Other handles then
    /// answer submissions with [`Fault::Closed`].
    ///
    /// # Errors
    /// [`Fault::Disk`], [`Fault::Closed`].
    pub async fn close(self) -> Result<(), Fault> {
        match self.engine {
            Engine::Memory(memory) => memory.close(),
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}
