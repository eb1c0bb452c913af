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
