//! Which redeemables apply, and why do the rest not? Asked and answered; nothing is held.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApplicableTo, AssignmentView, CustomerInput, Filter, Grouped, List, Metadata, OrderInput,
    OrderView, RowResult, SessionInput, StackingRules, ValidationRow, lenient,
};
use crate::time::{self, Cursor, Timestamp};

/// Rows in an answer when the request does not say.
pub const QUALIFICATION_LIMIT: u64 = 5;
/// The most rows in an answer.
pub const QUALIFICATION_LIMIT_MAX: u64 = 100;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct QualificationRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub scenario: Scenario,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<QualificationOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scenario {
    #[default]
    All,
    CustomerWallet,
    #[serde(rename = "AUDIENCE_ONLY")]
    CustomerOnly,
    Products,
    ProductsDiscount,
    ProductsByCustomer,
    ProductsDiscountByCustomer,
    PromotionStacks,
}

/// Of what a scenario asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedOf {
    Everything,
    Customer,
    Goods,
    CustomerAndGoods,
}

impl Scenario {
    #[must_use]
    pub fn asks_of(self) -> AskedOf {
        match self {
            Self::All | Self::CustomerWallet | Self::PromotionStacks => AskedOf::Everything,
            Self::CustomerOnly => AskedOf::Customer,
            Self::Products | Self::ProductsDiscount => AskedOf::Goods,
            Self::ProductsByCustomer | Self::ProductsDiscountByCustomer => {
                AskedOf::CustomerAndGoods
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct QualificationOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// `more_starting_after` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub starting_after: Option<Cursor>,
    /// Over `category_id`, `campaign_id`, `campaign_type`, `resource_id`, `resource_type`,
    /// `voucher_type`, `code` and `holder_role`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub filters: Option<Filter>,
    /// `redeemable`, `category`, `validation_rules`; ours is `inapplicable`.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lenient::or_default"
    )]
    pub expand: Vec<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub sorting_rule: SortingRule,
}

impl QualificationOptions {
    /// How many rows to answer.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.limit
            .unwrap_or(QUALIFICATION_LIMIT)
            .min(QUALIFICATION_LIMIT_MAX)
    }

    /// Whether something is to be told that is not by default.
    #[must_use]
    pub fn expands(&self, what: &str) -> bool {
        self.expand.iter().any(|one| one == what)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SortingRule {
    #[default]
    Default,
    #[serde(rename = "BEST_DEAL")]
    MostOff,
    #[serde(rename = "LEAST_DEAL")]
    LeastOff,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QualificationResponse {
    pub redeemables: List<QualificationRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    pub stacking_rules: StackingRules,
    /// Ours: what does not apply, each with its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inapplicable_redeemables: Option<Vec<ValidationRow>>,
}

/// One redeemable that applies.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QualificationRow {
    /// A voucher's code; a tier's or campaign's id.
    pub id: String,
    /// `voucher`, `promotion_tier`, `promotion_stack`, `campaign`.
    pub object: &'static str,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    pub result: RowResult,
    /// As if it were alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_rule_id: Option<String>,
    pub applicable_to: List<ApplicableTo>,
    pub inapplicable_to: List<ApplicableTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    pub categories: Vec<Grouped>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_rules_assignments: Option<List<AssignmentView>>,
    /// Of a promotion stack: its tiers, in the order in which they apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub redeemables: Option<Vec<QualificationRow>>,
}
