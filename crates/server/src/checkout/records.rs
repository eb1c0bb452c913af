//! What is kept of an order, of a reservation and of a redemption? What was said and given, once;
//! how it is shown follows from it.

use ledger::{Account, Minor, Timestamp};
use offers::{Benefit, CampaignId, Discount, Formula, Gave, Priced, Redeemable, Voucher};
use serde::{Deserialize, Serialize};
use store::{Index, Kind, Write};
use wire::voucherify::{Effect, Gift};

use crate::{
    compact::Compact,
    loyalty::CardCounts,
    problem::Refused,
    versioned::{self, Versioned},
    vouchers::key,
};

/// An order as the shop told of it, and what was used on it. Where it was used last, what the shop
/// sent, and what that came to, is kept with that use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredOrder {
    pub id: u64,
    pub customer: Option<u64>,
    /// Oldest first.
    pub uses: Vec<OrderUse>,
    /// What the shop sent since the last use, whole and with its currency, without what it said of
    /// people.
    pub said: Option<Compact>,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
}

impl Versioned for StoredOrder {
    const NAME: &'static str = "order";
    /// 2 tells of orders that nothing was used on; 3 which redemptions were made together.
    const SHAPE: u8 = 3;
}

/// One redemption on an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderUse {
    pub earlier: Earlier,
    /// What was put forward, sorted.
    pub asked: Vec<Redeemable>,
    /// What was used.
    pub redeemables: Vec<Redeemable>,
    /// What it still takes off the order. Where it was rolled back without its order, all of it.
    pub discount: Minor,
    /// What was taken off and is not any more.
    pub back: PutBack,
    pub is_undone: bool,
}

/// What an order costs more again since discounts on it were given back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBack {
    /// Of discounts on the order as one amount.
    pub on_order: Minor,
    /// Of discounts on its items, those that were sent, then those that joined.
    pub by_item: Vec<Minor>,
}

/// A redemption as its order tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The redemption, or the parent of several.
    pub redemption: u64,
    /// Of a parent: those that were made together.
    pub stacked: Vec<u64>,
    pub date: Timestamp,
    /// The last rollback, of a parent its own.
    pub rollback: Option<Back>,
    /// Of a parent: the rollbacks of its children, made with its own.
    pub rollback_stacked: Vec<u64>,
}

impl Earlier {
    /// A redemption that was just made.
    #[must_use]
    pub fn of(top: &Redemption, date: Timestamp) -> Self {
        Self {
            redemption: top.id,
            stacked: top.children.clone(),
            date,
            rollback: None,
            rollback_stacked: Vec::new(),
        }
    }
}

/// A rollback, as it is told where it is not the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    pub id: u64,
    pub date: Timestamp,
}

impl StoredOrder {
    /// The redemptions that stand.
    pub fn standing(&self) -> impl Iterator<Item = &OrderUse> {
        self.uses.iter().filter(|one| !one.is_undone)
    }

    /// Whether nothing of what was used on it is left, neither in use nor on the order.
    #[must_use]
    pub fn is_given_back(&self) -> bool {
        let is_left = |one: &OrderUse| !one.is_undone || one.discount > 0;
        !self.uses.iter().any(is_left)
    }

    /// What the redemptions that stand take off it.
    #[must_use]
    pub fn taken_off(&self) -> Minor {
        let discounts = self.standing().map(|one| one.discount);
        discounts.fold(0, Minor::saturating_add)
    }

    /// The last redemption: with it is kept what the shop sent then.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.uses.last().map(|one| one.earlier.redemption)
    }

    /// What writes it down; `source` is the shop's name of an order that is new.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn writes(&self, source: Option<&str>) -> Result<Vec<Write>, Refused> {
        let mut writes = vec![Write::Put {
            kind: Kind::Order,
            id: self.id,
            body: versioned::write(self)?,
        }];
        writes.extend(source.map(|source| Write::Link {
            index: Index::OrderSource,
            key: source.as_bytes().to_vec(),
            id: self.id,
        }));
        Ok(writes)
    }
}

/// What a validation holds under a session's key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reservation {
    pub key: String,
    /// Which chain of transfers holds for which redeemable.
    pub chains: Vec<(Redeemable, u64)>,
    pub until: Timestamp,
}

/// A redemption: of one redeemable, or the parent of several on one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Redemption {
    pub id: u64,
    pub parent: Option<u64>,
    /// Of a parent.
    pub children: Vec<u64>,
    pub order: Option<u64>,
    pub customer: Option<u64>,
    /// `None` of a parent.
    pub redeemable: Option<Redeemable>,
    /// The decision whose grant it used.
    pub decision: Option<u64>,
    /// What it gave, and what of that came back.
    pub gave: Gave,
    pub state: RedemptionState,
    /// Oldest first.
    pub rollbacks: Vec<Back>,
    pub used: Used,
    /// Kept where nobody is above it.
    pub sale: Option<Box<Sale>>,
}

impl Versioned for Redemption {
    const NAME: &'static str = "redemption";
    /// 2 knows more benefits, and what did not apply; 3 whose a voucher was; 4 what was made
    /// together on an order before, and what came back of each item; 5 which units count; 6 on
    /// which campaign one failed; 7 what was taken off gift cards.
    const SHAPE: u8 = 7;
}

