//! May this redeemable be used, by this customer, now, on this order?

use std::{borrow::Cow, collections::BTreeSet};

use rules::{Condition, Facts, Term, Value, Verdict};
use serde::{Deserialize, Serialize};

use crate::{
    Benefit, Campaign, Category, Minor, Offer, OfferId, Refusal, Timestamp, UnitsLeft, Validity,
    Voucher, VoucherId, refusal::is_of_customer,
};

/// Anything that can be presented for redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Redeemable {
    Voucher(VoucherId),
    Tier(OfferId),
}

/// One redeemable put forward, with what it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    pub redeemable: Redeemable,
    pub offer: &'a Offer,
    pub campaign: &'a Campaign,
    pub voucher: Option<&'a Voucher>,
    pub category: Option<Category>,
    /// What is told of it alone: `redeemable.metadata.…`, `voucher.…`.
    pub own: &'a Facts,
    /// The most money it may give, in minor units: what a budget that grants its remainder, or
    /// the balance of a gift card, still holds. `None` is without bound.
    pub at_most: Option<Minor>,
    /// What its caps on units have left; of one that is not there, nothing is. `None` where nobody
    /// looked, and units count as if there were enough.
    pub units: Option<&'a [UnitsLeft]>,
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The customer, as far as they have said who they are.
    pub customer: Option<u64>,
    pub now: Timestamp,
}

/// Looks, without commitment, whether a redeemable may be used.
///
/// # Errors
/// The first refusal in precedence.
pub fn qualify(presented: &Presented<'_>, facts: &Facts, asking: Asking) -> Result<(), Refusal> {
    open_to(presented, facts, asking)?;
    rules_met(presented, facts, asking)
}

/// The same, where the rules are known to be met.
///
/// # Errors
/// The first refusal in precedence.
pub fn open_to(presented: &Presented<'_>, facts: &Facts, asking: Asking) -> Result<(), Refusal> {
    if !presented.is_active() {
        return Err(Refusal::Paused);
    }
    open(presented, asking.now)?;
    held_by(presented.voucher, asking.customer)?;
    if presented.at_most == Some(0) && presented.offer.benefit != Benefit::Credit {
        return Err(Refusal::BudgetSpent);
    }
    if !is_in_currency(presented.campaign, facts) {
        return Err(Refusal::RuleNotMet(CURRENCY.into()));
    }
    Ok(())
}

/// What an order tells its currency as. Whoever qualifies reads it, whatever the rules read.
pub const CURRENCY: &str = "order.currency";

/// An amount of one currency says nothing about an order in another. Where nothing is told, there
/// is no order yet.
fn is_in_currency(campaign: &Campaign, facts: &Facts) -> bool {
    match facts.get(CURRENCY) {
        Some(Value::Text(told)) => told.as_bytes() == campaign.currency.0,
        _ => true,
    }
}

impl<'a> Presented<'a> {
    fn is_active(&self) -> bool {
        self.campaign.active && self.offer.active && self.voucher.is_none_or(|v| v.active)
    }

    fn validities(&self) -> impl Iterator<Item = &'a Validity> {
        let voucher = self.voucher.map(|voucher| &voucher.validity);
        [&self.campaign.validity, &self.offer.validity]
            .into_iter()
            .chain(voucher)
    }

    /// Whether something is asked of the order as it would stand then.
    pub(crate) fn looks_after(&self) -> bool {
        let after = [&self.campaign.after, &self.offer.after];
        after.into_iter().any(|after| *after != Condition::Always)
    }

    /// What is told of everything, and what is told of it alone.
    fn beside<'f>(&self, facts: &'f Facts) -> Cow<'f, Facts> {
        if self.own.is_empty() {
            return Cow::Borrowed(facts);
        }
        let mut all = facts.clone();
        all.extend(self.own.clone());
        Cow::Owned(all)
    }

    fn conditions(&self) -> [&'a Condition; 2] {
        [&self.campaign.rule, &self.offer.rule]
    }
}

