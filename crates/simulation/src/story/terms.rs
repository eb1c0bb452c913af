//! What may stand in the terms of a campaign, among goods, after `guardrail` and as a reason?

use super::pattern::{self, Found};
use super::values::{DAY, amount, count, lasting, rate};
use super::world::{
    Benefit, CampaignTerms, Cap, CapOf, Cataloguing, Commitment, GuardrailTerms, Joining, Line,
    NeedsCode, Order, Remainder, Spread, Stacking, Unit, UnitsFree,
};

type Done = Result<(), String>;

/// One thing that may be said in a part of a sentence.
pub(super) struct Term<T: 'static> {
    pub pattern: &'static str,
    pub example: &'static str,
    pub meaning: &'static str,
    pub apply: fn(&mut T, &Found<'_>) -> Done,
}

const fn term<T>(
    pattern: &'static str,
    example: &'static str,
    meaning: &'static str,
    apply: fn(&mut T, &Found<'_>) -> Done,
) -> Term<T> {
    Term {
        pattern,
        example,
        meaning,
        apply,
    }
}

fn benefit(terms: &mut CampaignTerms, benefit: Benefit) -> Done {
    terms.benefit = benefit;
    Ok(())
}

fn amount_off(terms: &mut CampaignTerms, found: &Found<'_>, spread: Spread) -> Done {
    let amount = amount(found.text("amount"))?;
    benefit(terms, Benefit::AmountOff { amount, spread })
}

/// Units beside those that were said to be free before.
fn units_free(terms: &mut CampaignTerms, found: &Found<'_>, joining: Joining) -> Done {
    let quantity = quantity(found)?;
    let units = UnitsFree {
        sku: singular(quantity, found.text("sku")),
        quantity,
        joining,
    };
    match &mut terms.benefit {
        Benefit::UnitsFree(all) => all.push(units),
        other => *other = Benefit::UnitsFree(vec![units]),
    }
    Ok(())
}

fn cap(terms: &mut CampaignTerms, found: &Found<'_>, of: CapOf) -> Done {
    let limit = count(found.text("count"))?;
    let unit = unit(found.text("unit"));
    terms.caps.push(Cap { limit, unit, of });
    Ok(())
}

pub(super) fn unit(text: &str) -> Unit {
    if text.starts_with("touch") {
        Unit::Touches
    } else {
        Unit::Uses
    }
}

pub(super) const CAMPAIGN: &[Term<CampaignTerms>] = &[
    term(
        "{rate} % off",
        "10 % off",
        "a share of the price",
        |terms, found| benefit(terms, Benefit::PercentOff(rate(found.text("rate"))?)),
    ),
    term(
        "{amount} off",
        "5.00 off",
        "an amount, once, off the order as one",
        |terms, found| amount_off(terms, found, Spread::Order),
    ),
    term(
        "{amount} off each line",
        "1.00 off each line",
        "an amount, once for every line touched",
        |terms, found| amount_off(terms, found, Spread::EachLine),
    ),
    term(
        "{amount} off each unit",
        "1.00 off each unit",
        "an amount, once for every unit touched",
        |terms, found| amount_off(terms, found, Spread::EachUnit),
    ),
    term(
        "{amount} off by amount",
        "5.00 off by amount",
        "an amount, once, shared out to the lines touched by what they cost",
        |terms, found| amount_off(terms, found, Spread::ByAmount),
    ),
    term(
        "{amount} off by quantity",
        "5.00 off by quantity",
        "an amount, once, shared out to the lines touched by their units",
        |terms, found| amount_off(terms, found, Spread::ByQuantity),
    ),
    term(
        "costs {amount}",
        "costs 15.00",
        "the order, or each unit touched, costs this at most",
        |terms, found| benefit(terms, Benefit::FixedPrice(amount(found.text("amount"))?)),
    ),
    term(
        "free shipping",
        "free shipping",
        "the order's shipping",
        |terms, _| benefit(terms, Benefit::ShippingFree),
    ),
    term(
        "{count} {sku} free",
        "1 mug free",
        "units of one product, those in the order first; said of several products, of each",
        |terms, found| units_free(terms, found, Joining::Missing),
    ),
    term(
        "{count} extra {sku} free",
        "1 extra mug free",
        "units of one product that join the order, whatever is in it; of several likewise",
        |terms, found| units_free(terms, found, Joining::Always),
    ),
    term(
        "{count} more of the same free",
        "1 more of the same free",
        "units of every line touched that join the order",
        |terms, found| {
            let quantity = quantity(found)?;
            benefit(terms, Benefit::SameFree { quantity })
        },
    ),
    term(
        "{count} {sku} instead",
        "1 bowl instead",
        "each unit touched gives way to so many of another product, and costs what it did",
        |terms, found| {
            let quantity = quantity(found)?;
            let sku = singular(quantity, found.text("sku"));
            benefit(terms, Benefit::Exchange { sku, quantity })
        },
    ),
    term(
        "counting {formula}",
        "counting ORDER_AMOUNT / 10",
        "a formula for the number of the benefit; where it comes to nothing, the number stands",
        |terms, found| {
            terms.formula = Some(found.text("formula").to_owned());
            Ok(())
        },
    ),
    term(
        "{count} point[s] per {amount}",
        "2 points per 1.00",
        "points owed after the order",
        |terms, found| {
            let (points, per) = (count(found.text("count"))?, amount(found.text("amount"))?);
            benefit(terms, Benefit::PointsBack { per, points })
        },
    ),
    term(
        "at most {amount} each",
        "at most 8.00 each",
        "what one use can cost",
        |terms, found| {
            terms.ceiling = Some(amount(found.text("amount"))?);
            Ok(())
        },
    ),
    term(
        "on {category} only",
        "on kitchen only",
        "touches the lines of one category",
        |terms, found| {
            terms.category = Some(found.text("category").to_owned());
            Ok(())
        },
    ),
    term(
        "budget {amount}",
        "budget 10.00",
        "what all uses together may cost",
        |terms, found| {
            terms.budget = Some(amount(found.text("amount"))?);
            Ok(())
        },
    ),
    term(
        "granting what is left",
        "granting what is left",
        "a budget that holds too little gives what it holds",
        |terms, _| {
            terms.remainder = Remainder::Granted;
            Ok(())
        },
    ),
    term(
        "while budget lasts",
        "while budget lasts",
        "a grant holds no budget: first come, first served",
        |terms, _| {
            terms.commitment = Commitment::WhileBudgetLasts;
            Ok(())
        },
    ),
    term(
        "guaranteed",
        "guaranteed",
        "a grant holds its ceiling from the budget",
        |terms, _| {
            terms.commitment = Commitment::Guaranteed;
            Ok(())
        },
    ),
    term(
        "{count} {unit} per customer",
        "1 use per customer",
        "a cap on every customer",
        |terms, found| cap(terms, found, CapOf::Customer),
    ),
    term(
        "{count} {unit} per customer a week",
        "3 touches per customer a week",
        "a cap on every customer in a calendar week",
        |terms, found| cap(terms, found, CapOf::CustomerWeek),
    ),
    term(
        "{count} {unit} in all",
        "100 uses in all",
        "a cap on all customers together",
        |terms, found| cap(terms, found, CapOf::Everybody),
    ),
    term(
        "alone",
        "alone",
        "stacks with none but those that stack always",
        |terms, _| {
            terms.stacking = Stacking::Alone;
            Ok(())
        },
    ),
    term(
        "together",
        "together",
        "stacks with all that stack together, as if nothing were said",
        |terms, _| {
            terms.stacking = Stacking::Together;
            Ok(())
        },
    ),
    term(
        "always",
        "always",
        "stacks with everything, and after it",
        |terms, _| {
            terms.stacking = Stacking::Always;
            Ok(())
        },
    ),
    term(
        "place {count}",
        "place 1",
        "the lower goes first in a stack",
        |terms, found| {
            terms.priority = u16::try_from(count(found.text("count"))?)
                .map_err(|_| "There are not so many places.".to_owned())?;
            Ok(())
        },
    ),
    term(
        "by code",
        "by code",
        "needs a code, which a decision gives; else it applies by itself",
        |terms, _| {
            terms.needs_code = NeedsCode::Yes;
            Ok(())
        },
    ),
    term(
        "for {count} {span}",
        "for 7 days",
        "how long a grant lives; 14 days where nothing is said",
        |terms, found| {
            terms.grant_ms = lasting(found.text("count"), found.text("span"))?;
            Ok(())
        },
    ),
];

const IF: &str = ", if ";

/// Terms with commas between, and at the end, after `if`, a condition in CEL.
pub(super) fn campaign(name: &str, text: &str) -> Result<CampaignTerms, String> {
    let (text, condition) = match text.split_once(IF) {
        Some((text, condition)) => (text, Some(condition.to_owned())),
        None => (text, None),
    };
    let mut terms = CampaignTerms {
        name: name.to_owned(),
        benefit: Benefit::PercentOff(0),
        ceiling: None,
        category: None,
        budget: None,
        remainder: Remainder::Kept,
        commitment: Commitment::WhileBudgetLasts,
        stacking: Stacking::Together,
        needs_code: NeedsCode::No,
        priority: 0,
        caps: Vec::new(),
        grant_ms: 14 * DAY,
        condition,
        formula: None,
    };
    read_all(CAMPAIGN, &mut terms, text)?;
    Ok(terms)
}

#[derive(Default)]
pub(super) struct Goods {
    pub order: Order,
    /// What is put forward with them.
    pub named: Vec<Named>,
}

/// A code as a story names it.
pub(super) struct Named {
    pub name: String,
    /// Whose it is, where it is not that of who puts it forward.
    pub of: Option<String>,
    pub points: Option<u64>,
}

fn named(goods: &mut Goods, found: &Found<'_>, points: Option<u64>) {
    goods.named.push(Named {
        name: found.text("code").to_owned(),
        of: found.may("who").map(str::to_owned),
        points,
    });
}

pub(super) const GOODS: &[Term<Goods>] = &[
    term(
        "{count} {sku} at {amount}[ reduced by {total}]",
        "4 mugs at 20.00",
        "a line of an order; reduced is what the shop took off the line",
        |goods, found| {
            let quantity = quantity(found)?;
            let reduced = found.may("total").map_or(Ok(0), amount)?;
            goods.order.lines.push(Line {
                sku: singular(quantity, found.text("sku")),
                quantity,
                price: amount(found.text("amount"))?,
                reduced,
                ..Line::default()
            });
            Ok(())
        },
    ),
    term(
        "shipping {amount}",
        "shipping 4.90",
        "what sending it costs the customer",
        |goods, found| {
            goods.order.shipping = amount(found.text("amount"))?;
            Ok(())
        },
    ),
    term(
        "with {code}[ of {who}]",
        "with HELLO",
        "a code; a campaign's name stands for the code of it that the customer has, or another",
        |goods, found| {
            named(goods, found, None);
            Ok(())
        },
    ),
    term(
        "with {count} points of {code}",
        "with 50 points of CLUB",
        "points of the customer's card pay",
        |goods, found| {
            let points = count(found.text("count"))?;
            named(goods, found, Some(points));
            Ok(())
        },
    ),
    term(
        "for the catalogue",
        "for the catalogue",
        "the catalogue learns what the goods cost",
        |goods, _| {
            goods.order.cataloguing = Cataloguing::On;
            Ok(())
        },
    ),
];

/// Lines, shipping and codes with commas between.
pub(super) fn goods(text: &str) -> Result<Goods, String> {
    let mut goods = Goods::default();
    read_all(GOODS, &mut goods, text)?;
    Ok(goods)
}

pub(super) const GUARDRAIL: &[Term<Vec<GuardrailTerms>>] = &[
    term(
        "margin at least {rate} %",
        "margin at least 30 %",
        "of what is paid for the goods, so much is left after their cost",
        |bounds, found| {
            bounds.push(GuardrailTerms::MarginAtLeast(rate(found.text("rate"))?));
            Ok(())
        },
    ),
    term(
        "depth at most {rate} %",
        "depth at most 20 %",
        "a discount is no larger share of the list price",
        |bounds, found| {
            bounds.push(GuardrailTerms::DepthAtMost(rate(found.text("rate"))?));
            Ok(())
        },
    ),
    term(
        "not on reduced lines",
        "not on reduced lines",
        "what the shop reduced gets no offer",
        |bounds, _| {
            bounds.push(GuardrailTerms::NotOnReduced);
            Ok(())
        },
    ),
    term(
        "{count} quiet days",
        "7 quiet days",
        "no offer so soon after the last",
        |bounds, found| {
            let days = u16::try_from(count(found.text("count"))?);
            bounds.push(GuardrailTerms::QuietDays(days.unwrap_or(u16::MAX)));
            Ok(())
        },
    ),
];

pub(super) fn guardrails(text: &str) -> Result<Vec<GuardrailTerms>, String> {
    let mut bounds = Vec::new();
    read_all(GUARDRAIL, &mut bounds, text)?;
    Ok(bounds)
}

/// What people say for the codes of refusals and fates.
pub(super) const REASONS: &[(&str, &str)] = &[
    ("code not known", "not_found"),
    ("paused", "paused"),
    ("not yet open", "not_started"),
    ("closed", "expired"),
    ("belongs to somebody else", "other_holder"),
    ("sign in first", "sign_in_required"),
    ("used already", "used_up_person"),
    ("used up", "used_up_campaign"),
    ("budget spent", "budget_reached"),
    ("in use elsewhere", "reserved"),
    ("order too small", "min_spend"),
    ("not for this customer", "segment_mismatch"),
    ("order does not qualify", "rule_not_met"),
    ("fact not known", "fact_unknown"),
    ("applied already", "already_applied"),
    ("does not stack", "no_stack"),
    ("nothing it works on", "no_matching_items"),
    ("nothing it pays for", "nothing_to_pay"),
    ("balance spent", "balance_spent"),
    ("would change nothing", "no_effect"),
    ("no consent", "consent_required"),
    ("margin too low", "margin_floor"),
    ("discount too deep", "depth_limit"),
    ("reduced already", "excluded_items"),
    ("too soon after the last", "quiet_days"),
    ("exhausted", "exhausted"),
    ("held out", "withheld"),
    ("not chosen", "passed"),
    ("too many", "too_many"),
    ("would save less", "saves_less"),
    ("pays and saves nothing", "pays"),
    ("own code", "own_referral"),
    ("brought along before", "referred_before"),
    ("points spent", "points_spent"),
    ("too few points", "loyalty_card_points_exceeded"),
    ("no code left", "no_voucher_suitable_for_publication"),
    ("part of a whole", "invalid_redemption_parent"),
    ("taken back already", "already_rolled_back"),
];

/// The code of a reason.
pub(super) fn reason(text: &str) -> Result<&'static str, String> {
    let known = REASONS.iter().find(|(words, _)| *words == text);
    known.map(|(_, code)| *code).ok_or_else(|| {
        let nearest = nearest(REASONS.iter().map(|(words, _)| *words), text);
        format!("cannot understand the reason “{text}”; the nearest is “{nearest}”")
    })
}

