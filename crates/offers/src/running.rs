//! What is left of an order between one redeemable and the next?

use std::{cell::OnceCell, collections::BTreeMap};

use ledger::{AccountId, allocate};
use rules::{Condition, Facts, Path, Reads, Telling, Verdict};

use crate::{
    Basis, Currency, Discount, Goods, Line, Minor, NoEffect, Offer, Order, Presented, Priced,
    PricedLine, Refusal, Scope, Sets, Sku, StackingRules, UnitsLeft,
    benefit::{Cut, Hit, How, sum},
    lines::Lines,
    qualify::CURRENCY,
    unit_cap::{Counted, UnitRoom, draw, product_of},
};

/// An order with the discounts so far.
///
/// Invariant: no line's discounts pass its amount, nor all discounts on goods the goods' amount.
#[derive(Clone)]
pub(crate) struct Running<'a> {
    order: &'a Order,
    /// What is known beside the order, for what is counted.
    pub(crate) known: &'a Facts,
    rules: &'a StackingRules,
    /// The facts of a line that the scopes in question read.
    reads: &'a Reads,
    pub(crate) lines: Vec<RunningLine<'a>>,
    pub(crate) amount: Minor,
    /// What is left to pay for the goods.
    pub(crate) rest: Minor,
    /// The discount on the whole order that the shop brought along.
    own: Minor,
    /// All discounts on the whole order.
    on_order: Minor,
    pub(crate) shipping: Minor,
    discounts: Vec<Discount>,
    /// What was taken of caps on units, what was held for it aside.
    pub(crate) drawn: BTreeMap<AccountId, Minor>,
}

#[derive(Clone)]
pub(crate) struct RunningLine<'a> {
    /// Where its facts come from; free units of an unknown product have none.
    source: Option<&'a Line>,
    pub(crate) priced: PricedLine,
    /// A redeemable took something off it.
    pub(crate) is_touched: bool,
    /// Its facts, once a scope has asked for them and until a discount changes them.
    told: OnceCell<Facts>,
}

static EVERYTHING: Reads = Reads::everything();
static NOTHING: Facts = Facts::none();
static USUAL: StackingRules = StackingRules::usual();

/// How a number is told of an order as it stands.
type Number = for<'r, 'o> fn(&'r Running<'o>) -> Minor;

/// What an order says of itself in numbers.
const NUMBERS: [(&str, Number); 6] = [
    ("order.initial_amount", |order| order.order.gross()),
    ("order.amount", |order| order.rest),
    ("order.discount", |order| {
        order.amount.saturating_sub(order.rest)
    }),
    ("order.shipping", |order| order.shipping),
    ("order.items.count", |order| order.lines.len() as u64),
    ("order.units", |order| order.units()),
];

/// What a redeemable may change of the facts that somebody reads.
pub(crate) struct Changing<'r> {
    numbers: Vec<(Path, Number)>,
    reads: &'r Reads,
}

impl<'r> Changing<'r> {
    pub(crate) fn of(reads: &'r Reads) -> Self {
        let read = |(path, of): (&str, Number)| Some((reads.path(path)?, of));
        let numbers = NUMBERS.into_iter().filter_map(read).collect();
        Self { numbers, reads }
    }
}

/// What the goods come to once a redeemable applied.
const TOTAL: &str = "order.total_amount";

/// What somebody reads of what the order says of itself, before any redeemable. Where nobody asks
/// about its lines, they are left out.
#[must_use]
pub fn order_facts(order: &Order, reads: &Reads) -> Facts {
    Running::new(order, &NOTHING).facts(reads)
}

impl<'a> Running<'a> {
    pub(crate) fn new(order: &'a Order, known: &'a Facts) -> Self {
        Self::for_scopes(order, (known, &EVERYTHING))
    }

    /// For offers that read no other facts of a line than these.
    pub(crate) fn for_scopes(order: &'a Order, (known, reads): (&'a Facts, &'a Reads)) -> Self {
        let lines: Vec<_> = order.lines.iter().map(RunningLine::new).collect();
        let amount = order.gross();
        let shipping = order.shipping;
        let mut running = Self {
            order,
            known,
            rules: &USUAL,
            reads,
            lines,
            amount,
            rest: 0,
            own: 0,
            on_order: 0,
            shipping,
            discounts: Vec::new(),
            drawn: BTreeMap::new(),
        };
        running.own = order.discount.min(running.counted());
        running.on_order = running.own;
        running.rest = running.counted();
        running
    }

    /// The same, combined by other rules.
    pub(crate) fn under(self, rules: &'a StackingRules) -> Self {
        Self { rules, ..self }
    }

    /// What the goods cost before everything.
    pub(crate) fn gross(&self) -> Minor {
        self.order.gross()
    }

