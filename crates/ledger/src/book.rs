//! The only place where a balance changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountId, Asset, Code, Limit, Minor, PendingState, Rejection, Timestamp, Transfer,
    TransferId,
};

/// The accounts and transfers one chain touches, loaded beforehand.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub accounts: BTreeMap<AccountId, Account>,
    /// Pending transfers with their state.
    pub holds: BTreeMap<TransferId, (Transfer, PendingState)>,
    /// Every other transfer already applied under an id of this chain.
    pub applied: BTreeMap<TransferId, Transfer>,
}

/// An account that must exist before a chain applies. Where it is missing it is opened, and what
/// it starts with is moved into it from a counterpart of its own, so that the books balance and
/// no row is shared between owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub id: AccountId,
    pub asset: Asset,
    pub limit: Limit,
    /// Amount, counterpart (opened too, without limit) and reason.
    pub funding: Option<(Minor, AccountId, Code)>,
}

/// Applies a chain: all of it, or none of it and the first reason why, with its index.
///
/// A chain whose every line was applied before with the same content changes nothing.
///
/// # Errors
/// The index of the first line that cannot apply, and the first rejection in precedence.
pub fn apply(
    _book: &mut Book,
    _chain: &[Transfer],
    _now: Timestamp,
) -> Result<(), (usize, Rejection)> {
    Ok(())
}
