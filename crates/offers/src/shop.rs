//! A shop in one line of text, for the tests of this crate: orders and offers as people say them.

use rules::{Condition, Facts};

use crate::{
    Asking, Benefit, Bundle, Campaign, CampaignId, Category, CategoryId, Commitment, Counts,
    Currency, Formula, GoodsKind, Joining, Lending, Line, Lines, Minor, Offer, OfferId, Order,
    Part, Pick, Presented, PricedLine, Redeemable, Scope, Sku, Spread, Stacking, UnitFree,
    Validity, Visits, Zone,
};

pub(crate) const EUR: Currency = Currency(*b"EUR");
pub(crate) const NOW: Asking = Asking {
    customer: Some(7),
    now: 1_000_000,
};

/// What one offer stands for, owned.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub campaign: Campaign,
    pub offer: Offer,
    pub category: Option<Category>,
    pub at_most: Option<Minor>,
}

impl Case {
    pub(crate) fn new(id: u64, benefit: Benefit, scope: Scope) -> Self {
        let campaign = Campaign {
            id: CampaignId(id),
            name: "".into(),
            active: true,
            validity: Validity::default(),
            rule: Condition::Always,
            stacking: Stacking::Together,
            priority: 0,
            commitment: Commitment::WhileBudgetLasts,
            currency: EUR,
            caps: Vec::new(),
            after: Condition::Always,
            zone: Zone::UTC,
            lending: Lending::Off,
        };
        let offer = Offer {
            id: OfferId(id),
            campaign: CampaignId(id),
            name: "".into(),
            active: true,
            validity: Validity::default(),
            rule: Condition::Always,
            benefit,
            formula: None,
            scope,
            is_tier: true,
            priority: 0,
            after: Condition::Always,
            bundle: None,
            grant_ms: 0,
        };
        Self {
            campaign,
            offer,
            category: None,
            at_most: None,
        }
    }

    pub(crate) fn present(&self) -> Presented<'_> {
        Presented {
            redeemable: Redeemable::Tier(self.offer.id),
            offer: &self.offer,
            campaign: &self.campaign,
            voucher: None,
            category: self.category,
            own: Facts::NONE,
            at_most: self.at_most,
            units: None,
        }
    }
}

/// `mug 2x1000 -50 home, poster 3x1500, shipping 490, discount 100`, or a bare amount.
/// A line is product, quantity × price, what the shop took off, category.
pub(crate) fn order(text: &str) -> Order {
    let mut order = Order {
        currency: EUR,
        lines: Vec::new(),
        amount: 0,
        shipping: 0,
        discount: 0,
        store: None,
        prices: Vec::new(),
    };
    for part in text.split(',').map(str::trim) {
        let words: Vec<&str> = part.split(' ').collect();
        match words[..] {
            ["shipping", amount] => order.shipping = amount.parse().unwrap(),
            ["discount", amount] => order.discount = amount.parse().unwrap(),
            [amount] => order.amount = amount.parse().unwrap(),
            _ => order.lines.push(line(&words)),
        }
    }
    order
}

/// A line of so many units at 1.00.
pub(crate) fn priced_line(quantity: u32) -> PricedLine {
    let amount = Minor::from(quantity) * 100;
    PricedLine {
        sku: Sku("one".into()),
        quantity,
        unit_price: 100,
        unit_cost: None,
        amount,
        discount: 0,
        order_share: 0,
        free: 0,
    }
}

fn line(words: &[&str]) -> Line {
    let (quantity, price) = words[1].split_once('x').unwrap();
    let mut line = Line {
        sku: Sku(words[0].into()),
        quantity: quantity.parse().unwrap(),
        unit_price: price.parse().unwrap(),
        unit_cost: None,
        discount: 0,
        facts: Facts::default(),
    };
    for word in &words[2..] {
        match word.strip_prefix('-') {
            Some(discount) => line.discount = discount.parse().unwrap(),
            None => line.facts.set("line.category", *word),
        }
    }
    line
}

/// `10 % at most 800 on home` (more in [`lines`]), then after commas: `budget 500`, `alone`,
/// `sets 2 adv and 1 home most 5`, `then CONDITION`, `always`, `priority 3`, `category 2`,
/// `counting FORMULA`, and at the end `if CONDITION`.
pub(crate) fn case(id: u64, text: &str) -> Case {
    let (text, rule) = text.split_once(", if ").unwrap_or((text, "true"));
    let mut parts = text.split(", ");
    let what = parts.next().unwrap();
    let (what, scope) = what
        .split_once(" on ")
        .map_or((what, Scope::Order), |(what, on)| {
            (what, Scope::Lines(lines(on)))
        });
    let (benefit, balance) = benefit(what);
    let mut case = Case::new(id, benefit, scope);
    case.at_most = balance;
    case.offer.rule = rules::parse(rule).unwrap();
    for part in parts {
        match part.split_once(' ').unwrap_or((part, "")) {
            ("budget", amount) => case.at_most = Some(amount.parse().unwrap()),
            ("priority", number) => case.campaign.priority = number.parse().unwrap(),
            ("counting", formula) => case.offer.formula = Some(Formula::parse(formula).unwrap()),
            ("category", number) => case.category = Some(category(number)),
            ("then", after) => case.offer.after = rules::parse(after).unwrap(),
            ("sets", of) => case.offer.bundle = Some(bundle(of)),
            ("alone", _) => case.campaign.stacking = Stacking::Alone,
            ("always", _) => case.campaign.stacking = Stacking::Always,
            _ => panic!("{part} is no setting"),
        }
    }
    case
}

