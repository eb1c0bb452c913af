//! Who qualifies? CEL text becomes a [`Condition`], a condition a typed program,
//! and all live conditions one index.
//!
//! Knows nothing of money, customers, offers or storage.

mod condition;
mod facts;

pub use condition::{Condition, Diagnostic, Verdict};
pub use facts::{Facts, Path, Timestamp, Value};
