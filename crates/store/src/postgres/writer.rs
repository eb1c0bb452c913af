//! In what order do changes reach the database? One task, one batch after the other.
//!
//! A batch is one transaction of three round trips: what it touches, the accounts it touches, and
//! all changes with the commit; one more where somebody is refused. Another process may be first at
//! any row, and a connection may be lost at any moment: then the batch is judged again from what is
//! so by then. Whether a commit was done whose answer was lost is looked up, never guessed.
//!
//! The clock and the dice here only say when to try again, and name batches; no answer depends on
//! them.

use std::sync::Arc;
use std::time::Duration;

use ledger::Rejection;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout_at};

use crate::balances::Balances;
use crate::batch::Rows;
use crate::queue::{Answer, Job, Pace, commands_of, hand_out};
use crate::{Command, Fault, Outcome, Settings};

use super::connection::{Connection, Connector, Param};
use super::trouble::{Trouble, is_taken};
use super::{load, save};

/// How long a batch is tried again: because others were in the way, which is [`Fault::Busy`] after
/// that, or because the database cannot be reached. It counts from the first time that this is
/// seen: a process that stood still before has not tried again yet.
const PATIENCE: Duration = Duration::from_secs(10);
/// A pause between two attempts begins with at most so much and doubles six times.
const PAUSE: Duration = Duration::from_millis(2);
/// How long after a batch was begun its number is believed, by the clock of the database. It is
/// kept [`KEPT_MS`], so one that is not found then never was there.
const BELIEVED_MS: i64 = 30 * 60 * 1_000;
/// How long the numbers of batches are kept.
const KEPT_MS: i64 = 2 * BELIEVED_MS;
/// After how many batches old numbers are swept.
const SWEEP_EVERY: u32 = 256;

/// Gives back the locks of a transaction whose process stands still; asked as the hints are.
const FORGET: &str = "SET idle_in_transaction_session_timeout = '10s'";

/// Among how many slots the processes choose.
const SLOTS: u8 = 64;

pub(super) enum Message {
    Apply(Job),
    Close(Answer<()>),
}

/// What was gathered for one transaction.
#[derive(Default)]
struct Batch {
    jobs: Vec<Job>,
    commands: usize,
    close: Option<Answer<()>>,
}

/// What the writer works with.
pub(super) struct Desk {
    connector: Arc<Connector>,
    /// None after one was lost.
    connection: Option<Connection>,
    balances: Arc<Balances>,
    /// Where this process counts records.
    slot: i64,
    batches: u32,
}

/// Serves the queue until it is closed or the last handle is gone.
pub(super) async fn run(mut desk: Desk, mut queue: Receiver<Message>, settings: Settings) {
    let mut pace = Pace::default();
    loop {
        let mut batch = Batch::default();
        let linger = pace.linger_afar(settings.linger);
        batch.take(&mut queue, settings);
        let waited = batch.jobs.len();
        if batch.is_empty() {
            match queue.recv().await {
                Some(message) => batch.add(message),
                None => return,
            }
            pace = pace.resumed(linger);
        }
        let deadline = Instant::now() + pace.patience(linger);
        let awaited = pace.awaited(waited);
        batch.fill(&mut queue, settings, (deadline, awaited)).await;
        let begun = Instant::now();
        let callers = batch.jobs.len();
        desk.answer(batch.jobs, settings.expiries.max(1)).await;
        pace = Pace::after(callers, begun.into_std());
        if let Some(close) = batch.close {
            // Nobody waits for an answer that nobody wants to hear.
            let _ = close.send(Ok(()));
            return;
        }
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.close.is_none()
    }

    fn is_full(&self, settings: Settings) -> bool {
        self.commands >= settings.batch || self.close.is_some()
    }

    /// Takes what is there.
    fn take(&mut self, queue: &mut Receiver<Message>, settings: Settings) {
        while !self.is_full(settings)
            && let Ok(message) = queue.try_recv()
        {
            self.add(message);
        }
    }

    /// Takes what comes, and waits a little for those who may come.
    async fn fill(
        &mut self,
        queue: &mut Receiver<Message>,
        settings: Settings,
        (deadline, awaited): (Instant, usize),
    ) {
        while !self.is_full(settings) {
            let next = match queue.try_recv() {
                Ok(message) => Some(message),
                Err(_) if self.jobs.len() >= awaited => return,
                Err(_) => timeout_at(deadline, queue.recv()).await.ok().flatten(),
            };
            match next {
                Some(message) => self.add(message),
                None => return,
            }
        }
    }

    fn add(&mut self, message: Message) {
        match message {
            Message::Apply(job) => {
                self.commands += job.commands.len();
                self.jobs.push(job);
            }
            Message::Close(answer) => self.close = Some(answer),
        }
    }
}

