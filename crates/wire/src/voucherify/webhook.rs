//! Where does a project want to be told what happened, and of what?

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::bounds;
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// Everything that webhooks can be told, with the member of the data that shows what it is about.
macro_rules! events {
    ($($event:ident $name:literal $object:literal,)*) => {
        /// What happened. The names are the dialect's, `aded` among them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Event {
            $($event,)*
        }

        impl Event {
            pub const ALL: &'static [Self] = &[$(Self::$event,)*];

            /// As it is named outside.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$event => $name,)*
                }
            }

            /// The member of the data that shows what it is about.
            #[must_use]
            pub const fn object(self) -> &'static str {
                match self {
                    $(Self::$event => $object,)*
                }
            }
        }
    };
}

events! {
    RuleCreated "business_validation_rule.created" "validation_rule",
    RuleUpdated "business_validation_rule.updated" "validation_rule",
    RuleDeleted "business_validation_rule.deleted" "validation_rule",
    RuleAssigned "business_validation_rule.assignment.created" "validation_rule_assignment",
    RuleUnassigned "business_validation_rule.assignment.deleted" "validation_rule_assignment",
    CampaignCreated "campaign.created" "campaign",
    CampaignUpdated "campaign.updated" "campaign",
    CampaignDeleted "campaign.deleted" "campaign",
    CampaignEnabled "campaign.enabled" "campaign",
    CampaignDisabled "campaign.disabled" "campaign",
    EarningRuleAssigned "campaign.earning_rule.assigned" "earning_rule",
    EarningRuleUpdated "campaign.earning_rule.updated" "earning_rule",
    EarningRuleEnabled "campaign.earning_rule.enabled" "earning_rule",
    EarningRuleDisabled "campaign.earning_rule.disabled" "earning_rule",
    EarningRuleDeleted "campaign.earning_rule.deleted" "earning_rule",
    LoyaltyTierCreated "campaign.loyalty_tier.created" "loyalty_tier",
    LoyaltyTierUpdated "campaign.loyalty_tier.updated" "loyalty_tier",
    LoyaltyTierDeleted "campaign.loyalty_tier.deleted" "loyalty_tier",
    StackCreated "campaign.promotion_stack.created" "promotion_stack",
    StackUpdated "campaign.promotion_stack.updated" "promotion_stack",
    TierCreated "campaign.promotion_tier.created" "promotion_tier",
    TierUpdated "campaign.promotion_tier.updated" "promotion_tier",
    TierEnabled "campaign.promotion_tier.enabled" "promotion_tier",
    TierDisabled "campaign.promotion_tier.disabled" "promotion_tier",
    TierDeleted "campaign.promotion_tier.deleted" "promotion_tier",
    ReferralTierCreated "campaign.referral_tier.created" "referral_tier",
    ReferralTierUpdated "campaign.referral_tier.updated" "referral_tier",
    ReferralTierDeleted "campaign.referral_tier.deleted" "referral_tier",
    RewardAssigned "campaign.reward.assignment.created" "reward_assignment",
    RewardAssignmentUpdated "campaign.reward.assignment.updated" "reward_assignment",
    RewardUnassigned "campaign.reward.assignment.deleted" "reward_assignment",
    CodesAdded "campaign.vouchers.aded" "campaign",
    CodesStarted "campaign.vouchers.generation.started" "campaign",
    CodesMade "campaign.vouchers.generation.completed" "campaign",
    CodesFailed "campaign.vouchers.generation.failed" "campaign",
    CustomerCreated "customer.created" "customer",
    CustomerDeleted "customer.deleted" "customer",
    CustomerConfirmed "customer.confirmed" "customer",
    CustomerRewarded "customer.rewarded" "customer",
    CustomerRewardedPoints "customer.rewarded.loyalty_points" "customer",
    SegmentEntered "customer.segment.entered" "segment",
    SegmentLeft "customer.segment.left" "segment",
    LoyaltyTierJoined "customer.loyalty.tier.joined" "loyalty_tier",
    LoyaltyTierUpgraded "customer.loyalty.tier.upgraded" "loyalty_tier",
    LoyaltyTierDowngraded "customer.loyalty.tier.downgraded" "loyalty_tier",
    LoyaltyTierLeft "customer.loyalty.tier.left" "loyalty_tier",
    Published "publication.succeeded" "publication",
    Redeemed "redemption.succeeded" "redemption",
    RedemptionFailed "redemption.failed" "redemption",
    RolledBack "redemption.rollback.succeeded" "redemption_rollback",
    RollbackFailed "redemption.rollback.failed" "redemption_rollback",
    VoucherCreated "voucher.created" "voucher",
    VoucherUpdated "voucher.updated" "voucher",
    VoucherDeleted "voucher.deleted" "voucher",
    VoucherPublished "voucher.published" "voucher",
    VoucherEnabled "voucher.enabled" "voucher",
    VoucherDisabled "voucher.disabled" "voucher",
    GiftLoaded "voucher.gift.balance_aded" "voucher",
    GiftMoved "voucher.gift.transaction.created" "voucher_transaction",
    PointsAdded "voucher.loyalty_card.points_aded" "voucher",
    PointsExpired "voucher.loyalty_card.points_expired" "voucher",
    PointsMoved "voucher.loyalty_card.transaction.created" "voucher_transaction",
    PendingActivated "voucher.loyalty_card.pending_points.activated" "pending_points",
    PendingAdded "voucher.loyalty_card.pending_points.aded" "pending_points",
    PendingCanceled "voucher.loyalty_card.pending_points.canceled" "pending_points",
    PendingUpdated "voucher.loyalty_card.pending_points.updated" "pending_points",
}

