//! Worked rows, and what holds for every order and every stack.

use proptest::prelude::*;
use rules::{Facts, LINES, Path, Reads};

use super::quote;
use crate::{
    Alone, Basis, Benefit, CategoryId, Counts, Discount, Goods, Joining, Lines, Minor, NoEffect,
    Offer, Order, Outcome, Pick, PickLimits, Presented, Priced, PricedLine, Redeemable, Scope, Sku,
    Sorting, Spread, Stacking, StackingRules, Taken, UnitFree, Visits, order_facts, price, shop,
    shop::{Case, NOW},
    stack,
};

/// `order | offer; offer` against `what each gives = total`. A discount on the order is one number,
/// one on lines a number for each line; a refused offer shows the code of its refusal.
#[track_caller]
fn check(text: &str, expected: &str) {
    check_by(&StackingRules::usual(), text, expected);
}

/// As [`check`], combined by other rules.
#[track_caller]
fn check_by(rules: &StackingRules, text: &str, expected: &str) {
    let (order, offers) = text.split_once(" | ").unwrap();
    let order = shop::order(order);
    let cases: Vec<Case> = offers
        .split("; ")
        .zip(0..)
        .map(|(offer, id)| shop::case(id, offer))
        .collect();
    let presented: Vec<_> = cases.iter().map(Case::present).collect();
    let outcome = quote(&order, &Facts::default(), presented.clone(), (NOW, rules));
    let each: Vec<String> = presented
        .iter()
        .map(|one| shown(&outcome, one.redeemable))
        .collect();
    assert_eq!(
        format!("{} = {}", each.join("; "), outcome.priced.total),
        expected
    );
    adds_up(&order, &outcome.priced);
}

fn shown(outcome: &Outcome<'_>, redeemable: Redeemable) -> String {
    if let Some((_, refusal)) = outcome.refused.iter().find(|(one, _)| *one == redeemable) {
        return refusal.code().into();
    }
    let discounts = &outcome.priced.discounts;
    let given = discounts
        .iter()
        .find(|one| one.redeemable == redeemable)
        .unwrap();
    let mut parts = Vec::new();
    if given.on_order > 0 {
        parts.push(given.on_order.to_string());
    } else if given.per_line.iter().any(|part| *part > 0) {
        let lines: Vec<String> = given.per_line.iter().map(Minor::to_string).collect();
        parts.push(lines.join("+"));
    }
    if given.on_shipping > 0 {
        parts.push(format!("shipping {}", given.on_shipping));
    }
    if given.points > 0 {
        parts.push(format!("{} points", given.points));
    }
    let added = given.free_units.iter().filter(|units| units.added > 0);
    parts.extend(added.map(|units| format!("{} of {} added", units.added, units.quantity)));
    parts.join(" ")
}

const C1: &str = "mug 2x1000 adv, poster 3x1500 adv, shirt 3x2000 adv, bottle 2x2500";

#[test]
fn a_discount_on_some_lines() {
    let check = |offer: &str, expected: &str| check(&format!("{C1} | {offer}"), expected);
    check("1000 off each line on adv", "1000+1000+1000+0 = 14500");
    check("1000 off each unit on adv", "2000+3000+3000+0 = 9500");
    check("1000 off by amount on adv", "160+360+480+0 = 16500");
    check("1000 off by quantity on adv", "250+375+375+0 = 16500");
    check("10 % on adv", "200+450+600+0 = 16250");
    check("price 1000 on adv", "0+1500+3000+0 = 13000");
    check("1000 off on adv", "160+360+480+0 = 16500");
    check("10 % on garden", "no_matching_items = 17500");
}

/// The examples of Voucherify's guide on bundles.
#[test]
fn what_is_for_a_set_is_given_for_each() {
    let cart = "pad 2x1000 set, mouse 5x4000 mice";
    let check = |offer: &str, expected: &str| check(&format!("{cart} | {offer}"), expected);
    check("5 %, sets 1 mice", "5500 = 16500");
    check("5 %, sets 1 mice and 1 set", "2200 = 19800");
    check("5 %, sets 1 mice and 1 set most 1", "1100 = 20900");
    check("5 %, sets 1 mice and 3 set", "bundle_incomplete = 22000");
    check("100 %, sets 1 mice", "22000 = 0");
    let pair = "sets 1 mice and 1 set";
    check(&format!("2000 off, {pair}"), "4000 = 18000");
    check(
        &format!("2000 off each line on mice, {pair}"),
        "0+4000 = 18000",
    );
    check(
        &format!("2000 off each unit on mice each 1, {pair}"),
        "0+4000 = 18000",
    );
    check(
        &format!("2000 off each unit on mice, {pair}"),
        "0+10000 = 12000",
    );
    check(
        &format!("price 3000 on mice each 1, {pair}"),
        "0+2000 = 20000",
    );
    let apart = "pad 2x1000 set, mouse 1x4000 mice, mouse 1x4000 mice, mouse 1x4000 mice";
    let check = |offer: &str, expected: &str| self::check(&format!("{apart} | {offer}"), expected);
    check(
        &format!("2000 off each line on mice, {pair}"),
        "0+4000+4000+4000 = 2000",
    );
}

#[test]
fn what_the_order_comes_to_is_judged_with_the_discount() {
    check("5000 | 10 %, then order.total_amount >= 4500", "500 = 4500");
    check(
        "5000 | 10 %, then order.total_amount >= 4501",
        "rule_not_met = 5000",
    );
    check(
        "5000 | 10 %; 10 %, then order.total_amount >= 4500; 20 off",
        "500; rule_not_met; 20 = 4480",
    );
    check(
        "a 1x1000 | 10 % on lines, then order.total_amount < 900 || order.amount >= 1000",
        "100 = 900",
    );
}

