//! What does a decision mean? The slow, plain answer: from the configuration itself, without index
//! or anything prepared. The fast one is held to it by `fast_path_equals_spec`.

use std::collections::BTreeMap;

use measurement::{Arm, UnitId, WHOLE, assign};
use offers::{
    Benefit, Campaign, Commitment, Offer, OfferId, Order, Ppm, Presented, Priced, Redeemable,
    Refusal, Scope, Stack, order_facts, price,
};
use profiles::Purpose;
use rules::{Facts, Reads};

use crate::{
    Bar, Configuration, Decision, Fate, GrantState, Guardrail, Policy, Request, SnapshotId,
};

type Pair<'a> = (&'a Offer, &'a Campaign);

/// Decides from a configuration that `Snapshot::compile` accepts.
#[must_use]
pub fn decide(id: SnapshotId, configuration: &Configuration, request: &Request) -> Decision {
    let live = live(configuration);
    let mut considered: BTreeMap<OfferId, Fate> = BTreeMap::new();
    let mut allowed = Vec::new();
    for (offer, campaign) in &live {
        let rules = [&campaign.rule, &offer.rule];
        if !rules
            .iter()
            .all(|rule| rule.evaluate(&request.facts).is_met())
        {
            continue;
        }
        match bars(configuration, request, (offer, campaign))
            .into_iter()
            .next()
        {
            Some(bar) => drop(considered.insert(offer.id, Fate::Barred(bar))),
            None => allowed.push(offer.id),
        }
    }
    let live_offers: Vec<OfferId> = live.iter().map(|(offer, _)| offer.id).collect();
    let propensities = propensities(&configuration.policy, request, (&live_offers, &allowed));
    let arm = assign(&configuration.design, UnitId(request.customer.0));
    let chosen = drawn(&propensities, request.draw);
    for offer in allowed {
        let propensity = propensities.get(&offer).copied().unwrap_or(0);
        let score_micros = score_micros(&configuration.policy, offer);
        let fate = match (chosen == Some(offer), arm == Arm::Holdout) {
            (true, false) => Fate::Chosen { propensity },
            (true, true) => Fate::Withheld { propensity },
            (false, _) => Fate::Passed {
                score_micros,
                propensity,
            },
        };
        considered.insert(offer, fate);
    }
    Decision {
        id: request.id,
        snapshot: id,
        arm,
        draw: request.draw,
        unmatched: (live.len() - considered.len()) as u32,
        considered: considered.into_iter().collect(),
    }
}

/// What is not paused, in order of offer id.
fn live(configuration: &Configuration) -> Vec<Pair<'_>> {
    let mut live = Vec::new();
    for offer in &configuration.offers {
        for campaign in &configuration.campaigns {
            if offer.campaign == campaign.id && offer.active && campaign.active {
                live.push((offer, campaign));
            }
        }
    }
    live.sort_by_key(|(offer, _)| offer.id);
    live
}

/// Everything that stands between an offer and the customer.
fn bars(configuration: &Configuration, request: &Request, pair: Pair<'_>) -> Vec<Bar> {
    let (offer, campaign) = pair;
    let mut bars = Vec::new();
    if !request.consent.allows(Purpose::PersonaliseOffers) {
        bars.push(Bar::NoConsent);
    }
    let validities = [&campaign.validity, &offer.validity];
    if let Some(from) = validities.iter().filter_map(|one| one.from).max()
        && from > request.now
    {
        bars.push(Bar::Refused(Refusal::NotYetOpen { from }));
    }
    if let Some(until) = validities.iter().filter_map(|one| one.until).min()
        && until < request.now
    {
        bars.push(Bar::Refused(Refusal::Closed { until }));
    }
    let closed = validities.iter().filter_map(|validity| {
        let calendar = validity.calendar.as_ref()?;
        let asked = (validity.from, request.now);
        let is_closed = !calendar.is_open(asked, &campaign.zone);
        is_closed.then(|| calendar.opens(asked, &campaign.zone))
    });
    if bars.is_empty()
        && let Some(next) = closed.max_by_key(|next| next.unwrap_or(i64::MAX))
    {
        bars.push(Bar::Refused(Refusal::NotNow { next }));
    }
    let order = request.order.as_ref();
    if order.is_some_and(|order| order.currency != campaign.currency) {
        bars.push(Bar::Refused(Refusal::RuleNotMet("order.currency".into())));
    }
    let priced = order.map(|order| (order, alone((order, &request.facts), pair)));
    let priced = priced.as_ref().map(|(order, priced)| (*order, priced));
    for guardrail in &configuration.guardrails {
        bars.extend(crossed(guardrail, request, offer, priced));
    }
    if is_exhausted(request, pair, priced.map(|(_, priced)| priced)) {
        bars.push(Bar::Exhausted);
    }
    bars
}

