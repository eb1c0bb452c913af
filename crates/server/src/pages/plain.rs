//! What does a rule say, in one plain sentence?

use offers::{
    Benefit, Calendar, Campaign, Cap, CapUnit, Commitment, Currency, Days, Length, Offer, Period,
    Reach, Scope, Spread, Stacking, Validity,
};
use rules::{Clock, Condition, Fold, Op, Operator, Term, Value};

use super::look::{moment, money, number, percent};

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
/// Facts that are money, in minor units.
const MONEY: [&str; 11] = [
    "amount",
    "aov",
    "cart_value",
    "discount",
    "initial_amount",
    "price",
    "refunded",
    "shipping",
    "spent",
    "spent_mean",
    "subtotal",
];
/// Facts that are shares, in parts per million.
const SHARES: [&str; 3] = ["affinity", "discount_share", "discounted_order_share"];
/// How a fact's name ends where it looks back so far only.
const LOOKBACKS: [(&str, &str); 5] = [
    ("_1h", "last hour"),
    ("_1d", "last day"),
    ("_7d", "last 7 days"),
    ("_30d", "last 30 days"),
    ("_365d", "last 365 days"),
];

/// More than so many benefits are counted rather than told.
const TOLD: usize = 3;

/// `Where order amount is at least 50.00 EUR, a customer may get 5 % off. It combines with …`
pub fn campaign(campaign: &Campaign, offers: &[&Offer]) -> String {
    let who = match &campaign.rule {
        Condition::Always => "Any customer".to_owned(),
        rule => format!("Where {}, a customer", condition(rule, campaign.currency)),
    };
    let benefits = offers.iter().map(|offer| benefit(offer, campaign.currency));
    let what = match offers.len() {
        0 => "gets nothing yet, for there is no offer".to_owned(),
        1..=TOLD => format!("may get {}", benefits.collect::<Vec<_>>().join(" or ")),
        many => format!("may get one of {many} offers"),
    };
    let with = match campaign.stacking {
        Stacking::Alone => "It does not combine with others",
        Stacking::Together => "It combines with others that allow it",
        Stacking::Always => "It comes on top of any other",
    };
    let promise = match campaign.commitment {
        Commitment::Guaranteed => "what is promised is kept aside until it lapses",
        Commitment::WhileBudgetLasts => "it lasts while its limits do",
    };
    format!("{who} {what}. {with}; {promise}.")
}

pub fn validity(validity: &Validity) -> String {
    let dates = dates(validity);
    match &validity.calendar {
        None => dates,
        Some(calendar) => format!("{dates}, {}", openings(calendar)),
    }
}

fn dates(validity: &Validity) -> String {
    let from = validity.from.map(|from| moment(from).text);
    // The last valid millisecond is inclusive; people read the first moment after it.
    let until = validity
        .until
        .map(|until| moment(until.saturating_add(1)).text);
    match (from, until) {
        (None, None) => "always".into(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), Some(until)) => format!("{from} – {until}"),
    }
}

/// When something is open within its dates.
fn openings(calendar: &Calendar) -> String {
    let named = |days: Days| {
        let names = days.iter().filter_map(|day| DAYS.get(usize::from(day)));
        names.copied().collect::<Vec<_>>().join(", ")
    };
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let timeframe = calendar.timeframe.map(|frame| {
        let (every, open) = (length(frame.every), length(frame.open));
        format!("every {every} for {open}")
    });
    let days = calendar.days.map(|days| format!("on {}", named(days)));
    let hours = calendar.hours.iter().map(|hours| {
        let (from, until) = (time(hours.from), time(hours.until));
        match hours.days == Days::ALL {
            true => format!("{from} to {until}"),
            false => format!("{from} to {until} on {}", named(hours.days)),
        }
    });
    let hours: Vec<String> = hours.collect();
    let hours = (!hours.is_empty()).then(|| hours.join(" and "));
    let said: Vec<String> = [timeframe, days, hours].into_iter().flatten().collect();
    said.join(" ")
}

