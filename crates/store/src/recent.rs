//! Who was asked about lately? Records and keys that readers gave back, kept as the writer leaves
//! them, so that whoever comes again is answered without the engine.
//!
//! The writer tells what a batch changed after it is durable and before anybody is answered: what
//! is found here is never older than what was acknowledged, and all that is found in one look
//! stood so at one moment.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ledger::{Account, AccountId};

use crate::batch::{Change, Rows};
use crate::{Index, Kind, ProjectId, Record};

/// Bytes of one of the two generations that are kept.
const MOST_BYTES: usize = 16 << 20;
/// What an entry takes beside its body, about.
const ENTRY_BYTES: usize = 128;

#[derive(Default)]
pub(crate) struct Recent {
    kept: RwLock<Kept>,
}

/// What was read since the last turn, and what was read before it: at the next turn that goes.
#[derive(Default)]
struct Kept {
    young: Generation,
    old: Generation,
    /// How often the writer told of changes.
    told: u64,
}

#[derive(Default)]
struct Generation {
    records: HashMap<(ProjectId, Kind, u64), Known>,
    keys: HashMap<(ProjectId, Index, Box<[u8]>), u64>,
    accounts: HashMap<(ProjectId, AccountId), Option<Account>>,
    bytes: usize,
}

/// A record as it stands.
struct Known {
    version: u64,
    body: Box<[u8]>,
}

/// When something was looked for that is read instead.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    told: u64,
}

/// What a reader read, to be kept.
#[derive(Default)]
pub struct Seen {
    pub records: Vec<(Kind, Record)>,
    /// Keys of unique indexes, and what they lead to.
    pub keys: Vec<(Index, Vec<u8>, u64)>,
    /// Accounts of a party's own; `None` where there is none yet.
    pub accounts: Vec<(AccountId, Option<Account>)>,
}

/// One look at what is kept of a project.
pub struct Look<'a> {
    kept: RwLockReadGuard<'a, Kept>,
    project: ProjectId,
}

impl Look<'_> {
    /// The version and the body of a record.
    #[must_use]
    pub fn get(&self, kind: Kind, id: u64) -> Option<(u64, &[u8])> {
        let key = (self.project, kind, id);
        let found = self.kept.both().find_map(|one| one.records.get(&key));
        found.map(|known| (known.version, &*known.body))
    }

    /// What a key of a unique index leads to.
    #[must_use]
    pub fn find_one(&self, index: Index, key: &[u8]) -> Option<u64> {
        let key = (self.project, index, Box::from(key));
        self.kept.both().find_map(|one| one.keys.get(&key)).copied()
    }

    /// An account; `Some(None)` is one that is known not to be there.
    pub(crate) fn account(&self, id: AccountId) -> Option<Option<Account>> {
        let key = (self.project, id);
        let mut both = self.kept.both();
        both.find_map(|one| one.accounts.get(&key)).copied()
    }
}

impl Kept {
    fn both(&self) -> impl Iterator<Item = &Generation> {
        [&self.young, &self.old].into_iter()
    }

    fn both_mut(&mut self) -> impl Iterator<Item = &mut Generation> {
        [&mut self.young, &mut self.old].into_iter()
    }
}

