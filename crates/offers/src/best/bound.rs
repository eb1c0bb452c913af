//! How much could still be saved, at most?
//!
//! Never less than what any combination saves that begins as the state does (a test holds it to
//! that), and close to it where shares and amounts are combined. Shares of the same goods are
//! counted on what the larger ones among them leave; everything else by what it takes by itself at
//! most. Of all that could follow, as much is added up as there is room for.

use std::cmp::Reverse;

use rules::Condition;

use super::state::{Prepared, Problem, State};
use crate::{
    Basis, Benefit, CategoryId, Counts, Joining, MAX_FREE_UNITS, MAX_MINOR, Minor, Pick, Presented,
    PricedLine, Scope, Spread, StackingRules, Visits,
    benefit::{ceiling_of, share, sum},
    running::Running,
};

const WHOLE: u64 = 1_000_000;
/// Parts of a minor unit in which shares of shares are added up.
const PARTS: u32 = 20;
const HALF: u128 = 1 << (PARTS - 1);
/// What the goods of a line are called that changes while benefits apply.
const CHANGING: [&str; 4] = [
    "line.amount",
    "line.discounted",
    "line.quantity",
    "line.subtotal",
];

pub(super) struct Bounds {
    pools: Vec<Pool>,
    takes: Vec<Take>,
}

/// Goods of which shares are taken.
struct Pool {
    /// Of which lines; the order as one amount where there is none.
    of: Option<Condition>,
    /// Which lines of the order these can be.
    members: Vec<bool>,
}

/// What one candidate takes at most.
enum Take {
    /// A share of what is left of a pool, and not more than so much.
    Share { rate: u64, pool: usize, cap: Minor },
    /// So much, of which so much may join the order.
    Fixed { most: Minor, joins: Minor },
}

/// The same at some state of the order.
struct Gain {
    parts: u128,
    category: Option<CategoryId>,
}

impl Bounds {
    pub(super) fn new<'p, 'a: 'p>(
        root: &State<'a>,
        candidates: impl Iterator<Item = &'p Prepared<'a>> + Clone,
    ) -> Self {
        let exchanges = candidates
            .clone()
            .filter_map(|one| Exchanged::of(&one.presented, &root.running));
        let mut counted = Counted {
            running: &root.running,
            exchanges: exchanges.collect(),
            pools: Vec::new(),
        };
        let takes = candidates.map(|one| counted.take(&one.presented)).collect();
        Self {
            pools: counted.pools,
            takes,
        }
    }

    /// What a combination saves at most that begins as this one does.
    pub(super) fn most(&self, state: &State<'_>, problem: &Problem<'_>) -> Minor {
        let rules = problem.rules;
        let all = problem.candidates.iter().enumerate();
        let open = all.filter(|(place, one)| state.could_follow((*place, one), problem));
        let open = open.map(|(place, one)| (place, &one.presented));
        self.most_of(state, open, rules)
    }

    /// The same of so many of these.
    pub(super) fn most_of<'p, 'a: 'p>(
        &self,
        state: &State<'_>,
        open: impl Iterator<Item = (usize, &'p Presented<'a>)>,
        rules: &StackingRules,
    ) -> Minor {
        let (mut gains, mut joining) = (Vec::new(), Vec::new());
        let mut shares: Vec<Vec<Gain>> = self.pools.iter().map(|_| Vec::new()).collect();
        let amounts: Vec<u128> = self.pools.iter().map(|pool| pool.left(state)).collect();
        for (place, one) in open {
            let category = one.category.map(|category| category.id);
            let gain = |parts: u128| Gain { parts, category };
            match self.takes.get(place) {
                Some(Take::Share { rate, pool, cap }) => {
                    let left = amounts.get(*pool).copied().unwrap_or(0);
                    let whole = left * u128::from(*rate) / u128::from(WHOLE);
                    let cap = u128::from(*cap) << PARTS;
                    match shares.get_mut(*pool).filter(|_| whole < cap) {
                        Some(shares) => shares.push(gain((*rate).into())),
                        None => gains.push(gain(cap)),
                    }
                }
                Some(Take::Fixed { most, joins }) => {
                    gains.push(gain(u128::from(*most) << PARTS));
                    joining.push(*joins);
                }
                None => {}
            }
        }
        let limited = |gains: Vec<Gain>| within_categories(gains, state, rules);
        let mut parts: Vec<u128> = limited(gains).iter().map(|gain| gain.parts).collect();
        for ((pool, shares), left) in self.pools.iter().zip(shares).zip(amounts) {
            parts.extend(one_of_the_other(&limited(shares), left, pool.slack(state)));
        }
        let room = state.room(rules);
        parts.sort_unstable_by_key(|part| Reverse(*part));
        joining.sort_unstable_by_key(|part| Reverse(*part));
        let all: u128 = parts.into_iter().take(room).sum();
        let more = u64::try_from(all >> PARTS).unwrap_or(u64::MAX);
        let there_is = state.running.rest.saturating_add(state.running.shipping);
        let joins = sum(joining.into_iter().take(room));
        let saved = state.sums.saved;
        saved.saturating_add(more.min(there_is.saturating_add(joins)))
    }
}

