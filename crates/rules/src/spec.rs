//! What does a condition mean? The slow plain meaning, which every faster path must equal.

use crate::{
    Condition, Facts, Fold, Op, Operator, Path, Term, Value, Verdict, ZONE, clock,
    condition::LINES, fraction,
};

/// The facts a condition is read against: those of the moment and, inside a question about
/// lines, those of one line.
#[derive(Clone, Copy)]
struct Scope<'f> {
    facts: &'f Facts,
    line: Option<&'f Facts>,
}

impl<'f> Scope<'f> {
    fn get(&self, path: &Path) -> Result<&'f Value, Path> {
        let facts = match self.line {
            Some(line) if path.as_str().starts_with("line.") => line,
            _ => self.facts,
        };
        facts.get(path.as_str()).ok_or_else(|| path.clone())
    }

    fn lines(&self) -> Result<impl Iterator<Item = Scope<'f>>, Path> {
        let facts = self.facts;
        if !facts.knows_lines() {
            return Err(LINES.into());
        }
        Ok(facts.lines().iter().map(move |line| Scope {
            facts,
            line: Some(line),
        }))
    }
}

impl Condition {
    /// What these facts say of this condition.
    ///
    /// The logic is that of Kleene (1938): a missing fact leaves `All` open unless another part
    /// fails, and `Any` open unless another part is met. A fact of another type than its test
    /// needs, a division by zero and an overflow count as missing.
    #[must_use]
    pub fn evaluate(&self, facts: &Facts) -> Verdict {
        judge(self, Scope { facts, line: None })
    }
}

fn judge(condition: &Condition, scope: Scope<'_>) -> Verdict {
    match condition {
        Condition::Always => Verdict::Met,
        Condition::All(parts) => all(parts.iter().map(|part| judge(part, scope))),
        Condition::Any(parts) => {
            any(parts.iter().map(|part| judge(part, scope))).unwrap_or_else(|| never(condition))
        }
        Condition::Not(inner) => match judge(inner, scope) {
            Verdict::Met => never(inner),
            Verdict::NotMet(_) => Verdict::Met,
            unknown @ Verdict::Unknown(_) => unknown,
        },
        Condition::Test { left, op, right } => match holds(left, *op, right, scope) {
            Ok(true) => Verdict::Met,
            Ok(false) => never(condition),
            Err(path) => Verdict::Unknown(path),
        },
        Condition::Known(path) => match scope.get(path) {
            Ok(_) => Verdict::Met,
            Err(path) => Verdict::NotMet(path),
        },
        Condition::AnyLine(inner) => match scope.lines() {
            Err(path) => Verdict::Unknown(path),
            Ok(lines) => any(lines.map(|line| judge(inner, line)))
                .unwrap_or_else(|| Verdict::NotMet(LINES.into())),
        },
        Condition::EveryLine(inner) => match scope.lines() {
            Err(path) => Verdict::Unknown(path),
            Ok(lines) => all(lines.map(|line| judge(inner, line))),
        },
    }
}

/// One test alone, inside a question about lines or not; `None` when a fact is missing.
pub(crate) fn test(
    (left, op, right): (&Term, Op, &Term),
    facts: &Facts,
    line: Option<&Facts>,
) -> Option<bool> {
    holds(left, op, right, Scope { facts, line }).ok()
}

/// The first that is not met, else the first unknown, else met.
fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut answer = Verdict::Met;
    for verdict in verdicts {
        match verdict {
            Verdict::NotMet(_) => return verdict,
            Verdict::Unknown(_) if answer == Verdict::Met => answer = verdict,
            _ => {}
        }
    }
    answer
}

/// Met when one is, else the first unknown, else the first that is not met; none at all is `None`.
fn any(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    let mut answer = None;
    for verdict in verdicts {
        match (&verdict, &answer) {
            (Verdict::Met, _) => return Some(verdict),
            (_, None) | (Verdict::Unknown(_), Some(Verdict::NotMet(_))) => answer = Some(verdict),
            _ => {}
        }
    }
    answer
}

/// Not met, named by the first fact read; the constant `false` reads none.
fn never(condition: &Condition) -> Verdict {
    Verdict::NotMet(condition.first_read().unwrap_or_else(|| "false".into()))
}

/// The path is that of the fact without which there is no answer.
fn holds(left: &Term, op: Op, right: &Term, scope: Scope<'_>) -> Result<bool, Path> {
    let (a, b) = (value(left, scope)?, value(right, scope)?);
    let answer = match op {
        Op::Equal => equal(&a, &b),
        Op::NotEqual => equal(&a, &b).map(|same| !same),
        Op::Less => order(&a, &b).map(|order| order.is_lt()),
        Op::AtMost => order(&a, &b).map(|order| order.is_le()),
        Op::More => order(&a, &b).map(|order| order.is_gt()),
        Op::AtLeast => order(&a, &b).map(|order| order.is_ge()),
        Op::In => is_in(&a, &b),
        Op::StartsWith => texts(&a, &b).map(|(a, b)| a.starts_with(b)),
        Op::EndsWith => texts(&a, &b).map(|(a, b)| a.ends_with(b)),
        Op::Contains => texts(&a, &b).map(|(a, b)| a.contains(b)),
    };
    let blamed = || left.first_read().or_else(|| right.first_read());
    answer.ok_or_else(|| blamed().unwrap_or_else(|| "false".into()))
}