impl Recent {
    pub(crate) fn look(&self, project: ProjectId) -> Look<'_> {
        Look {
            kept: self.kept(),
            project,
        }
    }

    /// To be asked before a view is taken, and given with what the view shows.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            told: self.kept().told,
        }
    }

    /// Keeps what was read, unless the writer told of changes since: then it may be older.
    pub(crate) fn keep(&self, project: ProjectId, (seen, moment): (Seen, Moment)) {
        let mut kept = self.kept_mut();
        if kept.told != moment.told {
            return;
        }
        for (kind, record) in seen.records {
            kept.young.bytes += ENTRY_BYTES + record.body.len();
            let known = Known {
                version: record.version,
                body: record.body.into(),
            };
            kept.young.records.insert((project, kind, record.id), known);
        }
        for (index, key, id) in seen.keys {
            kept.young.bytes += ENTRY_BYTES + key.len();
            kept.young.keys.insert((project, index, key.into()), id);
        }
        for (id, account) in seen.accounts {
            kept.young.bytes += ENTRY_BYTES;
            kept.young.accounts.insert((project, id), account);
        }
        if kept.young.bytes > MOST_BYTES {
            kept.old = std::mem::take(&mut kept.young);
        }
    }

    /// What a batch changed. It is durable, and nobody knows yet.
    pub(crate) fn tell(&self, rows: &Rows<'_>) {
        let mut kept = self.kept_mut();
        kept.told += 1;
        for generation in kept.both_mut() {
            generation.tell(rows);
        }
    }

    /// A batch failed, and nobody knows what is durable of it.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept_mut();
        let told = kept.told + 1;
        *kept = Kept {
            told,
            ..Kept::default()
        };
    }

    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generation {
    fn tell(&mut self, rows: &Rows<'_>) {
        if self.bytes == 0 {
            return;
        }
        for (key, cell) in &rows.records {
            match cell.change {
                Change::None => {}
                Change::Put(body) => {
                    if let Some(known) = self.records.get_mut(key) {
                        known.version = cell.version;
                        known.body = body.into();
                    }
                }
                Change::Deleted => {
                    self.records.remove(key);
                }
            }
        }
        for (project, books) in &rows.books {
            for account in books.changed_accounts() {
                if let Some(known) = self.accounts.get_mut(&(*project, account.id)) {
                    *known = Some(*account);
                }
            }
        }
        for ((project, index, key), pointer) in &rows.unique {
            if pointer.id == pointer.saved {
                continue;
            }
            let key = (*project, *index, Box::from(*key));
            match pointer.id {
                Some(id) => {
                    if let Some(known) = self.keys.get_mut(&key) {
                        *known = id;
                    }
                }
                None => {
                    self.keys.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Cell, Pointer};

    const SHOP: ProjectId = ProjectId(7);
    const KEY: &[u8] = b"ann";

    fn record(version: u64, body: &[u8]) -> Seen {
        let record = Record {
            id: 1,
            version,
            body: body.to_vec(),
        };
        Seen {
            records: vec![(Kind::Customer, record)],
            keys: vec![(Index::Identifier, KEY.to_vec(), 1)],
            accounts: Vec::new(),
        }
    }

    fn put(version: u64, change: Change<'_>) -> Rows<'_> {
        let mut rows = Rows::default();
        let cell = Cell {
            saved: 1,
            version,
            change,
        };
        rows.records.insert((SHOP, Kind::Customer, 1), cell);
        rows
    }

    fn linked(id: Option<u64>) -> Rows<'static> {
        let mut rows = Rows::default();
        let saved = Some(1);
        rows.unique
            .insert((SHOP, Index::Identifier, KEY), Pointer { saved, id });
        rows
    }

    #[track_caller]
    fn check(recent: &Recent, body: Option<(u64, &[u8])>, id: Option<u64>) {
        let look = recent.look(SHOP);
        assert_eq!(look.get(Kind::Customer, 1), body);
        assert_eq!(look.find_one(Index::Identifier, KEY), id);
        let others = recent.look(ProjectId(8));
        assert_eq!(others.get(Kind::Customer, 1), None);
        assert_eq!(others.find_one(Index::Identifier, KEY), None);
    }

    fn kept() -> Recent {
        let recent = Recent::default();
        let moment = recent.moment();
        recent.keep(SHOP, (record(1, b"one"), moment));
        recent
    }

    #[test]
    fn what_may_be_older_than_a_batch_is_not_kept() {
        for meanwhile in [Recent::forget, |recent: &Recent| {
            recent.tell(&Rows::default())
        }] {
            let recent = Recent::default();
            let moment = recent.moment();
            meanwhile(&recent);
            recent.keep(SHOP, (record(1, b"one"), moment));
            check(&recent, None, None);
        }
        check(&kept(), Some((1, b"one")), Some(1));
    }

    #[test]
    fn what_a_batch_changed_is_told() {
        let recent = kept();
        recent.tell(&put(2, Change::Put(b"two")));
        check(&recent, Some((2, b"two")), Some(1));
        recent.tell(&put(2, Change::None));
        check(&recent, Some((2, b"two")), Some(1));
        recent.tell(&linked(Some(9)));
        check(&recent, Some((2, b"two")), Some(9));
        recent.tell(&linked(None));
        recent.tell(&put(0, Change::Deleted));
        check(&recent, None, None);
    }

    #[test]
    fn nothing_is_added_unasked_and_nothing_outlives_a_batch_that_failed() {
        let recent = Recent::default();
        recent.tell(&put(2, Change::Put(b"two")));
        recent.tell(&linked(Some(9)));
        check(&recent, None, None);
        let recent = kept();
        recent.forget();
        check(&recent, None, None);
    }

    #[test]
    fn what_nobody_asked_for_any_more_goes() {
        let recent = kept();
        for id in 2..4 {
            let moment = recent.moment();
            let mut large = record(1, &vec![0; MOST_BYTES]);
            large.keys.clear();
            large.records[0].1.id = id;
            recent.keep(SHOP, (large, moment));
            let is_there = recent.look(SHOP).get(Kind::Customer, 1).is_some();
            assert_eq!(is_there, id == 2, "{id}");
        }
    }

    #[test]
    fn a_change_reaches_both_generations() {
        let recent = kept();
        let mut kept = recent.kept_mut();
        kept.old = std::mem::take(&mut kept.young);
        drop(kept);
        recent.tell(&put(2, Change::Put(b"two")));
        check(&recent, Some((2, b"two")), Some(1));
    }
}
