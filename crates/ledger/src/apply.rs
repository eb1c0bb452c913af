//! The only place where a balance changes.

use std::collections::BTreeSet;

use crate::{
    Account, AccountId, Balance, Book, Kind, Limit, Minor, PendingState, Rejection, Timestamp,
    Transfer, TransferId,
};

/// The most an amount, or a side of an account, may come to: what every database can keep.
const MOST: Minor = i64::MAX as Minor;

/// Applies a chain: all of it, or none of it and the first reason why, with its index.
///
/// Holds of the book whose time has come (`expires_at <= now`) are expired first and give back
/// what they held. Later lines see what earlier lines did. An amount of 0 is allowed and moves
/// nothing, so that a caller needs no case of its own for it.
///
/// A chain whose every line was applied before with the same content changes nothing; a chain of
/// which only some lines were is another chain, and refused.
///
/// # Errors
/// The index of the first line that cannot apply, and the first rejection in precedence.
pub fn apply(
    book: &mut Book,
    chain: &[Transfer],
    now: Timestamp,
) -> Result<(), (usize, Rejection)> {
    if chain
        .iter()
        .all(|transfer| book.transfer(transfer.id) == Some(transfer))
    {
        return Ok(());
    }
    let mut draft = Draft::at(book, now);
    for (line, transfer) in chain.iter().enumerate() {
        draft
            .take(transfer)
            .map_err(|rejection| (line, rejection))?;
    }
    let changes = draft.changes();
    // Nothing below may fail.
    book.commit(changes);
    Ok(())
}

/// What a chain would change, beside the book it is judged by.
pub(crate) struct Draft<'a> {
    book: &'a Book,
    changes: Book,
    /// Holds that expired at the start of this draft: a void may still write that down.
    overdue: BTreeSet<TransferId>,
}

