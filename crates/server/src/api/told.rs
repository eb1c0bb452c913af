//! What does the shop want its customers told where one of its rules is not met? Looked up only
//! where one is not.

use offers::Redeemable;
use wire::voucherify::{ErrorBody, Key, RuleError, RuleInput};

use super::validation_rules::rules_of;
use crate::{
    checkout::{Found, Till},
    problem::Refused,
};

/// Keys of refusals that come of a rule.
const OF_RULES: [Key; 3] = [
    Key::CustomerRulesViolated,
    Key::OrderRulesViolated,
    Key::RedemptionRulesViolated,
];

/// Puts the rule's own sentence beside ours, into the refusal of the redeemable at this place.
///
/// # Errors
/// When the store cannot be read.
pub async fn tell(till: &mut Till<'_>, (at, body): (usize, &mut ErrorBody)) -> Result<(), Refused> {
    let is_of_rule = OF_RULES.iter().any(|key| key.wire().1 == body.key);
    let offered = till.offered.get(at).filter(|_| is_of_rule);
    let Some(found) = offered.and_then(|offered| offered.found.as_ref()) else {
        return Ok(());
    };
    for object in objects(found) {
        let rules = rules_of(till.app, till.project, object).await?;
        body.error = rules.into_iter().find_map(sentence);
        if body.error.is_some() {
            break;
        }
    }
    Ok(())
}

/// What a rule may be assigned to, of what was put forward.
fn objects(found: &Found) -> [u64; 2] {
    let own = match found.redeemable {
        Redeemable::Voucher(voucher) => voucher.0,
        Redeemable::Tier(offer) => offer.0,
    };
    [own, found.campaign.id.0]
}

/// The sentence of a rule; where it has none, that of its only node.
fn sentence(rule: RuleInput) -> Option<RuleError> {
    let nodes = rule.rules.unwrap_or_default().nodes;
    let only = (nodes.len() == 1).then(|| nodes.into_values().find_map(|node| node.error));
    let said = rule.error.or(only.flatten());
    said.filter(|error| error.message.is_some())
}
