//! What one benefit takes, before it is taken.

use ledger::allocate;

use super::sum;
use crate::{Counted, FreeUnits, Minor, PricedLine, Sets, Sku, Touched};

#[derive(Clone, Debug, Default)]
pub(crate) struct Cut {
    pub(crate) on_order: Minor,
    /// As long as the lines.
    pub(crate) per_line: Vec<Minor>,
    pub(crate) on_shipping: Minor,
    /// How many units of each line become free.
    pub(crate) freed: Vec<u32>,
    /// How many units of each line give way.
    pub(crate) removed: Vec<u32>,
    /// Units that join the order.
    pub(crate) added: Vec<PricedLine>,
    /// What is free of each product.
    pub(crate) free_units: Vec<FreeUnits>,
    /// Of the bundle it is for.
    pub(crate) sets: Option<Sets>,
    /// Which units it touches, where it visits them one by one.
    pub(crate) touched: Vec<Touched>,
    /// What of it counts towards caps on units.
    pub(crate) counted: Vec<Counted>,
    pub(crate) points: u64,
}

impl Cut {
    pub(super) fn on_order(on_order: Minor) -> Self {
        Self {
            on_order,
            ..Self::default()
        }
    }

    pub(super) fn on_lines(per_line: Vec<Minor>) -> Self {
        Self {
            per_line,
            ..Self::default()
        }
    }

    /// All of it in money, what joins the order included.
    pub(crate) fn money(&self) -> Minor {
        let on_added = sum(self.added.iter().map(|line| line.discount));
        self.taken().saturating_add(on_added)
    }

    /// What it takes from the order as it stands.
    fn taken(&self) -> Minor {
        let on_lines = sum(self.per_line.iter().copied());
        on_lines
            .saturating_add(self.on_order)
            .saturating_add(self.on_shipping)
    }

    pub(crate) fn gives_nothing(&self) -> bool {
        self.money() == 0 && self.points == 0 && self.added.is_empty()
    }

    /// So many units of a product are free, of which these joined the order.
    pub(super) fn frees(&mut self, sku: &Sku, (quantity, added): (u32, u32)) {
        let found = self.free_units.iter_mut().find(|free| free.sku == *sku);
        match found {
            Some(free) => {
                free.quantity = free.quantity.saturating_add(quantity);
                free.added = free.added.saturating_add(added);
            }
            None => self.free_units.push(FreeUnits {
                sku: sku.clone(),
                quantity,
                added,
            }),
        }
    }

    /// Discounts on goods never pass what is left of the goods.
    pub(super) fn within_goods(&mut self, rest: Minor) {
        let on_shipping = std::mem::take(&mut self.on_shipping);
        self.at_most(Some(rest));
        self.on_shipping = on_shipping;
    }

    /// Not more than this from the order as it stands, each part shrunk by its size.
    pub(super) fn at_most(&mut self, most: Option<Minor>) {
        let taken = self.taken();
        let Some(most) = most.filter(|most| *most < taken) else {
            return;
        };
        if taken == self.on_order {
            self.on_order = most;
            return;
        }
        let parts = self
            .per_line
            .iter()
            .copied()
            .chain([self.on_order, self.on_shipping]);
        let mut parts = allocate(most, &parts.collect::<Vec<_>>());
        self.on_shipping = parts.pop().unwrap_or(0);
        self.on_order = parts.pop().unwrap_or(0);
        self.per_line = parts;
    }
}
