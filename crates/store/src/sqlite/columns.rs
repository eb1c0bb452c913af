//! How is a value of ours written in a column, and read back?

use ledger::{
    Account, AccountId, Asset, Balance, Code, Currency, Kind, Limit, PendingState, Transfer,
    TransferId,
};
use rusqlite::types::Type;
use rusqlite::{Row, params};

use crate::SavedTransfer;

/// Unsigned numbers are kept as signed ones of the same bits; below 2^63 they keep their order.
pub(super) const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

pub(super) const fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

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

/// The index, beside those of [`crate::Index`], of the chains that touch a party's accounts.
pub(super) const CHAINS_OF_PARTY: u8 = 0;

/// The key under which the chains of a party are found. Whoever keeps links under such a number in
/// the same eight bytes finds theirs on the same page.
pub(super) const fn party_key(party: u64) -> [u8; 8] {
    party.to_be_bytes()
}

/// Where an account's line of the chart stands in its key: within a hundred, and which hundred.
pub(super) const fn places(kind: u16) -> (u16, u16) {
    (kind % 100, kind / 100)
}

pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: account_id(row, 0)?,
        asset: asset(row, 4)?,
        limit: limit(row, 6)?,
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
        kind: kind(row)?,
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
    let kind = kind_numbers(transfer.kind);
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
        kind.pending.map(|id| signed(id.chain)),
        kind.pending.map(|id| id.line),
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

fn asset(row: &Row<'_>, first: usize) -> rusqlite::Result<Asset> {
    let detail: i64 = row.get(first + 1)?;
    match row.get(first)? {
        0 => {
            let [.., a, b, c] = detail.to_be_bytes();
            Ok(Asset::Currency(Currency([a, b, c])))
        }
        1 => Ok(Asset::Points(unsigned(detail))),
        2 => Ok(Asset::Uses),
        3 => Ok(Asset::Touches),
        other => Err(unknown(first, other)),
    }
}

fn asset_numbers(asset: Asset) -> (i64, i64) {
    match asset {
        Asset::Currency(Currency([a, b, c])) => (0, i64::from(u32::from_be_bytes([0, a, b, c]))),
        Asset::Points(programme) => (1, signed(programme)),
        Asset::Uses => (2, 0),
        Asset::Touches => (3, 0),
    }
}

fn limit(row: &Row<'_>, column: usize) -> rusqlite::Result<Limit> {
    match row.get(column)? {
        0 => Ok(Limit::None),
        1 => Ok(Limit::DebitsWithinCredits),
        2 => Ok(Limit::CreditsWithinDebits),
        other => Err(unknown(column, other)),
    }
}

fn limit_number(limit: Limit) -> i64 {
    match limit {
        Limit::None => 0,
        Limit::DebitsWithinCredits => 1,
        Limit::CreditsWithinDebits => 2,
    }
}

fn kind(row: &Row<'_>) -> rusqlite::Result<Kind> {
    let pending = || -> rusqlite::Result<TransferId> {
        Ok(TransferId {
            chain: unsigned(row.get(14)?),
            line: row.get(15)?,
        })
    };
    match row.get(12)? {
        0 => Ok(Kind::Direct),
        1 => Ok(Kind::Pending {
            expires_at: row.get(13)?,
        }),
        2 => Ok(Kind::Post {
            pending: pending()?,
        }),
        3 => Ok(Kind::Void {
            pending: pending()?,
        }),
        other => Err(unknown(12, other)),
    }
}

struct KindNumbers {
    number: i64,
    expires_at: Option<i64>,
    pending: Option<TransferId>,
}

fn kind_numbers(kind: Kind) -> KindNumbers {
    let none = KindNumbers {
        number: 0,
        expires_at: None,
        pending: None,
    };
    match kind {
        Kind::Direct => none,
        Kind::Pending { expires_at } => KindNumbers {
            number: 1,
            expires_at: Some(expires_at),
            ..none
        },
        Kind::Post { pending } => KindNumbers {
            number: 2,
            pending: Some(pending),
            ..none
        },
        Kind::Void { pending } => KindNumbers {
            number: 3,
            pending: Some(pending),
            ..none
        },
    }
}

fn state(row: &Row<'_>) -> rusqlite::Result<Option<PendingState>> {
    match row.get(16)? {
        None => Ok(None),
        Some(0) => Ok(Some(PendingState::Open)),
        Some(1) => Ok(Some(PendingState::Posted)),
        Some(2) => Ok(Some(PendingState::Voided)),
        Some(3) => Ok(Some(PendingState::Expired)),
        Some(other) => Err(unknown(16, other)),
    }
}

pub(super) fn state_number(state: PendingState) -> i64 {
    match state {
        PendingState::Open => 0,
        PendingState::Posted => 1,
        PendingState::Voided => 2,
        PendingState::Expired => 3,
    }
}

/// A number that no version of ours writes: the file is damaged.
fn unknown(column: usize, number: i64) -> rusqlite::Error {
    let what = format!("{number} stands for nothing here");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, what.into())
}
