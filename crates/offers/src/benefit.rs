//! How much does one benefit give on what is left of an order?

mod cut;
mod number;
mod units;

use ledger::allocate;
use rules::Facts;

use crate::{
    Basis, Benefit, Counts, Lines, Minor, Offer, PickLimits, PricedLine, Refusal, Spread, Touched,
    UnitsLeft, Zone, running::Running,
};

pub(crate) use cut::Cut;
use number::{Number, Numbers};

/// A line of this product is shipping, in the way of shops that send it as a line.
const SHIPPING_SKU: &str = "prod_5h1pp1ng";
const WHOLE: u128 = 1_000_000;

/// The lines in scope, and what is touched of each, in the order of the visits.
pub(crate) struct Hit<'a> {
    pub(crate) lines: &'a Lines,
    pub(crate) touched: Vec<Touched>,
}

/// How an offer's number is counted.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) basis: Basis,
    pub(crate) at_most: Option<Minor>,
    /// By whose clock.
    pub(crate) zone: &'a Zone,
    /// What is told of the redeemable alone.
    pub(crate) own: &'a Facts,
    /// What caps on units have left, where that is asked for.
    pub(crate) units: Option<&'a [UnitsLeft]>,
}

static UTC: Zone = Zone::UTC;

impl How<'static> {
    /// Where nothing else is said.
    pub(crate) fn usual() -> Self {
        Self {
            basis: Basis::Discounted,
            at_most: None,
            zone: &UTC,
            own: Facts::NONE,
            units: None,
        }
    }
}

impl Hit<'_> {
    /// What is touched by picks that visit units.
    fn units(&self) -> Vec<Touched> {
        let counts_units = |one: &&Touched| {
            let pick = self.lines.pick(one);
            pick.is_some_and(|pick| pick.counts == Counts::Units)
        };
        self.touched.iter().filter(counts_units).copied().collect()
    }
}

