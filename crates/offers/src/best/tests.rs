//! Worked rows, and that nothing better is to be found, against all combinations in all orders.

use ledger::AccountId;
use proptest::{prelude::*, test_runner::TestCaseError};
use rules::Facts;

use super::{Best, Candidate, LeftOut, Room, best};
use crate::{
    Basis, Benefit, CapUnit, CategoryId, Goods, Minor, NoEffect, Order, Outcome, Sorting,
    StackingRules, quote, shop,
    shop::{Case, NOW},
};

fn candidates(cases: &[Case]) -> Vec<Candidate<'_>> {
    let candidate = |case| Candidate {
        presented: Case::present(case),
        limits: Vec::new(),
    };
    cases.iter().map(candidate).collect()
}

fn cases(offers: &[&str]) -> Vec<Case> {
    let offers = offers.iter().zip(1..);
    offers.map(|(offer, id)| shop::case(id, offer)).collect()
}

fn found(order: &Order, cases: &[Case], rules: &StackingRules) -> Best {
    best(order, &Facts::default(), &candidates(cases), (NOW, rules))
}

/// `order | offer; offer` against the places of the best, counted from 1 and in their order, and
/// what they save; then those of the runner-up.
#[track_caller]
fn check(text: &str, expected: &str) {
    let (order, offers) = text.split_once(" | ").unwrap();
    let offers: Vec<&str> = offers.split("; ").collect();
    let (order, cases) = (shop::order(order), cases(&offers));
    let best = found(&order, &cases, &StackingRules::usual());
    let shown = |one: &super::Combination| {
        let places = one.places.iter().map(|place| (place + 1).to_string());
        format!("{} = {}", places.collect::<Vec<_>>().join(" "), one.saves)
    };
    let runner_up = best.runner_up.as_ref().map_or("-".into(), shown);
    assert_eq!(
        format!("{}, then {runner_up}", shown(&best.chosen)),
        expected
    );
    assert_eq!(best.short_by(), 0);
}

#[test]
fn the_order_matters() {
    // A share first takes its part of more.
    check("10000 | 1000 off; 20 %", "2 1 = 3000, then -");
    // Who may be used from 100.00 only goes first.
    check(
        "10500 | 10 %; 20 %, if order.amount > 10000",
        "2 1 = 2940, then -",
    );
    // What a campaign's priority says stands.
    check("10000 | 1000 off; 20 %, priority 1", "1 2 = 2800, then -");
}

#[test]
fn what_keeps_others_out_must_be_worth_it() {
    check(
        "10000 | 30 %, alone; 20 %; 2000 off",
        "2 3 = 4000, then 1 = 3000",
    );
    check(
        "10000 | 50 %, alone; 20 %; 2000 off",
        "1 = 5000, then 2 3 = 4000",
    );
    check(
        "10000 | 10 %, category 1; 20 %, category 1; 5 %, category 2",
        "2 3 = 2400, then 3 1 = 1450",
    );
    check(
        "10000 | 1 %; 2 %; 3 %; 4 %; 5 %; 6 %",
        "2 5 6 3 4 = 1852, then 3 4 5 6 1 = 1768",
    );
}

#[test]
fn of_twins_one_is_tried() {
    let twenty = vec!["10 % on home"; 20];
    let (order, cases) = (shop::order("mug 2x1000 home"), cases(&twenty));
    let best = found(&order, &cases, &StackingRules::usual());
    assert_eq!(
        (best.chosen.places, best.chosen.saves),
        (vec![0, 1, 2, 3, 4], 819)
    );
    assert!(best.steps < 200, "{}", best.steps);
}

#[test]
fn gift_cards_pay_and_save_nothing() {
    check("10000 | gift 5000; 10 %", "2 = 1000, then -");
    check("10000 | gift 5000", " = 0, then -");
    check("10000 | 10 %; 1 points per 100", "1 2 = 1000, then -");
}

#[test]
fn what_is_refused_is_in_none() {
    check(
        "mug 1x1000 | 10 % on garden; 10 %, if customer.age > 3",
        " = 0, then -",
    );
    check("1000 | 10 %, if order.amount > 5000; 5 %", "2 = 50, then -");
    // Only what others leave is little enough.
    check(
        "1000 | 10 %, if order.amount < 960; 5 %",
        "2 1 = 145, then -",
    );
}

#[test]
fn what_several_take_from_has_an_end() {
    let cases = cases(&["30 %", "20 %", "10 %"]);
    let limited = |unit: CapUnit, left: u64, grant_remainder: bool| {
        let mut all = candidates(&cases);
        let room = Room {
            account: AccountId {
                owner: 7,
                ..AccountId::default()
            },
            unit,
            left,
            grant_remainder,
        };
        all.iter_mut()
            .take(2)
            .for_each(|one| one.limits = vec![room]);
        let rules = StackingRules::usual();
        let best = best(
            &shop::order("10000"),
            &Facts::default(),
            &all,
            (NOW, &rules),
        );
        (best.chosen.places, best.chosen.saves)
    };
    assert_eq!(limited(CapUnit::Uses, 2, false).1, 4_960);
    assert_eq!(limited(CapUnit::Uses, 1, false), (vec![0, 2], 3_700));
    // Behind the others the largest is small enough.
    assert_eq!(limited(CapUnit::Money, 2_900, false), (vec![2, 0], 3_700));
    assert_eq!(limited(CapUnit::Money, 2_900, true).1, 3_900);
}

