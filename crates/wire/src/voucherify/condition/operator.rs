//! How does a node compare a fact? `$is`, `$in`, `$more_than`, …

use rules::{Condition, Op, Path, Term, Value};
use serde_json::Value as Json;

use super::{super::Node, dates};
use crate::Malformed;

/// Values of one operator.
const MAX_VALUES: usize = 200;

/// The fact that is compared.
pub(super) struct Comparison {
    term: Term,
    holds: Holds,
}

/// What the fact may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Number,
    Scalar,
    /// A scalar, an instant as a text, or a list.
    Anything,
}

impl Comparison {
    /// A fact that is always a whole number.
    pub(super) fn number(path: &str) -> Self {
        Self::counted(Term::Fact(path.into()))
    }

    /// What comes to a whole number.
    pub(super) fn counted(term: Term) -> Self {
        let holds = Holds::Number;
        Self { term, holds }
    }

    /// A fact that is a flag, a text or a number.
    pub(super) fn scalar(path: &str) -> Self {
        Self {
            term: Term::Fact(path.into()),
            holds: Holds::Scalar,
        }
    }

    /// A fact of whatever type the shop gives it, told beside the moment and the shop's zone.
    pub(super) fn anything(path: &str) -> Self {
        Self {
            term: Term::Fact(path.into()),
            holds: Holds::Anything,
        }
    }

    fn against(&self, op: Op, value: Value) -> Condition {
        Condition::Test {
            left: self.term.clone(),
            op,
            right: Term::Value(value),
        }
    }

    fn known(&self) -> Result<Condition, Malformed> {
        match &self.term {
            Term::Fact(path) => Ok(Condition::Known(path.clone())),
            _ => Err(Malformed::at("", "has always a value here")),
        }
    }

    fn value(&self, json: &Json) -> Result<Value, Malformed> {
        match scalar(json)? {
            value @ Value::Int(_) => Ok(value),
            _ if self.holds == Holds::Number => Err(Malformed::at("", "must be a whole number")),
            value => Ok(value),
        }
    }
}

/// The node's conditions, all of which must hold.
pub(super) fn compare(node: &Node, fact: &Comparison) -> Result<Condition, Malformed> {
    each(node, |operator, values| one(operator, values, fact))
}

/// Whether a list fact holds the node's values.
pub(super) fn membership(node: &Node, path: &str) -> Result<Condition, Malformed> {
    each(node, |operator, values| {
        let texts = all(values, text)?;
        let any = Condition::any(
            texts
                .into_iter()
                .map(|text| Condition::holds(path, text.as_str())),
        );
        match operator {
            "$is" | "$in" => Ok(any),
            "$is_not" | "$not_in" => Ok(Condition::Not(Box::new(any))),
            other => Err(unknown(other)),
        }
    })
}

/// Whether a list fact holds any of these. There may be none of them, which is a plain no.
pub(super) fn listed(node: &Node, path: &str) -> Result<Condition, Malformed> {
    each(node, |operator, values| one_listed(operator, values, path))
}

fn one_listed(operator: &str, values: &[Json], path: &str) -> Result<Condition, Malformed> {
    let known = Condition::Known(path.into());
    let any = || {
        let texts = all(values, text)?.into_iter();
        let each = texts.map(|text| Condition::holds(path, text));
        Ok(Condition::all([known.clone(), Condition::any(each)]))
    };
    Ok(match operator {
        "$is" | "$in" | "$contains" => any()?,
        "$is_not" | "$not_in" | "$not_contain" => Condition::Not(Box::new(any()?)),
        "$has_value" => known,
        "$is_unknown" => Condition::Not(Box::new(known)),
        other => return Err(unknown(other)),
    })
}

/// All conditions of a node, each with its place.
pub(super) fn each(
    node: &Node,
    translate: impl Fn(&str, &[Json]) -> Result<Condition, Malformed>,
) -> Result<Condition, Malformed> {
    if node.conditions.is_empty() {
        return Err(Malformed::at("/conditions", "is required"));
    }
    let parts = node.conditions.iter().map(|(operator, values)| {
        let within = |wrong: Malformed| wrong.under(operator).under("conditions");
        if values.len() > MAX_VALUES {
            return Err(within(Malformed::at(
                "",
                format!("more than {MAX_VALUES} values"),
            )));
        }
        translate(operator, values).map_err(within)
    });
    parts.collect::<Result<Vec<_>, _>>().map(Condition::all)
}

