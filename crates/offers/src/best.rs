//! Which of these redeemables, and in which order, save the shopper the most?
//!
//! Branch and bound (Land and Doig, 1960): orders are built up one redeemable at a time, the most
//! promising first, and left where even the bound of what could still be saved ([`bound`]) does not
//! pass the best that was met. Only orders that stacking would keep are tried, and of those only
//! the ones that may matter ([`turns`]); two that lead to the same order at the till are followed
//! once, and of twins the first goes first. The work is bounded; where it does not suffice, the
//! answer says how far from the best it can be at most.

mod bound;
mod state;
mod turns;

use std::{cmp::Reverse, collections::BTreeSet};

use ledger::AccountId;
use rules::{Facts, Reads};

use crate::{Asking, CapUnit, Minor, Order, Presented, Refusal, StackingRules, money};
use bound::Bounds;
use state::{Problem, Signature, State, Sums};

/// Redeemables among which is searched: those that may save the most.
pub const MAX_CANDIDATES: usize = 64;
/// Among so few it is searched to the end.
const FEW: usize = 20;

/// How much work a search may be.
struct Work {
    /// One redeemable tried on one state of the order is a step.
    steps: usize,
    /// A step costs by the lines of the order: so many lines, over all steps.
    lines: usize,
}

/// All orders of five among twenty are 1,984,000, so no such search is broken off on an order of
/// up to ten lines; hardly any comes near it.
const AMONG_FEW: Work = Work {
    steps: 2_000_000,
    lines: 40_000_000,
};
const MANY: Work = Work {
    steps: 100_000,
    lines: 1_200_000,
};
/// What a step costs beside its lines, counted in lines.
const STEP: usize = 10;

/// A redeemable that may be among the best.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    pub presented: Presented<'a>,
    /// Limits that it takes from, those aside that what is held for it stands for.
    pub limits: Vec<Room>,
}

/// What a limit has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub account: AccountId,
    pub unit: CapUnit,
    pub left: u64,
    pub grant_remainder: bool,
}

/// The best that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Best {
    pub chosen: Combination,
    /// The best that has something in it which is not in the chosen one, as far as one was met.
    pub runner_up: Option<Combination>,
    /// No combination saves more than this.
    pub most: Minor,
    /// How many steps the search took.
    pub steps: usize,
}

/// Redeemables that go together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Combination {
    /// Their places among the candidates, in the order in which they apply.
    pub places: Vec<usize>,
    /// All that they take off, gift cards aside: those pay with the shopper's own money.
    pub saves: Minor,
    /// Points that are owed after the order.
    pub points: u64,
}

impl Best {
    /// How far from the best it can be at most; 0 where it is the best.
    #[must_use]
    pub fn short_by(&self) -> Minor {
        self.most.saturating_sub(self.chosen.saves)
    }
}

impl Combination {
    /// What saves more is better, then what gives more points, then what uses up less.
    fn merit(&self) -> (Minor, u64, Reverse<usize>) {
        (self.saves, self.points, Reverse(self.places.len()))
    }
}

/// Why a redeemable is not among the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It cannot be used, by itself or beside what was chosen.
    Refused(Refusal),
    /// With it the order would save so much less.
    SavesLess(Minor),
    /// A gift card: it takes nothing off, it pays.
    Pays,
}

impl LeftOut {
    /// The stable code of the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::SavesLess(_) => "saves_less",
            Self::Pays => "pays",
        }
    }

    /// A sentence a shopper can act on.
    #[must_use]
    pub fn sentence(&self, currency: ledger::Currency) -> String {
        match self {
            Self::Refused(refusal) => refusal.sentence(),
            Self::SavesLess(0) => "This would not save you more.".into(),
            Self::SavesLess(by) => {
                format!("With this you would save {} less.", money(*by, currency))
            }
            Self::Pays => "This is money of yours: use it to pay what is left.".into(),
        }
    }
}

