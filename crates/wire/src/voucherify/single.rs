//! How do the older calls ask about one redeemable, named in the path, and how are they answered?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApplicableTo, CustomerInput, Discount, ErrorBody, GiftUse, Key, List, Metadata, OrderInput,
    OrderView, RedeemableInput, RedeemableKind, RewardUse, SessionInput, SessionView, TierCampaign,
    TierView, ValidationRequest, ValidationResponse, ValidationRow, VoucherView,
};
use crate::time::{self, Timestamp};

/// One redeemable on an order; which one stands in the path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SingleRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift: Option<GiftUse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardUse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

impl SingleRequest {
    /// The same as it is asked about several.
    #[must_use]
    pub fn about(self, object: RedeemableKind, id: &str) -> ValidationRequest {
        let redeemable = RedeemableInput {
            object,
            id: id.to_owned(),
            gift: self.gift,
            reward: self.reward,
        };
        ValidationRequest {
            redeemables: vec![redeemable],
            customer: self.customer,
            order: self.order,
            session: self.session,
            tracking_id: self.tracking_id,
            metadata: self.metadata,
            ..ValidationRequest::default()
        }
    }
}

/// Does this code apply? 200 also when it does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct VoucherValidation {
    pub valid: bool,
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    /// The error's message, as the oldest clients read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applicable_to: Option<List<ApplicableTo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inapplicable_to: Option<List<ApplicableTo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift: Option<SingleGift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionView>,
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
}

/// Minor units: ever loaded, left before, and used now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct SingleGift {
    pub amount: u64,
    pub balance: u64,
    pub credits: u64,
}

impl VoucherValidation {
    /// What was answered about this code alone; `voucher` where it applies.
    #[must_use]
    pub fn of(code: &str, answer: ValidationResponse, voucher: Option<VoucherView>) -> Self {
        let bare = Self {
            code: code.to_owned(),
            tracking_id: answer.tracking_id.clone(),
            ..Self::default()
        };
        let Some(voucher) = voucher.filter(|_| answer.valid) else {
            let error = why_not(&answer);
            return Self {
                reason: Some(error.message.clone()),
                error: Some(error),
                ..bare
            };
        };
        let row = answer.redeemables.into_iter().next();
        let (applicable_to, inapplicable_to, result) = row.map_or_else(Default::default, |row| {
            (row.applicable_to, row.inapplicable_to, row.result)
        });
        let loaded = voucher.gift.map_or(0, |gift| gift.amount);
        Self {
            valid: true,
            code: voucher.code,
            applicable_to,
            inapplicable_to,
            campaign: voucher.campaign,
            campaign_id: voucher.campaign_id,
            metadata: Some(voucher.metadata),
            discount: result.discount,
            gift: result.gift.map(|gift| SingleGift {
                amount: loaded,
                balance: gift.balance,
                credits: gift.credits,
            }),
            order: answer.order,
            session: answer.session,
            start_date: voucher.start_date,
            expiration_date: voucher.expiration_date,
            ..bare
        }
    }
}

/// Does this tier apply?
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TierValidation {
    pub valid: bool,
    pub id: String,
    pub object: &'static str,
    pub name: String,
    pub banner: Option<String>,
    pub hierarchy: u16,
    pub campaign: TierCampaign,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub categories: Vec<super::CategoryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_discount_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    pub applicable_to: List<ApplicableTo>,
    pub inapplicable_to: List<ApplicableTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
}

impl TierValidation {
    /// A tier that applies, with the order as it leaves it.
    #[must_use]
    pub fn applicable(tier: TierView, order: Option<OrderView>) -> Self {
        let taken = |amount: fn(&OrderView) -> u64| order.as_ref().map(amount);
        Self {
            valid: true,
            id: tier.id,
            object: "promotion_tier",
            name: tier.name,
            banner: tier.banner,
            hierarchy: tier.hierarchy,
            campaign: tier.campaign,
            metadata: tier.metadata,
            categories: tier.categories,
            discount: tier.action.discount,
            discount_amount: taken(|order| order.total_discount_amount),
            applied_discount_amount: taken(|order| order.total_applied_discount_amount),
            order,
            applicable_to: List::default(),
            inapplicable_to: List::default(),
            error: None,
            session: None,
            tracking_id: None,
        }
    }

    /// What was answered about this tier alone.
    #[must_use]
    pub fn of(tier: TierView, answer: ValidationResponse) -> Self {
        let error = (!answer.valid).then(|| why_not(&answer));
        let row = answer.redeemables.into_iter().next();
        let (to, not_to) = row.map_or_else(Default::default, |row| {
            (row.applicable_to, row.inapplicable_to)
        });
        Self {
            valid: answer.valid,
            applicable_to: to.unwrap_or_default(),
            inapplicable_to: not_to.unwrap_or_default(),
            error,
            session: answer.session,
            tracking_id: answer.tracking_id,
            ..Self::applicable(tier, answer.order)
        }
    }
}

/// Which tiers apply?
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TiersValidation {
    /// Whether any does.
    pub valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    pub promotions: Vec<TierValidation>,
}

/// Why the one redeemable does not apply: what merely gives nothing says so, too.
fn why_not(answer: &ValidationResponse) -> ErrorBody {
    let refused = answer.inapplicable_redeemables.iter();
    let mut rows = refused.chain(&answer.skipped_redeemables);
    let row: Option<&ValidationRow> = rows.next();
    let error = row.and_then(|row| row.result.error.clone());
    let skipped = || row.and_then(|row| row.result.details.as_ref());
    let said = || skipped().map(|details| details.message.clone());
    error.unwrap_or_else(|| ErrorBody::new(Key::NoApplicableRedeemables, said(), ""))
}