/// All validities must be open; the last to open and the first to close are reported.
fn open(presented: &Presented<'_>, now: Timestamp) -> Result<(), Refusal> {
    let from = presented
        .validities()
        .filter_map(|validity| validity.from)
        .max();
    let until = presented
        .validities()
        .filter_map(|validity| validity.until)
        .min();
    match (from, until) {
        (Some(from), _) if now < from => Err(Refusal::NotYetOpen { from }),
        (_, Some(until)) if until < now => Err(Refusal::Closed { until }),
        _ => open_by_calendar(presented, now),
    }
}

/// All calendars must be open; the one that opens last is waited for.
fn open_by_calendar(presented: &Presented<'_>, now: Timestamp) -> Result<(), Refusal> {
    let zone = &presented.campaign.zone;
    let closed = presented.validities().filter_map(|validity| {
        let calendar = validity.calendar.as_ref()?;
        let asked = (validity.from, now);
        (!calendar.is_open(asked, zone)).then(|| calendar.opens(asked, zone))
    });
    // One that never opens again is waited for longest.
    let longest = closed.max_by_key(|next| next.unwrap_or(Timestamp::MAX));
    longest.map_or(Ok(()), |next| Err(Refusal::NotNow { next }))
}

fn held_by(voucher: Option<&Voucher>, customer: Option<u64>) -> Result<(), Refusal> {
    match (voucher.and_then(|voucher| voucher.holder), customer) {
        (Some(_), None) => Err(Refusal::SignInRequired),
        (Some(holder), Some(customer)) if holder != customer => Err(Refusal::OtherHolder),
        _ => Ok(()),
    }
}

fn rules_met(presented: &Presented<'_>, facts: &Facts, asking: Asking) -> Result<(), Refusal> {
    let conditions = presented.conditions();
    let facts = &*presented.beside(facts);
    match first_unmet(conditions, facts) {
        Verdict::Met => Ok(()),
        Verdict::Unknown(path) if asking.customer.is_none() && is_of_customer(&path) => {
            Err(Refusal::SignInRequired)
        }
        Verdict::Unknown(path) => Err(Refusal::FactUnknown(path)),
        Verdict::NotMet(path) => Err(match gap(conditions, facts) {
            Some(gap) => Refusal::BelowMinimum {
                gap,
                currency: presented.campaign.currency,
            },
            None => Refusal::RuleNotMet(path),
        }),
    }
}

fn first_unmet(conditions: [&Condition; 2], facts: &Facts) -> Verdict {
    let mut verdicts = conditions
        .into_iter()
        .map(|condition| condition.evaluate(facts));
    verdicts
        .find(|verdict| *verdict != Verdict::Met)
        .unwrap_or(Verdict::Met)
}

/// What a rule reads where it asks for a minimum to be spent.
const SPENT: [&str; 2] = ["order.amount", "order.initial_amount"];

/// The least that must be added to the order for the conditions to be met, where that is enough.
fn gap(conditions: [&Condition; 2], facts: &Facts) -> Option<Minor> {
    let mut gaps = BTreeSet::new();
    conditions
        .into_iter()
        .for_each(|condition| collect_gaps(condition, facts, &mut gaps));
    let enough = |gap: &i64| first_unmet(conditions, &larger(facts, *gap)) == Verdict::Met;
    gaps.into_iter()
        .find(enough)
        .and_then(|gap| Minor::try_from(gap).ok())
}

/// From what is spent to each number it is compared with, and to the next above.
fn collect_gaps(condition: &Condition, facts: &Facts, gaps: &mut BTreeSet<i64>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts
                .iter()
                .for_each(|part| collect_gaps(part, facts, gaps));
        }
        Condition::Not(inner) => collect_gaps(inner, facts, gaps),
        Condition::Test { left, right, .. } => {
            if let Some(gap) = gap_between(left, right, facts) {
                gaps.extend(
                    [gap, gap.saturating_add(1)]
                        .into_iter()
                        .filter(|gap| *gap > 0),
                );
            }
        }
        Condition::Always
        | Condition::Known(_)
        | Condition::AnyLine(_)
        | Condition::EveryLine(_) => {}
    }
}

