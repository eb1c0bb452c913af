//! What does a decision cost in the core, with a thousand live campaigns of which ten apply?

use decision::{
    Configuration, DecisionId, Guardrail, Policy, Remaining, Request, Snapshot, SnapshotId, decide,
    spec,
};
use measurement::{Arm, Design};
use offers::{
    Benefit, Campaign, CampaignId, Commitment, Currency, Lending, Line, Offer, OfferId, Order,
    Scope, Sku, Stacking, Validity, order_facts,
};
use profiles::{Consent, CustomerId};
use rules::{Condition, Facts, Reads, Value, parse};

use crate::{
    cpu::Effort,
    table::{Table, Target},
};

const CAMPAIGNS: u64 = 1_000;
const NOW: i64 = 1_790_000_000_000;

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    let snapshot = Snapshot::compile(SnapshotId(1), configuration(CAMPAIGNS))
        .map_err(|invalid| format!("the bench's configuration does not compile: {invalid:?}"))?;
    let request = request(7);
    let considered = decide(&snapshot, &request).considered.len();
    let fast = effort.least(100, || {
        for _ in 0..100 {
            std::hint::black_box(decide(&snapshot, &request));
        }
    });
    let slow = effort.least(2, || {
        for _ in 0..2 {
            let configuration = configuration(CAMPAIGNS);
            let decision = spec::decide(SnapshotId(1), &configuration, &request);
            std::hint::black_box(decision);
        }
    });
    let name = format!("decide, {CAMPAIGNS} live campaigns of which {considered} apply");
    table.row(&name, fast, (slow, Target::AtMostMicros(25.0)));
    Ok(())
}

/// Campaign `i` is for group `i mod 100`.
pub fn configuration(count: u64) -> Configuration {
    let rule = |number: u64| {
        let text = format!(
            "customer.group == \"g{}\" && order.amount >= 1000",
            number % 100
        );
        parse(&text).unwrap_or(Condition::Always)
    };
    let campaigns = (1..=count).map(|number| Campaign {
        id: CampaignId(number),
        name: format!("Campaign {number}").into(),
        active: true,
        validity: Validity::between(Some(NOW - 1_000), Some(NOW + 1_000_000)),
        rule: rule(number),
        after: Condition::Always,
        zone: offers::Zone::UTC,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: Currency(*b"EUR"),
        caps: Vec::new(),
        lending: Lending::Off,
    });
    let offers = (1..=count).map(|number| Offer {
        id: OfferId(number),
        campaign: CampaignId(number),
        name: format!("Offer {number}").into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        benefit: Benefit::PercentOff {
            rate: 50_000,
            ceiling: None,
        },
        formula: None,
        scope: Scope::Order,
        is_tier: false,
        priority: 0,
        after: Condition::Always,
        bundle: None,
        grant_ms: 86_400_000,
    });
    let design = Design {
        salt: *b"bench...........",
        holdout: 50_000,
        weights: vec![(Arm::Treatment(0), 1_000_000)],
        level: 950_000,
    };
    Configuration {
        campaigns: campaigns.collect(),
        offers: offers.collect(),
        guardrails: vec![
            Guardrail::MarginAtLeast(100_000),
            Guardrail::DepthAtMost(300_000),
            Guardrail::NotOnDiscounted,
            Guardrail::QuietDays(3),
        ],
        policy: Policy::Ranked((1..=count.min(200)).map(OfferId).collect()),
        design,
        protected: Vec::new(),
    }
}

/// A customer of group 7 with sixty facts and an order of five lines.
fn request(group: u32) -> Request {
    let line = |number: u64| Line {
        sku: Sku(format!("sku-{number}").into()),
        quantity: 2,
        unit_price: 1_990 + number,
        unit_cost: Some(800),
        discount: 0,
        facts: Facts::default(),
    };
    let mut order = Order {
        currency: Currency(*b"EUR"),
        lines: (0..5).map(line).collect(),
        amount: 0,
        shipping: 490,
        discount: 0,
        store: None,
        prices: Vec::new(),
    };
    order.amount = order.lines_amount();
    let mut facts = order_facts(&order, &Reads::everything());
    facts.set("customer.group", format!("g{group}").as_str());
    facts.set("now", Value::Time(NOW));
    for number in 0..60_i64 {
        facts.set(format!("customer.feature_{number}").as_str(), number);
    }
    Request {
        id: DecisionId(1),
        customer: CustomerId(42),
        consent: Consent::granted(0),
        facts,
        order: Some(order),
        grants: Vec::new(),
        remaining: Remaining::default(),
        now: NOW,
        draw: 500_000,
    }
}
