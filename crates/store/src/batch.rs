//! How are the commands of a batch judged? In memory, over the rows they touch, in order.
//!
//! Knows no SQL: an engine loads the rows, has every command judged, and saves each changed row
//! once. A refused command changes nothing here, so there is nothing to take back on disk.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::books::Books;
use crate::{Command, Expect, Index, Kind, Once, Outcome, ProjectId, Write};

/// The rows that a batch touches, borrowed from its commands where they bring them; in the order in
/// which an engine is likely to keep them, so that it writes them from front to back.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    pub(crate) once: BTreeMap<(ProjectId, [u8; 16]), Seen<'a>>,
    pub(crate) records: BTreeMap<(ProjectId, Kind, u64), Cell<'a>>,
    pub(crate) unique: BTreeMap<(ProjectId, Index, &'a [u8]), Pointer>,
    /// Links to add (true) and to remove (false) in indexes that are not unique.
    pub(crate) links: BTreeMap<(ProjectId, &'a [u8], Index, u64), bool>,
    pub(crate) books: BTreeMap<ProjectId, Books>,
}

/// What is known of an idempotency key.
pub(crate) enum Seen<'a> {
    Never,
    Before {
        fingerprint: [u8; 16],
        answer: Vec<u8>,
    },
    Now {
        once: &'a Once,
        at: ledger::Timestamp,
    },
}

/// A record, without the body that nobody asked for.
pub(crate) struct Cell<'a> {
    /// 0 where there is none.
    pub(crate) saved: u64,
    pub(crate) version: u64,
    pub(crate) change: Change<'a>,
}

pub(crate) enum Change<'a> {
    None,
    Put(&'a [u8]),
    Deleted,
}

/// What a key of a unique index points to.
#[derive(Clone, Copy)]
pub(crate) struct Pointer {
    pub(crate) saved: Option<u64>,
    pub(crate) id: Option<u64>,
}

impl<'a> Rows<'a> {
    /// Judges one command after those before it, and keeps what it changes.
    pub(crate) fn judge(&mut self, command: &'a Command) -> Outcome {
        debug_assert!(
            command.is_dated(),
            "a chain, an account or a key of no time"
        );
        if let Some(outcome) = self.seen(command) {
            return outcome;
        }
        if let Some(stale) = self.stale(command) {
            return stale;
        }
        let books = self.books.entry(command.project).or_default();
        books.expire(command.now);
        if let Err((line, rejection)) = books.apply(command) {
            return Outcome::Rejected { line, rejection };
        }
        // Nothing below may fail.
        self.write(command);
        if let Some(once) = &command.once {
            let seen = Seen::Now {
                once,
                at: command.now,
            };
            self.once.insert((command.project, once.key), seen);
        }
        Outcome::Applied
    }

    fn seen(&self, command: &Command) -> Option<Outcome> {
        let once = command.once.as_ref()?;
        let (fingerprint, answer) = match self.once.get(&(command.project, once.key))? {
            Seen::Never => return None,
            Seen::Before {
                fingerprint,
                answer,
            } => (fingerprint, answer),
            Seen::Now { once, .. } => (&once.fingerprint, &once.answer),
        };
        if *fingerprint != once.fingerprint {
            return Some(Outcome::Mismatched);
        }
        Some(Outcome::Repeated {
            answer: answer.clone(),
        })
    }

    fn stale(&self, command: &'a Command) -> Option<Outcome> {
        let meets = |expect: &Expect| {
            let cell = self.records.get(&(command.project, expect.kind, expect.id));
            cell.map_or(0, |cell| cell.version) == expect.version
        };
        if let Some(unmet) = command.expects.iter().find(|expect| !meets(expect)) {
            return Some(Outcome::Stale {
                kind: Some(unmet.kind),
                id: unmet.id,
            });
        }
        self.taken(command)
            .map(|id| Outcome::Stale { kind: None, id })
    }

    /// Who holds a unique key that the command wants for another.
    fn taken(&self, command: &'a Command) -> Option<u64> {
        let mut holders: BTreeMap<(Index, &[u8]), Option<u64>> = BTreeMap::new();
        for (index, key, id) in command.writes.iter().filter_map(unique_unlink) {
            let holder = self.holder(command.project, index, key);
            if holder == Some(id) {
                holders.insert((index, key), None);
            }
        }
        for (index, key, id) in command.writes.iter().filter_map(unique_link) {
            let holder = holders
                .entry((index, key))
                .or_insert_with(|| self.holder(command.project, index, key));
            match *holder {
                Some(other) if other != id => return Some(other),
                Some(_) | None => *holder = Some(id),
            }
        }
        None
    }

    fn holder(&self, project: ProjectId, index: Index, key: &'a [u8]) -> Option<u64> {
        self.unique
            .get(&(project, index, key))
            .and_then(|pointer| pointer.id)
    }

    fn write(&mut self, command: &'a Command) {
        let project = command.project;
        for write in &command.writes {
            if let Write::Unlink { index, key, id } = write {
                self.unlink(project, (*index, key, *id));
            }
        }
        for write in &command.writes {
            match write {
                Write::Put { kind, id, body } => self.put((project, *kind, *id), body),
                Write::Delete { kind, id } => self.delete((project, *kind, *id)),
                Write::Link { index, key, id } => self.link(project, (*index, key, *id)),
                Write::Unlink { .. } => {}
            }
        }
    }

    fn put(&mut self, key: (ProjectId, Kind, u64), body: &'a [u8]) {
        let cell = self.records.entry(key).or_insert(Cell::NONE);
        cell.version += 1;
        cell.change = Change::Put(body);
    }

    fn delete(&mut self, key: (ProjectId, Kind, u64)) {
        let cell = self.records.entry(key).or_insert(Cell::NONE);
        cell.version = 0;
        cell.change = Change::Deleted;
    }

    fn link(&mut self, project: ProjectId, (index, key, id): (Index, &'a [u8], u64)) {
        if index.is_unique() {
            self.unique
                .entry((project, index, key))
                .or_insert(Pointer::NONE)
                .id = Some(id);
        } else {
            self.links.insert((project, key, index, id), true);
        }
    }

    fn unlink(&mut self, project: ProjectId, (index, key, id): (Index, &'a [u8], u64)) {
        if !index.is_unique() {
            self.links.insert((project, key, index, id), false);
            return;
        }
        if let Entry::Occupied(mut pointer) = self.unique.entry((project, index, key))
            && pointer.get().id == Some(id)
        {
            pointer.get_mut().id = None;
        }
    }
}

impl Cell<'_> {
    pub(crate) const NONE: Self = Cell::saved(0);

    pub(crate) const fn saved(version: u64) -> Self {
        Cell {
            saved: version,
            version,
            change: Change::None,
        }
    }
}

impl Pointer {
    pub(crate) const NONE: Self = Pointer::saved(None);

    pub(crate) const fn saved(id: Option<u64>) -> Self {
        Pointer { saved: id, id }
    }
}

fn unique_link(write: &Write) -> Option<(Index, &[u8], u64)> {
    match write {
        Write::Link { index, key, id } if index.is_unique() => Some((*index, key, *id)),
        Write::Link { .. } | Write::Put { .. } | Write::Delete { .. } | Write::Unlink { .. } => {
            None
        }
    }
}

fn unique_unlink(write: &Write) -> Option<(Index, &[u8], u64)> {
    match write {
        Write::Unlink { index, key, id } if index.is_unique() => Some((*index, key, *id)),
        Write::Unlink { .. } | Write::Put { .. } | Write::Delete { .. } | Write::Link { .. } => {
            None
        }
    }
}