/// The worked cart of Voucherify's guide on application rules.
const C2: &str = "shirt 3x2000 adv, poster 5x1500 adv, mug 2x1000 adv, socks 4x500 adv, \
                  bottle 2x2500";

#[test]
fn lines_and_units_are_picked_one_after_the_other() {
    let check = |offer: &str, expected: &str| check(&format!("{C2} | {offer}"), expected);
    check(
        "500 off each line on adv from dearest skip 1 every 2",
        "0+500+0+500+0 = 21500",
    );
    check(
        "500 off each unit on adv from dearest skip 1 every 2 counting units",
        "500+1500+500+1000+0 = 19000",
    );
    check(
        "10 % on adv from cheapest every 2 counting units",
        "200+450+100+100+0 = 21650",
    );
    check("50 % on lines one cheapest", "0+0+0+1000+0 = 21500");
    check(
        "50 % on lines one dearest counting units",
        "0+0+0+0+1250 = 21250",
    );
    check(
        "50 % on lines one cheapest skip 1 counting units",
        "0+0+0+250+0 = 22250",
    );
    check("10 % on adv skip 9", "no_matching_items = 22500");
}

#[test]
fn what_is_picked_has_bounds() {
    let check = |offer: &str, expected: &str| check(&format!("{C2} | {offer}"), expected);
    check("10 % on adv each 1", "200+150+100+50+0 = 22000");
    check("10 % on adv from cheapest most 5", "0+0+100+200+0 = 22200");
    check(
        "10 % on adv from dearest money 1000",
        "600+400+0+0+0 = 21500",
    );
    check("10 % on adv line-money 300", "300+300+200+200+0 = 21500");
    check(
        "1000 off by amount on adv line-money 300",
        "300+300+200+200+0 = 21500",
    );
    check(
        "price 1000 on adv price 1800 and lines price 2400",
        "600+0+0+0+200 = 21700",
    );
}

#[test]
fn of_equal_prices_the_lesser_line_is_the_cheapest() {
    check(
        "a 2x500, b 1x500, c 1x900 | 50 % on lines one cheapest",
        "0+250+0 = 2150",
    );
    check(
        "a 2x900, b 1x900 | 50 % on lines one dearest",
        "0+450 = 2250",
    );
}

#[test]
fn units_join_whatever_is_in_the_order() {
    check("mug 1x1000 | 2 mug new", "0+2000 2 of 2 added = 1000");
    check(
        "mug 1x1000, pen 1x200 | 2 mug free 1 pen new",
        "1000+0+1000+200 1 of 2 added 1 of 1 added = 200",
    );
    check(
        "mug 2x1000 x, pen 1x200 | 1 same free on x",
        "0+0+1000 1 of 1 added = 2200",
    );
    check("mug 2x1000 | 1 mug new, budget 900", "no_effect = 2000");
}

#[test]
fn numbers_are_counted_for_each_order() {
    check("15000 | 5 %, counting ORDER_AMOUNT / 10", "2250 = 12750");
    check(
        "20000 | 1000 off, counting IF(ORDER_AMOUNT > 150;20;10)",
        "2000 = 18000",
    );
    check(
        "10000 | 1000 off, counting IF(ORDER_AMOUNT > 150;20;10)",
        "1000 = 9000",
    );
    check("10000 | 1000 off, counting 1 / 0", "1000 = 9000");
    check("10000 | 1000 off, counting -5", "no_effect = 10000");
    check("10000 | 1000 off, counting 12.345", "1235 = 8765");
    check("10000 | 10 %, counting 400", "10000 = 0");
    check(
        "a 2x1000, b 1x500 | 1 % on lines, counting ORDER_ITEM_PRICE * 2",
        "400+50 = 2050",
    );
    check(
        "a 2x1000, b 1x500 | 1 off each unit on lines, counting CHEAPEST_ORDER_ITEM_PRICE / 2",
        "500+250 = 1750",
    );
    check(
        "a 2x1000, b 1x500 | price 900 on lines, counting ORDER_ITEM_PRICE - 1",
        "200+100 = 2200",
    );
    check(
        "mug 4x1000 | 1 mug free, counting FLOOR(ORDER_UNITS_QUANTITY / 2)",
        "2000 = 2000",
    );
    check(
        "10000 | 10 %; 1000 off, counting ORDER_AMOUNT / 100",
        "1000; 90 = 8910",
    );
}

/// The worked replacements of Voucherify's guide: one unit of three gives way.
#[test]
fn units_give_way_to_others() {
    check(
        "shirt 3x2000 x, limited 0x2500 | 1 limited instead on x each 1",
        "0+0+500 = 6000",
    );
    check(
        "bottle 3x2500 x, mug 0x1000 | 1 mug instead on x each 1",
        " = 6000",
    );
    check(
        "bottle 3x2500 x, mug 0x1000 | 3 mug instead on x each 1",
        "0+0+500 = 7500",
    );
    check(
        "bottle 3x2500 x, mug 0x1000 | 3 mug instead on x each 1, budget 200",
        "no_effect = 7500",
    );
    check("bottle 1x2500 x | 1 mug instead on x", "no_effect = 2500");
    check(
        "bottle 2x2500 -4000 x, mug 0x3000 | 1 mug instead on x",
        "no_effect = 1000",
    );
}