/// Of each category as many as there may still be: those that gain most.
fn within_categories(mut gains: Vec<Gain>, state: &State<'_>, rules: &StackingRules) -> Vec<Gain> {
    gains.sort_by_key(|gain| Reverse(gain.parts));
    let mut taken: Vec<(CategoryId, usize)> = Vec::new();
    gains.retain(|gain| {
        let Some(category) = gain.category else {
            return true;
        };
        let Some(most) = state.room_of(category, rules) else {
            return true;
        };
        match taken.iter_mut().find(|(known, _)| *known == category) {
            Some((_, count)) => {
                *count += 1;
                *count <= most
            }
            None => {
                taken.push((category, 1));
                most > 0
            }
        }
    });
    gains
}

/// Shares of a pool, the largest first, each of what those before leave; with what rounding may add
/// to each.
fn one_of_the_other(rates: &[Gain], mut left: u128, slack: u128) -> Vec<u128> {
    let mut parts = Vec::with_capacity(rates.len());
    for rate in rates {
        let part = left * rate.parts / u128::from(WHOLE);
        left -= part.min(left);
        parts.push(part + 1 + slack);
    }
    parts
}

impl Pool {
    fn left(&self, state: &State<'_>) -> u128 {
        let running = &state.running;
        if self.of.is_none() {
            return u128::from(running.rest) << PARTS;
        }
        // What joined the order may be among them.
        let members = self.members.iter().copied().chain(std::iter::repeat(true));
        let lines = running.lines.iter().zip(members);
        let lines = lines.filter(|(_, is_member)| *is_member);
        let left = lines.map(|(line, _)| u128::from(line.priced.subtotal()));
        left.sum::<u128>() << PARTS
    }

    fn slack(&self, state: &State<'_>) -> u128 {
        match self.of {
            None => HALF,
            Some(_) => HALF * state.running.lines.len() as u128,
        }
    }
}

/// The order before all of them, from which takes are counted.
struct Counted<'r, 'a> {
    running: &'r Running<'a>,
    /// What brings other lines into the order, which cost something.
    exchanges: Vec<Exchanged>,
    pools: Vec<Pool>,
}

/// The list price of as many lines, or units of them, as a pick may touch: those that it visits
/// first where it passes none over, else the dearest.
fn picked_by(pick: &Pick, (mut lines, is_in_turn): (Vec<&PricedLine>, bool)) -> Minor {
    // Where a cap on units passes a line over, the next comes in its place.
    let is_in_turn = is_in_turn && pick.unit_caps.is_empty();
    let is_in_turn = is_in_turn && pick.skip == 0 && pick.every == 1;
    let list = |line: &&PricedLine| Reverse(line.amount);
    match pick.visits {
        Visits::AsSent if is_in_turn => {}
        Visits::Cheapest | Visits::FromCheapest if is_in_turn => {
            lines.sort_by_key(|line| (line.unit_price, list(line)));
        }
        _ => lines.sort_by_key(|line| (Reverse(line.unit_price), list(line))),
    }
    let is_one = matches!(pick.visits, Visits::Cheapest | Visits::Dearest);
    let turns = |count: u64| match is_one {
        true => count.min(1),
        false => count.div_ceil(pick.every.max(1).into()),
    };
    let units: u64 = sum(lines.iter().map(|line| u64::from(line.quantity)));
    let (most_lines, most_units) = match pick.counts {
        Counts::Lines => (turns(lines.len() as u64), u64::MAX),
        Counts::Units => (u64::MAX, turns(units)),
    };
    let mut left = most_units.min(pick.limits.units.map_or(u64::MAX, u64::from));
    let of_line = pick.limits.units_of_line.unwrap_or(u32::MAX);
    let mut by_line: Vec<Minor> = Vec::with_capacity(lines.len());
    let mut of_units: Minor = 0;
    for line in lines {
        let units = line.quantity.min(of_line);
        by_line.push(line.list_of(units));
        let some = u32::try_from(left.min(units.into())).unwrap_or(units);
        left -= u64::from(some);
        of_units = of_units.saturating_add(line.list_of(some));
    }
    if !is_in_turn {
        by_line.sort_unstable_by_key(|list| Reverse(*list));
    }
    let most_lines = usize::try_from(most_lines).unwrap_or(usize::MAX);
    let of_lines = sum(by_line.into_iter().take(most_lines));
    let money = pick.limits.money.unwrap_or(Minor::MAX);
    of_lines.min(of_units).min(money)
}

