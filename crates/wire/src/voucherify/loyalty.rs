//! How is a loyalty programme written? Cards with points, earning rules, tiers, and rewards.

mod card;
mod earning;
mod reward;
mod tier;

pub use card::{
    CardMember, ExpirationType, LapseRules, LoyaltyCard, LoyaltyCardView, PeriodType,
    PointsBalanceView, PointsChange, PointsResult, RewardRedemption, RewardUse, RoundingType,
};
pub use earning::{EarningRule, EarningRuleView, EarningSource, trigger_name};
pub use reward::{
    Coin, Reward, RewardAssignment, RewardAssignmentView, RewardCampaign, RewardParameters,
    RewardProduct, RewardType, RewardView, RewardedView,
};
pub use tier::{LoyaltyTier, LoyaltyTierView, MappingInput, TierPoints};

use crate::Malformed;

/// More points than this are nowhere in one number.
pub const MAX_POINTS: u64 = 1_000_000_000_000;

fn points(points: u64, pointer: &str) -> Result<u64, Malformed> {
    match points > MAX_POINTS {
        true => Err(Malformed::at(pointer, format!("more than {MAX_POINTS}"))),
        false => Ok(points),
    }
}

fn not_yet(pointer: impl Into<String>) -> Malformed {
    Malformed::at(pointer, "not supported yet")
}

/// Whether a member that is not read says anything.
fn says(value: Option<&serde_json::Value>) -> bool {
    use serde_json::Value;
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Array(all)) => !all.is_empty(),
        Some(Value::Object(all)) => !all.is_empty(),
        Some(_) => true,
    }
}
