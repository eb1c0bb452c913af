//! A small shop to decide in: one campaign for each offer, and one customer.
use std::sync::Arc;

use decision::{
    Configuration, Decision, DecisionId, Grant, GrantState, Guardrail, Policy, Request, Snapshot,
    SnapshotId,
};
use learning::Evidence;
use measurement::{Arm, Design};
use offers::{
    Benefit, Campaign, CampaignId, Commitment, Currency, Lending, Line, Minor, Offer, OfferId,
    Order, Presented, Redeemable, Scope, Sku, Spread, Stacking, Validity, Zone, order_facts,
};
use profiles::{Choice, Consent, CustomerId};
use rules::{Condition, Facts, Op, Reads};

pub const NOW: i64 = 1_760_000_000_000;
pub const DAY: i64 = 86_400_000;

pub fn currency() -> Currency {
    Currency(*b"EUR")
}

pub fn campaign(id: u64, rule: Condition) -> Campaign {
    Campaign {
        id: CampaignId(id),
        name: format!("Campaign {id}").into(),
        active: true,
        validity: Validity::default(),
        rule,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: currency(),
        caps: Vec::new(),
        after: Condition::Always,
        zone: Zone::UTC,
        lending: Lending::Off,
    }
}

pub fn offer(id: u64, campaign: u64, benefit: Benefit) -> Offer {
    Offer {
        id: OfferId(id),
        campaign: CampaignId(campaign),
        name: format!("Offer {id}").into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        benefit,
        scope: Scope::Order,
        is_tier: true,
        priority: 0,
        after: Condition::Always,
        bundle: None,
        grant_ms: DAY,
        formula: None,
    }
}

pub fn percent(rate: u32) -> Benefit {
    Benefit::PercentOff {
        rate: rate * 10_000,
        ceiling: None,
    }
}

pub fn amount(amount: Minor) -> Benefit {
    Benefit::AmountOff {
        amount,
        spread: Spread::Order,
    }
}

/// 10 %, 5.00 and free shipping, each of its own campaign, all ranked, nobody held out.
pub fn configuration() -> Configuration {
    let benefits = [
        percent(10),
        amount(500),
        Benefit::ShippingFree { ceiling: None },
    ];
    Configuration {
        campaigns: (1..=3).map(|id| campaign(id, Condition::Always)).collect(),
        offers: (1..)
            .zip(benefits)
            .map(|(id, benefit)| offer(id, id, benefit))
            .collect(),
        guardrails: Vec::new(),
        policy: ranked(&[1, 2, 3]),
        design: Design {
            salt: *b"sixteen bytes...",
            holdout: 0,
            weights: vec![(Arm::Treatment(0), 1_000_000)],
            level: 950_000,
        },
        protected: Vec::new(),
    }
}

pub fn ids(offers: &[u64]) -> Vec<OfferId> {
    offers.iter().copied().map(OfferId).collect()
}

pub fn ranked(offers: &[u64]) -> Policy {
    Policy::Ranked(ids(offers))
}

pub fn ladder(offers: &[u64]) -> Policy {
    Policy::Ladder(ids(offers))
}

pub fn bandit(arms: &[(u64, f64)], floor: u32) -> Policy {
    let seen = |mean: f64| Evidence {
        n: 50,
        mean,
        m2: 5_000.0,
    };
    let arms = arms
        .iter()
        .map(|(offer, mean)| (OfferId(*offer), seen(*mean)))
        .collect();
    Policy::Bandit { arms, floor }
}

/// Price 40.00, cost as given, nothing off; shipping 4.00.
pub fn order(unit_cost: Option<Minor>) -> Order {
    let line = Line {
        sku: Sku(Arc::from("tea")),
        quantity: 2,
        unit_price: 2_000,
        unit_cost,
        discount: 0,
        facts: Facts::default(),
    };
    Order {
        currency: currency(),
        lines: vec![line],
        amount: 4_000,
        shipping: 400,
        discount: 0,
        store: None,
        prices: Vec::new(),
    }
}

pub fn request() -> Request {
    let mut facts = Facts::default();
    facts.set("customer.tier", "gold");
    Request {
        id: DecisionId(1),
        customer: CustomerId(7),
        consent: Consent {
            personalise_offers: Choice::Granted { at: 0 },
            measure: Choice::Granted { at: 0 },
        },
        facts,
        order: None,
        grants: Vec::new(),
        remaining: Default::default(),
        now: NOW,
        draw: 0,
    }
}

pub fn with_order(order: Order) -> Request {
    let mut request = request();
    request
        .facts
        .extend(order_facts(&order, &Reads::everything()));
    request.order = Some(order);
    request
}

pub fn with_grants(grants: Vec<Grant>) -> Request {
    Request {
        grants,
        ..request()
    }
}

/// Granted so many days ago, for one day.
pub fn grant(offer: u64, days_ago: i64, state: GrantState) -> Grant {
    let at = NOW - days_ago * DAY;
    Grant {
        offer: OfferId(offer),
        at,
        until: at + DAY,
        state,
    }
}

pub fn test(path: &str, op: Op, value: i64) -> Condition {
    Condition::test(path, op, value)
}

pub fn compile(configuration: &Configuration) -> Snapshot {
    Snapshot::compile(SnapshotId(3), configuration.clone()).expect("a valid configuration")
}

pub fn decide(configuration: &Configuration, request: &Request) -> Decision {
    decision::decide(&compile(configuration), request)
}

pub fn chosen(configuration: &Configuration, request: &Request) -> Option<u64> {
    decide(configuration, request)
        .chosen()
        .map(|(offer, _)| offer.0)
}

/// What is paid for the goods of an order with one offer, and what is left of it once they and any
/// shipping given away are paid for.
pub fn paid_and_left(order: &Order, (offer, campaign): (&Offer, &Campaign)) -> (i128, i128) {
    let presented = Presented {
        redeemable: Redeemable::Tier(offer.id),
        offer,
        campaign,
        voucher: None,
        category: None,
        own: Facts::NONE,
        at_most: None,
        units: None,
    };
    let priced = offers::price(
        order,
        &Facts::none(),
        &offers::stack(vec![presented], &offers::StackingRules::usual()),
    );
    let costs = priced.lines.iter().map(|line| {
        let cost = line
            .unit_cost
            .expect("a known cost, or the offer is barred");
        i128::from(cost) * i128::from(line.quantity)
    });
    let paid = i128::from(priced.total) - i128::from(priced.shipping);
    let given = i128::from(order.shipping) - i128::from(priced.shipping);
    (paid, paid - given - costs.sum::<i128>())
}

pub fn guarded(guardrail: Guardrail) -> Configuration {
    Configuration {
        guardrails: vec![guardrail],
        ..configuration()
    }
}
