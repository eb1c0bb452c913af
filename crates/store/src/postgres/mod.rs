//! How is it kept in a database of its own? PostgreSQL's protocol: one task that writes, a pool of
//! connections that read, and any number of processes beside.
//!
//! Statements stay in what CockroachDB, YugabyteDB and Citus say they understand too: no advisory
//! locks, no notifications, no numbers drawn by the database, no two writes to one table in one
//! statement. Only PostgreSQL 15 was run.

mod ahead;
mod columns;
mod connection;
mod load;
mod moving;
mod pool;
mod read;
mod save;
mod schema;
mod tls;
mod trouble;
mod viewers;
mod writer;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use ledger::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::oneshot;

use crate::audit::Auditor;
use crate::balances::Balances;
use crate::moving::{Export, Mark, Stretch};
use crate::queue::{Job, stretches};
use crate::{Audit, Command, Fault, Outcome, ProjectId, Settings};

use columns::{account_columns, project, transfer_columns};
use connection::{Connection, Connector, Param};
use pool::{Pool, Purpose};
pub(crate) use read::Reader;
use trouble::Trouble;
use writer::{Desk, Message};

/// What another process wrote is seen in balances after so long at the latest.
const MOST_AGE: Duration = Duration::from_millis(250);
/// Keys forgotten in one transaction.
const KEYS_AT_ONCE: i64 = 1_000;

/// In an order, so that two that forget at once do not wait for each other in a circle.
const FORGET_KEYS: &str = "DELETE FROM once WHERE project = $1 AND key IN (SELECT key FROM once \
     WHERE project = $1 AND created_at < $2 ORDER BY created_at, key LIMIT $3 FOR UPDATE)";

#[derive(Clone)]
pub(crate) struct Postgres {
    queue: Sender<Message>,
    pool: Arc<Pool>,
    balances: Arc<Balances>,
    batch: usize,
}

impl Postgres {
    pub(crate) async fn connect(url: &str, settings: Settings) -> Result<Postgres, Fault> {
        let connector = Arc::new(Connector::new(url)?);
        let connection = connector.connect().await.map_err(Trouble::fault)?;
        schema::migrate(&connection).await?;
        let connection = writer::connect(&connector).await.map_err(Trouble::fault)?;
        let balances = Arc::new(Balances::new(MOST_AGE));
        let desk = Desk::new(Arc::clone(&connector), connection, Arc::clone(&balances))?;
        let (queue, jobs) = channel(settings.queue.max(1));
        connector.runtime().spawn(writer::run(desk, jobs, settings));
        let pool = Arc::new(Pool::new(Arc::clone(&connector), settings.readers));
        Ok(Postgres {
            queue,
            pool,
            balances,
            batch: settings.batch.max(1),
        })
    }

    /// Each stretch of at most a batch is one transaction at most.
    pub(crate) async fn submit(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, Fault> {
        let mut outcomes = Vec::with_capacity(commands.len());
        for stretch in stretches(commands, self.batch) {
            outcomes.extend(self.submit_job(stretch).await?);
        }
        Ok(outcomes)
    }

    async fn submit_job(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, Fault> {
        let (answer, answered) = oneshot::channel();
        let job = Message::Apply(Job { commands, answer });
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Fault::Busy,
            TrySendError::Closed(_) => Fault::Closed,
        })?;
        answered.await.unwrap_or(Err(Fault::Closed))
    }

    /// Every process may do this at once.
    pub(crate) async fn forget_keys(
        &self,
        project: ProjectId,
        before: Timestamp,
    ) -> Result<u64, Fault> {
        let lease = self
            .pool
            .take(Purpose::View)
            .await
            .map_err(Trouble::fault)?;
        let connection = lease.connection().map_err(Trouble::fault)?;
        let number = i64::from(project.0);
        let row: [Param<'_>; 3] = [&number, &before, &KEYS_AT_ONCE];
        let mut forgotten = 0;
        loop {
            let some = connection.execute(FORGET_KEYS, &row).await;
            // Fewer than asked for may be those that another process forgot meanwhile.
            match some.map_err(|error| Trouble::from(error).fault())? {
                0 => return Ok(forgotten),
                some => forgotten += some,
            }
        }
    }

    pub(crate) fn view(&self, project: ProjectId) -> Reader {
        let shared = (&self.pool, &self.balances);
        Reader::at_one_moment(shared, project, Purpose::View)
    }

    /// A view that is asked once.
    pub(crate) fn glance(&self, project: ProjectId) -> Reader {
        let shared = (&self.pool, &self.balances);
        Reader::at_one_moment(shared, project, Purpose::Question)
    }

    pub(crate) fn reads(&self, project: ProjectId) -> Reader {
        Reader::new((&self.pool, &self.balances), project)
    }

    pub(crate) async fn audit(&self) -> Result<Audit, Fault> {
        let lease = self
            .pool
            .take(Purpose::View)
            .await
            .map_err(Trouble::fault)?;
        let connection = lease.connection().map_err(Trouble::fault)?;
        let audit = audit(connection).await;
        connection.send("COMMIT");
        audit.map_err(Trouble::fault)
    }

    /// A task reads as fast as somebody listens, over a connection that is closed afterwards.
    pub(crate) async fn export(&self) -> Result<Export, Fault> {
        let lease = self.pool.take_another().await.map_err(Trouble::fault)?;
        let connection = lease.connection().map_err(Trouble::fault)?;
        let counts = moving::begin(connection).await.map_err(Trouble::fault)?;
        let (sender, export) = Export::new(counts);
        let projects = export.counts().keys().copied().collect();
        let read = moving::read(lease, projects, sender);
        self.pool.runtime().spawn(read);
        Ok(export)
    }

    pub(crate) async fn load(&self, stretch: &Stretch, mark: Mark) -> Result<bool, Fault> {
        let lease = self
            .pool
            .take(Purpose::View)
            .await
            .map_err(Trouble::fault)?;
        let connection = lease.connection().map_err(Trouble::fault)?;
        let loaded = moving::load(connection, (stretch, mark)).await;
        if loaded.is_err() {
            connection.send("ROLLBACK");
        }
        loaded.map_err(|trouble| match trouble {
            // A key that is there already, which it will be next time too.
            Trouble::Contended(what) => Fault::Disk(what),
            other => other.fault(),
        })
    }

    pub(crate) async fn close(self) -> Result<(), Fault> {
        let (answer, closed) = oneshot::channel();
        self.pool.clear();
        let close = Message::Close(answer);
        // Waits for a place in the queue: the writer makes one without our help.
        self.queue.send(close).await.map_err(|_| Fault::Closed)?;
        closed.await.unwrap_or(Err(Fault::Closed))
    }
}

/// Row by row: no more is held of the tables than the sums need.
async fn audit(connection: &Connection) -> Result<Audit, Trouble> {
    let accounts = concat!("SELECT ", account_columns!(""), ", project FROM accounts");
    let transfers = concat!("SELECT ", transfer_columns!(""), ", project FROM transfers");
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    connection.run(begin).await?;
    let mut auditor = Auditor::default();
    let mut rows = pin!(connection.stream(accounts).await?);
    while let Some(row) = rows.try_next().await? {
        auditor.account(project(&row, 11)?, columns::account(&row)?);
    }
    let mut rows = pin!(connection.stream(transfers).await?);
    while let Some(row) = rows.try_next().await? {
        auditor.transfer(project(&row, 18)?, &columns::transfer(&row)?);
    }
    Ok(auditor.finish())
}
