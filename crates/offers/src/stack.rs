//! Which of the redeemables presented go together, and in which order?

use crate::{Benefit, CampaignId, Presented, Redeemable, Refusal, Stacking};

/// The redeemables that survived stacking, in the order they apply, and those that did not.
#[derive(Clone, Debug, Default)]
pub struct Stack<'a> {
    pub applied: Vec<Presented<'a>>,
    pub refused: Vec<(Redeemable, Refusal)>,
}

/// Puts redeemables in order and drops those that may not be used beside an earlier one.
#[must_use]
pub fn stack(presented: Vec<Presented<'_>>) -> Stack<'_> {
    let mut stack = Stack::default();
    for next in in_order(presented) {
        match stack.admits(&next) {
            Ok(()) => stack.applied.push(next),
            Err(refusal) => stack.refused.push((next.redeemable, refusal)),
        }
    }
    stack
}

/// By priority of the campaign, then of the offer. Where both are equal the order in which they
/// were put forward decides, and nothing else: the shopper, or the shop on their behalf, chose it,
/// and the API promises to keep it. What stacks always goes after the rest, and points come last,
/// for they are counted on what is paid.
pub(crate) fn in_order(mut presented: Vec<Presented<'_>>) -> Vec<Presented<'_>> {
    presented.sort_by_key(|one| {
        let earns = matches!(one.offer.benefit, Benefit::PointsBack { .. });
        let always = one.campaign.stacking == Stacking::Always;
        (earns, always, one.campaign.priority, one.offer.priority)
    });
    presented
}

impl Stack<'_> {
    /// Whether the next in order may be used beside those that apply already.
    pub(crate) fn admits(&self, next: &Presented<'_>) -> Result<(), Refusal> {
        if self
            .applied
            .iter()
            .any(|one| one.redeemable == next.redeemable)
        {
            return Err(Refusal::AlreadyApplied);
        }
        match self.keeps_out(next.campaign.stacking) {
            Some(by) => Err(Refusal::StackedOut { by }),
            None => Ok(()),
        }
    }

    fn keeps_out(&self, next: Stacking) -> Option<CampaignId> {
        let mut before = self.applied.iter().map(|one| one.campaign);
        let found = match next {
            Stacking::Always => None,
            Stacking::Alone => before.find(|one| one.stacking != Stacking::Always),
            Stacking::Together => before.find(|one| one.stacking == Stacking::Alone),
        };
        found.map(|campaign| campaign.id)
    }
}
