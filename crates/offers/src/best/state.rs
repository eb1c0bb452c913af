//! What does the order look like with the redeemables so far, and which can be the next?

use std::hash::{DefaultHasher, Hash, Hasher};

use ledger::AccountId;
use rules::{Facts, LINES, Path, Reads};

use super::{
    Bounds, Candidate, MAX_CANDIDATES, Room, pays,
    turns::{Standing, Turn, Turns},
};
use crate::{
    Asking, Benefit, CapUnit, CategoryId, Minor, Order, Presented, Stack, StackingRules,
    benefit::Cut,
    qualify::{open_to, qualify},
    quote::beside,
    running::Running,
    stack::{Rank, rank},
};

/// What is searched among.
pub(super) struct Problem<'a> {
    pub(super) candidates: Vec<Prepared<'a>>,
    /// Those that are left aside, for there are too many.
    aside: Vec<Prepared<'a>>,
    facts: Facts,
    /// What rules read of the order as it changes.
    moving: Reads,
    turns: Turns,
    asking: Asking,
    pub(super) rules: &'a StackingRules,
}

/// A candidate, with what need not be worked out again.
pub(super) struct Prepared<'a> {
    place: usize,
    pub(super) presented: Presented<'a>,
    pub(super) limits: Vec<Room>,
    /// Its limits, whosever they are that nobody else takes from.
    shape: Vec<Room>,
    rank: Rank,
    turn: Turn,
    /// Those before it that do the same: they go first.
    twins: u64,
    /// Its rules read what changes while others apply.
    pub(super) is_moved: bool,
    /// Neither exclusive nor joint.
    is_common: bool,
    /// It shuts out what is common.
    shuts: bool,
    pub(super) gives_points: bool,
}

/// The order with some of them.
#[derive(Clone)]
pub(super) struct State<'a> {
    pub(super) running: Running<'a>,
    stack: Stack<'a>,
    pub(super) sums: Sums,
    /// In the order in which they apply.
    sequence: Vec<usize>,
    /// What was taken from limits.
    spent: Vec<(Room, u64)>,
    has_common: bool,
    is_shut: bool,
}

/// Which are used, and what that comes to.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) used: u64,
    pub(super) saved: Minor,
    pub(super) points: u64,
}

/// All that the future of a state depends on, in 128 bits: that two of the millions a search may
/// meet are taken for one is less likely than one in 10²⁵.
pub(super) type Signature = (u64, u64);

type Asked<'a> = (&'a Order, &'a Facts, &'a Reads);

impl<'a> Problem<'a> {
    /// With the order before all of them.
    pub(super) fn new(
        (order, facts, reads): Asked<'a>,
        candidates: &[Candidate<'a>],
        (asking, rules): (Asking, &'a StackingRules),
    ) -> (Self, State<'a>) {
        let running = Running::for_scopes(order, (facts, reads)).under(rules);
        let seen = beside(facts, running.facts(&Reads::everything()));
        let root = State {
            running,
            stack: Stack::default(),
            sums: Sums::default(),
            sequence: Vec::new(),
            spent: Vec::new(),
            has_common: false,
            is_shut: false,
        };
        let joins = candidates.iter().any(|one| brings_lines(&one.presented));
        let is_moving = |path: &Path| changes(path, joins);
        let prepare = |(place, one): (usize, &Candidate<'a>)| {
            let one = Candidate {
                limits: binding(one, candidates),
                ..*one
            };
            let is_moved = reads_of(&one.presented).any(|path| is_moving(&path));
            prepared(
                (place, one, is_moved),
                (&root, &seen, asking),
                (candidates, rules),
            )
        };
        let all: Vec<Prepared<'a>> = candidates.iter().enumerate().filter_map(prepare).collect();
        let (mut kept, aside) = promising(all, &root);
        mark_twins(&mut kept);
        let moved = kept.iter().filter(|one| one.is_moved);
        let moving: Reads = moved.flat_map(|one| reads_of(&one.presented)).collect();
        let known = facts.iter().filter(|(path, _)| moving.wants(path.as_str()));
        let facts = known.map(|(path, value)| (path.clone(), value)).collect();
        let problem = Self {
            turns: Turns::among(&kept, rules),
            candidates: kept,
            aside,
            facts,
            moving,
            asking,
            rules,
        };
        (problem, root)
    }

    pub(super) fn mask(&self, places: &[usize]) -> u64 {
        let all = self.candidates.iter().zip(0..);
        let chosen = all.filter(|(one, _)| places.contains(&one.place));
        chosen.fold(0, |mask, (_, at)| mask | 1_u64 << at)
    }

    /// What a combination might save where some were left aside.
    pub(super) fn most_with_rest(&self, root: &State<'a>) -> Minor {
        if self.aside.is_empty() {
            return 0;
        }
        let all = self.candidates.iter().chain(&self.aside);
        let open = all.clone().map(|one| &one.presented).enumerate();
        Bounds::new(root, all).most_of(root, open, self.rules)
    }
}

/// Those among which is searched, and those that are left aside.
fn promising<'a>(
    mut all: Vec<Prepared<'a>>,
    root: &State<'a>,
) -> (Vec<Prepared<'a>>, Vec<Prepared<'a>>) {
    if all.len() <= MAX_CANDIDATES {
        return (all, Vec::new());
    }
    let gives = |one: &Prepared<'a>| {
        let cut = root.running.cut_by(&one.presented);
        cut.map_or(0, |cut| cut.money())
    };
    all.sort_by_cached_key(|one| std::cmp::Reverse(gives(one)));
    let aside = all.split_off(MAX_CANDIDATES);
    all.sort_by_key(|one| one.place);
    (all, aside)
}