#[test]
fn a_stack_runs_from_one_to_the_next() {
    check(
        "a 1x2000, b 1x700 | 1000 off each line on lines; gift 100; 40 %; 30 off",
        "1000+700; 100; 360; 30 = 510",
    );
    check("10000 | 1 off", "1 = 9999");
    check("20000 | 1000 off", "1000 = 19000");
    check("26500 | 10 %; 2000 off", "2650; 2000 = 21850");
    check("a 4x26500 | 1000 off", "1000 = 105000");
    check("10000 | 10 %; 20 %", "1000; 1800 = 7200");
}

#[test]
fn units_are_free_as_far_as_they_still_cost_something() {
    check(
        "a 4x26500, b 1x64900 gift | 30 %; 1 b free; 1000 off each line on gift",
        "51270; 0+64900; no_effect = 54730",
    );
    check(
        "a 1x26500 -2650, b 1x26500 | 3 %; 10 % on lines; 1 b free",
        "1511; 2385+2650; 0+23850 = 19954",
    );
    check(
        "a 1x26500 -2650, b 3x26500 | 3 %; 10 % on lines; 1 b free; 2 b free",
        "3101; 2385+7950; 0+18550; 0+53000 = 18364",
    );
    check(
        "a 1x26500 -2650, b 3x26500 | 1 b free; 2 b free; 10 % on lines",
        "0+26500; 0+53000; 2385+0 = 21465",
    );
}

#[test]
fn missing_units_join_the_order() {
    check("mug 1x1000 | 3 mug free", "1000+2000 2 of 3 added = 0");
    check(
        "mug 1x1000, poster 1x1500 | 2 mug free; 10 %",
        "1000+0+1000 1 of 2 added; 150 = 1350",
    );
    check("poster 1x1500 | 1 mug free", "1 of 1 added = 1500");
    check(
        "mug 1x1000 | 3 mug free, budget 2500",
        "1000+1000 1 of 2 added = 0",
    );
    check("mug 1x1000 | 3 mug free, budget 600", "600 = 400");
    check(
        "mug 1x1000 | 100 %; 2 mug free",
        "1000; 0+1000 1 of 2 added = 0",
    );
}

#[test]
fn rules_see_the_order_as_it_is_by_then() {
    check(
        "10500 | 10 %; 20 %, if order.amount > 10000",
        "1050; min_spend = 9450",
    );
    check(
        "10500 | 20 %, if order.amount > 10000; 10 %",
        "2100; 840 = 7560",
    );
    check(
        "10500 | 10 %; 20 %, if order.initial_amount > 10000",
        "1050; 1890 = 7560",
    );
    check(
        "a 1x100, b 1x200 | 5 off, if order.units >= 3",
        "rule_not_met = 300",
    );
    check(
        "a 1x100, b 2x200 | 5 off, if order.units >= 3 && order.items.count == 2",
        "5 = 495",
    );
    check(
        "a 1x100 -10 | 5 off, if order.lines.exists(line, line.discounted)",
        "5 = 85",
    );
}

#[test]
fn scopes_see_the_lines_as_they_are_by_then() {
    let full_price = || Scope::Lines(rules::parse("!line.discounted").unwrap().into());
    let cases = [1, 2].map(|id| Case {
        offer: Offer {
            scope: full_price(),
            ..shop::case(id, "10 %").offer
        },
        ..shop::case(id, "10 %")
    });
    let outcome = quoted(&shop::order("a 1x1000 -100, b 1x2000"), &cases);
    assert_eq!(outcome.priced.total, 2_700);
    let refused: Vec<_> = outcome.refused.iter().map(|(_, why)| why.code()).collect();
    assert_eq!(refused, ["no_matching_items"]);
}

#[test]
fn a_discount_never_passes_what_is_left() {
    check("800 | 1000 off", "800 = 0");
    check("800 | 1000 off; 10 %", "800; no_effect = 0");
    check("103350 | 3 %", "3101 = 100249");
    check("50350 | 3 %", "1511 = 48839");
    check(
        "a 1x500, b 1x500, discount 900 | 200 off each line on lines",
        "50+50 = 0",
    );
    check(
        "a 1x1000, b 1x100 -90 | 600 off by quantity on lines",
        "590+10 = 410",
    );
    check("5000 | price 3000", "2000 = 3000");
    check("2000 | price 3000", "no_effect = 2000");
}

#[test]
fn ceilings_and_budgets_hold() {
    check("12000 | 10 % at most 800", "800 = 11200");
    check("12000 | 10 %, budget 320", "320 = 11680");
    check("12000 | 10 %, budget 0", "budget_reached = 12000");
    check(
        "a 1x1000, b 1x1000, c 1x1000 | 10 % at most 100 on lines",
        "34+33+33 = 2900",
    );
    check("12000 | gift 0", "balance_spent = 12000");
}

#[test]
fn shipping_is_paid_beside_the_goods() {
    check(
        "a 1x1000, shipping 490 | shipping free",
        "shipping 490 = 1000",
    );
    check(
        "a 1x1000, shipping 490 | shipping free at most 300",
        "shipping 300 = 1190",
    );
    check("a 1x1000, shipping 490 | 50 %", "500 = 990");
    check(
        "a 1x1000, prod_5h1pp1ng 1x490 | shipping free",
        "0+490 = 1000",
    );
    check("a 1x1000 | shipping free", "no_effect = 1000");
    check(
        "a 1x1000, shipping 490 | gift 1200",
        "1000 shipping 200 = 290",
    );
    check(
        "a 1x1000 x, b 1x500, shipping 490 | gift 1200 on x",
        "1000+0 = 990",
    );
}

#[test]
fn points_are_counted_on_what_is_paid() {
    check("2500 | 5 points per 1000; 20 %", "10 points; 500 = 2000");
    check("999 | 5 points per 1000", "no_effect = 999");
    check(
        "a 1x1000 x, b 1x1000 | 1 points per 1 on x; 500 off",
        "750 points; 500 = 1500",
    );
}