/// `2 adv and 1 home most 5`.
fn bundle(text: &str) -> Bundle {
    let (parts, most) = text.split_once(" most ").unwrap_or((text, "100"));
    let part = |text: &str| {
        let (units, word) = text.split_once(' ').unwrap();
        Part {
            kind: GoodsKind::Collection,
            name: word.into(),
            of: lines_of(word),
            units: units.parse().unwrap(),
        }
    };
    Bundle {
        parts: parts.split(" and ").map(part).collect(),
        most: most.parse().unwrap(),
    }
}

/// `home` or `lines`, for all; then how they are picked: `from cheapest`, `one dearest`, `skip 1`,
/// `every 2`, `counting units`, `most 3` (units of all lines), `each 1` (units of a line), `money
/// 500`, `line-money 200`, `price 800`. More picks after `and`.
fn lines(text: &str) -> Lines {
    let picks: Vec<Pick> = text.split(" and ").map(pick).collect();
    let of = Condition::any(picks.iter().map(|pick| pick.of.clone()).collect::<Vec<_>>());
    Lines {
        picks,
        ..Lines::from(of)
    }
}

fn pick(text: &str) -> Pick {
    let words: Vec<&str> = text.split(' ').collect();
    let mut pick = Pick::all(lines_of(words[0]));
    for pair in words[1..].chunks(2) {
        let number = || pair[1].parse::<u32>().unwrap();
        match pair[0] {
            "from" | "one" => pick.visits = visits(pair),
            "skip" => pick.skip = number(),
            "every" => pick.every = number(),
            "counting" => pick.counts = Counts::Units,
            "most" => pick.limits.units = Some(number()),
            "each" => pick.limits.units_of_line = Some(number()),
            "money" => pick.limits.money = Some(number().into()),
            "line-money" => pick.limits.money_of_line = Some(number().into()),
            "price" => pick.price = Some(number().into()),
            other => panic!("{other} is no way to pick"),
        }
    }
    pick
}

fn visits(pair: &[&str]) -> Visits {
    match pair {
        ["from", "cheapest"] => Visits::FromCheapest,
        ["from", "dearest"] => Visits::FromDearest,
        ["one", "cheapest"] => Visits::Cheapest,
        ["one", "dearest"] => Visits::Dearest,
        _ => panic!("{pair:?} is no order"),
    }
}

fn lines_of(text: &str) -> Condition {
    match text {
        "lines" => Condition::Always,
        category => rules::parse(&format!("line.category == \"{category}\"")).unwrap(),
    }
}

/// Its number, which is its hierarchy too.
fn category(number: &str) -> Category {
    let number: u16 = number.parse().unwrap();
    Category {
        id: CategoryId(number.into()),
        hierarchy: number,
    }
}

/// And the balance, of a gift card.
fn benefit(text: &str) -> (Benefit, Option<Minor>) {
    let number = |text: &str| text.parse::<u64>().unwrap();
    let (text, ceiling) = text
        .split_once(" at most ")
        .map_or((text, None), |(text, ceiling)| {
            (text, Some(number(ceiling)))
        });
    let words: Vec<&str> = text.split(' ').collect();
    let benefit = match words[..] {
        [rate, "%"] => Benefit::PercentOff {
            rate: number(rate) as u32 * 10_000,
            ceiling,
        },
        [amount, "off", ..] => Benefit::AmountOff {
            amount: number(amount),
            spread: spread(&words[2..]),
        },
        ["price", price] => Benefit::FixedPrice {
            price: number(price),
        },
        ["shipping", "free"] => Benefit::ShippingFree { ceiling },
        [quantity, "same", "free"] => Benefit::SameFree {
            quantity: number(quantity) as u32,
        },
        [quantity, sku, "instead"] => Benefit::Exchange {
            sku: Sku(sku.into()),
            quantity: number(quantity) as u32,
        },
        [_, _, "free" | "new", ..] => Benefit::UnitsFree(words.chunks(3).map(units).collect()),
        ["gift", balance] => return (Benefit::Credit, Some(number(balance))),
        [points, "points", "per", per] => Benefit::PointsBack {
            per: number(per),
            points: number(points),
        },
        _ => panic!("{text} is no benefit"),
    };
    (benefit, None)
}

/// `2 mug free` or, whatever is in the order, `2 mug new`.
fn units(words: &[&str]) -> UnitFree {
    UnitFree {
        sku: Sku(words[1].into()),
        quantity: words[0].parse().unwrap(),
        formula: None,
        joining: match words[2] {
            "new" => Joining::Always,
            _ => Joining::Missing,
        },
    }
}

fn spread(words: &[&str]) -> Spread {
    match words {
        [] => Spread::Order,
        ["each", "line"] => Spread::EachLine,
        ["each", "unit"] => Spread::EachUnit,
        ["by", "amount"] => Spread::ByAmount,
        ["by", "quantity"] => Spread::ByQuantity,
        _ => panic!("{words:?} is no spread"),
    }
}
