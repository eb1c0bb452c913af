//! How does an account stand that everybody asks for? Out of memory, as the writer left it.
//!
//! Kept are accounts that all parties share: few, and read with every decision. The writer tells
//! what a batch changed after it is durable and before anybody is answered, so nobody who was
//! answered can see an older balance.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use ledger::{Account, AccountId};

use crate::ProjectId;
use crate::batch::Rows;

/// More accounts are read from the engine each time.
const MOST_KEPT: usize = 16_384;

pub(crate) struct Balances {
    kept: RwLock<Kept>,
    /// After how long everything is read anew: what another process wrote is seen after so long
    /// at the latest.
    most_age: Duration,
}

struct Kept {
    accounts: HashMap<(ProjectId, AccountId), Option<Account>>,
    since: Instant,
    /// How often the writer told of changes.
    told: u64,
}

/// When an account was looked for that is not kept.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    told: u64,
}

impl Balances {
    pub(crate) fn new(most_age: Duration) -> Balances {
        let kept = Kept {
            accounts: HashMap::new(),
            since: Instant::now(),
            told: 0,
        };
        Balances {
            kept: RwLock::new(kept),
            most_age,
        }
    }

    /// What is kept of these accounts, in their order, and the moment to give with those that are
    /// read instead. `Some(None)` is an account that is known not to be there.
    pub(crate) fn find(
        &self,
        project: ProjectId,
        ids: &[AccountId],
    ) -> (Vec<Option<Option<Account>>>, Moment) {
        let kept = self.kept();
        let is_fresh = kept.since.elapsed() < self.most_age;
        let find = |id: &AccountId| match is_fresh && is_shared(*id) {
            true => kept.accounts.get(&(project, *id)).copied(),
            false => None,
        };
        let moment = Moment { told: kept.told };
        (ids.iter().map(find).collect(), moment)
    }

    /// Whether what is kept is young enough to be found, and the moment to give with what is read.
    pub(crate) fn fresh(&self) -> (bool, Moment) {
        let kept = self.kept();
        let is_fresh = kept.since.elapsed() < self.most_age;
        (is_fresh, Moment { told: kept.told })
    }

    /// Keeps what was read, unless the writer told of changes since: then it may be older.
    pub(crate) fn keep(
        &self,
        project: ProjectId,
        (read, moment): (&[(AccountId, Option<Account>)], Moment),
    ) {
        let mut kept = self.kept_mut();
        if kept.told != moment.told {
            return;
        }
        if kept.since.elapsed() >= self.most_age {
            kept.accounts.clear();
            kept.since = Instant::now();
        }
        for (id, account) in read {
            if kept.accounts.len() < MOST_KEPT {
                kept.accounts.insert((project, *id), *account);
            }
        }
    }

    /// What a batch changed. It is durable, and nobody knows yet.
    pub(crate) fn tell(&self, rows: &Rows<'_>) {
        let mut kept = self.kept_mut();
        kept.told += 1;
        for (project, books) in &rows.books {
            for account in books.changed_accounts() {
                if let Some(known) = kept.accounts.get_mut(&(*project, account.id)) {
                    *known = Some(*account);
                }
            }
        }
    }

    /// A batch failed, and nobody knows what is durable of it.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept_mut();
        kept.told += 1;
        kept.accounts.clear();
    }

    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Below it a party is a process that serves many; every other has a larger number.
const FIRST_PARTY: u64 = 1 << 10;

/// Whether no party has it to itself, but all share it or one process spends it for them.
pub(crate) fn is_shared(id: AccountId) -> bool {
    id.party < FIRST_PARTY
}

#[cfg(test)]
mod tests {
    use ledger::{Asset, Balance, Limit};

    use super::*;

    const SHOP: ProjectId = ProjectId(7);
    const ID: AccountId = AccountId {
        kind: 1,
        owner: 2,
        party: 0,
        window: 0,
    };

    fn spent(posted: u64) -> Account {
        Account {
            id: ID,
            asset: Asset::Uses,
            limit: Limit::None,
            debits: Balance { pending: 0, posted },
            credits: Balance::default(),
        }
    }

    fn kept(balances: &Balances) -> Option<Option<Account>> {
        let (found, _) = balances.find(SHOP, &[ID]);
        found.into_iter().next().flatten()
    }

    /// Whether what is read is kept, where this happens between asking and keeping.
    #[track_caller]
    fn check(meanwhile: fn(&Balances), expected: Option<Option<Account>>) {
        let balances = Balances::new(Duration::from_secs(3_600));
        let (_, moment) = balances.find(SHOP, &[ID]);
        meanwhile(&balances);
        balances.keep(SHOP, (&[(ID, Some(spent(1)))], moment));
        assert_eq!(kept(&balances), expected);
    }

    #[test]
    fn what_may_be_older_than_a_batch_is_not_kept() {
        check(|_| {}, Some(Some(spent(1))));
        check(|balances| balances.tell(&Rows::default()), None);
        check(Balances::forget, None);
    }

    #[test]
    fn nothing_is_kept_past_a_batch_that_failed_nor_past_its_age() {
        for (most_age, is_kept) in [(3_600, true), (0, false)] {
            let balances = Balances::new(Duration::from_secs(most_age));
            let (_, moment) = balances.find(SHOP, &[ID]);
            balances.keep(SHOP, (&[(ID, None)], moment));
            assert_eq!(kept(&balances).is_some(), is_kept);
            balances.forget();
            assert_eq!(kept(&balances), None);
        }
    }
}
