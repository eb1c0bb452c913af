//! How are webhooks told? A job takes what is due, each webhook's by itself, and writes down how it
//! went only then: what a crash interrupts is sent again under the same id, and never lost.
//!
//! What is not taken with a 2xx within ten seconds is tried again 1, 2, 4, … 512, 1024 minutes and
//! 24 hours after the first attempt; after the last the webhook is disabled.

use ledger::Timestamp;
use store::{Command, Expect, Index, Kind, Outcome, ProjectId, Record};
use tokio::task::JoinSet;
use wire::voucherify::{AttemptView, DeliveryStatus, Webhook};

use super::{Delivery, secret::Secret};
use crate::{
    api::resources::{At, Kept},
    app::App,
    configuration::read,
    outward::{self, Target},
    problem::Refused,
    setup::writes,
};

const MINUTE_MS: i64 = 60_000;
/// After the first attempt, in minutes.
const RETRIES: [i64; 12] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440];
/// How long what is over is shown.
const SHOWN_MS: i64 = 72 * 60 * MINUTE_MS;
/// Of one webhook in one go.
const STRETCH: u32 = 200;
/// To one webhook at the same moment.
const AT_ONCE: usize = 8;
/// Larger than any key of a webhook's queue.
const END: [u8; 16] = [0xff; 16];

/// Tells all webhooks of a project what is due; how much was delivered.
///
/// # Errors
/// When the store fails.
pub async fn deliver(app: &App, project: ProjectId, now: Timestamp) -> Result<u64, Refused> {
    let queues = queues(app, project, now).await?;
    if queues.is_empty() {
        return Ok(0);
    }
    let secret = super::secret::of(app, project).await?;
    let mut all = JoinSet::new();
    for (webhook, due) in queues {
        let (app, secret) = (app.clone(), secret.clone());
        all.spawn(async move {
            let telling = Telling {
                at: At {
                    app: &app,
                    project,
                    now,
                },
                webhook,
                secret: &secret,
            };
            telling.tell_all(due).await
        });
    }
    let mut delivered = 0;
    for told in all.join_all().await {
        delivered += told?;
    }
    Ok(delivered)
}

/// For each webhook that has something due, the numbers of it, the longest due first.
async fn queues(
    app: &App,
    project: ProjectId,
    now: Timestamp,
) -> Result<Vec<(u64, Vec<u64>)>, Refused> {
    let mut view = app.store().view(project)?;
    let mut queues = Vec::new();
    let mut after = Vec::new();
    loop {
        let found = view.keys(Index::DueDeliveries, (&after, STRETCH)).await?;
        let Some(webhook) = found.first().and_then(|(key, _)| number(key, 0)) else {
            return Ok(queues);
        };
        let is_due = |key: &[u8]| {
            let due = number(key, 1).and_then(|due| i64::try_from(due).ok());
            number(key, 0) == Some(webhook) && due.is_some_and(|due| due <= now)
        };
        let due = found.iter().take_while(|(key, _)| is_due(key));
        let due: Vec<u64> = due.map(|(_, id)| *id).collect();
        if !due.is_empty() {
            queues.push((webhook, due));
        }
        after = [webhook.to_be_bytes().as_slice(), &END].concat();
    }
}

/// One of the numbers a key is made of.
fn number(key: &[u8], place: usize) -> Option<u64> {
    let bytes = key.get(place * 8..)?.first_chunk::<8>()?;
    Some(u64::from_be_bytes(*bytes))
}

/// One webhook, at one moment.
struct Telling<'a> {
    at: At<'a>,
    webhook: u64,
    secret: &'a Secret,
}

/// A delivery as it was read.
struct Read {
    id: u64,
    version: u64,
    delivery: Delivery,
}

impl Read {
    fn of(record: &Record) -> Result<Self, Refused> {
        Ok(Self {
            id: record.id,
            version: record.version,
            delivery: read(&record.body)?,
        })
    }
}

