//! Which accounts count what a campaign and a code allow?

use std::collections::BTreeMap;

use ledger::{Account, AccountId, Asset, Opening};

use super::{AccountKind, Party, Reason, budget, discount_given, empty, funding, slice, window};
use crate::{Campaign, Cap, CapUnit, Currency, Lending, Minor, Period, Reach, Timestamp, Voucher};

/// For whom, where and when something is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occasion {
    pub customer: Option<u64>,
    /// A number for the place the order names.
    pub store: Option<u64>,
    /// The time the transfers will be applied with.
    pub at: Timestamp,
    /// The order's own number. It stands in for a customer whom nobody knows, so that two such
    /// orders share no row; to read what is left, any number will do.
    pub order: u64,
    /// The number of the key of the API that redeems; `None` before it is known which one will:
    /// then no limit of keys counts.
    pub key: Option<u64>,
    /// The number of the process that asks: where limits are lent it spends from its slice. 0
    /// spends from the account that lends.
    pub process: u64,
}

/// One limit on one occasion: the account that may not go below zero, and where it is spent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    pub cap: Cap,
    /// What is spent from: starts with what the cap allows, or is a slice and starts empty.
    pub account: Opening,
    pub used: Opening,
    pub reason: Reason,
    /// Where the limit is lent: the account that lends. It starts with what the cap allows, and is
    /// spent from by whoever has no slice.
    pub lender: Option<Opening>,
}

/// Every limit that a campaign, and the code it is used through, sets on an occasion; none where
/// none is set, so that what has no limit touches no shared row.
///
/// Where two caps would be the same account the lower one counts. They come in the precedence of
/// the refusals they end in. A voucher's quantity is a cap on its code; a campaign's money in all
/// is its budget.
#[must_use]
pub fn counters(
    campaign: &Campaign,
    voucher: Option<&Voucher>,
    occasion: &Occasion,
) -> Vec<Counter> {
    let quantity = voucher
        .and_then(|voucher| voucher.quantity)
        .map(uses_of_code);
    let mut lowest: BTreeMap<(u8, CapUnit, Reach, Period), Cap> = BTreeMap::new();
    for cap in campaign.caps.iter().copied().chain(quantity) {
        let key = (rank(&cap), cap.unit, cap.reach, cap.period);
        let kept = lowest.entry(key).or_insert(cap);
        if cap.limit < kept.limit {
            *kept = cap;
        }
    }
    let place = Place {
        campaign,
        voucher,
        occasion,
    };
    lowest
        .into_values()
        .filter_map(|cap| place.counter(cap))
        .map(|counter| place.lent(counter))
        .collect()
}

/// What is left of a reward of which there are so many.
#[must_use]
pub fn stock(reward: u64, limit: u64) -> Counter {
    let cap = uses_of_code(limit);
    let id = |kind: AccountKind| kind.account(reward, Party::Nobody);
    let [account, allowed, used] = stock_kinds();
    let starts_with = (limit, id(allowed), Reason::CapSet.code());
    Counter {
        cap,
        account: Opening {
            funding: Some(starts_with),
            ..empty(account, id(account), Asset::Uses)
        },
        used: empty(used, id(used), Asset::Uses),
        reason: Reason::Use,
        lender: None,
    }
}

/// Where a reward without stock comes from, and where all that is taken goes.
#[must_use]
pub fn unstocked(reward: u64) -> (Opening, Opening) {
    let [_, allowed, used] = stock_kinds();
    let open = |kind: AccountKind| empty(kind, kind.account(reward, Party::Nobody), Asset::Uses);
    (open(allowed), open(used))
}

/// A reward is counted as a code is: by uses.
fn stock_kinds() -> [AccountKind; 3] {
    [AccountKind::Cap, AccountKind::Allowed, AccountKind::Used]
        .map(|kind| kind(Reach::Code, CapUnit::Uses))
}

/// The accounts that count, and their other sides, to be opened where they are missing.
#[must_use]
pub fn caps_to_openings(
    campaign: &Campaign,
    voucher: Option<&Voucher>,
    occasion: &Occasion,
) -> Vec<Opening> {
    let counters = counters(campaign, voucher, occasion);
    counters
        .into_iter()
        .flat_map(|counter| [counter.account, counter.used])
        .collect()
}

impl Counter {
    /// What may still be taken, given the account as it is kept; `None` is not opened yet.
    #[must_use]
    pub fn left(&self, account: Option<&Account>) -> Minor {
        let not_opened = self.account.funding.map_or(0, |(limit, ..)| limit);
        account.and_then(Account::available).unwrap_or(not_opened)
    }

    /// The account that starts with what the cap allows.
    #[must_use]
    pub fn whole(&self) -> Opening {
        self.lender.unwrap_or(self.account)
    }

    /// Every account that part of the limit may be on where these processes may have been lent of
    /// it: first the whole, then the slices in the order of the processes.
    #[must_use]
    pub fn parts(&self, processes: &[u64]) -> Vec<AccountId> {
        let whole = self.whole().id;
        let slices = processes.iter().filter(|_| self.is_lendable());
        let slices = slices.map(|process| slice(whole, *process));
        std::iter::once(whole).chain(slices).collect()
    }

    /// What may still be taken of all parts, given each as it is kept, the whole first.
    #[must_use]
    pub fn left_of(&self, parts: &[Option<Account>]) -> Minor {
        let left = parts.iter().enumerate().map(|(place, account)| {
            let available = account.as_ref().and_then(Account::available);
            available.unwrap_or(if place == 0 { self.cap.limit } else { 0 })
        });
        left.fold(0, Minor::saturating_add)
    }