#[test]
fn equal_priorities_apply_as_they_are_put_forward() {
    check("10000 | 10 %; 1000 off", "1000; 1000 = 8000");
    check("10000 | 1000 off; 10 %", "1000; 900 = 8100");
    check(
        "10000 | 1000 off, priority 2; 10 %, priority 1",
        "1000; 1000 = 8000",
    );
}

#[test]
fn what_stands_alone_keeps_the_rest_out() {
    check("1000 | 10 %, alone; 20 %", "100; no_stack = 900");
    check("1000 | 10 %; 20 %, alone", "100; no_stack = 900");
    check(
        "1000 | 10 %; 20 %, alone, priority 0; 5 %",
        "100; no_stack; 45 = 855",
    );
    check(
        "1000 | 10 %, priority 2; 20 %, alone, priority 1",
        "no_stack; 200 = 800",
    );
    check("1000 | 10 %, alone; 20 %, alone", "100; no_stack = 900");
    check(
        "1000 | 50 %, always; 100 off, alone; 20 %",
        "450; 100; no_stack = 450",
    );
    check(
        "1000 | 10 % on x, alone; 20 %",
        "no_matching_items; 200 = 800",
    );
}

fn category(number: u64) -> std::collections::BTreeSet<CategoryId> {
    [CategoryId(number)].into()
}

#[test]
fn as_many_apply_as_the_rules_allow() {
    let off = |count: usize| vec!["1 off"; count].join("; ");
    let most = StackingRules {
        most: 2,
        ..StackingRules::usual()
    };
    check_by(&most, &format!("1000 | {}", off(3)), "1; 1; too_many = 998");
    check(
        &format!("1000 | {}", off(6)),
        "1; 1; 1; 1; 1; too_many = 995",
    );
    // What does not apply takes no place, and what has no place is not judged.
    check_by(
        &most,
        "1000 | 1 off on x; 1 off; 1 off; 1 off on x",
        "no_matching_items; 1; 1; too_many = 998",
    );
    let of_category = StackingRules {
        most_of_category: Some(1),
        most_of: [(CategoryId(2), 2)].into(),
        ..StackingRules::usual()
    };
    check_by(
        &of_category,
        "1000 | 1 off, category 1; 1 off, category 1; 1 off, category 2; 1 off, category 2; 1 off",
        "1; too_many; 1; 1; 1 = 996",
    );
    let exclusive = StackingRules {
        exclusive: [CategoryId(1), CategoryId(2)].into(),
        most_exclusive: 2,
        most_exclusive_of_category: Some(1),
        ..StackingRules::usual()
    };
    check_by(
        &exclusive,
        "1000 | 1 off, category 1; 1 off, category 1; 1 off, category 2; 1 off, category 2",
        "1; too_many; 1; too_many = 998",
    );
}

#[test]
fn what_is_exclusive_shuts_out_the_common() {
    let rules = StackingRules {
        exclusive: category(1),
        joint: category(2),
        ..StackingRules::usual()
    };
    let check = |text: &str, expected: &str| check_by(&rules, text, expected);
    check(
        "1000 | 10 %; 50 off, category 1; 20 %, category 2",
        "no_stack; 50; 190 = 760",
    );
    // Joint ones come last, wherever they were put.
    check(
        "1000 | 10 %, category 2; 50 off, category 1",
        "95; 50 = 855",
    );
    // One that does not apply shuts out nobody.
    check(
        "1000 | 10 %; 50 off on x, category 1",
        "100; no_matching_items = 900",
    );
    check("1000 | 10 %; 20 %, category 2", "100; 180 = 720");
}

#[test]
fn hierarchy_goes_before_the_request() {
    let rules = StackingRules {
        sorting: Sorting::ByHierarchy,
        most_of_category: None,
        ..StackingRules::usual()
    };
    let check = |text: &str, expected: &str| check_by(&rules, text, expected);
    check(
        "1000 | 100 off, category 3; 10 %, category 0",
        "100; 100 = 800",
    );
    check("1000 | 100 off; 10 %, category 0", "100; 100 = 800");
    check("1000 | 100 off; 10 %, category 2", "100; 90 = 810");
    check(
        "1000 | 100 off, category 2; 10 %, category 2",
        "100; 90 = 810",
    );
}

#[test]
fn a_share_is_of_what_is_left_or_of_what_there_was() {
    let initial = StackingRules {
        basis: Basis::Initial,
        ..StackingRules::usual()
    };
    check_by(&initial, "10000 | 10 %; 20 %", "1000; 2000 = 7000");
    check_by(&initial, "1000 | 60 %; 60 %", "600; 400 = 0");
    check_by(
        &initial,
        "a 2x1000 | 10 % on lines; 20 % on lines",
        "200; 400 = 1400",
    );
    let one = StackingRules {
        basis_except: category(1),
        ..StackingRules::usual()
    };
    check_by(
        &one,
        "10000 | 10 %; 20 %, category 1; 10 %",
        "1000; 2000; 700 = 6300",
    );
    let other = StackingRules {
        basis_except: category(1),
        ..initial
    };
    check_by(
        &other,
        "10000 | 10 %; 20 %, category 1; 10 %",
        "1000; 1800; 1000 = 6200",
    );
}

#[test]
fn goods_may_be_discounted_once() {
    let once = StackingRules {
        goods: Goods::Once,
        ..StackingRules::usual()
    };
    check_by(
        &once,
        "a 1x1000 x, b 1x2000 y | 10 % on x; 10 % on lines; 5 % on x; 100 off",
        "100+0; 0+200; no_effect; 100 = 2600",
    );
    check_by(&once, "a 1x1000 x | 10 % on y", "no_matching_items = 1000");
}

