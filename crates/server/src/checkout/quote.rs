//! What does the order cost with what was put forward, within what the limits have left?

use std::collections::BTreeMap;

use ledger::{AccountId, Minor, Timestamp};
use offers::{
    Asking, Benefit, CapUnit, Given, Offer, OrderCount, Outcome, Presented, Priced, Reach,
    Redeemable, Refusal, StackingRules, chart, order_facts, qualify,
};
use rules::Reads;
use store::{Command, ProjectId};
use wire::voucherify::ApplicationMode;

use super::{Found, Left, Offered, Till};
use crate::{app::App, problem::Refused};

/// A priced order, and what became of each redeemable, in the order they were put forward.
#[derive(Debug)]
pub struct Quote {
    pub priced: Priced,
    pub fates: Vec<Fate>,
    mode: ApplicationMode,
    /// A limit had less left than was asked. Holds whose time has come count as taken until the
    /// next command, so that it is worth another look after [`sweep`].
    pub is_short: bool,
}

/// Lets go of every hold whose time has come: where there are many, stretch by stretch, so that
/// others are served in between. Where there are none, nothing is written.
///
/// # Errors
/// When the store fails.
pub async fn sweep(app: &App, project: ProjectId, now: Timestamp) -> Result<(), Refused> {
    while app.store().has_overdue(project, now).await? {
        let command = Command {
            now,
            ..crate::setup::writes(project, Vec::new())
        };
        app.store().submit(command).await?;
    }
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It gives `priced.discounts[at]`.
    Applied {
        at: usize,
    },
    Refused(Refusal),
}

impl Fate {
    /// Whether it fails the whole: what merely does not go together, or gives nothing, is passed
    /// over.
    #[must_use]
    pub fn fails(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(
                Refusal::StackedOut { .. } | Refusal::NoEffect | Refusal::OverLimit(_),
            )
            | Self::Applied { .. } => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }
}

impl Quote {
    /// Whether the rest applies without what does not.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.mode == ApplicationMode::Partial
    }

    /// The first, in the order they were put forward, that fails the whole; none where the rest
    /// may apply without it.
    #[must_use]
    pub fn failure(&self) -> Option<(usize, &Refusal)> {
        if self.is_partial() {
            return None;
        }
        let mut fates = self.fates.iter().enumerate();
        fates.find_map(|(index, fate)| fate.fails().map(|refusal| (index, refusal)))
    }

    /// Those that apply, in the order of the stack: place in the request, place in the discounts.
    #[must_use]
    pub fn applied(&self) -> Vec<(usize, usize)> {
        let fates = self.fates.iter().enumerate();
        let mut applied: Vec<_> = fates
            .filter_map(|(index, fate)| match fate {
                Fate::Applied { at } => Some((index, *at)),
                _ => None,
            })
            .collect();
        applied.sort_by_key(|(_, at)| *at);
        applied
    }
}

/// What a quote must take into account that pricing alone does not know.
#[derive(Clone, Default)]
struct Bound {
    at_most: Option<Minor>,
    out: Option<Fate>,
}

enum Correction {
    AtMost(usize, Minor),
    Out(usize, Fate),
}

