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

/// A closed list, a row for each: its name here, the HTTP status, the key and the message.
macro_rules! keys {
    ($($name:ident $status:literal $key:literal $message:literal;)*) => {
        /// Every "no" to a call, as this dialect knows it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Key {
            $($name,)*
        }

        impl Key {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// HTTP status, key and message on the wire.
            #[must_use]
            pub fn wire(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$name => ($status, $key, $message),)*
                }
            }
        }
    };
}

keys! {
    AlreadyRolledBack 400 "already_rolled_back" "Already rolled back";
    CampaignNotActive 400 "campaign_not_active" "Campaign is not active";
    CustomerRulesViolated 400 "customer_rules_violated" "customer does not match validation rules";
    DuplicateFound 409 "duplicate_found" "Duplicated resource found";
    DuplicateSourceId 400 "duplicate_source_id" "Duplicated source id";
    DuplicatedRedeemables 400 "duplicated_redeemables" "Duplicated redeemables detected";
    Forbidden 403 "forbidden" "Forbidden";
    GiftAmountExceeded 400 "gift_amount_exceeded" "gift amount exceeded";
    HolderDuplication 409 "holder_assignement_duplication" "Duplicated holder assignment";
    Internal 500 "internal" "Internal error";
    InvalidAddBalanceParams 400 "invalid_add_balance_params" "Invalid add balance params";
    InvalidAmount 400 "invalid_amount" "Invalid amount";
    InvalidCampaignParams 400 "invalid_campaign_params" "Invalid campaign params";
    InvalidCodeConfig 400 "invalid_code_config" "Invalid code config";
    InvalidCustomer 400 "invalid_customer" "Invalid customer";
    InvalidExpirationDate 400 "invalid_expiration_date" "Invalid expiration date";
    InvalidExportFields 400 "invalid_export_fields" "Invalid export fields";
    InvalidExportParams 400 "invalid_export_params" "Invalid export params";
    InvalidGift 400 "invalid_gift" "Invalid gift";
    InvalidGrantType 400 "invalid_grant_type" "Invalid grant type";
    InvalidOrder 400 "invalid_order" "Invalid order";
    InvalidPayload 400 "invalid_payload" "Invalid payload";
    InvalidProduct 400 "invalid_product" "Invalid product";
    InvalidPublishParams 400 "invalid_publish_params" "Invalid publish params";
    InvalidQueryParams 400 "invalid_query_params" "Invalid query params";
    InvalidRedeemables 400 "invalid_redeemables" "Invalid redeemables";
    InvalidRedemption 400 "invalid_redemption" "Invalid redemption";
    InvalidRedemptionParent 400 "invalid_redemption_parent" "Invalid redemption parent";
    InvalidRollbackParams 400 "invalid_rollback_params" "Invalid rollback params";
    InvalidScope 400 "invalid_scope" "Invalid scope";
    InvalidSku 400 "invalid_sku" "Invalid SKU";
    InvalidValidationRules 400 "invalid_validation_rules" "Invalid validation rules";
    InvalidVoucher 400 "invalid_voucher" "Invalid voucher";
    LoyaltyCardNotActive 400 "loyalty_card_not_active" "Loyalty card is not active";
    LoyaltyCardPointsExceeded 400 "loyalty_card_points_exceeded" "loyalty card points exceeded";
    MetadataValidationFailed 400 "metadata_validation_failed" "Metadata validation failed";
    MissingAmount 400 "missing_amount" "Missing amount";
    MissingCustomer 400 "missing_customer" "Missing customer";
    MissingOrder 400 "missing_order" "Missing order";
    MissingOrderItems 400 "missing_order_items" "Missing order items";
    MissingOrderItemsAmount 400 "missing_order_items_amount" "Missing applicable order items";
    MissingParameters 400 "missing_parameters" "Missing parameters";
    MissingReward 400 "missing_reward" "Missing reward";
    MissingVouchers 400 "missing_vouchers" "Missing vouchers";
    MultipleRequests 400 "multiple_requests" "Multiple requests at once";
    NoApplicableRedeemables 400 "no_applicable_redeemables" "No applicable redeemables";
    NoVoucherSuitable 400 "no_voucher_suitable_for_publication"
        "No voucher suitable for publication";
    NotFound 404 "not_found" "Resource not found";
    NotPublished 400 "not_published" "Voucher is not published";
    OrderRulesViolated 400 "order_rules_violated" "order does not match validation rules";
    PageOverLimit 400 "page_over_limit" "Page over limit";
    PromotionInactive 400 "promotion_inactive" "Inactive Promotion";
    PromotionNotActiveNow 400 "promotion_not_active_now" "promotion not active now";
    QuantityExceeded 400 "quantity_exceeded" "quantity exceeded";
    QueryTooLarge 400 "query_too_large" "Query too large";
    RedemptionRulesViolated 400 "redemption_rules_violated"
        "redemption does not match validation rules";
    ReferrerNotPermitted 400 "referrer_not_permitted_to_redeem"
        "voucher cannot be redeemed by referrer";
    ResourceInUse 400 "resource_in_use" "Resource in use";
    StackingRulesExist 409 "stacking_rules_exist" "Stacking rules exist";
    TooManyRequests 429 "too_many_requests" "API limit reached";
    TooManyVouchersRequested 400 "too_many_vouchers_requested" "Too many vouchers requested";
    Unauthorized 401 "unauthorized" "Unauthorized";
    VoucherAlreadyPublished 400 "voucher_already_published" "Voucher already published";
    VoucherCannotBePublished 400 "voucher_cannot_be_published" "Voucher cannot be published";
    VoucherDisabled 400 "voucher_disabled" "voucher is disabled";
    VoucherExpired 400 "voucher_expired" "voucher expired";
    VoucherNotActive 400 "voucher_not_active" "voucher is not active yet";
    VoucherNotActiveNow 400 "voucher_not_active_now" "voucher not active now";
}

impl Key {
    /// What is said of a part of a body that cannot be, by the steps that lead to it.
    #[must_use]
    pub fn of_part(pointer: &str) -> Self {
        const PARTS: [(&[&str], Key); 6] = [
            (&["sku", "sku_id"], Key::InvalidSku),
            (&["product", "product_id"], Key::InvalidProduct),
            (&["gift"], Key::InvalidGift),
            (
                &["amount", "discount_amount", "initial_amount", "price"],
                Key::InvalidAmount,
            ),
            (&["customer", "referrer"], Key::InvalidCustomer),
            (&["order"], Key::InvalidOrder),
        ];
        let names = |steps: &[&str]| pointer.split('/').any(|step| steps.contains(&step));
        let part = PARTS.iter().find(|(steps, _)| names(steps));
        part.map_or(Key::InvalidPayload, |(_, key)| *key)
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

const NOTHING_TO_PAY: &str = "At least one applicable order item with amount is required to \
                              redeem this GIFT_VOUCHER";

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

    /// A body that was read and says what cannot be: the key is that of the part which says it.
    #[must_use]
    pub fn impossible(wrong: &Malformed, request_id: &str) -> Self {
        let key = Key::of_part(&wrong.pointer);
        Self::new(key, Some(wrong.to_string()), request_id)
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
        let mut body = match key {
            Key::NotFound => {
                ErrorBody::not_found(redeemable.object.name(), &redeemable.id, request_id)
            }
            Key::MissingOrderItemsAmount => {
                ErrorBody::new(key, Some(NOTHING_TO_PAY.into()), request_id)
            }
            _ => ErrorBody::new(key, Some(redeemable.id.clone()), request_id),
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
        Refusal::NothingToPay => Key::MissingOrderItemsAmount,
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
