//! How is a value of ours written in a column, and read back? Every number is a `BIGINT`.

use ledger::{Account, AccountId, Balance, Code, Transfer, TransferId};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use crate::numbers::{
    self, KindNumbers, Unknown, asset_numbers, kind_numbers, limit_number, signed, state_number,
    unsigned,
};
use crate::{ProjectId, SavedTransfer};

use super::connection::Param;
use super::trouble::Trouble;

/// In the order in which [`account`] reads, and [`account_row`] writes after the project.
macro_rules! account_columns {
    ($of:literal) => {
        concat!(
            $of,
            "kind, ",
            $of,
            "owner, ",
            $of,
            "party, ",
            $of,
            "period, asset, asset_detail, limited, \
             debits_pending, debits_posted, credits_pending, credits_posted"
        )
    };
}

/// In the order in which [`transfer`] reads, and [`transfer_row`] writes after the project.
macro_rules! transfer_columns {
    ($of:literal) => {
        concat!(
            $of,
            "chain, line, debit_kind, debit_owner, debit_party, debit_period, \
             credit_kind, credit_owner, credit_party, credit_period, \
             amount, code, kind, expires_at, pending_chain, pending_line, state, applied_at"
        )
    };
}

pub(super) use {account_columns, transfer_columns};

pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, place: usize) -> Result<T, Trouble> {
    Ok(row.try_get(place)?)
}

/// A number that is smaller in the code than in its column.
pub(super) fn small<T: TryFrom<i64>>(row: &Row, place: usize) -> Result<T, Trouble> {
    let number: i64 = get(row, place)?;
    Ok(T::try_from(number).map_err(|_| Unknown(number))?)
}

pub(super) fn id(row: &Row, place: usize) -> Result<u64, Trouble> {
    Ok(unsigned(get(row, place)?))
}

pub(super) fn project(row: &Row, place: usize) -> Result<ProjectId, Trouble> {
    Ok(ProjectId(small(row, place)?))
}

pub(super) fn account(row: &Row) -> Result<Account, Trouble> {
    Ok(Account {
        id: account_id(row, 0)?,
        asset: numbers::asset((get(row, 4)?, get(row, 5)?))?,
        limit: numbers::limit(get(row, 6)?)?,
        debits: Balance {
            pending: id(row, 7)?,
            posted: id(row, 8)?,
        },
        credits: Balance {
            pending: id(row, 9)?,
            posted: id(row, 10)?,
        },
    })
}

pub(super) fn transfer(row: &Row) -> Result<SavedTransfer, Trouble> {
    let transfer = Transfer {
        id: TransferId {
            chain: id(row, 0)?,
            line: small(row, 1)?,
        },
        debit: account_id(row, 2)?,
        credit: account_id(row, 6)?,
        amount: id(row, 10)?,
        code: Code(small(row, 11)?),
        kind: numbers::kind(KindNumbers {
            number: get(row, 12)?,
            expires_at: get(row, 13)?,
            pending_chain: get(row, 14)?,
            pending_line: pending_line(row)?,
        })?,
    };
    let state: Option<i64> = get(row, 16)?;
    Ok(SavedTransfer {
        transfer,
        at: get(row, 17)?,
        state: state.map(numbers::state).transpose()?,
    })
}

fn pending_line(row: &Row) -> Result<Option<u32>, Trouble> {
    match get::<Option<i64>>(row, 15)? {
        None => Ok(None),
        Some(_) => small(row, 15).map(Some),
    }
}

fn account_id(row: &Row, first: usize) -> Result<AccountId, Trouble> {
    Ok(AccountId {
        kind: small(row, first)?,
        owner: id(row, first + 1)?,
        party: id(row, first + 2)?,
        window: small(row, first + 3)?,
    })
}

/// The key of an account.
pub(super) fn account_key(project: ProjectId, id: AccountId) -> [i64; 5] {
    [
        project.0.into(),
        id.kind.into(),
        signed(id.owner),
        signed(id.party),
        id.window.into(),
    ]
}

pub(super) fn account_row(project: ProjectId, account: &Account) -> [i64; 12] {
    let [project, kind, owner, party, period] = account_key(project, account.id);
    let (asset, detail) = asset_numbers(account.asset);
    let limited = limit_number(account.limit);
    let [a, b, c, d] = sides(account);
    [
        project, kind, owner, party, period, asset, detail, limited, a, b, c, d,
    ]
}

/// What changes of an account, after its key.
pub(super) fn account_change(project: ProjectId, account: &Account) -> [i64; 9] {
    let [project, kind, owner, party, period] = account_key(project, account.id);
    let [a, b, c, d] = sides(account);
    [project, kind, owner, party, period, a, b, c, d]
}

fn sides(account: &Account) -> [i64; 4] {
    [
        signed(account.debits.pending),
        signed(account.debits.posted),
        signed(account.credits.pending),
        signed(account.credits.posted),
    ]
}

pub(super) fn transfer_row(project: ProjectId, saved: &SavedTransfer) -> [Option<i64>; 19] {
    let transfer = &saved.transfer;
    let (debit, credit) = (transfer.debit, transfer.credit);
    let kind = kind_numbers(transfer.kind);
    [
        Some(project.0.into()),
        Some(signed(transfer.id.chain)),
        Some(transfer.id.line.into()),
        Some(debit.kind.into()),
        Some(signed(debit.owner)),
        Some(signed(debit.party)),
        Some(debit.window.into()),
        Some(credit.kind.into()),
        Some(signed(credit.owner)),
        Some(signed(credit.party)),
        Some(credit.window.into()),
        Some(signed(transfer.amount)),
        Some(transfer.code.0.into()),
        Some(kind.number),
        kind.expires_at,
        kind.pending_chain,
        kind.pending_line.map(i64::from),
        saved.state.map(state_number),
        Some(saved.at),
    ]
}

/// Rows turned into columns: a statement takes an array for each.
pub(super) struct Columns<T, const N: usize>([Vec<T>; N]);

impl<T: ToSql + Sync, const N: usize> Columns<T, N> {
    pub(super) fn of(rows: impl IntoIterator<Item = [T; N]>) -> Columns<T, N> {
        let mut columns = [const { Vec::new() }; N];
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        Columns(columns)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.first().is_none_or(Vec::is_empty)
    }

    pub(super) fn params(&self) -> Vec<Param<'_>> {
        self.0.iter().map(|column| column as Param<'_>).collect()
    }
}
