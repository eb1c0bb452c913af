//! What happens because time passes? Holds are let go, gift cards and points lapse, policies learn,
//! and what was kept long enough is forgotten. The live project's jobs run by the machine's clock;
//! a sandbox's when it is told to, by its own.
//!
//! Every process runs them, and normally one at a time has the turn of each ([`crate::leases`]).
//! They stay right where two do the same work at once, because of what their commands expect:
//!
//! | Job | Done twice |
//! |---|---|
//! | holds are let go | the store lets go of what is due in the transaction that finds it pending |
//! | gift cards, points lapse | takes the balance that was read; the account cannot give it twice |
//! | policies learn | reckons the evidence anew, and expects the decisioning it read |
//! | what was taken back is stripped | expects each decision as it was read |
//! | the kept is forgotten | expects each record as it was read; a link or key goes once |
//! | slices are called in | takes what was read; the slice cannot give it twice |
//! | actions and exports go on | each stretch expects the record that says how far they came |
//! | memberships are looked at | expects what was found last, and the customer as read |
//! | webhooks are told | tells some twice under the same id; expects each delivery as it was read |

use ledger::Timestamp;
use offers::{GiftCard, Happening, Minor, chart};
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, Write};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    actions,
    api::resources::At,
    app::App,
    checkout::sweep,
    clock::{self, Watched},
    configuration, exports, learn,
    leases::{self, Turn},
    lending, loyalty,
    membership::recheck,
    problem::Refused,
    retention,
    setting::LAPSED,
    setup::{LIVE, SANDBOX, writes},
    vouchers::{self, Issued},
    webhooks, withdrawing,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
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
    /// Gift cards on which something was left.
    pub lapsed: u64,
    pub breakage: Minor,
    /// Points that lapsed.
    pub points: Minor,
    pub has_learnt: bool,
}

/// What is done by turns. The numbers are those of the leases, on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Job {
    LetGo = 1,
    Lapse = 2,
    Learn = 3,
    Strip = 4,
    Forget = 5,
    CallIn = 6,
    Act = 7,
    Look = 8,
    Tell = 80,
}

impl Job {
    pub const ALL: [Self; 9] = [
        Self::LetGo,
        Self::Lapse,
        Self::Learn,
        Self::Strip,
        Self::Forget,
        Self::CallIn,
        Self::Act,
        Self::Look,
        Self::Tell,
    ];

    /// It runs once in each period, and whenever its turn comes where there is none.
    fn period(self, now: Timestamp) -> Option<u64> {
        let length = match self {
            Self::LetGo | Self::Act | Self::Tell => return None,
            Self::Strip | Self::CallIn => MINUTE_MS,
            // The day of points is over by the shop's clock, whose hours end with ours or nearly.
            Self::Lapse => HOUR_MS,
            Self::Learn | Self::Forget | Self::Look => DAY_MS,
        };
        u64::try_from(now.div_euclid(length)).ok()
    }

    async fn work(self, app: &App, project: ProjectId, now: Timestamp) -> Result<(), Refused> {
        match self {
            Self::LetGo => sweep(app, project, now).await,
            Self::Lapse => lapse(app, project, now).await.map(drop),
            Self::Learn => learn::learn(app, project, now).await.map(drop),
            Self::Strip => withdrawing::strip_all(app, project, now).await,
            Self::Forget => retention::keep_to(app, project, now).await,
            Self::CallIn => lending::tidy(app, project, now).await,
            // Nothing of it depends on what a clock shows, so a sandbox's is done by itself, too.
            Self::Act => act(app, &[project, SANDBOX]).await,
            Self::Look => recheck::daily(At { app, project, now }).await,
            Self::Tell => {
                let told = webhooks::delivering::deliver(app, project, now).await;
                told.map(drop)
            }
        }
    }
}

/// Runs the live project's jobs until it is dropped. Each of their changes is whole or nothing, so
/// they can be cut off anywhere.
pub async fn run(app: App) {
    let mut jobs = JoinSet::new();
    for job in Job::ALL {
        jobs.spawn(by_turns(app.clone(), job));
    }
    loop {
        tokio::time::sleep(app.pace().tick).await;
        if let Some(metrics) = app.metrics() {
            // Else what was measured is kept piece by piece until somebody asks for it.
            metrics.run_upkeep();
        }
    }
}

/// Lets others have the turns that are this process's, and what it was lent, when it stops.
///
/// # Errors
/// When the store fails: then they lapse.
pub async fn give_back(app: &App) -> Result<(), Refused> {
    let lent = lending::give_back(app, LIVE, clock::wall()).await;
    leases::give_back(app.store(), LIVE, app.owner()).await?;
    lent
}

