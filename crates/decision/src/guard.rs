//! What stands between an eligible offer and this customer, now?

use std::cell::LazyCell;

use measurement::WHOLE;
use offers::{
    Benefit, Commitment, Line, Minor, Offer, Order, Ppm, Presented, Priced, PricedLine, Redeemable,
    Refusal, Scope, Stack, Timestamp, order_facts, price, qualify,
};
use profiles::Purpose;

use crate::{Bar, Grant, Guardrail, Request, Snapshot, snapshot::Candidate};

/// The fact that a margin cannot be told without.
pub(crate) const UNIT_COST: &str = "line.unit_cost";

const DAY_MS: i64 = 86_400_000;

/// The first reason, in the order of [`Bar`], why a candidate whose rule is met is not allowed.
///
/// An order that the offer would change nothing of does not bar it: the offer may be what makes
/// the customer add to it.
pub(crate) fn bar(snapshot: &Snapshot, request: &Request, candidate: &Candidate) -> Option<Bar> {
    if !request.consent.allows(Purpose::PersonaliseOffers) {
        return Some(Bar::NoConsent);
    }
    if let Err(refusal) = qualify(&candidate.presented(), &request.facts, request.asking()) {
        return Some(Bar::Refused(refusal));
    }
    held_back(snapshot, request, candidate)
}

/// The same, leaving out whether the customer agreed and qualifies.
pub(crate) fn held_back(
    snapshot: &Snapshot,
    request: &Request,
    candidate: &Candidate,
) -> Option<Bar> {
    let order = request.order.as_ref();
    let priced = LazyCell::new(|| order.map(|order| priced(order, candidate)));
    let crossed =
        |guardrail: &Guardrail| match guardrail {
            Guardrail::MarginAtLeast(share) => margin(*share, order?, (*priced).as_ref()?),
            Guardrail::DepthAtMost(share) => {
                let depth = depth(&candidate.offer, (*priced).as_ref())?;
                (depth > *share).then(|| Bar::Guardrail(guardrail.clone()))
            }
            Guardrail::NotOnDiscounted => is_discounted(&candidate.offer.scope, order?)
                .then(|| Bar::Guardrail(guardrail.clone())),
            Guardrail::QuietDays(days) => is_quiet(*days, &request.grants, request.now)
                .then(|| Bar::Guardrail(guardrail.clone())),
            // Refused when the snapshot is compiled.
            Guardrail::NeverReads(_) => None,
        };
    snapshot.guardrails.iter().find_map(crossed).or_else(|| {
        let is_exhausted = is_exhausted(candidate, request, || (*priced).as_ref());
        is_exhausted.then_some(Bar::Exhausted)
    })
}

/// The order with this offer alone.
fn priced(order: &Order, candidate: &Candidate) -> Priced {
    price(
        order,
        &Stack {
            applied: vec![candidate.presented()],
            refused: Vec::new(),
        },
    )
}

/// What is left of what is paid for the goods, once they and any shipping given away are paid
/// for, must be this share of it. Shipping that the customer pays counts on neither side.
///
/// Without the cost of every line nothing can be said, and what cannot be said does not pass.
fn margin(share: Ppm, order: &Order, priced: &Priced) -> Option<Bar> {
    let Some(cost) = cost(order, priced) else {
        return Some(Bar::Refused(Refusal::FactUnknown(UNIT_COST.into())));
    };
    let on_lines: i128 = priced
        .lines
        .iter()
        .map(|line| i128::from(line.discount))
        .sum();
    let paid = i128::from(priced.amount) - on_lines - i128::from(priced.on_order);
    let shipping_given = i128::from(order.shipping) - i128::from(priced.shipping);
    let left = paid - shipping_given - cost;
    let is_enough = left * i128::from(WHOLE) >= i128::from(share) * paid;
    (!is_enough).then_some(Bar::Guardrail(Guardrail::MarginAtLeast(share)))
}

/// What all goods of the order cost the shop.
fn cost(order: &Order, priced: &Priced) -> Option<i128> {
    if priced.lines.is_empty() && order.gross() > 0 {
        return None;
    }
    let of_line = |line: &PricedLine| {
        line.unit_cost
            .map(|cost| i128::from(cost) * i128::from(line.quantity))
    };
    priced.lines.iter().map(of_line).sum()
}