fn length(length: Length) -> String {
    let minutes = length.ms / 60_000;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let parts = [
        (i64::from(length.months), "months"),
        (days, "days"),
        (hours, "hours"),
        (minutes, "minutes"),
    ];
    let said = parts.iter().filter(|(number, _)| *number > 0);
    let said = said.map(|(number, what)| format!("{number} {what}"));
    said.collect::<Vec<_>>().join(" ")
}

pub fn benefit(offer: &Offer, currency: Currency) -> String {
    let money = |minor: u64| money(minor, currency);
    let most = |ceiling: &Option<u64>| {
        let text = ceiling.map(|most| format!(", at most {}", money(most)));
        text.unwrap_or_default()
    };
    let on = match &offer.scope {
        Scope::Order => String::new(),
        Scope::Lines(of) => format!(" on lines where {}", condition(&of.of, currency)),
    };
    match &offer.benefit {
        Benefit::PercentOff { rate, ceiling } => {
            format!("{} off{}{on}", percent(*rate), most(ceiling))
        }
        Benefit::AmountOff { amount, spread } => {
            format!("{} off{}{on}", money(*amount), each(*spread))
        }
        Benefit::FixedPrice { price } => format!("for {} at most{on}", money(*price)),
        Benefit::ShippingFree { ceiling } => format!("free shipping{}", most(ceiling)),
        Benefit::UnitsFree(units) => {
            let units = units.iter();
            let units = units.map(|one| format!("{} × {}", one.quantity, one.sku.0));
            format!("{} free", units.collect::<Vec<_>>().join(" and "))
        }
        Benefit::SameFree { quantity } => format!("{quantity} more of the same free{on}"),
        Benefit::Exchange { sku, quantity } => {
            format!("{quantity} × {} instead, at no more{on}", sku.0)
        }
        Benefit::Credit => "credit of a gift card".into(),
        Benefit::PointsBack { per, points } => {
            format!("{points} points for every {}", money(*per))
        }
    }
}

fn each(spread: Spread) -> &'static str {
    match spread {
        Spread::EachLine => " for each line",
        Spread::EachUnit => " for each unit",
        Spread::Order | Spread::ByAmount | Spread::ByQuantity => "",
    }
}

/// `at most 3 uses a week for each customer`.
pub fn cap(cap: &Cap, currency: Currency) -> String {
    let limit = match cap.unit {
        CapUnit::Uses => format!("{} uses", number(cap.limit)),
        CapUnit::Money => money(cap.limit, currency),
        CapUnit::Touches => format!("{} offers made", number(cap.limit)),
        CapUnit::Orders => format!("{} of orders", money(cap.limit, currency)),
        CapUnit::Credit => format!("{} of gift cards", money(cap.limit, currency)),
    };
    let period = match cap.period {
        Period::Ever => "in all",
        Period::Hour => "an hour",
        Period::Day => "a day (UTC)",
        Period::Week => "a week (from Monday, UTC)",
        Period::Month => "a month (UTC)",
    };
    let reach = match cap.reach {
        Reach::Campaign => "for the whole campaign",
        Reach::Code => "for each code",
        Reach::Customer => "for each customer",
        Reach::CustomerOverall => "for each customer, over all campaigns",
        Reach::Store => "for each store",
        Reach::ApiKey => "for each key of the API",
    };
    format!("at most {limit} {period} {reach}")
}

pub fn condition(condition: &Condition, currency: Currency) -> String {
    let inner = |inner: &Condition| self::condition(inner, currency);
    match condition {
        Condition::Always => "anything".into(),
        Condition::All(parts) if parts.is_empty() => "anything".into(),
        Condition::Any(parts) if parts.is_empty() => "nothing".into(),
        Condition::All(parts) => joined(parts, " and ", currency),
        Condition::Any(parts) => joined(parts, " or ", currency),
        Condition::Not(not) => match not.as_ref() {
            Condition::Always => "nothing".into(),
            Condition::Known(path) => format!("{} is not known", fact(path.as_str())),
            not => format!("not ({})", inner(not)),
        },
        Condition::Test { left, op, right } => test(left, *op, (right, currency)),
        Condition::Known(path) => format!("{} is known", fact(path.as_str())),
        Condition::AnyLine(of) => format!("some line of the order has {}", inner(of)),
        Condition::EveryLine(of) => format!("every line of the order has {}", inner(of)),
    }
}

