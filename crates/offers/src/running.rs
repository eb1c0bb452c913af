//! What is left of an order between one redeemable and the next?

use ledger::allocate;
use rules::{Facts, Value};

use crate::{
    Discount, Line, Minor, Order, Presented, Priced, PricedLine, Refusal, Scope,
    benefit::{Cut, sum},
    qualify::CURRENCY,
};

/// An order with the discounts so far.
///
/// Invariant: no line's discounts pass its amount, nor all discounts on goods the goods' amount.
pub(crate) struct Running<'a> {
    order: &'a Order,
    pub(crate) lines: Vec<RunningLine<'a>>,
    amount: Minor,
    /// The discount on the whole order that the shop brought along.
    own: Minor,
    pub(crate) shipping: Minor,
    discounts: Vec<Discount>,
}

pub(crate) struct RunningLine<'a> {
    /// Where its facts come from; free units of an unknown product have none.
    source: Option<&'a Line>,
    pub(crate) priced: PricedLine,
}

/// What the order says of itself, before any redeemable.
#[must_use]
pub fn order_facts(order: &Order) -> Facts {
    Running::new(order).facts()
}

impl<'a> Running<'a> {
    pub(crate) fn new(order: &'a Order) -> Self {
        let lines: Vec<_> = order.lines.iter().map(RunningLine::new).collect();
        let amount = order.gross();
        let shipping = order.shipping;
        let mut running = Self {
            order,
            lines,
            amount,
            own: 0,
            shipping,
            discounts: Vec::new(),
        };
        running.own = order.discount.min(running.rest());
        running
    }

    /// What is left to pay for the goods.
    pub(crate) fn rest(&self) -> Minor {
        let on_lines = sum(self.lines.iter().map(|line| line.priced.discount));
        self.amount
            .saturating_sub(on_lines)
            .saturating_sub(self.on_order())
    }

    fn on_order(&self) -> Minor {
        self.own
            .saturating_add(sum(self.discounts.iter().map(|discount| discount.on_order)))
    }

    /// Takes what a redeemable gives from what the earlier ones left.
    pub(crate) fn apply(&mut self, presented: &Presented<'_>) -> Result<(), Refusal> {
        // Refused before, where it was qualified; a stack that was not has no other guard.
        if self.order.currency != presented.campaign.currency {
            return Err(Refusal::RuleNotMet(CURRENCY.into()));
        }
        let cut = self.cut(presented.offer, presented.at_most)?;
        // Nothing below may fail.
        for (line, taken) in self.lines.iter_mut().zip(&cut.per_line) {
            line.priced.discount = line.priced.discount.saturating_add(*taken);
        }
        for (line, freed) in self.lines.iter_mut().zip(&cut.freed) {
            line.priced.free = line.priced.free.saturating_add(*freed);
        }
        self.shipping = self.shipping.saturating_sub(cut.on_shipping);
        self.discounts.push(self.discount(presented, &cut));
        if let Some(line) = cut.added {
            self.amount = self.amount.saturating_add(line.amount);
            let source = self.order.lines.iter().find(|known| known.sku == line.sku);
            self.lines.push(RunningLine {
                source,
                priced: line,
            });
        }
        Ok(())
    }

    fn discount(&self, presented: &Presented<'_>, cut: &Cut) -> Discount {
        let added = cut.added.as_ref().map(|line| line.amount);
        Discount {
            redeemable: presented.redeemable,
            offer: presented.offer.id,
            campaign: presented.campaign.id,
            amount: cut.money(),
            on_order: cut.on_order,
            per_line: cut.per_line.iter().copied().chain(added).collect(),
            on_shipping: cut.on_shipping,
            free_units: cut.free_units().into_iter().collect(),
            points: cut.points,
        }
    }

