//! A shop with many promotions: the workload of [`crate`]'s bench of this name.

use decision::{Configuration, Policy};
use measurement::{Arm, Design};
use offers::{
    Benefit, Campaign, CampaignId, Commitment, Currency, Lending, Line, Lines, Offer, OfferId,
    Order, Scope, Sku, Stacking, Timestamp, Validity, Zone,
};
use rules::{Condition, Facts, parse};
use server::{
    app::App,
    problem::Refused,
    setup::{LIVE, writes},
};
use store::Kind;
use wire::ids::{self, Tag};

use crate::shop::{applied, json, stored};

pub const NOW: Timestamp = 1_790_000_000_000;
const GROUPS: u64 = 100;
const CATEGORIES: u64 = 200;
/// Of the cart.
const GROUP: u64 = 7;
/// Price and quantity of each line: 252.44 in all.
const LINES: [(u64, u32); 5] = [(2_995, 1), (4_990, 2), (1_299, 3), (3_372, 1), (5_000, 1)];

/// What the cart's customer is known by.
#[must_use]
pub fn known() -> Facts {
    let mut facts = Facts::default();
    facts.set("customer.metadata.group", format!("g{GROUP}").as_str());
    facts
}

#[must_use]
pub fn cart() -> Order {
    let line = |(number, (price, quantity)): (usize, &(u64, u32))| {
        let mut facts = Facts::default();
        facts.set("line.category", category(number).as_str());
        Line {
            sku: Sku(format!("sku-{number}").as_str().into()),
            quantity: *quantity,
            unit_price: *price,
            unit_cost: None,
            discount: 0,
            facts,
        }
    };
    Order {
        currency: Currency(*b"EUR"),
        lines: LINES.iter().enumerate().map(line).collect(),
        amount: 0,
        shipping: 0,
        discount: 0,
        store: None,
        prices: Vec::new(),
    }
}

/// The same cart as a shop sends it.
#[must_use]
pub fn sent() -> serde_json::Value {
    let item = |(number, (price, quantity)): (usize, &(u64, u32))| {
        serde_json::json!({
            "source_id": format!("sku-{number}"), "related_object": "sku",
            "quantity": quantity, "price": price,
            "product": {"metadata": {"category": category(number)}},
        })
    };
    let items: Vec<_> = LINES.iter().enumerate().map(item).collect();
    serde_json::json!({ "items": items })
}

/// Lines are of two categories by turns.
fn category(line: usize) -> String {
    let other = if line.is_multiple_of(2) { 0 } else { GROUPS };
    format!("c{}", GROUP + other)
}

/// How many of so many promotions are for the cart.
#[must_use]
pub fn applying(count: u64) -> u64 {
    (1..=count)
        .filter(|number| number % GROUPS == GROUP)
        .count() as u64
}

/// The ids of tiers that are for the cart.
#[must_use]
pub fn tiers(count: usize) -> Vec<String> {
    let mine = (1..).filter(|number| number % GROUPS == GROUP);
    let name = |number: u64| ids::format(Tag::Tier, number);
    mine.take(count).map(name).collect()
}

#[must_use]
pub fn configuration(count: u64) -> Configuration {
    Configuration {
        campaigns: (1..=count).map(campaign).collect(),
        offers: (1..=count).map(tier).collect(),
        guardrails: Vec::new(),
        policy: Policy::Ranked(Vec::new()),
        design: Design {
            salt: *b"bench...........",
            holdout: 0,
            weights: vec![(Arm::Treatment(0), 1_000_000)],
            level: 950_000,
        },
        protected: Vec::new(),
    }
}

fn campaign(number: u64) -> Campaign {
    let rule = format!(
        "customer.metadata.group == \"g{}\" && order.amount >= {}",
        number % GROUPS,
        5_000 + number / 200
    );
    Campaign {
        id: CampaignId(number),
        name: format!("Promotion {number}").into(),
        active: true,
        validity: Validity::default(),
        rule: parse(&rule).unwrap_or(Condition::Always),
        after: Condition::Always,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: Currency(*b"EUR"),
        zone: Zone::UTC,
        caps: Vec::new(),
        lending: Lending::Off,
    }
}

fn tier(number: u64) -> Offer {
    let lines = format!("line.category == \"c{}\"", number % CATEGORIES);
    let lines = parse(&lines).unwrap_or(Condition::Always);
    Offer {
        id: OfferId(number),
        campaign: CampaignId(number),
        name: format!("Tier {number}").into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        after: Condition::Always,
        bundle: None,
        benefit: Benefit::PercentOff {
            rate: 10_000,
            ceiling: None,
        },
        formula: None,
        scope: Scope::Lines(Lines::from(lines)),
        is_tier: true,
        priority: 0,
        grant_ms: 86_400_000,
    }
}

/// Fills a fresh store.
///
/// # Errors
/// When the store fails.
pub async fn open(app: &App, count: u64) -> Result<(), Refused> {
    let mut all = Vec::new();
    for number in 1..=count {
        all.push(json(Kind::Campaign, number, &stored(campaign(number)))?);
        all.push(json(Kind::Offer, number, &stored(tier(number)))?);
    }
    applied(&app.reconfigure(writes(LIVE, all)).await?)
}
