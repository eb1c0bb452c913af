//! How do we say no in Voucherify's words? One closed list of keys and messages.

use offers::{Crowd, Redeemable, Refusal};
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
    /// What uses a thing that cannot be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_object_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_object_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_object_total: Option<u64>,
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
    VoucherCannotBePublished,
    VoucherAlreadyPublished,
    ReferrerNotPermitted,
    NoVoucherSuitable,
    NotPublished,
    InvalidPublishParams,
    HolderDuplication,
    DuplicateSourceId,
    AlreadyRolledBack,
    CustomerRulesViolated,
    DuplicatedRedeemables,
    DuplicateFound,
    Forbidden,
    GiftAmountExceeded,
    Internal,
    InvalidCodeConfig,
    InvalidExpirationDate,
    InvalidExportParams,
    InvalidGrantType,
    InvalidOrder,
    InvalidPayload,
    InvalidQueryParams,
    InvalidRedeemables,
    InvalidRedemption,
    InvalidRedemptionParent,
    InvalidScope,
    InvalidValidationRules,
    InvalidVoucher,
    LoyaltyCardPointsExceeded,
    MetadataValidationFailed,
    MissingAmount,
    MissingCustomer,
    MissingOrder,
    MissingOrderItems,
    MissingParameters,
    MissingReward,
    MultipleRequests,
    NoApplicableRedeemables,
    NotFound,
    OrderRulesViolated,
    PageOverLimit,
    PromotionInactive,
    PromotionNotActiveNow,
    VoucherNotActiveNow,
    QuantityExceeded,
    RedemptionRulesViolated,
    ResourceInUse,
    StackingRulesExist,
    TooManyRequests,
    TooManyVouchersRequested,
    Unauthorized,
    VoucherDisabled,
    VoucherExpired,
    VoucherNotActive,
}

impl Key {
    /// HTTP status, key and message on the wire.
    #[must_use]
    pub fn wire(self) -> (u16, &'static str, &'static str) {
        (self.status(), self.key(), self.message())
    }

    fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::DuplicateFound | Self::HolderDuplication | Self::StackingRulesExist => 409,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::AlreadyRolledBack
            | Self::VoucherCannotBePublished
            | Self::VoucherAlreadyPublished
            | Self::ReferrerNotPermitted
            | Self::NoVoucherSuitable
            | Self::NotPublished
            | Self::InvalidPublishParams
            | Self::DuplicateSourceId
            | Self::CustomerRulesViolated
            | Self::DuplicatedRedeemables
            | Self::GiftAmountExceeded
            | Self::InvalidCodeConfig
            | Self::InvalidExpirationDate
            | Self::InvalidExportParams
            | Self::InvalidGrantType
            | Self::InvalidOrder
            | Self::InvalidPayload
            | Self::InvalidQueryParams
            | Self::InvalidRedeemables
            | Self::InvalidRedemption
            | Self::InvalidRedemptionParent
            | Self::InvalidScope
            | Self::InvalidValidationRules
            | Self::InvalidVoucher
            | Self::LoyaltyCardPointsExceeded
            | Self::MetadataValidationFailed
            | Self::MissingAmount
            | Self::MissingCustomer
            | Self::MissingOrder
            | Self::MissingOrderItems
            | Self::MissingParameters
            | Self::MissingReward
            | Self::MultipleRequests
            | Self::NoApplicableRedeemables
            | Self::OrderRulesViolated
            | Self::PageOverLimit
            | Self::PromotionInactive
            | Self::PromotionNotActiveNow
            | Self::VoucherNotActiveNow
            | Self::QuantityExceeded
            | Self::RedemptionRulesViolated
            | Self::ResourceInUse
            | Self::TooManyVouchersRequested
            | Self::VoucherDisabled
            | Self::VoucherExpired
            | Self::VoucherNotActive => 400,
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::AlreadyRolledBack => "already_rolled_back",
            Self::VoucherCannotBePublished => "voucher_cannot_be_published",
            Self::VoucherAlreadyPublished => "voucher_already_published",
            Self::ReferrerNotPermitted => "referrer_not_permitted_to_redeem",
            Self::NoVoucherSuitable => "no_voucher_suitable_for_publication",
            Self::NotPublished => "not_published",
            Self::InvalidPublishParams => "invalid_publish_params",
            Self::HolderDuplication => "holder_assignement_duplication",
            Self::DuplicateSourceId => "duplicate_source_id",
            Self::CustomerRulesViolated => "customer_rules_violated",
            Self::DuplicatedRedeemables => "duplicated_redeemables",
            Self::DuplicateFound => "duplicate_found",
            Self::Forbidden => "forbidden",
            Self::GiftAmountExceeded => "gift_amount_exceeded",
            Self::Internal => "internal",
            Self::InvalidCodeConfig => "invalid_code_config",
            Self::InvalidExpirationDate => "invalid_expiration_date",
            Self::InvalidExportParams => "invalid_export_params",
            Self::InvalidGrantType => "invalid_grant_type",
            Self::InvalidOrder => "invalid_order",
            Self::InvalidPayload => "invalid_payload",
            Self::InvalidQueryParams => "invalid_query_params",
            Self::InvalidRedeemables => "invalid_redeemables",
            Self::InvalidRedemption => "invalid_redemption",
            Self::InvalidRedemptionParent => "invalid_redemption_parent",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidValidationRules => "invalid_validation_rules",
            Self::InvalidVoucher => "invalid_voucher",
            Self::LoyaltyCardPointsExceeded => "loyalty_card_points_exceeded",
            Self::MetadataValidationFailed => "metadata_validation_failed",
            Self::MissingAmount => "missing_amount",
            Self::MissingCustomer => "missing_customer",
            Self::MissingOrder => "missing_order",
            Self::MissingOrderItems => "missing_order_items",
            Self::MissingParameters => "missing_parameters",
            Self::MissingReward => "missing_reward",
            Self::MultipleRequests => "multiple_requests",
            Self::NoApplicableRedeemables => "no_applicable_redeemables",
            Self::NotFound => "not_found",
            Self::OrderRulesViolated => "order_rules_violated",
            Self::PageOverLimit => "page_over_limit",
            Self::PromotionInactive => "promotion_inactive",
            Self::PromotionNotActiveNow => "promotion_not_active_now",
            Self::VoucherNotActiveNow => "voucher_not_active_now",
            Self::QuantityExceeded => "quantity_exceeded",
            Self::RedemptionRulesViolated => "redemption_rules_violated",
            Self::ResourceInUse => "resource_in_use",
            Self::StackingRulesExist => "stacking_rules_exist",
            Self::TooManyRequests => "too_many_requests",
            Self::TooManyVouchersRequested => "too_many_vouchers_requested",
            Self::Unauthorized => "unauthorized",
            Self::VoucherDisabled => "voucher_disabled",
            Self::VoucherExpired => "voucher_expired",
            Self::VoucherNotActive => "voucher_not_active",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::AlreadyRolledBack => "Already rolled back",
            Self::VoucherCannotBePublished => "Voucher cannot be published",
            Self::VoucherAlreadyPublished => "Voucher already published",
            Self::ReferrerNotPermitted => "voucher cannot be redeemed by referrer",
            Self::NoVoucherSuitable => "No voucher suitable for publication",
            Self::NotPublished => "Voucher is not published",
            Self::InvalidPublishParams => "Invalid publish params",
            Self::HolderDuplication => "Duplicated holder assignment",
            Self::DuplicateSourceId => "Duplicated source id",
            Self::CustomerRulesViolated => "customer does not match validation rules",
            Self::DuplicatedRedeemables => "Duplicated redeemables detected",
            Self::DuplicateFound => "Duplicated resource found",
            Self::Forbidden => "Forbidden",
            Self::GiftAmountExceeded => "gift amount exceeded",
            Self::Internal => "Internal error",
            Self::InvalidCodeConfig => "Invalid code config",
            Self::InvalidExpirationDate => "Invalid expiration date",
            Self::InvalidExportParams => "Invalid export params",
            Self::InvalidGrantType => "Invalid grant type",
            Self::InvalidOrder => "Invalid order",
            Self::InvalidPayload => "Invalid payload",
            Self::InvalidQueryParams => "Invalid query params",
            Self::InvalidRedeemables => "Invalid redeemables",
            Self::InvalidRedemption => "Invalid redemption",
            Self::InvalidRedemptionParent => "Invalid redemption parent",
            Self::InvalidScope => "Invalid scope",
            Self::InvalidValidationRules => "Invalid validation rules",
            Self::InvalidVoucher => "Invalid voucher",
            Self::LoyaltyCardPointsExceeded => "loyalty card points exceeded",
            Self::MetadataValidationFailed => "Metadata validation failed",
            Self::MissingAmount => "Missing amount",
            Self::MissingCustomer => "Missing customer",
            Self::MissingOrder => "Missing order",
            Self::MissingOrderItems => "Missing order items",
            Self::MissingParameters => "Missing parameters",
            Self::MissingReward => "Missing reward",
            Self::MultipleRequests => "Multiple requests at once",
            Self::NoApplicableRedeemables => "No applicable redeemables",
            Self::NotFound => "Resource not found",
            Self::OrderRulesViolated => "order does not match validation rules",
            Self::PageOverLimit => "Page over limit",
            Self::PromotionInactive => "Inactive Promotion",
            Self::PromotionNotActiveNow => "promotion not active now",
            Self::VoucherNotActiveNow => "voucher not active now",
            Self::QuantityExceeded => "quantity exceeded",
            Self::RedemptionRulesViolated => "redemption does not match validation rules",
            Self::ResourceInUse => "Resource in use",
            Self::StackingRulesExist => "Stacking rules exist",
            Self::TooManyRequests => "API limit reached",
            Self::TooManyVouchersRequested => "Too many vouchers requested",
            Self::Unauthorized => "Unauthorized",
            Self::VoucherDisabled => "voucher is disabled",
            Self::VoucherExpired => "voucher expired",
            Self::VoucherNotActive => "voucher is not active yet",
        }
    }
}