/// What was used, as it was then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Used {
    /// A parent's children say it.
    Several,
    /// Nothing.
    Nothing {
        /// As it is shown.
        shown: Compact,
        /// Whose it would have been.
        campaign: Option<CampaignId>,
    },
    Voucher(Box<UsedVoucher>),
    /// A tier, as it is shown.
    Tier(Compact),
    Card(Box<UsedCard>),
}

/// A loyalty card whose points were spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsedCard {
    pub used: UsedVoucher,
    /// What was on it then.
    pub counts: CardCounts,
    pub points: Minor,
    /// What they were spent on, as it is shown.
    pub reward: Compact,
    /// The code that it gave.
    pub gave: Option<u64>,
}

/// A voucher as it was at some moment, with what else is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsedVoucher {
    pub voucher: Voucher,
    /// Whose it was.
    pub holder: Option<u64>,
    /// They refer others by it.
    pub refers: bool,
    /// `None` where it stands alone.
    pub campaign: Option<(CampaignId, Box<str>)>,
    pub benefit: Benefit,
    pub formula: Option<Formula>,
    /// Off some lines, not off the whole order.
    pub is_on_lines: bool,
    pub category: Option<String>,
    pub category_id: Option<String>,
    pub additional_info: Option<String>,
    pub metadata: Compact,
    pub counts: Counts,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
}

/// What the books say of a voucher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub used: u64,
    pub gift: GiftCounts,
}

/// What the books say of the money on a gift card, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiftCounts {
    /// All that was ever put on it.
    pub loaded: Minor,
    /// What the shop took off again.
    pub withdrawn: Minor,
    /// What was paid with it and did not come back.
    pub spent: Minor,
    /// What may be spent now: what is held for somebody is not.
    pub balance: Minor,
}

impl GiftCounts {
    /// A card on which so much was put, and nothing else happened.
    #[must_use]
    pub fn new(loaded: Minor) -> Self {
        Self {
            loaded,
            balance: loaded,
            ..Self::default()
        }
    }

    /// What its accounts say: where its money was sold, and what is left of it.
    #[must_use]
    pub fn of(sold: &Account, left: &Account) -> Self {
        let (loaded, withdrawn) = (sold.debits.posted, sold.credits.posted);
        let left_posted = left.credits.posted.saturating_sub(left.debits.posted);
        Self {
            loaded,
            withdrawn,
            spent: loaded.saturating_sub(withdrawn.saturating_add(left_posted)),
            balance: left.available().unwrap_or(0),
        }
    }

    /// As they are after so much was paid with it, and so much may be spent still.
    #[must_use]
    pub fn paid(self, amount: Minor, balance: Minor) -> Self {
        Self {
            spent: self.spent.saturating_add(amount),
            balance,
            ..self
        }
    }

    /// As they are after the shop put so much on it, or took so much off.
    #[must_use]
    pub fn after(mut self, change: i64) -> Self {
        let amount = change.unsigned_abs();
        match change < 0 {
            true => self.withdrawn = self.withdrawn.saturating_add(amount),
            false => self.loaded = self.loaded.saturating_add(amount),
        }
        self.balance = self.balance.saturating_add_signed(change);
        self
    }

    /// As it is shown.
    #[must_use]
    pub fn view(self, effect: Effect) -> Gift {
        Gift {
            amount: self.loaded,
            balance: self.balance,
            subtracted_amount: self.withdrawn,
            effect: Some(effect),
        }
    }
}

/// All that was used in one call: what was sent, and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sale {
    /// The order as the shop sent it, without what it said of people: whose it is says the number
    /// beside, for as long as that leads to anybody.
    pub input: Compact,
    pub priced: Priced,
    pub date: Timestamp,
    pub tracking_id: Option<String>,
    pub metadata: Compact,
    pub session: Option<String>,
    /// When the order was made, where it was before.
    pub created_at: Option<Timestamp>,
    /// What was used on the order before, as it was then.
    pub earlier: Vec<Earlier>,
    /// Rows of what was passed over.
    pub skipped: Compact,
    /// Rows of what did not apply, where the rest did without it.
    pub inapplicable: Compact,
}

impl Sale {
    /// What a redemption gave.
    #[must_use]
    pub fn discount_of(&self, of: &Redemption) -> Option<&Discount> {
        let mut discounts = self.priced.discounts.iter();
        discounts.find(|one| Some(one.redeemable) == of.redeemable)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedemptionState {
    Failed,
    Succeeded,
    RolledBack,
}

impl Redemption {
    /// Which kind of record it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.state {
            RedemptionState::Failed => Kind::Failure,
            RedemptionState::Succeeded | RedemptionState::RolledBack => Kind::Redemption,
        }
    }

    /// What writes it down as it is now.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn put(&self) -> Result<Write, Refused> {
        Ok(Write::Put {
            kind: self.kind(),
            id: self.id,
            body: versioned::write(self)?,
        })
    }

    /// What writes a new one down, and makes it found by its campaign and its voucher.
    ///
    /// # Errors
    /// As [`Redemption::put`].
    pub fn writes(&self, campaign: Option<CampaignId>) -> Result<Vec<Write>, Refused> {
        let link = |index: Index, of: u64| Write::Link {
            index,
            key: key(of),
            id: self.id,
        };
        let mut writes = vec![self.put()?];
        writes.extend(campaign.map(|campaign| link(Index::RedemptionsOfCampaign, campaign.0)));
        if let Some(Redeemable::Voucher(voucher)) = self.redeemable {
            writes.push(link(Index::RedemptionsOfVoucher, voucher.0));
        }
        Ok(writes)
    }
}
