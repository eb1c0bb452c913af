//! What does a referral bring? When it counts as one, and what the referee is given for it.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{
    Malformed,
    voucherify::{VoucherType, lenient},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversionEvent {
    /// The referee uses the code.
    #[default]
    Redemption,
    /// The shop says that something of its own happened.
    CustomEvent,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ReferralProgram {
    pub conversion_event_type: ConversionEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_event: Option<NamedEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referee_reward: Option<RefereeReward>,
}

/// An event by the shop's name for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct NamedEvent {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: Option<String>,
}

/// What the referee is given: money on a gift card, or points on a loyalty card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RefereeReward {
    pub related_object_parent: RewardParent,
    #[serde(rename = "type")]
    pub kind: Option<VoucherType>,
    #[serde(deserialize_with = "amount")]
    pub amount: u64,
}

fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(lenient::count(from)?.unwrap_or_default())
}

/// A referral program in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReferralProgramView {
    pub conversion_event_type: ConversionEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_event: Option<NamedEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referee_reward: Option<RefereeRewardView>,
}

/// What the referee is given, in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RefereeRewardView {
    pub related_object_parent: RewardParent,
    #[serde(rename = "type")]
    pub kind: Option<VoucherType>,
    /// A text: clients made from the protocol's description read nothing else.
    pub amount: String,
}

/// The campaign whose card it is put on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RewardParent {
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

impl ReferralProgram {
    #[must_use]
    pub fn view(&self) -> ReferralProgramView {
        let reward = |reward: &RefereeReward| RefereeRewardView {
            related_object_parent: reward.related_object_parent.clone(),
            kind: reward.kind,
            amount: reward.amount.to_string(),
        };
        ReferralProgramView {
            conversion_event_type: self.conversion_event_type,
            custom_event: self.custom_event.clone(),
            referee_reward: self.referee_reward.as_ref().map(reward),
        }
    }

    /// # Errors
    /// Where it does not fit together.
    pub fn check(&self) -> Result<(), Malformed> {
        let event = self.custom_event.as_ref();
        let event = event.and_then(|event| event.name.as_deref());
        if self.conversion_event_type == ConversionEvent::CustomEvent && event.is_none() {
            return Err(Malformed::at("/custom_event/name", "is required"));
        }
        let Some(reward) = &self.referee_reward else {
            return Ok(());
        };
        let within = |wrong: Malformed| wrong.under("referee_reward");
        reward.check().map_err(within)
    }
}

impl RefereeReward {
    /// The name or id of the campaign.
    #[must_use]
    pub fn campaign(&self) -> Option<&str> {
        let parent = &self.related_object_parent;
        parent.id.as_deref().or(parent.name.as_deref())
    }

    fn check(&self) -> Result<(), Malformed> {
        if self.campaign().is_none() {
            return Err(Malformed::at("/related_object_parent/id", "is required"));
        }
        match self.kind {
            Some(VoucherType::GiftVoucher | VoucherType::LoyaltyCard) => Ok(()),
            _ => Err(Malformed::at("/type", "is GIFT_VOUCHER or LOYALTY_CARD")),
        }?;
        match self.amount {
            1..=crate::voucherify::MAX_MINOR => Ok(()),
            _ => Err(Malformed::at(
                "/amount",
                "must be above zero, and not too large",
            )),
        }
    }
}