impl<'a> Draft<'a> {
    /// The book as it stands at a time: overdue holds have let go.
    pub(crate) fn at(book: &'a Book, now: Timestamp) -> Draft<'a> {
        let mut draft = Draft {
            book,
            changes: Book::default(),
            overdue: BTreeSet::new(),
        };
        for (hold, state) in book.holds.values() {
            if *state == PendingState::Open && hold.is_overdue(now) {
                draft.settle(hold, 0, PendingState::Expired);
                draft.overdue.insert(hold.id);
            }
        }
        draft
    }

    /// Adds an account, unless it exists.
    pub(crate) fn open(&mut self, account: Account) {
        if self.account(account.id).is_none() {
            self.changes.accounts.insert(account.id, account);
        }
    }

    pub(crate) fn changes(self) -> Book {
        self.changes
    }

    /// Judges one transfer and, where nothing speaks against it, writes it into the draft.
    pub(crate) fn take(&mut self, transfer: &Transfer) -> Result<(), Rejection> {
        let (debit, credit) = self.sides(transfer)?;
        match transfer.kind {
            Kind::Direct | Kind::Pending { .. } => self.enter(transfer, debit, credit)?,
            Kind::Post { pending } => {
                let hold = self.open_hold(pending, transfer)?;
                self.settle(&hold, transfer.amount, PendingState::Posted);
            }
            Kind::Void { pending } => {
                let hold = self.open_hold(pending, transfer)?;
                // A hold that has just expired has let go already: the void writes it down.
                if !self.overdue.remove(&pending) {
                    self.settle(&hold, 0, PendingState::Voided);
                }
            }
        }
        self.record(transfer);
        Ok(())
    }

    /// The two accounts of a transfer that may be judged further.
    fn sides(&self, transfer: &Transfer) -> Result<(Account, Account), Rejection> {
        if self
            .book
            .transfer(transfer.id)
            .or(self.changes.transfer(transfer.id))
            .is_some()
        {
            return Err(Rejection::ExistsWithDifferentContent);
        }
        let missing = Rejection::AccountMissing;
        let debit = self
            .account(transfer.debit)
            .ok_or(missing(transfer.debit))?;
        let credit = self
            .account(transfer.credit)
            .ok_or(missing(transfer.credit))?;
        if debit.id == credit.id {
            return Err(Rejection::AccountsAreTheSame);
        }
        if debit.asset != credit.asset {
            return Err(Rejection::AssetsDiffer);
        }
        Ok((*debit, *credit))
    }

    /// The hold that a post or a void names, if it may still be settled by it.
    fn open_hold(&self, id: TransferId, by: &Transfer) -> Result<Transfer, Rejection> {
        let found = self
            .changes
            .holds
            .get(&id)
            .or_else(|| self.book.holds.get(&id));
        let (hold, state) = found.ok_or(Rejection::PendingMissing(id))?;
        if (hold.debit, hold.credit) != (by.debit, by.credit) {
            return Err(Rejection::PendingHasDifferentAccounts);
        }
        let is_expiry = matches!(by.kind, Kind::Void { .. }) && self.overdue.contains(&id);
        if *state != PendingState::Open && !is_expiry {
            return Err(Rejection::PendingClosed(*state));
        }
        if by.amount > hold.amount {
            return Err(Rejection::MoreThanPending {
                pending: hold.amount,
            });
        }
        Ok(*hold)
    }

    /// Adds a direct or pending amount to both sides.
    fn enter(
        &mut self,
        transfer: &Transfer,
        mut debit: Account,
        mut credit: Account,
    ) -> Result<(), Rejection> {
        let adds = match transfer.kind {
            Kind::Pending { .. } => Balance {
                pending: transfer.amount,
                posted: 0,
            },
            _ => Balance {
                pending: 0,
                posted: transfer.amount,
            },
        };
        debit.debits = sum(debit.debits, adds).ok_or(Rejection::Overflow)?;
        credit.credits = sum(credit.credits, adds).ok_or(Rejection::Overflow)?;
        // What an account may not do is limited on one side, and only that side can break it.
        if debit.limit == Limit::DebitsWithinCredits && !debit.is_within_limit() {
            return Err(Rejection::LimitReached(debit.id));
        }
        if credit.limit == Limit::CreditsWithinDebits && !credit.is_within_limit() {
            return Err(Rejection::LimitReached(credit.id));
        }
        // Nothing below may fail.
        self.changes.accounts.insert(debit.id, debit);
        self.changes.accounts.insert(credit.id, credit);
        Ok(())
    }

    /// Lets go of a hold on both sides and posts an amount of it. A limit cannot break by this.
    fn settle(&mut self, hold: &Transfer, posted: Minor, state: PendingState) {
        for id in [hold.debit, hold.credit] {
            let Some(mut account) = self.account(id).copied() else {
                continue;
            };
            let is_debit = id == hold.debit;
            let side = if is_debit {
                &mut account.debits
            } else {
                &mut account.credits
            };
            // Invariant: an open hold is part of what is pending on both of its accounts.
            side.pending = side.pending.saturating_sub(hold.amount);
            side.posted += posted;
            self.changes.accounts.insert(id, account);
        }
        self.changes.holds.insert(hold.id, (*hold, state));
    }

    fn record(&mut self, transfer: &Transfer) {
        if let Kind::Pending { .. } = transfer.kind {
            self.changes
                .holds
                .insert(transfer.id, (*transfer, PendingState::Open));
        } else {
            self.changes.applied.insert(transfer.id, *transfer);
        }
    }

    fn account(&self, id: AccountId) -> Option<&Account> {
        self.changes
            .accounts
            .get(&id)
            .or_else(|| self.book.accounts.get(&id))
    }
}

/// Adds to a side, unless it would pass what can be kept.
fn sum(side: Balance, adds: Balance) -> Option<Balance> {
    let total = side.total().checked_add(adds.total())?;
    let balance = Balance {
        pending: side.pending + adds.pending,
        posted: side.posted + adds.posted,
    };
    (total <= MOST).then_some(balance)
}
