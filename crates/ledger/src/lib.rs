//! What is owed? Accounts, pending and posted transfers, limits.
//!
//! Knows nothing of promotions, customers, rules or storage.

mod account;
mod book;
mod transfer;

pub use account::{Account, AccountId, Asset, Balance, Currency, Limit};
pub use book::{Book, Opening, apply};
pub use transfer::{Code, Kind, PendingState, Rejection, Transfer, TransferId};

/// Milliseconds since the Unix epoch, UTC.
pub type Timestamp = i64;

/// Whole minor units of one asset (cents, points, uses, touches); never negative.
pub type Minor = u64;
