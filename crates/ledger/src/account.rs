//! Accounts: debits and credits, each pending and posted, in one asset, with a limit.

use serde::{Deserialize, Serialize};

use crate::Minor;

/// An ISO 4217 code, upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency(pub [u8; 3]);

/// A kind of value added only to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Asset {
    Currency(Currency),
    /// Points of one programme.
    Points(u64),
    Uses,
    Touches,
}

/// Four integers that name an account; the chart of accounts gives them meaning.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct AccountId {
    /// Which line of the chart of accounts.
    pub kind: u16,
    /// Whose promotion it is: a campaign, a voucher, an experiment.
    pub owner: u64,
    /// Which customer, arm or counterpart; 0 where there is none.
    pub party: u64,
    /// Which period of a windowed cap; 0 where there is none.
    pub window: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    pub pending: Minor,
    pub posted: Minor,
}

/// What an account may not do, pending amounts included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    None,
    /// `debits.pending + debits.posted <= credits.posted`.
    DebitsWithinCredits,
    /// `credits.pending + credits.posted <= debits.posted`.
    CreditsWithinDebits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub asset: Asset,
    pub limit: Limit,
    pub debits: Balance,
    pub credits: Balance,
}

impl Account {
    #[must_use]
    pub fn new(id: AccountId, asset: Asset, limit: Limit) -> Account {
        Account {
            id,
            asset,
            limit,
            debits: Balance::default(),
            credits: Balance::default(),
        }
    }

    /// What may still be taken from the limited side, pending amounts counted as taken; `None`
    /// where there is no limit.
    #[must_use]
    pub fn available(&self) -> Option<Minor> {
        match self.limit {
            Limit::None => None,
            Limit::DebitsWithinCredits => {
                Some(self.credits.posted.saturating_sub(self.debits.total()))
            }
            Limit::CreditsWithinDebits => {
                Some(self.debits.posted.saturating_sub(self.credits.total()))
            }
        }
    }

    #[must_use]
    pub fn is_within_limit(&self) -> bool {
        match self.limit {
            Limit::None => true,
            Limit::DebitsWithinCredits => self.debits.total() <= self.credits.posted,
            Limit::CreditsWithinDebits => self.credits.total() <= self.debits.posted,
        }
    }
}

impl Balance {
    /// Pending and posted together; `apply` keeps it at or below `i64::MAX`.
    #[must_use]
    pub fn total(&self) -> Minor {
        self.pending.saturating_add(self.posted)
    }
}
