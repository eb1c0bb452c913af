//! Which segments is a customer in? Those on whose list they are, and those whose filter takes them
//! in, as far as they allow. A filter is asked whenever somebody wants to know, so what it answers
//! is kept nowhere.

use std::collections::BTreeSet;

use ledger::Timestamp;
use offers::Zone;
use profiles::{CustomerId, Purpose};
use rules::{Condition, Facts, Reads};
use store::{Index, Page, ProjectId, Write};
use wire::{
    ids::{self, Tag},
    voucherify::{CustomerInput, Segment, SegmentType},
};

use crate::{
    api::customers::said,
    app::App,
    configuration::Stored,
    moment,
    people::{People, Person},
    problem::Refused,
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
    filters: Vec<(u64, Condition)>,
    /// What the filters ask.
    reads: Reads,
    /// By whose clock.
    zone: Zone,
}

impl Segments {
    /// # Errors
    /// A fault where a filter that was accepted can be read no more.
    pub fn of(kept: &[(u64, Stored<Segment>)], zone: &Zone) -> Result<Self, Refused> {
        let mut lists = BTreeSet::new();
        let mut filters = Vec::new();
        for (id, stored) in kept {
            let condition = stored.thing.condition();
            match condition.map_err(|wrong| Refused::Fault(wrong.to_string()))? {
                Some(condition) => filters.push((*id, condition)),
                None => drop(lists.insert(*id)),
            }
        }
        let paths = filters.iter().flat_map(|(_, condition)| condition.reads());
        let reads = paths.collect();
        Ok(Self {
            lists,
            filters,
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

    fn taking(&self, facts: &Facts) -> impl Iterator<Item = u64> {
        let taking = move |(_, one): &&(u64, Condition)| one.evaluate(facts).is_met();
        self.filters.iter().filter(taking).map(|(id, _)| *id)
    }
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
        let names = found.into_iter().map(|id| ids::format(Tag::Segment, id));
        facts.set(FACT, names.collect::<Vec<String>>());
    }
    Ok(facts)
}

/// The segments of a loaded customer, oldest first; `None` where they do not allow it to be known.
///
/// # Errors
/// When the store cannot be read.
pub async fn of(
    (people, customer, now): (&mut People<'_>, CustomerId, Timestamp),
    segments: &Segments,
) -> Result<Option<BTreeSet<u64>>, Refused> {
    let profile = people.profile(customer);
    let Some(person) = people.person(customer) else {
        return Ok(None);
    };
    if !profile.consent.allows(Purpose::PersonaliseOffers) {
        return Ok(None);
    }
    let reads = &segments.reads;
    let mut facts = profiles::facts(&profile, Purpose::PersonaliseOffers, now, reads);
    facts.extend(stated(person, reads)?);
    facts.extend(moment::facts((now, &segments.zone), reads));
    let mut found: BTreeSet<u64> = segments.taking(&facts).collect();
    if !segments.lists.is_empty() {
        let numbers = person.former.iter().copied().chain([customer]).collect();
        let listed = listing(people, numbers).await?.into_iter();
        // One that was made since this configuration was compiled is none of it.
        found.extend(listed.filter(|id| segments.lists.contains(id)));
    }
    Ok(Some(found))
}

/// What the shop says of a customer in words that filters read.
fn stated(person: &Person, reads: &Reads) -> Result<Facts, Refused> {
    if !CustomerInput::is_read(reads) {
        return Ok(Facts::none());
    }
    let times = (person.created_at, person.updated_at);
    Ok(said(person)?.stated(person.id.0, times, reads))
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
