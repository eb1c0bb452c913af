//! Which accounts count the units of products that a campaign or an offer may still discount?

use std::{collections::BTreeMap, sync::Arc};

use ledger::{AccountId, Asset, Opening};
use rules::Facts;

use super::{AccountKind, Counter, Occasion, Reason, Side, empty};
use crate::{
    Cap, CapUnit, CappedGoods, Minor, Offer, Order, Period, Pick, Reach, Scope, UnitCap, UnitReach,
    running::Running, unit_cap::product_of,
};

/// A cap on units as it counts on an order: see [`crate::UnitsLeft`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitCounter {
    pub counter: Counter,
    pub pick: usize,
    pub product: Option<Arc<str>>,
}

/// The owner of the accounts that one cap of an offer is allowed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitEntry<'a> {
    pub cap: &'a UnitCap,
    pub number: u64,
}

/// Every cap on units that an offer may take from on an order; none where none is set. Where two
/// would be the same account the lower one counts. `number` stands for a name in the books and is
/// always the same.
#[must_use]
pub fn unit_counters(
    order: &Order,
    offer: &Offer,
    (occasion, number): (&Occasion, fn(&str) -> u64),
) -> Vec<UnitCounter> {
    let Scope::Lines(lines) = &offer.scope else {
        return Vec::new();
    };
    if !lines.is_capped() {
        return Vec::new();
    }
    let running = Running::new(order, Facts::NONE);
    let facts: Vec<&Facts> = running.line_facts().collect();
    let mut all = Vec::new();
    for (pick, of) in lines.picks.iter().enumerate() {
        let mine = facts.iter().filter(|facts| of.of.evaluate(facts).is_met());
        let mut products: Vec<Option<&str>> = mine.map(|facts| product_of(facts)).collect();
        products.sort_unstable();
        products.dedup();
        for cap in &of.unit_caps {
            let entry = UnitEntry::of(offer, (cap, number));
            let counters = entry.of_products(&products, (occasion, number));
            all.extend(counters.map(|(product, counter)| UnitCounter {
                counter,
                pick,
                product,
            }));
        }
    }
    lowest(&mut all);
    all
}

/// Of each pick of an offer the caps on named products: where each has one that is spent, the offer
/// gives nothing, whatever the order. None where some pick has none.
#[must_use]
pub fn unit_bounds(
    offer: &Offer,
    (occasion, number): (&Occasion, fn(&str) -> u64),
) -> Vec<Vec<Counter>> {
    let Scope::Lines(lines) = &offer.scope else {
        return Vec::new();
    };
    if !lines.is_capped() {
        return Vec::new();
    }
    let of_pick = |pick: &Pick| {
        let named = pick.unit_caps.iter().filter(|cap| !cap.goods.is_of_each());
        let counters = named.map(|cap| {
            let entry = UnitEntry::of(offer, (cap, number));
            entry.counter(entry.number, entry.party(occasion))
        });
        counters.collect::<Vec<_>>()
    };
    let all: Vec<Vec<Counter>> = lines.picks.iter().map(of_pick).collect();
    match all.iter().any(Vec::is_empty) {
        true => Vec::new(),
        false => all,
    }
}

fn lowest(all: &mut [UnitCounter]) {
    let mut least: BTreeMap<AccountId, Minor> = BTreeMap::new();
    for one in all.iter() {
        let limit = one.counter.cap.limit;
        let kept = least.entry(one.counter.account.id).or_insert(limit);
        *kept = limit.min(*kept);
    }
    for one in all {
        if let Some(limit) = least.get(&one.counter.account.id) {
            one.counter.cap.limit = *limit;
            let funding = &mut one.counter.account.funding;
            *funding = funding.map(|(_, source, code)| (*limit, source, code));
        }
    }
}

impl<'a> UnitEntry<'a> {
    /// All that is allowed under one entry comes from accounts of one owner, so that what was
    /// opened is found again.
    #[must_use]
    pub fn of(offer: &Offer, (cap, number): (&'a UnitCap, fn(&str) -> u64)) -> Self {
        let whose = match cap.reach {
            UnitReach::Campaign | UnitReach::CampaignCustomer => {
                format!("campaign {}", offer.campaign.0)
            }
            UnitReach::Tier | UnitReach::TierCustomer => format!("offer {}", offer.id.0),
        };
        let goods = match &cap.goods {
            CappedGoods::Product(name) => format!("units of product {name}"),
            CappedGoods::EachIn(name) => format!("units of each product in {name}"),
        };
        let number = number(&format!("{whose}: {goods}"));
        Self { cap, number }
    }

    /// Where all that is allowed comes from: the parties are the owners of what may be taken.
    #[must_use]
    pub fn allowed(&self) -> AccountId {
        self.account(Side::Allowed, self.number, 0).id
    }

    /// What one owner may take, everybody or one customer.
    #[must_use]
    pub fn counter(&self, owner: u64, party: u64) -> Counter {
        let limit = self.cap.limit;
        let allowed = self.account(Side::Allowed, self.number, owner);
        let starts_with = (limit, allowed.id, Reason::CapSet.code());
        Counter {
            cap: Cap {
                reach: match self.cap.reach.is_of_customer() {
                    true => Reach::Customer,
                    false => Reach::Campaign,
                },
                period: Period::Ever,
                unit: CapUnit::Uses,
                limit,
                grant_remainder: true,
            },
            account: Opening {
                funding: Some(starts_with),
                ..self.account(Side::Left, owner, party)
            },
            used: self.account(Side::Taken, owner, party),
            reason: Reason::UnitsCounted,
            lender: None,
        }
    }

    /// People nobody knows count together.
    fn party(&self, occasion: &Occasion) -> u64 {
        match self.cap.reach.is_of_customer() {
            true => occasion.customer.unwrap_or_default(),
            false => 0,
        }
    }

    fn account(&self, side: Side, owner: u64, party: u64) -> Opening {
        let kind = match self.cap.reach.is_of_customer() {
            true => AccountKind::CustomerUnits(side),
            false => AccountKind::Units(side),
        };
        let id = AccountId {
            kind: kind.number(),
            owner,
            party,
            window: 0,
        };
        empty(kind, id, Asset::Uses)
    }

    /// One counter for all units of a product, or one for each product of a collection; none where
    /// nothing in the order is meant.
    fn of_products<'p>(
        &self,
        products: &'p [Option<&'p str>],
        (occasion, number): (&Occasion, fn(&str) -> u64),
    ) -> impl Iterator<Item = (Option<Arc<str>>, Counter)> + use<'p, 'a> {
        let entry = *self;
        let party = entry.party(occasion);
        let is_of_each = entry.cap.goods.is_of_each();
        let whole = products.first().filter(|_| !is_of_each);
        let whole = whole.map(move |_| (None, entry.counter(entry.number, party)));
        let each = products.iter().flatten().filter(move |_| is_of_each);
        let each = each.map(move |product| {
            let owner = number(&format!("{} {product}", entry.number));
            (Some((*product).into()), entry.counter(owner, party))
        });
        whole.into_iter().chain(each)
    }
}