/// The offer's discount as a share of the list price of the lines it touches, rounded up. Where it
/// touches none, or there is no order, the rate it names. None where nothing can be said before
/// there is an order, and for what takes nothing off the goods.
fn depth(offer: &Offer, priced: Option<&Priced>) -> Option<Ppm> {
    match offer.benefit {
        Benefit::PercentOff { rate, .. } => priced.and_then(depth_on).or(Some(rate)),
        Benefit::AmountOff { .. } | Benefit::FixedPrice { .. } | Benefit::UnitFree { .. } => {
            priced.and_then(depth_on)
        }
        Benefit::ShippingFree { .. } | Benefit::Credit | Benefit::PointsBack { .. } => None,
    }
}

fn depth_on(priced: &Priced) -> Option<Ppm> {
    let discount = priced.discounts.first()?;
    let (taken, list) = if priced.lines.is_empty() {
        (discount.on_order, priced.amount)
    } else {
        touched(&discount.per_line, &priced.lines)
    };
    let share = (u128::from(taken) * u128::from(WHOLE)).div_ceil(u128::from(list.max(1)));
    (list > 0).then(|| Ppm::try_from(share).unwrap_or(Ppm::MAX))
}

fn touched(per_line: &[Minor], lines: &[PricedLine]) -> (Minor, Minor) {
    let lines = per_line.iter().zip(lines).filter(|(taken, _)| **taken > 0);
    lines.fold((0, 0), |(taken, list), (more, line)| {
        (
            taken.saturating_add(*more),
            list.saturating_add(line.amount),
        )
    })
}

/// Whether anything in scope is already reduced; a discount on the order reduces every line.
fn is_discounted(scope: &Scope, order: &Order) -> bool {
    let is_reduced = |line: &Line| line.discount > 0 || order.discount > 0;
    match scope {
        Scope::Order => order.discount > 0 || order.lines.iter().any(is_reduced),
        Scope::Lines(_) if !order.lines.iter().any(is_reduced) => false,
        Scope::Lines(condition) => {
            let facts = order_facts(order);
            let mut lines = order.lines.iter().zip(facts.lines());
            lines.any(|(line, facts)| is_reduced(line) && condition.evaluate(facts).is_met())
        }
    }
}

/// Whether the last offer is so few days ago, to the millisecond.
fn is_quiet(days: u16, grants: &[Grant], now: Timestamp) -> bool {
    let quiet_ms = i64::from(days) * DAY_MS;
    grants
        .iter()
        .any(|grant| grant.at.saturating_add(quiet_ms) > now)
}

/// Whether a cap is spent, or the budget holds less than what one use may take: the discount on
/// this order and, where the grant is guaranteed, its ceiling. A campaign that grants remainders
/// is exhausted only when nothing is left.
fn is_exhausted<'a>(
    candidate: &Candidate,
    request: &Request,
    priced: impl FnOnce() -> Option<&'a Priced>,
) -> bool {
    let (campaign, remaining) = (&candidate.campaign, &request.remaining);
    if remaining.spent.contains(&campaign.id) {
        return true;
    }
    let Some(left) = remaining.budgets.get(&campaign.id) else {
        return false;
    };
    let least = if campaign.caps.iter().any(|cap| cap.grant_remainder) {
        1
    } else {
        let discounts = |priced: &Priced| priced.discounts.iter().map(|one| one.amount).sum();
        let on_order: Minor = priced().map_or(0, discounts);
        on_order
            .max(promised(candidate, request.order.as_ref()))
            .max(1)
    };
    *left < least
}

/// What a grant of it holds from the budget.
fn promised(candidate: &Candidate, order: Option<&Order>) -> Minor {
    match candidate.campaign.commitment {
        Commitment::WhileBudgetLasts => 0,
        Commitment::Guaranteed => candidate.offer.ceiling(order).unwrap_or(0),
    }
}

impl Candidate {
    /// Put forward by itself, as what needs no code.
    pub(crate) fn presented(&self) -> Presented<'_> {
        Presented {
            redeemable: Redeemable::Tier(self.offer.id),
            offer: &self.offer,
            campaign: &self.campaign,
            voucher: None,
            at_most: None,
        }
    }
}