    /// What a unit of a product costs, whether or not it is in the order.
    pub(crate) fn price_of(&self, sku: &Sku) -> Option<Minor> {
        self.order.price_of(sku)
    }

    pub(crate) fn currency(&self) -> Currency {
        self.order.currency
    }

    /// What is left to pay for the goods, counted anew.
    fn counted(&self) -> Minor {
        let on_lines = sum(self.lines.iter().map(|line| line.priced.discount));
        self.amount
            .saturating_sub(on_lines)
            .saturating_sub(self.on_order)
    }

    /// Takes what a redeemable gives from what the earlier ones left.
    pub(crate) fn apply(&mut self, presented: &Presented<'_>) -> Result<(), Refusal> {
        let cut = self.cut_or_nothing(presented)?;
        self.take(presented, cut);
        Ok(())
    }

    /// Takes what was worked out here and now.
    pub(crate) fn take(&mut self, presented: &Presented<'_>, cut: Cut) {
        for (line, taken) in self.lines.iter_mut().zip(&cut.per_line) {
            line.priced.discount = line.priced.discount.saturating_add(*taken);
            if *taken > 0 {
                line.is_touched = true;
                line.told.take();
            }
        }
        for (line, freed) in self.lines.iter_mut().zip(&cut.freed) {
            line.priced.free = line.priced.free.saturating_add(*freed);
        }
        for (line, removed) in self.lines.iter_mut().zip(&cut.removed) {
            if *removed == 0 {
                continue;
            }
            let gone = line.priced.list_of(*removed);
            line.priced.quantity = line.priced.quantity.saturating_sub(*removed);
            line.priced.amount = line.priced.amount.saturating_sub(gone);
            line.told.take();
            self.amount = self.amount.saturating_sub(gone);
        }
        self.shipping = self.shipping.saturating_sub(cut.on_shipping);
        self.on_order = self.on_order.saturating_add(cut.on_order);
        for line in &cut.added {
            self.amount = self.amount.saturating_add(line.amount);
            let source = self.order.lines.iter().find(|known| known.sku == line.sku);
            self.lines.push(RunningLine {
                source,
                priced: line.clone(),
                is_touched: true,
                told: OnceCell::new(),
            });
        }
        let units = presented.units.unwrap_or_default();
        draw((units, &cut.counted), &mut self.drawn);
        self.discounts
            .push(discount(presented, cut, self.lines.len()));
        self.rest = self.counted();
    }

    /// As [`Running::cut_by`]; nothing where what gives nothing is redeemed all the same.
    pub(crate) fn cut_or_nothing(&self, presented: &Presented<'_>) -> Result<Cut, Refusal> {
        match self.cut_by(presented) {
            Err(Refusal::NoEffect | Refusal::NoMatchingLines)
                if self.rules.no_effect_of(presented) == NoEffect::Redeem =>
            {
                Ok(Cut::default())
            }
            cut => cut,
        }
    }

    /// What a redeemable would take here and now.
    pub(crate) fn cut_by(&self, presented: &Presented<'_>) -> Result<Cut, Refusal> {
        // Refused before, where it was qualified; a stack that was not has no other guard.
        if self.order.currency != presented.campaign.currency {
            return Err(Refusal::RuleNotMet(CURRENCY.into()));
        }
        let how = How {
            basis: self.basis_of(presented),
            at_most: presented.at_most,
            zone: &presented.campaign.zone,
            own: presented.own,
            units: presented.units,
        };
        let cut = match self.sets_of(presented.offer)? {
            Some(sets) => {
                let cut = self.cut(&presented.offer.for_sets(sets.count), how)?;
                let sets = Some(sets);
                Cut { sets, ..cut }
            }
            None => self.cut(presented.offer, how)?,
        };
        self.holds_after(presented, &cut)?;
        Ok(cut)
    }

    /// What the order holds of the bundle an offer needs.
    fn sets_of(&self, offer: &Offer) -> Result<Option<Sets>, Refusal> {
        let Some(bundle) = &offer.bundle else {
            return Ok(None);
        };
        let lines = self.lines.iter().zip(self.line_facts());
        let sets = bundle.sets(lines.map(|(line, facts)| (&line.priced, facts)));
        match sets.count {
            0 => Err(Refusal::BundleIncomplete {
                missing: sets.missing,
            }),
            _ => Ok(Some(sets)),
        }
    }

    /// Whether the order may come to what it would.
    fn holds_after(&self, presented: &Presented<'_>, cut: &Cut) -> Result<(), Refusal> {
        if !presented.looks_after() {
            return Ok(());
        }
        let after = Condition::all([
            presented.campaign.after.clone(),
            presented.offer.after.clone(),
        ]);
        let mut facts = self.known.clone();
        facts.extend(presented.own.clone());
        facts.extend(self.facts(&after.reads().into_iter().collect()));
        facts.set(TOTAL, int(self.left_after(cut)));
        match after.evaluate(&facts) {
            Verdict::Met => Ok(()),
            Verdict::NotMet(path) => Err(Refusal::RuleNotMet(path)),
            Verdict::Unknown(path) => Err(Refusal::FactUnknown(path)),
        }
    }