    fn is_lendable(&self) -> bool {
        self.cap.reach == Reach::Campaign
    }

    /// The same limit, spent from the slice of a process into rows of its own.
    fn lent_to(self, process: u64) -> Counter {
        let lent = |opening: Opening| Opening {
            id: slice(opening.id, process),
            funding: opening.funding.filter(|_| process == 0),
            ..opening
        };
        Counter {
            account: lent(self.account),
            used: match self.reason {
                // What a budget is spent to is a row of the customer's own already.
                Reason::Discount => self.used,
                _ => lent(self.used),
            },
            lender: Some(self.account),
            ..self
        }
    }
}

impl Occasion {
    /// The customer, or the order where nobody knows the customer.
    #[must_use]
    pub fn party(&self) -> Party {
        self.customer
            .map_or(Party::Order(self.order), Party::Number)
    }
}

/// The precedence of the refusal: the customer's own, then what is used up, then what is spent.
fn rank(cap: &Cap) -> u8 {
    match (cap.reach, cap.unit) {
        (Reach::Customer | Reach::CustomerOverall, _) => 0,
        (Reach::Campaign, CapUnit::Money | CapUnit::Orders | CapUnit::Credit) => 2,
        (Reach::ApiKey, _) => 2,
        (Reach::Campaign | Reach::Code | Reach::Store, _) => 1,
    }
}

fn uses_of_code(limit: u64) -> Cap {
    Cap {
        reach: Reach::Code,
        period: Period::Ever,
        unit: CapUnit::Uses,
        limit,
        grant_remainder: false,
    }
}

/// Where a cap is asked about.
struct Place<'a> {
    campaign: &'a Campaign,
    voucher: Option<&'a Voucher>,
    occasion: &'a Occasion,
}

impl Place<'_> {
    fn lent(&self, counter: Counter) -> Counter {
        let is_lent = self.campaign.lending == Lending::Slices;
        match is_lent && counter.is_lendable() {
            true => counter.lent_to(self.occasion.process),
            false => counter,
        }
    }

    /// `None` for a cap on codes where no code is used, and for one on keys where none redeems.
    fn counter(&self, cap: Cap) -> Option<Counter> {
        if (cap.reach, cap.period, cap.unit) == (Reach::Campaign, Period::Ever, CapUnit::Money) {
            return Some(self.budget(cap));
        }
        let (owner, party) = self.whose(cap)?;
        let id = |kind: AccountKind| AccountId {
            kind: kind.number(),
            owner,
            party,
            window: window(cap.period, self.campaign.zone.local(self.occasion.at)),
        };
        let asset = asset(cap.unit, self.campaign);
        let [account, allowed, used] = [AccountKind::Cap, AccountKind::Allowed, AccountKind::Used]
            .map(|kind| kind(cap.reach, cap.unit));
        let starts_with = (cap.limit, id(allowed), Reason::CapSet.code());
        Some(Counter {
            cap,
            account: Opening {
                funding: Some(starts_with),
                ..empty(account, id(account), asset)
            },
            used: empty(used, id(used), asset),
            reason: reason(cap.unit),
            lender: None,
        })
    }

    fn budget(&self, cap: Cap) -> Counter {
        let id = self.campaign.id;
        let asset = Asset::Currency(self.campaign.currency);
        let starts_with = (
            cap.limit,
            funding(id, Party::Nobody),
            Reason::BudgetSet.code(),
        );
        let given = discount_given(id, self.occasion.party());
        Counter {
            cap,
            account: Opening {
                funding: Some(starts_with),
                ..empty(AccountKind::Budget, budget(id), asset)
            },
            used: empty(AccountKind::DiscountGiven, given, asset),
            reason: Reason::Discount,
            lender: None,
        }
    }

    /// Owner and party. People nobody knows, and orders without a store, count together.
    fn whose(&self, cap: Cap) -> Option<(u64, u64)> {
        let campaign = self.campaign.id.0;
        let customer = self.occasion.customer.unwrap_or_default();
        Some(match cap.reach {
            Reach::Campaign => (campaign, 0),
            Reach::Code => (self.voucher?.id.0, 0),
            Reach::Customer => (campaign, customer),
            Reach::CustomerOverall => (self.overall(cap.unit), customer),
            Reach::Store => (campaign, self.occasion.store.unwrap_or_default()),
            Reach::ApiKey => (campaign, self.occasion.key?),
        })
    }

    /// What all campaigns share belongs to none of them; money, to its currency.
    fn overall(&self, unit: CapUnit) -> u64 {
        let Currency(letters) = self.campaign.currency;
        match unit {
            CapUnit::Uses | CapUnit::Touches => 0,
            CapUnit::Money | CapUnit::Orders | CapUnit::Credit => letters
                .into_iter()
                .fold(0, |sum, one| sum << 8 | u64::from(one)),
        }
    }
}

/// What is counted; money in the currency of the campaign.
pub(super) fn asset(unit: CapUnit, of: &Campaign) -> Asset {
    match unit {
        CapUnit::Uses => Asset::Uses,
        CapUnit::Money | CapUnit::Orders | CapUnit::Credit => Asset::Currency(of.currency),
        CapUnit::Touches => Asset::Touches,
    }
}

pub(super) fn reason(unit: CapUnit) -> Reason {
    match unit {
        CapUnit::Uses => Reason::Use,
        CapUnit::Money => Reason::MoneyCounted,
        CapUnit::Touches => Reason::Touch,
        CapUnit::Orders => Reason::OrderCounted,
        CapUnit::Credit => Reason::CreditCounted,
    }
}
