//! What happened to a customer, or on a card, as it is listed.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::time::{self, Timestamp};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ActivityView {
    pub id: String,
    /// As the dialect's events are named: `customer.redemption.succeeded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about, under the name of its kind.
    #[schema(value_type = Object)]
    pub data: Value,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// The same of all that happened with one order.
    pub group_id: String,
}

macro_rules! activities {
    ($($activity:ident $name:literal $category:literal $object:literal,)*) => {
        /// What can have happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Activity {
            $($activity,)*
        }

        impl Activity {
            /// Its name, behind whose activity it is.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$activity => $name,)*
                }
            }

            /// Whether somebody did it, or it came of what somebody did.
            #[must_use]
            pub const fn category(self) -> &'static str {
                match self {
                    $(Self::$activity => $category,)*
                }
            }

            /// The member of the data that shows what it is about.
            #[must_use]
            pub const fn object(self) -> &'static str {
                match self {
                    $(Self::$activity => $object,)*
                }
            }
        }
    };
}

activities! {
    Created "created" "ACTION" "customer",
    OrderCreated "order.created" "ACTION" "order",
    OrderPaid "order.paid" "ACTION" "order",
    OrderUpdated "order.updated" "ACTION" "order",
    OrderCanceled "order.canceled" "ACTION" "order",
    Redeemed "redemption.succeeded" "ACTION" "redemption",
    RedemptionFailed "redemption.failed" "ACTION" "redemption",
    RolledBack "redemption.rollback.succeeded" "ACTION" "redemption_rollback",
    Published "publication.succeeded" "ACTION" "publication",
    PublicationFailed "publication.failed" "ACTION" "publication",
    PointsAdded "voucher.loyalty_card.points_added" "EFFECT" "voucher_transaction",
    SegmentEntered "segment.entered" "EFFECT" "segment",
    SegmentLeft "segment.left" "EFFECT" "segment",
    TierJoined "loyalty.tier.joined" "EFFECT" "loyalty_tier",
    TierUpgraded "loyalty.tier.upgraded" "EFFECT" "loyalty_tier",
    TierDowngraded "loyalty.tier.downgraded" "EFFECT" "loyalty_tier",
    TierLeft "loyalty.tier.left" "EFFECT" "loyalty_tier",
    PointsExpired "voucher.loyalty_card.points_expired" "EFFECT" "voucher_transaction",
}
