//! What is a code? Vouchers and gift cards, made, changed and shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    AssignmentView, CalendarView, CategoryView, Discount, List, LoyaltyCard, LoyaltyCardView,
    Metadata, PointsChange, lenient,
};
use crate::time::{self, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VoucherType {
    DiscountVoucher,
    GiftVoucher,
    LoyaltyCard,
}

/// A voucher to be made on its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct VoucherCreate {
    pub code: Option<String>,
    pub code_config: Option<CodeConfig>,
    #[serde(rename = "type")]
    pub kind: Option<VoucherType>,
    pub discount: Option<Discount>,
    pub gift: Option<Gift>,
    pub loyalty_card: Option<LoyaltyCard>,
    /// The name of its campaign.
    pub campaign: Option<String>,
    pub campaign_id: Option<String>,
    pub category: Option<String>,
    pub category_id: Option<String>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    pub validity_timeframe: Option<serde_json::Value>,
    pub validity_day_of_week: Option<serde_json::Value>,
    pub validity_hours: Option<serde_json::Value>,
    pub active: Option<bool>,
    pub additional_info: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// Ids; at most one.
    pub validation_rules: Option<Vec<String>>,
    pub redemption: Option<Quantity>,
}

/// What may change; what is absent stays, a date of `null` is cleared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub struct VoucherUpdate {
    #[serde(deserialize_with = "time::patch::deserialize")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Option<Timestamp>>,
    #[serde(deserialize_with = "time::patch::deserialize")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Option<Timestamp>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<Object>)]
    pub validity_timeframe: Option<Option<serde_json::Value>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<Vec<u8>>)]
    pub validity_day_of_week: Option<Option<serde_json::Value>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<Object>)]
    pub validity_hours: Option<Option<serde_json::Value>>,
    pub active: Option<bool>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub additional_info: Option<Option<String>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub category: Option<Option<String>>,
    #[serde(deserialize_with = "lenient::patch")]
    #[schema(value_type = Option<String>)]
    pub category_id: Option<Option<String>>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    pub discount: Option<Discount>,
}

/// Codes to be added to a campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CampaignVouchersCreate {
    pub code: Option<String>,
    pub code_config: Option<CodeConfig>,
    pub category: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    pub redemption: Option<Quantity>,
    pub additional_info: Option<String>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
}

/// How codes look. In a pattern every `#` is a random character.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CodeConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postfix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_count: Option<u64>,
}

/// `null` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Quantity {
    #[serde(deserialize_with = "lenient::count")]
    pub quantity: Option<u64>,
}

/// Minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Gift {
    /// All that was ever put on it.
    pub amount: u64,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub balance: u64,
    /// What the shop took off again.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub subtracted_amount: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<super::Effect>,
}

/// A voucher in an answer: what is unset is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VoucherView {
    pub id: String,
    pub code: String,
    pub campaign: Option<String>,
    pub campaign_id: Option<String>,
    pub category: Option<String>,
    pub category_id: Option<String>,
    pub categories: Vec<CategoryView>,
    #[serde(rename = "type")]
    pub kind: VoucherType,
    pub discount: Option<Discount>,
    pub gift: Option<Gift>,
    pub loyalty_card: Option<LoyaltyCardView>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub expiration_date: Option<Timestamp>,
    #[serde(flatten)]
    pub calendar: CalendarView,
    pub active: bool,
    pub additional_info: Option<String>,
    #[schema(value_type = Object)]
    pub metadata: Metadata,
    pub is_referral_code: bool,
    pub holder_id: Option<String>,
    pub referrer_id: Option<String>,
    pub publish: PublishSummary,
    pub redemption: RedemptionSummary,
    pub validation_rules_assignments: List<AssignmentView>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PublishSummary {
    pub object: &'static str,
    pub count: u64,
    pub url: String,
}

impl PublishSummary {
    #[must_use]
    pub fn new(code: &str, count: u64) -> Self {
        let url = format!("/v1/vouchers/{}/publications?page=1&limit=10", in_url(code));
        Self {
            object: "list",
            count,
            url,
        }
    }
}

/// How often it was used, and for gift cards how much of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RedemptionSummary {
    pub quantity: Option<u64>,
    pub redeemed_quantity: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeemed_amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeemed_points: Option<u64>,
    pub object: &'static str,
    pub url: String,
}

impl RedemptionSummary {
    #[must_use]
    pub fn new(code: &str, quantity: Option<u64>, redeemed_quantity: u64) -> Self {
        let url = format!("/v1/vouchers/{}/redemptions?page=1&limit=10", in_url(code));
        Self {
            quantity,
            redeemed_quantity,
            redeemed_amount: None,
            redeemed_points: None,
            object: "list",
            url,
        }
    }
}

/// RFC 3986, section 2.3: all but unreserved characters percent-encoded.
fn in_url(code: &str) -> String {
    let mut text = String::with_capacity(code.len());
    for byte in code.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Puts money on a gift card, or takes some off where `amount` is negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BalanceChange {
    pub amount: i64,
    /// Makes a retry harmless.
    #[serde(default)]
    pub source_id: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
}

impl BalanceChange {
    /// The same of a loyalty card.
    #[must_use]
    pub fn points(&self) -> PointsChange {
        PointsChange {
            points: self.amount,
            source_id: self.source_id.clone(),
            reason: self.reason.clone(),
            ..PointsChange::default()
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BalanceView {
    pub amount: i64,
    /// All that was ever put on it, without what was taken off again.
    pub total: u64,
    pub balance: u64,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub operation_type: &'static str,
    pub object: &'static str,
    pub related_object: BalanceOf,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BalanceOf {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub id: String,
}

impl BalanceView {
    #[must_use]
    pub fn new(voucher: String, amount: i64, total: u64, balance: u64) -> Self {
        Self {
            amount,
            total,
            balance,
            kind: "gift_voucher",
            operation_type: "MANUAL",
            object: "balance",
            related_object: BalanceOf {
                kind: "voucher",
                id: voucher,
            },
        }
    }
}
