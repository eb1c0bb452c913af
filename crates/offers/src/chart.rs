//! Which accounts are there, what are they called, and for which reasons does value move?
//!
//! The numbers are on disk: they are never used again for something else. `docs/LEDGER.md` shows
//! the same chart as a table.

mod counter;
mod reason;
mod tiers;
mod units;
mod window;

use ledger::{AccountId, Asset, Limit, Opening, Transfer};

use crate::{CampaignId, CapUnit, Reach, Refusal, VoucherId};

pub use counter::{Counter, Occasion, caps_to_openings, counters, stock, unstocked};
pub use reason::Reason;
pub use tiers::{TierTally, tier_accounts};
pub use units::{UnitCounter, UnitEntry, unit_bounds, unit_counters};
pub use window::{period_of, window, window_end};

/// A line of the chart of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    Budget,
    Funding,
    DiscountGiven,
    GiftBalance,
    GiftSold,
    GiftSpent,
    GiftBreakage,
    Points,
    PointsCost,
    PointsBreakage,
    CardPoints,
    PointsGiven,
    PointsSpent,
    PointsWithdrawn,
    CardBreakage,
    Revenue,
    GoodsCost,
    ShippingCost,
    Fees,
    OrderDiscount,
    OrdersOf,
    /// What a cap still allows.
    Cap(Reach, CapUnit),
    /// Where a cap's amount comes from.
    Allowed(Reach, CapUnit),
    /// What was taken of a cap.
    Used(Reach, CapUnit),
    /// A cap on units of a product, over all customers.
    Units(Side),
    /// The same, of each customer.
    CustomerUnits(Side),
}

/// One account of the three that a cap has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Left,
    Allowed,
    Taken,
}

use AccountKind as A;

/// The kinds that are not caps, with number, name and meaning. What a campaign gave a customer is
/// numbered beside the customer's uses of it (106, 206, 306): rows of the same place in a hundred,
/// owner and party stand together in a store.
const PLAIN: [(AccountKind, u16, &str, &str); 27] = [
    (A::Budget, 1, "Budget", "What a campaign may still spend."),
    (
        A::Funding,
        506,
        "Funding",
        "Where a campaign's money comes from.",
    ),
    (
        A::DiscountGiven,
        406,
        "Discount given",
        "What a campaign took off orders.",
    ),
    (
        A::GiftBalance,
        10,
        "Gift balance",
        "What is owed to the holder of a gift card.",
    ),
    (A::GiftSold, 11, "Gift sold", "What was put on a gift card."),
    (
        A::GiftSpent,
        12,
        "Gift spent",
        "What was paid with a gift card.",
    ),
    (
        A::GiftBreakage,
        13,
        "Gift breakage",
        "What lapsed unused on a gift card.",
    ),
    (A::Points, 20, "Points", "Points owed to a customer."),
    (
        A::PointsCost,
        21,
        "Points cost",
        "Points a programme gave a customer.",
    ),
    (
        A::PointsBreakage,
        22,
        "Points breakage",
        "Reserved for points that lapse unused.",
    ),
    (
        A::CardPoints,
        23,
        "Card points",
        "Points of a card that lapse on one day.",
    ),
    (
        A::PointsGiven,
        24,
        "Points given",
        "Points that a card was given.",
    ),
    (
        A::PointsSpent,
        25,
        "Points spent",
        "What was paid with a card's points.",
    ),
    (
        A::PointsWithdrawn,
        26,
        "Points withdrawn",
        "Points that the shop took off a card.",
    ),
    (
        A::CardBreakage,
        27,
        "Card breakage",
        "Points that lapsed unused on a card.",
    ),
    (
        A::Revenue,
        30,
        "Revenue",
        "What a customer paid, while in an experiment.",
    ),
    (
        A::GoodsCost,
        31,
        "Cost of goods",
        "What the goods of those orders cost.",
    ),
    (
        A::ShippingCost,
        32,
        "Shipping cost",
        "What sending those orders cost.",
    ),
    (
        A::Fees,
        33,
        "Fees",
        "What taking the money of those orders cost.",
    ),
    (
        A::OrderDiscount,
        34,
        "Order discount",
        "What was taken off those orders.",
    ),
    (
        A::OrdersOf,
        35,
        "Orders",
        "The other side of a customer's outcomes.",
    ),
    (
        A::Units(Side::Left),
        431,
        "Units",
        "Units of a product that may still be discounted.",
    ),
    (
        A::Units(Side::Allowed),
        531,
        "Units allowed",
        "Where those units come from.",
    ),
    (
        A::Units(Side::Taken),
        631,
        "Units taken",
        "Units of a product that were discounted.",
    ),
    (
        A::CustomerUnits(Side::Left),
        432,
        "Units of a customer",
        "The same, for one customer.",
    ),
    (
        A::CustomerUnits(Side::Allowed),
        532,
        "Units allowed to customers",
        "Where those come from.",
    ),
    (
        A::CustomerUnits(Side::Taken),
        632,
        "Units taken by a customer",
        "Units of a product that were discounted for one customer.",
    ),
];