impl Event {
    /// What may be asked for and does not happen here, where API.md says why.
    pub const NEVER: [Self; 9] = [
        Self::LoyaltyTierUpdated,
        Self::ReferralTierCreated,
        Self::ReferralTierUpdated,
        Self::ReferralTierDeleted,
        Self::CustomerConfirmed,
        Self::PendingActivated,
        Self::PendingAdded,
        Self::PendingCanceled,
        Self::PendingUpdated,
    ];

    /// The event of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|event| event.name() == name)
    }
}

/// A webhook as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Webhook {
    /// `https://…`.
    pub target_url: Option<String>,
    /// What it is told, by the names of events.
    pub events: Option<Vec<String>>,
    /// Whether it is told anything; so it is, where nobody says.
    pub active: Option<bool>,
    /// When it was disabled, because the last attempt to tell it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub disabled_at: Option<Timestamp>,
}

/// A webhook in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WebhookView {
    pub id: String,
    pub target_url: String,
    pub events: Vec<String>,
    pub active: bool,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    /// When it was disabled, because the last attempt to tell it failed.
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub disabled_at: Option<Timestamp>,
    pub object: &'static str,
}

impl Webhook {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::required(self.target_url.as_deref(), "/target_url")?;
        bounds::url(self.target_url.as_deref(), "/target_url")?;
        let events = self.events.as_deref().unwrap_or_default();
        if events.is_empty() {
            return Err(Malformed::at("/events", "name at least one"));
        }
        bounds::count(events, ("/events", Event::ALL.len()))?;
        let unknown = events.iter().position(|name| Event::of(name).is_none());
        unknown.map_or(Ok(()), |place| {
            let place = format!("/events/{place}");
            Err(Malformed::at(place, "there is no such event"))
        })
    }

    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active.unwrap_or(true)
    }

    /// Whether it is to be told of this.
    #[must_use]
    pub fn hears(&self, event: Event) -> bool {
        let mut events = self.events.iter().flatten();
        self.is_active() && events.any(|name| name == event.name())
    }

    /// `times`: made and, where it was, changed.
    #[must_use]
    pub fn view(&self, id: u64, times: (Timestamp, Option<Timestamp>)) -> WebhookView {
        WebhookView {
            id: ids::format(Tag::Webhook, id),
            target_url: self.target_url.clone().unwrap_or_default(),
            events: self.events.clone().unwrap_or_default(),
            active: self.is_active(),
            created_at: times.0,
            updated_at: times.1,
            disabled_at: self.disabled_at.filter(|_| !self.is_active()),
            object: "webhook",
        }
    }
}

