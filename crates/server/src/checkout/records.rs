//! What is kept of an order and of a reservation?

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
    /// Sorted.
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
