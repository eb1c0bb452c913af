//! Which of two redeemables that may stand side by side goes first, whoever else is there?
//!
//! Where nobody asks what is left of the order but those that take a share of it, what two of equal
//! rank save side by side is never less one way round than the other: a fixed price or a share of
//! the whole before whatever takes a part, on each line alike, and fixed amounts last. So no other
//! way round need be tried (an exchange argument, as in Smith 1956). Where rules, formulas, money
//! limits, caps on units or exchanged goods read what is left in between, all orders are tried.

use super::state::Prepared;
use crate::{Basis, Benefit, CapUnit, Goods, Presented, Scope, Spread, StackingRules};

/// What goes first has the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// The order costs so much at most.
    PriceOfOrder,
    ShareOfOrder,
    PriceOfLines,
    ShareOfLines,
    AmountOffLines,
    /// Where it stands among what lines bear may matter.
    Other,
    AmountOffOrder,
}

/// Which pairs have an order of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turns {
    None,
    /// Those with what takes from the whole order.
    OfOrder,
    All,
}

impl Turns {
    pub(super) fn among(candidates: &[Prepared<'_>], rules: &StackingRules) -> Self {
        let reads_between = |one: &Prepared<'_>| {
            let offer = one.presented.offer;
            one.is_moved
                || offer.formulas().next().is_some()
                || offer.bundle.is_some()
                || one.presented.looks_after()
                || one.presented.units.is_some_and(|units| !units.is_empty())
                || matches!(offer.benefit, Benefit::Exchange { .. })
                || one.limits.iter().any(|room| room.unit == CapUnit::Money)
        };
        if candidates.iter().any(reads_between) {
            return Self::None;
        }
        match rules.goods {
            Goods::Again => Self::All,
            // Who comes second finds less, whatever it is.
            Goods::Once => Self::OfOrder,
        }
    }

    /// Whether the second need not be tried next to the first: the other way round is as good.
    pub(super) fn forbid(self, first: Standing, second: Standing) -> bool {
        let are_lines = is_of_lines(first.1) && is_of_lines(second.1);
        let is_out = self == Self::All && are_lines && is_late(first, second);
        is_out || self.end(first, second)
    }

    /// Whether it need not be tried anywhere behind the first.
    pub(super) fn end(self, first: Standing, second: Standing) -> bool {
        let is_of_order = second.1 <= Turn::ShareOfOrder || first.1 == Turn::AmountOffOrder;
        self != Self::None && is_of_order && is_late(first, second)
    }
}

/// Where a candidate stands among the others, and when its turn is.
pub(super) type Standing = (usize, Turn);

fn is_late((place, before): Standing, (next, after): Standing) -> bool {
    after < before || after == before && commutes(after) && next < place
}

fn is_of_lines(turn: Turn) -> bool {
    matches!(
        turn,
        Turn::PriceOfLines | Turn::ShareOfLines | Turn::AmountOffLines
    )
}

/// Whether two of a kind come to the same either way round; shares may not, by rounding.
fn commutes(turn: Turn) -> bool {
    match turn {
        Turn::PriceOfOrder | Turn::PriceOfLines | Turn::AmountOffLines | Turn::AmountOffOrder => {
            true
        }
        Turn::ShareOfOrder | Turn::ShareOfLines | Turn::Other => false,
    }
}

impl Turn {
    pub(super) fn of(one: &Presented<'_>, rules: &StackingRules) -> Self {
        let basis = rules.basis_of(one);
        let scope = &one.offer.scope;
        let is_plain = match scope {
            Scope::Order => one.at_most.is_none(),
            Scope::Lines(lines) => {
                lines.picks.is_empty() && lines.at_most.is_none() && one.at_most.is_none()
            }
        };
        match (&one.offer.benefit, scope) {
            (Benefit::FixedPrice { .. }, Scope::Order) if is_plain => Self::PriceOfOrder,
            (Benefit::PercentOff { .. }, Scope::Order) => match basis {
                Basis::Discounted => Self::ShareOfOrder,
                Basis::Initial => Self::AmountOffOrder,
            },
            (Benefit::FixedPrice { .. }, Scope::Lines(_)) if is_plain => Self::PriceOfLines,
            (Benefit::PercentOff { ceiling: None, .. }, Scope::Lines(_))
                if is_plain && basis == Basis::Discounted =>
            {
                Self::ShareOfLines
            }
            (Benefit::AmountOff { spread, .. }, _) => match (spread, scope) {
                (Spread::Order, Scope::Order) => Self::AmountOffOrder,
                (Spread::EachLine | Spread::EachUnit, _) if is_plain => Self::AmountOffLines,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}
