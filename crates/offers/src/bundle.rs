//! How many complete sets of goods does an order hold?

use std::sync::Arc;

use rules::{Condition, Facts};
use serde::{Deserialize, Serialize};

use crate::{Benefit, Offer, PickLimits, PricedLine, Scope, Spread};

/// Parts of one set.
pub const MAX_PARTS: usize = 8;

/// Goods that must be in an order together. What an offer gives, it gives for each complete set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// At least one and at most [`MAX_PARTS`], the most specific first.
    pub parts: Vec<Part>,
    /// Sets that count, at most; at least 1.
    pub most: u32,
}

/// So many units of goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub kind: GoodsKind,
    /// What the shop calls them.
    pub name: Arc<str>,
    /// Over `line.*` facts.
    pub of: Condition,
    /// At least 1.
    pub units: u32,
}

/// The more specific first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GoodsKind {
    Sku,
    Product,
    Collection,
}

/// What an order holds of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sets {
    /// Complete ones that count.
    pub count: u32,
    /// The units that make them up.
    pub units: Vec<Member>,
    /// Where there is no complete set: what the first one lacks.
    pub missing: Vec<Missing>,
}

/// Goods of which so many units more are needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub kind: GoodsKind,
    pub name: Arc<str>,
    pub units: u32,
}

/// Units of a line that serve a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub part: usize,
    pub line: usize,
    pub units: u32,
}

/// Which parts the units of a line can serve, as bits.
#[derive(Clone, Copy)]
struct Serves {
    line: usize,
    parts: u32,
    units: u32,
}

impl Bundle {
    /// A unit serves one set. The most sets are found (Hall 1935: there are enough units for so
    /// many exactly when there are for every choice of parts).
    pub(crate) fn sets<'l>(
        &self,
        lines: impl Iterator<Item = (&'l PricedLine, &'l Facts)>,
    ) -> Sets {
        let serves: Vec<Serves> = lines
            .enumerate()
            .map(|(line, (priced, facts))| Serves {
                line,
                parts: self.served_by(facts),
                units: priced.quantity,
            })
            .filter(|one| one.parts != 0 && one.units > 0)
            .collect();
        let count = self.complete(&serves).min(self.most);
        let wanted = self.parts.iter().map(|part| part.units);
        let wanted: Vec<u32> = wanted
            .map(|units| units.saturating_mul(count.max(1)))
            .collect();
        let (units, missing) = assigned(&wanted, serves);
        match count {
            0 => Sets {
                missing: self.named(&missing),
                ..Sets::default()
            },
            _ => Sets {
                count,
                units,
                missing: Vec::new(),
            },
        }
    }

    fn named(&self, missing: &[(usize, u32)]) -> Vec<Missing> {
        let parts = missing.iter().filter_map(|(at, units)| {
            let part = self.parts.get(*at)?;
            Some(Missing {
                kind: part.kind,
                name: part.name.clone(),
                units: *units,
            })
        });
        parts.collect()
    }

    fn served_by(&self, facts: &Facts) -> u32 {
        let parts = self.parts.iter().take(MAX_PARTS).enumerate();
        let served = parts.filter(|(_, part)| part.of.evaluate(facts).is_met());
        served.fold(0, |all, (at, _)| all | 1 << at)
    }

    fn complete(&self, serves: &[Serves]) -> u32 {
        let parts = self.parts.len().min(MAX_PARTS);
        let mut fewest = u64::MAX;
        for chosen in 1_u32..1 << parts {
            let of_parts = self.parts.iter().enumerate();
            let of_parts = of_parts.filter(|(at, _)| chosen & 1 << at != 0);
            let asked: u64 = of_parts.map(|(_, part)| u64::from(part.units)).sum();
            let useful = serves.iter().filter(|one| one.parts & chosen != 0);
            let there: u64 = useful.map(|one| u64::from(one.units)).sum();
            fewest = fewest.min(there.checked_div(asked).unwrap_or(0));
        }
        u32::try_from(fewest).unwrap_or(u32::MAX)
    }
}

