//! What was loaded to judge a chain by: accounts, holds, and transfers already applied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::apply::Draft;
use crate::{
    Account, AccountId, Asset, Balance, Code, Kind, Limit, Minor, PendingState, Rejection,
    Timestamp, Transfer, TransferId,
};

/// The accounts and transfers one chain touches, loaded beforehand.
///
/// Invariant: where a hold is loaded, so are both of its accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// By convention the transfers that fund openings are numbered from here on in the chain that
/// needed them, well past its own lines.
pub const FUNDING_LINES: u32 = 1 << 31;

/// The two sides of all accounts of one asset, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub debits: Sums,
    pub credits: Sums,
}

/// Wider than a balance, since it adds up many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub pending: u128,
    pub posted: u128,
}

impl Book {
    /// Opens an account where it is missing and moves into it what it starts with, under `id`.
    /// Returns that transfer, for the store to save. An account that exists is left alone.
    ///
    /// An account whose credits are limited starts with a debit, every other with a credit.
    /// Opening is harmless by itself: it may stay where the chain that needed it is refused.
    ///
    /// # Errors
    /// The rejection of the funding; then nothing was opened.
    pub fn open(
        &mut self,
        opening: &Opening,
        id: TransferId,
    ) -> Result<Option<Transfer>, Rejection> {
        if self.accounts.contains_key(&opening.id) {
            return Ok(None);
        }
        let mut draft = Draft::at(self, Timestamp::MIN);
        draft.open(Account::new(opening.id, opening.asset, opening.limit));
        let funding = opening.funding_under(id);
        if let (Some(transfer), Some((_, counterpart, _))) = (&funding, opening.funding) {
            draft.open(Account::new(counterpart, opening.asset, Limit::None));
            draft.take(transfer)?;
        }
        let changes = draft.changes();
        // Nothing below may fail.
        self.commit(changes);
        Ok(funding)
    }

    /// Both sides of all loaded accounts, by asset.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<Asset, Totals> {
        let mut totals: BTreeMap<Asset, Totals> = BTreeMap::new();
        for account in self.accounts.values() {
            let of_asset = totals.entry(account.asset).or_default();
            of_asset.debits.add(account.debits);
            of_asset.credits.add(account.credits);
        }
        totals
    }

    /// Whether debits equal credits in every asset, pending and posted. Of a whole set of books;
    /// a book with only one side of a transfer loaded need not balance.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.totals()
            .values()
            .all(|totals| totals.debits == totals.credits)
    }

    /// The transfer applied under an id, hold or not.
    #[must_use]
    pub fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        self.applied
            .get(&id)
            .or_else(|| self.holds.get(&id).map(|(hold, _)| hold))
    }

    /// Takes over what a draft changed.
    pub(crate) fn commit(&mut self, changes: Book) {
        self.accounts.extend(changes.accounts);
        self.holds.extend(changes.holds);
        self.applied.extend(changes.applied);
    }
}

impl Opening {
    /// The transfer that moves into the account what it starts with.
    fn funding_under(&self, id: TransferId) -> Option<Transfer> {
        let (amount, counterpart, code) = self.funding?;
        let (debit, credit) = match self.limit {
            Limit::CreditsWithinDebits => (self.id, counterpart),
            Limit::DebitsWithinCredits | Limit::None => (counterpart, self.id),
        };
        Some(Transfer {
            id,
            debit,
            credit,
            amount,
            code,
            kind: Kind::Direct,
        })
    }
}

impl Sums {
    fn add(&mut self, balance: Balance) {
        self.pending += u128::from(balance.pending);
        self.posted += u128::from(balance.posted);
    }
}
