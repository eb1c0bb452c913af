//! What does a formula come to, with what is known?

use std::sync::Arc;

use jiff::{Timestamp, Unit as By, civil::Date, tz::TimeZone};
use rules::{Facts, Path, Value};
use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};

use super::{Formula, Function, Line, NOW, Node, Operator, Unit};

/// More digits to round to than money and points have.
const MAX_PLACES: i64 = 20;

/// What a formula may read.
pub(crate) struct Known<'a> {
    /// Of the order, of the redeemable alone, of the customer and the moment; the first that knows
    /// a fact tells it.
    pub facts: [&'a Facts; 3],
    /// All lines, each with its facts.
    pub lines: Vec<&'a Facts>,
    /// The places of the cheapest and of the dearest line in scope.
    pub cheapest: Option<usize>,
    pub dearest: Option<usize>,
    /// How many decimals the currency has.
    pub places: u32,
    /// Whose calendar counts.
    pub zone: TimeZone,
}

/// A value on the way.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    Number(Decimal),
    Text(Arc<str>),
    Bool(bool),
    Time(Timestamp),
    Day(Date),
    List(Vec<Found>),
}

impl Formula {
    /// The number it comes to for a line, by its place, or for the order; `None` where it has none.
    pub(crate) fn count(&self, known: &Known<'_>, line: Option<usize>) -> Option<Decimal> {
        Asked { known, line }.number(&self.root)
    }
}

/// One line asked about, or none.
#[derive(Clone, Copy)]
struct Asked<'a> {
    known: &'a Known<'a>,
    line: Option<usize>,
}

