//! Which sentences make something happen?

use super::pattern::Found;
use super::stage::{Product, Sentence, Stage, Step, told};
use super::terms;
use super::values::{amount, count, lasting, next_time, rate, time_of_day};
use super::world::{
    Asked, Brought, CodeTerms, ConsentTerms, Event, GiftTerms, Line, Minor, PolicyTerms, Quoted,
    Side, Trouble,
};

pub(super) const fn act(
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

pub(super) const ACTS: &[Sentence] = &[
    act(
        "campaign {name}: {terms}",
        "campaign SPRING: 10 % off, at most 8.00 each, budget 10.00, while budget lasts",
        "A campaign with one offer of the same name; its terms have commas between.",
        campaign,
    ),
    act(
        "product {sku}: costs {amount}[, sold at {total}][, category {category}]",
        "product mug: costs 8.00, sold at 20.00, category kitchen",
        "What a unit costs the shop, and its customers in the catalogue; and where it belongs.",
        product,
    ),
    act(
        "code {code} of {name}[ for {who}][, {count} {unit}]",
        "code HELLO of SPRING for ann, 1 use",
        "A code made by hand; without limit and for everybody where nothing is said.",
        code,
    ),
    act(
        "gift card {code} with {amount} for {count} {span}[, on {category} only]",
        "gift card GIFT with 50.00 for 365 days",
        "A gift card is sold; it pays for the order, or for the lines of one category.",
        gift_card,
    ),
    act(
        "the policy ranks {names}",
        "the policy ranks SPRING, TEN",
        "A decision gives the first of these that is allowed.",
        |stage, found| policy(stage, found, PolicyTerms::Ranked),
    ),
    act(
        "the policy climbs {names}",
        "the policy climbs HELLO, TEN, TWENTY",
        "A ladder: the next only after the last one lapsed, none after one was redeemed.",
        |stage, found| policy(stage, found, PolicyTerms::Ladder),
    ),
    act(
        "guardrail: {guardrail}",
        "guardrail: margin at least 30 %",
        "A bound that no decision crosses.",
        guardrail,
    ),
    act(
        "a holdout of {rate} %",
        "a holdout of 10 %",
        "So many customers receive nothing; nobody is held out where nothing is said.",
        |stage, found| {
            let share = rate(found.text("rate"))?;
            stage.world.set_holdout(share).map_err(told)
        },
    ),
    act(
        "{who} falls {side} the holdout",
        "ann falls inside the holdout",
        "Chance puts a customer there.",
        |stage, found| {
            let side = side(found.text("side"));
            stage.world.place(found.text("who"), side).map_err(told)
        },
    ),
    act(
        "{who} agrees to offers and measuring",
        "ann agrees to offers and measuring",
        "Consent to personal offers and to being measured.",
        |stage, found| consent(stage, found, ConsentTerms::Both),
    ),
    act(
        "{who} agrees to offers",
        "ann agrees to offers",
        "Consent to personal offers alone.",
        |stage, found| consent(stage, found, ConsentTerms::Offers),
    ),
    act(
        "{who} agrees to measuring",
        "ann agrees to measuring",
        "Consent to being measured alone.",
        |stage, found| consent(stage, found, ConsentTerms::Measuring),
    ),
    act(
        "{who} withdraws consent",
        "ann withdraws consent",
        "All that was agreed to is taken back.",
        |stage, found| consent(stage, found, ConsentTerms::Withdrawn),
    ),
    act(
        "{who} signs in on {other}",
        "ann signs in on phone",
        "What the device did before is the customer's.",
        |stage, found| {
            let (who, device) = (found.text("who"), found.text("other"));
            stage.world.sign_in(who, device).map_err(told)
        },
    ),
    act(
        "{who} views a {sku}",
        "ann views a mug",
        "A product page is looked at.",
        |stage, found| {
            let sku = found.text("sku");
            let product = stage.products.get(sku);
            let line = Line {
                sku: sku.to_owned(),
                category: product.and_then(|product| product.category.clone()),
                ..Line::default()
            };
            happen(stage, found, Event::Viewed(line))
        },
    ),
    act(
        "{who} puts {goods} in the cart",
        "ann puts 2 mugs at 20.00 in the cart",
        "Products are added, and the cart is told with its value.",
        |stage, found| {
            let (order, _) = stage.goods(0, found.text("goods"))?;
            happen(stage, found, Event::Added(order))
        },
    ),
    act(
        "{who} buys {goods}",
        "ann buys 2 mugs at 20.00",
        "An order is paid without any offer.",
        |stage, found| {
            let (order, _) = stage.goods(0, found.text("goods"))?;
            happen(stage, found, Event::Bought(order))
        },
    ),
    act(
        "{who} does {text}",
        "ann does Return Opened",
        "Any other event, by its name.",
        |stage, found| happen(stage, found, Event::Named(found.text("text").to_owned())),
    ),
    act(
        "{count} customers {side} the holdout each buy {goods}",
        "60 customers outside the holdout each buy 2 mugs at 20.00",
        "Nameless customers who agreed to both and were decided for; they buy, or buy `nothing`.",
        crowd,
    ),
    act(
        "the shop decides for {who} with {goods} in the cart",
        "the shop decides for ann with 2 mugs at 20.00 in the cart",
        "One decision, with what lies in the cart.",
        |stage, found| {
            let (order, _) = stage.goods(0, found.text("goods"))?;
            decide(stage, vec![asked(found.text("who"), Some(order))])
        },
    ),
    act(
        "the shop decides for {who} and {other} at the same moment",
        "the shop decides for ann and bob at the same moment",
        "Two decisions, each asked before the other's promise is kept; the first is kept first.",
        |stage, found| {
            let both = ["who", "other"].map(|place| asked(found.text(place), None));
            decide(stage, both.into())
        },
    ),
    act(
        "the shop decides for {who}",
        "the shop decides for ann",
        "One decision.",
        |stage, found| decide(stage, vec![asked(found.text("who"), None)]),
    ),
    act(
        "{who} validates order {order}: {goods}",
        "ann validates order 1: 4 mugs at 20.00, with HELLO",
        "Prices an order with its codes and all offers that need none, and holds the amounts.",
        validate,
    ),
    act(
        "{who} asks for the best of order {order}: {goods}",
        "ann asks for the best of order 1: 4 mugs at 20.00, with HELLO",
        "Which of its codes and of all offers that need none save the most; nothing is held.",
        best,
    ),
    act(
        "{who} pays order {order} again with the same key",
        "ann pays order 1 again with the same key",
        "The shop did not hear the answer and asks once more.",
        pay,
    ),
    act(
        "{who} pays order {order}",
        "ann pays order 1",
        "Redeems what was validated, and tells that the order is paid.",
        pay,
    ),
    act(
        "order {order} is let go",
        "order 1 is let go",
        "What its validation held is free again.",
        |stage, found| {
            let order = count(found.text("order"))?;
            stage.world.let_go(order).map_err(told)
        },
    ),
    act(
        "order {order} comes back",
        "order 1 comes back",
        "All goods that have not come back yet.",
        |stage, found| come_back(stage, found, None),
    ),
    act(
        "{amount} of order {order} comes back",
        "20.00 of order 1 comes back",
        "Goods of this list price.",
        |stage, found| {
            let goods = amount(found.text("amount"))?;
            come_back(stage, found, Some(goods))
        },
    ),
    act(
        "{time} passes",
        "12:30 passes",
        "It is the next moment at which the clock shows this.",
        |stage, found| {
            let at = time_of_day(found.text("time"))?;
            stage.pass_until(next_time(stage.now, at))
        },
    ),
    act(
        "{count} {span} pass[es]",
        "3 days pass",
        "It is so much later.",
        |stage, found| {
            let passed = lasting(found.text("count"), found.text("span"))?;
            stage.pass_until(stage.now.saturating_add(passed))
        },
    ),
];

fn campaign(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let terms = terms::campaign(found.text("name"), found.text("terms"))?;
    stage.world.create_campaign(&terms).map_err(told)
}

fn product(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let product = Product {
        cost: amount(found.text("amount"))?,
        category: found.may("category").map(str::to_owned),
    };
    let sku = found.text("sku");
    stage.products.insert(sku.to_owned(), product);
    match found.may("total") {
        Some(price) => stage
            .world
            .offer_for_sale(sku, amount(price)?)
            .map_err(told),
        None => Ok(()),
    }
}

fn code(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let terms = CodeTerms {
        code: found.text("code").to_owned(),
        campaign: found.text("name").to_owned(),
        uses: found.may("count").map(count).transpose()?,
        holder: found.may("who").map(str::to_owned),
    };
    stage.world.create_code(&terms).map_err(told)
}

fn gift_card(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let lasts = lasting(found.text("count"), found.text("span"))?;
    let terms = GiftTerms {
        code: found.text("code").to_owned(),
        amount: amount(found.text("amount"))?,
        until: stage.now.saturating_add(lasts),
        category: found.may("category").map(str::to_owned),
    };
    stage.world.create_gift_card(&terms).map_err(told)
}

fn policy(stage: &mut Stage<'_>, found: &Found<'_>, of: fn(Vec<String>) -> PolicyTerms) -> Step {
    let names = found.text("names").split(", ").map(str::to_owned);
    stage.world.set_policy(&of(names.collect())).map_err(told)
}

fn guardrail(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    for guardrail in terms::guardrails(found.text("guardrail"))? {
        stage.world.add_guardrail(&guardrail).map_err(told)?;
    }
    Ok(())
}

fn consent(stage: &mut Stage<'_>, found: &Found<'_>, consent: ConsentTerms) -> Step {
    let who = found.text("who");
    stage.world.consent(who, consent).map_err(told)
}

fn happen(stage: &mut Stage<'_>, found: &Found<'_>, event: Event) -> Step {
    stage.world.happen(found.text("who"), &event).map_err(told)
}

fn side(text: &str) -> Side {
    if text == "inside" {
        Side::Inside
    } else {
        Side::Outside
    }
}

fn crowd(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let order = match found.text("goods") {
        "nothing" => None,
        goods => Some(stage.goods(0, goods)?.0),
    };
    for _ in 0..count(found.text("count"))? {
        stage.crowd += 1;
        let who = format!("customer-{}", stage.crowd);
        let side = side(found.text("side"));
        stage.world.place(&who, side).map_err(told)?;
        stage
            .world
            .consent(&who, ConsentTerms::Both)
            .map_err(told)?;
        decide(stage, vec![asked(&who, None)])?;
        if let Some(order) = &order {
            let bought = Event::Bought(order.clone());
            stage.world.happen(&who, &bought).map_err(told)?;
        }
    }
    Ok(())
}

fn asked(who: &str, order: Option<super::world::Order>) -> Asked {
    Asked {
        who: who.to_owned(),
        order,
    }
}

fn decide(stage: &mut Stage<'_>, asked: Vec<Asked>) -> Step {
    let decided = stage.world.decide(&asked).map_err(told)?;
    let whose = asked.into_iter().map(|asked| asked.who);
    stage.decided.extend(whose.zip(decided));
    Ok(())
}

fn validate(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let (order, brought) = put_forward(stage, found)?;
    let who = found.text("who");
    let answer = stage.world.validate(who, &order, &brought);
    keep(stage, answer)
}

fn best(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let (order, brought) = put_forward(stage, found)?;
    let who = found.text("who");
    let answer = stage.world.best(who, &order, &brought);
    keep(stage, answer)
}

/// An order and its codes; what a customer has by the name of its campaign.
pub(super) fn put_forward(
    stage: &mut Stage<'_>,
    found: &Found<'_>,
) -> Result<(super::world::Order, Vec<Brought>), String> {
    let number = count(found.text("order"))?;
    let (order, named) = stage.goods(number, found.text("goods"))?;
    let who = found.text("who");
    let wallet = stage.world.wallet(who).map_err(told)?;
    let code = |named: &terms::Named| {
        let mut granted = wallet.iter().filter(|one| one.campaign == named.name);
        let granted = granted.find_map(|granted| granted.code.clone());
        let of = named.of.as_deref().unwrap_or(who);
        let given = stage.given.get(&(of.to_owned(), named.name.clone()));
        given.cloned().or(granted)
    };
    let brought = named.into_iter().map(|named| Brought {
        code: code(&named).unwrap_or(named.name),
        points: named.points,
    });
    let brought = brought.collect();
    Ok((order, brought))
}

fn pay(stage: &mut Stage<'_>, found: &Found<'_>) -> Step {
    let order = count(found.text("order"))?;
    let key = format!("order {order}");
    let answer = stage.world.pay(found.text("who"), order, &key);
    keep(stage, answer)
}

/// A refusal is for the story to look at; a fault ends it.
pub(super) fn keep(stage: &mut Stage<'_>, answer: Result<Quoted, Trouble>) -> Step {
    if let Err(trouble @ Trouble::Fault(_)) = answer {
        return Err(told(trouble));
    }
    stage.quoted = answer;
    Ok(())
}

fn come_back(stage: &mut Stage<'_>, found: &Found<'_>, goods: Option<Minor>) -> Step {
    let order = count(found.text("order"))?;
    stage.world.roll_back(order, goods).map_err(told)
}
