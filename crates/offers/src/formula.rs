//! What number does a discount have that is counted for each order? The formula language of
//! Voucherify's dynamic discounts, exact to 28 digits and without a clock: the moment is a fact.
//!
//! Money is in major units, as shops write it (`ORDER_AMOUNT > 150`). What cannot be counted (a
//! fact that is not known, a text where a number is needed, a division by zero) has no value, and
//! the discount then falls back on its plain number.

mod count;
mod parse;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rules::Path;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use parse::NotAFormula;

pub(crate) use count::Known;

/// A formula, read once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Formula {
    text: Arc<str>,
    root: Node,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(Decimal),
    Text(Arc<str>),
    /// What is known of the customer, the order, the line or the moment.
    Fact(Path),
    /// An amount of money among the facts, in minor units there.
    Money(Path),
    /// The day that it is.
    Today,
    /// Of the cheapest or dearest line in scope.
    Of(Line, Box<Node>),
    Not(Box<Node>),
    Negative(Box<Node>),
    Binary(Operator, Box<(Node, Node)>),
    Call(Function, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Cheapest,
    Dearest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
    Or,
    And,
    Equal,
    More,
    Less,
    AtLeast,
    AtMost,
    Contains,
    StartsWith,
    EndsWith,
    In,
    Since(Unit),
    IsAfter,
    IsBefore,
    IsDay,
}

/// What time is counted in, by the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Days,
    Months,
    Years,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Min,
    Max,
    Pow,
    If,
    DefaultTo,
    Round,
    Floor,
    Ceil,
    Switch,
    /// A pair within [`Function::Switch`].
    Case,
    Date,
    DayOfMonth,
    Month,
    Year,
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// The place, and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, NotAFormula> {
        let root = parse::parse(text)?;
        let text = text.into();
        Ok(Self { text, root })
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Visits every fact that it may read; of a line those under `line.`.
    pub fn each_read(&self, visit: &mut dyn FnMut(&Path)) {
        self.root.each_read(visit);
    }
}

impl Node {
    fn each_read(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Self::Number(_) | Self::Text(_) => {}
            Self::Fact(path) | Self::Money(path) => visit(path),
            Self::Of(_, inner) | Self::Not(inner) | Self::Negative(inner) => inner.each_read(visit),
            Self::Binary(_, sides) => {
                sides.0.each_read(visit);
                sides.1.each_read(visit);
            }
            Self::Today => visit(&NOW.into()),
            Self::Call(_, inner) => inner.iter().for_each(|inner| inner.each_read(visit)),
        }
    }
}

/// The fact that is the moment.
const NOW: &str = "now";

/// Two are the same where they are written the same.
impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Formula {}

impl From<Formula> for String {
    fn from(formula: Formula) -> Self {
        formula.text.to_string()
    }
}

impl TryFrom<String> for Formula {
    type Error = NotAFormula;

    fn try_from(text: String) -> Result<Self, NotAFormula> {
        Self::parse(&text)
    }
}
