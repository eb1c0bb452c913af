//! What is owed? Accounts, pending and posted transfers, limits.
//!
//! Knows nothing of promotions, customers, rules or storage.
#![deny(clippy::float_arithmetic)]

mod account;
mod allocate;
mod apply;
mod book;
mod reverse;
mod transfer;

pub use account::{Account, AccountId, Asset, Balance, Currency, Limit};
pub use allocate::allocate;
pub use apply::apply;
pub use book::{Book, FUNDING_LINES, Opening, Sums, Totals};
pub use reverse::{Part, expire, reverse, reverse_part, reverse_sum};
pub use transfer::{Code, Kind, PendingState, Rejection, Transfer, TransferId};

/// Milliseconds since the Unix epoch, UTC.
pub type Timestamp = i64;

/// Whole minor units of one asset (cents, points, uses, touches); never negative.
pub type Minor = u64;

#[cfg(test)]
mod tests;
