//! What do we know of a campaign that Voucherify does not? Our members of its body.

use offers::{Cap, CapUnit, Commitment, Lending, Period, Reach, Stacking};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ours, on a campaign: ignored by Voucherify's clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProfferSettings {
    /// Who and what qualifies, as CEL; beside any validation rule.
    pub rule: Option<String>,
    /// The lower goes first.
    pub priority: Option<u16>,
    pub stacking: Option<StackingInput>,
    pub commitment: Option<CommitmentInput>,
    /// Minor units the campaign may give in all.
    pub budget: Option<u64>,
    /// When less of the budget is left than asked, give what is left.
    pub grant_remainder: Option<bool>,
    pub caps: Vec<CapInput>,
    /// With `slices` each process that serves the shop spends the budget, and what else is capped
    /// over the whole campaign, from a slice of its own, so that they do not wait for each other.
    pub lending: Option<LendingInput>,
    /// Which lines its codes touch, as CEL over `line.*`; a tier says so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
    /// How long a grant lives.
    pub grant_days: Option<u32>,
    /// ISO 4217; the project's where it is missing.
    pub currency: Option<String>,
    /// Instead of a discount: points owed after the order.
    pub points_back: Option<PointsBack>,
}

/// Ours, on a promotion tier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProfferTier {
    /// What must hold beside the campaign's rule, as CEL.
    pub rule: Option<String>,
    /// Which lines it touches, as CEL over `line.*`.
    pub lines: Option<String>,
    pub grant_days: Option<u32>,
    /// Instead of a discount: points owed after the order.
    pub points_back: Option<PointsBack>,
}

/// For every `per` paid (minor units), so many points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointsBack {
    pub per: u64,
    pub points: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StackingInput {
    Alone,
    Together,
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitmentInput {
    Guaranteed,
    WhileBudgetLasts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LendingInput {
    Off,
    Slices,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapInput {
    pub reach: CapReach,
    #[serde(default)]
    pub period: CapPeriod,
    #[serde(default)]
    pub unit: CapUnitInput,
    pub limit: u64,
    #[serde(default)]
    pub grant_remainder: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapReach {
    Campaign,
    Code,
    Customer,
    CustomerOverall,
    Store,
    ApiKey,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    #[default]
    Ever,
    Hour,
    Day,
    Week,
    Month,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapUnitInput {
    #[default]
    Uses,
    Money,
    Touches,
    Orders,
    Credit,
}

/// Two enums that say the same, each way.
macro_rules! twins {
    ($wire:ident, $domain:ident, $($variant:ident),+) => {
        impl From<$wire> for $domain {
            fn from(value: $wire) -> Self {
                match value { $($wire::$variant => Self::$variant,)+ }
            }
        }
        impl From<$domain> for $wire {
            fn from(value: $domain) -> Self {
                match value { $($domain::$variant => Self::$variant,)+ }
            }
        }
    };
}

twins!(StackingInput, Stacking, Alone, Together, Always);
twins!(CommitmentInput, Commitment, Guaranteed, WhileBudgetLasts);
twins!(LendingInput, Lending, Off, Slices);
twins!(
    CapReach,
    Reach,
    Campaign,
    Code,
    Customer,
    CustomerOverall,
    Store,
    ApiKey
);
twins!(CapPeriod, Period, Ever, Hour, Day, Week, Month);
twins!(CapUnitInput, CapUnit, Uses, Money, Touches, Orders, Credit);

impl From<CapInput> for Cap {
    fn from(cap: CapInput) -> Self {
        Self {
            reach: cap.reach.into(),
            period: cap.period.into(),
            unit: cap.unit.into(),
            limit: cap.limit,
            grant_remainder: cap.grant_remainder,
        }
    }
}

impl From<Cap> for CapInput {
    fn from(cap: Cap) -> Self {
        Self {
            reach: cap.reach.into(),
            period: cap.period.into(),
            unit: cap.unit.into(),
            limit: cap.limit,
            grant_remainder: cap.grant_remainder,
        }
    }
}