#[test]
fn why_the_others_are_not_in() {
    let check = |why: LeftOut, code: &str, sentence: &str| {
        assert_eq!(
            (why.code(), why.sentence(shop::EUR).as_str()),
            (code, sentence)
        );
    };
    check(
        LeftOut::SavesLess(250),
        "saves_less",
        "With this you would save 2.50 EUR less.",
    );
    check(
        LeftOut::SavesLess(0),
        "saves_less",
        "This would not save you more.",
    );
    let pays = "This is money of yours: use it to pay what is left.";
    check(LeftOut::Pays, "pays", pays);
    let refusal = crate::Refusal::NoEffect;
    check(
        LeftOut::Refused(refusal.clone()),
        "no_effect",
        &refusal.sentence(),
    );
}

const OFFERS: [&str; 24] = [
    "10 %",
    "7 %",
    "25 % at most 900",
    "1000 off",
    "333 off",
    "15 % on home",
    "20 % on lines",
    "50 % on lines one cheapest",
    "30 % on lines from dearest most 2 counting units",
    "200 off each line on home",
    "150 off each unit on lines",
    "700 off by amount on garden",
    "price 900 on home",
    "price 9000",
    "1 mug free",
    "2 pen new",
    "1 same free on garden",
    "2 pen instead on home one cheapest",
    "shipping free",
    "12 %, alone",
    "5 %, always",
    "20 %, if order.amount > 8000",
    "9 %, if order.amount < 6000",
    "500 off, counting ORDER_AMOUNT / 20",
];

const ORDERS: [&str; 5] = [
    "10351",
    "mug 2x1000 home, pen 3x250 home, pot 1x4999 garden, shipping 490",
    "mug 1x1000 home, mug 2x1000 garden, pot 2x2550 -300 garden, discount 250",
    "a 1x33 home, b 3x101 garden, c 7x9 home",
    "pot 1x8100 garden, hat 2x1999",
];

fn offers(most: usize) -> impl Strategy<Value = Vec<Case>> {
    let offer =
        (0..OFFERS.len(), 0..6_usize, 0..3_usize).prop_map(|(offer, priority, category)| {
            let mut text = OFFERS[offer].to_owned();
            let more = match (priority, category) {
                (0, _) => ", priority 1",
                (_, 1) => ", category 1",
                (_, 2) => ", category 2",
                _ => "",
            };
            match text.find(", if ") {
                Some(at) => text.insert_str(at, more),
                None => text += more,
            }
            text
        });
    prop::collection::vec(offer, most - 4..=most).prop_map(|offers| {
        let offers: Vec<&str> = offers.iter().map(String::as_str).collect();
        cases(&offers)
    })
}

fn rules() -> impl Strategy<Value = StackingRules> {
    (1..6_u32, 0..3_u32, 0..4_usize, any::<[bool; 5]>()).prop_map(
        |(most, of_category, special, [sorted, once, redeem, initial, except])| {
            let category = CategoryId(1);
            StackingRules {
                most,
                most_of_category: Some(of_category).filter(|most| *most > 0),
                exclusive: [category].into_iter().filter(|_| special == 1).collect(),
                joint: [category].into_iter().filter(|_| special == 2).collect(),
                sorting: if sorted {
                    Sorting::ByHierarchy
                } else {
                    Sorting::AsPresented
                },
                goods: if once { Goods::Once } else { Goods::Again },
                no_effect: if redeem {
                    NoEffect::Redeem
                } else {
                    NoEffect::Skip
                },
                basis: if initial {
                    Basis::Initial
                } else {
                    Basis::Discounted
                },
                basis_except: [category].into_iter().filter(|_| except).collect(),
                ..StackingRules::usual()
            }
        },
    )
}

fn saved(outcome: &Outcome<'_>) -> Minor {
    let is_gift = |place: usize| {
        let applied = outcome.applied.get(place);
        applied.is_some_and(|one| one.offer.benefit == Benefit::Credit)
    };
    let discounts = outcome.priced.discounts.iter().enumerate();
    let discounts = discounts.filter(|(place, _)| !is_gift(*place));
    discounts.map(|(_, discount)| discount.amount).sum()
}