#[test]
fn what_gives_nothing_may_be_redeemed_all_the_same() {
    let anyway = StackingRules {
        no_effect: NoEffect::Redeem,
        ..StackingRules::usual()
    };
    check_by(&anyway, "800 | 1000 off; 10 %; 10 % on x", "800; ;  = 0");
    let but = StackingRules {
        no_effect_except: category(1),
        ..anyway
    };
    check_by(
        &but,
        "800 | 1000 off; 10 %, category 1; 10 %",
        "800; no_effect;  = 0",
    );
}

#[test]
fn nothing_is_used_twice_in_one_order() {
    let case = shop::case(1, "10 %");
    let order = shop::order("1000");
    let twice = vec![case.present(), case.present()];
    let outcome = quote(
        &order,
        &Facts::default(),
        twice.clone(),
        (NOW, &StackingRules::usual()),
    );
    assert_eq!(
        outcome.refused,
        vec![(Redeemable::Tier(case.offer.id), AlreadyApplied)]
    );
    assert_eq!(
        stack(twice, &StackingRules::usual()).refused,
        outcome.refused
    );
    use crate::Refusal::AlreadyApplied;
}

#[test]
fn money_of_another_currency_is_refused_before_what_stands_already() {
    let order = shop::order("1000");
    let refused = |cases: &[&Case]| {
        let presented = cases.iter().map(|case| case.present()).collect();
        let outcome = quote(
            &order,
            &Facts::default(),
            presented,
            (NOW, &StackingRules::usual()),
        );
        outcome.refused.last().unwrap().1.clone()
    };
    let mut foreign = shop::case(1, "100 off");
    foreign.campaign.currency = crate::Currency(*b"USD");
    let currency = crate::Refusal::RuleNotMet("order.currency".into());
    assert_eq!(refused(&[&foreign]), currency);
    assert_eq!(refused(&[&shop::case(1, "10 %"), &foreign]), currency);
    assert_eq!(
        refused(&[&shop::case(2, "10 %, alone"), &foreign]),
        currency
    );
    let stack = stack(vec![foreign.present()], &StackingRules::usual());
    assert_eq!(price(&order, &Facts::default(), &stack).total, 1000);
}

#[test]
fn an_offer_tells_the_most_one_use_may_cost() {
    let ceiling = |offer: &str, order: Option<&str>| {
        shop::case(1, offer)
            .offer
            .ceiling(order.map(shop::order).as_ref(), &Facts::default())
    };
    assert_eq!(ceiling("10 % at most 800", None), Some(800));
    assert_eq!(ceiling("10 %", None), None);
    assert_eq!(ceiling("10 %", Some("1000")), Some(100));
    assert_eq!(ceiling("500 off", None), Some(500));
    assert_eq!(ceiling("500 off each unit on lines", None), None);
    assert_eq!(
        ceiling("500 off each unit on lines", Some("a 3x1000")),
        Some(1500)
    );
    assert_eq!(ceiling("2 mug free", Some("mug 1x1000")), Some(2000));
    assert_eq!(ceiling("2 mug free", Some("poster 1x1000")), None);
    assert_eq!(
        ceiling("shipping free", Some("poster 1x1000, shipping 490")),
        Some(490)
    );
    assert_eq!(ceiling("price 700", Some("1000")), Some(300));
}

/// A discount on an order of lines of 1000, 2000, 3 and nothing, against what is taken and the list
/// price of the lines that bear some of it.
#[test]
fn a_line_that_bears_no_unit_of_a_discount_is_not_touched() {
    let order = shop::order("a 1x1000, b 1x2000, c 1x3, d 1x500 -500");
    let check = |offer: &str, taken: (Minor, Minor)| {
        let case = shop::case(1, offer);
        let alone =
            Alone::new(&order, (&Facts::none(), &Reads::everything())).taken_by(&case.present());
        assert_eq!((alone.goods, alone.list), taken);
        assert_eq!(alone, told_by_price(&order, &case));
    };
    check("1 off", (1, 2_000));
    check("2 off", (2, 3_000));
    check("400 off", (400, 3_000));
    // Hardly less than a unit is rounded down, and then is the largest remainder.
    check("1000 off", (1_000, 3_003));
    check("1001 off", (1_001, 3_003));
    check("5000 off", (3_003, 3_003));
}

