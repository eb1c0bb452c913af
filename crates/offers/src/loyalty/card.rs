//! Which points of a card move, and between which accounts?
//!
//! Points that lapse together are a lot: an account of its own, so that none can go below zero and
//! what comes back lapses on the day it would have.

use ledger::{AccountId, Asset, Opening};
use serde::{Deserialize, Serialize};

use crate::book::Movement;
use crate::chart::{self, AccountKind, Counter, Reason, empty};
use crate::{CampaignId, GiftCard, Minor, VoucherId};

/// The day of points that never lapse.
pub const NEVER: u32 = 0;

/// A card of a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointsCard {
    pub programme: CampaignId,
    pub card: VoucherId,
}

/// Points that lapse when their day, counted from 1970 in UTC, has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    pub day: u32,
    pub points: Minor,
}

/// Points of a card that are spent on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent<'a> {
    pub card: PointsCard,
    /// From where, in this order.
    pub lots: &'a [Lot],
    pub points: Minor,
}

/// A reward that points of a card buy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rewarded<'a> {
    pub spent: Spent<'a>,
    pub reward: u64,
    /// Where there are only so many.
    pub stock: Option<&'a Counter>,
    /// A gift card that it gives, and what is put on it.
    pub gift: Option<(GiftCard, Minor)>,
}

/// What points are worth at the till: so many take so much money off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub points: Minor,
    pub money: Minor,
}

/// Why points move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardMove {
    /// The shop puts them on.
    Added,
    /// An order or an event earned them.
    Earned,
    /// What they were earned by is undone.
    Unearned,
    /// The shop takes them off.
    Withdrawn,
    Spent,
    Lapsed,
}

impl Lot {
    fn is_alive(&self, today: u32) -> bool {
        self.day == NEVER || self.day >= today
    }

    /// What lapses first goes first, what never does last.
    fn rank(&self) -> (bool, u32) {
        (self.day == NEVER, self.day)
    }
}

/// So many points out of what has not lapsed, what lapses first first; `None` where there are not
/// so many.
#[must_use]
pub fn draw(lots: &[Lot], points: Minor, today: u32) -> Option<Vec<Lot>> {
    let mut alive: Vec<Lot> = lots.to_vec();
    alive.retain(|lot| lot.is_alive(today));
    alive.sort_by_key(Lot::rank);
    let drawn = first(&alive, points);
    (balance(&drawn) == points).then_some(drawn)
}

/// The first so many points of these lots, as far as there are so many.
#[must_use]
pub fn first(lots: &[Lot], points: Minor) -> Vec<Lot> {
    let mut wanted = points;
    let mut drawn = Vec::new();
    for lot in lots {
        let points = lot.points.min(wanted);
        wanted -= points;
        if points > 0 {
            drawn.push(Lot { points, ..*lot });
        }
    }
    drawn
}

/// What lapses next.
#[must_use]
pub fn soonest(lots: &[Lot], today: u32) -> Option<Lot> {
    let lapsing = lots.iter().filter(|lot| lot.day != NEVER && lot.points > 0);
    let lapsing = lapsing.filter(|lot| lot.is_alive(today));
    lapsing.min_by_key(|lot| lot.day).copied()
}

fn balance(lots: &[Lot]) -> Minor {
    lots.iter()
        .map(|lot| lot.points)
        .fold(0, Minor::saturating_add)
}

impl Rate {
    /// What so many points take off: rounded down.
    #[must_use]
    pub fn worth(&self, points: Minor) -> Minor {
        let exact = u128::from(points) * u128::from(self.money) / u128::from(self.points.max(1));
        Minor::try_from(exact).unwrap_or(Minor::MAX)
    }

    /// The fewest points that take so much off.
    #[must_use]
    pub fn price(&self, money: Minor) -> Minor {
        let exact = u128::from(money) * u128::from(self.points);
        let whole = exact.div_ceil(u128::from(self.money.max(1)));
        Minor::try_from(whole).unwrap_or(Minor::MAX)
    }
}

impl PointsCard {
    pub(crate) fn movement(&self, lot: Lot, way: CardMove) -> Movement {
        let (other, reason) = match way {
            CardMove::Added => (AccountKind::PointsGiven, Reason::PointsAdded),
            CardMove::Earned | CardMove::Unearned => {
                (AccountKind::PointsGiven, Reason::PointsEarned)
            }
            CardMove::Withdrawn => (AccountKind::PointsWithdrawn, Reason::PointsWithdrawn),
            CardMove::Spent => (AccountKind::PointsSpent, Reason::PointsSpent),
            CardMove::Lapsed => (AccountKind::CardBreakage, Reason::PointsLapsed),
        };
        let lots = chart::lot(self.card, lot.day);
        let lots = self.opening(AccountKind::CardPoints, lots);
        let other = self.opening(other, chart::of_card(other, self.programme, self.card));
        let (debit, credit) = match way {
            CardMove::Added | CardMove::Earned => (other, lots),
            CardMove::Unearned | CardMove::Withdrawn | CardMove::Spent | CardMove::Lapsed => {
                (lots, other)
            }
        };
        Movement {
            debit,
            credit,
            amount: lot.points,
            reason,
        }
    }

    fn opening(&self, kind: AccountKind, id: AccountId) -> Opening {
        empty(kind, id, Asset::Points(self.programme.0))
    }
}

impl Spent<'_> {
    pub(crate) fn movements(&self) -> Vec<Movement> {
        let lots = first(self.lots, self.points);
        let spend = |lot| self.card.movement(lot, CardMove::Spent);
        lots.into_iter().map(spend).collect()
    }
}

impl Rewarded<'_> {
    pub(crate) fn movements(&self) -> Vec<Movement> {
        let mut movements = self.spent.movements();
        movements.push(match self.stock {
            Some(stock) => stock.movement(1),
            None => {
                let (debit, credit) = chart::unstocked(self.reward);
                Movement {
                    debit,
                    credit,
                    amount: 1,
                    reason: Reason::Use,
                }
            }
        });
        movements.extend(self.gift.map(|(card, amount)| card.load(amount)));
        movements
    }
}
