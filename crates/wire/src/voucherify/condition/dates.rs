//! What may be asked of an instant? When it lies, and what the clock of the shop says then.

use rules::{Clock, Condition, Op, Operator, Term, Value};
use serde_json::Value as Json;

use super::{
    super::{Node, calendar},
    operator::{all, each, text, unknown},
};
use crate::{Malformed, time};

/// A hundred years.
const MAX_DAYS: i64 = 36_525;
/// In milliseconds.
const DAY: i64 = 86_400_000;

/// When the instant of a fact lies; where days are counted, back from the moment it is asked or
/// ahead of it. Nothing of it is told by the clock of a shop: a day that is named is one of UTC.
pub(super) fn moment(node: &Node, path: &str) -> Result<Condition, Malformed> {
    let fact = Lying {
        left: Term::Fact(path.into()),
        path,
        instant: |text| time::parse(text).map(Value::Time).map(Term::Value),
    };
    each(node, |operator, values| {
        let lies = fact.lies((operator, values))?;
        lies.ok_or_else(|| unknown(operator))
    })
}

/// The same, and what the clock of the shop says: the fact is an instant, or a text that tells one
/// or a day.
pub(super) fn by_the_clock(node: &Node, path: &str) -> Result<Condition, Malformed> {
    each(node, |operator, values| {
        one(operator, values, path)?.ok_or_else(|| unknown(operator))
    })
}

/// One condition by the clock of the shop; `None` where the operator asks for no instant.
pub(super) fn one(
    operator: &str,
    values: &[Json],
    path: &str,
) -> Result<Option<Condition>, Malformed> {
    let fact = || Term::Fact(path.into());
    let each = |read: fn(&str, Term) -> Result<Condition, Malformed>| {
        let told = all(values, |value| read(&text(value)?, fact()))?;
        Ok(Some(Condition::any(told)))
    };
    match operator {
        "$dow" => Ok(Some(of_week(values, fact())?)),
        "$timeframe" => each(timeframe),
        "$timeframe_absolute" => each(between),
        "$timeframe_daily_hours" => each(daily_hours),
        "$is_days_ago" => Ok(Some(day_is(fact(), -days(values)?))),
        "$is_days_in_future" => Ok(Some(day_is(fact(), days(values)?))),
        _ => Lying {
            left: told(Clock::Moment, fact()),
            path,
            instant,
        }
        .lies((operator, values)),
    }
}

/// Whether a value tells an instant or a day.
pub(super) fn is_instant(value: Option<&Json>) -> bool {
    let text = value.and_then(Json::as_str);
    text.is_some_and(|text| instant(text).is_some())
}

/// A fact whose instant lies somewhere.
struct Lying<'p> {
    left: Term,
    path: &'p str,
    /// What an instant in a rule is compared as.
    instant: fn(&str) -> Option<Term>,
}

impl Lying<'_> {
    fn lies(&self, (operator, values): (&str, &[Json])) -> Result<Option<Condition>, Malformed> {
        let at = || {
            let text = values.first().and_then(Json::as_str);
            let wrong = || Malformed::at("/0", "not an instant: write 2026-11-21T09:25:49.617Z");
            text.and_then(self.instant).ok_or_else(wrong)
        };
        let compared = |op: Op, right: Term| test(self.left.clone(), op, right);
        let days_ago = || days(values).map(|days| from_now(-days));
        let days_ahead = || days(values).map(from_now);
        let past = || compared(Op::AtMost, now());
        let future = || compared(Op::AtLeast, now());
        let known = || Condition::Known(self.path.into());
        Ok(Some(match operator {
            "$after" | "$more_than" => compared(Op::More, at()?),
            "$before" | "$less_than" => compared(Op::Less, at()?),
            "$more_than_or_equal" | "$greater_than_or_equal" | "$more_than_equal" => {
                compared(Op::AtLeast, at()?)
            }
            "$less_than_or_equal" | "$less_than_equal" => compared(Op::AtMost, at()?),
            "$more_than_ago" => compared(Op::Less, days_ago()?),
            "$less_than_ago" => Condition::all([past(), compared(Op::More, days_ago()?)]),
            "$more_than_future" => compared(Op::More, days_ahead()?),
            "$less_than_future" => Condition::all([future(), compared(Op::Less, days_ahead()?)]),
            "$has_value" => known(),
            "$is_unknown" => Condition::Not(Box::new(known())),
            _ => return Ok(None),
        }))
    }
}

/// An instant, or when a day begins where the shop is.
fn instant(text: &str) -> Option<Term> {
    let at = time::parse(text)?;
    Some(match text.parse::<jiff::Timestamp>() {
        Ok(_) => Term::Value(Value::Time(at)),
        Err(_) => told(Clock::Moment, Term::Value(text.into())),
    })
}