fn joined(parts: &[Condition], word: &str, currency: Currency) -> String {
    let each = parts.iter().map(|part| match part {
        Condition::All(_) | Condition::Any(_) => format!("({})", condition(part, currency)),
        part => condition(part, currency),
    });
    each.collect::<Vec<_>>().join(word)
}

fn test(left: &Term, op: Op, (right, currency): (&Term, Currency)) -> String {
    let unit = |term: &Term| match term {
        Term::Fact(path) => Unit::of(path.as_str()),
        _ => Unit::Plain,
    };
    // A number means what the fact it is compared with means.
    let of = match unit(left) {
        Unit::Plain => unit(right),
        unit => unit,
    };
    let write = |side: &Term| term(side, (of, currency));
    let (left, right) = (write(left), write(right));
    let words = match op {
        Op::Equal => "is",
        Op::NotEqual => "is not",
        Op::Less => "is less than",
        Op::AtMost => "is at most",
        Op::More => "is more than",
        Op::AtLeast => "is at least",
        Op::In => "is one of",
        Op::StartsWith => "starts with",
        Op::EndsWith => "ends with",
        Op::Contains => "contains",
    };
    format!("{left} {words} {right}")
}

#[derive(Clone, Copy)]
enum Unit {
    Plain,
    Money,
    Share,
}

impl Unit {
    fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('.').collect();
        // What a shop says itself may be called anything.
        if parts.contains(&"metadata") || parts.contains(&"trait") || parts.contains(&"context") {
            return Self::Plain;
        }
        let is_one_of = |names: &[&str]| {
            let named = |part: &&str| names.contains(&lookback(part).0);
            parts.iter().any(named)
        };
        if is_one_of(&SHARES) {
            Self::Share
        } else if is_one_of(&MONEY) {
            Self::Money
        } else {
            Self::Plain
        }
    }
}

fn term(term: &Term, (unit, currency): (Unit, Currency)) -> String {
    let inner = |inner: &Term| self::term(inner, (unit, currency));
    match term {
        Term::Value(value) => self::value(value, (unit, currency)),
        Term::Fact(path) => fact(path.as_str()),
        Term::Lines(of) => format!("the number of lines with {}", condition(of, currency)),
        Term::Folded { fold, path, lines } => {
            let what = match fold {
                Fold::Sum => "the sum",
                Fold::Least => "the least",
                Fold::Greatest => "the greatest",
            };
            let of = condition(lines, currency);
            format!("{what} of {} of lines with {of}", fact(path.as_str()))
        }
        Term::Size(path) => format!("the number of {}", fact(path.as_str())),
        Term::Told { clock, of } => {
            let of = inner(of);
            match clock {
                Clock::Moment => of,
                Clock::Wall => format!("the local time of {of} (in ms since 1970)"),
                Clock::Day => format!("the local day of {of}"),
                Clock::Weekday => format!("the day of the week of {of} (0 is Sunday)"),
                Clock::Minute => format!("the minute of the day of {of}"),
            }
        }
        Term::Sum {
            left,
            operator,
            right,
        } => {
            let sign = match operator {
                Operator::Plus => "+",
                Operator::Minus => "−",
                Operator::Times => "×",
                Operator::Over => "÷",
                Operator::Modulo => "modulo",
            };
            format!("({} {sign} {})", inner(left), inner(right))
        }
    }
}

