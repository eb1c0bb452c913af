//! How is it kept in one file? SQLite: one writer, many readers.

use crate::*;
use ledger::{Account, AccountId};
use std::path::Path;

#[derive(Clone)]
pub(crate) struct Sqlite;
pub(crate) struct Reader;

impl Sqlite {
    pub(crate) fn open(_path: &Path, _settings: Settings) -> Result<Sqlite, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) async fn submit(&self, _c: Vec<Command>) -> Result<Vec<Outcome>, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn view(&self, _p: ProjectId) -> Result<Reader, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn reads(&self, _p: ProjectId) -> Result<Reader, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) async fn audit(&self) -> Result<Audit, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) async fn backup(&self, _t: &Path) -> Result<(), Fault> {
        Err(Fault::Closed)
    }
    pub(crate) async fn close(self) -> Result<(), Fault> {
        Err(Fault::Closed)
    }
}
impl Reader {
    pub(crate) fn get(&self, _k: Kind, _id: u64) -> Result<Option<Record>, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn list(&self, _k: Kind, _p: Page) -> Result<Vec<Record>, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn count_records(&self, _k: Kind) -> Result<u64, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn unique(&self, _i: Index, _k: &[u8]) -> Result<Option<u64>, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn find(&self, _i: Index, _k: &[u8], _p: Page) -> Result<Vec<u64>, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn count(&self, _i: Index, _k: &[u8]) -> Result<u64, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn account(&self, _i: AccountId) -> Result<Option<Account>, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn accounts_of(&self, _a: AccountsOf) -> Result<Vec<Account>, Fault> {
        Err(Fault::Closed)
    }
    pub(crate) fn transfers(
        &self,
        _f: TransferFilter,
        _p: Page,
    ) -> Result<Vec<SavedTransfer>, Fault> {
        Err(Fault::Closed)
    }
}