/// The reason for a code; a code without words is told as it is.
pub(super) fn told_reason(code: &str) -> &str {
    let known = REASONS.iter().find(|(_, known)| *known == code);
    known.map_or(code, |(words, _)| words)
}

/// Of some patterns, the one that the text is most like.
pub(super) fn nearest(patterns: impl Iterator<Item = &'static str>, text: &str) -> &'static str {
    patterns
        .min_by_key(|pattern| pattern::distance(pattern, text))
        .unwrap_or_default()
}

fn read_all<T>(terms: &'static [Term<T>], into: &mut T, text: &str) -> Done {
    text.split(", ")
        .try_for_each(|part| read(terms, into, part))
}

fn read<T>(terms: &'static [Term<T>], into: &mut T, part: &str) -> Done {
    let fitting = terms
        .iter()
        .find_map(|term| pattern::find(term.pattern, part).map(|found| (term, found)));
    match fitting {
        Some((term, found)) => (term.apply)(into, &found),
        None => {
            let nearest = nearest(terms.iter().map(|term| term.pattern), part);
            Err(format!(
                "cannot understand “{part}”; the nearest is “{nearest}”"
            ))
        }
    }
}

fn quantity(found: &Found<'_>) -> Result<u32, String> {
    let text = found.text("count");
    u32::try_from(count(text)?).map_err(|_| format!("{text} is too many"))
}

/// Four `mugs` are of the product `mug`.
fn singular(quantity: u32, text: &str) -> String {
    let one = text
        .strip_suffix('s')
        .filter(|_| quantity != 1)
        .unwrap_or(text);
    one.to_owned()
}
