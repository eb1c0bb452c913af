//! Why this, and what would change it? Answers from the trace alone, for three readers.

use serde::{Deserialize, Serialize};

use crate::{Decision, Request, Snapshot};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// At most three plain sentences; never of margins, risk or protected facts.
    pub shopper: Vec<String>,
    /// One line for the decision and one for each offer considered.
    pub support: Vec<String>,
    /// Everything, one line each.
    pub auditor: Vec<AuditLine>,
}

/// One finding of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// The step it belongs to: `arm`, `eligible`, `guarded`, `scored`, `chosen` or `record`.
    pub step: String,
    /// What it is about: an offer's number, or the decision's.
    pub subject: String,
    /// Stable snake_case code.
    pub code: String,
    pub detail: String,
}

/// Explains a decision that was made of this snapshot and request.
#[must_use]
pub fn explain(_snapshot: &Snapshot, _request: &Request, _decision: &Decision) -> Explanation {
    Explanation {
        shopper: Vec::new(),
        support: Vec::new(),
        auditor: Vec::new(),
    }
}
