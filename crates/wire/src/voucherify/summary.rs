//! What came of a campaign, as it is told?

use serde::Serialize;
use utoipa::ToSchema;

use super::CampaignView;

/// Counters of a campaign. What is not counted is not there.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CampaignSummaryView {
    pub object: &'static str,
    pub campaign: CampaignView,
    pub redemptions: u64,
    pub redemptions_succeeded: u64,
    pub redemptions_failed: u64,
    pub rollbacks: u64,
    pub rollbacks_succeeded: u64,
    pub rollbacks_failed: u64,
    /// Minor units, as are all amounts.
    pub orders_amount: u64,
    pub orders_rolledback_amount: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vouchers_created: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discounted_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolledback_discounted_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_vouchers_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_added: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_subtracted: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_redeemed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_rolledback: Option<u64>,
}