fn gap_between(left: &Term, right: &Term, facts: &Facts) -> Option<i64> {
    let (path, bound) = match (left, right) {
        (Term::Fact(path), Term::Value(Value::Int(bound)))
        | (Term::Value(Value::Int(bound)), Term::Fact(path)) => (path, bound),
        _ => return None,
    };
    let spent = SPENT
        .contains(&path.as_str())
        .then(|| facts.get(path.as_str()))
        .flatten();
    match spent {
        Some(Value::Int(spent)) => bound.checked_sub(*spent),
        _ => None,
    }
}

/// The same facts with so much more spent.
fn larger(facts: &Facts, gap: i64) -> Facts {
    let mut larger = facts.clone();
    for path in SPENT {
        if let Some(Value::Int(spent)) = facts.get(path) {
            larger.set(path, spent.saturating_add(gap));
        }
    }
    larger
}

#[cfg(test)]
mod tests {
    use rules::Facts;

    use super::*;
    use crate::{Currency, VoucherKind, shop, shop::NOW};

    /// An offer, changed in one way, against the code of its refusal and its gap.
    #[track_caller]
    fn check(change: impl FnOnce(&mut shop::Case, &mut Voucher), expected: Result<(), Refusal>) {
        let mut case = shop::case(1, "10 %");
        let mut voucher = voucher();
        change(&mut case, &mut voucher);
        let presented = Presented {
            voucher: Some(&voucher),
            ..case.present()
        };
        assert_eq!(qualify(&presented, &facts(), NOW), expected);
    }

