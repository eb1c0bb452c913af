//! Which sentences say what must be so in a shop?

use super::acts::events;
use crate::story::claims::{claim, money};
use crate::story::stage::{Sentence, Stage, Step, same, told};
use crate::story::terms::{reason, told_reason};
use crate::story::values::count;

pub(in crate::story) const CLAIMS: &[Sentence] = &[
    claim(
        "the shop is told of {events}",
        "the shop is told of redemption.failed",
        "All that the webhook heard since this was said last, in any order, or `nothing`.",
        |stage, found| heard(stage, found.text("events")),
    ),
    claim(
        "it is refused: {reason}",
        "it is refused: part of a whole",
        "What was asked last was not done; a refusal that no story speaks of fails it.",
        |stage, found| {
            let expected = reason(found.text("reason"))?;
            let refused = stage.refused.clone().ok_or("it is done")?;
            same("refused", told_reason(expected), told_reason(&refused))?;
            stage.refused = None;
            Ok(())
        },
    ),
    claim(
        "together they take {amount}",
        "together they take 18.00",
        "All that was redeemed at once.",
        |stage, found| {
            let taken = stage.at_once.iter().map(|taken| taken.amount).sum();
            money("together", found.text("amount"), taken)
        },
    ),
    claim(
        "the shop knows {who}",
        "the shop knows the member",
        "There is such a customer.",
        |stage, found| knows(stage, found.text("who"), "known"),
    ),
    claim(
        "the shop does not know {who}",
        "the shop does not know the guest",
        "There is no such customer.",
        |stage, found| knows(stage, found.text("who"), "not known"),
    ),
    claim(
        "order {order} is {status}, {total} to pay",
        "order 1 is paid, 72.00 to pay",
        "The order as the shop has it: `created`, `paid` or `canceled`.",
        |stage, found| {
            let order = stage
                .shop()?
                .order(count(found.text("order"))?)
                .map_err(told)?;
            let order = order.ok_or("there is no such order")?;
            same("status", found.text("status"), order.status.as_str())?;
            money("to pay", found.text("total"), order.total)
        },
    ),
    claim(
        "the shop has {count} order[s]",
        "the shop has 1 order",
        "All that it has, whatever became of them.",
        |stage, found| {
            let orders = stage.shop()?.orders().map_err(told)?;
            same("orders", count(found.text("count"))?, orders)
        },
    ),
    claim(
        "{code} is used {count} time[s]",
        "HELLO is used 1 time",
        "By its own count; what was taken back does not count.",
        |stage, found| {
            let uses = stage.shop()?.uses(found.text("code")).map_err(told)?;
            same("used", count(found.text("count"))?, uses)
        },
    ),
    claim(
        "a failed redemption of {code} is kept: {text}",
        "a failed redemption of HELLO is kept: quantity_exceeded",
        "The last one that failed, with its failure code.",
        |stage, found| {
            let failure = stage.shop()?.failure(found.text("code")).map_err(told)?;
            let failure = failure.ok_or("none is kept")?;
            same("failure code", found.text("text"), failure.as_str())
        },
    ),
    claim(
        "the catalogue has {sku} at {amount}",
        "the catalogue has mug at 20.00",
        "What a unit costs there.",
        |stage, found| {
            let price = stage.shop()?.price(found.text("sku")).map_err(told)?;
            let price = price.ok_or("it is not in the catalogue")?;
            money("price", found.text("amount"), price)
        },
    ),
    claim(
        "the catalogue has no {sku}",
        "the catalogue has no mug",
        "There is no such product.",
        |stage, found| match stage.shop()?.price(found.text("sku")).map_err(told)? {
            None => Ok(()),
            Some(_) => Err("it is in the catalogue".to_owned()),
        },
    ),
    claim(
        "{who} has {amount} on gift cards",
        "the friend has 5.00 on gift cards",
        "What the customer's own cards have left together.",
        |stage, found| {
            let left = stage.shop()?.on_cards(found.text("who")).map_err(told)?;
            money("on gift cards", found.text("amount"), left)
        },
    ),
];

/// The names are compared sorted: what happened at the same moment is told in any order.
fn heard(stage: &mut Stage<'_>, expected: &str) -> Step {
    let all = stage.shop()?.heard().map_err(told)?;
    let mut since: Vec<String> = all.iter().skip(stage.heard).cloned().collect();
    since.sort();
    let mut expected = match expected {
        "nothing" => Vec::new(),
        expected => events(expected),
    };
    expected.sort();
    let said = |names: &[String]| match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    };
    same("told of", said(&expected), said(&since))?;
    stage.heard = all.len();
    Ok(())
}

fn knows(stage: &mut Stage<'_>, who: &str, expected: &str) -> Step {
    let known = match stage.shop()?.knows(who).map_err(told)? {
        true => "known",
        false => "not known",
    };
    same(who, expected, known)
}
