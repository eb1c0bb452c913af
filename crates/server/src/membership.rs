//! What does a customer belong to: in which active segments are they, and in which tier is each of
//! their cards? What changed of it since somebody looked last is told: to webhooks, to whoever asks
//! what happened to the customer, and to the rules by which it earns points.
//!
//! What was found is kept, and a change is told in the command that keeps it: once, and never
//! without being kept. When somebody looks is for [`recheck`] to say.

pub mod recheck;

use std::collections::{BTreeMap, BTreeSet};

use ledger::Timestamp;
use offers::{TierMove, moved_between, tier_of};
use profiles::{CustomerId, Purpose};
use rules::Reads;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use store::{Command, Expect, Kind, Outcome, ProjectId, Write};
use wire::{
    ids::{self, Tag},
    voucherify::Event,
};

use crate::{
    activity::{self, Entry, What},
    api::At,
    app::App,
    configuration::Compiled,
    holding::numbers,
    loyalty::{self, Happened, Paid},
    people::{People, Person},
    problem::Refused,
    segments,
    setup::writes,
    versioned::{self, Versioned},
    vouchers::Issued,
    webhooks,
};

/// Somebody else may change the same customer at the same time.
const MAX_ATTEMPTS: usize = 20;

/// What a customer belonged to when somebody looked last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Of each segment of which it is kept who is in it, and that was asked, whether they were.
    segments: BTreeMap<u64, bool>,
    /// By card, its tier.
    tiers: BTreeMap<u64, u64>,
}

impl Versioned for Membership {
    const NAME: &'static str = "membership";
}

/// In which segments a loaded customer was found to be, of those of which it is kept.
///
/// # Errors
/// When the store cannot be read.
pub async fn segments_of(
    people: &mut People<'_>,
    customer: CustomerId,
) -> Result<BTreeSet<u64>, Refused> {
    let person = people.person(customer).cloned().unwrap_or_default();
    let found = Before::read(people, &person).await?.membership;
    let all = found.segments.into_iter();
    Ok(all.filter(|(_, is_in)| *is_in).map(|(id, _)| id).collect())
}

impl Membership {
    /// Of whoever belongs to nothing, nothing is kept.
    fn put(&self, id: u64) -> Result<Write, Refused> {
        let kind = Kind::Membership;
        if *self == Self::default() {
            return Ok(Write::Delete { kind, id });
        }
        let body = versioned::write(self)?;
        Ok(Write::Put { kind, id, body })
    }
}

/// Looks at a customer, and tells what changed. Whoever is no more belongs to nothing.
///
/// # Errors
/// When the store fails, or others were faster too often.
pub async fn look(at: At<'_>, number: u64) -> Result<(), Refused> {
    for _ in 0..MAX_ATTEMPTS {
        let Some(command) = looked(at, number).await? else {
            return Ok(());
        };
        match at.app.submit(command).await? {
            Outcome::Applied => return Ok(()),
            Outcome::Stale { .. } => {}
            other => return Err(Refused::Fault(format!("a membership: {other:?}"))),
        }
    }
    Err(Refused::Busy)
}

/// What is to be written of a customer; `None` where all is as it was.
async fn looked(at: At<'_>, number: u64) -> Result<Option<Command>, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut people = People::open(at.app, at.project)?;
    if people.unless_erased(Some(number)).await?.is_none() {
        drop(people);
        return removal(at, number).await;
    }
    let customer = people.load(CustomerId(number)).await?;
    let person = people.person(customer).cloned().unwrap_or_default();
    let before = Before::read(&mut people, &person).await?;
    let mut looking = Looking {
        at,
        compiled: &compiled,
        people,
        person,
        before: before.membership.clone(),
        now: Membership::default(),
        changes: Vec::new(),
    };
    looking.at_segments().await?;
    looking.at_tiers().await?;
    if looking.now == before.membership && before.gone.is_empty() {
        return Ok(None);
    }
    looking.command(before).await.map(Some)
}

