//! Which sentences say what must be so?

use super::pattern::Found;
use super::stage::{Sentence, Stage, Step, same, told};
use super::terms::{reason, told_reason, unit};
use super::values::{
    DAY, amount, count, lasting, next_time, signed, time_of_day, told_amount, told_lasting,
    told_signed, told_time,
};
use super::world::{Caused, Decided, Granted, NeedsCode, Quoted, Replay, Taken, Trouble};

pub(super) const fn claim(
    pattern: &'static str,
    example: &'static str,
    meaning: &'static str,
    play: fn(&mut Stage<'_>, &Found<'_>) -> Step,
) -> Sentence {
    Sentence {
        pattern,
        example,
        meaning,
        play,
    }
}

pub(super) const CLAIMS: &[Sentence] = &[
    claim(
        "{name} takes {amount}[, total {total}][, held until {time}]",
        "SPRING takes 8.00, total 72.00, held until 12:30",
        "Of the order validated or paid last: what a campaign or gift card took, what is to pay.",
        takes,
    ),
    claim(
        "{name} takes {amount} off line {line}",
        "SPRING takes 2.00 off line 1",
        "What one line bears of it.",
        takes_off_line,
    ),
    claim(
        "the best is {names}, saving {amount}",
        "the best is SPRING, TEN, saving 18.00",
        "Those that save the most together, in the order in which they apply.",
        best,
    ),
    claim(
        "{name} gives {count} point[s]",
        "LOYAL gives 72 points",
        "What the order earns.",
        |stage, found| {
            let points = taken(stage.quoted()?, found.text("name"))?.points;
            same("points", count(found.text("count"))?, points)
        },
    ),
    claim(
        "the total is {total}[, held until {time}]",
        "the total is 72.00",
        "What is to pay for the order validated or paid last.",
        total,
    ),
    claim(
        "{name} is refused: {reason}",
        "SPRING is refused: budget spent",
        "It was put forward with the order and gives nothing.",
        refused,
    ),
    claim(
        "the order is not paid: {reason}",
        "the order is not paid: budget spent",
        "What it was validated with cannot be redeemed any more, and nothing was moved.",
        not_paid,
    ),
    claim(
        "{who} gets {name} with a code[ for {count} {span}]",
        "ann gets SPRING with a code for 14 days",
        "The last decision gave this offer, and it lies in the wallet with a code.",
        |stage, found| gets(stage, found, NeedsCode::Yes),
    ),
    claim(
        "{who} gets {name}[ for {count} {span}]",
        "ann gets SPRING for 14 days",
        "The last decision gave this offer; it lies in the wallet and needs no code.",
        |stage, found| gets(stage, found, NeedsCode::No),
    ),
    claim(
        "{who} gets nothing",
        "ann gets nothing",
        "The last decision gave no offer.",
        |stage, found| match &stage.decided(found.text("who"))?.offer {
            None => Ok(()),
            Some(offer) => Err(format!("expected nothing, but it is {offer}")),
        },
    ),
    claim(
        "{name} is not given to {who}: {reason}",
        "SPRING is not given to ann: margin too low",
        "What became of it in the last decision.",
        not_given,
    ),
    claim(
        "{who} is told: {text}",
        "ann is told: You get “SPRING”.",
        "One of the sentences that explain the last decision to the shopper.",
        |stage, found| {
            let told = &stage.decided(found.text("who"))?.told;
            let text = found.text("text");
            if told.iter().any(|sentence| sentence == text) {
                return Ok(());
            }
            Err(format!("expected “{text}”, but it is “{}”", told.join(" ")))
        },
    ),
    claim(
        "the decision for {who} replays the same",
        "the decision for ann replays the same",
        "Made again from its record, the last decision is equal.",
        |stage, found| match stage.world.replay(found.text("who")).map_err(told)? {
            Replay::Same => Ok(()),
            Replay::Different => Err("the replay came out differently".to_owned()),
        },
    ),
    claim(
        "the wallet of {who} holds {names}",
        "the wallet of ann holds SPRING",
        "The open grants, in the order they were given.",
        |stage, found| wallet(stage, found.text("who"), found.text("names")),
    ),
    claim(
        "the wallet of {who} is empty",
        "the wallet of ann is empty",
        "No grant is open.",
        |stage, found| wallet(stage, found.text("who"), ""),
    ),
    claim(
        "{path} of {who} is not known",
        "customer.stage of ann is not known",
        "No condition can read it.",
        |stage, found| fact(stage, found, "not known"),
    ),
    claim(
        "{path} of {who} is {text}",
        "customer.stage of ann is new",
        "What a condition reads.",
        |stage, found| fact(stage, found, found.text("text")),
    ),
    claim(
        "{who} has {count} {unit} of {name} left",
        "ann has 1 use of SPRING left",
        "What its caps still allow to the customer.",
        |stage, found| {
            let (campaign, who) = (found.text("name"), found.text("who"));
            let unit = unit(found.text("unit"));
            let left = stage.world.left(campaign, who, unit).map_err(told)?;
            same("left", count(found.text("count"))?, left)
        },
    ),
    claim(
        "{who} has {count} point[s]",
        "ann has 72 points",
        "What is owed to the customer in points.",
        |stage, found| {
            let points = stage.world.points(found.text("who")).map_err(told)?;
            same("points", count(found.text("count"))?, points)
        },
    ),
    claim(
        "budget {name}: {spent} spent, {held} held, {left} left",
        "budget SPRING: 8.00 spent, 0.00 held, 2.00 left",
        "A campaign's budget.",
        budget,
    ),
    claim(
        "gift card {code}: {spent} spent, {held} held, {left} left",
        "gift card GIFT: 30.00 spent, 0.00 held, 20.00 left",
        "A gift card's balance.",
        gift_card,
    ),
    claim(
        "gift card {code} lapsed with {amount}",
        "gift card GIFT lapsed with 20.00",
        "Its breakage: what was never spent.",
        |stage, found| {
            let card = stage.world.gift_card(found.text("code")).map_err(told)?;
            money("breakage", found.text("amount"), card.breakage)
        },
    ),
    claim(
        "gift cards owe {amount}",
        "gift cards owe 20.00",
        "The liability: what all gift cards together still owe.",
        |stage, found| {
            let owed = stage.world.liability().map_err(told)?;
            money("liability", found.text("amount"), owed)
        },
    ),
    claim(
        "the statement of {name}: {count} redemption[s], {revenue} revenue, {cost} goods, \
         {discount} discount",
        "the statement of SPRING: 1 redemption, 80.00 revenue, 32.00 goods, 8.00 discount",
        "What the books say of an offer; revenue is before discount.",
        statement,
    ),
    claim(
        "the effect of {name} is not known: {text}",
        "the effect of SPRING is not known: Too few customers: 1, and 2 are needed.",
        "What was caused cannot be told yet, and why.",
        |stage, found| {
            let statement = stage.world.statement(found.text("name")).map_err(told)?;
            match statement.effect {
                None => same("why", found.text("text"), &statement.why_not),
                Some(effect) => Err(format!("it is {}", told_effect(effect))),
            }
        },
    ),
    claim(
        "the effect of {name} is {effect}, between {low} and {high}",
        "the effect of SPRING is 300.00, between 120.10 and 479.90",
        "Profit caused in all, compared with the holdout, with its interval.",
        effect,
    ),
    claim(
        "the books balance",
        "the books balance",
        "Debits equal credits in every asset, and no account is below its limit.",
        |stage, _| stage.check_books(),
    ),
];

