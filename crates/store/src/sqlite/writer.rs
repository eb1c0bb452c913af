//! In what order do changes reach the disk? One thread, one batch after the other.
//!
//! A batch is one transaction: load the touched rows, judge every command in memory, save each
//! changed row once, commit (which syncs the log), and only then answer.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ledger::{Rejection, Timestamp};
use rusqlite::{Connection, params};

use crate::balances::Balances;
use crate::batch::Rows;
use crate::moving::{Mark, Stretch};
use crate::queue::{Answer, Job, Pace, commands_of, hand_out};
use crate::recent::Recent;
use crate::{Command, Fault, Outcome, ProjectId, Settings};

use super::newest::Newest;
use super::{disk, load, moving, save};

/// How long the cutting of the log waits for readers while callers wait for it.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long anything else waits, as the connection was opened.
const USUAL_PATIENCE: Duration = Duration::from_secs(5);
/// Keys forgotten in one transaction.
pub(super) const KEYS_AT_ONCE: usize = 1_000;

pub(super) enum Message {
    Apply(Job),
    Tidy(Tidying),
    Close(Answer<()>),
}

/// What is done between two batches.
pub(super) enum Tidying {
    /// Forgets idempotency keys made before a moment, at most [`KEYS_AT_ONCE`]; how many.
    Keys {
        project: ProjectId,
        before: Timestamp,
        answer: Answer<usize>,
    },
    /// Cuts the log to nothing; `false` where a reader looks at an older moment.
    Log(Answer<bool>),
    /// Adds rows of another store; `false` where the mark of the import is another.
    Load((Box<Stretch>, Mark), Answer<bool>),
}

/// What was gathered for one transaction.
#[derive(Default)]
struct Batch {
    jobs: Vec<Job>,
    commands: usize,
    tidying: Vec<Tidying>,
    close: Option<Answer<()>>,
}

/// What the writer works with.
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) balances: Arc<Balances>,
    pub(super) recent: Arc<Recent>,
    pub(super) newest: RefCell<Newest>,
    /// How often other processes had written to the file.
    pub(super) others: Cell<i64>,
}