async fn by_turns(app: App, job: Job) {
    let pace = app.pace();
    let mut turn = Turn::new((LIVE, u64::from(job as u8)), app.owner(), pace);
    let mut watched = Watched::default();
    // What failed is tried again after a beat.
    let mut failed: Option<Instant> = None;
    loop {
        tokio::time::sleep(pace.tick).await;
        let now = clock::wall();
        let is_steady = watched.is_steady(now, Instant::now());
        if !is_steady && job.period(now).is_some() {
            // The turn lapses, and goes to a process whose clock is right.
            continue;
        }
        if failed.is_some_and(|at| at.elapsed() < pace.beat) {
            continue;
        }
        failed = match take_turn(&app, (job, &mut turn), now).await {
            Ok(()) => None,
            Err(refused) => {
                tracing::error!(?refused, ?job, "a job failed");
                Some(Instant::now())
            }
        };
    }
}

/// Does the work of this period, if it is this process's turn and not done yet; keeps the turn
/// meanwhile, and stops where it is lost.
async fn take_turn(
    app: &App,
    (job, turn): (Job, &mut Turn),
    now: Timestamp,
) -> Result<(), Refused> {
    let Some(mark) = turn.is_mine(app.store()).await? else {
        return Ok(());
    };
    let period = job.period(now);
    if period == Some(mark) {
        return Ok(());
    }
    tokio::select! {
        worked = job.work(app, LIVE, now) => worked?,
        lost = turn.keep(app.store()) => return lost,
    }
    if let Some(period) = period {
        turn.mark(app.store(), period).await?;
    }
    Ok(())
}

/// Does what waits to be done in the background, and removes tables that are past their day.
async fn act(app: &App, projects: &[ProjectId]) -> Result<(), Refused> {
    for project in projects {
        let now = clock::wall();
        let project = *project;
        exports::keep_to(At { app, project, now }).await?;
    }
    actions::work(app, projects).await
}

/// All jobs of a project as of `now`.
///
/// # Errors
/// When the store fails.
pub async fn all(app: &App, project: ProjectId, now: Timestamp) -> Result<Done, Refused> {
    sweep(app, project, now).await?;
    lending::tidy(app, project, now).await?;
    recheck::daily(At { app, project, now }).await?;
    act(app, &[project]).await?;
    webhooks::delivering::deliver(app, project, now).await?;
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
    let today_there = app.compiled(project).await?.day(now);
    let mut done = Done::default();
    // A clock that was ahead is believed no longer than it was.
    for day in passed.min(today).saturating_sub(LATE_DAYS)..=today {
        for card in due(app, project, (Index::ExpiringOn, day)).await? {
            // The points of a day are good until it is over where the shop is.
            if day < today_there {
                let days = [day, today_there];
                let lapsed = loyalty::lapse(app, (project, now, days), card).await?;
                done.points += lapsed.unwrap_or(0);
            }
        }
        for voucher in due(app, project, (Index::LapsingOn, day)).await? {
            let lapsed = lapse_one(app, (project, now, day), voucher).await?;
            done.lapsed += u64::from(lapsed.is_some());
            done.breakage += lapsed.unwrap_or(0);
        }
    }
    let put = Write::Put {
        kind: Kind::Setting,
        id: LAPSED,
        body: configuration::write(&today)?,
    };
    let mut command = writes(project, vec![put]);
    // By the project's own clock: a sandbox's holds are not over because ours are.
    command.now = now;
    command.expects.push(Expect {
        kind: Kind::Setting,
        id: LAPSED,
        version: found.map_or(0, |record| record.version),
    });
    // Where another process was faster, what it wrote counts.
    app.submit(command).await?;
    Ok(done)
}

async fn due(
    app: &App,
    project: ProjectId,
    (index, day): (Index, u32),
) -> Result<Vec<u64>, Refused> {
    let key = day.to_be_bytes();
    let mut due: Vec<u64> = Vec::new();
    loop {
        let page = Page {
            after: due.last().copied().unwrap_or(0),
            limit: STRETCH,
            newest_first: false,
        };
        let index = (index, key.as_slice());
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
            let booking = offers::book(&lapsed, app.next_id()?);
            command.openings = booking.openings;
            command.chain = booking.chain;
            // Where all was spent, or another process let it lapse just now, nothing does here.
            left = (rest > 0).then_some(rest);
        } else if day == self::day(now) {
            return Ok(None);
        }
    }
    match app.submit(command).await? {
        Outcome::Applied => Ok(left),
        // Changed or spent in between: tomorrow's run finds it again.
        _ => Ok(None),
    }
}

/// Whether it is a gift card whose time has passed.
#[must_use]
pub fn is_over(issued: &Issued, now: Timestamp) -> bool {
    let voucher = &issued.voucher;
    let is_gift = voucher.is_gift_card();
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