/// Gives units to parts, and tells what is missing of which part. Where a part finds nothing free,
/// another part moves to other units if it can (augmenting paths; Ford and Fulkerson 1956).
fn assigned(wanted: &[u32], serves: Vec<Serves>) -> (Vec<Member>, Vec<(usize, u32)>) {
    let mut given = vec![vec![0_u32; wanted.len()]; serves.len()];
    let mut missing = Vec::new();
    for (part, wanted) in wanted.iter().enumerate() {
        let mut left = *wanted;
        while left > 0 {
            let moved = augment(part, left, (&serves, &mut given));
            if moved == 0 {
                missing.push((part, left));
                break;
            }
            left -= moved;
        }
    }
    let members = serves.iter().zip(&given).flat_map(|(one, given)| {
        let of_parts = given.iter().enumerate().filter(|(_, units)| **units > 0);
        of_parts.map(|(part, units)| Member {
            part,
            line: one.line,
            units: *units,
        })
    });
    let mut members: Vec<Member> = members.collect();
    members.sort_by_key(|one| (one.part, one.line));
    (members, missing)
}

/// Finds at most so many units for a part; 0 where there are none to be had.
fn augment(part: usize, most: u32, (serves, given): (&[Serves], &mut [Vec<u32>])) -> u32 {
    // Breadth first over parts; each remembers the line through which it was reached.
    let mut reached: Vec<Option<(usize, usize)>> = vec![None; MAX_PARTS];
    let mut queue = std::collections::VecDeque::from([part]);
    let mut seen = 1_u32 << part;
    while let Some(at) = queue.pop_front() {
        for (line, one) in serves.iter().enumerate() {
            if one.parts & 1 << at == 0 {
                continue;
            }
            let Some(taken) = given.get(line) else {
                continue;
            };
            let free = one.units - taken.iter().sum::<u32>();
            if free > 0 {
                return shift(part, (at, line), (most.min(free), &reached), given);
            }
            for (other, units) in taken.iter().enumerate() {
                if *units > 0 && seen & 1 << other == 0 {
                    seen |= 1 << other;
                    if let Some(place) = reached.get_mut(other) {
                        *place = Some((at, line));
                    }
                    queue.push_back(other);
                }
            }
        }
    }
    0
}

/// Gives the free units of a line to the last part on a path, and what that frees to the one
/// before it, back to the first.
fn shift(
    first: usize,
    (mut at, mut line): (usize, usize),
    (most, reached): (u32, &[Option<(usize, usize)>]),
    given: &mut [Vec<u32>],
) -> u32 {
    let mut path = vec![(at, line)];
    let mut units = most;
    while at != first {
        let Some(Some((before, through))) = reached.get(at).copied() else {
            return 0;
        };
        let held = given.get(through).and_then(|taken| taken.get(at));
        units = units.min(held.copied().unwrap_or(0));
        (at, line) = (before, through);
        path.push((at, line));
    }
    let mut gives_up = None;
    for (part, line) in path {
        if let Some(taken) = given.get_mut(line) {
            if let Some(place) = taken.get_mut(part) {
                *place += units;
            }
            if let Some(place) = gives_up.and_then(|other: usize| taken.get_mut(other)) {
                *place -= units;
            }
        }
        gives_up = Some(part);
    }
    units
}