/// Serves the queue until it is closed or the last handle is gone.
pub(super) fn run(desk: &Desk, queue: &Receiver<Message>, settings: Settings) {
    let mut pace = Pace::default();
    loop {
        let mut batch = Batch::default();
        batch.take(queue, settings);
        let waited = batch.jobs.len();
        if batch.is_empty() {
            match queue.recv() {
                Ok(message) => batch.add(message),
                Err(_) => return,
            }
            pace = pace.resumed(settings.linger);
        }
        batch.fill(queue, settings, (pace, waited));
        let begun = Instant::now();
        let callers = batch.jobs.len();
        answer(batch.jobs, desk, settings.expiries.max(1));
        pace = Pace::after(callers, begun);
        for tidying in batch.tidying {
            tidy(tidying, desk);
        }
        if let Some(close) = batch.close {
            // Nobody waits for an answer that nobody wants to hear.
            let _ = close.send(empty_log(&desk.connection).map(|_| ()));
            return;
        }
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.tidying.is_empty() && self.close.is_none()
    }

    fn is_full(&self, settings: Settings) -> bool {
        self.commands >= settings.batch || self.close.is_some()
    }

    /// Takes what is there.
    fn take(&mut self, queue: &Receiver<Message>, settings: Settings) {
        while !self.is_full(settings)
            && let Ok(message) = queue.try_recv()
        {
            self.add(message);
        }
    }

    /// Takes what comes, and waits a little for those who may come, so that many are served
    /// together.
    fn fill(
        &mut self,
        queue: &Receiver<Message>,
        settings: Settings,
        (pace, waited): (Pace, usize),
    ) {
        let deadline = Instant::now() + pace.patience(settings.linger);
        while !self.is_full(settings) {
            let next = match queue.try_recv() {
                Ok(message) => Ok(message),
                Err(_) if self.jobs.len() >= pace.awaited(waited) => return,
                Err(_) => queue.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            };
            match next {
                Ok(message) => self.add(message),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn add(&mut self, message: Message) {
        match message {
            Message::Apply(job) => {
                self.commands += job.commands.len();
                self.jobs.push(job);
            }
            Message::Tidy(tidying) => self.tidying.push(tidying),
            Message::Close(answer) => self.close = Some(answer),
        }
    }
}

fn answer(jobs: Vec<Job>, desk: &Desk, expiries: u32) {
    let outcomes = commit(desk, &commands_of(&jobs), expiries);
    hand_out(jobs, outcomes);
}

fn commit(desk: &Desk, commands: &[&Command], expiries: u32) -> Result<Vec<Outcome>, Fault> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = transact(desk, commands, expiries);
    if outcomes.is_err() {
        if !desk.connection.is_autocommit() {
            // If this fails too, the next batch finds the transaction open and fails: nothing of
            // this one can become durable by accident.
            let _ = desk.connection.execute_batch("ROLLBACK");
        }
        desk.balances.forget();
        desk.recent.forget();
    }
    outcomes.map_err(disk)
}

fn transact(desk: &Desk, commands: &[&Command], expiries: u32) -> rusqlite::Result<Vec<Outcome>> {
    let connection = &desk.connection;
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let mut others = connection.prepare_cached("PRAGMA data_version")?;
    let others = others.query_row([], |row| row.get(0))?;
    if desk.others.replace(others) != others {
        desk.recent.forget();
        desk.newest.borrow_mut().forget();
    }
    let known = (expiries, &mut *desk.newest.borrow_mut());
    let mut rows = load::load(connection, commands, known)?;
    let mut outcomes = Vec::with_capacity(commands.len());
    for command in commands {
        outcomes.push(judge(connection, &mut rows, (command, expiries))?);
    }
    save::save(connection, &rows)?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    desk.balances.tell(&rows);
    desk.recent.tell(&rows);
    Ok(outcomes)
}

/// A limit is reached only when nothing overdue takes of it any more: what is not loaded yet is
/// let go first, stretch by stretch, as far as the command needs it.
fn judge<'a>(
    connection: &Connection,
    rows: &mut Rows<'a>,
    (command, expiries): (&'a Command, u32),
) -> rusqlite::Result<Outcome> {
    loop {
        let outcome = rows.judge(command);
        let Outcome::Rejected { rejection, .. } = outcome else {
            return Ok(outcome);
        };
        let Rejection::LimitReached(account) = rejection else {
            return Ok(outcome);
        };
        let books = rows.books.entry(command.project).or_default();
        let overdue = (command.project, account, command.now);
        if load::load_overdue(connection, books, (overdue, expiries))? == 0 {
            return Ok(outcome);
        }
    }
}

fn tidy(tidying: Tidying, desk: &Desk) {
    let connection = &desk.connection;
    // A caller that stopped waiting changes nothing.
    match tidying {
        Tidying::Keys {
            project,
            before,
            answer,
        } => {
            let _ = answer.send(forget_keys(connection, (project, before)).map_err(disk));
        }
        Tidying::Log(answer) => {
            let _ = answer.send(cut_log(connection));
        }
        Tidying::Load((stretch, mark), answer) => {
            desk.newest.borrow_mut().forget();
            let _ = answer.send(moving::load(connection, (&stretch, mark)).map_err(disk));
        }
    }
}

fn forget_keys(
    connection: &Connection,
    (project, before): (ProjectId, Timestamp),
) -> rusqlite::Result<usize> {
    let delete = "DELETE FROM once WHERE rowid IN (SELECT rowid FROM once \
                  WHERE project = ?1 AND created_at < ?2 LIMIT ?3)";
    let mut statement = connection.prepare_cached(delete)?;
    statement.execute(params![project.0, before, KEYS_AT_ONCE as u32])
}

fn cut_log(connection: &Connection) -> Result<bool, Fault> {
    connection.busy_timeout(PATIENCE).map_err(disk)?;
    let is_cut = empty_log(connection);
    connection.busy_timeout(USUAL_PATIENCE).map_err(disk)?;
    is_cut
}

/// Copies the log into the file and cuts it to nothing. A reader that still looks at an old
/// moment keeps it from being cut, which loses nothing: then this is `false`.
fn empty_log(connection: &Connection) -> Result<bool, Fault> {
    let is_busy: bool = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(disk)?;
    Ok(!is_busy)
}