pub(super) fn money(what: &str, expected: &str, actual: u64) -> Step {
    same(what, told_amount(amount(expected)?), told_amount(actual))
}

/// The part of `quoted` that one campaign or gift card took.
fn taken<'a>(quoted: &'a Quoted, name: &str) -> Result<&'a Taken, String> {
    if let Some((_, code)) = quoted.refused.iter().find(|(by, _)| by == name) {
        return Err(format!("{name} is refused: {}", told_reason(code)));
    }
    let taken = quoted.taken.iter().find(|taken| taken.by == name);
    taken.ok_or_else(|| format!("{name} was not put forward"))
}

fn takes(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let name = found.text("name");
    let amount = taken(stage.quoted()?, name)?.amount;
    money(&format!("{name} takes"), found.text("amount"), amount)?;
    total(stage, found)
}

fn total(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let quoted = stage.quoted()?;
    if let Some(total) = found.may("total") {
        money("total", total, quoted.total)?;
    }
    if let Some(time) = found.may("time") {
        let until = next_time(stage.now, time_of_day(time)?);
        let held = quoted.held_until.ok_or("nothing is held")?;
        same("held until", told_time(until), told_time(held))?;
        same("days it is held", 0, (held - until) / DAY)?;
    }
    Ok(())
}

fn best(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let taken = &stage.quoted()?.taken;
    let names: Vec<&str> = taken.iter().map(|one| one.by.as_str()).collect();
    same("the best", found.text("names").to_owned(), names.join(", "))?;
    let saved = taken.iter().map(|one| one.amount).sum();
    money("it saves", found.text("amount"), saved)
}

fn takes_off_line(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let (name, line) = (found.text("name"), found.text("line"));
    let lines = &taken(stage.quoted()?, name)?.lines;
    let at = usize::try_from(count(line)?).unwrap_or(usize::MAX);
    let borne = lines.get(at.wrapping_sub(1)).copied();
    let borne = borne.ok_or_else(|| format!("the order has no line {line}"))?;
    let what = format!("{name} takes off line {line}");
    money(&what, found.text("amount"), borne)
}

