//! What was fetched before it is asked for? All that is told ahead is one round trip.

use std::collections::HashMap;

use ledger::{Account, AccountId};
use tokio_postgres::Row;

use crate::ahead::{Ahead, Whose};
use crate::numbers::signed;
use crate::{Fault, Index, Kind, Record};

use super::columns::{self, Columns, account_columns, account_key, get, id};
use super::connection::Param;
use super::read::{ACCOUNTS, Reader};
use super::trouble::Trouble;

macro_rules! led {
    ($columns:expr, $join:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM unique_links ",
            $join,
            " WHERE unique_links.project = $1 AND unique_links.idx = $3 AND unique_links.key = $4"
        )
    };
}

/// The records that a key leads to; one row without a record where it leads to none.
const RECORDS_OF_KEY: &str = led!(
    "unique_links.id, records.kind, records.version, records.body",
    "LEFT JOIN records ON records.project = $1 AND records.id = unique_links.id \
     AND records.kind = ANY($2)"
);

const RECORDS_OF_NUMBER: &str = "SELECT id, kind, version, body FROM records \
                                 WHERE project = $1 AND kind = ANY($2) AND id = $3";

const ACCOUNTS_OF_KEY: &str = led!(
    account_columns!("accounts."),
    "JOIN accounts ON accounts.project = $1 AND accounts.party = unique_links.id \
     AND accounts.period = ANY($2)"
);

const ACCOUNTS_OF_NUMBER: &str = concat!(
    "SELECT ",
    account_columns!(""),
    " FROM accounts WHERE project = $1 AND party = $3 AND period = ANY($2)"
);

/// What was fetched, all of one moment. What is not there was looked for and is not.
#[derive(Default)]
pub(super) struct Fetched {
    key: Option<(Index, Vec<u8>)>,
    number: Option<u64>,
    kinds: Vec<Kind>,
    records: HashMap<Kind, Record>,
    windows: Vec<u32>,
    accounts: HashMap<AccountId, Account>,
}

impl Fetched {
    /// A record, if it was fetched: `Some(None)` is one that is not there.
    pub(super) fn record(&self, kind: Kind, id: u64) -> Option<Option<Record>> {
        let is_fetched = self.number == Some(id) && self.kinds.contains(&kind);
        is_fetched.then(|| self.records.get(&kind).cloned())
    }

    /// What a key leads to, if it was fetched.
    pub(super) fn led(&self, index: Index, key: &[u8]) -> Option<Option<u64>> {
        let (of, fetched) = self.key.as_ref()?;
        (*of == index && fetched == key).then_some(self.number)
    }

    /// An account of the party, if it was fetched.
    pub(super) fn account(&self, id: AccountId) -> Option<Option<Account>> {
        let is_fetched = self.number == Some(id.party) && self.windows.contains(&id.window);
        is_fetched.then(|| self.accounts.get(&id).copied())
    }

    fn take(&mut self, records: &[Row], accounts: &[Row]) -> Result<(), Trouble> {
        for row in records {
            self.number = Some(id(row, 0)?);
            let Some(kind) = get::<Option<i64>>(row, 1)? else {
                continue;
            };
            let known = self.kinds.iter().find(|one| **one as i64 == kind);
            let Some(kind) = known.copied() else { continue };
            let record = Record {
                id: id(row, 0)?,
                version: id(row, 2)?,
                body: get(row, 3)?,
            };
            self.records.insert(kind, record);
        }
        for row in accounts {
            let account = columns::account(row)?;
            self.accounts.insert(account.id, account);
        }
        Ok(())
    }
}

impl Reader {
    /// Fetches what will be asked. It must be the first question.
    pub(crate) async fn foresee(&mut self, ahead: &Ahead<'_>) -> Result<(), Fault> {
        let (windows, project) = (ahead.windows, self.number());
        let kinds: Vec<i64> = ahead.kinds.iter().map(|kind| *kind as i64).collect();
        let periods: Vec<i64> = windows.iter().map(|window| i64::from(*window)).collect();
        let mut fetched = Fetched {
            kinds: ahead.kinds.to_vec(),
            windows: windows.to_vec(),
            ..Fetched::default()
        };
        let (shared, moment) = self.stale(ahead);
        let shared_keys = Columns::of(shared.iter().map(|id| account_key(self.project(), *id)));
        let shared_row = shared_keys.params();
        let (index, key, number);
        let (texts, of): ([&'static str; 2], Vec<Param<'_>>) = match ahead.whose {
            Whose::Key(of, name) => {
                fetched.key = Some((of, name.to_vec()));
                (index, key) = (of as i64, name);
                let texts = [RECORDS_OF_KEY, ACCOUNTS_OF_KEY];
                (texts, vec![&index, &key])
            }
            Whose::Number(of) => {
                fetched.number = Some(of);
                number = signed(of);
                let texts = [RECORDS_OF_NUMBER, ACCOUNTS_OF_NUMBER];
                (texts, vec![&number])
            }
        };
        let row = |list| -> Vec<Param<'_>> {
            let head: [Param<'_>; 2] = [&project, list];
            head.into_iter().chain(of.iter().copied()).collect()
        };
        let (records, accounts) = (row(&kinds), row(&periods));
        let mut asked: Vec<(&'static str, &[Param<'_>])> =
            vec![(texts[0], &records), (texts[1], &accounts)];
        if !shared.is_empty() {
            asked.push((ACCOUNTS, &shared_row));
        }
        let answers = self.ask_all(&asked).await?;
        let [records, accounts, rest @ ..] = answers.as_slice() else {
            return Err(Fault::Closed);
        };
        fetched.take(records, accounts).map_err(Trouble::fault)?;
        if let [found] = rest {
            self.keep_shared((&shared, moment), found)?;
        }
        self.fetched = Some(Box::new(fetched));
        Ok(())
    }
}
