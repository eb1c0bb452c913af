//! For which limits does an order count, and by which of its redeemables?

use ledger::{AccountId, Minor, Transfer};
use offers::{CapUnit, Discount, OrderCount, chart};

use super::{Found, Till};

/// Counts an order for the limits on what orders cost: once on each account, by the first of its
/// redeemables that gives something and has the limit.
pub struct Counting {
    amount: Minor,
    counted: Vec<AccountId>,
    held: Vec<Transfer>,
}

/// What an order counts as by one of its redeemables.
pub struct Counted {
    amount: Minor,
    before: Vec<AccountId>,
    /// What is held for the redeemable, and for what the order counts as by it.
    pub held: Vec<Transfer>,
}

impl Counting {
    #[must_use]
    pub fn of(till: &Till<'_>) -> Self {
        Self {
            amount: till.order.gross(),
            counted: Vec::new(),
            held: till.held_for_order().collect(),
        }
    }

    /// By the next in the order of the stack.
    pub fn by(&mut self, (found, discount): (&Found, &Discount)) -> Counted {
        let mut counted = Counted {
            amount: self.amount,
            before: self.counted.clone(),
            held: found.held.clone(),
        };
        if found.given((discount, counted.order())).is_nothing() {
            return counted;
        }
        let of_orders = found.limits.iter().map(|limit| &limit.counter);
        let of_orders = of_orders.filter(|counter| counter.cap.unit == CapUnit::Orders);
        for account in of_orders.map(|counter| counter.account.id) {
            if !self.counted.contains(&account) {
                self.counted.push(account);
                counted.held.extend(self.take(account));
            }
        }
        counted
    }

    /// What the session holds for the order and nothing posts. It must be let go before the order
    /// counts: what it grew by is not held.
    #[must_use]
    pub fn rest(self) -> Vec<Transfer> {
        self.held
    }

    /// A hold that suffices for what the order costs.
    fn take(&mut self, account: AccountId) -> Option<Transfer> {
        let fits = |hold: &Transfer| hold.amount >= self.amount && chart::stands_for(hold, account);
        let place = self.held.iter().position(fits)?;
        Some(self.held.remove(place))
    }
}

impl Counted {
    #[must_use]
    pub fn order(&self) -> OrderCount<'_> {
        OrderCount {
            amount: self.amount,
            counted: &self.before,
        }
    }
}