/// The order with this offer and nothing else.
fn alone((order, known): (&Order, &Facts), (offer, campaign): Pair<'_>) -> Priced {
    let redeemable = Redeemable::Tier(offer.id);
    let presented = Presented {
        redeemable,
        offer,
        campaign,
        voucher: None,
        category: None,
        own: Facts::NONE,
        at_most: None,
        units: None,
    };
    price(
        order,
        known,
        &Stack {
            applied: vec![presented],
            refused: Vec::new(),
        },
    )
}

fn crossed(
    guardrail: &Guardrail,
    request: &Request,
    offer: &Offer,
    priced: Option<(&Order, &Priced)>,
) -> Option<Bar> {
    let is_crossed = match guardrail {
        Guardrail::MarginAtLeast(share) => {
            let (order, priced) = priced?;
            let Some(cost) = cost(order, priced) else {
                return Some(Bar::Refused(Refusal::FactUnknown("line.unit_cost".into())));
            };
            let paid = i128::from(priced.total) - i128::from(priced.shipping);
            let given = i128::from(order.shipping) - i128::from(priced.shipping);
            // (paid - given - cost) / paid < share / 1 000 000, without dividing.
            (paid - given - cost) * 1_000_000 < i128::from(*share) * paid
        }
        Guardrail::DepthAtMost(share) => {
            let named = match offer.benefit {
                Benefit::PercentOff { rate, .. } => Some((u128::from(rate), 1_000_000)),
                _ => None,
            };
            let (taken, list) = priced
                .and_then(|(_, priced)| off_goods(offer, priced))
                .or(named)?;
            taken * 1_000_000 > u128::from(*share) * list
        }
        Guardrail::NotOnDiscounted => {
            let (order, _) = priced?;
            order_facts(order, &Reads::everything())
                .lines()
                .iter()
                .zip(&order.lines)
                .any(|(facts, line)| {
                    let is_in_scope = match &offer.scope {
                        Scope::Order => true,
                        Scope::Lines(scope) => scope.of.evaluate(facts).is_met(),
                    };
                    is_in_scope && line.discount.max(order.discount) > 0
                })
                || (offer.scope == Scope::Order && order.discount > 0)
        }
        Guardrail::QuietDays(days) => request.grants.iter().any(|grant| {
            (i128::from(request.now) - i128::from(grant.at)) < i128::from(*days) * 86_400_000
        }),
        Guardrail::NeverReads(_) => false,
    };
    is_crossed.then(|| Bar::Guardrail(guardrail.clone()))
}

fn cost(order: &Order, priced: &Priced) -> Option<i128> {
    if priced.lines.is_empty() && order.amount > 0 {
        return None;
    }
    let mut cost = 0;
    for line in &priced.lines {
        cost += i128::from(line.unit_cost?) * i128::from(line.quantity);
    }
    Some(cost)
}

