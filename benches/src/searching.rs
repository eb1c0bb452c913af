//! Which of twenty redeemables, five of which go together, save the most? Beside pricing all of
//! them once.

use std::hint::black_box;

use offers::{
    Asking, Benefit, Campaign, CampaignId, Candidate, Commitment, Currency, Lending, Line, Offer,
    OfferId, Order, Presented, Redeemable, Scope, Sku, Spread, Stacking, StackingRules, Validity,
    best, quote,
};
use rules::{Condition, Facts, parse};

use crate::{
    cpu::Effort,
    table::{Table, Target},
};

const COUNT: u64 = 20;
const LINES: u64 = 10;
const ASKING: Asking = Asking {
    customer: Some(7),
    now: 1_790_000_000_000,
};

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    let (order, facts, rules) = (order(), Facts::default(), StackingRules::usual());
    let offers: Vec<(Campaign, Offer)> = (1..=COUNT).map(made).collect();
    let presented: Vec<Presented<'_>> = offers.iter().map(put).collect();
    let candidates: Vec<Candidate<'_>> = presented
        .iter()
        .map(|one| Candidate {
            presented: *one,
            limits: Vec::new(),
        })
        .collect();
    let found = best(&order, &facts, &candidates, (ASKING, &rules));
    if found.short_by() > 0 {
        return Err(format!("the search of {COUNT} does not end: {found:?}"));
    }
    let searched = effort.least(1, || {
        black_box(best(&order, &facts, &candidates, (ASKING, &rules)));
    });
    let priced = effort.least(10, || {
        for _ in 0..10 {
            black_box(quote(&order, &facts, presented.clone(), (ASKING, &rules)));
        }
    });
    let name = format!("best of {COUNT} on {LINES} lines, {} steps", found.steps);
    table.row(&name, searched, (priced, Target::AtMostMicros(50_000.0)));
    Ok(())
}

fn order() -> Order {
    let line = |number: u64| {
        let mut line = Line {
            sku: Sku(format!("sku-{number}").as_str().into()),
            quantity: 1 + (number % 3) as u32,
            unit_price: 500 + 275 * number,
            unit_cost: None,
            discount: 0,
            facts: Facts::default(),
        };
        let category = if number.is_multiple_of(2) {
            "home"
        } else {
            "garden"
        };
        line.facts.set("line.category", category);
        line
    };
    Order {
        currency: Currency(*b"EUR"),
        lines: (0..LINES).map(line).collect(),
        amount: 0,
        shipping: 490,
        discount: 0,
        store: None,
        prices: Vec::new(),
    }
}

/// Shares and amounts, on the order and on some of its lines, one of each after the other.
fn made(number: u64) -> (Campaign, Offer) {
    let campaign = Campaign {
        id: CampaignId(number),
        name: "".into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        after: Condition::Always,
        zone: offers::Zone::UTC,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: Currency(*b"EUR"),
        caps: Vec::new(),
        lending: Lending::Off,
    };
    let on = |category: &str| {
        let of = parse(&format!("line.category == \"{category}\""));
        Scope::Lines(of.unwrap_or(Condition::Always).into())
    };
    let share = |rate: u64| Benefit::PercentOff {
        rate: rate as u32 * 10_000,
        ceiling: None,
    };
    let off = |amount: u64, spread: Spread| Benefit::AmountOff { amount, spread };
    let (benefit, scope) = match number % 5 {
        0 => (share(number / 2), Scope::Order),
        1 => (off(100 * number, Spread::Order), Scope::Order),
        2 => (share(number), on("home")),
        3 => (off(30 * number, Spread::EachLine), on("garden")),
        _ => (off(70 * number, Spread::ByAmount), on("home")),
    };
    let offer = Offer {
        id: OfferId(number),
        campaign: CampaignId(number),
        name: "".into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        after: Condition::Always,
        bundle: None,
        benefit,
        formula: None,
        scope,
        is_tier: true,
        priority: 0,
        grant_ms: 0,
    };
    (campaign, offer)
}

fn put((campaign, offer): &(Campaign, Offer)) -> Presented<'_> {
    Presented {
        redeemable: Redeemable::Tier(offer.id),
        offer,
        campaign,
        voucher: None,
        category: None,
        own: Facts::NONE,
        at_most: None,
        units: None,
    }
}