    /// The lines a scope touches, as one flag for each; `None` where it is the order as one amount.
    pub(crate) fn in_scope(&self, scope: &Scope) -> Result<Option<Vec<bool>>, Refusal> {
        let Scope::Lines(condition) = scope else {
            return Ok(None);
        };
        let met = |line: &RunningLine<'_>| condition.evaluate(&line.facts()) == rules::Verdict::Met;
        let hit: Vec<bool> = self.lines.iter().map(met).collect();
        if hit.contains(&true) {
            Ok(Some(hit))
        } else {
            Err(Refusal::NoMatchingLines)
        }
    }

    /// What each line bears of the discounts on the order: the shop's own, then one row for each
    /// redeemable. Shared by what line discounts leave, so that no line goes below zero.
    pub(crate) fn order_shares(&self) -> Vec<Vec<Minor>> {
        let mut left: Vec<Minor> = self
            .lines
            .iter()
            .map(|line| line.priced.subtotal())
            .collect();
        let on_order = self.discounts.iter().map(|discount| discount.on_order);
        let rows = std::iter::once(self.own).chain(on_order).map(|amount| {
            // An order without lines has free units alone, which bear nothing.
            let row = allocate(amount.min(sum(left.iter().copied())), &left);
            left.iter_mut()
                .zip(&row)
                .for_each(|(left, share)| *left = left.saturating_sub(*share));
            row
        });
        rows.collect()
    }

    pub(crate) fn finish(mut self) -> Priced {
        let shares = self.order_shares();
        for row in &shares {
            for (line, share) in self.lines.iter_mut().zip(row) {
                line.priced.order_share = line.priced.order_share.saturating_add(*share);
            }
        }
        for (discount, row) in self.discounts.iter_mut().zip(shares.into_iter().skip(1)) {
            discount.per_line.resize(self.lines.len(), 0);
            if discount.on_order > 0 {
                discount.per_line = row;
            }
        }
        Priced {
            amount: self.amount,
            on_order: self.on_order(),
            shipping: self.shipping,
            total: self.rest().saturating_add(self.shipping),
            lines: self.lines.into_iter().map(|line| line.priced).collect(),
            discounts: self.discounts,
        }
    }

    /// The facts of the order as it stands now: `order.amount` is what is left of the goods.
    pub(crate) fn facts(&self) -> Facts {
        let rest = self.rest();
        let units = self
            .lines
            .iter()
            .map(|line| u64::from(line.priced.quantity));
        let currency = String::from_utf8_lossy(&self.order.currency.0);
        let mut facts = Facts::default();
        facts.set(CURRENCY, &*currency);
        facts.set("order.initial_amount", int(self.order.gross()));
        facts.set("order.amount", int(rest));
        facts.set("order.discount", int(self.amount.saturating_sub(rest)));
        facts.set("order.shipping", int(self.shipping));
        facts.set("order.items.count", int(self.lines.len() as u64));
        facts.set("order.units", int(sum(units)));
        self.lines
            .iter()
            .for_each(|line| facts.push_line(line.facts()));
        facts
    }
}

impl<'a> RunningLine<'a> {
    fn new(line: &'a Line) -> Self {
        let priced = PricedLine {
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            unit_cost: line.unit_cost,
            amount: line.amount(),
            discount: line.discount.min(line.amount()),
            order_share: 0,
            free: 0,
        };
        Self {
            source: Some(line),
            priced,
        }
    }

    fn facts(&self) -> Facts {
        let line = &self.priced;
        let mut facts = self
            .source
            .map(|source| source.facts.clone())
            .unwrap_or_default();
        facts.set("line.sku", Value::Text(line.sku.0.clone()));
        facts.set("line.quantity", i64::from(line.quantity));
        facts.set("line.price", int(line.unit_price));
        facts.set("line.amount", int(line.amount));
        facts.set("line.subtotal", int(line.subtotal()));
        facts.set("line.discounted", line.discount > 0);
        facts
    }
}

/// Facts are signed; an amount beyond them is the largest there is.
fn int(amount: Minor) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