impl Running<'_> {
    /// What an offer gives here and now, at most this much money.
    ///
    /// # Errors
    /// `NoMatchingLines`, `NothingToPay`, `BalanceSpent`, `NoEffect`.
    pub(crate) fn cut(&self, offer: &Offer, how: How<'_>) -> Result<Cut, Refusal> {
        let How { basis, at_most, .. } = how;
        let hit = self.in_scope(&offer.scope, how.units);
        let hit = hit.map_err(|refusal| refusal.seen_by(&offer.benefit))?;
        let hit = hit.as_ref();
        let of_order = match offer.formulas().next() {
            Some(_) => self.facts(&offer.reads()),
            None => Facts::none(),
        };
        let numbers = self.numbers(offer, (hit, &of_order), how);
        let mut cut = match &offer.benefit {
            Benefit::PercentOff { rate, .. } => self.percent(hit, (&numbers.rate(*rate), basis)),
            Benefit::AmountOff { amount, spread } => {
                self.amount_off(hit, &numbers.money(*amount), *spread)
            }
            Benefit::FixedPrice { price } => self.fixed_price(hit, (&numbers, *price)),
            Benefit::ShippingFree { .. } => self.shipping_free(),
            Benefit::UnitsFree(units) => self.units_free(units, &numbers, at_most),
            Benefit::SameFree { quantity } => {
                self.same_free(hit, numbers.units(*quantity), at_most)
            }
            Benefit::Exchange { sku, quantity } => {
                self.exchange(hit, (sku, numbers.units(*quantity)), at_most)
            }
            Benefit::Credit => self.credit(hit, at_most.unwrap_or(0))?,
            Benefit::PointsBack { per, points } => self.points_back(hit, *per, *points),
        };
        cut.at_most(ceiling_of(&offer.benefit));
        cut.at_most(hit.and_then(|hit| hit.lines.at_most));
        cut.within_goods(self.rest);
        cut.at_most(at_most);
        cut.touched = hit.map(Hit::units).unwrap_or_default();
        if let (Some(hit), Some(units)) = (hit, how.units.filter(|units| !units.is_empty())) {
            cut.counted = self.counted_units(hit, (&cut, units));
        }
        if cut.gives_nothing() {
            Err(Refusal::NoEffect)
        } else {
            Ok(cut)
        }
    }

    fn percent(&self, hit: Option<&Hit<'_>>, (rate, basis): (&Number<'_>, Basis)) -> Cut {
        match hit {
            None => {
                let of = match basis {
                    Basis::Discounted => self.rest,
                    Basis::Initial => self.gross(),
                };
                Cut::on_order(share(of, rate.of_order()))
            }
            Some(hit) => {
                let off = |line: &PricedLine, touched: &Touched| {
                    let of = match basis {
                        Basis::Discounted => line.left_of(touched.units),
                        Basis::Initial => line.list_of(touched.units),
                    };
                    share(of, rate.of_line(touched.line))
                };
                Cut::on_lines(self.each(hit, off))
            }
        }
    }

    fn amount_off(&self, hit: Option<&Hit<'_>>, off: &Number<'_>, spread: Spread) -> Cut {
        let all = Lines::from(rules::Condition::Always);
        let every;
        let lines = match hit {
            Some(hit) => hit,
            None => {
                every = self.hit(&all, None);
                &every
            }
        };
        let amount = off.of_order();
        let of_line = |_: &PricedLine, touched: &Touched| off.of_line(touched.line);
        let times = |line: &PricedLine, touched: &Touched| {
            of_line(line, touched).saturating_mul(touched.units.into())
        };
        Cut::on_lines(match (spread, hit) {
            (Spread::Order, None) => return Cut::on_order(amount),
            (Spread::EachLine, _) => self.each(lines, of_line),
            (Spread::EachUnit, _) => self.each(lines, times),
            (Spread::Order, Some(_)) | (Spread::ByAmount, _) => {
                let weight = |line: &PricedLine, touched: &Touched| line.list_of(touched.units);
                self.split(lines, amount, weight)
            }
            (Spread::ByQuantity, _) => self.split(lines, amount, |_, touched| touched.units.into()),
        })
    }

    /// A pick may name a price of its own.
    fn fixed_price(&self, hit: Option<&Hit<'_>>, (numbers, price): (&Numbers<'_>, Minor)) -> Cut {
        let whole = numbers.money(price);
        let Some(hit) = hit else {
            return Cut::on_order(self.rest.saturating_sub(whole.of_order()));
        };
        let over = |line: &PricedLine, touched: &Touched| {
            let own = hit
                .lines
                .pick(touched)
                .and_then(|pick| numbers.price_of(pick));
            let price = own.as_ref().unwrap_or(&whole).of_line(touched.line);
            let due = price.saturating_mul(touched.units.into());
            line.left_of(touched.units).saturating_sub(due)
        };
        Cut::on_lines(self.each(hit, over))
    }

    pub(crate) fn shipping_free(&self) -> Cut {
        let off = |line: &PricedLine| match &*line.sku.0 {
            SHIPPING_SKU => line.subtotal(),
            _ => 0,
        };
        let lines = self.lines.iter();
        Cut {
            per_line: lines.map(|line| off(&line.priced)).collect(),
            on_shipping: self.shipping,
            ..Cut::default()
        }
    }

    /// Pays for the goods in scope; where that is the order as one amount, for shipping too.
    fn credit(&self, hit: Option<&Hit<'_>>, balance: Minor) -> Result<Cut, Refusal> {
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
        let weight = |line: &PricedLine, touched: &Touched| line.left_of(touched.units);
        Ok(Cut::on_lines(self.split(hit, balance, weight)))
    }

    fn points_back(&self, hit: Option<&Hit<'_>>, per: Minor, points: u64) -> Cut {
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
    fn left(&self, hit: &Hit<'_>) -> Minor {
        let shares = self.order_shares();
        let mut left = self.each(hit, |line, touched| line.left_of(touched.units));
        for row in &shares {
            left.iter_mut()
                .zip(row)
                .for_each(|(left, share)| *left = left.saturating_sub(*share));
        }
        sum(left)
    }

    /// A number for each line in scope, never above what is left of what is touched of it, nor
    /// above what its pick allows; 0 for the others.
    fn each(&self, hit: &Hit<'_>, of: impl Fn(&PricedLine, &Touched) -> Minor) -> Vec<Minor> {
        let mut numbers = vec![0; self.lines.len()];
        let mut spent: Vec<Minor> = vec![0; hit.lines.picks.len()];
        for touched in &hit.touched {
            let (Some(line), Some(number)) =
                (self.lines.get(touched.line), numbers.get_mut(touched.line))
            else {
                continue;
            };
            let line = &line.priced;
            let pick = hit.lines.pick(touched);
            let limits = pick.map_or_else(PickLimits::default, |pick| pick.limits);
            let mut most = line.left_of(touched.units);
            for limit in [limits.money_of_line, hit.lines.each_at_most] {
                most = most.min(limit.unwrap_or(Minor::MAX));
            }
            let spent = spent.get_mut(touched.pick);
            if let (Some(limit), Some(spent)) = (limits.money, &spent) {
                most = most.min(limit.saturating_sub(**spent));
            }
            *number = of(line, touched).min(most);
            if let Some(spent) = spent {
                *spent = spent.saturating_add(*number);
            }
        }
        numbers
    }

    /// An amount over the lines in scope by weight. What is too much for a line goes to those that
    /// have room.
    fn split(
        &self,
        hit: &Hit<'_>,
        amount: Minor,
        weight: impl Fn(&PricedLine, &Touched) -> Minor,
    ) -> Vec<Minor> {
        let room = self.each(hit, |_, _| Minor::MAX);
        let amount = amount.min(sum(room.iter().copied()));
        let mut weights = vec![0; self.lines.len()];
        for touched in &hit.touched {
            let line = self.lines.get(touched.line);
            if let (Some(line), Some(place)) = (line, weights.get_mut(touched.line)) {
                *place = weight(&line.priced, touched);
            }
        }
        let wanted = allocate(amount, &weights);
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

impl PricedLine {
    /// So many of its units at list price.
    pub(crate) fn list_of(&self, units: u32) -> Minor {
        self.unit_price.saturating_mul(units.into())
    }

    /// What line discounts have left of so many of its units, half up to the minor unit.
    pub(crate) fn left_of(&self, units: u32) -> Minor {
        let left = self.subtotal();
        if units >= self.quantity {
            return left;
        }
        let all = u128::from(self.quantity);
        let exact = u128::from(left) * u128::from(units);
        Minor::try_from((exact + all / 2) / all).map_or(left, |part| part.min(left))
    }
}

/// What the benefit itself says it takes at most.
pub(crate) fn ceiling_of(benefit: &Benefit) -> Option<Minor> {
    match benefit {
        Benefit::PercentOff { ceiling, .. } | Benefit::ShippingFree { ceiling } => *ceiling,
        Benefit::AmountOff { .. }
        | Benefit::FixedPrice { .. }
        | Benefit::UnitsFree(_)
        | Benefit::SameFree { .. }
        | Benefit::Exchange { .. }
        | Benefit::Credit
        | Benefit::PointsBack { .. } => None,
    }
}

/// A share of an amount, half up to the minor unit, never above the amount.
pub(crate) fn share(amount: Minor, rate: u64) -> Minor {
    let exact = u128::from(amount) * u128::from(rate);
    Minor::try_from((exact + WHOLE / 2) / WHOLE).map_or(amount, |share| share.min(amount))
}

/// Amounts of one order added up; one beyond all counting stays the largest there is.
pub(crate) fn sum(amounts: impl IntoIterator<Item = Minor>) -> Minor {
    amounts.into_iter().fold(0, Minor::saturating_add)
}
