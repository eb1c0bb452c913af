//! How much does one benefit give on what is left of an order?

use ledger::allocate;

use crate::{
    Benefit, FreeUnits, Minor, Offer, Ppm, PricedLine, Refusal, Sku, Spread, running::Running,
};

/// A line of this product is shipping, in the way of shops that send it as a line.
const SHIPPING_SKU: &str = "prod_5h1pp1ng";
const WHOLE: u128 = 1_000_000;

/// What one benefit takes, before it is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut {
    pub(crate) on_order: Minor,
    /// As long as the lines.
    pub(crate) per_line: Vec<Minor>,
    pub(crate) on_shipping: Minor,
    /// Which product is free, and how many units of each line.
    product: Option<Sku>,
    pub(crate) freed: Vec<u32>,
    /// Free units that join the order.
    pub(crate) added: Option<PricedLine>,
    pub(crate) points: u64,
}

impl Running<'_> {
    /// What an offer gives here and now, at most this much money.
    ///
    /// # Errors
    /// `NoMatchingLines`, `BalanceSpent`, `NoEffect`.
    pub(crate) fn cut(&self, offer: &Offer, at_most: Option<Minor>) -> Result<Cut, Refusal> {
        let hit = self.in_scope(&offer.scope)?;
        let hit = hit.as_deref();
        let mut cut = match &offer.benefit {
            Benefit::PercentOff { rate, .. } => self.percent(hit, *rate),
            Benefit::AmountOff { amount, spread } => self.amount_off(hit, *amount, *spread),
            Benefit::FixedPrice { price } => self.fixed_price(hit, *price),
            Benefit::ShippingFree { .. } => self.shipping_free(),
            Benefit::UnitFree { sku, quantity } => self.unit_free(sku, *quantity, at_most),
            Benefit::Credit => self.credit(hit, at_most.unwrap_or(0))?,
            Benefit::PointsBack { per, points } => self.points_back(hit, *per, *points),
        };
        cut.at_most(ceiling_of(&offer.benefit));
        cut.within_goods(self.rest);
        cut.at_most(at_most);
        if cut.gives_nothing() {
            Err(Refusal::NoEffect)
        } else {
            Ok(cut)
        }
    }

    fn percent(&self, hit: Option<&[bool]>, rate: Ppm) -> Cut {
        match hit {
            None => Cut::on_order(share(self.rest, rate)),
            Some(hit) => Cut::on_lines(self.each(hit, |line| share(line.subtotal(), rate))),
        }
    }

    fn amount_off(&self, hit: Option<&[bool]>, amount: Minor, spread: Spread) -> Cut {
        let all = vec![true; self.lines.len()];
        let lines = hit.unwrap_or(&all);
        let times = |line: &PricedLine| amount.saturating_mul(line.quantity.into());
        Cut::on_lines(match (spread, hit) {
            (Spread::Order, None) => return Cut::on_order(amount),
            (Spread::EachLine, _) => self.each(lines, |_| amount),
            (Spread::EachUnit, _) => self.each(lines, times),
            (Spread::Order, Some(_)) | (Spread::ByAmount, _) => {
                self.split(lines, amount, |line| line.amount)
            }
            (Spread::ByQuantity, _) => self.split(lines, amount, |line| line.quantity.into()),
        })
    }

    fn fixed_price(&self, hit: Option<&[bool]>, price: Minor) -> Cut {
        let over = |line: &PricedLine| {
            line.subtotal()
                .saturating_sub(price.saturating_mul(line.quantity.into()))
        };
        match hit {
            None => Cut::on_order(self.rest.saturating_sub(price)),
            Some(hit) => Cut::on_lines(self.each(hit, over)),
        }
    }

    pub(crate) fn shipping_free(&self) -> Cut {
        let is_shipping = |line: &PricedLine| &*line.sku.0 == SHIPPING_SKU;
        let hit: Vec<bool> = self
            .lines
            .iter()
            .map(|line| is_shipping(&line.priced))
            .collect();
        let per_line = self.each(&hit, PricedLine::subtotal);
        Cut {
            per_line,
            on_shipping: self.shipping,
            ..Cut::default()
        }
    }

    /// Units already in the order first; the missing ones join it, as far as they can be given
    /// whole. Where the order does not tell the price of the product, they join at price 0.
    fn unit_free(&self, sku: &Sku, quantity: u32, at_most: Option<Minor>) -> Cut {
        let mut missing = quantity;
        let freed: Vec<u32> = self
            .lines
            .iter()
            .map(|line| {
                let line = &line.priced;
                let paid = if line.sku == *sku {
                    line.quantity.saturating_sub(line.free)
                } else {
                    0
                };
                let freed = paid.min(missing);
                missing -= freed;
                freed
            })
            .collect();
        let values = self
            .lines
            .iter()
            .zip(&freed)
            .map(|(line, freed)| value(&line.priced, *freed));
        let per_line: Vec<Minor> = values.collect();
        let room = at_most.map(|most| most.saturating_sub(sum(per_line.iter().copied())));
        let added = self.joining(sku, missing, room);
        Cut {
            per_line,
            product: Some(sku.clone()),
            freed,
            added,
            ..Cut::default()
        }
    }

    fn joining(&self, sku: &Sku, missing: u32, room: Option<Minor>) -> Option<PricedLine> {
        let known = self
            .lines
            .iter()
            .map(|line| &line.priced)
            .find(|line| line.sku == *sku);
        let unit_price = known.map_or(0, |line| line.unit_price);
        let affordable = room.and_then(|room| room.checked_div(unit_price));
        let affordable = affordable.and_then(|units| u32::try_from(units).ok());
        let quantity = affordable.map_or(missing, |units| units.min(missing));
        let amount = unit_price.saturating_mul(quantity.into());
        let line = PricedLine {
            sku: sku.clone(),
            quantity,
            unit_price,
            unit_cost: known.and_then(|line| line.unit_cost),
            amount,
            discount: amount,
            order_share: 0,
            free: quantity,
        };
        (quantity > 0).then_some(line)
    }

    /// Pays for the goods in scope; where that is the order as one amount, for shipping too.
    fn credit(&self, hit: Option<&[bool]>, balance: Minor) -> Result<Cut, Refusal> {
        if balance == 0 {
            return Err(Refusal::BalanceSpent);
        }
        let Some(hit) = hit else {
            let on_order = balance.min(self.rest);
            let on_shipping = self.shipping.min(balance - on_order);
            return Ok(Cut {
                on_order,
                on_shipping,
                ..Cut::default()
            });
        };
        Ok(Cut::on_lines(self.split(
            hit,
            balance,
            PricedLine::subtotal,
        )))
    }

    fn points_back(&self, hit: Option<&[bool]>, per: Minor, points: u64) -> Cut {
        let paid = match hit {
            None => self.rest,
            Some(hit) => self.left(hit),
        };
        let times = paid.checked_div(per).unwrap_or(0);
        Cut {
            points: times.saturating_mul(points),
            ..Cut::default()
        }
    }

    /// What is left of the lines in scope once each bears its part of the discounts on the order.
    fn left(&self, hit: &[bool]) -> Minor {
        let shares = self.order_shares();
        let mut left = self.each(hit, PricedLine::subtotal);
        for row in &shares {
            left.iter_mut()
                .zip(row)
                .for_each(|(left, share)| *left = left.saturating_sub(*share));
        }
        sum(left)
    }

    /// A number for each line in scope, never above what is left of it; 0 for the others.
    fn each(&self, hit: &[bool], of: impl Fn(&PricedLine) -> Minor) -> Vec<Minor> {
        let lines = self.lines.iter().map(|line| &line.priced).zip(hit);
        lines
            .map(|(line, hit)| {
                if *hit {
                    of(line).min(line.subtotal())
                } else {
                    0
                }
            })
            .collect()
    }

    /// An amount over the lines in scope by weight. What is too much for a line goes to those that
    /// have room.
    fn split(
        &self,
        hit: &[bool],
        amount: Minor,
        weight: impl Fn(&PricedLine) -> Minor,
    ) -> Vec<Minor> {
        let room = self.each(hit, PricedLine::subtotal);
        let amount = amount.min(sum(room.iter().copied()));
        let lines = self.lines.iter().map(|line| &line.priced).zip(hit);
        let weights = lines.map(|(line, hit)| if *hit { weight(line) } else { 0 });
        let wanted = allocate(amount, &weights.collect::<Vec<_>>());
        let fitting: Vec<Minor> = wanted
            .iter()
            .zip(&room)
            .map(|(part, room)| *part.min(room))
            .collect();
        let room: Vec<Minor> = room
            .iter()
            .zip(&fitting)
            .map(|(room, part)| room - part)
            .collect();
        let over = allocate(amount - sum(fitting.iter().copied()), &room);
        fitting
            .iter()
            .zip(&over)
            .map(|(part, more)| part + more)
            .collect()
    }
}