type OfCap = fn(Reach, CapUnit) -> AccountKind;

/// The kinds of caps: first number, name and meaning; from there, by reach and then by unit.
const CAPS: [(OfCap, u16, &str, &str); 3] = [
    (A::Cap, 100, "Cap", "What a cap still allows."),
    (
        A::Allowed,
        200,
        "Allowed",
        "Where what a cap allows comes from.",
    ),
    (A::Used, 300, "Used", "What was taken of a cap."),
];

const REACHES: [(Reach, &str); 6] = [
    (Reach::Campaign, "campaign"),
    (Reach::Code, "code"),
    (Reach::Customer, "customer"),
    (Reach::CustomerOverall, "customer overall"),
    (Reach::Store, "store"),
    (Reach::ApiKey, "key"),
];

/// In two stretches of numbers: those that there were first, and those that came later.
const UNITS: [&[(CapUnit, &str)]; 2] = [
    &[
        (CapUnit::Uses, "uses"),
        (CapUnit::Money, "money"),
        (CapUnit::Touches, "touches"),
    ],
    &[(CapUnit::Orders, "orders"), (CapUnit::Credit, "credit")],
];

/// A line of the chart as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: AccountKind,
    pub number: u16,
    pub name: String,
    pub meaning: &'static str,
}

/// Every line of the chart of accounts.
pub fn entries() -> impl Iterator<Item = Entry> {
    let plain = PLAIN.into_iter().map(|(kind, number, name, meaning)| {
        let name = name.to_owned();
        Entry {
            kind,
            number,
            name,
            meaning,
        }
    });
    plain.chain(CAPS.into_iter().flat_map(|(of, first, name, meaning)| {
        let each = UNITS.into_iter().flat_map(|units| {
            let of_reach = |reach| units.iter().map(move |unit| (reach, *unit));
            REACHES.into_iter().flat_map(of_reach)
        });
        each.zip(first..)
            .map(move |(((reach, by), (unit, what)), number)| {
                let name = format!("{name}: {what} by {by}");
                Entry {
                    kind: of(reach, unit),
                    number,
                    name,
                    meaning,
                }
            })
    }))
}

impl AccountKind {
    #[must_use]
    pub fn number(self) -> u16 {
        let nth = |reach: Reach, unit: CapUnit| match unit {
            CapUnit::Uses | CapUnit::Money | CapUnit::Touches => 3 * reach as u16 + unit as u16,
            CapUnit::Orders => 18 + 2 * reach as u16,
            CapUnit::Credit => 19 + 2 * reach as u16,
        };
        match self {
            A::Cap(reach, unit) => 100 + nth(reach, unit),
            A::Allowed(reach, unit) => 200 + nth(reach, unit),
            A::Used(reach, unit) => 300 + nth(reach, unit),
            plain => PLAIN
                .iter()
                .find(|row| row.0 == plain)
                .map_or(0, |row| row.1),
        }
    }

    /// The line of the chart an account stands on, if it is on the chart.
    #[must_use]
    pub fn of(id: AccountId) -> Option<AccountKind> {
        entries()
            .find(|entry| entry.number == id.kind)
            .map(|entry| entry.kind)
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> String {
        entries()
            .find(|entry| entry.kind == self)
            .map(|entry| entry.name)
            .unwrap_or_default()
    }

    /// What is limited may be given back as far as it was taken, and taken as far as it is there.
    #[must_use]
    pub fn limit(self) -> Limit {
        match self {
            A::Budget | A::DiscountGiven | A::GiftBalance | A::GiftSpent | A::Points => {
                Limit::DebitsWithinCredits
            }
            A::CardPoints | A::PointsSpent => Limit::DebitsWithinCredits,
            A::PointsGiven | A::PointsWithdrawn | A::CardBreakage => Limit::None,
            A::Cap(..) | A::Used(..) => Limit::DebitsWithinCredits,
            A::Units(side) | A::CustomerUnits(side) => match side {
                Side::Left | Side::Taken => Limit::DebitsWithinCredits,
                Side::Allowed => Limit::None,
            },
            A::Allowed(..) | A::Funding | A::GiftSold | A::GiftBreakage => Limit::None,
            A::PointsCost | A::PointsBreakage => Limit::None,
            A::Revenue | A::GoodsCost | A::ShippingCost | A::Fees => Limit::None,
            A::OrderDiscount | A::OrdersOf => Limit::None,
        }
    }

    /// Whether all orders of a campaign share it, so that it may be lent to processes in slices:
    /// accounts of the same line whose party is the number of the process.
    #[must_use]
    pub fn is_lendable(self) -> bool {
        matches!(self, A::Budget | A::Cap(Reach::Campaign, _))
    }

    fn account(self, owner: u64, party: Party) -> AccountId {
        let (party, window) = match party {
            Party::Nobody => (0, 0),
            Party::Number(number) => (number, 0),
            Party::Order(number) => (number, 1),
        };
        AccountId {
            kind: self.number(),
            owner,
            party,
            window,
        }
    }
}

/// An account to be opened where it is missing, with nothing in it.
#[must_use]
pub fn empty(kind: AccountKind, id: AccountId, asset: Asset) -> Opening {
    Opening {
        id,
        asset,
        limit: kind.limit(),
        funding: None,
    }
}

/// Whom an account is about, beside its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Nobody,
    /// A customer or a voucher.
    Number(u64),
    /// An order whose customer nobody knows, so that two such orders share no row.
    Order(u64),
}

