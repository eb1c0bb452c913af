//! For which limits does an order count?

use ledger::AccountId;

use crate::{Minor, chart::Counter};

/// What an order counts as for limits on what orders cost: once on each account, however many of
/// its redeemables, and of their campaigns, have that limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderCount<'a> {
    /// What its goods cost.
    pub amount: Minor,
    /// Where another of its redeemables made it count already.
    pub counted: &'a [AccountId],
}

impl OrderCount<'_> {
    pub(super) fn on(&self, counter: &Counter) -> Minor {
        match self.counted.contains(&counter.account.id) {
            true => 0,
            false => self.amount,
        }
    }
}