/// Why a redeemable was passed over without failing the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    ApplicableLimitExceeded,
    ApplicablePerCategoryLimitExceeded,
    ExclusiveLimitExceeded,
    ExclusivePerCategoryLimitExceeded,
    ExclusionRulesNotMet,
    NoEffect,
    PrecedingValidationFailed,
}

impl Skip {
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ApplicableLimitExceeded => "applicable_redeemables_limit_exceeded",
            Self::ApplicablePerCategoryLimitExceeded => {
                "applicable_redeemables_per_category_limit_exceeded"
            }
            Self::ExclusiveLimitExceeded => "applicable_exclusive_redeemables_limit_exceeded",
            Self::ExclusivePerCategoryLimitExceeded => {
                "applicable_exclusive_redeemables_per_category_limit_exceeded"
            }
            Self::ExclusionRulesNotMet => "exclusion_rules_not_met",
            Self::NoEffect => "no_effect",
            Self::PrecedingValidationFailed => "preceding_validation_failed",
        }
    }

    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::ApplicableLimitExceeded => "Applicable redeemables limit exceeded",
            Self::ApplicablePerCategoryLimitExceeded => {
                "Applicable redeemables limit per category exceeded"
            }
            Self::ExclusiveLimitExceeded => "Applicable exclusive redeemables limit exceeded",
            Self::ExclusivePerCategoryLimitExceeded => {
                "Applicable exclusive redeemables limit per category exceeded"
            }
            Self::ExclusionRulesNotMet => "Redeemable cannot be applied due to exclusion rules",
            Self::NoEffect => "Redeemable has no effect on the order",
            Self::PrecedingValidationFailed => {
                "Redeemable cannot be applied due to preceding validation failure"
            }
        }
    }
}

impl Skip {
    /// The same in our words, where no refusal of its own says more.
    #[must_use]
    pub fn plainly(self) -> Option<Plainly> {
        let is_other = self == Self::PrecedingValidationFailed;
        is_other.then(|| Plainly {
            code: self.key().into(),
            sentence: "Something else you entered does not apply: take it away to use this.".into(),
            gap: None,
        })
    }
}

impl From<Crowd> for Skip {
    fn from(crowd: Crowd) -> Self {
        match crowd {
            Crowd::All => Self::ApplicableLimitExceeded,
            Crowd::Category => Self::ApplicablePerCategoryLimitExceeded,
            Crowd::Exclusive => Self::ExclusiveLimitExceeded,
            Crowd::ExclusiveOfCategory => Self::ExclusivePerCategoryLimitExceeded,
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
            Refusal::OverLimit(crowd) => return Self::Skipped((*crowd).into()),
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
            Refusal::BelowMinimum { gap, .. } => Some(*gap),
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
        Refusal::NotNow { .. } if is_voucher => Key::VoucherNotActiveNow,
        Refusal::NotYetOpen { .. } | Refusal::Closed { .. } | Refusal::NotNow { .. } => {
            Key::PromotionNotActiveNow
        }
        Refusal::OtherHolder | Refusal::ReferredBefore => Key::CustomerRulesViolated,
        Refusal::SignInRequired => Key::MissingCustomer,
        Refusal::OwnReferral => Key::ReferrerNotPermitted,
        Refusal::UsedUpByCustomer | Refusal::BudgetSpent => Key::RedemptionRulesViolated,
        Refusal::UsedUp | Refusal::Reserved { .. } => Key::QuantityExceeded,
        Refusal::RuleNotMet(path) | Refusal::FactUnknown(path) => rules_violated(path.as_str()),
        Refusal::AlreadyApplied => Key::DuplicatedRedeemables,
        Refusal::BalanceSpent => Key::GiftAmountExceeded,
        Refusal::RewardMissing => Key::MissingReward,
        Refusal::PointsSpent => Key::LoyaltyCardPointsExceeded,
        Refusal::BelowMinimum { .. }
        | Refusal::NoMatchingLines
        | Refusal::BundleIncomplete { .. }
        | Refusal::OverLimit(_)
        | Refusal::StackedOut { .. }
        | Refusal::NoEffect => Key::OrderRulesViolated,
    }
}

fn rules_violated(path: &str) -> Key {
    let of_redeemable = [
        "redemption.",
        "redeemable.",
        "publication.",
        "voucher.",
        "promotion_tier.",
    ];
    if path.starts_with("customer.") {
        Key::CustomerRulesViolated
    } else if of_redeemable.iter().any(|prefix| path.starts_with(prefix)) {
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
