//! What does a store mean? The model: the same answers in plain maps and slow, simple code.
//!
//! A command works on a copy of its project, and the copy takes the place of the original when
//! nothing went wrong. That is too slow for much data and simple enough to be believed, which
//! makes it the oracle for the other engines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::{
    Account, AccountId, Book, PendingState, Timestamp, Transfer, TransferId, apply, expire,
};

use crate::audit::Auditor;
use crate::books::NO_CHAIN;
use crate::funding::funding_id;
use crate::moving::{ASIDE, Counts, Cutter, Export, Linked, MARK, Mark, Row, Stretch, count};
use crate::numbers::signed;
use crate::{
    AccountsOf, Audit, Command, Expect, Fault, Index, Kind, Once, Outcome, Page, ProjectId, Record,
    SavedTransfer, TransferFilter, Write,
};

#[derive(Clone, Default)]
pub(crate) struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    projects: BTreeMap<ProjectId, Snapshot>,
    closed: bool,
}

/// All of one project at one moment.
pub(crate) type Snapshot = Arc<Project>;

#[derive(Clone, Default)]
pub(crate) struct Project {
    book: Book,
    applied_at: BTreeMap<TransferId, Timestamp>,
    records: BTreeMap<(Kind, u64), Record>,
    links: BTreeSet<(Index, Vec<u8>, u64)>,
    once: BTreeMap<[u8; 16], (Once, Timestamp)>,
}

impl Memory {
    pub(crate) fn submit(&self, command: &Command) -> Result<Outcome, Fault> {
        let mut state = self.state();
        if state.closed {
            return Err(Fault::Closed);
        }
        Ok(submit(
            state.projects.entry(command.project).or_default(),
            command,
        ))
    }

    pub(crate) fn snapshot(&self, project: ProjectId) -> Result<Snapshot, Fault> {
        Ok(self
            .state()
            .projects
            .get(&project)
            .cloned()
            .unwrap_or_default())
    }

    pub(crate) fn forget_keys(&self, project: ProjectId, before: Timestamp) -> u64 {
        let mut state = self.state();
        let project = Arc::make_mut(state.projects.entry(project).or_default());
        let had = project.once.len();
        project.once.retain(|_, (_, at)| *at >= before);
        (had - project.once.len()) as u64
    }

    pub(crate) fn audit(&self) -> Result<Audit, Fault> {
        let mut auditor = Auditor::default();
        for (id, project) in &self.state().projects {
            for account in project.book.accounts.values() {
                auditor.account(*id, *account);
            }
            for saved in project.all_transfers() {
                auditor.transfer(*id, &saved);
            }
        }
        Ok(auditor.finish())
    }

    pub(crate) fn export(&self) -> Export {
        let (mut counts, mut cutter, mut all) = (Counts::new(), Cutter::default(), Vec::new());
        for (id, project) in &self.state().projects {
            for row in project.rows().into_iter().filter(|_| *id != ASIDE) {
                count(&mut counts, row.table(), [(*id, 1)]);
                all.extend(cutter.push(*id, row));
            }
        }
        all.extend(cutter.finish());
        Export::of(counts, all)
    }

    /// Whether the mark was as it is said to be.
    pub(crate) fn load(&self, stretch: Stretch, mark: Mark) -> bool {
        let mut state = self.state();
        let aside = Arc::make_mut(state.projects.entry(ASIDE).or_default());
        let kept = aside.records.get_mut(&MARK);
        let Some(record) = kept.filter(|record| record.version == mark.version()) else {
            return false;
        };
        record.version = mark.next().version();
        let project = Arc::make_mut(state.projects.entry(stretch.project).or_default());
        for row in stretch.rows {
            project.load(row);
        }
        true
    }