/// `0` is Sunday.
fn of_week(values: &[Json], fact: Term) -> Result<Condition, Malformed> {
    let days = all(values, |value| {
        let day = value.as_i64().filter(|day| (0..7).contains(day));
        day.ok_or_else(|| Malformed::at("", "is a day from 0 (Sunday) to 6"))
    });
    let days = Value::from(days?);
    Ok(test(told(Clock::Weekday, fact), Op::In, Term::Value(days)))
}

/// The day on the wall lies so many days from today.
fn day_is(fact: Term, days: i64) -> Condition {
    let today = told(Clock::Day, now());
    let day = match days {
        0 => today,
        days => sum(today, Operator::Plus, Term::Value(Value::Int(days))),
    };
    test(told(Clock::Day, fact), Op::Equal, day)
}

/// `2026-01-01;2026-02-01`, both included.
fn between(written: &str, fact: Term) -> Result<Condition, Malformed> {
    let wrong = || Malformed::at("", "not a timeframe: write from;to, two instants");
    let (from, to) = written.split_once(';').ok_or_else(wrong)?;
    let (from, to) = (
        instant(from).ok_or_else(wrong)?,
        instant(to).ok_or_else(wrong)?,
    );
    let at = told(Clock::Moment, fact);
    Ok(Condition::all([
        test(at.clone(), Op::AtLeast, from),
        test(at, Op::AtMost, to),
    ]))
}

/// `2026-01-05;P1W;P2D`: again and again from the start, by the clock on the wall.
fn timeframe(written: &str, fact: Term) -> Result<Condition, Malformed> {
    let wrong = || Malformed::at("", "not a timeframe: write start;interval;duration");
    let parts: Vec<&str> = written.split(';').collect();
    let [start, every, open] = parts.as_slice() else {
        return Err(wrong());
    };
    let start = instant(start).ok_or_else(wrong)?;
    let (every, open) = (length(every)?, length(open)?);
    let start = match start {
        Term::Told { of, .. } => *of,
        instant => instant,
    };
    let (start, at) = (told(Clock::Wall, start), told(Clock::Wall, fact));
    let since = sum(at.clone(), Operator::Minus, start.clone());
    let of_turn = sum(since, Operator::Modulo, Term::Value(Value::Int(every)));
    Ok(Condition::all([
        test(at, Op::AtLeast, start),
        test(of_turn, Op::Less, Term::Value(Value::Int(open))),
    ]))
}

fn length(text: &str) -> Result<i64, Malformed> {
    let length = calendar::length(text)?;
    match length.months {
        0 => Ok(length.ms),
        _ => Err(Malformed::at(
            "",
            "months and years differ: count in weeks or days",
        )),
    }
}

/// `09:00;17:00;1,2,3`; without days, on each. The last minute is closed.
fn daily_hours(written: &str, fact: Term) -> Result<Condition, Malformed> {
    let wrong = || Malformed::at("", "not hours of a day: write HH:mm;HH:mm;0,1,2");
    let mut parts = written.split(';');
    let (from, until) = parts.next().zip(parts.next()).ok_or_else(wrong)?;
    let (from, until) = (calendar::minute(from)?, calendar::minute(until)?);
    if until <= from {
        let detail = "ends before it begins; write two values where it goes past midnight";
        return Err(Malformed::at("", detail));
    }
    let minute = |op, bound: u16| {
        let bound = Term::Value(Value::Int(bound.into()));
        test(told(Clock::Minute, fact.clone()), op, bound)
    };
    let days = parts.next().filter(|days| !days.is_empty());
    let days = days.map(|days| {
        let days: Result<Vec<Json>, _> = days.split(',').map(|day| day.trim().parse()).collect();
        of_week(&days.map_err(|_| wrong())?, fact.clone())
    });
    let hours = [minute(Op::AtLeast, from), minute(Op::Less, until)];
    Ok(Condition::all(hours.into_iter().chain(days.transpose()?)))
}

pub(super) fn days(values: &[Json]) -> Result<i64, Malformed> {
    let days = values.first().and_then(Json::as_i64);
    let days = days.filter(|days| (0..=MAX_DAYS).contains(days));
    let wrong = || Malformed::at("/0", format!("a whole number of days, at most {MAX_DAYS}"));
    days.ok_or_else(wrong)
}

fn told(clock: Clock, of: Term) -> Term {
    let of = Box::new(of);
    Term::Told { clock, of }
}

fn now() -> Term {
    Term::Fact("now".into())
}

fn from_now(days: i64) -> Term {
    let days = Term::Value(Value::Duration(days * DAY));
    sum(now(), Operator::Plus, days)
}

fn sum(left: Term, operator: Operator, right: Term) -> Term {
    let (left, right) = (Box::new(left), Box::new(right));
    Term::Sum {
        left,
        operator,
        right,
    }
}

fn test(left: Term, op: Op, right: Term) -> Condition {
    Condition::Test { left, op, right }
}
