//! What did customers come to: what they redeemed and ordered, what is left on their cards, whom
//! they brought and who brought them? Summed when it is asked for, from what is kept of it anyway,
//! under every number that they have or had.
//!
//! Of somebody who was erased nobody asks, and nothing is told.

mod cards;
mod history;
mod referrals;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use offers::{Campaign, CampaignId, Currency, VoucherId};
use profiles::CustomerId;
use store::{Index, Kind, Page, Record, View};
use wire::voucherify::{CampaignLoyalty, CustomerLoyalty, CustomerReferrals, CustomerSummary};

use crate::{
    api::At, configuration::Compiled, holding::numbers, people::Person, problem::Refused,
    vouchers::key,
};

/// Of each thing so many are read at a time.
const STRETCH: usize = 1_000;

/// What one customer came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameTo {
    pub summary: CustomerSummary,
    pub loyalty: CustomerLoyalty,
    pub referrals: CustomerReferrals,
}

/// What each of these customers came to, at most some hundreds at once.
///
/// It costs some fifteen reads for all of them, and one for each loyalty card that they hold. It
/// grows with what they did: redemptions, rollbacks, orders, codes and referrals are read
/// [`STRETCH`] at a time, one question to a stretch and kind, and nothing of them is kept meanwhile
/// but the numbers of orders and codes.
///
/// # Errors
/// When the store cannot be read.
pub async fn came_to(
    at: At<'_>,
    (view, compiled): (&mut View, &Compiled),
    persons: &[Person],
) -> Result<BTreeMap<CustomerId, CameTo>, Refused> {
    let mut group = Group::of(at, compiled, persons);
    history::add(view, &mut group).await?;
    cards::add(view, &mut group).await?;
    referrals::add(view, &mut group).await?;
    Ok(group.came_to)
}

/// Those who are asked about.
struct Group<'a> {
    at: At<'a>,
    compiled: &'a Compiled,
    /// By every number that they have or had.
    known_as: BTreeMap<u64, CustomerId>,
    came_to: BTreeMap<CustomerId, CameTo>,
    /// By customer and code that refers: the first redemption.
    came_by: BTreeMap<(CustomerId, VoucherId), u64>,
}

impl<'a> Group<'a> {
    fn of(at: At<'a>, compiled: &'a Compiled, persons: &[Person]) -> Self {
        let all = |person: &Person| {
            let id = person.id;
            numbers(person).map(move |number| (number.0, id))
        };
        Self {
            at,
            compiled,
            known_as: persons.iter().flat_map(all).collect(),
            came_to: persons
                .iter()
                .map(|person| (person.id, CameTo::default()))
                .collect(),
            came_by: BTreeMap::new(),
        }
    }

    fn numbers(&self) -> Vec<u64> {
        self.known_as.keys().copied().collect()
    }

    /// What whoever has or had this number came to.
    fn get_mut(&mut self, number: u64) -> Option<&mut CameTo> {
        let customer = self.known_as.get(&number)?;
        self.came_to.get_mut(customer)
    }

    fn campaign(&self, id: CampaignId) -> Option<&'a Campaign> {
        let campaign = self.compiled.campaigns.get(&id);
        campaign.map(|campaign| &campaign.thing)
    }

    /// What whoever has or had this number came to in a campaign; `None` where it is gone.
    fn within(&mut self, number: u64, campaign: CampaignId) -> Option<&mut CampaignLoyalty> {
        let name = self.campaign(campaign)?.name.to_string();
        let loyalty = &mut self.get_mut(number)?.loyalty;
        Some(loyalty.campaigns.entry(name).or_default())
    }

    fn currency(&self) -> Currency {
        self.compiled.settings.currency
    }
}

/// What was found in an index: the number that it stands under, by its own.
type Found = BTreeMap<u64, u64>;

/// All that stands under some numbers in an index, a stretch at a time; under each number the
/// oldest first.
struct Walk {
    index: Index,
    /// Numbers that were not asked about yet.
    fresh: Vec<u64>,
    /// Numbers of which there may be more, each behind this.
    open: Vec<(u64, u64)>,
    /// What was found and not looked at yet, each beside the number that it stands under.
    ready: Vec<(u64, u64)>,
}

impl Walk {
    fn new(index: Index, numbers: Vec<u64>) -> Self {
        Self {
            index,
            fresh: numbers,
            open: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// The next stretch; `None` where there is no more.
    async fn next(&mut self, view: &mut View) -> Result<Option<Found>, Refused> {
        while self.ready.is_empty() {
            if !self.ask(view).await? {
                return Ok(None);
            }
        }
        let later = self.ready.split_off(self.ready.len().min(STRETCH));
        let next = std::mem::replace(&mut self.ready, later);
        // Others have their turn between two stretches.
        tokio::task::yield_now().await;
        Ok(Some(next.into_iter().collect()))
    }

    /// Asks once; whether there was anything left to ask.
    async fn ask(&mut self, view: &mut View) -> Result<bool, Refused> {
        let fresh: Vec<u64> = std::mem::take(&mut self.fresh);
        let found = match self.open.pop() {
            _ if !fresh.is_empty() => under_all(view, (self.index, fresh)).await?,
            Some((number, after)) => {
                let page = Page {
                    after,
                    limit: STRETCH as u32,
                    newest_first: false,
                };
                let found = view.find(self.index, &key(number), page).await?;
                vec![(number, found)]
            }
            None => return Ok(false),
        };
        for (number, ids) in found {
            let last = ids.last().filter(|_| ids.len() >= STRETCH);
            self.open.extend(last.map(|last| (number, *last)));
            self.ready.extend(ids.into_iter().map(|id| (id, number)));
        }
        Ok(true)
    }
}

/// The first that stands under each number.
async fn under_all(
    view: &mut View,
    (index, numbers): (Index, Vec<u64>),
) -> Result<Vec<(u64, Vec<u64>)>, Refused> {
    let keys: Vec<[u8; 8]> = numbers.iter().map(|number| number.to_be_bytes()).collect();
    let keys: Vec<&[u8]> = keys.iter().map(<[u8; 8]>::as_slice).collect();
    let found = view.find_many(index, (&keys, STRETCH as u32)).await?;
    Ok(numbers.into_iter().zip(found).collect())
}

/// What of these are records of a kind, each beside the number that it stands under.
async fn records(
    view: &mut View,
    (kind, found): (Kind, &Found),
) -> Result<Vec<(u64, Record)>, Refused> {
    let ids: Vec<u64> = found.keys().copied().collect();
    let records = view.get_many(kind, &ids).await?.into_iter().flatten();
    let with_number = |record: Record| Some((*found.get(&record.id)?, record));
    Ok(records.filter_map(with_number).collect())
}
