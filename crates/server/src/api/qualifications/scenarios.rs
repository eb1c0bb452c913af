//! When does a redeemable qualify? By everything, or by a part of what it asks for.

use offers::{Discount, Refusal};
use rules::{LINES, Path};
use wire::{
    ids::{self, Tag},
    voucherify::{
        AskedOf, OrderView, QualificationOptions, QualificationRequest, RedeemableInput,
        RedeemableKind, Scenario,
    },
};

use super::{
    Judged, Which, reach,
    rows::{self, Row},
    validations::refused_row,
    which::{self, Reach, Stacked},
    with_customer,
};
use crate::{
    checkout::{Fate, Found, Offered, Till},
    moment,
    problem::Refused,
};

/// Each as if it were alone.
pub async fn alone(
    till: &mut Till<'_>,
    (request, options): (&QualificationRequest, &QualificationOptions),
) -> Result<Judged, Refused> {
    let scenario = request.scenario;
    let asked = asked(scenario);
    let which = Which {
        scenario,
        reach: match asked {
            // The index knows whole rules alone.
            Some(_) => Reach::All,
            None => reach(options),
        },
    };
    let redeemables = which.redeemables(till).await?;
    till.put_forward(&redeemables).await?;
    rows::keep(till, options);
    if let Some(asked) = asked {
        let found = till.offered.iter_mut().filter_map(|one| one.found.as_mut());
        found.for_each(|found| assume(found, asked));
    }
    let mut judged = Judged::default();
    for offered in &till.offered {
        let quote = till.alone(offered);
        judged.is_short |= quote.is_short;
        let Some(fate) = quote.fates.first() else {
            continue;
        };
        match (fate, refusal(fate, (request, offered))) {
            (_, Some(refusal)) => {
                let row = refused_row(refusal, &offered.input);
                judged.inapplicable.push(row);
            }
            (Fate::Applied { at }, None) => {
                let discount = quote.priced.discounts.get(*at);
                if discount.is_some_and(|discount| is_asked_for(discount, (scenario, offered))) {
                    let order = OrderView::after(&till.input, &quote.priced, *at);
                    let mut row = rows::row(till, offered, (&quote, *at));
                    row.view.order = Some(with_customer(order, till));
                    judged.rows.push(row);
                }
            }
            (Fate::Refused(_), None) => {
                judged
                    .rows
                    .push(rows::row(till, offered, (&quote, usize::MAX)));
            }
        }
    }
    Ok(judged)
}

/// Of what a scenario asks; where it is not everything.
fn asked(scenario: Scenario) -> Option<fn(&Path) -> bool> {
    match scenario.asks_of() {
        AskedOf::Everything => None,
        AskedOf::Customer => Some(is_of_customer),
        AskedOf::Goods => Some(is_of_goods),
        AskedOf::CustomerAndGoods => Some(|path| is_of_customer(path) || is_of_goods(path)),
    }
}

/// A day that a customer's metadata names lies before or behind the moment.
pub fn is_of_customer(path: &Path) -> bool {
    path.as_str().starts_with("customer.") || moment::tells(path.as_str())
}

fn is_of_goods(path: &Path) -> bool {
    path.as_str() == LINES || path.as_str().starts_with("line.")
}

fn assume(found: &mut Found, asked: fn(&Path) -> bool) {
    found.campaign.rule = found.campaign.rule.assuming(&asked);
    found.offer.rule = found.offer.rule.assuming(&asked);
}

/// Why it does not qualify.
fn refusal<'f>(
    fate: &'f Fate,
    (request, offered): (&QualificationRequest, &Offered),
) -> Option<&'f Refusal> {
    let Fate::Refused(refusal) = fate else {
        return None;
    };
    // Without an order nothing can be taken off, which says nothing of who qualifies.
    let has_no_order = request.order.is_none() || request.scenario.asks_of() == AskedOf::Customer;
    let is_of_order = matches!(
        refusal,
        Refusal::NoEffect | Refusal::NoMatchingLines | Refusal::NothingToPay
    );
    let is_there = offered.found.is_some();
    (!(has_no_order && is_of_order && is_there)).then_some(refusal)
}

/// Whether it does to the goods what the scenario asks for.
fn is_asked_for(discount: &Discount, (scenario, offered): (Scenario, &Offered)) -> bool {
    let is_on_lines = discount.on_order == 0 && discount.per_line.iter().any(|part| *part > 0);
    match scenario {
        Scenario::ProductsDiscount | Scenario::ProductsDiscountByCustomer => is_on_lines,
        Scenario::Products | Scenario::ProductsByCustomer => {
            is_on_lines || offered.found.as_ref().is_some_and(asks_for_goods)
        }
        _ => true,
    }
}

fn asks_for_goods(found: &Found) -> bool {
    let rules = [&found.campaign.rule, &found.offer.rule];
    let mut reads = rules.into_iter().flat_map(|rule| rule.reads());
    reads.any(|path| path.as_str() == LINES)
}

/// The promotion stacks that apply, each as a whole.
pub async fn stacks(
    till: &mut Till<'_>,
    options: &QualificationOptions,
) -> Result<Judged, Refused> {
    let (stacks, tiers) = which::stacks(till).await?;
    till.put_forward(&tiers).await?;
    let mut judged = Judged::default();
    for stack in &stacks {
        if rows::lets_pass(stack, options) {
            judge(till, stack, &mut judged);
        }
    }
    Ok(judged)
}

fn judge(till: &Till<'_>, stack: &Stacked, judged: &mut Judged) {
    let place = |name: &String| till.offered.iter().find(|one| one.input.id == *name);
    let offered: Vec<&Offered> = stack.thing().ids().iter().filter_map(place).collect();
    let quote = till.as_stack(&offered);
    judged.is_short |= quote.is_short;
    let refused = quote.fates.iter().find_map(|fate| match fate {
        Fate::Refused(refusal) => Some(refusal),
        Fate::Applied { .. } => None,
    });
    let failed = quote.failure().map(|(_, refusal)| refusal);
    let failed = failed.or(refused.filter(|_| quote.applied().is_empty()));
    match failed {
        Some(refusal) => {
            let input = RedeemableInput {
                object: RedeemableKind::PromotionStack,
                id: ids::format(Tag::PromotionStack, stack.id),
                gift: None,
                reward: None,
            };
            judged.inapplicable.push(refused_row(refusal, &input));
        }
        None => judged
            .rows
            .push(Row::of_stack(till, stack, (&offered, &quote))),
    }
}
