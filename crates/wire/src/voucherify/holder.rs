//! Who holds a code, and as what? Its owner, who refers others by it, or who was referred; and what
//! is in a customer's wallet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CampaignType, CustomerInput, Metadata, VoucherType, VoucherView};
use crate::time::{self, Timestamp};

/// Referees that one call adds at most.
pub const MAX_HOLDERS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HolderRole {
    Owner,
    Referrer,
    Referee,
}

impl HolderRole {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::Referrer => "REFERRER",
            Self::Referee => "REFEREE",
        }
    }
}

/// Customers who were referred by a code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct HoldersCreate {
    pub holders: Vec<CustomerInput>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

/// A holder in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HolderView {
    pub id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    pub redeemable_id: String,
    pub redeemable_object: &'static str,
    pub customer_id: String,
    pub holder_role: HolderRole,
    pub campaign_id: Option<String>,
    pub campaign_type: Option<CampaignType>,
    pub voucher_type: VoucherType,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub object: &'static str,
}

/// A row of a customer's wallet.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HeldView {
    pub id: String,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    pub redeemable_id: String,
    pub redeemable_object: &'static str,
    pub customer_id: String,
    pub holder_role: HolderRole,
    pub campaign_id: Option<String>,
    pub campaign_type: Option<CampaignType>,
    pub voucher_type: VoucherType,
    pub redeemable: HeldRedeemable,
    pub object: &'static str,
}

/// What is held, and whether it can be used now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HeldRedeemable {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub voucher: Box<VoucherView>,
    pub status: HeldStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HeldStatus {
    Active,
    Used,
    Disabled,
    NotActiveYet,
    Expired,
    NoBalance,
}
