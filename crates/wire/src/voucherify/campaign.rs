//! What does a marketer set up? Campaigns, with what Voucherify knows of them and what is ours.

mod domain;
mod edition;
mod referral;
mod settings;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    AssignmentView, CalendarView, CategoryView, CodeConfig, Discount, Gift, List, LoyaltyCard,
    Metadata, Quantity, TierInput, TierView, VoucherType, lenient,
};
use crate::time::{self, Timestamp};

pub(crate) use domain::expression;
pub use domain::{Beside, DEFAULT_GRANT_DAYS, Parts};
pub use edition::EditionInput;
pub use referral::{
    ConversionEvent, RefereeReward, RefereeRewardView, ReferralProgram, ReferralProgramView,
    RewardParent,
};
pub use settings::{
    CapInput, CapPeriod, CapReach, CapUnitInput, CommitmentInput, LendingInput, PointsBack,
    ProfferSettings, ProfferTier, StackingInput,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CampaignType {
    DiscountCoupons,
    GiftVouchers,
    LoyaltyProgram,
    ReferralProgram,
    Promotion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CodeCapacity {
    AutoUpdate,
    Static,
    /// One generic code.
    Standalone,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CampaignCreate {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Inferred where it is missing.
    pub campaign_type: Option<CampaignType>,
    #[serde(rename = "type")]
    pub capacity: Option<CodeCapacity>,
    pub voucher: Option<VoucherConfig>,
    /// How many codes to make.
    #[serde(deserialize_with = "lenient::count")]
    pub vouchers_count: Option<u64>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    pub validity_timeframe: Option<serde_json::Value>,
    pub validity_day_of_week: Option<serde_json::Value>,
    pub validity_hours: Option<serde_json::Value>,
    pub activity_duration_after_publishing: Option<String>,
    pub active: Option<bool>,
    pub auto_join: Option<bool>,
    pub join_once: Option<bool>,
    pub use_voucher_metadata_schema: Option<bool>,
    pub category: Option<String>,
    pub category_id: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    pub promotion: Option<PromotionInput>,
    /// By what is on the card now: `BALANCE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loyalty_tiers_expiration: Option<serde_json::Value>,
    /// What a conversion is, and what it brings.
    pub referral_program: Option<ReferralProgram>,
    /// Ids; at most one.
    pub validation_rules: Option<Vec<String>>,
    /// Ours.
    pub proffer: Option<ProfferSettings>,
}

/// What may change; what is absent stays, a date of `null` is cleared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub struct CampaignUpdate {
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    #[serde(deserialize_with = "time::patch::deserialize")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Option<Timestamp>>,
    #[serde(deserialize_with = "time::patch::deserialize")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Option<Timestamp>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<Object>)]
    pub validity_timeframe: Option<Option<serde_json::Value>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<Vec<u8>>)]
    pub validity_day_of_week: Option<Option<serde_json::Value>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<Object>)]
    pub validity_hours: Option<Option<serde_json::Value>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub category: Option<Option<String>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub category_id: Option<Option<String>>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    pub unset_metadata_fields: Option<Vec<String>>,
    pub discount: Option<Discount>,
    /// What new cards begin with.
    pub gift: Option<Gift>,
    pub referral_program: Option<ReferralProgram>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<Object>)]
    pub loyalty_tiers_expiration: Option<Option<serde_json::Value>>,
    pub options: Option<UpdateOptions>,
    pub join_once: Option<bool>,
    pub auto_join: Option<bool>,
    #[serde(rename = "type")]
    pub capacity: Option<CodeCapacity>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub activity_duration_after_publishing: Option<Option<String>>,
    /// Ours.
    pub proffer: Option<ProfferSettings>,
}

/// How an update is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UpdateOptions {
    /// Tiers follow what is on a card now, so they are always as if recalculated.
    pub recalculate_tiers: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PromotionInput {
    pub tiers: Vec<TierInput>,
}

/// What every code of the campaign is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct VoucherConfig {
    #[serde(rename = "type")]
    pub kind: Option<VoucherType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift: Option<Gift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loyalty_card: Option<LoyaltyCard>,
    pub redemption: Option<Quantity>,
    pub code_config: Option<CodeConfig>,
    pub is_referral_code: Option<bool>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_timeframe: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_day_of_week: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_hours: Option<serde_json::Value>,
}

impl VoucherConfig {
    /// As it is shown: with what clients want to find in each.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.redemption.get_or_insert_default();
        self.code_config.get_or_insert_default();
        self.is_referral_code.get_or_insert(false);
        self
    }
}

/// A campaign in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CampaignView {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub campaign_type: CampaignType,
    #[serde(rename = "type")]
    pub capacity: CodeCapacity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voucher: Option<VoucherConfig>,
    pub auto_join: bool,
    pub join_once: bool,
    pub use_voucher_metadata_schema: bool,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[serde(flatten)]
    pub calendar: CalendarView,
    pub activity_duration_after_publishing: Option<String>,
    pub vouchers_count: u64,
    pub active: bool,
    pub category: Option<String>,
    pub category_id: Option<String>,
    pub categories: Vec<CategoryView>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub creation_status: &'static str,
    pub vouchers_generation_status: &'static str,
    pub protected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion: Option<List<TierView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loyalty_tiers_expiration: Option<serde_json::Value>,
    pub referral_program: Option<ReferralProgramView>,
    pub validation_rules_assignments: List<AssignmentView>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
    /// Ours.
    pub proffer: ProfferSettings,
}
