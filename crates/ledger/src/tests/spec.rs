//! The meaning of a ledger, recomputed from the list of what was accepted: slow and plain.

use std::collections::BTreeMap;

use crate::{
    AccountId, Asset, Balance, Kind, Limit, Minor, PendingState, Rejection, Timestamp, Transfer,
    TransferId,
};

/// What was accepted, in order, with the time it was applied at.
pub type Log = Vec<(Timestamp, Vec<Transfer>)>;

/// What is known of an account beside its balances.
pub type Accounts = BTreeMap<AccountId, (Asset, Limit)>;

/// How a hold of the log ended, and what was posted of it.
fn fate(log: &Log, hold: &Transfer, expires_at: Timestamp) -> (PendingState, Minor) {
    let made = log
        .iter()
        .position(|(_, chain)| chain.contains(hold))
        .unwrap();
    for (index, (at, chain)) in log.iter().enumerate().skip(made) {
        if index > made && expires_at <= *at {
            return (PendingState::Expired, 0);
        }
        for transfer in chain {
            match transfer.kind {
                Kind::Post { pending } if pending == hold.id => {
                    return (PendingState::Posted, transfer.amount);
                }
                Kind::Void { pending } if pending == hold.id => {
                    return (PendingState::Voided, 0);
                }
                _ => {}
            }
        }
    }
    (PendingState::Open, 0)
}

/// Debits and credits of one account.
pub fn balances(log: &Log, id: AccountId) -> (Balance, Balance) {
    let (mut debits, mut credits) = (Balance::default(), Balance::default());
    for transfer in log.iter().flat_map(|(_, chain)| chain) {
        let (pending, posted) = match transfer.kind {
            Kind::Direct => (0, transfer.amount),
            Kind::Pending { expires_at } => match fate(log, transfer, expires_at) {
                (PendingState::Open, _) => (transfer.amount, 0),
                (_, posted) => (0, posted),
            },
            Kind::Post { .. } | Kind::Void { .. } => continue,
        };
        for (side, account) in [
            (&mut debits, transfer.debit),
            (&mut credits, transfer.credit),
        ] {
            if account == id {
                side.pending += pending;
                side.posted += posted;
            }
        }
    }
    (debits, credits)
}

fn find(log: &Log, id: TransferId) -> Option<Transfer> {
    log.iter()
        .flat_map(|(_, chain)| chain)
        .find(|transfer| transfer.id == id)
        .copied()
}

/// What `apply` has to answer; the log takes up what is accepted for the first time.
pub fn apply(
    log: &mut Log,
    accounts: &Accounts,
    (now, chain): (Timestamp, &[Transfer]),
) -> Result<(), (usize, Rejection)> {
    if chain
        .iter()
        .all(|transfer| find(log, transfer.id) == Some(*transfer))
    {
        return Ok(());
    }
    let mut next = log.clone();
    next.push((now, Vec::new()));
    for (line, transfer) in chain.iter().enumerate() {
        judge(&next, accounts, transfer).map_err(|rejection| (line, rejection))?;
        next.last_mut().unwrap().1.push(*transfer);
    }
    *log = next;
    Ok(())
}

fn judge(log: &Log, accounts: &Accounts, transfer: &Transfer) -> Result<(), Rejection> {
    let refuse = |broken: bool, rejection| if broken { Err(rejection) } else { Ok(()) };
    refuse(
        find(log, transfer.id).is_some(),
        Rejection::ExistsWithDifferentContent,
    )?;
    for id in [transfer.debit, transfer.credit] {
        refuse(!accounts.contains_key(&id), Rejection::AccountMissing(id))?;
    }
    refuse(
        transfer.debit == transfer.credit,
        Rejection::AccountsAreTheSame,
    )?;
    let (debit, credit) = (accounts[&transfer.debit], accounts[&transfer.credit]);
    refuse(debit.0 != credit.0, Rejection::AssetsDiffer)?;
    if let Kind::Post { pending } | Kind::Void { pending } = transfer.kind {
        return judge_settlement(log, transfer, pending);
    }
    let most = i64::MAX as u64;
    refuse(transfer.amount > most, Rejection::Overflow)?;
    let (debits, credits) = balances(log, transfer.debit);
    let taken = debits.pending + debits.posted + transfer.amount;
    let (other_debits, other_credits) = balances(log, transfer.credit);
    let given = other_credits.pending + other_credits.posted + transfer.amount;
    refuse(taken > most || given > most, Rejection::Overflow)?;
    let is_over = debit.1 == Limit::DebitsWithinCredits && taken > credits.posted;
    refuse(is_over, Rejection::LimitReached(transfer.debit))?;
    let is_over = credit.1 == Limit::CreditsWithinDebits && given > other_debits.posted;
    refuse(is_over, Rejection::LimitReached(transfer.credit))
}

fn judge_settlement(log: &Log, by: &Transfer, pending: TransferId) -> Result<(), Rejection> {
    let hold = find(log, pending).ok_or(Rejection::PendingMissing(pending))?;
    let Kind::Pending { expires_at } = hold.kind else {
        return Err(Rejection::PendingMissing(pending));
    };
    if (hold.debit, hold.credit) != (by.debit, by.credit) {
        return Err(Rejection::PendingHasDifferentAccounts);
    }
    let (state, _) = fate(log, &hold, expires_at);
    if state != PendingState::Open && !writes_expiry(log, by, &hold) {
        return Err(Rejection::PendingClosed(state));
    }
    if by.amount > hold.amount {
        return Err(Rejection::MoreThanPending {
            pending: hold.amount,
        });
    }
    Ok(())
}

/// Whether it is the first void of a hold that expired just now, open until the chain before.
fn writes_expiry(log: &Log, by: &Transfer, hold: &Transfer) -> bool {
    let Kind::Pending { expires_at } = hold.kind else {
        return false;
    };
    let (current, earlier) = log.split_last().unwrap();
    let is_made = earlier.iter().any(|(_, chain)| chain.contains(hold));
    let was_open = is_made && fate(&earlier.to_vec(), hold, expires_at).0 == PendingState::Open;
    let is_void = |transfer: &Transfer| transfer.kind == Kind::Void { pending: hold.id };
    is_void(by) && was_open && expires_at <= current.0 && !current.1.iter().any(is_void)
}
