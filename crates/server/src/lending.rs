//! How do many processes spend one budget that every cart touches? Each from a slice that is lent
//! to it, so that no two wait for one row.
//!
//! A slice is an account like the budget, with the process for its party. It starts empty, and what
//! comes into it comes from the budget or from another slice, in transfers that the ledger judges
//! like all others: what is on the budget, on all slices and spent is what was allowed, at any
//! moment, and no account goes below zero. So not one unit can be given too many, whatever
//! processes believe of each other, and whichever of them dies.
//!
//! Nor is one too few given. What a process lacks for a command is moved by that very command, just
//! before it is spent ([`submit`]): nobody can take it away in between. The command is built from
//! one look at all parts, of one moment. If together they have too little, then at that moment the
//! limit is reached, and that is the answer. If they have enough and the command is refused all the
//! same, then somebody else's was applied to one of the parts between the look and the judgement,
//! and one looks again: of all who want the last unit, one gets it. Who is overtaken too often is
//! told to ask again, never that the limit is reached.
//!
//! All parts are found by the numbers that processes have leased. A process spends from the budget
//! itself until its number is so old that every other knows it ([`Ids::process`]).
//!
//! [`Ids::process`]: crate::ids::Ids::process

use std::sync::atomic::{AtomicU64, Ordering};

use ledger::{Account, AccountId, Minor, Rejection, Timestamp};
use offers::{
    Booking, Campaign, Happening, Holding, Lending, Loan, Move, book, call_in,
    chart::{self, Counter, Occasion},
    top_up,
};
use store::{Command, Outcome, ProjectId};
use tokio::sync::{Mutex, MutexGuard};

use crate::{app::App, checkout::sweep, problem::Refused};

/// Others of this process may refill, and spend what they refilled, so often before a command.
const MAX_ATTEMPTS: usize = 64;
/// Other processes may be faster so often.
const MAX_LOOKS: usize = 64;
/// What is given back is halved so often where somebody spends of it meanwhile.
const HALVINGS: u32 = 6;
/// Refills that may go on at a time.
const TURNS: usize = 64;

/// One refill of a limit at a time, however many commands wait for it.
pub struct Refills([Refill; TURNS]);

struct Refill {
    turn: Mutex<()>,
    /// How many there were.
    count: AtomicU64,
}

impl Default for Refills {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Refill {
            turn: Mutex::new(()),
            count: AtomicU64::new(0),
        }))
    }
}

impl Refills {
    /// Some limits share one, which is harmless.
    fn of(&self, limit: AccountId) -> Option<&Refill> {
        let number = limit.owner >> 10 ^ limit.owner ^ u64::from(limit.kind);
        let place = usize::try_from(number % TURNS as u64).unwrap_or(0);
        self.0.get(place)
    }

    fn counts(&self, lent: &[Counter]) -> Vec<u64> {
        let of = lent.iter().map(|one| self.of(one.account.id));
        of.map(|refill| refill.map_or(0, |refill| refill.count.load(Ordering::Acquire)))
            .collect()
    }
}

/// The limits of a campaign that are lent, as they are spent from on an occasion.
#[must_use]
pub fn lent(campaign: &Campaign, occasion: &Occasion) -> Vec<Counter> {
    if campaign.lending == Lending::Off {
        return Vec::new();
    }
    let mut counters = chart::counters(campaign, None, occasion);
    counters.retain(|counter| counter.lender.is_some());
    counters
}

/// Every account that part of a limit may be on; where it is not lent, the one that is spent from.
#[must_use]
pub fn parts(app: &App, counter: &Counter) -> Vec<AccountId> {
    match counter.lender {
        None => vec![counter.account.id],
        Some(_) => counter.parts(&app.processes()),
    }
}

/// Submits a command that spends from these slices; refills them where they have too little.
///
/// # Errors
/// `busy` where others were faster too often; when the store fails.
pub async fn submit(app: &App, command: Command, lent: &[Counter]) -> Result<Outcome, Refused> {
    if lent.is_empty() {
        return app.submit(command).await;
    }
    for _ in 0..MAX_ATTEMPTS {
        let counts = app.refills().counts(lent);
        let outcome = app.submit(command.clone()).await?;
        let Some(reached) = reached(&outcome, lent) else {
            return Ok(outcome);
        };
        let Some(refill) = app.refills().of(reached.account.id) else {
            return Ok(outcome);
        };
        let turn = refill.turn.lock().await;
        if app.refills().counts(lent) != counts {
            // Somebody refilled meanwhile, perhaps for all who wait.
            continue;
        }
        let Some(refilled) = with_refill(app, (&command, lent), &turn).await? else {
            return Ok(outcome);
        };
        if refilled == Outcome::Applied {
            refill.count.fetch_add(1, Ordering::AcqRel);
        }
        return Ok(refilled);
    }
    Err(Refused::Busy)
}