#[test]
fn line_facts_are_those_of_the_moment() {
    let order = shop::order("mug 2x1000 -50 home, shipping 490, discount 100");
    let facts = order_facts(&order, &Reads::everything());
    let shown = |facts: &Facts| {
        let pairs = facts
            .iter()
            .map(|(path, value)| format!("{path}={value:?}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        shown(&facts),
        "order.amount=Int(1850) order.currency=Text(\"EUR\") order.discount=Int(150) \
         order.initial_amount=Int(2000) \
         order.items.count=Int(1) order.shipping=Int(490) order.units=Int(2)"
    );
    assert_eq!(
        shown(&facts.lines()[0]),
        "line.amount=Int(2000) line.category=Text(\"home\") line.discounted=Bool(true) \
         line.price=Int(1000) line.quantity=Int(2) line.sku=Text(\"mug\") \
         line.subtotal=Int(1950)"
    );
}

#[test]
fn lines_are_told_where_somebody_asks_about_them() {
    let told = |order: &str, reads: &[&str]| {
        let reads: Reads = reads.iter().map(|path| Path::from(*path)).collect();
        order_facts(&shop::order(order), &reads)
    };
    let of_lines = |facts: &Facts| facts.lines().iter().map(Facts::len).collect::<Vec<_>>();
    let order = "mug 2x1000 home, pot 1x500 home";
    let of_goods = told(order, &["order.units", "line.sku", "customer.orders"]);
    assert_eq!(of_goods, Facts::from_iter([("order.units", 3)]));
    let with_lines = told(order, &[LINES, "line.sku", "line.category"]);
    assert_eq!(of_lines(&with_lines), [2, 2]);
    // How many there are needs no fact of any.
    assert_eq!(of_lines(&told(order, &[LINES])), [0, 0]);
    assert!(!told("500", &[LINES]).knows_lines());
}

#[test]
fn amounts_beyond_all_counting_stay_the_largest_there_is() {
    let most = Minor::MAX;
    let order = shop::order(&format!(
        "a {}x{most}, b 1x{most}, shipping {most}",
        u32::MAX
    ));
    let offers = [
        "10 %",
        "10 % on lines",
        "3 a free",
        "900 off by amount on lines",
        "5 off each unit on lines",
    ];
    let cases: Vec<Case> = offers
        .into_iter()
        .zip(0..)
        .map(|(offer, id)| shop::case(id, offer))
        .collect();
    let outcome = quoted(&order, &cases);
    assert_eq!(outcome.priced.discounts[0].amount, most / 10 + 1);
    assert_eq!(outcome.priced.total, most);
}

/// Every number can be reached from every other, to the cent.
#[track_caller]
fn adds_up(order: &Order, priced: &Priced) {
    let lines = &priced.lines;
    let on_lines: Minor = lines.iter().map(|line| line.discount).sum();
    assert_eq!(
        priced.total,
        priced.amount - on_lines - priced.on_order + priced.shipping
    );
    let own_on_lines: Minor = order
        .lines
        .iter()
        .map(|line| line.discount.min(line.amount()))
        .sum();
    let own = own_on_lines + order.discount.min(order.gross() - own_on_lines);
    let list = priced.amount + order.shipping;
    assert_eq!(priced.total + own + priced.discounted(), list);
    priced
        .discounts
        .iter()
        .for_each(|discount| discount_adds_up(discount, order, priced));
    if order.lines.is_empty() {
        return;
    }
    assert_eq!(
        lines.iter().map(|line| line.amount).sum::<Minor>(),
        priced.amount
    );
    assert_eq!(
        lines.iter().map(|line| line.order_share).sum::<Minor>(),
        priced.on_order
    );
    let left: Minor = lines
        .iter()
        .map(|line| line.amount - line.discount - line.order_share)
        .sum();
    assert_eq!(left + priced.shipping, priced.total);
}

#[track_caller]
fn discount_adds_up(discount: &Discount, order: &Order, priced: &Priced) {
    let on_lines: Minor = discount.per_line.iter().sum();
    if order.lines.is_empty() && discount.free_units.is_empty() {
        assert_eq!(discount.on_order + discount.on_shipping, discount.amount);
    } else {
        assert_eq!(on_lines + discount.on_shipping, discount.amount);
        assert_eq!(discount.per_line.len(), priced.lines.len());
    }
    assert!(discount.on_order == 0 || discount.on_order + discount.on_shipping == discount.amount);
}

fn any_order() -> impl Strategy<Value = Order> {
    let line = ("[abc]", 0..5_u32, 0..3_000_u64, 0..2_000_u64, "[xy]").prop_map(
        |(sku, quantity, price, discount, category)| {
            format!("{sku} {quantity}x{price} -{discount} {category}")
        },
    );
    let lines = prop::collection::vec(line, 0..5);
    let whole = (0..9_000_u64, 0..900_u64, prop_oneof![Just(0), 0..3_000_u64]);
    (lines, whole).prop_map(|(mut lines, (amount, shipping, discount))| {
        lines.push(format!(
            "{amount}, shipping {shipping}, discount {discount}"
        ));
        shop::order(&lines.join(", "))
    })
}

fn any_benefit() -> impl Strategy<Value = Benefit> {
    let spread = prop::sample::select(vec![
        Spread::Order,
        Spread::EachLine,
        Spread::EachUnit,
        Spread::ByAmount,
        Spread::ByQuantity,
    ]);
    let ceiling = || prop::option::of(0..2_000_u64);
    prop_oneof![
        (0..1_200_000_u32, ceiling())
            .prop_map(|(rate, ceiling)| Benefit::PercentOff { rate, ceiling }),
        (0..4_000_u64, spread).prop_map(|(amount, spread)| Benefit::AmountOff { amount, spread }),
        (0..9_000_u64).prop_map(|price| Benefit::FixedPrice { price }),
        ceiling().prop_map(|ceiling| Benefit::ShippingFree { ceiling }),
        prop::collection::vec(any_units(), 1..3).prop_map(Benefit::UnitsFree),
        (0..3_u32).prop_map(|quantity| Benefit::SameFree { quantity }),
        ("[abc]", 0..3_u32).prop_map(|(sku, quantity)| Benefit::Exchange {
            sku: Sku(sku.as_str().into()),
            quantity,
        }),
        Just(Benefit::Credit),
        (1..500_u64, 1..9_u64).prop_map(|(per, points)| Benefit::PointsBack { per, points }),
    ]
}

fn any_units() -> impl Strategy<Value = UnitFree> {
    let joining = prop::sample::select(vec![Joining::Missing, Joining::Always]);
    ("[abc]", 0..6_u32, joining).prop_map(|(sku, quantity, joining)| UnitFree {
        sku: Sku(sku.as_str().into()),
        quantity,
        formula: None,
        joining,
    })
}

fn any_scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Order),
        (any_condition(), prop::collection::vec(any_pick(), 0..3)).prop_map(|(of, picks)| {
            Scope::Lines(Lines {
                picks,
                ..Lines::from(of)
            })
        }),
    ]
}

