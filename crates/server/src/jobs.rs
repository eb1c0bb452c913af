//! What happens because time passes? Holds are let go, gift cards lapse, policies learn, and what
//! was kept long enough is forgotten. The live project's jobs run by the machine's clock; a
//! sandbox's when it is told to, by its own.

use std::time::Duration;

use ledger::Timestamp;
use offers::{GiftCard, Happening, Minor, VoucherKind, chart};
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, Write};

use crate::{
    app::App,
    checkout::sweep,
    clock, configuration, learn,
    problem::Refused,
    retention,
    setup::{LIVE, writes},
    vouchers::{self, Issued},
};

/// The record that holds the day up to which balances have lapsed.
const LAPSED: u64 = 5;
const TICK: Duration = Duration::from_secs(1);
const DAY_MS: i64 = 86_400_000;
/// Gift cards that lapse in one stretch.
const STRETCH: u32 = 1_000;
/// 2020-01-01: nothing of ours lapsed before.
const FIRST_DAY: u32 = 18_262;
/// A day is read again so long after it passed, for cards whose day was set late.
const LATE_DAYS: u32 = 2;

/// What the jobs did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub lapsed: u64,
    pub breakage: Minor,
    pub has_learnt: bool,
}

/// Runs the live project's jobs until it is dropped.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Also when it starts, for the nights it was not running.
    let mut done_on = 0;
    loop {
        ticks.tick().await;
        if let Some(metrics) = app.metrics() {
            // Else what was measured is kept piece by piece until somebody asks for it.
            metrics.run_upkeep();
        }
        let now = clock::wall();
        if let Err(refused) = sweep(&app, LIVE, now).await {
            tracing::error!(?refused, "holds could not be let go");
        }
        if done_on == day(now) {
            continue;
        }
        done_on = day(now);
        if let Err(refused) = daily(&app, LIVE, now).await {
            tracing::error!(?refused, "the daily jobs failed");
        }
    }
}

/// All jobs of a project as of `now`.
///
/// # Errors
/// When the store fails.
pub async fn all(app: &App, project: ProjectId, now: Timestamp) -> Result<Done, Refused> {
    sweep(app, project, now).await?;
    daily(app, project, now).await
}

async fn daily(app: &App, project: ProjectId, now: Timestamp) -> Result<Done, Refused> {
    let mut done = lapse(app, project, now).await?;
    done.has_learnt = learn::learn(app, project, now).await?;
    retention::keep_to(app, project, now).await?;
    Ok(done)
}

/// The day a moment lies in, from the epoch, in UTC.
#[must_use]
pub fn day(at: Timestamp) -> u32 {
    u32::try_from(at.div_euclid(DAY_MS)).unwrap_or(0)
}

/// Where something that is good until then is found when its day has passed.
#[must_use]
pub fn lapsing(until: Timestamp, id: u64) -> Write {
    Write::Link {
        index: Index::LapsingOn,
        key: day(until).to_be_bytes().to_vec(),
        id,
    }
}

/// Gift cards whose day has passed: what is left on them is owed to nobody any more.
async fn lapse(app: &App, project: ProjectId, now: Timestamp) -> Result<Done, Refused> {
    let found = app.store().get(project, Kind::Setting, LAPSED).await?;
    let passed: u32 = match &found {
        Some(record) => configuration::read(&record.body)?,
        None => FIRST_DAY,
    };
    let today = day(now);
    let mut done = Done::default();
    for day in passed.saturating_sub(LATE_DAYS)..=today {
        for voucher in due(app, project, day).await? {
            let lapsed = lapse_one(app, (project, now, day), voucher).await?;
            done.lapsed += u64::from(lapsed.is_some());
            done.breakage += lapsed.unwrap_or(0);
        }
    }
    let put = Write::Put {
        kind: Kind::Setting,
        id: LAPSED,
        body: configuration::write(&today.max(passed))?,
    };
    app.store().submit(writes(project, vec![put])).await?;
    Ok(done)
}

async fn due(app: &App, project: ProjectId, day: u32) -> Result<Vec<u64>, Refused> {
    let key = day.to_be_bytes();
    let mut due: Vec<u64> = Vec::new();
    loop {
        let page = Page {
            after: due.last().copied().unwrap_or(0),
            limit: STRETCH,
            newest_first: false,
        };
        let index = (Index::LapsingOn, key.as_slice());
        let stretch = app.store().find(project, index, page).await?;
        let is_last = stretch.len() < STRETCH as usize;
        due.extend(stretch);
        if is_last {
            return Ok(due);
        }
    }
}

/// Lapses one card, if its day has not been moved since; what was on it. A card whose moment comes
/// later today, or that a checkout holds something of, is left for the next time.
async fn lapse_one(
    app: &App,
    (project, now, day): (ProjectId, Timestamp, u32),
    id: u64,
) -> Result<Option<Minor>, Refused> {
    let unlink = Write::Unlink {
        index: Index::LapsingOn,
        key: day.to_be_bytes().to_vec(),
        id,
    };
    let mut command = Command {
        now,
        ..writes(project, vec![unlink])
    };
    let mut left = None;
    if let Some(record) = app.store().get(project, Kind::Voucher, id).await? {
        let issued = vouchers::read(&record.body)?;
        command.expects.push(Expect {
            kind: Kind::Voucher,
            id,
            version: record.version,
        });
        if is_over(&issued.thing, now) {
            let account = chart::gift_balance(issued.thing.voucher.id);
            let account = app.store().account(project, account).await?;
            if account.is_some_and(|one| one.debits.pending > 0) {
                return Ok(None);
            }
            let rest = account.and_then(|one| one.available()).unwrap_or(0);
            let card = card(app, project, &issued.thing).await?;
            let lapsed = Happening::GiftLapsed {
                card: &card,
                left: rest,
            };
            let booking = offers::book(&lapsed, app.next_id());
            command.openings = booking.openings;
            command.chain = booking.chain;
            left = Some(rest);
        } else if day == self::day(now) {
            return Ok(None);
        }
    }
    match app.store().submit(command).await? {
        Outcome::Applied => Ok(left),
        // Changed or spent in between: tomorrow's run finds it again.
        _ => Ok(None),
    }
}

/// Whether it is a gift card whose time has passed.
#[must_use]
pub fn is_over(issued: &Issued, now: Timestamp) -> bool {
    let voucher = &issued.voucher;
    let is_gift = matches!(voucher.kind, VoucherKind::GiftCard { .. });
    is_gift && voucher.validity.until.is_some_and(|until| until < now)
}

async fn card(app: &App, project: ProjectId, issued: &Issued) -> Result<GiftCard, Refused> {
    let compiled = app.compiled(project).await?;
    let own = issued.own.as_deref().map(|own| own.0.currency);
    let of_campaign = compiled.campaigns.get(&issued.campaign);
    let currency = own.or(of_campaign.map(|stored| stored.thing.currency));
    Ok(GiftCard {
        campaign: issued.campaign,
        voucher: issued.voucher.id,
        currency: currency.unwrap_or(compiled.settings.currency),
    })
}
