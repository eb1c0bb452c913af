//! Which facts may a condition read, and of which type are they?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Clock, Condition, Diagnostic, LINES, Op, Operator, Path, Term, Value, parse};

/// The type of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    Bool,
    Int,
    Text,
    Time,
    Duration,
    Texts,
    Ints,
    /// What no declared fact is, and a constant may be.
    Fraction,
    Fractions,
}

impl Type {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(_) => Some(Self::Bool),
            Value::Int(_) => Some(Self::Int),
            Value::Text(_) => Some(Self::Text),
            Value::Time(_) => Some(Self::Time),
            Value::Duration(_) => Some(Self::Duration),
            Value::Fraction(_) => Some(Self::Fraction),
            Value::List(items) if items.iter().any(|item| matches!(item, Value::Fraction(_))) => {
                Some(Self::Fractions)
            }
            Value::List(items) => match items.first()? {
                Value::Text(_) => Some(Self::Texts),
                Value::Int(_) => Some(Self::Ints),
                _ => None,
            },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Text => "a text",
            Self::Time => "a timestamp",
            Self::Duration => "a duration",
            Self::Texts => "a list of texts",
            Self::Ints => "a list of whole numbers",
            Self::Fraction => "a fraction",
            Self::Fractions => "a list with fractions",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Declared {
    of: Type,
    protected: bool,
}

/// The facts that are declared, and the prefixes under which anything may come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    facts: BTreeMap<Path, Declared>,
    open: Vec<Path>,
}

impl Schema {
    /// Declares a fact.
    #[must_use]
    pub fn fact(mut self, path: impl Into<Path>, of: Type) -> Self {
        self.facts.insert(
            path.into(),
            Declared {
                of,
                protected: false,
            },
        );
        self
    }

    /// Declares a fact that no condition may read.
    #[must_use]
    pub fn protected(mut self, path: impl Into<Path>, of: Type) -> Self {
        self.facts.insert(
            path.into(),
            Declared {
                of,
                protected: true,
            },
        );
        self
    }

    /// Declares that facts of any name and type may come under this prefix: `customer.metadata.`
    #[must_use]
    pub fn open(mut self, prefix: impl Into<Path>) -> Self {
        self.open.push(prefix.into());
        self
    }

    /// The declared type of a fact; `None` when it is not declared or may be of any type.
    #[must_use]
    pub fn type_of(&self, path: &str) -> Option<Type> {
        self.facts.get(path).map(|declared| declared.of)
    }

    /// Every declared fact that a condition may read, for pages that list them.
    pub fn facts(&self) -> impl Iterator<Item = (&Path, Type)> {
        let readable = self
            .facts
            .iter()
            .filter(|(_, declared)| !declared.protected);
        readable.map(|(path, declared)| (path, declared.of))
    }

    /// Parses and checks a text.
    ///
    /// # Errors
    /// Every refusal found, each with its byte offset.
    pub fn parse(&self, text: &str) -> Result<Condition, Vec<Diagnostic>> {
        let (condition, places) = parse::parse_with_places(text)?;
        let refusals = self.refusals(&condition);
        if refusals.is_empty() {
            return Ok(condition);
        }
        let placed = refusals.into_iter().map(|(path, refusal)| {
            let at = places.get(&path).copied().unwrap_or_default();
            Diagnostic { at, ..refusal }
        });
        Err(placed.collect())
    }

    fn refusals(&self, condition: &Condition) -> Vec<(Path, Diagnostic)> {
        let mut checking = Checking {
            schema: self,
            refusals: Vec::new(),
        };
        checking.condition(condition);
        checking.refusals
    }

    /// The declared name most like this one, when one is near (Levenshtein 1966).
    fn nearest(&self, path: &Path) -> Option<&Path> {
        let readable = self
            .facts
            .iter()
            .filter(|(_, declared)| !declared.protected);
        let near = readable.map(|(other, _)| (distance(path.as_str(), other.as_str()), other));
        let (distance, nearest) = near.min()?;
        (distance <= 2 + path.as_str().len() / 6).then_some(nearest)
    }
}

/// Whether the condition reads only what the schema declares, as it is declared.
///
/// # Errors
/// Every refusal found. A condition has no text, so `at` is 0; [`Schema::parse`] knows the place.
pub fn check(condition: &Condition, schema: &Schema) -> Result<(), Vec<Diagnostic>> {
    let refusals: Vec<_> = schema
        .refusals(condition)
        .into_iter()
        .map(|(_, refusal)| refusal)
        .collect();
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(refusals)
    }
}

struct Checking<'s> {
    schema: &'s Schema,
    refusals: Vec<(Path, Diagnostic)>,
}

