//! What was taken back? Rollbacks of one redemption, or of a stack of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Channel, CustomerInput, Metadata, OrderInput, OrderView, RedemptionResult, RewardedView,
    SimpleCustomer, TierView, VoucherView,
};
use crate::time::{self, Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RollbackRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// Ours: what came back, where it is not the whole order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<Vec<ReturnedItem>>,
    /// Ours: how much is given back of what was given, in minor units, where it is not all of it;
    /// points where points were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
}

/// So many units of one line of the order, which is named by one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ReturnedItem {
    /// Its place in the order, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// As the order names its product or SKU: by our id or the shop's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RollbackView {
    pub id: String,
    pub object: &'static str,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub date: Timestamp,
    pub customer_id: Option<String>,
    pub tracking_id: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// Gift credit or points given back, below zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The redemption that was rolled back.
    pub redemption: String,
    pub reason: Option<String>,
    pub result: RedemptionResult,
    pub status: RollbackStatus,
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
    pub related_object_type: &'static str,
    pub related_object_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voucher: Option<VoucherView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TierView>)]
    pub promotion_tier: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift: Option<GiftGivenBack>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loyalty_card: Option<PointsGivenBack>,
    /// What the points had been spent on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardedView>,
    /// Ours; a parent's rollback tells nothing of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proffer: Option<GivenBack>,
}

/// Of what a redemption gave, in minor units, or in points where it gave points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GivenBack {
    /// By this rollback.
    pub given_back: u64,
    /// What another can give back.
    pub left: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GiftGivenBack {
    /// Below zero, in minor units.
    pub amount: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PointsGivenBack {
    /// Below zero.
    pub points: i64,
}

impl RollbackView {
    #[must_use]
    pub fn succeeded(id: String, redemption: String, date: Timestamp) -> Self {
        Self {
            id,
            object: "redemption_rollback",
            date,
            customer_id: None,
            tracking_id: None,
            metadata: None,
            amount: None,
            redemption,
            reason: None,
            result: RedemptionResult::Success,
            status: RollbackStatus::Succeeded,
            failure_code: None,
            failure_message: None,
            order: None,
            channel: Some(Channel::api()),
            customer: None,
            related_object_type: "redemption",
            related_object_id: String::new(),
            voucher: None,
            promotion_tier: None,
            gift: None,
            loyalty_card: None,
            reward: None,
            proffer: None,
        }
    }

    /// One that was refused, with the error's key and message.
    #[must_use]
    pub fn failed(
        (id, redemption): (String, String),
        date: Timestamp,
        (key, message): (&str, &str),
    ) -> Self {
        let mut view = Self::succeeded(id, redemption, date);
        view.result = RedemptionResult::Failure;
        view.status = RollbackStatus::Failed;
        view.failure_code = Some(key.to_owned());
        view.failure_message = Some(message.to_owned());
        view
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RollbackStatus {
    Succeeded,
    Failed,
}

/// Of one redemption: the rollback itself. Of a stack: all of them and the parent's.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RollbackResponse {
    Single(Box<RollbackView>),
    Stacked(Box<StackedRollback>),
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StackedRollback {
    pub rollbacks: Vec<RollbackView>,
    pub parent_rollback: Option<RollbackView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RollbackLink {
    pub id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub date: Timestamp,
    pub rollback_order_mode: &'static str,
}
