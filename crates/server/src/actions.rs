//! What is done in the background, and how far did it come?
//!
//! An action is a record. It is done in stretches, each of which is one command: it expects the
//! record as it was read, and writes how far the action came. So nothing is done twice, whoever is
//! killed leaves the rest to others, and a stretch is short, because the writer is everybody's.
//! Actions take turns, one stretch each, so that a short one does not wait for a long one.

mod generating;
pub mod importing;
pub mod removing;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, Record, View, Write};
use wire::{
    ids::{self, Tag},
    voucherify::{
        ActionResult, ActionStatus, ActionType, AsyncActionStarted, AsyncActionView, FailedRow,
    },
};

pub use generating::Generating;
pub use importing::Importing;

use crate::{
    api::resources::At,
    app::App,
    clock,
    configuration::{read, write},
    exports,
    membership::recheck,
    once::Answer,
    problem::Refused,
    setup::writes,
};

/// Things that one stretch makes or removes.
pub const STRETCH: u32 = 500;
/// Actions that take turns; more wait until one of them is over.
const TOGETHER: u32 = 100;
/// A stretch is tried so often where codes it drew are taken by others.
const ATTEMPTS: u32 = 16;
/// Failures that are told; more are only counted.
const MAX_TOLD: usize = 1_000;
/// Actions are told of for so long.
const KEPT_MS: i64 = 60 * 86_400_000;

/// Work done in the background, and how far it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Action {
    pub kind: ActionType,
    pub work: Work,
    pub status: ActionStatus,
    /// How many things there are to be done.
    pub total: u64,
    pub done: u64,
    pub failed: u64,
    /// The first of those that failed.
    pub failures: Vec<FailedRow>,
    /// Why it ended before its end.
    pub reason: Option<String>,
    pub request_id: String,
    /// By the clock of the call that began it, as is all that it makes.
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
    /// When its first stretch began, by the machine's clock.
    pub begun_at: Option<Timestamp>,
    /// From then to the end of its last stretch so far.
    pub took_ms: u64,
}

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Work {
    /// Codes for a campaign.
    Generate(Box<Generating>),
    /// The codes of a campaign that was removed.
    Remove { campaign: u64 },
    /// Rows that were sent.
    Import(Importing),
}

/// What one stretch writes, beside how far the action came by it.
pub struct Stretch {
    pub command: Command,
    pub done: u64,
    pub failures: Vec<FailedRow>,
    pub is_last: bool,
    /// Why the action cannot go on.
    pub reason: Option<String>,
}

impl Stretch {
    #[must_use]
    pub fn new(command: Command, done: u64) -> Self {
        Self {
            command,
            done,
            failures: Vec::new(),
            is_last: false,
            reason: None,
        }
    }
}

impl Action {
    #[must_use]
    pub fn new(kind: ActionType, (work, total): (Work, u64), now: Timestamp) -> Self {
        Self {
            kind,
            work,
            status: ActionStatus::Enqueued,
            total,
            done: 0,
            failed: 0,
            failures: Vec::new(),
            reason: None,
            request_id: crate::telemetry::request_id(),
            created_at: now,
            updated_at: None,
            begun_at: None,
            took_ms: 0,
        }
    }

