//! What happens to the accounts and transfers of one project while a batch is judged?

use std::collections::{BTreeMap, BTreeSet};

use ledger::{
    Account, AccountId, Book, Kind, PendingState, Rejection, Timestamp, Transfer, TransferId,
    apply, expire,
};

use crate::funding::funding_id;
use crate::{Command, SavedTransfer};

/// No chain of a caller has this number; what is written under it is thrown away.
pub(crate) const NO_CHAIN: u64 = u64::MAX;

/// The rows of one project that a batch touches, and which of them it changed.
#[derive(Default)]
pub(crate) struct Books {
    book: Book,
    /// Open pending transfers by when they end.
    due: BTreeSet<(Timestamp, TransferId)>,
    changed: BTreeSet<AccountId>,
    /// Accounts that were not there before the batch.
    opened: BTreeSet<AccountId>,
    added: BTreeMap<TransferId, Timestamp>,
    /// Pending transfers that were open before the batch and are not after it.
    ended: BTreeSet<TransferId>,
}

impl Books {
    pub(crate) fn load_account(&mut self, account: Account) {
        self.book.accounts.insert(account.id, account);
    }

    pub(crate) fn load_transfer(&mut self, saved: &SavedTransfer) {
        let transfer = saved.transfer;
        match saved.state {
            Some(state) => self.hold(transfer, state),
            None => {
                self.book.applied.insert(transfer.id, transfer);
            }
        }
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<&Account> {
        self.book.accounts.get(&id)
    }

    pub(crate) fn has_hold(&self, id: TransferId) -> bool {
        self.book.holds.contains_key(&id)
    }

    /// Whether an account was there before the batch.
    pub(crate) fn was_account(&self, id: AccountId) -> bool {
        self.book.accounts.contains_key(&id) && !self.is_new(id)
    }

    /// Whether a transfer was there before the batch.
    pub(crate) fn was_transfer(&self, id: TransferId) -> bool {
        let is_known = self.book.holds.contains_key(&id) || self.book.applied.contains_key(&id);
        is_known && !self.added.contains_key(&id)
    }

    /// How many pending transfers are loaded, whatever became of them.
    pub(crate) fn holds(&self) -> usize {
        self.book.holds.len()
    }

    /// Lets go what is overdue, whatever becomes of the command that brought the time.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let most = TransferId {
            chain: u64::MAX,
            line: u32::MAX,
        };
        let overdue: Vec<_> = self.due.range(..=(now, most)).copied().collect();
        if overdue.is_empty() {
            return;
        }
        let mut excerpt = Book::default();
        for (_, id) in overdue {
            self.copy_transfer(&mut excerpt, id);
        }
        let voids = expire(&excerpt, now, NO_CHAIN);
        let expired = apply(&mut excerpt, &voids, now);
        debug_assert_eq!(expired, Ok(()), "an overdue hold can always be let go");
        excerpt.applied.clear();
        self.take_over(excerpt, now);
    }

    /// Opens accounts and applies the chain: all of it, or nothing happened.
    pub(crate) fn apply(&mut self, command: &Command) -> Result<(), (usize, Rejection)> {
        let mut excerpt = self.excerpt(command);
        for (place, opening) in command.openings.iter().enumerate() {
            let id = funding_id(command, place, opening);
            excerpt
                .open(opening, id)
                .map_err(|rejection| (0, rejection))?;
        }
        apply(&mut excerpt, &command.chain, command.now)?;
        // Nothing below may fail.
        self.take_over(excerpt, command.now);
        Ok(())
    }

    /// What a command touches. Judging a copy leaves no trace of a refusal, and keeps the cost
    /// of a command apart from the size of its batch.
    fn excerpt(&self, command: &Command) -> Book {
        let mut excerpt = Book::default();
        for (place, opening) in command.openings.iter().enumerate() {
            self.copy_account(&mut excerpt, opening.id);
            if let Some((_, counterpart, _)) = opening.funding {
                self.copy_account(&mut excerpt, counterpart);
                self.copy_transfer(&mut excerpt, funding_id(command, place, opening));
            }
        }
        for transfer in &command.chain {
            self.copy_account(&mut excerpt, transfer.debit);
            self.copy_account(&mut excerpt, transfer.credit);
            self.copy_transfer(&mut excerpt, transfer.id);
            if let Some(pending) = ended_by(transfer) {
                self.copy_transfer(&mut excerpt, pending);
            }
        }
        excerpt
    }

    fn copy_account(&self, excerpt: &mut Book, id: AccountId) {
        if let Some(account) = self.book.accounts.get(&id) {
            excerpt.accounts.insert(id, *account);
        }
    }

    fn copy_transfer(&self, excerpt: &mut Book, id: TransferId) {
        if let Some(applied) = self.book.applied.get(&id) {
            excerpt.applied.insert(id, *applied);
        } else if let Some(hold) = self.book.holds.get(&id) {
            excerpt.holds.insert(id, *hold);
            self.copy_account(excerpt, hold.0.debit);
            self.copy_account(excerpt, hold.0.credit);
        }
    }

    fn take_over(&mut self, excerpt: Book, now: Timestamp) {
        for (id, account) in excerpt.accounts {
            let before = self.book.accounts.insert(id, account);
            if before.is_none() {
                self.opened.insert(id);
            }
            if before != Some(account) {
                self.changed.insert(id);
            }
        }
        for (id, transfer) in excerpt.applied {
            if self.book.applied.insert(id, transfer).is_none() {
                self.added.insert(id, now);
            }
        }
        for (id, (hold, state)) in excerpt.holds {
            match self.book.holds.get(&id) {
                None => {
                    self.added.insert(id, now);
                }
                Some((_, before)) if *before != state => {
                    self.ended.insert(id);
                }
                Some(_) => {}
            }
            self.hold(hold, state);
        }
    }

    fn hold(&mut self, hold: Transfer, state: PendingState) {
        self.book.holds.insert(hold.id, (hold, state));
        let Kind::Pending { expires_at } = hold.kind else {
            return;
        };
        match state {
            PendingState::Open => self.due.insert((expires_at, hold.id)),
            PendingState::Posted | PendingState::Voided | PendingState::Expired => {
                self.due.remove(&(expires_at, hold.id))
            }
        };
    }

    /// Accounts to save, by key.
    pub(crate) fn changed_accounts(&self) -> impl Iterator<Item = &Account> {
        self.changed
            .iter()
            .filter_map(|id| self.book.accounts.get(id))
    }

    /// Whether an account was not there before the batch.
    pub(crate) fn is_new(&self, id: AccountId) -> bool {
        self.opened.contains(&id)
    }

    /// Transfers to add, by key, as they stand at the end of the batch.
    pub(crate) fn added_transfers(&self) -> impl Iterator<Item = SavedTransfer> {
        self.added.iter().filter_map(|(id, at)| {
            let hold = self
                .book
                .holds
                .get(id)
                .map(|(hold, state)| (hold, Some(*state)));
            let applied = || self.book.applied.get(id).map(|transfer| (transfer, None));
            let (transfer, state) = hold.or_else(applied)?;
            Some(SavedTransfer {
                transfer: *transfer,
                at: *at,
                state,
            })
        })
    }

    /// Whose accounts the added transfers touch, and in which chains.
    pub(crate) fn added_parties(&self) -> BTreeSet<(u64, u64)> {
        let parties = |saved: SavedTransfer| {
            let SavedTransfer { transfer, .. } = saved;
            [transfer.debit.party, transfer.credit.party].map(|party| (party, transfer.id.chain))
        };
        let all = self.added_transfers().flat_map(parties);
        all.filter(|(party, _)| *party != 0).collect()
    }

    /// Pending transfers whose saved state to change, by key.
    pub(crate) fn ended_holds(&self) -> impl Iterator<Item = (TransferId, PendingState)> {
        let before = self.ended.iter().filter(|id| !self.added.contains_key(id));
        before.filter_map(|id| self.book.holds.get(id).map(|(_, state)| (*id, *state)))
    }
}

/// The pending transfer that a post or void ends.
pub(crate) fn ended_by(transfer: &Transfer) -> Option<TransferId> {
    match transfer.kind {
        Kind::Post { pending } | Kind::Void { pending } => Some(pending),
        Kind::Direct | Kind::Pending { .. } => None,
    }
}
