//! Any configuration, any request: small enough that things meet.
use std::sync::Arc;

use decision::{
    Configuration, DecisionId, Grant, GrantState, Guardrail, Policy, Remaining, Request,
};
use learning::Evidence;
use measurement::Arm;
use offers::{
    Benefit, Campaign, CampaignId, Cap, CapUnit, Commitment, Lending, Line, Offer, OfferId, Order,
    Period, Reach, Scope, Sku, Spread, Validity, Zone, order_facts,
};
use profiles::{Choice, Consent, CustomerId};
use proptest::{collection::vec, option, prelude::*, sample::subsequence};
use rules::{Condition, Facts, Op, Reads, Telling, Term};

use crate::shop::{self, DAY, NOW};

const OFFERS: u64 = 8;
const CAMPAIGNS: u64 = 5;

pub fn configurations() -> impl Strategy<Value = Configuration> {
    let campaigns: Vec<_> = (1..=CAMPAIGNS).map(campaign).collect();
    let offers: Vec<_> = (1..=OFFERS).map(offer).collect();
    let holdout = prop_oneof![3 => Just(0), 1 => Just(500_000)];
    (campaigns, offers, vec(guardrail(), 0..3), policy(), holdout).prop_map(
        |(campaigns, offers, guardrails, policy, holdout)| {
            let mut made = shop::configuration();
            made.design.holdout = holdout;
            let campaigns = bounded(campaigns, &offers);
            made.design.weights = vec![(Arm::Control, 500_000), (Arm::Treatment(0), 500_000)];
            Configuration {
                campaigns,
                offers,
                guardrails,
                policy,
                ..made
            }
        },
    )
}

/// A guarantee of what nobody can bound does not compile: there, uses are capped instead.
fn bounded(mut campaigns: Vec<Campaign>, offers: &[Offer]) -> Vec<Campaign> {
    for campaign in &mut campaigns {
        let mut own = offers.iter().filter(|offer| offer.campaign == campaign.id);
        let is_unbounded = own.any(|offer| offer.ceiling(None, &Facts::none()).is_none());
        if is_unbounded && campaign.commitment == Commitment::Guaranteed {
            campaign
                .caps
                .iter_mut()
                .for_each(|cap| cap.unit = CapUnit::Uses);
        }
    }
    campaigns
}

fn campaign(id: u64) -> impl Strategy<Value = Campaign> {
    let active = prop::bool::weighted(0.9);
    (
        condition(),
        active,
        validity(),
        any::<bool>(),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            move |(rule, active, validity, guaranteed, grant_remainder)| {
                let cap = Cap {
                    reach: Reach::Campaign,
                    period: Period::Ever,
                    unit: CapUnit::Money,
                    limit: 10_000,
                    grant_remainder,
                };
                let commitment = if guaranteed {
                    Commitment::Guaranteed
                } else {
                    Commitment::WhileBudgetLasts
                };
                let made = shop::campaign(id, rule);
                Campaign {
                    active,
                    validity,
                    commitment,
                    caps: vec![cap],
                    after: Condition::Always,
                    zone: Zone::UTC,
                    lending: Lending::Off,
                    ..made
                }
            },
        )
}

fn offer(id: u64) -> impl Strategy<Value = Offer> {
    let rule = prop_oneof![3 => Just(Condition::Always), 1 => condition()];
    let active = prop::bool::weighted(0.9);
    (1..=CAMPAIGNS, benefit(), scope(), rule, active, validity()).prop_map(
        move |(campaign, benefit, scope, rule, active, validity)| {
            let made = shop::offer(id, campaign, benefit);
            Offer {
                scope,
                rule,
                active,
                validity,
                ..made
            }
        },
    )
}

fn benefit() -> impl Strategy<Value = Benefit> {
    let ceiling = || option::of(100_u64..2_000);
    prop_oneof![
        (1_u32..=100, ceiling()).prop_map(|(rate, ceiling)| Benefit::PercentOff {
            rate: rate * 10_000,
            ceiling
        }),
        (1_u64..3_000).prop_map(shop::amount),
        (1_u64..900).prop_map(|amount| Benefit::AmountOff {
            amount,
            spread: Spread::EachUnit
        }),
        (1_u64..3_000).prop_map(|price| Benefit::FixedPrice { price }),
        ceiling().prop_map(|ceiling| Benefit::ShippingFree { ceiling }),
        (0_usize..4, 1_u32..3)
            .prop_map(|(sku, quantity)| Benefit::unit_free(self::sku(sku), quantity)),
        (1_u64..500, 1_u64..5).prop_map(|(per, points)| Benefit::PointsBack { per, points }),
    ]
}