/// What the offer takes off the goods, and the list price of what it takes it from.
fn off_goods(offer: &Offer, priced: &Priced) -> Option<(u128, u128)> {
    use Benefit::{Credit, PointsBack, ShippingFree};
    if matches!(
        offer.benefit,
        ShippingFree { .. } | Credit | PointsBack { .. }
    ) {
        return None;
    }
    let discount = priced.discounts.first()?;
    if priced.lines.is_empty() {
        return (priced.amount > 0).then_some((discount.on_order.into(), priced.amount.into()));
    }
    let (mut taken, mut list) = (0, 0);
    for (line, off) in priced.lines.iter().zip(&discount.per_line) {
        if *off > 0 {
            taken += u128::from(*off);
            list += u128::from(line.amount);
        }
    }
    (list > 0).then_some((taken, list))
}

fn is_exhausted(request: &Request, (offer, campaign): Pair<'_>, priced: Option<&Priced>) -> bool {
    let is_spent = request.remaining.spent.contains(&campaign.id);
    let Some(left) = request.remaining.budgets.get(&campaign.id) else {
        return is_spent;
    };
    let grants_remainder = campaign.caps.iter().any(|cap| cap.grant_remainder);
    let on_order = priced
        .and_then(|priced| priced.discounts.first())
        .map_or(0, |one| one.amount);
    let held = match campaign.commitment {
        Commitment::WhileBudgetLasts => 0,
        Commitment::Guaranteed => offer
            .ceiling(request.order.as_ref(), &request.facts)
            .unwrap_or(0),
    };
    is_spent || *left == 0 || (!grants_remainder && (on_order > *left || held > *left))
}

/// With what probability each allowed offer is chosen; none for those that are not there.
fn propensities(
    policy: &Policy,
    request: &Request,
    (live, allowed): (&[OfferId], &[OfferId]),
) -> BTreeMap<OfferId, Ppm> {
    let surely = |offer: Option<&OfferId>| offer.map(|offer| (*offer, WHOLE)).into_iter().collect();
    match policy {
        Policy::Ranked(list) => surely(list.iter().find(|offer| allowed.contains(offer))),
        Policy::Ladder(rungs) => {
            let due = next_rung(rungs, request);
            surely(due.filter(|offer| allowed.contains(offer)))
        }
        Policy::Bandit { arms, floor } => {
            let mut arms: Vec<_> = arms
                .iter()
                .filter(|(offer, _)| live.contains(offer))
                .collect();
            arms.sort_by_key(|(offer, _)| *offer);
            let seen: Vec<_> = arms.iter().map(|(_, evidence)| *evidence).collect();
            let shares = learning::allocate(&seen, *floor);
            let offers = arms.iter().map(|(offer, _)| *offer);
            let left = offers.zip(shares).filter(|(one, _)| allowed.contains(one));
            let (offers, shares): (Vec<OfferId>, Vec<Ppm>) = left.unzip();
            let shares = learning::restrict(&shares, *floor);
            offers.into_iter().zip(shares).collect()
        }
    }
}

fn next_rung<'a>(rungs: &'a [OfferId], request: &Request) -> Option<&'a OfferId> {
    let on = |offer: &OfferId| {
        request
            .grants
            .iter()
            .filter(move |grant| grant.offer == *offer)
            .collect::<Vec<_>>()
    };
    let ended = |offer: &OfferId| {
        on(offer).iter().any(|grant| {
            grant.state == GrantState::Redeemed
                || (grant.state == GrantState::Open && grant.until > request.now)
        })
    };
    if rungs.iter().any(ended) {
        return None;
    }
    let untouched = rungs.iter().rev().take_while(|offer| on(offer).is_empty());
    untouched.last()
}

fn score_micros(policy: &Policy, offer: OfferId) -> i64 {
    let place = policy.offers().iter().position(|named| *named == offer);
    place
        .and_then(|place| policy.scores_micros().get(place).copied())
        .unwrap_or(0)
}

/// Offers in order of id, each with its share of the numbers below 1 000 000.
fn drawn(propensities: &BTreeMap<OfferId, Ppm>, draw: Ppm) -> Option<OfferId> {
    let mut tickets = draw;
    for (offer, share) in propensities {
        if tickets < *share {
            return Some(*offer);
        }
        tickets -= share;
    }
    None
}
