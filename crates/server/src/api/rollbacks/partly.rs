//! Which part of what redemptions gave is given back: all of it, by what was returned, or so much.

use ledger::{Minor, Part, Transfer};
use offers::{Gave, counted_back};
use wire::voucherify::{Key, OrderInput, ReturnedItem, RollbackRequest};

use super::undoing::Undone;
use crate::{
    api::dialect::refuse,
    checkout::{OrderUse, Redemption, RedemptionState, Sale},
    problem::Refused,
};

/// Counts what comes back in all redemptions that were made together, and tells whether nothing is
/// left of them.
///
/// # Errors
/// When it is nothing, or more than is left.
pub(super) fn take_back(
    made: &mut [Redemption],
    (request, sale): (&RollbackRequest, &Sale),
) -> Result<bool, Refused> {
    let is_whole = match (&request.returned, request.amount) {
        (None, None) => true,
        (Some(items), None) => by_items(made, (items, sale))?,
        (None, Some(amount)) => by_amount(made, (amount, sale))?,
        (Some(_), Some(_)) => return Err(wrong("/amount: not beside returned")),
    };
    if is_whole {
        for one in made {
            one.gave.take_all();
            one.state = RedemptionState::RolledBack;
        }
    }
    Ok(is_whole)
}

fn wrong(details: &str) -> Refused {
    refuse(Key::InvalidRollbackParams, details)
}

/// Items of the order: each gives back its part of what was given on its line. When all units are
/// back, so is what was given beside the lines.
fn by_items(
    made: &mut [Redemption],
    (items, sale): (&[ReturnedItem], &Sale),
) -> Result<bool, Refused> {
    if items.is_empty() {
        return Err(wrong("/returned: at least one"));
    }
    let sent: OrderInput = sale.input.read()?;
    for (place, item) in items.iter().enumerate() {
        let at = |(member, details): (&str, &str)| {
            wrong(&format!("/returned/{place}{member}: {details}"))
        };
        let line = line_of(item, (&sent, sale)).map_err(at)?;
        let few = ("/quantity", "not so many are left to return");
        let mut lines = made
            .iter_mut()
            .filter_map(|one| one.gave.shares.get_mut(line));
        let mut is_there = false;
        lines.try_for_each(|share| {
            is_there = true;
            share.take_units(item.quantity).map_err(|_| at(few))
        })?;
        if !is_there {
            return Err(at(("/index", "the order has no such item")));
        }
    }
    Ok(made.iter().all(|one| one.gave.is_returned()))
}

/// The place of the line that is meant, among those that were sent and those that joined.
fn line_of(
    item: &ReturnedItem,
    (sent, sale): (&OrderInput, &Sale),
) -> Result<usize, (&'static str, &'static str)> {
    let name = match (item.index, &item.id) {
        (Some(index), None) => return Ok(index),
        (None, Some(name)) => name,
        _ => return Err(("", "names one line, by its index or its id")),
    };
    let items = sent.items.as_deref().unwrap_or_default();
    let goods = items.iter().filter(|item| !item.is_shipping()).count();
    let joined = sale.priced.lines.iter().skip(goods);
    let of_joined = joined.map(|line| line.sku.0.as_ref() == name.as_str());
    let of_sent = items.iter().map(|item| item.is_called(name));
    let found = of_sent.chain(of_joined).enumerate();
    let mut found = found.filter_map(|(place, is_one)| is_one.then_some(place));
    match (found.next(), found.next()) {
        (None, _) => Err(("/id", "the order has no such line")),
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err(("/id", "several lines are called so: name one by its index")),
    }
}

/// So much of what was given, shared by what is left of each redemption.
fn by_amount(made: &mut [Redemption], (amount, sale): (Minor, &Sale)) -> Result<bool, Refused> {
    let gave_points = |one: &Redemption| sale.discount_of(one).is_some_and(|one| one.points > 0);
    let points: Vec<bool> = made.iter().map(gave_points).collect();
    let mut gave: Vec<Gave> = made.iter().map(|one| one.gave.clone()).collect();
    let is_whole = offers::take_back(&mut gave, &points, amount);
    let is_whole = is_whole.map_err(|few| match amount {
        0 => wrong("/amount: at least 1"),
        _ => wrong(&format!(
            "/amount: no more than {} is left to give back",
            few.left
        )),
    })?;
    for (one, gave) in made.iter_mut().zip(gave) {
        one.gave = gave;
    }
    Ok(is_whole)
}

/// Which part of each count of units comes back: as many as came back of the lines they are of.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub(super) fn units_back(
    posted: &[Transfer],
    ((before, after), sale): ((&Redemption, &Redemption), &Sale),
) -> Result<Vec<(Transfer, Part)>, Refused> {
    let Some(discount) = sale.discount_of(after).filter(|_| !posted.is_empty()) else {
        return Ok(Vec::new());
    };
    let sent: OrderInput = sale.input.read()?;
    let items = sent.items.as_deref().unwrap_or_default();
    let goods = items.iter().enumerate();
    let goods = goods.filter(|(_, item)| !item.is_shipping());
    // What joined the order stands behind all that was sent.
    let places: Vec<usize> = goods
        .map(|(place, _)| place)
        .chain(items.len()..)
        .take(sale.priced.lines.len())
        .collect();
    let back = |of: &Redemption, account| {
        let mine = discount.counted.iter().filter(|one| one.account == account);
        counted_back(mine.filter_map(|one| {
            let share = of.gave.shares.get(*places.get(one.line)?)?;
            Some((share, one.units))
        }))
    };
    let part = |transfer: &Transfer| Part {
        from: back(before, transfer.debit),
        to: back(after, transfer.debit),
        of: transfer.amount,
    };
    Ok(posted.iter().map(|one| (*one, part(one))).collect())
}

/// What an order costs more again.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub(super) fn put_back(on: &mut OrderUse, (undone, sale): (&Undone, &Sale)) -> Result<(), Refused> {
    let sent: OrderInput = sale.input.read()?;
    let items = sent.items.as_deref().unwrap_or_default();
    let shipping = items.iter().position(|item| item.is_shipping());
    for part in &undone.parts {
        let (before, after) = (&part.before, &part.redemption);
        // Points take nothing off.
        let discount = sale.discount_of(after).filter(|one| one.points == 0);
        let Some(discount) = discount else {
            continue;
        };
        let mut add = |item: Option<usize>, amount: Minor| {
            // What joined was not among the goods as they were sent.
            if item.is_none_or(|at| at < items.len() && Some(at) != shipping) {
                on.discount = on.discount.saturating_sub(amount);
            }
            match item {
                Some(at) if discount.on_order == 0 || Some(at) == shipping => {
                    let lines = &mut on.back.by_item;
                    lines.resize(lines.len().max(at.saturating_add(1)), 0);
                    if let Some(line) = lines.get_mut(at) {
                        *line = line.saturating_add(amount);
                    }
                }
                _ => on.back.on_order = on.back.on_order.saturating_add(amount),
            }
        };
        let (before, after) = (&before.gave, &after.gave);
        for (at, (before, after)) in before.shares.iter().zip(&after.shares).enumerate() {
            add(Some(at), after.back.saturating_sub(before.back));
        }
        let rest = after.rest_back.saturating_sub(before.rest_back);
        add(shipping, rest);
    }
    if undone.is_whole {
        on.discount = 0;
    }
    Ok(())
}