fn on(path: &str, is: &str) -> Scope {
    Scope::Lines(Condition::test(path, Op::Equal, is).into())
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Order),
        (0_usize..3).prop_map(|at| on("line.sku", &sku(at).0)),
        Just(on("line.category", "tea")),
    ]
}

/// Mostly open.
fn validity() -> impl Strategy<Value = Validity> {
    let moment = || prop_oneof![NOW - 2..=NOW + 2, Just(NOW - DAY), Just(NOW + DAY)];
    let moments = (
        option::weighted(0.1, moment()),
        option::weighted(0.1, moment()),
    );
    moments.prop_map(|(from, until)| Validity::between(from, until))
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        3 => Just(Condition::Always),
        2 => tier().prop_map(|tier| Condition::test("customer.tier", Op::Equal, tier)),
        1 => (0_i64..8_000).prop_map(|least| shop::test("order.amount", Op::AtLeast, least)),
        1 => (0_i64..100).prop_map(|most| shop::test("customer.orders", Op::Less, most)),
        1 => (0_i64..8_000).prop_map(|least| shop::test("order.initial_amount", Op::More, least)),
        1 => of_lines(),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(Condition::All),
            vec(inner.clone(), 1..3).prop_map(Condition::Any),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

fn of_lines() -> impl Strategy<Value = Condition> {
    let tea = || Box::new(Condition::test("line.category", Op::Equal, "tea"));
    let dear = || Box::new(Condition::test("line.subtotal", Op::AtLeast, 1_000));
    let several = Condition::Test {
        left: Term::Lines(Box::new(Condition::Always)),
        op: Op::More,
        right: Term::Value(1.into()),
    };
    prop_oneof![
        Just(Condition::AnyLine(tea())),
        Just(Condition::EveryLine(dear())),
        Just(several),
    ]
}

fn tier() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("gold"), Just("silver")]
}

