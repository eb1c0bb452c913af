//! How many units of the products in an order may still be discounted?

use ledger::Account;
use offers::{
    Reach, UnitsLeft,
    chart::{self, UnitCounter},
};

use super::{Found, Till};
use crate::deciding::number_of;

impl Till<'_> {
    /// The caps on units that count on this order.
    pub(super) fn unit_counters(&self, found: &Found) -> Vec<UnitCounter> {
        chart::unit_counters(&self.order, &found.offer, (&self.occasion, number_of))
    }

    /// What each has left, given its account as it is kept. What the session itself holds counts
    /// with it, as it is let go, or posted for what it was held for.
    pub(super) fn tell_units(
        &self,
        found: &mut Found,
        (capped, accounts): (Vec<UnitCounter>, &[Option<Account>]),
    ) {
        let wanted = self.order.units();
        for (one, account) in capped.into_iter().zip(accounts) {
            let id = one.counter.account.id;
            let holds = found.held.iter().filter(|hold| chart::stands_for(hold, id));
            let held = holds.map(|hold| hold.amount).max().unwrap_or(0);
            let left = one.counter.left(account.as_ref());
            let left = left.saturating_add(self.let_go(id));
            let is_held = account.as_ref().is_some_and(|one| one.debits.pending > 0);
            found.others_hold |= is_held;
            found.lacks_units |= is_held && left.saturating_add(held) < wanted;
            found.units.push(UnitsLeft {
                counter: one.counter,
                pick: one.pick,
                product: one.product,
                left,
                held,
            });
        }
    }
}

impl Found {
    /// Whether a cap on units of each customer counts, so that it must be known who asks.
    pub(super) fn counts_units_of_customer(&self) -> bool {
        let mut caps = self.units.iter().map(|one| one.counter.cap);
        caps.any(|cap| cap.reach == Reach::Customer)
    }
}