impl Telling<'_> {
    /// Tells what is due, some of it at the same time, until something is not taken: what is left
    /// waits for the next time, so that a receiver in trouble is not run over.
    async fn tell_all(&self, due: Vec<u64>) -> Result<u64, Refused> {
        let At { app, project, .. } = self.at;
        // As it is, not as this process last saw it: one that was made just now is told too.
        let record = app
            .store()
            .get(project, Kind::Webhook, self.webhook)
            .await?;
        let kept = record.as_ref().map(Kept::<Webhook>::of).transpose()?;
        let webhook = kept.as_ref().map(Kept::thing);
        let webhook = webhook.filter(|webhook| webhook.is_active());
        let mut delivered = 0;
        for ids in due.chunks(AT_ONCE) {
            let records = app.store().get_many(project, Kind::Delivery, ids).await?;
            let read = records.iter().flatten().map(Read::of);
            let read: Vec<Read> = read.collect::<Result<_, _>>()?;
            let (waiting, over): (Vec<Read>, Vec<Read>) = read
                .into_iter()
                .partition(|one| one.delivery.status == DeliveryStatus::Waiting);
            for one in over {
                self.forget(&one).await?;
            }
            let Some(webhook) = webhook else {
                for one in waiting {
                    self.give_up(one).await?;
                }
                continue;
            };
            let tried = waiting.len() as u64;
            let taken = self.tell_some(webhook, waiting).await?;
            delivered += taken;
            if taken < tried {
                break;
            }
        }
        Ok(delivered)
    }

    /// Tells these at the same time; how many were taken.
    async fn tell_some(&self, webhook: &Webhook, waiting: Vec<Read>) -> Result<u64, Refused> {
        let mut all = JoinSet::new();
        let reach = self.at.app.reach();
        for one in waiting {
            let url = webhook.target_url.clone().unwrap_or_default();
            let body = one.delivery.body.as_bytes();
            let headers = self.secret.signatures(body, self.at.now);
            let body = body.to_vec().into();
            all.spawn(async move {
                let answered = match Target::parse(&url, reach) {
                    Ok(target) => outward::post((&target, reach), &headers, body).await,
                    Err(why) => Err(format!("the target {why}")),
                };
                (one, answered)
            });
        }
        let mut taken = 0;
        for (one, answered) in all.join_all().await {
            let attempt = attempt(self.at.now, answered);
            taken += u64::from(attempt.problem.is_none());
            self.settle(one, attempt).await?;
        }
        Ok(taken)
    }

    /// Writes down how an attempt went.
    async fn settle(&self, one: Read, attempt: AttemptView) -> Result<(), Refused> {
        let is_taken = attempt.problem.is_none();
        let mut after = one.delivery.clone();
        after.attempts.push(attempt);
        let next = next(&after.attempts, self.at.now);
        (after.status, after.due) = match (is_taken, next) {
            (true, _) => (DeliveryStatus::Delivered, self.over()),
            (false, Some(next)) => (DeliveryStatus::Waiting, next),
            (false, None) => (DeliveryStatus::GivenUp, self.over()),
        };
        if after.status != DeliveryStatus::Waiting {
            after.body.clear();
        }
        let command = self.changed(&one, &after)?;
        if after.status == DeliveryStatus::GivenUp {
            return self.disable(command).await;
        }
        self.submit(command).await
    }

    fn over(&self) -> Timestamp {
        self.at.now.saturating_add(SHOWN_MS)
    }

    /// What nobody wants to be told any more.
    async fn give_up(&self, one: Read) -> Result<(), Refused> {
        let mut after = one.delivery.clone();
        (after.status, after.due) = (DeliveryStatus::GivenUp, self.over());
        after.body.clear();
        self.submit(self.changed(&one, &after)?).await
    }

    fn changed(&self, one: &Read, after: &Delivery) -> Result<Command, Refused> {
        let mut all = vec![one.delivery.unlink(one.id)];
        all.extend(after.put(one.id)?);
        Ok(self.command(one, all))
    }

    async fn forget(&self, one: &Read) -> Result<(), Refused> {
        let removal = one.delivery.removal(one.id);
        self.submit(self.command(one, removal.into())).await
    }

    fn command(&self, one: &Read, all: Vec<store::Write>) -> Command {
        let mut command = writes(self.at.project, all);
        command.now = self.at.now;
        command.expects.push(Expect {
            kind: Kind::Delivery,
            id: one.id,
            version: one.version,
        });
        command
    }

    /// Where another process was faster, what it wrote counts.
    async fn submit(&self, command: Command) -> Result<(), Refused> {
        self.at.app.store().submit(command).await?;
        Ok(())
    }

    /// The webhook did not take what it was told, for a day: it is told nothing more until somebody
    /// makes it active again.
    async fn disable(&self, mut command: Command) -> Result<(), Refused> {
        let At { app, project, now } = self.at;
        let record = app
            .store()
            .get(project, Kind::Webhook, self.webhook)
            .await?;
        let Some(record) = record else {
            return self.submit(command).await;
        };
        let mut kept = Kept::<Webhook>::of(&record)?;
        kept.stored.thing.active = Some(false);
        kept.stored.thing.disabled_at = Some(now);
        kept.stored.updated_at = Some(now);
        command.writes.push(kept.put()?);
        command.expects.push(kept.expect());
        // Where somebody changed it meanwhile, the delivery is tried once more.
        if app.reconfigure(command).await? == Outcome::Applied {
            tracing::warn!(webhook = self.webhook, "a webhook was disabled");
        }
        Ok(())
    }
}

fn attempt(at: Timestamp, answered: Result<outward::Answered, String>) -> AttemptView {
    match answered {
        Ok(answered) => {
            let is_taken = (200..300).contains(&answered.status);
            let problem = format!("it answered {}", answered.status);
            AttemptView {
                at,
                status: Some(answered.status),
                problem: (!is_taken).then_some(problem),
                answer: (!is_taken).then_some(answered.body),
            }
        }
        Err(problem) => AttemptView {
            at,
            status: None,
            problem: Some(problem),
            answer: None,
        },
    }
}

/// When it is tried again after these attempts; `None` after the last.
fn next(attempts: &[AttemptView], now: Timestamp) -> Option<Timestamp> {
    let retry = RETRIES.get(attempts.len().checked_sub(1)?)?;
    let first = attempts.first()?.at;
    // What was due while nobody could send is not sent in one burst.
    let soonest = now.saturating_add(MINUTE_MS);
    Some(first.saturating_add(retry * MINUTE_MS).max(soonest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_again_until_a_day_has_passed() {
        let mut attempts = Vec::new();
        let mut now = 0;
        let mut minutes = Vec::new();
        loop {
            attempts.push(attempt(now, Err("gone".into())));
            let Some(due) = next(&attempts, now) else {
                break;
            };
            minutes.push(due / MINUTE_MS);
            now = due;
        }
        assert_eq!(minutes, RETRIES);
        assert_eq!(attempts.len(), 13);
        let late = next(&attempts[..1], 5 * MINUTE_MS);
        assert_eq!(late, Some(6 * MINUTE_MS), "never in the past");
    }
}
