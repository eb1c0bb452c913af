//! What stands between an eligible offer and this customer, now?

use std::cell::{LazyCell, OnceCell};

use measurement::WHOLE;
use offers::{
    Alone, Benefit, Commitment, Line, Minor, Offer, Order, Ppm, Presented, Redeemable, Refusal,
    Scope, Taken, Timestamp, open_to,
};
use profiles::Purpose;
use rules::Facts;

use crate::{Bar, Grant, Guardrail, Request, Snapshot, snapshot::Candidate};

/// The fact that a margin cannot be told without.
pub(crate) const UNIT_COST: &str = "line.unit_cost";

const DAY_MS: i64 = 86_400_000;

/// A snapshot's bounds and a request, with its order prepared once for all candidates.
pub(crate) struct Guard<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request,
    alone: OnceCell<Alone<'a>>,
}

impl<'a> Guard<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, request: &'a Request) -> Self {
        let alone = OnceCell::new();
        Self {
            snapshot,
            request,
            alone,
        }
    }

    /// The first reason, in the order of [`Bar`], why a candidate whose rule is met is not allowed.
    ///
    /// An order that the offer would change nothing of does not bar it: the offer may be what makes
    /// the customer add to it.
    pub(crate) fn bar(&self, candidate: &Candidate) -> Option<Bar> {
        let request = self.request;
        if !request.consent.allows(Purpose::PersonaliseOffers) {
            return Some(Bar::NoConsent);
        }
        if let Err(refusal) = open_to(&candidate.presented(), &request.facts, request.asking()) {
            return Some(Bar::Refused(refusal));
        }
        self.held_back(candidate)
    }

    /// The same, leaving out whether the customer agreed and qualifies.
    pub(crate) fn held_back(&self, candidate: &Candidate) -> Option<Bar> {
        let (request, order) = (self.request, self.request.order.as_ref());
        let taken = LazyCell::new(|| Some(self.alone()?.taken_by(&candidate.presented())));
        let crossed = |guardrail: &Guardrail| match guardrail {
            Guardrail::MarginAtLeast(share) => margin(*share, order?, (*taken).as_ref()?),
            Guardrail::DepthAtMost(share) => {
                let depth = depth(&candidate.offer, (*taken).as_ref())?;
                (depth > *share).then(|| Bar::Guardrail(guardrail.clone()))
            }
            Guardrail::NotOnDiscounted => self
                .is_discounted(&candidate.offer.scope)
                .then(|| Bar::Guardrail(guardrail.clone())),
            Guardrail::QuietDays(days) => is_quiet(*days, &request.grants, request.now)
                .then(|| Bar::Guardrail(guardrail.clone())),
            // Refused when the snapshot is compiled.
            Guardrail::NeverReads(_) => None,
        };
        let mut guardrails = self.snapshot.guardrails.iter();
        guardrails.find_map(crossed).or_else(|| {
            let is_exhausted = is_exhausted(candidate, request, || (*taken).as_ref());
            is_exhausted.then_some(Bar::Exhausted)
        })
    }

    /// The order, if there is one, with nothing taken from it.
    fn alone(&self) -> Option<&Alone<'a>> {
        let order = self.request.order.as_ref()?;
        let prepared = || Alone::new(order, (&self.request.facts, self.snapshot.reads()));
        Some(self.alone.get_or_init(prepared))
    }

    /// Whether anything in scope is already reduced; a discount on the order reduces every line.
    fn is_discounted(&self, scope: &Scope) -> bool {
        let Some(order) = &self.request.order else {
            return false;
        };
        let is_reduced = |line: &Line| line.discount > 0 || order.discount > 0;
        match scope {
            Scope::Order => order.discount > 0 || order.lines.iter().any(is_reduced),
            Scope::Lines(_) if !order.lines.iter().any(is_reduced) => false,
            Scope::Lines(scope) => self.alone().is_some_and(|alone| {
                let mut lines = order.lines.iter().zip(alone.line_facts());
                lines.any(|(line, facts)| is_reduced(line) && scope.of.evaluate(facts).is_met())
            }),
        }
    }
}

/// What is left of what is paid for the goods, once they and any shipping given away are paid
/// for, must be this share of it. Shipping that the customer pays counts on neither side.
///
/// Without the cost of every line nothing can be said, and what cannot be said does not pass.
fn margin(share: Ppm, order: &Order, taken: &Taken) -> Option<Bar> {
    let Some(cost) = cost(order, taken) else {
        return Some(Bar::Refused(Refusal::FactUnknown(UNIT_COST.into())));
    };
    let paid = i128::from(taken.paid);
    let left = paid - i128::from(taken.shipping) - cost;
    let is_enough = left * i128::from(WHOLE) >= i128::from(share) * paid;
    (!is_enough).then_some(Bar::Guardrail(Guardrail::MarginAtLeast(share)))
}

/// What all goods cost the shop: units that join the order included, and none that give way.
fn cost(order: &Order, taken: &Taken) -> Option<i128> {
    if order.lines.is_empty() && order.gross() > 0 {
        return None;
    }
    let of_line = |cost: Option<Minor>, quantity: u32| {
        cost.map(|cost| i128::from(cost) * i128::from(quantity))
    };
    let removed = taken.removed.iter().copied().chain(std::iter::repeat(0));
    let lines = order.lines.iter().zip(removed);
    let lines =
        lines.map(|(line, gone)| of_line(line.unit_cost, line.quantity.saturating_sub(gone)));
    let joined = taken.joined.iter();
    let joined = joined.map(|line| of_line(line.unit_cost, line.quantity));
    lines.chain(joined).sum()
}

/// The offer's discount as a share of the list price of the lines it touches, rounded up. Where it
/// touches none, or there is no order, the rate it names. None where nothing can be said before
/// there is an order, and for what takes nothing off the goods.
fn depth(offer: &Offer, taken: Option<&Taken>) -> Option<Ppm> {
    match offer.benefit {
        Benefit::PercentOff { rate, .. } => taken.and_then(depth_on).or(Some(rate)),
        Benefit::AmountOff { .. }
        | Benefit::FixedPrice { .. }
        | Benefit::UnitsFree(_)
        | Benefit::SameFree { .. }
        | Benefit::Exchange { .. } => taken.and_then(depth_on),
        Benefit::ShippingFree { .. } | Benefit::Credit | Benefit::PointsBack { .. } => None,
    }
}

fn depth_on(taken: &Taken) -> Option<Ppm> {
    let (goods, list) = (u128::from(taken.goods), u128::from(taken.list));
    let share = (goods * u128::from(WHOLE)).div_ceil(list.max(1));
    (list > 0).then(|| Ppm::try_from(share).unwrap_or(Ppm::MAX))
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
    taken: impl FnOnce() -> Option<&'a Taken>,
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
        let on_order = taken().map_or(0, Taken::money);
        on_order.max(promised(candidate, request)).max(1)
    };
    *left < least
}

/// What a grant of it holds from the budget.
fn promised(candidate: &Candidate, request: &Request) -> Minor {
    let order = request.order.as_ref();
    match candidate.campaign.commitment {
        Commitment::WhileBudgetLasts => 0,
        Commitment::Guaranteed => candidate.offer.ceiling(order, &request.facts).unwrap_or(0),
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
            category: None,
            own: Facts::NONE,
            at_most: None,
            units: None,
        }
    }
}