/// What a webhook is told.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The same for every webhook and every attempt.
    pub id: String,
    pub project_id: String,
    #[serde(with = "time::exact")]
    pub created_at: Timestamp,
    #[serde(rename = "type")]
    pub event_type: &'static str,
    pub data: Value,
    pub source: Source,
    pub event: EventRef,
}

/// Who did it.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    pub channel: &'static str,
}

/// The event by itself.
#[derive(Clone, Debug, Serialize)]
pub struct EventRef {
    pub id: String,
    #[serde(with = "time::exact")]
    pub created_at: Timestamp,
}

impl Told {
    #[must_use]
    pub fn new(
        event: Event,
        (project, id, at): (u64, u64, Timestamp),
        data: Map<String, Value>,
    ) -> Self {
        let id = ids::format(Tag::Event, id);
        Self {
            project_id: ids::format(Tag::Project, project),
            created_at: at,
            event_type: event.name(),
            data: Value::Object(data),
            source: Source { channel: "API" },
            event: EventRef {
                id: id.clone(),
                created_at: at,
            },
            id,
        }
    }
}

/// Something that a webhook is told, and how that went.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeliveryView {
    /// What the payload has as `id`.
    pub id: String,
    #[serde(rename = "type")]
    pub event_type: String,
    pub status: DeliveryStatus,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When it is tried again.
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub next_attempt_at: Option<Timestamp>,
    pub attempts: Vec<AttemptView>,
    pub object: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryStatus {
    Waiting,
    Delivered,
    GivenUp,
}

/// One attempt to tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// Why there was no answer, or none that counts.
    pub problem: Option<String>,
    /// The start of what it answered where it did not take it: 1 KB at most.
    pub answer: Option<String>,
}

/// With what a project signs what webhooks are told.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WebhookSecretView {
    pub secret: String,
    /// The one before, with which is signed as well until it ends.
    pub previous: Option<String>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub previous_ends_at: Option<Timestamp>,
    pub object: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_found_by_its_name() {
        for event in Event::ALL {
            assert_eq!(Event::of(event.name()), Some(*event));
        }
        assert_eq!(Event::of("voucher.gift.balance_added"), None);
    }

    #[test]
    fn what_cannot_be_kept_names_the_place() {
        let check = |sent: &str, expected: Result<(), &str>| {
            let read: Webhook = crate::parse(sent.as_bytes()).unwrap_or_default();
            let found = read.check().map_err(|wrong| wrong.pointer);
            assert_eq!(found, expected.map_err(str::to_owned), "{sent}");
        };
        check("{}", Err("/target_url"));
        check(r#"{"target_url": "https://a.example"}"#, Err("/events"));
        let with = |event: &str| {
            format!(r#"{{"target_url": "https://a.example", "events": ["{event}"]}}"#)
        };
        check(&with("voucher.made"), Err("/events/0"));
        check(&with("voucher.created"), Ok(()));
    }

    #[test]
    fn it_hears_what_it_asked_for_while_it_is_active() {
        let mut webhook = Webhook {
            events: Some(vec!["voucher.created".into()]),
            ..Webhook::default()
        };
        assert!(webhook.hears(Event::VoucherCreated));
        assert!(!webhook.hears(Event::VoucherDeleted));
        webhook.active = Some(false);
        assert!(!webhook.hears(Event::VoucherCreated));
    }
}
