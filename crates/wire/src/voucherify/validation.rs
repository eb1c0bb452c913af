//! Do these redeemables apply to this order, and what do they take off? Asked and answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApplicableTo, BundleResult, CustomerInput, Discount, ErrorBody, Grouped, List, Metadata,
    OrderInput, OrderView, Plainly, PointsResult, RewardUse, StackingRules,
};

/// What a lock lives when it does not say.
const DEFAULT_TTL_DAYS: u64 = 7;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ValidationRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<ValidationOptions>,
    /// 1 to 30.
    pub redeemables: Vec<RedeemableInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ValidationOptions {
    /// `order`, `redeemable`, `redemption`, `category`.
    pub expand: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedeemableKind {
    Voucher,
    PromotionTier,
    PromotionStack,
}

impl RedeemableKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Voucher => "voucher",
            Self::PromotionTier => "promotion_tier",
            Self::PromotionStack => "promotion_stack",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RedeemableInput {
    pub object: RedeemableKind,
    /// A voucher's code or id; a tier's id.
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift: Option<GiftUse>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<RewardUse>,
}

/// How much of a gift card to use, in minor units; all that is needed where it is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct GiftUse {
    pub credits: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum SessionType {
    #[serde(rename = "LOCK")]
    Lock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TtlUnit {
    Days,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl TtlUnit {
    fn nanoseconds(self) -> u64 {
        match self {
            Self::Days => 86_400_000_000_000,
            Self::Hours => 3_600_000_000_000,
            Self::Minutes => 60_000_000_000,
            Self::Seconds => 1_000_000_000,
            Self::Milliseconds => 1_000_000,
            Self::Microseconds => 1_000,
            Self::Nanoseconds => 1,
        }
    }
}

/// Asks for what is validated to be held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionInput {
    #[serde(rename = "type")]
    pub kind: SessionType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_unit: Option<TtlUnit>,
}

impl SessionInput {
    /// How long it holds, in whole milliseconds (cut off), at most what fits.
    #[must_use]
    pub fn ttl_ms(&self) -> i64 {
        let unit = self.ttl_unit.unwrap_or(TtlUnit::Days);
        let length = u128::from(self.ttl.unwrap_or(DEFAULT_TTL_DAYS));
        let ms = length * u128::from(unit.nanoseconds()) / 1_000_000;
        i64::try_from(ms).unwrap_or(i64::MAX)
    }

    /// The session as answered: all four members.
    #[must_use]
    pub fn view(&self, key: String) -> SessionView {
        SessionView {
            key,
            kind: SessionType::Lock,
            ttl: self.ttl.unwrap_or(DEFAULT_TTL_DAYS),
            ttl_unit: self.ttl_unit.unwrap_or(TtlUnit::Days),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    pub key: String,
    #[serde(rename = "type")]
    pub kind: SessionType,
    pub ttl: u64,
    pub ttl_unit: TtlUnit,
}

/// 200 also when invalid.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ValidationResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub valid: bool,
    pub redeemables: Vec<ValidationRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inapplicable_redeemables: Vec<ValidationRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped_redeemables: Vec<ValidationRow>,
    /// Totals after all applied; absent when invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionView>,
    pub stacking_rules: StackingRules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RowStatus {
    Applicable,
    Inapplicable,
    Skipped,
}

/// What became of one redeemable.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ValidationRow {
    pub status: RowStatus,
    pub id: String,
    pub object: RedeemableKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applicable_to: Option<List<ApplicableTo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inapplicable_to: Option<List<ApplicableTo>>,
    pub result: RowResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Grouped>,
    /// With this and what follows where `redeemable` is expanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct RowResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift: Option<GiftResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loyalty_card: Option<PointsResult>,
    /// Ours: what the customer is owed once the order is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<RowDetails>,
    /// Ours: why it does not apply, or was passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proffer: Option<Plainly>,
}

/// Minor units used, and left before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct GiftResult {
    pub credits: u64,
    pub balance: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RowDetails {
    pub key: String,
    pub message: String,
}

impl ValidationRow {
    #[must_use]
    pub fn applicable(redeemable: &RedeemableInput, order: OrderView, result: RowResult) -> Self {
        let mut row = Self::bare(redeemable, RowStatus::Applicable);
        row.order = Some(order);
        row.applicable_to = Some(List::default());
        row.inapplicable_to = Some(List::default());
        row.metadata = Some(Metadata::new());
        row.result = result;
        row
    }

    #[must_use]
    pub fn inapplicable(redeemable: &RedeemableInput, error: ErrorBody) -> Self {
        let mut row = Self::bare(redeemable, RowStatus::Inapplicable);
        let (key, message) = (error.key.clone(), error.message.clone());
        row.result.details = Some(RowDetails { key, message });
        row.result.error = Some(error);
        row
    }

    /// `key` and `message` as [`super::Skip`] names them.
    #[must_use]
    pub fn skipped(redeemable: &RedeemableInput, skip: super::Skip) -> Self {
        let mut row = Self::bare(redeemable, RowStatus::Skipped);
        let (key, message) = (skip.key().to_owned(), skip.message().to_owned());
        row.result.details = Some(RowDetails { key, message });
        row.result.proffer = skip.plainly();
        row.metadata = Some(Metadata::new());
        row
    }

    fn bare(redeemable: &RedeemableInput, status: RowStatus) -> Self {
        Self {
            status,
            id: redeemable.id.clone(),
            object: redeemable.object,
            order: None,
            applicable_to: None,
            inapplicable_to: None,
            result: RowResult::default(),
            metadata: None,
            categories: Vec::new(),
            campaign_name: None,
            campaign_id: None,
            name: None,
        }
    }
}
