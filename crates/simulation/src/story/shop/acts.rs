//! Which sentences make something happen in a shop?

use super::{Programme, Referrals, Tier};
use crate::story::acts::{act, keep, put_forward};
use crate::story::pattern::Found;
use crate::story::stage::{Sentence, Stage, Step, told};
use crate::story::values::{amount, count, rate};
use crate::story::world::{Answer, Trouble};

pub(in crate::story) const ACTS: &[Sentence] = &[
    act(
        "the shop listens for {events}",
        "the shop listens for redemption.succeeded, redemption.failed",
        "A webhook is told of these from now on.",
        |stage, found| {
            let events: Vec<String> = events(found.text("events"));
            stage.shop()?.listen(&events).map_err(told)
        },
    ),
    act(
        "{who} is sent a code of {name}",
        "the member is sent a code of SPRING",
        "Published: the code is the customer's, and the campaign's name stands for it.",
        |stage, found| {
            let (who, name) = (found.text("who"), found.text("name"));
            let sent = stage.shop()?.publish(who, name);
            give(stage, found, sent)
        },
    ),
    act(
        "loyalty programme {name}: {count} point[s] per {amount}[, worth {total} each]",
        "loyalty programme CLUB: 1 point per 1.00, worth 0.05 each",
        "Members earn points with the goods of paid orders, and may pay with them.",
        |stage, found| {
            let programme = Programme {
                name: found.text("name").to_owned(),
                points: count(found.text("count"))?,
                per: amount(found.text("amount"))?,
                worth: found.may("total").map(amount).transpose()?,
            };
            stage.shop()?.start_programme(&programme).map_err(told)
        },
    ),
    act(
        "tier {code} of {name}: from {count} points, {times} times the points",
        "tier GOLD of CLUB: from 100 points, 2 times the points",
        "Whoever has so many points earns so many times as many.",
        |stage, found| {
            let tier = Tier {
                name: found.text("code").to_owned(),
                programme: found.text("name").to_owned(),
                from: count(found.text("count"))?,
                times: count(found.text("times"))?,
            };
            stage.shop()?.add_tier(&tier).map_err(told)
        },
    ),
    act(
        "reward of {name}: a {sku} for {count} points",
        "reward of CLUB: a mug for 50 points",
        "Members may have a unit of a product for points.",
        |stage, found| {
            let (name, sku) = (found.text("name"), found.text("sku"));
            let points = count(found.text("count"))?;
            stage.shop()?.offer_reward(name, sku, points).map_err(told)
        },
    ),
    act(
        "{who} joins {name}",
        "the member joins CLUB",
        "The customer is given a card of the programme, which stands under its name.",
        |stage, found| {
            let (who, name) = (found.text("who"), found.text("name"));
            let joined = stage.shop()?.join(who, name);
            give(stage, found, joined)
        },
    ),
    act(
        "{who} takes a {sku} from {name}",
        "the member takes a mug from CLUB",
        "Points are given for a reward.",
        |stage, found| {
            let (who, name, sku) = (found.text("who"), found.text("name"), found.text("sku"));
            let taken = stage.shop()?.take_reward(who, name, sku);
            stage.note(taken)
        },
    ),
    act(
        "referral programme {name}: {rate} % off, and {amount} on a gift card",
        "referral programme FRIENDS: 10 % off, and 5.00 on a gift card",
        "Whoever is brought along by another's code has both, the card with the first order.",
        |stage, found| {
            let referrals = Referrals {
                name: found.text("name").to_owned(),
                rate: rate(found.text("rate"))?,
                reward: amount(found.text("amount"))?,
            };
            stage.shop()?.start_referrals(&referrals).map_err(told)
        },
    ),
    act(
        "{who} redeems order {order}: {goods}",
        "the guest redeems order 1: 4 mugs at 20.00, with HELLO",
        "One call with nothing validated before, for the codes named and nothing else.",
        |stage, found| {
            let (order, brought) = put_forward(stage, found)?;
            let answer = stage.shop()?.redeem(found.text("who"), &order, &brought);
            keep(stage, answer)
        },
    ),
    act(
        "{who} redeems {code} on order {order}",
        "the shopper redeems HELLO on order 1",
        "One more code on an order that the shop has; only its number is told.",
        |stage, found| {
            let (who, code) = (found.text("who"), found.text("code"));
            let order = count(found.text("order"))?;
            let answer = stage.shop()?.redeem_on(who, order, code);
            keep(stage, answer)
        },
    ),
    act(
        "{who} redeems {names} on order {order} at once",
        "the shopper redeems TEN, MORE on order 1 at once",
        "One call for each code, and none waits for the answer to another.",
        |stage, found| {
            let order = count(found.text("order"))?;
            let codes: Vec<&str> = found.text("names").split(", ").collect();
            let who = found.text("who");
            let answers = stage.shop()?.redeem_at_once(who, order, &codes);
            for answer in answers.map_err(told)? {
                let taken = answer.map(|quoted| stage.at_once.extend(quoted.taken));
                stage.note(taken)?;
            }
            Ok(())
        },
    ),
    act(
        "{name} on order {order} is taken back",
        "SPRING on order 1 is taken back",
        "What one campaign or card gave is rolled back by itself.",
        |stage, found| {
            let order = count(found.text("order"))?;
            let taken = stage.shop()?.take_back(order, found.text("name"));
            stage.note(taken)
        },
    ),
    act(
        "the shop leaves orders as they are",
        "the shop leaves orders as they are",
        "From now on, what is taken back changes nothing in its order.",
        |stage, _| stage.shop()?.leave_orders().map_err(told),
    ),
];

pub(super) fn events(text: &str) -> Vec<String> {
    text.split(", ").map(str::to_owned).collect()
}

/// A code or a card that is somebody's now, under the name of its campaign.
fn give(stage: &mut Stage<'_>, found: &Found<'_>, code: Answer<String>) -> Step {
    let whose = (found.text("who").to_owned(), found.text("name").to_owned());
    let given: Result<(), Trouble> = code.map(|code| {
        stage.given.insert(whose, code);
    });
    stage.note(given)
}
