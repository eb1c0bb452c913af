//! What is kept of an order, of a reservation and of a redemption?

use ledger::{Minor, Timestamp};
use offers::Redeemable;
use serde::{Deserialize, Serialize};
use wire::voucherify::{OrderInput, OrderView};

/// An order that redeemables were used on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredOrder {
    pub id: u64,
    /// As the shop sent it last.
    pub input: OrderInput,
    /// As it was answered last.
    pub view: OrderView,
    pub customer: Option<u64>,
    /// Oldest first.
    pub uses: Vec<OrderUse>,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
}

/// One redemption on an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderUse {
    /// The redemption, or the parent of several.
    pub redemption: u64,
    /// What was put forward, sorted.
    pub asked: Vec<Redeemable>,
    /// What was used.
    pub redeemables: Vec<Redeemable>,
    /// What it still takes off the order.
    pub discount: Minor,
    pub is_undone: bool,
}

impl StoredOrder {
    /// The redemptions that stand.
    pub fn standing(&self) -> impl Iterator<Item = &OrderUse> {
        self.uses.iter().filter(|one| !one.is_undone)
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// What it gave, by the items of the order: those that were sent, then those that joined.
    pub shares: Vec<Share>,
    /// What it gave beside the items: on shipping, or on an order without items.
    pub rest: Minor,
    /// What was given back of all that.
    pub given_back: Minor,
    pub state: RedemptionState,
    /// As it is shown.
    pub view: serde_json::Value,
    /// What the call was answered, kept where nobody is above it.
    pub answer: serde_json::Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedemptionState {
    Failed,
    Succeeded,
    RolledBack,
}

/// What was given on one item of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub units: u32,
    pub amount: Minor,
    /// How many of the units came back.
    pub returned: u32,
}

impl Share {
    /// What came back of the amount: rounded down, and all of it with the last unit.
    #[must_use]
    pub fn back(&self) -> Minor {
        let exact = u128::from(self.amount) * u128::from(self.returned.min(self.units));
        Minor::try_from(exact / u128::from(self.units.max(1))).unwrap_or(self.amount)
    }
}

impl Redemption {
    /// All that it gave.
    #[must_use]
    pub fn whole(&self) -> Minor {
        let on_items = self.shares.iter().map(|share| share.amount);
        on_items.fold(self.rest, Minor::saturating_add)
    }
}
