//! Rows: what an order takes of what is left, and what that moves in the books.

use ledger::{Kind, Transfer};
use rules::Facts;

use super::*;
use crate::{
    CampaignId, Candidate, Checkout, Given, Happening, OrderCount, Outcome, Refusal, Scope,
    StackingRules, best, book, chart,
    chart::Occasion,
    quote,
    shop::{self, Case, NOW},
};

const OCCASION: Occasion = Occasion {
    customer: Some(7),
    store: None,
    at: 0,
    order: 1,
    key: None,
    process: 0,
};

/// An offer of one campaign as [`shop::case`] reads it, then `, capped` and caps with `and`
/// between: `3 by campaign`, `each 2 by customer`, `4 by tier`, `1 by tier customer`.
fn capped(id: u64, text: &str) -> Case {
    let (text, caps) = text.split_once(", capped ").unwrap_or((text, ""));
    let mut case = shop::case(id, text);
    case.campaign.id = CampaignId(1);
    case.offer.campaign = CampaignId(1);
    if let Scope::Lines(lines) = &mut case.offer.scope {
        let caps = caps.split(" and ").filter(|cap| !cap.is_empty());
        lines.picks[0].unit_caps = caps.map(cap).collect();
    }
    case
}

fn cap(text: &str) -> UnitCap {
    let (many, reach) = text.split_once(" by ").unwrap();
    let each = many.strip_prefix("each ");
    UnitCap {
        goods: match each {
            Some(_) => CappedGoods::EachIn("goods".into()),
            None => CappedGoods::Product("goods".into()),
        },
        reach: match reach {
            "campaign" => UnitReach::Campaign,
            "customer" => UnitReach::CampaignCustomer,
            "tier" => UnitReach::Tier,
            _ => UnitReach::TierCustomer,
        },
        limit: each.unwrap_or(many).parse().unwrap(),
    }
}

/// A number for a name: the tests have few.
fn number(name: &str) -> u64 {
    let digits = name.bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(1_000_003).wrapping_add(byte.into())
    });
    digits >> 1
}

fn lefts(order: &crate::Order, case: &Case) -> Vec<UnitsLeft> {
    let counters = chart::unit_counters(order, &case.offer, (&OCCASION, number));
    let left = |one: chart::UnitCounter| UnitsLeft {
        left: one.counter.left(None),
        counter: one.counter,
        pick: one.pick,
        product: one.product,
        held: 0,
    };
    counters.into_iter().map(left).collect()
}

fn order_of(text: &str) -> crate::Order {
    let mut order = shop::order(text);
    for line in &mut order.lines {
        let sku = line.sku.0.clone();
        line.facts.set(PRODUCT, &*sku);
    }
    order
}

/// An order and offers, against what each takes of the lines and how many units of each line count
/// towards how many caps.
#[track_caller]
fn check(text: &str, expected: &str) {
    let (order, offers) = text.split_once(" | ").unwrap();
    let order = order_of(order);
    let cases: Vec<Case> = offers
        .split("; ")
        .zip(0..)
        .map(|(one, id)| capped(id, one))
        .collect();
    let lefts: Vec<Vec<UnitsLeft>> = cases.iter().map(|case| lefts(&order, case)).collect();
    let presented = cases
        .iter()
        .zip(&lefts)
        .map(|(case, left)| crate::Presented {
            units: Some(left),
            ..case.present()
        });
    let rules = StackingRules::usual();
    let outcome = quote(
        &order,
        &Facts::default(),
        presented.collect(),
        (NOW, &rules),
    );
    let told: Vec<String> = cases.iter().map(|case| shown(&outcome, case)).collect();
    assert_eq!(told.join("; "), expected);
}