async fn removal(at: At<'_>, number: u64) -> Result<Option<Command>, Refused> {
    let kind = Kind::Membership;
    let found = at.app.store().get(at.project, kind, number).await?;
    let gone = Write::Delete { kind, id: number };
    Ok(found.map(|_| Command {
        now: at.now,
        ..writes(at.project, vec![gone])
    }))
}

/// What was found last, under every number that the customer had.
struct Before {
    membership: Membership,
    expects: Vec<Expect>,
    /// What takes away what stands under a number that they had before.
    gone: Vec<Write>,
}

impl Before {
    async fn read(people: &mut People<'_>, person: &Person) -> Result<Self, Refused> {
        let kind = Kind::Membership;
        let all: Vec<u64> = numbers(person).map(|number| number.0).collect();
        let found = people.view().get_many(kind, &all).await?;
        let mut before = Self {
            membership: Membership::default(),
            expects: Vec::new(),
            gone: Vec::new(),
        };
        for (id, record) in all.into_iter().zip(found) {
            let version = record.as_ref().map_or(0, |record| record.version);
            before.expects.push(Expect { kind, id, version });
            let Some(record) = record else { continue };
            before.add(versioned::read(&record.body)?);
            if id != person.id.0 {
                before.gone.push(Write::Delete { kind, id });
            }
        }
        Ok(before)
    }

    /// Whoever was in a segment under one of their numbers was in it.
    fn add(&mut self, found: Membership) {
        for (segment, is_in) in found.segments {
            *self.membership.segments.entry(segment).or_default() |= is_in;
        }
        self.membership.tiers.extend(found.tiers);
    }
}

/// Something that is to be told.
enum Change {
    Segment { segment: u64, is_in: bool },
    Tier(Box<Issued>, TierMove, u64),
}

/// A customer who is looked at.
struct Looking<'a> {
    at: At<'a>,
    compiled: &'a Compiled,
    people: People<'a>,
    person: Person,
    before: Membership,
    now: Membership,
    changes: Vec<Change>,
}