    /// The same, where all of it is done by the call that began it.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self {
            status: ActionStatus::Done,
            done: self.total,
            updated_at: Some(self.created_at),
            ..self
        }
    }

    /// What keeps it when it is new; what is not done yet waits for its turn.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn begin(&self, id: u64) -> Result<Vec<Write>, Refused> {
        let mut writes = vec![self.put(id)?];
        if !self.status.is_over() {
            writes.push(wait(Kind::AsyncAction, id));
        }
        Ok(writes)
    }

    /// What keeps it after a stretch.
    fn go_on(&self, id: u64) -> Result<Vec<Write>, Refused> {
        let mut writes = vec![self.put(id)?];
        if self.status.is_over() {
            writes.push(wait_no_more(Kind::AsyncAction, id));
        }
        Ok(writes)
    }

    fn put(&self, id: u64) -> Result<Write, Refused> {
        Ok(Write::Put {
            kind: Kind::AsyncAction,
            id,
            body: write(self)?,
        })
    }

    /// How far it is after a stretch that began `from` a moment.
    fn after(&self, stretch: &Stretch, from: Timestamp) -> Self {
        let mut after = self.clone();
        let now = clock::wall();
        let begun_at = *after.begun_at.get_or_insert(from);
        after.done += stretch.done;
        after.failed += stretch.failures.len() as u64;
        let room = MAX_TOLD.saturating_sub(after.failures.len());
        let told = stretch.failures.iter().take(room);
        after.failures.extend(told.cloned());
        after.reason.clone_from(&stretch.reason);
        after.updated_at = Some(now.max(self.created_at));
        after.took_ms = u64::try_from(now.saturating_sub(begun_at)).unwrap_or(0);
        after.status = match (&stretch.reason, stretch.is_last) {
            (Some(_), _) => ActionStatus::Failed,
            (None, true) => ActionStatus::Done,
            (None, false) => ActionStatus::InProgress,
        };
        after
    }

    /// What tells that it ended before its end, by the clock of the call that began it.
    async fn told(&self, at: At<'_>) -> Result<Vec<Write>, Refused> {
        let at = At {
            now: self.created_at,
            ..at
        };
        match (&self.work, self.status) {
            (Work::Generate(of), ActionStatus::Failed) => generating::failed(at, of).await,
            _ => Ok(Vec::new()),
        }
    }

    /// How it is shown.
    #[must_use]
    pub fn view(&self, id: u64) -> AsyncActionView {
        let over = self.done.saturating_add(self.failed).min(self.total);
        let percent = over.saturating_mul(100).checked_div(self.total);
        let percent = percent.and_then(|percent| u8::try_from(percent).ok());
        AsyncActionView {
            id: ids::format(Tag::AsyncAction, id),
            kind: self.kind,
            status: self.status,
            operation_status: self.status.operation(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            request_id: self.request_id.clone(),
            processing_time: self.took_ms,
            progress: match self.status {
                ActionStatus::Done => 100,
                _ => percent.unwrap_or(0),
            },
            result: Some(ActionResult {
                done_count: self.done,
                failed_count: self.failed,
                failed: self.failures.clone(),
                message: self.reason.clone(),
            }),
            object: "async_action",
        }
    }
}

/// The answer to a call that began one.
///
/// # Errors
/// Never for our views; a fault if it happens.
pub fn started(id: u64, status: StatusCode) -> Result<Answer, Refused> {
    let async_action_id = ids::format(Tag::AsyncAction, id);
    Answer::new(status, &AsyncActionStarted { async_action_id })
}

/// Something to be done: the project, the kind of its record and its number.
type Waits = (ProjectId, Kind, u64);

/// What has something done in the background.
#[must_use]
pub fn wait(kind: Kind, id: u64) -> Write {
    Write::Link {
        index: Index::Waiting,
        key: vec![kind.into()],
        id,
    }
}

/// What ends that.
#[must_use]
pub fn wait_no_more(kind: Kind, id: u64) -> Write {
    Write::Unlink {
        index: Index::Waiting,
        key: vec![kind.into()],
        id,
    }
}

/// What of a kind is to be done, oldest first.
async fn waiting(view: &mut View, kind: Kind) -> Result<Vec<u64>, Refused> {
    let page = Page {
        after: 0,
        limit: TOGETHER,
        newest_first: false,
    };
    Ok(view.find(Index::Waiting, &[kind.into()], page).await?)
}

/// The campaigns that codes are being made for.
///
/// # Errors
/// When the store cannot be read.
pub async fn generating(view: &mut View) -> Result<BTreeSet<u64>, Refused> {
    let kind = Kind::AsyncAction;
    let ids = waiting(view, kind).await?;
    let mut campaigns = BTreeSet::new();
    for record in view.get_many(kind, &ids).await?.iter().flatten() {
        let action: Action = read(&record.body)?;
        if let Work::Generate(of) = action.work {
            campaigns.insert(of.campaign);
        }
    }
    Ok(campaigns)
}

/// Does all that waits in these projects, by turns; what comes meanwhile, too.
///
/// # Errors
/// When the store fails; what can go on all the same does.
pub async fn work(app: &App, projects: &[ProjectId]) -> Result<(), Refused> {
    let mut failed: BTreeSet<Waits> = BTreeSet::new();
    let mut fault = Ok(());
    loop {
        let mut is_over = true;
        for waits in all_waiting(app, projects).await? {
            if failed.contains(&waits) {
                continue;
            }
            let (project, kind, id) = waits;
            let at = At {
                app,
                project,
                now: clock::wall(),
            };
            let stepped = match kind {
                Kind::Export => exports::step(at, id).await,
                Kind::Recheck => recheck::step(at).await.map(|()| false),
                _ => step(at, id).await,
            };
            match stepped {
                Ok(is_done) => is_over &= is_done,
                // It is tried again by the next turn.
                Err(refused) => {
                    failed.insert(waits);
                    fault = Err(refused);
                }
            }
        }
        if is_over {
            return fault;
        }
        // Whoever waits for an answer goes first.
        tokio::task::yield_now().await;
    }
}