impl Checking<'_> {
    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Always => {}
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            Condition::Not(inner) | Condition::AnyLine(inner) | Condition::EveryLine(inner) => {
                self.condition(inner)
            }
            Condition::Known(path) => {
                self.fact(path);
            }
            Condition::Test { left, op, right } => self.test(left, *op, right),
        }
    }

    /// Sides of a type that is not known fit anything.
    fn test(&mut self, left: &Term, op: Op, right: &Term) {
        let (Some(a), b) = (self.term(left), self.term(right)) else {
            return;
        };
        let Some(b) = b else {
            return;
        };
        let numeric = matches!(a, Type::Int | Type::Time | Type::Duration);
        let list = |of| matches!(of, Type::Texts | Type::Ints);
        let fits = match op {
            Op::Equal | Op::NotEqual => a == b && !list(a),
            Op::Less | Op::AtMost | Op::More | Op::AtLeast => a == b && numeric,
            Op::In => matches!((a, b), (Type::Text, Type::Texts) | (Type::Int, Type::Ints)),
            Op::StartsWith | Op::EndsWith | Op::Contains => a == b && a == Type::Text,
        };
        if !fits {
            let sides = format!("`{left}` is {} and `{right}` is {}", a.name(), b.name());
            self.mismatch(left, right, &sides);
        }
    }

    fn term(&mut self, term: &Term) -> Option<Type> {
        match term {
            Term::Value(value) => Type::of(value),
            Term::Fact(path) => self.fact(path),
            Term::Lines(inner) => {
                self.condition(inner);
                Some(Type::Int)
            }
            Term::Folded { path, lines, .. } => {
                self.condition(lines);
                let of = self.fact(path);
                self.fitting(term, (of, |of| of == Type::Int));
                Some(Type::Int)
            }
            Term::Size(path) => {
                let of = self.fact(path);
                self.fitting(term, (of, |of| matches!(of, Type::Texts | Type::Ints)));
                Some(Type::Int)
            }
            Term::Told { clock, of } => {
                let of = self.term(of);
                self.fitting(term, (of, |of| matches!(of, Type::Text | Type::Time)));
                Some(match clock {
                    Clock::Moment => Type::Time,
                    _ => Type::Int,
                })
            }
            Term::Sum {
                left,
                operator,
                right,
            } => {
                let (a, b) = (self.term(left), self.term(right));
                let (a, b) = (a?, b?);
                let result = result_of(a, *operator, b);
                if result.is_none() {
                    let sides = format!("`{left}` is {} and `{right}` is {}", a.name(), b.name());
                    self.mismatch(left, right, &sides);
                }
                result
            }
        }
    }

    /// What a term reads must fit it; a type that is not known fits anything.
    fn fitting(&mut self, term: &Term, (of, fits): (Option<Type>, fn(Type) -> bool)) {
        if let Some(other) = of.filter(|of| !fits(*of)) {
            let sides = format!("`{term}` reads {}", other.name());
            self.mismatch(term, term, &sides);
        }
    }

    fn mismatch(&mut self, left: &Term, right: &Term, sides: &str) {
        let path = left.first_read().or_else(|| right.first_read());
        let message = format!("This does not fit together: {sides}.");
        self.refuse(
            &path.unwrap_or_else(|| LINES.into()),
            "type_mismatch",
            message,
        );
    }

    fn fact(&mut self, path: &Path) -> Option<Type> {
        match self.schema.facts.get(path) {
            Some(declared) if declared.protected => {
                let message = format!("`{path}` is protected: no condition may read it.");
                self.refuse(path, "protected_fact", message);
                None
            }
            Some(declared) => Some(declared.of),
            None => {
                let mut open = self.schema.open.iter();
                if !open.any(|prefix| path.as_str().starts_with(prefix.as_str())) {
                    let message = match self.schema.nearest(path) {
                        Some(near) => format!("There is no fact `{path}`; is it `{near}`?"),
                        None => format!("There is no fact `{path}`."),
                    };
                    self.refuse(path, "unknown_fact", message);
                }
                None
            }
        }
    }

    fn refuse(&mut self, path: &Path, code: &'static str, message: String) {
        let refusal = (
            path.clone(),
            Diagnostic {
                at: 0,
                code,
                message,
            },
        );
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}

fn result_of(a: Type, operator: Operator, b: Type) -> Option<Type> {
    use Operator::{Minus, Plus};
    use Type::{Duration, Int, Time};
    match (a, operator, b) {
        (Int, _, Int) => Some(Int),
        (Time, Minus, Time) | (Duration, Plus | Minus, Duration) => Some(Duration),
        (Time, Plus | Minus, Duration) | (Duration, Plus, Time) => Some(Time),
        _ => None,
    }
}

/// How many letters to add, drop or change (Levenshtein 1966), row by row (Wagner, Fischer 1974).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let pairs = row.iter().zip(row.iter().skip(1)).zip(b.chars());
        for ((&diagonal, &above), to) in pairs {
            let left = next.last().copied().unwrap_or_default();
            let change = diagonal + usize::from(from != to);
            next.push(change.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
