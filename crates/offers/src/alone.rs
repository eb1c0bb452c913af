//! What would one offer take from an order by itself?

use rules::{Facts, Reads};

use crate::{
    Minor, Order, Presented, PricedLine,
    benefit::{Cut, sum},
    running::{Running, bear},
};

/// An order as the shop sent it, prepared once to be asked about one offer after the other.
pub struct Alone<'a> {
    running: Running<'a>,
    /// What the shop's own discounts leave of each line.
    left: Vec<Minor>,
    /// The list price of the lines of which something is left.
    list: Minor,
    /// From this much on, a discount on the order takes something from each of those lines: their
    /// exact parts are whole units at least.
    everywhere: u128,
}

/// What one offer takes: the sums of what [`crate::price`] tells line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Off the goods, free units that join the order included.
    pub goods: Minor,
    /// The list price of the lines that bear a part of it; of the whole order where it has none.
    pub list: Minor,
    /// Off the shipping.
    pub shipping: Minor,
    /// Units that were not in the order.
    pub joined: Vec<PricedLine>,
    /// How many units of each line give way to them; none where it is empty.
    pub removed: Vec<u32>,
    /// What is then left to pay for the goods.
    pub paid: Minor,
}

impl Taken {
    /// All of it.
    #[must_use]
    pub fn money(&self) -> Minor {
        self.goods.saturating_add(self.shipping)
    }
}

impl<'a> Alone<'a> {
    /// `known` is what is known beside the order; of a line the offers read these facts alone.
    #[must_use]
    pub fn new(order: &'a Order, (known, reads): (&'a Facts, &'a Reads)) -> Self {
        let running = Running::for_scopes(order, (known, reads));
        let left = running.left_by_shop();
        let total: u128 = left.iter().copied().map(u128::from).sum();
        let least = left.iter().copied().filter(|left| *left > 0).min();
        Self {
            list: list(&running, &left),
            everywhere: total.div_ceil(least.unwrap_or(1).into()),
            running,
            left,
        }
    }

    /// What a redeemable takes where nothing was taken before; one that is refused takes nothing.
    #[must_use]
    pub fn taken_by(&self, presented: &Presented<'_>) -> Taken {
        let rest = self.running.rest;
        let Ok(cut) = self.running.cut_by(presented) else {
            return Taken {
                paid: rest,
                ..Taken::default()
            };
        };
        let goods = cut.money().saturating_sub(cut.on_shipping);
        let reduced = cut.added.iter().filter(|line| line.discount > 0);
        let reduced = reduced.map(|line| line.amount);
        Taken {
            goods,
            list: self.touched(&cut).saturating_add(sum(reduced)),
            shipping: cut.on_shipping,
            paid: self.running.left_after(&cut),
            joined: cut.added,
            removed: cut.removed,
        }
    }

    /// Of each line of the order the facts that scopes read.
    pub fn line_facts(&self) -> impl Iterator<Item = &Facts> {
        self.running.line_facts()
    }

    /// The list price of the lines that a cut takes something from.
    fn touched(&self, cut: &Cut) -> Minor {
        match cut.on_order {
            0 => list(&self.running, &cut.per_line),
            _ if self.left.is_empty() => self.running.amount,
            all if u128::from(all) >= self.everywhere => self.list,
            some => list(&self.running, &bear(&mut self.left.clone(), some)),
        }
    }
}

/// The list price of the lines whose number is not 0.
fn list(running: &Running<'_>, numbers: &[Minor]) -> Minor {
    let lines = running.lines.iter().zip(numbers);
    let lines = lines.filter(|(_, number)| **number > 0);
    sum(lines.map(|(line, _)| line.priced.amount))
}