fn refused(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let expected = reason(found.text("reason"))?;
    let (name, quoted) = (found.text("name"), stage.quoted()?);
    match quoted.refused.iter().find(|(by, _)| by == name) {
        Some((_, code)) => same("refused", told_reason(expected), told_reason(code)),
        None => {
            let amount = taken(quoted, name)?.amount;
            Err(format!("{name} takes {}", told_amount(amount)))
        }
    }
}

fn not_paid(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let expected = reason(found.text("reason"))?;
    match &stage.quoted {
        Err(Trouble::Refused(code)) => same("not paid", told_reason(expected), told_reason(code)),
        Err(Trouble::Fault(what)) => Err(what.clone()),
        Ok(quoted) => Err(format!(
            "the order is paid, with {}",
            told_amount(quoted.total)
        )),
    }
}

fn gets(stage: &mut Stage<'_>, found: &Found<'_>, needs_code: NeedsCode) -> Step {
    let (who, name) = (found.text("who"), found.text("name"));
    let Decided { offer, fates, .. } = stage.decided(who)?;
    if offer.as_deref() != Some(name) {
        let fates: Vec<String> = fates
            .iter()
            .map(|(campaign, code)| format!("{campaign}: {}", told_reason(code)))
            .collect();
        let got = offer.as_deref().unwrap_or("nothing");
        return Err(format!("{who} gets {got} ({})", fates.join("; ")));
    }
    let wallet = stage.world.wallet(who).map_err(told)?;
    let granted = wallet.into_iter().rfind(|granted| granted.campaign == name);
    let granted = granted.ok_or_else(|| format!("{name} is not in the wallet"))?;
    if let (Some(many), Some(span)) = (found.may("count"), found.may("span")) {
        let (expected, actual) = (lasting(many, span)?, granted.until - stage.now);
        same("for", told_lasting(expected), told_lasting(actual))?;
    }
    match (needs_code, granted.code) {
        (NeedsCode::Yes, None) => Err("it has no code".to_owned()),
        (NeedsCode::No, Some(_)) => Err("it has a code".to_owned()),
        (NeedsCode::Yes, Some(_)) | (NeedsCode::No, None) => Ok(()),
    }
}

fn not_given(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let expected = reason(found.text("reason"))?;
    let (name, decided) = (found.text("name"), stage.decided(found.text("who"))?);
    let fate = decided.fates.iter().find(|(campaign, _)| campaign == name);
    let (_, code) = fate.ok_or_else(|| format!("{name} was not considered"))?;
    same("not given", told_reason(expected), told_reason(code))
}

fn wallet(stage: &mut Stage<'_>, who: &str, names: &str) -> Step {
    let held = stage.world.wallet(who).map_err(told)?;
    let held: Vec<String> = held
        .into_iter()
        .map(|Granted { campaign, .. }| campaign)
        .collect();
    same("the wallet", names.to_owned(), held.join(", "))
}

fn fact(stage: &mut Stage<'_>, found: &Found<'_>, expected: &str) -> Step {
    let (who, path) = (found.text("who"), found.text("path"));
    let known = stage.world.fact(who, path).map_err(told)?;
    same(path, expected, known.as_deref().unwrap_or("not known"))
}

fn budget(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let budget = stage.world.budget(found.text("name")).map_err(told)?;
    money("spent", found.text("spent"), budget.spent)?;
    money("held", found.text("held"), budget.held)?;
    money("left", found.text("left"), budget.left)
}

fn gift_card(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let card = stage.world.gift_card(found.text("code")).map_err(told)?;
    money("spent", found.text("spent"), card.spent)?;
    money("held", found.text("held"), card.held)?;
    money("left", found.text("left"), card.left)
}

fn statement(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let statement = stage.world.statement(found.text("name")).map_err(told)?;
    let redemptions = count(found.text("count"))?;
    same("redemptions", redemptions, statement.redemptions)?;
    money("revenue", found.text("revenue"), statement.revenue)?;
    money("goods", found.text("cost"), statement.goods)?;
    money("discount", found.text("discount"), statement.discount)
}

fn effect(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let statement = stage.world.statement(found.text("name")).map_err(told)?;
    let effect = statement.effect.ok_or(statement.why_not)?;
    let expected = Caused {
        estimate: signed(found.text("effect"))?,
        low: signed(found.text("low"))?,
        high: signed(found.text("high"))?,
    };
    same("the effect", told_effect(expected), told_effect(effect))
}

fn told_effect(effect: Caused) -> String {
    let [estimate, low, high] = [effect.estimate, effect.low, effect.high].map(told_signed);
    format!("{estimate}, between {low} and {high}")
}