impl Looking<'_> {
    /// Of whoever does not allow it to be known, nothing is kept and nobody is told.
    async fn at_segments(&mut self) -> Result<(), Refused> {
        let kept = &self.compiled.segments.kept;
        if kept.is_empty() {
            return Ok(());
        }
        let whose = (&mut self.people, self.person.id);
        let Some(found) = segments::reckoned(self.at, whose, self.compiled).await? else {
            return Ok(());
        };
        for one in kept {
            let (segment, is_in) = (one.id, found.contains(&one.id));
            self.now.segments.insert(segment, is_in);
            // Whoever was there when the segment was made has not entered it: they began in it.
            let is_new = self.person.id.0 > segment;
            let before = self.before.segments.get(&segment).copied();
            let before = before.or(is_new.then_some(false));
            if one.is_active && before.is_some_and(|before| before != is_in) {
                self.changes.push(Change::Segment { segment, is_in });
            }
        }
        Ok(())
    }

    async fn at_tiers(&mut self) -> Result<(), Refused> {
        if !self.compiled.loyalty.has_tiers() {
            return Ok(());
        }
        let cards = loyalty::cards_of(self.people.view(), &self.person).await?;
        for (issued, _) in cards {
            let issued = issued.thing;
            let programme = self.compiled.loyalty.programme(issued.campaign);
            let Some(programme) = programme.filter(|one| !one.tiers.is_empty()) else {
                continue;
            };
            let card = issued.voucher.id;
            let of = (self.at.project, card, self.compiled.day(self.at.now));
            let points = loyalty::standing_on(self.people.view(), of).await?;
            let now = tier_of(&programme.tiers, points).map(|tier| tier.id);
            let before = self.before.tiers.get(&card.0).copied();
            self.now.tiers.extend(now.map(|tier| (card.0, tier)));
            if let Some((moved, tier)) = moved_between(&programme.tiers, (before, now)) {
                let change = Change::Tier(Box::new(issued), moved, tier);
                self.changes.push(change);
            }
        }
        Ok(())
    }

    /// All that changed, with what it brings about, in one command.
    async fn command(mut self, before: Before) -> Result<Command, Refused> {
        let customer = self.person.id;
        let mut command = Command {
            now: self.at.now,
            expects: before.expects,
            ..writes(self.at.project, before.gone)
        };
        // Whoever took their consent back meanwhile is looked at anew.
        command.expects.extend(self.people.as_read(customer));
        command.writes.push(self.now.put(customer.0)?);
        for change in std::mem::take(&mut self.changes) {
            let entry = Entry {
                what: change.what(),
                at: self.at.now,
            };
            let entry = entry.writes(self.at, Some(customer.0))?;
            command.writes.extend(entry);
            command.writes.extend(self.told(&change)?);
            let earned = self.earned(&change).await?;
            command.expects.extend(earned.expects);
            command.writes.extend(earned.writes);
            command.openings.extend(earned.booking.openings);
            command.chain.extend(earned.booking.chain);
        }
        Ok(command)
    }

    fn told(&self, change: &Change) -> Result<Vec<Write>, Refused> {
        let (event, about) = match change {
            Change::Segment { segment, is_in } => {
                let event = match is_in {
                    true => Event::SegmentEntered,
                    false => Event::SegmentLeft,
                };
                (event, (Tag::Segment, *segment))
            }
            Change::Tier(_, moved, tier) => (event_of(*moved), (Tag::LoyaltyTier, *tier)),
        };
        let id = |(tag, id)| json!({"id": ids::format(tag, id), "object": event.object()});
        let mut data = Map::new();
        data.insert("customer".into(), webhooks::customer(self.person.id.0));
        data.insert(event.object().into(), id(about));
        if let Change::Tier(card, ..) = change {
            let card = ids::format(Tag::Voucher, card.voucher.id.0);
            data.insert("voucher".into(), json!({"id": card, "object": "voucher"}));
        }
        webhooks::told_all(self.at, self.compiled, (event, || Ok(data)))
    }

    /// What it earns: on the card that moved, or on all of them.
    async fn earned(&mut self, change: &Change) -> Result<loyalty::Changes, Refused> {
        let (card, what) = match change {
            Change::Segment { is_in: false, .. } => return Ok(loyalty::Changes::default()),
            Change::Segment { segment, .. } => (None, Paid::Entered(*segment)),
            Change::Tier(issued, moved, tier) => {
                (Some(&*issued.voucher.code), Paid::Moved(*moved, *tier))
            }
        };
        let profile = self.people.profile(self.person.id);
        let purpose = Purpose::PersonaliseOffers;
        let facts = profiles::facts(&profile, purpose, self.at.now, &Reads::everything());
        let happened = Happened {
            project: self.at.project,
            now: self.at.now,
            customer: self.person.id,
            card,
            what,
            facts: &facts,
        };
        loyalty::earn(self.at.app, (&mut self.people, self.compiled), &happened).await
    }
}

impl Change {
    fn what(&self) -> What {
        match self {
            Self::Segment { segment, is_in } => What::Segment {
                segment: *segment,
                is_in: *is_in,
            },
            Self::Tier(issued, moved, tier) => What::Tier {
                card: issued.voucher.id.0,
                tier: *tier,
                moved: *moved,
            },
        }
    }
}

const fn event_of(moved: TierMove) -> Event {
    match moved {
        TierMove::Joined => Event::LoyaltyTierJoined,
        TierMove::Upgraded => Event::LoyaltyTierUpgraded,
        TierMove::Downgraded => Event::LoyaltyTierDowngraded,
        TierMove::Left => Event::LoyaltyTierLeft,
    }
}

/// Forgets in which segments a customer was, who takes back that it may be known.
///
/// # Errors
/// When the store fails.
pub async fn forget(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    customer: CustomerId,
) -> Result<(), Refused> {
    activity::forget_segments(app, project, customer).await?;
    look(At { app, project, now }, customer.0).await
}
