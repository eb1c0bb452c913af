//! How many points does a happening earn?

use std::{collections::BTreeMap, sync::Arc};

use rules::{Condition, Facts, Path};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::{card::NEVER, lapsing::Lapse};
use crate::{Formula, Minor, Ppm, Priced, PricedLine, Timestamp, Validity, Zone, formula::Known};

const WHOLE: u128 = 1_000_000;
/// More points than this no formula gives.
const MOST_COUNTED: Minor = 1_000_000_000_000;

/// What earns points in a campaign, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Programme {
    pub rules: Vec<EarningRule>,
    pub tiers: Vec<LoyaltyTier>,
    /// How long points are good where the rule that earned them does not say.
    pub lapse: Option<Lapse>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EarningRule {
    pub id: u64,
    pub on: Trigger,
    pub earns: Earns,
    pub condition: Condition,
    pub active: bool,
    pub validity: Validity,
    pub lapse: Option<Lapse>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    OrderPaid,
    /// An event that the shop names.
    Event(Arc<str>),
    /// The customer entered a segment.
    SegmentEntered(u64),
    /// A card came to a tier, or left it.
    TierMoved(TierMove, u64),
}

/// How a card moved among the tiers of its programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TierMove {
    /// To a tier, from none.
    Joined,
    /// To a tier of more points.
    Upgraded,
    /// To a tier of fewer points.
    Downgraded,
    /// From a tier, to none.
    Left,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Earns {
    Fixed(CountedPoints),
    /// So many points for every so much; a rest earns nothing.
    Per {
        of: Measure,
        every: Minor,
        points: CountedPoints,
    },
}

/// A number of points, or a formula for it. The number stands where the formula has no value.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedPoints {
    pub plain: Minor,
    pub formula: Option<Formula>,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// The goods before discounts.
    OrderAmount,
    /// What is paid.
    OrderTotal,
    Items {
        of: OfItems,
        /// Which lines, over their facts.
        which: Condition,
    },
    /// A whole number that is told.
    Fact(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfItems {
    Quantity,
    Amount,
    /// After the discounts on the line.
    Subtotal,
}

/// A range of points with earnings of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct LoyaltyTier {
    pub id: u64,
    pub from: Minor,
    /// Up to and with.
    pub to: Option<Minor>,
    /// By earning rule.
    pub earnings: BTreeMap<u64, Mapping>,
    /// By where a reward is offered.
    pub prices: BTreeMap<u64, Mapping>,
}

/// What a tier makes of an earning or a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    Multiply(Ppm),
    /// These points in place of the rule's.
    Instead(Minor),
}

/// What happened, with all that may be read of it.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    pub trigger: &'a Trigger,
    pub at: Timestamp,
    /// Of the customer, the order and its lines, as they were sent, and the event.
    pub facts: &'a Facts,
    pub priced: Option<&'a Priced>,
    /// How many decimals the currency has.
    pub places: u8,
    /// Whose calendar says which rules are open, and counts in formulas.
    pub zone: &'a Zone,
    /// The points on the card before.
    pub balance: Minor,
}

/// Points that a rule gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earned {
    pub rule: u64,
    pub tier: Option<u64>,
    pub points: Minor,
    /// When they lapse.
    pub day: u32,
}

/// What each rule that is met gives; none that comes to nothing.
#[must_use]
pub fn earned(programme: &Programme, occurrence: &Occurrence<'_>) -> Vec<Earned> {
    let tier = tier_of(&programme.tiers, occurrence.balance);
    let rules = programme.rules.iter();
    let met = rules.filter(|rule| rule.is_met(occurrence));
    let given = met.map(|rule| {
        let mapping = tier.and_then(|tier| tier.earnings.get(&rule.id));
        let lapse = rule.lapse.or(programme.lapse);
        Earned {
            rule: rule.id,
            tier: tier.map(|tier| tier.id),
            points: rule.earns.points(occurrence, mapping),
            day: lapse.map_or(NEVER, |lapse| {
                lapse.last_day(occurrence.at, occurrence.zone)
            }),
        }
    });
    given.filter(|earned| earned.points > 0).collect()
}

/// The tier that so many points lie in.
#[must_use]
pub fn tier_of(tiers: &[LoyaltyTier], points: Minor) -> Option<&LoyaltyTier> {
    let mut tiers = tiers.iter();
    tiers.find(|tier| tier.from <= points && tier.to.is_none_or(|to| points <= to))
}