    /// What would be left to pay for the goods.
    pub(crate) fn left_after(&self, cut: &Cut) -> Minor {
        let joined = sum(cut.added.iter().map(|line| line.amount));
        let gone = self.lines.iter().zip(&cut.removed);
        let gone = sum(gone.map(|(line, units)| line.priced.list_of(*units)));
        let off = cut.money().saturating_sub(cut.on_shipping);
        let before = self.rest.saturating_add(joined);
        before.saturating_sub(gone.saturating_add(off))
    }

    pub(crate) fn basis_of(&self, presented: &Presented<'_>) -> Basis {
        self.rules.basis_of(presented)
    }

    /// Whether goods may be discounted once only.
    pub(crate) fn is_once(&self) -> bool {
        self.rules.goods == Goods::Once
    }

    /// How many lines there were before any joined.
    pub(crate) fn sent(&self) -> usize {
        self.order.lines.len()
    }

    /// What a scope touches of the lines; `None` where it is the order as one amount.
    pub(crate) fn in_scope<'s>(
        &self,
        scope: &'s Scope,
        units: Option<&[UnitsLeft]>,
    ) -> Result<Option<Hit<'s>>, Refusal> {
        let Scope::Lines(lines) = scope else {
            return Ok(None);
        };
        let hit = self.hit(lines, units);
        if !hit.touched.is_empty() {
            return Ok(Some(hit));
        }
        let is_capped = units.is_some() && lines.is_capped();
        let is_used_up = || is_capped && !self.hit(lines, None).touched.is_empty();
        let is_out_of_reach = self.lines.iter().any(|line| {
            let facts = line.told(self.reads);
            self.is_out_of_reach(line) && lines.of.evaluate(facts).is_met()
        });
        Err(match is_out_of_reach || is_used_up() {
            true => Refusal::NoEffect,
            false => Refusal::NoMatchingLines,
        })
    }

    /// Whether a line was discounted by an earlier redeemable, and may be once only.
    pub(crate) fn is_out_of_reach(&self, line: &RunningLine<'_>) -> bool {
        self.is_once() && line.is_touched
    }

    /// What is touched within what caps on units have left; `None` where nobody asks for that.
    pub(crate) fn hit<'s>(&self, lines: &'s Lines, units: Option<&[UnitsLeft]>) -> Hit<'s> {
        let is_met = |condition: &Condition, facts| condition.evaluate(facts).is_met();
        let told = self.lines.iter().zip(self.line_facts());
        let all: Vec<(&PricedLine, bool)> = told
            .map(|(line, facts)| {
                let can_be = !self.is_out_of_reach(line) && is_met(&lines.of, facts);
                (&line.priced, can_be)
            })
            .collect();
        let is_in = |condition: &Condition, at: usize| {
            let line = self.lines.get(at);
            line.is_some_and(|line| is_met(condition, line.told(self.reads)))
        };
        let mut room = units.map(|units| UnitRoom::of(units, &self.drawn));
        let mut grant = |(pick, line): (usize, usize), wanted| match &mut room {
            None => wanted,
            Some(room) => {
                let caps = lines.picks.get(pick).map_or(0, |pick| pick.unit_caps.len());
                // Of a line that costs nothing any more nothing can be taken.
                let line = self.lines.get(line);
                if line.is_some_and(|line| line.priced.subtotal() == 0) {
                    return 0;
                }
                let product = line.and_then(|line| product_of(line.told(self.reads)));
                room.take((pick, product), (caps, wanted))
            }
        };
        let touched = lines.touched(&all, (is_in, &mut grant));
        Hit { lines, touched }
    }

    /// The units that count towards caps: of those lines of which something was taken.
    pub(crate) fn counted_units(
        &self,
        hit: &Hit<'_>,
        (cut, units): (&Cut, &[UnitsLeft]),
    ) -> Vec<Counted> {
        let is_taken = |line: usize| cut.per_line.get(line).is_some_and(|taken| *taken > 0);
        let taken = hit.touched.iter().filter(|one| is_taken(one.line));
        let counted = taken.flat_map(|one| {
            let line = self.lines.get(one.line);
            let product = line.and_then(|line| product_of(line.told(self.reads)));
            let of = units.iter().filter(move |of| of.is_of((one.pick, product)));
            of.map(|of| Counted {
                line: one.line,
                units: one.units,
                account: of.counter.account.id,
            })
        });
        counted.collect()
    }

    /// Of each line the facts that scopes read, told once until a discount changes them.
    pub(crate) fn line_facts(&self) -> impl Iterator<Item = &Facts> {
        self.lines.iter().map(|line| line.told(self.reads))
    }

    /// What each line bears of the discounts on the order: the shop's own, then one row for each
    /// redeemable. Shared by what line discounts leave, so that no line goes below zero.
    pub(crate) fn order_shares(&self) -> Vec<Vec<Minor>> {
        let mut left = self.subtotals();
        let on_order = self.discounts.iter().map(|discount| discount.on_order);
        let rows = std::iter::once(self.own).chain(on_order);
        rows.map(|amount| bear(&mut left, amount)).collect()
    }

    /// What line discounts and the shop's own discount on the order leave of each line.
    pub(crate) fn left_by_shop(&self) -> Vec<Minor> {
        let mut left = self.subtotals();
        bear(&mut left, self.own);
        left
    }

    fn subtotals(&self) -> Vec<Minor> {
        let lines = self.lines.iter();
        lines.map(|line| line.priced.subtotal()).collect()
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
            on_order: self.on_order,
            shipping: self.shipping,
            total: self.rest.saturating_add(self.shipping),
            lines: self.lines.into_iter().map(|line| line.priced).collect(),
            discounts: self.discounts,
        }
    }

    /// The facts of the order as it stands now: `order.amount` is what is left of the goods.
    pub(crate) fn facts(&self, reads: &Reads) -> Facts {
        let currency = String::from_utf8_lossy(&self.order.currency.0);
        let mut telling = Telling::to(reads);
        telling.tell(CURRENCY, &*currency);
        for (path, of) in NUMBERS {
            telling.tell(path, int(of(self)));
        }
        let mut facts = telling.done();
        if reads.wants_lines() && !self.lines.is_empty() {
            facts.set_lines(self.told_lines(reads));
        }
        facts
    }

    /// Tells on what may have changed since the facts were told.
    pub(crate) fn tell_on(&self, facts: &mut Facts, changing: &Changing<'_>) {
        for (path, of) in &changing.numbers {
            facts.set(path.clone(), int(of(self)));
        }
        if changing.reads.wants_lines() {
            facts.set_lines(self.told_lines(changing.reads));
        }
    }

    fn told_lines(&self, reads: &Reads) -> Vec<Facts> {
        let lines = self.lines.iter();
        lines.map(|line| line.facts(reads)).collect()
    }

    fn units(&self) -> u64 {
        let lines = self.lines.iter();
        sum(lines.map(|line| u64::from(line.priced.quantity)))
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
            is_touched: false,
            told: OnceCell::new(),
        }
    }

    fn told(&self, reads: &Reads) -> &Facts {
        self.told.get_or_init(|| self.facts(reads))
    }

    fn facts(&self, reads: &Reads) -> Facts {
        let line = &self.priced;
        let mut telling = Telling::to(reads);
        if let Some(source) = self.source {
            telling.pass_on(&source.facts);
        }
        telling.tell("line.sku", &line.sku.0);
        telling.tell("line.quantity", i64::from(line.quantity));
        telling.tell("line.price", int(line.unit_price));
        telling.tell("line.amount", int(line.amount));
        telling.tell("line.subtotal", int(line.subtotal()));
        telling.tell("line.discounted", line.discount > 0);
        telling.done()
    }
}