fn any_condition() -> impl Strategy<Value = rules::Condition> {
    prop::sample::select(vec![
        rules::Condition::Always,
        rules::parse("line.category == \"x\"").unwrap(),
        rules::parse("line.subtotal > 1000 && !line.discounted").unwrap(),
    ])
}

fn any_pick() -> impl Strategy<Value = Pick> {
    let visits = prop::sample::select(vec![
        Visits::AsSent,
        Visits::FromCheapest,
        Visits::FromDearest,
        Visits::Cheapest,
        Visits::Dearest,
    ]);
    let counts = prop::sample::select(vec![Counts::Lines, Counts::Units]);
    let limits = (
        prop::option::of(0..4_u32),
        prop::option::of(0..6_u32),
        prop::option::of(0..900_u64),
        prop::option::of(0..900_u64),
    );
    let turn = (1..4_u32, 0..3_u32, prop::option::of(0..900_u64));
    (any_condition(), visits, counts, turn, limits).prop_map(
        |(of, visits, counts, (every, skip, price), limits)| Pick {
            of,
            visits,
            counts,
            every,
            skip,
            limits: PickLimits {
                units_of_line: limits.0,
                units: limits.1,
                money_of_line: limits.2,
                money: limits.3,
            },
            price,
            price_formula: None,
            unit_caps: Vec::new(),
        },
    )
}

/// The same, unit by unit.
fn units_touched(pick: &Pick, lines: &[(u32, Minor)]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    match pick.visits {
        Visits::AsSent => {}
        Visits::FromCheapest | Visits::Cheapest => order.sort_by_key(|at| lines[*at].1),
        Visits::FromDearest | Visits::Dearest => {
            order.sort_by_key(|at| std::cmp::Reverse(lines[*at].1));
        }
    }
    let only_one = matches!(pick.visits, Visits::Cheapest | Visits::Dearest);
    let mut touched = vec![0; lines.len()];
    let (mut place, mut hits) = (0, 0);
    for at in order {
        let visited = match pick.counts {
            Counts::Lines => 1,
            Counts::Units => lines[at].0,
        };
        for _ in 0..visited {
            let is_turn = place >= pick.skip && (place - pick.skip).is_multiple_of(pick.every);
            if is_turn && (!only_one || hits == 0) {
                hits += 1;
                touched[at] += match pick.counts {
                    Counts::Lines => lines[at].0,
                    Counts::Units => 1,
                };
            }
            place += 1;
        }
    }
    touched
}

/// Up to six offers of as many campaigns, each with a priority of its own.
fn any_cases() -> impl Strategy<Value = Vec<Case>> {
    let stacking = prop::sample::select(vec![
        Stacking::Together,
        Stacking::Together,
        Stacking::Together,
        Stacking::Always,
        Stacking::Alone,
    ]);
    let one = (
        any_benefit(),
        any_scope(),
        stacking,
        prop::option::of(0..3_000_u64),
    );
    prop::collection::vec(one, 1..7).prop_map(|all| {
        let cases = all
            .into_iter()
            .zip(1..)
            .map(|((benefit, scope, stacking, at_most), id)| {
                let mut case = Case::new(id, benefit, scope);
                case.campaign.stacking = stacking;
                case.campaign.priority = id as u16;
                case.at_most = at_most;
                case
            });
        cases.collect()
    })
}

/// As [`any_cases`], with priorities that several share.
fn any_ties() -> impl Strategy<Value = Vec<Case>> {
    (any_cases(), prop::collection::vec(0..3_u16, 6)).prop_map(|(mut cases, priorities)| {
        for (case, priority) in cases.iter_mut().zip(priorities) {
            case.campaign.priority = priority;
        }
        cases
    })
}

/// The shuffled list, with the campaigns of each priority among themselves in the first order.
fn with_ties_as_in(cases: &[Case], shuffled: Vec<Case>) -> Vec<Case> {
    let mut taken = [0; 3];
    let next = |place: Case| {
        let priority = place.campaign.priority;
        let mut tied = cases
            .iter()
            .filter(|case| case.campaign.priority == priority);
        let nth = &mut taken[usize::from(priority)];
        *nth += 1;
        tied.nth(*nth - 1).unwrap().clone()
    };
    shuffled.into_iter().map(next).collect()
}

fn quoted<'a>(order: &Order, cases: &'a [Case]) -> Outcome<'a> {
    quote(
        order,
        &Facts::default(),
        cases.iter().map(Case::present).collect(),
        (NOW, &StackingRules::usual()),
    )
}

fn offer_of<'a>(applied: &[Presented<'a>], discount: &Discount) -> (&'a Offer, Option<Minor>) {
    let one = applied
        .iter()
        .find(|one| one.redeemable == discount.redeemable)
        .unwrap();
    (one.offer, one.at_most)
}

