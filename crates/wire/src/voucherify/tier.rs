//! What applies without a code? Promotion tiers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AssignmentView, CalendarView, CategoryView, Discount, List, Metadata, lenient};
use crate::time::{self, Timestamp};

/// A tier to be made, in a campaign's body or by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TierInput {
    pub name: Option<String>,
    /// What the shop shows.
    pub banner: Option<String>,
    pub action: Option<Action>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// 1 is first.
    pub hierarchy: Option<u16>,
    pub active: Option<bool>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    pub validity_timeframe: Option<serde_json::Value>,
    pub validity_day_of_week: Option<serde_json::Value>,
    pub validity_hours: Option<serde_json::Value>,
    pub category: Option<String>,
    pub category_id: Option<String>,
    /// Ids; at most one.
    pub validation_rules: Option<Vec<String>>,
    /// Ours: see [`super::ProfferTier`].
    pub proffer: Option<super::ProfferTier>,
}

/// What may change; what is absent stays, a date of `null` is cleared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub struct TierUpdate {
    pub name: Option<String>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub banner: Option<Option<String>>,
    pub action: Option<Action>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub category: Option<Option<String>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub category_id: Option<Option<String>>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    pub hierarchy: Option<u16>,
    pub active: Option<bool>,
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
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Action {
    pub discount: Option<Discount>,
}

/// A tier in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TierView {
    pub id: String,
    pub name: String,
    pub banner: Option<String>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub action: Action,
    pub hierarchy: u16,
    pub promotion_id: String,
    pub campaign_id: String,
    pub campaign: TierCampaign,
    pub active: bool,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[serde(flatten)]
    pub calendar: CalendarView,
    /// What came of it so far; not where it stands in something that was done with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<TierSummary>,
    pub validation_rule_assignments: List<AssignmentView>,
    pub category_id: Option<String>,
    pub categories: Vec<CategoryView>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

/// The campaign a tier belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TierCampaign {
    pub id: String,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[serde(flatten)]
    pub calendar: CalendarView,
    pub active: bool,
    pub category_id: Option<String>,
    pub object: &'static str,
}

/// What was rolled back does not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TierSummary {
    pub redemptions: TierRedemptions,
    pub orders: TierOrders,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TierRedemptions {
    pub total_redeemed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TierOrders {
    /// What their goods cost, in minor units.
    pub total_amount: u64,
    /// What was taken off them.
    pub total_discount_amount: u64,
}