    fn voucher() -> Voucher {
        Voucher {
            id: VoucherId(1),
            code: "SPRING".into(),
            offer: OfferId(1),
            kind: VoucherKind::Discount,
            active: true,
            validity: Validity::default(),
            quantity: None,
            holder: None,
        }
    }

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.set("order.amount", 3_000);
        facts.set("order.initial_amount", 4_000);
        facts.set("customer.tier", "silver");
        facts
    }

    #[test]
    fn a_pause_comes_first() {
        check(|_, _| {}, Ok(()));
        check(|case, _| case.campaign.active = false, Err(Refusal::Paused));
        check(|case, _| case.offer.active = false, Err(Refusal::Paused));
        check(|_, voucher| voucher.active = false, Err(Refusal::Paused));
        check(
            |case, voucher| {
                voucher.active = false;
                case.offer.validity.until = Some(0);
            },
            Err(Refusal::Paused),
        );
    }

    #[test]
    fn all_validities_must_be_open() {
        let (from, until) = (Some(NOW.now), Some(NOW.now));
        check(
            |case, _| case.offer.validity = Validity::between(from, until),
            Ok(()),
        );
        check(
            |case, voucher| {
                case.campaign.validity.from = Some(NOW.now + 1);
                voucher.validity.from = Some(NOW.now + 9);
            },
            Err(Refusal::NotYetOpen { from: NOW.now + 9 }),
        );
        check(
            |case, voucher| {
                case.campaign.validity.until = Some(NOW.now - 1);
                voucher.validity.until = Some(NOW.now - 9);
            },
            Err(Refusal::Closed { until: NOW.now - 9 }),
        );
        check(
            |case, voucher| {
                case.campaign.validity.until = Some(NOW.now - 1);
                voucher.validity.from = Some(NOW.now + 1);
            },
            Err(Refusal::NotYetOpen { from: NOW.now + 1 }),
        );
    }

    #[test]
    fn a_voucher_with_a_holder_is_for_them_alone() {
        check(|_, voucher| voucher.holder = Some(7), Ok(()));
        check(
            |_, voucher| voucher.holder = Some(8),
            Err(Refusal::OtherHolder),
        );
        let (case, held) = (
            shop::case(1, "10 %"),
            Voucher {
                holder: Some(7),
                ..voucher()
            },
        );
        let presented = Presented {
            voucher: Some(&held),
            ..case.present()
        };
        let nobody = Asking {
            customer: None,
            ..NOW
        };
        assert_eq!(
            qualify(&presented, &facts(), nobody),
            Err(Refusal::SignInRequired)
        );
    }

    #[test]
    fn what_is_spent_gives_nothing() {
        check(|case, _| case.at_most = Some(0), Err(Refusal::BudgetSpent));
        check(|case, _| case.at_most = Some(1), Ok(()));
    }

    /// A rule of the campaign and one of the offer.
    #[track_caller]
    fn rule(campaign: &str, offer: &str, expected: Result<(), Refusal>) {
        let parsed = |text| rules::parse(text).unwrap();
        check(
            |case, _| {
                case.campaign.rule = parsed(campaign);
                case.offer.rule = parsed(offer);
            },
            expected,
        );
    }

    #[test]
    fn a_minimum_that_is_not_reached_names_its_gap() {
        let currency = shop::EUR;
        let below = |gap| Err(Refusal::BelowMinimum { gap, currency });
        let not_met = |path: &str| Err(Refusal::RuleNotMet(path.into()));
        rule("true", "order.amount >= 3000", Ok(()));
        rule("true", "order.amount >= 5000", below(2_000));
        rule("true", "5000 <= order.amount", below(2_000));
        rule("order.amount > 5000", "true", below(2_001));
        rule("true", "!(order.amount < 5000)", below(2_000));
        rule(
            "order.amount >= 4000",
            "order.initial_amount >= 9000",
            below(5_000),
        );
        rule(
            "order.amount >= 9000 || order.amount >= 4000",
            "true",
            below(1_000),
        );
        rule("order.amount < 1000", "true", not_met("order.amount"));
        // More in the order would not help: something else is missing too.
        rule(
            "order.amount >= 5000",
            "customer.tier == \"gold\"",
            not_met("order.amount"),
        );
        rule(
            "customer.tier == \"gold\"",
            "order.amount >= 5000",
            not_met("customer.tier"),
        );
    }

    #[test]
    fn another_currency_comes_before_the_rules_and_after_the_rest() {
        let foreign = |case: &mut shop::Case| case.campaign.currency = Currency(*b"USD");
        let in_euro = |change: &dyn Fn(&mut shop::Case), expected| {
            let mut case = shop::case(1, "10 %, if order.amount >= 5000");
            change(&mut case);
            let mut facts = facts();
            facts.set(CURRENCY, "EUR");
            assert_eq!(qualify(&case.present(), &facts, NOW), Err(expected));
        };
        let currency = shop::EUR;
        in_euro(
            &|_| {},
            Refusal::BelowMinimum {
                gap: 2_000,
                currency,
            },
        );
        in_euro(&foreign, Refusal::RuleNotMet(CURRENCY.into()));
        let spent = |case: &mut shop::Case| {
            foreign(case);
            case.at_most = Some(0);
        };
        in_euro(&spent, Refusal::BudgetSpent);
        check(|case, _| foreign(case), Ok(()));
    }

    #[test]
    fn a_fact_that_is_not_known_is_named() {
        let unknown = |path: &str| Err(Refusal::FactUnknown(path.into()));
        rule("true", "customer.orders > 3", unknown("customer.orders"));
        let case = shop::case(1, "10 %, if customer.orders > 3");
        let nobody = Asking {
            customer: None,
            ..NOW
        };
        let answer = qualify(&case.present(), &facts(), nobody);
        assert_eq!(answer, Err(Refusal::SignInRequired));
    }
}