fn shown(outcome: &Outcome<'_>, case: &Case) -> String {
    let redeemable = case.present().redeemable;
    let mut refused = outcome.refused.iter();
    if let Some((_, refusal)) = refused.find(|(one, _)| *one == redeemable) {
        return refusal.code().into();
    }
    let mut discounts = outcome.priced.discounts.iter();
    let given = discounts.find(|one| one.redeemable == redeemable).unwrap();
    let taken: Vec<String> = given.per_line.iter().map(Minor::to_string).collect();
    let counted = given.counted.iter();
    let counted: Vec<String> = counted
        .map(|one| format!("{}x{}", one.line, one.units))
        .collect();
    format!("{} ({})", taken.join("+"), counted.join(" "))
}

#[test]
fn as_many_units_as_are_left() {
    let one = |caps: &str, expected: &str| {
        let offer = format!("100 off each unit on home, capped {caps}");
        check(&format!("mug 5x1000 home, pen 2x100 | {offer}"), expected);
    };
    one("9 by campaign", "500+0 (0x5)");
    one("3 by campaign", "300+0 (0x3)");
    one("0 by campaign", Refusal::NoEffect.code());
    // The lowest of several counts, and all of them count.
    one("3 by campaign and 2 by customer", "200+0 (0x2 0x2)");
    one(
        "1 by tier customer and 2 by tier and 9 by campaign",
        "100+0 (0x1 0x1 0x1)",
    );
    one("4 by customer and 0 by tier", Refusal::NoEffect.code());
}

#[test]
fn lines_of_one_product_share() {
    let lines = "mug 2x1000 home, mug 3x800 home, pot 2x500 home";
    let two = |offer: &str, expected: &str| check(&format!("{lines} | {offer}"), expected);
    two(
        "100 off each unit on home, capped 3 by campaign",
        "200+100+0 (0x2 1x1)",
    );
    two(
        "10 % on home from cheapest, capped 3 by campaign",
        "0+80+100 (2x2 1x1)",
    );
    // Each product of a collection by itself.
    two(
        "100 off each unit on home, capped each 1 by campaign",
        "100+0+100 (0x1 2x1)",
    );
    two(
        "100 off each unit on home, capped each 4 by campaign and each 3 by customer",
        "200+100+200 (0x2 0x2 1x1 1x1 2x2 2x2)",
    );
    // Money is shared by what is touched alone.
    two(
        "450 off by amount on home, capped each 1 by tier",
        "300+0+150 (0x1 2x1)",
    );
    // What is not touched for a cap leaves more of the limit of one order to the others.
    two(
        "100 off each unit on home most 4, capped each 1 by tier",
        "100+0+100 (0x1 2x1)",
    );
}

#[test]
fn what_takes_nothing_counts_nothing() {
    let lines = "mug 2x1000 home, pot 2x500 home";
    let two = |offer: &str, expected: &str| check(&format!("{lines} | {offer}"), expected);
    two(
        "price 600 on home, capped each 1 by campaign",
        "400+0 (0x1)",
    );
    two(
        "price 1000 on home, capped each 1 by campaign",
        Refusal::NoEffect.code(),
    );
}

#[test]
fn redeemables_of_one_campaign_share() {
    let three = |offers: &str, expected: &str| {
        check(&format!("mug 3x1000 home | {offers}"), expected);
    };
    let first = "100 off each unit on home most 2, capped 3 by campaign";
    let tenth = "50 off each unit on home, capped";
    three(
        &format!("{first}; {tenth} 3 by campaign"),
        "200 (0x2); 50 (0x1)",
    );
    three(
        &format!("{first}; {tenth} 2 by campaign"),
        "200 (0x2); no_effect",
    );
    // A tier's own is its own.
    three(
        &format!("{first}; {tenth} 3 by tier"),
        "200 (0x2); 150 (0x3)",
    );
}

