//! What a condition can read: named values, and the lines of an order.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

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

/// The value of a fact. Numbers are whole: money in minor units, shares in ppm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Text(Arc<str>),
    Time(Timestamp),
    /// Milliseconds.
    Duration(i64),
    List(Vec<Value>),
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

/// Facts about one moment. An absent fact is unknown, never a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    values: BTreeMap<Path, Value>,
    lines: Vec<Facts>,
}

impl Facts {
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

    /// The lines of the order, each with facts of its own (`line.sku`, `line.category`).
    #[must_use]
    pub fn lines(&self) -> &[Facts] {
        &self.lines
    }

    pub fn push_line(&mut self, line: Facts) {
        self.lines.push(line);
    }

    /// Takes over all values and lines of `other`; where both know a value, `other` wins.
    pub fn extend(&mut self, other: Facts) {
        self.values.extend(other.values);
        self.lines.extend(other.lines);
    }
}
