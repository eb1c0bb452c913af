//! Which lines of an order does a benefit touch, and how many units of each?

use rules::Condition;
use serde::{Deserialize, Serialize};

use crate::{Formula, Minor, PricedLine, UnitCap};

/// Lines that a benefit touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Those that can be touched at all, over `line.*` facts.
    pub of: Condition,
    /// How they are picked among; where there is none, all of them with all their units. The first
    /// pick that names a line has it.
    pub picks: Vec<Pick>,
    /// Money off each of them at most.
    pub each_at_most: Option<Minor>,
    /// Money off all of them together at most.
    pub at_most: Option<Minor>,
}

/// One choice of lines, or of units of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Over `line.*` facts, beside what holds for all.
    pub of: Condition,
    pub visits: Visits,
    pub counts: Counts,
    /// Every so manieth that is visited is touched; 1 is all. Never 0.
    pub every: u32,
    /// So many are passed over first.
    pub skip: u32,
    pub limits: PickLimits,
    /// What a unit costs then, where the benefit is a fixed price.
    pub price: Option<Minor>,
    /// Counts that price for each line; where it comes to nothing, the price stands.
    pub price_formula: Option<Formula>,
    /// Units of each of its products at most, over many orders.
    pub unit_caps: Vec<UnitCap>,
}

/// In which order lines are visited. Of equal prices the one that costs less in all goes first,
/// then the one that stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visits {
    AsSent,
    FromCheapest,
    FromDearest,
    /// One, and no more.
    Cheapest,
    /// One, and no more.
    Dearest,
}

/// What is visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counts {
    Lines,
    /// One after the other, from line to line.
    Units,
}

/// What a pick touches at most; where several bounds apply, the lowest does. The bounds of all
/// lines are used up in the order of the visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickLimits {
    /// Units of one line.
    pub units_of_line: Option<u32>,
    /// Units of all lines.
    pub units: Option<u32>,
    /// Money off one line.
    pub money_of_line: Option<Minor>,
    /// Money off all lines.
    pub money: Option<Minor>,
}

/// What is touched of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Which line of the order.
    pub line: usize,
    /// How many units; at least one.
    pub units: u32,
    /// The first of them, from 0.
    pub first: u32,
    /// How far it is from one to the next.
    pub every: u32,
    /// Which of the picks has it, where there are any.
    pub pick: usize,
}

impl From<Condition> for Lines {
    fn from(of: Condition) -> Self {
        Self {
            of,
            picks: Vec::new(),
            each_at_most: None,
            at_most: None,
        }
    }
}

impl Pick {
    /// All that these are, with all their units.
    #[must_use]
    pub fn all(of: Condition) -> Self {
        Self {
            of,
            visits: Visits::AsSent,
            counts: Counts::Lines,
            every: 1,
            skip: 0,
            limits: PickLimits::default(),
            price: None,
            price_formula: None,
            unit_caps: Vec::new(),
        }
    }