async fn all_waiting(app: &App, projects: &[ProjectId]) -> Result<Vec<Waits>, Refused> {
    let mut all = Vec::new();
    for project in projects {
        let mut view = app.store().view(*project)?;
        for kind in [Kind::AsyncAction, Kind::Export] {
            let ids = waiting(&mut view, kind).await?;
            all.extend(ids.into_iter().map(|id| (*project, kind, id)));
        }
        // All that wait are looked at together.
        let ids = waiting(&mut view, Kind::Recheck).await?;
        all.extend(ids.first().map(|id| (*project, Kind::Recheck, *id)));
    }
    Ok(all)
}

/// Does one stretch; whether that was the last.
async fn step(at: At<'_>, id: u64) -> Result<bool, Refused> {
    let kind = Kind::AsyncAction;
    let Some(record) = at.app.store().get(at.project, kind, id).await? else {
        let forget = writes(at.project, vec![wait_no_more(kind, id)]);
        at.app.submit(forget).await?;
        return Ok(true);
    };
    let action: Action = read(&record.body)?;
    for attempt in 0..ATTEMPTS {
        let stretch = stretch(at, (id, &action), attempt).await?;
        let after = action.after(&stretch, at.now);
        let mut command = stretch.command;
        command.expects.push(expect(&record));
        command.writes.extend(after.go_on(id)?);
        command.writes.extend(after.told(at).await?);
        match at.app.submit(command).await? {
            Outcome::Applied => return Ok(after.status.is_over()),
            // Somebody else did it, or what it was about changed: it is looked at again.
            Outcome::Stale { kind: Some(_), .. } => return Ok(false),
            // A code is taken.
            Outcome::Stale { kind: None, .. } => {}
            other => return end(at, (id, &record, &action), format!("{other:?}")).await,
        }
    }
    let reason = "others took every code that was drawn".to_owned();
    end(at, (id, &record, &action), reason).await
}

fn expect(record: &Record) -> Expect {
    Expect {
        kind: Kind::AsyncAction,
        id: record.id,
        version: record.version,
    }
}

/// Ends an action that cannot go on.
async fn end(
    at: At<'_>,
    (id, record, action): (u64, &Record, &Action),
    reason: String,
) -> Result<bool, Refused> {
    let after = action.after(&broken(at, reason), at.now);
    let mut command = writes(at.project, after.go_on(id)?);
    command.writes.extend(after.told(at).await?);
    command.expects.push(expect(record));
    // Where somebody else was faster, what they wrote counts.
    at.app.submit(command).await?;
    Ok(true)
}

fn broken(at: At<'_>, reason: String) -> Stretch {
    Stretch {
        reason: Some(reason),
        ..Stretch::new(writes(at.project, Vec::new()), 0)
    }
}

async fn stretch(
    at: At<'_>,
    (id, action): (u64, &Action),
    attempt: u32,
) -> Result<Stretch, Refused> {
    // What is made is as old as the call that asked for it.
    let made_at = At {
        now: action.created_at,
        ..at
    };
    let made = match &action.work {
        Work::Generate(of) => generating::stretch(made_at, (of, action.done), attempt).await,
        Work::Remove { campaign } => removing::stretch(made_at, *campaign).await,
        Work::Import(of) => importing::stretch(made_at, (id, of)).await,
    };
    match made {
        Err(Refused::Dialect(_, body)) => Ok(broken(at, importing::told(&body).1)),
        made => made,
    }
}

/// What is forgotten of an action.
///
/// # Errors
/// When something else wrote it: a fault.
pub fn forgotten(record: &Record, now: Timestamp) -> Result<Vec<Write>, Refused> {
    let action: Action = read(&record.body)?;
    let is_old = action.created_at.saturating_add(KEPT_MS) < now;
    Ok(match action.status.is_over() && is_old {
        true => vec![Write::Delete {
            kind: Kind::AsyncAction,
            id: record.id,
        }],
        false => Vec::new(),
    })
}