fn value(value: &Value, (unit, currency): (Unit, Currency)) -> String {
    match (value, unit) {
        (Value::Bool(true), _) => "so".into(),
        (Value::Bool(false), _) => "not so".into(),
        (Value::Int(minor @ 0..), Unit::Money) => money(minor.unsigned_abs(), currency),
        (Value::Int(ppm @ 0..=1_000_000), Unit::Share) => {
            percent(u32::try_from(*ppm).unwrap_or_default())
        }
        (Value::Int(number), _) => number.to_string(),
        (Value::Fraction(number), _) => number.to_string(),
        (Value::Text(text), _) => format!("“{text}”"),
        (Value::Time(at), _) => moment(*at).text,
        (Value::Duration(ms), _) => duration(*ms),
        (Value::List(values), _) => {
            let each = values.iter().map(|one| self::value(one, (unit, currency)));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The largest unit that leaves nothing over: `90 minutes`, `7 days`.
pub fn duration(ms: i64) -> String {
    let units = [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1_000, "second"),
    ];
    let whole = units.into_iter().find(|(unit, _)| ms % unit == 0);
    match whole.map(|(unit, name)| (ms / unit, name)) {
        Some((1, name)) => format!("1 {name}"),
        Some((many, name)) => format!("{many} {name}s"),
        None => format!("{ms} ms"),
    }
}

/// `customer.spent_30d` as `customer spent (last 30 days)`.
pub fn fact(path: &str) -> String {
    let (name, back) = lookback(path);
    let name = name.replace(['.', '_'], " ");
    back.map_or(name.clone(), |back| format!("{name} ({back})"))
}

/// A name without its lookback, and the lookback in words.
fn lookback(name: &str) -> (&str, Option<&'static str>) {
    LOOKBACKS
        .into_iter()
        .find_map(|(end, words)| Some((name.strip_suffix(end)?, Some(words))))
        .unwrap_or((name, None))
}

/// The value of a fact, in the unit its name implies.
pub fn known(path: &str, of: &Value, currency: Currency) -> String {
    match of {
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.into(),
        Value::Text(text) => text.to_string(),
        Value::List(values) => {
            let each = values.iter().map(|one| known(path, one, currency));
            each.collect::<Vec<_>>().join(", ")
        }
        other => value(other, (Unit::of(path), currency)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_restated() {
        let check = |text: &str, expected: &str| {
            let parsed = rules::parse(text).unwrap();
            let plain = condition(&parsed, Currency(*b"EUR")).replace('\u{a0}', " ");
            assert_eq!(plain, expected);
        };
        check("true", "anything");
        check("order.amount >= 5000", "order amount is at least 50.00 EUR");
        check(
            "customer.stage == 'new' && (order.units > 2 || has(order.store))",
            "customer stage is “new” and (order units is more than 2 or order store is known)",
        );
        check(
            "!(customer.discount_share > 250000)",
            "not (customer discount share is more than 25 %)",
        );
        check(
            "order.lines.exists(line, line.sku == 'a')",
            "some line of the order has line sku is “a”",
        );
        check(
            "weekday(customer.metadata.joined) in [1, 2] && size(customer.tags) > 1",
            "the day of the week of customer metadata joined (0 is Sunday) is one of 1, 2 \
             and the number of customer tags is more than 1",
        );
        check(
            "customer.last_category in ['tea', 'mugs']",
            "customer last category is one of “tea”, “mugs”",
        );
        check(
            "customer.metadata.spent > 3",
            "customer metadata spent is more than 3",
        );
    }

    #[test]
    fn facts_have_units() {
        let check = |path: &str, of: Value, expected: &str| {
            let text = format!("{}: {}", fact(path), known(path, &of, Currency(*b"EUR")));
            assert_eq!(text.replace('\u{a0}', " "), expected);
        };
        let spent = "customer spent (last 30 days): 12.50 EUR";
        check("customer.spent_30d", Value::Int(1250), spent);
        let taste = "customer affinity brand alba: 58.5 %";
        check("customer.affinity.brand.alba", Value::Int(585_000), taste);
        check("customer.orders", Value::Int(3), "customer orders: 3");
        check(
            "customer.mid_return",
            Value::Bool(false),
            "customer mid return: no",
        );
    }

    #[test]
    fn durations_take_their_largest_unit() {
        assert_eq!(duration(7 * 86_400_000), "7 days");
        assert_eq!(duration(3_600_000), "1 hour");
        assert_eq!(duration(90 * 60_000), "90 minutes");
        assert_eq!(duration(1), "1 ms");
    }
}
