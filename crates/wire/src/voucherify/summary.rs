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
    pub validations: u64,
    pub validations_succeeded: u64,
    pub validations_failed: u64,
    /// Minor units, as are all amounts.
    pub orders_amount: u64,
    pub orders_rolledback_amount: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vouchers_created: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vouchers_deleted: Option<u64>,
    #[serde(flatten)]
    pub publications: Option<PublicationsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_customers: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discounted_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolledback_discounted_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_vouchers_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_added: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_deleted: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_subtracted: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_redeemed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_rolledback: Option<u64>,
    #[serde(flatten)]
    pub points: Option<PointsSummaryView>,
}

/// Codes given to customers, and failures to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicationsView {
    pub publications: u64,
    pub publications_succeeded: u64,
    pub publications_failed: u64,
}

/// What moved on the cards of a programme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PointsSummaryView {
    pub created_vouchers_points: u64,
    pub points_added: u64,
    pub points_deleted: u64,
    pub points_subtracted: u64,
    pub points_rewarded: u64,
    pub points_redeemed: u64,
    pub points_rolledback: u64,
    pub points_expired: u64,
    /// Cards give no points to each other, and none are pending: these are 0.
    pub points_transferred_in: u64,
    pub points_transferred_out: u64,
    pub pending_points_added: u64,
    pub pending_points_subtracted: u64,
    pub pending_points_activated: u64,
    pub pending_points_canceled: u64,
}