#[must_use]
pub fn budget(campaign: CampaignId) -> AccountId {
    A::Budget.account(campaign.0, Party::Nobody)
}

/// `Party::Nobody` funds the budget; without a budget every party is funded by itself.
#[must_use]
pub fn funding(campaign: CampaignId, party: Party) -> AccountId {
    A::Funding.account(campaign.0, party)
}

#[must_use]
pub fn discount_given(campaign: CampaignId, party: Party) -> AccountId {
    A::DiscountGiven.account(campaign.0, party)
}

#[must_use]
pub fn gift_balance(voucher: VoucherId) -> AccountId {
    A::GiftBalance.account(voucher.0, Party::Nobody)
}

#[must_use]
pub fn gift_sold(campaign: CampaignId, voucher: VoucherId) -> AccountId {
    A::GiftSold.account(campaign.0, Party::Number(voucher.0))
}

#[must_use]
pub fn gift_spent(campaign: CampaignId, voucher: VoucherId) -> AccountId {
    A::GiftSpent.account(campaign.0, Party::Number(voucher.0))
}

#[must_use]
pub fn gift_breakage(campaign: CampaignId, voucher: VoucherId) -> AccountId {
    A::GiftBreakage.account(campaign.0, Party::Number(voucher.0))
}

#[must_use]
pub fn points(programme: u64, customer: u64) -> AccountId {
    A::Points.account(programme, Party::Number(customer))
}

#[must_use]
pub fn points_cost(programme: u64, customer: u64) -> AccountId {
    A::PointsCost.account(programme, Party::Number(customer))
}

/// Where the points of a card lie that lapse on a day.
#[must_use]
pub fn lot(card: VoucherId, day: u32) -> AccountId {
    A::CardPoints.account(card.0, Party::Number(day.into()))
}

/// The other side of what moves on a card: `PointsGiven` to `CardBreakage`.
#[must_use]
pub fn of_card(kind: AccountKind, programme: CampaignId, card: VoucherId) -> AccountId {
    kind.account(programme.0, Party::Number(card.0))
}

/// One of a customer's outcomes in an experiment: `Revenue` to `OrdersOf`.
#[must_use]
pub fn outcome(kind: AccountKind, experiment: u64, customer: u64) -> AccountId {
    kind.account(experiment, Party::Number(customer))
}

/// Whether what is held on one account stands for another: the same limit, or the same in an
/// earlier period. What is held by the week says nothing of what a day allows.
#[must_use]
pub fn stands_for(hold: &Transfer, account: AccountId) -> bool {
    let is_period_alike = period_of(hold.debit.window) == period_of(account.window);
    let moved = AccountId {
        window: account.window,
        ..hold.debit
    };
    is_period_alike && is_same_limit(moved, account)
}

/// Whether two accounts are one, or parts of one limit that is lent in slices.
#[must_use]
pub fn is_same_limit(one: AccountId, other: AccountId) -> bool {
    let lent = AccountId {
        party: other.party,
        ..one
    };
    one == other || (lent == other && AccountKind::of(one).is_some_and(AccountKind::is_lendable))
}

/// The part of a limit that is lent to a process; 0 is the account that lends.
#[must_use]
pub fn slice(limit: AccountId, process: u64) -> AccountId {
    AccountId {
        party: process,
        ..limit
    }
}

/// The "no" a shopper hears when an account's limit is reached.
#[must_use]
pub fn refusal(reached: AccountId) -> Option<Refusal> {
    match AccountKind::of(reached)? {
        A::Cap(Reach::Customer | Reach::CustomerOverall, _) => Some(Refusal::UsedUpByCustomer),
        A::CustomerUnits(Side::Left) => Some(Refusal::UsedUpByCustomer),
        A::Units(Side::Left) => Some(Refusal::UsedUp),
        A::Budget | A::Cap(Reach::ApiKey, _) => Some(Refusal::BudgetSpent),
        A::Cap(Reach::Campaign, CapUnit::Money | CapUnit::Orders | CapUnit::Credit) => {
            Some(Refusal::BudgetSpent)
        }
        A::Cap(..) => Some(Refusal::UsedUp),
        A::GiftBalance => Some(Refusal::BalanceSpent),
        A::CardPoints => Some(Refusal::PointsSpent),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