    /// Those of the lines whose turn it is, in the order of the visit, with so many units as the
    /// limits allow, and what is left of caps on units (`grant`).
    fn of_those(
        &self,
        mut lines: Vec<(usize, &PricedLine)>,
        (pick, grant): (usize, &mut Grant<'_>),
    ) -> Vec<Touched> {
        self.visits.order(&mut lines);
        let mut turn = Turn {
            before: self.skip,
            every: self.every.max(1),
            left: self.limits.units.unwrap_or(u32::MAX),
        };
        if matches!(self.visits, Visits::Cheapest | Visits::Dearest) {
            turn.every = u32::MAX;
        }
        let mut touched = Vec::new();
        for (line, priced) in lines {
            let whole = match self.counts {
                Counts::Lines => turn.line(priced.quantity),
                Counts::Units => turn.units(priced.quantity),
            };
            let Some((first, every, units)) = whole else {
                continue;
            };
            let of_line = self.limits.units_of_line.unwrap_or(u32::MAX);
            let units = units.min(of_line).min(turn.left);
            let units = match self.unit_caps.is_empty() {
                true => units,
                false => grant((pick, line), units),
            };
            turn.left -= units;
            if units > 0 {
                touched.push(Touched {
                    line,
                    units,
                    first,
                    every,
                    pick,
                });
            }
        }
        touched
    }
}

/// Of so many units of a line that a pick would touch, how many are left to be touched.
pub(crate) type Grant<'g> = dyn FnMut((usize, usize), u32) -> u32 + 'g;

/// Whose turn it is while lines are visited.
struct Turn {
    /// So many pass before the next is touched.
    before: u32,
    every: u32,
    /// Units that may still be touched.
    left: u32,
}

impl Turn {
    /// The first unit, the step and the number of units, where it is this line's turn.
    fn line(&mut self, quantity: u32) -> Option<(u32, u32, u32)> {
        match self.before.checked_sub(1) {
            Some(before) => {
                self.before = before;
                None
            }
            None => {
                self.before = self.every - 1;
                Some((0, 1, quantity))
            }
        }
    }

    /// The same, counted unit by unit.
    fn units(&mut self, quantity: u32) -> Option<(u32, u32, u32)> {
        let first = self.before;
        if first >= quantity {
            self.before -= quantity;
            return None;
        }
        let more = (quantity - 1 - first) / self.every;
        let last = first + more * self.every;
        self.before = self.every - (quantity - last);
        Some((first, self.every, more + 1))
    }
}

impl Visits {
    fn order(self, lines: &mut [(usize, &PricedLine)]) {
        use std::cmp::Reverse;
        match self {
            Self::AsSent => {}
            Self::FromCheapest | Self::Cheapest => {
                lines.sort_by_key(|(_, line)| (line.unit_price, line.subtotal()));
            }
            Self::FromDearest | Self::Dearest => {
                lines.sort_by_key(|(_, line)| (Reverse(line.unit_price), line.subtotal()));
            }
        }
    }
}

impl Lines {
    /// Those that both mean, picked by the one and then by the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let least = |one: Option<Minor>, other| one.into_iter().chain(other).min();
        Self {
            of: Condition::all(vec![self.of, other.of]),
            picks: [self.picks, other.picks].concat(),
            each_at_most: least(self.each_at_most, other.each_at_most),
            at_most: least(self.at_most, other.at_most),
        }
    }

    /// What is touched of each line, in the order of the visits. `can_be` says of each line whether
    /// it can be touched at all; `is_in` whether a line is among those of a pick.
    pub(crate) fn touched(
        &self,
        lines: &[(&PricedLine, bool)],
        (is_in, grant): (impl Fn(&Condition, usize) -> bool, &mut Grant<'_>),
    ) -> Vec<Touched> {
        let mut free: Vec<(usize, &PricedLine)> = lines
            .iter()
            .enumerate()
            .filter(|(_, (line, can_be))| *can_be && line.quantity > 0)
            .map(|(at, (line, _))| (at, *line))
            .collect();
        if self.picks.is_empty() {
            return Pick::all(Condition::Always).of_those(free, (0, grant));
        }
        let mut touched = Vec::new();
        for (number, pick) in self.picks.iter().enumerate() {
            let (those, rest) = free.into_iter().partition(|(at, _)| is_in(&pick.of, *at));
            touched.extend(pick.of_those(those, (number, &mut *grant)));
            free = rest;
        }
        touched
    }

    /// Whether it may touch only so many units of a product, over many orders.
    #[must_use]
    pub fn is_capped(&self) -> bool {
        self.picks.iter().any(|pick| !pick.unit_caps.is_empty())
    }

    /// The pick that has it, where there are any.
    pub(crate) fn pick(&self, of: &Touched) -> Option<&Pick> {
        self.picks.get(of.pick)
    }
}