/// So many units of a product, instead of one of another.
#[derive(Clone, Copy)]
struct Exchanged {
    units: u64,
    price: Minor,
}

impl Exchanged {
    fn of(one: &Presented<'_>, running: &Running<'_>) -> Option<Self> {
        let Benefit::Exchange { sku, quantity } = &one.offer.benefit else {
            return None;
        };
        let is_counted = one.offer.formulas().next().is_some();
        let units = if is_counted {
            MAX_FREE_UNITS
        } else {
            *quantity
        };
        Some(Self {
            units: units.into(),
            price: running.price_of(sku).unwrap_or_default(),
        })
    }
}

impl Counted<'_, '_> {
    fn take(&mut self, one: &Presented<'_>) -> Take {
        let offer = one.offer;
        let of_lines = match &offer.scope {
            Scope::Order => None,
            Scope::Lines(lines) => lines.at_most,
        };
        let bounds = [one.at_most, ceiling_of(&offer.benefit), of_lines];
        let cap = bounds.into_iter().flatten().min().unwrap_or(MAX_MINOR);
        let picked = self.picked(&offer.scope);
        let joins = match &offer.benefit {
            Benefit::UnitsFree(_) | Benefit::SameFree { .. } | Benefit::Exchange { .. } => cap,
            _ => 0,
        };
        if offer.bundle.is_some() {
            // What it gives as often as there are sets, of goods that others may bring.
            return Take::Fixed { most: cap, joins };
        }
        let cap = cap.min(picked.unwrap_or(MAX_MINOR));
        let is_counted = offer.formulas().next().is_some();
        if let Benefit::PercentOff { rate, .. } = offer.benefit
            && self.running.basis_of(one) == Basis::Discounted
        {
            let rate = if is_counted { WHOLE } else { rate.into() };
            let lines = self.running.lines.len() as u64;
            let picked = picked.map(|most| share(most, rate).saturating_add(lines));
            return Take::Share {
                rate,
                pool: self.pool(&offer.scope),
                cap: cap.min(picked.unwrap_or(MAX_MINOR)),
            };
        }
        let most = match is_counted {
            true => self.most_counted(one),
            false => self.most(one),
        };
        let most = most.min(cap);
        Take::Fixed {
            most,
            joins: joins.min(most),
        }
    }

    /// All that there is to pay.
    fn all(&self) -> Minor {
        self.running.rest.saturating_add(self.running.shipping)
    }

    /// Where its number may be any.
    fn most_counted(&self, one: &Presented<'_>) -> Minor {
        match &one.offer.benefit {
            Benefit::UnitsFree(units) => {
                let prices = units.iter().map(|unit| self.running.price_of(&unit.sku));
                let prices = sum(prices.map(Option::unwrap_or_default));
                prices.saturating_mul(MAX_FREE_UNITS.into())
            }
            Benefit::SameFree { .. } => self.same_free(one, MAX_FREE_UNITS),
            Benefit::Exchange { .. } => self.exchanged(one),
            Benefit::Credit | Benefit::PointsBack { .. } => 0,
            _ => self.all(),
        }
    }