impl Cut {
    fn on_order(on_order: Minor) -> Self {
        Self {
            on_order,
            ..Self::default()
        }
    }

    fn on_lines(per_line: Vec<Minor>) -> Self {
        Self {
            per_line,
            ..Self::default()
        }
    }

    /// All of it in money, free units that join the order included.
    pub(crate) fn money(&self) -> Minor {
        let added = self.added.as_ref().map_or(0, |line| line.amount);
        self.taken().saturating_add(added)
    }

    /// What it takes from the order as it stands.
    fn taken(&self) -> Minor {
        let on_lines = sum(self.per_line.iter().copied());
        on_lines
            .saturating_add(self.on_order)
            .saturating_add(self.on_shipping)
    }

    fn gives_nothing(&self) -> bool {
        self.money() == 0 && self.points == 0 && self.added.is_none()
    }

    pub(crate) fn free_units(&self) -> Option<FreeUnits> {
        let added = self.added.as_ref().map_or(0, |line| line.quantity);
        let quantity = self
            .freed
            .iter()
            .fold(added, |all, freed| all.saturating_add(*freed));
        self.product.clone().map(|sku| FreeUnits {
            sku,
            quantity,
            added,
        })
    }

    /// Discounts on goods never pass what is left of the goods.
    fn within_goods(&mut self, rest: Minor) {
        let on_shipping = std::mem::take(&mut self.on_shipping);
        self.at_most(Some(rest));
        self.on_shipping = on_shipping;
    }

