//! What moved on a gift card or a loyalty card? A line of its books.

use serde::Serialize;
use utoipa::ToSchema;

use super::{BalanceView, PointsBalanceView};
use crate::time::{self, Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TransactionView {
    pub id: String,
    pub source_id: Option<String>,
    pub voucher_id: String,
    pub campaign_id: Option<String>,
    /// `API` where the shop moved it; `null` where a redemption, an order or a day did.
    pub source: Option<&'static str>,
    pub reason: Option<String>,
    /// `CREDITS_ADDITION`, `POINTS_ACCRUAL` and their kin.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub details: TransactionDetails,
    pub related_transaction_id: Option<String>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TransactionDetails {
    pub balance: BalanceMoved,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderOfTransaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earning_rule: Option<NamedById>,
    /// The segment by entering which points were earned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<NamedById>,
    /// The tier by coming to which, or leaving which, points were earned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loyalty_tier: Option<NamedById>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redemption: Option<NamedById>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback: Option<NamedById>,
    /// What points were spent on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardOfTransaction>,
}

/// How much moved, and what was on the card then.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BalanceMoved {
    Credit(BalanceView),
    Points(PointsBalanceView),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedById {
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderOfTransaction {
    pub id: String,
    pub source_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RewardOfTransaction {
    pub id: String,
    pub name: String,
}