    fn most(&self, one: &Presented<'_>) -> Minor {
        let scope = &one.offer.scope;
        let brings_lines = !self.exchanges.is_empty();
        match &one.offer.benefit {
            Benefit::PercentOff { rate, .. } => match scope {
                Scope::Order => share(self.running.gross(), (*rate).into()),
                Scope::Lines(_) if brings_lines => self.all(),
                Scope::Lines(_) => {
                    let of_line = |line: &PricedLine| share(line.amount, (*rate).into());
                    self.over(scope, of_line)
                }
            },
            Benefit::AmountOff { amount, spread } => match spread {
                Spread::Order | Spread::ByAmount | Spread::ByQuantity => *amount,
                Spread::EachLine => {
                    let joined = amount.saturating_mul(self.exchanges.len() as u64);
                    self.over(scope, |_| *amount).saturating_add(joined)
                }
                Spread::EachUnit if brings_lines => self.all(),
                Spread::EachUnit => {
                    let units = |line: &PricedLine| amount.saturating_mul(line.quantity.into());
                    self.over(scope, units)
                }
            },
            Benefit::FixedPrice { price } => match scope {
                Scope::Order => self.running.rest.saturating_sub(*price),
                Scope::Lines(lines) if brings_lines || !lines.picks.is_empty() => self.all(),
                Scope::Lines(_) => self.over(scope, |line| {
                    let due = price.saturating_mul(line.quantity.into());
                    line.subtotal().saturating_sub(due).saturating_add(1)
                }),
            },
            Benefit::ShippingFree { .. } => self.running.shipping_free().money(),
            Benefit::UnitsFree(units) => sum(units.iter().map(|unit| {
                let price = self.running.price_of(&unit.sku).unwrap_or_default();
                let units = match unit.joining {
                    Joining::Missing | Joining::Always => unit.quantity,
                };
                price.saturating_mul(units.into())
            })),
            Benefit::SameFree { quantity } => self.same_free(one, *quantity),
            Benefit::Exchange { .. } => self.exchanged(one),
            Benefit::Credit | Benefit::PointsBack { .. } => 0,
        }
    }

    /// More units of every line in scope, of those that an exchange brings too.
    fn same_free(&self, one: &Presented<'_>, quantity: u32) -> Minor {
        let sent = self.over(&one.offer.scope, |line| line.list_of(quantity));
        let brought = sum(self.exchanges.iter().map(|one| one.price));
        sent.saturating_add(brought.saturating_mul(quantity.into()))
    }

    /// Others instead of the units in scope; where there are several exchanges, also instead of
    /// what the others brought.
    fn exchanged(&self, one: &Presented<'_>) -> Minor {
        let Some(Exchanged { units, price }) = Exchanged::of(one, self.running) else {
            return 0;
        };
        let instead = price.saturating_mul(units);
        if let [_] = self.exchanges[..] {
            return self.over(&one.offer.scope, |line| {
                let more = instead.saturating_sub(line.unit_price);
                more.saturating_mul(line.quantity.into())
            });
        }
        let sent = self.running.lines.iter();
        let sent = sum(sent.map(|line| u64::from(line.priced.quantity)));
        let exchanges = self.exchanges.iter();
        let all = exchanges.fold(sent, |all, one| all.saturating_mul(one.units.max(1)));
        all.saturating_mul(price)
    }

    /// The list price of what is picked at most; `None` where it may be everything.
    fn picked(&self, scope: &Scope) -> Option<Minor> {
        let Scope::Lines(lines) = scope else {
            return None;
        };
        if lines.picks.is_empty() || !self.exchanges.is_empty() {
            return None;
        }
        let members = self.members(scope).into_iter();
        let all = self.running.lines.iter().zip(members);
        let all = all.filter(|(_, is_member)| *is_member);
        let all: Vec<&PricedLine> = all.map(|(line, _)| &line.priced).collect();
        let is_in_turn = !self.running.is_once();
        let picked = |pick: &Pick| picked_by(pick, (all.clone(), is_in_turn));
        Some(sum(lines.picks.iter().map(picked)))
    }

    /// Added up over the lines that can be in scope.
    fn over(&self, scope: &Scope, of_line: impl Fn(&PricedLine) -> Minor) -> Minor {
        let members = self.members(scope).into_iter();
        let lines = self.running.lines.iter().zip(members);
        let lines = lines.filter(|(_, is_member)| *is_member);
        sum(lines.map(|(line, _)| of_line(&line.priced)))
    }

    fn members(&self, scope: &Scope) -> Vec<bool> {
        let all = || vec![true; self.running.lines.len()];
        let Scope::Lines(lines) = scope else {
            return all();
        };
        let mut reads = lines.of.reads().into_iter();
        if reads.any(|path| CHANGING.contains(&path.as_str())) {
            return all();
        }
        let facts = self.running.line_facts();
        facts
            .map(|facts| lines.of.evaluate(facts).is_met())
            .collect()
    }

    fn pool(&mut self, scope: &Scope) -> usize {
        let of = match scope {
            Scope::Order => None,
            Scope::Lines(lines) => Some(lines.of.clone()),
        };
        let known = self.pools.iter().position(|pool| pool.of == of);
        known.unwrap_or_else(|| {
            let members = self.members(scope);
            self.pools.push(Pool { of, members });
            self.pools.len() - 1
        })
    }
}
