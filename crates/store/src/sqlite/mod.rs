//! How is it kept in one file? SQLite: one thread that writes, many connections that read.

mod columns;
mod load;
mod moving;
mod newest;
mod read;
mod save;
mod schema;
mod writer;

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use ledger::Timestamp;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tokio::sync::oneshot;

use crate::audit::Auditor;
use crate::balances::Balances;
use crate::moving::{Export, Mark, Stretch};
use crate::queue::{Answer, Job, stretches};
use crate::recent::{Look, Recent};
use crate::{Audit, Command, Fault, Outcome, ProjectId, Settings};

use read::Pool;
pub(crate) use read::Reader;
use writer::{Desk, KEYS_AT_ONCE, Message, Tidying};

/// What another process on the same file wrote is seen after so long at the latest.
const MOST_AGE: Duration = Duration::from_secs(1);
/// After how many pages the log is copied into the file: 16 MiB.
const WAL_PAGES: u32 = 4096;

#[derive(Clone)]
pub(crate) struct Sqlite {
    queue: SyncSender<Message>,
    pool: Arc<Pool>,
    batch: usize,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, settings: Settings) -> Result<Sqlite, Fault> {
        let connection = schema::open(path, settings.check)?;
        let (queue, jobs) = sync_channel(settings.queue.max(1));
        let balances = Arc::new(Balances::new(MOST_AGE));
        let recent = Arc::new(Recent::default());
        thread::Builder::new()
            .name("store-writer".into())
            .spawn({
                let (balances, recent) = (Arc::clone(&balances), Arc::clone(&recent));
                move || {
                    writer::run(
                        &Desk {
                            connection,
                            balances,
                            recent,
                            newest: RefCell::default(),
                            others: Cell::default(),
                        },
                        &jobs,
                        settings,
                    )
                }
            })
            .map_err(disk)?;
        let pool = Arc::new(Pool::new(path, settings.readers, (balances, recent)));
        Ok(Sqlite {
            queue,
            pool,
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
        self.ask(|answer| Message::Apply(Job { commands, answer }))
            .await
    }

    pub(crate) async fn forget_keys(
        &self,
        project: ProjectId,
        before: Timestamp,
    ) -> Result<u64, Fault> {
        let mut forgotten = 0;
        loop {
            let keys = |answer| {
                Message::Tidy(Tidying::Keys {
                    project,
                    before,
                    answer,
                })
            };
            let some: usize = self.ask(keys).await?;
            forgotten += some as u64;
            if some < KEYS_AT_ONCE {
                return Ok(forgotten);
            }
        }
    }

    pub(crate) async fn empty_log(&self) -> Result<bool, Fault> {
        self.ask(|answer| Message::Tidy(Tidying::Log(answer))).await
    }

    async fn ask<T>(&self, message: impl FnOnce(Answer<T>) -> Message) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(message(answer))
            .map_err(|error| match error {
                TrySendError::Full(_) => Fault::Busy,
                TrySendError::Disconnected(_) => Fault::Closed,
            })?;
        answered.await.unwrap_or(Err(Fault::Closed))
    }

    pub(crate) fn look(&self, project: ProjectId) -> Look<'_> {
        self.pool.look(project)
    }

    pub(crate) fn view(&self, project: ProjectId) -> Reader {
        Reader::at_one_moment(&self.pool, project)
    }

    pub(crate) fn reads(&self, project: ProjectId) -> Reader {
        Reader::new(&self.pool, project)
    }

    pub(crate) async fn audit(&self) -> Result<Audit, Fault> {
        let pool = Arc::clone(&self.pool);
        aside(move || {
            let connection = pool.take().map_err(disk)?;
            audit(&connection).map_err(disk)
        })
        .await
    }

    /// A thread of its own reads as fast as somebody listens.
    pub(crate) async fn export(&self) -> Result<Export, Fault> {
        let pool = Arc::clone(&self.pool);
        let (connection, counts) = aside(move || {
            let connection = pool.take().map_err(disk)?;
            let counts = moving::begin(&connection).map_err(disk)?;
            Ok((connection, counts))
        })
        .await?;
        let (sender, export) = Export::new(counts);
        let projects: Vec<ProjectId> = export.counts().keys().copied().collect();
        thread::Builder::new()
            .name("store-export".into())
            .spawn(move || moving::read(&connection, &projects, &sender))
            .map_err(disk)?;
        Ok(export)
    }

    pub(crate) async fn load(&self, stretch: Stretch, mark: Mark) -> Result<bool, Fault> {
        let load = (Box::new(stretch), mark);
        self.ask(|answer| Message::Tidy(Tidying::Load(load, answer)))
            .await
    }

    pub(crate) async fn backup(&self, to: &Path) -> Result<(), Fault> {
        let pool = Arc::clone(&self.pool);
        let to = to.to_path_buf();
        aside(move || {
            let connection = pool.take().map_err(disk)?;
            backup(&connection, &to)
        })
        .await
    }

    pub(crate) async fn close(self) -> Result<(), Fault> {
        let (answer, closed) = oneshot::channel();
        self.pool.clear();
        // Waits for a place in the queue: the writer makes one without our help.
        self.queue
            .send(Message::Close(answer))
            .map_err(|_| Fault::Closed)?;
        closed.await.unwrap_or(Err(Fault::Closed))
    }
}

/// Runs long work on a thread of its own, so that no thread of the caller's stands still.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let (answer, done) = oneshot::channel();
    thread::Builder::new()
        .name("store-aside".into())
        .spawn(move || answer.send(work()))
        .map_err(disk)?;
    done.await.unwrap_or(Err(Fault::Closed))
}

/// The connection is closed afterwards: it has read everything and its cache is of no use.
fn audit(connection: &Connection) -> rusqlite::Result<Audit> {
    let moment = connection.unchecked_transaction()?;
    let mut auditor = Auditor::default();
    schema::each_account(&moment, |project, account| {
        auditor.account(project, account)
    })?;
    schema::each_transfer(&moment, &mut auditor)?;
    moment.commit()?;
    Ok(auditor.finish())
}

fn backup(from: &Connection, to: &Path) -> Result<(), Fault> {
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    copy(from, &part).map_err(disk)?;
    fs::rename(&part, to).map_err(disk)?;
    sync_folder(to).map_err(disk)
}

fn copy(from: &Connection, to: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if fs::exists(to)? {
        fs::remove_file(to)?;
    }
    // In one step: it sees one moment, and whoever writes meanwhile need not wait.
    let mut copy = Connection::open(to)?;
    let done = Backup::new(from, &mut copy)?.step(-1)?;
    if done != StepResult::Done {
        return Err(format!("the copy ended early: {done:?}").into());
    }
    copy.close().map_err(|(_, error)| error)?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// A name is durable when its folder is.
fn sync_folder(of: &Path) -> std::io::Result<()> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn disk(error: impl std::fmt::Display) -> Fault {
    Fault::Disk(error.to_string())
}