/// What was taken, beside so many lines in all, those included that joined.
fn discount(presented: &Presented<'_>, cut: Cut, lines: usize) -> Discount {
    let amount = cut.money();
    let mut per_line = cut.per_line;
    per_line.resize(lines - cut.added.len(), 0);
    per_line.extend(cut.added.iter().map(|line| line.discount));
    Discount {
        redeemable: presented.redeemable,
        offer: presented.offer.id,
        campaign: presented.campaign.id,
        amount,
        on_order: cut.on_order,
        per_line,
        on_shipping: cut.on_shipping,
        free_units: cut.free_units,
        joined: cut.added.len(),
        removed: cut.removed,
        sets: cut.sets,
        points: cut.points,
        touched: cut.touched,
        counted: cut.counted,
    }
}

/// Shares a discount on the order by what is left of the lines, and takes it from there.
pub(crate) fn bear(left: &mut [Minor], amount: Minor) -> Vec<Minor> {
    if amount == 0 {
        return vec![0; left.len()];
    }
    // An order without lines has free units alone, which bear nothing.
    let row = allocate(amount.min(sum(left.iter().copied())), left);
    left.iter_mut()
        .zip(&row)
        .for_each(|(left, share)| *left = left.saturating_sub(*share));
    row
}

/// Facts are signed; an amount beyond them is the largest there is.
fn int(amount: Minor) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
