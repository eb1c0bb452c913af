//! Transfers: one amount from a debit account to a credit account, for a reason.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Minor, Timestamp};

/// A transfer is a line of a chain; the chain's number is chosen once by whoever makes it, so that
/// a retry names the same transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TransferId {
    pub chain: u64,
    pub line: u32,
}

/// The numbered reason for a transfer, from the chart of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code(pub u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Direct,
    Pending {
        expires_at: Timestamp,
    },
    /// At most what was held; the rest is let go.
    Post {
        pending: TransferId,
    },
    /// Lets go of all that was held; the amount is for the record.
    Void {
        pending: TransferId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    pub id: TransferId,
    pub debit: AccountId,
    pub credit: AccountId,
    pub amount: Minor,
    pub code: Code,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PendingState {
    Open,
    Posted,
    Voided,
    Expired,
}

/// In order of precedence: when several hold, the first is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// The id names another transfer already, or names this one twice in one chain.
    ExistsWithDifferentContent,
    AccountMissing(AccountId),
    AccountsAreTheSame,
    AssetsDiffer,
    PendingMissing(TransferId),
    PendingHasDifferentAccounts,
    PendingClosed(PendingState),
    MoreThanPending {
        pending: Minor,
    },
    /// An amount, or a side of an account, would pass `i64::MAX`.
    Overflow,
    LimitReached(AccountId),
}