impl Till<'_> {
    /// Qualifies, stacks and prices what was put forward; what passes a limit is priced within
    /// what is left of it, or refused.
    #[must_use]
    pub fn quote(&self) -> Quote {
        self.together(&self.offered.iter().collect::<Vec<_>>())
    }

    /// As [`Till::quote`], as if these alone were put forward, in this order.
    #[must_use]
    pub fn together(&self, offered: &[&Offered]) -> Quote {
        self.settle(offered, &self.rules)
    }

    /// The order with nothing put forward.
    #[must_use]
    pub fn untouched(&self) -> Priced {
        self.priced((&[], &[]), &self.rules).priced
    }

    /// As [`Till::quote`], as if this one alone were put forward.
    #[must_use]
    pub fn alone(&self, offered: &Offered) -> Quote {
        self.together(&[offered])
    }

    /// As [`Till::together`], combined by other rules.
    pub(super) fn settle(&self, offered: &[&Offered], rules: &StackingRules) -> Quote {
        let mut bounds: Vec<Bound> = offered.iter().map(|one| self.bound(one)).collect();
        // Each redeemable is bounded once and taken out once, at most.
        let mut corrections = 2 * bounds.len();
        loop {
            let outcome = self.priced((offered, &bounds), rules);
            let correction = correction(&outcome, (offered, &bounds));
            match correction {
                Some(Correction::AtMost(index, most)) if corrections > 0 => {
                    set(&mut bounds, index, |bound| bound.at_most = Some(most));
                }
                Some(Correction::AtMost(index, _)) => {
                    let out = Fate::Refused(Refusal::BudgetSpent);
                    set(&mut bounds, index, |bound| bound.out = Some(out));
                }
                Some(Correction::Out(index, fate)) => {
                    set(&mut bounds, index, |bound| bound.out = Some(fate));
                }
                None => {
                    let mode = self.compiled.stacking.said.redeemables_application_mode;
                    return assemble(&outcome, (offered, &bounds), mode);
                }
            }
            corrections = corrections.saturating_sub(1);
        }
    }

    fn bound(&self, offered: &Offered) -> Bound {
        let Some(found) = &offered.found else {
            return Bound {
                at_most: None,
                out: Some(Fate::Refused(Refusal::NotFound)),
            };
        };
        let at_most = found.at_most();
        let out = self.refused_before(found, at_most).map(Fate::Refused);
        Bound { at_most, out }
    }

    /// What stands in the way whatever the order costs.
    fn refused_before(&self, found: &Found, at_most: Option<Minor>) -> Option<Refusal> {
        let spent = found.spent(self.asking(), self.order.gross());
        let applied = self
            .is_applied(found.redeemable)
            .then_some(Refusal::AlreadyApplied);
        let card = found.card.as_ref().and_then(|card| card.refusal.clone());
        let barred = found.referral.as_ref();
        let barred = barred.and_then(|referral| referral.barred.clone());
        if spent.is_none() && applied.is_none() && card.is_none() && barred.is_none() {
            return None;
        }
        let mut facts = self.facts.clone();
        facts.extend(order_facts(&self.order, &Reads::everything()));
        match qualify(&found.present(at_most), &facts, self.asking()).err() {
            first @ Some(
                Refusal::Paused
                | Refusal::NotYetOpen { .. }
                | Refusal::Closed { .. }
                | Refusal::NotNow { .. }
                | Refusal::OtherHolder
                | Refusal::SignInRequired,
            ) => first,
            looked => barred.or(spent).or(looked).or(applied).or(card),
        }
    }

    /// Whether it stands in the stored order, redeemed.
    fn is_applied(&self, redeemable: Redeemable) -> bool {
        self.stored.as_ref().is_some_and(|(stored, _)| {
            let mut standing = stored.standing();
            standing.any(|one| one.redeemables.contains(&redeemable))
        })
    }

    fn priced<'a>(
        &'a self,
        (offered, bounds): (&[&'a Offered], &[Bound]),
        rules: &StackingRules,
    ) -> Outcome<'a> {
        let presented = offered
            .iter()
            .zip(bounds)
            .filter(|(_, bound)| bound.out.is_none())
            .filter_map(|(one, bound)| one.found.as_ref().map(|found| (found, bound)))
            .map(|(found, bound)| found.present(bound.at_most));
        let presented = presented.collect();
        offers::quote(&self.order, &self.facts, presented, (self.asking(), rules))
    }
}

/// The first limit that what was priced would pass.
fn correction(
    outcome: &Outcome<'_>,
    (offered, bounds): (&[&Offered], &[Bound]),
) -> Option<Correction> {
    let mut left: BTreeMap<AccountId, Minor> = BTreeMap::new();
    for discount in &outcome.priced.discounts {
        let index = place_of(offered, discount.redeemable)?;
        let found = offered.get(index)?.found.as_ref()?;
        let given = found.given((discount, OrderCount::default()));
        for limit in &found.limits {
            let Some(need) = found.needs(limit, &given) else {
                continue;
            };
            let id = limit.counter.account.id;
            let rest = left.entry(id).or_insert(limit.left);
            let bound = bounds.get(index).and_then(|bound| bound.at_most);
            if need <= *rest {
                *rest -= need;
            } else if limit.counter.cap.grant_remainder
                && *rest > 0
                && bound.is_none_or(|bound| *rest < bound)
            {
                return Some(Correction::AtMost(index, *rest));
            } else {
                let refusal = chart::refusal(id).unwrap_or(Refusal::UsedUp);
                return Some(Correction::Out(index, Fate::Refused(refusal)));
            }
        }
    }
    None
}

fn place_of(offered: &[&Offered], redeemable: Redeemable) -> Option<usize> {
    offered.iter().position(|one| {
        let found = one.found.as_ref();
        found.is_some_and(|found| found.redeemable == redeemable)
    })
}

fn assemble(
    outcome: &Outcome<'_>,
    (offered, bounds): (&[&Offered], &[Bound]),
    mode: ApplicationMode,
) -> Quote {
    let fate = |(index, bound): (usize, &Bound)| {
        if let Some(fate) = &bound.out {
            return fate.clone();
        }
        let discounts = outcome.priced.discounts.iter();
        let mut places = discounts.map(|discount| place_of(offered, discount.redeemable));
        if let Some(at) = places.position(|place| place == Some(index)) {
            return Fate::Applied { at };
        }
        let mut refused = outcome.refused.iter();
        let mine = refused.find(|(redeemable, _)| place_of(offered, *redeemable) == Some(index));
        Fate::Refused(mine.map_or(Refusal::NoEffect, |(_, refusal)| refusal.clone()))
    };
    let fates: Vec<Fate> = bounds.iter().enumerate().map(fate).collect();
    let all = fates.iter().zip(bounds).zip(offered);
    let is_short = all
        .into_iter()
        .any(|((fate, bound), offered)| is_short((fate, bound), (offered, outcome)));
    Quote {
        priced: outcome.priced.clone(),
        fates,
        mode,
        is_short,
    }
}