impl Asked<'_> {
    fn value(self, node: &Node) -> Option<Found> {
        match node {
            Node::Number(number) => Some(Found::Number(*number)),
            Node::Text(text) => Some(Found::Text(Arc::clone(text))),
            Node::Fact(path) => self.fact(path),
            Node::Money(path) => match self.fact(path)? {
                Found::Number(minor) => {
                    let unit = Decimal::TEN.checked_powu(self.known.places.into())?;
                    minor.checked_div(unit).map(Found::Number)
                }
                _ => None,
            },
            Node::Today => self.day(Found::Time(self.now()?)).map(Found::Day),
            Node::Of(line, inner) => self.of(*line).value(inner),
            Node::Not(inner) => Some(Found::Bool(!self.bool(inner)?)),
            Node::Negative(inner) => Some(Found::Number(-self.number(inner)?)),
            Node::Binary(operator, sides) => self.binary(*operator, (&sides.0, &sides.1)),
            Node::Call(function, values) => self.call(*function, values),
        }
    }

    fn number(self, node: &Node) -> Option<Decimal> {
        match self.value(node)? {
            Found::Number(number) => Some(number),
            _ => None,
        }
    }

    fn bool(self, node: &Node) -> Option<bool> {
        match self.value(node)? {
            Found::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    fn fact(self, path: &Path) -> Option<Found> {
        let known = self.known;
        let value = match path.as_str().starts_with("line.") {
            true => known.lines.get(self.line?)?.get(path.as_str()),
            false => known
                .facts
                .iter()
                .find_map(|facts| facts.get(path.as_str())),
        };
        found(value?)
    }

    /// The same of the cheapest or the dearest line in scope.
    fn of(self, line: Line) -> Self {
        let line = match line {
            Line::Cheapest => self.known.cheapest,
            Line::Dearest => self.known.dearest,
        };
        Self { line, ..self }
    }

    fn binary(self, operator: Operator, sides: (&Node, &Node)) -> Option<Found> {
        let numbers = || Some((self.number(sides.0)?, self.number(sides.1)?));
        let number = |number: Option<Decimal>| number.map(Found::Number);
        let arithmetic = |count: fn(Decimal, Decimal) -> Option<Decimal>| {
            numbers().and_then(|(left, right)| number(count(left, right)))
        };
        match operator {
            Operator::Plus => arithmetic(Decimal::checked_add),
            Operator::Minus => arithmetic(Decimal::checked_sub),
            Operator::Times => arithmetic(Decimal::checked_mul),
            Operator::Over => arithmetic(Decimal::checked_div),
            Operator::Modulo => arithmetic(Decimal::checked_rem),
            Operator::Or => Some(Found::Bool(self.bool(sides.0)? || self.bool(sides.1)?)),
            Operator::And => Some(Found::Bool(self.bool(sides.0)? && self.bool(sides.1)?)),
            Operator::More => numbers().map(|(left, right)| Found::Bool(left > right)),
            Operator::Less => numbers().map(|(left, right)| Found::Bool(left < right)),
            Operator::AtLeast => numbers().map(|(left, right)| Found::Bool(left >= right)),
            Operator::AtMost => numbers().map(|(left, right)| Found::Bool(left <= right)),
            other => {
                let (left, right) = (self.value(sides.0)?, self.value(sides.1)?);
                self.compared(other, left, right)
            }
        }
    }

    /// Of texts, lists and times.
    fn compared(self, operator: Operator, left: Found, right: Found) -> Option<Found> {
        let answer = match (operator, left, right) {
            (Operator::Equal, left, right) => left == right,
            (Operator::Contains, Found::List(all), one) => all.contains(&one),
            (Operator::Contains, Found::Text(all), Found::Text(one)) => all.contains(&*one),
            (Operator::StartsWith, Found::Text(all), Found::Text(one)) => all.starts_with(&*one),
            (Operator::EndsWith, Found::Text(all), Found::Text(one)) => all.ends_with(&*one),
            (Operator::In, one, Found::List(all)) => all.contains(&one),
            (Operator::Since(unit), later, earlier) => {
                let count = self.between(unit, (earlier, later))?;
                return Some(Found::Number(count.into()));
            }
            (Operator::IsDay, left, right) => self.day(left)? == self.day(right)?,
            (Operator::IsAfter, left, right) => self.time(left)? > self.time(right)?,
            (Operator::IsBefore, left, right) => self.time(left)? < self.time(right)?,
            _ => return None,
        };
        Some(Found::Bool(answer))
    }

    /// Whole units of the calendar from the one to the other; below zero where it comes first.
    fn between(self, unit: Unit, (earlier, later): (Found, Found)) -> Option<i64> {
        let (earlier, later) = (self.day(earlier)?, self.day(later)?);
        let by = match unit {
            Unit::Days => By::Day,
            Unit::Months => By::Month,
            Unit::Years => By::Year,
        };
        let span = earlier.until((by, later)).ok()?;
        Some(match unit {
            Unit::Days => span.get_days().into(),
            Unit::Months => span.get_months().into(),
            Unit::Years => span.get_years().into(),
        })
    }

    fn now(self) -> Option<Timestamp> {
        match self.fact(&NOW.into())? {
            Found::Time(now) => Some(now),
            _ => None,
        }
    }

    /// The day by the calendar that counts.
    fn day(self, of: Found) -> Option<Date> {
        match of {
            Found::Day(day) => Some(day),
            Found::Time(time) => Some(time.to_zoned(self.known.zone.clone()).date()),
            Found::Text(text) => match text.parse::<Timestamp>() {
                Ok(time) => self.day(Found::Time(time)),
                Err(_) => text.parse().ok(),
            },
            Found::Number(_) | Found::Bool(_) | Found::List(_) => None,
        }
    }

    /// The moment; of a day its beginning.
    fn time(self, of: Found) -> Option<Timestamp> {
        match of {
            Found::Time(time) => Some(time),
            Found::Text(ref text) => match text.parse::<Timestamp>() {
                Ok(time) => Some(time),
                Err(_) => self.beginning(of),
            },
            day => self.beginning(day),
        }
    }

    fn beginning(self, of: Found) -> Option<Timestamp> {
        let day = self.day(of)?;
        let beginning = day.to_zoned(self.known.zone.clone()).ok()?;
        Some(beginning.timestamp())
    }

    fn call(self, function: Function, values: &[Node]) -> Option<Found> {
        let first = values.first()?;
        let number = |number: Decimal| Some(Found::Number(number));
        match (function, values) {
            (Function::Min, _) => number(self.numbers(values)?.into_iter().min()?),
            (Function::Max, _) => number(self.numbers(values)?.into_iter().max()?),
            (Function::Pow, [_, to]) => number(self.number(first)?.checked_powd(self.number(to)?)?),
            (Function::If, [_, then, or]) => match self.bool(first)? {
                true => self.value(then),
                false => self.value(or),
            },
            (Function::DefaultTo, [_, or]) => self.value(first).or_else(|| self.value(or)),
            (Function::Round | Function::Floor | Function::Ceil, [_, rest @ ..]) => {
                let places = rest
                    .first()
                    .map_or(Some(Decimal::ZERO), |at| self.number(at))?;
                number(rounded(self.number(first)?, places, function)?)
            }
            (Function::Switch, [_, cases @ ..]) => self.switched(first, cases),
            (Function::Date, _) => match self.value(first)? {
                Found::Text(text) => match text.parse::<Timestamp>() {
                    Ok(time) => Some(Found::Time(time)),
                    Err(_) => text.parse().ok().map(Found::Day),
                },
                _ => None,
            },
            (Function::DayOfMonth, _) => number(self.dated(first)?.day().into()),
            (Function::Month, _) => number(self.dated(first)?.month().into()),
            (Function::Year, _) => number(self.dated(first)?.year().into()),
            _ => None,
        }
    }

    fn dated(self, node: &Node) -> Option<Date> {
        self.day(self.value(node)?)
    }

    fn numbers(self, values: &[Node]) -> Option<Vec<Decimal>> {
        values.iter().map(|value| self.number(value)).collect()
    }

    /// What stands beside the first case that is the value; else what stands by itself.
    fn switched(self, of: &Node, cases: &[Node]) -> Option<Found> {
        let of = self.value(of);
        let mut otherwise = None;
        for case in cases {
            match case {
                Node::Call(Function::Case, pair) => {
                    let [value, then] = pair.as_slice() else {
                        return None;
                    };
                    if of.is_some() && self.value(value) == of {
                        return self.value(then);
                    }
                }
                other => otherwise = Some(other),
            }
        }
        self.value(otherwise?)
    }
}

fn rounded(number: Decimal, places: Decimal, how: Function) -> Option<Decimal> {
    let places = i64::try_from(places.trunc()).ok()?;
    if !(-MAX_PLACES..=MAX_PLACES).contains(&places) {
        return None;
    }
    let way = match how {
        Function::Floor => RoundingStrategy::ToNegativeInfinity,
        Function::Ceil => RoundingStrategy::ToPositiveInfinity,
        _ => RoundingStrategy::MidpointAwayFromZero,
    };
    match u32::try_from(places) {
        Ok(places) => Some(number.round_dp_with_strategy(places, way)),
        Err(_) => {
            let unit = Decimal::TEN.checked_powi(-places)?;
            let units = number.checked_div(unit)?;
            units.round_dp_with_strategy(0, way).checked_mul(unit)
        }
    }
}

fn found(value: &Value) -> Option<Found> {
    Some(match value {
        Value::Bool(bool) => Found::Bool(*bool),
        Value::Int(number) => Found::Number((*number).into()),
        Value::Text(text) => Found::Text(Arc::clone(text)),
        Value::Time(time) => Found::Time(Timestamp::from_millisecond(*time).ok()?),
        Value::Fraction(number) => {
            Found::Number(Decimal::from_str_exact(&number.to_string()).ok()?)
        }
        Value::Duration(_) => return None,
        Value::List(all) => Found::List(all.iter().map(found).collect::<Option<_>>()?),
    })
}
