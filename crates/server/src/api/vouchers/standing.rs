//! What does a voucher stand for, and what may it be made to give?

use std::borrow::Cow;

use offers::{Lines, Scope};
use rules::Condition;

use super::*;
use crate::vouchers::{Asks, Value};

/// What a voucher stands for: its campaign and its offer, as it keeps them.
///
/// # Errors
/// When its campaign was removed.
pub fn standing<'a>(
    compiled: &'a Compiled,
    issued: &'a Stored<Issued>,
) -> Result<(Cow<'a, Campaign>, Cow<'a, Offer>), Refused> {
    let issued = &issued.thing;
    if let Some(own) = &issued.own {
        return Ok((Cow::Borrowed(&own.0), Cow::Borrowed(&own.1)));
    }
    let campaign = compiled.campaigns.get(&issued.campaign);
    let offer = compiled.offers.get(&issued.voucher.offer);
    let (Some(campaign), Some(offer)) = (campaign, offer) else {
        return Err(not_found("voucher", &issued.voucher.code));
    };
    let edition = compiled.editions.kept(issued.campaign, issued.edition);
    let (campaign, mut offer) = match edition {
        Some(edition) => {
            let campaign = edition.campaign(&campaign.thing);
            (Cow::Owned(campaign), Cow::Borrowed(&edition.offer))
        }
        None => (Cow::Borrowed(&campaign.thing), Cow::Borrowed(&offer.thing)),
    };
    if let Some(value) = &issued.value {
        value.put_on(offer.to_mut());
    }
    if let Some(asks) = &issued.asks {
        asks.put_on(offer.to_mut());
    }
    Ok((campaign, offer))
}

/// What rules ask of one code of a campaign; nothing where there are none.
///
/// # Errors
/// When they say more than whether and for what it can be used: its campaign counts its uses.
pub(super) fn asks_of(beside: Beside) -> Result<Option<Box<Asks>>, Refused> {
    let said = beside.rule;
    let is_capped = said.lines.as_ref().is_some_and(Lines::is_capped);
    let details = match (said.caps.is_empty() && !is_capped, &said.bundle) {
        (true, None) => {
            let says_something =
                said.condition.is_some() || said.after.is_some() || said.lines.is_some();
            return Ok(says_something.then(|| {
                Box::new(Asks {
                    rule: said.condition.unwrap_or(Condition::Always),
                    after: said.after.unwrap_or(Condition::Always),
                    lines: said.lines,
                })
            }));
        }
        (false, _) => "a rule with limits is assigned to the campaign, not to one of its codes",
        (_, Some(_)) => "a rule with bundles is assigned to the campaign, not to one of its codes",
    };
    Err(refuse(Key::InvalidValidationRules, details))
}

/// The value of a discount that a voucher is to give from now on.
///
/// # Errors
/// When the voucher gives something else, or what a decision promised.
pub(super) fn value_of(
    compiled: &Compiled,
    issued: &Stored<Issued>,
    sent: &Discount,
) -> Result<Value, Refused> {
    let wrong = |details: &str| Err(refuse(Key::InvalidVoucher, details));
    let (_, offer) = standing(compiled, issued)?;
    let before = Discount::of(&offer.benefit, offer.formula.as_ref(), &offer.scope);
    let Some(before) = before.filter(|before| before.kind == sent.kind) else {
        return wrong("/discount/type: cannot be changed");
    };
    if issued.thing.decision.is_some() {
        return wrong("/discount: a granted code gives what was promised");
    }
    let lines = match &offer.scope {
        Scope::Lines(lines) => Some(lines),
        Scope::Order => None,
    };
    let discount = Discount {
        effect: sent.effect.or(before.effect),
        ..sent.clone()
    };
    let terms = discount.to_domain(lines);
    let terms = terms.map_err(|wrong| malformed(&wrong.under("discount")))?;
    let is_of_lines = matches!(terms.scope, Scope::Lines(_));
    if issued.thing.own.is_none() && is_of_lines != lines.is_some() {
        return wrong("/discount/effect: what it is taken off is said at its campaign");
    }
    Ok(Value::of(terms))
}