    /// Not more than this from the order as it stands, each part shrunk by its size.
    fn at_most(&mut self, most: Option<Minor>) {
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

/// What the benefit itself says it takes at most.
fn ceiling_of(benefit: &Benefit) -> Option<Minor> {
    match benefit {
        Benefit::PercentOff { ceiling, .. } | Benefit::ShippingFree { ceiling } => *ceiling,
        Benefit::AmountOff { .. }
        | Benefit::FixedPrice { .. }
        | Benefit::UnitFree { .. }
        | Benefit::Credit
        | Benefit::PointsBack { .. } => None,
    }
}

/// A share of an amount, half up to the minor unit, never above the amount.
fn share(amount: Minor, rate: Ppm) -> Minor {
    let exact = u128::from(amount) * u128::from(rate);
    Minor::try_from((exact + WHOLE / 2) / WHOLE).map_or(amount, |share| share.min(amount))
}

/// What so many more free units of a line are worth: their price, less what discounts on the line
/// have given beyond the units that are free already.
fn value(line: &PricedLine, freed: u32) -> Minor {
    let price = |units: u32| line.unit_price.saturating_mul(units.into());
    let due = price(line.free.saturating_add(freed)).saturating_sub(line.discount);
    due.min(price(freed))
}

/// Amounts of one order added up; one beyond all counting stays the largest there is.
pub(crate) fn sum(amounts: impl IntoIterator<Item = Minor>) -> Minor {
    amounts.into_iter().fold(0, Minor::saturating_add)
}
