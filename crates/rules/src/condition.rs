//! The closed set of conditions: all that a rule, a segment or a scope can say.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Path, Value};

/// The fact that stands for the lines of the order as a whole.
pub const LINES: &str = "order.lines";

/// The fact that names the zone by whose clock instants are told: `Europe/Warsaw`.
pub const ZONE: &str = "zone";

/// A question about facts that has three answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Condition {
    Always,
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// `left op right`.
    Test {
        left: Term,
        op: Op,
        right: Term,
    },
    /// Whether a fact is known; never itself unknown.
    Known(Path),
    /// Some line of the order meets it. Inside, `line.…` reads that line.
    AnyLine(Box<Condition>),
    /// Every line of the order meets it.
    EveryLine(Box<Condition>),
}

/// One side of a test.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Term {
    Value(Value),
    Fact(Path),
    /// How many lines of the order meet the condition.
    Lines(Box<Condition>),
    /// Whole-number arithmetic, also over timestamps and durations.
    Sum {
        left: Box<Term>,
        operator: Operator,
        right: Box<Term>,
    },
    /// The whole numbers under `path` of the lines that meet the condition, as one number.
    Folded {
        fold: Fold,
        path: Path,
        lines: Box<Condition>,
    },
    /// How many items a list fact has.
    Size(Path),
    /// What the clock tells of an instant: of a fact, be it a text that says one, or of a constant.
    Told {
        clock: Clock,
        of: Box<Term>,
    },
}

/// What is told of an instant by the clock of the zone that [`ZONE`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Clock {
    /// The instant itself; of a text that says a day, when the day begins.
    Moment,
    /// Milliseconds since 1970-01-01T00:00 on the wall.
    Wall,
    /// Days since 1970-01-01 on the wall.
    Day,
    /// 0 for Sunday.
    Weekday,
    /// Minutes since midnight on the wall.
    Minute,
}

impl Clock {
    const ALL: [Self; 5] = [
        Self::Moment,
        Self::Wall,
        Self::Day,
        Self::Weekday,
        Self::Minute,
    ];

    /// As conditions write it; no part of CEL itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Moment => "moment",
            Self::Wall => "wall",
            Self::Day => "day",
            Self::Weekday => "weekday",
            Self::Minute => "minute",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.name() == name)
    }
}

/// How many numbers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fold {
    /// None comes to 0.
    Sum,
    /// Of none there is none: unknown.
    Least,
    Greatest,
}

impl Fold {
    pub(crate) const ALL: [Self; 3] = [Self::Sum, Self::Least, Self::Greatest];

    /// As CEL libraries call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Least => "min",
            Self::Greatest => "max",
        }
    }

    pub(crate) fn start(self) -> Option<i64> {
        (self == Self::Sum).then_some(0)
    }

    /// One more number; `None` on overflow.
    pub(crate) fn add(self, so_far: Option<i64>, number: i64) -> Option<i64> {
        let Some(so_far) = so_far else {
            return Some(number);
        };
        match self {
            Self::Sum => so_far.checked_add(number),
            Self::Least => Some(so_far.min(number)),
            Self::Greatest => Some(so_far.max(number)),
        }
    }
}

/// How a test compares its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
    /// The left value is one of the list on the right.
    In,
    StartsWith,
    EndsWith,
    /// The left text contains the right one.
    Contains,
}

impl Op {
    /// The same comparison with its sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            same => same,
        }
    }
}

/// Division and remainder round towards zero, as in CEL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

/// Three answers, not two: a missing fact is neither yes nor no, and `Not` keeps it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Met,
    /// The path of the first test that failed, in the order written.
    NotMet(Path),
    /// The first fact that is missing, or that has another type than the test needs.
    Unknown(Path),
}

impl Verdict {
    #[must_use]
    pub fn is_met(&self) -> bool {
        matches!(self, Self::Met)
    }
}

/// Why a text is not a condition, with the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Byte offset in the source.
    pub at: usize,
    /// Stable snake_case code.
    pub code: &'static str,
    /// A sentence a person can act on.
    pub message: String,
}

impl Condition {
    /// The condition that no facts meet.
    #[must_use]
    pub fn never() -> Self {
        Self::Not(Box::new(Self::Always))
    }

    /// A fact against a value: `customer.tier == "gold"`.
    #[must_use]
    pub fn test(path: impl Into<Path>, op: Op, value: impl Into<Value>) -> Self {
        Self::Test {
            left: Term::Fact(path.into()),
            op,
            right: Term::Value(value.into()),
        }
    }