/// A batch on its way: what it is called, and what is known of it.
struct Attempt<'a> {
    commands: &'a [&'a Command],
    project: i64,
    id: [u8; 16],
    /// When it was first noted, by the clock of the database.
    noted_at: Option<i64>,
    /// What is to be answered if the last commit was done; its answer was lost.
    in_doubt: Option<Vec<Outcome>>,
}

impl Desk {
    pub(super) fn new(
        connector: Arc<Connector>,
        connection: Connection,
        balances: Arc<Balances>,
    ) -> Result<Desk, Fault> {
        let [slot] = dice()?;
        let slot = i64::from(slot % SLOTS);
        Ok(Desk {
            connector,
            connection: Some(connection),
            balances,
            slot,
            batches: 0,
        })
    }

    async fn answer(&mut self, jobs: Vec<Job>, expiries: u32) {
        let outcomes = self.commit(&commands_of(&jobs), expiries).await;
        if outcomes.is_err() {
            self.balances.forget();
        }
        hand_out(jobs, outcomes);
    }

    async fn commit(
        &mut self,
        commands: &[&Command],
        expiries: u32,
    ) -> Result<Vec<Outcome>, Fault> {
        let Some(first) = commands.first() else {
            return Ok(Vec::new());
        };
        let mut attempt = Attempt {
            commands,
            project: first.project.0.into(),
            id: dice()?,
            noted_at: None,
            in_doubt: None,
        };
        let mut since = None;
        for number in 0_u32.. {
            let trouble = match self.attempt(&mut attempt, expiries).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(trouble) => trouble,
            };
            match &trouble {
                Trouble::Failed(what) => return Err(Fault::Disk(what.clone())),
                Trouble::Lost(_) => self.connection = None,
                Trouble::Contended(_) => {}
            }
            if since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return Err(attempt.give_up(trouble));
            }
            sleep(pause(number)?).await;
        }
        Err(Fault::Busy)
    }

    async fn attempt(
        &mut self,
        attempt: &mut Attempt<'_>,
        expiries: u32,
    ) -> Result<Vec<Outcome>, Trouble> {
        let connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            Some(_) | None => connect(&self.connector).await?,
        };
        let done = self.transact(&connection, attempt, expiries).await;
        if done.is_err() {
            // What is asked next is done after it; of a connection that is lost nothing is.
            connection.send("ROLLBACK");
        }
        self.connection = Some(connection);
        done
    }

    async fn transact(
        &mut self,
        connection: &Connection,
        attempt: &mut Attempt<'_>,
        expiries: u32,
    ) -> Result<Vec<Outcome>, Trouble> {
        let mut rows = match attempt.in_doubt.take() {
            None => attempt.begin(connection, expiries).await?,
            Some(outcomes) => {
                if attempt.look_up(connection, &outcomes).await? {
                    // How the accounts stand by now is not known here.
                    self.balances.forget();
                    return Ok(outcomes);
                }
                load::load(connection, attempt.commands, expiries).await?
            }
        };
        let mut outcomes = Vec::with_capacity(attempt.commands.len());
        for command in attempt.commands {
            outcomes.push(judge(connection, &mut rows, (command, expiries)).await?);
        }
        if outcomes.iter().any(is_refusal) {
            load::confirm(connection, attempt.commands, &rows).await?;
        }
        let changes = save::save(connection, &rows, (attempt.commands, self.slot));
        let (saved, committed) = tokio::join!(biased; changes, connection.run("COMMIT"));
        match saved.and(committed).map_err(Trouble::from) {
            Ok(()) => {}
            Err(Trouble::Lost(what)) => {
                attempt.in_doubt = Some(outcomes);
                return Err(Trouble::Lost(what));
            }
            Err(trouble) => return Err(trouble),
        }
        self.balances.tell(&rows);
        self.sweep(connection, attempt.project);
        Ok(outcomes)
    }

    /// Old numbers of batches; nobody waits for it.
    fn sweep(&mut self, connection: &Connection, project: i64) {
        self.batches += 1;
        if self.batches >= SWEEP_EVERY {
            self.batches = 0;
            connection.send(&format!(
                "DELETE FROM batches WHERE project = {project} \
                 AND at < (extract(epoch FROM now()) * 1000)::BIGINT - {KEPT_MS}"
            ));
        }
    }
}

