//! What a condition can read: named values, and the lines of an order.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::Fraction;

/// Milliseconds since the Unix epoch, UTC.
pub type Timestamp = i64;

/// The dotted name of a fact, as it is written in a condition: `customer.tier`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Path(Arc<str>);

impl Path {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Path {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl std::borrow::Borrow<str> for Path {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value of a fact. Numbers are whole, money in minor units and shares in ppm, but for what a
/// shop says of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Text(Arc<str>),
    Time(Timestamp),
    /// Milliseconds.
    Duration(i64),
    List(Vec<Value>),
    Fraction(Fraction),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<&Arc<str>> for Value {
    fn from(value: &Arc<str>) -> Self {
        Self::Text(Arc::clone(value))
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl Value {
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }
}

/// Facts about one moment. An absent fact is unknown, never a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    values: BTreeMap<Path, Value>,
    /// Absent when no order is known, which is not an order without lines.
    lines: Option<Vec<Facts>>,
}

impl Facts {
    /// Of what nothing is known.
    pub const NONE: &'static Self = &Self::none();

    /// Nothing is known.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            values: BTreeMap::new(),
            lines: None,
        }
    }

    pub fn set(&mut self, path: impl Into<Path>, value: impl Into<Value>) {
        self.values.insert(path.into(), value.into());
    }

    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.values.get(path)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Value)> {
        self.values.iter()
    }

    /// How many named values there are, lines not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.lines.is_none()
    }

    /// Forgets a value, as a missing consent demands.
    pub fn remove(&mut self, path: &str) -> Option<Value> {
        self.values.remove(path)
    }

    /// The lines of the order, each with facts of its own (`line.sku`, `line.category`);
    /// none when no order is known.
    #[must_use]
    pub fn lines(&self) -> &[Facts] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// Whether the lines of an order are known at all, be there none.
    #[must_use]
    pub fn knows_lines(&self) -> bool {
        self.lines.is_some()
    }

    pub fn push_line(&mut self, line: Facts) {
        self.lines.get_or_insert_default().push(line);
    }

    /// Makes these the lines of the order.
    pub fn set_lines(&mut self, lines: Vec<Facts>) {
        self.lines = Some(lines);
    }

    /// Takes over all values and lines of `other`; where both know a value, `other` wins.
    pub fn extend(&mut self, other: Facts) {
        self.values.extend(other.values);
        if let Some(lines) = other.lines {
            self.lines.get_or_insert_default().extend(lines);
        }
    }
}

impl<P: Into<Path>, V: Into<Value>> FromIterator<(P, V)> for Facts {
    fn from_iter<I: IntoIterator<Item = (P, V)>>(values: I) -> Self {
        let values = values
            .into_iter()
            .map(|(path, value)| (path.into(), value.into()));
        Self {
            values: values.collect(),
            lines: None,
        }
    }
}