/// The slice that had too little.
fn reached<'a>(outcome: &Outcome, lent: &'a [Counter]) -> Option<&'a Counter> {
    let Outcome::Rejected {
        rejection: Rejection::LimitReached(account),
        ..
    } = outcome
    else {
        return None;
    };
    let mut lent = lent.iter();
    lent.find(|counter| chart::is_same_limit(counter.account.id, *account))
}

/// What becomes of the command with what it lacks; `None` where nobody has it.
async fn with_refill(
    app: &App,
    (command, lent): (&Command, &[Counter]),
    _turn: &MutexGuard<'_, ()>,
) -> Result<Option<Outcome>, Refused> {
    let mut is_swept = false;
    for _ in 0..MAX_LOOKS {
        let Some(refilled) = refilled(app, command, lent).await? else {
            if is_swept {
                return Ok(None);
            }
            // Holds whose time has come count as taken until somebody lets go of them.
            sweep(app, command.project, command.now).await?;
            is_swept = true;
            continue;
        };
        let outcome = app.submit(refilled).await?;
        if reached(&outcome, lent).is_none() {
            return Ok(Some(outcome));
        }
    }
    Err(Refused::Busy)
}

/// The command, with what it lacks moved before it is spent.
async fn refilled(
    app: &App,
    command: &Command,
    lent: &[Counter],
) -> Result<Option<Command>, Refused> {
    let parts = parts_of(app, command.project, lent).await?;
    let booking = Booking {
        openings: command.openings.clone(),
        chain: command.chain.clone(),
    };
    let topped_up = top_up(&booking, &parts, app.next_id()?);
    Ok(topped_up.map(|booking| Command {
        openings: booking.openings,
        chain: booking.chain,
        ..command.clone()
    }))
}

/// What may be taken of each part of each limit that may be lent, all of one moment.
async fn parts_of(
    app: &App,
    project: ProjectId,
    counters: &[Counter],
) -> Result<Vec<(Counter, Vec<Holding>)>, Refused> {
    let processes = app.processes();
    let mut ids: Vec<AccountId> = Vec::new();
    for counter in counters {
        ids.extend(counter.parts(&processes));
    }
    let accounts = app.store().accounts(project, &ids).await?;
    let each = accounts.chunks(1 + processes.len());
    let all = counters.iter().zip(each);
    Ok(all
        .map(|(counter, of)| (*counter, holdings(counter, of)))
        .collect())
}

/// What may be taken of the parts that are there; the whole may be still to be opened.
#[must_use]
pub fn holdings(counter: &Counter, parts: &[Option<Account>]) -> Vec<Holding> {
    let whole = Holding {
        process: 0,
        available: counter.left_of(parts.get(..1).unwrap_or_default()),
    };
    let slices = parts.iter().skip(1).flatten().map(|slice| Holding {
        process: slice.id.party,
        available: slice.available().unwrap_or(0),
    });
    std::iter::once(whole).chain(slices).collect()
}

/// The limits of a campaign that may be lent, to be spent from the whole.
fn lendable(campaign: &Campaign, now: Timestamp) -> Vec<Counter> {
    let occasion = Occasion {
        at: now,
        ..Occasion::default()
    };
    let mut counters = chart::counters(campaign, None, &occasion);
    counters.retain(|counter| counter.parts(&[1]).len() > 1);
    counters
}

/// Moves what is left on the slices of a campaign to the accounts that lend, as far as nobody
/// spends it meanwhile.
///
/// # Errors
/// When the store fails.
pub async fn end(
    app: &App,
    project: ProjectId,
    (campaign, now): (&Campaign, Timestamp),
) -> Result<(), Refused> {
    app.find_processes().await?;
    let of = |_: &Campaign, _: u64| true;
    gather(app, (project, now), (&[campaign], &of)).await
}