fn guardrail() -> impl Strategy<Value = Guardrail> {
    prop_oneof![
        (0_u32..60).prop_map(|share| Guardrail::MarginAtLeast(share * 10_000)),
        (5_u32..100).prop_map(|share| Guardrail::DepthAtMost(share * 10_000)),
        Just(Guardrail::NotOnDiscounted),
        (0_u16..10).prop_map(Guardrail::QuietDays),
        Just(Guardrail::NeverReads("customer.age".into())),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let offers: Vec<u64> = (1..=OFFERS).collect();
    let list = subsequence(offers, 0..=OFFERS as usize).prop_shuffle();
    // Whole quarters survive any notation.
    let evidence = (0_u64..100, -400_i32..400, 0_u32..10_000)
        .prop_map(|(n, quarters, m2)| Evidence {
            n,
            mean: quarters.into(),
            m2: m2.into(),
        })
        .prop_map(|seen| Evidence {
            mean: seen.mean / 4.0,
            ..seen
        });
    (
        list,
        0_u8..3,
        vec(evidence, OFFERS as usize),
        0_u32..125_000,
    )
        .prop_map(|(list, kind, seen, floor)| match kind {
            0 => shop::ranked(&list),
            1 => shop::ladder(&list),
            _ => Policy::Bandit {
                arms: shop::ids(&list).into_iter().zip(seen).collect(),
                floor,
            },
        })
}

pub fn requests() -> impl Strategy<Value = Request> {
    let consent =
        prop_oneof![9 => Just(Choice::Granted { at: 0 }), 1 => Just(Choice::Denied { at: 0 })];
    let who = (
        1_u64..50,
        consent,
        option::of(tier()),
        option::of(0_i64..100),
    );
    let what = (
        option::of(order()),
        vec(grant(), 0..4),
        remaining(),
        0_u32..1_000_000,
    );
    (who, what).prop_map(|((customer, consent, tier, orders), what)| {
        let (order, grants, remaining, draw) = what;
        let mut facts = Facts::default();
        tier.into_iter()
            .for_each(|tier| facts.set("customer.tier", tier));
        orders
            .into_iter()
            .for_each(|orders| facts.set("customer.orders", orders));
        order
            .iter()
            .for_each(|order| facts.extend(order_facts(order, &Reads::everything())));
        Request {
            id: DecisionId(customer),
            customer: CustomerId(customer),
            consent: Consent {
                personalise_offers: consent,
                measure: Choice::Granted { at: 0 },
            },
            facts,
            order,
            grants,
            remaining,
            now: NOW,
            draw,
        }
    })
}

fn sku(at: usize) -> Sku {
    Sku(Arc::from(["green", "black", "pot", "cup"][at]))
}

fn order() -> impl Strategy<Value = Order> {
    let often_none = || prop_oneof![4 => Just(0_u64), 1 => 1_u64..300];
    let cost = option::weighted(0.9, 0_u64..2_500);
    let category = option::of(prop_oneof![Just("tea"), Just("ware")]);
    let line = (
        0_usize..4,
        1_u32..4,
        0_u64..3_000,
        cost,
        often_none(),
        category,
    )
        .prop_map(
            |(at, quantity, unit_price, unit_cost, discount, category)| {
                let mut facts = Facts::default();
                category
                    .into_iter()
                    .for_each(|category| facts.set("line.category", category));
                Line {
                    sku: sku(at),
                    quantity,
                    unit_price,
                    unit_cost,
                    discount,
                    facts,
                }
            },
        );
    let foreign = prop::bool::weighted(0.15);
    (
        vec(line, 0..4),
        0_u64..8_000,
        0_u64..600,
        often_none(),
        foreign,
    )
        .prop_map(|(lines, amount, shipping, discount, foreign)| {
            let mut made = Order {
                lines,
                amount,
                shipping,
                discount,
                ..shop::order(None)
            };
            made.amount = made.gross();
            if foreign {
                made.currency = offers::Currency(*b"USD");
            }
            made
        })
}

fn grant() -> impl Strategy<Value = Grant> {
    use GrantState::{Lapsed, Open, Redeemed};
    let state = prop_oneof![2 => Just(Open), 1 => Just(Redeemed), 4 => Just(Lapsed)];
    (1..=OFFERS, 0_i64..10, -1_i64..2, state).prop_map(|(offer, days_ago, off, state)| {
        let made = shop::grant(offer, days_ago, state);
        Grant {
            at: made.at + off,
            until: made.until + off,
            ..made
        }
    })
}

fn remaining() -> impl Strategy<Value = Remaining> {
    let left = prop_oneof![1 => Just(0_u64), 4 => 1_u64..3_000];
    let budgets = prop::collection::btree_map((1..=CAMPAIGNS).prop_map(CampaignId), left, 0..4);
    let spent = prop::collection::btree_set((1..=CAMPAIGNS).prop_map(CampaignId), 0..2);
    (budgets, spent).prop_map(|(budgets, spent)| Remaining { budgets, spent })
}

/// The same configuration with its lists in another order, and that of a bandit's arms.
pub fn shuffled(made: Configuration) -> impl Strategy<Value = (Configuration, Configuration)> {
    let campaigns = Just(made.campaigns.clone()).prop_shuffle();
    let offers = Just(made.offers.clone()).prop_shuffle();
    let policy = match made.policy.clone() {
        Policy::Bandit { arms, floor } => Just(arms)
            .prop_shuffle()
            .prop_map(move |arms| Policy::Bandit { arms, floor })
            .boxed(),
        other => Just(other).boxed(),
    };
    (campaigns, offers, policy).prop_map(move |(campaigns, offers, policy)| {
        let other = Configuration {
            campaigns,
            offers,
            policy,
            ..made.clone()
        };
        (made.clone(), other)
    })
}

/// The same request with the facts that somebody reads.
pub fn told_to(reads: &Reads, request: &Request) -> Request {
    let read = |facts: &Facts| {
        let mut telling = Telling::to(reads);
        telling.pass_on(facts);
        telling.done()
    };
    let mut facts = read(&request.facts);
    let mut order = request.order.clone();
    if let Some(order) = &mut order {
        let lines = order.lines.iter_mut();
        lines.for_each(|line| line.facts = read(&line.facts));
        facts.extend(order_facts(order, reads));
    }
    Request {
        facts,
        order,
        ..request.clone()
    }
}

pub fn only(offer: OfferId) -> Policy {
    Policy::Ranked(vec![offer])
}
