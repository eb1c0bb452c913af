//! Under which rule is a thing that says so itself? Earning rules and offered rewards have one at
//! most, so its assignment has the thing's own number, and is written and removed with the thing.

use super::*;
use crate::{
    api::{
        loyalties::{assignments, earning_rules},
        resources::{Kept, Resource},
    },
    configuration::Compiled,
};

/// The assignment of a thing to the rule that it names.
pub fn assignment<T: Resource>(kept: &Kept<T>) -> Option<(u64, Assignment)> {
    let to = T::RULED?(kept.id);
    let rule = kept.thing().rule()?;
    let (created_at, updated_at) = kept.times();
    let assignment = Stored {
        thing: Assigned { rule, to },
        extra: serde_json::Value::Null,
        created_at,
        updated_at,
    };
    Some((kept.id, assignment))
}

/// The same, as it is shown beside the thing.
#[must_use]
pub fn shown_beside<T: Resource>(kept: &Kept<T>) -> List<AssignmentView> {
    List::whole(assignment(kept).iter().map(view_of).collect())
}

/// What has the assignment say what the thing says.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub fn in_step<T: Resource>(
    before: Option<&Kept<T>>,
    after: &Kept<T>,
) -> Result<Vec<Write>, Refused> {
    let (was, is) = (before.and_then(assignment), assignment(after));
    let mut writes = match (&was, &is) {
        (Some((id, was)), None) => return Ok(removal(*id, &was.thing)),
        (Some((id, was)), Some((_, is))) if was.thing != is.thing => {
            let unlink = |(index, key)| Write::Unlink {
                index,
                key,
                id: *id,
            };
            links(&was.thing).map(unlink).to_vec()
        }
        _ => Vec::new(),
    };
    if let Some((id, is)) = &is {
        writes.extend(record(*id, is)?);
    }
    Ok(writes)
}

/// What removes the assignment of a thing that goes.
#[must_use]
pub fn removed<T: Resource>(kept: &Kept<T>) -> Vec<Write> {
    let gone = assignment(kept);
    gone.map(|(id, gone)| removal(id, &gone.thing))
        .unwrap_or_default()
}

/// What tells those who asked that a thing came under a rule, or is under it no more.
///
/// # Errors
/// When there is no number left for it.
pub fn told<T: Resource>(
    at: At<'_>,
    compiled: &Compiled,
    (before, after): (Option<&Kept<T>>, Option<&Kept<T>>),
) -> Result<Vec<Write>, Refused> {
    let (was, is) = (before.and_then(assignment), after.and_then(assignment));
    let rule = |one: &Option<(u64, Assignment)>| one.as_ref().map(|(_, one)| one.thing);
    let mut writes = Vec::new();
    if rule(&was) == rule(&is) {
        return Ok(writes);
    }
    if let Some((id, was)) = &was {
        let gone = gone((*id, was.thing.rule));
        writes.extend(webhooks::told(
            at,
            compiled,
            (Event::RuleUnassigned, &gone),
        )?);
    }
    if let Some(is) = &is {
        let told = webhooks::told(at, compiled, (Event::RuleAssigned, &view_of(is)));
        writes.extend(told?);
    }
    Ok(writes)
}

/// Puts a thing under a rule in place of the one it is under, or takes it off.
pub(super) async fn say(at: At<'_>, (object, rule): (Object, Option<&str>)) -> Result<(), Refused> {
    match object {
        Object::EarningRule(id) => earning_rules::put_under(at, (id, rule)).await,
        Object::RewardAssignment(id) => assignments::put_under(at, (id, rule)).await,
        Object::Campaign(_) | Object::Tier(_) | Object::Voucher(_) => Ok(()),
    }
}

/// Whether the rule that a thing names can be asked for it.
///
/// # Errors
/// When there is no such rule, or it says what can be asked at the till alone.
pub async fn check(at: At<'_>, name: Option<&str>) -> Result<(), Refused> {
    match name {
        Some(name) => askable(&load(at.app, at.project, name).await?.1.thing),
        None => Ok(()),
    }
}

/// Whether a rule asks no more than whether it holds.
pub(super) fn askable(rule: &RuleInput) -> Result<(), Refused> {
    let said = translate(rule).map_err(|wrong| malformed(&wrong))?;
    let refused = |details: &str| Err(refuse(Key::InvalidValidationRules, details));
    let asks = [&said.condition, &said.after];
    let asks_nothing = asks
        .into_iter()
        .flatten()
        .all(|one| *one == Condition::Always);
    match (said.caps.is_empty(), said.bundle, said.lines) {
        (false, ..) => refused("earning rules and offered rewards count no uses and no money"),
        (_, Some(_), _) => refused("earning rules and offered rewards ask for no bundles"),
        (.., Some(_)) if asks_nothing => {
            refused("an earning rule or an offered reward says itself which items count")
        }
        _ => Ok(()),
    }
}