/// How a card moved whose tier was one and is another now, and which tier that is about; `None`
/// where it did not, or where all that happened is that its tier was removed.
#[must_use]
pub fn moved_between(
    tiers: &[LoyaltyTier],
    (before, now): (Option<u64>, Option<u64>),
) -> Option<(TierMove, u64)> {
    let tier = |id: u64| tiers.iter().find(|tier| tier.id == id);
    let (left, reached) = (before.and_then(tier), now.and_then(tier));
    match (left, reached) {
        (None, None) => None,
        (None, Some(to)) => Some((TierMove::Joined, to.id)),
        (Some(from), None) => Some((TierMove::Left, from.id)),
        (Some(from), Some(to)) if from.id == to.id => None,
        (Some(from), Some(to)) if from.from < to.from => Some((TierMove::Upgraded, to.id)),
        (Some(_), Some(to)) => Some((TierMove::Downgraded, to.id)),
    }
}

impl Mapping {
    /// What it makes of so many points.
    #[must_use]
    pub fn of(self, points: Minor) -> Minor {
        match self {
            Self::Multiply(by) => multiplied(points, by),
            Self::Instead(points) => points,
        }
    }
}

impl EarningRule {
    fn is_met(&self, occurrence: &Occurrence<'_>) -> bool {
        let is_open = self.validity.is_open(occurrence.at, occurrence.zone);
        let is_meant = self.active && self.on == *occurrence.trigger && is_open;
        is_meant && self.condition.evaluate(occurrence.facts).is_met()
    }
}

impl Earns {
    fn points(&self, occurrence: &Occurrence<'_>, mapping: Option<&Mapping>) -> Minor {
        let own = |own: Minor| match mapping {
            Some(Mapping::Instead(points)) => *points,
            _ => own,
        };
        let plain = match self {
            Self::Fixed(points) => own(points.counted(occurrence)),
            Self::Per { of, every, points } => {
                let times = of.measured(occurrence).checked_div(*every);
                let points = own(points.counted(occurrence));
                times.unwrap_or(0).saturating_mul(points)
            }
        };
        match mapping {
            Some(Mapping::Multiply(by)) => multiplied(plain, *by),
            _ => plain,
        }
    }
}

impl CountedPoints {
    /// Half up to the whole point, never below zero.
    fn counted(&self, occurrence: &Occurrence<'_>) -> Minor {
        let count = |formula: &Formula| {
            let facts = occurrence.facts;
            let known = Known {
                facts: [facts, Facts::NONE, facts],
                lines: facts.lines().iter().collect(),
                cheapest: None,
                dearest: None,
                places: occurrence.places.into(),
                zone: occurrence.zone.0.clone(),
            };
            formula.count(&known, None)
        };
        let Some(number) = self.formula.as_ref().and_then(count) else {
            return self.plain;
        };
        let whole = number
            .max(Decimal::ZERO)
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        Minor::try_from(whole).map_or(MOST_COUNTED, |points| points.min(MOST_COUNTED))
    }
}

/// Half up to the whole point.
fn multiplied(points: Minor, by: Ppm) -> Minor {
    let exact = u128::from(points) * u128::from(by);
    Minor::try_from((exact + WHOLE / 2) / WHOLE).unwrap_or(Minor::MAX)
}

impl Measure {
    fn measured(&self, occurrence: &Occurrence<'_>) -> Minor {
        let priced = |of: fn(&Priced) -> Minor| occurrence.priced.map_or(0, of);
        match self {
            Self::OrderAmount => priced(|priced| priced.amount),
            Self::OrderTotal => priced(|priced| priced.total),
            Self::Items { of, which } => items(occurrence, (*of, which)),
            Self::Fact(path) => {
                let told = occurrence.facts.get(path.as_str());
                let number = told.and_then(rules::Value::as_int);
                number
                    .and_then(|number| Minor::try_from(number).ok())
                    .unwrap_or(0)
            }
        }
    }
}

/// What joined the order by a discount earns nothing.
fn items(occurrence: &Occurrence<'_>, (of, which): (OfItems, &Condition)) -> Minor {
    let lines = occurrence.priced.map_or(&[][..], |priced| &priced.lines);
    let facts = occurrence.facts.lines();
    let met = lines.iter().zip(facts);
    let met = met.filter(|(_, facts)| which.evaluate(facts).is_met());
    let counted = met.map(|(line, _)| match of {
        OfItems::Quantity => line.quantity.into(),
        OfItems::Amount => line.amount,
        OfItems::Subtotal => PricedLine::subtotal(line),
    });
    counted.fold(0, Minor::saturating_add)
}