#[test]
fn of_what_nobody_looked_at_nothing_is_left() {
    let order = order_of("mug 3x1000 home");
    let case = capped(0, "100 off each unit on home, capped 3 by campaign");
    let presented = |units| crate::Presented {
        units,
        ..case.present()
    };
    let taken = |units| {
        let rules = StackingRules::usual();
        let all = vec![presented(units)];
        quote(&order, &Facts::default(), all, (NOW, &rules))
            .priced
            .discounted()
    };
    assert_eq!([taken(None), taken(Some(&[]))], [300, 0]);
    let unknown = shop::order("mug 3x1000 home");
    let each = capped(0, "100 off each unit on home, capped each 3 by campaign");
    assert_eq!(lefts(&unknown, &each), []);
}

#[test]
fn the_best_shares_too() {
    let order = order_of("mug 3x1000 home");
    let cases = [
        capped(0, "50 off each unit on home, capped 3 by campaign"),
        capped(1, "100 off each unit on home, capped 3 by campaign"),
    ];
    let lefts: Vec<Vec<UnitsLeft>> = cases.iter().map(|case| lefts(&order, case)).collect();
    let candidates: Vec<Candidate<'_>> = cases
        .iter()
        .zip(&lefts)
        .map(|(case, left)| Candidate {
            presented: crate::Presented {
                units: Some(left),
                ..case.present()
            },
            limits: Vec::new(),
        })
        .collect();
    let rules = StackingRules::usual();
    let found = best(&order, &Facts::default(), &candidates, (NOW, &rules));
    assert_eq!((found.chosen.places, found.chosen.saves), (vec![1], 300));
    assert_eq!(found.most, 300);
}

/// What a checkout moves that has these units, of what is held.
fn moved(units: u32, held: &[Transfer], until: Option<i64>) -> Vec<Transfer> {
    let order = order_of("mug 5x1000 home, mug 5x1000 home");
    let case = capped(
        0,
        "100 off each unit on home, capped 9 by campaign and 8 by customer",
    );
    let caps = lefts(&order, &case);
    let counted = |line| {
        let of = move |cap: &UnitsLeft| Counted {
            line,
            units,
            account: cap.counter.account.id,
        };
        caps.iter().map(of)
    };
    let counted = counted(0).chain(counted(1)).filter(|one| one.units > 0);
    let counted: Vec<Counted> = counted.collect();
    let given = [Given {
        campaign: &case.campaign,
        voucher: None,
        tier: None,
        discount: 0,
        gift: 0,
        order: OrderCount::default(),
        units: (&counted, &caps),
        free_units: 1,
        points: None,
        spent: None,
    }];
    let checkout = &Checkout {
        given: &given,
        occasion: &OCCASION,
        held,
    };
    let happening = match until {
        Some(expires_at) => Happening::Validated {
            checkout,
            expires_at,
        },
        None => Happening::Redeemed { checkout },
    };
    book(&happening, 1 + u64::from(until.is_none())).chain
}

#[test]
fn units_of_a_cap_are_one_movement() {
    let amounts = |chain: &[Transfer]| -> Vec<(Minor, &'static str)> {
        let of = |one: &Transfer| match one.kind {
            Kind::Direct => "direct",
            Kind::Pending { .. } => "pending",
            Kind::Post { .. } => "post",
            Kind::Void { .. } => "void",
        };
        chain.iter().map(|one| (one.amount, of(one))).collect()
    };
    let held = moved(2, &[], Some(9));
    assert_eq!(amounts(&held), [(4, "pending"), (4, "pending")]);
    assert_eq!(
        amounts(&moved(2, &[], None)),
        [(4, "direct"), (4, "direct")]
    );
    // What is held is posted; where it is not enough, it is let go and all is taken anew.
    assert_eq!(amounts(&moved(1, &held, None)), [(2, "post"), (2, "post")]);
    let grown = [(4, "void"), (6, "direct"), (4, "void"), (6, "direct")];
    assert_eq!(amounts(&moved(3, &held, None)), grown);
    assert_eq!(amounts(&moved(0, &held, None)), [(4, "void"), (4, "void")]);
}