impl Offer {
    /// What it gives for so many sets: numbers and bounds in units as often, prices and bounds in
    /// money as they are. An amount for each unit stays what it is.
    pub(crate) fn for_sets(&self, sets: u32) -> Self {
        let mut all = self.clone();
        let often = |number: u64| number.saturating_mul(sets.into());
        let often_units = |units: u32| units.saturating_mul(sets);
        match &mut all.benefit {
            Benefit::PercentOff { rate, .. } => *rate = often_units(*rate).min(1_000_000),
            Benefit::AmountOff {
                spread: Spread::EachUnit,
                ..
            } => {}
            Benefit::AmountOff { amount, .. } => *amount = often(*amount),
            Benefit::UnitsFree(units) => units
                .iter_mut()
                .for_each(|one| one.quantity = often_units(one.quantity)),
            Benefit::SameFree { quantity } => *quantity = often_units(*quantity),
            Benefit::PointsBack { points, .. } => *points = often(*points),
            Benefit::FixedPrice { .. }
            | Benefit::ShippingFree { .. }
            | Benefit::Exchange { .. }
            | Benefit::Credit => {}
        }
        if let Scope::Lines(lines) = &mut all.scope {
            for pick in &mut lines.picks {
                let PickLimits {
                    units_of_line,
                    units,
                    ..
                } = &mut pick.limits;
                *units_of_line = units_of_line.map(often_units);
                *units = units.map(often_units);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop;

    /// Units of any of these words.
    fn part(words: &str, units: u32) -> Part {
        let one = |word| Condition::test("line.category", rules::Op::Equal, word);
        Part {
            kind: GoodsKind::Collection,
            name: words.into(),
            of: Condition::any(words.split('|').map(one)),
            units,
        }
    }

    /// Lines as units of a word, parts as units of words; the sets, and what is missing.
    #[track_caller]
    fn check(lines: &[(&str, u32)], parts: &[(&str, u32)], count: u32, missing: &[(&str, u32)]) {
        let order = lines.iter().map(|(word, units)| {
            let mut facts = Facts::default();
            facts.set("line.category", *word);
            (shop::priced_line(*units), facts)
        });
        let order: Vec<_> = order.collect();
        let parts = parts.iter().map(|(words, units)| part(words, *units));
        let bundle = Bundle {
            parts: parts.collect(),
            most: 100,
        };
        let sets = bundle.sets(order.iter().map(|(line, facts)| (line, facts)));
        let lacks: Vec<_> = sets
            .missing
            .iter()
            .map(|one| (&*one.name, one.units))
            .collect();
        assert_eq!((sets.count, &lacks[..]), (count, missing), "{sets:?}");
        // What makes the sets up is there, once, and what each part asks for.
        for (at, (_, facts)) in order.iter().enumerate() {
            let of_line = sets.units.iter().filter(|one| one.line == at);
            let used: u32 = of_line.clone().map(|one| one.units).sum();
            assert!(used <= order[at].0.quantity);
            for one in of_line {
                assert!(bundle.parts[one.part].of.evaluate(facts).is_met());
            }
        }
        for (at, part) in bundle.parts.iter().enumerate() {
            let of_part = sets.units.iter().filter(|one| one.part == at);
            let used: u32 = of_part.map(|one| one.units).sum();
            assert_eq!(used, part.units * count);
        }
    }

    #[test]
    fn sets_are_counted_whole() {
        check(&[("tea", 3), ("pot", 1)], &[("tea", 1), ("pot", 1)], 1, &[]);
        check(&[("tea", 3), ("pot", 2)], &[("tea", 1), ("pot", 1)], 2, &[]);
        check(&[("tea", 5)], &[("tea", 2)], 2, &[]);
        check(&[("tea", 5)], &[("tea", 2), ("pot", 1)], 0, &[("pot", 1)]);
        check(&[], &[("tea", 2), ("pot", 1)], 0, &[("tea", 2), ("pot", 1)]);
        check(&[("tea", 1), ("tea", 1)], &[("tea", 2)], 1, &[]);
    }

    #[test]
    fn a_unit_serves_one_set_and_parts_give_way_to_each_other() {
        // The second part would take the only pot, which the third needs.
        let parts = [("pot|tea", 1), ("pot", 1)];
        check(&[("pot", 1), ("tea", 1)], &parts, 1, &[]);
        check(&[("pot", 2), ("tea", 4)], &parts, 2, &[]);
        check(&[("pot", 2)], &[("pot|tea", 1), ("pot", 1)], 1, &[]);
        let chain = [("a|b", 1), ("b|c", 1), ("c", 1), ("a", 1)];
        check(&[("a", 1), ("b", 2), ("c", 1)], &chain, 1, &[]);
        check(&[("a", 3), ("b", 1), ("c", 3)], &chain, 1, &[]);
        check(&[("a", 4), ("b", 4), ("c", 4)], &chain, 3, &[]);
    }

    #[test]
    fn the_most_sets_are_those_of_trying_every_assignment() {
        // Every order of up to three units of three words against overlapping parts.
        let parts = [("a|b", 1), ("b|c", 2)];
        for units in 0..64_u32 {
            let (a, b, c) = (units % 4, units / 4 % 4, units / 16);
            let most = (0..=6).rev().find(|sets| {
                // So many of b go to the first part.
                (0..=b).any(|first| a + first >= *sets && b - first + c >= 2 * sets)
            });
            let order = [("a", a), ("b", b), ("c", c)];
            let facts_of = |word: &str| {
                let mut facts = Facts::default();
                facts.set("line.category", word);
                facts
            };
            let lines: Vec<_> = order
                .iter()
                .map(|(word, units)| (shop::priced_line(*units), facts_of(word)))
                .collect();
            let bundle = Bundle {
                parts: parts
                    .iter()
                    .map(|(words, units)| part(words, *units))
                    .collect(),
                most: 100,
            };
            let sets = bundle.sets(lines.iter().map(|(line, facts)| (line, facts)));
            assert_eq!(Some(sets.count), most, "{order:?}");
        }
    }
}
