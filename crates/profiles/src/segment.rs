//! Does a customer belong to a named group, as far as is known?

use rules::{Condition, Facts, Verdict};
use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SegmentId(pub u64);

/// A named condition over customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub id: SegmentId,
    pub name: String,
    pub condition: Condition,
}

/// Unknown is an answer of its own: a customer about whom a fact is missing is no member, and
/// no member of the opposite either.
#[must_use]
pub fn member(segment: &Segment, facts: &Facts) -> Verdict {
    segment.condition.evaluate(facts)
}

#[cfg(test)]
mod tests;
