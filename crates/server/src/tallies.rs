//! How often was something of a campaign validated, day by day? A validation writes nothing down
//! that anybody waits for: each process counts in memory and adds what it counted to the store
//! every few seconds, when it is asked for and when it stops. What a process that is killed had not
//! added yet is lost. Nothing is told of who asked for what.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use offers::CampaignId;
use serde::{Deserialize, Serialize};
use store::{Expect, Index, Kind, Outcome, Page, ProjectId, View, Write};
use tokio::time::sleep;

use crate::{
    app::{App, Weak},
    problem::Refused,
    setup::writes,
    versioned::{self, Versioned},
    vouchers::key,
};

/// How old what is kept can be.
const EVERY: Duration = Duration::from_secs(5);
/// Days that one command adds to.
const STRETCH: usize = 200;
/// Others add to the same day: so often it is tried again at once.
const TRIES: usize = 8;

/// A day of a campaign, by the shop's calendar.
type DayOf = (CampaignId, u32);

/// What was counted on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    day: u32,
    /// What was validated and applied.
    pub applied: u64,
    /// What was validated and refused.
    pub refused: u64,
}

impl Versioned for Tally {
    const NAME: &'static str = "tally";
}

/// What this process counted and has not added yet: at most one number for each campaign and day.
#[derive(Default)]
pub struct Tallies(Mutex<BTreeMap<ProjectId, BTreeMap<DayOf, Tally>>>);

impl Tallies {
    /// Counts what became of everything of campaigns.
    pub fn count(&self, project: ProjectId, all: Vec<(DayOf, Verdict)>) {
        let one = |(of, verdict): (DayOf, Verdict)| {
            let mut tally = Tally {
                day: of.1,
                ..Tally::default()
            };
            match verdict {
                Verdict::Applied => tally.applied = 1,
                Verdict::Refused => tally.refused = 1,
            }
            (of, tally)
        };
        self.put_back(project, all.into_iter().map(one));
    }

    fn put_back(&self, project: ProjectId, all: impl IntoIterator<Item = (DayOf, Tally)>) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = counted.entry(project).or_default();
        for (of, tally) in all {
            counted
                .entry(of)
                .or_insert(Tally {
                    day: of.1,
                    ..Tally::default()
                })
                .add(&tally);
        }
    }

    fn take(&self) -> BTreeMap<ProjectId, BTreeMap<DayOf, Tally>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Applied,
    Refused,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.applied = self.applied.saturating_add(other.applied);
        self.refused = self.refused.saturating_add(other.refused);
    }
}

/// Adds what is counted to the store until the application is gone.
pub async fn run(app: Weak) {
    loop {
        sleep(EVERY).await;
        let Some(app) = app.upgrade() else { return };
        if let Err(refused) = keep(&app).await {
            tracing::warn!(?refused, "what was validated could not be counted yet");
        }
    }
}

/// Adds what this process counted to the store. What cannot be added is kept for the next time.
///
/// # Errors
/// When the store fails.
pub async fn keep(app: &App) -> Result<(), Refused> {
    let mut all = Ok(());
    for (project, counted) in app.tallies().take() {
        let mut left: Vec<(DayOf, Tally)> = counted.into_iter().collect();
        let kept = added(app, project, &mut left).await;
        app.tallies().put_back(project, left);
        all = all.and(kept);
    }
    all
}

/// Takes away from `left` what was added.
async fn added(
    app: &App,
    project: ProjectId,
    left: &mut Vec<(DayOf, Tally)>,
) -> Result<(), Refused> {
    let mut tries = 0;
    while tries < TRIES && !left.is_empty() {
        let rest = left.len().saturating_sub(STRETCH);
        let stretch = left.get(rest..).unwrap_or_default();
        match add(app, project, stretch).await? {
            Outcome::Applied => left.truncate(rest),
            _ => tries += 1,
        }
    }
    Ok(())
}

async fn add(
    app: &App,
    project: ProjectId,
    counted: &[(DayOf, Tally)],
) -> Result<Outcome, Refused> {
    let mut command = writes(project, Vec::new());
    let mut view = app.store().view(project)?;
    for ((campaign, day), tally) in counted {
        let of_day = day_key(*campaign, *day);
        let known = view.find_one(Index::TallyOfDay, &of_day).await?;
        let id = known.map_or_else(|| app.next_id(), Ok)?;
        let record = view.get(Kind::Tally, id).await?;
        let version = record.as_ref().map_or(0, |record| record.version);
        let mut sum = match record {
            Some(record) => versioned::read(&record.body)?,
            None => Tally {
                day: *day,
                ..Tally::default()
            },
        };
        sum.add(tally);
        command.expects.push(Expect {
            kind: Kind::Tally,
            id,
            version,
        });
        command.writes.push(Write::Put {
            kind: Kind::Tally,
            id,
            body: versioned::write(&sum)?,
        });
        if known.is_none() {
            let links = [
                (Index::TallyOfDay, of_day),
                (Index::TalliesOfCampaign, key(campaign.0)),
            ];
            let link = |(index, key)| Write::Link { index, key, id };
            command.writes.extend(links.map(link));
        }
    }
    drop(view);
    Ok(app.store().submit(command).await?)
}

fn day_key(campaign: CampaignId, day: u32) -> Vec<u8> {
    [campaign.0.to_be_bytes().as_slice(), &day.to_be_bytes()].concat()
}

/// What was counted for a campaign from one day to another, both included. One row for each day.
///
/// # Errors
/// When the store cannot be read.
pub async fn sum(
    view: &mut View,
    campaign: CampaignId,
    [from, until]: [Option<u32>; 2],
) -> Result<Tally, Refused> {
    const LIMIT: u32 = 1_000;
    let (mut sum, mut after) = (Tally::default(), 0);
    loop {
        let page = Page {
            after,
            limit: LIMIT,
            newest_first: false,
        };
        let ids = view
            .find(Index::TalliesOfCampaign, &key(campaign.0), page)
            .await?;
        for record in view.get_many(Kind::Tally, &ids).await?.iter().flatten() {
            let tally: Tally = versioned::read(&record.body)?;
            let is_late = from.is_none_or(|from| from <= tally.day);
            if is_late && until.is_none_or(|until| tally.day <= until) {
                sum.add(&tally);
            }
        }
        match ids.last() {
            Some(last) if ids.len() >= LIMIT as usize => after = *last,
            _ => return Ok(sum),
        }
    }
}
