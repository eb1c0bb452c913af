//! How many units of a product may still be discounted, over many orders? Each such cap is a limit
//! in the books; here is what an order takes of what is left.

use std::{collections::BTreeMap, sync::Arc};

use ledger::AccountId;
use rules::{Facts, Value};
use serde::{Deserialize, Serialize};

use crate::{Minor, chart::Counter};

/// The fact of a line that says of which product in the catalogue it is.
pub const PRODUCT: &str = "line.catalogue_product";

/// So many units of a product at most, over many orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitCap {
    pub goods: CappedGoods,
    pub reach: UnitReach,
    pub limit: Minor,
}

/// What is counted together, as the shop calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CappedGoods {
    /// All units of this product.
    Product(Arc<str>),
    /// Those of each product in this collection by itself.
    EachIn(Arc<str>),
}

/// Over what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UnitReach {
    Campaign,
    CampaignCustomer,
    /// The offer by itself: a promotion tier, or what the codes of a campaign give.
    Tier,
    TierCustomer,
}

/// What a cap has left, and of which units it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsLeft {
    pub counter: Counter,
    /// The pick that is capped.
    pub pick: usize,
    /// The product of the catalogue, where each counts by itself.
    pub product: Option<Arc<str>>,
    /// What everybody may take.
    pub left: Minor,
    /// What is held for the redeemable beside that.
    pub held: Minor,
}

/// Units of a line that count towards a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub line: usize,
    pub units: u32,
    pub account: AccountId,
}

/// What caps still allow while the lines of an order are visited.
pub(crate) struct UnitRoom<'a> {
    units: &'a [UnitsLeft],
    left: BTreeMap<AccountId, Minor>,
}

/// The product of the catalogue that a line is of, where one is told.
pub(crate) fn product_of(facts: &Facts) -> Option<&str> {
    match facts.get(PRODUCT) {
        Some(Value::Text(product)) => Some(product),
        _ => None,
    }
}

impl CappedGoods {
    #[must_use]
    pub fn is_of_each(&self) -> bool {
        matches!(self, Self::EachIn(_))
    }
}

impl UnitReach {
    #[must_use]
    pub fn is_of_customer(self) -> bool {
        matches!(self, Self::CampaignCustomer | Self::TierCustomer)
    }
}

impl UnitsLeft {
    /// Whether it counts what a pick touches of a product.
    pub(crate) fn is_of(&self, (pick, product): (usize, Option<&str>)) -> bool {
        let mine = self.product.as_deref();
        self.pick == pick && (mine.is_none() || mine == product)
    }
}

/// How many units count towards each cap.
pub(crate) fn by_account(counted: &[Counted]) -> BTreeMap<AccountId, Minor> {
    let mut all = BTreeMap::new();
    for one in counted {
        let sum: &mut Minor = all.entry(one.account).or_default();
        *sum = sum.saturating_add(one.units.into());
    }
    all
}

/// Adds what was taken of each cap beyond what was held for it.
pub(crate) fn draw(
    (units, counted): (&[UnitsLeft], &[Counted]),
    drawn: &mut BTreeMap<AccountId, Minor>,
) {
    for (account, taken) in by_account(counted) {
        let mut mine = units.iter();
        let mine = mine.find(|one| one.counter.account.id == account);
        let beyond = taken.saturating_sub(mine.map_or(0, |one| one.held));
        let sum = drawn.entry(account).or_default();
        *sum = sum.saturating_add(beyond);
    }
}

impl<'a> UnitRoom<'a> {
    /// With what others have drawn of it.
    pub(crate) fn of(units: &'a [UnitsLeft], drawn: &BTreeMap<AccountId, Minor>) -> Self {
        let left = units.iter().map(|one| {
            let account = one.counter.account.id;
            let others = drawn.get(&account).copied().unwrap_or(0);
            (
                account,
                one.left.saturating_sub(others).saturating_add(one.held),
            )
        });
        Self {
            units,
            left: left.collect(),
        }
    }

    /// Takes as many units of a line as all caps of its pick have left, so many being wanted. A cap
    /// of which nobody told what is left has nothing.
    pub(crate) fn take(&mut self, of: (usize, Option<&str>), (caps, wanted): (usize, u32)) -> u32 {
        let mine = self.units.iter().filter(|one| one.is_of(of));
        let accounts: Vec<AccountId> = mine.map(|one| one.counter.account.id).collect();
        if accounts.len() < caps {
            return 0;
        }
        let lefts = accounts.iter().filter_map(|account| self.left.get(account));
        let least = lefts.min().copied().unwrap_or(0);
        let granted = u32::try_from(least).map_or(wanted, |least| least.min(wanted));
        for account in accounts {
            if let Some(left) = self.left.get_mut(&account) {
                *left = left.saturating_sub(granted.into());
            }
        }
        granted
    }
}

#[cfg(test)]
mod tests;
