//! What would this order cost with these redeemables, and why not less?

use rules::{Facts, Reads};

use crate::{
    Asking, CampaignId, Order, Presented, Priced, Redeemable, Refusal, Stack, StackingRules,
    qualify::{CURRENCY, qualify},
    running::{Changing, Running},
    stack::in_order,
};

/// The answer to a qualification or validation.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// Those that gave something, in the order they were applied.
    pub applied: Vec<Presented<'a>>,
    pub refused: Vec<(Redeemable, Refusal)>,
    pub priced: Priced,
}

/// Qualifies, stacks and prices in one pass: each redeemable meets the order as the earlier ones
/// left it, and one that gives nothing keeps no other out.
///
/// `facts` are those of the customer and the context; what `order_facts` tells is taken from the
/// order itself.
#[must_use]
pub fn quote<'a>(
    order: &Order,
    facts: &Facts,
    presented: Vec<Presented<'a>>,
    (asking, rules): (Asking, &StackingRules),
) -> Outcome<'a> {
    let reads = reads_of(&presented);
    let mut running = Running::for_scopes(order, (facts, &reads)).under(rules);
    let mut stack = Stack::default();
    let mut seen = beside(facts, running.facts(&reads));
    let changing = Changing::of(&reads);
    let presented = in_order(presented, rules);
    let applies = |one: &&Presented<'_>| {
        qualify(one, &seen, asking).is_ok() && running.cut_or_nothing(one).is_ok()
    };
    let exclusive = presented.iter().filter(|one| rules.is_exclusive(one));
    let exclusive = exclusive.clone().find(applies).map(|one| one.campaign.id);
    for next in presented {
        let tried = stack
            .has_room(&next, rules)
            .and_then(|()| lets_in(exclusive, &next, rules))
            .and_then(|()| qualify(&next, &seen, asking))
            .and_then(|()| stack.admits(&next))
            .and_then(|()| running.apply(&next));
        match tried {
            Ok(()) => {
                stack.applied.push(next);
                running.tell_on(&mut seen, &changing);
            }
            Err(refusal) => stack.refused.push((next.redeemable, refusal)),
        }
    }
    Outcome {
        applied: stack.applied,
        refused: stack.refused,
        priced: running.finish(),
    }
}

/// What any of them reads of the order and its lines.
fn reads_of(presented: &[Presented<'_>]) -> Reads {
    Reads::visited(|visit| {
        for one in presented {
            one.campaign.each_read(visit);
            one.offer.each_read(visit);
        }
        visit(&CURRENCY.into());
    })
}

/// Where something exclusive applies, only what is exclusive or joint goes with it.
fn lets_in(
    exclusive: Option<CampaignId>,
    next: &Presented<'_>,
    rules: &StackingRules,
) -> Result<(), Refusal> {
    match exclusive {
        Some(by) if !rules.is_exclusive(next) && !rules.is_joint(next) => {
            Err(Refusal::StackedOut { by })
        }
        _ => Ok(()),
    }
}

/// The values of `facts`, overruled by those of the order as it stands; its lines alone.
pub(crate) fn beside(facts: &Facts, order: Facts) -> Facts {
    let mut seen = Facts::default();
    facts
        .iter()
        .for_each(|(path, value)| seen.set(path.clone(), value.clone()));
    seen.extend(order);
    seen
}

#[cfg(test)]
mod tests;