impl<'a> Attempt<'a> {
    /// Begins the transaction, notes the batch in it and loads what it touches, all at once.
    async fn begin(&mut self, connection: &Connection, expiries: u32) -> Result<Rows<'a>, Trouble> {
        let note = async { Ok(self.note(connection).await?) };
        let begin = async { Ok(connection.run(BEGIN).await?) };
        let rows = load::load(connection, self.commands, expiries);
        let ((), noted_at, rows) = tokio::try_join!(biased; begin, note, rows)?;
        self.noted_at = self.noted_at.or(Some(noted_at));
        Ok(rows)
    }

    /// Whether the commit was done whose answer was lost. If the transaction still lives this
    /// waits for its end. If the commit was not done, a new transaction has begun.
    async fn look_up(
        &mut self,
        connection: &Connection,
        outcomes: &[Outcome],
    ) -> Result<bool, Trouble> {
        let doubt = Some(outcomes.to_vec());
        self.in_doubt = doubt;
        connection.run(BEGIN).await?;
        match self.note(connection).await {
            Err(error) if is_taken(&error) => {
                connection.send("ROLLBACK");
                Ok(true)
            }
            Err(error) => Err(error.into()),
            Ok(at) => {
                // Its number might have been swept since.
                let noted_at = self.noted_at.unwrap_or(i64::MIN);
                if at.saturating_sub(noted_at) > BELIEVED_MS {
                    return Err(Trouble::Failed(
                        "it is not known any more what is so".into(),
                    ));
                }
                self.in_doubt = None;
                Ok(false)
            }
        }
    }

    /// By the clock of the database, when.
    async fn note(&self, connection: &Connection) -> Result<i64, tokio_postgres::Error> {
        let id = self.id.as_slice();
        let row: [Param<'_>; 2] = [&self.project, &id];
        let noted = connection.query(load::NOTE_BATCH, &row).await?;
        noted.first().map_or(Ok(i64::MIN), |row| row.try_get(0))
    }

    fn give_up(&self, trouble: Trouble) -> Fault {
        match self.in_doubt {
            Some(_) => Fault::Disk("the database lost the answer to a commit".into()),
            None => trouble.fault(),
        }
    }
}

/// Whatever the database does by itself.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// A connection to write with: every statement is prepared before the first is needed, so that
/// those that are sent together leave in their order.
pub(super) async fn connect(connector: &Connector) -> Result<Connection, Trouble> {
    let connection = connector.connect().await?;
    connection.send(FORGET);
    connection.prepare(&load::STATEMENTS).await?;
    connection.prepare(&save::STATEMENTS).await?;
    Ok(connection)
}

/// A limit is reached only when nothing overdue takes of it any more: what is not loaded yet is
/// let go first, stretch by stretch, as far as the command needs it.
async fn judge<'a>(
    connection: &Connection,
    rows: &mut Rows<'a>,
    (command, expiries): (&'a Command, u32),
) -> Result<Outcome, Trouble> {
    loop {
        let outcome = rows.judge(command);
        let Outcome::Rejected { rejection, .. } = outcome else {
            return Ok(outcome);
        };
        let Rejection::LimitReached(account) = rejection else {
            return Ok(outcome);
        };
        let overdue = (command.project, account, command.now);
        if load::load_overdue(connection, rows, (overdue, expiries)).await? == 0 {
            return Ok(outcome);
        }
    }
}

fn is_refusal(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Rejected { .. } | Outcome::Stale { .. } => true,
        Outcome::Applied | Outcome::Repeated { .. } | Outcome::Mismatched => false,
    }
}

/// Longer each time, and never as long as that of another process.
fn pause(number: u32) -> Result<Duration, Fault> {
    let [dice] = dice()?;
    let most = PAUSE * (1 << number.min(6));
    Ok(most * (u32::from(dice) + 1) / 256)
}

fn dice<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    let failed = |_| Fault::Disk("the system gives no random numbers".into());
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