    /// A value that must be in a list fact: `"dogs" in customer.categories`.
    #[must_use]
    pub fn holds(path: impl Into<Path>, value: impl Into<Value>) -> Self {
        Self::Test {
            left: Term::Value(value.into()),
            op: Op::In,
            right: Term::Fact(path.into()),
        }
    }

    /// All of them, flattened: none is [`Condition::Always`], one is itself.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Condition>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::Always,
            1 => flat.pop().unwrap_or(Self::Always),
            _ => Self::All(flat),
        }
    }

    /// At least one of them, flattened: none is [`Condition::never`], one is itself.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Condition>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::never(),
            1 => flat.pop().unwrap_or_else(Self::never),
            _ => Self::Any(flat),
        }
    }

    /// The same where whatever is not asked about is as it should be: a test stays where all that
    /// it reads is asked about, and is taken as passed where it is not.
    #[must_use]
    pub fn assuming(&self, is_asked: &dyn Fn(&Path) -> bool) -> Self {
        self.taken(true, is_asked)
    }

    fn taken(&self, as_met: bool, is_asked: &dyn Fn(&Path) -> bool) -> Self {
        let parts = |parts: &[Self]| -> Vec<Self> {
            let parts = parts.iter();
            parts.map(|part| part.taken(as_met, is_asked)).collect()
        };
        match self {
            Self::Always => Self::Always,
            Self::All(all) => Self::all(parts(all)),
            Self::Any(any) => Self::any(parts(any)),
            Self::Not(inner) => Self::Not(Box::new(inner.taken(!as_met, is_asked))),
            Self::Test { .. } | Self::Known(_) if self.reads().iter().all(is_asked) => self.clone(),
            Self::AnyLine(_) | Self::EveryLine(_) if is_asked(&LINES.into()) => self.clone(),
            _ if as_met => Self::Always,
            _ => Self::never(),
        }
    }

    /// Every fact it reads; `order.lines` when it asks about lines.
    #[must_use]
    pub fn reads(&self) -> BTreeSet<Path> {
        let mut paths = BTreeSet::new();
        self.each_read(&mut |path| {
            paths.insert(path.clone());
        });
        paths
    }

    /// The first fact it reads, in the order written.
    pub(crate) fn first_read(&self) -> Option<Path> {
        let mut first = None;
        self.each_read(&mut |path| {
            first.get_or_insert_with(|| path.clone());
        });
        first
    }

    /// Visits every fact it reads, as often as it is written.
    pub fn each_read(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Self::Always => {}
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.each_read(visit));
            }
            Self::Not(inner) => inner.each_read(visit),
            Self::Test { left, right, .. } => {
                left.each_read(visit);
                right.each_read(visit);
            }
            Self::Known(path) => visit(path),
            Self::AnyLine(inner) | Self::EveryLine(inner) => {
                visit(&LINES.into());
                inner.each_read(visit);
            }
        }
    }
}

impl Term {
    pub(crate) fn first_read(&self) -> Option<Path> {
        let mut first = None;
        self.each_read(&mut |path| {
            first.get_or_insert_with(|| path.clone());
        });
        first
    }

    fn each_read(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Self::Value(_) => {}
            Self::Fact(path) => visit(path),
            Self::Lines(inner) => {
                visit(&LINES.into());
                inner.each_read(visit);
            }
            Self::Sum { left, right, .. } => {
                left.each_read(visit);
                right.each_read(visit);
            }
            Self::Folded { path, lines, .. } => {
                visit(&LINES.into());
                lines.each_read(visit);
                visit(path);
            }
            Self::Size(path) => visit(path),
            Self::Told { of, .. } => {
                of.each_read(visit);
                visit(&ZONE.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Facts, parse};

    /// Whether a condition is met by a silver customer where only the customer is asked about.
    #[track_caller]
    fn check(text: &str, expected: bool) {
        let facts = Facts::from_iter([("customer.tier", "silver")]);
        let condition = parse(text).unwrap();
        let condition = condition.assuming(&|path| path.as_str().starts_with("customer."));
        assert_eq!(condition.evaluate(&facts).is_met(), expected, "{text}");
    }

    #[test]
    fn what_is_not_asked_about_is_taken_as_it_should_be() {
        check("order.amount > 5", true);
        check("!(order.amount > 5)", true);
        check("customer.tier == 'gold' && order.amount > 5", false);
        check("customer.tier == 'silver' && !(order.amount > 5)", true);
        check("customer.tier == 'gold' || order.amount > 5", true);
        check("!(customer.tier == 'silver' || order.amount > 5)", false);
        check("order.lines.exists(line, line.sku == 'pot')", true);
        check("customer.orders > 5", false);
    }
}
