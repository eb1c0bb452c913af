//! How do we say no in Voucherify's words? One closed list of keys and messages.

use offers::{Redeemable, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{RedeemableInput, RedeemableKind, RuleError};
use crate::Malformed;

/// The body of every refused call, and of every inapplicable redeemable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ErrorBody {
    /// The HTTP status.
    pub code: u16,
    pub key: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    pub request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// What the shop wants the customer to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RuleError>,
    /// Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proffer: Option<Plainly>,
}

/// A refusal in our words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plainly {
    /// Stable snake_case code.
    pub code: String,
    /// A sentence a shopper can act on.
    pub sentence: String,
    /// Minor units missing to the least order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<u64>,
}

/// Every "no" to a call, as this dialect knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    AlreadyRolledBack,
    CustomerRulesViolated,
    DuplicatedRedeemables,
    DuplicateFound,
    Forbidden,
    GiftAmountExceeded,
    Internal,
    InvalidOrder,
    InvalidPayload,
    InvalidQueryParams,
    InvalidRedeemables,
    InvalidRedemption,
    InvalidRedemptionParent,
    InvalidValidationRules,
    InvalidVoucher,
    MissingCustomer,
    MissingOrder,
    MultipleRequests,
    NoApplicableRedeemables,
    NotFound,
    OrderRulesViolated,
    PageOverLimit,
    PromotionInactive,
    PromotionNotActiveNow,
    QuantityExceeded,
    RedemptionRulesViolated,
    ResourceInUse,
    TooManyRequests,
    Unauthorized,
    VoucherDisabled,
    VoucherExpired,
    VoucherNotActive,
}

impl Key {
    /// HTTP status, key and message on the wire.
    #[must_use]
    #[rustfmt::skip]
    pub fn wire(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::AlreadyRolledBack => (400, "already_rolled_back", "Already rolled back"),
            Self::CustomerRulesViolated => (400, "customer_rules_violated", "customer does not match validation rules"),
            Self::DuplicatedRedeemables => (400, "duplicated_redeemables", "Duplicated redeemables detected"),
            Self::DuplicateFound => (409, "duplicate_found", "Duplicated resource found"),
            Self::Forbidden => (403, "forbidden", "Forbidden"),
            Self::GiftAmountExceeded => (400, "gift_amount_exceeded", "gift amount exceeded"),
            Self::Internal => (500, "internal", "Internal error"),
            Self::InvalidOrder => (400, "invalid_order", "Invalid order"),
            Self::InvalidPayload => (400, "invalid_payload", "Invalid payload"),
            Self::InvalidQueryParams => (400, "invalid_query_params", "Invalid query params"),
            Self::InvalidRedeemables => (400, "invalid_redeemables", "Invalid redeemables"),
            Self::InvalidRedemption => (400, "invalid_redemption", "Invalid redemption"),
            Self::InvalidRedemptionParent => (400, "invalid_redemption_parent", "Invalid redemption parent"),
            Self::InvalidValidationRules => (400, "invalid_validation_rules", "Invalid validation rules"),
            Self::InvalidVoucher => (400, "invalid_voucher", "Invalid voucher"),
            Self::MissingCustomer => (400, "missing_customer", "Missing customer"),
            Self::MissingOrder => (400, "missing_order", "Missing order"),
            Self::MultipleRequests => (400, "multiple_requests", "Multiple requests at once"),
            Self::NoApplicableRedeemables => (400, "no_applicable_redeemables", "No applicable redeemables"),
            Self::NotFound => (404, "not_found", "Resource not found"),
            Self::OrderRulesViolated => (400, "order_rules_violated", "order does not match validation rules"),
            Self::PageOverLimit => (400, "page_over_limit", "Page over limit"),
            Self::PromotionInactive => (400, "promotion_inactive", "Inactive Promotion"),
            Self::PromotionNotActiveNow => (400, "promotion_not_active_now", "promotion not active now"),
            Self::QuantityExceeded => (400, "quantity_exceeded", "quantity exceeded"),
            Self::RedemptionRulesViolated => (400, "redemption_rules_violated", "redemption does not match validation rules"),
            Self::ResourceInUse => (400, "resource_in_use", "Resource in use"),
            Self::TooManyRequests => (429, "too_many_requests", "API limit reached"),
            Self::Unauthorized => (401, "unauthorized", "Unauthorized"),
            Self::VoucherDisabled => (400, "voucher_disabled", "voucher is disabled"),
            Self::VoucherExpired => (400, "voucher_expired", "voucher expired"),
            Self::VoucherNotActive => (400, "voucher_not_active", "voucher is not active yet"),
        }
    }
}

/// Why a redeemable was passed over without failing the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    ApplicableLimitExceeded,
    ExclusionRulesNotMet,
    NoEffect,
    PrecedingValidationFailed,
}

