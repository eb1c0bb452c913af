//! Consent: the latest word wins, and what is not allowed leaves no byte.

use proptest::prelude::*;

use super::*;

const GRANTED: Choice = Choice::Granted { at: 5 };
const DENIED: Choice = Choice::Denied { at: 5 };

#[track_caller]
fn check(one: Choice, other: Choice, expected: Choice) {
    assert_eq!(one.merge(other), expected, "{one:?} and {other:?}");
    assert_eq!(other.merge(one), expected, "{other:?} and {one:?}");
}

#[test]
fn the_latest_word_wins() {
    check(Choice::Unasked, Choice::Unasked, Choice::Unasked);
    check(Choice::Unasked, GRANTED, GRANTED);
    check(Choice::Unasked, DENIED, DENIED);
    check(GRANTED, DENIED, DENIED);
    check(Choice::Granted { at: 6 }, DENIED, Choice::Granted { at: 6 });
    check(GRANTED, Choice::Denied { at: 6 }, Choice::Denied { at: 6 });
    check(
        Choice::Granted { at: Timestamp::MIN },
        Choice::Unasked,
        Choice::Granted { at: Timestamp::MIN },
    );
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        Just(Choice::Unasked),
        (0..4_i64).prop_map(|at| Choice::Granted { at }),
        (0..4_i64).prop_map(|at| Choice::Denied { at }),
    ]
}

fn consent() -> impl Strategy<Value = Consent> {
    (choice(), choice()).prop_map(|(personalise_offers, measure)| Consent {
        personalise_offers,
        measure,
    })
}

proptest! {
    #[test]
    fn merge_is_commutative(a in consent(), b in consent(), c in consent()) {
        prop_assert_eq!(a.merge(b), b.merge(a));
        prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
        prop_assert_eq!(a.merge(a), a);
        prop_assert_eq!(a.merge(Consent::default()), a);
    }
}

/// The row says what may be stored: f for features, o for the outcome, or nothing.
#[track_caller]
fn admits(consent: Consent, kind: Kind, expected: &str) {
    let admission = admit(consent, &Activity { at: 0, kind });
    let told = [(admission.features, 'f'), (admission.outcome, 'o')];
    let told: String = told
        .into_iter()
        .filter(|(yes, _)| *yes)
        .map(|(_, letter)| letter)
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn what_is_not_allowed_is_not_stored() {
    let all = Consent::granted(1);
    let measured = Consent {
        personalise_offers: Choice::Denied { at: 2 },
        ..all
    };
    let personal = Consent {
        measure: Choice::Denied { at: 2 },
        ..all
    };
    let order = || Kind::OrderCompleted(crate::Order::default());
    let refund = || Kind::OrderRefunded {
        order_key: 1,
        amount: 1,
    };
    admits(all, Kind::Page, "f");
    admits(all, order(), "fo");
    admits(all, refund(), "fo");
    admits(all, Kind::OfferExposed, "fo");
    admits(personal, order(), "f");
    admits(measured, order(), "o");
    admits(measured, Kind::Page, "");
    admits(Consent::denied(1), order(), "");
    admits(Consent::default(), order(), "");
    admits(Consent::default(), Kind::Page, "");
}

/// P02, P03: nobody can grant these yet, so nobody's searches or places are stored.
#[test]
fn searches_and_places_need_purposes_of_their_own() {
    let all = Consent::granted(1);
    admits(all, Kind::Named("Products Searched".into()), "");
    admits(all, Kind::Named("products_searched".into()), "");
    admits(all, Kind::Named("Zone Entered".into()), "");
    admits(all, Kind::Named("Payment Failed".into()), "f");
}