/// The limits that one redeemable by itself, or with others, may pass.
fn binding(one: &Candidate<'_>, all: &[Candidate<'_>]) -> Vec<Room> {
    let mut limits = one.limits.clone();
    limits.retain(|room| match room.unit {
        CapUnit::Uses => room.left == 0 || is_shared(room, all),
        CapUnit::Money => true,
        // What the order costs and what pays are judged for each by itself, before the search.
        CapUnit::Touches | CapUnit::Orders | CapUnit::Credit => false,
    });
    limits
}

/// Whether several take from a limit.
fn is_shared(room: &Room, all: &[Candidate<'_>]) -> bool {
    let takes = |one: &&Candidate<'_>| one.limits.iter().any(|own| own.account == room.account);
    all.iter().filter(takes).nth(1).is_some()
}

/// `None` of what can never be used, and of what pays.
fn prepared<'a>(
    (place, one, is_moved): (usize, Candidate<'a>, bool),
    (root, seen, asking): (&State<'a>, &Facts, Asking),
    (all, rules): (&[Candidate<'a>], &StackingRules),
) -> Option<Prepared<'a>> {
    let presented = one.presented;
    let qualifies = qualify(&presented, seen, asking).is_ok();
    let can_ever = match is_moved {
        true => open_to(&presented, seen, asking).is_ok(),
        false => qualifies,
    };
    if pays(&presented) || !can_ever {
        return None;
    }
    let is_exclusive = rules.is_exclusive(&presented);
    let applies = || qualifies && root.running.cut_or_nothing(&presented).is_ok();
    let shape = |room: &Room| match is_shared(room, all) {
        true => *room,
        false => Room {
            account: AccountId::default(),
            ..*room
        },
    };
    Some(Prepared {
        place,
        presented,
        shape: one.limits.iter().map(shape).collect(),
        limits: one.limits,
        rank: rank(&presented, rules),
        turn: Turn::of(&presented, rules),
        twins: 0,
        is_moved,
        is_common: !is_exclusive && !rules.is_joint(&presented),
        shuts: is_exclusive && applies(),
        gives_points: matches!(presented.offer.benefit, Benefit::PointsBack { .. }),
    })
}

fn reads_of(one: &Presented<'_>) -> impl Iterator<Item = Path> {
    let of_campaign = one.campaign.rule.reads();
    of_campaign.into_iter().chain(one.offer.rule.reads())
}

/// What an order tells of itself that changes while benefits apply.
const CHANGING: [&str; 7] = [
    "order.amount",
    "order.discount",
    "order.shipping",
    "order.total_amount",
    "line.amount",
    "line.discounted",
    "line.subtotal",
];

/// Whether a fact changes while benefits apply; where lines may join or give way, all that counts
/// them does.
fn changes(path: &Path, joins: bool) -> bool {
    let path = path.as_str();
    let is_counted = || {
        path == LINES
            || path.starts_with("line.")
            || path.starts_with("order.items")
            || path == "order.units"
    };
    CHANGING.contains(&path) || joins && is_counted()
}

fn brings_lines(one: &Presented<'_>) -> bool {
    matches!(
        one.offer.benefit,
        Benefit::UnitsFree(_) | Benefit::SameFree { .. } | Benefit::Exchange { .. }
    )
}

fn mark_twins(all: &mut [Prepared<'_>]) {
    for at in 1..all.len() {
        let (before, rest) = all.split_at_mut(at);
        let Some(one) = rest.first_mut() else { break };
        let twins = before
            .iter()
            .zip(0..)
            .filter(|(other, _)| other.is_twin_of(one));
        one.twins = twins.fold(0, |mask, (_, at)| mask | 1_u64 << at);
    }
}

impl Prepared<'_> {
    /// Whether it makes no difference which of the two is used.
    fn is_twin_of(&self, other: &Self) -> bool {
        let (one, two) = (&self.presented, &other.presented);
        let (offer, same) = (one.offer, two.offer);
        self.rank == other.rank
            && one.category == two.category
            && one.at_most == two.at_most
            && one.units == two.units
            && one.campaign.stacking == two.campaign.stacking
            && one.campaign.rule == two.campaign.rule
            && offer.rule == same.rule
            && offer.benefit == same.benefit
            && offer.formula == same.formula
            && offer.scope == same.scope
            && self.shape == other.shape
    }
}

impl<'a> State<'a> {
    pub(super) fn has(&self, place: usize) -> bool {
        self.sums.used & 1 << place != 0
    }

    /// The places among the candidates of what is used, in order, and of one more.
    pub(super) fn places_with(&self, place: usize, problem: &Problem<'a>) -> Vec<usize> {
        let used = self.sequence.iter().chain([&place]);
        let used = used.filter_map(|at| problem.candidates.get(*at));
        used.map(|one| one.place).collect()
    }

    /// Whether it may stand behind what is used, by the stacking rules alone.
    pub(super) fn could_be_next(
        &self,
        place: usize,
        one: &Prepared<'a>,
        problem: &Problem<'a>,
    ) -> bool {
        let before = self.last_beside(one, problem);
        let is_forbidden = |before| problem.turns.forbid(before, (place, one.turn));
        self.could_follow((place, one), problem)
            && one.twins & !self.sums.used == 0
            && !before.is_some_and(is_forbidden)
    }

    /// The last of those that are used, where it has the same rank.
    fn last_beside(&self, one: &Prepared<'a>, problem: &Problem<'a>) -> Option<Standing> {
        let at = *self.sequence.last()?;
        let last = problem.candidates.get(at)?;
        (last.rank == one.rank).then_some((at, last.turn))
    }

    /// The same, now or later.
    pub(super) fn could_follow(
        &self,
        (place, one): (usize, &Prepared<'a>),
        problem: &Problem<'a>,
    ) -> bool {
        let rules = problem.rules;
        let is_behind = match self.stack.applied.last() {
            Some(last) => rank(last, rules) <= one.rank,
            None => true,
        };
        let before = self.last_beside(one, problem);
        let is_over = |before| problem.turns.end(before, (place, one.turn));
        let is_shut_out = one.shuts && self.has_common || one.is_common && self.is_shut;
        is_behind
            && !is_shut_out
            && !before.is_some_and(is_over)
            && !self.has(place)
            && self.stack.has_room(&one.presented, rules).is_ok()
            && self.stack.admits(&one.presented).is_ok()
    }

    /// What one more would take; `None` where it is refused, or changes nothing.
    pub(super) fn cut_by(
        &self,
        one: &Prepared<'a>,
        problem: &Problem<'a>,
    ) -> Option<(Presented<'a>, Cut)> {
        let mut presented = one.presented;
        if one.is_moved {
            let now = self.running.facts(&problem.moving);
            let seen = beside(&problem.facts, now);
            qualify(&presented, &seen, problem.asking).ok()?;
        }
        let mut cut = self.running.cut_or_nothing(&presented).ok()?;
        if let Some(most) = self.room_for(one, &cut)? {
            presented.at_most = Some(most);
            cut = self.running.cut_or_nothing(&presented).ok()?;
            if self.room_for(one, &cut)?.is_some() {
                return None;
            }
        }
        (!cut.gives_nothing()).then_some((presented, cut))
    }

    /// What it would come to with one more that takes so much.
    pub(super) fn sums_with(&self, place: usize, cut: &Cut) -> Sums {
        Sums {
            used: self.sums.used | 1 << place,
            saved: self.sums.saved.saturating_add(cut.money()),
            points: self.sums.points.saturating_add(cut.points),
        }
    }

    /// With one more that takes so much.
    pub(super) fn with(
        &self,
        (place, one): (usize, &Prepared<'a>),
        (presented, cut): (Presented<'a>, Cut),
    ) -> Self {
        let mut after = self.clone();
        after.sums = self.sums_with(place, &cut);
        after.spend(one, &cut);
        after.running.take(&presented, cut);
        after.stack.applied.push(presented);
        after.sequence.push(place);
        after.has_common |= one.is_common;
        after.is_shut |= one.shuts;
        after
    }

    /// How much it may take at most where a limit has less left than it would take; `None` where it
    /// may take nothing.
    #[expect(clippy::option_option, reason = "refused, or with what bound if any")]
    fn room_for(&self, one: &Prepared<'a>, cut: &Cut) -> Option<Option<Minor>> {
        let mut most: Option<Minor> = None;
        for room in &one.limits {
            let left = room.left.saturating_sub(self.spent_of(room));
            if needs(room, cut) <= left {
                continue;
            }
            if !room.grant_remainder || left == 0 {
                return None;
            }
            most = Some(most.map_or(left, |most| most.min(left)));
        }
        Some(most)
    }

    /// How many more may apply.
    pub(super) fn room(&self, rules: &StackingRules) -> usize {
        let most = usize::try_from(rules.most).unwrap_or(usize::MAX);
        most.saturating_sub(self.stack.applied.len())
    }

    /// How many more of a category may, where that is bounded.
    pub(super) fn room_of(&self, id: CategoryId, rules: &StackingRules) -> Option<usize> {
        let most = usize::try_from(rules.most_of(id)?).ok()?;
        let applied = self.stack.applied.iter();
        let mine = applied.filter(|one| one.category.is_some_and(|category| category.id == id));
        Some(most.saturating_sub(mine.count()))
    }

    fn spent_of(&self, room: &Room) -> u64 {
        let mut spent = self.spent.iter();
        let found = spent.find(|(other, _)| other.account == room.account);
        found.map_or(0, |(_, spent)| *spent)
    }

    fn spend(&mut self, one: &Prepared<'a>, cut: &Cut) {
        for room in &one.limits {
            let need = needs(room, cut);
            let mut spent = self.spent.iter_mut();
            match spent.find(|(other, _)| other.account == room.account) {
                Some((_, spent)) => *spent = spent.saturating_add(need),
                None => self.spent.push((*room, need)),
            }
        }
    }

    pub(super) fn signature(&self) -> Signature {
        let print = |seed: u64| {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            self.tell(&mut hasher);
            hasher.finish()
        };
        (print(0), print(1))
    }

    fn tell(&self, hasher: &mut impl Hasher) {
        let running = &self.running;
        (
            self.sums.used,
            self.sums.saved,
            running.rest,
            running.shipping,
        )
            .hash(hasher);
        for line in &running.lines {
            let priced = &line.priced;
            (
                priced.quantity,
                priced.free,
                priced.discount,
                line.is_touched,
            )
                .hash(hasher);
        }
        let mut spent = self.spent.clone();
        spent.sort_unstable_by_key(|(room, _)| room.account);
        for (_, spent) in spent {
            spent.hash(hasher);
        }
        for (account, units) in &running.drawn {
            (account, units).hash(hasher);
        }
        for line in running.lines.iter().skip(running.sent()) {
            line.priced.sku.hash(hasher);
        }
    }
}

fn needs(room: &Room, cut: &Cut) -> u64 {
    match room.unit {
        CapUnit::Uses => 1,
        CapUnit::Money => cut.money(),
        CapUnit::Touches | CapUnit::Orders | CapUnit::Credit => 0,
    }
}
