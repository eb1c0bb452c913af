//! How long is anything kept? Every day, in stretches, what is past its time goes: message ids
//! after seven days, idempotency keys after 72 hours, reservations when they end, behaviour
//! thirteen months after the last of it, and actions after sixty days; and the log that held what
//! was taken back is emptied.

use ledger::Timestamp;
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, Record, Write};

use crate::{
    actions, api::validations::forgotten, app::App, checkout::Reservation, configuration,
    people::Nodes, problem::Refused, setup::writes, versioned, withdrawing,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A message that comes again after so long counts again.
const MESSAGES_KEPT_DAYS: u64 = 7;
/// A retry with a key after so long is a new request.
const KEYS_KEPT_MS: i64 = 72 * HOUR_MS;
/// Things looked at in one stretch.
const STRETCH: u32 = 500;
/// The bits of a dated id below its day.
const DAY_SHIFT: u32 = 41;

/// An id that tells the day it was made on: the day from the epoch, then what of `id` tells it
/// from others of that time. Below 2^63.
#[must_use]
pub fn dated(now: Timestamp, id: u64) -> u64 {
    let low = id & ((1 << DAY_SHIFT) - 1);
    first_of(day(now)) | low
}

fn day(at: Timestamp) -> u64 {
    u64::try_from(at.div_euclid(DAY_MS)).unwrap_or(0)
}

fn first_of(day: u64) -> u64 {
    // 22 bits of days last past the year 9999.
    (day & ((1 << 22) - 1)) << DAY_SHIFT
}

/// Forgets what is past its time as of `now`.
///
/// # Errors
/// When the store fails.
pub async fn keep_to(app: &App, project: ProjectId, now: Timestamp) -> Result<(), Refused> {
    withdrawing::strip_all(app, project, now).await?;
    messages(app, project, now).await?;
    let before = now.saturating_sub(KEYS_KEPT_MS);
    app.store().forget_keys(project, before).await?;
    each(app, (project, Kind::Reservation, now), reservation).await?;
    each(app, (project, Kind::Nodes, now), behaviour).await?;
    each(app, (project, Kind::AsyncAction, now), actions::forgotten).await?;
    if !app.store().empty_log().await? {
        tracing::warn!("the log is being read and was not emptied; tomorrow's run tries again");
    }
    Ok(())
}

/// Message ids, by the day that the id they point to tells.
async fn messages(app: &App, project: ProjectId, now: Timestamp) -> Result<(), Refused> {
    let kept_from = first_of(day(now).saturating_sub(MESSAGES_KEPT_DAYS));
    let mut after = Vec::new();
    loop {
        let mut view = app.store().view(project)?;
        let stretch = view.keys(Index::Message, (&after, STRETCH)).await?;
        drop(view);
        let Some((last, _)) = stretch.last() else {
            return Ok(());
        };
        after.clone_from(last);
        let old = stretch.into_iter().filter(|(_, id)| *id < kept_from);
        let unlink = |(key, id)| Write::Unlink {
            index: Index::Message,
            key,
            id,
        };
        let command = Command {
            now,
            ..writes(project, old.map(unlink).collect())
        };
        submit(app, vec![command]).await?;
    }
}

/// What is to be written of one record, if anything.
type Forgetting = fn(&Record, Timestamp) -> Result<Vec<Write>, Refused>;

/// All records of a kind, stretch by stretch.
async fn each(
    app: &App,
    (project, kind, now): (ProjectId, Kind, Timestamp),
    forgetting: Forgetting,
) -> Result<(), Refused> {
    let mut after = 0;
    loop {
        let page = Page {
            after,
            limit: STRETCH,
            newest_first: false,
        };
        let records = app.store().list(project, kind, page).await?;
        let Some(last) = records.last() else {
            return Ok(());
        };
        after = last.id;
        let mut commands = Vec::new();
        for record in &records {
            let forgotten = forgetting(record, now)?;
            let expect = Expect {
                kind,
                id: record.id,
                version: record.version,
            };
            commands.push(Command {
                now,
                expects: vec![expect],
                ..writes(project, forgotten)
            });
        }
        submit(app, commands).await?;
        // Whoever waits for an answer goes first.
        tokio::task::yield_now().await;
    }
}

fn reservation(record: &Record, now: Timestamp) -> Result<Vec<Write>, Refused> {
    let kept: Reservation = configuration::read(&record.body)?;
    if kept.until > now {
        return Ok(Vec::new());
    }
    Ok(forgotten(record.id, &kept.key))
}

fn behaviour(record: &Record, now: Timestamp) -> Result<Vec<Write>, Refused> {
    let mut nodes: Nodes = versioned::read(&record.body)?;
    let before = nodes.clone();
    for node in &mut nodes.0 {
        if node.tallies.is_long_ago(now) {
            node.tallies.forget(now);
        }
    }
    if nodes == before {
        return Ok(Vec::new());
    }
    Ok(vec![Write::Put {
        kind: Kind::Nodes,
        id: record.id,
        body: versioned::write(&nodes)?,
    }])
}

/// What was changed in between is looked at again the next day.
async fn submit(app: &App, mut commands: Vec<Command>) -> Result<(), Refused> {
    commands.retain(|command| !command.writes.is_empty());
    for outcome in app.store().submit_all(commands).await? {
        if !matches!(outcome, Outcome::Applied | Outcome::Stale { .. }) {
            return Err(Refused::Fault(format!(
                "what is past its time: {outcome:?}"
            )));
        }
    }
    Ok(())
}
