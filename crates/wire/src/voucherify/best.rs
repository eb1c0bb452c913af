//! Which combination saves the most? Asked and answered; nothing is held.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    CustomerInput, Metadata, OrderInput, OrderView, RedeemableInput, RedeemableKind, StackingRules,
    ValidationRow,
};

/// Ours: redeemables, a customer and an order; each may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BestRequest {
    /// Beside what the customer holds, the tiers and the codes for everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redeemables: Vec<RedeemableInput>,
    /// Only the given ones are looked at.
    pub only_given: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BestResponse {
    /// As they are put forward in `POST /v1/validations` and `POST /v1/redemptions`, in this order.
    pub redeemables: Vec<RedeemableInput>,
    /// All that they take off.
    pub saves: u64,
    /// Points that are owed once the order is paid.
    pub points: u64,
    /// The order with all of them.
    pub order: OrderView,
    /// What each of them does, in the order in which they apply; as a validation tells it.
    pub steps: Vec<ValidationRow>,
    /// What comes closest that has something else in it.
    pub runner_up: Option<RunnerUp>,
    pub left_out: Vec<LeftOutRow>,
    pub search: SearchView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    pub stacking_rules: StackingRules,
    pub object: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RunnerUp {
    pub redeemables: Vec<RedeemableInput>,
    pub saves: u64,
    /// What it saves less.
    pub less: u64,
    /// A sentence a shopper understands.
    pub sentence: String,
}

/// A redeemable that is not among the best.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LeftOutRow {
    pub object: RedeemableKind,
    pub id: String,
    /// Stable snake_case code.
    pub code: String,
    /// A sentence a shopper can act on.
    pub sentence: String,
    /// Minor units missing to the least order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<u64>,
    /// What would be saved less with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub less: Option<u64>,
    /// What it would save by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saves_alone: Option<u64>,
}

/// How far the search went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct SearchView {
    pub algorithm: &'static str,
    /// How many were searched among.
    pub candidates: usize,
    pub steps: usize,
    /// Whether nothing saves more.
    pub is_best: bool,
    /// No combination saves more than this.
    pub most_possible: u64,
    /// How far from the best the answer is, at most; 0 where it is the best.
    pub short_by_at_most: u64,
}