fn value(term: &Term, scope: Scope<'_>) -> Result<Value, Path> {
    match term {
        Term::Value(value) => Ok(value.clone()),
        Term::Fact(path) => scope.get(path).cloned(),
        Term::Lines(inner) => count(inner, scope),
        Term::Folded { fold, path, lines } => folded(*fold, path, lines, scope),
        Term::Size(path) => match scope.get(path)? {
            Value::List(items) => i64::try_from(items.len())
                .map(Value::Int)
                .map_err(|_| path.clone()),
            _ => Err(path.clone()),
        },
        Term::Told { clock, of } => {
            let (at, zone) = (value(of, scope)?, scope.get(&ZONE.into())?);
            let blamed = || of.first_read().unwrap_or_else(|| ZONE.into());
            clock::tell(*clock, &at, zone).ok_or_else(blamed)
        }
        Term::Sum {
            left,
            operator,
            right,
        } => {
            let (a, b) = (value(left, scope)?, value(right, scope)?);
            calculate(&a, *operator, &b)
                .ok_or_else(|| term.first_read().unwrap_or_else(|| "false".into()))
        }
    }
}

/// One line of which nothing can be said leaves the count open.
fn count(inner: &Condition, scope: Scope<'_>) -> Result<Value, Path> {
    let mut met = 0;
    for line in scope.lines()? {
        match judge(inner, line) {
            Verdict::Met => met += 1,
            Verdict::NotMet(_) => {}
            Verdict::Unknown(path) => return Err(path),
        }
    }
    Ok(Value::Int(met))
}

/// One line of which nothing can be said, or whose number is not known, leaves the whole open.
fn folded(fold: Fold, path: &Path, of: &Condition, scope: Scope<'_>) -> Result<Value, Path> {
    let mut number = fold.start();
    for line in scope.lines()? {
        match judge(of, line) {
            Verdict::Met => match line.get(path)? {
                Value::Int(next) => {
                    number = Some(fold.add(number, *next).ok_or_else(|| path.clone())?);
                }
                _ => return Err(path.clone()),
            },
            Verdict::NotMet(_) => {}
            Verdict::Unknown(unknown) => return Err(unknown),
        }
    }
    number.map(Value::Int).ok_or_else(|| LINES.into())
}

fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::List(_), _) | (_, Value::List(_)) => None,
        // A number that is whole is never one that is not.
        _ => is_alike(a, b).then(|| a == b),
    }
}

fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => {
            Some(a.cmp(b))
        }
        _ => fraction::order(a, b),
    }
}

/// Whether both are of one type, be they numbers that are whole or not.
pub(crate) fn is_alike(a: &Value, b: &Value) -> bool {
    let is_number = |value: &Value| matches!(value, Value::Int(_) | Value::Fraction(_));
    std::mem::discriminant(a) == std::mem::discriminant(b) || is_number(a) && is_number(b)
}

/// Items of other types than the value are simply other values.
fn is_in(item: &Value, list: &Value) -> Option<bool> {
    match (item, list) {
        (Value::List(_), _) => None,
        (_, Value::List(items)) => Some(items.contains(item)),
        _ => None,
    }
}

fn texts<'v>(a: &'v Value, b: &'v Value) -> Option<(&'v str, &'v str)> {
    Some((a.as_text()?, b.as_text()?))
}

/// Whole-number arithmetic; `None` when the types do not fit, on overflow and division by zero.
pub(crate) fn calculate(a: &Value, operator: Operator, b: &Value) -> Option<Value> {
    use Operator::{Minus, Modulo, Over, Plus, Times};
    use Value::{Duration, Int, Time};
    match (a, operator, b) {
        (Int(a), Plus, Int(b)) => a.checked_add(*b).map(Int),
        (Int(a), Minus, Int(b)) => a.checked_sub(*b).map(Int),
        (Int(a), Times, Int(b)) => a.checked_mul(*b).map(Int),
        (Int(a), Over, Int(b)) => a.checked_div(*b).map(Int),
        (Int(a), Modulo, Int(b)) => a.checked_rem(*b).map(Int),
        (Time(a), Minus, Time(b)) => a.checked_sub(*b).map(Duration),
        (Time(a), Plus, Duration(b)) | (Duration(a), Plus, Time(b)) => a.checked_add(*b).map(Time),
        (Time(a), Minus, Duration(b)) => a.checked_sub(*b).map(Time),
        (Duration(a), Plus, Duration(b)) => a.checked_add(*b).map(Duration),
        (Duration(a), Minus, Duration(b)) => a.checked_sub(*b).map(Duration),
        _ => None,
    }
}
