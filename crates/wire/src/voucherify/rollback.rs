//! What was taken back? Rollbacks of one redemption, or of a stack of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Channel, CustomerInput, Metadata, OrderInput, OrderView, RedemptionResult, SimpleCustomer,
    TierView, VoucherView,
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
}

/// So many units of one line, by its place in the order from 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReturnedItem {
    pub index: usize,
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
    /// Gift credit given back, below zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The redemption that was rolled back.
    pub redemption: String,
    pub reason: Option<String>,
    pub result: RedemptionResult,
    pub status: RollbackStatus,
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
            order: None,
            channel: None,
            customer: None,
            related_object_type: "redemption",
            related_object_id: String::new(),
            voucher: None,
            promotion_tier: None,
        }
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
