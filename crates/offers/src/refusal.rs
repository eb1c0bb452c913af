//! Every expected "no", in order of precedence.

use rules::Path;
use serde::{Deserialize, Serialize};

use crate::{Benefit, CampaignId, Crowd, Currency, Minor, Missing, Timestamp, money};

/// Why a redeemable cannot be used. When several hold, the first in this list is reported; what
/// is said of referrals stands at its end, for the numbers are on disk, and goes before all but
/// what is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    NotFound,
    Paused,
    NotYetOpen {
        from: Timestamp,
    },
    Closed {
        until: Timestamp,
    },
    /// Within its days and outside of its hours.
    NotNow {
        next: Option<Timestamp>,
    },
    OtherHolder,
    SignInRequired,
    UsedUpByCustomer,
    UsedUp,
    BudgetSpent,
    Reserved {
        until: Timestamp,
    },
    /// A larger order would qualify; nothing else is missing.
    BelowMinimum {
        gap: Minor,
        currency: Currency,
    },
    RuleNotMet(Path),
    FactUnknown(Path),
    /// As many apply already as may together.
    OverLimit(Crowd),
    /// It stands in the same order already.
    AlreadyApplied,
    StackedOut {
        by: CampaignId,
    },
    NoMatchingLines,
    /// No complete set of the goods it is for.
    BundleIncomplete {
        missing: Vec<Missing>,
    },
    BalanceSpent,
    NoEffect,
    /// Nobody said which reward the points of a card are for.
    RewardMissing,
    /// The card has not so many points.
    PointsSpent,
    /// A code by which the customer refers others.
    OwnReferral,
    /// The customer was referred by another code of the campaign.
    ReferredBefore,
    /// No line that a gift card may pay.
    NothingToPay,
}

impl Refusal {
    /// As somebody with this benefit hears it: a card pays, and an offer is of something.
    #[must_use]
    pub(crate) fn seen_by(self, benefit: &Benefit) -> Self {
        match (&self, benefit) {
            (Self::NoMatchingLines, Benefit::Credit) => Self::NothingToPay,
            _ => self,
        }
    }

