//! What does the shop want its customers told where one of its rules is not met? Looked up only
//! where one is not.

use offers::Redeemable;
use rules::LINES;
use wire::voucherify::{ErrorBody, Key, OrderInput, RuleError, RuleInput};

use super::validation_rules::rules_of;
use crate::{
    checkout::{Found, Till},
    problem::Refused,
};

/// What rules read of what an order costs.
const AMOUNTS: [&str; 3] = ["order.amount", "order.initial_amount", "order.total_amount"];

/// Keys of refusals that come of a rule.
const OF_RULES: [Key; 3] = [
    Key::CustomerRulesViolated,
    Key::OrderRulesViolated,
    Key::RedemptionRulesViolated,
];

/// Says what the order lacks where that is why a rule of the redeemable at this place is not met,
/// and puts the rule's own sentence beside ours.
///
/// # Errors
/// When the store cannot be read.
pub async fn tell(till: &mut Till<'_>, (at, body): (usize, &mut ErrorBody)) -> Result<(), Refused> {
    let is_of_rule = OF_RULES.iter().any(|key| key.wire().1 == body.key);
    let offered = till.offered.get(at).filter(|_| is_of_rule);
    let Some(found) = offered.and_then(|offered| offered.found.as_ref()) else {
        return Ok(());
    };
    let lacking = lacking(&till.input, found);
    if let Some(key) = lacking.filter(|_| body.key == Key::OrderRulesViolated.wire().1) {
        let (_, key, message) = key.wire();
        (body.key, body.message) = (key.into(), message.into());
    }
    for object in objects(found) {
        let rules = rules_of(till.app, till.project, object).await?;
        body.error = rules.into_iter().find_map(sentence);
        if body.error.is_some() {
            break;
        }
    }
    Ok(())
}

/// What an order must have for the rules of a redeemable to be met, and has not.
fn lacking(order: &OrderInput, found: &Found) -> Option<Key> {
    if order.items.as_ref().is_some_and(|items| !items.is_empty()) {
        return None;
    }
    let reads = found.reads();
    if *order == OrderInput::default() {
        return Some(Key::MissingOrder);
    }
    if reads.wants(LINES) {
        return Some(Key::MissingOrderItems);
    }
    let reads_amount = AMOUNTS.iter().any(|amount| reads.wants(amount));
    (order.amount.is_none() && reads_amount).then_some(Key::MissingAmount)
}

/// What a rule may be assigned to, of what was put forward.
fn objects(found: &Found) -> impl Iterator<Item = u64> {
    let own = match found.redeemable {
        Redeemable::Voucher(voucher) => voucher.0,
        Redeemable::Tier(offer) => offer.0,
    };
    let card = found.card.as_ref();
    let reward = card.and_then(|card| card.offered.as_ref());
    let reward = reward.map(|(assignment, _)| *assignment);
    reward.into_iter().chain([own, found.campaign.id.0])
}

/// The sentence of a rule; where it has none, that of its only node.
fn sentence(rule: RuleInput) -> Option<RuleError> {
    let nodes = rule.rules.unwrap_or_default().nodes;
    let only = (nodes.len() == 1).then(|| nodes.into_values().find_map(|node| node.error));
    let said = rule.error.or(only.flatten());
    said.filter(|error| error.message.is_some())
}
