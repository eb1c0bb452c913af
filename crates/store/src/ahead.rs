//! What will be asked next? Told ahead, an engine that is far away fetches it in one go.

use ledger::AccountId;

use crate::{Index, Kind};

/// Who will be asked about.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// What a key of a unique index leads to.
    Key(Index, &'a [u8]),
    /// The number itself.
    Number(u64),
}

/// What will be asked of one number: it is the id of records, and a party with accounts.
#[derive(Clone, Copy)]
pub struct Ahead<'a> {
    pub whose: Whose<'a>,
    /// The records of this id.
    pub kinds: &'a [Kind],
    /// Of the party's accounts those of these periods.
    pub windows: &'a [u32],
    /// Accounts without a party that will be asked for: only asked where none are kept in memory.
    pub shared: &'a (dyn Fn() -> Vec<AccountId> + Sync),
}
