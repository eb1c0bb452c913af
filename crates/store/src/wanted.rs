//! Which rows does a batch touch? What its commands name; an engine adds what is due.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{AccountId, Timestamp};

use crate::books::ended_by;
use crate::funding::funding_id;
use crate::{Command, Index, Kind, ProjectId, Write};

/// What to load of one project's books.
pub(crate) struct Wanted {
    /// The latest time that any command of the batch brings.
    pub(crate) until: Timestamp,
    pub(crate) chains: BTreeSet<u64>,
    pub(crate) accounts: BTreeSet<AccountId>,
}

impl Wanted {
    fn nothing() -> Wanted {
        Wanted {
            until: Timestamp::MIN,
            chains: BTreeSet::new(),
            accounts: BTreeSet::new(),
        }
    }
}

pub(crate) fn wanted(commands: &[&Command]) -> BTreeMap<ProjectId, Wanted> {
    let mut all: BTreeMap<ProjectId, Wanted> = BTreeMap::new();
    for command in commands {
        let wanted = all.entry(command.project).or_insert_with(Wanted::nothing);
        wanted.until = wanted.until.max(command.now);
        for (place, opening) in command.openings.iter().enumerate() {
            wanted.accounts.insert(opening.id);
            if let Some((_, counterpart, _)) = opening.funding {
                wanted.accounts.insert(counterpart);
                wanted
                    .chains
                    .insert(funding_id(command, place, opening).chain);
            }
        }
        for transfer in &command.chain {
            wanted.chains.insert(transfer.id.chain);
            wanted.chains.extend(ended_by(transfer).map(|id| id.chain));
            wanted.accounts.extend([transfer.debit, transfer.credit]);
        }
    }
    all
}

/// The records that a command expects or writes.
pub(crate) fn records_of(command: &Command) -> impl Iterator<Item = (Kind, u64)> {
    let expected = command
        .expects
        .iter()
        .map(|expect| (expect.kind, expect.id));
    let written = command.writes.iter().filter_map(|write| match write {
        Write::Put { kind, id, .. } | Write::Delete { kind, id } => Some((*kind, *id)),
        Write::Link { .. } | Write::Unlink { .. } => None,
    });
    expected.chain(written)
}

/// The key of a unique index that a write links or unlinks.
pub(crate) fn unique_key(write: &Write) -> Option<(Index, &[u8])> {
    match write {
        Write::Link { index, key, .. } | Write::Unlink { index, key, .. } => {
            index.is_unique().then_some((*index, key))
        }
        Write::Put { .. } | Write::Delete { .. } => None,
    }
}
