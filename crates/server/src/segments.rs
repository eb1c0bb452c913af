//! Which segments is a customer in? Those on whose list they are, and those whose filter takes them
//! in, as far as they allow. A filter is asked whenever somebody wants to know, so what it answers
//! is kept nowhere, but where it takes sums over all that a customer did ([`membership`]).

use std::collections::BTreeSet;

use ledger::Timestamp;
use offers::Zone;
use profiles::{CustomerId, Purpose};
use rules::{Condition, Facts, Path, Reads};
use store::{Index, Page, ProjectId, Write};
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{CAME_TO, CustomerInput, Segment, SegmentType, came_to_facts},
};

use crate::{
    api::{At, customers::said},
    app::App,
    configuration::{Compiled, Stored},
    membership, moment,
    people::{People, Person},
    problem::Refused,
    reports::customers::came_to,
    setup::writes,
    vouchers::key,
};

/// The fact that rules read: a list of `seg_…`.
pub const FACT: &str = "customer.segments";

/// Lists in a project. So many a customer can be on.
pub const MAX_LISTS: u64 = 1_000;
/// Segments with a filter in a project: each costs time wherever a rule reads the fact.
pub const MAX_FILTERS: u64 = 100;

/// Customers taken off a list in one command.
const STRETCH: u32 = 500;

/// The segments of a project.
pub struct Segments {
    lists: BTreeSet<u64>,
    /// Oldest first: a filter that asks about segments asks about those before it.
    filters: Vec<Filter>,
    /// Those of which it is kept who is in them.
    pub kept: Vec<Kept>,
    /// What the filters ask.
    reads: Reads,
    /// By whose clock.
    zone: Zone,
}

struct Filter {
    id: u64,
    condition: Condition,
    /// Whether it asks what customers came to: that is summed, so it is asked beforehand, and what
    /// it answered is kept.
    sums: bool,
}

/// A segment of which it is kept who is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: u64,
    /// Whether it is told who enters and leaves it.
    pub is_active: bool,
}

impl Segments {
    /// # Errors
    /// A fault where a filter that was accepted can be read no more.
    pub fn of(all: &[(u64, Stored<Segment>)], zone: &Zone) -> Result<Self, Refused> {
        let mut lists = BTreeSet::new();
        let (mut filters, mut kept) = (Vec::new(), Vec::new());
        for (id, stored) in all {
            let condition = stored.thing.condition();
            let condition = condition.map_err(|wrong| Refused::Fault(wrong.to_string()))?;
            let Some(condition) = condition else {
                lists.insert(*id);
                continue;
            };
            let sums = sums(&condition);
            let is_active = stored.thing.kind() == SegmentType::AutoUpdate;
            if is_active || sums {
                kept.push(Kept { id: *id, is_active });
            }
            filters.push(Filter {
                id: *id,
                condition,
                sums,
            });
        }
        let paths = filters.iter().flat_map(|one| one.condition.reads());
        let reads = paths.collect();
        Ok(Self {
            lists,
            filters,
            kept,
            reads,
            zone: zone.clone(),
        })
    }

    /// How many there are of a type, and how many there may be.
    #[must_use]
    pub fn room(&self, kind: SegmentType) -> (u64, u64) {
        match kind {
            SegmentType::Static => (self.lists.len() as u64, MAX_LISTS),
            SegmentType::Passive | SegmentType::AutoUpdate => {
                (self.filters.len() as u64, MAX_FILTERS)
            }
        }
    }

    /// Whether any filter asks what customers came to.
    fn sums(&self) -> bool {
        self.filters.iter().any(|filter| filter.sums)
    }
}

fn sums(condition: &Condition) -> bool {
    let is_sum = |path: Path| path.as_str().starts_with(CAME_TO);
    condition.reads().into_iter().any(is_sum)
}