pub(super) fn one(
    operator: &str,
    values: &[Json],
    fact: &Comparison,
) -> Result<Condition, Malformed> {
    if let (Holds::Anything, Term::Fact(path)) = (fact.holds, &fact.term)
        && let Some(condition) = beyond_scalars((operator, values), path)?
    {
        return Ok(condition);
    }
    let first = || {
        let value = values
            .first()
            .ok_or_else(|| Malformed::at("", "needs a value"))?;
        fact.value(value).map_err(|wrong| wrong.under("0"))
    };
    let number = || match first()? {
        value @ (Value::Int(_) | Value::Fraction(_)) => Ok(value),
        _ => Err(Malformed::at("/0", "must be a number")),
    };
    let word = || match first()? {
        value @ Value::Text(_) => Ok(value),
        _ => Err(Malformed::at("/0", "must be a text")),
    };
    let among = || {
        let list = Value::List(all(values, |value| fact.value(value))?);
        Ok(Condition::Test {
            left: fact.term.clone(),
            op: Op::In,
            right: Term::Value(list),
        })
    };
    Ok(match operator {
        "$is" => fact.against(Op::Equal, first()?),
        "$is_not" => fact.against(Op::NotEqual, first()?),
        "$in" => among()?,
        "$not_in" => Condition::Not(Box::new(among()?)),
        "$less_than" => fact.against(Op::Less, number()?),
        "$less_than_or_equal" | "$less_than_equal" => fact.against(Op::AtMost, number()?),
        "$more_than" => fact.against(Op::More, number()?),
        "$more_than_or_equal" | "$greater_than_or_equal" | "$more_than_equal" => {
            fact.against(Op::AtLeast, number()?)
        }
        "$starts_with" => fact.against(Op::StartsWith, word()?),
        "$ends_with" => fact.against(Op::EndsWith, word()?),
        "$contains" => fact.against(Op::Contains, word()?),
        "$not_contain" => Condition::Not(Box::new(fact.against(Op::Contains, word()?))),
        "$has_value" => fact.known()?,
        "$is_unknown" => Condition::Not(Box::new(fact.known()?)),
        other => return Err(unknown(other)),
    })
}

/// What is asked of a list or of an instant; `None` where it is asked of a scalar.
fn beyond_scalars(
    (operator, values): (&str, &[Json]),
    path: &Path,
) -> Result<Option<Condition>, Malformed> {
    let size = |op: Op| {
        let wrong = || Malformed::at("/0", "must be a whole number, not negative");
        let size = values.first().and_then(Json::as_u64);
        let size = size.and_then(|size| i64::try_from(size).ok());
        Ok(Some(Condition::Test {
            left: Term::Size(path.clone()),
            op,
            right: Term::Value(Value::Int(size.ok_or_else(wrong)?)),
        }))
    };
    match operator {
        "$count" => size(Op::Equal),
        "$count_more" => size(Op::More),
        "$count_less" => size(Op::Less),
        "$not_intersect" => {
            let items = all(values, scalar)?.into_iter();
            let held = items.map(|item| Condition::holds(path.clone(), item));
            Ok(Some(Condition::Not(Box::new(Condition::any(held)))))
        }
        "$not_differ" => all(values, scalar).map(|items| Some(same(path, items))),
        "$more_than"
        | "$more_than_or_equal"
        | "$greater_than_or_equal"
        | "$less_than"
        | "$less_than_or_equal"
        | "$more_than_equal"
        | "$less_than_equal"
            if !dates::is_instant(values.first()) =>
        {
            Ok(None)
        }
        _ => dates::one(operator, values, path.as_str()),
    }
}

/// The list has these items, each once, in whatever order.
fn same(path: &Path, mut items: Vec<Value>) -> Condition {
    items.sort_unstable();
    items.dedup();
    let size = Condition::Test {
        left: Term::Size(path.clone()),
        op: Op::Equal,
        right: Term::Value(Value::Int(i64::try_from(items.len()).unwrap_or(i64::MAX))),
    };
    let held = items
        .into_iter()
        .map(|item| Condition::holds(path.clone(), item));
    Condition::all(std::iter::once(size).chain(held))
}

pub(super) fn unknown(operator: &str) -> Malformed {
    Malformed::at("", format!("{operator} is not supported yet here"))
}

/// Every value, each with its place; none is an error.
pub(super) fn all<T>(
    values: &[Json],
    read: impl Fn(&Json) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    if values.is_empty() {
        return Err(Malformed::at("", "needs a value"));
    }
    let place = |(index, value): (usize, &Json)| {
        read(value).map_err(|wrong| wrong.under(&index.to_string()))
    };
    values.iter().enumerate().map(place).collect()
}

pub(super) fn text(json: &Json) -> Result<String, Malformed> {
    json.as_str()
        .map(str::to_owned)
        .ok_or_else(|| Malformed::at("", "must be a text"))
}

fn scalar(json: &Json) -> Result<Value, Malformed> {
    let wrong = || Malformed::at("", "must be a text, a flag or a number");
    let too_fine = || {
        let detail = "a number has at most 17 digits, and 30 of them after the point";
        Malformed::at("", detail)
    };
    match json {
        Json::Bool(flag) => Ok(Value::Bool(*flag)),
        Json::String(text) => Ok(Value::Text(text.as_str().into())),
        Json::Number(number) => Value::number(&number.to_string()).ok_or_else(too_fine),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(wrong()),
    }
}
