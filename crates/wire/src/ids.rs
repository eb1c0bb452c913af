//! How is a thing named outside? A prefix that says what it is, and its number in Crockford's
//! base 32, always 13 digits, so that names sort as numbers do.

use serde::{Deserialize, Serialize};

/// Douglas Crockford, "Base 32", 2019: no I, L, O or U.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 13;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tag {
    Assignment,
    AsyncAction,
    Campaign,
    Category,
    CustomEvent,
    Customer,
    Decision,
    Deletion,
    EarningRule,
    Event,
    Experiment,
    Export,
    FailedRedemption,
    FailedRollback,
    Grant,
    Holder,
    LoyaltyTier,
    MetadataSchema,
    Order,
    OrderLine,
    Policy,
    Product,
    ProductCollection,
    Project,
    PromotionStack,
    Publication,
    Qualification,
    Redemption,
    Request,
    Reward,
    RewardAssignment,
    RewardRedemption,
    Rollback,
    Segment,
    Session,
    Sku,
    Snapshot,
    StackingRules,
    Tier,
    Tracking,
    Transaction,
    Validation,
    ValidationRule,
    Voucher,
    Webhook,
}

impl Tag {
    pub const ALL: [Self; 45] = [
        Self::Assignment,
        Self::AsyncAction,
        Self::Campaign,
        Self::Category,
        Self::CustomEvent,
        Self::Customer,
        Self::Decision,
        Self::Deletion,
        Self::EarningRule,
        Self::Event,
        Self::Experiment,
        Self::Export,
        Self::FailedRedemption,
        Self::FailedRollback,
        Self::Grant,
        Self::Holder,
        Self::LoyaltyTier,
        Self::MetadataSchema,
        Self::Order,
        Self::OrderLine,
        Self::Policy,
        Self::Product,
        Self::ProductCollection,
        Self::Project,
        Self::PromotionStack,
        Self::Publication,
        Self::Qualification,
        Self::Redemption,
        Self::Request,
        Self::Reward,
        Self::RewardAssignment,
        Self::RewardRedemption,
        Self::Rollback,
        Self::Segment,
        Self::Session,
        Self::Sku,
        Self::Snapshot,
        Self::StackingRules,
        Self::Tier,
        Self::Tracking,
        Self::Transaction,
        Self::Validation,
        Self::ValidationRule,
        Self::Voucher,
        Self::Webhook,
    ];

    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Assignment => "asgm_",
            Self::AsyncAction => "aa_",
            Self::Campaign => "camp_",
            Self::Category => "cat_",
            Self::CustomEvent => "evcus_",
            Self::Customer => "cust_",
            Self::Decision => "dec_",
            Self::Deletion => "del_",
            Self::EarningRule => "ern_",
            Self::Event => "event_",
            Self::Experiment => "expt_",
            Self::Export => "exp_",
            Self::FailedRedemption => "rf_",
            Self::FailedRollback => "rrf_",
            Self::Grant => "grant_",
            Self::Holder => "rh_",
            Self::LoyaltyTier => "ltr_",
            Self::MetadataSchema => "ms_",
            Self::Order => "ord_",
            Self::OrderLine => "ordli_",
            Self::Policy => "pol_",
            Self::Product => "prod_",
            Self::ProductCollection => "pc_",
            Self::Project => "proj_",
            Self::PromotionStack => "stack_",
            Self::Publication => "pub_",
            Self::Qualification => "qfl_",
            Self::Redemption => "r_",
            Self::Request => "v-",
            Self::Reward => "rew_",
            Self::RewardAssignment => "rewa_",
            Self::RewardRedemption => "rewr_",
            Self::Rollback => "rr_",
            Self::Segment => "seg_",
            Self::Session => "ssn_",
            Self::Sku => "sku_",
            Self::Snapshot => "snap_",
            Self::StackingRules => "stk_",
            Self::Tier => "promo_",
            Self::Tracking => "track_",
            Self::Transaction => "vtx_",
            Self::Validation => "valid_",
            Self::ValidationRule => "val_",
            Self::Voucher => "v_",
            Self::Webhook => "wh_",
        }
    }
}

/// Why a text is not such an id. It may still be a natural key (a code, a name, a source id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnId {
    WrongPrefix,
    WrongLength,
    WrongDigit,
    TooLarge,
}

#[must_use]
pub fn format(tag: Tag, number: u64) -> String {
    let mut text = String::with_capacity(tag.prefix().len() + LENGTH);
    text.push_str(tag.prefix());
    for place in (0..LENGTH).rev() {
        let digit = usize::try_from((number >> (place * 5)) & 31).unwrap_or(0);
        text.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'0')));
    }
    text
}

/// The number in `text`, when it names a thing of this kind.
///
/// # Errors
/// The first respect in which it does not.
pub fn parse(tag: Tag, text: &str) -> Result<u64, NotAnId> {
    let digits = text
        .strip_prefix(tag.prefix())
        .ok_or(NotAnId::WrongPrefix)?;
    if digits.len() != LENGTH {
        return Err(NotAnId::WrongLength);
    }
    digits.bytes().try_fold(0_u64, |number, byte| {
        let digit = DIGITS.iter().position(|known| *known == byte);
        let digit = u64::try_from(digit.ok_or(NotAnId::WrongDigit)?).unwrap_or(0);
        let shifted = number.checked_mul(32).ok_or(NotAnId::TooLarge)?;
        shifted.checked_add(digit).ok_or(NotAnId::TooLarge)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back() {
        for tag in Tag::ALL {
            for number in [0, 1, 31, 32, 0x1234_5678_9abc_def0, u64::MAX] {
                assert_eq!(
                    parse(tag, &format(tag, number)),
                    Ok(number),
                    "{tag:?} {number}"
                );
            }
        }
    }

    #[test]
    fn no_id_is_read_as_another_kind() {
        for tag in Tag::ALL {
            for other in Tag::ALL.into_iter().filter(|other| *other != tag) {
                assert!(
                    parse(other, &format(tag, 77)).is_err(),
                    "{tag:?} as {other:?}"
                );
            }
        }
    }

    #[test]
    fn names_sort_as_numbers_do() {
        let names: Vec<String> = [0, 9, 31, 32, 1023, 1024, u64::MAX]
            .map(|n| format(Tag::Campaign, n))
            .into();
        assert!(names.is_sorted());
    }

    #[test]
    fn what_is_no_id_says_why() {
        let check = |text: &str, expected: NotAnId| {
            assert_eq!(parse(Tag::Campaign, text), Err(expected), "{text}");
        };
        check("", NotAnId::WrongPrefix);
        check("SPRING", NotAnId::WrongPrefix);
        check("v_0000000000001", NotAnId::WrongPrefix);
        check("camp_1", NotAnId::WrongLength);
        check("camp_00000000000001", NotAnId::WrongLength);
        check("camp_000000000000u", NotAnId::WrongDigit);
        check("camp_000000000000A", NotAnId::WrongDigit);
        check("camp_zzzzzzzzzzzzz", NotAnId::TooLarge);
    }
}