/// What the best of all combinations in all orders saves.
fn by_force(order: &Order, cases: &[Case], rules: &StackingRules) -> Minor {
    fn longer(
        chosen: &mut Vec<usize>,
        (order, cases, rules): (&Order, &[Case], &StackingRules),
        most: &mut Minor,
    ) {
        let presented = chosen.iter().map(|place| cases[*place].present()).collect();
        let outcome = quote(order, &Facts::default(), presented, (NOW, rules));
        *most = saved(&outcome).max(*most);
        for place in 0..cases.len() {
            if !chosen.contains(&place) {
                chosen.push(place);
                longer(chosen, (order, cases, rules), most);
                chosen.pop();
            }
        }
    }
    let mut most = 0;
    longer(&mut Vec::new(), (order, cases, rules), &mut most);
    most
}

/// Nothing saves more than what is found, and as it is told, so it is priced.
fn holds(order: &Order, cases: &[Case], rules: &StackingRules) -> Result<(), TestCaseError> {
    let best = found(order, cases, rules);
    prop_assert_eq!(best.chosen.saves, by_force(order, cases, rules));
    prop_assert_eq!(best.short_by(), 0);
    let presented = best.chosen.places.iter();
    let presented = presented.map(|place| cases[*place].present()).collect();
    let outcome = quote(order, &Facts::default(), presented, (NOW, rules));
    prop_assert_eq!(saved(&outcome), best.chosen.saves);
    prop_assert_eq!(outcome.applied.len(), best.chosen.places.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_saves_more_than_the_best(
        order in 0..ORDERS.len(),
        cases in offers(5),
        rules in rules(),
    ) {
        holds(&shop::order(ORDERS[order]), &cases, &rules)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(15))]

    #[test]
    fn nor_does_any_of_six(order in 0..ORDERS.len(), cases in offers(6), rules in rules()) {
        holds(&shop::order(ORDERS[order]), &cases, &rules)?;
    }
}

/// Twenty of the kinds that shops have, of which five go together.
const TWENTY: [&str; 20] = [
    "5 %",
    "10 %",
    "12 %",
    "15 % at most 1500",
    "25 % at most 900",
    "20 %, alone",
    "1000 off",
    "500 off",
    "333 off",
    "250 off, category 1",
    "15 % on home",
    "20 % on home, category 1",
    "10 % on lines",
    "30 % on garden, category 2",
    "50 % on lines one cheapest",
    "200 off each line on home",
    "150 off each unit on garden",
    "price 900 on home",
    "1 mug free",
    "shipping free",
];

#[test]
fn twenty_are_searched_to_the_end() {
    for text in ORDERS {
        let cases = cases(&TWENTY);
        let best = found(&shop::order(text), &cases, &StackingRules::usual());
        assert_eq!(best.short_by(), 0, "{text}: {best:?}");
    }
}

/// Where rules, formulas and exchanges read what is left, every order of them is another.
#[test]
fn twenty_of_any_kind_are_searched_to_the_end() {
    let cases = cases(&OFFERS[4..]);
    let best = found(&shop::order(ORDERS[4]), &cases, &StackingRules::usual());
    assert_eq!(best.short_by(), 0, "{best:?}");
    assert!(best.steps > super::MANY.steps / 2, "{}", best.steps);
}

/// Among more, the answer says how far from the best it may be.
#[test]
fn where_the_work_ends_the_bound_is_told() {
    let offers: Vec<&str> = OFFERS.iter().chain(&TWENTY).copied().collect();
    let cases = cases(&offers);
    let rules = StackingRules {
        most: 30,
        ..StackingRules::usual()
    };
    let order = shop::order(ORDERS[1]);
    let best = found(&order, &cases, &rules);
    assert!(best.steps <= 2 * super::MANY.steps, "{}", best.steps);
    assert!(best.most >= best.chosen.saves && best.chosen.saves > 9_000);
}

/// Shares and amounts, on an order of ten lines and on some of them.
#[test]
fn twenty_on_ten_lines_are_searched_to_the_end() {
    let line = |number: u64| {
        let category = if number.is_multiple_of(2) {
            "home"
        } else {
            "garden"
        };
        let (quantity, price) = (1 + number % 3, 500 + 275 * number);
        format!("sku-{number} {quantity}x{price} {category}")
    };
    let lines: Vec<String> = (0..10).map(line).collect();
    let offer = |number: u64| match number % 5 {
        0 => format!("{} %", number / 2),
        1 => format!("{} off", 100 * number),
        2 => format!("{number} % on home"),
        3 => format!("{} off each line on garden", 30 * number),
        _ => format!("{} off by amount on home", 70 * number),
    };
    let offers: Vec<String> = (1..=20).map(offer).collect();
    let offers: Vec<&str> = offers.iter().map(String::as_str).collect();
    let cases = cases(&offers);
    let order = shop::order(&lines.join(", "));
    let best = found(&order, &cases, &StackingRules::usual());
    assert_eq!(best.short_by(), 0, "{best:?}");
    assert!(best.steps < 5_000, "{}", best.steps);
}