    pub(crate) fn close(&self) -> Result<(), Fault> {
        self.state().closed = true;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave a project half changed: it is replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn submit(project: &mut Snapshot, command: &Command) -> Outcome {
    debug_assert!(
        command.is_dated(),
        "a chain, an account or a key of no time"
    );
    if let Some(outcome) = project.seen(command.once.as_ref()) {
        return outcome;
    }
    if let Some(stale) = project.stale(command) {
        return stale;
    }
    let mut next = Project::clone(project);
    next.expire(command.now);
    *project = Arc::new(next.clone());
    if let Err((line, rejection)) = next.apply(command) {
        return Outcome::Rejected { line, rejection };
    }
    next.write(&command.writes);
    let once = command.once.iter();
    next.once
        .extend(once.map(|once| (once.key, (once.clone(), command.now))));
    *project = Arc::new(next);
    Outcome::Applied
}

impl Project {
    fn seen(&self, once: Option<&Once>) -> Option<Outcome> {
        let once = once?;
        let (before, _) = self.once.get(&once.key)?;
        if before.fingerprint != once.fingerprint {
            return Some(Outcome::Mismatched);
        }
        Some(Outcome::Repeated {
            answer: before.answer.clone(),
        })
    }

    fn stale(&self, command: &Command) -> Option<Outcome> {
        let unmet = command.expects.iter().find(|expect| !self.meets(expect));
        if let Some(Expect { kind, id, .. }) = unmet {
            return Some(Outcome::Stale {
                kind: Some(*kind),
                id: *id,
            });
        }
        let mut unique = self.links.clone();
        unlink(&mut unique, &command.writes);
        for write in &command.writes {
            let Write::Link { index, key, id } = write else {
                continue;
            };
            let taken = unique
                .iter()
                .find(|(other, at, _)| other == index && at == key);
            if let Some((_, _, holder)) = taken
                && index.is_unique()
                && holder != id
            {
                return Some(Outcome::Stale {
                    kind: None,
                    id: *holder,
                });
            }
            unique.insert((*index, key.clone(), *id));
        }
        None
    }

    fn meets(&self, expect: &Expect) -> bool {
        let version = self
            .records
            .get(&(expect.kind, expect.id))
            .map_or(0, |record| record.version);
        version == expect.version
    }

    fn expire(&mut self, now: Timestamp) {
        let voids = expire(&self.book, now, NO_CHAIN);
        let expired = apply(&mut self.book, &voids, now);
        debug_assert_eq!(expired, Ok(()), "an overdue hold can always be let go");
        self.book.applied.retain(|id, _| id.chain != NO_CHAIN);
    }

    fn apply(&mut self, command: &Command) -> Result<(), (usize, ledger::Rejection)> {
        for (line, opening) in command.openings.iter().enumerate() {
            let id = funding_id(command, line, opening);
            let funding = self
                .book
                .open(opening, id)
                .map_err(|rejection| (0, rejection))?;
            if let Some(funding) = funding {
                self.book.applied.insert(funding.id, funding);
                self.applied_at.insert(funding.id, command.now);
            }
        }
        apply(&mut self.book, &command.chain, command.now)?;
        for transfer in &command.chain {
            self.applied_at.entry(transfer.id).or_insert(command.now);
        }
        Ok(())
    }

    fn write(&mut self, writes: &[Write]) {
        unlink(&mut self.links, writes);
        for write in writes {
            match write {
                Write::Put { kind, id, body } => self.put(*kind, *id, body),
                Write::Delete { kind, id } => {
                    self.records.remove(&(*kind, *id));
                }
                Write::Link { index, key, id } => {
                    self.links.insert((*index, key.clone(), *id));
                }
                Write::Unlink { .. } => {}
            }
        }
    }

    fn put(&mut self, kind: Kind, id: u64, body: &[u8]) {
        let version = self
            .records
            .get(&(kind, id))
            .map_or(0, |record| record.version);
        let record = Record {
            id,
            version: version + 1,
            body: body.to_vec(),
        };
        self.records.insert((kind, id), record);
    }
}

/// Unlinks happen before links, wherever they stand in a command.
fn unlink(links: &mut BTreeSet<(Index, Vec<u8>, u64)>, writes: &[Write]) {
    for write in writes {
        if let Write::Unlink { index, key, id } = write {
            links.remove(&(*index, key.clone(), *id));
        }
    }
}

impl Project {
    pub(crate) fn get(&self, kind: Kind, id: u64) -> Option<Record> {
        self.records.get(&(kind, id)).cloned()
    }

    pub(crate) fn list(&self, kind: Kind, page: Page) -> Vec<Record> {
        let of_kind = self.records.iter().filter(|((other, _), _)| *other == kind);
        let records = of_kind.map(|(_, record)| record.clone()).collect();
        stretch(records, page, |record| record.id)
    }

    pub(crate) fn ids(&self, kind: Kind, page: Page) -> Vec<u64> {
        let of_kind = self.records.iter().filter(|((other, _), _)| *other == kind);
        let ids = of_kind.map(|(_, record)| record.id).collect();
        stretch(ids, page, |id| *id)
    }

    pub(crate) fn count_records(&self, kind: Kind) -> u64 {
        self.records
            .keys()
            .filter(|(other, _)| *other == kind)
            .count() as u64
    }

    pub(crate) fn find(&self, index: Index, key: &[u8], page: Page) -> Vec<u64> {
        stretch(self.linked(index, key), page, |id| *id)
    }

    pub(crate) fn keys(&self, index: Index, after: &[u8], limit: u32) -> Vec<(Vec<u8>, u64)> {
        let of_index = self.links.iter().filter(|(other, ..)| *other == index);
        let past = of_index.filter(|(_, key, _)| key.as_slice() > after);
        past.take(limit as usize)
            .map(|(_, key, id)| (key.clone(), *id))
            .collect()
    }

    pub(crate) fn count(&self, index: Index, key: &[u8]) -> u64 {
        self.linked(index, key).len() as u64
    }

    fn linked(&self, index: Index, key: &[u8]) -> Vec<u64> {
        let under = self
            .links
            .iter()
            .filter(|(other, at, _)| *other == index && at == key);
        under.map(|(_, _, id)| *id).collect()
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<Account> {
        self.book.accounts.get(&id).copied()
    }

    pub(crate) fn has_overdue(&self, now: Timestamp) -> bool {
        let mut holds = self.book.holds.values();
        holds.any(|(hold, state)| *state == PendingState::Open && hold.is_overdue(now))
    }

    pub(crate) fn accounts_of(&self, asked: AccountsOf) -> Vec<Account> {
        let accounts = self.book.accounts.values();
        accounts
            .filter(|account| account.id.kind == asked.kind && account.id.owner == asked.owner)
            .filter(|account| asked.after.is_none_or(|after| account.id > after))
            .take(asked.limit as usize)
            .copied()
            .collect()
    }

    pub(crate) fn transfers(&self, filter: TransferFilter, page: Page) -> Vec<SavedTransfer> {
        let mut chosen: Vec<SavedTransfer> = self
            .all_transfers()
            .filter(|saved| is_chosen(&saved.transfer, filter))
            .filter(|saved| is_past(saved.transfer.id.chain, page))
            .collect();
        if page.newest_first {
            chosen.sort_by_key(|saved| {
                (
                    std::cmp::Reverse(saved.transfer.id.chain),
                    saved.transfer.id.line,
                )
            });
        }
        let mut count = 0;
        let mut last = None;
        chosen
            .into_iter()
            .take_while(|saved| {
                let chain = Some(saved.transfer.id.chain);
                let fits = count < page.limit || (count > 0 && chain == last);
                count += 1;
                last = chain;
                fits
            })
            .collect()
    }

    fn all_transfers(&self) -> impl Iterator<Item = SavedTransfer> {
        let at = |id: TransferId| self.applied_at.get(&id).copied().unwrap_or_default();
        let holds = self
            .book
            .holds
            .values()
            .map(move |(transfer, state)| SavedTransfer {
                transfer: *transfer,
                at: at(transfer.id),
                state: Some(*state),
            });
        let others = self
            .book
            .applied
            .values()
            .map(move |transfer| SavedTransfer {
                transfer: *transfer,
                at: at(transfer.id),
                state: None,
            });
        let mut all: Vec<SavedTransfer> = holds.chain(others).collect();
        all.sort_by_key(|saved| saved.transfer.id);
        all.into_iter()
    }
}

impl Project {
    /// All there is, in the order of [`Row`].
    fn rows(&self) -> Vec<Row> {
        let mut accounts: Vec<Account> = self.book.accounts.values().copied().collect();
        accounts.sort_by_key(|account| {
            let id = account.id;
            (id.kind, signed(id.owner), signed(id.party), id.window)
        });
        let mut transfers: Vec<SavedTransfer> = self.all_transfers().collect();
        transfers.sort_by_key(|saved| (signed(saved.transfer.id.chain), saved.transfer.id.line));
        let mut records: Vec<_> = self.records.iter().collect();
        records.sort_by_key(|((kind, id), _)| (*kind, signed(*id)));
        let records = records.into_iter();
        let records = records.map(|((kind, _), record)| Row::Record(*kind, record.clone()));
        let (unique, links) = self.all_links();
        let once = self.once.values();
        let once = once.map(|(once, at)| Row::Once(once.clone(), *at));
        let books = accounts.into_iter().map(Row::Account);
        let books = books.chain(transfers.into_iter().map(Row::Transfer));
        let links = unique.into_iter().map(Row::Unique).chain(links);
        books.chain(records).chain(links).chain(once).collect()
    }

    /// Those of unique indexes by index and key; the others by key and index.
    fn all_links(&self) -> (Vec<Linked>, Vec<Row>) {
        let all = self.links.iter().map(|(index, key, id)| Linked {
            index: *index,
            key: key.clone(),
            id: *id,
        });
        let (unique, mut links): (Vec<_>, Vec<_>) = all.partition(|link| link.index.is_unique());
        links.sort_by(|a, b| {
            let rest = |link: &Linked| (link.index, signed(link.id));
            a.key.cmp(&b.key).then_with(|| rest(a).cmp(&rest(b)))
        });
        (unique, links.into_iter().map(Row::Link).collect())
    }

    fn load(&mut self, row: Row) {
        match row {
            Row::Account(account) => {
                self.book.accounts.insert(account.id, account);
            }
            Row::Transfer(saved) => {
                let transfer = saved.transfer;
                self.applied_at.insert(transfer.id, saved.at);
                match saved.state {
                    Some(state) => {
                        self.book.holds.insert(transfer.id, (transfer, state));
                    }
                    None => {
                        self.book.applied.insert(transfer.id, transfer);
                    }
                }
            }
            Row::Record(kind, record) => {
                self.records.insert((kind, record.id), record);
            }
            Row::Unique(linked) | Row::Link(linked) => {
                self.links.insert((linked.index, linked.key, linked.id));
            }
            Row::Once(once, at) => {
                self.once.insert(once.key, (once, at));
            }
        }
    }
}

fn is_chosen(transfer: &Transfer, filter: TransferFilter) -> bool {
    match filter {
        TransferFilter::Account(id) => transfer.debit == id || transfer.credit == id,
        TransferFilter::Chain(chain) => transfer.id.chain == chain,
    }
}

fn is_past(id: u64, page: Page) -> bool {
    match (page.newest_first, page.after) {
        (_, 0) => true,
        (true, after) => id < after,
        (false, after) => id > after,
    }
}

fn stretch<T>(mut all: Vec<T>, page: Page, id: impl Fn(&T) -> u64) -> Vec<T> {
    if page.newest_first {
        all.reverse();
    }
    let past = all.into_iter().filter(|item| is_past(id(item), page));
    past.take(page.limit as usize).collect()
}