impl Skip {
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ApplicableLimitExceeded => "applicable_redeemables_limit_exceeded",
            Self::ExclusionRulesNotMet => "exclusion_rules_not_met",
            Self::NoEffect => "no_effect",
            Self::PrecedingValidationFailed => "preceding_validation_failed",
        }
    }

    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::ApplicableLimitExceeded => "Applicable redeemables limit exceeded",
            Self::ExclusionRulesNotMet => "Redeemable cannot be applied due to exclusion rules",
            Self::NoEffect => "Redeemable has no effect on the order",
            Self::PrecedingValidationFailed => {
                "Redeemable cannot be applied due to preceding validation failure"
            }
        }
    }
}

/// What a refusal makes of a redeemable.
#[derive(Clone, Debug, PartialEq)]
pub enum Inapplicable {
    /// It does not apply, and in ALL mode neither does the rest.
    Error(Box<ErrorBody>),
    /// It is passed over.
    Skipped(Skip),
}

impl ErrorBody {
    #[must_use]
    pub fn new(key: Key, details: Option<String>, request_id: &str) -> Self {
        let (code, key, message) = key.wire();
        Self {
            code,
            key: key.into(),
            message: message.into(),
            details,
            request_id: request_id.into(),
            ..Self::default()
        }
    }

    /// A body that could not be read: the details name the place.
    #[must_use]
    pub fn malformed(malformed: &Malformed, request_id: &str) -> Self {
        Self::new(Key::InvalidPayload, Some(malformed.to_string()), request_id)
    }

    /// `resource`: `voucher`, `campaign`, `promotion_tier`, `customer`, …
    #[must_use]
    pub fn not_found(resource: &str, id: &str, request_id: &str) -> Self {
        let details = format!("Cannot find {resource} with id {id}");
        Self {
            resource_id: Some(id.into()),
            resource_type: Some(resource.into()),
            ..Self::new(Key::NotFound, Some(details), request_id)
        }
    }
}

impl Inapplicable {
    /// This refusal of this redeemable, in Voucherify's words and, beside them, in ours.
    #[must_use]
    pub fn of(refusal: &Refusal, redeemable: &RedeemableInput, request_id: &str) -> Self {
        let key = match refusal {
            Refusal::StackedOut { .. } => return Self::Skipped(Skip::ExclusionRulesNotMet),
            Refusal::NoEffect => return Self::Skipped(Skip::NoEffect),
            other => key_of(other, redeemable.object),
        };
        let mut body = if key == Key::NotFound {
            ErrorBody::not_found(redeemable.object.name(), &redeemable.id, request_id)
        } else {
            ErrorBody::new(key, Some(redeemable.id.clone()), request_id)
        };
        body.proffer = Some(Plainly::of(refusal));
        Self::Error(Box::new(body))
    }
}

impl Plainly {
    #[must_use]
    pub fn of(refusal: &Refusal) -> Self {
        let gap = match refusal {
            Refusal::BelowMinimum { gap } => Some(*gap),
            _ => None,
        };
        Self {
            code: refusal.code().into(),
            sentence: refusal.sentence(),
            gap,
        }
    }
}

/// Voucherify's key for a refusal that fails a call.
#[must_use]
pub fn key_of(refusal: &Refusal, kind: RedeemableKind) -> Key {
    let is_voucher = kind == RedeemableKind::Voucher;
    match refusal {
        Refusal::NotFound => Key::NotFound,
        Refusal::Paused if is_voucher => Key::VoucherDisabled,
        Refusal::Paused => Key::PromotionInactive,
        Refusal::NotYetOpen { .. } if is_voucher => Key::VoucherNotActive,
        Refusal::Closed { .. } if is_voucher => Key::VoucherExpired,
        Refusal::NotYetOpen { .. } | Refusal::Closed { .. } => Key::PromotionNotActiveNow,
        Refusal::OtherHolder => Key::CustomerRulesViolated,
        Refusal::SignInRequired => Key::MissingCustomer,
        Refusal::UsedUpByCustomer | Refusal::BudgetSpent => Key::RedemptionRulesViolated,
        Refusal::UsedUp | Refusal::Reserved { .. } => Key::QuantityExceeded,
        Refusal::RuleNotMet(path) | Refusal::FactUnknown(path) => rules_violated(path.as_str()),
        Refusal::AlreadyApplied => Key::DuplicatedRedeemables,
        Refusal::BalanceSpent => Key::GiftAmountExceeded,
        Refusal::BelowMinimum { .. }
        | Refusal::NoMatchingLines
        | Refusal::StackedOut { .. }
        | Refusal::NoEffect => Key::OrderRulesViolated,
    }
}

fn rules_violated(path: &str) -> Key {
    if path.starts_with("customer.") {
        Key::CustomerRulesViolated
    } else if path.starts_with("redemption.") {
        Key::RedemptionRulesViolated
    } else {
        Key::OrderRulesViolated
    }
}

impl From<Redeemable> for RedeemableKind {
    fn from(redeemable: Redeemable) -> Self {
        match redeemable {
            Redeemable::Voucher(_) => Self::Voucher,
            Redeemable::Tier(_) => Self::PromotionTier,
        }
    }
}
