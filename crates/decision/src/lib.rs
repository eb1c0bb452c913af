//! Who gets which offer, if any? One pure function: no clock, no dice, no database inside.
//!
//! Knows nothing of protocols or storage.
mod decide;
mod draw;
mod explain;
mod guard;
mod score;
mod snapshot;
pub mod spec;
mod types;

pub use decide::{Trace, decide, replay, trace};
pub use draw::draw_of;
pub use explain::{AuditLine, Explanation, explain, explain_given};
pub use snapshot::{Configuration, Invalid, MAX_ARMS, MAX_POLICY_OFFERS, Snapshot, candidates};
pub use types::{
    Bar, Decision, DecisionId, Fate, Grant, GrantState, Guardrail, Policy, Remaining, Request,
    SnapshotId,
};
