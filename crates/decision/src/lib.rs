//! Who gets which offer, if any? One pure function: no clock, no dice, no database inside.
//!
//! Knows nothing of protocols or storage.
mod types;

pub use types::{
    Bar, Decision, DecisionId, Fate, Grant, GrantState, Guardrail, Policy, Remaining, Request,
    SnapshotId,
};