    /// The stable code of the API, the wallet, the pages and the webhooks.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Paused => "paused",
            Self::NotYetOpen { .. } => "not_started",
            Self::Closed { .. } => "expired",
            Self::NotNow { .. } => "not_now",
            Self::OtherHolder => "other_holder",
            Self::SignInRequired => "sign_in_required",
            Self::UsedUpByCustomer => "used_up_person",
            Self::UsedUp => "used_up_campaign",
            Self::BudgetSpent => "budget_reached",
            Self::Reserved { .. } => "reserved",
            Self::BelowMinimum { .. } => "min_spend",
            Self::RuleNotMet(path) if is_of_customer(path) => "segment_mismatch",
            Self::RuleNotMet(_) => "rule_not_met",
            Self::FactUnknown(_) => "fact_unknown",
            Self::NoMatchingLines => "no_matching_items",
            Self::NothingToPay => "nothing_to_pay",
            Self::BundleIncomplete { .. } => "bundle_incomplete",
            Self::OverLimit(_) => "too_many",
            Self::AlreadyApplied => "already_applied",
            Self::StackedOut { .. } => "no_stack",
            Self::BalanceSpent => "balance_spent",
            Self::NoEffect => "no_effect",
            Self::RewardMissing => "reward_missing",
            Self::PointsSpent => "points_spent",
            Self::OwnReferral => "own_referral",
            Self::ReferredBefore => "referred_before",
        }
    }

    /// A sentence a shopper can act on.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::NotFound => "We don't recognise this code.".into(),
            Self::Paused => "This is not available right now.".into(),
            Self::NotYetOpen { from } => format!("This starts on {}.", moment(*from)),
            Self::Closed { until } => format!("This ended on {}.", moment(*until)),
            Self::NotNow { next: Some(next) } => {
                format!("This is open again from {}.", moment(*next))
            }
            Self::NotNow { next: None } => "This is not open at this hour.".into(),
            Self::OtherHolder => "This code belongs to another account.".into(),
            Self::SignInRequired => "Sign in to use this.".into(),
            Self::UsedUpByCustomer => "You have used this already.".into(),
            Self::UsedUp | Self::BudgetSpent => "All of these have gone.".into(),
            Self::Reserved { until } => {
                format!(
                    "This is in use in another checkout until {}.",
                    moment(*until)
                )
            }
            Self::BelowMinimum { gap, currency } => {
                format!("Add {} more to use this.", money(*gap, *currency))
            }
            Self::RuleNotMet(path) if is_of_customer(path) => {
                format!("This is for certain customers only ({path}).")
            }
            Self::RuleNotMet(path) => format!("Your order does not qualify for this ({path})."),
            Self::FactUnknown(path) => {
                format!("We cannot tell whether this applies: {path} is not known.")
            }
            Self::NoMatchingLines => "Nothing in your order is part of this offer.".into(),
            Self::NothingToPay => "Nothing in your order can be paid with this card.".into(),
            Self::BundleIncomplete { missing } => {
                let units = missing.iter().map(|one| one.units);
                let units = units.fold(0, u32::saturating_add);
                format!("Add {units} more of the goods this is for to use it.")
            }
            Self::OverLimit(_) => "No more can be combined with what is applied already.".into(),
            Self::AlreadyApplied => "This is applied to your order already.".into(),
            Self::StackedOut { .. } => {
                "This cannot be combined with what is applied already.".into()
            }
            Self::BalanceSpent => "There is nothing left on this card.".into(),
            Self::NoEffect => "This would not make your order cheaper.".into(),
            Self::RewardMissing => "Say what to spend points of this card on.".into(),
            Self::PointsSpent => "There are not so many points on this card.".into(),
            Self::OwnReferral => "This code is for those you refer, not for yourself.".into(),
            Self::ReferredBefore => "You were referred by somebody else already.".into(),
        }
    }
}

pub(crate) fn is_of_customer(path: &Path) -> bool {
    path.as_str().starts_with("customer.")
}

/// A moment as people read it, in UTC; its bare number where no calendar has it.
fn moment(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(at) => at.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(refusal: Refusal, code: &str, sentence: &str) {
        assert_eq!(
            (refusal.code(), refusal.sentence().as_str()),
            (code, sentence)
        );
    }

    #[test]
    fn a_refusal_has_a_code_and_a_sentence() {
        use Refusal::*;
        let noon = 1_772_366_400_000;
        check(
            NotYetOpen { from: noon },
            "not_started",
            "This starts on 1 March 2026, 12:00 UTC.",
        );
        check(
            Closed { until: noon },
            "expired",
            "This ended on 1 March 2026, 12:00 UTC.",
        );
        check(
            Closed { until: i64::MAX },
            "expired",
            "This ended on 9223372036854775807.",
        );
        check(
            Reserved { until: noon },
            "reserved",
            "This is in use in another checkout until 1 March 2026, 12:00 UTC.",
        );
        check(
            BelowMinimum {
                gap: 1240,
                currency: Currency(*b"EUR"),
            },
            "min_spend",
            "Add 12.40 EUR more to use this.",
        );
        check(
            BelowMinimum {
                gap: 5,
                currency: Currency(*b"JPY"),
            },
            "min_spend",
            "Add 5 JPY more to use this.",
        );
        check(
            RuleNotMet("customer.tier".into()),
            "segment_mismatch",
            "This is for certain customers only (customer.tier).",
        );
        check(
            RuleNotMet("order.units".into()),
            "rule_not_met",
            "Your order does not qualify for this (order.units).",
        );
        check(
            StackedOut { by: CampaignId(1) },
            "no_stack",
            "This cannot be combined with what is applied already.",
        );
        check(
            UsedUpByCustomer,
            "used_up_person",
            "You have used this already.",
        );
        check(UsedUp, "used_up_campaign", "All of these have gone.");
        check(BudgetSpent, "budget_reached", "All of these have gone.");
    }
}
