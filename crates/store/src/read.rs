//! What can be asked of a store, and in which shape it is answered.

use ledger::{AccountId, PendingState, Timestamp, Transfer};
use serde::{Deserialize, Serialize};

use crate::ProjectId;

/// Which accounts to list: those of one owner on one line of the chart, by party and window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountsOf {
    pub project: ProjectId,
    pub kind: u16,
    pub owner: u64,
    /// The last account of the stretch before.
    pub after: Option<AccountId>,
    pub limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferFilter {
    /// Those that debit or credit this account.
    Account(AccountId),
    Chain(u64),
}

/// A transfer as it was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTransfer {
    pub transfer: Transfer,
    /// When it was applied, by the clock of its command.
    pub at: Timestamp,
    /// What became of it, if it was pending.
    pub state: Option<PendingState>,
}

impl SavedTransfer {
    /// Who has an account of their own in it.
    pub(crate) fn parties(&self) -> impl Iterator<Item = u64> {
        let parties = [self.transfer.debit.party, self.transfer.credit.party];
        parties.into_iter().filter(|party| *party != 0)
    }
}