/// Whether it is to be kept who is in a segment.
///
/// # Errors
/// Where its filter cannot be read.
pub fn is_kept(segment: &Segment) -> Result<bool, Malformed> {
    let condition = segment.condition()?;
    Ok(segment.kind() == SegmentType::AutoUpdate || condition.as_ref().is_some_and(sums))
}

/// The fact, where somebody reads it and the customer allows it to be known.
///
/// # Errors
/// When the store cannot be read.
pub async fn told(
    whose: (&mut People<'_>, CustomerId, Timestamp),
    (segments, reads): (&Segments, &Reads),
) -> Result<Facts, Refused> {
    let mut facts = Facts::none();
    if reads.wants(FACT)
        && let Some(found) = of(whose, segments).await?
    {
        facts.set(FACT, names(&found));
    }
    Ok(facts)
}

/// The segments of a loaded customer, oldest first; `None` where they do not allow it to be known.
/// What they came to is not summed here: of filters that ask for it, the last answer counts.
///
/// # Errors
/// When the store cannot be read.
pub async fn of(
    (people, customer, now): (&mut People<'_>, CustomerId, Timestamp),
    segments: &Segments,
) -> Result<Option<BTreeSet<u64>>, Refused> {
    let Some(known) = known((people, customer, now), segments).await? else {
        return Ok(None);
    };
    let kept = match segments.sums() {
        true => membership::segments_of(people, customer).await?,
        false => BTreeSet::new(),
    };
    let is_in = |filter: &Filter, facts: &Facts| match filter.sums {
        true => kept.contains(&filter.id),
        false => filter.condition.evaluate(facts).is_met(),
    };
    Ok(Some(known.through(segments, is_in)))
}

/// The same, with all that they came to summed.
///
/// # Errors
/// When the store cannot be read.
pub async fn reckoned(
    at: At<'_>,
    (people, customer): (&mut People<'_>, CustomerId),
    compiled: &Compiled,
) -> Result<Option<BTreeSet<u64>>, Refused> {
    let segments = &compiled.segments;
    let Some(mut known) = known((people, customer, at.now), segments).await? else {
        return Ok(None);
    };
    if segments.sums()
        && let Some(person) = people.person(customer).cloned()
    {
        let with = (people.view(), compiled);
        let mut all = came_to(at, with, &[person]).await?;
        let one = all.remove(&customer).unwrap_or_default();
        let told = (&one.summary, &one.loyalty, &one.referrals);
        known.facts.extend(came_to_facts(told, &segments.reads));
    }
    let is_in = |filter: &Filter, facts: &Facts| filter.condition.evaluate(facts).is_met();
    Ok(Some(known.through(segments, is_in)))
}

/// What filters read of a customer, and on which lists they are.
struct KnownOf {
    facts: Facts,
    lists: BTreeSet<u64>,
}

async fn known(
    (people, customer, now): (&mut People<'_>, CustomerId, Timestamp),
    segments: &Segments,
) -> Result<Option<KnownOf>, Refused> {
    let profile = people.profile(customer);
    let Some(person) = people.person(customer) else {
        return Ok(None);
    };
    if !profile.consent.allows(Purpose::PersonaliseOffers) {
        return Ok(None);
    }
    let (reads, moment) = (&segments.reads, (now, &segments.zone));
    let mut facts = profiles::facts(&profile, Purpose::PersonaliseOffers, now, reads);
    facts.extend(stated(person, moment, reads)?);
    facts.extend(moment::facts(moment, reads));
    let mut lists = BTreeSet::new();
    if !segments.lists.is_empty() {
        let numbers = person.former.iter().copied().chain([customer]).collect();
        let listed = listing(people, numbers).await?.into_iter();
        // One that was made since this configuration was compiled is none of it.
        lists.extend(listed.filter(|id| segments.lists.contains(id)));
    }
    Ok(Some(KnownOf { facts, lists }))
}

impl KnownOf {
    /// All segments, those with a filter one after another: each may ask about those before it.
    fn through(
        mut self,
        segments: &Segments,
        is_in: impl Fn(&Filter, &Facts) -> bool,
    ) -> BTreeSet<u64> {
        let is_asked = segments.reads.wants(FACT);
        let mut found = self.lists;
        for filter in &segments.filters {
            if is_asked {
                self.facts.set(FACT, names(&found));
            }
            if is_in(filter, &self.facts) {
                found.insert(filter.id);
            }
        }
        found
    }
}

fn names(found: &BTreeSet<u64>) -> Vec<String> {
    let names = found.iter().map(|id| ids::format(Tag::Segment, *id));
    names.collect()
}

/// What the shop says of a customer in words that filters read.
fn stated(
    person: &Person,
    (now, zone): (Timestamp, &Zone),
    reads: &Reads,
) -> Result<Facts, Refused> {
    if !CustomerInput::is_read(reads) {
        return Ok(Facts::none());
    }
    let times = (person.created_at, person.updated_at);
    let moment = (now, zone.name());
    Ok(said(person)?.stated(person.id.0, times, (moment, reads)))
}

/// On whose list a customer is, under every number they had.
async fn listing(people: &mut People<'_>, numbers: Vec<CustomerId>) -> Result<Vec<u64>, Refused> {
    let page = Page {
        after: 0,
        limit: u32::try_from(MAX_LISTS).unwrap_or(u32::MAX),
        newest_first: true,
    };
    let mut found = Vec::new();
    for number in numbers {
        let index = Index::SegmentsOfCustomer;
        found.extend(people.view().find(index, &key(number.0), page).await?);
    }
    Ok(found)
}

/// What puts a customer on a list.
pub fn links(segment: u64, customer: CustomerId) -> [Write; 2] {
    let [(by_customer, of), (by_segment, list)] = under(segment, customer);
    [
        Write::Link {
            index: by_customer,
            key: of,
            id: segment,
        },
        Write::Link {
            index: by_segment,
            key: list,
            id: customer.0,
        },
    ]
}

fn unlinks(segment: u64, customer: CustomerId) -> [Write; 2] {
    let [(by_customer, of), (by_segment, list)] = under(segment, customer);
    [
        Write::Unlink {
            index: by_customer,
            key: of,
            id: segment,
        },
        Write::Unlink {
            index: by_segment,
            key: list,
            id: customer.0,
        },
    ]
}

fn under(segment: u64, customer: CustomerId) -> [(Index, Vec<u8>); 2] {
    [
        (Index::SegmentsOfCustomer, key(customer.0)),
        (Index::CustomersOfSegment, key(segment)),
    ]
}

const FIRST: Page = Page {
    after: 0,
    limit: STRETCH,
    newest_first: false,
};

/// Takes everybody off a list, in stretches. What a crash leaves, the next call takes.
///
/// # Errors
/// When the store fails.
pub async fn empty(app: &App, project: ProjectId, segment: u64) -> Result<(), Refused> {
    let of = key(segment);
    loop {
        let index = (Index::CustomersOfSegment, of.as_slice());
        let found = app.store().find(project, index, FIRST).await?;
        let each = found.iter().map(|id| unlinks(segment, CustomerId(*id)));
        let changes = each.flatten().collect();
        app.store().submit(writes(project, changes)).await?;
        if found.len() < STRETCH as usize {
            return Ok(());
        }
    }
}

/// Takes somebody who is no more off every list, by one of the numbers they had.
///
/// # Errors
/// When the store fails.
pub async fn forget(app: &App, project: ProjectId, customer: CustomerId) -> Result<(), Refused> {
    let of = key(customer.0);
    loop {
        let index = (Index::SegmentsOfCustomer, of.as_slice());
        let found = app.store().find(project, index, FIRST).await?;
        if found.is_empty() {
            return Ok(());
        }
        let each = found.iter().map(|id| unlinks(*id, customer));
        let changes = each.flatten().collect();
        app.store().submit(writes(project, changes)).await?;
    }
}