/// Moves what lies on slices that nobody will spend from: those of processes that are no more, and
/// those of campaigns that do not lend any more, where more comes back than was there at the end.
///
/// Done twice it moves what is there, and no account can give it twice; of a process that was
/// taken for dead, it only takes what that one then refills.
///
/// # Errors
/// When the store fails.
pub async fn tidy(app: &App, project: ProjectId, now: Timestamp) -> Result<(), Refused> {
    app.find_processes().await?;
    let unused = app.ids().unused(app.store()).await?;
    let compiled = app.compiled(project).await?;
    let campaigns: Vec<&Campaign> = compiled.campaigns.values().map(|one| &one.thing).collect();
    let of = |campaign: &Campaign, process: u64| {
        campaign.lending == Lending::Off || unused.contains(&process)
    };
    gather(app, (project, now), (&campaigns, &of)).await
}

/// Gives back what this process was lent, when it stops.
///
/// # Errors
/// When the store fails: then the others find it, and tidy it up in time.
pub async fn give_back(app: &App, project: ProjectId, now: Timestamp) -> Result<(), Refused> {
    let process = app.process();
    if process == 0 {
        return Ok(());
    }
    let compiled = app.compiled(project).await?;
    let campaigns = compiled.campaigns.values().map(|one| &one.thing);
    let campaigns: Vec<&Campaign> = campaigns
        .filter(|one| one.lending == Lending::Slices)
        .collect();
    let of = |_: &Campaign, number: u64| number == process;
    gather(app, (project, now), (&campaigns, &of)).await
}

type Which<'a> = &'a (dyn Fn(&Campaign, u64) -> bool + Send + Sync);

async fn gather(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    (campaigns, is_meant): (&[&Campaign], Which<'_>),
) -> Result<(), Refused> {
    for campaigns in campaigns.chunks(STRETCH) {
        for (counter, process) in meant(app, (project, now), (campaigns, is_meant)).await? {
            empty(app, (project, now), (&counter, process)).await?;
        }
    }
    Ok(())
}

/// The slices with something on them that are meant.
async fn meant(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    (campaigns, is_meant): (&[&Campaign], Which<'_>),
) -> Result<Vec<(Counter, u64)>, Refused> {
    let mut owners: Vec<&Campaign> = Vec::new();
    let mut counters: Vec<Counter> = Vec::new();
    for campaign in campaigns {
        let of = lendable(campaign, now);
        owners.extend(of.iter().map(|_| *campaign));
        counters.extend(of);
    }
    let mut found = Vec::new();
    let parts = parts_of(app, project, &counters).await?;
    for (campaign, (counter, parts)) in owners.into_iter().zip(parts) {
        let slices = parts.iter().filter(|part| part.process != 0);
        let slices = slices.filter(|part| part.available > 0);
        let slices = slices.filter(|part| is_meant(campaign, part.process));
        found.extend(slices.map(|part| (counter, part.process)));
    }
    Ok(found)
}

/// Campaigns whose slices are read at a time.
const STRETCH: usize = 100;

/// Moves what is left on a slice to the account that lends. Where somebody spends of it between the
/// look and the judgement, less is asked for the next time.
async fn empty(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    (counter, process): (&Counter, u64),
) -> Result<(), Refused> {
    let slice = chart::slice(counter.whole().id, process);
    for halvings in 0..HALVINGS {
        let account = app.store().account(project, slice).await?;
        let available = account.and_then(|one| one.available()).unwrap_or(0);
        let amount = available >> halvings;
        if amount == 0 {
            return Ok(());
        }
        let back = Loan {
            counter: *counter,
            moves: vec![Move {
                from: process,
                to: 0,
                amount,
            }],
        };
        let booking = book(&Happening::Lent { loans: &[back] }, app.next_id()?);
        let command = Command {
            now,
            openings: booking.openings,
            chain: booking.chain,
            ..crate::setup::writes(project, Vec::new())
        };
        if app.submit(command).await? == Outcome::Applied && halvings == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// What must come in from the slices so that the whole has an amount; nothing where it has it.
/// `None` where all of them do not.
#[must_use]
pub fn called_in(parts: &[Holding], amount: Minor) -> Option<Vec<Move>> {
    let whole = parts.first().map_or(0, |part| part.available);
    match amount.saturating_sub(whole) {
        0 => Some(Vec::new()),
        lacking => call_in(parts, lacking),
    }
}