/// Searches for the best combination, of those that stacking would let through.
#[must_use]
pub fn best(
    order: &Order,
    facts: &Facts,
    candidates: &[Candidate<'_>],
    (asking, rules): (Asking, &StackingRules),
) -> Best {
    let offers = candidates.iter().map(|one| one.presented.offer);
    let reads = Reads::visited(|visit| offers.for_each(|offer| offer.each_read(visit)));
    let (problem, root) = Problem::new((order, facts, &reads), candidates, (asking, rules));
    let bounds = Bounds::new(&root, problem.candidates.iter());
    let mut search = Search::new(&problem, &bounds, &root);
    search.run(&root);
    let (chosen, most, steps) = (search.best.clone(), search.most(), search.steps);
    let mut second = Search::new(&problem, &bounds, &root);
    second.beside = Some(problem.mask(&chosen.places));
    second.most_steps /= 4;
    second.run(&root);
    Best {
        most: most.max(problem.most_with_rest(&root)),
        runner_up: Some(second.best).filter(|one| !one.places.is_empty()),
        steps: steps + second.steps,
        chosen,
    }
}

struct Search<'p, 'a> {
    problem: &'p Problem<'a>,
    bounds: &'p Bounds,
    /// Something must be in it that is not among these.
    beside: Option<u64>,
    best: Combination,
    /// Orders at the till that were met.
    met: BTreeSet<Signature>,
    steps: usize,
    most_steps: usize,
    /// What might be saved where the search did not get to.
    open: Minor,
}

impl<'p, 'a> Search<'p, 'a> {
    fn new(problem: &'p Problem<'a>, bounds: &'p Bounds, root: &State<'a>) -> Self {
        let lines = root.running.lines.len();
        let work = match problem.candidates.len() {
            ..=FEW => AMONG_FEW,
            _ => MANY,
        };
        Self {
            problem,
            bounds,
            beside: None,
            best: Combination::default(),
            met: BTreeSet::new(),
            steps: 0,
            most_steps: work.steps.min(work.lines / (lines + STEP)),
            open: 0,
        }
    }

    fn run(&mut self, root: &State<'a>) {
        if !self.problem.candidates.is_empty() {
            self.follow(root);
        }
    }

    fn most(&self) -> Minor {
        self.open.max(self.best.saves)
    }

    /// Tries each redeemable as the next, then what is promising of that.
    fn follow(&mut self, state: &State<'a>) {
        let is_last = state.room(self.problem.rules) <= 1;
        let mut next = Vec::new();
        for (place, one) in self.problem.candidates.iter().enumerate() {
            if !state.could_be_next(place, one, self.problem) {
                continue;
            }
            if self.steps >= self.most_steps {
                let most = self.bounds.most(state, self.problem);
                self.open = self.open.max(most);
                return;
            }
            self.steps += 1;
            let Some((presented, cut)) = state.cut_by(one, self.problem) else {
                continue;
            };
            self.note(state, (place, state.sums_with(place, &cut)));
            if is_last {
                continue;
            }
            let after = state.with((place, one), (presented, cut));
            if self.met.insert(after.signature()) {
                next.push((self.bounds.most(&after, self.problem), after));
            }
        }
        next.sort_by_key(|(most, _)| Reverse(*most));
        for (most, after) in &next {
            if self.is_promising(*most, after) {
                self.follow(after);
            }
        }
    }

    fn is_promising(&self, most: Minor, state: &State<'a>) -> bool {
        let may_give_points = || {
            let candidates = self.problem.candidates.iter().enumerate();
            let mut left = candidates.filter(|(place, _)| !state.has(*place));
            left.any(|(_, one)| one.gives_points)
        };
        most > self.best.saves || most == self.best.saves && may_give_points()
    }

    /// What was reached with one more than a state.
    fn note(&mut self, state: &State<'a>, (place, sums): (usize, Sums)) {
        let is_asked_for = self.beside.is_none_or(|others| sums.used & !others != 0);
        let merit = (
            sums.saved,
            sums.points,
            Reverse(sums.used.count_ones() as usize),
        );
        if is_asked_for && (self.best.places.is_empty() || merit > self.best.merit()) {
            self.best = Combination {
                places: state.places_with(place, self.problem),
                saves: sums.saved,
                points: sums.points,
            };
        }
    }
}

/// Whether a redeemable pays with the shopper's own money.
fn pays(one: &Presented<'_>) -> bool {
    one.offer.benefit == crate::Benefit::Credit
}

#[cfg(test)]
mod tests;
