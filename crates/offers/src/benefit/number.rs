//! Which number does a benefit have on this order, or on one of its lines?

use std::cmp::Reverse;

use rules::Facts;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Hit, How};
use crate::{
    Formula, MAX_FREE_UNITS, Minor, Offer, Pick, Ppm, PricedLine, formula::Known, money::places,
    running::Running,
};

/// Parts per million in one per cent.
const PER_CENT: u64 = 10_000;
const WHOLE: u64 = 1_000_000;

/// What numbers are counted with.
pub(super) struct Numbers<'a> {
    formula: Option<&'a Formula>,
    known: Known<'a>,
    /// Minor units of one major unit.
    major: u64,
}

/// A number as it is written, or counted.
pub(super) struct Number<'a> {
    plain: u64,
    formula: Option<&'a Formula>,
    known: &'a Known<'a>,
    /// What stands for one of what the formula counts.
    unit: u64,
    most: u64,
}

impl Running<'_> {
    /// `of_order` is what the formulas of the offer read of the order as it stands.
    pub(super) fn numbers<'n>(
        &'n self,
        offer: &'n Offer,
        (hit, of_order): (Option<&Hit<'_>>, &'n Facts),
        how: How<'n>,
    ) -> Numbers<'n> {
        // Facts of lines are told only where something is counted from them.
        let told = match offer.formulas().next() {
            Some(_) => &self.lines[..],
            None => &[],
        };
        let lines = told.iter().zip(self.line_facts()).map(|(_, facts)| facts);
        let in_scope = || {
            let touched = hit.iter().flat_map(|hit| &hit.touched);
            let touched = touched.map(|touched| touched.line);
            let all = 0..if hit.is_none() { told.len() } else { 0 };
            let places = touched.chain(all);
            places.filter_map(|at| Some((at, &told.get(at)?.priced)))
        };
        let first = |(at, line): &(usize, &PricedLine)| (line.subtotal(), *at);
        let cheapest = in_scope().min_by_key(|one| (one.1.unit_price, first(one)));
        let dearest = in_scope().min_by_key(|one| (Reverse(one.1.unit_price), first(one)));
        let places = places(self.currency());
        Numbers {
            formula: offer.formula.as_ref(),
            known: Known {
                facts: [of_order, how.own, self.known],
                lines: lines.collect(),
                cheapest: cheapest.map(|(at, _)| at),
                dearest: dearest.map(|(at, _)| at),
                places: places.into(),
                zone: how.zone.0.clone(),
            },
            major: 10_u64.pow(places.into()),
        }
    }
}

impl Numbers<'_> {
    /// In parts per million; formulas count per cent.
    pub(super) fn rate(&self, plain: Ppm) -> Number<'_> {
        Number {
            unit: PER_CENT,
            most: WHOLE,
            ..self.number(plain.into(), self.formula)
        }
    }

    /// In minor units; formulas count major ones.
    pub(super) fn money(&self, plain: Minor) -> Number<'_> {
        Number {
            unit: self.major,
            ..self.number(plain, self.formula)
        }
    }

    /// The price that a pick names.
    pub(super) fn price_of<'n>(&'n self, pick: &'n Pick) -> Option<Number<'n>> {
        let formula = pick.price_formula.as_ref();
        let plain = match (pick.price, formula) {
            (Some(price), _) => price,
            // Without a price nothing is taken off what cannot be counted.
            (None, Some(_)) => Minor::MAX,
            (None, None) => return None,
        };
        Some(Number {
            unit: self.major,
            ..self.number(plain, formula)
        })
    }

    pub(super) fn units(&self, plain: u32) -> u32 {
        self.units_by(self.formula, plain)
    }

    pub(super) fn units_by(&self, formula: Option<&Formula>, plain: u32) -> u32 {
        let number = self.number(plain.into(), formula).of_order();
        u32::try_from(number).map_or(MAX_FREE_UNITS, |units| units.min(MAX_FREE_UNITS))
    }

    fn number<'n>(&'n self, plain: u64, formula: Option<&'n Formula>) -> Number<'n> {
        Number {
            plain,
            formula,
            known: &self.known,
            unit: 1,
            most: u64::MAX,
        }
    }
}

impl Number<'_> {
    pub(super) fn of_order(&self) -> u64 {
        self.counted(None)
    }

    pub(super) fn of_line(&self, at: usize) -> u64 {
        self.counted(Some(at))
    }

    /// Half up to the unit, never below zero.
    fn counted(&self, line: Option<usize>) -> u64 {
        let Some(formula) = self.formula else {
            return self.plain;
        };
        let Some(number) = formula.count(self.known, line) else {
            return self.plain;
        };
        let units = number.max(Decimal::ZERO).checked_mul(self.unit.into());
        let units = units
            .map(|units| units.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
        let units = units.and_then(|units| u64::try_from(units).ok());
        units.unwrap_or(u64::MAX).min(self.most)
    }
}