/// The sums of what an offer alone takes, from the price of the order with it.
fn told_by_price(order: &Order, case: &Case) -> Taken {
    let priced = price(
        order,
        &Facts::default(),
        &stack(vec![case.present()], &StackingRules::usual()),
    );
    let (mut goods, mut list) = (0, 0);
    if let Some(discount) = priced.discounts.first() {
        goods = discount.amount - discount.on_shipping;
        if priced.lines.is_empty() && goods > 0 {
            list = priced.amount;
        }
        for (taken, line) in discount.per_line.iter().zip(&priced.lines) {
            list += if *taken > 0 { line.amount } else { 0 };
        }
    }
    // Its part of the shop's own discount is told with the price of the whole order.
    let unshared = |line: &PricedLine| PricedLine {
        order_share: 0,
        ..line.clone()
    };
    let joined = priced.lines[order.lines.len()..].iter();
    let lines = order.lines.iter().zip(&priced.lines);
    let removed: Vec<u32> = lines
        .map(|(sent, line)| sent.quantity - line.quantity)
        .collect();
    Taken {
        goods,
        list,
        shipping: order.shipping - priced.shipping,
        paid: priced.total - priced.shipping,
        joined: joined.map(unshared).collect(),
        removed: match removed.iter().any(|units| *units > 0) {
            true => removed,
            false => Vec::new(),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn discounts_add_up(order in any_order(), cases in any_cases()) {
        adds_up(&order, &quoted(&order, &cases).priced);
    }

    /// Counted with signs, so that a price that would have gone below the floor is not held at it.
    #[test]
    fn price_never_above_list_nor_below_floor(order in any_order(), cases in any_cases()) {
        const FLOOR: i128 = 0;
        let outcome = quoted(&order, &cases);
        let priced = outcome.priced;
        prop_assert!(priced.total <= order.gross() + order.shipping);
        prop_assert!(priced.discounted() <= priced.amount + order.shipping);
        let signed = i128::from;
        let given: i128 = priced.discounts.iter().map(|one| signed(one.amount)).sum();
        let on_goods: i128 = priced.lines.iter().map(|line| signed(line.discount)).sum();
        let goods = signed(priced.amount) - on_goods - signed(priced.on_order);
        prop_assert!(goods >= FLOOR);
        prop_assert!(signed(priced.amount) + signed(order.shipping) - given >= FLOOR);
        prop_assert_eq!(goods + signed(priced.shipping), signed(priced.total));
        for line in &priced.lines {
            let left = signed(line.amount) - signed(line.discount) - signed(line.order_share);
            prop_assert!(left >= FLOOR);
            prop_assert!(line.free <= line.quantity);
        }
    }

    /// Campaigns may be put forward in any order; those of equal priority apply as put forward.
    #[test]
    fn order_of_campaigns_does_not_matter(
        order in any_order(),
        (cases, shuffled) in any_ties().prop_flat_map(|cases| {
            (Just(cases.clone()), Just(cases).prop_shuffle())
        }),
    ) {
        let shuffled = with_ties_as_in(&cases, shuffled);
        let (one, other) = (quoted(&order, &cases), quoted(&order, &shuffled));
        prop_assert_eq!(one.priced, other.priced);
        prop_assert_eq!(one.refused, other.refused);
    }

    #[test]
    fn no_discount_passes_its_bounds(order in any_order(), cases in any_cases()) {
        let outcome = quoted(&order, &cases);
        for discount in &outcome.priced.discounts {
            let (offer, at_most) = offer_of(&outcome.applied, discount);
            prop_assert!(at_most.is_none_or(|most| discount.amount <= most));
            // What was exchanged before may have made the order dearer.
            let is_exchanged = |one: &Presented<'_>| {
                matches!(one.offer.benefit, Benefit::Exchange { .. })
            };
            let may_be_dearer = outcome.applied.iter().any(is_exchanged);
            if offer.benefit != Benefit::Credit && !may_be_dearer {
                let ceiling = offer.ceiling(Some(&order), &Facts::default());
                prop_assert!(ceiling.is_none_or(|most| discount.amount <= most));
            }
        }
    }

    #[test]
    fn an_offer_alone_takes_what_the_price_with_it_tells(
        order in any_order(),
        cases in any_cases(),
    ) {
        for case in cases {
            let reads = match &case.offer.scope {
                Scope::Order => Reads::from_iter([]),
                Scope::Lines(_) => {
                    let conditions = case.offer.scope.conditions();
                    conditions.flat_map(rules::Condition::reads).collect()
                }
            };
            let taken = Alone::new(&order, (&Facts::default(), &reads)).taken_by(&case.present());
            prop_assert_eq!(taken, told_by_price(&order, &case), "{:?}", case.offer);
        }
    }

    #[test]
    fn picks_count_as_one_does_on_fingers(
        pick in any_pick(),
        lines in prop::collection::vec((1..9_u32, 0..1_000_u64), 0..6),
    ) {
        let pick = Pick {
            of: rules::Condition::Always,
            limits: PickLimits::default(),
            ..pick
        };
        // Different prices, so that no two lines tie.
        let lines: Vec<_> = lines.into_iter().zip(0..).map(|((units, price), at)| {
            (units, price * 10 + at)
        }).collect();
        let line = |(units, price): &(u32, Minor)| format!("a {units}x{price}");
        let text: Vec<String> = lines.iter().map(line).collect();
        let order = shop::order(&[&["shipping 0".to_owned()], &text[..]].concat().join(", "));
        let scope = Scope::Lines(Lines {
            picks: vec![pick.clone()],
            ..Lines::from(rules::Condition::Always)
        });
        let nothing = Facts::none();
        let running = crate::running::Running::new(&order, &nothing);
        let mut touched = vec![0; lines.len()];
        if let Ok(Some(hit)) = running.in_scope(&scope, None) {
            for one in hit.touched {
                touched[one.line] += one.units;
            }
        }
        prop_assert_eq!(touched, units_touched(&pick, &lines));
    }

    #[test]
    fn what_was_quoted_is_what_it_costs(order in any_order(), cases in any_cases()) {
        let outcome = quoted(&order, &cases);
        let again = stack(outcome.applied.clone(), &StackingRules::usual());
        prop_assert!(again.refused.is_empty());
        prop_assert_eq!(price(&order, &Facts::default(), &again), outcome.priced);
    }
}
