//! What was used on a paid order? Asked, answered and listed.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Metadata, OrderView, PointsResult, RewardedView, RollbackLink, SimpleCustomer, TierView,
    ValidationRequest, ValidationRow, VoucherView,
};
use crate::time::{self, Timestamp};

/// As a validation; the session repeats the key of the lock that is held.
pub type RedemptionRequest = ValidationRequest;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RedemptionResponse {
    /// One for each redeemable that applied.
    pub redemptions: Vec<RedemptionView>,
    /// Only when there is more than one: its id is the key of a rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_redemption: Option<RedemptionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    pub inapplicable_redeemables: Vec<ValidationRow>,
    pub skipped_redeemables: Vec<ValidationRow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RedemptionResult {
    Success,
    Failure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RedemptionStatus {
    Succeeded,
    Failed,
    RolledBack,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RedemptionView {
    pub id: String,
    pub object: &'static str,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub date: Timestamp,
    pub customer_id: Option<String>,
    pub tracking_id: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// Gift credit used, in minor units; or points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// Of a stacked child: its parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redemption: Option<String>,
    pub result: RedemptionResult,
    pub status: RedemptionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<RedemptionSession>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_redemptions: Option<RelatedRedemptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<SimpleCustomer>,
    /// `voucher`, `promotion_tier` or `redemption`.
    pub related_object_type: &'static str,
    pub related_object_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voucher: Option<VoucherView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_tier: Option<TierView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift: Option<GiftRedeemed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loyalty_card: Option<PointsResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardedView>,
}

impl RedemptionView {
    /// One that succeeded, with nothing said yet of whom, what and how much.
    #[must_use]
    pub fn succeeded(id: String, date: Timestamp) -> Self {
        Self {
            id,
            object: "redemption",
            date,
            customer_id: None,
            tracking_id: None,
            metadata: None,
            amount: None,
            redemption: None,
            result: RedemptionResult::Success,
            status: RedemptionStatus::Succeeded,
            session: None,
            related_redemptions: None,
            failure_code: None,
            failure_message: None,
            order: None,
            channel: None,
            customer: None,
            related_object_type: "redemption",
            related_object_id: String::new(),
            voucher: None,
            promotion_tier: None,
            gift: None,
            loyalty_card: None,
            reward: None,
        }
    }

    /// One that failed, with the error's key and message.
    #[must_use]
    pub fn failed(id: String, date: Timestamp, error: &super::ErrorBody) -> Self {
        let mut view = Self::succeeded(id, date);
        view.result = RedemptionResult::Failure;
        view.status = RedemptionStatus::Failed;
        view.failure_code = Some(error.key.clone());
        view.failure_message = Some(error.message.clone());
        view
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RedemptionSession {
    pub key: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct RelatedRedemptions {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rollbacks: Vec<RollbackLink>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redemptions: Vec<RedemptionLink>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RedemptionLink {
    pub id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub date: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Channel {
    pub channel_id: String,
    /// `API` or `USER`.
    pub channel_type: &'static str,
}

impl Channel {
    /// By a call of the shop's.
    #[must_use]
    pub fn api() -> Self {
        Self {
            channel_id: "api".into(),
            channel_type: "API",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct GiftRedeemed {
    pub amount: u64,
}

/// The redemptions of one voucher.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VoucherRedemptions {
    pub quantity: Option<u64>,
    pub redeemed_quantity: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeemed_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeemed_points: Option<u64>,
    pub object: &'static str,
    pub url: String,
    pub data_ref: &'static str,
    pub total: u64,
    pub redemption_entries: Vec<RedemptionView>,
}
