//! How is a value of ours written in a column, and read back?

use ledger::{Account, AccountId, Balance, Code, PendingState, Transfer, TransferId};
use rusqlite::types::Type;
use rusqlite::{Row, params};

use crate::SavedTransfer;
use crate::numbers::{
    self, KindNumbers, Unknown, asset_numbers, limit_number, signed, state_number, unsigned,
};

/// In the order in which [`account`] reads.
macro_rules! account_columns {
    () => {
        "100 * hundred + series, owner, party, period, asset, asset_detail, limited, \
         debits_pending, debits_posted, credits_pending, credits_posted"
    };
}

/// In the order in which [`transfer`] reads.
macro_rules! transfer_columns {
    () => {
        "chain, line, debit_kind, debit_owner, debit_party, debit_period, \
         credit_kind, credit_owner, credit_party, credit_period, \
         amount, code, kind, expires_at, pending_chain, pending_line, state, applied_at"
    };
}

pub(super) use {account_columns, transfer_columns};

/// Where an account's line of the chart stands in its key: within a hundred, and which hundred.
pub(super) const fn places(kind: u16) -> (u16, u16) {
    (kind % 100, kind / 100)
}

pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: account_id(row, 0)?,
        asset: numbers::asset((row.get(4)?, row.get(5)?)).map_err(unknown(4))?,
        limit: numbers::limit(row.get(6)?).map_err(unknown(6))?,
        debits: Balance {
            pending: unsigned(row.get(7)?),
            posted: unsigned(row.get(8)?),
        },
        credits: Balance {
            pending: unsigned(row.get(9)?),
            posted: unsigned(row.get(10)?),
        },
    })
}

pub(super) fn transfer(row: &Row<'_>) -> rusqlite::Result<SavedTransfer> {
    let transfer = Transfer {
        id: TransferId {
            chain: unsigned(row.get(0)?),
            line: row.get(1)?,
        },
        debit: account_id(row, 2)?,
        credit: account_id(row, 6)?,
        amount: unsigned(row.get(10)?),
        code: Code(row.get(11)?),
        kind: numbers::kind(kind_numbers(row)?).map_err(unknown(12))?,
    };
    Ok(SavedTransfer {
        transfer,
        at: row.get(17)?,
        state: state(row)?,
    })
}

/// Binds and adds one account.
pub(super) fn open_account(
    statement: &mut rusqlite::Statement<'_>,
    project: u32,
    account: &Account,
) -> rusqlite::Result<()> {
    let id = account.id;
    let (asset, detail) = asset_numbers(account.asset);
    let (series, hundred) = places(id.kind);
    statement.execute(params![
        project,
        series,
        signed(id.owner),
        signed(id.party),
        id.window,
        hundred,
        signed(account.debits.pending),
        signed(account.debits.posted),
        signed(account.credits.pending),
        signed(account.credits.posted),
        asset,
        detail,
        limit_number(account.limit),
    ])?;
    Ok(())
}

/// Binds and changes both sides of one account.
pub(super) fn change_account(
    statement: &mut rusqlite::Statement<'_>,
    project: u32,
    account: &Account,
) -> rusqlite::Result<()> {
    let id = account.id;
    let (series, hundred) = places(id.kind);
    statement.execute(params![
        project,
        series,
        signed(id.owner),
        signed(id.party),
        id.window,
        hundred,
        signed(account.debits.pending),
        signed(account.debits.posted),
        signed(account.credits.pending),
        signed(account.credits.posted),
    ])?;
    Ok(())
}

/// Binds and adds one transfer.
pub(super) fn add_transfer(
    statement: &mut rusqlite::Statement<'_>,
    project: u32,
    saved: &SavedTransfer,
) -> rusqlite::Result<()> {
    let transfer = &saved.transfer;
    let (debit, credit) = (transfer.debit, transfer.credit);
    let kind = numbers::kind_numbers(transfer.kind);
    statement.execute(params![
        project,
        signed(transfer.id.chain),
        transfer.id.line,
        debit.kind,
        signed(debit.owner),
        signed(debit.party),
        debit.window,
        credit.kind,
        signed(credit.owner),
        signed(credit.party),
        credit.window,
        signed(transfer.amount),
        transfer.code.0,
        kind.number,
        kind.expires_at,
        kind.pending_chain,
        kind.pending_line,
        saved.state.map(state_number),
        saved.at,
    ])?;
    Ok(())
}

fn account_id(row: &Row<'_>, first: usize) -> rusqlite::Result<AccountId> {
    Ok(AccountId {
        kind: row.get(first)?,
        owner: unsigned(row.get(first + 1)?),
        party: unsigned(row.get(first + 2)?),
        window: row.get(first + 3)?,
    })
}

/// A kind and what belongs to it, in four columns.
fn kind_numbers(row: &Row<'_>) -> rusqlite::Result<KindNumbers> {
    Ok(KindNumbers {
        number: row.get(12)?,
        expires_at: row.get(13)?,
        pending_chain: row.get(14)?,
        pending_line: row.get(15)?,
    })
}

fn state(row: &Row<'_>) -> rusqlite::Result<Option<PendingState>> {
    let number: Option<i64> = row.get(16)?;
    number.map(numbers::state).transpose().map_err(unknown(16))
}

/// A number that no version of ours writes: the file is damaged.
pub(super) fn unknown(column: usize) -> impl FnOnce(Unknown) -> rusqlite::Error {
    move |Unknown(number)| {
        let what = format!("{number} stands for nothing here");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, what.into())
    }
}
