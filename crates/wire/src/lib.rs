//! Which languages do we speak? Voucherify, Segment, problem details and our own shapes of
//! decisions, each translated to our types and back.
//!
//! Knows nothing of storage, HTTP or clocks: bytes in, domain types out, and the other way.

pub mod decimal;
pub mod decisions;
pub mod ids;
mod parse;
pub mod problem;
pub mod segment;
pub mod time;
pub mod voucherify;

pub use parse::{Malformed, parse};
