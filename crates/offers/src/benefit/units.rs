//! Which units cost nothing, which join the order, and which give way to others?

use super::{Cut, Hit, Numbers, sum};
use crate::{Joining, MAX_MINOR, Minor, PricedLine, Sku, UnitFree, running::Running};

impl Running<'_> {
    /// What is missing joins the order as far as it can be given whole. Where nobody tells the
    /// price of the product, it joins at price 0.
    pub(super) fn units_free(
        &self,
        units: &[UnitFree],
        numbers: &Numbers<'_>,
        at_most: Option<Minor>,
    ) -> Cut {
        let mut cut = Cut {
            freed: vec![0; self.lines.len()],
            ..Cut::default()
        };
        // What is in the order goes first, so that what joins stays within what is left to give.
        let missing: Vec<u32> = units
            .iter()
            .map(|one| {
                let formula = one.formula.as_ref();
                let quantity = match formula {
                    None => numbers.units(one.quantity),
                    own => numbers.units_by(own, one.quantity),
                };
                match one.joining {
                    Joining::Missing => self.free_in_order((&one.sku, quantity), &mut cut),
                    Joining::Always => quantity,
                }
            })
            .collect();
        for (one, missing) in units.iter().zip(missing) {
            self.join((&one.sku, missing), at_most, &mut cut);
        }
        cut
    }

    /// Frees units that are in the order; how many are missing.
    fn free_in_order(&self, (sku, quantity): (&Sku, u32), cut: &mut Cut) -> u32 {
        let mut missing = quantity;
        for (line, freed) in self.lines.iter().zip(&mut cut.freed) {
            let is_out_of_reach = self.is_out_of_reach(line);
            let line = &line.priced;
            if line.sku == *sku && !is_out_of_reach {
                let paid = line.quantity.saturating_sub(line.free);
                let more = paid.saturating_sub(*freed).min(missing);
                *freed += more;
                missing -= more;
            }
        }
        let lines = self.lines.iter().zip(&cut.freed);
        cut.per_line = lines
            .map(|(line, freed)| value(&line.priced, *freed))
            .collect();
        cut.frees(sku, (quantity - missing, 0));
        missing
    }

    /// As many more units of what is in scope as there is money for.
    pub(super) fn same_free(
        &self,
        hit: Option<&Hit<'_>>,
        quantity: u32,
        at_most: Option<Minor>,
    ) -> Cut {
        let mut cut = Cut::default();
        for touched in hit.iter().flat_map(|hit| &hit.touched) {
            let line = self.lines.get(touched.line).map(|line| &line.priced);
            if let Some(line) = line.filter(|line| line.free < line.quantity) {
                self.join_at((&line.sku, quantity), (line.unit_price, at_most), &mut cut);
            }
        }
        cut
    }

    /// So many free units join, as far as what the cut gives stays within its bound.
    fn join(&self, units: (&Sku, u32), at_most: Option<Minor>, cut: &mut Cut) {
        let price = self.joining(units.0).unit_price;
        self.join_at(units, (price, at_most), cut);
    }

    fn join_at(
        &self,
        (sku, wanted): (&Sku, u32),
        (price, at_most): (Minor, Option<Minor>),
        cut: &mut Cut,
    ) {
        let mut line = self.joining(sku);
        line.unit_price = price;
        let room = at_most.map(|most| most.saturating_sub(cut.money()));
        let affordable = room.and_then(|room| room.checked_div(line.unit_price));
        let affordable = affordable.and_then(|units| u32::try_from(units).ok());
        let quantity = affordable.map_or(wanted, |units| units.min(wanted));
        if quantity == 0 || self.is_beyond(line.list_of(quantity), cut) {
            return;
        }
        line.quantity = quantity;
        line.amount = line.list_of(quantity);
        line.discount = line.amount;
        line.free = quantity;
        cut.frees(sku, (quantity, quantity));
        cut.added.push(line);
    }

    /// Whether so much more would make the order dearer than anything is.
    fn is_beyond(&self, amount: Minor, cut: &Cut) -> bool {
        let joined = sum(cut.added.iter().map(|line| line.amount));
        let all = self.amount.saturating_add(joined).saturating_add(amount);
        joined.saturating_add(amount) > 0 && all > MAX_MINOR
    }

    /// A line of a product that joins, with nothing on it yet.
    fn joining(&self, sku: &Sku) -> PricedLine {
        let known = self.lines.iter().map(|line| &line.priced);
        let known = known.clone().find(|line| line.sku == *sku);
        PricedLine {
            sku: sku.clone(),
            quantity: 0,
            unit_price: known
                .map(|line| line.unit_price)
                .or_else(|| self.price_of(sku))
                .unwrap_or(0),
            unit_cost: known.and_then(|line| line.unit_cost),
            amount: 0,
            discount: 0,
            order_share: 0,
            free: 0,
        }
    }

    /// Units give way as far as discounts on their line do not need them.
    pub(super) fn exchange(
        &self,
        hit: Option<&Hit<'_>>,
        (sku, quantity): (&Sku, u32),
        at_most: Option<Minor>,
    ) -> Cut {
        let mut removed = vec![0; self.lines.len()];
        for touched in hit.iter().flat_map(|hit| &hit.touched) {
            let line = self.lines.get(touched.line);
            if let (Some(line), Some(place)) = (line, removed.get_mut(touched.line)) {
                let line = &line.priced;
                if line.sku == *sku {
                    continue;
                }
                let free = line.subtotal().checked_div(line.unit_price);
                let free = free.and_then(|units| u32::try_from(units).ok());
                let paid = line.quantity.saturating_sub(line.free);
                *place = touched.units.min(paid).min(free.unwrap_or(u32::MAX));
            }
        }
        let units = removed
            .iter()
            .fold(0, |all: u32, one| all.saturating_add(*one));
        let mut line = self.joining(sku);
        line.quantity = units.saturating_mul(quantity);
        line.amount = line.list_of(line.quantity);
        let lines = self.lines.iter().zip(&removed);
        let gone = sum(lines.map(|(line, units)| line.priced.list_of(*units)));
        line.discount = line.amount.saturating_sub(gone);
        let due = line.amount - line.discount;
        // Whole or not at all: nobody pays more than before, what was given on the order stays
        // within what is left of it, and for what nobody tells the price of nothing is given away.
        let is_dear = at_most.is_some_and(|most| line.discount > most);
        let is_owed = self.rest.saturating_add(due) < gone;
        let is_beyond = self.is_beyond(line.amount, &Cut::default());
        if line.amount == 0 || is_dear || is_owed || is_beyond {
            return Cut::default();
        }
        Cut {
            removed,
            added: vec![line],
            ..Cut::default()
        }
    }
}

/// What so many more free units of a line are worth: their price, less what discounts on the line
/// have given beyond the units that are free already.
fn value(line: &PricedLine, freed: u32) -> Minor {
    let due = line
        .list_of(line.free.saturating_add(freed))
        .saturating_sub(line.discount);
    due.min(line.list_of(freed))
}