/// Whether a limit kept a redeemable out, or kept it from giving more.
fn is_short((fate, bound): (&Fate, &Bound), (offered, outcome): (&Offered, &Outcome<'_>)) -> bool {
    // Where nothing is held there is nothing to be let go.
    let Some(found) = offered.found.as_ref().filter(|found| found.others_hold) else {
        return false;
    };
    if found.lacks_units {
        return true;
    }
    match fate {
        Fate::Refused(
            Refusal::UsedUp
            | Refusal::UsedUpByCustomer
            | Refusal::BudgetSpent
            | Refusal::BalanceSpent
            | Refusal::PointsSpent,
        ) => true,
        Fate::Applied { at } => {
            let is_free = found.held.is_empty();
            let discount = outcome.priced.discounts.get(*at);
            is_free && bound.at_most.is_some() && discount.map(|one| one.amount) == bound.at_most
        }
        Fate::Refused(_) => false,
    }
}

fn set(bounds: &mut [Bound], index: usize, change: impl FnOnce(&mut Bound)) {
    if let Some(bound) = bounds.get_mut(index) {
        change(bound);
    }
}

impl Found {
    pub(super) fn present(&self, at_most: Option<Minor>) -> Presented<'_> {
        Presented {
            redeemable: self.redeemable,
            offer: &self.offer,
            campaign: &self.campaign,
            voucher: self.voucher.as_ref(),
            category: self.group.as_ref().map(|(category, _)| *category),
            own: &self.own,
            at_most,
            units: Some(&self.units),
        }
    }

    /// What it takes of a limit beside what is held for it; `None` where that stands in for all.
    fn needs(&self, limit: &Left, given: &Given<'_>) -> Option<Minor> {
        let held = self.hold_for(limit);
        match limit.counter.cap.unit {
            CapUnit::Uses => held.is_none().then_some(1),
            CapUnit::Money => held.is_none().then_some(given.discount),
            // What the order costs is judged before it is priced.
            CapUnit::Touches | CapUnit::Orders => None,
            CapUnit::Credit => Some(given.gift.saturating_sub(held.unwrap_or(0))),
        }
    }

    /// Whether what is held for it stands in for a limit.
    pub(super) fn covers(&self, limit: &Left) -> bool {
        self.hold_for(limit).is_some()
    }

    fn hold_for(&self, limit: &Left) -> Option<Minor> {
        let account = limit.counter.account.id;
        let holds = self
            .held
            .iter()
            .filter(|hold| chart::stands_for(hold, account));
        holds.map(|hold| hold.amount).max()
    }

    /// The most money it may give: what is held for it, what a budget that grants its remainder
    /// has left, what is on the card.
    pub(super) fn at_most(&self) -> Option<Minor> {
        if self.offer.benefit == Benefit::Credit {
            return self.credit;
        }
        let money = self.limits.iter();
        let money = money.filter(|limit| limit.counter.cap.unit == CapUnit::Money);
        let bounds = money.filter_map(|limit| match self.hold_for(limit) {
            Some(held) => Some(held),
            None if limit.counter.cap.grant_remainder => Some(limit.left),
            None => None,
        });
        bounds.min()
    }

    /// The limit of which nothing is left, or too little for an order that costs so much.
    fn spent(&self, asking: Asking, order: Minor) -> Option<Refusal> {
        let binding = self
            .limits
            .iter()
            .filter(|limit| match limit.counter.cap.unit {
                CapUnit::Uses | CapUnit::Orders => true,
                CapUnit::Money => costs_money(&self.offer),
                CapUnit::Credit => self.pays() && self.card.is_none(),
                CapUnit::Touches => false,
            });
        let is_spent = |limit: &&Left| match limit.counter.cap.unit {
            CapUnit::Orders => limit.left < order,
            _ => limit.left == 0 && !self.covers(limit),
        };
        let spent = binding.clone().find(is_spent);
        let mut open = binding.filter(|limit| !self.covers(limit));
        let of_customer = open.any(|limit| {
            matches!(
                limit.counter.cap.reach,
                Reach::Customer | Reach::CustomerOverall
            )
        });
        let of_customer = of_customer || self.counts_units_of_customer();
        if of_customer && asking.customer.is_none() {
            return Some(Refusal::SignInRequired);
        }
        spent.and_then(|limit| chart::refusal(limit.counter.account.id))
    }
}

fn costs_money(offer: &Offer) -> bool {
    !matches!(offer.benefit, Benefit::Credit | Benefit::PointsBack { .. })
}
