//! What is a loyalty programme? Cards with points, what earns them, what they are worth at the
//! till, and when they lapse.

mod card;
mod earning;
mod lapsing;

pub use card::{CardMove, Lot, NEVER, PointsCard, Rate, Rewarded, Spent, draw, first, soonest};
pub use earning::{
    CountedPoints, Earned, EarningRule, Earns, LoyaltyTier, Mapping, Measure, Occurrence, OfItems,
    Programme, TierMove, Trigger, earned, moved_between, tier_of,
};
pub use lapsing::{Lapse, Rounding, day_of};

#[cfg(test)]
mod tests;
