//! The closed set of conditions.

use serde::{Deserialize, Serialize};

use crate::{Facts, Path};

/// Placeholder shape: to be completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    Always,
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// Three answers, not two: a missing fact is neither yes nor no, and `Not` keeps it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Met,
    /// The path of the first test that failed, in the order written.
    NotMet(Path),
    /// The first fact that is missing.
    Unknown(Path),
}

/// Why a text is not a condition, with the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Byte offset in the source.
    pub at: usize,
    /// Stable snake_case code.
    pub code: &'static str,
    /// A sentence a person can act on.
    pub message: String,
}

impl Condition {
    /// What these facts say of this condition.
    #[must_use]
    pub fn evaluate(&self, _facts: &Facts) -> Verdict {
        Verdict::Met
    }
}
